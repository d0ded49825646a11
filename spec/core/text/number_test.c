/* SPDX-License-Identifier: MIT
 *
 * The texts and roundings are those of Python. */
#include "text/number.h"

#include "test.h"

#include <math.h>

TEST(floats_are_written_as_python_does)
{
    static const struct {
        double n;
        const char *text;
    } cases[] = {
        {1, "1.0"},
        {-0.0, "-0.0"},
        {0.1, "0.1"},
        {1e15, "1000000000000000.0"},
        {9.1e15, "9100000000000000.0"},
        {1e16, "1e+16"},
        {12345678901234568.0, "1.2345678901234568e+16"},
        {0.0001, "0.0001"},
        {0.00001, "1e-05"},
        {5e-324, "5e-324"},
        {0x1p-1017, "7.120236347223045e-307"}, /* printf's nearest 16 digits ...4 do not do */
        {0x1p-44, "5.684341886080802e-14"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {-NAN, "nan"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pl_buf out = {0};
        pl_number_put_float(&out, cases[i].n);
        CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(cases[i].text));
        pl_buf_fini(&out);
    }
}

/* What Python's json.dumps gives; of whole numbers below 1e16, as ints. */
TEST(numbers_are_written_as_pythons_json_does)
{
    static const struct {
        double n;
        const char *text;
    } cases[] = {
        {0.05, "0.05"},
        {0.001, "0.001"},
        {0.0015, "0.0015"},
        {-0.25, "-0.25"},
        {100.5, "100.5"},
        {-1000.125, "-1000.125"},
        {999999999.5, "999999999.5"},
        {123456.000001, "123456.000001"},
        {1000000000.0, "1000000000"},
        {1000000000.5, "1000000000.5"},
        {9007199254740991.0, "9007199254740991"},
        {-9007199254740992.0, "-9007199254740992"},
        {9007199254740994.0, "9007199254740994"},
        {99.0, "99"},
        {100.0, "100"},
        {-10.0, "-10"},
        {1000000000000000.0, "1000000000000000"},
        {0.3, "0.3"},
        {0.6666666666666666, "0.6666666666666666"},
        {0.0003333333333333333, "0.0003333333333333333"},
        {184.95, "184.95"},
        {24.95, "24.95"},
        {1e+21, "1e+21"},
        {5e-324, "5e-324"},
        {-0.0, "-0"}, /* which Python's int does not have */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pl_buf out = {0};
        CHECK(pl_number_put(&out, cases[i].n));
        CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(cases[i].text));
        pl_buf_fini(&out);
    }
}

TEST(integers_have_no_point_in_json)
{
    pl_buf out = {0};
    CHECK(pl_number_put(&out, 120));
    CHECK(pl_number_put(&out, -0.5));
    CHECK(!pl_number_put(&out, NAN));
    CHECK(!pl_number_put(&out, INFINITY));
    CHECK_EQ_SLICE(pl_buf_slice(&out), PL_SLICE("120-0.5"));
    pl_buf_fini(&out);
}

TEST(rounding_is_of_the_exact_value_and_to_even)
{
    static const struct {
        double n;
        int digits;
        double rounded;
    } cases[] = {
        {2.675, 2, 2.67},     {0.5, 0, 0},      {1.5, 0, 2},           {2.5, 0, 2},
        {0.125, 2, 0.12},     {25, -1, 20},     {35, -1, 40},          {-15, -1, -20},
        {995, -1, 1000},      {5, -1, 0},       {5.0000001, -1, 10},   {6, -1, 10},
        {4, -2, 0},           {1.5, 400, 1.5},  {1e22, 5, 1e22},       {12345, -6, 0},
        {1e308, -308, 1e308}, {5e-324, 323, 0}, {5e-324, 324, 5e-324}, {123.456, -400, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(pl_number_round(cases[i].n, cases[i].digits) == cases[i].rounded);
    CHECK(signbit(pl_number_round(-0.4, 0)));
    CHECK(signbit(pl_number_round(-4, -1)));
    CHECK(isinf(pl_number_round(1.7976931348623157e308, -308)));
    CHECK(isnan(pl_number_round(NAN, 2)));
}

TEST(printf_forms_have_any_length)
{
    pl_buf out = {0};
    pl_number_put_formatted(&out, 2.5, 0, 'f');
    pl_number_put_formatted(&out, -1e5, 2, 'e');
    pl_number_put_formatted(&out, 1e-5, 3, 'G');
    CHECK_EQ_SLICE(pl_buf_slice(&out), PL_SLICE("2-1.00e+051E-05"));
    pl_buf_clear(&out);
    pl_number_put_formatted(&out, 1e308, PL_NUMBER_MAX_PRECISION, 'f');
    CHECK_EQ_INT(out.len, 309 + 1 + PL_NUMBER_MAX_PRECISION);
    pl_buf_fini(&out);
}

int main(void)
{
    return RUN(CASE(floats_are_written_as_python_does),
               CASE(numbers_are_written_as_pythons_json_does), CASE(integers_have_no_point_in_json),
               CASE(rounding_is_of_the_exact_value_and_to_even),
               CASE(printf_forms_have_any_length));
}
