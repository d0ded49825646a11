/* SPDX-License-Identifier: MIT
 *
 * What the engine's files share: engine.c (deliveries in memory), intake.c (events on their way to
 * disk), call.c (calls, and their keys), exchange.c (one attempt through its stages), exchange_record.c
 * (its row) and notice.c (operator events). Nobody else includes this. */
#ifndef PL_FLOW_ENGINE_IMPL_H
#define PL_FLOW_ENGINE_IMPL_H

#include "base/err.h"
#include "flow/engine.h"
#include "flow/lane.h"
#include "flow/notice.h"
#include "flow/retry.h"

enum pl_phase { PL_COMMITTING, PL_READY, PL_RUNNING, PL_RECORDING, PL_WAITING };

struct pl_delivery {
    pl_engine *engine;
    pl_uuid id;
    pl_event *event;
    char *destination; /* of its request, when that was held back by a limit of its host; NULL */
    enum pl_phase phase;
    bool undecided;
    bool is_ordered;      /* it is the one of its key that may go, until it is recorded otherwise */
    bool is_cancelled;    /* by an administrator, while it was in the queue or under way */
    bool is_off;          /* its webhook was disabled when its turn came */
    uint32_t attempts;    /* made */
    uint32_t first;       /* of those, made before the present run of the schedule */
    uint32_t uncounted;   /* and in it, without using it up */
    uint32_t index;       /* of its webhook in the generation; UINT32_MAX: it has none */
    uint64_t generation;  /* this number */
    uint64_t as_of;       /* seq of the operation that told last how it stands in the store */
    int64_t created_ms;   /* wall clock */
    uint64_t received_us; /* monotonic: of the request; 0 when it came from the store */
    uint64_t ready_us;    /* monotonic: when it could have been started */
    pl_timer due;         /* WAITING */
    pl_lane *lane;        /* of its connector, and its name */
    pl_lane_node node;    /* READY: in its lane's queue */
    pl_delivery *chain;   /* in the table by id */
    pl_delivery *fresh, **fresh_link; /* in the engine's list, if it keeps the nodes of its event */
    pl_intake *intake; /* whose owner waits for it, with the place of its result; NULL */
    pl_delivery **slot;
    pl_settlement *settlement;
    uint32_t webhook_len;
    char webhook[];
};

static inline pl_slice pl_delivery_connector(const pl_delivery *d)
{
    return pl_lane_name(d->lane);
}

static inline pl_slice pl_delivery_webhook(const pl_delivery *d)
{
    return (pl_slice){d->webhook, d->webhook_len};
}

/* Of one that the lanes' gate has let through, until it is its exchange's. */
typedef struct pl_gate_places {
    pl_quota_place of_connector, of_webhook, of_destination;
} pl_gate_places;

#define PL_TABLE_FIRST_SLOTS 256

struct pl_engine {
    pl_ports ports;
    const pl_settings *settings;
    pl_tolls tolls;
    pl_generation *generation;
    pl_rng rng;
    pl_engine_metrics metrics;
    bool is_stopping;

    pl_delivery **table; /* resident deliveries by id: chains, a power of two of them */
    size_t table_slots, resident;
    pl_lanes lanes; /* and by connector */
    pl_gate_places places;
    uint32_t in_flight; /* exchanges of deliveries */
    uint32_t calls; /* exchanges of calls and tries, their keys on the way to the store included, */
    uint32_t answered; /* and those whose record is on its way to the store */
    uint32_t commits;  /* intakes at the store */
    pl_exchange *exchanges;
    pl_notice *notices; /* not yet on disk */

    pl_claim claim;
    bool claim_is_out, claim_again;
    pl_arena claim_names;
    pl_slice claim_skip[PL_CLAIM_SKIP]; /* connectors that are full, in claim_names */
    bool claim_is_vain; /* all that is due is of connectors that are full: not before one is not */
    int64_t parked_due_ms; /* as far as this worker knows, the next parked delivery is due then */
    pl_timer claim_timer;
    uint64_t gate_due_us; /* 0: at once */
    /* The first of those that a rate or a pause holds back may go, or it is the turn of what is ready. */
    pl_timer gate_timer;
    pl_delivery *fresh; /* committed lately and not begun: they keep the nodes of their events */
    pl_buf scratch;     /* of who needs one for the moment */
};

static inline void pl_engine_show_in_flight(pl_engine *e)
{
    pl_counter_set(&e->metrics.in_flight, e->in_flight + e->calls);
}

/* engine.c */
pl_delivery *pl_delivery_new(pl_engine *e, pl_uuid id, pl_event *event, pl_slice connector,
                             pl_slice webhook);
