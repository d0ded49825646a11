/* SPDX-License-Identifier: MIT
 *
 * What the host of a request is compared with: names of this machine itself, and names as settings
 * have them. Pure. */
#ifndef PL_HTTP_HOST_H
#define PL_HTTP_HOST_H

#include "base/slice.h"

/* localhost and names below it (RFC 6761 section 6.3), and addresses of loopback. `host` as
 * pl_url_authority gives it. */
bool pl_host_is_local(pl_slice host);
/* Is the host what the pattern names? "*" names all, "*.example.com" every name below example.com;
 * anything else itself, in any letters, with or without the dot of the root or the brackets of an
 * IPv6 literal. */
bool pl_host_matches(pl_slice pattern, pl_slice host);
/* Can it be a pattern? */
bool pl_host_is_pattern(pl_slice pattern);

#endif
