/* SPDX-License-Identifier: MIT
 *
 * The row of an attempt and its way to the store. It is written whatever happened, credentials
 * masked and bodies capped. When the store cannot write, the record is tried again until it can: a
 * delivery stays in memory, held, until its attempt is durable, and so does a call with a key. Only
 * the record of another call is given up in the end, loudly. */
#include "flow/engine_impl.h"

#include "base/log.h"
#include "base/secret.h"
#include "http/message.h"

#define RECORD_AGAIN_MS   500
#define RECORD_CALL_TRIES 20 /* of a call's record: ten seconds */

/* Fields that carry credentials, whoever set them. */
#define MASKED_FIELDS(X)     \
    X("authorization")       \
    X("proxy-authorization") \
    X("cookie")              \
    X("set-cookie")          \
    X("x-api-key")           \
    X("api-key")             \
    X("x-auth-token")

static const pl_name_set masked_fields = PL_NAME_SET(MASKED_FIELDS);

/* -- the row -- */

static pl_slice masked_json(pl_arena *arena, pl_slice json)
{
    if (!pl_secret_is_in(json)) return json;
    pl_buf out;
    pl_buf_init(&out);
    pl_secret_mask_json(&out, json);
    pl_slice copy = pl_arena_dup(arena, pl_buf_slice(&out));
    pl_buf_fini(&out);
    return copy;
}

static pl_slice shown_value(const pl_field *f)
{
    if (f->shown.ptr) return f->shown;
    return pl_name_set_has(&masked_fields, f->name) ? PL_SLICE("***") : f->value;
}

static char *put(char *at, pl_slice s)
{
    if (s.len) memcpy(at, s.ptr, s.len);
    return at + s.len;
}

/* There is room for what a value is masked with beside it, so that each is asked for once. */
static pl_slice shown_fields(pl_exchange *x, const pl_field *fields)
{
    size_t bytes = 1;
    for (const pl_field *f = fields; f; f = f->next)
        bytes += f->name.len + f->value.len + f->shown.len + sizeof "***: \r\n" - 1;
    char *text = pl_arena_alloc(&x->arena, bytes), *at = text;
    for (const pl_field *f = fields; f; f = f->next) {
        at = put(put(at, f->name), PL_SLICE(": "));
        at = put(put(at, shown_value(f)), PL_SLICE("\r\n"));
    }
    return pl_secret_masked(&x->arena, (pl_slice){text, (size_t)(at - text)});
}

/* With the field that libcurl adds for the request's `auth`, as far as it may be seen. */
static pl_slice shown_request_fields(pl_exchange *x)
{
    const pl_request *r = &x->request;
    const pl_field authorization = {
        .name = PL_SLICE("Authorization"),
        .shown = r->auth.kind == PL_AUTH_NTLM ? PL_SLICE("NTLM ***") : PL_SLICE("Digest ***"),
        .next = r->fields,
    };
    return shown_fields(x, r->auth.kind == PL_AUTH_NONE ? r->fields : &authorization);
}

/* At most `limit` bytes, not ending within a UTF-8 sequence. What is capped was masked before: half
 * a secret is not known as one. */
static pl_slice capped(pl_slice s, int64_t limit)
{
    if (s.len <= (size_t)limit) return s;
    size_t len = (size_t)limit;
    while (len > 0 && (size_t)limit - len < 3 && ((unsigned char)s.ptr[len] & 0xC0) == 0x80)
        len--;
    return (pl_slice){s.ptr, len};
}

