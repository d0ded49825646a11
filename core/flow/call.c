/* SPDX-License-Identifier: MIT
 *
 * Calls and tries: somebody waits. Without a key the answer does not wait for the record, which is
 * on its way to the store then, unless the store is far behind:
 *
 *     render ... map -> answered -> recorded
 *
 * A call with a key comes between two commits, so that whatever ends when, it is made once:
 *
 *     take the key --- new ---> render ... map -> recorded with its answer -> answered
 *         '----------- there -> answered
 *
 * A process that dies in between leaves a key that was taken, and nobody knows what became of its
 * call: that is what the same key is told from then on. */
#include "flow/engine_impl.h"

/* Calls are answered before they are recorded: half of so many times limits.calls records may be
 * behind (a checkpoint takes tens of milliseconds) before answers wait for them, and all of it before
 * calls are refused. */
#define RECORD_LAG 8

uint64_t pl_call_most_behind(const pl_engine *e)
{
    return (uint64_t)e->settings->limit_calls * RECORD_LAG;
}

void pl_call_tell(pl_exchange *x)
{
    void (*finished)(pl_exchange *) = x->finished;
    x->finished = NULL;
    if (finished) finished(x);
}

static void begin(pl_exchange *x)
{
    if (x->kind == PL_KIND_CALL) pl_counter_add(&x->engine->metrics.calls, 1);
    if (!x->dry_run) pl_exchange_enter_now(x);
    pl_exchange_begin(x, x->request.timeout_ms);
}

/* -- keys -- */

/* The receiver says that it did not look at it: RFC 8470 section 5.2, RFC 6585 section 4. */
static bool is_turned_away(const pl_exchange *x)
{
    int status = x->response.status;
    return x->error == PL_E_HTTP_STATUS && (status == 425 || status == 429);
}

/* Of a call that was given up nothing is known: its key stays taken. */
void pl_call_end_key(pl_exchange *x)
{
    bool is_free = !x->response.was_sent || is_turned_away(x);
    if (!is_free && x->error == PL_E_STOPPING) return;
    x->record.key = x->key->key;
    if (is_free) return;
    pl_buf body;
    pl_buf_init(&body);
    x->record.answer_status = x->answer(x, &body);
    x->record.answer = pl_arena_dup(&x->arena, pl_buf_slice(&body));
    pl_buf_fini(&body);
}

static void on_taken(pl_message *m)
{
    pl_key *key = (pl_key *)((char *)m - offsetof(pl_key, op.message));
    pl_exchange *x = key->owner;
    pl_engine *e = x->engine;
    uint64_t now_us = pl_engine_time(e, PL_STAGE_COMMIT, x->stage_us);
    bool is_new = key->op.result == 0 && key->status == 0;
    if (key->status) pl_counter_add(&e->metrics.calls_replayed, 1);
    if (!is_new || x->known == NULL) {
        if (x->known) x->known(x->owner, key);
        pl_exchange_free(x);
        return;
    }
    x->queue_us = (int64_t)(now_us - x->started_us);
    x->started_us = now_us;
    x->started_ms = e->ports.wall_ms();
    begin(x);
}

static int take_key(pl_exchange *x, const pl_call *call)
{
    pl_engine *e = x->engine;
    x->key = pl_arena_zero(&x->arena, sizeof *x->key);
    *x->key = (pl_key){
        .op = {.message.fn = on_taken,
               .reply_to = e->ports.mailbox,
               .kind = PL_OP_KEY,
               .bytes = sizeof *x + x->event->document.len},
        .owner = x,
        .key = pl_arena_dup(&x->arena, call->key),
        .digest = pl_arena_dup(&x->arena, call->digest),
        .subject = x->event->subject,
        .call = x->id,
        .now_ms = x->started_ms,
    };
    x->answer = call->answer;
    x->known = call->known;
    x->stage = PL_STAGE_COMMIT;
    x->stage_us = x->started_us;
    return e->ports.submit(e->ports.world, &x->key->op);
}

void pl_call_abandon(pl_exchange *x)
{
    if (x->stage == PL_STAGE_RECORD) pl_call_tell(x);
    if (x->stage != PL_STAGE_COMMIT || x->known == NULL) return;
    pl_key refusal = {.op.result = PL_E_STOPPING};
    x->known(x->owner, &refusal);
    x->known = NULL;
}

/* -- begin -- */

int pl_engine_call(pl_engine *e, const pl_call *call)
{
    if (e->is_stopping) return PL_E_STOPPING;
    if (e->calls >= (uint64_t)e->settings->limit_calls) return PL_E_BUSY;
    if (e->answered >= pl_call_most_behind(e)) return PL_E_BUSY;
    pl_exchange *x = pl_exchange_new(e, call->kind, call->webhook);
    e->calls++;
    pl_engine_show_in_flight(e);
    x->id = pl_uuid_new(&e->rng, (uint64_t)x->started_ms);
    x->event = call->event;
    x->token = pl_arena_dup(&x->arena, call->token);
    x->created_ms = x->started_ms;
    x->number = 1;
    x->dry_run = call->dry_run;
    x->finished = call->finished;
    x->owner = call->owner;
    int64_t timeout_ms = call->timeout_ms ? call->timeout_ms : x->policy->timeout_ms;
    x->request.timeout_ms = timeout_ms ? timeout_ms : e->settings->timeout_call;
    int code = 0;
    if (call->key.len == 0)
        begin(x);
    else
        code = take_key(x, call);
    if (code == 0) return 0;
    pl_event_ref(x->event); /* is the caller's again */
    pl_exchange_free(x);
    return code;
}
