/* SPDX-License-Identifier: MIT
 *
 * One attempt through its stages. The driver (advance) runs stage after stage until one has to
 * wait, fails, or all are through; then comes the one exit: finish.
 *
 *                 .------- reauthorize <--.  answered 401, the first time
 *                 v            |          |
 *    advance: render -> authenticate -> send -> map
 *                 \        \   |         \       \
 *                  \        \  '----------\----> \    (the 401 is the answer)
 *                   `--------`-------------`------`--> finish -> (answer the caller)
 *                       failed, where hooks hear of it       -> record -> settle the delivery
 *
 * The second round is part of the same attempt: one row, one time-out. What was sent first is in
 * the trace. The time-out is that of the whole exchange: what scripts wait for is taken off what
 * the transfer may take.
 *
 * A stage that waits is continued by pl_engine_sent or pl_engine_resume. What is recorded, and how,
 * is in exchange_record.c; what a request has to pass before it is sent, in
 * exchange_pass.c. */
#include "flow/engine_impl.h"

#include "base/block.h"
#include "base/log.h"
#include "http/retry_after.h"

#include <stdlib.h>

/* Most attempts fit, with what is recorded of them. */
#define ARENA_BYTES 5120

/* -- what becomes of the delivery -- */

static bool is_to_be_tried_again(const pl_exchange *x)
{
    if (x->verdict != PL_VERDICT_NONE && x->error == PL_E_HTTP_STATUS)
        return x->verdict == PL_VERDICT_RETRY;
    return pl_retry_makes_sense(x->policy->rule, x->error, x->response.status);
}

/* What the receiver asks for, as far as the settings grant it. */
static int64_t retry_after_ms(const pl_exchange *x, int64_t now_ms)
{
    int64_t limit = x->engine->settings->limit_retry_after;
    const pl_field *f = pl_fields_find(x->response.fields, PL_SLICE("retry-after"));
    int64_t wait_ms = f ? pl_http_retry_after_ms(f->value, now_ms) : -1;
    return wait_ms < limit ? wait_ms : limit;
}

/* With these statuses it is the receiver that wants a rest, and not this delivery. */
static void heed_pause(pl_exchange *x)
{
    int status = x->response.status;
    if (status != 429 && status != 503) return;
    pl_ports *ports = &x->engine->ports;
    int64_t now_ms = ports->wall_ms(), pause_ms = retry_after_ms(x, now_ms);
    x->pause_until_ms = pause_ms > 0 ? now_ms + pause_ms : 0;
    if (pause_ms <= 0 ||
        !pl_quota_pause(ports->quotas, x->policy->connector, ports->monotonic_us(), pause_ms))
        return;
    pl_log(PL_LOG_WARN, "a receiver wants a pause: deliveries of its connector wait",
           PL_LOG_SLICE("connector", x->policy->connector), PL_LOG_INT("seconds", pause_ms / 1000));
}

/* The receiver wants no more of this webhook. Callers hear it themselves, and what they ask for may
 * be gone without the webhook being so. */
static bool is_disabling(const pl_exchange *x)
{
    return x->kind == PL_KIND_DELIVERY && x->error == PL_E_HTTP_STATUS &&
           pl_statuses_has(&x->policy->disable_on, x->response.status);
}

static void disable(pl_exchange *x)
{
    char id[PL_UUID_TEXT + 1];
    pl_uuid_format(x->id, id);
    x->disables = (pl_switch){
        .connector = pl_delivery_connector(x->delivery),
        .webhook = pl_delivery_webhook(x->delivery),
        .since_ms = x->engine->ports.wall_ms(),
        .by = pl_slice_of(pl_arena_printf(&x->arena, "delivery %s", id)),
        .reason = pl_slice_of(pl_arena_printf(&x->arena, "status %d", x->response.status)),
    };
}

/* What becomes of the delivery of an attempt that has failed. One that disables its webhook waits
 * with the others until it is enabled. The age of one that an administrator has brought back does
 * not count; nor does an attempt that never came as far as its receiver. */
