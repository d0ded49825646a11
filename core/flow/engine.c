/* SPDX-License-Identifier: MIT
 *
 * The deliveries that are in memory: a table by id, a queue for each connector of those that are
 * ready (lane.h), the wheel for those that wait, and the claim that brings parked ones back from
 * the store. The diagram stands in engine.h.
 *
 * Invariants: a resident delivery is in the table, and in exactly one of: the hands of an intake
 * (COMMITTING), its lane's queue (READY), an exchange (RUNNING, RECORDING), the wheel (WAITING). Its row
 * in the store says `held`. At most limits.in_flight exchanges of deliveries exist at a time. At
 * most one claim is out. */
#include "flow/engine_impl.h"

#include "base/block.h"
#include "base/log.h"

#include <stdlib.h>

#define CLAIM_ROWS 500 /* at most: a claim is part of a commit that others wait for */
/* Each of them was rendered in vain: the loop has other things to do in between. */
#define POSTPONED_AT_ONCE 16
/* So many deliveries are begun, each of which is rendered and sent, before the loop looks at what has
 * come in: events that are to be committed, calls for whose answers somebody waits. */
#define BEGUN_AT_ONCE 16
#define CLAIM_IDLE_MS 1000 /* how often to look for parked deliveries that another worker left */

/* -- the table -- */

static size_t slot_of(const pl_engine *e, pl_uuid id)
{
    uint64_t random;
    memcpy(&random, id.bytes + 8, sizeof random);
    return (size_t)((random * 0x9E3779B97F4A7C15u) >> 20) & (e->table_slots - 1);
}

static void table_grow(pl_engine *e)
{
    size_t old_slots = e->table_slots;
    pl_delivery **old = e->table;
    e->table_slots = old_slots * 2;
    e->table = pl_alloc_zero(e->table_slots * sizeof *e->table);
    for (size_t i = 0; i < old_slots; i++) {
        for (pl_delivery *d = old[i], *next; d; d = next) {
            next = d->chain;
            size_t slot = slot_of(e, d->id);
            d->chain = e->table[slot];
            e->table[slot] = d;
        }
    }
    free(old);
}

static void table_add(pl_engine *e, pl_delivery *d)
{
    if (e->resident >= e->table_slots) table_grow(e);
    size_t slot = slot_of(e, d->id);
    d->chain = e->table[slot];
    e->table[slot] = d;
    pl_counter_set(&e->metrics.resident, ++e->resident);
}

static void table_remove(pl_engine *e, pl_delivery *d)
{
    pl_delivery **link = &e->table[slot_of(e, d->id)];
    while (*link != d)
        link = &(*link)->chain;
    *link = d->chain;
    pl_counter_set(&e->metrics.resident, --e->resident);
}

static pl_delivery *table_find(pl_engine *e, pl_uuid id)
{
    for (pl_delivery *d = e->table[slot_of(e, id)]; d; d = d->chain)
        if (pl_uuid_eq(d->id, id)) return d;
    return NULL;
}

/* -- a delivery in memory -- */

static void on_due(pl_timer *t)
{
    pl_delivery *d = (pl_delivery *)((char *)t - offsetof(pl_delivery, due));
    pl_delivery_make_ready(d);
    pl_engine_pump(d->engine);
}

pl_delivery *pl_delivery_new(pl_engine *e, pl_uuid id, pl_event *event, pl_slice connector,
                             pl_slice webhook)
{
    pl_delivery *d = pl_block_take(sizeof *d + webhook.len);
    *d = (pl_delivery){.engine = e,
                       .id = id,
                       .event = pl_event_ref(event),
                       .phase = PL_COMMITTING,
                       .lane = pl_lanes_enter(&e->lanes, connector),
                       .webhook_len = (uint32_t)webhook.len};
    memcpy(d->webhook, webhook.ptr, webhook.len);
    pl_timer_init(&d->due, on_due);
    table_add(e, d);
    return d;
}

void pl_delivery_make_ready(pl_delivery *d)
{
    d->phase = PL_READY;
    d->ready_us = d->engine->ports.monotonic_us();
    pl_track_name track = pl_delivery_track(d);
    pl_lanes *lanes = &d->engine->lanes;
    pl_lanes_push(lanes, d->lane, &track, &d->node, d->attempts > d->first);
    pl_counter_set(&d->engine->metrics.held_back, lanes->held_back);
}

