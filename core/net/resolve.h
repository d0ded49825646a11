/* SPDX-License-Identifier: MIT
 *
 * Host names to addresses without libcurl: of a request that goes through a proxy, libcurl resolves
 * the proxy's name only. Each lookup has a thread of its own for as long as it takes, since
 * getaddrinfo blocks and cannot be stopped. Private to net/; worker's thread only. */
#ifndef PL_NET_RESOLVE_H
#define PL_NET_RESOLVE_H

#include "base/slice.h"
#include "net/loop.h"

#include <netdb.h>

typedef struct pl_resolver pl_resolver;
typedef struct pl_lookup pl_lookup;

/* `addresses` lives until the function returns; NULL with what went wrong. */
typedef void pl_lookup_fn(void *arg, const struct addrinfo *addresses, const char *error);

pl_resolver *pl_resolver_new(pl_loop *loop);
/* No callback comes any more; threads that still wait end on their own. */
void pl_resolver_free(pl_resolver *r);
/* `done` is called once, later and from the loop. NULL when there can be no further thread. */
pl_lookup *pl_resolver_start(pl_resolver *r, pl_slice host, uint16_t port, pl_lookup_fn *done,
                             void *arg);
/* The callback does not come; not after it came. */
void pl_lookup_cancel(pl_lookup *l);

#endif
