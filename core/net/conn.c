/* SPDX-License-Identifier: MIT
 *
 * Reading requests and moving the state machine of conn.h. Socket events, timers and answers all do
 * the same: enter, do their bit, leave; and leave calls step() until nothing moves any more. So a
 * handler that answers within its own call, with ten more requests waiting in the buffer, is a loop
 * and not a recursion.
 *
 * The chunked body is decoded where it lies:
 *
 *     | head | decoded so far | raw, just received |
 *            ^ head_bytes     ^ body_end           ^ in.len
 */
#include "net/conn.h"

#include "base/block.h"
#include "base/err.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES      4096  /* the first read of a request: most fit */
#define BODY_READ_BYTES 65536 /* one read of a body */
/* To work on a body takes some times its size: the event, what is sent of it, what is recorded. A
 * small one is not asked for. */
#define WORK_FACTOR      4
#define SMALL_BODY_BYTES (256u << 10)
#define LINGER_BYTES     (256 * 1024) /* drained behind an early answer, */
#define LINGER_MS        2000         /* and for how long */

_Static_assert(sizeof(pl_conn) <= 1024, "an idle connection costs this and no buffer");

void pl_conn_watch(pl_conn *c, ev_io *w, bool wanted)
{
    if (wanted)
        ev_io_start(c->server->ev, w);
    else
        ev_io_stop(c->server->ev, w);
}

/* Also of what lies in the transport already, where no event tells of it. */
static void watch_input(pl_conn *c)
{
    pl_conn_watch(c, &c->readable, true);
    if (pl_transport_has_input(&c->transport)) ev_feed_event(c->server->ev, &c->readable, EV_READ);
}

void pl_conn_start_timer(pl_conn *c, int64_t ms)
{
    pl_wheel_start(c->server->wheel, &c->timer, ms > 0 ? (uint64_t)ms : 0);
}

/* -- the buffers of a request and of an answer, which waiting connections do without -- */

void pl_conn_take_buffer(pl_server *s, pl_buf *b)
{
    if (b->ptr == NULL && s->spare_count > 0) *b = s->spares[--s->spare_count];
}

void pl_conn_give_buffer(pl_server *s, pl_buf *b)
{
    if (s == NULL || b->cap != READ_BYTES || s->spare_count == PL_SERVER_SPARES) {
        pl_buf_fini(b);
        return;
    }
    pl_buf_clear(b);
    s->spares[s->spare_count++] = *b;
    pl_buf_init(b);
}

/* -- turns -- */

static void begin_turn(pl_conn *c)
{
    pl_turn *t = pl_block_take(sizeof *t);
    t->conn = c;
    t->in.request.method = t->in.request.path = PL_NO_SLICE;
    t->in.request.header_count = 0;
    t->in.body = PL_NO_SLICE;
    t->in.peer = c->peer;
    t->in.address = c->address.s6_addr;
    t->in.verdict = 0;
    t->in.received_us = pl_monotonic_us();
    pl_arena_init(&t->in.arena);
    t->in.gone = NULL;
    t->in.owner = NULL;
    c->turn = t;
    c->seen = 0;
    c->is_fresh = c->is_http10 = c->is_head = c->is_refused = c->is_continued = false;
    c->keep_alive = false;
}

void pl_turn_free(pl_turn *t)
{
    pl_arena_fini(&t->in.arena);
    pl_block_give(t, sizeof *t);
}

pl_turn *pl_conn_take_turn(pl_conn *c)
{
    pl_turn *t = c->turn;
    c->turn = NULL;
    if (c->state != PL_CONN_CLOSED) c->state = PL_CONN_WRITING;
    return t;
}

void pl_conn_tell_gone(pl_conn *c)
{
    if (c->turn == NULL || c->turn->in.gone == NULL) return;
    void (*gone)(pl_inbound * in) = c->turn->in.gone;
    c->turn->in.gone = NULL; /* told once */
    gone(&c->turn->in);
}

/* -- the end of a connection -- */

void pl_conn_close(pl_conn *c)
{
    if (c->state == PL_CONN_CLOSED) return;
    bool is_owed = c->state == PL_CONN_HANDLING || c->state == PL_CONN_STREAMING;
    pl_conn_watch(c, &c->readable, false);
    pl_conn_watch(c, &c->writable, false);
    pl_wheel_stop(c->server->wheel, &c->timer);
    pl_loop_flush_cancel(c->server->loop, &c->flush);
    if (is_owed || pl_conn_backlog(c) > 0) c->transport.is_broken = true;
    pl_transport_close(&c->transport);
    c->server->open--;
    pl_counter_set(&c->server->metrics.connections, c->server->open);
    c->state = PL_CONN_CLOSED;
    if (is_owed) {
        pl_conn_start_timer(c, 0);
    } else if (c->turn) {
        pl_turn_free(c->turn);
        c->turn = NULL;
    }
}

