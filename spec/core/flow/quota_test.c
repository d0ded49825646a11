/* SPDX-License-Identifier: MIT */
#include "flow/quota.h"

#include "base/buf.h"
#include "test.h"

#include <pthread.h>

#define MS UINT64_C(1000)

#define NAME PL_SLICE("acme")

static pl_quotas *all;
static pl_quota_place places[2048]; /* of those that have entered */
static int taken;

static void fresh(void)
{
    pl_quotas_free(all);
    all = pl_quotas_new();
    memset(places, 0, sizeof places);
    taken = 0;
}

static void end(void)
{
    pl_quotas_free(all);
    all = NULL;
}

static int64_t enter_as(pl_slice name, const pl_rate *rate, uint64_t now_us)
{
    int64_t wait_ms = pl_quota_enter(all, name, rate, now_us, &places[taken]);
    CHECK(wait_ms == 0 || places[taken].quota == NULL);
    taken += wait_ms == 0;
    return wait_ms;
}

static int64_t enter(const pl_rate *rate, uint64_t now_us)
{
    return enter_as(NAME, rate, now_us);
}

static void enter_now(const pl_rate *rate, uint64_t now_us)
{
    pl_quota_enter_now(all, NAME, rate, now_us, &places[taken++]);
}

static void leave(int count, uint64_t now_us)
{
    while (count-- > 0)
        pl_quota_leave(all, &places[--taken], now_us);
}

TEST(each_name_has_its_own)
{
    pl_rate rate = {.concurrency = 1};
    fresh();
    CHECK_EQ_INT(enter(&rate, 0), 0);
    CHECK_EQ_INT(enter_as(PL_SLICE("acm"), &rate, 0), 0);
    CHECK_EQ_INT(enter_as(PL_SLICE(""), &rate, 0), 0);
    CHECK(enter(&rate, 0) > 0);
    CHECK(pl_quota_is(&places[1], PL_SLICE("acm")));
    CHECK(!pl_quota_is(&places[0], PL_SLICE("acm")));
    CHECK(!pl_quota_is(&places[3], PL_SLICE("acm")));
    end();
}

TEST(without_a_rate_all_may_go)
{
    fresh();
    pl_rate none = {0};
    for (int i = 0; i < 1000; i++)
        CHECK_EQ_INT(enter(&none, 0), 0);
    CHECK_EQ_INT(pl_quota_state_of(all, NAME, 0).in_flight, 1000);
    end();
}

