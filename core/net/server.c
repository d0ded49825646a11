/* SPDX-License-Identifier: MIT
 *
 * The listening socket: each worker has its own on the same address (SO_REUSEPORT) and the kernel
 * spreads connections over them. Accepting never spins: a connection beyond the limit is closed at
 * once, and when the process is out of descriptors (which the connection that waits keeps the
 * listener readable for) accepting pauses for a moment. */
#include "base/err.h"
#include "base/log.h"
#include "net/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_A_ROUND 64  /* then the connections that there are get their turn */
#define ACCEPT_PAUSE_MS 100 /* when there are no descriptors left */

/* -- addresses -- */

typedef union any_address {
    struct sockaddr sa;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
} any_address;

/* "HOST:PORT" or "[V6]:PORT" into two strings; an empty host or "*" means all addresses. */
static bool split_address(pl_slice address, char host[64], char port[8])
{
    const char *colon = address.len ? memrchr(address.ptr, ':', address.len) : NULL;
    if (colon == NULL) return false;
    pl_slice h = {address.ptr, (size_t)(colon - address.ptr)};
    pl_slice p = pl_slice_from(address, h.len + 1);
    bool is_bracketed = h.len >= 2 && h.ptr[0] == '[' && h.ptr[h.len - 1] == ']';
    if (is_bracketed) h = (pl_slice){h.ptr + 1, h.len - 2};
    if (!is_bracketed && memchr(h.ptr, ':', h.len)) return false;
    if (pl_slice_eq(h, PL_SLICE("*"))) h.len = 0;
    if (h.len >= 64 || p.len == 0 || p.len > 5) return false;
    for (size_t i = 0; i < p.len; i++) {
        if (p.ptr[i] < '0' || p.ptr[i] > '9') return false;
    }
    snprintf(host, 64, "%.*s", PL_FMT(h));
    snprintf(port, 8, "%.*s", PL_FMT(p));
    return atoi(port) <= 65535;
}

/* A first listener is bound before it shares its port, so that it cannot join those of another
 * process; it shares from then on, so that those of other workers can join it. */