static enum pl_state next_state(pl_exchange *x, int64_t *delay_ms)
{
    pl_delivery *d = x->delivery;
    const pl_settings *s = x->engine->settings;
    if (x->error == PL_E_CANCELLED) return PL_STATE_CANCELLED;
    if (d == NULL) return PL_STATE_FAILED;
    if (is_disabling(x)) {
        disable(x);
        return PL_STATE_PENDING;
    }
    x->is_uncounted = !pl_retry_counts(x->error);
    if (!x->is_uncounted && !is_to_be_tried_again(x)) return PL_STATE_FAILED;
    d->uncounted += x->is_uncounted;
    int64_t now_ms = x->engine->ports.wall_ms();
    pl_retry_case c = {
        .made = d->attempts - d->first - d->uncounted,
        .uncounted = d->uncounted,
        .age_ms = d->first ? -1 : now_ms - d->created_ms,
        .retry_after_ms = retry_after_ms(x, now_ms),
    };
    *delay_ms = x->is_uncounted ? pl_retry_uncounted_delay_ms(x->policy, &c, s->breaker_cooldown,
                                                              s->breaker_max, &x->engine->rng)
                                : pl_retry_delay_ms(x->policy, &c, &x->engine->rng);
    return *delay_ms == PL_RETRY_NO ? PL_STATE_FAILED : PL_STATE_PENDING;
}

static void count_attempt(pl_exchange *x)
{
    pl_engine_metrics *m = &x->engine->metrics;
    pl_counter_add(&m->attempts[x->error ? -x->error : 0], 1);
    if (x->error == 0 && x->delivery && x->delivery->received_us)
        pl_histogram_add(&m->end_to_end,
                         x->engine->ports.monotonic_us() - x->delivery->received_us);
}

static void log_outcome(const pl_exchange *x)
{
    if (x->error == 0 && !pl_log_wants(PL_LOG_DEBUG)) return;
    char id[PL_UUID_TEXT + 1];
    pl_uuid_format(x->id, id);
    pl_log(x->error ? PL_LOG_WARN : PL_LOG_DEBUG, x->error ? "attempt failed" : "attempt made",
           PL_LOG_STR("delivery", id), PL_LOG_SLICE("connector", x->record.connector),
           PL_LOG_SLICE("webhook", x->record.webhook), PL_LOG_INT("attempt", x->number),
           PL_LOG_STR("outcome", x->attempt.outcome), PL_LOG_INT("status", x->response.status),
           PL_LOG_SLICE("error", x->attempt.error),
           PL_LOG_STR("state", pl_state_name(x->record.state)),
           x->attempt.traceback.len ? PL_LOG_SLICE("traceback", x->attempt.traceback)
                                    : (pl_log_field){0});
}

/* -- time -- */

static int64_t gone_ms(const pl_exchange *x)
{
    return (int64_t)(x->engine->ports.monotonic_us() - x->started_us) / 1000;
}

static int64_t left_ms(const pl_exchange *x)
{
    return x->deadline_ms - x->started_ms - gone_ms(x);
}

static void on_script_timer(pl_timer *t)
{
    pl_exchange *x = (pl_exchange *)((char *)t - offsetof(pl_exchange, timer));
    int64_t left = left_ms(x);
    if (left > 0) /* the script has asked for more */
        pl_wheel_start(x->engine->ports.wheel, &x->timer, (uint64_t)left);
    else
        pl_exchange_fail(x, PL_E_TIMEOUT, "a script waited longer than the attempt's time-out");
}

/* A script that waits may not wait longer than the whole exchange may take. */
static int watch_script(pl_exchange *x, int code)
{
    if (code != PL_WAIT) return code;
    int64_t left = left_ms(x);
    x->has_waited = true;
    pl_timer_init(&x->timer, on_script_timer);
    pl_wheel_start(x->engine->ports.wheel, &x->timer, left > 0 ? (uint64_t)left : 0);
    return PL_WAIT;
}

/* -- the stages -- */

/* A caller does not wait for a webhook to be enabled. A try is how an administrator finds out
 * whether it may be. */
static bool is_refused(pl_exchange *x)
{
    if (x->kind != PL_KIND_CALL || x->is_second_round) return false;
    const char *text = pl_switches_text(x->engine->ports.switches, x->policy->connector,
                                        x->policy->webhook, &x->arena);
    if (text) x->error_text = text;
    return text != NULL;
}

static int render(pl_exchange *x)
{
    if (x->webhook == UINT32_MAX) {
        x->error_text = "the connector or webhook of this delivery is not loaded";
        return PL_E_CONFIG;
    }
    if (is_refused(x)) return PL_E_DISABLED;
    return watch_script(x, x->generation->render(x->generation, x));
}

static int authenticate(pl_exchange *x)
{
    return watch_script(x, x->generation->authenticate(x->generation, x));
}

static int send_request(pl_exchange *x)
{
    int code = x->is_second_round ? 0 : pl_exchange_pass(x);
    if (code) return code;
    if (x->has_waited) {
        x->request.timeout_ms = left_ms(x);
        if (x->request.timeout_ms <= 0) {
            x->error_text = "the attempt's time-out was over before its request could be sent";
            return PL_E_TIMEOUT;
        }
    }
    x->request.https_only = x->generation->https_only;
    x->request.redirects = x->policy->redirects;
    x->engine->ports.send(x->engine->ports.world, x);
    return PL_WAIT;
}

