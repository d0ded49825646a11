/* SPDX-License-Identifier: MIT
 *
 * One attempt on its way: the record that the stages fill, in the order of the stages. A stage
 * reads what stands above its own group and writes only that; nothing is rewritten later, except
 * that a second round after a 401 begins with the groups of request and response empty.
 * Everything it points to lives in its arena, in its event, or in its generation, and goes with it.
 */
#ifndef PL_FLOW_EXCHANGE_H
#define PL_FLOW_EXCHANGE_H

#include "base/arena.h"
#include "base/id.h"
#include "base/wheel.h"
#include "flow/event.h"
#include "flow/generation.h"
#include "flow/journal.h"
#include "flow/message.h"
#include "flow/passage.h"
#include "flow/stage.h"
#include "flow/trace.h"

typedef struct pl_engine pl_engine;
typedef struct pl_delivery pl_delivery;

enum pl_exchange_kind {
    PL_KIND_DELIVERY, /* an attempt at a durable delivery */
    PL_KIND_CALL,     /* a caller waits */
    PL_KIND_TRY       /* an administrator tries a webhook; with dry_run it ends before send */
};

/* What a script says of an attempt that has failed. */
enum pl_verdict { PL_VERDICT_NONE, PL_VERDICT_RETRY, PL_VERDICT_FINAL };

struct pl_exchange {
    /* begin: who it is */
    pl_engine *engine;
    pl_generation *generation;
    const pl_policy *policy;
    uint32_t webhook; /* index in the generation */
    enum pl_exchange_kind kind;
    bool dry_run, undecided;
    pl_uuid id; /* of the delivery, or of the call */
    pl_event *event;
    pl_slice token;        /* of a call: the name of the one that it came with */
    pl_delivery *delivery; /* NULL for calls */
    struct pl_lane *lane;  /* its connector's; NULL for calls */
    pl_quota_place of_connector, of_webhook;
    pl_passage passage;  /* from send on; the place of its destination before, if it has one */
    uint32_t number;     /* attempts count from 1 */
    int64_t created_ms;  /* wall clock: of the delivery or call */
    int64_t started_ms;  /* wall clock: of this attempt */
    uint64_t started_us; /* monotonic */
    int64_t deadline_ms; /* wall clock: it is over by then; moved by pl_exchange_set_timeout */
    bool has_waited;     /* for a script, or a first round: the time is taken off */
    bool is_second_round;
    enum pl_stage stage;
    pl_arena arena;
    uint64_t stage_us; /* monotonic: when the current stage began */
    int64_t queue_us;  /* from when it could have begun */
    int64_t script_us; /* in stages of scripts, their waiting included */

    /* script/: what it keeps between its stages */
    int script_ref; /* of what their ctx is made of in the Lua registry, 0: they hold nothing */
    uint64_t script_ticket; /* with which they read the event, 0: none has run */
    pl_trace trace;         /* what they did */
    uint64_t script_slot;   /* names the wait of a coroutine that waits, 0: none */

    /* render and authenticate */
    pl_request request;

    /* send */
    pl_response response;
    void *transfer; /* net/: the transfer under way */

    /* map */
    bool ok;                 /* the success rule holds */
    enum pl_verdict verdict; /* of a script: is it to be tried again? */
    pl_slice variables;      /* a JSON object, or empty */

    /* where and why it ended early; error 0: it did not */
    int error;
    enum pl_stage failed_stage;
    const char *error_text; /* for people, names file and line of a script */
    pl_slice traceback;     /* of the script that failed: lines, innermost call first */
    enum pl_state state;    /* what becomes of the delivery, */
    int64_t delay_ms;       /* and when it is tried again */
    bool is_uncounted;      /* it uses up nothing of the schedule */
    int64_t pause_until_ms; /* wall clock: what its receiver wants for all of its connector; or 0 */
    pl_switch disables;     /* with a connector: the answer disables the webhook */

    /* failed: what is kept while hooks run */
    const char *failure_text;
    pl_slice failure_traceback;

    /* record */
    pl_attempt attempt;
    pl_record record;
    struct pl_notice *notice; /* that goes with it; NULL */
    int record_tries;
    /* A script waits too long; later: the store could not write, try the record again. */
    pl_timer timer;

    /* calls and tries: told when map (or the failure) is through, with a key when that is on disk;
     * the exchange lives until `finished` returns. NULL: it was told */
    void (*finished)(pl_exchange *x);
    void *owner;
    pl_key *key; /* of a call; NULL: it has none */
    int (*answer)(const pl_exchange *x, pl_buf *out);
    void (*known)(void *owner, const pl_key *key);
    pl_exchange *next, **link; /* the engine's list of exchanges under way */
};

/* From the start of the attempt to its end, both rounds and all scripts included. */
static inline void pl_exchange_set_timeout(pl_exchange *x, int64_t timeout_ms)
{
    x->request.timeout_ms = timeout_ms;
    x->deadline_ms = x->started_ms + timeout_ms;
}

/* Of one that has failed: will its delivery be tried again? */
static inline bool pl_exchange_will_retry(const pl_exchange *x)
{
    return x->state == PL_STATE_PENDING;
}

#endif
