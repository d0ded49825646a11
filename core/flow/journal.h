/* SPDX-License-Identifier: MIT
 *
 * What the engine asks the store: operations, each embedded in what it is about. The engine fills
 * one and submits it through its port; the store carries out whatever has arrived as one
 * transaction and answers each operation on the mailbox of its submitter, in order. Until then the
 * operation, and all that it points to, belongs to the store, which only reads it and writes the
 * `out` members. */
#ifndef PL_FLOW_JOURNAL_H
#define PL_FLOW_JOURNAL_H

#include "base/arena.h"
#include "base/id.h"
#include "base/mailbox.h"
#include "base/slice.h"
#include "flow/attempt.h"
#include "flow/event.h"
#include "flow/order.h"
#include "flow/switches.h"

enum pl_op_kind {
    PL_OP_COMMIT,
    PL_OP_RECORD,
    PL_OP_CLAIM,
    PL_OP_COMMAND,
    PL_OP_JOB,
    PL_OP_ERASE,
    PL_OP_SWITCH,
    PL_OP_KEY,
    PL_OP_KINDS
};

typedef struct pl_op {
    pl_message message; /* message.fn: what to do with the answer, on the submitter's thread */
    pl_mailbox *reply_to;
    enum pl_op_kind kind;
    bool can_wait; /* nobody waits for the answer: it may linger for a moment, until others come */
    size_t bytes;  /* about how much it weighs, for the bound of the queue */
    int result;    /* out: 0, or PL_E_STORE, PL_E_STORE_FULL: nothing of it happened */
    uint64_t seq;  /* out: greater than that of each operation that was carried out before it */
    struct pl_op *next;
} pl_op;

/* States of a delivery as the feed names them. `unmatched` is the row of an event that nothing
 * wanted. */
#define PL_STATES(X)                   \
    X(PL_STATE_PENDING, "pending")     \
    X(PL_STATE_DELIVERED, "delivered") \
    X(PL_STATE_FAILED, "failed")       \
    X(PL_STATE_CANCELLED, "cancelled") \
    X(PL_STATE_UNMATCHED, "unmatched")

enum pl_state {
#define X(code, ...) code,
    PL_STATES(X)
#undef X
        PL_STATE_COUNT
};

const char *pl_state_name(enum pl_state state);
/* The state of a name, or -1. */
int pl_state_of_name(pl_slice name);

/* -- commit: events with their deliveries -- */

typedef struct pl_commit_delivery {
    pl_uuid id;
    pl_slice connector, webhook;
    bool held; /* in the memory of a worker; otherwise it waits in the store until it is claimed */
    bool undecided;
    bool is_off;          /* the worker believes its webhook to be disabled; */
    bool is_shelved;      /* out: it is, and the delivery is claimed only after it is enabled */
    pl_slice order_key;   /* empty: it waits for no other */
    pl_slice order_scope; /* the webhook whose keys these are; empty: they are the connector's */
    enum pl_order_rule order;
    bool waits; /* out: others of its key go first; the store has it, whatever `held` says */
    bool has_overtaken;  /* out: its order is NEWEST, and one that a worker holds is to give way */
    pl_uuid overtaken;   /* unless it is under way: see PL_COMMAND_YIELD */
    uint32_t superseded; /* out: so many that were waiting were cancelled for it */
} pl_commit_delivery;

typedef struct pl_commit_event {
    pl_event *event; /* out: event->seq */
    pl_commit_delivery *deliveries;
    uint32_t count;
    pl_slice reason;      /* with count 0: why */
    pl_uuid unmatched_id; /* with count 0: id of the row in the feed */
    bool is_duplicate; /* out: an event of this id was there already; nothing was written for it */
    char *known;       /* out, malloc'ed, of a duplicate: JSON array of the deliveries it had,
                          [{"id","connector","webhook"}] */
} pl_commit_event;

