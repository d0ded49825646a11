/* SPDX-License-Identifier: MIT
 *
 * What an attempt passes on its way to its receiver, and how it waits where it cannot:
 *
 *    lane's gate (deliveries):  connector or webhook, and the host that it was held back by
 *    begin (calls):             connector or webhook, without waiting
 *    send:                      breakers of proxy and destination; the host
 *
 * Where it goes is known only when it is rendered. A delivery that may not be sent then is as if it
 * had not been begun, and no attempt is used up:
 *
 *    a breaker is open:      it waits for that, on the wheel or in the store
 *    a host at its limit:    it queues in a track of its lane for those that go there, and is not
 *                            rendered again before the gate has a place for it there */
#include "flow/engine_impl.h"

#include <stdlib.h>

/* Of all places in memory, those that may queue for one destination. */
#define HELD_BACK_SHARE 16

/* -- places -- */

void pl_exchange_enter_now(pl_exchange *x)
{
    pl_quotas *quotas = x->engine->ports.quotas;
    const pl_policy *p = x->policy;
    bool has_own = p->own_quota.len > 0;
    pl_quota_enter_now(quotas, p->connector, has_own ? NULL : &p->rate, x->started_us,
                       &x->of_connector);
    if (has_own) pl_quota_enter_now(quotas, p->own_quota, &p->rate, x->started_us, &x->of_webhook);
}

void pl_exchange_leave(pl_exchange *x)
{
    pl_quotas *quotas = x->engine->ports.quotas;
    if (!x->passage.place.quota && !x->of_webhook.quota && !x->of_connector.quota) return;
    pl_quota_leave(quotas, &x->passage.place, x->stage_us);
    pl_quota_leave(quotas, &x->of_webhook, x->stage_us);
    pl_quota_leave(quotas, &x->of_connector, x->stage_us);
}

/* Nothing of it ever was. */
static void undo_quotas(pl_exchange *x)
{
    pl_quotas *quotas = x->engine->ports.quotas;
    pl_quota_undo(quotas, &x->passage.place);
    pl_quota_undo(quotas, &x->of_webhook);
    pl_quota_undo(quotas, &x->of_connector);
}

/* -- on the way to the destination -- */

/* A try is an administrator's probe, whatever the breaker says. */
static int ask_breakers(pl_exchange *x)
{
    pl_engine *e = x->engine;
    if (x->kind == PL_KIND_TRY) {
        pl_passage_force(&x->passage, &e->tolls);
        return 0;
    }
    x->delay_ms = pl_passage_ask(&x->passage, &e->tolls, x->stage_us, &x->arena, &x->error_text);
    return x->delay_ms ? PL_E_BREAKER : 0;
}

/* A delivery may have its place already: then it queued for it, and mostly goes where it went. */
static int enter_destination(pl_exchange *x)
{
    pl_engine *e = x->engine;
    pl_slice name;
    const pl_limit *limit = pl_limit_of(x->generation->limits, x->passage.destination, &name);
    if (limit && pl_quota_is(&x->passage.place, name)) return 0;
    pl_quota_undo(e->ports.quotas, &x->passage.place);
    if (limit == NULL) return 0;
    if (x->delivery == NULL)
        pl_quota_enter_now(e->ports.quotas, name, &limit->rate, x->stage_us, &x->passage.place);
    else if (pl_quota_enter(e->ports.quotas, name, &limit->rate, x->stage_us, &x->passage.place))
        return PL_HELD_BACK;
    return 0;
}

int pl_exchange_pass(pl_exchange *x)
{
    pl_passage_init(&x->passage, &x->engine->tolls, &x->request, &x->arena);
    x->passage.is_quiet = pl_event_is_own(x->event);
    int code = ask_breakers(x);
    return code ? code : enter_destination(x);
}

/* -- postpone -- */

/* An attempt at a delivery that has come to the point of being sent, and is not: it is as if it had
 * not been begun. */
static void take_back(pl_exchange *x)
{
    x->delivery->attempts--;
    undo_quotas(x);
    pl_counter_add(&x->engine->metrics.postponed, 1);
}

/* The delivery waits, in memory or not. Of one with an order the store is told that it is over. */
static void postpone(pl_exchange *x)
{
    pl_engine *e = x->engine;
    pl_delivery *d = x->delivery;
    bool is_told = d->is_cancelled && d->is_ordered;
    if (!is_told && x->delay_ms <= e->settings->limit_horizon &&
        !pl_engine_is_crowded(e, pl_delivery_connector(d))) {
        if (d->is_cancelled)
            pl_delivery_cancelled(d);
        else
            pl_delivery_wait(d, x->delay_ms);
        pl_exchange_free(x);
        pl_engine_pump_in(e, 0);
        return;
    }
    x->stage = PL_STAGE_RECORD;
    d->phase = PL_RECORDING;
    pl_exchange_park(x);
}

/* It has waited since it was ready at first. */
static void queue_again(pl_delivery *d)
{
    uint64_t ready_us = d->ready_us;
    pl_delivery_make_ready(d);
    d->ready_us = ready_us;
}

/* The limit of its host holds it back: it queues with the others that go there, without being
 * rendered until it is its turn; when they are many already, it goes away until about then. */
static void hold_back(pl_exchange *x)
{
    pl_engine *e = x->engine;
    pl_delivery *d = x->delivery;
    pl_slice name;
    const pl_limit *limit = pl_limit_of(x->generation->limits, x->passage.destination, &name);
    free(d->destination);
    d->destination = pl_alloc_text(x->passage.destination);
    pl_track_name track = pl_delivery_track(d);
    size_t ahead = pl_lanes_queued(&e->lanes, d->lane, &track);
    if (ahead >= (size_t)e->settings->limit_resident / HELD_BACK_SHARE) {
        x->delay_ms =
            pl_quota_turn(e->ports.quotas, name, &limit->rate, ahead, e->ports.monotonic_us());
        postpone(x);
        return;
    }
    if (d->is_cancelled && !d->is_ordered)
        pl_delivery_cancelled(d);
    else
        queue_again(d);
    pl_exchange_free(x);
    pl_engine_pump_in(e, 0);
}

void pl_exchange_postpone(pl_exchange *x, int code)
{
    pl_passage_drop(&x->passage, &x->engine->tolls);
    take_back(x);
    if (code == PL_HELD_BACK) {
        hold_back(x);
        return;
    }
    /* Not all that wait for a breaker to the same moment: each is rendered again. */
    x->delay_ms += (int64_t)((double)x->delay_ms / 4 * pl_rng_unit(&x->engine->rng));
    postpone(x);
}
