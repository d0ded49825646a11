/* SPDX-License-Identifier: MIT
 *
 * Percent-encoding (RFC 3986 section 2.1), with digits in upper case. How it is read, and that of
 * URLs, is in http/url.h. */
#ifndef PL_BASE_PERCENT_H
#define PL_BASE_PERCENT_H

#include "base/buf.h"

/* Everything outside unreserved (RFC 3986 section 2.3). */
void pl_percent_encode(pl_buf *out, pl_slice text);
/* application/x-www-form-urlencoded as the WHATWG URL standard serialises it: space is '+'. */
void pl_percent_encode_form(pl_buf *out, pl_slice text);

#endif
