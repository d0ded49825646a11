/* SPDX-License-Identifier: MIT */
#include "base/wheel.h"

#include "base/id.h"
#include "test.h"

#include <stdlib.h>

#define RANGE_MS (1ULL << PL_WHEEL_BITS * PL_WHEEL_LEVELS)

#define CHECK_WHEEL(w)                                       \
    do {                                                     \
        const char *wrong_ = pl_wheel_check(w);              \
        test_checks++;                                       \
        if (wrong_) test_report(__FILE__, __LINE__, wrong_); \
    } while (0)

static pl_wheel wheel;
static pl_timer *fired[16];
static int fired_count;

static void note(pl_timer *t)
{
    fired[fired_count++ % 16] = t;
}

static void start_at(uint64_t now_ms)
{
    pl_wheel_init(&wheel, now_ms);
    fired_count = 0;
}

TEST(a_timer_fires_at_its_time_and_once)
{
    static const uint64_t delays[] = {1,
                                      2,
                                      62,
                                      63,
                                      64,
                                      65,
                                      127,
                                      4095,
                                      4096,
                                      4097,
                                      262143,
                                      262144,
                                      (1 << 24),
                                      (1 << 24) + 1,
                                      (1 << 30) - 1,
                                      1 << 30,
                                      RANGE_MS - 1,
                                      RANGE_MS,
                                      RANGE_MS + 1,
                                      3 * RANGE_MS + 12345};
    static const uint64_t nows[] = {0, 1, 63, 64, 4095, 1763712930123, 25 * RANGE_MS - 1};
    for (size_t n = 0; n < sizeof nows / sizeof nows[0]; n++) {
        for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
            pl_timer t;
            start_at(nows[n]);
            pl_timer_init(&t, note);
            CHECK(!pl_timer_is_running(&t));
            pl_wheel_start(&wheel, &t, delays[i]);
            CHECK(pl_timer_is_running(&t));
            CHECK_WHEEL(&wheel);
            CHECK_EQ_INT(pl_wheel_advance(&wheel, nows[n] + delays[i] - 1), 0);
            CHECK_WHEEL(&wheel);
            CHECK_EQ_INT(pl_wheel_wait_ms(&wheel), 1);
            CHECK_EQ_INT(pl_wheel_advance(&wheel, nows[n] + delays[i]), 1);
            CHECK(!pl_timer_is_running(&t));
            CHECK(pl_wheel_wait_ms(&wheel) == PL_NEVER);
            CHECK_WHEEL(&wheel);
        }
    }
}

TEST(a_delay_of_zero_fires_at_the_next_advance)
{
    pl_timer t;
    start_at(777);
    pl_timer_init(&t, note);
    pl_wheel_start(&wheel, &t, 0);
    CHECK_EQ_INT(pl_wheel_wait_ms(&wheel), 0);
    CHECK_EQ_INT(pl_wheel_advance(&wheel, 777), 1);
    CHECK_EQ_INT(pl_wheel_advance(&wheel, 777), 0);
}

TEST(time_that_goes_back_does_nothing)
{
    pl_timer t;
    start_at(1000);
    pl_timer_init(&t, note);
    pl_wheel_start(&wheel, &t, 0);
    CHECK_EQ_INT(pl_wheel_advance(&wheel, 999), 0);
    CHECK_EQ_INT(wheel.now_ms, 1000);
    CHECK_WHEEL(&wheel);
}

TEST(start_moves_a_running_timer_and_stop_is_idempotent)
{
    pl_timer t;
    start_at(0);
    pl_timer_init(&t, note);
    pl_wheel_stop(&wheel, &t);
    pl_wheel_start(&wheel, &t, 10);
    pl_wheel_start(&wheel, &t, 500);
    CHECK_EQ_INT(wheel.count, 1);
    CHECK_EQ_INT(pl_wheel_advance(&wheel, 499), 0);
    CHECK_WHEEL(&wheel);
    pl_wheel_stop(&wheel, &t);
    pl_wheel_stop(&wheel, &t);
    CHECK_EQ_INT(wheel.count, 0);
    CHECK_WHEEL(&wheel);
    CHECK_EQ_INT(pl_wheel_advance(&wheel, 1000), 0);
}

TEST(a_delay_beyond_all_time_is_held)
{
    pl_timer t;
    start_at(5);
    pl_timer_init(&t, note);
    pl_wheel_start(&wheel, &t, PL_NEVER);
    CHECK(t.due_ms == UINT64_MAX);
    CHECK_EQ_INT(pl_wheel_advance(&wheel, 10 * RANGE_MS), 0);
    CHECK_WHEEL(&wheel);
    CHECK_EQ_INT(wheel.count, 1);
}

