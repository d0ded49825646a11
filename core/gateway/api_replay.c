/* SPDX-License-Identifier: MIT
 *
 * Jobs: POST /v1/replay and POST /v1/cancel make one of a filter, or with "preview": true only
 * count what it would be about; /v1/replay[/{id}] shows them, and pauses, resumes or cancels one.
 *
 *     count -> make -> show, each a question or an order of its own */
#include "gateway/api.h"

#include "base/err.h"
#include "gateway/filter.h"
#include "gateway/replay.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct asking {
    pl_api_request *request;
    pl_arena arena; /* of the filter's texts */
    pl_query query;
    pl_job_op order;
    bool is_preview, is_new;
} asking;

static asking *asking_new(pl_api_request *r)
{
    asking *a = pl_alloc_zero(sizeof *a);
    a->request = r;
    pl_arena_init(&a->arena);
    pl_buf_init(&a->query.answer);
    return a;
}

static void asking_free(asking *a)
{
    pl_buf_fini(&a->query.answer);
    pl_arena_fini(&a->arena);
    free(a);
}

static void fail(asking *a, int code)
{
    if (code == PL_E_CONFLICT)
        pl_api_problem(a->request->in, code, "the job is %s", pl_job_state_name(a->order.state));
    else
        pl_api_problem(a->request->in, code, "%s", pl_err_text(code));
    asking_free(a);
}

static void ask(asking *a, enum pl_query_kind kind, pl_message_fn *next)
{
    pl_worker *w = a->request->worker;
    pl_buf_clear(&a->query.answer);
    a->query.kind = kind;
    a->query.message.fn = next;
    a->query.reply_to = pl_loop_mailbox(w->loop);
    pl_store *store = w->gateway->store; /* closed already when the last answers are taken */
    int code = store ? pl_store_ask(store, &a->query) : PL_E_STOPPING;
    if (code != 0) fail(a, code);
}

static void give(asking *a, enum pl_job_order order, pl_message_fn *next)
{
    pl_worker *w = a->request->worker;
    a->order.order = order;
    a->order.now_ms = pl_wall_ms();
    a->order.op = (pl_op){.message.fn = next,
                          .reply_to = pl_loop_mailbox(w->loop),
                          .kind = PL_OP_JOB,
                          .bytes = sizeof *a};
    pl_store *store = w->gateway->store;
    int code = store ? pl_store_submit(store, &a->order.op) : PL_E_STOPPING;
    if (code != 0) fail(a, code);
}

/* -- show -- */

static void on_shown(pl_message *m)
{
    asking *a = (asking *)((char *)m - offsetof(asking, query.message));
    if (a->query.result != 0) {
        fail(a, a->query.result);
        return;
    }
    pl_api_json(a->request->in, a->is_new ? 202 : 200, PL_NO_SLICE, &a->query.answer);
    asking_free(a);
}

void pl_api_jobs(pl_api_request *r)
{
    asking *a = asking_new(r);
    a->query.filter = (pl_feed_filter){
        .state = -1, .limit = (uint32_t)r->worker->gateway->settings.limit_feed_page};
    ask(a, PL_QUERY_JOBS, on_shown);
}

