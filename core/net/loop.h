/* SPDX-License-Identifier: MIT
 *
 * The loop of one worker: a libev loop, the timing wheel (driven by one libev timer), and the
 * mailbox through which other threads reach it. All but pl_loop_mailbox, pl_loop_stop and
 * pl_loop_longest_stall_us is for the owner's thread only. */
#ifndef PL_NET_LOOP_H
#define PL_NET_LOOP_H

#include "base/mailbox.h"
#include "base/metrics.h"
#include "base/wheel.h"

#define PL_FLUSH_TOGETHER 16 /* more would leave the others idle while this one works */

typedef struct pl_loop pl_loop;
struct ev_loop;

/* Bytes that are to be sent, embedded in their owner. */
typedef struct pl_flush pl_flush;
typedef void pl_flush_fn(pl_flush *f);

struct pl_flush {
    pl_flush *next, **link; /* link is NULL while it does not wait */
    pl_flush_fn *fn;
};

pl_loop *pl_loop_new(void);
void pl_loop_free(pl_loop *loop);
/* Runs on the calling thread until pl_loop_stop. */
void pl_loop_run(pl_loop *loop);
/* Any thread. */
void pl_loop_stop(pl_loop *loop);
pl_mailbox *pl_loop_mailbox(pl_loop *loop);
pl_wheel *pl_loop_wheel(pl_loop *loop);
struct ev_loop *pl_loop_ev(pl_loop *loop);
/* From now on it is called behind the work of each round, before the loop waits: what costs the same
 * for one event and for many is done there. It makes no work for the loop. */
void pl_loop_on_wait(pl_loop *loop, void (*fn)(void *arg), void *arg);
/* Sends later, but in this round: `fn` is called when PL_FLUSH_TOGETHER of them wait, or before the
 * loop does, in order. Whoever they are for is mostly one process, or a few: woken once it finds
 * several messages, while waking it for each is most of what sending costs. What waits already stays
 * where it is. */
void pl_loop_flush_later(pl_loop *loop, pl_flush *f);
/* Nothing happens to one that does not wait. */
void pl_loop_flush_cancel(pl_loop *loop, pl_flush *f);
/* The watchdog: how long the loop was busy between two waits,
 * longest ever, in microseconds; and the distribution. */
uint64_t pl_loop_longest_stall_us(const pl_loop *loop);
const pl_histogram *pl_loop_busy(const pl_loop *loop);

/* Wall clock, milliseconds since the epoch; monotonic clock, microseconds. Any thread. Each read takes
 * some tens of nanoseconds. */
int64_t pl_wall_ms(void);
/* Seconds, where some milliseconds late are soon enough: that is cheaper. */
int64_t pl_wall_s(void);
uint64_t pl_monotonic_us(void);
/* 32 bytes from the kernel's generator, for pl_rng_init. Aborts when there are none. */
void pl_random_seed(uint8_t seed[32]);

#endif
