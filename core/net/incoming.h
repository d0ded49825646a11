/* SPDX-License-Identifier: MIT
 *
 * The answer of a transfer, put together within the limits from what comes on a link, or from what
 * libcurl hands over. Interim answers and trailers are left out; of several answers (request->auth)
 * the last one stays.
 * Private to net/. */
#ifndef PL_NET_INCOMING_H
#define PL_NET_INCOMING_H

#include "base/arena.h"
#include "base/buf.h"
#include "flow/message.h"
#include "http/answer.h"
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

/* So many bytes of heads have come, of which all but a part that is still growing are done with.
 * False: too many, as the notes say. */
bool pl_incoming_count_head(pl_incoming *in, size_t len, bool is_growing);
/* Status and fields, which are copied. */
void pl_incoming_take_head(pl_incoming *in, const pl_http_answer *answer);
/* Bytes of the body; `is_all`: nothing came before them or comes behind. False: there is no room for
 * all of them, as the notes say. */
bool pl_incoming_put_body(pl_incoming *in, pl_slice bytes, bool is_all);
/* Why more of the body is not taken: PL_E_TOO_LARGE or PL_E_MEMORY. */
void pl_incoming_refuse_body(pl_incoming *in, int code);
/* The body that came becomes the response's. */
void pl_incoming_end_body(pl_incoming *in);

/* Has libcurl call it, which must stay where it is until the transfer is over. */
void pl_incoming_watch(CURL *easy, pl_incoming *in);
/* Has it told, too, of what goes out, if the request wants authentication. */
void pl_incoming_watch_auth(CURL *easy, pl_incoming *in);

#endif
