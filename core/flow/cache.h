/* SPDX-License-Identifier: MIT
 *
 * What scripts keep between exchanges: one cache for the process, shared by all workers. A key leads
 * to bytes that hold until a time; what has not been asked for longest makes room. Who asks for what
 * is not there either fills it or waits for the one who does, so that a thousand exchanges that need
 * a token ask for it once.
 *
 *                    .-- HIT      the value
 *     fetch -- key --+-- REFRESH  the value, which will not hold for long, and the claim
 *                    +-- FILL     the claim: it is not there, and nobody else is at it
 *                    '-- WAIT     somebody has the claim: `told` will be called
 *
 * A claim is the right and the duty to fill a key, and ends with exactly one of
 *
 *     put     the value, also for all who wait
 *     fail    why there is none, also for all who wait; who asks next tries again
 *     drop    who had it is gone: the first who waits has it now
 *
 * It has a lease: a claim that is held for longer is given to who asks next, and what comes of the
 * first one is ignored.
 *
 * Any thread; times are milliseconds of the monotonic clock. */
#ifndef PL_FLOW_CACHE_H
#define PL_FLOW_CACHE_H

#include "base/mailbox.h"
#include "base/slice.h"

#include <stdatomic.h>
#include <stdint.h>

/* A refresh ahead of time that failed is not tried again for so long while the value holds. */
#define PL_CACHE_PAUSE_MS 1000

typedef struct pl_cache pl_cache;
typedef struct pl_cache_node pl_cache_node;
typedef struct pl_cache_waiter pl_cache_waiter;

/* Bytes that never change, shared by reference. */
typedef struct pl_cache_value {
    _Atomic uint32_t refs;
    bool is_secret; /* is wiped before it is freed */
    size_t len;
    char bytes[];
} pl_cache_value;

pl_cache_value *pl_cache_value_new(pl_slice bytes, bool is_secret); /* one reference */
pl_cache_value *pl_cache_value_ref(pl_cache_value *v);
void pl_cache_value_unref(pl_cache_value *v); /* NULL: nothing happens */

typedef struct pl_cache_config {
    size_t bytes;       /* of all entries, what it takes to keep them included */
    size_t entry_bytes; /* of one key and its value */
    uint64_t seed;      /* random: who chooses keys does not choose their buckets */
} pl_cache_config;

typedef struct pl_cache_claim {
    pl_cache_node *node; /* NULL: none */
    uint64_t ticket;
} pl_cache_claim;

enum pl_cache_outcome {
    PL_CACHE_HIT,
    PL_CACHE_REFRESH,
    PL_CACHE_FILL,
    PL_CACHE_WAIT,
    PL_CACHE_FAILED, /* told to those who wait only */
};

typedef struct pl_cache_answer {
    enum pl_cache_outcome outcome;
    pl_cache_value *value;   /* HIT, REFRESH: the value. FAILED: why. A reference of the asker's */
    pl_cache_claim claim;    /* REFRESH, FILL */
    pl_cache_waiter *waiter; /* WAIT: until it is told or cancelled */
} pl_cache_answer;

/* Who is told, on the thread that drains `mailbox`: HIT, FILL or FAILED. */
typedef struct pl_cache_asker {
    pl_mailbox *mailbox;
    void (*told)(void *owner, const pl_cache_answer *answer);
    void *owner;
} pl_cache_asker;

typedef struct pl_cache_terms {
    uint64_t now_ms;
    uint64_t
        early_ms; /* how long before its end a value is to be refreshed; half its time at most */
    uint64_t lease_ms; /* of the claim, if it is given */
} pl_cache_terms;

pl_cache *pl_cache_new(const pl_cache_config *config);
/* Nobody waits and nobody has a claim any more. */
void pl_cache_free(pl_cache *c);

/* A reference to the value, or NULL. */
pl_cache_value *pl_cache_get(pl_cache *c, pl_slice key, uint64_t now_ms);
/* Takes its own reference. 0, or PL_E_TOO_LARGE: nothing has changed. */
int pl_cache_set(pl_cache *c, pl_slice key, pl_cache_value *v, uint64_t now_ms, uint64_t ttl_ms);
/* With `only`, nothing happens to a value of other bytes. A fill under way goes on. */
void pl_cache_delete(pl_cache *c, pl_slice key, const pl_slice *only);

void pl_cache_fetch(pl_cache *c, pl_slice key, const pl_cache_terms *terms,
                    const pl_cache_asker *asker, pl_cache_answer *answer);
/* Takes its own reference. 0, or PL_E_TOO_LARGE: the claim goes on. */
int pl_cache_put(pl_cache *c, const pl_cache_claim *claim, pl_cache_value *v, uint64_t now_ms,
                 uint64_t ttl_ms);
void pl_cache_fail(pl_cache *c, const pl_cache_claim *claim, pl_cache_value *why, uint64_t now_ms);
void pl_cache_drop(pl_cache *c, const pl_cache_claim *claim);
pl_slice pl_cache_claim_key(const pl_cache_claim *claim); /* lives as long as the claim */
/* Ends the waiting, on the asker's thread: `told` is not called any more. */
void pl_cache_cancel(pl_cache_waiter *w);

typedef struct pl_cache_metrics {
    uint64_t hits, misses; /* of gets and fetches */
    uint64_t fills;        /* claims given */
    uint64_t failures;     /* claims that ended with fail */
    uint64_t evictions;    /* values that made room */
    uint64_t waiting;      /* who waits for a fill now */
    uint64_t entries, bytes;
} pl_cache_metrics;

pl_cache_metrics pl_cache_metrics_of(pl_cache *c);
/* Recomputes by brute force what the cache claims: NULL when all of it holds, else what does not.
 * For tests. */
const char *pl_cache_check(pl_cache *c);

#endif