void pl_delivery_make_ready(pl_delivery *d);
void pl_delivery_wait(pl_delivery *d, int64_t delay_ms);
/* Is there a place for one more delivery of this connector in memory? */
bool pl_engine_has_room(const pl_engine *e, pl_slice connector);
/* Do parked deliveries that are overdue find no place? Then none is for one that only waits: a
 * receiver that is down, tried again and again, would hold up all the others. */
bool pl_engine_is_crowded(const pl_engine *e, pl_slice connector);
/* Gone from memory. */
void pl_delivery_drop(pl_delivery *d);
/* The store has given it into this engine's memory, by the operation with this seq. */
void pl_delivery_admit(pl_engine *e, const pl_claimed *c, uint64_t seq);
/* Starts what is ready while there is a place: some at once, the next when others had their turn. */
void pl_engine_pump(pl_engine *e);
/* The same in a while; 0: behind what has come in already. */
void pl_engine_pump_in(pl_engine *e, int64_t wait_ms);
/* What its event knows of where its values are is kept until the delivery has begun, or has to wait. */
void pl_delivery_keep_fresh(pl_delivery *d);
/* Gone from memory, as an administrator wanted. */
void pl_delivery_cancelled(pl_delivery *d);
/* A delivery of this connector was parked with this due time. */
void pl_engine_parked(pl_engine *e, pl_slice connector, int64_t due_ms);
/* The same of one that was committed without a place in memory. */
void pl_engine_waits(pl_engine *e, const pl_commit_delivery *d, int64_t due_ms);

/* exchange.c */
void pl_exchange_start(pl_delivery *d);
/* Instead, without an attempt: the delivery leaves memory until its webhook is enabled; or the store
 * is told that one with an order, which was cancelled, is not under way, and lets the next of its
 * key go (unless it has been brought back since); or that one which waits for its next attempt
 * gives way. */
void pl_exchange_hand_back(pl_delivery *d);
pl_exchange *pl_exchange_new(pl_engine *e, enum pl_exchange_kind kind, uint32_t webhook);
/* From render on. */
void pl_exchange_begin(pl_exchange *x, int64_t timeout_ms);
/* By the generation that is in use. */
const pl_policy *pl_delivery_policy(pl_delivery *d);
/* What it waits for beside what all of its connector do, by the same. */
pl_track_name pl_delivery_track(pl_delivery *d);
void pl_exchange_free(pl_exchange *x);
/* Ends a stage that was interrupted from outside. */
void pl_exchange_fail(pl_exchange *x, int code, const char *text);

/* exchange_pass.c: what it passes. */
/* Of pl_exchange_pass: there is no place for it at its destination. */
#define PL_HELD_BACK (PL_AGAIN + 1)
/* The places that begin with it, for one that does not wait. */
void pl_exchange_enter_now(pl_exchange *x);
/* The request is made: may it be sent? 0; PL_E_BREAKER, or of a delivery PL_HELD_BACK. */
int pl_exchange_pass(pl_exchange *x);
/* A delivery that may not, with what was said: it waits; `x` is gone, or on its way to the store. */
void pl_exchange_postpone(pl_exchange *x, int code);
/* Nothing of it is at its receiver any more. */
void pl_exchange_leave(pl_exchange *x);

/* exchange_record.c: its row, with what the record says of the delivery. */
void pl_exchange_fill_record(pl_exchange *x);
/* Hands the record to the store until it is written; then the delivery is settled and `x` is gone. */
void pl_exchange_record(pl_exchange *x);
/* The same without a row: the delivery is pending, and due in x->delay_ms. */
void pl_exchange_park(pl_exchange *x);

/* call.c */
/* So many records of calls that were answered may be on their way to the store. */
uint64_t pl_call_most_behind(const pl_engine *e);
/* Who waits for it is told, if that was not done yet. */
void pl_call_tell(pl_exchange *x);
/* What the record of a call with a key says of the key. */
void pl_call_end_key(pl_exchange *x);
/* The engine is stopping, and does not wait for what the store has of it. */
void pl_call_abandon(pl_exchange *x);

/* exchange_notice.c: what is to be told with its record. */
void pl_exchange_announce(pl_exchange *x);
/* What breakers do: of the engine's tolls. */
void pl_notice_breaker(void *engine, const pl_breaker_turn *turn, pl_slice destination,
                       pl_slice connector, int code);

/* notice.c: with the engine. */
void pl_notices_free(pl_engine *e);

/* intake.c: the row of a delivery that was routed, which nobody holds. */
pl_commit_delivery pl_intake_row(pl_engine *e, pl_arena *arena, int64_t now_ms,
                                 const pl_route *route);
/* What became of a waited-for delivery; `is_final` when nothing more comes. */
void pl_intake_settle(pl_delivery *d, const pl_record *record, bool is_final);

#endif
