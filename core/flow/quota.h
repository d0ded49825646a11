/* SPDX-License-Identifier: MIT
 *
 * How much is asked of somebody at a time, over all workers: so many attempts at once, so many a
 * second (a token bucket, so that they come smoothly and not in clumps), and none during a pause
 * that the receiver itself has asked for. One table of entries by name:
 *
 *    "acme"              a connector, all its webhooks together
 *    "acme/order"        a webhook that has a rate of its own
 *    "//api.example"     a destination; "//api.example:8443" where the port is limited by itself
 *
 * Deliveries wait until they may go; calls, which somebody waits for, go at once, and what they
 * take is missing for deliveries.
 *
 * Any thread; times are microseconds of the monotonic clock. */
#ifndef PL_FLOW_QUOTA_H
#define PL_FLOW_QUOTA_H

#include "base/slice.h"

#include <stdint.h>

/* For how long one waits that waits for others to end: they may be another worker's. */
#define PL_QUOTA_AGAIN_MS 20
/* Nobody's turn is further away: a rate that is raised is felt by then. */
#define PL_QUOTA_TURN_MOST_MS 600000

typedef struct pl_rate {
    double per_second;    /* 0: as many as come */
    double burst;         /* at once after a rest, 1 or more */
    uint32_t concurrency; /* 0: as many as come */
} pl_rate;

typedef struct pl_quotas pl_quotas;

/* The place of one attempt in an entry; zero: in none. */
typedef struct pl_quota_place {
    struct pl_quota *quota;
    bool is_counted;
    uint64_t since_us;
} pl_quota_place;

pl_quotas *pl_quotas_new(void);
void pl_quotas_free(pl_quotas *all);

/* One attempt wants to begin: 0, and it has a place until pl_quota_leave; or the milliseconds after
 * which to ask again. Without a rate it is only held up by a pause, and is not counted among those
 * that have one. */
int64_t pl_quota_enter(pl_quotas *all, pl_slice name, const pl_rate *rate, uint64_t now_us,
                       pl_quota_place *place);
/* The same for one that does not wait. */
void pl_quota_enter_now(pl_quotas *all, pl_slice name, const pl_rate *rate, uint64_t now_us,
                        pl_quota_place *place);
/* It has ended; `place` is empty from then on, and may have been. */
void pl_quota_leave(pl_quotas *all, pl_quota_place *place, uint64_t now_us);
/* The same for one that did nothing: it is as if it had not entered. */
void pl_quota_undo(pl_quotas *all, pl_quota_place *place);
/* Is the place in the entry of this name? */
bool pl_quota_is(const pl_quota_place *place, pl_slice name);
/* One that goes away, as `ahead` others wait here already: after how many milliseconds it is its
 * turn, behind all that went away before it. */
int64_t pl_quota_turn(pl_quotas *all, pl_slice name, const pl_rate *rate, uint64_t ahead,
                      uint64_t now_us);
/* No delivery begins for so long; a longer pause stays. True when it was not pausing before. */
bool pl_quota_pause(pl_quotas *all, pl_slice name, uint64_t now_us, int64_t pause_ms);

typedef struct pl_quota_state {
    uint32_t in_flight; /* all of them */
    int64_t pause_ms;   /* from now on; 0: none */
} pl_quota_state;

pl_quota_state pl_quota_state_of(pl_quotas *all, pl_slice name, uint64_t now_us);
/* How many entries there are: those that have something to tell. For tests. */
uint64_t pl_quotas_count(pl_quotas *all);

#endif
