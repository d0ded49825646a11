/* SPDX-License-Identifier: MIT
 *
 * A transfer, and what of it libcurl has to do. client.c leads it; dial.c tells libcurl, and answers
 * what it asks, while the transfer's link is in its hands. Private to net/. */
#ifndef PL_NET_TRANSFER_H
#define PL_NET_TRANSFER_H

#include "net/client.h"
#include "net/incoming.h"
#include "net/link.h"
#include "net/resolve.h"
#include "net/roundtrip.h"

struct pl_transfer {
    pl_transfer *next, **link_of; /* under way */
    pl_client *client;
    pl_link *link; /* NULL: has none (now) */
    pl_url url;    /* the request's */
    pl_slice way;  /* of links that it may take */
    pl_roundtrip trip;
    pl_proxy proxy;
    pl_lookup *lookup; /* under way: the addresses are to be judged before the proxy is asked */
    uint32_t hops;
    pl_hop *last_hop;
    uint64_t began_us;
    uint64_t launched_us; /* the hop under way, when it could begin */
    uint64_t dialed_us;   /* when libcurl was asked last */
    pl_timer deadline;    /* of a round trip; libcurl has its own */
    pl_timer unsent;      /* nothing was begun: fires to say why */
    int unsent_code;

    pl_transfer_fn *done;
    void *arg;

    pl_incoming in;
};

struct pl_client {
    pl_loop *loop;
    pl_client_config config;
    pl_shards *shards;
    pl_links *links;
    pl_resolver *resolver; /* made when it is first needed */
    pl_transfer *active;
    pl_client_metrics metrics;
};

/* Once per process. NULL, or the version of a libcurl that cannot be used here. */
const char *pl_dial_init(void);
/* For pl_links_new: the client's rules of a handle. */
void pl_dial_rules(void *client, CURL *easy);
/* What libcurl calls (shard.h): the connection of a handle is there. */
void pl_dial_connected(CURL *easy);
/* The transfer whose link this is the handle of. */
pl_transfer *pl_dial_transfer(CURL *easy);
/* Asks the guard; false with the refusal noted. */
bool pl_dial_is_allowed(pl_transfer *t, const struct sockaddr *address);
/* Does its link have nothing but where it goes? Only such handles and links are alike. */
bool pl_dial_is_plain(const pl_transfer *t);
/* Has libcurl open a link for the transfer, or carry it as a whole, in what is left of its time: 0 or
 * PL_E_INTERNAL. What becomes of it the callback of the shards says. */
int pl_dial_open(pl_transfer *t);
int pl_dial_carry(pl_transfer *t);
/* What is left of the request's time, at least 1; 0: it has no end. */
int64_t pl_dial_left_ms(const pl_transfer *t, uint64_t now_us);

#endif
