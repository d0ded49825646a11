/* SPDX-License-Identifier: MIT
 *
 * Carries out the jobs of the store (flow/journal.h): for each that is running, the next
 * deliveries its filter selects, so many a second. One worker does it for all. */
#ifndef PL_GATEWAY_REPLAY_H
#define PL_GATEWAY_REPLAY_H

#include "gateway/worker.h"

/* Deliveries a second: without a wish, and the most that may be wished for. A step of a job is one
 * operation of the store, shared with the commits of its moment, and takes up to a tenth of this. */
#define PL_REPLAY_RATE     50
#define PL_REPLAY_MAX_RATE 1000

/* Begins with the jobs that an earlier life left running. */
pl_replay *pl_replay_new(pl_worker *w);
/* Any thread: there is a job that was not running before. */
void pl_replay_look(pl_replay *r);
/* The worker stops: no more steps. Jobs stay as they are in the store. */
void pl_replay_stop(pl_replay *r);
/* After the store has answered all. */
void pl_replay_free(pl_replay *r);

#endif
