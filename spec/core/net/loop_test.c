/* SPDX-License-Identifier: MIT */
#include "net/world.h"

#include <ev.h>
#include <pthread.h>

static pl_loop *loop;
static int called;
static char order[32];
static size_t ordered;

static void stop_timer(pl_timer *t)
{
    (void)t;
    called++;
    pl_loop_stop(loop);
}

static uint64_t run_us(void)
{
    uint64_t started = pl_monotonic_us();
    pl_loop_run(loop);
    return pl_monotonic_us() - started;
}

TEST(loop_fires_a_timer_when_it_is_due_and_not_before)
{
    uint64_t started_us = pl_monotonic_us(); /* the wheel's now is that of pl_loop_new */
    loop = pl_loop_new();
    pl_timer t;
    pl_timer_init(&t, stop_timer);
    called = 0;
    pl_wheel_start(pl_loop_wheel(loop), &t, 30);
    pl_loop_run(loop);
    CHECK_EQ_INT(called, 1);
    CHECK(pl_monotonic_us() - started_us >= 29000); /* the wheel counts whole milliseconds */
    pl_loop_free(loop);
}

static pl_timer second;
static uint64_t second_started_us, second_took_us;

static void start_second(pl_message *m)
{
    (void)m;
    second_started_us = pl_monotonic_us();
    pl_wheel_start(pl_loop_wheel(loop), &second, 30);
}

static void second_fired(pl_timer *t)
{
    (void)t;
    second_took_us = pl_monotonic_us() - second_started_us;
    pl_loop_stop(loop);
}

static void *post_later(void *arg)
{
    usleep(60000); /* long enough for a stale clock of the wheel to show */
    pl_mailbox_post(pl_loop_mailbox(loop), arg);
    return NULL;
}

/* A wheel whose now were that of the round before would fire 60 ms early. */
TEST(loop_timer_started_after_a_long_wait_does_not_fire_early)
{
    loop = pl_loop_new();
    pl_timer_init(&second, second_fired);
    pl_message m = {.fn = start_second};
    pthread_t thread;
    pthread_create(&thread, NULL, post_later, &m);
    pl_loop_run(loop);
    pthread_join(thread, NULL);
    CHECK(second_took_us >= 29000);
    pl_loop_free(loop);
}

static void put(char c)
{
    order[ordered++] = c;
}

static void zero_timer(pl_timer *t)
{
    (void)t;
    put('t');
    pl_loop_stop(loop);
}

static pl_timer zero;

static void start_it(pl_message *m)
{
    (void)m;
    pl_wheel_start(pl_loop_wheel(loop), &zero, 0);
    put('m');
}

TEST(loop_runs_timers_of_delay_0_in_the_same_round)
{
    loop = pl_loop_new();
    ordered = 0;
    pl_timer_init(&zero, zero_timer);
    pl_message m = {.fn = start_it};
    pl_mailbox_post(pl_loop_mailbox(loop), &m);
    uint64_t took = run_us();
    order[ordered] = '\0';
    CHECK_EQ_STR(order, "mt");
    CHECK(took < DEADLINE_US);
    pl_loop_free(loop);
}

static void note_wait(void *arg)
{
    put(*(const char *)arg);
}

static pl_message again;

static void last_message(pl_message *m)
{
    (void)m;
    put('M');
    pl_loop_stop(loop);
}

static void post_again(pl_timer *t)
{
    (void)t;
    put('t');
    again.fn = last_message;
    pl_mailbox_post(pl_loop_mailbox(loop), &again);
}

/* The round before any event, that of the first message with its timer, that of the second. */
TEST(loop_tells_before_it_waits)
{
    loop = pl_loop_new();
    ordered = 0;
    pl_timer_init(&zero, post_again);
    pl_message m = {.fn = start_it};
    char letter = 'w';
    pl_loop_on_wait(loop, note_wait, &letter);
    pl_mailbox_post(pl_loop_mailbox(loop), &m);
    pl_loop_run(loop);
    order[ordered] = '\0';
    CHECK_EQ_STR(order, "wmtwM");
    pl_loop_free(loop);
}

