/* SPDX-License-Identifier: MIT
 *
 * How a secret looks when it is not printed as it is. */
#ifndef PL_BASE_SECRET_FORMS_H
#define PL_BASE_SECRET_FORMS_H

#include "base/buf.h"

#include <stddef.h>

/* The value, 6 ways to write it in JSON, URLs and forms, 2 in hexadecimal, and 3 alignments of
 * base64 in 5 spellings for each of 4 texts. */
#define PL_SECRET_FORMS_MAX 69

typedef struct pl_secret_forms {
    pl_buf bytes; /* one behind the other */
    size_t ends[PL_SECRET_FORMS_MAX];
    size_t count;
} pl_secret_forms;

/* All forms of a value, no two the same; the first is the value itself. None of a value that is too
 * short to be masked. */
void pl_secret_forms_init(pl_secret_forms *f, pl_slice value);
void pl_secret_forms_fini(pl_secret_forms *f);
pl_slice pl_secret_form(const pl_secret_forms *f, size_t index);

#endif
