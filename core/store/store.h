/* SPDX-License-Identifier: MIT
 *
 * The store: durable events, deliveries and attempts. An interface of functions, so that an engine
 * shared by many gateways can stand behind it; SQLite (sqlite.c) is the embedded one.
 *
 * Asynchronous and batch-shaped. Writes are operations (flow/journal.h): submit returns at once,
 * the store's own thread makes whatever has arrived durable in one transaction, and answers each
 * operation on its submitter's mailbox. An operation that somebody waits for is never held back:
 * what arrives during one commit is the next group. Those that can wait (pl_op.can_wait) linger
 * until one of the others comes, or for a moment. Queries run on a thread of their own with read-only
 * connections, so that none, however heavy, delays a commit; what was submitted before one belongs
 * to its answer. Retention works in steps of a few milliseconds between groups. Any thread may call
 * submit, wake and ask. */
#ifndef PL_STORE_STORE_H
#define PL_STORE_STORE_H

#include "base/buf.h"
#include "base/metrics.h"
#include "flow/generation.h"
#include "flow/journal.h"

typedef struct pl_store pl_store;

/* What has ended is kept for so long; of each 0: no bound. */
typedef struct pl_retention {
    int64_t age_ms;     /* deliveries, with their attempts and, after the last of them, the event */
    int64_t payload_ms; /* of those the documents, bodies and variables */
    int64_t key_ms;     /* idempotency keys with their answers */
    int64_t events;     /* so many of the newest */
    int64_t bytes;      /* so much of the file in use; the oldest goes first */
} pl_retention;

/* What is kept of one connector otherwise. */
typedef struct pl_retention_of {
    pl_slice connector;
    pl_keep keep;
} pl_retention_of;

typedef struct pl_store_config {
    const char *path;      /* of the database file */
    bool synchronous_full; /* false: NORMAL, a power cut may lose the last moments */
    int64_t check_bytes;   /* a file up to so large is looked through when it is opened */
    size_t queue_bytes;    /* submit refuses commits beyond this */
    int64_t linger_ms;     /* of operations that can wait; 0: they are like the others */
    int64_t query_timeout_ms;
    pl_retention retention;
    int64_t (*wall_ms)(void); /* what ages count from; needed with a retention. Times to come are
                                 moved with it when it is set */
    /* NULL, or told of each webhook that is disabled: in pl_store_open, then of each that is
     * disabled or enabled, on the store's thread, after the commit and before its answers. */
    void (*switched)(void *arg, const pl_switch *s, bool is_off);
    /* NULL, or told in pl_store_open of each pause that a receiver wanted, over or not. */
    void (*paused)(void *arg, pl_slice connector, int64_t until_ms);
    void *arg; /* of them */
} pl_store_config;

typedef struct pl_store_metrics {
    pl_counter commits, operations;  /* transactions made durable, operations in them */
    pl_counter errors;               /* failed transactions */
    pl_counter queue_bytes, pending; /* gauges; `pending` counts deliveries that are */
    pl_counter behind;               /* gauge: of these, those that wait for others of their key */
    pl_counter stopped;              /* gauge: keys that wait for an administrator */
    pl_counter is_failing;           /* gauge: 1 while transactions fail */
    pl_counter removed, stripped;    /* deliveries that went, or lost their payload, with age */
    pl_histogram commit_us;
    pl_histogram keep_us; /* of one step of that, between two commits */
} pl_store_metrics;

typedef struct pl_feed_filter {
    pl_slice connector, webhook, type, text, event_id, source, token; /* empty: any */
    int state;                                                        /* enum pl_state, -1: any */
    int kind;               /* enum pl_exchange_kind, -1: any */
    int status_class;       /* 2..5 of the last status, 0: any */
    int64_t from_ms, to_ms; /* creation time, inclusive and exclusive; 0: open */
    pl_uuid before;         /* cursor: only rows older than this id */
    pl_uuid after, last;    /* only rows newer than the one, and not newer than the other */
    bool has_before, has_after, has_last;
    uint32_t limit;
} pl_feed_filter;

