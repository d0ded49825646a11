/* SPDX-License-Identifier: MIT */
#include "base/block.h"

#include "base/buf.h"

#include "test.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef __SANITIZE_ADDRESS__
#define KEEPS false
#else
#define KEEPS true
#endif

static const size_t sizes[] = {1,    31,   32,   33,    511,   512,   513,   1024,  1025,
                               1536, 1537, 4296, 16384, 16385, 16896, 16897, 100000};

#define SIZES (sizeof sizes / sizeof *sizes)

TEST(a_block_has_its_size_and_is_aligned)
{
    for (size_t i = 0; i < SIZES; i++) {
        for (int again = 0; again < 2; again++) {
            char *block = pl_block_take(sizes[i]);
            CHECK_EQ_INT((uintptr_t)block % _Alignof(max_align_t), 0);
            memset(block, 0xAB, sizes[i]);
            pl_block_give(block, sizes[i]);
        }
    }
    pl_block_give(NULL, 512);
}

TEST(a_block_that_was_given_back_is_handed_out_again_for_its_size_only)
{
    void *block = pl_block_take(2000), *other;
    pl_block_give(block, 2000);
    other = pl_block_take(4000);
    CHECK(other != block);
    pl_block_give(other, 4000);
    other = pl_block_take(2048); /* as large, in steps */
    if (KEEPS) CHECK(other == block);
    CHECK(other != NULL);
    pl_block_give(other, 2048);
}

TEST(what_is_small_has_little_beside_it)
{
    for (size_t size = 1; size <= 1024; size++) {
        char *block = pl_block_take(size);
        CHECK(malloc_usable_size(block) < size + 48);
        pl_block_give(block, size);
    }
}

TEST(zeroed_is_zeroed_whatever_was_in_it)
{
    static const char zero[3000];
    char *block = pl_block_take(sizeof zero);
    memset(block, 0xAB, sizeof zero);
    pl_block_give(block, sizeof zero);
    block = pl_block_zero(sizeof zero);
    CHECK(memcmp(block, zero, sizeof zero) == 0);
    pl_block_give(block, sizeof zero);
}

/* More than a thread keeps, of which the rest is malloc's again; the ends of threads and blocks of
 * others are for the sanitizers and valgrind to look at. */
static void *take_many(void *blocks)
{
    for (size_t i = 0; i < 2 * PL_BLOCK_KEPT_BYTES / 8192; i++)
        ((void **)blocks)[i] = pl_block_take(8192);
    return NULL;
}

static void *give_many(void *blocks)
{
    for (size_t i = 0; i < 2 * PL_BLOCK_KEPT_BYTES / 8192; i++)
        pl_block_give(((void **)blocks)[i], 8192);
    return NULL;
}

TEST(threads_take_and_others_give_back)
{
    static void *blocks[2 * PL_BLOCK_KEPT_BYTES / 8192];
    for (int i = 0; i < 3; i++) {
        pthread_t taker, giver;
        CHECK_EQ_INT(pthread_create(&taker, NULL, take_many, blocks), 0);
        pthread_join(taker, NULL);
        CHECK_EQ_INT(pthread_create(&giver, NULL, give_many, blocks), 0);
        pthread_join(giver, NULL);
    }
    take_many(blocks);
    give_many(blocks);
}

TEST(one_size_leaves_room_for_the_others)
{
    static void *blocks[2 * PL_BLOCK_KEPT_BYTES / 8192];
    take_many(blocks);
    void *block = pl_block_take(600);
    give_many(blocks);
    pl_block_give(block, 600);
    void *again = pl_block_take(600);
    if (KEEPS) CHECK(again == block);
    CHECK(again != NULL);
    pl_block_give(again, 600);
}

int main(void)
{
    return RUN(CASE(a_block_has_its_size_and_is_aligned),
               CASE(a_block_that_was_given_back_is_handed_out_again_for_its_size_only),
               CASE(what_is_small_has_little_beside_it), CASE(zeroed_is_zeroed_whatever_was_in_it),
               CASE(threads_take_and_others_give_back), CASE(one_size_leaves_room_for_the_others));
}
