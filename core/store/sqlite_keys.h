/* SPDX-License-Identifier: MIT
 *
 * What is kept under clients' idempotency keys, on the writing connection and inside the
 * transaction of its group. */
#ifndef PL_STORE_SQLITE_KEYS_H
#define PL_STORE_SQLITE_KEYS_H

#include "flow/journal.h"

#include <sqlite3.h>

#define PL_SQLITE_KEYS_STATEMENT_COUNT 6

typedef struct pl_sqlite_keys {
    sqlite3 *db; /* the caller's */
    sqlite3_stmt *statements[PL_SQLITE_KEYS_STATEMENT_COUNT];
} pl_sqlite_keys;

/* All return a SQLite result code. Open gives up the calls that a process has left under way: what
 * became of them is unknown. */
int pl_sqlite_keys_open(pl_sqlite_keys *k, sqlite3 *db);
void pl_sqlite_keys_fini(pl_sqlite_keys *k);
/* The `out` members of a commit with a key. */
int pl_sqlite_keys_find(pl_sqlite_keys *k, pl_commit *c);
/* Keeps the answer of a commit that was carried out. */
int pl_sqlite_keys_keep(pl_sqlite_keys *k, const pl_commit *c);
/* PL_OP_KEY. */
int pl_sqlite_keys_take(pl_sqlite_keys *k, pl_key *key);
/* The call of a record with a key is over. */
int pl_sqlite_keys_end(pl_sqlite_keys *k, const pl_record *r);

#endif
