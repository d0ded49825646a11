/* SPDX-License-Identifier: MIT
 *
 * All that is owed or was given up, in groups. */
#ifndef PL_STORE_SQLITE_UNDELIVERED_H
#define PL_STORE_SQLITE_UNDELIVERED_H

#include "store/sqlite_schema.h"
#include "store/store.h"

#include <sqlite3.h>

/* For the test that asks SQLite how it goes about it. */
#define PL_SQLITE_UNDELIVERED                                                              \
    "SELECT connector, 0, iif(held = " PL_SQLITE_SHELVED ", 'disabled', outcome) AS why,"  \
    " iif(held = " PL_SQLITE_SHELVED ", NULL, status) AS code, count(*) AS n,"             \
    " min(created_ms), min(iif(held > 1, NULL, due_ms)),"                                  \
    " count(*) FILTER (WHERE held = " PL_SQLITE_BEHIND "), 0"                              \
    " FROM pending WHERE ?1 IS NULL OR connector = ?1 GROUP BY connector, why, code"       \
    " UNION ALL SELECT connector, 2, outcome, status, count(*), min(created_ms), NULL, 0," \
    " count(*) FILTER (WHERE blocks > 0)"                                                  \
    " FROM deliveries INDEXED BY deliveries_undelivered WHERE state = 2 AND kind = 0"      \
    " AND (?1 IS NULL OR connector = ?1) GROUP BY connector, outcome, status"              \
    " ORDER BY n DESC, 1, 2, 3, 4"

/* The answer to PL_QUERY_UNDELIVERED; a SQLite code. */
int pl_sqlite_undelivered_answer(sqlite3 *db, pl_query *q);

/* And to PL_QUERY_BACKLOG. */
int pl_sqlite_backlog_answer(sqlite3 *db, pl_query *q);

#endif
