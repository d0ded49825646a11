/* SPDX-License-Identifier: MIT
 *
 * POST /v1/events: one event, an array of them, or NDJSON; all of a request or nothing of it. 202
 * once they are on disk, with their ids and those of their deliveries; 200 when all of them were
 * there already.
 *
 * With Prefer: wait=N (RFC 7240 section 4.3) the answer comes when every delivery has ended, with
 * outcome and variables of each, or after N seconds with what is known by then. */
#include "gateway/api.h"

#include "base/err.h"
#include "http/message.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_KEY_BYTES 256 /* of an Idempotency-Key */

/* A request between take and its answer. */
struct pl_waiter {
    pl_waiter *next, **link;
    pl_worker *worker;
    pl_inbound *in;
    pl_intake *intake;
    bool is_array;   /* the body was an array or NDJSON: the answer is {"events": [...]} */
    int wait_s;      /* granted; 0: none asked for */
    bool is_waiting; /* committed, and outcomes are to come */
    pl_timer timer;
};

/* The events of a body being collected. */
typedef struct collector {
    pl_worker *worker;
    pl_inbound *in;
    pl_intake *intake;
    uint32_t room;
    bool last_wins; /* names that are there twice: may be, or were refused already */
} collector;

/* -- body to events -- */

/* False: it was answered with a problem. */
static bool collect(collector *c, pl_slice json, const char *prefix, int line)
{
    const pl_settings *s = &c->worker->gateway->settings;
    pl_event_rules rules = {
        .json_depth = (int)s->limit_json_depth, .last_wins = c->last_wins, .type = PL_TYPE_NEEDED};
    pl_event_fault fault;
    pl_event *event;
    pl_intake *in = c->intake;
    if (in->count >= (uint64_t)s->limit_batch) {
        pl_api_problem(c->in, PL_E_BODY_TOO_LARGE,
                       "more than %lld events in one request (limits.batch)",
                       (long long)s->limit_batch);
        return false;
    }
    int code = pl_event_parse(json, &rules, pl_engine_rng(c->worker->engine), pl_wall_ms(), &event,
                              &fault);
    if (code != 0) {
        pl_api_event_problem(c->in, code, &fault, prefix, line);
        return false;
    }
    if (in->count == c->room) {
        c->room = c->room ? c->room * 2 : 8;
        pl_event **more = pl_arena_alloc(&in->arena, c->room * sizeof(pl_event *));
        if (in->count) memcpy(more, in->events, in->count * sizeof *more);
        in->events = more;
    }
    in->events[in->count++] = event;
    return true;
}

