/* SPDX-License-Identifier: MIT
 *
 * The delivery engine of one worker: it takes events to disk (intake), and carries exchanges
 * through their stages. It knows when; the stages' functions, the store, the network and the clock
 * are reached through ports, so that the same engine runs under a test's clock. It knows no socket,
 * no Lua, no SQL. One thread.
 *
 * A delivery in memory ("resident"):
 *
 *              commit ok               a place is free        send, map
 *   COMMITTING ---------> READY (queue) --------------> RUNNING ------------> RECORDING
 *                           ^                                                    |
 *                           | due      recorded, next attempt within the horizon |
 *                         WAITING (wheel) <--------------------------------------+
 *                                                                                |
 *                            gone from memory <----------------------------------'
 *                                         recorded: delivered, failed, cancelled or parked
 *
 * Parked deliveries wait in the store, found by its index of due times; the engine claims them when
 * they are about to come due and there is room, the earliest first. Those of a webhook that is
 * disabled (switches.h) are not found there until it is enabled. So memory is bounded by
 * limits.resident whatever the backlog. Places are kept for what is overdue in the store: neither
 * new events nor a receiver that is down, with its retries, keep it waiting.
 *
 * Attempts in flight and places in memory are shared by the connectors (lane.h), and so are claims:
 * one whose receiver is slow or dead, with whatever backlog, delays no other. Calls wait for
 * nothing of all that. */
#ifndef PL_FLOW_ENGINE_H
#define PL_FLOW_ENGINE_H

#include "base/err.h"
#include "base/metrics.h"
#include "flow/breaker.h"
#include "flow/exchange.h"
#include "flow/quota.h"
#include "flow/settings.h"
#include "flow/switches.h"

/* What the engine needs from the world. `world` is handed back to each. */
typedef struct pl_ports {
    void *world;
    pl_wheel *wheel;
    pl_mailbox *mailbox; /* answers of the store come here */
    pl_quotas *quotas;   /* these three are shared by the engines of all workers */
    pl_breakers *breakers;
    pl_switches *switches; /* NULL where only tries are made */
    int64_t (*wall_ms)(void);
    uint64_t (*monotonic_us)(void);
    /* 0, or PL_E_BUSY: not taken. */
    int (*submit)(void *world, pl_op *op);
    /* Starts x->request; later pl_engine_sent(x, code), never from within. */
    void (*send)(void *world, pl_exchange *x);
    /* Ends a transfer under way; no answer comes. */
    void (*unsend)(void *world, pl_exchange *x);
    /* An attempt is durable (or, for a call, on its way): for who watches the feed. May be NULL. */
    void (*recorded)(void *world, const pl_record *record);
    /* All engines are to hear PL_COMMAND_YIELD of this delivery. May be NULL. */
    void (*overtaken)(void *world, pl_uuid id, uint64_t seq);
} pl_ports;

typedef struct pl_engine_metrics {
    pl_counter events, duplicates, unmatched, deliveries, delivered, failed, cancelled, retried,
        parked, claimed, calls;
    pl_counter calls_replayed; /* not made: their key had an answer */
    pl_counter postponed;      /* attempts not begun: a breaker was open, a host at its limit */
    pl_counter shelved;        /* deliveries put aside: their webhook is disabled */
    pl_counter records_lost;   /* of calls that the store could not take */
    pl_counter resident, in_flight; /* gauges */
    pl_counter held_back;           /* and that: resident, and waiting for the limit of a host */
    /* by outcome: index 0 is ok, i is the error of ordinal i - 1 */
    pl_counter attempts[PL_ERR_COUNT + 1];
    pl_histogram stages[PL_STAGE_COUNT];
    pl_histogram end_to_end; /* first byte of an event's request to its delivery's first success */
} pl_engine_metrics;

pl_engine *pl_engine_new(const pl_ports *ports, const pl_settings *settings,
                         const uint8_t seed[32]);
/* After the store has answered all it took. What never got into it is dropped: those deliveries are
 * pending in the store. */
void pl_engine_free(pl_engine *e);
const pl_engine_metrics *pl_engine_metrics_of(const pl_engine *e);
/* Publishes a generation (takes the reference). What is under way goes on with its own. */
void pl_engine_use(pl_engine *e, pl_generation *g);
pl_generation *pl_engine_generation(pl_engine *e);
pl_rng *pl_engine_rng(pl_engine *e);
/* A buffer for the moment. */
pl_buf *pl_engine_scratch(pl_engine *e);
/* What requests of its worker pass; those of scripts as well. */
const pl_tolls *pl_engine_tolls(const pl_engine *e);
/* A stage that is carried out by others, accept and parse, ends now; it began at `began_us`
 * (monotonic). Returns this moment: another one may begin at it. */
uint64_t pl_engine_time(pl_engine *e, enum pl_stage stage, uint64_t began_us);
/* The same where it is known how long it lasted. */
void pl_engine_timed(pl_engine *e, enum pl_stage stage, uint64_t lasted_us);

