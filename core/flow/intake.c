/* SPDX-License-Identifier: MIT
 *
 * Events on their way to disk: route, then commit. Deliveries are made at routing, so that they can
 * start the moment the commit is through without a look into the database; those for which there is
 * no room in memory go to disk as parked rows.
 *
 * Whether an event is a duplicate is known to the store only; the deliveries that were made for one
 * are dropped unseen. */
#include "flow/engine_impl.h"

#include "base/block.h"
#include "base/secret.h"

#include <stdlib.h>

pl_intake *pl_intake_new(void)
{
    pl_intake *in = pl_block_zero(sizeof *in);
    pl_arena_init(&in->arena);
    return in;
}

pl_commit_delivery pl_intake_row(pl_engine *e, pl_arena *arena, int64_t now_ms,
                                 const pl_route *route)
{
    const pl_policy *policy = &e->generation->policies[route->webhook];
    pl_commit_delivery row = {
        .id = pl_uuid_new(&e->rng, (uint64_t)now_ms),
        .connector = pl_arena_dup(arena, policy->connector),
        .webhook = pl_arena_dup(arena, policy->webhook),
        .undecided = route->undecided,
        .is_off = pl_switches_is_off(e->ports.switches, policy->connector, policy->webhook),
        .order_key = pl_secret_masked(arena, route->order_key),
    };
    row.order = policy->order;
    if (!policy->order_is_shared) row.order_scope = row.webhook;
    return row;
}

static void route_to(pl_engine *e, pl_intake *in, uint32_t event, uint32_t i, const pl_route *route)
{
    pl_commit_delivery *row = &in->commit.events[event].deliveries[i];
    *row = pl_intake_row(e, &in->arena, in->commit.now_ms, route);
    row->held = !row->is_off && pl_engine_has_room(e, row->connector);
    if (!row->held) {
        if (in->waits) in->settlements[event][i].is_settled = true;
        return;
    }
    pl_delivery *d = pl_delivery_new(e, row->id, in->events[event], row->connector, row->webhook);
    d->created_ms = in->commit.now_ms;
    d->received_us = in->received_us;
    d->undecided = route->undecided;
    d->is_ordered = row->order_key.len > 0;
    d->index = route->webhook;
    d->generation = e->generation->number;
    d->slot = &in->deliveries[event][i];
    *d->slot = d;
    if (!in->waits) return;
    d->intake = in;
    d->settlement = &in->settlements[event][i];
    in->unsettled++;
}

static bool may_go_to(const pl_intake *in, pl_slice connector)
{
    for (uint32_t i = 0; i < in->only_count; i++)
        if (pl_slice_eq(in->only[i], connector)) return true;
    return in->only_count == 0;
}

/* Who posts it may not reach the others. */
static void keep_reachable(const pl_engine *e, const pl_intake *in, pl_routes *routes)
{
    uint32_t kept = 0;
    if (routes->count == 0 || in->only_count == 0) return;
    for (uint32_t i = 0; i < routes->count; i++) {
        if (may_go_to(in, e->generation->policies[routes->items[i].webhook].connector))
            routes->items[kept++] = routes->items[i];
    }
    routes->count = kept;
    if (kept == 0) routes->reason = PL_SLICE("its token may reach no connector that wants it");
}

static void route_event(pl_engine *e, pl_intake *in, uint32_t n)
{
    pl_routes routes = {0};
    pl_commit_event *c = &in->commit.events[n];
    e->generation->route(e->generation, in->events[n], &in->arena, &routes);
    keep_reachable(e, in, &routes);
    c->event = in->events[n];
    c->count = routes.count;
    c->reason = pl_secret_masked(&in->arena, routes.reason);
    c->deliveries = pl_arena_zero(&in->arena, routes.count * sizeof *c->deliveries);
    in->deliveries[n] = pl_arena_zero(&in->arena, routes.count * sizeof *in->deliveries[n]);
    if (in->waits)
        in->settlements[n] = pl_arena_zero(&in->arena, routes.count * sizeof *in->settlements[n]);
    for (uint32_t i = 0; i < routes.count; i++)
        route_to(e, in, n, i, &routes.items[i]);
    if (routes.count == 0) c->unmatched_id = pl_uuid_new(&e->rng, (uint64_t)in->commit.now_ms);
}

static size_t weight_of(const pl_intake *in)
{
    size_t bytes = sizeof *in;
    for (uint32_t i = 0; i < in->count; i++)
        bytes += pl_event_weight(in->events[i]) + in->commit.events[i].count * sizeof(pl_delivery);
    return bytes;
}

static void drop(pl_intake *in, pl_delivery *d)
{
    if (d->intake) in->unsettled--;
    pl_delivery_drop(d);
}

/* Those of one event, or of all when nothing of the intake was written. */
static void drop_deliveries(pl_intake *in, uint32_t n)
{
    for (uint32_t i = 0; i < in->commit.events[n].count; i++)
        if (in->deliveries[n][i]) drop(in, in->deliveries[n][i]);
}

static void drop_all(pl_intake *in)
{
    for (uint32_t n = 0; n < in->count; n++)
        drop_deliveries(in, n);
}