TEST(a_late_advance_fires_in_the_order_of_due_times)
{
    static const uint64_t delays[] = {300000, 5, 64, 63, 4096, 70, 1};
    static const int order[] = {6, 1, 3, 2, 5, 4, 0};
    enum { COUNT = sizeof delays / sizeof delays[0] };
    pl_timer t[COUNT];
    start_at(60);
    for (int i = 0; i < COUNT; i++) {
        pl_timer_init(&t[i], note);
        pl_wheel_start(&wheel, &t[i], delays[i]);
    }
    CHECK_EQ_INT(pl_wheel_advance(&wheel, 1000000), COUNT);
    for (int i = 0; i < COUNT; i++)
        CHECK(fired[i] == &t[order[i]]);
}

static pl_timer victim;

static void stop_victim(pl_timer *t)
{
    note(t);
    pl_wheel_stop(&wheel, &victim);
    CHECK_WHEEL(&wheel);
}

static void restart_self(pl_timer *t)
{
    note(t);
    CHECK(!pl_timer_is_running(t));
    pl_wheel_start(&wheel, t, 0);
    CHECK_WHEEL(&wheel);
}

TEST(a_callback_stops_a_timer_that_is_due_in_the_same_advance)
{
    pl_timer t;
    start_at(0);
    pl_timer_init(&t, stop_victim);
    pl_timer_init(&victim, note);
    pl_wheel_start(&wheel, &t, 100);
    pl_wheel_start(&wheel, &victim, 101);
    CHECK_EQ_INT(pl_wheel_advance(&wheel, 5000), 1);
    CHECK(fired[0] == &t && fired_count == 1);
    CHECK_WHEEL(&wheel);
}

TEST(a_callback_that_restarts_itself_at_once_waits_for_the_next_advance)
{
    pl_timer t;
    start_at(0);
    pl_timer_init(&t, restart_self);
    pl_wheel_start(&wheel, &t, 7);
    CHECK_EQ_INT(pl_wheel_advance(&wheel, 100), 1);
    CHECK_EQ_INT(t.due_ms, 100); /* counted from the present, not from when it was due */
    CHECK_EQ_INT(pl_wheel_advance(&wheel, 100), 1);
    pl_wheel_stop(&wheel, &t);
}

static void free_self(pl_timer *t)
{
    note(t);
    free(t);
}

TEST(a_callback_may_free_its_timer)
{
    start_at(0);
    for (int i = 0; i < 3; i++) {
        pl_timer *t = malloc(sizeof *t);
        pl_timer_init(t, free_self);
        pl_wheel_start(&wheel, t, 9);
    }
    CHECK_EQ_INT(pl_wheel_advance(&wheel, 10), 3);
    CHECK_WHEEL(&wheel);
}

static uint64_t steps;

static void step(pl_timer *t)
{
    pl_wheel_start(&wheel, t, 1 + steps++ % 100);
}

/* Were empty time walked through by the millisecond, this would take centuries. */
TEST(jumps_over_empty_time_are_cheap)
{
    pl_timer t;
    start_at(0);
    pl_timer_init(&t, step);
    pl_wheel_start(&wheel, &t, 1);
    for (uint64_t now = 0; now < 1ULL << 62; now += 1ULL << 52)
        pl_wheel_advance(&wheel, now);
    CHECK_EQ_INT(steps, 1023);
    CHECK_WHEEL(&wheel);
}

/* The check must see what it is there for. */
TEST(check_notices_damage)
{
    pl_timer a, b;
    start_at(1000);
    pl_timer_init(&a, note);
    pl_timer_init(&b, note);
    pl_wheel_start(&wheel, &a, 3);
    pl_wheel_start(&wheel, &b, 5000);
    CHECK(pl_wheel_check(&wheel) == NULL);
    a.due_ms++;
    CHECK(pl_wheel_check(&wheel) != NULL);
    a.due_ms--;
    wheel.count++;
    CHECK(pl_wheel_check(&wheel) != NULL);
    wheel.count -= 2;
    CHECK(pl_wheel_check(&wheel) != NULL);
    wheel.count++;
    wheel.pending[3] |= 1;
    CHECK(pl_wheel_check(&wheel) != NULL);
    wheel.pending[3] = 0;
    wheel.pending[0] = 0;
    CHECK(pl_wheel_check(&wheel) != NULL);
    wheel.pending[0] = 1ULL << 1003 % 64;
    pl_timer **link = b.link;
    b.link = &b.next;
    CHECK(pl_wheel_check(&wheel) != NULL);
    b.link = link;
    wheel.now_ms += 4;
    CHECK(pl_wheel_check(&wheel) != NULL);
    wheel.now_ms -= 4;
    CHECK(pl_wheel_check(&wheel) == NULL);
}

