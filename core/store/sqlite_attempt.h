/* SPDX-License-Identifier: MIT
 *
 * The row of an attempt, in and out. */
#ifndef PL_STORE_SQLITE_ATTEMPT_H
#define PL_STORE_SQLITE_ATTEMPT_H

#include "flow/journal.h"
#include "store/sqlite_rows.h"

/* In: a pl_sqlite_rows of this name, of pl_records that have an attempt; and SQL that inserts them. */
#define PL_SQLITE_NEW_ATTEMPTS "new_attempts"
extern const char pl_sqlite_attempts_declaration[];
extern const char pl_sqlite_attempts_insert[];
void pl_sqlite_attempts_column(const void *record, int column, sqlite3_context *to);

/* Out: SQL, the attempts of delivery ?1 in order, and its current row. Its texts are SQLite's and live
 * until the next step. */
extern const char pl_sqlite_attempt_select[];
void pl_sqlite_attempt_read(sqlite3_stmt *q, pl_attempt *attempt);

#endif
