/* SPDX-License-Identifier: MIT
 *
 * A handle is only handed to libcurl, which asks for a timer of delay 0; that fires at the end of
 * the same round of the loop. After each call into libcurl what is finished is harvested.
 *
 * Traps of libcurl 7.88 that shape this file:
 *   - Removing and adding a watcher around every reuse of a connection costs two epoll_ctl calls.
 *     So the watcher of a connection outlives POLL_REMOVE. It stops at the close callback, or by
 *     itself at the first event that nobody waits for.
 *   - The resolver's socket pair does not come through the open callback and is closed without the
 *     close callback: its watcher goes with POLL_REMOVE.
 */
#include "net/shard.h"

#include "base/buf.h"

#include <ev.h>
#include <stdlib.h>
#include <unistd.h>

#define SHARD_TRANSFERS 256
/* Connections kept open; below the concurrency libcurl reconnects all the time. */
#define SHARD_CONNECTIONS 1024
/* A shard beyond the first that has been empty for so long is closed with its connections: libcurl
 * looks whether idle ones are still alive only when it begins a transfer, and while the load is low
 * such a shard gets none. */
#define SHARD_IDLE_MS 60000

struct pl_shard {
    pl_shard *next;
    pl_shards *all;
    CURLM *multi;
    pl_timer timer, idle;
    uint32_t in_flight;
};

typedef struct watched {
    ev_io io;
    pl_shard *shard;
    bool is_connection; /* opened by the callback, and closed by it */
    bool is_wanted;     /* libcurl waits for its events */
} watched;

struct pl_shards {
    pl_loop *loop;
    pl_shard_finished_fn *finished;
    pl_shard_connected_fn *connected;
    pl_shard *first;
    watched **sockets; /* by descriptor */
    size_t socket_room;
    int taken; /* the descriptor that libcurl must not close, else -1 */
};

static void harvest(pl_shard *s)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(s->multi, &left)) != NULL;) {
        if (m->msg == CURLMSG_DONE) s->all->finished(m->easy_handle, m->data.result);
    }
}

/* -- sockets and time -- */

static watched *socket_of(const pl_shards *all, int fd)
{
    return (size_t)fd < all->socket_room ? all->sockets[fd] : NULL;
}

static void on_socket(struct ev_loop *ev, ev_io *io, int events)
{
    watched *w = io->data;
    /* An idle connection was closed by the other side: libcurl sees that when it would reuse it. */
    if (!w->is_wanted) {
        ev_io_stop(ev, io);
        return;
    }
    pl_shard *s = w->shard;
    int running, flags = (events & EV_READ ? CURL_CSELECT_IN : 0) |
                         (events & EV_WRITE ? CURL_CSELECT_OUT : 0) |
                         (events & EV_ERROR ? CURL_CSELECT_ERR : 0);
    curl_multi_socket_action(s->multi, io->fd, flags, &running);
    harvest(s);
}

static watched *add_socket(pl_shard *s, int fd)
{
    pl_shards *all = s->all;
    if ((size_t)fd >= all->socket_room) {
        size_t room = (size_t)fd * 2 + 64;
        all->sockets = pl_realloc(all->sockets, room * sizeof *all->sockets);
        memset(all->sockets + all->socket_room, 0,
               (room - all->socket_room) * sizeof *all->sockets);
        all->socket_room = room;
    }
    watched *w = pl_alloc_zero(sizeof *w);
    ev_io_init(&w->io, on_socket, fd, 0);
    w->io.data = w;
    w->shard = s;
    return all->sockets[fd] = w;
}

static void remove_socket(pl_shards *all, watched *w)
{
    ev_io_stop(pl_loop_ev(all->loop), &w->io);
    all->sockets[w->io.fd] = NULL;
    free(w);
}

static int on_interest(CURL *easy, curl_socket_t fd, int what, void *arg, void *per_socket)
{
    (void)per_socket;
    pl_shard *s = arg;
    struct ev_loop *ev = pl_loop_ev(s->all->loop);
    watched *w = socket_of(s->all, fd);
    if (what == CURL_POLL_REMOVE) {
        if (w == NULL) return 0;
        w->is_wanted = false;
        if (!w->is_connection) remove_socket(s->all, w);
        return 0;
    }
    if (w == NULL) w = add_socket(s, fd);
    int events = (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);
    w->shard = s;
    w->is_wanted = true;
    /* While a connection is being made, libcurl waits only until it can write. */
    if (w->is_connection && what & CURL_POLL_IN) s->all->connected(easy);
    if (ev_is_active(&w->io) && (w->io.events & (EV_READ | EV_WRITE)) == events) return 0;
    ev_io_stop(ev, &w->io);
    ev_io_set(&w->io, fd, events);
    ev_io_start(ev, &w->io);
    return 0;
}

