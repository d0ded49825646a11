/* SPDX-License-Identifier: MIT
 *
 * Which webhooks want an event, where its type alone decides. Types with webhooks that ask the event
 * for more than that (a key, applies_to, when, order_by) are not in here: scripts route those. */
#ifndef PL_FLOW_ROUTER_H
#define PL_FLOW_ROUTER_H

#include "base/arena.h"
#include "base/slice.h"

#include <stdint.h>

typedef struct pl_router_entry {
    pl_slice type; /* ptr NULL: the place is empty */
    const uint32_t *webhooks;
    uint32_t count;
} pl_router_entry;

/* All zero is a router that knows no type. */
typedef struct pl_router {
    pl_router_entry *table;
    uint32_t mask; /* of places in the table; their count is a power of two */
} pl_router;

/* For so many types, each of which is put once; the table is in the arena. */
void pl_router_init(pl_router *r, uint32_t types, pl_arena *arena);
/* The type and the webhooks, as indices of policies, live as long as the router. */
void pl_router_put(pl_router *r, pl_slice type, const uint32_t *webhooks, uint32_t count);
/* NULL: scripts know. */
const pl_router_entry *pl_router_find(const pl_router *r, pl_slice type);

#endif
