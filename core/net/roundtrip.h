/* SPDX-License-Identifier: MIT
 *
 * One request and its answer in HTTP/1.1 on an open link (RFC 9112): the request is sent while the
 * answer is read already, interim answers are passed over, the body has its framing and its content
 * coding undone. Private to net/. */
#ifndef PL_NET_ROUNDTRIP_H
#define PL_NET_ROUNDTRIP_H

#include "http/answer.h"
#include "http/chunked.h"
#include "http/url.h"
#include "net/coding.h"
#include "net/incoming.h"
#include "net/link.h"
#include "net/loop.h"

typedef struct pl_roundtrip pl_roundtrip;

/* From the loop. In the words of libcurl: CURLE_OK with a whole answer, or CURLE_SEND_ERROR,
 * CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_WEIRD_SERVER_REPLY,
 * CURLE_BAD_CONTENT_ENCODING or CURLE_WRITE_ERROR, with the link's detail or the notes' refusal. */
typedef void pl_roundtrip_fn(pl_roundtrip *r, CURLcode result);

struct pl_roundtrip {
    pl_link *link;
    pl_incoming *in;
    pl_roundtrip_fn *done;
    uint64_t first_byte_us; /* when that of the answer came; 0: none did */
    uint64_t last_us;       /* when the last byte, the end or an error came */
    bool can_be_kept;       /* when it is done: the link is ready for another request */

    /* Its own. */
    pl_slice unsent[2];
    pl_flush flush;
    bool has_failed; /* to send; an answer may be there all the same */
    bool is_head, is_in_body, is_over;
    CURLcode result; /* when it is over */
    pl_buf head;     /* what there is of a head that does not come at once */
    size_t seen;
    pl_http_answer answer; /* its slices live only while the head is taken */
    uint64_t left;         /* of the body, of known length */
    pl_chunked chunked;
    pl_coding *coding; /* of the body */
    bool is_known;     /* it is a coding that can be undone, or none */
};

/* Begins. What the request says lives on until it is done or given up; `done` never comes from
 * within. */
void pl_roundtrip_start(pl_roundtrip *r, pl_link *link, pl_incoming *in, const pl_url *url,
                        const char *user_agent, pl_roundtrip_fn *done);
/* Frees what it holds, done or not. The link is the caller's again. */
void pl_roundtrip_end(pl_roundtrip *r);

#endif
