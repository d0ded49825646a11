/* SPDX-License-Identifier: MIT
 *
 * Questions to the feed, on a connection that only reads. */
#ifndef PL_STORE_SQLITE_FEED_H
#define PL_STORE_SQLITE_FEED_H

#include "store/store.h"

#include <sqlite3.h>

/* Answers into q->answer, all of it from one snapshot. 0, PL_E_UNKNOWN_DELIVERY, PL_E_UNKNOWN_JOB,
 * PL_E_QUERY_TIMEOUT when the connection's progress handler has interrupted it, PL_E_STORE;
 * after an error the answer is empty. */
int pl_sqlite_feed_answer(sqlite3 *db, pl_query *q);

/* The SQL for a filter, NUL-terminated; empty when no row can match. For the test that asks SQLite
 * how it goes about it. */
void pl_sqlite_feed_sql(const pl_feed_filter *f, pl_buf *sql);

#endif
