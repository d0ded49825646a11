/* SPDX-License-Identifier: MIT */
#include "flow/retry.h"

#include "base/err.h"
#include "test.h"

static pl_rng seeded(uint8_t n)
{
    pl_rng rng;
    uint8_t seed[32] = {n, 1, 2, 3};
    pl_rng_init(&rng, seed);
    return rng;
}

static int64_t delay_after(const pl_policy *policy, uint32_t made, pl_rng *rng)
{
    return pl_retry_delay_ms(policy, &(pl_retry_case){.made = made}, rng);
}

TEST(transport_and_script_faults_are_retried)
{
    static const int retried[] = {PL_E_CONFIG,  PL_E_SCRIPT, PL_E_AUTH,    PL_E_URL,
                                  PL_E_EGRESS,  PL_E_DNS,    PL_E_CONNECT, PL_E_TLS,
                                  PL_E_TIMEOUT, PL_E_RESET,  PL_E_PROTOCOL};
    for (size_t i = 0; i < sizeof retried / sizeof *retried; i++)
        CHECK(pl_retry_makes_sense(NULL, retried[i], 0));
    CHECK(!pl_retry_makes_sense(NULL, PL_E_MAP, 200));
    CHECK(!pl_retry_makes_sense(NULL, PL_E_CANCELLED, 0));
}

TEST(of_the_statuses_408_425_429_and_5xx_are_retried)
{
    for (int status = 100; status < 600; status++) {
        bool expected = status == 408 || status == 425 || status == 429 || status >= 500;
        CHECK(pl_retry_makes_sense(NULL, PL_E_HTTP_STATUS, status) == expected);
    }
}

TEST(the_default_schedule_is_eight_attempts_in_a_day)
{
    static const double seconds[] = {5, 300, 1800, 7200, 18000, 36000, 36000};
    pl_rng rng = seeded(1);
    for (uint32_t made = 1; made <= 7; made++) {
        double delay_s = (double)delay_after(&pl_retry_default, made, &rng) / 1000;
        CHECK(delay_s >= seconds[made - 1] * 0.9 - 0.001);
        CHECK(delay_s <= seconds[made - 1] * 1.1);
    }
    CHECK_EQ_INT(delay_after(&pl_retry_default, 8, &rng), PL_RETRY_NO);
    CHECK_EQ_INT(delay_after(&pl_retry_default, 9, &rng), PL_RETRY_NO);
    CHECK_EQ_INT(delay_after(&pl_retry_default, 0, &rng), PL_RETRY_NO);
}

TEST(without_jitter_the_delay_is_exact)
{
    static const int64_t delays[] = {1, 86400000, 0};
    pl_policy policy = {.delays_ms = delays, .delay_count = 3};
    pl_rng rng = seeded(2);
    CHECK_EQ_INT(delay_after(&policy, 1, &rng), 1);
    CHECK_EQ_INT(delay_after(&policy, 2, &rng), 86400000);
    CHECK_EQ_INT(delay_after(&policy, 3, &rng), 0);
    CHECK_EQ_INT(delay_after(&policy, 4, &rng), PL_RETRY_NO);
}

TEST(no_schedule_means_one_attempt)
{
    pl_policy policy = {0};
    pl_rng rng = seeded(3);
    CHECK_EQ_INT(delay_after(&policy, 1, &rng), PL_RETRY_NO);
}

TEST(jitter_fills_its_range_evenly)
{
    static const int64_t delays[] = {10000};
    pl_policy policy = {.delays_ms = delays, .delay_count = 1, .jitter = 0.5};
    pl_rng rng = seeded(4);
    int quarters[4] = {0};
    for (int i = 0; i < 4000; i++) {
        int64_t delay_ms = delay_after(&policy, 1, &rng);
        CHECK(delay_ms >= 5000 && delay_ms < 15000);
        if (delay_ms >= 5000 && delay_ms < 15000) quarters[(delay_ms - 5000) / 2500]++;
    }
    for (int i = 0; i < 4; i++)
        CHECK(quarters[i] > 850 && quarters[i] < 1150); /* 1000, give or take five deviations */
}

TEST(a_rule_names_classes_and_statuses)
{
    pl_retry_rule rule = {0};
    pl_retry_rule_add_class(&rule, PL_E_CONNECT);
    pl_statuses_add(&rule.statuses, 404, 404);
    pl_statuses_add(&rule.statuses, 502, 599);
    for (int status = 100; status < 600; status++) {
        bool expected = status == 404 || status >= 502;
        CHECK(pl_retry_makes_sense(&rule, PL_E_HTTP_STATUS, status) == expected);
    }
    CHECK(pl_retry_makes_sense(&rule, PL_E_CONNECT, 0));
    CHECK(!pl_retry_makes_sense(&rule, PL_E_TIMEOUT, 0));
    CHECK(!pl_retry_makes_sense(&rule, PL_E_MAP, 200));
    pl_retry_rule_add_class(&rule, PL_E_MAP);
    CHECK(pl_retry_makes_sense(&rule, PL_E_MAP, 200));
}

