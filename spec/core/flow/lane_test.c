/* SPDX-License-Identifier: MIT */
#include "flow/lane.h"

#include "test.h"

#include <stdlib.h>

typedef struct item {
    pl_lane_node node;
    int number;
} item;

static pl_lanes all;
static item items[64];
static int item_count;

static void check(void)
{
    const char *wrong = pl_lanes_check(&all);
    CHECK_EQ_STR(wrong ? wrong : "", "");
}

static pl_track_name track(const char *webhook, const char *destination)
{
    return (pl_track_name){pl_slice_of(webhook), pl_slice_of(destination)};
}

static pl_lane *queue_on(const char *name, pl_track_name track, int count, bool is_retry)
{
    pl_lane *lane = NULL;
    for (int i = 0; i < count; i++) {
        item *it = &items[item_count];
        it->number = item_count++;
        lane = pl_lanes_enter(&all, pl_slice_of(name));
        pl_lanes_push(&all, lane, &track, &it->node, is_retry);
        check();
    }
    return lane;
}

static pl_lane *queue(const char *name, int count, bool is_retry)
{
    return queue_on(name, (pl_track_name){0}, count, is_retry);
}

static int shut = -1; /* the number of one that may not go */

static bool gate(void *arg, pl_lane_node *node)
{
    CHECK(arg == &shut);
    return ((item *)node)->number != shut;
}

/* The number of the next one, or -1. */
static int take(size_t used, size_t limit)
{
    pl_lane_node *node = pl_lanes_take(&all, used, limit, gate, &shut);
    check();
    return node ? ((item *)node)->number : -1;
}

static void leave(const char *name, int count)
{
    for (int i = 0; i < count; i++)
        pl_lanes_leave(&all, pl_lanes_find(&all, pl_slice_of(name)));
    check();
}

static void begin(void)
{
    all = (pl_lanes){0};
    item_count = 0;
}

TEST(lanes_are_served_in_turn_whatever_their_length)
{
    begin();
    queue("a", 5, false); /* 0 to 4 */
    queue("b", 2, false); /* 5, 6 */
    queue("c", 1, false); /* 7 */
    static const int expected[] = {0, 5, 7, 1, 6, 2, 3, 4, -1};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        CHECK_EQ_INT(take(0, 100), expected[i]);
    leave("a", 5);
    leave("b", 2);
    leave("c", 1);
    CHECK_EQ_INT(all.count, 0);
}

TEST(one_that_comes_new_is_served_after_those_that_wait)
{
    begin();
    queue("a", 3, false);
    queue("b", 3, false);
    CHECK_EQ_INT(take(0, 100), 0);
    queue("c", 1, false);
    CHECK_EQ_INT(take(0, 100), 3);
    CHECK_EQ_INT(take(0, 100), 1);
    CHECK_EQ_INT(take(0, 100), 6);
    leave("a", 3);
    leave("b", 3);
    leave("c", 1);
}

TEST(first_attempts_go_before_retries_but_neither_waits_for_ever)
{
    begin();
    queue("a", 6, true);  /* 0 to 5 */
    queue("a", 6, false); /* 6 to 11 */
    static const int expected[] = {6, 7, 8, 0, 9, 10, 11, 1, 2, 3, 4, 5, -1};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        CHECK_EQ_INT(take(0, 100), expected[i]);
    leave("a", 12);
}

TEST(a_lane_that_has_its_share_is_passed_over)
{
    begin();
    pl_lane *a = queue("a", 2, false);
    queue("b", 1, false);
    a->in_flight = 8;
    CHECK_EQ_INT(take(8, 10), 2); /* eight of eight, and two are free */
    CHECK_EQ_INT(take(8, 10), -1);
    a->in_flight = 7;
    CHECK_EQ_INT(take(7, 10), 0);
    a->in_flight = 0;
    leave("a", 2);
    leave("b", 1);
}

TEST(a_lane_whose_gate_is_shut_is_passed_over_and_keeps_its_order)
{
    begin();
    queue("a", 2, false); /* 0, 1 */
    queue("b", 2, false); /* 2, 3 */
    shut = 0;
    CHECK_EQ_INT(take(0, 10), 2);
    CHECK_EQ_INT(take(0, 10), 3);
    CHECK_EQ_INT(take(0, 10), -1);
    shut = -1;
    CHECK_EQ_INT(take(0, 10), 0);
    CHECK_EQ_INT(take(0, 10), 1);
    leave("a", 2);
    leave("b", 2);
}

