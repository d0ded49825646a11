/* SPDX-License-Identifier: MIT
 *
 * SQLite statements: prepared, run, with slices and ids in and out. What is bound is not copied: it
 * must live until the statement is reset. What is read lives until the statement's next step. */
#ifndef PL_STORE_SQLITE_BIND_H
#define PL_STORE_SQLITE_BIND_H

#include "base/id.h"
#include "base/slice.h"

#include <sqlite3.h>

/* An empty slice is NULL in the database, and comes back empty. */
static inline void pl_sqlite_bind_text(sqlite3_stmt *q, int at, pl_slice s)
{
    sqlite3_bind_text64(q, at, s.len ? s.ptr : NULL, s.len, SQLITE_STATIC, SQLITE_UTF8);
}

static inline void pl_sqlite_bind_blob(sqlite3_stmt *q, int at, pl_slice s)
{
    sqlite3_bind_blob64(q, at, s.len ? s.ptr : NULL, s.len, SQLITE_STATIC);
}

static inline void pl_sqlite_bind_id(sqlite3_stmt *q, int at, const pl_uuid *id)
{
    sqlite3_bind_blob(q, at, id->bytes, sizeof id->bytes, SQLITE_STATIC);
}

/* 0 is NULL in the database. */
static inline void pl_sqlite_bind_some(sqlite3_stmt *q, int at, int64_t n)
{
    if (n) {
        sqlite3_bind_int64(q, at, n);
    } else {
        sqlite3_bind_null(q, at);
    }
}

static inline pl_slice pl_sqlite_slice(sqlite3_stmt *q, int column)
{
    const char *bytes = sqlite3_column_blob(q, column);
    return (pl_slice){bytes, (size_t)sqlite3_column_bytes(q, column)};
}

static inline pl_uuid pl_sqlite_id(sqlite3_stmt *q, int column)
{
    pl_uuid id = {{0}};
    pl_slice bytes = pl_sqlite_slice(q, column);
    if (bytes.len == sizeof id.bytes) memcpy(id.bytes, bytes.ptr, sizeof id.bytes);
    return id;
}

/* All of a list, into slots that are NULL, and are the caller's to finalize after a fault too. */
static inline int pl_sqlite_prepare_all(sqlite3 *db, const char *const *sql, int count,
                                        sqlite3_stmt **statements)
{
    int rc = SQLITE_OK;
    for (int i = 0; i < count && !rc; i++)
        rc = sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i], NULL);
    return rc;
}

/* One that gives no rows, or whose rows nobody wants. */
static inline int pl_sqlite_run(sqlite3_stmt *q)
{
    sqlite3_step(q);
    return sqlite3_reset(q);
}

/* The same of one whose only parameter is an id. */
static inline int pl_sqlite_run_on(sqlite3_stmt *q, const pl_uuid *id)
{
    pl_sqlite_bind_id(q, 1, id);
    return pl_sqlite_run(q);
}

#endif
