/* SPDX-License-Identifier: MIT
 *
 * The outbound side of an exchange: the request that render and authenticate write, the response
 * that send writes. All bytes live in the exchange's arena (or, for the default body, in its
 * event). */
#ifndef PL_FLOW_MESSAGE_H
#define PL_FLOW_MESSAGE_H

#include "base/arena.h"
#include "base/slice.h"

#include <stdint.h>

typedef struct pl_field {
    pl_slice name, value;
    pl_slice shown; /* the value as it may be printed and recorded; ptr NULL: the same as `value` */
    struct pl_field *next;
} pl_field;

typedef struct pl_request {
    pl_slice method;
    pl_slice url; /* absolute */
    pl_field *fields,
        *last; /* in the order in which they were set; names compare with case folded */
    pl_slice body;
    bool has_body;      /* an empty body is a body too */
    bool body_is_event; /* `body` is the event's document, byte for byte */
    int64_t timeout_ms; /* connect to last byte */
    int64_t connect_timeout_ms;
} pl_request;

/* Microseconds since the start of the transfer at which each phase ended; 0: there was none (a
 * reused connection). */
typedef struct pl_timings {
    int64_t dns_us, connect_us, tls_us, first_byte_us, total_us;
} pl_timings;

typedef struct pl_response {
    int status;       /* 0: no answer came */
    pl_field *fields; /* in the order in which they came */
    pl_slice body;
    pl_timings timings;
    bool connection_reused;
    char peer[64];          /* address and port that answered, "" before a connection */
    const char *error_text; /* what went wrong in words; NULL when nothing did */
} pl_response;

/* Sets a field, replacing those of the same name. Copies into the arena. */
pl_field *pl_request_set_field(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value);
pl_field *pl_fields_find(pl_field *fields, pl_slice name);

#endif