enum pl_query_kind {
    PL_QUERY_FEED,
    PL_QUERY_DELIVERY,
    PL_QUERY_UNDELIVERED,
    PL_QUERY_BACKLOG,
    PL_QUERY_COUNT,
    PL_QUERY_IDS,
    PL_QUERY_JOBS,
    PL_QUERY_JOB
};

/* A question. `answer` is JSON:
 *   FEED      {"deliveries": [ROW...], "next": "CURSOR" or null}, newest first
 *   DELIVERY  ROW with "event": the document, and "attempts": [ATTEMPT...];
 *             or result PL_E_UNKNOWN_DELIVERY
 *   UNDELIVERED {"groups": [GROUP...], "pending": N, "failed": N, "oldest": TIME or null,
 *             "oldest_age_seconds": N or null}; of the filter counts the connector
 *   GROUP     connector, state ("pending", "failed"), outcome and status of the last attempt or
 *             null (outcome "disabled": they wait until their webhook is enabled), count, waiting
 *             (of these, behind another of their key), stopping (of these, with others of their key
 *             behind them until they are retried or cancelled), oldest, oldest_age_seconds, next_due
 *             or null; the largest first
 *   BACKLOG   {"connectors": [{connector, pending, disabled (of these: wait for their webhook),
 *             oldest_ms}...]}, those of which anything is pending
 *   COUNT     {"total": N, "last": the newest id or null}
 *   IDS       no JSON: the pl_uuids of a page, the oldest first
 *   JOBS      {"jobs": [JOB...]}, newest first; the filter's state is one of jobs
 *   JOB       id, kind ("replay", "cancel"), state, filter, rate, total, done, failed, cursor (the
 *             last delivery taken, or null), last, created, finished or null, token or null;
 *             PL_E_UNKNOWN_JOB
 *   ROW       id, kind ("delivery", "call", "try", "event"), state, connector, webhook, event_id,
 *             event_type, event_source or null, token (the name of the one that its event or call
 *             came with) or null, attempts, created, finished or null, due or null (next attempt;
 *             null as well while its webhook is disabled or it waits behind another), outcome,
 *             status or null, reason or null, order_key or null, waits_for (the delivery of its key
 *             that goes first) or null
 *   ATTEMPT   see sqlite_attempt.h */
typedef struct pl_query {
    pl_message message;
    pl_mailbox *reply_to;
    enum pl_query_kind kind;
    pl_feed_filter filter; /* its slices must live until the answer */
    pl_uuid id;
    int64_t job;    /* JOB */
    int64_t now_ms; /* UNDELIVERED: what ages count from */
    int result; /* out: 0, PL_E_UNKNOWN_DELIVERY, PL_E_UNKNOWN_JOB, PL_E_QUERY_TIMEOUT, PL_E_STORE, PL_E_STOPPING */
    pl_buf answer;
    /* the store's own: operations submitted before it, and how long it waits for them */
    uint64_t after, patience_us;
    struct pl_query *next;
} pl_query;

/* Opens or creates the database, migrates its schema forward, makes whatever was held by a worker's
 * memory claimable again, starts the threads. 0, or PL_E_STORE with *reason (malloc'ed, for
 * people): not a database, another process has it open, no rights. */
int pl_store_open(pl_store **out, const pl_store_config *config, char **reason);
/* Carries out what was submitted, answers the questions that still wait with PL_E_STOPPING, then
 * stops the threads and closes. Answers still arrive on the mailboxes. */
void pl_store_close(pl_store *s);
/* 0, or PL_E_BUSY when the queue is full, PL_E_STOPPING when the store is closing:
 * the operation was not taken. Only commits and keys are refused by a full queue: the other
 * operations end work that was taken, and are bounded by it. */
int pl_store_submit(pl_store *s, pl_op *op);
/* Must follow what was submitted, once for as many operations as there are: the store may be asleep,
 * and waking it costs more than they do. Next to nothing when it need not be woken. */
void pl_store_wake(pl_store *s);
/* 0, or PL_E_BUSY when too many questions wait, PL_E_STOPPING when the store is closing. */
int pl_store_ask(pl_store *s, pl_query *q);
/* From now on; copied. What was said before no longer counts. */
void pl_store_retain(pl_store *s, const pl_retention_of *own, uint32_t count);
const pl_store_metrics *pl_store_metrics_of(const pl_store *s);

#endif
