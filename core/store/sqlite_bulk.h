/* SPDX-License-Identifier: MIT
 *
 * What a group leaves to be written at its end, many rows a statement: the attempts, all of the calls,
 * and that deliveries without a key of order are pending, or over. Operations that may ask for any of it
 * have it written before them. */
#ifndef PL_STORE_SQLITE_BULK_H
#define PL_STORE_SQLITE_BULK_H

#include "flow/journal.h"
#include "store/sqlite_rows.h"

#define PL_SQLITE_BULK_STATEMENTS 7

/* A row of pending to be. */
typedef struct pl_sqlite_begin {
    const pl_commit_delivery *delivery;
    int64_t event, now_ms;
    int place; /* enum pl_sqlite_place */
} pl_sqlite_begin;

typedef struct pl_sqlite_bulk {
    sqlite3 *db;
    pl_sqlite_rows begins, attempts, calls, ends;
    pl_sqlite_begin items[PL_SQLITE_ROWS]; /* of `begins` */
    sqlite3_stmt *statements[PL_SQLITE_BULK_STATEMENTS];
    int64_t first_event; /* of the calls that are being written */
} pl_sqlite_bulk;

/* All return a SQLite code. A bulk stays where it is while it is open; the caller calls fini after a
 * fault of open, too. */
int pl_sqlite_bulk_open(pl_sqlite_bulk *b, sqlite3 *db);
void pl_sqlite_bulk_fini(pl_sqlite_bulk *b);
/* Each leaves one row. What it points to, and a record, must live until all is written or forgotten. */
int pl_sqlite_bulk_begin(pl_sqlite_bulk *b, const pl_sqlite_begin *row);
/* A record that ends a delivery; *found is false when that is not pending, and nothing is left then. */
int pl_sqlite_bulk_end(pl_sqlite_bulk *b, const pl_record *r, bool *found);
/* The record of a call or try. */
int pl_sqlite_bulk_call(pl_sqlite_bulk *b, const pl_record *r);
/* A record with an attempt, whatever it is about. */
int pl_sqlite_bulk_attempt(pl_sqlite_bulk *b, const pl_record *r);
int pl_sqlite_bulk_write(pl_sqlite_bulk *b);
void pl_sqlite_bulk_forget(pl_sqlite_bulk *b);

#endif
