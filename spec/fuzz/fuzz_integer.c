/* SPDX-License-Identifier: MIT
 *
 * Any bytes as two integers in a base: what is read can be written and read again; a quotient and
 * a remainder give the dividend. */
#include "crypto/integer.h"

#include "fuzz.h"

static void check_base(pl_slice text, int base)
{
    pl_buf decimal = {0}, digits = {0}, again = {0};
    if (pl_integer_parse(&decimal, text, base) == NULL && base >= 2) {
        MUST(pl_integer_format(&digits, pl_buf_slice(&decimal), base) == NULL);
        MUST(pl_integer_parse(&again, pl_buf_slice(&digits), base) == NULL);
        MUST(pl_slice_eq(pl_buf_slice(&decimal), pl_buf_slice(&again)));
    }
    pl_buf_fini(&decimal);
    pl_buf_fini(&digits);
    pl_buf_fini(&again);
}

static void check_division(pl_slice a, pl_slice b)
{
    pl_buf quotient = {0}, rest = {0}, product = {0}, sum = {0};
    int sign = 1;
    if (pl_integer_compute(&quotient, PL_INTEGER_FLOORDIV, a, b) == NULL) {
        MUST(pl_integer_compute(&rest, PL_INTEGER_MOD, a, b) == NULL);
        MUST(!pl_integer_compute(&product, PL_INTEGER_MUL, pl_buf_slice(&quotient), b));
        MUST(
            !pl_integer_compute(&sum, PL_INTEGER_ADD, pl_buf_slice(&product), pl_buf_slice(&rest)));
        MUST(pl_integer_compare(&sign, pl_buf_slice(&sum), a) == NULL && sign == 0);
    }
    pl_buf_fini(&quotient);
    pl_buf_fini(&rest);
    pl_buf_fini(&product);
    pl_buf_fini(&sum);
}

static void check_power(pl_slice a, pl_slice b)
{
    pl_buf power = {0};
    if (a.len < 200) pl_integer_compute(&power, PL_INTEGER_POW, a, b);
    MUST(power.len <= PL_INTEGER_MAX_DIGITS + 1);
    pl_buf_fini(&power);
}

/* The first byte is the base, a space parts the two. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    pl_slice text = {(const char *)data + 1, size - 1};
    const char *space = text.len ? memchr(text.ptr, ' ', text.len) : NULL;
    pl_slice a = {text.ptr, space ? (size_t)(space - text.ptr) : text.len};
    pl_slice b = pl_slice_from(text, a.len + 1);
    check_base(a, *data % 40);
    check_division(a, b);
    check_power(a, b);
    return 0;
}
