/* SPDX-License-Identifier: MIT
 *
 * A link waits for input from when it is open until it is dropped, so that a request costs no
 * epoll_ctl, and one that the other side closes while it is kept is gone at once, and no request is
 * sent on it.
 *
 * A trap of libcurl 7.88 that shapes this file: whenever it opens a connection, but at most once a
 * second, it closes those of the same multi handle that it takes for idle, and that have ended or
 * were opened two minutes ago. Idle to it is each that CURLOPT_CONNECT_ONLY has opened, until its
 * first curl_easy_send or curl_easy_recv. So the socket of a plain one is taken away from it, and on
 * one in TLS the request goes out at once. Only in the moment between a handshake and libcurl saying
 * that it is done can a link be closed so. */
#include "net/link.h"

#include "net/transport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WAYS          256    /* chains of the table */
#define KEPT_LINKS    4096   /* beyond, the one that was kept for longest is closed */
#define KEPT_MS       118000 /* most servers close after one or two minutes themselves */
#define SPARE_HANDLES 64

#define RECEIVE_BYTES 65536

struct pl_links {
    pl_loop *loop;
    pl_link_rules_fn *rules;
    void *arg;
    pl_link *kept[WAYS];
    pl_link *youngest, *oldest; /* that are kept */
    uint32_t kept_count, spare_count;
    CURL *spare[SPARE_HANDLES];
    pl_buf scratch;
    char received[RECEIVE_BYTES];
};

/* -- lists -- */

static pl_link **chain_of(pl_links *all, pl_slice way)
{
    return &all->kept[pl_slice_hash(way) % WAYS];
}

static void add_kept(pl_links *all, pl_link *l)
{
    l->link = chain_of(all, pl_buf_slice(&l->way));
    l->next = *l->link;
    if (l->next) l->next->link = &l->next;
    *l->link = l;
    l->younger = NULL;
    l->older = all->youngest;
    *(l->older ? &l->older->younger : &all->oldest) = l;
    all->youngest = l;
    all->kept_count++;
}

static void remove_kept(pl_link *l)
{
    pl_links *all = l->all;
    *l->link = l->next;
    if (l->next) l->next->link = l->link;
    *(l->older ? &l->older->younger : &all->oldest) = l->younger;
    *(l->younger ? &l->younger->older : &all->youngest) = l->older;
    all->kept_count--;
}

/* -- kept links -- */

static void drop_kept(pl_link *l)
{
    remove_kept(l);
    pl_link_drop(l);
}

static void on_age(pl_timer *timer)
{
    drop_kept((pl_link *)(void *)((char *)timer - offsetof(pl_link, age)));
}

/* In TLS it may be nothing but what a session is to be resumed with. */
static bool has_input(pl_link *l)
{
    char *bytes, byte;
    size_t len;
    if (l->is_tls) return pl_link_receive(l, &bytes, &len) != CURLE_AGAIN;
    return recv(l->io.fd, &byte, 1, MSG_PEEK) >= 0 || !pl_transport_must_wait();
}

/* The other side closed it, or says what nobody asked for. */
static void on_input_unasked(pl_link *l)
{
    if (has_input(l)) drop_kept(l);
}

/* What came while the loop waited is known by an event; else somebody has to look. */
static bool has_ended(pl_link *l)
{
    bool was_waited_for = ev_iteration(pl_loop_ev(l->all->loop)) != l->kept_in_round;
    return (!was_waited_for || ev_is_pending(&l->io)) && has_input(l);
}

static void on_ready(struct ev_loop *ev, ev_io *io, int events)
{
    (void)ev, (void)events;
    pl_link *l = io->data;
    if (l->owner)
        l->ready(l);
    else
        on_input_unasked(l);
}

/* -- bytes -- */

static CURLcode failure(pl_link *l, CURLcode result, const char *what)
{
    if (pl_transport_must_wait()) return CURLE_AGAIN;
    snprintf(l->detail, sizeof l->detail, "%s failure: %s", what, strerror(errno));
    return result;
}

