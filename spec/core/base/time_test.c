/* SPDX-License-Identifier: MIT */
#include "base/time.h"

#include "test.h"

/* Milliseconds as Python's datetime counts them. */
static const struct {
    const char *text;
    int64_t ms;
} both_ways[] = {
    {"1970-01-01T00:00:00.000Z", 0},
    {"1969-12-31T23:59:59.999Z", -1},
    {"2026-11-21T08:15:30.123Z", 1795248930123},
    {"2000-02-29T23:59:59.999Z", 951868799999},
    {"1900-03-01T00:00:00.000Z", -2203891200000},
    {"0001-01-01T00:00:00.000Z", -62135596800000},
    {"0000-01-01T00:00:00.000Z", -62135596800000 - 366 * INT64_C(86400000)},
    {"9999-12-31T23:59:59.999Z", 253402300799999},
    {"1985-04-12T23:20:50.520Z", 482196050520},
};

TEST(times_are_written_and_read_back)
{
    for (size_t i = 0; i < sizeof both_ways / sizeof both_ways[0]; i++) {
        char text[PL_TIME_TEXT + 1];
        int64_t ms = 42;
        pl_time_format(both_ways[i].ms, text);
        CHECK_EQ_STR(text, both_ways[i].text);
        CHECK(pl_time_parse(pl_slice_of(both_ways[i].text), &ms));
        CHECK_EQ_INT(ms, both_ways[i].ms);
    }
}

TEST(times_out_of_the_calendar_become_its_ends)
{
    char text[PL_TIME_TEXT + 1];
    pl_time_format(INT64_MAX, text);
    CHECK_EQ_STR(text, "9999-12-31T23:59:59.999Z");
    pl_time_format(INT64_MIN, text);
    CHECK_EQ_STR(text, "0000-01-01T00:00:00.000Z");
}

/* A Gregorian calendar that counts one day after the other is the oracle. */
TEST(each_day_of_four_hundred_years_is_right)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = 1970, month = 1, day = 1, wrong = 0;
    for (int64_t n = 0; n < 146097; n++) {
        char text[PL_TIME_TEXT + 1], wanted[64];
        int64_t ms;
        snprintf(wanted, sizeof wanted, "%04d-%02d-%02dT00:00:00.000Z", year, month, day);
        pl_time_format(n * 86400000, text);
        wrong += strcmp(text, wanted) != 0;
        wrong += !pl_time_parse(pl_slice_of(wanted), &ms) || ms != n * 86400000;
        int is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (++day > lengths[month - 1] + (month == 2 && is_leap)) {
            day = 1;
            if (++month > 12) {
                month = 1;
                year++;
            }
        }
    }
    CHECK_EQ_INT(wrong, 0);
    CHECK_EQ_INT(year, 2370);
}

TEST(all_forms_of_rfc_3339_are_read)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1996-12-19T16:39:57-08:00", 851042397000}, /* RFC 3339 section 5.8 */
        {"1996-12-20T00:39:57Z", 851042397000},      /* the same time */
        {"1990-12-31T23:59:60Z", 662688000000},      /* a leap second, */
        {"1990-12-31T15:59:60-08:00", 662688000000}, /* and in Pacific time */
        {"1937-01-01T12:00:27.87+00:20", -1041337172130},
        {"2026-11-21t08:15:30z", 1795248930000},
        {"2026-11-21 08:15:30Z", 1795248930000},
        {"2026-11-21T08:15:30.1Z", 1795248930100},
        {"2026-11-21T08:15:30.1239999999999999999Z", 1795248930123},
        {"2026-11-21T08:15:30.123-00:00", 1795248930123},
        {"2026-11-22T08:14:30.123+23:59", 1795248930123},
        {"2024-02-29T12:00:00Z", 1709208000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = 42;
        CHECK(pl_time_parse(pl_slice_of(cases[i].text), &ms));
        CHECK_EQ_INT(ms, cases[i].ms);
    }
}

TEST(whole_numbers_are_milliseconds)
{
    int64_t ms;
    CHECK(pl_time_parse(PL_SLICE("0"), &ms) && ms == 0);
    CHECK(pl_time_parse(PL_SLICE("1795248930123"), &ms) && ms == 1795248930123);
    CHECK(pl_time_parse(PL_SLICE("-1"), &ms) && ms == -1);
    CHECK(pl_time_parse(PL_SLICE("9223372036854775807"), &ms) && ms == INT64_MAX);
}

TEST(what_is_no_time_is_refused_at_every_length)
{
    static const char *const bad[] = {
        "",
        "-",
        "12x",
        "+5",
        "1.5",
        " 1",
        "9223372036854775808",
        "99999999999999999999999",
        "2026-11-21",
        "2026-11-21T08:15:30",
        "2026-11-21T08:15Z",
        "2026-11-21T08:15:30.Z",
        "2026-11-21T08:15:30ZZ",
        "2026-11-21T08:15:30Z ",
        "2026-11-21T24:00:00Z",
        "2026-11-21T08:60:00Z",
        "2026-11-21T08:15:61Z",
        "2026-11-21T08:15:60Z",
        "2026-13-21T08:15:30Z",
        "2026-00-21T08:15:30Z",
        "2026-11-00T08:15:30Z",
        "2026-11-31T08:15:30Z",
        "2026-02-29T08:15:30Z",
        "1900-02-29T08:15:30Z",
        "2026-11-21T08:15:30+24:00",
        "2026-11-21T08:15:30+01:60",
        "2026-11-21T08:15:30+0100",
        "2026-11-21T08:15:30+01",
        "2026-11-21X08:15:30Z",
        "2026/11/21T08:15:30Z",
        "26-11-21T08:15:30Z",
        "02026-11-21T08:15:30Z",
        "2026-11-21T08:15:30,5Z",
        "now",
    };
    int64_t ms = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(!pl_time_parse(pl_slice_of(bad[i]), &ms));
    CHECK(!pl_time_parse(PL_SLICE("2026-11-21T08:15:30\0"), &ms));
    CHECK(!pl_time_parse(PL_NO_SLICE, &ms));
    CHECK_EQ_INT(ms, 42);

    pl_slice whole = PL_SLICE("2026-11-21T08:15:30.123+01:00");
    for (size_t len = 5; len < whole.len; len++) {
        test_guarded g = test_guard((pl_slice){whole.ptr, len});
        CHECK(!pl_time_parse(g.bytes, &ms));
        test_unguard(&g);
    }
}

int main(void)
{
    return RUN(
        CASE(times_are_written_and_read_back), CASE(times_out_of_the_calendar_become_its_ends),
        CASE(each_day_of_four_hundred_years_is_right), CASE(all_forms_of_rfc_3339_are_read),
        CASE(whole_numbers_are_milliseconds), CASE(what_is_no_time_is_refused_at_every_length));
}
