/* SPDX-License-Identifier: MIT
 *
 * Hierarchical hashed timing wheel. Everything in the gateway that expires is a pl_timer on the
 * wheel of the worker that owns it: start and stop are O(1), the wheel allocates nothing (nodes are
 * embedded in their owners), and time is an argument, so that a test owns the clock. Ticks are
 * milliseconds; the range is 2^36 ms (795 days), and what lies further ahead goes round the wheel
 * until its turn has come. One thread. The wheel must not move in memory while timers run. A
 * callback may start and stop any timer, its own included. */
#ifndef PL_BASE_WHEEL_H
#define PL_BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define PL_WHEEL_BITS   6
#define PL_WHEEL_SLOTS  (1 << PL_WHEEL_BITS)
#define PL_WHEEL_LEVELS 6
#define PL_NEVER        UINT64_MAX

typedef struct pl_timer pl_timer;
typedef void pl_timer_fn(pl_timer *timer);

struct pl_timer {
    pl_timer *next, **link; /* link is NULL while the timer is not on a wheel */
    uint64_t due_ms;
    pl_timer_fn *fn;
};

typedef struct pl_wheel {
    uint64_t now_ms;
    uint64_t pending[PL_WHEEL_LEVELS]; /* one bit a slot: something is in it */
    pl_timer *slots[PL_WHEEL_LEVELS][PL_WHEEL_SLOTS];
    pl_timer *expired; /* due, about to be called by the advance under way; in order */
    uint64_t count;    /* of running timers */
} pl_wheel;

void pl_wheel_init(pl_wheel *w, uint64_t now_ms);
static inline void pl_timer_init(pl_timer *t, pl_timer_fn *fn)
{
    *t = (pl_timer){.fn = fn};
}
static inline bool pl_timer_is_running(const pl_timer *t)
{
    return t->link != 0;
}
/* Starts, or restarts, a timer `delay_ms` after the wheel's now.
 * A delay of 0 fires at the next advance. */
void pl_wheel_start(pl_wheel *w, pl_timer *t, uint64_t delay_ms);
/* Nothing happens to a timer that is not running. */
void pl_wheel_stop(pl_wheel *w, pl_timer *t);
/* Moves the wheel to `now_ms` (earlier than its now: nothing happens) and calls what
 * has come due, in the order of due times; timers of one millisecond in any order.
 * Callbacks see now_ms as the wheel's now, however late the timer is;
 * what they start fires at a later advance. Returns how many were called. */
uint64_t pl_wheel_advance(pl_wheel *w, uint64_t now_ms);
/* How long the owner may sleep: milliseconds until the wheel next has something
 * to do (a timer, or a slot to spread out), 0 for at once, PL_NEVER when it is empty.
 * Never later than the first timer. */
uint64_t pl_wheel_wait_ms(const pl_wheel *w);
/* Recomputes by brute force what the wheel claims:
 * NULL when all of it holds, else what does not. For tests. */
const char *pl_wheel_check(const pl_wheel *w);

#endif