static void fill_attempt(pl_exchange *x)
{
    const pl_request *q = &x->request;
    const pl_response *p = &x->response;
    pl_timings timings = p->timings;
    timings.queue_us = x->queue_us;
    timings.script_us = x->script_us;
    int64_t cap = x->engine->settings->limit_recorded_body;
    pl_slice request_body = q->body_is_event ? q->body : pl_secret_masked(&x->arena, q->body);
    pl_slice response_body = pl_secret_masked(&x->arena, p->body);
    x->attempt = (pl_attempt){
        .number = x->number,
        .is_uncounted = x->is_uncounted,
        .started_ms = x->started_ms,
        .outcome = pl_err_name(x->error),
        .stage = x->error ? pl_stage_name(x->failed_stage) : NULL,
        .error = pl_secret_masked(&x->arena, pl_slice_of(x->error_text)),
        .method = q->method,
        .url = pl_secret_masked(&x->arena, q->url),
        .request_fields = shown_request_fields(x),
        .request_body = q->body_is_event ? PL_NO_SLICE : capped(request_body, cap),
        .request_body_bytes = request_body.len,
        .body_is_event = q->body_is_event,
        .status = p->status,
        .response_fields = shown_fields(x, p->fields),
        .response_body = capped(response_body, cap),
        .response_body_bytes = response_body.len,
        .variables = masked_json(&x->arena, x->variables),
        .timings = timings,
        .peer = pl_slice_of(p->peer),
        .connection_reused = p->connection_reused,
        .generation = x->generation->number,
        .trace = pl_trace_json(&x->trace),
        .traceback = pl_secret_masked(&x->arena, x->error ? x->traceback : PL_NO_SLICE),
    };
}

/* -- record -- */

static void on_recorded(pl_message *m);

/* The store could not take or write it. May free `x`. */
static void record_again(pl_exchange *x)
{
    pl_engine *e = x->engine;
    pl_call_tell(x);
    bool has_duty = x->delivery || (x->key && !e->is_stopping);
    if (!has_duty && (++x->record_tries >= RECORD_CALL_TRIES || e->is_stopping)) {
        char id[PL_UUID_TEXT + 1];
        pl_uuid_format(x->id, id);
        pl_counter_add(&e->metrics.records_lost, 1);
        pl_log(PL_LOG_ERROR, "the record of a call is lost: the store cannot write",
               PL_LOG_STR("call", id));
        pl_exchange_free(x);
    } else {
        pl_wheel_start(e->ports.wheel, &x->timer, RECORD_AGAIN_MS);
    }
}

/* A call without a key is answered when its record is on its way: whoever has the answer and asks the
 * store finds it. Where records are far behind, calls are answered as fast as they are recorded. */
static void submit_record(pl_exchange *x)
{
    pl_engine *e = x->engine;
    bool is_free = x->key == NULL && (x->record.op.can_wait || e->is_stopping);
    if (e->ports.submit(e->ports.world, &x->record.op) != 0)
        record_again(x);
    else if (is_free || x->error == PL_E_STOPPING)
        pl_call_tell(x);
}

static void on_record_timer(pl_timer *t)
{
    submit_record((pl_exchange *)((char *)t - offsetof(pl_exchange, timer)));
}

/* Does nobody wait for it? The next attempt and the next of its key do, whoever asked for the outcome,
 * and what was to go to a webhook that is disabled by it; and who wants the room in memory that it
 * takes, as soon as half of that is gone. */
static bool can_wait(const pl_exchange *x)
{
    const pl_engine *e = x->engine;
    const pl_delivery *d = x->delivery;
    if (e->is_stopping) return false;
    if (d == NULL) return x->key == NULL && e->answered < pl_call_most_behind(e) / 2;
    return x->state != PL_STATE_PENDING && !d->is_ordered && d->intake == NULL &&
           x->disables.connector.len == 0 && e->resident < (size_t)e->settings->limit_resident / 2;
}

void pl_exchange_fill_record(pl_exchange *x)
{
    pl_engine *e = x->engine;
    pl_delivery *d = x->delivery;
    int64_t now_ms = e->ports.wall_ms();
    fill_attempt(x);
    x->record = (pl_record){
        .op = {.message.fn = on_recorded,
               .reply_to = e->ports.mailbox,
               .kind = PL_OP_RECORD,
               .can_wait = can_wait(x)},
        .id = x->id,
        .kind = x->kind,
        .connector = d ? pl_delivery_connector(d) : x->policy->connector,
        .webhook = d ? pl_delivery_webhook(d) : x->policy->webhook,
        .event = x->event,
        .undecided = d && d->undecided,
        .token = x->token,
        .created_ms = x->created_ms,
        .now_ms = now_ms,
        .attempt = &x->attempt,
        .state = x->state,
        .pause_until_ms = x->pause_until_ms,
        .is_off = x->disables.connector.len > 0,
        .disables = x->disables.connector.len ? &x->disables : NULL,
        .is_ordered = d && d->is_ordered,
        .order = x->policy->order,
    };
    x->record.due_ms = now_ms + x->delay_ms;
    x->record.held = !x->record.is_off && x->delay_ms <= e->settings->limit_horizon &&
                     !pl_engine_is_crowded(e, x->record.connector);
    if (x->key) pl_call_end_key(x);
    x->record.op.bytes = sizeof *x + x->attempt.request_body.len + x->attempt.response_body.len +
                         x->attempt.trace.len + x->record.answer.len;
}

