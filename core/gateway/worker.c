/* SPDX-License-Identifier: MIT
 *
 * The parts of a worker and how they meet:
 *
 *    server --request--> api --intake, call--> engine --------- op --------> store thread
 *                                               |  ^ ^                            |
 *                               request, answer |  | '---- answer, by mailbox ----'
 *                                               v  |
 *                                              client
 *
 * Nothing here blocks; what other threads want of a worker comes by its loop's mailbox. */
#include "gateway/worker.h"

#include "base/err.h"
#include "base/log.h"
#include "gateway/api.h"
#include "gateway/backlog.h"
#include "gateway/replay.h"
#include "gateway/setup.h"

#include <stdio.h>
#include <stdlib.h>

#define STOP_POLL_MS 10

/* -- ports -- */

/* The last answers of the store are taken after it has closed;
 * what they lead to is not written any more. */
static int port_submit(void *world, pl_op *op)
{
    pl_store *store = ((pl_worker *)world)->gateway->store;
    return store ? pl_store_submit(store, op) : PL_E_BUSY;
}

/* Once a round, for all that was submitted in it. */
static void wake_store(void *world)
{
    pl_store *store = ((pl_worker *)world)->gateway->store;
    if (store) pl_store_wake(store);
}

static void on_sent(void *arg, int code)
{
    pl_engine_sent(arg, code);
}

static void port_send(void *world, pl_exchange *x)
{
    pl_worker *w = world;
    x->transfer = pl_client_send(w->client, &x->request, &x->response, &x->arena, on_sent, x);
}

static void port_unsend(void *world, pl_exchange *x)
{
    (void)world;
    pl_transfer_cancel(x->transfer);
    x->transfer = NULL;
}

static void port_recorded(void *world, const pl_record *record)
{
    pl_worker *w = world;
    pl_health_note(w->gateway->health, record);
    if (atomic_load_explicit(&w->gateway->watchers, memory_order_relaxed) > 0)
        pl_live_tell(w, record);
}

/* -- messages from other threads -- */

typedef struct use_message {
    pl_message message;
    pl_worker *worker;
    pl_generation *generation;
    pl_publication *publication;
} use_message;

static void use_generation(pl_worker *w, pl_generation *g)
{
    pl_script_host host = {
        .wheel = pl_loop_wheel(w->loop),
        .client = w->client,
        .tolls = *pl_engine_tolls(w->engine),
        .cache = w->gateway->cache,
        .mailbox = pl_loop_mailbox(w->loop),
        .undertaker = &w->gateway->mailbox,
    };
    pl_script_attach(g, &w->gateway->settings, &host);
    pl_engine_use(w->engine, g);
}

static void on_use(pl_message *m)
{
    use_message *u = (use_message *)m;
    pl_publication *p = u->publication;
    pl_client_use(u->worker->client, p->egress);
    pl_tokens_unref(u->worker->tokens);
    u->worker->tokens = pl_tokens_ref(p->tokens);
    use_generation(u->worker, u->generation);
    if (atomic_fetch_sub(&p->remaining, 1) == 1) {
        atomic_store(&p->gateway->published, p->number);
        pl_egress_free(p->old_egress);
        pl_tokens_unref(p->tokens);
        if (p->reload) pl_mailbox_post(p->reload->reply_to, &p->reload->done);
        free(p);
    }
    free(u);
}

void pl_worker_publish(pl_worker *w, pl_generation *g, pl_publication *p)
{
    use_message *u = pl_alloc(sizeof *u);
    *u = (use_message){.message.fn = on_use, .worker = w, .generation = g, .publication = p};
    pl_mailbox_post(pl_loop_mailbox(w->loop), &u->message);
}

typedef struct nudge_message {
    pl_message message;
    pl_worker *worker;
    pl_uuid id;
    enum pl_command_kind kind;
    uint64_t seq;
} nudge_message;

static void on_nudge(pl_message *m)
{
    nudge_message *n = (nudge_message *)m;
    pl_engine_nudge(n->worker->engine, n->id, n->kind, n->seq);
    free(n);
}

void pl_worker_nudge_all(pl_worker *w, pl_uuid id, enum pl_command_kind kind, uint64_t seq)
{
    for (int i = 0; i < w->gateway->worker_count; i++) {
        nudge_message *n = pl_alloc(sizeof *n);
        *n = (nudge_message){.message.fn = on_nudge,
                             .worker = w->gateway->workers[i],
                             .id = id,
                             .kind = kind,
                             .seq = seq};
        pl_mailbox_post(pl_loop_mailbox(n->worker->loop), &n->message);
    }
    /* A cancelled one may have let the next of its key go. */
    if (kind != PL_COMMAND_YIELD) pl_engine_claim_now(w->engine);
}

static void port_overtaken(void *world, pl_uuid id, uint64_t seq)
{
    pl_worker_nudge_all(world, id, PL_COMMAND_YIELD, seq);
}

/* -- stop -- */

static uint32_t busy(const pl_worker *w)
{
    uint32_t n = 0;
    for (int i = 0; i < PL_LISTENERS; i++)
        if (w->entrances[i].server) n += pl_server_busy(w->entrances[i].server);
    return n;
}