static void on_timer(pl_timer *timer)
{
    pl_shard *s = (pl_shard *)(void *)((char *)timer - offsetof(pl_shard, timer));
    int running;
    curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    harvest(s);
}

static int on_timeout_change(CURLM *multi, long timeout_ms, void *arg)
{
    (void)multi;
    pl_shard *s = arg;
    pl_wheel *wheel = pl_loop_wheel(s->all->loop);
    if (timeout_ms < 0)
        pl_wheel_stop(wheel, &s->timer);
    else
        pl_wheel_start(wheel, &s->timer, (uint64_t)timeout_ms);
    return 0;
}

/* -- shards -- */

static void free_shard(pl_shard *s)
{
    pl_wheel *wheel = pl_loop_wheel(s->all->loop);
    curl_multi_cleanup(s->multi); /* which may start the timer */
    pl_wheel_stop(wheel, &s->timer);
    pl_wheel_stop(wheel, &s->idle);
    free(s);
}

static void on_idle(pl_timer *timer)
{
    pl_shard *s = (pl_shard *)(void *)((char *)timer - offsetof(pl_shard, idle));
    pl_shard **link = &s->all->first;
    while (*link != s)
        link = &(*link)->next;
    *link = s->next;
    free_shard(s);
}

static pl_shard *new_shard(pl_shards *all)
{
    pl_shard *s = pl_alloc_zero(sizeof *s);
    s->all = all;
    s->multi = curl_multi_init();
    if (s->multi == NULL) abort();
    pl_timer_init(&s->timer, on_timer);
    pl_timer_init(&s->idle, on_idle);
    curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, on_interest);
    curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
    curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, on_timeout_change);
    curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
    curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, (long)SHARD_CONNECTIONS);
    return s;
}

/* The first with room, so that few transfers share few handles and their connections. */
static pl_shard *shard_with_room(pl_shards *all)
{
    pl_shard **s = &all->first;
    while (*s && (*s)->in_flight >= SHARD_TRANSFERS)
        s = &(*s)->next;
    if (*s == NULL) *s = new_shard(all);
    return *s;
}

/* -- public -- */

pl_shards *pl_shards_new(pl_loop *loop, pl_shard_finished_fn *finished,
                         pl_shard_connected_fn *connected)
{
    pl_shards *all = pl_alloc_zero(sizeof *all);
    *all = (pl_shards){.loop = loop, .finished = finished, .connected = connected, .taken = -1};
    return all;
}

void pl_shards_free(pl_shards *all)
{
    for (pl_shard *s; (s = all->first) != NULL;) {
        all->first = s->next;
        free_shard(s);
    }
    for (size_t fd = 0; fd < all->socket_room; fd++) {
        if (all->sockets[fd]) remove_socket(all, all->sockets[fd]);
    }
    free(all->sockets);
    free(all);
}

pl_shard *pl_shards_attach(pl_shards *all, CURL *easy)
{
    pl_shard *s = shard_with_room(all);
    if (curl_multi_add_handle(s->multi, easy) != CURLM_OK) return NULL;
    pl_wheel_stop(pl_loop_wheel(all->loop), &s->idle);
    s->in_flight++;
    return s;
}

void pl_shard_detach(pl_shard *s, CURL *easy)
{
    curl_multi_remove_handle(s->multi, easy);
    if (--s->in_flight == 0 && s != s->all->first)
        pl_wheel_start(pl_loop_wheel(s->all->loop), &s->idle, SHARD_IDLE_MS);
}

void pl_shard_take(pl_shard *s, CURL *easy, int fd)
{
    s->all->taken = fd;
    pl_shard_detach(s, easy);
    s->all->taken = -1;
}

void pl_shard_opened(pl_shard *s, int fd)
{
    watched *stale = socket_of(s->all, fd);
    if (stale) remove_socket(s->all, stale); /* closed without a word; 7.88 does not do that */
    add_socket(s, fd)->is_connection = true;
}

void pl_shard_release(pl_shard *s, int fd)
{
    watched *w = socket_of(s->all, fd);
    if (w) ev_io_stop(pl_loop_ev(s->all->loop), &w->io);
}

int pl_shards_close_socket(void *arg, curl_socket_t fd)
{
    pl_shards *all = arg;
    watched *w = socket_of(all, fd);
    if (w) remove_socket(all, w);
    return fd == all->taken ? 0 : close(fd);
}
