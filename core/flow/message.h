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

/* Authentication in which the receiver asks and is answered, within one transfer. */
typedef enum pl_auth_kind {
    PL_AUTH_NONE,
    PL_AUTH_DIGEST, /* RFC 7616 */
    PL_AUTH_NTLM,   /* MS-NLMP; belongs to the connection */
} pl_auth_kind;

typedef struct pl_auth {
    pl_auth_kind kind;
    pl_slice user, password; /* of NTLM the user may be domain\user */
} pl_auth;

/* PEM; without a pointer: none. */
typedef struct pl_tls {
    pl_slice certificate; /* the client's, and behind it what leads to its authority */
    pl_slice key;
    pl_slice passphrase; /* of an encrypted key */
    pl_slice ca;         /* the only authorities that count, instead of the gateway's */
} pl_tls;

/* What a request goes through on its way to the receiver; with an empty URL straight there. */
typedef struct pl_proxy {
    pl_slice url; /* http://host:port or socks5h://host:port */
    pl_slice user, password;
} pl_proxy;

typedef struct pl_redirects {
    uint32_t most;      /* that are followed; 0: the redirect is the answer */
    bool may_downgrade; /* from https to http */
} pl_redirects;

typedef struct pl_request {
    pl_slice method;
    pl_slice url; /* absolute */
    pl_field *fields,
        *last; /* in the order in which they were set; names compare with case folded */
    pl_slice body;
    bool has_body;      /* an empty body is a body too */
    bool body_is_event; /* `body` is the event's document, byte for byte */
    pl_auth auth;       /* not beside a field Authorization */
    pl_tls tls;
    bool https_only; /* else it is not sent */
    bool has_proxy;  /* else the client's usual one is taken */
    pl_proxy proxy;
    pl_redirects redirects;
    int64_t timeout_ms; /* connect to last byte */
    int64_t connect_timeout_ms;
} pl_request;

/* Microseconds since the start of the transfer at which each phase ended; 0: there was none (a
 * reused connection). Of an attempt also how long it waited from when it could have begun, and how
 * long its scripts took, what they waited for included. */
typedef struct pl_timings {
    int64_t dns_us, connect_us, tls_us, first_byte_us, total_us, queue_us, script_us;
} pl_timings;

/* A redirect that was followed. */
typedef struct pl_hop {
    int status;
    pl_slice url; /* to where */
    struct pl_hop *next;
} pl_hop;

typedef struct pl_response {
    int status;       /* 0: no answer came */
    pl_field *fields; /* in the order in which they came */
    pl_slice body;
    pl_timings timings;
    bool connection_reused;
    bool was_sent; /* the receiver may have seen a request, this one or one that led here */
    char peer[64]; /* address and port that answered, "" before a connection */
    pl_hop *hops;  /* in the order in which they were followed */
    const char *error_text; /* what went wrong in words; NULL when nothing did */
} pl_response;

/* Sets a field, replacing those of the same name; Authorization replaces what set_auth set.
 * Copies into the arena. */
pl_field *pl_request_set_field(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value);
/* The same without copies: name and value live as long as the request. */
pl_field *pl_request_put_field(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value);
/* Adds name=value, percent-encoded, to the query of the URL, in the arena. */
void pl_request_add_query(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value);
void pl_request_remove_field(pl_request *r, pl_slice name);
/* Replaces the field Authorization. Copies into the arena. */
void pl_request_set_auth(pl_request *r, pl_arena *arena, pl_auth auth);
/* Why these credentials cannot be used, or NULL. */
const char *pl_auth_fault(const pl_auth *auth);
/* Why this cannot be the URL of a proxy, or NULL. */
const char *pl_proxy_fault(pl_slice url);
pl_field *pl_fields_find(pl_field *fields, pl_slice name);

#endif