static void on_stop_timer(pl_timer *t)
{
    pl_worker *w = (pl_worker *)((char *)t - offsetof(pl_worker, stop_timer));
    bool is_late = pl_monotonic_us() >= w->stop_deadline_us;
    bool is_idle = pl_engine_is_idle(w->engine) && busy(w) == 0;
    if (!is_idle && !is_late) {
        pl_wheel_start(pl_loop_wheel(w->loop), t, STOP_POLL_MS);
        return;
    }
    if (!is_idle) {
        pl_log(PL_LOG_WARN, "the grace period is over; what is in flight stays pending",
               PL_LOG_INT("worker", w->index));
        pl_engine_abandon(w->engine);
    }
    pl_loop_stop(w->loop);
}

static void on_stop(pl_message *m)
{
    pl_worker *w = (pl_worker *)((char *)m - offsetof(pl_worker, stop));
    pl_engine_stop(w->engine);
    /* first: the answers that follow say Connection: close */
    for (int i = 0; i < PL_LISTENERS; i++)
        if (w->entrances[i].server) pl_server_stop(w->entrances[i].server);
    pl_live_stop(w);
    if (w->index == 0) {
        pl_replay_stop(w->gateway->replay);
        pl_backlog_stop(w->gateway->backlog);
    }
    pl_api_stop_waiting(w);
    w->stop_deadline_us = pl_monotonic_us() + (uint64_t)w->gateway->settings.timeout_grace * 1000;
    pl_wheel_start(pl_loop_wheel(w->loop), &w->stop_timer, 0);
}

void pl_worker_stop(pl_worker *w)
{
    w->stop.fn = on_stop;
    pl_mailbox_post(pl_loop_mailbox(w->loop), &w->stop);
}

/* -- life -- */

static pl_server_config server_config(pl_worker *w, pl_entrance *entrance)
{
    const pl_settings *s = &w->gateway->settings;
    return (pl_server_config){
        .http = {.target_bytes = (size_t)s->limit_target,
                 .header_bytes = (size_t)s->limit_header_bytes,
                 .header_count = (uint32_t)s->limit_headers,
                 .body_bytes = (uint64_t)s->limit_body},
        .tls = w->gateway->tls,
        .max_connections = (uint32_t)s->limit_connections,
        .header_timeout_ms = s->timeout_header,
        .body_timeout_ms = s->timeout_body,
        .idle_timeout_ms = s->timeout_idle,
        .write_timeout_ms = s->timeout_write,
        .admit = pl_api_admit,
        .handle = pl_api_handle,
        .arg = entrance,
    };
}

static void open_entrances(pl_worker *w)
{
    for (int i = 0; i < PL_LISTENERS; i++) {
        const pl_listener *l = &w->gateway->listeners[i];
        pl_entrance *e = &w->entrances[i];
        *e = (pl_entrance){.worker = w, .listener = l};
        if (!l->is_used) continue;
        pl_server_config config = server_config(w, e);
        e->server = pl_server_new(w->loop, l->fds[w->index], &config);
    }
}

static void make_engine(pl_worker *w)
{
    uint8_t seed[32];
    pl_ports ports = {
        .world = w,
        .wheel = pl_loop_wheel(w->loop),
        .mailbox = pl_loop_mailbox(w->loop),
        .quotas = w->gateway->quotas,
        .breakers = w->gateway->breakers,
        .switches = w->gateway->switches,
        .wall_ms = pl_wall_ms,
        .monotonic_us = pl_monotonic_us,
        .submit = port_submit,
        .send = port_send,
        .unsend = port_unsend,
        .recorded = port_recorded,
        .overtaken = port_overtaken,
    };
    pl_random_seed(seed);
    w->engine = pl_engine_new(&ports, &w->gateway->settings, seed);
}

pl_worker *pl_worker_new(pl_gateway *g, int index, pl_generation *generation)
{
    pl_worker *w = pl_alloc_zero(sizeof *w);
    const pl_settings *s = &g->settings;
    w->gateway = g;
    w->index = index;
    w->loop = pl_loop_new();
    pl_loop_on_wait(w->loop, wake_store, w);
    pl_timer_init(&w->stop_timer, on_stop_timer);
    pl_live_init(w);
    make_engine(w);
    pl_client_config client = pl_setup_client(s, g->egress);
    w->client = pl_client_new(w->loop, &client);
    w->tokens = pl_tokens_ref(g->tokens);
    open_entrances(w);
    use_generation(w, generation);
    if (index == 0) {
        g->replay = pl_replay_new(w);
        g->backlog = pl_backlog_new(w);
    }
    return w;
}

static void *thread_main(void *arg)
{
    pl_worker *w = arg;
    char name[16];
    snprintf(name, sizeof name, "worker %d", w->index % 1000);
    pthread_setname_np(pthread_self(), name);
    pl_loop_run(w->loop);
    pl_gateway_worker_stopped(w->gateway, &w->stopped);
    return NULL;
}

void pl_worker_start(pl_worker *w)
{
    if (pthread_create(&w->thread, NULL, thread_main, w) == 0) return;
    fprintf(stderr, "perilune: no thread could be made for a worker\n");
    abort();
}

void pl_worker_free(pl_worker *w)
{
    for (int i = 0; i < PL_LISTENERS; i++)
        pl_server_free(w->entrances[i].server);
    pl_engine_free(w->engine);
    pl_mailbox_drain(pl_loop_mailbox(w->loop)); /* what it was to fill goes to another worker */
    if (w->index == 0) {
        pl_replay_free(w->gateway->replay);
        pl_backlog_free(w->gateway->backlog);
    }
    pl_client_free(w->client);
    pl_tokens_unref(w->tokens);
    pl_loop_free(w->loop);
    free(w);
}