/* The random test: a list of due times that is searched in full is the oracle. A timer of the model
 * is idle, waits, or is about to be called in the advance under way. */
enum { TIMERS = 60, STEPS = 3000, SEEDS = 12 };

static struct modelled {
    pl_timer timer;
    enum { IDLE, WAITS, DUE } state;
    uint64_t due_ms;
} model[TIMERS];

static pl_rng rng;

static uint64_t below(uint64_t n)
{
    return pl_rng_next(&rng) % n;
}

/* Delays and jumps of every magnitude, often just beside a boundary of a level. */
static uint64_t random_span(void)
{
    uint64_t bits = below(PL_WHEEL_BITS * PL_WHEEL_LEVELS + 3);
    switch (below(4)) {
    case 0:
        return below(4);
    case 1:
        return (1ULL << bits) - below(2);
    case 2: /* to the next boundary, one less, or one more */
        return (((wheel.now_ms >> bits) + 1) << bits) - wheel.now_ms + below(3) - 1;
    default:
        return below((1ULL << bits) + 1);
    }
}

static void change_one(void)
{
    struct modelled *m = &model[below(TIMERS)];
    if (below(3) == 0) {
        pl_wheel_stop(&wheel, &m->timer);
        m->state = IDLE;
    } else {
        uint64_t delay = random_span();
        pl_wheel_start(&wheel, &m->timer, delay);
        m->state = WAITS;
        m->due_ms = wheel.now_ms + delay;
    }
    CHECK_WHEEL(&wheel);
}

static void fire_modelled(pl_timer *t)
{
    struct modelled *m = (struct modelled *)t;
    CHECK_EQ_INT(m->state, DUE);
    m->state = IDLE;
    for (int i = 0; i < TIMERS; i++)
        if (model[i].state == DUE && model[i].due_ms < m->due_ms)
            test_report(__FILE__, __LINE__, "an earlier timer was left behind");
    CHECK(!pl_timer_is_running(t));
    CHECK_WHEEL(&wheel);
    for (uint64_t changes = below(3); changes > 0; changes--)
        change_one();
}

static void advance_one(void)
{
    uint64_t now_ms = wheel.now_ms + random_span();
    if (below(2)) { /* or exactly as long as the wheel says */
        uint64_t wait_ms = pl_wheel_wait_ms(&wheel);
        if (wait_ms != PL_NEVER) now_ms = wheel.now_ms + wait_ms;
    }
    for (int i = 0; i < TIMERS; i++)
        if (model[i].state == WAITS && model[i].due_ms <= now_ms) model[i].state = DUE;
    pl_wheel_advance(&wheel, now_ms);
    CHECK_EQ_INT(wheel.now_ms, now_ms);
    for (int i = 0; i < TIMERS; i++) {
        CHECK(model[i].state != DUE);
        CHECK_EQ_INT(pl_timer_is_running(&model[i].timer), model[i].state == WAITS);
    }
    CHECK_WHEEL(&wheel);
}

static void run_random(uint8_t seed)
{
    uint8_t bytes[32] = {seed};
    int failures = test_failures;
    pl_rng_init(&rng, bytes);
    start_at(seed % 2 ? below(1000) : (below(1000) + 1) * RANGE_MS - below(1 << 20));
    for (int i = 0; i < TIMERS; i++) {
        model[i] = (struct modelled){.state = IDLE};
        pl_timer_init(&model[i].timer, fire_modelled);
    }
    for (int i = 0; i < STEPS && test_failures == failures; i++) {
        if (below(3))
            change_one();
        else
            advance_one();
    }
    if (test_failures > failures) printf("    with seed %d\n", seed);
}

TEST(random_starts_stops_and_jumps_agree_with_a_list)
{
    for (uint8_t seed = 1; seed <= SEEDS; seed++)
        run_random(seed);
}

int main(void)
{
    return RUN(
        CASE(a_timer_fires_at_its_time_and_once), CASE(a_delay_of_zero_fires_at_the_next_advance),
        CASE(time_that_goes_back_does_nothing),
        CASE(start_moves_a_running_timer_and_stop_is_idempotent),
        CASE(a_delay_beyond_all_time_is_held), CASE(a_late_advance_fires_in_the_order_of_due_times),
        CASE(a_callback_stops_a_timer_that_is_due_in_the_same_advance),
        CASE(a_callback_that_restarts_itself_at_once_waits_for_the_next_advance),
        CASE(a_callback_may_free_its_timer), CASE(jumps_over_empty_time_are_cheap),
        CASE(check_notices_damage), CASE(random_starts_stops_and_jumps_agree_with_a_list));
}
