/* SPDX-License-Identifier: MIT
 *
 * Generations whose scripts do, stage by stage, what the test says. */
#ifndef PL_SPEC_FLOW_SCRIPTS_H
#define PL_SPEC_FLOW_SCRIPTS_H

#include "state.h"

#define WEBHOOKS      4 /* as scripts_new makes them */
#define WEBHOOKS_MOST 12

/* A generation whose webhook i has the ids "c", "0123"[i], unless the test says otherwise. An event
 * of type "02?" goes to the webhooks 0 and 2, the second undecided; one of type "-" to none. */
typedef struct scripts {
    pl_generation base;
    worker *at; /* whose it is */
    pl_policy policies[WEBHOOKS_MOST];
    const char *urls[WEBHOOKS_MOST]; /* where they go */
    plan plans[PL_STAGE_COUNT];
    bool when_says_no;
    bool ordered[WEBHOOKS_MOST]; /* by the last letter of the event's id, in three keys */
    int rendered, asked, heard;  /* of each stage */
    int heard_error;             /* of the failure that was heard of last */
    char heard_text[100];
    bool heard_will_retry;
} scripts;

static inline void scripts_route(pl_generation *g, const pl_event *event, pl_arena *arena,
                                 pl_routes *routes)
{
    static const char keys[] = "012";
    const scripts *s = (const scripts *)g;
    routes->items = pl_arena_zero(arena, event->type.len * sizeof *routes->items);
    for (size_t n = 0; n < event->type.len; n++) {
        char c = event->type.ptr[n];
        if (c == '?' && routes->count) routes->items[routes->count - 1].undecided = true;
        for (uint32_t i = 0; i < g->policy_count; i++) {
            if (g->policies[i].webhook.ptr[0] != c) continue;
            pl_route *r = &routes->items[routes->count++];
            r->webhook = i;
            if (s->ordered[i])
                r->order_key = (pl_slice){keys + event->id.ptr[event->id.len - 1] % 3, 1};
        }
    }
    if (routes->count == 0) routes->reason = PL_SLICE("no webhook wants it");
}

static inline int64_t scripts_find(pl_generation *g, pl_slice connector, pl_slice webhook)
{
    for (uint32_t i = 0; i < g->policy_count; i++)
        if (pl_slice_eq(g->policies[i].connector, connector) &&
            pl_slice_eq(g->policies[i].webhook, webhook))
            return i;
    return -1;
}

static inline int scripts_stage(pl_generation *g, pl_exchange *x)
{
    scripts *s = (scripts *)g;
    plan p = w.plan_of ? w.plan_of(x) : s->plans[x->stage];
    if (p.code < 0) x->error_text = "the test's script says so";
    if (p.wait_ms < 0) return p.code;
    coming *c = come(&w.waits, s->at, p.wait_ms);
    c->x = x;
    c->code = p.code;
    return PL_WAIT;
}

static inline int scripts_render(pl_generation *g, pl_exchange *x)
{
    scripts *s = (scripts *)g;
    s->rendered++;
    if (!x->is_second_round && w.spy.started) w.spy.started(s->at, x);
    CHECK_EQ_INT(x->stage, PL_STAGE_RENDER);
    if (x->undecided && s->when_says_no) {
        x->error_text = "`when` is false";
        return PL_E_CANCELLED;
    }
    x->request.method = PL_SLICE("POST");
    x->request.url = pl_slice_of(s->urls[x->webhook]);
    x->request.body = x->event->document;
    x->request.has_body = x->request.body_is_event = true;
    return scripts_stage(g, x);
}

static inline int scripts_authenticate(pl_generation *g, pl_exchange *x)
{
    CHECK_EQ_INT(x->stage, PL_STAGE_AUTHENTICATE);
    pl_request_set_field(&x->request, &x->arena, PL_SLICE("Authorization"), PL_SLICE("Bearer abc"));
    return scripts_stage(g, x);
}

static inline int scripts_map(pl_generation *g, pl_exchange *x)
{
    CHECK_EQ_INT(x->stage, PL_STAGE_MAP);
    x->ok = x->response.status >= 200 && x->response.status < 300;
    x->variables = pl_slice_of(pl_arena_printf(&x->arena, "{\"s\":%d}", x->response.status));
    return scripts_stage(g, x);
}

static inline int scripts_unauthorized(pl_generation *g, pl_exchange *x)
{
    ((scripts *)g)->asked++;
    CHECK_EQ_INT(x->stage, PL_STAGE_REAUTHORIZE);
    CHECK_EQ_INT(x->response.status, 401);
    return scripts_stage(g, x);
}

static inline int scripts_failed(pl_generation *g, pl_exchange *x)
{
    scripts *s = (scripts *)g;
    s->heard++;
    CHECK_EQ_INT(x->stage, PL_STAGE_FAILED);
    s->heard_error = x->error;
    s->heard_will_retry = pl_exchange_will_retry(x);
    snprintf(s->heard_text, sizeof s->heard_text, "%s", x->error_text);
    return scripts_stage(g, x);
}

static inline void scripts_release(pl_generation *g, pl_exchange *x)
{
    remove_of(&w.waits, x);
    if (w.spy.released) w.spy.released(((scripts *)g)->at, x);
}

static inline void scripts_free(pl_generation *g)
{
    w.generations--;
    free(g);
}

static inline scripts *scripts_new(const int64_t *delays_ms, uint32_t delay_count)
{
    static const char names[] = "0123";
    static uint64_t number;
    scripts *s = pl_alloc_zero(sizeof *s);
    s->at = w.workers;
    for (uint32_t i = 0; i < WEBHOOKS; i++)
        s->policies[i] = (pl_policy){.connector = PL_SLICE("c"),
                                     .webhook = {names + i, 1},
                                     .delays_ms = delays_ms,
                                     .delay_count = delay_count};
    for (uint32_t i = 0; i < WEBHOOKS; i++)
        s->urls[i] = "https://receiver.example/hook";
    for (int i = 0; i < PL_STAGE_COUNT; i++)
        s->plans[i].wait_ms = -1;
    s->base = (pl_generation){.refs = 1,
                              .number = ++number,
                              .policies = s->policies,
                              .policy_count = WEBHOOKS,
                              .free = scripts_free,
                              .route = scripts_route,
                              .find = scripts_find,
                              .render = scripts_render,
                              .authenticate = scripts_authenticate,
                              .map = scripts_map,
                              .unauthorized = scripts_unauthorized,
                              .failed = scripts_failed,
                              .release = scripts_release};
    w.generations++;
    return s;
}

#endif
