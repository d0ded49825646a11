/* SPDX-License-Identifier: MIT
 *
 * One round of the loop:
 *
 *      .--> check:   the wheel moves to now and fires what is due   -.
 *      |    events:  sockets, mailbox; what they send, some together |  busy, measured
 *      |    prepare: what is still to be sent, timers of delay 0,    |
 *      |             on_wait, arm the clock -------------------------'
 *      '--- wait:    until an event, or until the wheel has something to do
 *
 * Invariants: the wheel's now is at most one round old when a callback starts a timer, so that no
 * timer fires early by the length of a wait; the one ev_timer is armed for the moment at which the
 * wheel next has something to do, and does nothing itself but end the wait. */
#include "net/loop.h"

#include "base/buf.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

struct pl_loop {
    struct ev_loop *ev;
    ev_check check;
    ev_prepare prepare;
    ev_timer clock;
    ev_async wake;
    ev_async full; /* is only fed: enough waits to be sent */
    pl_flush *waiting, **waiting_end;
    int waiting_count;
    pl_wheel wheel;
    pl_mailbox mailbox;
    uint64_t armed_due_ms; /* of `clock`; PL_NEVER: not running */
    uint64_t busy_since_us;
    void (*on_wait)(void *arg);
    void *on_wait_arg;
    pl_histogram busy;
    _Atomic uint64_t longest_stall_us;
    atomic_bool is_stopping;
};

static uint64_t clock_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t pl_monotonic_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

int64_t pl_wall_ms(void)
{
    return (int64_t)(clock_us(CLOCK_REALTIME) / 1000);
}

int64_t pl_wall_s(void)
{
    return (int64_t)(clock_us(CLOCK_REALTIME_COARSE) / 1000000);
}

void pl_random_seed(uint8_t seed[32])
{
    /* Up to 256 bytes come whole or not at all (getrandom(2)). */
    if (getrandom(seed, 32, 0) != 32) {
        fprintf(stderr, "perilune: the kernel gives no random bytes\n");
        abort();
    }
}

static void arm_clock(pl_loop *loop, uint64_t now_us)
{
    uint64_t wait_ms = pl_wheel_wait_ms(&loop->wheel);
    uint64_t due_ms = wait_ms == PL_NEVER ? PL_NEVER : loop->wheel.now_ms + wait_ms;
    if (due_ms == loop->armed_due_ms && (due_ms == PL_NEVER || ev_is_active(&loop->clock))) return;
    ev_timer_stop(loop->ev, &loop->clock);
    loop->armed_due_ms = due_ms;
    if (due_ms == PL_NEVER) return;
    uint64_t due_us = due_ms * 1000;
    ev_now_update(loop->ev); /* libev counts from the start of the round */
    ev_timer_set(&loop->clock, due_us > now_us ? (double)(due_us - now_us) / 1e6 : 0., 0.);
    ev_timer_start(loop->ev, &loop->clock);
}

/* -- what is sent together -- */

void pl_loop_flush_later(pl_loop *loop, pl_flush *f)
{
    if (f->link) return;
    f->next = NULL;
    f->link = loop->waiting_end;
    *f->link = f;
    loop->waiting_end = &f->next;
    if (++loop->waiting_count == PL_FLUSH_TOGETHER) ev_feed_event(loop->ev, &loop->full, EV_ASYNC);
}

void pl_loop_flush_cancel(pl_loop *loop, pl_flush *f)
{
    if (f->link == NULL) return;
    *f->link = f->next;
    *(f->next ? &f->next->link : &loop->waiting_end) = f->link;
    f->link = NULL;
    loop->waiting_count--;
}

static void flush(pl_loop *loop)
{
    while (loop->waiting) {
        pl_flush *f = loop->waiting;
        pl_loop_flush_cancel(loop, f);
        f->fn(f);
    }
}

static void on_full(struct ev_loop *ev, ev_async *w, int events)
{
    (void)ev, (void)events;
    flush(w->data);
}

/* -- the parts of a round -- */

/* What was sent may have made events, and those more to send: libev would wait before it tells of
 * them. What was started with delay 0 in this round needs no round of its own. */
static void end_round(pl_loop *loop)
{
    do {
        flush(loop);
        if (pl_wheel_wait_ms(&loop->wheel) == 0)
            pl_wheel_advance(&loop->wheel, pl_monotonic_us() / 1000);
        ev_invoke_pending(loop->ev);
    } while (loop->waiting);
}

