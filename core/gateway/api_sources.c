/* SPDX-License-Identifier: MIT
 *
 * /v1/sources/{name}: a foreign webhook comes in, is verified, and becomes events by the source's
 * script; they go the way of POST /v1/events. And the verification of requests that have no token,
 * where gateway.lua has an `ingress`.
 *
 * A sender is told that it was not verified, or that the script failed, and no more: why stands in
 * the log. A script that waits has timeouts.source; when the client is gone nothing was accepted,
 * and it will send again. */
#include "gateway/api.h"

#include "base/err.h"
#include "base/log.h"
#include "http/message.h"

/* In the inbound's arena. */
typedef struct reception {
    pl_reception base;
    pl_api_request *request;
    pl_api_fn *next; /* of a request that was to be verified and no more */
    pl_timer timer;
} reception;

static pl_slice name_of(const pl_reception *r)
{
    return r->source < 0 ? PL_SLICE("(ingress)") : r->generation->sources[r->source].name;
}

static void count(const reception *rc, enum pl_tally_outcome outcome)
{
    pl_tally_count(rc->request->worker->gateway->tally, name_of(&rc->base), outcome);
}

/* Scripts are through with it, or it with them. */
static void dismiss(reception *rc)
{
    pl_generation *g = rc->base.generation;
    rc->request->in->gone = NULL;
    rc->request->worker->receptions--;
    pl_wheel_stop(pl_loop_wheel(rc->request->worker->loop), &rc->timer);
    g->dismiss(g, &rc->base);
    pl_generation_unref(g);
}

/* -- answers -- */

/* Of text that a script gave: the fields were checked there. */
static void put_fields(pl_buf *out, const pl_field *f, pl_slice *content_type)
{
    for (; f; f = f->next) {
        if (pl_slice_eq_nocase(f->name, PL_SLICE("Content-Type")))
            *content_type = f->value;
        else
            pl_buf_printf(out, "%.*s: %.*s\r\n", PL_FMT(f->name), PL_FMT(f->value));
    }
}

void pl_api_own_answer(pl_inbound *in, const pl_reception *r)
{
    pl_buf extra;
    pl_slice content_type = PL_NO_SLICE;
    pl_buf_init(&extra);
    put_fields(&extra, r->fields, &content_type);
    pl_inbound_reply(in, r->status, content_type, pl_buf_slice(&extra), r->answer);
    pl_buf_fini(&extra);
}

static void log_refusal(const reception *rc)
{
    pl_log(PL_LOG_WARN, "an inbound request was not verified",
           PL_LOG_SLICE("source", name_of(&rc->base)), PL_LOG_STR("client", rc->base.client),
           PL_LOG_SLICE("reason", rc->base.text));
}

static void log_failure(const reception *rc, pl_slice text)
{
    pl_log(PL_LOG_ERROR, "a source failed", PL_LOG_SLICE("source", name_of(&rc->base)),
           PL_LOG_STR("client", rc->base.client), PL_LOG_SLICE("error", text),
           rc->base.traceback.len ? PL_LOG_SLICE("traceback", rc->base.traceback)
                                  : (pl_log_field){0});
}

/* It is not the sender's fault. */
static void fail(reception *rc, pl_slice text)
{
    log_failure(rc, text);
    count(rc, PL_TALLY_FAILED);
    dismiss(rc);
    pl_api_problem(rc->request->in, PL_E_SOURCE, "%s", pl_err_text(PL_E_SOURCE));
}

static void refuse(reception *rc)
{
    log_refusal(rc);
    count(rc, PL_TALLY_UNVERIFIED);
    pl_slice challenge = rc->base.source < 0
                             ? PL_SLICE("WWW-Authenticate: Bearer realm=\"perilune\"\r\n")
                             : PL_SLICE("WWW-Authenticate: Signature realm=\"perilune\"\r\n");
    dismiss(rc);
    pl_inbound_problem(rc->request->in, PL_E_UNVERIFIED, pl_err_text(PL_E_UNVERIFIED), challenge,
                       PL_NO_SLICE);
}

/* -- what became of it -- */

static void ignore(reception *rc)
{
    pl_inbound *in = rc->request->in;
    count(rc, PL_TALLY_IGNORED);
    dismiss(rc);
    if (rc->base.status)
        pl_api_own_answer(in, &rc->base);
    else
        pl_inbound_reply(in, 200, PL_SLICE("application/json"), PL_NO_SLICE,
                         PL_SLICE("{\"events\":[]}"));
}

