/* SPDX-License-Identifier: MIT
 *
 * Connections to receivers. libcurl opens them (CURLOPT_CONNECT_ONLY): names, addresses, proxies'
 * tunnels and TLS are its work. Then HTTP/1.1 is spoken on them here, one request at a time, and
 * they are kept for the next request that goes the same way.
 *
 *   pl_links
 *       |--- kept: open and idle, by their way; closed when the other side closes, or of age
 *       '--- spare: handles of libcurl that nobody uses
 *
 * A link begins as a handle of libcurl. When its connection is there, a plain one is a socket and
 * nothing else; one in TLS stays libcurl's. A request that libcurl carries as a whole takes a link,
 * too, which never opens. Private to net/. */
#ifndef PL_NET_LINK_H
#define PL_NET_LINK_H

#include "base/buf.h"
#include "net/shard.h"

#include <ev.h>
#include <sys/socket.h>

typedef struct pl_links pl_links;
typedef struct pl_link pl_link;

/* The socket of an open link that is in use is ready. */
typedef void pl_link_ready_fn(pl_link *l);
/* Gives a handle of libcurl, which has nothing else, what all have in common. */
typedef void pl_link_rules_fn(void *arg, CURL *easy);

struct pl_link {
    pl_link *next, **link;    /* in a chain of those that are kept */
    pl_link *younger, *older; /* of those that are kept */
    pl_links *all;
    CURL *easy;      /* NULL: a plain one that is open */
    pl_shard *shard; /* NULL: not in libcurl's hands */
    bool is_special; /* the handle has more than the rules, which the next request must not find */

    /* Of an open one. */
    bool is_open, is_tls;
    bool was_kept;          /* has carried a request before */
    unsigned kept_in_round; /* of the loop */
    pl_buf way;             /* what a request must have in common with it to go by it */
    struct sockaddr_storage peer;
    char peer_text[64]; /* its address and port */
    ev_io io;
    pl_timer age;

    /* Of whoever uses it. */
    void *owner;
    pl_link_ready_fn *ready;
    char detail[CURL_ERROR_SIZE]; /* what libcurl says of its failures */
};

pl_links *pl_links_new(pl_loop *loop, pl_link_rules_fn *rules, void *arg);
/* When none is in use. */
void pl_links_free(pl_links *all);
/* An open one that goes this way, of which nothing says that it has ended; NULL: there is none. */
pl_link *pl_links_find(pl_links *all, pl_slice way);
/* With a handle that has the rules and is not in libcurl's hands. */
pl_link *pl_link_new(pl_links *all);

/* Its connection was made: the finished callback of its shard came with success. `peer_text`: the
 * peer's address and port, as libcurl says them. False: it has ended already, and libcurl knew
 * before. */
bool pl_link_opened(pl_link *l, pl_slice way, const char *peer_text, bool is_tls);
/* Waits for the socket to take something, too; for input it always does. */
void pl_link_watch_output(pl_link *l, bool do_watch);
/* CURLE_OK, CURLE_AGAIN, or what went wrong, with `detail`. Of what was not taken, the next send
 * begins with the first byte, and has all of it; in TLS, some of it may have gone out. What was
 * received lives until the next call, for any link, and may be changed; no bytes: the other side has
 * ended. */
CURLcode pl_link_send(pl_link *l, pl_slice bytes, size_t *taken);
CURLcode pl_link_receive(pl_link *l, char **bytes, size_t *len);
/* May more have come that the socket does not tell of? Of what was received last. */
bool pl_link_has_more(const pl_link *l, size_t len);
/* For what is written next on any link. */
pl_buf *pl_link_scratch(const pl_link *l);
/* To send together with others: pl_loop_flush_later and pl_loop_flush_cancel. */
void pl_link_flush_later(pl_link *l, pl_flush *f);
void pl_link_flush_cancel(pl_link *l, pl_flush *f);
/* `ready` is called, from the loop, whatever the socket says. */
void pl_link_call(pl_link *l);
/* For the next request that goes this way; nobody has it any more. */
void pl_link_keep(pl_link *l);
/* Ends what it does, and its connection, and frees it. */
void pl_link_drop(pl_link *l);

#endif
