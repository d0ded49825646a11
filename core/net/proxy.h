/* SPDX-License-Identifier: MIT
 *
 * A request by way of a proxy, and whose fault it is when that fails. Private to net/. */
#ifndef PL_NET_PROXY_H
#define PL_NET_PROXY_H

#include "base/arena.h"
#include "flow/message.h"

#include <curl/curl.h>

/* Without a URL there is none. */
void pl_proxy_set(CURL *easy, const pl_proxy *proxy, pl_arena *arena);
/* Is the tunnel to the receiver open? What was sent before is for the proxy. */
bool pl_proxy_is_open(CURL *easy);
/* The code of a transfer that failed with `code` on its way through a proxy: PL_E_PROXY where it is
 * the proxy's fault; PL_E_CONNECT where the proxy says that it cannot reach the receiver.
 * `is_connected`: to the proxy. */
int pl_proxy_blame(CURL *easy, CURLcode result, int code, bool is_connected);

#endif
