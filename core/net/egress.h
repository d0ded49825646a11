/* SPDX-License-Identifier: MIT
 *
 * The egress guard: may a socket be opened to this address? Judged on the resolved
 * address at the moment of opening, so that DNS cannot change its mind.
 * Loopback, private, link-local, metadata, multicast and the like are refused
 * unless allowed by the gateway's settings. Immutable once made; any thread. */
#ifndef PL_NET_EGRESS_H
#define PL_NET_EGRESS_H

#include "base/slice.h"

#include <sys/socket.h>

typedef struct pl_egress pl_egress;

/* `allow`: addresses and CIDR blocks ("127.0.0.1", "10.0.0.0/8", "::1"). NULL with *bad = index of
 * the entry that is neither. */
pl_egress *pl_egress_new(const char *const *allow, size_t count, size_t *bad);
void pl_egress_free(pl_egress *e);
/* NULL when the address is allowed, else what it is ("loopback", "private network", ...). An
 * address that cannot be judged is refused. */
const char *pl_egress_refusal(const pl_egress *e, const struct sockaddr *address);

#endif