void pl_delivery_wait(pl_delivery *d, int64_t delay_ms)
{
    d->phase = PL_WAITING;
    pl_wheel_start(d->engine->ports.wheel, &d->due, delay_ms > 0 ? (uint64_t)delay_ms : 0);
}

/* -- fresh ones -- */

void pl_delivery_keep_fresh(pl_delivery *d)
{
    pl_engine *e = d->engine;
    pl_event_keep_nodes(d->event);
    d->fresh = e->fresh;
    if (d->fresh) d->fresh->fresh_link = &d->fresh;
    d->fresh_link = &e->fresh;
    e->fresh = d;
}

/* Its event, which is the caller's to let go of; NULL when it is none of them. */
static pl_event *leave_fresh(pl_delivery *d)
{
    if (d->fresh_link == NULL) return NULL;
    *d->fresh_link = d->fresh;
    if (d->fresh) d->fresh->fresh_link = d->fresh_link;
    d->fresh_link = NULL;
    return d->event;
}

static void let_nodes(pl_event *event)
{
    if (event) pl_event_let_nodes(event);
}

/* Those that are left may wait for long. */
static void drop_fresh(pl_engine *e)
{
    while (e->fresh)
        let_nodes(leave_fresh(e->fresh));
}

/* -- places -- */

/* Parked deliveries come into memory in handfuls: not before an eighth of the places is free. */
static size_t handful(const pl_engine *e)
{
    return (size_t)e->settings->limit_resident / 8;
}

/* A connector that was left out of claims has had a handful of places freed. */
static void look_again(pl_engine *e, pl_lane *lane)
{
    size_t limit = (size_t)e->settings->limit_resident;
    if (!lane->is_full || !pl_lane_may_take(lane->resident + handful(e), e->resident, limit))
        return;
    lane->is_full = false;
    e->claim_is_vain = false;
}

void pl_delivery_drop(pl_delivery *d)
{
    pl_engine *e = d->engine;
    if (d->slot) *d->slot = NULL;
    let_nodes(leave_fresh(d));
    pl_wheel_stop(e->ports.wheel, &d->due);
    table_remove(e, d);
    look_again(e, d->lane);
    pl_lanes_leave(&e->lanes, d->lane);
    pl_event_unref(d->event);
    free(d->destination);
    pl_block_give(d, sizeof *d + d->webhook_len);
}

/* Is one that is parked due within that time? */
static bool parked_are_due(const pl_engine *e, int64_t within_ms)
{
    return e->parked_due_ms != INT64_MAX && e->parked_due_ms <= e->ports.wall_ms() + within_ms;
}

/* Those that a claim may bring have their places already; and while any could be claimed, the
 * places that the next claim needs are not given away: new events would take each as it becomes
 * free, and what waits in the store would wait as long as they keep coming. */
bool pl_engine_has_room(const pl_engine *e, pl_slice connector)
{
    bool may_claim = parked_are_due(e, e->settings->limit_horizon);
    size_t kept = e->claim_is_out ? e->claim.limit : may_claim ? handful(e) : 0;
    const pl_lane *lane = pl_lanes_find(&e->lanes, connector);
    return pl_lane_may_take(lane ? lane->resident : 0, e->resident + kept,
                            (size_t)e->settings->limit_resident);
}

bool pl_engine_is_crowded(const pl_engine *e, pl_slice connector)
{
    return parked_are_due(e, 0) && !pl_engine_has_room(e, connector);
}

static pl_delivery *delivery_of(pl_lane_node *node)
{
    return (pl_delivery *)((char *)node - offsetof(pl_delivery, node));
}

static void on_gate_timer(pl_timer *t)
{
    pl_engine_pump((pl_engine *)((char *)t - offsetof(pl_engine, gate_timer)));
}

void pl_engine_pump_in(pl_engine *e, int64_t wait_ms)
{
    uint64_t due_us = wait_ms ? e->ports.monotonic_us() + (uint64_t)wait_ms * 1000 : 0;
    if (pl_timer_is_running(&e->gate_timer) && e->gate_due_us <= due_us) return;
    e->gate_due_us = due_us;
    pl_wheel_start(e->ports.wheel, &e->gate_timer, (uint64_t)wait_ms);
}