static void count_state(pl_engine_metrics *m, enum pl_state state)
{
    pl_counter_add(state == PL_STATE_DELIVERED   ? &m->delivered
                   : state == PL_STATE_FAILED    ? &m->failed
                   : state == PL_STATE_CANCELLED ? &m->cancelled
                                                 : &m->retried,
                   1);
}

/* By the clock that nobody sets. */
static int64_t recorded_in_ms(const pl_exchange *x)
{
    return (int64_t)(x->engine->ports.monotonic_us() - x->stage_us) / 1000;
}

/* The delivery after its attempt is durable, and the next of its key in its place. For one that
 * leaves memory until its next attempt nobody waits any longer. */
static void settle(pl_exchange *x)
{
    pl_engine *e = x->engine;
    pl_delivery *d = x->delivery;
    const pl_record *r = &x->record;
    bool goes_on = r->state == PL_STATE_PENDING;
    if (r->is_shelved)
        pl_counter_add(&e->metrics.shelved, 1);
    else if (r->attempt || r->was_gone || r->superseded)
        count_state(&e->metrics, r->state);
    if (r->superseded) pl_counter_add(&e->metrics.cancelled, r->superseded - 1);
    pl_intake_settle(d, r, !goes_on || !r->held);
    d->as_of = r->op.seq;
    if (goes_on && r->held) {
        pl_delivery_wait(d, x->delay_ms - recorded_in_ms(x));
        return;
    }
    if (goes_on && !r->is_shelved) pl_engine_parked(e, pl_delivery_connector(d), r->due_ms);
    if (r->frees && r->next == NULL) pl_engine_parked(e, pl_delivery_connector(d), r->now_ms);
    pl_delivery_drop(d);
    if (r->next) pl_delivery_admit(e, r->next, r->op.seq);
}

static void on_recorded(pl_message *m)
{
    pl_exchange *x = (pl_exchange *)((char *)m - offsetof(pl_exchange, record.op.message));
    pl_engine *e = x->engine;
    if (x->record.op.result != 0) {
        record_again(x);
        return;
    }
    pl_engine_time(e, PL_STAGE_RECORD, x->stage_us);
    if (x->record.was_gone || x->record.superseded)
        x->record.state = PL_STATE_CANCELLED;
    else if (x->delivery)
        x->delivery->is_cancelled = false; /* and brought back since */
    pl_notice_done(x->notice, x->record.has_notice);
    if (e->ports.recorded && x->record.attempt) e->ports.recorded(e->ports.world, &x->record);
    if (x->delivery) settle(x);
    pl_call_tell(x);
    pl_exchange_free(x);
    pl_engine_pump_in(e, 0);
}

void pl_exchange_record(pl_exchange *x)
{
    pl_timer_init(&x->timer, on_record_timer);
    submit_record(x);
}

void pl_exchange_park(pl_exchange *x)
{
    pl_engine *e = x->engine;
    const pl_delivery *d = x->delivery;
    int64_t now_ms = e->ports.wall_ms();
    x->record = (pl_record){
        .op = {.message.fn = on_recorded,
               .reply_to = e->ports.mailbox,
               .kind = PL_OP_RECORD,
               .bytes = sizeof *x},
        .id = x->id,
        .kind = x->kind,
        .connector = pl_delivery_connector(d),
        .webhook = pl_delivery_webhook(d),
        .event = x->event,
        .now_ms = now_ms,
        .state = PL_STATE_PENDING,
        .due_ms = now_ms + x->delay_ms,
        .is_off = d->is_off,
        .is_ordered = d->is_ordered,
        .order = x->policy->order,
    };
    pl_exchange_record(x);
}