typedef struct pl_commit pl_commit;
struct pl_commit {
    pl_op op;
    pl_commit_event *events;
    uint32_t count;
    /* Empty: none. A key seen before makes the whole commit a duplicate. */
    pl_slice idempotency_key;
    pl_slice digest; /* with a key: of what came with it */
    pl_slice token;  /* the name of the one that the events came with, or empty */
    /* Writes what to keep under the key, the JSON that the client gets. Called on the store's thread when
     * it is known which of the events are duplicates; reads the commit and what is its submitter's. */
    void (*answer)(const pl_commit *c, pl_buf *out);
    bool is_duplicate; /* out: the key was there */
    bool is_reused;    /* out: and came with something else; nothing was written */
    char *known;       /* out, malloc'ed: the answer kept under it */
    int64_t now_ms;
};

/* -- record: an attempt and what becomes of its delivery -- */

/* A delivery that comes out of the store into a worker's memory. */
typedef struct pl_claimed {
    pl_uuid id;
    char *connector, *webhook; /* in the arena of the operation */
    pl_slice document;         /* the event's */
    int64_t event_seq, received_ms, created_ms, due_ms;
    uint32_t attempts;  /* made so far */
    uint32_t first;     /* attempts made before the present run of the retry schedule */
    uint32_t uncounted; /* and of those in it, made without using it up */
    bool undecided, is_ordered;
} pl_claimed;

typedef struct pl_record {
    pl_op op;
    pl_uuid id;
    int kind; /* enum pl_exchange_kind */
    /* of a delivery as they were committed or claimed, of which the store keeps them */
    pl_slice connector, webhook;
    pl_event *event; /* of a call: stored with it */
    bool undecided;
    pl_slice token; /* of a call: the name of the one that it came with, or empty */
    int64_t created_ms, now_ms;
    const pl_attempt *attempt; /* NULL: no attempt was made, only the state changes */
    /* PENDING: another attempt at due_ms. out: PENDING instead of FAILED when an administrator has
     * brought the delivery back meanwhile */
    enum pl_state state;
    int64_t due_ms; /* wall clock */
    bool held; /* there is a place in the worker's memory: for it, or for the next of its key */
    bool is_off, is_shelved;   /* as of a pl_commit_delivery */
    const pl_switch *disables; /* NULL; the answer disables its webhook */
    int64_t pause_until_ms; /* wall clock: before it the connector's receiver wants no more; or 0 */
    bool has_disabled;      /* out: which was not so before */
    /* of a call with an idempotency key that is over; without an answer the key is free again */
    pl_slice key, answer;
    int answer_status;
    bool is_ordered;
    enum pl_order_rule order; /* of one that is ordered */
    /* NULL; an operator event: written as well when the answer has disabled its webhook, or when the
     * state is final and the delivery was there */
    pl_commit *notice;
    bool has_notice; /* out: it was written */
    bool was_gone; /* out: the delivery was no longer pending (cancelled meanwhile); the attempt is
                      kept all the same */
    uint32_t
        superseded;   /* out: it and others of its key, so many, were cancelled for a newer one */
    bool frees;       /* out: the next of its key may go, */
    pl_claimed *next; /* out: held by this worker, in `memory`; NULL: it waits to be claimed */
    pl_arena memory;  /* out: freed by the submitter */
} pl_record;

/* -- key: a call's idempotency key is taken before its request is made -- */

typedef struct pl_key {
    /* result also, when the key was there: 0 with its answer, or
     *   PL_E_KEY_REUSED   it came with something else
     *   PL_E_KEY_IN_USE   its call is under way
     *   PL_E_KEY_UNKNOWN  its call was under way when a gateway ended */
    pl_op op;
    void *owner;      /* its submitter's */
    pl_slice key;     /* those of calls are none of events (pl_call) */
    pl_slice digest;  /* of what came with it */
    pl_slice subject; /* of the call's event */
    pl_uuid call;
    int64_t now_ms;
    int status;   /* out: of the answer; 0: none, the key is this call's */
    char *answer; /* out, malloc'ed */
} pl_key;

/* -- claim: deliveries that wait in the store come into a worker's memory -- */

#define PL_CLAIM_SKIP 32 /* connectors at most that a claim names to be left out */