static const pl_limit *limit_of(const pl_delivery *d, pl_slice *name)
{
    if (d->destination == NULL) return NULL;
    return pl_limit_of(d->engine->generation->limits, pl_slice_of(d->destination), name);
}

pl_track_name pl_delivery_track(pl_delivery *d)
{
    pl_track_name track = {0};
    if (pl_delivery_policy(d)->own_quota.len) track.webhook = pl_delivery_webhook(d);
    limit_of(d, &track.destination);
    return track;
}

/* The gate of lanes: does the receiver want a pause, do all rates that it is subject to allow one
 * more? A webhook with a rate of its own shares none with its connector. What will not be sent may
 * pass. */
static bool may_go(void *arg, pl_lane_node *node)
{
    pl_engine *e = arg;
    pl_quotas *quotas = e->ports.quotas;
    pl_delivery *d = delivery_of(node);
    pl_slice connector = pl_delivery_connector(d);
    d->is_off = pl_switches_is_off(e->ports.switches, connector, pl_delivery_webhook(d));
    if (d->is_cancelled || d->is_off) return true;
    const pl_policy *policy = pl_delivery_policy(d);
    bool has_own = policy->own_quota.len > 0;
    uint64_t now_us = e->ports.monotonic_us();
    pl_slice name;
    const pl_limit *limit = limit_of(d, &name);
    pl_gate_places *p = &e->places;
    int64_t wait_ms =
        pl_quota_enter(quotas, connector, has_own ? NULL : &policy->rate, now_us, &p->of_connector);
    if (wait_ms == 0 && has_own)
        wait_ms = pl_quota_enter(quotas, policy->own_quota, &policy->rate, now_us, &p->of_webhook);
    if (wait_ms == 0 && limit)
        wait_ms = pl_quota_enter(quotas, name, &limit->rate, now_us, &p->of_destination);
    if (wait_ms == 0) return true;
    pl_quota_undo(quotas, &p->of_webhook);
    pl_quota_undo(quotas, &p->of_connector);
    pl_engine_pump_in(e, wait_ms);
    return false;
}

static pl_delivery *take_ready(pl_engine *e)
{
    size_t limit = (size_t)e->settings->limit_in_flight;
    pl_lane_node *node = pl_lanes_take(&e->lanes, e->in_flight, limit, may_go, e);
    pl_counter_set(&e->metrics.held_back, e->lanes.held_back);
    return node ? delivery_of(node) : NULL;
}

static void tell_cancelled(pl_delivery *d)
{
    pl_counter_add(&d->engine->metrics.cancelled, 1);
    pl_intake_settle(d, &(pl_record){.state = PL_STATE_CANCELLED}, true);
}

void pl_delivery_cancelled(pl_delivery *d)
{
    tell_cancelled(d);
    pl_delivery_drop(d);
}

/* One that is under way goes on: the record of its attempt will find it gone. One in the queue is
 * dropped when its turn comes. */
static void cancel(pl_delivery *d)
{
    if (d->is_cancelled) return;
    if (d->phase == PL_READY && !d->is_ordered) tell_cancelled(d);
    if (d->phase == PL_WAITING && !d->is_ordered) {
        pl_delivery_cancelled(d);
        return;
    }
    d->is_cancelled = d->phase == PL_READY || d->phase == PL_RUNNING || d->phase == PL_WAITING;
    if (d->phase == PL_WAITING) pl_exchange_hand_back(d);
}

/* One that was cancelled in the queue is revived by a claim only: by then it may be another
 * worker's. Not so where the others of a key wait until it is let go of. */
static void retry(pl_delivery *d)
{
    if (d->is_cancelled && d->is_ordered) {
        d->is_cancelled = false;
        d->first = d->attempts - (d->phase == PL_RUNNING);
        d->uncounted = 0;
    }
    if (d->phase != PL_WAITING) return;
    pl_wheel_stop(d->engine->ports.wheel, &d->due);
    pl_delivery_make_ready(d);
}

/* -- claims -- */