static int reauthorize(pl_exchange *x)
{
    return watch_script(x, x->generation->unauthorized(x->generation, x));
}

static int map(pl_exchange *x)
{
    return watch_script(x, x->generation->map(x->generation, x));
}

/* Hooks have a time of their own: most of what they hear of is that time was over. Who waits for a
 * call does not wait longer for them. */
static int hear_of_failure(pl_exchange *x)
{
    int64_t limit = x->engine->settings->timeout_hook, left = left_ms(x);
    if (x->delivery == NULL && left < limit) limit = left;
    x->deadline_ms = x->started_ms + gone_ms(x) + limit;
    x->failure_text = x->error_text;
    x->failure_traceback = x->traceback;
    return watch_script(x, x->generation->failed(x->generation, x));
}

static int (*const stage_functions[PL_STAGE_COUNT])(pl_exchange *) = {
    [PL_STAGE_RENDER] = render,     [PL_STAGE_AUTHENTICATE] = authenticate,
    [PL_STAGE_SEND] = send_request, [PL_STAGE_REAUTHORIZE] = reauthorize,
    [PL_STAGE_MAP] = map,           [PL_STAGE_FAILED] = hear_of_failure,
};

/* -- what becomes of a stage -- */

/* An answer whose status is no success ends as http_status. A mapper that fails has not made the
 * receiver forget what it took: that is not tried again. */
static int judge(pl_exchange *x, int code)
{
    if (x->stage != PL_STAGE_MAP || code == PL_E_STOPPING) return code;
    int status = x->response.status;
    if (code < 0) return status >= 200 && status < 300 ? PL_E_MAP : PL_E_HTTP_STATUS;
    if (x->ok) return 0;
    x->error_text = pl_arena_printf(&x->arena, "status %d is not a success%s%s", status,
                                    x->error_text ? "; " : "", x->error_text ? x->error_text : "");
    return PL_E_HTTP_STATUS;
}

/* A hook has heard of the failure, which stays what it was. */
static void hook_ended(pl_exchange *x, int code)
{
    if (code < 0) {
        const pl_log_field end = {0};
        pl_log_field fields[PL_TRACE_ABOUT + 2];
        char id[PL_UUID_TEXT + 1];
        size_t count = pl_trace_about(&x->trace, id, fields);
        fields[count++] = PL_LOG_STR("error", x->error_text);
        fields[count] = end;
        pl_log_fields(PL_LOG_WARN, "an on_failed hook failed", fields);
        pl_trace_log(&x->trace, PL_LOG_WARN, PL_SLICE("an on_failed hook failed"),
                     (const pl_log_field[]){PL_LOG_STR("error", x->error_text), end});
    }
    x->error_text = x->failure_text;
    x->traceback = x->failure_traceback;
}

static void take_code(pl_exchange *x, int code)
{
    if (x->stage == PL_STAGE_FAILED) {
        hook_ended(x, code);
        return;
    }
    code = judge(x, code);
    if (code >= 0) return;
    x->error = code;
    x->failed_stage = x->stage;
    if (x->error_text == NULL) x->error_text = pl_err_text(code);
    x->state = next_state(x, &x->delay_ms);
    heed_pause(x);
}

/* A dry run is to be without effects; that it was cancelled, or has to stop, is no failure. */
static bool is_heard_of(const pl_exchange *x)
{
    return x->policy->has_on_failed && !x->dry_run && x->stage != PL_STAGE_FAILED &&
           x->error != PL_E_CANCELLED && x->error != PL_E_STOPPING;
}

static bool may_go_again(const pl_exchange *x)
{
    return x->policy->has_on_unauthorized && x->response.status == 401 && !x->is_second_round;
}

/* What comes after x->stage, which ended with `code`. */
static enum pl_stage next_stage(const pl_exchange *x, int code)
{
    if (x->error) return is_heard_of(x) ? PL_STAGE_FAILED : PL_STAGE_RECORD;
    switch (x->stage) {
    case PL_STAGE_AUTHENTICATE:
        return x->dry_run ? PL_STAGE_RECORD : PL_STAGE_SEND;
    case PL_STAGE_SEND:
        return may_go_again(x) ? PL_STAGE_REAUTHORIZE : PL_STAGE_MAP;
    case PL_STAGE_REAUTHORIZE:
        return code == PL_AGAIN ? PL_STAGE_RENDER : PL_STAGE_MAP;
    case PL_STAGE_MAP:
        return PL_STAGE_RECORD;
    default:
        return x->stage + 1;
    }
}

