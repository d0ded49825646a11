/* SPDX-License-Identifier: MIT
 *
 * A request from outside that scripts look at before it is anything to the engine: verifiers say
 * who sent it, and a source turns what it says into events. It belongs to no exchange; it has a
 * trace of its own, which keeps nothing and says whose log lines are whose.
 *
 *   NEW --receive--> 0 or a code
 *        '---------> PL_WAIT ---> received(code)
 *                       '-------> dismissed: its time is over, or its client is gone
 *
 * Whatever the end, `dismiss` is called once, by the owner, and gives up what scripts hold. */
#ifndef PL_FLOW_RECEPTION_H
#define PL_FLOW_RECEPTION_H

#include "flow/certificate.h"
#include "flow/generation.h"
#include "flow/message.h"
#include "flow/trace.h"
#include "http/parse.h"

typedef struct pl_reception pl_reception;
struct pl_reception {
    /* in */
    pl_generation *generation; /* holds a reference until it is dismissed */
    int64_t source;            /* index into its sources; -1: the gateway's ingress, which verifies
                                * and no more */
    const pl_http_request *request;
    pl_slice body;
    const char *client;                /* address text */
    const pl_certificate *certificate; /* the client's; NULL: it has shown none */
    int64_t now_ms, deadline_ms;
    pl_arena *arena; /* of what comes out */
    pl_trace trace;
    void (*received)(pl_reception *r, int code); /* what receive would have returned */
    void *owner;

    /* out */
    pl_slice text;      /* why it was refused, or what went wrong */
    pl_slice traceback; /* of the latter */
    pl_slice events;    /* a JSON array; empty: nothing is to be done */
    bool is_list;       /* the script gave a list of events, be it of one */
    int status;         /* of an answer of the script's own; 0: it has none */
    pl_field *fields;
    pl_slice answer;

    /* script/ */
    uint64_t script_slot;
    int script_ref;
};

#endif
