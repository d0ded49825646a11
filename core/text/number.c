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
#define MAX_DOUBLE_DIGITS 309  /* in front of the point */
#define MAX_DECIMALS      323  /* to round to more changes no double */

static void put_whole(pl_buf *out, double n)
{
    char digits[24], *p = digits + sizeof digits;
    uint64_t left = (uint64_t)fabs(n);
    do
        *--p = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0) *--p = '-';
    pl_buf_put(out, p, (size_t)(digits + sizeof digits - p));
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
        char text[24];
        uint64_t whole = (uint64_t)(digits / scale),
                 rest = (uint64_t)digits - whole * (uint64_t)scale;
        for (int i = decimals; i > 0; i--, rest /= 10)
            text[i] = (char)('0' + rest % 10);
        text[0] = '.';
        if (n < 0) pl_buf_put_char(out, '-');
        put_whole(out, (double)whole);
        pl_buf_put(out, text, (size_t)decimals + 1);
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
    if (!isfinite(n)) return false;
    if (n == 0 && signbit(n))
        PL_BUF_PUT(out, "-0");
    else if (fabs(n) <= MAX_WHOLE && n == floor(n))
        put_whole(out, n);
    else if (!put_decimal(out, n))
        put_shortest(out, n);
    return true;
}

void pl_number_put_float(pl_buf *out, double n)
{
    if (isnan(n)) {
        PL_BUF_PUT(out, "nan");
        return;
    }
    if (fabs(n) < MAX_FIXED && n == floor(n)) {
        if (n == 0 && signbit(n)) pl_buf_put_char(out, '-');
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
