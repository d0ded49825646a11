/* SPDX-License-Identifier: MIT */
#include "store/sqlite_time.h"

#include "base/log.h"
#include "store_harness.h"

#include <stdatomic.h>

#define HOUR 3600000

TEST(a_clock_that_is_corrected_has_not_jumped)
{
    pl_sqlite_clock c = {0};
    pl_sqlite_clock_look(&c, T0, 5);
    CHECK_EQ_INT(c.jump_ms, 0);
    pl_sqlite_clock_look(&c, T0 + HOUR, 5 + HOUR); /* time goes by */
    pl_sqlite_clock_look(&c, T0 + HOUR + 9999, 5 + HOUR);
    pl_sqlite_clock_look(&c, T0 + HOUR, 5 + HOUR);
    CHECK_EQ_INT(c.jump_ms, 0);
}

TEST(jumps_add_up_until_they_are_heeded)
{
    pl_sqlite_clock c = {0};
    pl_sqlite_clock_look(&c, T0, 0);
    pl_sqlite_clock_look(&c, T0 - HOUR + 1000, 1000);
    CHECK_EQ_INT(c.jump_ms, -HOUR);
    pl_sqlite_clock_look(&c, T0 - HOUR + 2000, 2000);
    CHECK_EQ_INT(c.jump_ms, -HOUR);
    pl_sqlite_clock_look(&c, T0 + HOUR + 3000, 3000);
    CHECK_EQ_INT(c.jump_ms, HOUR);
}

static atomic_llong wall;

static int64_t wall_ms(void)
{
    return wall;
}

static struct {
    int count;
    char connector[8];
    int64_t until_ms;
} pauses;

static void on_paused(void *arg, pl_slice connector, int64_t until_ms)
{
    CHECK(arg == &pauses);
    pauses.count++;
    snprintf(pauses.connector, sizeof pauses.connector, "%.*s", PL_FMT(connector));
    pauses.until_ms = until_ms;
}

static void open_with_clock(bench *b)
{
    char *reason;
    pl_store_config config = bench_config(b);
    config.wall_ms = wall_ms;
    config.paused = on_paused;
    config.arg = &pauses;
    pauses.count = 0;
    CHECK_EQ_INT(pl_store_open(&b->store, &config, &reason), 0);
}

static void close_store(bench *b)
{
    pl_store_close(b->store);
    b->store = NULL;
}

/* One attempt after which the receiver wants a pause, and the next is due in an hour. */
static void record_a_pause(bench *b, pl_uuid id, int64_t until_ms)
{
    pl_attempt a = attempt_of(1, "http_status", 429);
    pl_record r = record_of(id, &a, PL_STATE_PENDING);
    r.due_ms = T0 + HOUR;
    r.pause_until_ms = until_ms;
    CHECK_EQ_INT(run_op(b, &r.op, PL_OP_RECORD), 0);
}

static int claim_due(bench *b, int64_t before_ms)
{
    pl_claim c = {.before_ms = before_ms, .limit = 8};
    CHECK_EQ_INT(run_op(b, &c.op, PL_OP_CLAIM), 0);
    pl_arena_fini(&c.memory);
    return (int)c.count;
}

TEST(a_pause_is_told_when_the_store_is_opened_and_the_longest_counts)
{
    bench b;
    bench_init(&b);
    wall = T0;
    open_with_clock(&b);
    CHECK_EQ_INT(pauses.count, 0);
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"a", "b", "c"};
        CHECK_EQ_INT(commit_one(&b, names[i], id_of(T0, (uint32_t)i), true), 0);
        record_a_pause(&b, id_of(T0, (uint32_t)i), i == 1 ? T0 + 2 * HOUR : T0 + HOUR);
    }
    close_store(&b);
    open_with_clock(&b);
    CHECK_EQ_INT(pauses.count, 1);
    CHECK_EQ_STR(pauses.connector, "erp");
    CHECK_EQ_INT(pauses.until_ms, T0 + 2 * HOUR);
    bench_fini(&b);
}

/* The clock of the test stands still but where it is set: what passes in truth is a jump of its
 * own, of no more than the test takes. */
TEST(what_waits_is_moved_when_the_clock_is_set_back)
{
    bench b;
    bench_init(&b);
    wall = T0;
    open_with_clock(&b);
    CHECK_EQ_INT(commit_one(&b, "e", id_of(T0, 1), true), 0);
    record_a_pause(&b, id_of(T0, 1), T0 + 2 * HOUR);
    wall = T0 - 24 * HOUR;
    CHECK_EQ_INT(claim_due(&b, T0 - 24 * HOUR + HOUR / 2), 0);
    CHECK_EQ_INT(claim_due(&b, T0 - 24 * HOUR + HOUR), 1);
    close_store(&b);
    open_with_clock(&b);
    CHECK(pauses.until_ms <= T0 - 22 * HOUR && pauses.until_ms > T0 - 23 * HOUR);
    bench_fini(&b);
}

TEST(and_forward)
{
    bench b;
    bench_init(&b);
    wall = T0;
    open_with_clock(&b);
    CHECK_EQ_INT(commit_one(&b, "e", id_of(T0, 1), true), 0);
    record_a_pause(&b, id_of(T0, 1), 0);
    wall = T0 + 24 * HOUR;
    CHECK_EQ_INT(claim_due(&b, T0 + 24 * HOUR + HOUR / 2), 0);
    CHECK_EQ_INT(claim_due(&b, T0 + 25 * HOUR), 1);
    bench_fini(&b);
}

/* Between two processes nobody looks: what the clock shows is what has passed. */
TEST(a_clock_is_believed_when_the_store_is_opened)
{
    bench b;
    bench_init(&b);
    wall = T0;
    open_with_clock(&b);
    CHECK_EQ_INT(commit_one(&b, "e", id_of(T0, 1), true), 0);
    record_a_pause(&b, id_of(T0, 1), 0);
    close_store(&b);
    wall = T0 + 2 * HOUR;
    open_with_clock(&b);
    CHECK_EQ_INT(claim_due(&b, wall), 1);
    bench_fini(&b);
}

int main(void)
{
    pl_log_set_level(PL_LOG_OFF);
    return RUN(CASE(a_clock_that_is_corrected_has_not_jumped),
               CASE(jumps_add_up_until_they_are_heeded),
               CASE(a_pause_is_told_when_the_store_is_opened_and_the_longest_counts),
               CASE(what_waits_is_moved_when_the_clock_is_set_back), CASE(and_forward),
               CASE(a_clock_is_believed_when_the_store_is_opened));
}
