/* SPDX-License-Identifier: MIT
 *
 * One worker: a thread with its loop, listener, client, engine and scripts. Here the engine's ports
 * are connected to the world. */
#ifndef PL_GATEWAY_WORKER_H
#define PL_GATEWAY_WORKER_H

#include "flow/engine.h"
#include "gateway/gateway.h"
#include "gateway/live.h"
#include "net/client.h"
#include "net/loop.h"
#include "net/server.h"

#include <pthread.h>

typedef struct pl_waiter pl_waiter; /* api_events.c: a request that waits for outcomes */

/* What a request came in by. */
typedef struct pl_entrance {
    pl_worker *worker;
    const pl_listener *listener;
    pl_server *server; /* NULL: the listener is not used */
} pl_entrance;

struct pl_worker {
    pl_gateway *gateway;
    int index;
    pthread_t thread;
    pl_loop *loop;
    pl_tokens *tokens; /* a reference */
    pl_entrance entrances[PL_LISTENERS];
    pl_client *client;
    pl_engine *engine;
    pl_live live;
    pl_waiter *waiters;
    uint32_t receptions; /* inbound requests that scripts work on */
    /* stop */
    pl_message stop, stopped;
    pl_timer stop_timer;
    uint64_t stop_deadline_us;
};

/* Makes the parts; takes its sockets of the listeners and the reference of the generation. */
pl_worker *pl_worker_new(pl_gateway *g, int index, pl_generation *generation);
void pl_worker_start(pl_worker *w);
/* Any thread: stop accepting, finish what is in flight
 * up to the grace period, then leave the loop. */
void pl_worker_stop(pl_worker *w);
/* After its thread has ended and the store has answered. */
void pl_worker_free(pl_worker *w);
/* Any thread: use this generation (takes the reference) and this guard;
 * the last worker to do so frees the old guard and posts `r->done`. */
typedef struct pl_publication {
    pl_reload *reload; /* NULL: nobody waits */
    pl_gateway *gateway;
    uint64_t number;
    pl_egress *egress, *old_egress;
    pl_tokens *tokens; /* a reference */
    _Atomic int remaining;
} pl_publication;
void pl_worker_publish(pl_worker *w, pl_generation *g, pl_publication *p);
/* From one worker's thread: tell all engines that the store retried or cancelled this delivery. */
void pl_worker_nudge_all(pl_worker *w, pl_uuid id, enum pl_command_kind kind, uint64_t seq);

#endif
