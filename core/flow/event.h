/* SPDX-License-Identifier: MIT
 *
 * An event: its document, byte for byte as it came (with `id` and `time` put in front when they
 * were missing), and the spans of its known members. Immutable; counted references, all taken and
 * given back on the worker that owns it (the store thread reads it while the worker waits). One
 * allocation; where the values of its document are is found out when somebody asks, by that worker
 * alone. */
#ifndef PL_FLOW_EVENT_H
#define PL_FLOW_EVENT_H

#include "base/id.h"
#include "base/json_index.h"
#include "base/slice.h"

typedef struct pl_event {
    uint32_t refs;
    int64_t seq;         /* the store's number, 0 before the commit */
    int64_t received_ms; /* wall clock */
    bool has_own_id;     /* the client gave the id, so that it says what is a duplicate */
    pl_slice document;   /* the whole JSON object */
    pl_slice data;       /* raw JSON; "null" when there is none */
    pl_slice id, type, time, source, subject; /* unescaped text, empty when absent */
    pl_json_node *nodes;                      /* of pl_event_nodes; NULL: nobody has asked */
    size_t node_count;
    uint32_t keepers; /* of its nodes */
    size_t size;      /* of `bytes` */
    char bytes[];
} pl_event;

/* Events need a type, which is none of the gateway's own; the body of a call must have none, what is tried may have one. */
enum pl_type_rule { PL_TYPE_NEEDED, PL_TYPE_FORBIDDEN, PL_TYPE_OPTIONAL };

typedef struct pl_event_rules {
    int json_depth;
    bool last_wins; /* names that an object has twice: the last one counts; else a fault */
    enum pl_type_rule type;
    pl_buf
        *scratch; /* what pl_event_nodes will be asked for at once is made in it; NULL: it is not */
} pl_event_rules;

/* What is wrong with an event, and where. */
typedef struct pl_event_fault {
    char message[160];
    char pointer[256]; /* JSON pointer of the member (RFC 6901), "" for the whole */
    int line, column;  /* of a syntax error or a repeated name, else 0 */
} pl_event_fault;

/* What the types of the gateway's own events begin with: operator events (notice.h). */
#define PL_EVENT_OWN PL_SLICE("perilune.")
static inline bool pl_event_is_own(const pl_event *e)
{
    return pl_slice_starts(e->type, PL_EVENT_OWN);
}

#define PL_EVENT_MAX_ID   256 /* bytes of id */
#define PL_EVENT_MAX_TYPE 256

/* One event of its JSON: a new event with one reference, or PL_E_BAD_JSON / PL_E_BAD_EVENT with
 * *fault filled. `id` and `type` are non-empty strings within their limits, `time` an RFC 3339
 * text, `source` and `subject` strings. */
int pl_event_parse(pl_slice json, const pl_event_rules *rules, pl_rng *rng, int64_t now_ms,
                   pl_event **out, pl_event_fault *fault);
/* An event of a document that the store kept. NULL when it is none (a damaged store). */
pl_event *pl_event_of_document(pl_slice document, int64_t seq, int64_t received_ms);
/* Where the values of its document are, `count` of them; they stay until pl_event_drop_nodes. On the
 * worker that owns it. */
const pl_json_node *pl_event_nodes(const pl_event *e, size_t *count);
/* They weigh as much as the event itself, which may wait for long: whoever was busy with it and is
 * through drops them, unless somebody keeps them, who will ask for them soon. NULL is fine. */
void pl_event_drop_nodes(const pl_event *e);
void pl_event_keep_nodes(pl_event *e);
/* Of who has kept them; with the last they are dropped. */
void pl_event_let_nodes(pl_event *e);
/* Bytes of memory, about, its nodes included. */
size_t pl_event_weight(const pl_event *e);
pl_event *pl_event_ref(pl_event *e);
void pl_event_unref(pl_event *e);

#endif
