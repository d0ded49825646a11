/* SPDX-License-Identifier: MIT
 *
 * One list of the columns of an attempt gives the SQL that writes them, the SQL that reads them,
 * and the number of each for both: column N is parameter N + 1. */
#include "store/sqlite_attempt.h"

#include "store/sqlite_bind.h"

#define COLUMNS(X)                           \
    X(NUMBER, "number")                      \
    X(STARTED, "started_ms")                 \
    X(OUTCOME, "outcome")                    \
    X(STAGE, "stage")                        \
    X(ERROR, "error")                        \
    X(METHOD, "method")                      \
    X(URL, "url")                            \
    X(REQUEST_FIELDS, "request_fields")      \
    X(REQUEST_BODY, "request_body")          \
    X(REQUEST_BYTES, "request_body_bytes")   \
    X(BODY_IS_EVENT, "body_is_event")        \
    X(STATUS, "status")                      \
    X(RESPONSE_FIELDS, "response_fields")    \
    X(RESPONSE_BODY, "response_body")        \
    X(RESPONSE_BYTES, "response_body_bytes") \
    X(VARIABLES, "variables")                \
    X(DNS, "dns_us")                         \
    X(CONNECT, "connect_us")                 \
    X(TLS, "tls_us")                         \
    X(FIRST_BYTE, "first_byte_us")           \
    X(TOTAL, "total_us")                     \
    X(PEER, "peer")                          \
    X(REUSED, "connection_reused")           \
    X(GENERATION, "generation")              \
    X(TRACE, "trace")                        \
    X(TRACEBACK, "traceback")                \
    X(QUEUE, "queue_us")                     \
    X(SCRIPT, "script_us")                   \
    X(UNCOUNTED, "uncounted")

enum column {
#define X(code, ...) COLUMN_##code,
    COLUMNS(X)
#undef X
        COLUMN_COUNT
};

#define X(code, name) name ", "
const char pl_sqlite_attempt_insert[] = "INSERT INTO attempts(" COLUMNS(X) "delivery) VALUES("
#undef X
#define X(...) "?, "
    COLUMNS(X) "?)";
#undef X

#define X(code, name) name ", "
const char pl_sqlite_attempt_select[] =
    "SELECT " COLUMNS(X) "delivery FROM attempts WHERE delivery = ?1 ORDER BY number, seq";
#undef X

/* -- in -- */

static void bind_int(sqlite3_stmt *q, enum column column, int64_t n)
{
    sqlite3_bind_int64(q, (int)column + 1, n);
}

static void bind_text(sqlite3_stmt *q, enum column column, pl_slice s)
{
    pl_sqlite_bind_text(q, (int)column + 1, s);
}

static void bind_blob(sqlite3_stmt *q, enum column column, pl_slice s)
{
    pl_sqlite_bind_blob(q, (int)column + 1, s);
}

