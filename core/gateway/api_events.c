/* SPDX-License-Identifier: MIT
 *
 * POST /v1/events: one event, an array of them, or NDJSON; all of a request or nothing of it. What
 * becomes of them, and the answer, is api_intake.c's. */
#include "gateway/api.h"

#include "base/err.h"
#include "http/message.h"

/* -- body to events -- */

/* False: it was answered with a problem. */
static bool judge(pl_collector *c, pl_inbound *in, int code)
{
    if (code == PL_E_BODY_TOO_LARGE)
        pl_api_problem(in, code, "%s", c->fault.message);
    else if (code != 0)
        pl_api_event_problem(in, code, &c->fault, c->prefix, c->line);
    return code == 0;
}

static bool collect_array(pl_collector *c, pl_inbound *in)
{
    int depth = (int)c->worker->gateway->settings.limit_json_depth;
    /* All of it at once, so that places are those in the body. */
    if (!pl_api_check_json(in, depth + 1, c->last_wins)) return false;
    c->last_wins = true;
    return judge(c, in, pl_api_collect_array(c, in->body));
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

static bool collect_lines(pl_collector *c, pl_inbound *in)
{
    int none;
    pl_slice body = in->body;
    for (c->line = 1; body.len; c->line++) {
        const char *end = memchr(body.ptr, '\n', body.len);
        size_t len = end ? (size_t)(end - body.ptr) : body.len;
        pl_slice text = trimmed((pl_slice){body.ptr, len}, &none);
        body = pl_slice_from(body, len + (end ? 1 : 0));
        if (text.len && !judge(c, in, pl_api_collect(c, text))) return false;
    }
    return true;
}

static bool is_lines(pl_slice content_type)
{
    return pl_http_media_type_is(content_type, PL_SLICE("application/x-ndjson")) ||
           pl_http_media_type_is(content_type, PL_SLICE("application/ndjson"));
}

/* Which of the three forms is it? False when it was answered. */
static bool collect_body(pl_collector *c, pl_inbound *in, pl_slice content_type, bool *is_list)
{
    int lines;
    pl_slice body = trimmed(in->body, &lines);
    *is_list = is_lines(content_type) || (body.len && body.ptr[0] == '[');
    if (is_lines(content_type)) return collect_lines(c, in);
    if (*is_list) return collect_array(c, in);
    c->line = lines ? lines + 1 : 0;
    c->is_alone = true;
    return judge(c, in, pl_api_collect(c, body));
}

static bool collect_timed(pl_collector *c, pl_inbound *in, pl_slice content_type, bool *is_list)
{
    pl_engine *e = c->worker->engine;
    uint64_t began_us = pl_monotonic_us();
    pl_engine_timed(e, PL_STAGE_ACCEPT, began_us - in->received_us);
    bool is_good = collect_body(c, in, content_type, is_list);
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
    pl_slice key = PL_NO_SLICE, digest = PL_NO_SLICE;
    if (!pl_api_key(in, &key, &digest)) return false;
    if (key.len == 0) return true;
    intake->idempotency_key = pl_arena_dup(&intake->arena, key);
    intake->digest = pl_arena_dup(&intake->arena, digest);
    return true;
}

void pl_api_events(pl_api_request *r)
{
    pl_slice content_type;
    pl_inbound *in = r->in;
    pl_intake *intake = pl_intake_new();
    pl_collector c = {.worker = r->worker,
                      .intake = intake,
                      .last_wins = pl_api_last_wins(&r->worker->gateway->settings)};
    pl_api_taking how = {.request = r, .wait_s = granted_wait_s(r->worker, &in->request)};
    if (in->request.body == PL_BODY_NONE) {
        pl_api_problem(in, PL_E_LENGTH_REQUIRED,
                       "expected a body: a Content-Length, or Transfer-Encoding: chunked");
    } else if (!is_taken(&in->request, &content_type)) {
        pl_api_problem(in, PL_E_MEDIA_TYPE,
                       "Content-Type '%.*s': expected application/json or application/x-ndjson",
                       PL_FMT(content_type));
    } else if (!collect_timed(&c, in, content_type, &how.is_list)) {
        /* was answered */
    } else if (intake->count == 0) {
        pl_api_problem(in, PL_E_BAD_EVENT, "expected at least one event");
    } else if (take_key(in, intake)) {
        pl_api_take(r->worker, in, intake, &how);
        return;
    }
    pl_intake_free(intake);
}
