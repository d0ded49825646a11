/* SPDX-License-Identifier: MIT
 *
 * The operations of flow/journal.h on the writing connection. The caller opens and ends the
 * transaction around them. */
#ifndef PL_STORE_SQLITE_WRITE_H
#define PL_STORE_SQLITE_WRITE_H

#include "flow/journal.h"
#include "store/sqlite_bulk.h"
#include "store/sqlite_claim.h"
#include "store/sqlite_keys.h"
#include "store/sqlite_order.h"

#include <sqlite3.h>

#define PL_SQLITE_STATEMENT_COUNT 17

typedef struct pl_sqlite_writer {
    sqlite3 *db; /* the caller's */
    sqlite3_stmt *statements[PL_SQLITE_STATEMENT_COUNT];
    pl_sqlite_keys keys;
    pl_sqlite_claims claims;
    pl_sqlite_bulk bulk;
    uint64_t seq;       /* of the last operation */
    int64_t last_event; /* the number of the newest that is committed */
    int64_t pending;    /* rows of it that are committed */
    int64_t change;     /* and what the transaction under way adds */
    pl_sqlite_order order;
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
/* Carries out one operation that is clear, and lives until the transaction ends. After any code
 * but SQLITE_OK the transaction must be rolled back. */
int pl_sqlite_writer_run(pl_sqlite_writer *w, pl_op *op);
/* The transaction that it was, or would have been, run in is gone: clear but for this result. */
void pl_sqlite_writer_undo(pl_op *op, int result);

#endif
