/* SPDX-License-Identifier: MIT
 *
 * The texts are those of Python's datetime and zoneinfo. */
#include "text/moment.h"

#include "test.h"

#include <math.h>

static void check_put(double seconds, const char *format, const char *zone, const char *wanted)
{
    pl_buf out = {0};
    test_guarded g = test_guard(pl_slice_of(format));
    pl_moment_put(&out, pl_moment_of(seconds), g.bytes, pl_slice_of(zone));
    CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(wanted));
    test_unguard(&g);
    pl_buf_fini(&out);
}

TEST(directives_are_those_of_strftime)
{
    check_put(1795248930.123, "%a %A %b %B %d %f", "UTC", "Sat Saturday Nov November 21 123000");
    check_put(1795248930, "%c|%x|%X|%p|%j|%U|%W|%G-W%V-%u|%y|%%", "UTC",
              "Sat Nov 21 08:15:30 2026|11/21/26|08:15:30|AM|325|46|46|2026-W47-6|26|%");
    check_put(1795248930, "%-d.%-m. %-H %e %-I", "UTC", "21.11. 8 21 8");
    check_put(0, "", "UTC", "");
    check_put(0, "no directive", "UTC", "no directive");
}

/* 1 January 2021 is a Friday, so in the last week of 2020; 31 December 2024 is in the first of
 * 2025. */
TEST(weeks_of_iso_belong_to_the_year_of_their_thursday)
{
    check_put(1609459200, "%G-%V %U %W", "UTC", "2020-53 00 00");
    check_put(1735603200, "%G-%V %U %W", "UTC", "2025-01 52 53");
}

TEST(zones_have_summer_beyond_their_tables)
{
    check_put(1795248930, "%F %T %z %Z", "Europe/Berlin", "2026-11-21 09:15:30 +0100 CET");
    check_put(4118065200, "%F %T %:z %Z", "Europe/Berlin", "2100-06-30 21:00:00 +02:00 CEST");
    check_put(4118065200, "%F %T %z %Z", "America/Sao_Paulo", "2100-06-30 16:00:00 -0300 -03");
    check_put(-3000000000, "%F %T %z %Z", "Europe/Berlin", "1874-12-07 19:33:28 +005328 LMT");
}

TEST(what_cannot_be_written_is_explained)
{
    check_put(0, "%E", "UTC", "there is no directive '%E' of times");
    check_put(0, "%", "UTC", "there is no directive '%' of times");
    check_put(0, "%-", "UTC", "there is no directive '%-' of times");
    check_put(NAN, "%Y", "UTC", "the time is outside of the years 1 to 9999");
    check_put(-INFINITY, "%Y", "UTC", "the time is outside of the years 1 to 9999");
    check_put(-62135596801, "%Y", "UTC", "the time is outside of the years 1 to 9999");
    check_put(0, "%Y", "Mars",
              "there is no time zone 'Mars'; expected one such as Europe/Berlin, UTC or +02:00");
}

static void check_read(const char *text, double wanted)
{
    pl_moment m;
    test_guarded g = test_guard(pl_slice_of(text));
    bool read = pl_moment_read(g.bytes, &m);
    if (isnan(wanted) != !read) printf("'%s'\n", text);
    CHECK_EQ_INT(read, !isnan(wanted));
    if (read) CHECK(pl_moment_seconds(m) == wanted);
    test_unguard(&g);
}

TEST(iso_times_are_read)
{
    check_read("2026-11-21T08:15:30Z", 1795248930);
    check_read("2026-11-21t09:15:30.25+01:00", 1795248930.25);
    check_read("20261121T081530,5", 1795248930.5);
    check_read("2026-11-21 08:15", 1795248900);
    check_read("2026-11-21", 1795219200);
    check_read("1969-12-31T23:59:59.1234567", -0.876544);
    check_read("2016-12-31T23:59:60Z", 1483228800);
}

TEST(what_is_no_time_is_refused)
{
    static const char *const texts[] = {
        "",
        "2026",
        "2026-11",
        "2026-13-01",
        "2026-02-29",
        "2026-00-10",
        "0000-01-01",
        "2026-1-1",
        "2026-11-21T",
        "2026-11-21T24:00",
        "2026-11-21T08:60",
        "2026-11-21T08:15:30.",
        "2026-11-21T08:15:30Z ",
        "2026-1121",
        "20261-121",
        "2026-11-21X08",
        "2026-11-21T08:15:30+25:00",
        "2016-12-31T22:59:60Z",
        "2026-11-21T08:15:61",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_read(texts[i], NAN);
}

int main(void)
{
    return RUN(CASE(directives_are_those_of_strftime),
               CASE(weeks_of_iso_belong_to_the_year_of_their_thursday),
               CASE(zones_have_summer_beyond_their_tables),
               CASE(what_cannot_be_written_is_explained), CASE(iso_times_are_read),
               CASE(what_is_no_time_is_refused));
}
