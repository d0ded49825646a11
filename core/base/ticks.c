/* SPDX-License-Identifier: MIT
 *
 * One POSIX timer a thread, on CLOCK_THREAD_CPUTIME_ID, whose signal goes to that thread
 * (SIGEV_THREAD_ID) and carries the address of the thread's ticks: the handler touches nothing
 * else, no thread-local variable and no lock. What it shares with the thread that it interrupts is
 * volatile, and written in the order in which it may be read. SA_RESTART is set, and code that
 * waits sees few of these signals anyway: waiting takes no processor time.
 *
 * A timer outlives its thread unless it is deleted, which the destructor of a key does. A signal
 * that is still pending then is delivered before timer_delete returns, while the ticks are there. */
#include "base/ticks.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id /* which glibc has from 2.38 on */
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* glibc keeps the first two real-time signals to itself. */
#define SIGNAL (SIGRTMIN + 3)

#define FIRST_TICK_NS 10000000
#define LEAST_TICK_NS 1000000 /* finer than kernels look at these clocks */

typedef struct thread_ticks {
    pl_ticks ticks;
    timer_t timer;
    bool is_started;
} thread_ticks;

static _Thread_local thread_ticks here;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void check(bool is_done, const char *what)
{
    if (is_done) return;
    fprintf(stderr, "perilune: no timer for the time budgets of scripts: ");
    perror(what);
    abort();
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    if (info->si_code != SI_TIMER) return;
    pl_ticks *t = info->si_value.sival_ptr;
    t->now_ns += t->tick_ns * (1 + info->si_overrun);
    pl_alarm *alarm = t->alarm;
    if (alarm && t->now_ns >= alarm->at_ns) alarm->fire(alarm);
}

static void end_thread(void *thread)
{
    timer_delete(((thread_ticks *)thread)->timer);
    ((thread_ticks *)thread)->is_started = false;
}

static void begin_process(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_RESTART | SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    check(sigaction(SIGNAL, &action, NULL) == 0, "sigaction");
    check(pthread_key_create(&key, end_thread) == 0, "pthread_key_create");
}

static void set_interval(void)
{
    struct timespec tick = {.tv_nsec = here.ticks.tick_ns};
    struct itimerspec every = {.it_interval = tick, .it_value = tick};
    check(timer_settime(here.timer, 0, &every, NULL) == 0, "timer_settime");
}

static void begin_thread(void)
{
    pthread_once(&once, begin_process);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGNAL};
    event.sigev_value.sival_ptr = &here.ticks;
    event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
    check(timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &here.timer) == 0, "timer_create");
    check(pthread_setspecific(key, &here) == 0, "pthread_setspecific");
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &own, NULL);
    here.is_started = true;
    here.ticks.tick_ns = FIRST_TICK_NS;
    set_interval();
}

pl_ticks *pl_ticks_here(void)
{
    if (!here.is_started) begin_thread();
    return &here.ticks;
}

void pl_ticks_refine(pl_ticks *t, int64_t tick_ns)
{
    if (tick_ns < LEAST_TICK_NS) tick_ns = LEAST_TICK_NS;
    if (tick_ns >= t->tick_ns) return;
    t->tick_ns = tick_ns;
    set_interval();
}

void pl_ticks_set(pl_ticks *t, pl_alarm *alarm)
{
    alarm->outer = t->alarm;
    t->alarm = alarm;
}

void pl_ticks_unset(pl_ticks *t, pl_alarm *alarm)
{
    t->alarm = alarm->outer;
}