/* Of a row that waits behind one that may wait itself, for its next attempt. */
static void overtake(pl_engine *e, const pl_commit_delivery *row, uint64_t seq)
{
    pl_counter_add(&e->metrics.cancelled, row->superseded);
    if (row->has_overtaken && e->ports.overtaken)
        e->ports.overtaken(e->ports.world, row->overtaken, seq);
}

/* It is on disk. */
static void start(pl_engine *e, pl_intake *in, uint32_t n, uint32_t i)
{
    const pl_commit_delivery *row = &in->commit.events[n].deliveries[i];
    pl_delivery *d = in->deliveries[n][i];
    overtake(e, row, in->commit.op.seq);
    if (d == NULL) {
        pl_engine_waits(e, row, in->commit.now_ms);
    } else if (row->waits) { /* the end of the one before it brings it back */
        if (d->settlement) d->settlement->is_settled = true;
        drop(in, d);
    } else {
        if (!in->waits) { /* from here on they go their own ways */
            d->slot = NULL;
            in->deliveries[n][i] = NULL;
        }
        d->as_of = in->commit.op.seq;
        pl_delivery_make_ready(d);
        if (in->count == 1) pl_delivery_keep_fresh(d);
    }
}

static void start_event(pl_engine *e, pl_intake *in, uint32_t n)
{
    pl_commit_event *c = &in->commit.events[n];
    if (c->is_duplicate) {
        pl_counter_add(&e->metrics.duplicates, 1);
        drop_deliveries(in, n);
        return;
    }
    pl_counter_add(&e->metrics.events, 1);
    pl_counter_add(&e->metrics.deliveries, c->count);
    if (c->count == 0) pl_counter_add(&e->metrics.unmatched, 1);
    for (uint32_t i = 0; i < c->count; i++)
        start(e, in, n, i);
}

static void on_committed(pl_message *m)
{
    pl_intake *in = (pl_intake *)((char *)m - offsetof(pl_intake, commit.op.message));
    pl_engine *e = in->engine;
    int code = in->commit.op.result;
    e->commits--;
    pl_engine_time(e, PL_STAGE_COMMIT, in->stage_us);
    if (in->commit.is_reused) code = PL_E_KEY_REUSED;
    if (code != 0 || in->commit.is_duplicate) {
        drop_all(in);
        if (code == 0) pl_counter_add(&e->metrics.duplicates, in->count);
    } else {
        for (uint32_t n = 0; n < in->count; n++)
            start_event(e, in, n);
    }
    in->committed(in, code); /* it may free the intake */
    pl_engine_pump_in(e, 0); /* the answers of all that was committed with it first */
}

static void prepare(pl_engine *e, pl_intake *in)
{
    in->engine = e;
    in->unsettled = 0;
    in->deliveries = pl_arena_zero(&in->arena, in->count * sizeof *in->deliveries);
    in->settlements = pl_arena_zero(&in->arena, in->count * sizeof *in->settlements);
    in->commit = (pl_commit){
        .op = {.message.fn = on_committed, .reply_to = e->ports.mailbox, .kind = PL_OP_COMMIT},
        .events = pl_arena_zero(&in->arena, in->count * sizeof *in->commit.events),
        .count = in->count,
        .idempotency_key = in->idempotency_key,
        .digest = in->digest,
        .token = in->token,
        .answer = in->answer,
        .now_ms = e->ports.wall_ms(),
    };
}

int pl_engine_take(pl_engine *e, pl_intake *in)
{
    if (e->is_stopping) return PL_E_STOPPING;
    uint64_t began_us = e->ports.monotonic_us();
    prepare(e, in);
    for (uint32_t n = 0; n < in->count; n++)
        route_event(e, in, n);
    in->stage_us = pl_engine_time(e, PL_STAGE_ROUTE, began_us);
    in->commit.op.bytes = weight_of(in);
    int code = e->ports.submit(e->ports.world, &in->commit.op);
    if (code != 0)
        drop_all(in);
    else
        e->commits++;
    return code;
}

void pl_intake_settle(pl_delivery *d, const pl_record *record, bool is_final)
{
    pl_intake *in = d->intake;
    if (in == NULL) return;
    pl_settlement *s = d->settlement;
    s->state = record->state;
    s->attempts = d->attempts;
    if (record->attempt) {
        s->outcome = record->attempt->outcome;
        s->status = record->attempt->status;
        s->error = pl_arena_dup(&in->arena, record->attempt->error);
        s->variables = pl_arena_dup(&in->arena, record->attempt->variables);
    }
    s->is_settled = is_final;
    if (is_final) {
        in->unsettled--;
        d->intake = NULL;
    }
    in->settled(in);
}

void pl_intake_free(pl_intake *in)
{
    if (in->deliveries) {
        for (uint32_t n = 0; n < in->count; n++) {
            for (uint32_t i = 0; in->deliveries[n] && i < in->commit.events[n].count; i++) {
                pl_delivery *d = in->deliveries[n][i];
                if (d == NULL) continue;
                d->intake = NULL;
                d->slot = NULL;
            }
            free(in->commit.events[n].known);
        }
    }
    for (uint32_t n = 0; n < in->count; n++)
        pl_event_unref(in->events[n]);
    free(in->commit.known);
    pl_arena_fini(&in->arena);
    pl_block_give(in, sizeof *in);
}
