/* SPDX-License-Identifier: MIT
 *
 * What the engine sees of one loaded set of scripts: for each webhook the policy that C acts on,
 * and the stages that scripts carry out. script/ puts this struct at the front of its own. One
 * worker's; counted references: every exchange holds one, so that work under way finishes on the
 * scripts it began with. */
#ifndef PL_FLOW_GENERATION_H
#define PL_FLOW_GENERATION_H

#include "base/arena.h"
#include "base/err.h"
#include "flow/event.h"
#include "flow/message.h"
#include "flow/order.h"
#include "flow/passage.h"

typedef struct pl_exchange pl_exchange;
typedef struct pl_generation pl_generation;
typedef struct pl_reception pl_reception; /* flow/reception.h */

typedef struct pl_statuses {
    uint8_t bits[600 / 8]; /* one for each status */
} pl_statuses;

/* Which outcomes are tried again. The gateway's own troubles are, whatever a rule says. */
typedef struct pl_retry_rule {
    bool classes[PL_ERR_COUNT]; /* by ordinal; that of http_status does not count, but */
    pl_statuses statuses;
} pl_retry_rule;

#define PL_FOR_EVER (-1)

/* How long what has ended of one connector is kept; 0: as the settings say. */
typedef struct pl_keep {
    int64_t age_ms, payload_ms; /* or PL_FOR_EVER; of payloads: as long as the rest */
    int64_t deliveries, bytes;  /* so many of the newest, as they weigh; 0: any */
} pl_keep;

typedef struct pl_policy {
    pl_slice connector, webhook; /* ids */
    int64_t timeout_ms;          /* 0: the setting for deliveries, or for calls */
    int64_t connect_timeout_ms;  /* 0: the setting */
    pl_redirects redirects;
    const int64_t *delays_ms;  /* before the second, third, ... attempt */
    uint32_t delay_count;      /* 0: one attempt and no more */
    double jitter;             /* a delay is multiplied by a factor in [1 - jitter, 1 + jitter] */
    int64_t max_age_ms;        /* of a delivery at an attempt; 0: any */
    const pl_retry_rule *rule; /* NULL: the usual one */
    pl_statuses disable_on;    /* answers to deliveries that disable the webhook */
    pl_rate rate;              /* of the connector, all its webhooks together; or */
    pl_slice own_quota;        /* of the webhook, under this name in the quotas; empty: it is not */
    pl_keep keep;              /* of the connector */
    enum pl_order_rule order;  /* when deliveries that have a key fail */
    bool order_is_shared;      /* with the connector's other webhooks that say so */
    bool has_on_unauthorized;  /* its authenticator is asked what to do about a 401 */
    bool has_on_failed;        /* hooks hear of its failures */
    bool is_for_operators;     /* its trigger is an operator event */
} pl_policy;

typedef struct pl_route {
    uint32_t webhook;   /* index into policies */
    bool undecided;     /* its `when` or `order_by` raised an error: render asks again, before each
                           attempt */
    pl_slice order_key; /* empty: it waits for no other */
} pl_route;

typedef struct pl_routes {
    pl_route *items;
    uint32_t count;
    pl_slice reason; /* with count 0: why nothing wants the event */
} pl_routes;

/* A place where foreign webhooks come in: /v1/sources/NAME. */
typedef struct pl_source {
    pl_slice name;
    pl_slice place; /* "file:line" of its script */
    bool verifies;  /* it says itself whom it believes; others are guarded as POST /v1/events is */
    bool takes_get, takes_post;
} pl_source;

struct pl_generation {
    uint32_t refs;
    uint64_t number; /* counts the loads of this process, from 1 */
    bool https_only; /* its requests, those of scripts too */
    const pl_policy *policies;
    uint32_t policy_count;
    pl_limits limits; /* of destinations */
    uint32_t notices; /* kinds of operator events that triggers name, a bit for each */
    const pl_source *sources;
    uint32_t source_count;
    bool has_ingress; /* who has no token may be verified by scripts instead */
    void (*free)(pl_generation *g);

    /* Never waits, never fails: a webhook whose `when` cannot be asked is undecided. No script runs
     * where the type alone decides. Result in the arena. */
    void (*route)(pl_generation *g, const pl_event *event, pl_arena *arena, pl_routes *routes);
    /* Index of a webhook, or -1. With an empty webhook id: 0 when the connector exists. */
    int64_t (*find)(pl_generation *g, pl_slice connector, pl_slice webhook);
    /* The script stages. Each: 0; PL_WAIT, then pl_engine_resume comes; or a PL_E_* code with
     * x->error_text set (in the arena). Render gives PL_E_CANCELLED when an undecided `when` says
     * no. */
    int (*render)(pl_generation *g, pl_exchange *x);
    int (*authenticate)(pl_generation *g, pl_exchange *x);
    int (*map)(pl_generation *g, pl_exchange *x);
    /* Where the policy says so; otherwise they may be NULL.
     *
     * The answer to the first round is a 401. 0: that is the answer; PL_AGAIN: once more from
     * render, on what is left of the time. Either way the code may come with pl_engine_resume. */
    int (*unauthorized)(pl_generation *g, pl_exchange *x);
    /* The attempt has failed, in any stage, and what scripts held may be released already:
     * x->error, x->failed_stage, x->error_text and pl_exchange_will_retry say how. What goes wrong
     * here is logged and changes nothing. */
    int (*failed)(pl_generation *g, pl_exchange *x);
    /* The exchange is over, or cancelled while a script waits: what scripts hold for it is
     * forgotten. */
    void (*release)(pl_generation *g, pl_exchange *x);
    /* Verifies an inbound request and, with a source, makes events of it: 0; PL_WAIT, then
     * `received` comes; PL_E_UNVERIFIED or PL_E_SOURCE with r->text. NULL where there are neither
     * sources nor an ingress. */
    int (*receive)(pl_generation *g, pl_reception *r);
    /* What scripts hold for it is forgotten; one that waits is given up. */
    void (*dismiss)(pl_generation *g, pl_reception *r);
    /* JSON of the loaded connectors, or of one (PL_E_UNKNOWN_CONNECTOR), as GET /v1/connectors
     * shows them. */
    int (*describe)(pl_generation *g, pl_slice connector, pl_buf *out);
};

static inline pl_generation *pl_generation_ref(pl_generation *g)
{
    g->refs++;
    return g;
}

static inline void pl_generation_unref(pl_generation *g)
{
    if (g && --g->refs == 0) g->free(g);
}

#endif