typedef struct note {
    pl_flush flush;
    char letter;
    pl_flush *next; /* is to be sent from then on */
} note;

static note notes[PL_FLUSH_TOGETHER];

static void put_note(pl_flush *f)
{
    const note *n = (note *)f;
    put(n->letter);
    if (n->next) pl_loop_flush_later(loop, n->next);
}

static void write_notes(int count)
{
    for (int i = 0; i < count; i++) {
        notes[i] = (note){.flush.fn = put_note, .letter = (char)('a' + i)};
        pl_loop_flush_later(loop, &notes[i].flush);
    }
}

static void write_few(pl_message *m)
{
    (void)m;
    write_notes(3);
    pl_loop_flush_later(loop, &notes[0].flush); /* waits already */
    pl_loop_flush_cancel(loop, &notes[1].flush);
    pl_loop_flush_cancel(loop, &notes[1].flush);
    notes[2].next = &notes[1].flush;
    pl_wheel_start(pl_loop_wheel(loop), &zero, 0);
    put('m');
}

static void write_from_timer(pl_timer *t)
{
    (void)t;
    put('t');
    pl_loop_flush_later(loop, &notes[0].flush);
    pl_loop_stop(loop);
}

TEST(loop_flushes_before_it_waits)
{
    loop = pl_loop_new();
    ordered = 0;
    pl_timer_init(&zero, write_from_timer);
    pl_message m = {.fn = write_few};
    char letter = 'w';
    pl_mailbox_post(pl_loop_mailbox(loop), &m);
    pl_loop_on_wait(loop, note_wait, &letter);
    pl_loop_run(loop);
    order[ordered] = '\0';
    CHECK_EQ_STR(order, "wmacbtaw");
    pl_loop_free(loop);
}

static void write_enough(pl_message *m)
{
    (void)m;
    write_notes(PL_FLUSH_TOGETHER);
    put('m');
}

static void on_next_event(struct ev_loop *ev, ev_async *w, int events)
{
    (void)ev, (void)w, (void)events;
    put('e');
    pl_loop_stop(loop);
}

static void on_event(struct ev_loop *ev, ev_async *w, int events)
{
    (void)events;
    ev_feed_event(ev, w->data, EV_ASYNC); /* is told of next, but for what is fed behind it */
    write_enough(NULL);
}

TEST(loop_flushes_between_events_when_enough_waits)
{
    loop = pl_loop_new();
    ordered = 0;
    ev_async event, next;
    ev_async_init(&event, on_event);
    ev_async_init(&next, on_next_event);
    event.data = &next;
    ev_feed_event(pl_loop_ev(loop), &event, EV_ASYNC);
    ev_invoke_pending(pl_loop_ev(loop));
    order[ordered] = '\0';
    CHECK_EQ_STR(order, "mabcdefghijklmnope");
    pl_loop_run(loop);
    pl_loop_free(loop);
}

static void write_and_stop(pl_message *m)
{
    (void)m;
    write_notes(2);
    pl_loop_stop(loop);
}

TEST(loop_flushes_what_the_end_of_the_run_has_cut_short)
{
    loop = pl_loop_new();
    ordered = 0;
    pl_message m = {.fn = write_and_stop};
    pl_mailbox_post(pl_loop_mailbox(loop), &m);
    pl_loop_run(loop);
    order[ordered] = '\0';
    CHECK_EQ_STR(order, "ab");
    pl_loop_free(loop);
}

static ev_async told;

static void tell(pl_flush *f)
{
    put_note(f);
    ev_feed_event(pl_loop_ev(loop), &told, EV_ASYNC);
}

static void write_telling(pl_message *m)
{
    (void)m;
    notes[0] = (note){.flush.fn = tell, .letter = '1'};
    pl_loop_flush_later(loop, &notes[0].flush);
}

/* An event that only libev's list tells of: it would wait for one of the kernel. */
TEST(loop_tells_of_what_a_flush_has_fed_before_it_waits)
{
    loop = pl_loop_new();
    ordered = 0;
    ev_async_init(&told, on_next_event);
    pl_message m = {.fn = write_telling};
    pl_mailbox_post(pl_loop_mailbox(loop), &m);
    uint64_t took = run_us();
    order[ordered] = '\0';
    CHECK_EQ_STR(order, "1e");
    CHECK(took < DEADLINE_US);
    pl_loop_free(loop);
}

