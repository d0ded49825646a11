/* SPDX-License-Identifier: MIT
 *
 * Character sets that answers come in, to UTF-8: UTF-8 itself, UTF-16, and of the single-byte ones
 * windows-1252 (which "iso-8859-1" and "us-ascii" mean on the web: WHATWG Encoding section 4.2) and
 * iso-8859-15. A few tables rather than iconv, which loads code from the disk by names that
 * strangers send. */
#ifndef PL_XML_CHARSET_H
#define PL_XML_CHARSET_H

#include "base/buf.h"
#include "base/slice.h"

/* Is it one of them, under any of its names, in any case? */
bool pl_charset_is_known(pl_slice name);
/* Appends the text as UTF-8, without a byte order mark; a mark counts before the name. What is
 * wrong in UTF-16 becomes U+FFFD; UTF-8 is passed on as it is. False: there is no such set, and
 * nothing was appended. */
bool pl_charset_to_utf8(pl_slice name, pl_slice text, pl_buf *out);
/* The characters of a single-byte set; false for others. */
bool pl_charset_map(pl_slice name, int map[256]);

#endif
