/* SPDX-License-Identifier: MIT */
#include "flow/router.h"

#include "test.h"

#include <stdio.h>

#define MANY 5000

static void put_many(pl_router *r, pl_arena *arena, uint32_t *webhooks)
{
    pl_router_init(r, MANY, arena);
    for (uint32_t i = 0; i < MANY; i++) {
        webhooks[i] = i;
        pl_router_put(r, pl_slice_of(pl_arena_printf(arena, "type.%u", i)), &webhooks[i], 1);
    }
}

TEST(each_of_many_types_is_found_and_no_other)
{
    static uint32_t webhooks[MANY];
    pl_arena arena;
    pl_router r;
    pl_arena_init(&arena);
    put_many(&r, &arena, webhooks);
    for (uint32_t i = 0; i < MANY; i++) {
        const pl_router_entry *e =
            pl_router_find(&r, pl_slice_of(pl_arena_printf(&arena, "type.%u", i)));
        CHECK(e != NULL);
        if (e) CHECK_EQ_INT(e->webhooks[0], i);
        CHECK(!pl_router_find(&r, pl_slice_of(pl_arena_printf(&arena, "type.%u.", i))));
    }
    CHECK(!pl_router_find(&r, PL_NO_SLICE));
    pl_arena_fini(&arena);
}

TEST(a_router_without_types_finds_none)
{
    pl_arena arena;
    pl_router r = {0};
    pl_arena_init(&arena);
    CHECK(!pl_router_find(&r, PL_SLICE("x")));
    pl_router_init(&r, 0, &arena);
    CHECK(!pl_router_find(&r, PL_SLICE("x")));
    pl_arena_fini(&arena);
}

TEST(a_type_is_any_bytes)
{
    pl_arena arena;
    pl_router r;
    pl_arena_init(&arena);
    pl_router_init(&r, 2, &arena);
    pl_router_put(&r, PL_SLICE("a\0b"), (const uint32_t[]){1, 3}, 2);
    pl_router_put(&r, PL_SLICE("a"), (const uint32_t[]){2}, 1);
    CHECK_EQ_INT(pl_router_find(&r, PL_SLICE("a\0b"))->count, 2);
    CHECK_EQ_INT(pl_router_find(&r, PL_SLICE("a"))->webhooks[0], 2);
    CHECK(!pl_router_find(&r, PL_SLICE("a\0c")));
    pl_arena_fini(&arena);
}

int main(void)
{
    return RUN(CASE(each_of_many_types_is_found_and_no_other),
               CASE(a_router_without_types_finds_none), CASE(a_type_is_any_bytes));
}
