/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include "test.h"

#include <stdint.h>

TEST(allocations_are_aligned_and_apart)
{
    enum { COUNT = 2000 };
    static struct {
        unsigned char *ptr;
        size_t size;
    } got[COUNT];
    pl_arena a;
    int misaligned = 0, damaged = 0;
    pl_arena_init(&a);
    for (size_t i = 0; i < COUNT; i++) {
        got[i].size = i * 7919 % 611 + (i % 100 == 0 ? 5000 : 0);
        got[i].ptr = pl_arena_alloc(&a, got[i].size);
        misaligned += (uintptr_t)got[i].ptr % _Alignof(max_align_t) != 0;
        memset(got[i].ptr, (int)(i % 251), got[i].size);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < got[i].size; k++)
            damaged += got[i].ptr[k] != i % 251;
    CHECK_EQ_INT(misaligned, 0);
    CHECK_EQ_INT(damaged, 0);
    pl_arena_fini(&a);
}

TEST(a_large_allocation_leaves_the_room_of_the_newest_block_in_use)
{
    pl_arena a;
    pl_arena_init(&a);
    char *before = pl_arena_alloc(&a, 16);
    char *large = pl_arena_alloc(&a, 1000000);
    memset(large, 'x', 1000000);
    char *after = pl_arena_alloc(&a, 16);
    CHECK(after == before + 16);
    pl_arena_fini(&a);
}

TEST(used_bytes_counts_and_fini_starts_over)
{
    pl_arena a;
    pl_arena_init(&a);
    pl_arena_alloc(&a, 100);
    pl_arena_alloc(&a, 200);
    CHECK(a.used_bytes >= 300 && a.used_bytes < 300 + 2 * _Alignof(max_align_t));
    pl_arena_fini(&a);
    CHECK_EQ_INT(a.used_bytes, 0);
    CHECK(a.blocks == NULL);
    CHECK(pl_arena_alloc(&a, 1) != NULL);
    pl_arena_fini(&a);
    pl_arena_fini(&a);
}

TEST(zero_dup_and_printf_fill_what_they_promise)
{
    pl_arena a;
    pl_arena_init(&a);
    memset(pl_arena_alloc(&a, 64), 0xFF, 64);
    char *zero = pl_arena_zero(&a, 64);
    int set = 0;
    for (int i = 0; i < 64; i++)
        set += zero[i] != 0;
    CHECK_EQ_INT(set, 0);
    pl_slice copy = pl_arena_dup(&a, PL_SLICE("a\0b"));
    CHECK_EQ_SLICE(copy, PL_SLICE("a\0b"));
    CHECK_EQ_INT(copy.ptr[3], 0);
    copy = pl_arena_dup(&a, PL_NO_SLICE);
    CHECK(copy.ptr && copy.len == 0 && copy.ptr[0] == '\0');
    CHECK_EQ_STR(pl_arena_printf(&a, "%s=%d", "answer", 42), "answer=42");
    CHECK_EQ_INT(strlen(pl_arena_printf(&a, "%5000d", 1)), 5000);
    pl_arena_fini(&a);
}

/* All but the last is in the first block, one behind the other; what does not fit is somewhere else. */
TEST(a_large_one_has_its_room_in_one_block)
{
    pl_arena a;
    pl_arena_init_large(&a, 4096);
    CHECK_EQ_INT(a.used_bytes, 0);
    char *first = pl_arena_alloc(&a, 400), *last = first;
    for (int i = 1; i < 10; i++)
        last = pl_arena_alloc(&a, 400);
    CHECK(last == first + 9 * 400);
    memset(first, 'x', 10 * 400);
    memset(pl_arena_alloc(&a, 400), 'y', 400);
    CHECK_EQ_INT(a.used_bytes, 11 * 400);
    CHECK_EQ_INT(last[399], 'x');
    pl_arena_fini(&a);
    CHECK_EQ_INT(a.used_bytes, 0);
}

int main(void)
{
    return RUN(CASE(allocations_are_aligned_and_apart),
               CASE(a_large_allocation_leaves_the_room_of_the_newest_block_in_use),
               CASE(used_bytes_counts_and_fini_starts_over),
               CASE(zero_dup_and_printf_fill_what_they_promise),
               CASE(a_large_one_has_its_room_in_one_block));
}
