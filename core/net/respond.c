/* SPDX-License-Identifier: MIT
 *
 * The answers: heads, problem documents, streams. A handler may call these from within its own call
 * or much later; the connection may be gone, or its server freed, by then: the answer is dropped
 * and the turn is over all the same. */
#include "base/err.h"
#include "base/json.h"
#include "net/conn.h"

#include <inttypes.h>
#include <stdio.h>

#define CHUNK_HEAD_BYTES 20 /* 16 hex digits, CR LF, NUL */

static const char *date_of_now(pl_server *s)
{
    int64_t now_s = pl_wall_s();
    if (now_s != s->date_s) {
        s->date_s = now_s;
        pl_http_date(now_s, s->date);
    }
    return s->date;
}

/* RFC 9110 sections 8.6 and 15.3.5, 15.4.5: no body, and no length of one. */
static bool is_bodyless(int status)
{
    return status == 204 || status == 304;
}

static void put_line(pl_buf *head, pl_slice name, pl_slice value)
{
    pl_buf_put_slice(head, name);
    pl_buf_put_slice(head, value);
    PL_BUF_PUT(head, "\r\n");
}

/* Status line and the fields that every answer has; the caller adds the rest and the empty line. */
static pl_buf *begin_head(pl_conn *c, int status, pl_slice content_type)
{
    pl_server *s = c->server;
    pl_buf *head = &s->scratch;
    pl_buf_clear(head);
    PL_BUF_PUT(head, "HTTP/1.1 ");
    pl_buf_put_int(head, status);
    put_line(head, PL_SLICE(" "), pl_slice_of(pl_http_status_text(status)));
    put_line(head, PL_SLICE("Date: "), pl_slice_of(date_of_now(s)));
    if (content_type.len > 0) put_line(head, PL_SLICE("Content-Type: "), content_type);
    if (s->listen_fd < 0) c->keep_alive = false; /* stopping */
    if (!c->keep_alive)
        PL_BUF_PUT(head, "Connection: close\r\n");
    else if (c->is_http10)
        PL_BUF_PUT(head, "Connection: keep-alive\r\n");
    if (status >= 100 && status < 600) pl_counter_add(&s->metrics.responses[status / 100], 1);
    return head;
}

void pl_inbound_reply(pl_inbound *in, int status, pl_slice content_type, pl_slice extra,
                      pl_slice body)
{
    pl_conn *c = ((pl_turn *)in)->conn;
    pl_conn_enter(c);
    pl_turn *t = pl_conn_take_turn(c);
    if (c->state != PL_CONN_CLOSED) {
        pl_buf *head = begin_head(c, status, content_type);
        if (!is_bodyless(status)) {
            PL_BUF_PUT(head, "Content-Length: ");
            pl_buf_put_int(head, (int64_t)body.len);
            PL_BUF_PUT(head, "\r\n");
        }
        pl_buf_put_slice(head, extra);
        PL_BUF_PUT(head, "\r\n");
        bool has_body = body.len > 0 && !c->is_head && !is_bodyless(status);
        pl_conn_send(c, (pl_slice[]){pl_buf_slice(head), body}, has_body ? 2 : 1);
    }
    pl_turn_free(t); /* only now: the body may live in its arena */
    pl_conn_leave(c);
}

void pl_problem_write(pl_buf *out, int code, const char *detail, pl_slice members)
{
    pl_buf_printf(out, "{\"type\": \"urn:perilune:%s\", \"title\": \"", pl_err_name(code));
    pl_json_escape(out, pl_slice_of(pl_err_text(code)));
    pl_buf_printf(out, "\", \"status\": %d", pl_err_status(code));
    if (detail) {
        PL_BUF_PUT(out, ", \"detail\": \"");
        pl_json_escape(out, pl_slice_of(detail));
        PL_BUF_PUT(out, "\"");
    }
    pl_buf_put_slice(out, members);
    PL_BUF_PUT(out, "}\n");
}

void pl_inbound_problem(pl_inbound *in, int code, const char *detail, pl_slice extra,
                        pl_slice members)
{
    pl_buf body;
    pl_buf_init(&body);
    pl_problem_write(&body, code, detail, members);
    pl_inbound_reply(in, pl_err_status(code), PL_PROBLEM_TYPE, extra, pl_buf_slice(&body));
    pl_buf_fini(&body);
}

void pl_inbound_stream(pl_inbound *in, int status, pl_slice content_type, size_t max_backlog)
{
    pl_conn *c = ((pl_turn *)in)->conn;
    pl_conn_enter(c);
    if (c->state != PL_CONN_CLOSED) {
        c->state = PL_CONN_STREAMING;
        c->max_backlog = max_backlog;
        c->is_chunked = !c->is_http10;
        if (c->is_http10)
            c->keep_alive = false; /* the end of the stream is the end of the connection */
        pl_buf *head = begin_head(c, status, content_type);
        if (c->is_chunked) PL_BUF_PUT(head, "Transfer-Encoding: chunked\r\n");
        PL_BUF_PUT(head, "Cache-Control: no-store\r\n\r\n");
        pl_conn_send(c, (pl_slice[]){pl_buf_slice(head)}, 1);
    } else if (c->server) {
        /* A `gone` that the handler set too late to be told is told now. */
        pl_wheel_start(c->server->wheel, &c->timer, 0);
    }
    pl_conn_leave(c);
}

int pl_inbound_stream_write(pl_inbound *in, pl_slice bytes)
{
    pl_conn *c = ((pl_turn *)in)->conn;
    pl_conn_enter(c);
    if (c->state == PL_CONN_STREAMING && bytes.len > 0 && !c->is_head) {
        char size[CHUNK_HEAD_BYTES];
        int len = snprintf(size, sizeof size, "%zx\r\n", bytes.len);
        if (c->is_chunked)
            pl_conn_send(c, (pl_slice[]){{size, (size_t)len}, bytes, PL_SLICE("\r\n")}, 3);
        else
            pl_conn_send(c, &bytes, 1);
        if (pl_conn_backlog(c) > c->max_backlog) pl_conn_close(c);
    }
    bool is_gone = c->state == PL_CONN_CLOSED;
    /* The caller is told here and now; `gone` need not tell it again. */
    if (is_gone && c->server) pl_wheel_stop(c->server->wheel, &c->timer);
    pl_conn_leave(c);
    return is_gone ? PL_E_RESET : 0;
}

void pl_inbound_stream_end(pl_inbound *in)
{
    pl_conn *c = ((pl_turn *)in)->conn;
    pl_conn_enter(c);
    pl_turn_free(pl_conn_take_turn(c));
    if (c->is_chunked && !c->is_head) pl_conn_send(c, &PL_SLICE("0\r\n\r\n"), 1);
    pl_conn_leave(c);
}
