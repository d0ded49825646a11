/* SPDX-License-Identifier: MIT */
#include "store/queue.h"

#include "test.h"

#include <stdlib.h>

#define LINGER 10000
#define ENOUGH 16

static pl_queue q;
static pl_op ops[3000];

static void start(void)
{
    memset(ops, 0, sizeof ops);
    pl_queue_init(&q, LINGER, ENOUGH);
    pl_queue_linger(&q, 0);
}

/* From the `from`th on, which somebody waits for or not. */
static void put(int from, int count, bool can_wait, size_t bytes)
{
    for (int i = from; i < from + count; i++) {
        ops[i].can_wait = can_wait;
        ops[i].bytes = bytes;
        pl_queue_put(&q, &ops[i]);
    }
}

static int length(const pl_op *group)
{
    int n = 0;
    for (; group; group = group->next)
        n++;
    return n;
}

/* Are they these, one after another? */
static bool is_run(const pl_op *group, int from, int count)
{
    for (int i = from; i < from + count; i++, group = group->next)
        if (group != &ops[i]) return false;
    return group == NULL;
}

TEST(one_that_somebody_waits_for_is_due_with_all_before_it)
{
    start();
    CHECK(!pl_queue_is_due(&q, 0));
    put(0, 3, true, 1);
    CHECK(!pl_queue_is_due(&q, 0));
    CHECK(!pl_queue_is_pressed(&q));
    put(3, 1, false, 1);
    CHECK(pl_queue_is_pressed(&q));
    CHECK(pl_queue_is_due(&q, 0));
    put(4, 1, true, 1);
    CHECK(is_run(pl_queue_take(&q), 0, 5));
    CHECK(pl_queue_take(&q) == NULL);
    put(5, 1, true, 1);
    CHECK(!pl_queue_is_due(&q, 0));
}

TEST(those_that_can_wait_are_due_after_a_time)
{
    start();
    pl_queue_linger(&q, 500);
    put(0, 1, true, 1);
    CHECK(!pl_queue_is_due(&q, 500 + LINGER - 1));
    CHECK(pl_queue_is_due(&q, 500 + LINGER));
    CHECK(!pl_queue_is_pressed(&q));
    CHECK(is_run(pl_queue_take(&q), 0, 1));
    CHECK(!pl_queue_is_due(&q, 500 + LINGER)); /* nothing is there */
}

TEST(without_a_time_to_linger_all_are_due)
{
    start();
    pl_queue_init(&q, 0, ENOUGH);
    pl_queue_linger(&q, 77);
    put(0, 1, true, 1);
    CHECK(pl_queue_is_due(&q, 77));
}

TEST(many_are_due)
{
    start();
    put(0, PL_QUEUE_LONG - 1, true, 1);
    CHECK(!pl_queue_has_enough(&q) && !pl_queue_is_due(&q, 0));
    put(PL_QUEUE_LONG - 1, 1, true, 1);
    CHECK(pl_queue_has_enough(&q) && pl_queue_is_due(&q, 0));
    CHECK(is_run(pl_queue_take(&q), 0, PL_QUEUE_LONG));
    CHECK(!pl_queue_has_enough(&q));
}

TEST(some_that_somebody_waits_for_are_enough)
{
    start();
    put(0, 5, true, 1);
    put(5, ENOUGH - 1, false, 1);
    CHECK(!pl_queue_has_enough(&q));
    put(4 + ENOUGH, 1, false, 1);
    CHECK(pl_queue_has_enough(&q));
    put(5 + ENOUGH, 1, false, 1);
    CHECK(!pl_queue_has_enough(&q)); /* it was said */
    CHECK(is_run(pl_queue_take(&q), 0, 6 + ENOUGH));
    put(0, ENOUGH - 1, false, 1);
    CHECK(!pl_queue_has_enough(&q));
    put(ENOUGH - 1, 1, false, 1);
    CHECK(pl_queue_has_enough(&q));
}

TEST(heavy_ones_are_due)
{
    start();
    put(0, 1, true, PL_QUEUE_LONG_BYTES - 1);
    CHECK(!pl_queue_is_due(&q, 0));
    put(1, 1, true, 1);
    CHECK(pl_queue_is_due(&q, 0));
    CHECK(is_run(pl_queue_take(&q), 0, 2));
    put(2, 1, true, 1);
    CHECK(!pl_queue_is_due(&q, 0)); /* what was taken weighs no longer */
}

TEST(what_is_there_can_be_hurried)
{
    start();
    pl_queue_hurry(&q);
    CHECK(!pl_queue_is_pressed(&q));
    put(0, 1, true, 1);
    CHECK(!pl_queue_is_due(&q, 0)); /* it came behind */
    pl_queue_hurry(&q);
    CHECK(pl_queue_is_due(&q, 0));
    pl_queue_take(&q);
    put(1, 1, true, 1);
    CHECK(!pl_queue_is_due(&q, 0));
}

TEST(a_group_is_bounded_and_the_rest_is_due)
{
    start();
    put(0, PL_QUEUE_GROUP + 2, true, 1);
    CHECK(is_run(pl_queue_take(&q), 0, PL_QUEUE_GROUP));
    CHECK(pl_queue_is_due(&q, 0));
    CHECK(is_run(pl_queue_take(&q), PL_QUEUE_GROUP, 2));
    CHECK(!pl_queue_is_pressed(&q));
    put(0, 4, false, PL_QUEUE_GROUP_BYTES / 2);
    CHECK_EQ_INT(length(pl_queue_take(&q)), 2);
    CHECK_EQ_INT(length(pl_queue_take(&q)), 2);
}

int main(void)
{
    return RUN(CASE(one_that_somebody_waits_for_is_due_with_all_before_it),
               CASE(those_that_can_wait_are_due_after_a_time),
               CASE(without_a_time_to_linger_all_are_due), CASE(many_are_due),
               CASE(some_that_somebody_waits_for_are_enough), CASE(heavy_ones_are_due),
               CASE(what_is_there_can_be_hurried), CASE(a_group_is_bounded_and_the_rest_is_due));
}