/* Whoever waits as long as it is told goes then: in ten seconds a burst and ten seconds' worth. */
TEST(attempts_come_smoothly_after_a_burst)
{
    fresh();
    pl_rate rate = {.per_second = 50, .burst = 5};
    uint64_t now_us = 777 * MS, end_us = now_us + 10000 * MS, last_us = 0;
    int gone = 0;
    while (now_us < end_us) {
        int64_t wait_ms = enter(&rate, now_us);
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
    fresh();
    pl_rate rate = {.per_second = 10, .burst = 3};
    for (int i = 0; i < 3; i++)
        CHECK_EQ_INT(enter(&rate, 0), 0);
    CHECK_EQ_INT(enter(&rate, 0), 100);
    CHECK_EQ_INT(enter(&rate, 40 * MS), 60);
    for (int i = 0; i < 3; i++)
        CHECK_EQ_INT(enter(&rate, 3600000 * MS), 0);
    CHECK_EQ_INT(enter(&rate, 3600000 * MS), 100);
    end();
}

TEST(so_many_at_a_time_and_no_more)
{
    fresh();
    pl_rate rate = {.concurrency = 2};
    CHECK_EQ_INT(enter(&rate, 0), 0);
    CHECK_EQ_INT(enter(&rate, 0), 0);
    CHECK_EQ_INT(enter(&rate, 0), PL_QUOTA_AGAIN_MS);
    leave(1, 0);
    CHECK_EQ_INT(enter(&rate, 0), 0);
    end();
}

TEST(one_that_does_not_wait_takes_from_those_that_do)
{
    fresh();
    pl_rate rate = {.per_second = 10, .burst = 2, .concurrency = 3};
    for (int i = 0; i < 4; i++)
        enter_now(&rate, 0);
    CHECK_EQ_INT(pl_quota_state_of(all, NAME, 0).in_flight, 4);
    CHECK_EQ_INT(enter(&rate, 0), PL_QUOTA_AGAIN_MS);
    leave(4, 0);
    CHECK_EQ_INT(enter(&rate, 0), 300); /* two are owed */
    for (int i = 0; i < 1000; i++)
        enter_now(&rate, 0);
    leave(1000, 0);
    CHECK_EQ_INT(enter(&rate, 0), 300); /* never more than a burst */
    end();
}

TEST(a_pause_holds_deliveries_and_a_shorter_one_does_not_end_it)
{
    fresh();
    pl_rate none = {0};
    CHECK(pl_quota_pause(all, NAME, 0, 5000));
    CHECK(!pl_quota_pause(all, NAME, 1000 * MS, 1000));
    CHECK_EQ_INT(pl_quota_state_of(all, NAME, 1000 * MS).pause_ms, 4000);
    CHECK_EQ_INT(enter(&none, 1000 * MS), 4000);
    CHECK_EQ_INT(enter(&none, 4999 * MS), 1);
    enter_now(&none, 4999 * MS);
    CHECK_EQ_INT(enter(&none, 5000 * MS), 0);
    CHECK(pl_quota_pause(all, NAME, 6000 * MS, 1));
    end();
}

TEST(one_without_a_rate_is_held_by_a_pause_alone_and_takes_nothing)
{
    pl_rate rate = {.per_second = 10, .burst = 1, .concurrency = 1};
    fresh();
    for (int i = 0; i < 5; i++)
        CHECK_EQ_INT(enter(NULL, 0), 0);
    CHECK_EQ_INT(pl_quota_state_of(all, NAME, 0).in_flight, 5);
    CHECK_EQ_INT(enter(&rate, 0), 0);
    leave(6, 0);
    CHECK(pl_quota_pause(all, NAME, 0, 500));
    CHECK_EQ_INT(enter(NULL, 0), 500);
    end();
}

TEST(what_did_nothing_is_as_if_it_had_not_been)
{
    pl_rate rate = {.per_second = 10, .burst = 1, .concurrency = 1};
    fresh();
    for (int i = 0; i < 5; i++) {
        CHECK_EQ_INT(enter(&rate, 0), 0);
        pl_quota_undo(all, &places[--taken]);
    }
    pl_quota_undo(all, &places[taken]); /* and again */
    pl_quota_leave(all, &places[taken], 0);
    CHECK_EQ_INT(pl_quota_state_of(all, NAME, 0).in_flight, 0);
    end();
}

/* Ten a second: with five here, the first is sixth. */
TEST(those_that_go_away_come_back_one_after_another)
{
    pl_rate rate = {.per_second = 10, .burst = 1};
    fresh();
    CHECK_EQ_INT(pl_quota_turn(all, NAME, &rate, 5, 0), 600);
    CHECK_EQ_INT(pl_quota_turn(all, NAME, &rate, 5, 0), 700);
    CHECK_EQ_INT(pl_quota_turn(all, NAME, &rate, 5, 100 * MS), 700);
    CHECK_EQ_INT(pl_quota_turn(all, NAME, &rate, 0, 10000 * MS), 100);
    for (int i = 0; i < 10000; i++)
        CHECK(pl_quota_turn(all, NAME, &rate, 0, 10000 * MS) <= PL_QUOTA_TURN_MOST_MS);
    CHECK_EQ_INT(pl_quota_turn(all, NAME, &rate, 0, 10000 * MS), PL_QUOTA_TURN_MOST_MS);
    end();
}

/* Two places, and who has one keeps it for three seconds. */
TEST(without_a_rate_the_turn_comes_as_places_become_free)
{
    pl_rate rate = {.concurrency = 2};
    fresh();
    for (int i = 0; i < 30; i++) {
        CHECK_EQ_INT(enter(&rate, 0), 0);
        leave(1, 3000 * MS);
    }
    CHECK_EQ_INT(pl_quota_turn(all, NAME, &rate, 3, 0), 6000);
    end();
}

/* A million hosts, and no more than the last tenth of a second's worth is known at a time. */
TEST(what_is_at_rest_is_forgotten)
{
    pl_rate rate = {.per_second = 10, .burst = 1};
    char name[32];
    uint64_t most = 0;
    fresh();
    CHECK_EQ_INT(enter(&rate, 0), 0);
    CHECK(pl_quota_pause(all, PL_SLICE("pausing"), 0, 3600000));
    for (uint64_t i = 0; i < 1000000; i++) {
        snprintf(name, sizeof name, "//%d.example", (int)i);
        pl_quota_place place;
        CHECK_EQ_INT(pl_quota_enter(all, pl_slice_of(name), &rate, i * MS, &place), 0);
        pl_quota_leave(all, &place, i * MS);
        if (i % 1000 == 0 && pl_quotas_count(all) > most) most = pl_quotas_count(all);
    }
    CHECK(most < 1000);
    CHECK_EQ_INT(pl_quota_state_of(all, NAME, 1000000 * MS).in_flight, 1);
    CHECK_EQ_INT(pl_quota_state_of(all, PL_SLICE("pausing"), 1000000 * MS).pause_ms, 2600000);
    end();
}

#define THREADS 4
#define TURNS   20000

static void *enter_and_leave(void *arg)
{
    pl_rate rate = {.concurrency = 3};
    for (int i = 0; i < TURNS; i++) {
        pl_quota_place place;
        if (pl_quota_enter(all, NAME, &rate, 0, &place) != 0) continue;
        if (pl_quota_state_of(all, NAME, 0).in_flight > 3) ++*(int *)arg;
        pl_quota_leave(all, &place, 0);
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
    CHECK_EQ_INT(pl_quota_state_of(all, NAME, 0).in_flight, 0);
    end();
}

int main(void)
{
    return RUN(CASE(each_name_has_its_own), CASE(without_a_rate_all_may_go),
               CASE(attempts_come_smoothly_after_a_burst), CASE(a_rest_earns_a_burst_and_no_more),
               CASE(so_many_at_a_time_and_no_more),
               CASE(one_that_does_not_wait_takes_from_those_that_do),
               CASE(a_pause_holds_deliveries_and_a_shorter_one_does_not_end_it),
               CASE(one_without_a_rate_is_held_by_a_pause_alone_and_takes_nothing),
               CASE(what_did_nothing_is_as_if_it_had_not_been),
               CASE(those_that_go_away_come_back_one_after_another),
               CASE(without_a_rate_the_turn_comes_as_places_become_free),
               CASE(what_is_at_rest_is_forgotten), CASE(workers_share_it));
}