TEST(the_troubles_of_the_gateway_are_retried_whatever_a_rule_says)
{
    static const int own[] = {PL_E_CONFIG,   PL_E_STORE,    PL_E_BUSY,
                              PL_E_STOPPING, PL_E_INTERNAL, PL_E_PROXY};
    pl_retry_rule rule = {0};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        CHECK(pl_retry_makes_sense(&rule, own[i], 0));
        CHECK(!pl_retry_is_class(own[i]));
    }
    CHECK(!pl_retry_is_class(PL_E_HTTP_STATUS));
    CHECK(!pl_retry_is_class(PL_E_CANCELLED));
    CHECK(pl_retry_is_class(PL_E_SCRIPT) && pl_retry_is_class(PL_E_MAP));
}

TEST(what_the_receiver_has_no_part_in_does_not_count)
{
    for (int error = 0; error > -PL_ERR_COUNT; error--)
        CHECK(pl_retry_counts(error) == (error != PL_E_PROXY && error != PL_E_BUSY));
}

TEST(a_receiver_that_wants_to_wait_longer_is_obeyed)
{
    static const int64_t delays[] = {5000, 5000};
    pl_policy policy = {.delays_ms = delays, .delay_count = 2};
    pl_rng rng = seeded(5);
    pl_retry_case c = {.made = 1, .retry_after_ms = 60000};
    CHECK_EQ_INT(pl_retry_delay_ms(&policy, &c, &rng), 60000);
    c.retry_after_ms = 4999;
    CHECK_EQ_INT(pl_retry_delay_ms(&policy, &c, &rng), 5000);
    c = (pl_retry_case){.made = 3, .retry_after_ms = 60000};
    CHECK_EQ_INT(pl_retry_delay_ms(&policy, &c, &rng), PL_RETRY_NO);
}

TEST(no_attempt_is_made_beyond_the_age)
{
    static const int64_t delays[] = {5000};
    pl_policy policy = {.delays_ms = delays, .delay_count = 1, .max_age_ms = 20000};
    pl_rng rng = seeded(6);
    pl_retry_case c = {.made = 1, .age_ms = 15000};
    CHECK_EQ_INT(pl_retry_delay_ms(&policy, &c, &rng), 5000);
    c.age_ms = 15001;
    CHECK_EQ_INT(pl_retry_delay_ms(&policy, &c, &rng), PL_RETRY_NO);
    c = (pl_retry_case){.made = 1, .age_ms = 1, .retry_after_ms = 20000};
    CHECK_EQ_INT(pl_retry_delay_ms(&policy, &c, &rng), PL_RETRY_NO);
    c.age_ms = -1;
    CHECK_EQ_INT(pl_retry_delay_ms(&policy, &c, &rng), 20000);
}

/* Twice as long each time, and up to a quarter more. */
TEST(attempts_that_do_not_count_wait_by_a_clock_of_their_own)
{
    static const int64_t expected_ms[] = {5000, 10000, 20000, 40000, 60000, 60000};
    pl_policy policy = {.max_age_ms = 200000};
    pl_rng rng = seeded(7);
    pl_retry_case c = {0};
    for (size_t i = 0; i < sizeof expected_ms / sizeof *expected_ms; i++) {
        c.uncounted++;
        int64_t delay_ms = pl_retry_uncounted_delay_ms(&policy, &c, 5000, 60000, &rng);
        CHECK(delay_ms >= expected_ms[i] && delay_ms <= expected_ms[i] * 5 / 4);
    }
    c.age_ms = 140001;
    CHECK_EQ_INT(pl_retry_uncounted_delay_ms(&policy, &c, 5000, 60000, &rng), PL_RETRY_NO);
    c.age_ms = -1;
    CHECK(pl_retry_uncounted_delay_ms(&policy, &c, 5000, 60000, &rng) >= 60000);
}

int main(void)
{
    return RUN(CASE(a_rule_names_classes_and_statuses),
               CASE(the_troubles_of_the_gateway_are_retried_whatever_a_rule_says),
               CASE(what_the_receiver_has_no_part_in_does_not_count),
               CASE(a_receiver_that_wants_to_wait_longer_is_obeyed),
               CASE(no_attempt_is_made_beyond_the_age),
               CASE(attempts_that_do_not_count_wait_by_a_clock_of_their_own),
               CASE(transport_and_script_faults_are_retried),
               CASE(of_the_statuses_408_425_429_and_5xx_are_retried),
               CASE(the_default_schedule_is_eight_attempts_in_a_day),
               CASE(without_jitter_the_delay_is_exact), CASE(no_schedule_means_one_attempt),
               CASE(jitter_fills_its_range_evenly));
}
