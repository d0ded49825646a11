/* SPDX-License-Identifier: MIT
 *
 * The answer of a transfer, put together from what libcurl hands over, within the limits. Interim
 * answers and trailers are left out; of several answers (request->auth) the last one stays.
 * Private to net/. */
#ifndef PL_NET_INCOMING_H
#define PL_NET_INCOMING_H

#include "base/arena.h"
#include "base/buf.h"
#include "flow/message.h"
#include "net/outcome.h"

#include <curl/curl.h>

typedef struct pl_incoming {
    const pl_request *request;
    pl_response *response; /* gets the fields */
    pl_arena *arena;
    size_t max_body_bytes, max_head_bytes;

    pl_buf body;
    pl_outcome_notes notes;
    pl_field *last_field;
    size_t header_bytes;
    char status_class; /* '1' to '5', of the status line */
    bool is_proven;    /* with request->auth: the last request has shown who sends it */
} pl_incoming;

/* Has libcurl call it, which must stay where it is until the transfer is over. */
void pl_incoming_watch(CURL *easy, pl_incoming *in);
/* Has it told, too, of what goes out, if the request wants authentication. */
void pl_incoming_watch_auth(CURL *easy, pl_incoming *in);

#endif