static void free_conn(pl_conn *c)
{
    if (c->server) {
        pl_wheel_stop(c->server->wheel, &c->timer);
        *c->link = c->next;
        if (c->next) c->next->link = c->link;
    }
    pl_conn_give_buffer(c->server, &c->in);
    pl_conn_give_buffer(c->server, &c->out);
    free(c);
}

static void linger(pl_conn *c)
{
    pl_transport_shut(&c->transport);
    pl_conn_give_buffer(c->server, &c->in);
    c->state = PL_CONN_LINGERING;
    c->linger_left = LINGER_BYTES;
    pl_conn_start_timer(c, LINGER_MS);
    pl_conn_watch(c, &c->readable, true);
}

/* -- steps: each gives true when the state moved -- */

/* An error of the request itself, or one that there is no memory for: the answer says why, and the
 * connection ends, for where the next request would begin is not known. */
static void refuse(pl_conn *c, int code, const char *detail)
{
    if (code != PL_E_MEMORY) pl_counter_add(&c->server->metrics.bad_requests, 1);
    c->is_refused = true;
    c->keep_alive = false;
    c->state = PL_CONN_HANDLING;
    pl_inbound_problem(&c->turn->in, code, detail, PL_NO_SLICE, PL_NO_SLICE);
}

static void become_idle(pl_conn *c)
{
    const pl_server_config *config = &c->server->config;
    c->state = PL_CONN_IDLE;
    pl_wheel_stop(c->server->wheel, &c->timer);
    if (c->in.len > 0) return;
    pl_conn_give_buffer(c->server, &c->in);
    if (c->server->listen_fd < 0) {
        pl_conn_close(c);
        return;
    }
    pl_conn_start_timer(c, c->is_fresh ? config->header_timeout_ms : config->idle_timeout_ms);
    watch_input(c);
}

static bool step_idle(pl_conn *c)
{
    if (c->in.len == 0) return false;
    begin_turn(c);
    c->state = PL_CONN_HEAD;
    pl_conn_start_timer(c, c->server->config.header_timeout_ms);
    watch_input(c);
    return true;
}

static void handle(pl_conn *c)
{
    pl_inbound *in = &c->turn->in;
    const pl_server_config *config = &c->server->config;
    const char *reason;
    /* The buffer grew for the body and moved: the spans of the head are made anew. It was valid
     * before, so it is now. */
    if (c->in.ptr != c->parsed_at)
        pl_http_parse((pl_slice){c->in.ptr, c->head_bytes}, 0, &config->http, &in->request,
                      &reason);
    in->body = (pl_slice){c->in.ptr + c->head_bytes, c->body_end - c->head_bytes};
    pl_wheel_stop(c->server->wheel, &c->timer);
    c->state = PL_CONN_HANDLING;
    pl_counter_add(&c->server->metrics.requests, 1);
    config->handle(in, config->arg);
}

static bool step_head(pl_conn *c)
{
    const pl_server_config *config = &c->server->config;
    pl_http_request *r = &c->turn->in.request;
    const char *reason = NULL;
    int64_t n = pl_http_parse(pl_buf_slice(&c->in), c->seen, &config->http, r, &reason);
    c->seen = c->in.len;
    if (n == PL_HTTP_PARTIAL) return false;
    if (n < 0) {
        refuse(c, (int)n, reason);
        return true;
    }
    c->parsed_at = c->in.ptr;
    c->head_bytes = c->body_end = c->next_request = (size_t)n;
    c->keep_alive = r->keep_alive;
    c->is_http10 = r->minor == 0;
    c->is_head = pl_slice_eq(r->method, PL_SLICE("HEAD"));
    if (config->admit) c->turn->in.verdict = config->admit(&c->turn->in, config->arg);
    if (r->body != PL_BODY_NONE && c->turn->in.verdict != 0) {
        c->is_refused = true;
        c->keep_alive = false;
        handle(c);
        return true;
    }
    c->state = PL_CONN_BODY;
    if (r->body == PL_BODY_CHUNKED)
        pl_chunked_init(&c->chunked, (uint32_t)config->http.header_bytes);
    if (r->body != PL_BODY_NONE) pl_conn_start_timer(c, config->body_timeout_ms);
    return true;
}

