/* SPDX-License-Identifier: MIT
 *
 * Doubles as text, and rounded by their decimal digits. All results are those of the exact value of
 * the double (glibc prints and reads correctly rounded). */
#ifndef PL_TEXT_NUMBER_H
#define PL_TEXT_NUMBER_H

#include "base/buf.h"

/* Appends a number the shortest way that reads back as the same, integers without a point:
 * "1", "0.1", "1e+21"; false, and nothing, for NaN and the infinities. */
bool pl_number_put(pl_buf *out, double n);
/* Appends what Python's repr() of a float is: "1.0", "1e+16", "-0.0", "inf", "nan". */
void pl_number_put_float(pl_buf *out, double n);
/* Appends what C's printf makes of %.*e, %.*f or %.*g (or E, F, G) but for NaN, which has no sign
 * here. `precision` is 0 to PL_NUMBER_MAX_PRECISION. */
#define PL_NUMBER_MAX_PRECISION 100000
void pl_number_put_formatted(pl_buf *out, double n, int precision, char letter);
/* Rounds to `digits` decimals (below zero: to tens, hundreds...), a tie to the even digit, as
 * Python's round() does. Infinite when the result is beyond a double. */
double pl_number_round(double n, int digits);

#endif