static bool collect_array(collector *c, pl_slice body)
{
    int depth = (int)c->worker->gateway->settings.limit_json_depth;
    pl_json_reader r;
    pl_json_token token;
    pl_slice raw;
    /* All of it at once, so that places are those in the body. */
    if (!pl_api_check_json(c->in, depth + 1, c->last_wins)) return false;
    c->last_wins = true;
    pl_json_open(&r, body, depth + 1);
    pl_json_next(&r, &token);
    for (int i = 0; pl_json_value(&r, &token, &raw) == 0 && token.kind != PL_JSON_ARRAY_END; i++) {
        char prefix[16];
        snprintf(prefix, sizeof prefix, "/%d", i);
        if (!collect(c, raw, prefix, 0)) return false;
    }
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without white space at both ends; *lines counts the line ends in front. */
static pl_slice trimmed(pl_slice s, int *lines)
{
    *lines = 0;
    for (; s.len && is_space(*s.ptr); s = pl_slice_from(s, 1))
        *lines += *s.ptr == '\n';
    while (s.len && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

static bool collect_lines(collector *c, pl_slice body)
{
    int none;
    for (int line = 1; body.len; line++) {
        const char *end = memchr(body.ptr, '\n', body.len);
        size_t len = end ? (size_t)(end - body.ptr) : body.len;
        pl_slice text = trimmed((pl_slice){body.ptr, len}, &none);
        body = pl_slice_from(body, len + (end ? 1 : 0));
        if (text.len && !collect(c, text, "", line)) return false;
    }
    return true;
}

static bool is_lines(pl_slice content_type)
{
    return pl_http_media_type_is(content_type, PL_SLICE("application/x-ndjson")) ||
           pl_http_media_type_is(content_type, PL_SLICE("application/ndjson"));
}

/* Which of the three forms is it? False when it was answered. */
static bool collect_body(collector *c, pl_slice content_type, bool *is_array)
{
    int lines;
    pl_slice body = trimmed(c->in->body, &lines);
    *is_array = is_lines(content_type) || (body.len && body.ptr[0] == '[');
    if (is_lines(content_type)) return collect_lines(c, c->in->body);
    if (*is_array) return collect_array(c, c->in->body);
    return collect(c, body, "", lines ? lines + 1 : 0);
}

static bool collect_timed(collector *c, pl_slice content_type, bool *is_array)
{
    pl_engine *e = c->worker->engine;
    uint64_t began_us = pl_monotonic_us();
    pl_engine_time(e, PL_STAGE_ACCEPT, c->in->received_us);
    bool is_good = collect_body(c, content_type, is_array);
    pl_engine_time(e, PL_STAGE_PARSE, began_us);
    return is_good;
}

static bool is_taken(const pl_http_request *q, pl_slice *content_type)
{
    const pl_header *h = pl_http_header(q, PL_SLICE("Content-Type"));
    *content_type = h ? h->value : PL_SLICE("application/json");
    return pl_http_media_type_is(*content_type, PL_SLICE("application/json")) ||
           is_lines(*content_type);
}

/* -- answers -- */

static void write_settlement(pl_json_writer *w, const pl_settlement *s)
{
    pl_jw_key(w, "state");
    pl_jw_text(w, pl_state_name(s->state));
    pl_jw_key(w, "attempts");
    pl_jw_int(w, s->attempts);
    pl_jw_key(w, "outcome");
    pl_jw_text(w, s->outcome);
    pl_jw_key(w, "status");
    if (s->status)
        pl_jw_int(w, s->status);
    else
        pl_jw_null(w);
    if (s->error.len) {
        pl_jw_key(w, "error");
        pl_jw_string(w, s->error);
    }
    pl_jw_key(w, "variables");
    pl_jw_raw(w, s->variables.len ? s->variables : PL_SLICE("{}"));
}

static void write_deliveries(pl_json_writer *w, const pl_intake *in, uint32_t n)
{
    const pl_commit_event *c = &in->commit.events[n];
    pl_jw_array(w);
    for (uint32_t i = 0; i < c->count; i++) {
        char id[PL_UUID_TEXT + 1];
        pl_uuid_format(c->deliveries[i].id, id);
        pl_jw_object(w);
        pl_jw_key(w, "id");
        pl_jw_text(w, id);
        pl_jw_key(w, "connector");
        pl_jw_string(w, c->deliveries[i].connector);
        pl_jw_key(w, "webhook");
        pl_jw_string(w, c->deliveries[i].webhook);
        if (in->waits) write_settlement(w, &in->settlements[n][i]);
        pl_jw_object_end(w);
    }
    pl_jw_array_end(w);
}

static void write_event(pl_json_writer *w, const pl_intake *in, uint32_t n)
{
    const pl_commit_event *c = &in->commit.events[n];
    pl_jw_object(w);
    pl_jw_key(w, "id");
    pl_jw_string(w, c->event->id);
    if (c->is_duplicate) {
        pl_jw_key(w, "duplicate");
        pl_jw_bool(w, true);
        pl_jw_key(w, "deliveries");
        pl_jw_raw(w, pl_slice_of(c->known));
    } else {
        pl_jw_key(w, "deliveries");
        write_deliveries(w, in, n);
        if (c->count == 0) {
            pl_jw_key(w, "reason");
            pl_jw_string(w, c->reason);
        }
    }
    pl_jw_object_end(w);
}

static void write_answer(const pl_intake *in, bool is_array, pl_buf *out)
{
    pl_json_writer w;
    pl_jw_init(&w, out);
    if (!is_array) {
        write_event(&w, in, 0);
        return;
    }
    pl_jw_object(&w);
    pl_jw_key(&w, "events");
    pl_jw_array(&w);
    for (uint32_t n = 0; n < in->count; n++)
        write_event(&w, in, n);
    pl_jw_array_end(&w);
    pl_jw_object_end(&w);
}

/* What the idempotency key stands for from now on. On the store's thread; the worker leaves the intake
 * alone meanwhile. */
static void keep_answer(const pl_commit *c, pl_buf *out)
{
    const pl_intake *in = (const pl_intake *)((const char *)c - offsetof(pl_intake, commit));
    write_answer(in, ((const pl_waiter *)in->owner)->is_array, out);
}

static bool all_known(const pl_intake *in)
{
    for (uint32_t n = 0; n < in->count; n++)
        if (!in->commit.events[n].is_duplicate) return false;
    return true;
}

/* Has each delivery come to its end? Not those that found no place in memory, or that are to be tried
 * again further ahead than anyone waits. */
static bool all_ended(const pl_intake *in)
{
    for (uint32_t n = 0; n < in->count; n++)
        for (uint32_t i = 0; i < in->commit.events[n].count; i++)
            if (in->settlements[n][i].state == PL_STATE_PENDING) return false;
    return true;
}

static void waiter_free(pl_waiter *v)
{
    if (v->link) {
        *v->link = v->next;
        if (v->next) v->next->link = v->link;
    }
    pl_wheel_stop(pl_loop_wheel(v->worker->loop), &v->timer);
    pl_intake_free(v->intake);
    free(v);
}

/* A key that was there: the answer that it had, marked. */
static void write_kept(const pl_intake *in, pl_buf *out)
{
    PL_BUF_PUT(out, "{\"duplicate\":true,");
    pl_buf_put_slice(out, pl_slice_from(pl_slice_of(in->commit.known), 1));
}

static void answer(pl_waiter *v)
{
    pl_buf body;
    char extra[64] = "";
    const pl_intake *in = v->intake;
    bool is_known = in->commit.is_duplicate || all_known(in);
    bool is_complete = v->wait_s && all_ended(in);
    pl_buf_init(&body);
    if (in->commit.is_duplicate)
        write_kept(in, &body);
    else
        write_answer(in, v->is_array, &body);
    if (v->wait_s) snprintf(extra, sizeof extra, "Preference-Applied: wait=%d\r\n", v->wait_s);
    pl_api_json(v->in, is_known || is_complete ? 200 : 202, pl_slice_of(extra), &body);
    pl_buf_fini(&body);
    waiter_free(v);
}

/* -- callbacks -- */

static void on_wait_over(pl_timer *t)
{
    answer((pl_waiter *)((char *)t - offsetof(pl_waiter, timer)));
}

static void wait_on(pl_waiter *v)
{
    v->is_waiting = true;
    v->next = v->worker->waiters;
    v->link = &v->worker->waiters;
    if (v->next) v->next->link = &v->next;
    v->worker->waiters = v;
    pl_wheel_start(pl_loop_wheel(v->worker->loop), &v->timer, (uint64_t)v->wait_s * 1000);
}

static void on_committed(pl_intake *in, int code)
{
    pl_waiter *v = in->owner;
    if (code != 0) {
        pl_api_problem(v->in, code, "%s; nothing was accepted", pl_err_text(code));
        waiter_free(v);
    } else if (in->unsettled > 0 && !atomic_load(&v->worker->gateway->is_stopping)) {
        wait_on(v);
    } else {
        answer(v);
    }
}

static void on_settled(pl_intake *in)
{
    pl_waiter *v = in->owner;
    if (v->is_waiting && in->unsettled == 0) answer(v);
}

void pl_api_stop_waiting(pl_worker *w)
{
    while (w->waiters)
        answer(w->waiters);
}

/* -- the handler -- */

static int granted_wait_s(const pl_worker *w, const pl_http_request *q)
{
    int64_t most_s = w->gateway->settings.timeout_wait / 1000;
    int asked_s = pl_http_prefer_wait(q);
    if (asked_s <= 0) return 0;
    return asked_s < most_s ? asked_s : (int)most_s;
}

static bool take_key(pl_inbound *in, pl_intake *intake)
{
    const pl_header *h = pl_http_header(&in->request, PL_SLICE("Idempotency-Key"));
    if (h == NULL) return true;
    if (h->value.len == 0 || h->value.len > MAX_KEY_BYTES) {
        pl_api_problem(in, PL_E_BAD_REQUEST, "Idempotency-Key: expected 1 to %d bytes",
                       MAX_KEY_BYTES);
        return false;
    }
    intake->idempotency_key = pl_arena_dup(&intake->arena, h->value);
    return true;
}

static void take(pl_waiter *v)
{
    pl_intake *in = v->intake;
    in->owner = v;
    in->answer = keep_answer;
    in->committed = on_committed;
    in->settled = on_settled;
    in->received_us = v->in->received_us;
    in->waits = v->wait_s > 0;
    int code = pl_engine_take(v->worker->engine, in);
    if (code == 0) return;
    pl_api_problem(v->in, code, "%s; nothing was accepted", pl_err_text(code));
    waiter_free(v);
}

void pl_api_events(pl_api_request *r)
{
    pl_slice content_type;
    pl_waiter *v = pl_alloc_zero(sizeof *v);
    *v = (pl_waiter){.worker = r->worker, .in = r->in, .intake = pl_intake_new()};
    collector c = {.worker = r->worker,
                   .in = r->in,
                   .intake = v->intake,
                   .last_wins = pl_api_last_wins(&r->worker->gateway->settings)};
    pl_timer_init(&v->timer, on_wait_over);
    v->wait_s = granted_wait_s(r->worker, &r->in->request);
    if (r->in->request.body == PL_BODY_NONE) {
        pl_api_problem(r->in, PL_E_LENGTH_REQUIRED,
                       "expected a body: a Content-Length, or Transfer-Encoding: chunked");
    } else if (!is_taken(&r->in->request, &content_type)) {
        pl_api_problem(r->in, PL_E_MEDIA_TYPE,
                       "Content-Type '%.*s': expected application/json or application/x-ndjson",
                       PL_FMT(content_type));
    } else if (!collect_timed(&c, content_type, &v->is_array)) {
        /* was answered */
    } else if (v->intake->count == 0) {
        pl_api_problem(r->in, PL_E_BAD_EVENT, "expected at least one event");
    } else if (take_key(r->in, v->intake)) {
        take(v);
        return;
    }
    waiter_free(v);
}