static int64_t connect_timeout_ms(const pl_exchange *x)
{
    int64_t own = x->policy->connect_timeout_ms;
    return own ? own : x->engine->settings->timeout_connect;
}

static void begin_second_round(pl_exchange *x)
{
    pl_trace_round(&x->trace, &x->response);
    x->generation->release(x->generation, x);
    x->request = (pl_request){.connect_timeout_ms = connect_timeout_ms(x)};
    x->response = (pl_response){0};
    x->is_second_round = x->has_waited = true;
}

/* The one exit. */
static void finish(pl_exchange *x)
{
    pl_event_drop_nodes(x->event); /* no stage looks at it any more, and the record may wait */
    pl_exchange_fill_record(x);
    pl_exchange_announce(x);
    pl_exchange_leave(x);
    if (!x->dry_run) count_attempt(x);
    log_outcome(x);
    if (x->delivery) {
        x->delivery->phase = PL_RECORDING;
    } else {
        x->engine->calls--;
        x->engine->answered++;
        pl_engine_show_in_flight(x->engine);
    }
    if (x->dry_run) {
        pl_call_tell(x);
        pl_exchange_free(x);
        return;
    }
    pl_exchange_record(x);
}

/* The stage is over, and another one begins at this moment: until that waits, stage_us is now. */
static void time_stage(pl_exchange *x)
{
    uint64_t now_us = x->engine->ports.monotonic_us(), lasted_us = now_us - x->stage_us;
    pl_engine_timed(x->engine, x->stage, lasted_us);
    if (x->stage != PL_STAGE_SEND) x->script_us += (int64_t)lasted_us;
    x->stage_us = now_us;
}

static int carry_out(pl_exchange *x)
{
    int code = stage_functions[x->stage](x);
    if (code != PL_WAIT) time_stage(x);
    return code;
}

/* The stage is over, and was timed. */
static void advance(pl_exchange *x, int code)
{
    while (code != PL_WAIT) {
        if (code == PL_HELD_BACK || (code == PL_E_BREAKER && x->delivery)) {
            pl_exchange_postpone(x, code);
            return;
        }
        take_code(x, code);
        enum pl_stage next = next_stage(x, code);
        if (next < x->stage) begin_second_round(x);
        x->stage = next;
        if (next == PL_STAGE_RECORD) {
            finish(x);
            return;
        }
        code = carry_out(x);
    }
}

/* The stage that waited is over. */
static void go_on(pl_exchange *x, int code)
{
    time_stage(x);
    advance(x, code);
}

void pl_engine_sent(pl_exchange *x, int code)
{
    x->transfer = NULL;
    pl_trace_redirects(&x->trace, x->response.hops);
    time_stage(x);
    pl_passage_tell(&x->passage, &x->engine->tolls, x->policy->connector, x->stage_us, code,
                    x->response.status);
    if (code < 0) x->error_text = x->response.error_text;
    advance(x, code);
}

void pl_engine_resume(pl_exchange *x, int code)
{
    if (code == PL_WAIT) return;
    pl_wheel_stop(x->engine->ports.wheel, &x->timer);
    go_on(x, code);
}

void pl_exchange_fail(pl_exchange *x, int code, const char *text)
{
    if (x->transfer) {
        x->engine->ports.unsend(x->engine->ports.world, x);
        x->response.was_sent = true; /* perhaps */
    }
    x->transfer = NULL;
    pl_passage_drop(&x->passage, &x->engine->tolls);
    pl_wheel_stop(x->engine->ports.wheel, &x->timer);
    x->generation->release(x->generation, x);
    x->error_text = text;
    go_on(x, code);
}

/* -- begin and end -- */

pl_exchange *pl_exchange_new(pl_engine *e, enum pl_exchange_kind kind, uint32_t webhook)
{
    pl_exchange *x = pl_block_zero(sizeof *x);
    x->engine = e;
    x->generation = pl_generation_ref(e->generation);
    x->kind = kind;
    x->webhook = webhook;
    x->policy = webhook == UINT32_MAX ? &pl_retry_default : &e->generation->policies[webhook];
    x->started_ms = e->ports.wall_ms();
    x->started_us = e->ports.monotonic_us();
    x->request.connect_timeout_ms = connect_timeout_ms(x);
    pl_arena_init_large(&x->arena, ARENA_BYTES);
    pl_timer_init(&x->timer, on_script_timer);
    x->next = e->exchanges;
    x->link = &e->exchanges;
    if (x->next) x->next->link = &x->next;
    e->exchanges = x;
    return x;
}