CURLcode pl_link_send(pl_link *l, pl_slice bytes, size_t *taken)
{
    *taken = 0;
    if (l->is_tls) return curl_easy_send(l->easy, bytes.ptr, bytes.len, taken);
    ssize_t n = send(l->io.fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    if (n < 0) return failure(l, CURLE_SEND_ERROR, "Send");
    *taken = (size_t)n;
    return CURLE_OK;
}

CURLcode pl_link_receive(pl_link *l, char **bytes, size_t *len)
{
    *bytes = l->all->received;
    *len = 0;
    if (l->is_tls) return curl_easy_recv(l->easy, *bytes, RECEIVE_BYTES, len);
    ssize_t n = recv(l->io.fd, *bytes, RECEIVE_BYTES, 0);
    if (n < 0) return failure(l, CURLE_RECV_ERROR, "Recv");
    *len = (size_t)n;
    return CURLE_OK;
}

bool pl_link_has_more(const pl_link *l, size_t len)
{
    return l->is_tls || len == RECEIVE_BYTES;
}

pl_buf *pl_link_scratch(const pl_link *l)
{
    return &l->all->scratch;
}

void pl_link_flush_later(pl_link *l, pl_flush *f)
{
    pl_loop_flush_later(l->all->loop, f);
}

void pl_link_flush_cancel(pl_link *l, pl_flush *f)
{
    pl_loop_flush_cancel(l->all->loop, f);
}

void pl_link_call(pl_link *l)
{
    ev_feed_event(pl_loop_ev(l->all->loop), &l->io, EV_READ);
}

void pl_link_watch_output(pl_link *l, bool do_watch)
{
    struct ev_loop *ev = pl_loop_ev(l->all->loop);
    int events = EV_READ | (do_watch ? EV_WRITE : 0);
    if ((l->io.events & (EV_READ | EV_WRITE)) == events) return;
    ev_io_stop(ev, &l->io);
    ev_io_set(&l->io, l->io.fd, events);
    ev_io_start(ev, &l->io);
}

/* -- their lives -- */

/* A handle for the next link. */
static void give_handle(pl_link *l)
{
    pl_links *all = l->all;
    if (l->easy == NULL) return;
    if (all->spare_count == SPARE_HANDLES) {
        curl_easy_cleanup(l->easy);
    } else {
        if (l->is_special) curl_easy_reset(l->easy);
        if (l->is_special) all->rules(all->arg, l->easy);
        all->spare[all->spare_count++] = l->easy;
    }
    l->easy = NULL;
}

static CURL *take_handle(pl_links *all)
{
    if (all->spare_count) return all->spare[--all->spare_count];
    CURL *easy = curl_easy_init();
    if (easy == NULL) abort();
    all->rules(all->arg, easy);
    return easy;
}

pl_link *pl_links_find(pl_links *all, pl_slice way)
{
    for (pl_link *l = *chain_of(all, way), *next; l; l = next) {
        next = l->next;
        if (!pl_slice_eq(pl_buf_slice(&l->way), way)) continue;
        if (has_ended(l)) {
            drop_kept(l);
            continue;
        }
        remove_kept(l);
        pl_wheel_stop(pl_loop_wheel(all->loop), &l->age);
        return l;
    }
    return NULL;
}

pl_link *pl_link_new(pl_links *all)
{
    pl_link *l = pl_alloc_zero(sizeof *l);
    l->all = all;
    l->easy = take_handle(all);
    pl_buf_init(&l->way);
    pl_timer_init(&l->age, on_age);
    ev_init(&l->io, on_ready);
    l->io.data = l;
    return l;
}

static void note_peer(pl_link *l, int fd, const char *text)
{
    socklen_t len = sizeof l->peer;
    snprintf(l->peer_text, sizeof l->peer_text, "%s", text);
    if (getpeername(fd, (struct sockaddr *)&l->peer, &len) != 0)
        l->peer.ss_family = AF_UNSPEC; /* which no guard lets pass */
}

/* libcurl's part ends here. */
static void take_socket(pl_link *l, int fd)
{
    pl_shard_take(l->shard, l->easy, fd);
    l->shard = NULL;
    give_handle(l);
}

bool pl_link_opened(pl_link *l, pl_slice way, const char *peer_text, bool is_tls)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(l->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (fd == CURL_SOCKET_BAD) return false;
    l->is_open = true;
    l->is_tls = is_tls;
    if (is_tls)
        pl_shard_release(l->shard, fd);
    else
        take_socket(l, fd);
    note_peer(l, fd, peer_text);
    pl_buf_put_slice(&l->way, way);
    ev_io_set(&l->io, fd, EV_READ);
    ev_io_start(pl_loop_ev(l->all->loop), &l->io);
    return true;
}

void pl_link_keep(pl_link *l)
{
    pl_links *all = l->all;
    l->owner = NULL;
    l->was_kept = true;
    l->kept_in_round = ev_iteration(pl_loop_ev(all->loop));
    pl_link_watch_output(l, false);
    if (all->kept_count == KEPT_LINKS) drop_kept(all->oldest);
    add_kept(all, l);
    pl_wheel_start(pl_loop_wheel(all->loop), &l->age, KEPT_MS);
}

void pl_link_drop(pl_link *l)
{
    ev_io_stop(pl_loop_ev(l->all->loop), &l->io);
    pl_wheel_stop(pl_loop_wheel(l->all->loop), &l->age);
    if (l->shard) pl_shard_detach(l->shard, l->easy);
    if (l->is_open && !l->is_tls) close(l->io.fd);
    give_handle(l);
    pl_buf_fini(&l->way);
    free(l);
}

pl_links *pl_links_new(pl_loop *loop, pl_link_rules_fn *rules, void *arg)
{
    pl_links *all = pl_alloc_zero(sizeof *all);
    all->loop = loop;
    all->rules = rules;
    all->arg = arg;
    return all;
}

void pl_links_free(pl_links *all)
{
    while (all->oldest)
        drop_kept(all->oldest);
    while (all->spare_count)
        curl_easy_cleanup(all->spare[--all->spare_count]);
    pl_buf_fini(&all->scratch);
    free(all);
}