/* 1: complete; 0: more input wanted; or an error with *reason. */
static int take_body(pl_conn *c, const char **reason)
{
    const pl_http_request *r = &c->turn->in.request;
    if (r->body == PL_BODY_NONE) return 1;
    if (r->body == PL_BODY_LENGTH) {
        if (c->in.len - c->head_bytes < r->content_length) return 0;
        c->body_end = c->next_request = c->head_bytes + (size_t)r->content_length;
        return 1;
    }
    size_t data = 0, used = 0, raw = c->body_end;
    int result =
        pl_chunked_decode(&c->chunked, c->in.ptr + raw, c->in.len - raw, &data, &used, reason);
    if (result < 0) return result;
    c->body_end = raw + data;
    if (c->body_end - c->head_bytes > c->server->config.http.body_bytes) {
        *reason = "the chunked body is larger than limits.body";
        return PL_E_BODY_TOO_LARGE;
    }
    if (result == 0)
        c->in.len = c->body_end; /* all was used */
    else
        c->next_request = raw + used;
    return result;
}

static void send_continue(pl_conn *c)
{
    const pl_http_request *r = &c->turn->in.request;
    if (!r->expect_continue || c->is_http10 || c->is_continued || c->in.len > c->head_bytes) return;
    c->is_continued = true;
    pl_conn_send(c, &PL_SLICE("HTTP/1.1 100 Continue\r\n\r\n"), 1);
}

static bool step_body(pl_conn *c)
{
    const char *reason = NULL;
    int result = take_body(c, &reason);
    if (result == 0) {
        send_continue(c);
        return false;
    }
    size_t body = c->body_end - c->head_bytes;
    if (result < 0)
        refuse(c, result, reason);
    else if (body > SMALL_BODY_BYTES && !pl_memory_has(body * WORK_FACTOR))
        refuse(c, PL_E_MEMORY, pl_err_text(PL_E_MEMORY));
    else
        handle(c);
    return true;
}

static bool step_writing(pl_conn *c)
{
    if (pl_conn_backlog(c) > 0) return false;
    if (!c->keep_alive) {
        if (c->is_refused || c->in.len > c->next_request)
            linger(c);
        else
            pl_conn_close(c);
        return false;
    }
    pl_buf_consume(&c->in, c->next_request);
    become_idle(c);
    return true;
}

static bool step(pl_conn *c)
{
    switch (c->state) {
    case PL_CONN_IDLE:
        return step_idle(c);
    case PL_CONN_HEAD:
        return step_head(c);
    case PL_CONN_BODY:
        return step_body(c);
    case PL_CONN_WRITING:
        return step_writing(c);
    case PL_CONN_HANDSHAKE:
    case PL_CONN_HANDLING:
    case PL_CONN_STREAMING:
    case PL_CONN_LINGERING:
    case PL_CONN_CLOSED:
        break; /* only an event or the handler moves these */
    }
    return false;
}

void pl_conn_enter(pl_conn *c)
{
    c->depth++;
}

void pl_conn_leave(pl_conn *c)
{
    bool is_outermost = c->depth == 1;
    while (is_outermost && step(c))
        ;
    c->depth--;
    if (is_outermost && c->state == PL_CONN_CLOSED && c->turn == NULL) free_conn(c);
}

/* -- events -- */

/* The socket has to take something first: what it is readable with is not looked at until then. */
static void wait_to_write(pl_conn *c)
{
    pl_conn_watch(c, &c->readable, false);
    pl_conn_watch(c, &c->writable, true);
}

static void greet(pl_conn *c)
{
    const char *reason = NULL;
    pl_server_metrics *metrics = &c->server->metrics;
    enum pl_handshake handshake = pl_transport_handshake(&c->transport, &reason);
    if (handshake == PL_HANDSHAKE_DONE) {
        pl_counter_add(&metrics->handshakes, 1);
        pl_conn_watch(c, &c->writable, false);
        become_idle(c);
    } else if (handshake == PL_HANDSHAKE_FAILED) {
        pl_counter_add(&metrics->handshakes_failed, 1);
        pl_log(PL_LOG_DEBUG, "a TLS handshake failed", PL_LOG_STR("peer", c->peer),
               PL_LOG_STR("reason", reason));
        pl_conn_watch(c, &c->writable, false);
        linger(c); /* so that the alert arrives */
    } else if (c->transport.wants_write) {
        wait_to_write(c);
    } else {
        pl_conn_watch(c, &c->writable, false);
        pl_conn_watch(c, &c->readable, true);
    }
}

static void receive(pl_conn *c)
{
    size_t room = c->state == PL_CONN_BODY ? BODY_READ_BYTES : READ_BYTES;
    pl_conn_take_buffer(c->server, &c->in);
    char *to = pl_buf_try_reserve(&c->in, room);
    if (to == NULL && c->state == PL_CONN_BODY) {
        refuse(c, PL_E_MEMORY, pl_err_text(PL_E_MEMORY));
        return;
    }
    if (to == NULL) {
        pl_conn_close(c);
        return;
    }
    ssize_t n = pl_transport_read(&c->transport, to, room, false);
    if (n > 0) {
        c->in.len += (size_t)n;
        watch_input(c);
        return;
    }
    if (n == 0 || !pl_transport_must_wait())
        pl_conn_close(c);
    else if (c->state == PL_CONN_IDLE)
        pl_conn_give_buffer(c->server, &c->in);
    if (c->state != PL_CONN_CLOSED && c->transport.wants_write) wait_to_write(c);
}

