/* SPDX-License-Identifier: MIT
 *
 * POST /v1/connectors/{id}/webhooks/{id}/disable and /enable. A webhook that was enabled gets what
 * waited for it in steps, one operation after the other, so that a large backlog holds up nobody:
 *
 *     disable: OFF -> answer        enable: ON -> RELEASE ... RELEASE -> answer
 *
 * Both may be done again: a webhook that is disabled stays as it is, and enabling goes on where the
 * last time was interrupted. One that is no longer loaded can be enabled all the same. */
#include "gateway/api.h"

#include "base/err.h"
#include "base/secret.h"
#include "flow/notice.h"

#include <stdlib.h>

#define MAX_REASON_BYTES 500

typedef struct turning {
    pl_api_request *request;
    pl_switch_op order;
    pl_notice *notice; /* that goes with it; NULL */
    uint64_t released;
} turning;

static void write_switch(void *arg, const pl_switch *s)
{
    pl_health_write_switch(arg, s);
}

static void answer(turning *t)
{
    pl_buf body;
    pl_json_writer w;
    const pl_switch *what = &t->order.what;
    pl_buf_init(&body);
    pl_jw_init(&w, &body);
    pl_jw_object(&w);
    pl_jw_key(&w, "connector");
    pl_jw_string(&w, what->connector);
    pl_jw_key(&w, "webhook");
    pl_jw_string(&w, what->webhook);
    pl_jw_key(&w, "disabled");
    size_t before = body.len;
    pl_switches_show(t->request->worker->gateway->switches, what->connector, what->webhook,
                     write_switch, &w);
    if (body.len == before) pl_jw_null(&w);
    if (t->order.order == PL_SWITCH_RELEASE) {
        pl_jw_key(&w, "released");
        pl_jw_int(&w, (int64_t)t->released);
    }
    pl_jw_object_end(&w);
    pl_api_json(t->request->in, 200, PL_NO_SLICE, &body);
    pl_buf_fini(&body);
    free(t);
}

static void fail(turning *t, int code)
{
    pl_notice_done(t->notice, false);
    pl_api_problem(t->request->in, code, "%s", pl_err_text(code));
    free(t);
}

static void submit(turning *t, enum pl_switch_order order);

static void on_turned(pl_message *m)
{
    turning *t = (turning *)((char *)m - offsetof(turning, order.op.message));
    int code = t->order.op.result;
    bool is_over = t->order.order == PL_SWITCH_OFF;
    pl_notice_done(t->notice, code == 0 && t->order.has_changed);
    t->notice = NULL;
    t->order.notice = NULL;
    if (t->order.order == PL_SWITCH_RELEASE) {
        t->released += t->order.released;
        is_over = !t->order.has_more;
        pl_engine_claim_now(t->request->worker->engine);
    }
    if (code != 0)
        fail(t, code);
    else if (is_over)
        answer(t);
    else
        submit(t, PL_SWITCH_RELEASE);
}

static void submit(turning *t, enum pl_switch_order order)
{
    pl_worker *w = t->request->worker;
    pl_store *store = w->gateway->store; /* closed already when the last answers are taken */
    t->order.op = (pl_op){.message.fn = on_turned,
                          .reply_to = pl_loop_mailbox(w->loop),
                          .kind = PL_OP_SWITCH,
                          .bytes = sizeof *t};
    t->order.order = order;
    t->order.now_ms = pl_wall_ms();
    t->order.released = 0;
    int code = store ? pl_store_submit(store, &t->order.op) : PL_E_STOPPING;
    if (code != 0) fail(t, code);
}

static void turn(pl_api_request *r, enum pl_switch_order order, pl_slice reason)
{
    pl_arena *arena = &r->in->arena;
    turning *t = pl_alloc_zero(sizeof *t);
    t->request = r;
    t->order.what = (pl_switch){
        .connector = r->parts[0],
        .webhook = r->parts[1],
        .since_ms = pl_wall_ms(),
        .by = r->token.len ? pl_slice_of(pl_arena_printf(arena, "token %.*s", PL_FMT(r->token)))
                           : PL_SLICE("an administrator"),
        .reason = pl_secret_masked(arena, reason),
    };
    t->notice = pl_notice_of_switch(r->worker->engine, &t->order.what, order == PL_SWITCH_OFF);
    t->order.notice = pl_notice_commit(t->notice);
    submit(t, order);
}

/* The body: nothing, or {"reason": TEXT}. False: it was answered. */
static bool read_reason(pl_api_request *r, pl_slice *reason)
{
    pl_buf text;
    *reason = PL_NO_SLICE;
    if (r->in->body.len == 0) return true;
    if (!pl_api_check_json(r->in, (int)r->worker->gateway->settings.limit_json_depth, false))
        return false;
    pl_buf_init(&text);
    bool is_good = pl_json_unescape(pl_json_find(r->in->body, PL_SLICE("reason")), &text) &&
                   text.len <= MAX_REASON_BYTES;
    *reason = pl_arena_dup(&r->in->arena, pl_buf_slice(&text));
    pl_buf_fini(&text);
    if (!is_good)
        pl_api_problem(r->in, PL_E_BAD_REQUEST,
                       "expected no body, or {\"reason\": TEXT} of at most %d bytes",
                       MAX_REASON_BYTES);
    return is_good;
}

void pl_api_disable(pl_api_request *r)
{
    pl_slice reason;
    if (pl_api_find_webhook(r) >= 0 && read_reason(r, &reason)) turn(r, PL_SWITCH_OFF, reason);
}

void pl_api_enable(pl_api_request *r)
{
    pl_switches *switches = r->worker->gateway->switches;
    if (pl_switches_is_off(switches, r->parts[0], r->parts[1]) || pl_api_find_webhook(r) >= 0)
        turn(r, PL_SWITCH_ON, PL_NO_SLICE);
}
