/* SPDX-License-Identifier: MIT
 *
 * The egress guard: may a request to this host go to this address? Judged on the resolved address,
 * so that DNS cannot change its mind. Loopback, private, link-local, metadata, multicast and the
 * like are refused unless the gateway's settings allow them. Immutable once made; any thread. */
#ifndef PL_NET_EGRESS_H
#define PL_NET_EGRESS_H

#include "base/slice.h"

#include <sys/socket.h>

typedef struct pl_egress pl_egress;

typedef struct pl_egress_fault {
    size_t index;     /* of the entry */
    const char *text; /* goes on behind the entry: "is no address ..." */
} pl_egress_fault;

/* `allow`: a single address ("127.0.0.1", "::1") opens itself, whatever
 * it is; a CIDR block ("10.0.0.0/8") what is in it of private networks (RFC 1918, RFC 6598, RFC
 * 4193); a host ("erp.internal", or "*.internal" for all names below it) private networks for the
 * requests to it. NULL with *fault at an entry that is none of these or would open nothing. */
pl_egress *pl_egress_new(const char *const *allow, size_t count, pl_egress_fault *fault);
void pl_egress_free(pl_egress *e);
/* NULL when a request to `host` (as in the URL) may go to the address, else what the address is
 * ("loopback", "private network", ...). An address that cannot be judged is refused. */
const char *pl_egress_refusal(const pl_egress *e, const struct sockaddr *address, pl_slice host);
/* The same as a sentence: false with it in `text`. */
#define PL_EGRESS_TEXT 160
bool pl_egress_allows(const pl_egress *e, const struct sockaddr *address, pl_slice host,
                      char text[PL_EGRESS_TEXT]);
/* Is the host an address in any of the forms that resolvers take ("10.0.0.1", "::1", "0x7f.1"), or
 * "localhost", and refused? Of any other name only a resolver knows. */
bool pl_egress_refuses_host(const pl_egress *e, pl_slice host, char text[PL_EGRESS_TEXT]);
/* The address that a host of such a form is. */
bool pl_egress_literal(pl_slice host, struct sockaddr_storage *address);

#endif
