/* SPDX-License-Identifier: MIT
 *
 * Events of a request, whoever made them: collected, all of them or none, taken to disk, and
 * answered. 202 once they are there, with their ids and those of their deliveries; 200 when all of
 * them were there already.
 *
 * With Prefer: wait=N (RFC 7240 section 4.3) the answer comes when every delivery has ended, with
 * outcome and variables of each, or after N seconds with what is known by then. */
#include "gateway/api.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

/* A request between take and its answer. */
struct pl_waiter {
    pl_waiter *next, **link;
    pl_worker *worker;
    pl_inbound *in;
    pl_intake *intake;
    bool is_list;            /* the answer is {"events": [...]} */
    int wait_s;              /* granted; 0: none asked for */
    const pl_reception *own; /* has an answer of its own; NULL */
    bool is_waiting;         /* committed, and outcomes are to come */
    pl_timer timer;
};

/* -- collect -- */

static int refuse_batch(pl_collector *c, int64_t most)
{
    snprintf(c->fault.message, sizeof c->fault.message,
             "more than %lld events in one request (limits.batch)", (long long)most);
    return PL_E_BODY_TOO_LARGE;
}

int pl_api_collect(pl_collector *c, pl_slice json)
{
    const pl_settings *s = &c->worker->gateway->settings;
    pl_event_rules rules = {.json_depth = (int)s->limit_json_depth,
                            .last_wins = c->last_wins,
                            .type = PL_TYPE_NEEDED,
                            .scratch = c->is_alone ? pl_engine_scratch(c->worker->engine) : NULL};
    pl_event *event;
    pl_intake *in = c->intake;
    if (in->count >= (uint64_t)s->limit_batch) return refuse_batch(c, s->limit_batch);
    int code = pl_event_parse(json, &rules, pl_engine_rng(c->worker->engine), pl_wall_ms(), &event,
                              &c->fault);
    if (code != 0) return code;
    if (in->count == c->room) {
        c->room = c->room ? c->room * 2 : 8;
        pl_event **more = pl_arena_alloc(&in->arena, c->room * sizeof(pl_event *));
        if (in->count) memcpy(more, in->events, in->count * sizeof *more);
        in->events = more;
    }
    in->events[in->count++] = event;
    return 0;
}

int pl_api_collect_array(pl_collector *c, pl_slice array)
{
    int depth = (int)c->worker->gateway->settings.limit_json_depth, code = 0;
    pl_json_reader r;
    pl_json_token token;
    pl_slice raw;
    pl_json_open(&r, array, depth + 1);
    pl_json_next(&r, &token);
    for (int i = 0; code == 0; i++) {
        if (pl_json_value(&r, &token, &raw) != 0 || token.kind == PL_JSON_ARRAY_END) return 0;
        snprintf(c->prefix, sizeof c->prefix, "/%d", i);
        code = pl_api_collect(c, raw);
    }
    return code;
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
    pl_jw_member_int(w, "status", s->status);
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

static void write_answer(const pl_intake *in, bool is_list, pl_buf *out)
{
    pl_json_writer w;
    pl_jw_init(&w, out);
    if (!is_list) {
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
    write_answer(in, ((const pl_waiter *)in->owner)->is_list, out);
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

static void answer_usual(pl_waiter *v)
{
    pl_buf body;
    char extra[100] = "";
    const pl_intake *in = v->intake;
    bool is_known = in->commit.is_duplicate || all_known(in);
    bool is_complete = v->wait_s && all_ended(in);
    pl_buf_init(&body);
    if (in->commit.is_duplicate)
        write_kept(in, &body);
    else
        write_answer(in, v->is_list, &body);
    const char *mark = in->commit.is_duplicate ? PL_API_REPLAYED : "";
    if (v->wait_s)
        snprintf(extra, sizeof extra, "%sPreference-Applied: wait=%d\r\n", mark, v->wait_s);
    else
        snprintf(extra, sizeof extra, "%s", mark);
    pl_api_json(v->in, is_known || is_complete ? 200 : 202, pl_slice_of(extra), &body);
    pl_buf_fini(&body);
}

static void answer(pl_waiter *v)
{
    if (v->own)
        pl_api_own_answer(v->in, v->own);
    else
        answer_usual(v);
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

/* -- take -- */

void pl_api_take(pl_worker *w, pl_inbound *inbound, pl_intake *in, const pl_api_taking *how)
{
    pl_waiter *v = pl_alloc_zero(sizeof *v);
    *v = (pl_waiter){.worker = w,
                     .in = inbound,
                     .intake = in,
                     .is_list = how->is_list,
                     .wait_s = how->wait_s,
                     .own = how->own};
    in->token = pl_arena_dup(&in->arena, how->request->token);
    in->only = how->request->only;
    in->only_count = how->request->only_count;
    pl_timer_init(&v->timer, on_wait_over);
    in->owner = v;
    in->answer = keep_answer;
    in->committed = on_committed;
    in->settled = on_settled;
    in->received_us = inbound->received_us;
    in->waits = v->wait_s > 0;
    int code = pl_engine_take(w->engine, in);
    if (code == 0) return;
    pl_api_problem(inbound, code, "%s; nothing was accepted", pl_err_text(code));
    waiter_free(v);
}
