/* SPDX-License-Identifier: MIT
 *
 * Erasure: DELETE /v1/events/{id}, and POST /v1/erase of all events about a subject. Events,
 * deliveries (those that are pending, too) and attempts go; one operation after the other, so that
 * a subject with many events holds up nobody. */
#include "gateway/api.h"

#include "base/err.h"

#include <stdlib.h>

typedef struct erasing {
    pl_api_request *request;
    pl_erase erase;
    pl_buf subject;
    uint64_t events, deliveries; /* of all operations */
} erasing;

static void erasing_free(erasing *e)
{
    pl_buf_fini(&e->subject);
    free(e);
}

static void answer(erasing *e)
{
    pl_buf body;
    pl_json_writer w;
    pl_buf_init(&body);
    pl_jw_init(&w, &body);
    pl_jw_object(&w);
    pl_jw_key(&w, "events");
    pl_jw_int(&w, (int64_t)e->events);
    pl_jw_key(&w, "deliveries");
    pl_jw_int(&w, (int64_t)e->deliveries);
    pl_jw_object_end(&w);
    pl_api_json(e->request->in, 200, PL_NO_SLICE, &body);
    pl_buf_fini(&body);
    erasing_free(e);
}

static void fail(erasing *e, int code)
{
    pl_api_problem(e->request->in, code, "%s", pl_err_text(code));
    erasing_free(e);
}

static void submit(erasing *e);

static void on_erased(pl_message *m)
{
    erasing *e = (erasing *)((char *)m - offsetof(erasing, erase.op.message));
    int code = e->erase.op.result;
    if (code == 0) {
        for (uint32_t i = 0; i < e->erase.pending_count; i++)
            pl_worker_nudge_all(e->request->worker, e->erase.pending[i], PL_COMMAND_CANCEL,
                                e->erase.op.seq);
        pl_arena_fini(&e->erase.memory);
        e->events += e->erase.events;
        e->deliveries += e->erase.deliveries;
    }
    if (code == 0 && e->erase.event_id.len && e->events == 0) code = PL_E_UNKNOWN_EVENT;
    if (code != 0)
        fail(e, code);
    else if (e->erase.has_more)
        submit(e);
    else
        answer(e);
}

static void submit(erasing *e)
{
    pl_worker *w = e->request->worker;
    pl_store *store = w->gateway->store; /* closed already when the last answers are taken */
    e->erase.op = (pl_op){.message.fn = on_erased,
                          .reply_to = pl_loop_mailbox(w->loop),
                          .kind = PL_OP_ERASE,
                          .bytes = sizeof *e};
    int code = store ? pl_store_submit(store, &e->erase.op) : PL_E_STOPPING;
    if (code != 0) fail(e, code);
}

static erasing *erasing_new(pl_api_request *r)
{
    erasing *e = pl_alloc_zero(sizeof *e);
    e->request = r;
    pl_buf_init(&e->subject);
    return e;
}

void pl_api_erase_event(pl_api_request *r)
{
    erasing *e = erasing_new(r);
    e->erase.event_id = r->parts[0];
    submit(e);
}

void pl_api_erase(pl_api_request *r)
{
    if (!pl_api_check_json(r->in, (int)r->worker->gateway->settings.limit_json_depth, false))
        return;
    erasing *e = erasing_new(r);
    pl_slice raw = pl_json_find(r->in->body, PL_SLICE("subject"));
    if (!pl_json_unescape(raw, &e->subject) || e->subject.len == 0) {
        pl_api_problem(r->in, PL_E_BAD_REQUEST,
                       "expected {\"subject\": TEXT}, whose events are to be erased");
        erasing_free(e);
        return;
    }
    e->erase.subject = pl_buf_slice(&e->subject);
    submit(e);
}
