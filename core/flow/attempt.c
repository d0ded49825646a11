/* SPDX-License-Identifier: MIT */
#include "flow/attempt.h"

#include "base/base64.h"
#include "base/id.h"
#include "base/json_bytes.h"
#include "http/syntax.h"

static bool is_utf8(pl_slice s)
{
    for (size_t i = 0; i < s.len;) {
        int n = s.ptr[i] & 0x80 ? pl_utf8_length(s.ptr + i, s.ptr + s.len) : 1;
        if (n <= 0) return false;
        i += (size_t)n;
    }
    return true;
}

static void write_body(pl_json_writer *w, pl_slice body, uint64_t bytes)
{
    pl_jw_key(w, "body");
    if (is_utf8(body)) {
        pl_jw_string(w, body);
    } else {
        pl_buf text;
        pl_buf_init(&text);
        pl_base64_encode(&text, body);
        pl_jw_object(w);
        pl_jw_key(w, "base64");
        pl_jw_string(w, pl_buf_slice(&text));
        pl_jw_object_end(w);
        pl_buf_fini(&text);
    }
    pl_jw_key(w, "body_bytes");
    pl_jw_int(w, (int64_t)bytes);
    pl_jw_key(w, "truncated");
    pl_jw_bool(w, body.len < bytes);
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

static void write_traceback(pl_json_writer *w, pl_slice lines)
{
    pl_jw_key(w, "traceback");
    if (lines.len == 0) {
        pl_jw_null(w);
        return;
    }
    pl_jw_array(w);
    while (lines.len) {
        pl_slice line;
        pl_cut(&lines, '\n', &line);
        pl_jw_string(w, line);
    }
    pl_jw_array_end(w);
}

static void write_request(pl_json_writer *w, const pl_attempt *a, pl_slice document)
{
    pl_jw_key(w, "request");
    if (a->url.len == 0) { /* render did not get that far */
        pl_jw_null(w);
        return;
    }
    pl_jw_object(w);
    pl_jw_member_text(w, "method", a->method);
    pl_jw_member_text(w, "url", a->url);
    write_fields(w, a->request_fields);
    write_body(w, a->body_is_event ? document : a->request_body, a->request_body_bytes);
    pl_jw_object_end(w);
}

static void write_response(pl_json_writer *w, const pl_attempt *a)
{
    pl_jw_key(w, "response");
    if (a->status == 0) {
        pl_jw_null(w);
        return;
    }
    pl_jw_object(w);
    pl_jw_key(w, "status");
    pl_jw_int(w, a->status);
    write_fields(w, a->response_fields);
    write_body(w, a->response_body, a->response_body_bytes);
    pl_jw_member_text(w, "peer", a->peer);
    pl_jw_object_end(w);
}

static void write_time(pl_json_writer *w, const char *key, int64_t us)
{
    pl_jw_key(w, key);
    pl_jw_ms(w, us);
}

static void write_timings(pl_json_writer *w, const pl_timings *t)
{
    pl_jw_key(w, "timings");
    pl_jw_object(w);
    write_time(w, "queue_ms", t->queue_us);
    write_time(w, "script_ms", t->script_us);
    write_time(w, "dns_ms", t->dns_us);
    write_time(w, "connect_ms", t->connect_us);
    write_time(w, "tls_ms", t->tls_us);
    write_time(w, "first_byte_ms", t->first_byte_us);
    write_time(w, "total_ms", t->total_us);
    pl_jw_object_end(w);
}

void pl_attempt_write(pl_json_writer *w, const pl_attempt *a, pl_slice document)
{
    pl_jw_key(w, "number");
    pl_jw_int(w, a->number);
    pl_jw_key(w, "counted");
    pl_jw_bool(w, !a->is_uncounted);
    pl_jw_member_time(w, "started", a->started_ms);
    pl_jw_member_text(w, "outcome", pl_slice_of(a->outcome));
    pl_jw_member_text(w, "stage", pl_slice_of(a->stage));
    pl_jw_member_text(w, "error", a->error);
    write_traceback(w, a->traceback);
    write_request(w, a, document);
    write_response(w, a);
    pl_jw_key(w, "variables");
    pl_jw_raw(w, a->variables);
    write_timings(w, &a->timings);
    pl_jw_key(w, "connection_reused");
    pl_jw_bool(w, a->connection_reused);
    pl_jw_key(w, "generation");
    pl_jw_int(w, (int64_t)a->generation);
    pl_jw_key(w, "trace");
    pl_jw_raw(w, a->trace.len ? a->trace : PL_SLICE("[]"));
}
