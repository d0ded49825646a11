/* SPDX-License-Identifier: MIT
 *
 * The HTTP client of one worker. libcurl opens connections (names off the loop, TLS, proxies); HTTP/1.1
 * is spoken on them here, but for authentication in which the receiver asks and for requests that
 * choose the content codings themselves, which libcurl carries as a whole. Connections are kept for
 * the next request that goes the same way. Every address is judged by the egress guard when a socket
 * to it is opened, and again before each request that a kept connection takes.
 * A redirect that is followed is a further request, judged as the first one.
 *
 * Through a proxy a request always goes by a tunnel (CONNECT, SOCKS5), so that what the proxy says
 * and what the receiver says are never taken for each other. The guard then judges the addresses
 * that the host's name has here, before the proxy hears of it; the proxy's own address is allowed.
 * Worker's thread only. */
#ifndef PL_NET_CLIENT_H
#define PL_NET_CLIENT_H

#include "base/arena.h"
#include "flow/message.h"
#include "net/egress.h"
#include "net/loop.h"

typedef struct pl_client pl_client;
typedef struct pl_transfer pl_transfer;

/* Texts and guard live as long as the client. */
typedef struct pl_client_config {
    const pl_egress *egress;
    size_t max_response_bytes; /* of the body, after decoding; beyond: PL_E_TOO_LARGE */
    size_t max_response_header_bytes;
    int64_t names_ms;    /* for so long addresses of a name are kept; below a second they are not */
    const char *ca_file; /* NULL: the system's */
    const char *user_agent; /* when the request has none */
    pl_proxy proxy;         /* of requests that have none of their own */
    bool proxy_is_trusted;  /* to judge names itself: they are not looked up here */
} pl_client_config;

typedef struct pl_client_metrics {
    pl_counter transfers, in_flight, connections_opened, connections_reused;
} pl_client_metrics;

/* `code` is 0 when an answer came, whatever its status, else PL_E_DNS, PL_E_CONNECT, PL_E_TLS,
 * PL_E_TIMEOUT, PL_E_RESET, PL_E_PROTOCOL, PL_E_TOO_LARGE, PL_E_EGRESS, PL_E_URL or
 * PL_E_PROXY, PL_E_REDIRECT or PL_E_AUTH (the credentials could not be applied) with
 * response->error_text set; what had come by then stands in the response. PL_E_SCRIPT: the request
 * cannot be put on the wire (a method or field that is not HTTP, or a field that belongs to the
 * connection). PL_E_BUSY: there is no socket for it at the moment. PL_E_INTERNAL: libcurl refused
 * for a reason that is none of the attempt's. */
typedef void pl_transfer_fn(void *arg, int code);

/* Once per process, before threads. Ends the process when libcurl would resolve names on the loop,
 * or has no TLS. SIGPIPE is ignored from here on: OpenSSL writes without MSG_NOSIGNAL. The limit of
 * descriptors is raised as far as it goes. */
void pl_client_global_init(void);
pl_client *pl_client_new(pl_loop *loop, const pl_client_config *config);
/* Another guard from now on, for connections that are open too; the old one is no longer needed. */
void pl_client_use(pl_client *c, const pl_egress *egress);
/* Cancels what is under way, without callbacks. */
void pl_client_free(pl_client *c);
/* Starts a transfer; `done` is called later from the loop, never from within send. The request must
 * live until then; the response is filled from `arena`. A HEAD request goes without its body; one
 * of POST, PUT or PATCH without body says Content-Length: 0. The body that comes back has its
 * content coding undone. A request whose kept connection ends without a byte of an answer goes again on
 * a new one (RFC 9112 section 9.3.1). With request->auth a transfer is of several requests; the response is the
 * last one's. A success that came without being asked for authentication is PL_E_AUTH. */
pl_transfer *pl_client_send(pl_client *c, const pl_request *request, pl_response *response,
                            pl_arena *arena, pl_transfer_fn *done, void *arg);
/* No callback comes any more. At any time, from within callbacks too;
 * not for a transfer that was done. */
void pl_transfer_cancel(pl_transfer *t);
const pl_client_metrics *pl_client_metrics_of(const pl_client *c);

#endif