/* What it waited in the store beyond its time counts as waiting in the queue. */
static void make_ready_late(pl_delivery *d, int64_t late_ms)
{
    uint64_t late_us = (uint64_t)late_ms * 1000;
    pl_delivery_make_ready(d);
    d->ready_us -= late_us < d->ready_us ? late_us : d->ready_us;
}

static void start_claim(pl_engine *e);

void pl_delivery_admit(pl_engine *e, const pl_claimed *c, uint64_t seq)
{
    int64_t now_ms = e->ports.wall_ms();
    pl_delivery *resident = table_find(e, c->id);
    if (resident) { /* it was cancelled while in the queue or under way here, and then retried */
        resident->is_cancelled = false;
        resident->as_of = seq;
        resident->first = c->first;
        resident->uncounted = c->uncounted;
        retry(resident);
        return;
    }
    pl_event *event = pl_event_of_document(c->document, c->event_seq, c->received_ms);
    if (event == NULL) {
        char id[PL_UUID_TEXT + 1];
        pl_uuid_format(c->id, id);
        pl_log(PL_LOG_ERROR,
               "the stored event of a delivery is damaged; the delivery stays pending",
               PL_LOG_STR("delivery", id));
        return;
    }
    pl_delivery *d =
        pl_delivery_new(e, c->id, event, pl_slice_of(c->connector), pl_slice_of(c->webhook));
    pl_event_unref(event);
    d->as_of = seq;
    d->attempts = c->attempts;
    d->first = c->first;
    d->uncounted = c->uncounted;
    d->undecided = c->undecided;
    d->is_ordered = c->is_ordered;
    d->created_ms = c->created_ms;
    if (c->due_ms > now_ms)
        pl_delivery_wait(d, c->due_ms - now_ms);
    else
        make_ready_late(d, now_ms - c->due_ms);
}

static void on_claimed(pl_message *m)
{
    pl_claim *claim = (pl_claim *)((char *)m - offsetof(pl_claim, op.message));
    pl_engine *e = (pl_engine *)((char *)claim - offsetof(pl_engine, claim));
    bool again = false;
    e->claim_is_out = false;
    if (claim->op.result == 0) {
        for (uint32_t i = 0; i < claim->count; i++)
            pl_delivery_admit(e, &claim->items[i], claim->op.seq);
        pl_counter_add(&e->metrics.claimed, claim->count);
        e->parked_due_ms = claim->next_due_ms;
        e->claim_is_vain = claim->count + claim->shelved == 0 && claim->skip_count > 0;
        again = claim->count + claim->shelved == claim->limit || e->claim_again;
        pl_counter_add(&e->metrics.shelved, claim->shelved);
    } else {
        /* The timer asks again: a store that fails is not asked in a circle. */
        e->parked_due_ms = INT64_MAX;
    }
    pl_arena_fini(&claim->memory);
    if (again) start_claim(e);
    pl_engine_pump(e);
}

static uint32_t claimable(const pl_engine *e)
{
    size_t limit = (size_t)e->settings->limit_resident;
    size_t room = e->resident < limit ? limit - e->resident : 0;
    if (room < handful(e) || room == 0) return 0;
    return room < CLAIM_ROWS ? (uint32_t)room : CLAIM_ROWS;
}

/* Connectors that have their share of the places already; when they are too many to name, some
 * get more than that. */
static void leave_out_full(pl_engine *e)
{
    size_t limit = (size_t)e->settings->limit_resident;
    pl_claim *c = &e->claim;
    pl_arena_fini(&e->claim_names);
    pl_arena_init(&e->claim_names);
    for (size_t i = 0; i < PL_LANE_CHAINS; i++) {
        for (pl_lane *lane = e->lanes.table[i]; lane; lane = lane->chain) {
            lane->is_full = !pl_lane_may_take(lane->resident, e->resident, limit);
            if (!lane->is_full || c->skip_count == PL_CLAIM_SKIP) continue;
            e->claim_skip[c->skip_count++] = pl_arena_dup(&e->claim_names, pl_lane_name(lane));
        }
    }
}

