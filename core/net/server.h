/* SPDX-License-Identifier: MIT
 *
 * The HTTP server of one worker: a listening socket, its connections, their time-outs. It knows
 * bytes and requests, not what they mean: each complete request goes to one handler, which answers
 * now or later, once, or streams. Worker's thread only. */
#ifndef PL_NET_SERVER_H
#define PL_NET_SERVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "flow/certificate.h"
#include "http/parse.h"
#include "net/loop.h"
#include "net/tls.h"

typedef struct pl_server pl_server;
typedef struct pl_inbound pl_inbound;

/* One request and the duty to answer it. It lives until it was answered (pl_inbound_reply, or
 * pl_inbound_stream_end). A client that goes away in between is reported by `gone`, once, from the
 * loop; the duty to answer stays (the answer is dropped), so that there is one end only. A client
 * that only shut down its sending side still gets its answer; for a stream that is going away. */
struct pl_inbound {
    pl_http_request request; /* spans live as long as the inbound */
    pl_slice body;
    const char *peer;             /* address text */
    const uint8_t *address;       /* of the peer: 16 bytes, IPv4 mapped into IPv6 */
    int verdict;                  /* what `admit` said */
    uint64_t received_us;         /* monotonic: when its first byte was read */
    pl_arena arena;               /* for whoever handles it; freed with it */
    void (*gone)(pl_inbound *in); /* set by the handler when it cares; NULL */
    void *owner;                  /* the handler's */
};

typedef void pl_inbound_fn(pl_inbound *in, void *arg);

typedef struct pl_server_config {
    pl_http_limits http;
    pl_tls *tls; /* NULL: plain HTTP. The caller's, and lives longer than the server */
    uint32_t max_connections;
    /* From the first byte of a request to the end of its header section;
     * also of a TLS handshake, and from then (or connect) to the first byte. */
    int64_t header_timeout_ms;
    int64_t body_timeout_ms;  /* the whole body */
    int64_t idle_timeout_ms;  /* between two requests */
    int64_t write_timeout_ms; /* the client takes nothing for so long */
    /* Asked once the head of a request has come: 0 when it is worth going on. Otherwise it is
     * handled at once; if there would have been a body, without it, and the connection ends with the
     * answer. Spans of the request may move until it is handled. May be NULL. */
    int (*admit)(pl_inbound *in, void *arg);
    pl_inbound_fn *handle;
    void *arg;
} pl_server_config;

typedef struct pl_server_metrics {
    pl_counter connections_total, connections, requests, bad_requests; /* `connections`: a gauge */
    pl_counter connections_refused; /* beyond max_connections: accepted and closed at once */
    pl_counter handshakes, handshakes_failed; /* of TLS */
    pl_counter responses[6];                  /* by status class, index 1..5 */
} pl_server_metrics;

/* A listening socket on "HOST:PORT" or "[V6]:PORT": >= 0, or -1 with the reason, for people, in
 * `text`: among others, that the port is in use. Port 0 takes a free one; an empty host or "*" means
 * all addresses. May ask the resolver, so: at start, before the loop runs. */
int pl_listen(pl_slice address, char text[128]);
/* Could it be one, by its form? Nobody is asked, and nothing is bound; `is_loopback` is about numbers
 * and "localhost". */
bool pl_listen_check(pl_slice address, bool *is_loopback, char text[128]);
/* One more on the address of `first` (SO_REUSEPORT: the kernel spreads connections over them). */
int pl_listen_too(int first, char text[128]);
/* "127.0.0.1:8080" of a listening socket. */
void pl_listen_address(int fd, char text[128]);
/* Is the address one of loopback only? */
bool pl_listen_is_loopback(int fd);

/* Takes the descriptor. */
pl_server *pl_server_new(pl_loop *loop, int listen_fd, const pl_server_config *config);
/* Stops accepting: the listening socket is closed, idle connections too, busy ones after their
 * answer (with Connection: close). */
void pl_server_stop(pl_server *s);
/* Connections that still have a request under way. */
uint32_t pl_server_busy(const pl_server *s);
/* Closes everything at once. */
void pl_server_free(pl_server *s);
const pl_server_metrics *pl_server_metrics_of(const pl_server *s);

/* What the client has shown of itself, in the inbound's arena; NULL: nothing, or it is gone. */
const pl_certificate *pl_inbound_certificate(pl_inbound *in);

/* The answer. `extra` is whole header lines ("Name: value\r\n" ...) or empty. Content-Length, Date,
 * Connection and (for HEAD) the missing body are the server's. The bytes are copied. */
void pl_inbound_reply(pl_inbound *in, int status, pl_slice content_type, pl_slice extra,
                      pl_slice body);
#define PL_PROBLEM_TYPE PL_SLICE("application/problem+json")
/* RFC 9457: type urn:perilune:NAME, title, status, detail; `members` is further JSON members
 * (", \"a\": 1") or empty. */
void pl_problem_write(pl_buf *out, int code, const char *detail, pl_slice members);
void pl_inbound_problem(pl_inbound *in, int code, const char *detail, pl_slice extra,
                        pl_slice members);
/* An answer without end (server-sent events): chunked. A write gives 0, or PL_E_RESET when the
 * client is gone or does not read (more than `max_backlog` bytes wait): the caller then ends it. */
void pl_inbound_stream(pl_inbound *in, int status, pl_slice content_type, size_t max_backlog);
int pl_inbound_stream_write(pl_inbound *in, pl_slice bytes);
void pl_inbound_stream_end(pl_inbound *in);

#endif
