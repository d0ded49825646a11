/* SPDX-License-Identifier: MIT */
#include "net/memory.h"

#include "base/block.h"
#include "test.h"

#include <stdint.h>
#include <string.h>

/* Small, kept by the thread, and large. */
static const size_t sizes[] = {
    1,      16,      1007, 1008, 1009, 4096, 16384, PL_BLOCK_MOST_BYTES - 16, PL_BLOCK_MOST_BYTES,
    100000, 1u << 20};

static bool is_filled(const unsigned char *bytes, size_t size, unsigned char with)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != with) return false;
    return true;
}

TEST(blocks_are_apart_and_aligned)
{
    unsigned char *blocks[sizeof sizes / sizeof *sizes];
    for (int round = 0; round < 3; round++) { /* the later ones are what was given back */
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            blocks[i] = pl_net_malloc(sizes[i]);
            CHECK_EQ_INT((uintptr_t)blocks[i] % 16, 0);
            memset(blocks[i], (int)i + 1, sizes[i]);
        }
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            CHECK(is_filled(blocks[i], sizes[i], (unsigned char)(i + 1)));
            pl_net_free(blocks[i]);
        }
    }
    pl_net_free(NULL);
}

TEST(a_block_that_grows_or_shrinks_keeps_what_is_in_it)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            size_t both = sizes[i] < sizes[j] ? sizes[i] : sizes[j];
            unsigned char *bytes = pl_net_realloc(NULL, sizes[i]);
            memset(bytes, 'x', sizes[i]);
            bytes = pl_net_realloc(bytes, sizes[j]);
            CHECK(is_filled(bytes, both, 'x'));
            memset(bytes, 'y', sizes[j]);
            pl_net_free(bytes);
        }
    }
}

TEST(cleared_memory_is_clear_though_it_was_used)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *bytes = pl_net_malloc(sizes[i]);
        memset(bytes, 'x', sizes[i]);
        pl_net_free(bytes);
        bytes = pl_net_calloc(1, sizes[i]);
        CHECK(is_filled(bytes, sizes[i], 0));
        pl_net_free(bytes);
    }
}

TEST(what_no_memory_can_hold_is_not_given)
{
    CHECK(pl_net_malloc(SIZE_MAX) == NULL);
    CHECK(pl_net_calloc(SIZE_MAX / 2, 3) == NULL);
    char *text = pl_net_strdup("text");
    CHECK_EQ_STR(text, "text");
    CHECK(pl_net_realloc(text, SIZE_MAX) == NULL);
    CHECK_EQ_STR(text, "text"); /* is still there */
    pl_net_free(text);
}

int main(void)
{
    return RUN(CASE(blocks_are_apart_and_aligned),
               CASE(a_block_that_grows_or_shrinks_keeps_what_is_in_it),
               CASE(cleared_memory_is_clear_though_it_was_used),
               CASE(what_no_memory_can_hold_is_not_given));
}
