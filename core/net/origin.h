/* SPDX-License-Identifier: MIT
 *
 * Where a request goes, for a handle of libcurl. libcurl takes each URL apart and puts it together
 * again through its printf. Most requests of a handle go where its last one went: then it is told
 * what it made of that origin (scheme, host, port) before, and the rest as it stands, which is the
 * request's target. Private to net/. */
#ifndef PL_NET_ORIGIN_H
#define PL_NET_ORIGIN_H

#include "base/arena.h"
#include "base/buf.h"
#include "http/url.h"

#include <curl/curl.h>

/* All zero: none yet. */
typedef struct pl_origin {
    pl_buf text;
    CURLU *parsed; /* the text's */
} pl_origin;

/* Frees what it holds: when no handle has it any more. */
void pl_origin_fini(pl_origin *o);
/* Puts the URL, of which `parts` are the parts, on the handle: the target as it is written, without
 * a fragment. Relative redirects of the answer cannot be told, nor what digest authentication proves
 * of a URL. What libcurl does not take it refuses when the transfer begins. */
void pl_origin_set(pl_origin *o, CURL *easy, pl_slice url, const pl_url *parts, pl_arena *arena);
/* Takes that off the handle again. */
void pl_origin_unset(CURL *easy);

#endif
