/* SPDX-License-Identifier: MIT
 *
 * The order in which lua_next gives the keys of a table, and what follows from it. Tables that a
 * script makes by the same constructor have their keys in the same places, so lua_next goes through
 * them alike: by the same walk. A state keeps the walks that it has met in a trie beside that of the
 * shapes (json_shape.c), of the same nodes and under the same bounds:
 *
 *     () --name--> (name) --vip--> (name,vip) --email--> (name,vip,email)
 *                                                           sorted: email at 2, name at 0, vip at 1
 *
 * What is known of a walk's end need not be found out for each of its tables: the order in which
 * their members are written, and their keys as JSON. A table is of a walk if lua_next says so, key
 * by key, each of them told by its address: strings are the same if their addresses are, and those
 * of the walks are kept by the cells, so that no other string is ever given one of them.
 *
 * Beyond the bounds a table has no walk, and is written by its keys (json_object.c). */
#include "script/codec.h"

#include <limits.h>
#include <stdlib.h>

#define MAX_ORDERS 4 /* of one walk */

static uint32_t bucket_of(const pl_shape *walk, const void *identity)
{
    uint64_t h = ((uintptr_t)identity >> 3) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32 ^ (uint32_t)walk->cell * 0x9e3779b1u) % PL_SHAPE_BUCKETS;
}

pl_shape *pl_walk_find(pl_codec *c, lua_State *L, int cells, pl_shape *walk, const void *identity)
{
    uint32_t bucket = bucket_of(walk, identity);
    pl_shape *s = c->buckets[bucket];
    while (s && (s->parent != walk || s->identity != identity))
        s = s->next;
    if (s == NULL) {
        bool has_address =
            identity != NULL && lua_type(L, -1) == LUA_TSTRING; /* numbers have none */
        if (!has_address || walk->depth == PL_WALK_MAX_KEYS) return NULL;
        lua_pushvalue(L, -1);
        s = pl_shape_add(c, L, cells, walk, bucket, &c->walk_count);
    }
    if (s) walk->last = s;
    return s;
}

/* -- orders -- */

/* The place of a key in a shape. */
static uint32_t rank_of(const pl_shape *key, const pl_shape *shape)
{
    for (; shape && shape->parent; shape = shape->parent)
        if (shape->identity == key->identity) return shape->depth;
    return UINT_MAX;
}

static bool is_before(const pl_shape *a, const pl_shape *b, const pl_shape *shape)
{
    uint32_t a_rank = rank_of(a, shape), b_rank = rank_of(b, shape);
    if (a_rank != b_rank) return a_rank < b_rank;
    int order = memcmp(a->key, b->key, a->key_len < b->key_len ? a->key_len : b->key_len);
    return order < 0 || (order == 0 && a->key_len < b->key_len);
}

/* Sorts by insertion: it is done once. */
static pl_order *make_order(const pl_shape *walk, const pl_shape *shape)
{
    pl_order *o = pl_alloc(sizeof *o + walk->depth * sizeof *o->places);
    o->of = shape;
    for (int i = 0; i < (int)walk->depth; i++) {
        const pl_shape *key = walk->path[i];
        int to = i;
        for (; to > 0 && is_before(key, o->places[to - 1].key, shape); to--)
            o->places[to] = o->places[to - 1];
        o->places[to] = (pl_place){key, 2 * (i + 1)};
    }
    return o;
}

const pl_order *pl_walk_find_order(pl_shape *walk, const pl_shape *shape)
{
    int count = 0;
    pl_order *o = walk->orders;
    for (; o && o->of != shape; o = o->next)
        count++;
    if (o || count == MAX_ORDERS) return o;
    pl_shape_make_path(walk);
    o = make_order(walk, shape);
    o->next = walk->orders;
    return walk->orders = o;
}

void pl_walk_free_orders(pl_shape *walk)
{
    for (pl_order *o = walk->orders, *next; o; o = next) {
        next = o->next;
        free(o);
    }
}
