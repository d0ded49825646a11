/* SPDX-License-Identifier: MIT
 *
 * The live feed (GET /v1/feed): server-sent events, one for each attempt of any worker once it is
 * durable. A client that does not keep up is dropped; it can catch up with GET /v1/deliveries. */
#ifndef PL_GATEWAY_LIVE_H
#define PL_GATEWAY_LIVE_H

#include "flow/journal.h"
#include "net/server.h"

typedef struct pl_worker pl_worker;

typedef struct pl_live {
    struct pl_watcher *watchers;
    pl_timer heartbeat;
} pl_live;

void pl_live_init(pl_worker *w);
/* Answers the request with the stream. `connector` and `webhook` filter, empty: all. The slices
 * live with the inbound. */
void pl_live_watch(pl_worker *w, pl_inbound *in, pl_slice connector, pl_slice webhook);
/* From the worker that made the attempt: tells the watchers of all workers. */
void pl_live_tell(pl_worker *w, const pl_record *record);
void pl_live_stop(pl_worker *w);

#endif