static void on_prepare(struct ev_loop *ev, ev_prepare *w, int events)
{
    (void)ev, (void)events;
    pl_loop *loop = w->data;
    end_round(loop);
    if (loop->on_wait) loop->on_wait(loop->on_wait_arg);
    uint64_t now_us = pl_monotonic_us(), busy_us = now_us - loop->busy_since_us;
    pl_histogram_add(&loop->busy, busy_us);
    if (busy_us > pl_loop_longest_stall_us(loop))
        atomic_store_explicit(&loop->longest_stall_us, busy_us, memory_order_relaxed);
    loop->busy_since_us = now_us; /* if check should not come before the next prepare */
    arm_clock(loop, now_us);
}

static void on_check(struct ev_loop *ev, ev_check *w, int events)
{
    (void)ev, (void)events;
    pl_loop *loop = w->data;
    loop->busy_since_us = pl_monotonic_us();
    pl_wheel_advance(&loop->wheel, loop->busy_since_us / 1000);
}

static void on_clock(struct ev_loop *ev, ev_timer *w, int events)
{
    (void)ev, (void)w, (void)events;
}

static void on_wake(struct ev_loop *ev, ev_async *w, int events)
{
    (void)events;
    pl_loop *loop = w->data;
    pl_mailbox_drain(&loop->mailbox);
    if (atomic_exchange(&loop->is_stopping, false)) ev_break(ev, EVBREAK_ALL);
}

static void wake(void *owner)
{
    pl_loop *loop = owner;
    ev_async_send(loop->ev, &loop->wake);
}

pl_loop *pl_loop_new(void)
{
    pl_loop *loop = pl_alloc_zero(sizeof *loop);
    loop->ev = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (loop->ev == NULL) {
        fprintf(stderr, "perilune: no epoll (out of file descriptors?)\n");
        abort();
    }
    loop->armed_due_ms = PL_NEVER;
    loop->busy_since_us = pl_monotonic_us();
    pl_wheel_init(&loop->wheel, loop->busy_since_us / 1000);
    pl_mailbox_init(&loop->mailbox, wake, loop);

    ev_check_init(&loop->check, on_check);
    ev_prepare_init(&loop->prepare, on_prepare);
    ev_timer_init(&loop->clock, on_clock, 0., 0.);
    ev_async_init(&loop->wake, on_wake);
    ev_async_init(&loop->full, on_full);
    loop->check.data = loop->prepare.data = loop->wake.data = loop->full.data = loop;
    loop->waiting_end = &loop->waiting;
    ev_set_priority(&loop->check, EV_MAXPRI);   /* before the events of the round */
    ev_set_priority(&loop->prepare, EV_MINPRI); /* behind them */
    ev_check_start(loop->ev, &loop->check);
    ev_prepare_start(loop->ev, &loop->prepare);
    ev_async_start(loop->ev, &loop->wake);
    return loop;
}

void pl_loop_free(pl_loop *loop)
{
    if (loop == NULL) return;
    ev_check_stop(loop->ev, &loop->check);
    ev_prepare_stop(loop->ev, &loop->prepare);
    ev_timer_stop(loop->ev, &loop->clock);
    ev_async_stop(loop->ev, &loop->wake);
    pl_mailbox_fini(&loop->mailbox);
    ev_loop_destroy(loop->ev);
    free(loop);
}

void pl_loop_run(pl_loop *loop)
{
    loop->busy_since_us = pl_monotonic_us();
    pl_wheel_advance(&loop->wheel, loop->busy_since_us / 1000);
    ev_run(loop->ev, 0);
    end_round(loop); /* which the end of the run has cut short */
}

void pl_loop_stop(pl_loop *loop)
{
    atomic_store(&loop->is_stopping, true);
    wake(loop);
}

pl_mailbox *pl_loop_mailbox(pl_loop *loop)
{
    return &loop->mailbox;
}

pl_wheel *pl_loop_wheel(pl_loop *loop)
{
    return &loop->wheel;
}

void pl_loop_on_wait(pl_loop *loop, void (*fn)(void *arg), void *arg)
{
    loop->on_wait = fn;
    loop->on_wait_arg = arg;
}

struct ev_loop *pl_loop_ev(pl_loop *loop)
{
    return loop->ev;
}

uint64_t pl_loop_longest_stall_us(const pl_loop *loop)
{
    return atomic_load_explicit(&loop->longest_stall_us, memory_order_relaxed);
}

const pl_histogram *pl_loop_busy(const pl_loop *loop)
{
    return &loop->busy;
}
