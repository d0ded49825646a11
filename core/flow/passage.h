/* SPDX-License-Identifier: MIT
 *
 * What a request has to pass on its way to its destination (scheme://host:port), that of an attempt
 * as that of a script:
 *
 *    breaker of the proxy it goes by  ->  breaker of the destination  ->  limit of its host
 *
 * and what all three are told when it is over. A proxy that fails is left alone as a destination
 * is; nothing of that is charged to the destination. */
#ifndef PL_FLOW_PASSAGE_H
#define PL_FLOW_PASSAGE_H

#include "base/arena.h"
#include "flow/breaker.h"
#include "flow/message.h"
#include "flow/quota.h"
#include "flow/settings.h"

/* How much each host of a pattern is asked to bear, by all connectors together. */
typedef struct pl_limit {
    pl_slice host; /* as pl_host_matches has it */
    uint16_t port; /* 0: any */
    pl_rate rate;
} pl_limit;

/* The first that fits counts. */
typedef struct pl_limits {
    const pl_limit *items;
    uint32_t count;
} pl_limits;

/* Shared by the workers, but for who is told. */
typedef struct pl_tolls {
    pl_quotas *quotas;
    pl_breakers *breakers;
    const pl_settings *settings;
    /* NULL, or told what is news of a breaker: by a request of this connector with this code */
    void (*turned)(void *arg, const pl_breaker_turn *turn, pl_slice destination, pl_slice connector,
                   int code);
    void *arg; /* of it */
} pl_tolls;

/* Who is on the way; zero: nobody. */
typedef struct pl_passage {
    pl_slice destination; /* empty: its URL leads nowhere */
    pl_slice proxy;       /* "proxy http://host:port"; empty: straight there */
    pl_breaker_pass pass, proxy_pass;
    bool is_quiet; /* that it fails is no news */
    pl_quota_place place;
} pl_passage;

/* "scheme://host:port" in small letters, in the arena; empty for a URL that leads nowhere. */
pl_slice pl_destination_of(pl_slice url, pl_arena *arena);
/* The limit of a destination and the name of its quota; NULL: it has none. */
const pl_limit *pl_limit_of(pl_limits limits, pl_slice destination, pl_slice *name);

/* Sets destination and proxy of a request, in the arena. */
void pl_passage_init(pl_passage *p, const pl_tolls *t, const pl_request *r, pl_arena *arena);
/* May it go, as far as breakers are concerned? 0; or the milliseconds after which it makes sense to
 * ask again, and *text says why. */
int64_t pl_passage_ask(pl_passage *p, const pl_tolls *t, uint64_t now_us, pl_arena *arena,
                       const char **text);
/* As if it had been, for one that goes whatever breakers say. */
void pl_passage_force(pl_passage *p, const pl_tolls *t);
/* Takes a place of the destination's limit, where it has one, whether one is free or not. */
void pl_passage_enter_now(pl_passage *p, const pl_tolls *t, pl_limits limits, uint64_t now_us);
/* It is over, with the code and status of the transfer; its place stays. */
void pl_passage_tell(pl_passage *p, const pl_tolls *t, pl_slice connector, uint64_t now_us,
                     int code, int status);
/* It came to nothing, or never began. */
void pl_passage_drop(pl_passage *p, const pl_tolls *t);

#endif
