/* SPDX-License-Identifier: MIT
 *
 * OpenSSL's BIGNUM behind decimal texts. Its functions fail only when there is no memory, which
 * ends the process like any other memory that cannot be had (base/buf.h). */
#include "crypto/integer.h"

#include <openssl/bn.h>
#include <stdlib.h>

/* log2(10) is 3.3219...: no number of MAX_DIGITS digits has more bits. */
#define MAX_BITS (PL_INTEGER_MAX_DIGITS / 100 * 333)

static const char TOO_LONG[] = "the integer has more than 20000 digits";
_Static_assert(PL_INTEGER_MAX_DIGITS == 20000, "the message says so");

static void must(int done)
{
    if (!done) abort();
}

static BIGNUM *new_number(void)
{
    BIGNUM *n = BN_new();
    must(n != NULL);
    return n;
}

/* -- digits -- */

static int digit_value(char c)
{
    char lower = (char)(c | 0x20);
    if (c >= '0' && c <= '9') return c - '0';
    return lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : 99;
}

/* The largest power of the base that is one word, and its exponent. */
static BN_ULONG chunk_of(int base, int *digits)
{
    BN_ULONG scale = 1;
    for (*digits = 0; scale <= ~(BN_ULONG)0 / (BN_ULONG)base; ++*digits)
        scale *= (BN_ULONG)base;
    return scale;
}

/* Reads digits, a chunk of them at a time, and single "_" between them if wanted. */
static bool read_digits(BIGNUM *n, pl_slice s, int base, bool underscores)
{
    int chunk, filled = 0;
    BN_ULONG full = chunk_of(base, &chunk), word = 0, scale = 1;
    bool after_digit = false;
    for (size_t i = 0; i < s.len; i++) {
        bool separates = underscores && after_digit && s.ptr[i] == '_' && i + 1 < s.len;
        if (!separates && digit_value(s.ptr[i]) >= base) return false;
        after_digit = !separates;
        if (separates) continue;
        word = word * (BN_ULONG)base + (BN_ULONG)digit_value(s.ptr[i]);
        scale *= (BN_ULONG)base;
        if (++filled < chunk) continue;
        must(BN_mul_word(n, full) && BN_add_word(n, word));
        word = 0;
        scale = 1;
        filled = 0;
    }
    if (filled > 0) must(BN_mul_word(n, scale) && BN_add_word(n, word));
    return s.len > 0;
}

