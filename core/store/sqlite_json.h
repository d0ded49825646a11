/* SPDX-License-Identifier: MIT
 *
 * Columns of a row as members of the JSON object under way; NULL is null. */
#ifndef PL_STORE_SQLITE_JSON_H
#define PL_STORE_SQLITE_JSON_H

#include "base/json.h"
#include "base/time.h"
#include "store/sqlite_bind.h"

static inline void pl_sqlite_json_text(pl_json_writer *w, const char *key, sqlite3_stmt *row,
                                       int column)
{
    pl_jw_key(w, key);
    if (sqlite3_column_type(row, column) == SQLITE_NULL) {
        pl_jw_null(w);
    } else {
        pl_jw_string(w, pl_sqlite_slice(row, column));
    }
}

static inline void pl_sqlite_json_number(pl_json_writer *w, const char *key, sqlite3_stmt *row,
                                         int column)
{
    pl_jw_key(w, key);
    if (sqlite3_column_type(row, column) == SQLITE_NULL) {
        pl_jw_null(w);
    } else {
        pl_jw_int(w, sqlite3_column_int64(row, column));
    }
}

/* Milliseconds of the wall clock, as RFC 3339. */
static inline void pl_sqlite_json_time(pl_json_writer *w, const char *key, sqlite3_stmt *row,
                                       int column)
{
    char text[PL_TIME_TEXT + 1];
    pl_jw_key(w, key);
    if (sqlite3_column_type(row, column) == SQLITE_NULL) {
        pl_jw_null(w);
    } else {
        pl_time_format(sqlite3_column_int64(row, column), text);
        pl_jw_text(w, text);
    }
}

#endif
