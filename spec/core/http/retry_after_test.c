/* SPDX-License-Identifier: MIT */
#include "http/retry_after.h"

#include "test.h"

#define NOW_S INT64_C(1795773000) /* 2026-11-27T09:50:00Z */

static int64_t date(const char *text)
{
    int64_t at_s = -42;
    return pl_http_date_read(pl_slice_of(text), NOW_S, &at_s) ? at_s : INT64_MIN;
}

/* The date of RFC 9110 section 5.6.7 in its three forms; seconds as Python's calendar counts them. */
TEST(the_three_forms_of_a_date_are_read)
{
    CHECK_EQ_INT(date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    CHECK_EQ_INT(date("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
    CHECK_EQ_INT(date("Sun Nov  6 08:49:37 1994"), 784111777);
    CHECK_EQ_INT(date("Sat, 31 Dec 2016 23:59:60 GMT"), 1483228800);
    CHECK_EQ_INT(date("Fri, 27 Nov 2026 10:00:00 GMT"), 1795773600);
}

TEST(a_year_of_two_digits_is_at_most_fifty_ahead)
{
    CHECK_EQ_INT(date("Sunday, 06-Nov-44 08:49:37 GMT"), 2362034977);
    CHECK_EQ_INT(date("Thursday, 01-Jan-76 00:00:00 GMT"), INT64_C(3345062400));
    CHECK_EQ_INT(date("Saturday, 01-Jan-77 00:00:00 GMT"), 220924800);
}

TEST(what_is_no_date_is_not_read)
{
    static const char *const bad[] = {
        "",
        "Sun",
        "Sun,",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 2027 00:00:00 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "2026-11-27T10:00:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ_INT(date(bad[i]), INT64_MIN);
}

static int64_t wait_ms(const char *value)
{
    return pl_http_retry_after_ms(pl_slice_of(value), NOW_S * 1000 + 250);
}

TEST(a_wait_is_a_number_of_seconds_or_until_a_date)
{
    CHECK_EQ_INT(wait_ms("0"), 0);
    CHECK_EQ_INT(wait_ms(" 120 "), 120000);
    CHECK_EQ_INT(wait_ms("Fri, 27 Nov 2026 10:00:00 GMT"), 599750);
    CHECK_EQ_INT(wait_ms("Sun, 06 Nov 1994 08:49:37 GMT"), 0);
    CHECK_EQ_INT(wait_ms("99999999999999999999999999"), INT64_C(1000000000000000));
}

TEST(anything_else_says_nothing)
{
    static const char *const bad[] = {"", "soon", "-1", "+5", "1.5", "1e3", "12 s", "0x10"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ_INT(wait_ms(bad[i]), -1);
}

int main(void)
{
    return RUN(CASE(the_three_forms_of_a_date_are_read),
               CASE(a_year_of_two_digits_is_at_most_fifty_ahead), CASE(what_is_no_date_is_not_read),
               CASE(a_wait_is_a_number_of_seconds_or_until_a_date),
               CASE(anything_else_says_nothing));
}
