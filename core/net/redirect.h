/* SPDX-License-Identifier: MIT
 *
 * Redirects (RFC 9110 section 15.4), for requests that follow them: the next request, made of the
 * one before and its answer. No I/O. Private to net/. */
#ifndef PL_NET_REDIRECT_H
#define PL_NET_REDIRECT_H

#include "base/arena.h"
#include "flow/message.h"

/* Where the answer points to (its Location), made absolute; empty: nowhere. */
pl_slice pl_redirect_location(const pl_request *r, const pl_response *response, pl_arena *arena);
/* Is this an answer that sends the request elsewhere? `location`: the field, made absolute. */
bool pl_redirect_is_one(const pl_request *r, const pl_response *response, pl_slice location);
/* Fills `next`, which borrows of `r`; `hops` were followed before. 0, or PL_E_REDIRECT with the
 * reason in *text. 303 turns all but HEAD into a GET, 301 and 302 a POST (as browsers do); 307 and
 * 308 send method and body again. To another origin no credentials go: not Authorization and
 * Cookie, nothing that a secret is in, no signatures, no client certificate, nor digest and NTLM. */
int pl_redirect_next(const pl_request *r, const pl_response *response, pl_slice location,
                     uint32_t hops, pl_request *next, pl_arena *arena, const char **text);
/* What went wrong behind a redirect, as a sentence that says so. */
const char *pl_redirect_explain(pl_slice url, const char *error, pl_arena *arena);

#endif
