/* SPDX-License-Identifier: MIT
 *
 * How much a connector's receiver is asked to bear, over all workers: attempts at a time, attempts
 * a second (a token bucket, so that they come smoothly and not in clumps), and a pause that the
 * receiver itself has asked for. One table for the process, one entry a connector, a lock for each.
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

typedef struct pl_rate {
    double per_second;    /* 0: as many as come */
    double burst;         /* at once after a rest, 1 or more */
    uint32_t concurrency; /* 0: as many as come */
} pl_rate;

typedef struct pl_quota pl_quota;
typedef struct pl_quotas pl_quotas;

pl_quotas *pl_quotas_new(void);
void pl_quotas_free(pl_quotas *all);
/* The entry of a connector; it lives as long as the table. */
pl_quota *pl_quotas_get(pl_quotas *all, pl_slice connector);

/* One attempt wants to begin: 0, it does, and pl_quota_leave comes when it ends; or the
 * milliseconds after which to ask again. */
int64_t pl_quota_enter(pl_quota *q, const pl_rate *rate, uint64_t now_us);
/* The same for one that does not wait. */
void pl_quota_enter_now(pl_quota *q, const pl_rate *rate, uint64_t now_us);
void pl_quota_leave(pl_quota *q);
/* The same for one that did nothing: it is as if it had not entered. */
void pl_quota_undo(pl_quota *q, const pl_rate *rate);
/* No delivery begins for so long; a longer pause stays. True when it was not pausing before. */
bool pl_quota_pause(pl_quota *q, uint64_t now_us, int64_t pause_ms);

typedef struct pl_quota_state {
    uint32_t in_flight;
    int64_t pause_ms; /* from now on; 0: none */
} pl_quota_state;

pl_quota_state pl_quota_state_of(pl_quota *q, uint64_t now_us);

#endif