/* Takes `n` apart, from its last digits on; false when there are too many. */
static bool put_digits(pl_buf *out, BIGNUM *n, int base)
{
    static const char names[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    int chunk;
    BN_ULONG scale = chunk_of(base, &chunk);
    bool is_negative = BN_is_negative(n);
    size_t room = (size_t)BN_num_bits(n) + (size_t)chunk + 2;
    char *digits = pl_alloc(room), *p = digits + room;
    BN_set_negative(n, 0);
    do {
        BN_ULONG word = BN_div_word(n, scale);
        for (int i = 0; i < chunk && (word > 0 || !BN_is_zero(n) || p == digits + room); i++) {
            *--p = names[word % (BN_ULONG)base];
            word /= (BN_ULONG)base;
        }
    } while (!BN_is_zero(n));
    size_t count = (size_t)(digits + room - p);
    bool fits = base != 10 || count <= PL_INTEGER_MAX_DIGITS;
    if (fits && is_negative) pl_buf_put_char(out, '-');
    if (fits) pl_buf_put(out, p, count);
    free(digits);
    return fits;
}

/* A decimal text as a number, which is the caller's even when something is wrong with it. */
static const char *read_decimal(BIGNUM *n, pl_slice s)
{
    bool is_negative = s.len > 0 && *s.ptr == '-';
    pl_slice digits = pl_slice_from(s, is_negative);
    if (digits.len > PL_INTEGER_MAX_DIGITS) return TOO_LONG;
    if (!read_digits(n, digits, 10, false)) return "an integer is an optional \"-\" and digits";
    BN_set_negative(n, is_negative);
    return NULL;
}

/* -- operations -- */

typedef const char *operation_fn(BIGNUM *result, const BIGNUM *a, const BIGNUM *b, BN_CTX *context);

static const char *add(BIGNUM *result, const BIGNUM *a, const BIGNUM *b, BN_CTX *context)
{
    (void)context;
    must(BN_add(result, a, b));
    return NULL;
}

static const char *subtract(BIGNUM *result, const BIGNUM *a, const BIGNUM *b, BN_CTX *context)
{
    (void)context;
    must(BN_sub(result, a, b));
    return NULL;
}

static const char *multiply(BIGNUM *result, const BIGNUM *a, const BIGNUM *b, BN_CTX *context)
{
    must(BN_mul(result, a, b, context));
    return NULL;
}

/* BN_div cuts towards zero: when the remainder has not the divisor's sign, one less. */
static void divide(BIGNUM *quotient, BIGNUM *rest, const BIGNUM *a, const BIGNUM *b,
                   BN_CTX *context)
{
    must(BN_div(quotient, rest, a, b, context));
    if (BN_is_zero(rest) || BN_is_negative(rest) == BN_is_negative(b)) return;
    must(BN_sub_word(quotient, 1) && BN_add(rest, rest, b));
}

static const char *floor_divide(BIGNUM *result, const BIGNUM *a, const BIGNUM *b, BN_CTX *context)
{
    if (BN_is_zero(b)) return "integer division or modulo by zero";
    BIGNUM *rest = new_number();
    divide(result, rest, a, b, context);
    BN_free(rest);
    return NULL;
}

static const char *modulo(BIGNUM *result, const BIGNUM *a, const BIGNUM *b, BN_CTX *context)
{
    if (BN_is_zero(b)) return "integer modulo by zero";
    BIGNUM *quotient = new_number();
    divide(quotient, result, a, b, context);
    BN_free(quotient);
    return NULL;
}

/* The result's size is known well enough before it is computed: |a|^b >= 2^((bits of a - 1) * b).
 * Of 0, 1 and -1 any power is short. */
static const char *power(BIGNUM *result, const BIGNUM *a, const BIGNUM *b, BN_CTX *context)
{
    if (BN_is_negative(b)) return "a negative exponent gives no integer";
    if (BN_num_bits(a) <= 1) {
        bool is_one = BN_is_zero(b) || !BN_is_zero(a);
        must(BN_set_word(result, is_one));
        BN_set_negative(result, is_one && BN_is_negative(a) && BN_is_odd(b));
        return NULL;
    }
    BN_ULONG exponent = BN_get_word(b); /* all bits set when it is longer */
    if (exponent > MAX_BITS / (BN_ULONG)(BN_num_bits(a) - 1)) return TOO_LONG;
    must(BN_exp(result, a, b, context));
    return NULL;
}

static operation_fn *const operations[] = {
    [PL_INTEGER_ADD] = add,      [PL_INTEGER_SUB] = subtract,
    [PL_INTEGER_MUL] = multiply, [PL_INTEGER_FLOORDIV] = floor_divide,
    [PL_INTEGER_MOD] = modulo,   [PL_INTEGER_POW] = power,
};

const char *pl_integer_compute(pl_buf *out, enum pl_integer_operation operation, pl_slice a,
                               pl_slice b)
{
    BIGNUM *left = new_number(), *right = new_number(), *result = new_number();
    BN_CTX *context = BN_CTX_new();
    must(context != NULL);
    const char *wrong = read_decimal(left, a);
    if (wrong == NULL) wrong = read_decimal(right, b);
    if (wrong == NULL) wrong = operations[operation](result, left, right, context);
    if (wrong == NULL && !put_digits(out, result, 10)) wrong = TOO_LONG;
    BN_CTX_free(context);
    BN_free(result);
    BN_free(right);
    BN_free(left);
    return wrong;
}

const char *pl_integer_compare(int *sign, pl_slice a, pl_slice b)
{
    BIGNUM *left = new_number(), *right = new_number();
    const char *wrong = read_decimal(left, a);
    if (wrong == NULL) wrong = read_decimal(right, b);
    if (wrong == NULL) *sign = BN_cmp(left, right);
    BN_free(right);
    BN_free(left);
    return wrong;
}

/* -- other bases -- */

static pl_slice trim(pl_slice s)
{
    while (s.len > 0 && strchr(" \t\n\v\f\r", s.ptr[s.len - 1]) && s.ptr[s.len - 1])
        s.len--;
    while (s.len > 0 && strchr(" \t\n\v\f\r", *s.ptr) && *s.ptr)
        s = pl_slice_from(s, 1);
    return s;
}

/* Takes "0x" and the like off, with the "_" that may follow, and decides an open base. */
static pl_slice take_prefix(pl_slice s, int *base)
{
    static const struct {
        char letter;
        int base;
    } prefixes[] = {{'x', 16}, {'o', 8}, {'b', 2}};
    for (int i = 0; i < 3 && s.len > 2 && *s.ptr == '0'; i++) {
        bool fits = *base == 0 || *base == prefixes[i].base;
        if (!fits || (s.ptr[1] | 0x20) != prefixes[i].letter) continue;
        *base = prefixes[i].base;
        return pl_slice_from(s, s.ptr[2] == '_' ? 3 : 2);
    }
    return s;
}

/* With an open base "007" is no number, as in Python's source. */
static bool has_leading_zero(pl_slice s)
{
    bool has_other = false;
    for (size_t i = 0; i < s.len; i++)
        has_other |= s.ptr[i] != '0' && s.ptr[i] != '_';
    return s.len > 1 && *s.ptr == '0' && has_other;
}

const char *pl_integer_parse(pl_buf *out, pl_slice text, int base)
{
    static const char NOT_ONE[] = "no integer in this base";
    if (base != 0 && (base < 2 || base > 36)) return "the base must be 2 to 36, or 0";
    pl_slice s = trim(text);
    bool has_sign = s.len > 0 && (*s.ptr == '-' || *s.ptr == '+');
    bool is_negative = has_sign && *s.ptr == '-';
    s = take_prefix(pl_slice_from(s, has_sign), &base);
    if (base == 0 && has_leading_zero(s)) return NOT_ONE;
    if (base == 0) base = 10;
    if (s.len > PL_INTEGER_MAX_DIGITS) return TOO_LONG;
    BIGNUM *n = new_number();
    const char *wrong = read_digits(n, s, base, true) ? NULL : NOT_ONE;
    BN_set_negative(n, is_negative);
    if (wrong == NULL && !put_digits(out, n, 10)) wrong = TOO_LONG;
    BN_free(n);
    return wrong;
}

const char *pl_integer_format(pl_buf *out, pl_slice a, int base)
{
    if (base < 2 || base > 36) return "the base must be 2 to 36";
    BIGNUM *n = new_number();
    const char *wrong = read_decimal(n, a);
    if (wrong == NULL) put_digits(out, n, base);
    BN_free(n);
    return wrong;
}
