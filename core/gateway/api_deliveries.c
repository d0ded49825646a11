/* SPDX-License-Identifier: MIT
 *
 * The feed and what an operator does with it: GET /v1/deliveries with filters and cursor, one
 * delivery with its attempts, what is undelivered, retry, cancel, and the live feed. */
#include "gateway/api.h"

#include "base/err.h"
#include "gateway/filter.h"
#include "http/url.h"

#include <stdio.h>
#include <stdlib.h>

/* -- questions to the store -- */

typedef struct question {
    pl_query query;
    pl_inbound *in;
} question;

static void on_answer(pl_message *m)
{
    question *q = (question *)((char *)m - offsetof(question, query.message));
    if (q->query.result == 0)
        pl_api_json(q->in, 200, PL_NO_SLICE, &q->query.answer);
    else
        pl_api_problem(q->in, q->query.result, "%s", pl_err_text(q->query.result));
    pl_buf_fini(&q->query.answer);
    free(q);
}

static question *question_new(pl_api_request *r, enum pl_query_kind kind)
{
    question *q = pl_alloc_zero(sizeof *q);
    q->in = r->in;
    q->query.kind = kind;
    q->query.message.fn = on_answer;
    q->query.reply_to = pl_loop_mailbox(r->worker->loop);
    return q;
}

static void ask(pl_api_request *r, question *q)
{
    int code = pl_store_ask(r->worker->gateway->store, &q->query);
    if (code == 0) return;
    pl_api_problem(r->in, code, "too many queries are waiting");
    free(q);
}

/* -- the filter -- */

/* False: it was answered. */
static bool read_filter(pl_api_request *r, pl_feed_filter *f)
{
    pl_slice rest = r->in->request.query, name, raw, value;
    char word[16];
    pl_filter_init(f);
    while (rest.ptr && pl_query_next(&rest, &name, &raw)) {
        bool known = false;
        const char *expected = NULL;
        snprintf(word, sizeof word, "%.*s", PL_FMT(name));
        if (!pl_api_param(r->in, word, &value)) return false;
        if (name.len < sizeof word) expected = pl_filter_set(f, name, value, &known);
        if (!known)
            pl_api_problem(r->in, PL_E_BAD_QUERY,
                           "unknown parameter '%.*s'; there are " PL_FILTER_NAMES, PL_FMT(name));
        else if (expected)
            pl_api_problem(r->in, PL_E_BAD_QUERY, "%s '%.*s': expected %s", word, PL_FMT(value),
                           expected);
        if (!known || expected) return false;
    }
    if (f->limit > r->worker->gateway->settings.limit_feed_page)
        f->limit = (uint32_t)r->worker->gateway->settings.limit_feed_page;
    return true;
}

void pl_api_deliveries(pl_api_request *r)
{
    pl_feed_filter filter;
    if (!read_filter(r, &filter)) return;
    question *q = question_new(r, PL_QUERY_FEED);
    q->query.filter = filter;
    ask(r, q);
}

/* False: it was answered. */
static bool read_id(pl_api_request *r, pl_uuid *id)
{
    if (pl_uuid_parse(r->parts[0], id)) return true;
    pl_api_problem(r->in, PL_E_UNKNOWN_DELIVERY, "'%.*s' is not the id of a delivery",
                   PL_FMT(r->parts[0]));
    return false;
}

void pl_api_delivery(pl_api_request *r)
{
    pl_uuid id;
    if (!read_id(r, &id)) return;
    question *q = question_new(r, PL_QUERY_DELIVERY);
    q->query.id = id;
    ask(r, q);
}

void pl_api_undelivered(pl_api_request *r)
{
    pl_slice connector, rest = r->in->request.query, name, raw;
    while (rest.ptr && pl_query_next(&rest, &name, &raw)) {
        if (pl_slice_eq(name, PL_SLICE("connector"))) continue;
        pl_api_problem(r->in, PL_E_BAD_QUERY, "unknown parameter '%.*s'; there is connector",
                       PL_FMT(name));
        return;
    }
    if (!pl_api_param(r->in, "connector", &connector)) return;
    question *q = question_new(r, PL_QUERY_UNDELIVERED);
    q->query.filter.connector = connector;
    q->query.now_ms = pl_wall_ms();
    ask(r, q);
}

