/* SPDX-License-Identifier: MIT
 *
 * One list of the columns of an attempt gives the SQL that writes them, the SQL that reads them,
 * and the number of each for both: column N is parameter N + 1. */
#include "store/sqlite_attempt.h"

#include "base/json_bytes.h"
#include "store/sqlite_bind.h"

#include <stdio.h>

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
    X(GENERATION, "generation")

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
    pl_sqlite_bind_id(q, COLUMN_COUNT + 1, delivery);
}

/* -- out -- */

static bool is_utf8(pl_slice s)
{
    const char *p = s.ptr, *end = s.ptr + s.len;
    while (p < end) {
        int n = *p & 0x80 ? pl_utf8_length(p, end) : 1;
        if (n <= 0) return false;
        p += n;
    }
    return true;
}

/* RFC 4648 section 4. */
static void put_base64(pl_buf *out, pl_slice s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < s.len; i += 3) {
        size_t left = s.len - i;
        uint32_t bits = (uint32_t)(uint8_t)s.ptr[i] << 16;
        if (left > 1) bits |= (uint32_t)(uint8_t)s.ptr[i + 1] << 8;
        if (left > 2) bits |= (uint8_t)s.ptr[i + 2];
        char quad[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                        left > 1 ? digits[bits >> 6 & 63] : '=',
                        left > 2 ? digits[bits & 63] : '='};
        pl_buf_put(out, quad, sizeof quad);
    }
}

static void write_body(pl_json_writer *w, pl_slice body, int64_t bytes)
{
    pl_jw_key(w, "body");
    if (is_utf8(body)) {
        pl_jw_string(w, body);
    } else {
        pl_buf text;
        pl_buf_init(&text);
        put_base64(&text, body);
        pl_jw_object(w);
        pl_jw_key(w, "base64");
        pl_jw_string(w, pl_buf_slice(&text));
        pl_jw_object_end(w);
        pl_buf_fini(&text);
    }
    pl_jw_key(w, "body_bytes");
    pl_jw_int(w, bytes);
    pl_jw_key(w, "truncated");
    pl_jw_bool(w, (int64_t)body.len < bytes);
}

/* "Name: value\r\n" lines as [["Name", "value"]...]. */
static void write_fields(pl_json_writer *w, pl_slice lines)
{
    pl_jw_key(w, "headers");
    pl_jw_array(w);
    while (lines.len) {
        const char *end = memmem(lines.ptr, lines.len, "\r\n", 2);
        pl_slice line = {lines.ptr, end ? (size_t)(end - lines.ptr) : lines.len};
        lines = pl_slice_from(lines, line.len + 2);
        const char *colon = memchr(line.ptr, ':', line.len);
        size_t name_bytes = colon ? (size_t)(colon - line.ptr) : line.len;
        pl_slice value = pl_slice_from(line, name_bytes + 1);
        if (value.len && *value.ptr == ' ') value = pl_slice_from(value, 1);
        pl_jw_array(w);
        pl_jw_string(w, (pl_slice){line.ptr, name_bytes});
        pl_jw_string(w, value);
        pl_jw_array_end(w);
    }
    pl_jw_array_end(w);
}

/* A text, or null. */
static void write_text(pl_json_writer *w, const char *key, pl_slice text)
{
    pl_jw_key(w, key);
    if (text.len) {
        pl_jw_string(w, text);
    } else {
        pl_jw_null(w);
    }
}

static void write_request(sqlite3_stmt *q, pl_slice document, pl_json_writer *w)
{
    bool is_event = sqlite3_column_int(q, COLUMN_BODY_IS_EVENT);
    pl_jw_key(w, "request");
    pl_jw_object(w);
    write_text(w, "method", pl_sqlite_slice(q, COLUMN_METHOD));
    write_text(w, "url", pl_sqlite_slice(q, COLUMN_URL));
    write_fields(w, pl_sqlite_slice(q, COLUMN_REQUEST_FIELDS));
    write_body(w, is_event ? document : pl_sqlite_slice(q, COLUMN_REQUEST_BODY),
               sqlite3_column_int64(q, COLUMN_REQUEST_BYTES));
    pl_jw_object_end(w);
}

static void write_response(sqlite3_stmt *q, pl_json_writer *w)
{
    int status = sqlite3_column_int(q, COLUMN_STATUS);
    pl_jw_key(w, "response");
    if (!status) {
        pl_jw_null(w);
        return;
    }
    pl_jw_object(w);
    pl_jw_key(w, "status");
    pl_jw_int(w, status);
    write_fields(w, pl_sqlite_slice(q, COLUMN_RESPONSE_FIELDS));
    write_body(w, pl_sqlite_slice(q, COLUMN_RESPONSE_BODY),
               sqlite3_column_int64(q, COLUMN_RESPONSE_BYTES));
    write_text(w, "peer", pl_sqlite_slice(q, COLUMN_PEER));
    pl_jw_object_end(w);
}

static void write_timings(sqlite3_stmt *q, pl_json_writer *w)
{
    static const char *const names[] = {"dns_ms", "connect_ms", "tls_ms", "first_byte_ms",
                                        "total_ms"};
    pl_jw_key(w, "timings");
    pl_jw_object(w);
    for (int i = 0; i < 5; i++) {
        long long us = sqlite3_column_int64(q, COLUMN_DNS + i);
        char text[40];
        int n = snprintf(text, sizeof text, "%lld.%03d", us / 1000, (int)(us % 1000));
        pl_jw_key(w, names[i]);
        pl_jw_raw(w, (pl_slice){text, (size_t)n});
    }
    pl_jw_object_end(w);
}

void pl_sqlite_attempt_write(sqlite3_stmt *q, pl_slice document, pl_json_writer *w)
{
    char started[PL_TIME_TEXT + 1];
    pl_time_format(sqlite3_column_int64(q, COLUMN_STARTED), started);
    pl_jw_object(w);
    pl_jw_key(w, "number");
    pl_jw_int(w, sqlite3_column_int64(q, COLUMN_NUMBER));
    pl_jw_key(w, "started");
    pl_jw_text(w, started);
    write_text(w, "outcome", pl_sqlite_slice(q, COLUMN_OUTCOME));
    write_text(w, "stage", pl_sqlite_slice(q, COLUMN_STAGE));
    write_text(w, "error", pl_sqlite_slice(q, COLUMN_ERROR));
    write_request(q, document, w);
    write_response(q, w);
    pl_jw_key(w, "variables");
    pl_jw_raw(w, pl_sqlite_slice(q, COLUMN_VARIABLES));
    write_timings(q, w);
    pl_jw_key(w, "connection_reused");
    pl_jw_bool(w, sqlite3_column_int(q, COLUMN_REUSED));
    pl_jw_key(w, "generation");
    pl_jw_int(w, sqlite3_column_int64(q, COLUMN_GENERATION));
    pl_jw_object_end(w);
}
