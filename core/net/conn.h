/* SPDX-License-Identifier: MIT
 *
 * One connection as a state machine, private to net/: conn.c moves it, respond.c writes its
 * answers, conn_send.c sends them, server.c makes and ends it.
 *
 * HANDSHAKE (TLS only)
 *     |
 *     v   first byte       head complete          body complete
 *    IDLE -----------> HEAD ------------> BODY -----------------> HANDLING
 *     ^                 |                  |                       |    |
 *     |                 |  bad, or late    |                       |    | stream
 *     |                 '--------.---------'                 reply |    v
 *     |                          |                                 |  STREAMING
 *     | answer sent,             v                                 |    | stream_end
 *     '--------------------- WRITING <-----------------------------'----'
 *       keep-alive               |
 *                                |  answer sent, close
 *                                |----------------------> CLOSED
 *                                '--- input unread -----> LINGERING ---> CLOSED
 *
 * A head that is not admitted goes to HANDLING without its body. A broken socket leads from every
 * state to CLOSED, and so do end of file and the timer where the table does not say otherwise.
 * A handshake that fails goes to LINGERING, so that its alert arrives.
 * LINGERING: the write side is shut and input is drained, so that no reset overtakes the answer.
 *
 *   state      | the turn is   | its one timer means   | what a readable socket means
 *   -----------+---------------+-----------------------+-----------------------------------
 *   HANDSHAKE  | (none)        | close without a word  | go on with it
 *   IDLE       | (none)        | close without a word  | bytes of the next request
 *   HEAD, BODY | the conn's    | answer 408            | more bytes
 *   HANDLING   | the handler's | (does not run)        | bytes: left in the socket; end of
 *              |               |                       |   file: the client is half-closed
 *              |               |                       |   and waits; error: CLOSED
 *   STREAMING  | the handler's | the reader stalls:    | as HANDLING, but end of file:
 *              |               |   close               |   CLOSED
 *   WRITING    | (none)        | as STREAMING          | as HANDLING
 *   LINGERING  | (none)        | close                 | bytes to throw away, up to a limit
 *   CLOSED     | the handler's | tell it `gone`        | (there is no socket)
 *              |   while owed  |                       |
 *
 * Invariants:
 *   - the next request is looked at only when the answer to the one before has been sent: answers
 *     are in order, and a client that does not read costs one answer's memory;
 *   - while a handler has the turn the input buffer does not move: the request's spans point there;
 *   - a connection is freed in one place (pl_conn_leave), when it is CLOSED, owes no answer, and no
 *     call into it is under way. */
#ifndef PL_NET_CONN_H
#define PL_NET_CONN_H

#include "http/chunked.h"
#include "http/message.h"
#include "net/server.h"
#include "net/transport.h"

#include <ev.h>
#include <netinet/in.h>

typedef struct pl_conn pl_conn;

enum pl_conn_state {
    PL_CONN_HANDSHAKE,
    PL_CONN_IDLE,
    PL_CONN_HEAD,
    PL_CONN_BODY,
    PL_CONN_HANDLING,
    PL_CONN_STREAMING,
    PL_CONN_WRITING,
    PL_CONN_LINGERING,
    PL_CONN_CLOSED
};

/* A request that is being read or handled. Larger than a connection (the spans of 128 headers), so
 * it exists only when needed. */
typedef struct pl_turn {
    pl_inbound in; /* first: a pl_inbound * is a pl_turn * */
    pl_conn *conn;
} pl_turn;

struct pl_conn {
    pl_server *server; /* NULL: freed while this answer was owed */
    pl_conn *next, **link;
    enum pl_conn_state state;
    int depth; /* calls into this connection that are under way */
    pl_transport transport;
    ev_io readable, writable;
    pl_timer timer;
    char peer[INET6_ADDRSTRLEN];
    struct in6_addr address; /* IPv4 mapped */

    pl_buf in;  /* the current request from its first byte, and what came behind it */
    pl_buf out; /* what is to be sent, or the socket did not take yet, from out_sent on */
    size_t out_sent;
    pl_flush flush;

    pl_turn *turn;
    size_t seen;           /* bytes of `in` that the parser has had */
    const char *parsed_at; /* where `in` was then: if it moved, the spans are made anew */
    size_t head_bytes;     /* the body begins here */
    size_t body_end;       /* decoded body as far as it came */
    size_t next_request;   /* what follows the body */
    pl_chunked chunked;
    size_t max_backlog;      /* of a stream */
    size_t linger_left;      /* bytes that may still be drained */
    bool is_fresh;           /* no request was seen yet */
    bool is_http10, is_head; /* of the current request */
    bool keep_alive;         /* after this answer */
    bool is_refused;         /* its input was not read to the end */
    bool is_continued;       /* 100 Continue was sent */
    bool is_chunked;         /* the stream's framing */
};

#define PL_SERVER_SPARES 64

struct pl_server {
    pl_loop *loop;
    struct ev_loop *ev;
    pl_wheel *wheel;
    pl_server_config config;
    int listen_fd; /* -1: stopped */
    ev_io acceptable;
    pl_timer pause; /* no descriptors left: accepting goes on when it fires */
    bool is_short;  /* of descriptors, since the last connection was accepted */
    pl_conn *conns; /* all that are not freed, CLOSED ones that owe an answer included */
    uint32_t open;
    pl_buf scratch;                  /* for the head of an answer */
    pl_buf spares[PL_SERVER_SPARES]; /* buffers of requests and answers that are through */
    size_t spare_count;
    int64_t date_s;
    char date[PL_HTTP_DATE_TEXT + 1];
    pl_server_metrics metrics;
};

/* Takes the descriptor. */
void pl_conn_open(pl_server *s, int fd, const struct sockaddr *peer);
/* Every call into a connection is bracketed by these;
 * the outermost leave lets the state machine go on, and frees. */
void pl_conn_enter(pl_conn *c);
void pl_conn_leave(pl_conn *c);
/* Closes the socket. A handler that owes an answer is told
 * from the wheel, never from within its own call. */
void pl_conn_close(pl_conn *c);
/* Sends what the socket takes and keeps a copy of the rest; of an answer that is not large a copy of
 * all, to be sent in this round of the loop. On an error the connection is CLOSED. */
void pl_conn_send(pl_conn *c, const pl_slice *parts, int count);
/* What is kept, as far as the socket takes it; from within a call into the connection. */
void pl_conn_send_rest(pl_conn *c);
/* The same, of c->flush. */
void pl_conn_on_flush(pl_flush *f);
/* The turn is answered: takes it from the connection,
 * which goes on to WRITING. The caller frees it. */
pl_turn *pl_conn_take_turn(pl_conn *c);
void pl_turn_free(pl_turn *t);
/* Calls `gone` when an answer is owed. */
void pl_conn_tell_gone(pl_conn *c);

/* -- what conn.c and conn_send.c share -- */

void pl_conn_watch(pl_conn *c, ev_io *w, bool wanted);
void pl_conn_start_timer(pl_conn *c, int64_t ms);
/* The buffers of a request and of an answer, which waiting connections do without. */
void pl_conn_take_buffer(pl_server *s, pl_buf *b);
void pl_conn_give_buffer(pl_server *s, pl_buf *b); /* s NULL: it is gone */

static inline size_t pl_conn_backlog(const pl_conn *c)
{
    return c->out.len - c->out_sent;
}

#endif
