/* SPDX-License-Identifier: MIT
 *
 * Claims: what waits in the store comes into a worker's memory, on the writing connection and inside
 * the transaction of its group. */
#ifndef PL_STORE_SQLITE_CLAIM_H
#define PL_STORE_SQLITE_CLAIM_H

#include "base/buf.h"
#include "flow/journal.h"

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

#define PL_SQLITE_CLAIMS_STATEMENT_COUNT 5

typedef struct pl_sqlite_claims {
    sqlite3 *db; /* the caller's */
    sqlite3_stmt *statements[PL_SQLITE_CLAIMS_STATEMENT_COUNT];
    pl_buf last; /* the connector that a claim gave to last: the next begins behind it */
} pl_sqlite_claims;

/* All but the clearing return a SQLite result code. */
int pl_sqlite_claims_open(pl_sqlite_claims *k, sqlite3 *db);
void pl_sqlite_claims_fini(pl_sqlite_claims *k);
int pl_sqlite_claims_take(pl_sqlite_claims *k, pl_claim *c);
void pl_sqlite_claim_clear(pl_claim *c);
/* A row of PL_SQLITE_CLAIMED; what it points to is copied into `memory`. */
void pl_sqlite_claimed_read(sqlite3_stmt *q, pl_arena *memory, pl_claimed *c);

#endif
