/* SPDX-License-Identifier: MIT
 *
 * What a group leaves to be written at its end, many rows a statement: events, the attempts, all of the
 * calls, and that deliveries without a key of order are pending, or over. Operations that may ask for
 * any of it have it written before them. */
#ifndef PL_STORE_SQLITE_BULK_H
#define PL_STORE_SQLITE_BULK_H

#include "flow/journal.h"
#include "store/sqlite_event.h"
#include "store/sqlite_rows.h"

#define PL_SQLITE_BULK_STATEMENTS 6

/* A row of pending to be. */
typedef struct pl_sqlite_begin {
    const pl_commit_delivery *delivery;
    int64_t event, now_ms;
    int place; /* enum pl_sqlite_place */
} pl_sqlite_begin;

/* A row of deliveries to be. */
typedef struct pl_sqlite_closed {
    const pl_record *record;
    int64_t event;
} pl_sqlite_closed;

typedef struct pl_sqlite_bulk {
    sqlite3 *db;
    bool is_careful; /* else it is taken for granted that events are new, and deliveries pending */
    int64_t last_event; /* its number; the owner's to set before the first, and to set back */
    pl_sqlite_rows events, begins, closed, ends, attempts;
    pl_sqlite_event event_items[PL_SQLITE_ROWS]; /* of these the rows */
    pl_sqlite_begin begin_items[PL_SQLITE_ROWS];
    pl_sqlite_closed closed_items[PL_SQLITE_ROWS];
    sqlite3_stmt *statements[PL_SQLITE_BULK_STATEMENTS];
} pl_sqlite_bulk;

/* All return a SQLite code; SQLITE_CONSTRAINT also when it is not careful, and something was not so. A
 * bulk stays where it is while it is open; the caller calls fini after a fault of open, too. */
int pl_sqlite_bulk_open(pl_sqlite_bulk *b, sqlite3 *db);
void pl_sqlite_bulk_fini(pl_sqlite_bulk *b);
/* Each leaves one row. What it points to, and a record, must live until all is written or forgotten. */
/* An event that is new; row->seq is given to it. */
int pl_sqlite_bulk_event(pl_sqlite_bulk *b, pl_sqlite_event *row);
int pl_sqlite_bulk_begin(pl_sqlite_bulk *b, const pl_sqlite_begin *row);
/* A record with an attempt that ends a delivery; *found is false when that is known not to be pending, and nothing is left
 * then. */
int pl_sqlite_bulk_end(pl_sqlite_bulk *b, const pl_record *r, bool *found);
/* The record of a call or try. */
int pl_sqlite_bulk_call(pl_sqlite_bulk *b, const pl_record *r);
/* A record with an attempt, whatever it is about. */
int pl_sqlite_bulk_attempt(pl_sqlite_bulk *b, const pl_record *r);
/* Is an event of this id still to be written? */
bool pl_sqlite_bulk_has_event(const pl_sqlite_bulk *b, pl_slice id);
int pl_sqlite_bulk_write(pl_sqlite_bulk *b);
/* The events only, for who looks for nothing else. */
int pl_sqlite_bulk_write_events(pl_sqlite_bulk *b);
void pl_sqlite_bulk_forget(pl_sqlite_bulk *b);

#endif
