/* SPDX-License-Identifier: MIT
 *
 * Integers of any length as decimal texts: an optional "-" and digits. Division and remainder round
 * towards minus infinity, as Python's do. */
#ifndef PL_CRYPTO_INTEGER_H
#define PL_CRYPTO_INTEGER_H

#include "base/buf.h"

/* Of an operand and of a result, so that a template cannot buy much time with few bytes. */
#define PL_INTEGER_MAX_DIGITS 20000

enum pl_integer_operation {
    PL_INTEGER_ADD,
    PL_INTEGER_SUB,
    PL_INTEGER_MUL,
    PL_INTEGER_FLOORDIV,
    PL_INTEGER_MOD,
    PL_INTEGER_POW
};

/* Each appends its result and returns NULL, or returns what is wrong and appends nothing. */
const char *pl_integer_compute(pl_buf *out, enum pl_integer_operation operation, pl_slice a,
                               pl_slice b);
/* The sign of a - b. */
const char *pl_integer_compare(int *sign, pl_slice a, pl_slice b);
/* Reads what Python's int(text, base) reads: spaces around it, a sign, the base's prefix ("0x",
 * "0o", "0b"), single "_" between digits. Base 2 to 36, or 0: as the prefix says, else decimal. */
const char *pl_integer_parse(pl_buf *out, pl_slice text, int base);
/* Lower-case digits in base 2 to 36, without prefix. */
const char *pl_integer_format(pl_buf *out, pl_slice a, int base);

#endif
