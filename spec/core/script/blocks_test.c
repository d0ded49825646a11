/* SPDX-License-Identifier: MIT */
#include "script/blocks.h"

#include "test.h"

#include <stdlib.h>

typedef struct below {
    int taken, given; /* blocks that the allocator below has been asked for, and was given back */
    size_t last_size;
} below;

static void *allocate(void *ud, void *block, size_t old_size, size_t size)
{
    below *b = ud;
    (void)old_size;
    b->last_size = size;
    if (block == NULL) b->taken++;
    if (size > 0) return realloc(block, size);
    b->given++;
    free(block);
    return NULL;
}

static void *fill(void *block, size_t size)
{
    return memset(block, 0xA5, size);
}

TEST(a_block_serves_again_whatever_size_of_its_class_is_wanted)
{
    below under = {0};
    pl_blocks b = {.alloc = allocate, .alloc_ud = &under};
    for (size_t size = 1; size <= 560; size++) { /* under the sanitizer: all of it can be written */
        void *first = fill(pl_blocks_resize(&b, NULL, 0, size), size);
        size_t room = under.last_size;
        CHECK(room >= size);
        CHECK(pl_blocks_resize(&b, first, size, 0) == NULL);
        int taken = under.taken;
        void *second = fill(pl_blocks_resize(&b, NULL, 0, room), room);
        CHECK(size > 520 || second == first);
        CHECK_EQ_INT(under.taken - taken, size > 520);
        pl_blocks_resize(&b, second, room, 0);
    }
    CHECK_EQ_INT(under.given, 2 * (560 - 520));
    pl_blocks_drop(&b);
}

TEST(a_block_that_grows_or_shrinks_keeps_what_is_in_it)
{
    below under = {0};
    pl_blocks b = {.alloc = allocate, .alloc_ud = &under};
    char *block = pl_blocks_resize(&b, NULL, 0, 20);
    memcpy(block, "twenty bytes of text", 20);
    block = pl_blocks_resize(&b, block, 20, 5000);
    CHECK(memcmp(block, "twenty bytes of text", 20) == 0);
    block = pl_blocks_resize(&b, block, 5000, 20);
    CHECK(memcmp(block, "twenty bytes of text", 20) == 0);
    pl_blocks_resize(&b, block, 20, 0);
    CHECK(fill(pl_blocks_resize(&b, NULL, 0, 24), 24) == block); /* it has the room of its class */
    pl_blocks_resize(&b, block, 24, 0);
    pl_blocks_drop(&b);
}

TEST(only_so_much_is_kept)
{
    enum { SIZE = 520, MANY = PL_BLOCKS_KEPT / SIZE + 100 };
    static void *blocks[MANY];
    below under = {0};
    pl_blocks b = {.alloc = allocate, .alloc_ud = &under};
    for (int i = 0; i < MANY; i++)
        blocks[i] = pl_blocks_resize(&b, NULL, 0, SIZE);
    for (int i = 0; i < MANY; i++)
        pl_blocks_resize(&b, blocks[i], SIZE, 0);
    CHECK(under.given >= 99);
    CHECK(b.kept_bytes < PL_BLOCKS_KEPT + SIZE);
    pl_blocks_drop(&b);
}

TEST(what_is_kept_can_be_dropped)
{
    below under = {0};
    pl_blocks b = {.alloc = allocate, .alloc_ud = &under};
    void *blocks[100];
    for (int i = 0; i < 100; i++)
        blocks[i] = pl_blocks_resize(&b, NULL, 0, (size_t)i + 1);
    for (int i = 0; i < 100; i++)
        pl_blocks_resize(&b, blocks[i], (size_t)i + 1, 0);
    CHECK_EQ_INT(under.given, 0);
    pl_blocks_drop(&b);
    CHECK_EQ_INT(under.given, 100);
    CHECK_EQ_INT(b.kept_bytes, 0);
    void *block = fill(pl_blocks_resize(&b, NULL, 0, 20), 20); /* it goes on as it began */
    CHECK_EQ_INT(under.taken, 101);
    pl_blocks_resize(&b, block, 20, 0);
    pl_blocks_drop(&b);
}

int main(void)
{
    return RUN(CASE(a_block_serves_again_whatever_size_of_its_class_is_wanted),
               CASE(a_block_that_grows_or_shrinks_keeps_what_is_in_it), CASE(only_so_much_is_kept),
               CASE(what_is_kept_can_be_dropped));
}