/* While an answer is owed or on its way nothing is read (the buffer must not move); a look tells
 * what became of the client. */
static void look(pl_conn *c)
{
    char byte;
    ssize_t n = pl_transport_read(&c->transport, &byte, 1, true);
    if (n < 0 && pl_transport_must_wait()) {
        if (c->transport.wants_write) pl_conn_watch(c, &c->readable, false);
        return;
    }
    bool is_over = n < 0 || (n == 0 && c->state == PL_CONN_STREAMING);
    if (is_over)
        pl_conn_close(c);
    else
        pl_conn_watch(c, &c->readable, false); /* it would stay readable and spin */
}

/* Nobody reads it, so it is not decrypted either. */
static void drain(pl_conn *c)
{
    char bytes[16384];
    ssize_t n = recv(c->transport.fd, bytes, sizeof bytes, 0);
    if (n < 0 && pl_transport_must_wait()) return;
    if (n <= 0 || (size_t)n > c->linger_left)
        pl_conn_close(c);
    else
        c->linger_left -= (size_t)n;
}

static void on_readable(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev, (void)events;
    pl_conn *c = w->data;
    pl_conn_enter(c);
    if (c->state == PL_CONN_HANDSHAKE)
        greet(c);
    else if (c->state <= PL_CONN_BODY)
        receive(c);
    else if (c->state == PL_CONN_LINGERING)
        drain(c);
    else
        look(c);
    pl_conn_leave(c);
}

static void on_writable(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev, (void)events;
    pl_conn *c = w->data;
    pl_conn_enter(c);
    if (c->state == PL_CONN_HANDSHAKE) {
        greet(c);
    } else if (pl_conn_backlog(c) > 0) {
        pl_conn_send_rest(c);
    } else { /* a read waited for it */
        pl_conn_watch(c, &c->writable, false);
        pl_conn_watch(c, &c->readable, true);
    }
    pl_conn_leave(c);
}

static void on_timer(pl_timer *timer)
{
    pl_conn *c = (pl_conn *)(void *)((char *)timer - offsetof(pl_conn, timer));
    pl_conn_enter(c);
    if (c->state == PL_CONN_HEAD)
        refuse(c, PL_E_REQUEST_TIMEOUT, "the header section did not arrive in time");
    else if (c->state == PL_CONN_BODY)
        refuse(c, PL_E_REQUEST_TIMEOUT, "the body did not arrive in time");
    else if (c->state == PL_CONN_CLOSED)
        pl_conn_tell_gone(c);
    else
        pl_conn_close(c);
    pl_conn_leave(c);
}

/* -- the beginning -- */

static void set_peer(pl_conn *c, const struct sockaddr *peer)
{
    const void *address = &((const struct sockaddr_in *)(const void *)peer)->sin_addr;
    if (peer->sa_family == AF_INET6) {
        address = &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
        memcpy(c->address.s6_addr, address, 16);
    } else {
        c->address.s6_addr[10] = c->address.s6_addr[11] = 0xff;
        memcpy(c->address.s6_addr + 12, address, 4);
    }
    if (inet_ntop(peer->sa_family, address, c->peer, sizeof c->peer) == NULL) c->peer[0] = '\0';
}

void pl_conn_open(pl_server *s, int fd, const struct sockaddr *peer)
{
    pl_conn *c = pl_alloc_zero(sizeof *c);
    if (!pl_transport_open(&c->transport, fd, s->config.tls)) {
        close(fd);
        free(c);
        return;
    }
    c->server = s;
    c->is_fresh = true;
    set_peer(c, peer);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    ev_io_init(&c->readable, on_readable, fd, EV_READ);
    ev_io_init(&c->writable, on_writable, fd, EV_WRITE);
    c->readable.data = c->writable.data = c;
    pl_timer_init(&c->timer, on_timer);
    c->flush.fn = pl_conn_on_flush;
    c->next = s->conns;
    c->link = &s->conns;
    if (c->next) c->next->link = &c->next;
    s->conns = c;
    s->open++;
    pl_counter_add(&s->metrics.connections_total, 1);
    pl_counter_set(&s->metrics.connections, s->open);
    if (c->transport.ssl == NULL) {
        become_idle(c);
        return;
    }
    pl_conn_start_timer(c, s->config.header_timeout_ms);
    pl_conn_watch(c, &c->readable, true);
}
