/* SPDX-License-Identifier: MIT
 *
 * What became of a transfer, as libcurl or the round trip on a link says it, in the words of
 * base/err.h. Private to net/. */
#ifndef PL_NET_OUTCOME_H
#define PL_NET_OUTCOME_H

#include "base/arena.h"
#include "flow/message.h"

#include <curl/curl.h>

/* What the client itself saw of the transfer. */
typedef struct pl_outcome_notes {
    const char *refusal; /* why the client or the egress guard stopped it; NULL: neither did */
    int refusal_code; /* then: PL_E_TOO_LARGE, _AUTH, _PROTOCOL; or of no socket PL_E_EGRESS or PL_E_CONNECT */
    bool is_proxied;
    bool is_connected; /* libcurl waited for what the other side has to say */
    bool was_opened;   /* the guard let at least one socket open */
    bool is_open;      /* the link is: what goes wrong from now on is between us and the receiver */
    bool was_sent;     /* and bytes of the request went out on it */
    bool has_answer;   /* something of an answer came */
    bool head_is_over; /* and all of its header section; what follows is a trailer */
    const char *detail; /* libcurl's error buffer */
} pl_outcome_notes;

/* 0, or the code, with response->error_text set. `easy` is not looked at once the link is open. */
int pl_outcome_of(CURL *easy, CURLcode result, const pl_outcome_notes *notes,
                  const pl_request *request, pl_response *response, pl_arena *arena);
/* Of a transfer that libcurl carried: status, timings, peer, was_sent. Gives whether the connection
 * was a new one. */
bool pl_outcome_measure(CURL *easy, const pl_outcome_notes *notes, pl_response *response);
/* Of a link that libcurl has opened, or could not open: timings, peer. Gives whether there was a
 * connection. */
bool pl_outcome_opened(CURL *easy, pl_response *response);

#endif