/* -- retry and cancel -- */

typedef struct order {
    pl_command command;
    pl_worker *worker;
    pl_inbound *in;
} order;

static void answer_state(order *o)
{
    char id[PL_UUID_TEXT + 1];
    pl_buf body;
    pl_json_writer w;
    pl_uuid_format(o->command.id, id);
    pl_buf_init(&body);
    pl_jw_init(&w, &body);
    pl_jw_object(&w);
    pl_jw_key(&w, "id");
    pl_jw_text(&w, id);
    pl_jw_key(&w, "state");
    pl_jw_text(&w, pl_state_name(o->command.state));
    pl_jw_object_end(&w);
    pl_api_json(o->in, o->command.kind == PL_COMMAND_RETRY ? 202 : 200, PL_NO_SLICE, &body);
    pl_buf_fini(&body);
}

static void on_ordered(pl_message *m)
{
    order *o = (order *)((char *)m - offsetof(order, command.op.message));
    int code = o->command.op.result;
    if (code == 0) {
        pl_worker_nudge_all(o->worker, o->command.id, o->command.kind, o->command.op.seq);
        answer_state(o);
    } else if (code == PL_E_CONFLICT) {
        pl_api_problem(o->in, code, "the delivery is %s", pl_state_name(o->command.state));
    } else {
        pl_api_problem(o->in, code, "%s", pl_err_text(code));
    }
    free(o);
}

static void command(pl_api_request *r, enum pl_command_kind kind)
{
    pl_uuid id;
    if (!read_id(r, &id)) return;
    order *o = pl_alloc_zero(sizeof *o);
    o->worker = r->worker;
    o->in = r->in;
    o->command = (pl_command){
        .op = {.message.fn = on_ordered,
               .reply_to = pl_loop_mailbox(r->worker->loop),
               .kind = PL_OP_COMMAND,
               .bytes = sizeof *o},
        .kind = kind,
        .id = id,
        .now_ms = pl_wall_ms(),
    };
    int code = pl_store_submit(r->worker->gateway->store, &o->command.op);
    if (code == 0) return;
    pl_api_problem(r->in, code, "%s", pl_err_text(code));
    free(o);
}

void pl_api_retry(pl_api_request *r)
{
    command(r, PL_COMMAND_RETRY);
}

void pl_api_cancel(pl_api_request *r)
{
    command(r, PL_COMMAND_CANCEL);
}

/* -- live -- */

/* A filter that is not one would let through what nobody asked for. False: it was answered. */
static bool has_live_filters_only(pl_api_request *r)
{
    pl_slice rest = r->in->request.query, name, raw;
    while (rest.ptr && pl_query_next(&rest, &name, &raw)) {
        if (pl_slice_eq(name, PL_SLICE("connector")) || pl_slice_eq(name, PL_SLICE("webhook")))
            continue;
        pl_api_problem(r->in, PL_E_BAD_QUERY,
                       "unknown parameter '%.*s'; the live feed has connector and webhook",
                       PL_FMT(name));
        return false;
    }
    return true;
}

void pl_api_feed(pl_api_request *r)
{
    pl_slice connector, webhook;
    if (!has_live_filters_only(r)) return;
    if (!pl_api_param(r->in, "connector", &connector) || !pl_api_param(r->in, "webhook", &webhook))
        return;
    if (pl_slice_eq(r->in->request.method, PL_SLICE("HEAD"))) { /* it has no end to wait for */
        pl_inbound_stream(r->in, 200, PL_SLICE("text/event-stream"), 0);
        pl_inbound_stream_end(r->in);
        return;
    }
    pl_live_watch(r->worker, r->in, connector, webhook);
}
