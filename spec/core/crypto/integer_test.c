/* SPDX-License-Identifier: MIT
 *
 * The results are those of Python's int. */
#include "crypto/integer.h"

#include "test.h"

#define BIG "123456789012345678901234567890"

static void check(const char *wrong, pl_buf *out, const char *wanted)
{
    if (wrong)
        CHECK_EQ_STR(wrong, wanted);
    else
        CHECK_EQ_SLICE(pl_buf_slice(out), pl_slice_of(wanted));
    pl_buf_fini(out);
}

TEST(operations_are_python_s)
{
    static const struct {
        enum pl_integer_operation operation;
        const char *a, *b, *result;
    } cases[] = {
        {PL_INTEGER_ADD, "9007199254740993", "1", "9007199254740994"},
        {PL_INTEGER_ADD, "-1", "1", "0"},
        {PL_INTEGER_SUB, "0", BIG, "-" BIG},
        {PL_INTEGER_MUL, BIG, "-10", "-" BIG "0"},
        {PL_INTEGER_FLOORDIV, "7", "2", "3"},
        {PL_INTEGER_FLOORDIV, "-7", "2", "-4"},
        {PL_INTEGER_FLOORDIV, "7", "-2", "-4"},
        {PL_INTEGER_FLOORDIV, "-7", "-2", "3"},
        {PL_INTEGER_FLOORDIV, "-8", "2", "-4"},
        {PL_INTEGER_MOD, "7", "2", "1"},
        {PL_INTEGER_MOD, "-7", "2", "1"},
        {PL_INTEGER_MOD, "7", "-2", "-1"},
        {PL_INTEGER_MOD, "-7", "-2", "-1"},
        {PL_INTEGER_MOD, "-8", "2", "0"},
        {PL_INTEGER_MOD, BIG, "97", "52"},
        {PL_INTEGER_POW, "2", "100", "1267650600228229401496703205376"},
        {PL_INTEGER_POW, "-3", "3", "-27"},
        {PL_INTEGER_POW, "0", "0", "1"},
        {PL_INTEGER_POW, "-1", BIG, "1"},
        {PL_INTEGER_POW, "0", BIG, "0"},
        {PL_INTEGER_POW, "2", BIG, "the integer has more than 20000 digits"},
        {PL_INTEGER_POW, "10", "20000", "the integer has more than 20000 digits"},
        {PL_INTEGER_POW, "2", "-1", "a negative exponent gives no integer"},
        {PL_INTEGER_FLOORDIV, "1", "0", "integer division or modulo by zero"},
        {PL_INTEGER_MOD, "1", "-0", "integer modulo by zero"},
        {PL_INTEGER_ADD, "", "1", "an integer is an optional \"-\" and digits"},
        {PL_INTEGER_ADD, "1", "-", "an integer is an optional \"-\" and digits"},
        {PL_INTEGER_ADD, "1_0", "1", "an integer is an optional \"-\" and digits"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pl_buf out = {0};
        test_guarded a = test_guard(pl_slice_of(cases[i].a));
        check(pl_integer_compute(&out, cases[i].operation, a.bytes, pl_slice_of(cases[i].b)), &out,
              cases[i].result);
        test_unguard(&a);
    }
}

TEST(integers_compare)
{
    int sign = 9;
    CHECK(pl_integer_compare(&sign, PL_SLICE(BIG), PL_SLICE("-" BIG)) == NULL);
    CHECK_EQ_INT(sign, 1);
    CHECK(pl_integer_compare(&sign, PL_SLICE("-0"), PL_SLICE("0")) == NULL);
    CHECK_EQ_INT(sign, 0);
    CHECK(pl_integer_compare(&sign, PL_SLICE("99"), PL_SLICE(BIG)) == NULL);
    CHECK_EQ_INT(sign, -1);
    CHECK(pl_integer_compare(&sign, PL_SLICE("x"), PL_SLICE("1")) != NULL);
}

TEST(any_base_is_read_and_written)
{
    static const struct {
        const char *text;
        int base;
        const char *decimal;
    } cases[] = {
        {"ff", 16, "255"},  {" -0XfF\n", 16, "-255"}, {"0b1_0", 0, "2"},  {"0o_17", 8, "15"},
        {"zz", 36, "1295"}, {"0_0", 0, "0"},          {"+7", 10, "7"},    {"b", 12, "11"},
        {"007", 0, NULL},   {"0x", 16, NULL},         {"1__0", 10, NULL}, {"_1", 10, NULL},
        {"1_", 10, NULL},   {"", 10, NULL},           {"- 1", 10, NULL},  {"12", 2, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pl_buf out = {0};
        test_guarded g = test_guard(pl_slice_of(cases[i].text));
        check(pl_integer_parse(&out, g.bytes, cases[i].base), &out,
              cases[i].decimal ? cases[i].decimal : "no integer in this base");
        test_unguard(&g);
    }
    pl_buf out = {0};
    check(pl_integer_format(&out, PL_SLICE("-" BIG), 36), &out, "-byw97um9s91dlz68tsi");
    check(pl_integer_format(&out, PL_SLICE("0"), 2), &out, "0");
    check(pl_integer_format(&out, PL_SLICE("18446744073709551616"), 16), &out, "10000000000000000");
}

int main(void)
{
    return RUN(CASE(operations_are_python_s), CASE(integers_compare),
               CASE(any_base_is_read_and_written));
}
