/* SPDX-License-Identifier: MIT
 *
 * The fewest digits that read back as the same double: an integer and the few decimals of a price
 * are told without printf, the rest by trying 15, 16 and 17 digits (any decimal of 15 digits
 * survives the way through a double; 17 always suffice). */
#include "text/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_WHOLE         0x1p53
#define MAX_FIXED         1e16 /* from here on Python's repr has an exponent */
#define MAX_DIGITS        24   /* of those that are told without printf, with sign and point */
#define MAX_DOUBLE_DIGITS 309  /* in front of the point */
#define MAX_DECIMALS      323  /* to round to more changes no double */

/* An integer, the last `decimals` of its digits behind a point. */
static void put_digits(pl_buf *out, bool is_negative, uint64_t digits, int decimals)
{
    int count = 1;
    for (uint64_t limit = 10; digits >= limit; limit *= 10)
        count++;
    if (count <= decimals) count = decimals + 1;
    char *at = pl_buf_reserve(out, MAX_DIGITS);
    if (is_negative) *at = '-';
    char *p = at + is_negative + count + (decimals > 0);
    out->len += (size_t)(p - at);
    for (int i = 0; i < decimals; i++, digits /= 10)
        *--p = (char)('0' + digits % 10);
    if (decimals > 0) *--p = '.';
    do
        *--p = (char)('0' + digits % 10);
    while (digits /= 10);
}

/* `n` is whole, and not beyond MAX_FIXED. */
static void put_whole(pl_buf *out, double n)
{
    put_digits(out, signbit(n), (uint64_t)fabs(n), 0);
}

/* Few decimals, as prices have: the digits are an integer below 2^53 that, divided by a power of
 * ten (one correctly rounded operation, as reading does it), gives n again. */
static bool put_decimal(pl_buf *out, double n)
{
    double scale = 10, magnitude = fabs(n);
    if (magnitude < 1e-3 || magnitude > 1e9) return false;
    for (int decimals = 1; decimals <= 6; decimals++, scale *= 10) {
        double digits = nearbyint(magnitude * scale);
        if (digits / scale != magnitude) continue;
        put_digits(out, n < 0, (uint64_t)digits, decimals);
        return true;
    }
    return false;
}

/* Below a power of two doubles lie closer than above it, so that 16 digits may do that are not the
 * nearest ones but those one up. Such a number is far from those without an exponent. */
static bool is_next_up(char *text, size_t size, double n)
{
    int exponent;
    if (fabs(frexp(n, &exponent)) != 0.5) return false;
    snprintf(text, size, "%.15e", n);
    char *p = strchr(text, 'e') - 1;
    for (; *p == '9'; p--)
        *p = '0';
    ++*p;
    return strtod(text, NULL) == n;
}

/* A subnormal number has fewer digits than others. */
static void put_shortest(pl_buf *out, double n)
{
    char text[40]; /* gcc cannot see that 17 digits are the most, and counts 39 bytes */
    int digits = fabs(n) < DBL_MIN ? 1 : 15;
    for (;; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, n);
        if (digits == 17 || strtod(text, NULL) == n) break;
    }
    /* With 17 digits %g writes what is below 1e17 without an exponent. */
    if (digits == 17 && !is_next_up(text, sizeof text, n))
        snprintf(text, sizeof text, fabs(n) < MAX_FIXED ? "%.17g" : "%.16e", n);
    pl_buf_put(out, text, strlen(text));
}

bool pl_number_put(pl_buf *out, double n)
{
    if (fabs(n) <= MAX_WHOLE && n == (double)(int64_t)n) {
        put_whole(out, n);
        return true;
    }
    if (!isfinite(n)) return false;
    if (!put_decimal(out, n)) put_shortest(out, n);
    return true;
}

void pl_number_put_float(pl_buf *out, double n)
{
    if (isnan(n)) {
        PL_BUF_PUT(out, "nan");
        return;
    }
    if (fabs(n) < MAX_FIXED && n == floor(n)) {
        put_whole(out, n);
        PL_BUF_PUT(out, ".0");
        return;
    }
    if (isinf(n) || !put_decimal(out, n)) put_shortest(out, n); /* "inf" is %g's as well */
}

void pl_number_put_formatted(pl_buf *out, double n, int precision, char letter)
{
    const char format[] = {'%', '.', '*', letter, '\0'};
    char *text;
    if (isnan(n)) n = fabs(n);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the letter is one of six */
    int len = asprintf(&text, format, precision, n);
#pragma GCC diagnostic pop
    if (len < 0) abort();
    pl_buf_put(out, text, (size_t)len);
    free(text);
}

/* -- rounding -- */

/* The double of n's exact decimal digits with `digits` decimals: printf rounds half to even. */
static double round_decimals(double n, int digits)
{
    char text[MAX_DOUBLE_DIGITS + MAX_DECIMALS + 3]; /* with sign, point and end */
    snprintf(text, sizeof text, "%.*f", digits, n);
    return strtod(text, NULL);
}

/* Is what stands behind the first `kept` digits more than a half, or a half behind an odd digit? */
static bool rounds_up(const char *digits, int kept, bool has_fraction)
{
    if (digits[kept] != '5') return digits[kept] > '5';
    for (const char *p = digits + kept + 1; *p; p++)
        if (*p != '0') return true;
    return has_fraction || (kept > 0 && (digits[kept - 1] - '0') % 2 != 0);
}

/* Rounds the digits of the whole part: cuts `zeros` of them off and puts them back as an exponent.
 * The 0 in front takes the carry. */
static double round_whole(double n, int zeros)
{
    char text[MAX_DOUBLE_DIGITS + 16], *digits = text + 1;
    double whole = trunc(fabs(n));
    text[0] = '0';
    int count = snprintf(digits, MAX_DOUBLE_DIGITS + 1, "%.0f", whole);
    int kept = count - zeros;
    if (kept < 0) return copysign(0, n);
    if (rounds_up(digits, kept, whole != fabs(n))) {
        char *p = digits + kept - 1;
        for (; *p == '9'; p--)
            *p = '0';
        ++*p;
    }
    snprintf(digits + kept, 12, "e%d", zeros);
    return copysign(strtod(text, NULL), n);
}

double pl_number_round(double n, int digits)
{
    if (!isfinite(n) || digits > MAX_DECIMALS) return n;
    if (digits < -MAX_DOUBLE_DIGITS) return copysign(0, n);
    return digits >= 0 ? round_decimals(n, digits) : round_whole(n, -digits);
}
