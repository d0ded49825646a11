/* SPDX-License-Identifier: MIT
 *
 * The requests of scripts on their way to the client: they pass what those of attempts pass. A
 * script waits for its answer as the caller of a call does: it is not held back by limits, but what
 * it takes is missing for deliveries; a breaker that is open refuses it at once. */
#include "base/err.h"
#include "net/client.h"
#include "net/loop.h"
#include "script/bind.h"
#include "script/script_impl.h"

typedef struct errand {
    pl_script *script;
    pl_passage passage;
    pl_slice connector; /* whose script it is; empty: of a source */
    const pl_response *response;
    pl_transfer *transfer; /* NULL: it was refused, */
    pl_timer refused;      /* which is told later, as all answers are */
    void (*done)(void *arg, int code);
    void *arg;
} errand;

/* The arena that holds it may be gone afterwards. */
static void finish(errand *e, int code)
{
    e->done(e->arg, code);
}

static void on_refused(pl_timer *t)
{
    finish((errand *)((char *)t - offsetof(errand, refused)), PL_E_BREAKER);
}

static void on_sent(void *arg, int code)
{
    errand *e = arg;
    const pl_tolls *tolls = &e->script->tolls;
    uint64_t now_us = pl_monotonic_us();
    pl_passage_tell(&e->passage, tolls, e->connector, now_us, code, e->response->status);
    pl_quota_leave(tolls->quotas, &e->passage.place, now_us);
    finish(e, code);
}

static void *send_errand(void *world, const pl_request *request, pl_response *response,
                         pl_arena *arena, void (*done)(void *arg, int code), void *arg)
{
    pl_script *s = world;
    const pl_exchange *x = pl_gate_exchange(&s->vm);
    uint64_t now_us = pl_monotonic_us();
    errand *e = pl_arena_zero(arena, sizeof *e);
    *e = (errand){.script = s,
                  .connector = x ? x->policy->connector : PL_NO_SLICE,
                  .response = response,
                  .done = done,
                  .arg = arg};
    pl_timer_init(&e->refused, on_refused);
    pl_passage_init(&e->passage, &s->tolls, request, arena);
    e->passage.is_quiet = x && pl_event_is_own(x->event);
    if (pl_passage_ask(&e->passage, &s->tolls, now_us, arena, &response->error_text) > 0) {
        pl_wheel_start(s->vm.wheel, &e->refused, 0);
        return e;
    }
    pl_passage_enter_now(&e->passage, &s->tolls, s->base.limits, now_us);
    e->transfer = pl_client_send(s->client, request, response, arena, on_sent, e);
    return e;
}

static void cancel_errand(void *transfer)
{
    errand *e = transfer;
    const pl_tolls *tolls = &e->script->tolls;
    pl_wheel_stop(e->script->vm.wheel, &e->refused);
    if (e->transfer) pl_transfer_cancel(e->transfer);
    pl_passage_drop(&e->passage, tolls);
    pl_quota_leave(tolls->quotas, &e->passage.place, pl_monotonic_us());
}

pl_sender pl_script_sender(pl_script *s)
{
    return (pl_sender){s, send_errand, cancel_errand};
}
