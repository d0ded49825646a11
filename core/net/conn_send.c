/* SPDX-License-Identifier: MIT
 *
 * What a connection sends. Answers of usual size wait for others of the same round of the loop; what
 * the socket does not take waits for room, in time.
 *
 *     send --> written at once --.--> all of it went
 *         '--> out --> flush ----'--> out, until the socket is writable */
#include "net/conn.h"

#define TOGETHER_BYTES 16384 /* an answer of at most so much is sent with others */

static bool is_answering(const pl_conn *c)
{
    return c->state == PL_CONN_WRITING || c->state == PL_CONN_STREAMING;
}

/* Watched for, and timed, while the socket does not take it. */
static void wait_for_room(pl_conn *c, bool moved)
{
    pl_conn_watch(c, &c->writable, true);
    if (is_answering(c) && (moved || !pl_timer_is_running(&c->timer)))
        pl_conn_start_timer(c, c->server->config.write_timeout_ms);
}

void pl_conn_send_rest(pl_conn *c)
{
    pl_slice rest = pl_slice_from(pl_buf_slice(&c->out), c->out_sent);
    ssize_t n = pl_transport_write(&c->transport, &rest, 1);
    if (n < 0) {
        pl_conn_close(c);
        return;
    }
    c->out_sent += (size_t)n;
    if (pl_conn_backlog(c) > 0) {
        wait_for_room(c, n > 0);
        return;
    }
    pl_conn_give_buffer(c->server, &c->out);
    c->out_sent = 0;
    pl_conn_watch(c, &c->writable, false);
    if (is_answering(c)) pl_wheel_stop(c->server->wheel, &c->timer);
}

void pl_conn_on_flush(pl_flush *f)
{
    pl_conn *c = (pl_conn *)(void *)((char *)f - offsetof(pl_conn, flush));
    pl_conn_enter(c);
    pl_conn_send_rest(c);
    pl_conn_leave(c);
}

static void keep(pl_conn *c, const pl_slice *parts, int count, size_t sent)
{
    pl_conn_take_buffer(c->server, &c->out);
    for (int i = 0; i < count; i++) {
        size_t skip = sent < parts[i].len ? sent : parts[i].len;
        pl_buf_put(&c->out, parts[i].ptr + skip, parts[i].len - skip);
        sent -= skip;
    }
}

static size_t length_of(const pl_slice *parts, int count)
{
    size_t len = 0;
    for (int i = 0; i < count; i++)
        len += parts[i].len;
    return len;
}

void pl_conn_send(pl_conn *c, const pl_slice *parts, int count)
{
    if (c->state == PL_CONN_CLOSED) return;
    size_t len = length_of(parts, count);
    bool waits = pl_conn_backlog(c) > 0;
    bool is_answer = c->state == PL_CONN_WRITING && len <= TOGETHER_BYTES;
    ssize_t n = waits || is_answer ? 0 : pl_transport_write(&c->transport, parts, count);
    if (n < 0) {
        pl_conn_close(c);
        return;
    }
    if ((size_t)n == len) return;
    keep(c, parts, count, (size_t)n);
    if (!waits && is_answer)
        pl_loop_flush_later(c->server->loop, &c->flush);
    else
        wait_for_room(c, false);
}
