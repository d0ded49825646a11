/* SPDX-License-Identifier: MIT
 *
 * Upper and lower case by Unicode's full mappings, as Python's str methods have them: "ß" becomes
 * "SS", a capital sigma at the end of a word becomes "ς". No language is special. */
#ifndef PL_TEXT_CASING_H
#define PL_TEXT_CASING_H

#include "base/buf.h"

enum pl_casing {
    PL_CASING_UPPER,
    PL_CASING_LOWER,
    PL_CASING_FOLD,       /* for comparing without case */
    PL_CASING_CAPITALIZE, /* the first character in title case, all others lower */
    PL_CASING_TITLE,      /* so each run of cased characters */
    PL_CASING_SWAP
};

void pl_casing_put(pl_buf *out, pl_slice s, enum pl_casing casing);

#endif
