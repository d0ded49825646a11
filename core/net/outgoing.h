/* SPDX-License-Identifier: MIT
 *
 * A pl_request in the bytes of HTTP/1.1, or put on a libcurl handle. Private to net/. */
#ifndef PL_NET_OUTGOING_H
#define PL_NET_OUTGOING_H

#include "base/arena.h"
#include "base/buf.h"
#include "flow/message.h"
#include "http/url.h"

#include <curl/curl.h>

/* NULL, or why the request cannot go out. */
const char *pl_outgoing_refusal(const pl_request *r, pl_arena *arena);
/* Puts request line and header section (RFC 9112 sections 3 and 5). `url`: the request's, in parts.
 * `user_agent`: when the request has none; or NULL. */
void pl_outgoing_put(pl_buf *out, const pl_request *r, const pl_url *url, const char *user_agent);
/* Sets URL, method, body and fields, whatever stood there before; but for a HEAD, which is for a
 * handle that is reset afterwards. What is set lives in the arena. */
void pl_outgoing_set(CURL *easy, const pl_request *r, const char *user_agent, pl_arena *arena);

#endif
