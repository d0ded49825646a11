/* SPDX-License-Identifier: MIT
 *
 * The row of an attempt, in and out. */
#ifndef PL_STORE_SQLITE_ATTEMPT_H
#define PL_STORE_SQLITE_ATTEMPT_H

#include "flow/journal.h"

#include <sqlite3.h>

/* SQL, for pl_sqlite_attempt_bind. */
extern const char pl_sqlite_attempt_insert[];
/* SQL: the attempts of delivery ?1 in order, for pl_sqlite_attempt_read. */
extern const char pl_sqlite_attempt_select[];

/* Nothing is copied: `delivery` and `attempt` must live until the statement is reset. */
void pl_sqlite_attempt_bind(sqlite3_stmt *q, const pl_uuid *delivery, const pl_attempt *attempt);

/* The current row. Its texts are SQLite's and live until the next step. */
void pl_sqlite_attempt_read(sqlite3_stmt *q, pl_attempt *attempt);

#endif