void pl_exchange_begin(pl_exchange *x, int64_t timeout_ms)
{
    const pl_delivery *d = x->delivery;
    x->trace = (pl_trace){
        .arena = &x->arena,
        .stage = &x->stage,
        .monotonic_us = x->engine->ports.monotonic_us,
        .began_us = x->started_us,
        .limit_bytes = (size_t)x->engine->settings->limit_trace,
        .subject = {.connector = d ? pl_delivery_connector(d) : x->policy->connector,
                    .webhook = d ? pl_delivery_webhook(d) : x->policy->webhook,
                    .kind = "delivery",
                    .id = x->id,
                    .attempt = x->number},
    };
    pl_exchange_set_timeout(x, timeout_ms);
    x->state = PL_STATE_DELIVERED; /* unless a stage fails */
    x->stage = PL_STAGE_RENDER;
    x->stage_us = x->started_us;
    advance(x, carry_out(x));
}

/* Names are looked up once for each generation that the delivery meets. */
static uint32_t find_webhook(pl_delivery *d, pl_generation *g)
{
    if (d->generation != g->number) {
        int64_t index = g->find(g, pl_delivery_connector(d), pl_delivery_webhook(d));
        d->index = index < 0 ? UINT32_MAX : (uint32_t)index;
        d->generation = g->number;
    }
    return d->index;
}

const pl_policy *pl_delivery_policy(pl_delivery *d)
{
    const pl_generation *g = d->engine->generation;
    uint32_t webhook = find_webhook(d, d->engine->generation);
    return webhook == UINT32_MAX ? &pl_retry_default : &g->policies[webhook];
}

static pl_exchange *exchange_of(pl_delivery *d)
{
    pl_engine *e = d->engine;
    pl_exchange *x = pl_exchange_new(e, PL_KIND_DELIVERY, find_webhook(d, e->generation));
    e->in_flight++;
    pl_engine_show_in_flight(e);
    x->delivery = d;
    x->lane = d->lane;
    x->lane->in_flight++;
    x->id = d->id;
    x->event = pl_event_ref(d->event);
    return x;
}

void pl_exchange_start(pl_delivery *d)
{
    pl_engine *e = d->engine;
    pl_exchange *x = exchange_of(d);
    x->of_connector = e->places.of_connector; /* they were entered */
    x->of_webhook = e->places.of_webhook;
    x->passage.place = e->places.of_destination;
    e->places = (pl_gate_places){0};
    x->undecided = d->undecided;
    x->created_ms = d->created_ms;
    x->number = ++d->attempts;
    x->queue_us = (int64_t)(x->started_us - d->ready_us);
    d->phase = PL_RUNNING;
    pl_exchange_begin(x, x->policy->timeout_ms ? x->policy->timeout_ms
                                               : e->settings->timeout_delivery);
}

void pl_exchange_hand_back(pl_delivery *d)
{
    pl_exchange *x = exchange_of(d);
    pl_wheel *wheel = d->engine->ports.wheel;
    if (pl_timer_is_running(&d->due) && !d->is_cancelled && d->due.due_ms > wheel->now_ms)
        x->delay_ms = (int64_t)(d->due.due_ms - wheel->now_ms);
    pl_wheel_stop(wheel, &d->due);
    d->phase = PL_RECORDING;
    x->stage = PL_STAGE_RECORD;
    x->stage_us = x->started_us;
    pl_exchange_park(x);
}

/* The delivery itself may be gone by now. */
static void end_flight(pl_exchange *x)
{
    x->engine->in_flight--;
    pl_lanes_landed(&x->engine->lanes, x->lane);
}

void pl_exchange_free(pl_exchange *x)
{
    pl_engine *e = x->engine;
    if (x->transfer) e->ports.unsend(e->ports.world, x);
    pl_passage_drop(&x->passage, &x->engine->tolls);
    pl_wheel_stop(e->ports.wheel, &x->timer);
    x->generation->release(x->generation, x);
    *x->link = x->next;
    if (x->next) x->next->link = x->link;
    if (x->delivery)
        end_flight(x);
    else if (x->stage == PL_STAGE_RECORD)
        e->answered--;
    else
        e->calls--;
    pl_engine_show_in_flight(e);
    pl_exchange_leave(x);
    if (x->key) free(x->key->answer);
    pl_event_drop_nodes(x->event);
    pl_event_unref(x->event);
    pl_generation_unref(x->generation);
    pl_arena_fini(&x->record.memory);
    pl_arena_fini(&x->arena);
    pl_block_give(x, sizeof *x);
}
