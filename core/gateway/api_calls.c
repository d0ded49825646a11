/* SPDX-License-Identifier: MIT
 *
 * POST /v1/calls/{connector}/{webhook}: a caller waits for the variables. And "run webhook": POST
 * /v1/connectors/{id}/webhooks/{id}/try, which shows the request, the response and the variables,
 * or with "dry_run": true the request only. Both run on the worker that accepted them. */
#include "gateway/api.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

/* -- what both need -- */

int64_t pl_api_find_webhook(pl_api_request *r)
{
    pl_generation *g = pl_engine_generation(r->worker->engine);
    int64_t index = g->find(g, r->parts[0], r->parts[1]);
    if (index >= 0) return index;
    if (g->find(g, r->parts[0], PL_NO_SLICE) < 0)
        pl_api_problem(r->in, PL_E_UNKNOWN_CONNECTOR, "no connector '%.*s' is loaded",
                       PL_FMT(r->parts[0]));
    else
        pl_api_problem(r->in, PL_E_UNKNOWN_WEBHOOK, "connector '%.*s' has no webhook '%.*s'",
                       PL_FMT(r->parts[0]), PL_FMT(r->parts[1]));
    return -1;
}

static pl_event *parse_event(pl_api_request *r, pl_slice json, enum pl_type_rule type,
                             const char *prefix)
{
    pl_event *event;
    pl_event_fault fault;
    const pl_settings *s = &r->worker->gateway->settings;
    pl_event_rules rules = {.json_depth = (int)s->limit_json_depth,
                            .last_wins = pl_api_last_wins(s),
                            .type = type,
                            .scratch = pl_engine_scratch(r->worker->engine)};
    pl_engine *e = r->worker->engine;
    uint64_t began_us = pl_monotonic_us();
    pl_engine_timed(e, PL_STAGE_ACCEPT, began_us - r->in->received_us);
    int code = pl_event_parse(json, &rules, pl_engine_rng(e), pl_wall_ms(), &event, &fault);
    pl_engine_time(e, PL_STAGE_PARSE, began_us);
    if (code == 0) return event;
    pl_api_event_problem(r->in, code, &fault, prefix, 0);
    return NULL;
}

/* False when it was answered. */
static bool check_reach(pl_api_request *r)
{
    for (uint32_t i = 0; i < r->only_count; i++)
        if (pl_slice_eq(r->only[i], r->parts[0])) return true;
    if (r->only_count == 0) return true;
    pl_api_problem(r->in, PL_E_FORBIDDEN, "the token '%.*s' may not reach the connector '%.*s'",
                   PL_FMT(r->token), PL_FMT(r->parts[0]));
    return false;
}

static void start(pl_api_request *r, pl_call *call)
{
    call->owner = r->in;
    int code = pl_engine_call(r->worker->engine, call);
    if (code == 0) return;
    pl_event_unref(call->event);
    pl_api_problem(r->in, code, "%s", pl_err_text(code));
}

static void write_ok(pl_json_writer *w, const pl_exchange *x)
{
    pl_jw_key(w, "ok");
    pl_jw_bool(w, x->error == 0);
}

/* -- calls -- */

static void write_outcome(pl_json_writer *w, const pl_exchange *x)
{
    char id[PL_UUID_TEXT + 1];
    pl_uuid_format(x->id, id);
    pl_jw_key(w, "variables");
    pl_jw_raw(w, x->attempt.variables.len ? x->attempt.variables : PL_SLICE("{}"));
    pl_jw_key(w, "attempt");
    pl_jw_text(w, id);
    /* An answer that is a success, but not one that could be mapped, has an error as well. */
    if (x->error == 0 && x->attempt.error.len == 0) return;
    pl_jw_key(w, "outcome");
    pl_jw_text(w, pl_err_name(x->error));
    pl_jw_key(w, "error");
    pl_jw_string(w, x->attempt.error);
}

/* When the target did not get to answer, or what it said cannot be used: a problem document with
 * the members of an answer beside its own (whose `status` is the gateway's). */
static int write_problem(const pl_exchange *x, pl_buf *out)
{
    pl_buf members;
    pl_json_writer w;
    pl_buf_init(&members);
    pl_jw_init(&w, &members);
    PL_BUF_PUT(&members, ",");
    write_ok(&w, x);
    write_outcome(&w, x);
    char *detail = pl_alloc_text(x->attempt.error);
    pl_problem_write(out, x->error, detail, pl_buf_slice(&members));
    free(detail);
    pl_buf_fini(&members);
    return pl_err_status(x->error);
}

/* What the caller is told; its HTTP status. */
static int write_answer(const pl_exchange *x, pl_buf *out)
{
    if (x->error != 0 && x->error != PL_E_HTTP_STATUS) return write_problem(x, out);
    pl_json_writer w;
    pl_jw_init(&w, out);
    pl_jw_object(&w);
    write_ok(&w, x);
    pl_jw_member_int(&w, "status", x->response.status);
    write_outcome(&w, x);
    pl_jw_object_end(&w);
    return 200;
}

static void reply(pl_inbound *in, int status, pl_slice extra, pl_slice body)
{
    pl_inbound_reply(in, status, status == 200 ? PL_SLICE("application/json") : PL_PROBLEM_TYPE,
                     extra, body);
}

/* The scratch is free: it was taken by nobody but who read the event, and is by nobody before the answer
 * is on its way. */
static void on_called(pl_exchange *x)
{
    pl_buf *body = pl_engine_scratch(x->engine);
    char retry[40] = "";
    pl_buf_clear(body);
    int status = write_answer(x, body);
    if (x->error == PL_E_BREAKER)
        snprintf(retry, sizeof retry, "Retry-After: %lld\r\n",
                 (long long)(x->delay_ms + 999) / 1000);
    reply(x->owner, status, pl_slice_of(retry), pl_buf_slice(body));
}