static void start_claim(pl_engine *e)
{
    uint32_t limit = claimable(e);
    if (e->is_stopping || limit == 0) return;
    if (e->claim_is_out) {
        e->claim_again = true;
        return;
    }
    e->claim_again = e->claim_is_vain = false;
    e->claim = (pl_claim){
        .op = {.message.fn = on_claimed,
               .reply_to = e->ports.mailbox,
               .kind = PL_OP_CLAIM,
               .bytes = sizeof e->claim},
        .before_ms = e->ports.wall_ms() + e->settings->limit_horizon,
        .limit = limit,
        .each = limit / PL_LANE_SHARE + 1,
        .skip = e->claim_skip,
    };
    pl_arena_init(&e->claim.memory);
    leave_out_full(e);
    if (e->ports.submit(e->ports.world, &e->claim.op) == 0) e->claim_is_out = true;
}

static void on_claim_timer(pl_timer *t)
{
    pl_engine *e = (pl_engine *)((char *)t - offsetof(pl_engine, claim_timer));
    start_claim(e);
    pl_wheel_start(e->ports.wheel, t, CLAIM_IDLE_MS);
}

/* A place became free: are there parked deliveries for it? */
static void claim_if_due(pl_engine *e)
{
    if (!e->claim_is_out && !e->claim_is_vain && parked_are_due(e, e->settings->limit_horizon))
        start_claim(e);
}

void pl_engine_parked(pl_engine *e, pl_slice connector, int64_t due_ms)
{
    const pl_lane *lane = pl_lanes_find(&e->lanes, connector);
    pl_counter_add(&e->metrics.parked, 1);
    if (lane == NULL || !lane->is_full) e->claim_is_vain = false;
    if (due_ms < e->parked_due_ms) e->parked_due_ms = due_ms;
}

void pl_engine_waits(pl_engine *e, const pl_commit_delivery *d, int64_t due_ms)
{
    if (d->is_shelved)
        pl_counter_add(&e->metrics.shelved, 1);
    else if (!d->waits)
        pl_engine_parked(e, d->connector, due_ms);
}

void pl_engine_claim_now(pl_engine *e)
{
    start_claim(e);
}

/* -- public -- */

pl_engine *pl_engine_new(const pl_ports *ports, const pl_settings *settings, const uint8_t seed[32])
{
    pl_engine *e = pl_alloc_zero(sizeof *e);
    e->ports = *ports;
    e->settings = settings;
    e->tolls = (pl_tolls){.quotas = ports->quotas,
                          .breakers = ports->breakers,
                          .settings = settings,
                          .turned = pl_notice_breaker,
                          .arg = e};
    e->table_slots = PL_TABLE_FIRST_SLOTS;
    e->table = pl_alloc_zero(e->table_slots * sizeof *e->table);
    e->parked_due_ms = INT64_MAX; /* until the claim timer has looked, which it does at once */
    pl_rng_init(&e->rng, seed);
    pl_arena_init(&e->claim_names);
    pl_timer_init(&e->claim_timer, on_claim_timer);
    pl_timer_init(&e->gate_timer, on_gate_timer);
    return e;
}

void pl_engine_free(pl_engine *e)
{
    while (e->exchanges) /* those whose records the store never took */
        pl_exchange_free(e->exchanges);
    pl_notices_free(e);
    for (size_t i = 0; i < e->table_slots; i++)
        while (e->table[i])
            pl_delivery_drop(e->table[i]);
    pl_wheel_stop(e->ports.wheel, &e->claim_timer);
    pl_wheel_stop(e->ports.wheel, &e->gate_timer);
    pl_buf_fini(&e->scratch);
    pl_generation_unref(e->generation);
    pl_arena_fini(&e->claim_names);
    free(e->table);
    free(e);
}

const pl_engine_metrics *pl_engine_metrics_of(const pl_engine *e)
{
    return &e->metrics;
}

void pl_engine_timed(pl_engine *e, enum pl_stage stage, uint64_t lasted_us)
{
    pl_histogram_add(&e->metrics.stages[stage], lasted_us);
}

uint64_t pl_engine_time(pl_engine *e, enum pl_stage stage, uint64_t began_us)
{
    uint64_t now_us = e->ports.monotonic_us();
    pl_engine_timed(e, stage, now_us - began_us);
    return now_us;
}

