/* SPDX-License-Identifier: MIT */
#include "base/rate.h"

#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#define SECOND 1000000ull

static void address_of(uint8_t address[16], uint32_t v4)
{
    memset(address, 0, 10);
    address[10] = address[11] = 0xff;
    for (int i = 0; i < 4; i++)
        address[12 + i] = (uint8_t)(v4 >> (24 - 8 * i));
}

static uint64_t take(pl_rate *r, uint32_t v4, uint64_t now_us)
{
    uint8_t address[16];
    address_of(address, v4);
    return pl_rate_take(r, address, now_us);
}

TEST(a_burst_then_a_steady_rate)
{
    pl_rate *r = pl_rate_new(10, 3, 1);
    for (int i = 0; i < 3; i++)
        CHECK_EQ_INT(take(r, 1, SECOND), 0);
    uint64_t wait_ms = take(r, 1, SECOND);
    CHECK(wait_ms >= 100 && wait_ms <= 101);
    CHECK(take(r, 1, SECOND + 99000) > 0);
    CHECK_EQ_INT(take(r, 1, SECOND + 101000), 0);
    CHECK(take(r, 1, SECOND + 101000) > 0);
    CHECK_EQ_INT(take(r, 2, SECOND + 101000), 0); /* another client is another */
    for (int i = 0; i < 3; i++)                   /* never more than the burst */
        CHECK_EQ_INT(take(r, 1, 1000 * SECOND), 0);
    CHECK(take(r, 1, 1000 * SECOND) > 0);
    pl_rate_free(r);
}

TEST(over_time_it_is_the_rate)
{
    pl_rate *r = pl_rate_new(50, 5, 1);
    int taken = 0;
    for (uint64_t at = SECOND; at < 101 * SECOND; at += 1000)
        taken += take(r, 1, at) == 0;
    CHECK(taken >= 5000 && taken <= 5006);
    pl_rate_free(r);
}

TEST(an_ipv6_client_is_its_net)
{
    pl_rate *r = pl_rate_new(1, 1, 1);
    uint8_t a[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 1},
            b[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 2},
            c[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 2, 1};
    CHECK_EQ_INT(pl_rate_take(r, a, SECOND), 0);
    CHECK(pl_rate_take(r, b, SECOND) > 0);
    CHECK_EQ_INT(pl_rate_take(r, c, SECOND), 0);
    pl_rate_free(r);
}

/* A million clients do not make the one that floods forgotten: each of them has a nearly full
 * bucket, which is forgotten first. */
TEST(a_crowd_does_not_help_who_floods)
{
    pl_rate *r = pl_rate_new(1, 100, 12345);
    for (int i = 0; i < 100; i++)
        CHECK_EQ_INT(take(r, 7, SECOND), 0);
    for (uint32_t i = 0; i < 1000000; i++)
        take(r, 0x0a000000 + i, SECOND);
    CHECK(take(r, 7, SECOND) > 0);
    pl_rate_free(r);
}

TEST(clocks_that_go_back_give_nothing)
{
    pl_rate *r = pl_rate_new(1, 1, 1);
    CHECK_EQ_INT(take(r, 1, 10 * SECOND), 0);
    CHECK(take(r, 1, 9 * SECOND) > 0);
    CHECK(take(r, 1, 10 * SECOND + 1000) > 0);
    pl_rate_free(r);
}

static pl_rate *shared;
static atomic_int granted;

static void *hammer(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++)
        granted += take(shared, 1, SECOND) == 0;
    return NULL;
}

TEST(threads_share_one_bucket)
{
    pthread_t threads[4];
    shared = pl_rate_new(1, 1500, 1);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, hammer, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ_INT(granted, 1500);
    pl_rate_free(shared);
}

int main(void)
{
    return RUN(CASE(a_burst_then_a_steady_rate), CASE(over_time_it_is_the_rate),
               CASE(an_ipv6_client_is_its_net), CASE(a_crowd_does_not_help_who_floods),
               CASE(clocks_that_go_back_give_nothing), CASE(threads_share_one_bucket));
}