/* -- calls with a key -- */

/* The key was there, or could not be taken: in no case was anything sent. */
static void on_known(void *owner, const pl_key *key)
{
    int code = key->op.result;
    if (code == 0)
        reply(owner, key->status, PL_SLICE(PL_API_REPLAYED), pl_slice_of(key->answer));
    else if (pl_err_status(code) == 409)
        pl_inbound_problem(owner, code, pl_err_text(code),
                           code == PL_E_KEY_IN_USE ? PL_SLICE("Retry-After: 1\r\n") : PL_NO_SLICE,
                           PL_NO_SLICE);
    else
        pl_api_problem(owner, code, "%s; nothing was sent", pl_err_text(code));
}

/* Its key, within the webhook. A client's cannot have a line end in it: it is none of events. False
 * when it was answered. */
static bool take_key(pl_api_request *r, pl_call *call)
{
    const pl_policy *p = &pl_engine_generation(r->worker->engine)->policies[call->webhook];
    pl_slice key = PL_NO_SLICE;
    if (!pl_api_key(r->in, &key, &call->digest)) return false;
    if (key.len == 0) return true;
    call->key = pl_slice_of(pl_arena_printf(&r->in->arena, "%.*s\n%.*s\n%.*s", PL_FMT(p->connector),
                                            PL_FMT(p->webhook), PL_FMT(key)));
    call->answer = write_answer;
    call->known = on_known;
    return true;
}

void pl_api_call(pl_api_request *r)
{
    if (!check_reach(r)) return;
    int64_t webhook = pl_api_find_webhook(r);
    if (webhook < 0) return;
    pl_call call = {.webhook = (uint32_t)webhook,
                    .token = r->token,
                    .kind = PL_KIND_CALL,
                    .finished = on_called};
    if (!take_key(r, &call)) return;
    pl_slice body = r->in->body.len ? r->in->body : PL_SLICE("{}");
    call.event = parse_event(r, body, PL_TYPE_FORBIDDEN, "");
    if (call.event) start(r, &call);
}

/* -- try -- */

static void write_try(pl_json_writer *w, const pl_exchange *x)
{
    pl_jw_object(w);
    write_ok(w, x);
    pl_jw_key(w, "dry_run");
    pl_jw_bool(w, x->dry_run);
    pl_attempt_write(w, &x->attempt, x->event->document);
    pl_jw_object_end(w);
}

void pl_api_write_try(const pl_exchange *x, pl_buf *out)
{
    pl_json_writer w;
    pl_jw_init(&w, out);
    write_try(&w, x);
}

static void on_tried(pl_exchange *x)
{
    pl_buf body;
    pl_buf_init(&body);
    pl_api_write_try(x, &body);
    pl_api_json(x->owner, 200, PL_NO_SLICE, &body);
    pl_buf_fini(&body);
}

/* The body of a try: {"event": {...}, "dry_run": true}. */
typedef struct try_body {
    pl_slice event;
    bool dry_run;
} try_body;

/* False: it was answered. A misspelt "dry_run" must not send, so an unknown member is an error. */
static bool take_member(pl_api_request *r, const pl_json_token *token, pl_slice raw, try_body *t)
{
    bool is_bool = token->kind == PL_JSON_TRUE || token->kind == PL_JSON_FALSE;
    if (pl_slice_eq(token->key, PL_SLICE("event"))) {
        t->event = raw;
    } else if (!pl_slice_eq(token->key, PL_SLICE("dry_run"))) {
        pl_api_problem(r->in, PL_E_BAD_EVENT, "unknown member '%.*s'; there are event and dry_run",
                       PL_FMT(token->key));
        return false;
    } else if (!is_bool) {
        pl_api_problem(r->in, PL_E_BAD_EVENT, "/dry_run: expected true or false");
        return false;
    } else {
        t->dry_run = token->kind == PL_JSON_TRUE;
    }
    return true;
}

/* False: it was answered. */
static bool read_try(pl_api_request *r, try_body *t)
{
    pl_slice body = r->in->body.len ? r->in->body : PL_SLICE("{}"), raw;
    const pl_settings *s = &r->worker->gateway->settings;
    int depth = (int)s->limit_json_depth + 1;
    pl_json_reader reader;
    pl_json_token token;
    *t = (try_body){.event = PL_SLICE("{}")};
    if (r->in->body.len && !pl_api_check_json(r->in, depth, pl_api_last_wins(s))) return false;
    pl_json_open(&reader, body, depth);
    pl_json_next(&reader, &token);
    if (token.kind != PL_JSON_OBJECT) {
        pl_api_problem(r->in, PL_E_BAD_EVENT, "expected an object with event and dry_run");
        return false;
    }
    while (pl_json_value(&reader, &token, &raw) == 0 && token.kind != PL_JSON_OBJECT_END)
        if (!take_member(r, &token, raw, t)) return false;
    return true;
}

void pl_api_try(pl_api_request *r)
{
    try_body t;
    int64_t webhook = pl_api_find_webhook(r);
    if (webhook < 0 || !read_try(r, &t)) return;
    pl_event *event = parse_event(r, t.event, PL_TYPE_OPTIONAL, "/event");
    if (event == NULL) return;
    start(r, &(pl_call){.webhook = (uint32_t)webhook,
                        .token = r->token,
                        .kind = PL_KIND_TRY,
                        .dry_run = t.dry_run,
                        .event = event,
                        .finished = on_tried});
}
