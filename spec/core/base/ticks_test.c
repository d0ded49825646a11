/* SPDX-License-Identifier: MIT */
#include "base/ticks.h"

#include "test.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void compute(int64_t ns)
{
    for (int64_t until = cpu_ns() + ns; cpu_ns() < until;)
        ;
}

typedef struct counter {
    pl_alarm alarm;
    volatile int fired;
} counter;

static void count(pl_alarm *alarm)
{
    ((counter *)(void *)alarm)->fired++;
}

static counter counter_at(int64_t at_ns)
{
    return (counter){.alarm = {.at_ns = at_ns, .fire = count}};
}

TEST(the_time_of_ticks_is_processor_time)
{
    pl_ticks *t = pl_ticks_here();
    int64_t began = cpu_ns(), before = t->now_ns;
    compute(200000000);
    int64_t ticked = t->now_ns - before, passed = cpu_ns() - began;
    CHECK(ticked > passed / 2);
    CHECK(ticked <= passed + 2 * t->tick_ns);
    CHECK(pl_ticks_here() == t);
}

TEST(a_thread_that_waits_gets_no_ticks)
{
    pl_ticks *t = pl_ticks_here();
    int64_t before = t->now_ns;
    nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
    CHECK(t->now_ns <= before + t->tick_ns);
}

TEST(an_alarm_goes_off_at_every_tick_from_its_time_on)
{
    pl_ticks *t = pl_ticks_here();
    counter c = counter_at(t->now_ns + 30000000);
    pl_ticks_set(t, &c.alarm);
    for (;;) {
        int fired = c.fired; /* read first: the alarm may go off in between */
        if (t->now_ns >= c.alarm.at_ns) break;
        CHECK_EQ_INT(fired, 0);
    }
    compute(100000000);
    CHECK(c.fired >= 2);
    pl_ticks_unset(t, &c.alarm);
    int before = c.fired;
    compute(50000000);
    CHECK_EQ_INT(c.fired, before);
}

TEST(an_alarm_within_another_takes_its_place_until_it_is_unset)
{
    pl_ticks *t = pl_ticks_here();
    counter outer = counter_at(0), inner = counter_at(INT64_MAX);
    pl_ticks_set(t, &outer.alarm);
    pl_ticks_set(t, &inner.alarm);
    int before = outer.fired;
    compute(50000000);
    CHECK_EQ_INT(outer.fired, before);
    CHECK_EQ_INT(inner.fired, 0);
    pl_ticks_unset(t, &inner.alarm);
    compute(50000000);
    CHECK(outer.fired > before);
    pl_ticks_unset(t, &outer.alarm);
}

TEST(ticks_become_finer_and_never_coarser)
{
    pl_ticks *t = pl_ticks_here();
    pl_ticks_refine(t, 5000000);
    CHECK_EQ_INT(t->tick_ns, 5000000);
    pl_ticks_refine(t, 8000000);
    CHECK_EQ_INT(t->tick_ns, 5000000);
    pl_ticks_refine(t, 1);
    CHECK_EQ_INT(t->tick_ns, 1000000);
    int64_t began = cpu_ns(), before = t->now_ns;
    compute(100000000);
    CHECK(t->now_ns - before <= cpu_ns() - began + 20000000);
}

static void *have_alarm(void *arg)
{
    pl_ticks *t = pl_ticks_here();
    counter *c = arg;
    *c = counter_at(0);
    pl_ticks_set(t, &c->alarm);
    compute(60000000);
    pl_ticks_unset(t, &c->alarm);
    return t;
}

TEST(each_thread_has_ticks_of_its_own_which_end_with_it)
{
    pl_ticks *own = pl_ticks_here();
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        counter c;
        void *ticks;
        CHECK_EQ_INT(pthread_create(&thread, NULL, have_alarm, &c), 0);
        CHECK_EQ_INT(pthread_join(thread, &ticks), 0);
        CHECK(ticks != own);
        CHECK(c.fired > 0);
    }
}

int main(void)
{
    return RUN(CASE(the_time_of_ticks_is_processor_time), CASE(a_thread_that_waits_gets_no_ticks),
               CASE(an_alarm_goes_off_at_every_tick_from_its_time_on),
               CASE(an_alarm_within_another_takes_its_place_until_it_is_unset),
               CASE(ticks_become_finer_and_never_coarser),
               CASE(each_thread_has_ticks_of_its_own_which_end_with_it));
}