static int listen_on(const struct sockaddr *address, socklen_t len, bool joins)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){joins}, sizeof(int));
    bool is_bound = bind(fd, address, len) == 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int));
    if (is_bound && listen(fd, SOMAXCONN) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static bool is_loopback_address(const any_address *a)
{
    if (a->sa.sa_family == AF_INET) return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    const struct in6_addr *v6 = &a->v6.sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

static bool read_address(pl_slice address, char host[64], char port[8], char text[128])
{
    if (split_address(address, host, port)) return true;
    snprintf(text, 128, "'%.*s' is not HOST:PORT or [IPV6]:PORT",
             address.len < 64 ? (int)address.len : 64, address.ptr);
    return false;
}

bool pl_listen_check(pl_slice address, bool *is_loopback, char text[128])
{
    char host[64], port[8];
    any_address a = {0};
    if (!read_address(address, host, port, text)) return false;
    a.sa.sa_family = AF_INET;
    if (inet_pton(AF_INET6, host, &a.v6.sin6_addr) == 1)
        a.sa.sa_family = AF_INET6;
    else
        inet_pton(AF_INET, host, &a.v4.sin_addr);
    *is_loopback = strcmp(host, "localhost") == 0 || is_loopback_address(&a);
    return true;
}

int pl_listen(pl_slice address, char text[128])
{
    char host[64], port[8];
    if (!read_address(address, host, port, text)) return -1;
    struct addrinfo *list = NULL,
                    hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    int error = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
    if (error) {
        snprintf(text, 128, "%s: %s", host, gai_strerror(error));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = listen_on(a->ai_addr, a->ai_addrlen, false);
    if (fd < 0) snprintf(text, 128, "%s", strerror(errno));
    freeaddrinfo(list);
    return fd;
}

static bool own_address(int fd, any_address *a)
{
    socklen_t len = sizeof *a;
    return getsockname(fd, &a->sa, &len) == 0;
}

int pl_listen_too(int first, char text[128])
{
    any_address a;
    socklen_t len = sizeof a;
    int fd = getsockname(first, &a.sa, &len) == 0 ? listen_on(&a.sa, len, true) : -1;
    if (fd < 0) snprintf(text, 128, "%s", strerror(errno));
    return fd;
}

void pl_listen_address(int fd, char text[128])
{
    any_address a;
    char host[INET6_ADDRSTRLEN];
    text[0] = '\0';
    if (!own_address(fd, &a)) return;
    if (a.sa.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof host);
        snprintf(text, 128, "[%s]:%d", host, ntohs(a.v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof host);
        snprintf(text, 128, "%s:%d", host, ntohs(a.v4.sin_port));
    }
}

bool pl_listen_is_loopback(int fd)
{
    any_address a;
    return own_address(fd, &a) && is_loopback_address(&a);
}

/* -- accepting -- */

/* One line in the log each time it begins, not for each pause. */
static void pause_accepting(pl_server *s, int error)
{
    if (!s->is_short)
        pl_log(PL_LOG_WARN, "cannot accept connections for a moment",
               PL_LOG_STR("reason", strerror(error)));
    s->is_short = true;
    ev_io_stop(s->ev, &s->acceptable);
    pl_wheel_start(s->wheel, &s->pause, ACCEPT_PAUSE_MS);
}

static void on_pause_over(pl_timer *timer)
{
    pl_server *s = (pl_server *)(void *)((char *)timer - offsetof(pl_server, pause));
    ev_io_start(s->ev, &s->acceptable);
}

/* False when there is nothing more to accept for now. */
static bool accept_one(pl_server *s)
{
    any_address peer;
    socklen_t len = sizeof peer;
    int fd = accept4(s->listen_fd, &peer.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        s->is_short = false;
        if (s->open < s->config.max_connections) {
            pl_conn_open(s, fd, &peer.sa);
        } else {
            pl_counter_add(&s->metrics.connections_refused, 1);
            close(fd);
        }
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        pause_accepting(s, errno);
        return false;
    }
    return errno != EAGAIN && errno != EWOULDBLOCK; /* else this one connection is over already */
}

static void on_acceptable(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev, (void)events;
    pl_server *s = w->data;
    for (int i = 0; i < ACCEPTS_A_ROUND && accept_one(s); i++)
        ;
}

/* -- the server -- */

pl_server *pl_server_new(pl_loop *loop, int listen_fd, const pl_server_config *config)
{
    pl_server *s = pl_alloc_zero(sizeof *s);
    s->loop = loop;
    s->ev = pl_loop_ev(loop);
    s->wheel = pl_loop_wheel(loop);
    s->config = *config;
    s->listen_fd = listen_fd;
    s->date_s = -1;
    pl_timer_init(&s->pause, on_pause_over);
    ev_io_init(&s->acceptable, on_acceptable, listen_fd, EV_READ);
    s->acceptable.data = s;
    ev_io_start(s->ev, &s->acceptable);
    return s;
}

void pl_server_stop(pl_server *s)
{
    if (s->listen_fd < 0) return;
    ev_io_stop(s->ev, &s->acceptable);
    pl_wheel_stop(s->wheel, &s->pause);
    close(s->listen_fd);
    s->listen_fd = -1;
    for (pl_conn *c = s->conns, *next; c; c = next) {
        next = c->next;
        if (c->state > PL_CONN_IDLE) continue;
        pl_conn_enter(c);
        pl_conn_close(c);
        pl_conn_leave(c);
    }
}

uint32_t pl_server_busy(const pl_server *s)
{
    uint32_t busy = 0;
    for (const pl_conn *c = s->conns; c; c = c->next)
        busy += c->turn || c->state == PL_CONN_WRITING;
    return busy;
}

/* A connection that owes an answer outlives the server;
 * the answer finds it without one and frees it. */
static void abandon(pl_conn *c)
{
    pl_server *s = c->server;
    pl_conn_enter(c);
    pl_conn_close(c);
    if (c->turn) {
        pl_wheel_stop(s->wheel, &c->timer);
        *c->link = c->next;
        if (c->next) c->next->link = c->link;
        c->server = NULL;
        pl_conn_tell_gone(c);
    }
    pl_conn_leave(c);
}

void pl_server_free(pl_server *s)
{
    if (s == NULL) return;
    pl_server_stop(s);
    while (s->conns)
        abandon(s->conns);
    while (s->spare_count > 0)
        pl_buf_fini(&s->spares[--s->spare_count]);
    pl_buf_fini(&s->scratch);
    free(s);
}

const pl_server_metrics *pl_server_metrics_of(const pl_server *s)
{
    return &s->metrics;
}