/* -- intake: events on their way to disk -- */

/* What became of a delivery whose caller waits for it. */
typedef struct pl_settlement {
    bool is_settled; /* nothing more will be told */
    enum pl_state state;
    const char *outcome; /* of the last attempt: static text; NULL before the first */
    int status;
    uint32_t attempts;
    pl_slice error, variables; /* in the intake's arena */
} pl_settlement;

typedef struct pl_intake pl_intake;
struct pl_intake {
    pl_arena arena;
    pl_event **events; /* in: one reference each, the intake's */
    uint32_t count;
    pl_slice idempotency_key;
    pl_slice digest;      /* with a key: of the request's body */
    pl_slice token;       /* the name of the one that it came with, or empty */
    uint64_t received_us; /* monotonic */
    const pl_slice *only; /* in: ids of the connectors that the events may go to, while they are */
    uint32_t only_count;  /* taken; with 0 they may go to all */
    /* in: tell what becomes of the deliveries. One for which there is no place in memory counts as
     * settled, and pending */
    bool waits;
    pl_commit commit;            /* out */
    pl_settlement **settlements; /* out, when it waits: by event and delivery */
    uint32_t unsettled;
    /* in: of pl_commit; only when a key is given */
    void (*answer)(const pl_commit *c, pl_buf *out);
    /* in: told once, with 0, PL_E_STORE, PL_E_STORE_FULL or PL_E_KEY_REUSED; never from within pl_engine_take */
    void (*committed)(pl_intake *in, int code);
    /* in: when it waits, told after each attempt at one of its deliveries, and after each end */
    void (*settled)(pl_intake *in);
    void *owner;

    /* the engine's */
    pl_engine *engine;
    pl_delivery ***deliveries; /* by event and delivery; NULL: parked, or gone from memory */
    uint64_t stage_us;
};

pl_intake *pl_intake_new(void);
/* Routes and commits: 0, then `committed` comes; or PL_E_BUSY, PL_E_STOPPING: nothing was taken.
 * The intake stays its owner's. */
int pl_engine_take(pl_engine *e, pl_intake *in);
/* The owner no longer waits. After `committed`, or when take refused. */
void pl_intake_free(pl_intake *in);

/* -- calls -- */

/* With a key (of an Idempotency-Key) a call is made once. The key is on disk before anything is
 * sent, the answer before it is told. The same key again is told that answer, as long as it is kept.
 * It is free again when the receiver cannot have acted on the call: nothing was sent, or the answer
 * was 425 or 429. */
typedef struct pl_call {
    uint32_t webhook;
    enum pl_exchange_kind kind; /* CALL or TRY */
    bool dry_run;
    pl_event *event;    /* takes the reference, if it is not refused */
    pl_slice token;     /* the name of the one that it came with, or empty; copied */
    int64_t timeout_ms; /* 0: the webhook's, or the setting */
    void (*finished)(pl_exchange *x);
    void *owner;
    pl_slice key, digest; /* of what came with the key; both are copied */
    /* With a key: writes what the caller is told, to be kept, and gives its HTTP status. */
    int (*answer)(const pl_exchange *x, pl_buf *out);
    /* With a key, instead of `finished`: it is not taken, for key->op.result says why, or it was
     * there and has an answer. */
    void (*known)(void *owner, const pl_key *key);
} pl_call;

/* Starts an exchange: 0, or PL_E_BUSY, PL_E_STOPPING. `finished` may come from within. */
int pl_engine_call(pl_engine *e, const pl_call *call);

/* -- the world answers -- */

void pl_engine_sent(pl_exchange *x, int code);
/* The script stage that answered PL_WAIT is through, with its code. */
void pl_engine_resume(pl_exchange *x, int code);

/* -- control -- */

/* The store has retried or cancelled this delivery, or it is to give way, by the operation with this
 * seq: act on it if it is resident here. Who tells may be late: what the store has told since then
 * counts. */
void pl_engine_nudge(pl_engine *e, pl_uuid id, enum pl_command_kind kind, uint64_t seq);
/* Look for parked deliveries now rather than at the next tick. */
void pl_engine_claim_now(pl_engine *e);
/* Takes no more events or calls, starts no more attempts. */
void pl_engine_stop(pl_engine *e);
/* Nothing is in flight and nothing waits for the store. */
bool pl_engine_is_idle(const pl_engine *e);
/* Lets go of what is still in flight: the deliveries stay pending in the store. */
void pl_engine_abandon(pl_engine *e);

/* Is this delivery in its memory? For tests. */
bool pl_engine_holds(pl_engine *e, pl_uuid id);
/* Recounts what the engine claims to hold: NULL when all of it is so, else what is not. For tests.
 */
const char *pl_engine_check(const pl_engine *e);

#endif
