/* SPDX-License-Identifier: MIT
 *
 * A table with open addressing, at most half full, so that a look-up takes a probe or two however
 * many types there are. */
#include "flow/router.h"

/* The place that holds the type, or the empty one where it belongs. */
static pl_router_entry *place_of(const pl_router *r, pl_slice type)
{
    uint32_t at = pl_slice_hash(type) & r->mask;
    while (r->table[at].type.ptr && !pl_slice_eq(r->table[at].type, type))
        at = (at + 1) & r->mask;
    return &r->table[at];
}

void pl_router_init(pl_router *r, uint32_t types, pl_arena *arena)
{
    uint32_t places = 2;
    while (places < types * 2)
        places *= 2;
    *r = (pl_router){.table = pl_arena_zero(arena, places * sizeof *r->table), .mask = places - 1};
}

void pl_router_put(pl_router *r, pl_slice type, const uint32_t *webhooks, uint32_t count)
{
    *place_of(r, type) = (pl_router_entry){type, webhooks, count};
}

const pl_router_entry *pl_router_find(const pl_router *r, pl_slice type)
{
    if (r->table == NULL) return NULL;
    const pl_router_entry *entry = place_of(r, type);
    return entry->type.ptr ? entry : NULL;
}
