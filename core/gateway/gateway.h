/* SPDX-License-Identifier: MIT
 *
 * The running gateway: the store, the workers, the generations of scripts, signals, reload and
 * stop. The main thread is the control thread: it waits for signals and for messages, and does what
 * must not stall a worker (reading and loading a gateway folder). */
#ifndef PL_GATEWAY_GATEWAY_H
#define PL_GATEWAY_GATEWAY_H

#include "base/buf.h"
#include "base/mailbox.h"
#include "base/rate.h"
#include "flow/breaker.h"
#include "flow/cache.h"
#include "flow/quota.h"
#include "flow/settings.h"
#include "flow/switches.h"
#include "gateway/health.h"
#include "gateway/listener.h"
#include "gateway/tally.h"
#include "gateway/tokens.h"
#include "net/client.h"
#include "script/script.h"
#include "store/store.h"

#include <stdatomic.h>

typedef struct pl_worker pl_worker;
typedef struct pl_replay pl_replay;
typedef struct pl_backlog pl_backlog;

typedef struct pl_gateway_config {
    const char *dir;         /* the gateway folder */
    const char *lua_path;    /* NULL: the embedded Lua */
    const char *plugin_path; /* folders of plugins, with ':' between them, or NULL */
    const char *secrets_dir; /* of environment and flags, as scripts need it before settings are */
    /* Puts environment and flags over what gateway.lua sets: NULL, or what is wrong (malloc'ed). */
    char *(*override)(pl_settings *s, void *arg);
    void *arg;
} pl_gateway_config;

typedef struct pl_gateway {
    const pl_gateway_config *config;
    pl_settings settings;
    pl_tokens *tokens; /* control thread: those that workers were given last */
    pl_tls *tls;       /* NULL: plain HTTP */
    pl_rate *rate;     /* of clients; NULL: not limited */
    pl_listener listeners[PL_LISTENERS];
    pl_egress *egress; /* control thread: the one that workers were given last */
    pl_store *store;
    pl_health *health;
    pl_tally *tally; /* of the sources */
    pl_cache *cache; /* of the scripts of all workers */
    pl_quotas *quotas;
    pl_breakers *breakers;
    pl_switches *switches; /* the store's thread turns them */
    pl_worker **workers;
    pl_replay *replay; /* these two are on the first worker */
    pl_backlog *backlog;
    int worker_count;
    uint64_t generation;  /* control thread: number of the last load */
    pl_mailbox mailbox;   /* of the control thread */
    _Atomic int watchers; /* live feed clients of all workers */
    _Atomic bool is_stopping;
    _Atomic uint64_t published; /* the generation that all workers were given */
    int running;                /* control thread: workers that have not stopped */
} pl_gateway;

/* Runs until a signal stops it. 0, 1 when it could not start, 3 for a bad configuration (all
 * mistakes were printed). */
int pl_gateway_run(const pl_gateway_config *config);

/* A reload asked for by a worker: `done` comes on its mailbox when all workers use the new
 * generation, or with faults when the old one stays. */
typedef struct pl_reload {
    pl_message message; /* to the control thread */
    pl_message done;    /* back to the asker; fn set by the asker */
    pl_mailbox *reply_to;
    int result;       /* out: 0 or PL_E_BAD_CONFIG */
    pl_faults faults; /* out */
    uint64_t generation;
} pl_reload;

void pl_gateway_reload(pl_gateway *g, pl_reload *reload);
/* A worker has stopped (its thread, its last act). */
void pl_gateway_worker_stopped(pl_gateway *g, pl_message *m);

#endif