const pl_tolls *pl_engine_tolls(const pl_engine *e)
{
    return &e->tolls;
}

pl_generation *pl_engine_generation(pl_engine *e)
{
    return e->generation;
}

pl_rng *pl_engine_rng(pl_engine *e)
{
    return &e->rng;
}

pl_buf *pl_engine_scratch(pl_engine *e)
{
    return &e->scratch;
}

void pl_engine_use(pl_engine *e, pl_generation *g)
{
    bool is_first = e->generation == NULL;
    pl_generation_unref(e->generation);
    e->generation = g;
    if (is_first) pl_wheel_start(e->ports.wheel, &e->claim_timer, 0);
}

/* It may be gone when its request has been made, or has not; its event is not before. */
static void begin(pl_delivery *d)
{
    pl_event *fresh = leave_fresh(d);
    if (fresh) pl_event_ref(fresh);
    pl_exchange_start(d);
    let_nodes(fresh);
    pl_event_unref(fresh);
}

void pl_engine_pump(pl_engine *e)
{
    uint64_t postponed = pl_counter_get(&e->metrics.postponed);
    uint32_t begun = 0;
    while (!e->is_stopping && e->in_flight < (uint64_t)e->settings->limit_in_flight) {
        if (pl_counter_get(&e->metrics.postponed) - postponed >= POSTPONED_AT_ONCE) {
            pl_engine_pump_in(e, 1);
            break;
        }
        if (begun++ == BEGUN_AT_ONCE) {
            pl_engine_pump_in(e, 0);
            return;
        }
        pl_delivery *d = take_ready(e);
        if (d == NULL) break;
        if (d->is_cancelled && !d->is_ordered)
            pl_delivery_drop(d);
        else if (d->is_cancelled || d->is_off)
            pl_exchange_hand_back(d);
        else
            begin(d);
    }
    drop_fresh(e);
    claim_if_due(e);
}

void pl_engine_nudge(pl_engine *e, pl_uuid id, enum pl_command_kind kind, uint64_t seq)
{
    pl_delivery *d = table_find(e, id);
    if (d == NULL || seq < d->as_of) return;
    /* What was cancelled after a retry stays so, in whatever order the two are heard. The other way
     * round it is this worker's only where it has an order; else it is to be claimed. */
    if (kind != PL_COMMAND_RETRY || d->is_ordered) d->as_of = seq;
    if (kind == PL_COMMAND_CANCEL)
        cancel(d);
    else if (kind == PL_COMMAND_RETRY)
        retry(d);
    else if (d->phase == PL_WAITING && d->is_ordered)
        pl_exchange_hand_back(d);
    pl_engine_pump(e);
}

void pl_engine_stop(pl_engine *e)
{
    e->is_stopping = true;
}

bool pl_engine_is_idle(const pl_engine *e)
{
    return e->exchanges == NULL && e->commits == 0 && !e->claim_is_out;
}

void pl_engine_abandon(pl_engine *e)
{
    for (pl_exchange *x = e->exchanges, *next; x; x = next) {
        next = x->next;
        if (x->stage == PL_STAGE_RECORD || x->stage == PL_STAGE_COMMIT) {
            pl_call_abandon(x); /* the store has it */
            continue;
        }
        if (x->delivery) {
            x->delivery->phase = PL_WAITING;
            pl_exchange_free(x);
        } else {
            pl_exchange_fail(x, PL_E_STOPPING, pl_err_text(PL_E_STOPPING));
        }
    }
}

/* -- check -- */

bool pl_engine_holds(pl_engine *e, pl_uuid id)
{
    return table_find(e, id) != NULL;
}

const char *pl_engine_check(const pl_engine *e)
{
    const char *wrong = pl_lanes_check(&e->lanes);
    size_t resident = 0, in_flight = 0;
    for (size_t i = 0; i < PL_LANE_CHAINS; i++) {
        for (const pl_lane *lane = e->lanes.table[i]; lane; lane = lane->chain) {
            resident += lane->resident;
            in_flight += lane->in_flight;
        }
    }
    if (wrong) return wrong;
    if (resident != e->resident) return "the lanes hold more or less than is resident";
    return in_flight == e->in_flight ? NULL : "the lanes have more or less in flight than there is";
}
