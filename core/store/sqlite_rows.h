/* SPDX-License-Identifier: MIT
 *
 * Rows in memory as a table of SQLite's, for INSERT ... SELECT: see sqlite_rows.c. */
#ifndef PL_STORE_SQLITE_ROWS_H
#define PL_STORE_SQLITE_ROWS_H

#include "base/id.h"
#include "base/slice.h"

#include <sqlite3.h>
#include <stdint.h>

#define PL_SQLITE_ROWS 256

typedef struct pl_sqlite_rows {
    const char *declaration;
    /* Answers with a column of a row by one of the functions below: from 0, in order of the
     * declaration. What it answers with must live until the rows are forgotten. */
    void (*column)(const void *row, int column, sqlite3_context *to);
    const void *rows[PL_SQLITE_ROWS];
    uint32_t count;
} pl_sqlite_rows;

/* Makes them known to a connection as the table `name`, for as long as it lives. `declaration` is the
 * list of column names. A SQLite code. */
int pl_sqlite_rows_open(pl_sqlite_rows *r, sqlite3 *db, const char *name);

/* As the functions of sqlite_bind.h. */
static inline void pl_sqlite_give_text(sqlite3_context *to, pl_slice s)
{
    if (s.len) sqlite3_result_text64(to, s.ptr, s.len, SQLITE_STATIC, SQLITE_UTF8);
}

static inline void pl_sqlite_give_blob(sqlite3_context *to, pl_slice s)
{
    if (s.len) sqlite3_result_blob64(to, s.ptr, s.len, SQLITE_STATIC);
}

static inline void pl_sqlite_give_id(sqlite3_context *to, const pl_uuid *id)
{
    sqlite3_result_blob(to, id->bytes, sizeof id->bytes, SQLITE_STATIC);
}

static inline void pl_sqlite_give_some(sqlite3_context *to, int64_t n)
{
    if (n) sqlite3_result_int64(to, n);
}

#endif
