/* SPDX-License-Identifier: MIT
 *
 * One list of the columns of an attempt gives the SQL that writes them, the SQL that reads them, and
 * which member of a pl_attempt each is. */
#include "store/sqlite_attempt.h"

#include "store/sqlite_bind.h"

#include <stddef.h>

/* X(column, kind, member). In the order of the table: SQLite then takes what a SELECT gives as
 * the row, and copies no column. */
#define COLUMNS(X)                                       \
    X("number", UINT32, number)                          \
    X("started_ms", INT64, started_ms)                   \
    X("outcome", NAME, outcome)                          \
    X("stage", NAME, stage)                              \
    X("error", TEXT, error)                              \
    X("method", TEXT, method)                            \
    X("url", TEXT, url)                                  \
    X("request_fields", BLOB, request_fields)            \
    X("request_body", BLOB, request_body)                \
    X("request_body_bytes", INT64, request_body_bytes)   \
    X("body_is_event", BOOL, body_is_event)              \
    X("status", INT, status)                             \
    X("response_fields", BLOB, response_fields)          \
    X("response_body", BLOB, response_body)              \
    X("response_body_bytes", INT64, response_body_bytes) \
    X("variables", BLOB, variables)                      \
    X("dns_us", INT64, timings.dns_us)                   \
    X("connect_us", INT64, timings.connect_us)           \
    X("tls_us", INT64, timings.tls_us)                   \
    X("first_byte_us", INT64, timings.first_byte_us)     \
    X("total_us", INT64, timings.total_us)               \
    X("peer", TEXT, peer)                                \
    X("connection_reused", BOOL, connection_reused)      \
    X("generation", INT64, generation)                   \
    X("trace", BLOB, trace)                              \
    X("traceback", TEXT, traceback)                      \
    X("queue_us", INT64, timings.queue_us)               \
    X("script_us", INT64, timings.script_us)             \
    X("uncounted", BOOL, is_uncounted)

/* NAME: a const char *, which may be NULL; INT64: an uint64_t, too. */
enum kind { BOOL, INT, UINT32, INT64, NAME, TEXT, BLOB };

static const struct member {
    enum kind kind;
    size_t offset;
} members[] = {
#define X(name, kind, member) {kind, offsetof(pl_attempt, member)},
    COLUMNS(X)
#undef X
};

#define COLUMN_COUNT ((int)(sizeof members / sizeof *members))

/* Each list begins with the delivery, which is no member. */
#define X(name, ...) ", " name
const char pl_sqlite_attempts_declaration[] = "CREATE TABLE x(delivery" COLUMNS(X) ")";
const char pl_sqlite_attempts_insert[] = "INSERT OR FAIL INTO attempts(seq, delivery" COLUMNS(
    X) ") SELECT NULL, delivery" COLUMNS(X) " FROM " PL_SQLITE_NEW_ATTEMPTS;
const char pl_sqlite_attempt_select[] =
    "SELECT delivery" COLUMNS(X) " FROM attempts WHERE delivery = ?1 ORDER BY number, seq";
#undef X

/* -- in -- */

static void give(const void *member, enum kind kind, sqlite3_context *to)
{
    switch (kind) {
    case BOOL:
        sqlite3_result_int(to, *(const bool *)member);
        break;
    case INT:
        sqlite3_result_int(to, *(const int *)member);
        break;
    case UINT32:
        sqlite3_result_int64(to, *(const uint32_t *)member);
        break;
    case INT64:
        sqlite3_result_int64(to, *(const int64_t *)member);
        break;
    case NAME:
        pl_sqlite_give_text(to, pl_slice_of(*(const char *const *)member));
        break;
    case TEXT:
        pl_sqlite_give_text(to, *(const pl_slice *)member);
        break;
    case BLOB:
        pl_sqlite_give_blob(to, *(const pl_slice *)member);
        break;
    }
}

void pl_sqlite_attempts_column(const void *record, int column, sqlite3_context *to)
{
    const pl_record *r = record;
    if (column == 0) {
        pl_sqlite_give_id(to, &r->id);
        return;
    }
    const struct member *m = &members[column - 1];
    give((const char *)r->attempt + m->offset, m->kind, to);
}

/* -- out -- */

static void take(void *member, enum kind kind, sqlite3_stmt *q, int column)
{
    switch (kind) {
    case BOOL:
        *(bool *)member = sqlite3_column_int(q, column) != 0;
        break;
    case INT:
        *(int *)member = sqlite3_column_int(q, column);
        break;
    case UINT32:
        *(uint32_t *)member = (uint32_t)sqlite3_column_int64(q, column);
        break;
    case INT64:
        *(int64_t *)member = sqlite3_column_int64(q, column);
        break;
    case NAME:
        *(const char **)member = (const char *)sqlite3_column_text(q, column);
        break;
    case TEXT:
    case BLOB:
        *(pl_slice *)member = pl_sqlite_slice(q, column);
        break;
    }
}

void pl_sqlite_attempt_read(sqlite3_stmt *q, pl_attempt *a)
{
    *a = (pl_attempt){0};
    for (int i = 0; i < COLUMN_COUNT; i++)
        take((char *)a + members[i].offset, members[i].kind, q, i + 1);
}