void pl_sqlite_attempt_bind(sqlite3_stmt *q, const pl_uuid *delivery, const pl_attempt *a)
{
    bind_int(q, COLUMN_NUMBER, a->number);
    bind_int(q, COLUMN_STARTED, a->started_ms);
    bind_text(q, COLUMN_OUTCOME, pl_slice_of(a->outcome));
    bind_text(q, COLUMN_STAGE, pl_slice_of(a->stage));
    bind_text(q, COLUMN_ERROR, a->error);
    bind_text(q, COLUMN_METHOD, a->method);
    bind_text(q, COLUMN_URL, a->url);
    bind_blob(q, COLUMN_REQUEST_FIELDS, a->request_fields);
    bind_blob(q, COLUMN_REQUEST_BODY, a->request_body);
    bind_int(q, COLUMN_REQUEST_BYTES, (int64_t)a->request_body_bytes);
    bind_int(q, COLUMN_BODY_IS_EVENT, a->body_is_event);
    bind_int(q, COLUMN_STATUS, a->status);
    bind_blob(q, COLUMN_RESPONSE_FIELDS, a->response_fields);
    bind_blob(q, COLUMN_RESPONSE_BODY, a->response_body);
    bind_int(q, COLUMN_RESPONSE_BYTES, (int64_t)a->response_body_bytes);
    bind_blob(q, COLUMN_VARIABLES, a->variables);
    bind_int(q, COLUMN_DNS, a->timings.dns_us);
    bind_int(q, COLUMN_CONNECT, a->timings.connect_us);
    bind_int(q, COLUMN_TLS, a->timings.tls_us);
    bind_int(q, COLUMN_FIRST_BYTE, a->timings.first_byte_us);
    bind_int(q, COLUMN_TOTAL, a->timings.total_us);
    bind_text(q, COLUMN_PEER, a->peer);
    bind_int(q, COLUMN_REUSED, a->connection_reused);
    bind_int(q, COLUMN_GENERATION, (int64_t)a->generation);
    bind_blob(q, COLUMN_TRACE, a->trace);
    bind_text(q, COLUMN_TRACEBACK, a->traceback);
    bind_int(q, COLUMN_QUEUE, a->timings.queue_us);
    bind_int(q, COLUMN_SCRIPT, a->timings.script_us);
    bind_int(q, COLUMN_UNCOUNTED, a->is_uncounted);
    pl_sqlite_bind_id(q, COLUMN_COUNT + 1, delivery);
}

/* -- out -- */

static int64_t int_at(sqlite3_stmt *q, enum column column)
{
    return sqlite3_column_int64(q, (int)column);
}

static const char *text_at(sqlite3_stmt *q, enum column column)
{
    return (const char *)sqlite3_column_text(q, (int)column);
}

static pl_slice slice_at(sqlite3_stmt *q, enum column column)
{
    return pl_sqlite_slice(q, (int)column);
}

void pl_sqlite_attempt_read(sqlite3_stmt *q, pl_attempt *a)
{
    *a = (pl_attempt){
        .number = (uint32_t)int_at(q, COLUMN_NUMBER),
        .is_uncounted = int_at(q, COLUMN_UNCOUNTED) != 0,
        .started_ms = int_at(q, COLUMN_STARTED),
        .outcome = text_at(q, COLUMN_OUTCOME),
        .stage = text_at(q, COLUMN_STAGE),
        .error = slice_at(q, COLUMN_ERROR),
        .method = slice_at(q, COLUMN_METHOD),
        .url = slice_at(q, COLUMN_URL),
        .request_fields = slice_at(q, COLUMN_REQUEST_FIELDS),
        .request_body = slice_at(q, COLUMN_REQUEST_BODY),
        .request_body_bytes = (uint64_t)int_at(q, COLUMN_REQUEST_BYTES),
        .body_is_event = int_at(q, COLUMN_BODY_IS_EVENT) != 0,
        .status = (int)int_at(q, COLUMN_STATUS),
        .response_fields = slice_at(q, COLUMN_RESPONSE_FIELDS),
        .response_body = slice_at(q, COLUMN_RESPONSE_BODY),
        .response_body_bytes = (uint64_t)int_at(q, COLUMN_RESPONSE_BYTES),
        .variables = slice_at(q, COLUMN_VARIABLES),
        .timings = {.dns_us = int_at(q, COLUMN_DNS),
                    .connect_us = int_at(q, COLUMN_CONNECT),
                    .tls_us = int_at(q, COLUMN_TLS),
                    .first_byte_us = int_at(q, COLUMN_FIRST_BYTE),
                    .total_us = int_at(q, COLUMN_TOTAL),
                    .queue_us = int_at(q, COLUMN_QUEUE),
                    .script_us = int_at(q, COLUMN_SCRIPT)},
        .peer = slice_at(q, COLUMN_PEER),
        .connection_reused = int_at(q, COLUMN_REUSED) != 0,
        .generation = (uint64_t)int_at(q, COLUMN_GENERATION),
        .trace = slice_at(q, COLUMN_TRACE),
        .traceback = slice_at(q, COLUMN_TRACEBACK),
    };
}
