/* SPDX-License-Identifier: MIT */
#include "text/zone_file.h"

#include "test.h"

#include <pthread.h>
#include <stdlib.h>

#define BERLIN "/usr/share/zoneinfo/Europe/Berlin"

static void read_berlin(pl_buf *out)
{
    FILE *f = fopen(BERLIN, "rb");
    CHECK(f != NULL);
    out->len = fread(pl_buf_reserve(out, 1 << 16), 1, 1 << 16, f);
    fclose(f);
}

TEST(a_file_that_was_cut_is_refused)
{
    pl_buf bytes = {0};
    pl_zone_file file;
    read_berlin(&bytes);
    CHECK(pl_zone_file_read(pl_buf_slice(&bytes), &file));
    for (size_t len = 0; len < bytes.len; len++) {
        test_guarded g = test_guard((pl_slice){bytes.ptr, len});
        CHECK(!pl_zone_file_read(g.bytes, &file));
        test_unguard(&g);
    }
    pl_buf_fini(&bytes);
}

/* Whatever a byte becomes: refused, or answered for any time without reading elsewhere. */
TEST(a_file_that_was_changed_does_no_harm)
{
    static const int64_t times[] = {INT64_C(-62000000000), 0, 1795248930, INT64_C(250000000000)};
    pl_buf bytes = {0};
    pl_zone_file file;
    size_t answered = 0;
    read_berlin(&bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        char old = bytes.ptr[i];
        bytes.ptr[i] = (char)(old ^ 0x81);
        test_guarded g = test_guard(pl_buf_slice(&bytes));
        if (pl_zone_file_read(g.bytes, &file))
            for (int t = 0; t < 4; t++)
                answered += strlen(pl_zone_file_at(&file, times[t]).name) <= PL_ZONE_NAME;
        test_unguard(&g);
        bytes.ptr[i] = old;
    }
    CHECK(answered > 0);
    pl_buf_fini(&bytes);
}

/* Berlin's rule, and forms that few zones have; offsets as Python's zoneinfo has them. */
TEST(rules_are_followed)
{
    static const struct {
        const char *rule;
        int64_t seconds;
        int offset_s;
        const char *name;
    } cases[] = {
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1774745999, 3600, "CET"}, /* 2026-03-29T00:59:59Z */
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1774746000, 7200, "CEST"},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1792889999, 7200, "CEST"}, /* 2026-10-25T00:59:59Z */
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1792890000, 3600, "CET"},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1767225600, 39600, "AEDT"}, /* January, in the south */
        {"<-03>3", 0, -10800, "-03"},
        {"NST3:30NDT,M3.2.0,M11.1.0", 1782864000, -9000, "NDT"},
        {"A0B,J60/0,J365/0", 5097600, 3600, "B"},  /* 1970-03-01, the 60th day */
        {"A0B,J60/0,J365/0", 68256000, 3600, "B"}, /* 1972-03-01, leap days not counted */
        {"A0B,J60/0,J365/0", 68169600, 0, "A"},    /* 1972-02-29 */
        {"A0B,59/0,364/0", 68169600, 3600, "B"},   /* the 60th day, counted from 0 */
        {"A0B,59/0,364/0", 68169599, 0, "A"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pl_zone_rule rule;
        CHECK(pl_zone_rule_read(pl_slice_of(cases[i].rule), &rule));
        pl_zone_time time = pl_zone_rule_at(&rule, cases[i].seconds);
        CHECK_EQ_INT(time.offset_s, cases[i].offset_s);
        CHECK_EQ_STR(time.name, cases[i].name);
    }
}

TEST(what_is_no_rule_is_refused)
{
    static const char *const texts[] = {"",
                                        "CET",
                                        "CET-1CEST",
                                        "<CET-1",
                                        "CET-1CEST,M3.5.0",
                                        "CET-1CEST,M13.1.0,M10.5.0",
                                        "CET-99",
                                        "CET-1CEST,J0,J10",
                                        "CET-1 ",
                                        "CET-1CEST,M3.6.0,M10.5.0",
                                        "ABCDEFGHIJKLMNOPQ0",
                                        "CET-1CEST,M3.5.0,M10.5.0/200"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        pl_zone_rule rule;
        test_guarded g = test_guard(pl_slice_of(texts[i]));
        CHECK(!pl_zone_rule_read(g.bytes, &rule));
        test_unguard(&g);
    }
}

static void *ask(void *ud)
{
    static const char *const names[] = {"Europe/Berlin", "Asia/Tokyo", "America/New_York",
                                        "Africa/Cairo"};
    static const int offsets[] = {3600, 32400, -18000, 7200};
    size_t *right = ud;
    for (int i = 0; i < 400; i++) {
        pl_zone_time time;
        bool known = pl_zone_at(pl_slice_of(names[i % 4]), 1704067200, &time); /* 2024-01-01 */
        *right += known && time.offset_s == offsets[i % 4];
    }
    return NULL;
}

TEST(threads_share_the_zones_that_were_read)
{
    pthread_t threads[4];
    size_t right[4] = {0};
    for (int i = 0; i < 4; i++)
        CHECK_EQ_INT(pthread_create(&threads[i], NULL, ask, &right[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK_EQ_INT(right[i], 400);
    }
}

TEST(names_lead_nowhere_else)
{
    static const char *const names[] = {"",
                                        "/etc/passwd",
                                        "../../../etc/passwd",
                                        "Europe",
                                        "Europe/../Europe/Berlin",
                                        "Europe//Berlin",
                                        "zone.tab",
                                        "Nowhere",
                                        "-",
                                        "+2",
                                        "+24:00",
                                        "+02:60",
                                        "+02:00:00",
                                        "right/UTC"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pl_zone_time time;
        CHECK(!pl_zone_at(pl_slice_of(names[i]), 0, &time));
    }
}

int main(void)
{
    return RUN(CASE(a_file_that_was_cut_is_refused), CASE(a_file_that_was_changed_does_no_harm),
               CASE(rules_are_followed), CASE(what_is_no_rule_is_refused),
               CASE(threads_share_the_zones_that_were_read), CASE(names_lead_nowhere_else));
}
