/* SPDX-License-Identifier: MIT */
#include "flow/quota.h"

#include "base/buf.h"
#include "test.h"

#include <pthread.h>

#define MS UINT64_C(1000)

static pl_quotas *all;

static pl_quota *fresh(void)
{
    pl_quotas_free(all);
    all = pl_quotas_new();
    return pl_quotas_get(all, PL_SLICE("acme"));
}

static void end(void)
{
    pl_quotas_free(all);
    all = NULL;
}

TEST(a_connector_has_one_entry)
{
    pl_quota *q = fresh();
    CHECK(pl_quotas_get(all, PL_SLICE("acme")) == q);
    CHECK(pl_quotas_get(all, PL_SLICE("acm")) != q);
    CHECK(pl_quotas_get(all, PL_SLICE("")) != q);
    end();
}

TEST(without_a_rate_all_may_go)
{
    pl_quota *q = fresh();
    pl_rate none = {0};
    for (int i = 0; i < 1000; i++)
        CHECK_EQ_INT(pl_quota_enter(q, &none, 0), 0);
    CHECK_EQ_INT(pl_quota_state_of(q, 0).in_flight, 1000);
    end();
}

/* Whoever waits as long as it is told goes then: in ten seconds a burst and ten seconds' worth. */
TEST(attempts_come_smoothly_after_a_burst)
{
    pl_quota *q = fresh();
    pl_rate rate = {.per_second = 50, .burst = 5};
    uint64_t now_us = 777 * MS, end_us = now_us + 10000 * MS, last_us = 0;
    int gone = 0;
    while (now_us < end_us) {
        int64_t wait_ms = pl_quota_enter(q, &rate, now_us);
        CHECK(wait_ms >= 0 && wait_ms <= 20);
        if (wait_ms == 0) {
            if (++gone > 6) CHECK_EQ_INT((now_us - last_us) / MS, 20);
            last_us = now_us;
        }
        now_us += (uint64_t)wait_ms * MS;
    }
    CHECK_EQ_INT(gone, 5 + 500 - 1);
    end();
}

TEST(a_rest_earns_a_burst_and_no_more)
{
    pl_quota *q = fresh();
    pl_rate rate = {.per_second = 10, .burst = 3};
    for (int i = 0; i < 3; i++)
        CHECK_EQ_INT(pl_quota_enter(q, &rate, 0), 0);
    CHECK_EQ_INT(pl_quota_enter(q, &rate, 0), 100);
    CHECK_EQ_INT(pl_quota_enter(q, &rate, 40 * MS), 60);
    for (int i = 0; i < 3; i++)
        CHECK_EQ_INT(pl_quota_enter(q, &rate, 3600000 * MS), 0);
    CHECK_EQ_INT(pl_quota_enter(q, &rate, 3600000 * MS), 100);
    end();
}

TEST(so_many_at_a_time_and_no_more)
{
    pl_quota *q = fresh();
    pl_rate rate = {.concurrency = 2};
    CHECK_EQ_INT(pl_quota_enter(q, &rate, 0), 0);
    CHECK_EQ_INT(pl_quota_enter(q, &rate, 0), 0);
    CHECK_EQ_INT(pl_quota_enter(q, &rate, 0), PL_QUOTA_AGAIN_MS);
    pl_quota_leave(q);
    CHECK_EQ_INT(pl_quota_enter(q, &rate, 0), 0);
    end();
}

TEST(one_that_does_not_wait_takes_from_those_that_do)
{
    pl_quota *q = fresh();
    pl_rate rate = {.per_second = 10, .burst = 2, .concurrency = 3};
    for (int i = 0; i < 4; i++)
        pl_quota_enter_now(q, &rate, 0);
    CHECK_EQ_INT(pl_quota_state_of(q, 0).in_flight, 4);
    CHECK_EQ_INT(pl_quota_enter(q, &rate, 0), PL_QUOTA_AGAIN_MS);
    for (int i = 0; i < 4; i++)
        pl_quota_leave(q);
    CHECK_EQ_INT(pl_quota_enter(q, &rate, 0), 300); /* two are owed */
    for (int i = 0; i < 1000; i++)
        pl_quota_enter_now(q, &rate, 0);
    for (int i = 0; i < 1000; i++)
        pl_quota_leave(q);
    CHECK_EQ_INT(pl_quota_enter(q, &rate, 0), 300); /* never more than a burst */
    end();
}

TEST(a_pause_holds_deliveries_and_a_shorter_one_does_not_end_it)
{
    pl_quota *q = fresh();
    pl_rate none = {0};
    CHECK(pl_quota_pause(q, 0, 5000));
    CHECK(!pl_quota_pause(q, 1000 * MS, 1000));
    CHECK_EQ_INT(pl_quota_state_of(q, 1000 * MS).pause_ms, 4000);
    CHECK_EQ_INT(pl_quota_enter(q, &none, 1000 * MS), 4000);
    CHECK_EQ_INT(pl_quota_enter(q, &none, 4999 * MS), 1);
    pl_quota_enter_now(q, &none, 4999 * MS);
    CHECK_EQ_INT(pl_quota_enter(q, &none, 5000 * MS), 0);
    CHECK(pl_quota_pause(q, 6000 * MS, 1));
    end();
}

#define THREADS 4
#define TURNS   20000

static void *enter_and_leave(void *arg)
{
    pl_rate rate = {.concurrency = 3};
    for (int i = 0; i < TURNS; i++) {
        pl_quota *q = pl_quotas_get(all, PL_SLICE("shared"));
        if (pl_quota_enter(q, &rate, 0) != 0) continue;
        if (pl_quota_state_of(q, 0).in_flight > 3) ++*(int *)arg;
        pl_quota_leave(q);
    }
    return NULL;
}

TEST(workers_share_it)
{
    pthread_t threads[THREADS];
    int faults[THREADS] = {0};
    fresh();
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ_INT(pthread_create(&threads[i], NULL, enter_and_leave, &faults[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_EQ_INT(faults[i], 0);
    }
    CHECK_EQ_INT(pl_quota_state_of(pl_quotas_get(all, PL_SLICE("shared")), 0).in_flight, 0);
    end();
}

int main(void)
{
    return RUN(
        CASE(a_connector_has_one_entry), CASE(without_a_rate_all_may_go),
        CASE(attempts_come_smoothly_after_a_burst), CASE(a_rest_earns_a_burst_and_no_more),
        CASE(so_many_at_a_time_and_no_more), CASE(one_that_does_not_wait_takes_from_those_that_do),
        CASE(a_pause_holds_deliveries_and_a_shorter_one_does_not_end_it), CASE(workers_share_it));
}