/* An event that is none: what is wrong, and with which of them. */
static void fail_collected(reception *rc, const pl_collector *c)
{
    pl_slice place = rc->base.generation->sources[rc->base.source].place;
    char *text = pl_arena_printf(rc->base.arena, "%.*s: what the source gave is no event: %s%s: %s",
                                 PL_FMT(place), c->prefix, c->fault.pointer, c->fault.message);
    fail(rc, pl_slice_of(text));
}

static void take(reception *rc)
{
    pl_worker *w = rc->request->worker;
    pl_intake *intake = pl_intake_new();
    pl_collector c = {.worker = w, .intake = intake, .last_wins = true};
    if (pl_api_collect_array(&c, rc->base.events) != 0) {
        fail_collected(rc, &c);
        pl_intake_free(intake);
        return;
    }
    count(rc, PL_TALLY_ACCEPTED);
    dismiss(rc);
    pl_api_take(w, rc->request->in, intake,
                &(pl_api_taking){.request = rc->request,
                                 .is_list = rc->base.is_list,
                                 .own = rc->base.status ? &rc->base : NULL});
}

static void go_on(reception *rc)
{
    count(rc, PL_TALLY_ACCEPTED);
    dismiss(rc);
    rc->next(rc->request);
}

static void on_received(pl_reception *r, int code)
{
    reception *rc = r->owner;
    if (code == PL_E_UNVERIFIED)
        refuse(rc);
    else if (code != 0)
        fail(rc, r->text);
    else if (rc->next)
        go_on(rc);
    else if (r->events.len == 0)
        ignore(rc);
    else
        take(rc);
}

static void on_time_over(pl_timer *t)
{
    reception *rc = (reception *)(void *)((char *)t - offsetof(reception, timer));
    log_failure(rc, pl_slice_of(pl_err_text(PL_E_SOURCE_TIMEOUT)));
    count(rc, PL_TALLY_TIMEOUT);
    dismiss(rc);
    pl_api_problem(rc->request->in, PL_E_SOURCE_TIMEOUT, "%s", pl_err_text(PL_E_SOURCE_TIMEOUT));
}

static void on_gone(pl_inbound *in)
{
    reception *rc = in->owner;
    count(rc, PL_TALLY_GONE);
    dismiss(rc);
    pl_inbound_reply(in, 200, PL_NO_SLICE, PL_NO_SLICE, PL_NO_SLICE); /* nobody gets it */
}

/* -- the run -- */

static const enum pl_stage parsing = PL_STAGE_PARSE;

static reception *reception_new(pl_api_request *request, int64_t source, pl_api_fn *next)
{
    pl_inbound *in = request->in;
    pl_worker *w = request->worker;
    reception *rc = pl_arena_zero(&in->arena, sizeof *rc);
    int64_t now_ms = pl_wall_ms();
    *rc = (reception){.request = request, .next = next};
    rc->base = (pl_reception){
        .generation = pl_generation_ref(pl_engine_generation(w->engine)),
        .source = source,
        .request = &in->request,
        .body = in->body,
        .client = in->peer,
        .certificate = pl_inbound_certificate(in),
        .now_ms = now_ms,
        .deadline_ms = now_ms + w->gateway->settings.timeout_source,
        .arena = &in->arena,
        .trace = {.arena = &in->arena, .stage = &parsing, .monotonic_us = pl_monotonic_us},
        .received = on_received,
        .owner = rc,
    };
    rc->base.trace.subject.source = name_of(&rc->base);
    pl_timer_init(&rc->timer, on_time_over);
    w->receptions++;
    return rc;
}

static void receive(pl_api_request *request, int64_t source, pl_api_fn *next)
{
    pl_inbound *in = request->in;
    pl_worker *w = request->worker;
    const pl_settings *s = &w->gateway->settings;
    if (w->receptions >= (uint64_t)s->limit_receptions) {
        pl_api_problem(in, PL_E_BUSY, "%s", pl_err_text(PL_E_BUSY));
        return;
    }
    reception *rc = reception_new(request, source, next);
    pl_generation *g = rc->base.generation;
    int code = g->receive(g, &rc->base);
    if (code != PL_WAIT) {
        on_received(&rc->base, code);
        return;
    }
    in->owner = rc;
    in->gone = on_gone;
    pl_wheel_start(pl_loop_wheel(w->loop), &rc->timer, (uint64_t)s->timeout_source);
}

int64_t pl_api_find_source(const pl_generation *g, pl_slice name)
{
    for (uint32_t i = 0; i < g->source_count; i++)
        if (pl_slice_eq(g->sources[i].name, name)) return i;
    return -1;
}

void pl_api_verify(pl_api_request *r, pl_api_fn *next)
{
    receive(r, -1, next);
}

void pl_api_source(pl_api_request *r)
{
    receive(r, pl_api_find_source(pl_engine_generation(r->worker->engine), r->parts[0]), NULL);
}