/* False: it was answered. */
static bool read_job(pl_api_request *r, int64_t *job)
{
    char text[20] = "", *end;
    pl_slice id = r->parts[0];
    if (id.len < sizeof text) memcpy(text, id.ptr, id.len);
    *job = strtoll(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0') return true;
    pl_api_problem(r->in, PL_E_UNKNOWN_JOB, "'%.*s' is not the id of a job", PL_FMT(id));
    return false;
}

void pl_api_job(pl_api_request *r)
{
    int64_t job;
    if (!read_job(r, &job)) return;
    asking *a = asking_new(r);
    a->query.job = job;
    ask(a, PL_QUERY_JOB, on_shown);
}

/* -- orders -- */

static void on_ordered(pl_message *m)
{
    asking *a = (asking *)((char *)m - offsetof(asking, order.op.message));
    if (a->order.op.result != 0) {
        fail(a, a->order.op.result);
        return;
    }
    if (a->order.state == PL_JOB_RUNNING) pl_replay_look(a->request->worker->gateway->replay);
    a->query.job = a->order.job;
    ask(a, PL_QUERY_JOB, on_shown);
}

static void set_state(pl_api_request *r, enum pl_job_state state)
{
    int64_t job;
    if (!read_job(r, &job)) return;
    asking *a = asking_new(r);
    a->order.job = job;
    a->order.state = state;
    give(a, PL_JOB_SET, on_ordered);
}

void pl_api_job_pause(pl_api_request *r)
{
    set_state(r, PL_JOB_PAUSED);
}

void pl_api_job_resume(pl_api_request *r)
{
    set_state(r, PL_JOB_RUNNING);
}

void pl_api_job_cancel(pl_api_request *r)
{
    set_state(r, PL_JOB_CANCELLED);
}

/* -- make -- */

static void on_counted(pl_message *m)
{
    asking *a = (asking *)((char *)m - offsetof(asking, query.message));
    if (a->query.result != 0) {
        fail(a, a->query.result);
        return;
    }
    if (a->is_preview) {
        pl_api_json(a->request->in, 200, PL_NO_SLICE, &a->query.answer);
        asking_free(a);
        return;
    }
    pl_slice answer = pl_buf_slice(&a->query.answer);
    pl_slice last = pl_json_find(answer, PL_SLICE("last"));
    a->order.total = strtoull(pl_json_find(answer, PL_SLICE("total")).ptr, NULL, 10);
    if (last.len > 2) pl_uuid_parse((pl_slice){last.ptr + 1, last.len - 2}, &a->order.last);
    a->is_new = true;
    give(a, PL_JOB_MAKE, on_ordered);
}

/* A member that is a JSON boolean; false when it is something else. */
static bool read_preview(pl_slice body, bool *preview)
{
    pl_slice raw = pl_json_find(body, PL_SLICE("preview"));
    *preview = pl_slice_eq(raw, PL_SLICE("true"));
    return raw.len == 0 || *preview || pl_slice_eq(raw, PL_SLICE("false"));
}

static bool read_rate(pl_slice body, uint32_t *rate)
{
    char text[8] = "", *end;
    pl_slice raw = pl_json_find(body, PL_SLICE("rate"));
    *rate = PL_REPLAY_RATE;
    if (raw.len == 0) return true;
    if (raw.len < sizeof text) memcpy(text, raw.ptr, raw.len);
    long n = strtol(text, &end, 10);
    *rate = (uint32_t)n;
    return end != text && *end == '\0' && n >= 1 && n <= PL_REPLAY_MAX_RATE;
}

static const char *unknown_member(pl_slice body, pl_arena *arena)
{
    pl_json_reader reader;
    pl_json_token token;
    pl_json_open(&reader, body, PL_JSON_MAX_DEPTH);
    pl_json_next(&reader, &token);
    for (pl_slice raw;
         pl_json_value(&reader, &token, &raw) == 0 && token.kind != PL_JSON_OBJECT_END;)
        if (!pl_slice_eq(token.key, PL_SLICE("filter")) &&
            !pl_slice_eq(token.key, PL_SLICE("rate")) &&
            !pl_slice_eq(token.key, PL_SLICE("preview")))
            return pl_arena_printf(arena, "%.*s", PL_FMT(token.key));
    return NULL;
}

/* NULL, or what is wrong with the body of a new job. */
static const char *read_job_request(asking *a, enum pl_command_kind kind, pl_slice body,
                                    char error[256])
{
    pl_slice filter = pl_json_find(body, PL_SLICE("filter"));
    if (filter.len == 0 || filter.ptr[0] != '{')
        return "expected an object with \"filter\", an object that may be empty";
    const char *unknown = unknown_member(body, &a->arena);
    if (unknown) {
        snprintf(error, 256, "unknown member '%s'; there are filter, rate and preview", unknown);
        return error;
    }
    if (!read_preview(body, &a->is_preview)) return "preview: expected true or false";
    if (!read_rate(body, &a->order.rate))
        return "rate: expected a whole number of deliveries a second, 1 to 1000";
    a->order.filter = filter;
    a->order.kind = kind;
    a->order.token = a->request->token;
    return pl_filter_of_json(filter, kind, &a->arena, &a->query.filter, error) ? error : NULL;
}

static void make(pl_api_request *r, enum pl_command_kind kind)
{
    char error[256];
    if (!pl_api_check_json(r->in, (int)r->worker->gateway->settings.limit_json_depth, false))
        return;
    asking *a = asking_new(r);
    const char *mistake = read_job_request(a, kind, r->in->body, error);
    if (mistake) {
        pl_api_problem(r->in, PL_E_BAD_QUERY, "%s", mistake);
        asking_free(a);
        return;
    }
    ask(a, PL_QUERY_COUNT, on_counted);
}

void pl_api_replay(pl_api_request *r)
{
    make(r, PL_COMMAND_RETRY);
}

void pl_api_cancel_all(pl_api_request *r)
{
    make(r, PL_COMMAND_CANCEL);
}
