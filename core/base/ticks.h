/* SPDX-License-Identifier: MIT
 *
 * The processor time of a thread, in ticks: a timer of the thread's own CPU clock sends the thread
 * a signal, whose handler counts. So reading the time is reading a variable, and setting an alarm
 * is writing one: neither is a system call. A thread that does not compute gets no ticks.
 *
 * Everything here belongs to the calling thread. */
#ifndef PL_BASE_TICKS_H
#define PL_BASE_TICKS_H

#include <stdint.h>

/* At every tick from `at_ns` on, `fire` is called within the handler of a signal: what it does must
 * be safe there, and fit to be done again. */
typedef struct pl_alarm {
    volatile int64_t at_ns; /* of the thread's ticks; INT64_MAX: never */
    void (*fire)(struct pl_alarm *alarm);
    struct pl_alarm *outer; /* the one that was set before */
} pl_alarm;

typedef struct pl_ticks {
    volatile int64_t now_ns;  /* processor time since the first use, in whole ticks */
    int64_t tick_ns;          /* what one is worth */
    pl_alarm *volatile alarm; /* NULL: none */
} pl_ticks;

/* The ticks of the calling thread, begun at the first use and ended with the thread. Ends the
 * process when the system gives no timer. */
pl_ticks *pl_ticks_here(void);
/* Makes ticks at most so long; never longer again. The kernel may make them as long as its own. */
void pl_ticks_refine(pl_ticks *t, int64_t tick_ns);
/* Sets an alarm in the place of the one that is set, and takes it away again. */
void pl_ticks_set(pl_ticks *t, pl_alarm *alarm);
void pl_ticks_unset(pl_ticks *t, pl_alarm *alarm);

#endif