typedef struct pl_claim {
    pl_op op;
    int64_t before_ms; /* due at this time or earlier; of each connector the earliest first */
    uint32_t limit;    /* shared evenly by the connectors that have any */
    uint32_t each;     /* of one connector at most; 0: the limit */
    pl_slice *skip;    /* connectors that get none */
    uint32_t skip_count;
    pl_claimed *items; /* out: in `memory` */
    uint32_t count;    /* out */
    uint32_t shelved;  /* out: so many of webhooks that are disabled were put aside instead */
    int64_t
        next_due_ms; /* out: when the next one that waits comes due, of any connector; INT64_MAX: none */
    pl_arena memory; /* out: freed by the submitter */
} pl_claim;

/* -- command: an administrator retries or cancels one delivery -- */

/* YIELD is for engines only: a newer delivery of its key waits, and its order is NEWEST. */
enum pl_command_kind { PL_COMMAND_RETRY, PL_COMMAND_CANCEL, PL_COMMAND_YIELD };

typedef struct pl_command {
    pl_op op; /* result also: PL_E_UNKNOWN_DELIVERY, PL_E_CONFLICT */
    enum pl_command_kind kind;
    pl_uuid id;
    int64_t now_ms;
    enum pl_state state; /* out: after it; with PL_E_CONFLICT the one it is in */
} pl_command;

/* -- job: one command for all deliveries that a filter selects, by and by -- */

/* running -> paused -> running ...; -> done, cancelled: for good. */
#define PL_JOB_STATES(X)         \
    X(PL_JOB_RUNNING, "running") \
    X(PL_JOB_PAUSED, "paused")   \
    X(PL_JOB_DONE, "done")       \
    X(PL_JOB_CANCELLED, "cancelled")

enum pl_job_state {
#define X(code, ...) code,
    PL_JOB_STATES(X)
#undef X
};

const char *pl_job_state_name(enum pl_job_state state);

enum pl_job_order { PL_JOB_MAKE, PL_JOB_STEP, PL_JOB_SET };

typedef struct pl_job_op {
    pl_op op; /* result also: PL_E_UNKNOWN_JOB; PL_E_CONFLICT: its state does not allow it */
    enum pl_job_order order;
    int64_t job; /* MAKE: out */
    int64_t now_ms;
    /* MAKE */
    enum pl_command_kind kind; /* for each delivery */
    pl_slice filter;           /* the filter as JSON, as it was given */
    pl_slice token;            /* the name of the one that it was asked for with, or empty */
    uint32_t rate;             /* deliveries a second */
    uint64_t total;
    pl_uuid last; /* the newest delivery that it is about */
    /* STEP of a job that is running: these deliveries, in order of their ids */
    const pl_uuid *ids;
    uint32_t count;
    bool is_last;
    /* SET */
    enum pl_job_state
        state; /* out: the state after the order; with PL_E_CONFLICT the one it is in */
} pl_job_op;

/* -- erase: nothing is kept of an event, pending deliveries included -- */

typedef struct pl_erase {
    pl_op op;
    pl_slice event_id, subject;  /* one of them is empty */
    uint32_t events, deliveries; /* out: how many are gone */
    bool has_more;               /* out: do it again: one operation does not hold up the others */
    pl_uuid *pending;            /* out: of those, in `memory`; workers are to let go of them */
    uint32_t pending_count;      /* out */
    pl_arena memory;             /* out: freed by the submitter */
} pl_erase;

/* -- switch: an administrator disables or enables a webhook -- */

/* OFF, ON; after an ON, RELEASE for as long as there is more: what was shelved is due, oldest first.
 * It does nothing while the webhook is disabled again. */
enum pl_switch_order { PL_SWITCH_OFF, PL_SWITCH_ON, PL_SWITCH_RELEASE };

typedef struct pl_switch_op {
    pl_op op;
    enum pl_switch_order order;
    pl_switch what;    /* ON, RELEASE: its names count */
    int64_t now_ms;    /* RELEASE: when they are due */
    pl_commit *notice; /* NULL; OFF, ON: an operator event, written when it */
    bool has_changed;  /* out: it was not so before */
    uint32_t released; /* out: RELEASE: so many */
    bool has_more;     /* out: RELEASE: do it again */
} pl_switch_op;

#endif
