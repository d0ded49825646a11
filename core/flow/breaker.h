/* SPDX-License-Identifier: MIT
 *
 * Circuit breakers: a destination (scheme://host:port) that fails again and again is left alone for
 * a while, then asked with one request whether it is back.
 *
 *             `failures` in a row                 the cool-down is over: one probe
 *    CLOSED ----------------------> OPEN ------------------------------------> PROBING
 *      ^                             ^                                          |   |
 *      |                             '------------ the probe failed: twice -----'   |
 *      |                                           the cool-down, up to `max`       |
 *      '---------------------------------------------- the destination answered ---'
 *
 *    from     event                                  to
 *    CLOSED   an answer                              CLOSED, the count is 0
 *    CLOSED   a fault, the count is not reached      CLOSED
 *    CLOSED   a fault, the count is reached          OPEN
 *    OPEN     an answer to what was sent before      CLOSED
 *    OPEN     a fault of what was sent before        OPEN
 *    OPEN     asked after the cool-down              PROBING, and who asked is the probe
 *    PROBING  the probe failed                       OPEN, for longer
 *    PROBING  the probe came to nothing              OPEN, the next who asks is the probe
 *    PROBING  any answer                             CLOSED
 *
 * Shared by all workers: one table with a lock for the process; only destinations that have failed
 * are in it, and while none has nobody takes the lock. Any thread; times are microseconds of the
 * monotonic clock. */
#ifndef PL_FLOW_BREAKER_H
#define PL_FLOW_BREAKER_H

#include "base/slice.h"

#include <stdint.h>

/* Destinations that fail at a time; what else fails is not watched, so that templates that make up
 * hosts do not fill the memory. */
#define PL_BREAKER_MOST 4096

typedef struct pl_breaker_terms {
    int64_t failures;    /* in a row; 0: no breaker ever opens */
    int64_t cooldown_ms; /* the first */
    int64_t max_ms;      /* the longest */
} pl_breaker_terms;

enum pl_breaker_state { PL_BREAKER_CLOSED, PL_BREAKER_OPEN, PL_BREAKER_PROBING };

/* What became of a request. NOTHING: it says nothing about the destination. */
enum pl_breaker_news { PL_BREAKER_ANSWER, PL_BREAKER_FAULT, PL_BREAKER_NOTHING };

/* A request that was let go, until it is told of. */
typedef struct pl_breaker_pass {
    bool is_given;
    uint64_t probe; /* its number among all probes; 0: it is none */
    bool is_quiet;  /* by who asked: that it fails is no news */
} pl_breaker_pass;

/* What a request did to the breaker. */
typedef struct pl_breaker_turn {
    int state;         /* that it came to by this, or -1: it stays as it was */
    bool is_news;      /* it opened after it was closed, or closed after that was told */
    uint64_t failures; /* in a row */
} pl_breaker_turn;

typedef struct pl_breakers pl_breakers;

pl_breakers *pl_breakers_new(void);
void pl_breakers_free(pl_breakers *all);

/* May a request go there? 0, with a pass that must be told of; or the milliseconds after which it
 * makes sense to ask again. */
int64_t pl_breaker_ask(pl_breakers *all, const pl_breaker_terms *terms, pl_slice destination,
                       uint64_t now_us, pl_breaker_pass *pass);
/* How it went with a request of this connector; the pass is used up. */
pl_breaker_turn pl_breaker_tell(pl_breakers *all, const pl_breaker_terms *terms,
                                pl_slice destination, pl_slice connector, uint64_t now_us,
                                pl_breaker_pass *pass, enum pl_breaker_news news);

typedef struct pl_breaker_view {
    pl_slice destination;
    enum pl_breaker_state state;
    uint64_t failures; /* in a row */
    int64_t left_ms;   /* of the cool-down */
} pl_breaker_view;

/* Shows those that are not closed, of destinations that this connector was the last to ask. `show`
 * must be quick. */
void pl_breakers_show(pl_breakers *all, pl_slice connector, uint64_t now_us,
                      void (*show)(void *arg, const pl_breaker_view *view), void *arg);
/* How many are not closed. */
uint64_t pl_breakers_open(pl_breakers *all);

const char *pl_breaker_state_name(enum pl_breaker_state state);
/* NULL when what the table claims of itself holds, else what does not. For tests. */
const char *pl_breakers_check(pl_breakers *all);

#endif
