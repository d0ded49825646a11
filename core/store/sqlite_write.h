/* SPDX-License-Identifier: MIT
 *
 * The operations of flow/journal.h on the writing connection. The caller opens and ends the
 * transaction around them. */
#ifndef PL_STORE_SQLITE_WRITE_H
#define PL_STORE_SQLITE_WRITE_H

#include "flow/journal.h"
#include "store/sqlite_keys.h"
#include "store/sqlite_order.h"

#include <sqlite3.h>

/* What comes into a worker's memory, of pending p and events e; read by pl_sqlite_claimed_read. */
#define PL_SQLITE_CLAIMED                                                             \
    "p.id, p.connector, p.webhook, e.document, p.event, e.received_ms, p.created_ms," \
    " p.due_ms, p.attempts, p.first, p.undecided, p.uncounted, p.order_key NOTNULL"
/* For the test that asks SQLite how it goes about it. Of a connector ?3: ?1 due at the latest, ?2
 * how many. */
#define PL_SQLITE_CLAIM                                              \
    "SELECT " PL_SQLITE_CLAIMED ", EXISTS (SELECT 1 FROM disabled d" \
    " WHERE d.connector = p.connector AND d.webhook = p.webhook)"    \
    " FROM pending p LEFT JOIN events e ON e.seq = p.event"          \
    " WHERE p.held = 0 AND p.connector = ?3 AND p.due_ms <= ?1 ORDER BY p.due_ms, p.id LIMIT ?2"
/* The connector behind ?1 that has anything waiting, and when its first comes due. */
#define PL_SQLITE_NEXT_CONNECTOR                                              \
    "SELECT connector, due_ms FROM pending WHERE held = 0 AND connector > ?1" \
    " ORDER BY connector, due_ms LIMIT 1"
#define PL_SQLITE_NEXT_DUE "SELECT min(due_ms) FROM pending WHERE held = 0"

/* A claim ends early when its documents weigh this much;
 * its next_due_ms says that there is more. */
#define PL_SQLITE_CLAIM_BYTES (16u << 20)
#define PL_SQLITE_CLAIM_MAX   4096u

#define PL_SQLITE_STATEMENT_COUNT 24

typedef struct pl_sqlite_writer {
    sqlite3 *db; /* the caller's */
    sqlite3_stmt *statements[PL_SQLITE_STATEMENT_COUNT];
    pl_sqlite_keys keys;
    uint64_t seq;    /* of the last operation */
    int64_t pending; /* rows of it that are committed */
    int64_t change;  /* and what the transaction under way adds */
    pl_sqlite_order order;
    pl_buf claimed; /* the connector that a claim gave to last: the next begins behind it */
} pl_sqlite_writer;

/* All return a SQLite result code. Open makes what a worker's memory held claimable again. */
int pl_sqlite_writer_open(pl_sqlite_writer *w, sqlite3 *db);
void pl_sqlite_writer_fini(pl_sqlite_writer *w);
int pl_sqlite_writer_begin(pl_sqlite_writer *w);
/* Makes the transaction write a page though nothing may change: while a disk is full, one that only
 * looks (a claim that finds nothing) must not pass for a sign that it is not. */
int pl_sqlite_writer_probe(pl_sqlite_writer *w);
int pl_sqlite_writer_commit(pl_sqlite_writer *w);
void pl_sqlite_writer_rollback(pl_sqlite_writer *w);
/* Part of an operation: events with their deliveries. */
int pl_sqlite_commit_run(pl_sqlite_writer *w, pl_commit *c);
/* Gives an operation an empty result and empty `out` members. */
void pl_sqlite_writer_clear(pl_op *op);
/* Carries out one operation that is clear. After any code
 * but SQLITE_OK the transaction must be rolled back. */
int pl_sqlite_writer_run(pl_sqlite_writer *w, pl_op *op);
/* The transaction that it was, or would have been, run in is gone: clear but for this result. */
void pl_sqlite_writer_undo(pl_op *op, int result);

/* A row of PL_SQLITE_CLAIMED; what it points to is copied into `memory`. */
void pl_sqlite_claimed_read(sqlite3_stmt *q, pl_arena *memory, pl_claimed *c);

#endif
