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

TEST(transport_and_script_faults_are_retried)
{
    static const int retried[] = {PL_E_CONFIG,  PL_E_SCRIPT, PL_E_AUTH,    PL_E_URL,
                                  PL_E_EGRESS,  PL_E_DNS,    PL_E_CONNECT, PL_E_TLS,
                                  PL_E_TIMEOUT, PL_E_RESET,  PL_E_PROTOCOL};
    for (size_t i = 0; i < sizeof retried / sizeof *retried; i++)
        CHECK(pl_retry_makes_sense(retried[i], 0));
    CHECK(!pl_retry_makes_sense(PL_E_MAP, 200));
    CHECK(!pl_retry_makes_sense(PL_E_CANCELLED, 0));
}

TEST(of_the_statuses_408_425_429_and_5xx_are_retried)
{
    for (int status = 100; status < 600; status++) {
        bool expected = status == 408 || status == 425 || status == 429 || status >= 500;
        CHECK(pl_retry_makes_sense(PL_E_HTTP_STATUS, status) == expected);
    }
}

TEST(the_default_schedule_is_eight_attempts_in_a_day)
{
    static const double seconds[] = {5, 300, 1800, 7200, 18000, 36000, 36000};
    pl_rng rng = seeded(1);
    for (uint32_t made = 1; made <= 7; made++) {
        double delay_s = (double)pl_retry_delay_ms(&pl_retry_default, made, &rng) / 1000;
        CHECK(delay_s >= seconds[made - 1] * 0.9 - 0.001);
        CHECK(delay_s <= seconds[made - 1] * 1.1);
    }
    CHECK_EQ_INT(pl_retry_delay_ms(&pl_retry_default, 8, &rng), PL_RETRY_NO);
    CHECK_EQ_INT(pl_retry_delay_ms(&pl_retry_default, 9, &rng), PL_RETRY_NO);
    CHECK_EQ_INT(pl_retry_delay_ms(&pl_retry_default, 0, &rng), PL_RETRY_NO);
}

TEST(without_jitter_the_delay_is_exact)
{
    static const int64_t delays[] = {1, 86400000, 0};
    pl_policy policy = {.delays_ms = delays, .delay_count = 3};
    pl_rng rng = seeded(2);
    CHECK_EQ_INT(pl_retry_delay_ms(&policy, 1, &rng), 1);
    CHECK_EQ_INT(pl_retry_delay_ms(&policy, 2, &rng), 86400000);
    CHECK_EQ_INT(pl_retry_delay_ms(&policy, 3, &rng), 0);
    CHECK_EQ_INT(pl_retry_delay_ms(&policy, 4, &rng), PL_RETRY_NO);
}

TEST(no_schedule_means_one_attempt)
{
    pl_policy policy = {0};
    pl_rng rng = seeded(3);
    CHECK_EQ_INT(pl_retry_delay_ms(&policy, 1, &rng), PL_RETRY_NO);
}

TEST(jitter_fills_its_range_evenly)
{
    static const int64_t delays[] = {10000};
    pl_policy policy = {.delays_ms = delays, .delay_count = 1, .jitter = 0.5};
    pl_rng rng = seeded(4);
    int quarters[4] = {0};
    for (int i = 0; i < 4000; i++) {
        int64_t delay_ms = pl_retry_delay_ms(&policy, 1, &rng);
        CHECK(delay_ms >= 5000 && delay_ms < 15000);
        if (delay_ms >= 5000 && delay_ms < 15000) quarters[(delay_ms - 5000) / 2500]++;
    }
    for (int i = 0; i < 4; i++)
        CHECK(quarters[i] > 850 && quarters[i] < 1150); /* 1000, give or take five deviations */
}

int main(void)
{
    return RUN(CASE(transport_and_script_faults_are_retried),
               CASE(of_the_statuses_408_425_429_and_5xx_are_retried),
               CASE(the_default_schedule_is_eight_attempts_in_a_day),
               CASE(without_jitter_the_delay_is_exact), CASE(no_schedule_means_one_attempt),
               CASE(jitter_fills_its_range_evenly));
}