TEST(tracks_of_a_lane_are_served_in_turn_and_one_that_is_shut_holds_up_no_other)
{
    begin();
    queue("a", 2, false);                                   /* 0, 1 */
    pl_lane *a = queue_on("a", track("", "//x"), 2, false); /* 2, 3 */
    queue_on("a", track("w", ""), 1, false);                /* 4 */
    queue_on("a", track("w", "//x"), 1, false);             /* 5 */
    queue_on("b", track("", "//x"), 1, false);              /* 6 */
    pl_track_name x = track("", "//x"), other = track("//x", "");
    CHECK_EQ_INT(pl_lanes_queued(&all, a, &x), 2);
    CHECK_EQ_INT(pl_lanes_queued(&all, a, &other), 0);
    CHECK_EQ_INT(pl_lanes_queued(&all, a, &(pl_track_name){0}), 2);
    shut = 2;
    static const int expected[] = {0, 6, 4, 5, 1, -1};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        CHECK_EQ_INT(take(0, 100), expected[i]);
    shut = -1;
    CHECK_EQ_INT(take(0, 100), 2);
    CHECK_EQ_INT(take(0, 100), 3);
    CHECK_EQ_INT(pl_lanes_queued(&all, a, &x), 0);
    leave("a", 6);
    leave("b", 1);
    CHECK_EQ_INT(all.count, 0);
}

TEST(tracks_go_with_their_lane)
{
    begin();
    queue_on("a", track("", "//x"), 2, false);
    queue_on("a", track("", "//y"), 1, true);
    queue("b", 1, false);
    leave("a", 3);
    CHECK_EQ_INT(take(0, 100), 3);
    leave("b", 1);
}

/* The share of one lane, of two, of four, that take as much as they get, of 500 places. */
TEST(what_is_free_is_shared_and_never_all_of_it)
{
    static const struct {
        size_t lanes, least, most;
    } cases[] = {{1, 400, 400}, {2, 222, 223}, {4, 117, 118}};
    for (size_t c = 0; c < 3; c++) {
        size_t own[4] = {0}, used = 0;
        for (size_t turn = 0; turn < 4000; turn++) {
            size_t i = turn % cases[c].lanes;
            if (!pl_lane_may_take(own[i], used, 500)) continue;
            own[i]++;
            used++;
        }
        for (size_t i = 0; i < cases[c].lanes; i++)
            CHECK(own[i] >= cases[c].least && own[i] <= cases[c].most);
        CHECK(pl_lane_may_take(0, used, 500));
    }
    CHECK(pl_lane_may_take(0, 0, 1));
    CHECK(!pl_lane_may_take(0, 1, 1));
    CHECK(!pl_lane_may_take(0, 2, 1));
}

TEST(a_lane_stays_while_anything_of_it_is_in_flight)
{
    begin();
    pl_lane *a = queue("a", 1, false);
    CHECK_EQ_INT(take(0, 1), 0);
    a->in_flight++;
    pl_lanes_leave(&all, a);
    CHECK(pl_lanes_find(&all, PL_SLICE("a")) == a);
    check();
    pl_lanes_landed(&all, a);
    CHECK(pl_lanes_find(&all, PL_SLICE("a")) == NULL);
    check();
}

int main(void)
{
    return RUN(CASE(lanes_are_served_in_turn_whatever_their_length),
               CASE(one_that_comes_new_is_served_after_those_that_wait),
               CASE(first_attempts_go_before_retries_but_neither_waits_for_ever),
               CASE(a_lane_that_has_its_share_is_passed_over),
               CASE(a_lane_whose_gate_is_shut_is_passed_over_and_keeps_its_order),
               CASE(tracks_of_a_lane_are_served_in_turn_and_one_that_is_shut_holds_up_no_other),
               CASE(tracks_go_with_their_lane), CASE(what_is_free_is_shared_and_never_all_of_it),
               CASE(a_lane_stays_while_anything_of_it_is_in_flight));
}