enum { POSTS = 2000, POSTERS = 3 };
static pl_message posts[POSTERS][POSTS];
static int received;

static void count_post(pl_message *m)
{
    (void)m;
    if (++received == POSTERS * POSTS) pl_loop_stop(loop);
}

static void *post_many(void *arg)
{
    pl_message *mine = arg;
    for (int i = 0; i < POSTS; i++) {
        mine[i].fn = count_post;
        pl_mailbox_post(pl_loop_mailbox(loop), &mine[i]);
    }
    return NULL;
}

TEST(loop_takes_messages_of_many_threads)
{
    loop = pl_loop_new();
    received = 0;
    pthread_t threads[POSTERS];
    for (int i = 0; i < POSTERS; i++)
        pthread_create(&threads[i], NULL, post_many, posts[i]);
    pl_loop_run(loop);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ_INT(received, POSTERS * POSTS);
    pl_loop_free(loop);
}

static void stall(pl_timer *t)
{
    (void)t;
    for (uint64_t started = pl_monotonic_us(); pl_monotonic_us() - started < 40000;)
        ;
    pl_loop_stop(loop);
}

TEST(loop_watchdog_sees_a_stall_and_does_not_count_waiting)
{
    loop = pl_loop_new();
    pl_timer t;
    pl_timer_init(&t, stop_timer);
    pl_wheel_start(pl_loop_wheel(loop), &t, 300);
    pl_loop_run(loop);
    CHECK(pl_loop_longest_stall_us(loop) < 300000);
    pl_timer_init(&t, stall);
    pl_wheel_start(pl_loop_wheel(loop), &t, 1);
    pl_loop_run(loop);
    CHECK(pl_loop_longest_stall_us(loop) >= 40000);
    uint64_t rounds = 0;
    for (int i = 0; i < PL_HISTOGRAM_BUCKETS; i++)
        rounds += atomic_load(&pl_loop_busy(loop)->buckets[i]);
    CHECK(rounds >= 2);
    pl_loop_free(loop);
}

TEST(loop_stopped_before_it_runs_returns_at_once)
{
    loop = pl_loop_new();
    pl_loop_stop(loop);
    CHECK(run_us() < DEADLINE_US);
    pl_loop_free(loop);
}

TEST(loop_clocks_and_seeds)
{
    uint64_t a = pl_monotonic_us(), b = pl_monotonic_us();
    CHECK(b >= a);
    CHECK(pl_wall_ms() > 1700000000000); /* after 2023 */
    int64_t before_s = pl_wall_s(), between_ms = pl_wall_ms();
    CHECK(before_s * 1000 <= between_ms && between_ms / 1000 - before_s <= 1);
    uint8_t one[32] = {0}, two[32] = {0};
    pl_random_seed(one);
    pl_random_seed(two);
    CHECK(memcmp(one, two, sizeof one) != 0);
}

TEST(loop_leaks_no_descriptor)
{
    int before = world_descriptors();
    loop = pl_loop_new();
    CHECK(world_descriptors() > before);
    pl_loop_free(loop);
    CHECK_EQ_INT(world_descriptors(), before);
}

int main(void)
{
    return RUN(CASE(loop_fires_a_timer_when_it_is_due_and_not_before),
               CASE(loop_timer_started_after_a_long_wait_does_not_fire_early),
               CASE(loop_runs_timers_of_delay_0_in_the_same_round),
               CASE(loop_tells_before_it_waits), CASE(loop_flushes_before_it_waits),
               CASE(loop_flushes_between_events_when_enough_waits),
               CASE(loop_flushes_what_the_end_of_the_run_has_cut_short),
               CASE(loop_tells_of_what_a_flush_has_fed_before_it_waits),
               CASE(loop_takes_messages_of_many_threads),
               CASE(loop_watchdog_sees_a_stall_and_does_not_count_waiting),
               CASE(loop_stopped_before_it_runs_returns_at_once), CASE(loop_clocks_and_seeds),
               CASE(loop_leaks_no_descriptor));
}
