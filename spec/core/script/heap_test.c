/* SPDX-License-Identifier: MIT
 *
 * The allocator below is the C library's, which the sanitizer watches. */
#include "base/id.h"
#include "script/heap.h"

#include "test.h"

#include <stdlib.h>

typedef struct below {
    int blocks;    /* that it has given and not been given back */
    int allowance; /* how many more it gives; below 0: any number */
} below;

static below under;
static pl_heap heap;

static void *allocate(void *ud, void *block, size_t old_size, size_t size)
{
    below *b = ud;
    (void)old_size;
    if (size == 0) {
        b->blocks--;
        free(block);
        return NULL;
    }
    if (block == NULL && b->allowance-- == 0) {
        b->allowance = 0;
        return NULL;
    }
    if (block == NULL) b->blocks++;
    return realloc(block, size);
}

static void open_heap(void)
{
    under = (below){.allowance = -1};
    pl_heap_init(&heap, allocate, &under);
}

static void close_heap(void)
{
    pl_heap_check(&heap);
    pl_heap_fini(&heap);
    CHECK_EQ_INT(under.blocks, 0);
}

static void *take(size_t size, char with)
{
    void *block = pl_heap_take(&heap, size);
    return block ? memset(block, with, size) : NULL;
}

static bool is_filled(const char *block, size_t size, char with)
{
    for (size_t i = 0; i < size; i++)
        if (block[i] != with) return false;
    return true;
}

TEST(what_is_taken_in_turn_lies_side_by_side)
{
    open_heap();
    char *at = take(1, 'a');
    CHECK_EQ_INT((uintptr_t)at % 16, 0);
    for (size_t size = 1; size <= 1024; size += 3) {
        char *next = take(size, 'a');
        CHECK(next == at + 16); /* behind the one of a byte */
        at = take(1, 'b');
        CHECK(at == next + (size + 15) / 16 * 16);
    }
    CHECK_EQ_INT(under.blocks, 1); /* 180 kB: one page */
    close_heap();
}

TEST(a_large_block_is_one_of_the_allocator_below)
{
    open_heap();
    char *block = take(1025, 'a');
    CHECK_EQ_INT(under.blocks, 1);
    block = pl_heap_resize(&heap, block, 1025, 5000);
    CHECK(is_filled(block, 1025, 'a'));
    CHECK_EQ_INT(under.blocks, 1);
    pl_heap_give(&heap, block, 5000);
    CHECK_EQ_INT(under.blocks, 0);
    close_heap();
}

/* Fills pages with blocks of 16 bytes. Of `blocks` as many are set. */
static void fill(char **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        blocks[i] = take(16, 'a');
}

TEST(free_neighbours_are_one_hole_whatever_their_sizes_were)
{
    enum { PAGE = PL_HEAP_EMPTY, MANY = PAGE * 2, HOLE = 1024 };
    static char *blocks[MANY];
    open_heap();
    fill(blocks, MANY);            /* two pages, full */
    for (int i = 0; i < HOLE; i++) /* each other one first */
        pl_heap_give(&heap, blocks[100 + i * 2 % HOLE + i * 2 / HOLE], 16);
    pl_heap_check(&heap);
    for (char *at = blocks[100]; at < blocks[100] + HOLE * 16; at += 1024)
        CHECK(take(1024, 'b') == at);
    CHECK_EQ_INT(under.blocks, 2);
    CHECK(is_filled(blocks[99], 16, 'a') && is_filled(blocks[100 + HOLE], 16, 'a'));
    close_heap();
}

TEST(what_is_given_back_at_once_is_taken_again_before_there_is_a_new_page)
{
    open_heap();
    for (int i = 0; i < 100000; i++) {
        if (i % 100 == 0) take(16, 'a'); /* is kept */
        pl_heap_give(&heap, take(100, 'b'), 100);
    }
    CHECK_EQ_INT(under.blocks, 1);
    close_heap();
}

TEST(a_block_keeps_what_is_in_it_when_its_size_changes)
{
    static const size_t sizes[] = {1, 16, 17, 100, 112, 1000, 1024, 1025, 3000};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    open_heap();
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < COUNT; j++) {
            size_t from = sizes[i], to = sizes[j];
            char *block = take(from, 'a'), *behind = take(16, 'b');
            block = pl_heap_resize(&heap, block, from, to);
            CHECK(is_filled(block, from < to ? from : to, 'a'));
            memset(block, 'c', to);
            CHECK(is_filled(behind, 16, 'b'));
            pl_heap_check(&heap);
            pl_heap_give(&heap, block, to);
            pl_heap_give(&heap, behind, 16);
        }
    }
    pl_heap_trim(&heap);
    CHECK_EQ_INT(heap.idle, heap.pages);
    close_heap();
}

TEST(a_small_block_shrinks_where_it_is)
{
    open_heap();
    char *block = take(1000, 'a');
    under.allowance = 0;
    for (size_t size = 999; size > 0; size--) {
        CHECK(pl_heap_resize(&heap, block, size + 1, size) == block);
        CHECK(is_filled(block, size, 'a'));
    }
    pl_heap_check(&heap);
    CHECK_EQ_INT(heap.page->free, 1008 / 16 - 1);
    close_heap();
}

TEST(without_memory_nothing_changes)
{
    open_heap();
    under.allowance = 0;
    CHECK(take(16, 'a') == NULL);
    CHECK(take(5000, 'a') == NULL);
    under.allowance = 1;
    char *block = take(1024, 'a');
    while (take(1024, 'b')) {}
    CHECK(pl_heap_resize(&heap, block, 1024, 2048) == NULL);
    CHECK(is_filled(block, 1024, 'a'));
    pl_heap_check(&heap);
    under.allowance = -1;
    CHECK(take(16, 'd') != NULL);
    CHECK_EQ_INT(under.blocks, 2);
    close_heap();
}

TEST(pages_without_a_block_go_back_when_there_are_many)
{
    enum { MANY = 64 << 10 }; /* 64 MB */
    static char *blocks[MANY];
    open_heap();
    for (int i = 0; i < MANY; i++)
        blocks[i] = take(1024, 'a');
    CHECK(under.blocks > 256);
    for (int i = MANY - 1; i >= 0; i--)
        pl_heap_give(&heap, blocks[i], 1024);
    CHECK_EQ_INT(under.blocks, 65);    /* 16 MB, and where the search is */
    for (int i = 0; i < MANY / 5; i++) /* that is enough for 12.8 MB */
        blocks[i] = take(1024, 'b');
    CHECK_EQ_INT(under.blocks, 65);
    close_heap();
}

TEST(what_a_state_has_much_of_it_may_have_much_garbage_beside)
{
    enum { MANY = 128 << 10, KEPT = MANY / 4 }; /* 128 MB, of which 32 are kept */
    enum { BUSY = KEPT / 2 / 253 + 2 };         /* so many fit in a page; two are there in part */
    static char *blocks[MANY];
    open_heap();
    for (int i = 0; i < MANY; i++)
        blocks[i] = take(1024, 'a');
    int most = under.blocks;
    for (int i = KEPT; i < MANY; i++)
        pl_heap_give(&heap, blocks[i], 1024);
    CHECK(most - under.blocks <= 1);
    for (int i = KEPT / 2; i < KEPT; i++) /* now it has less */
        pl_heap_give(&heap, blocks[i], 1024);
    CHECK(under.blocks <= 4 * BUSY);
    pl_heap_trim(&heap);
    CHECK(under.blocks <= BUSY);
    CHECK(is_filled(blocks[KEPT / 2 - 1], 1024, 'a'));
    close_heap();
}

/* How many of the system's pages are in memory. */
static size_t resident(const pl_heap_page *page)
{
    enum { MOST = 256 };
    static unsigned char in[MOST];
    size_t unit = (size_t)sysconf(_SC_PAGESIZE), count = PL_HEAP_PAGE / unit, sum = 0;
    CHECK_EQ_INT(mincore((void *)(uintptr_t)page, PL_HEAP_PAGE, in), 0);
    for (size_t i = 0; i < count; i++)
        sum += in[i] & 1;
    return sum * unit;
}

TEST(trimming_leaves_what_is_free_to_the_system)
{
    enum { PAGE = PL_HEAP_EMPTY };
    static char *blocks[PAGE];
    open_heap();
    fill(blocks, PAGE);
    CHECK_EQ_INT(resident(heap.page), PL_HEAP_PAGE);
    for (int i = 0; i < PAGE; i++)
        if (i % (PAGE / 2) != 500) pl_heap_give(&heap, blocks[i], 16);
    pl_heap_trim(&heap);
    CHECK(resident(heap.page) <= 3 * (size_t)sysconf(_SC_PAGESIZE));
    CHECK(is_filled(blocks[500], 16, 'a') && is_filled(blocks[PAGE / 2 + 500], 16, 'a'));
    CHECK(take(1024, 'b') != NULL);
    close_heap();
}

/* Against a list of what there is. Each block begins with its number and is filled with it. */
typedef struct piece {
    char *block;
    size_t size;
    char with;
} piece;

static void check_piece(const piece *p)
{
    CHECK(is_filled(p->block, p->size, p->with));
}

static size_t random_size(pl_rng *rng)
{
    uint64_t kind = pl_rng_next(rng) % 16;
    size_t most = kind == 0 ? 4000 : kind < 4 ? 1024 : 100;
    return 1 + pl_rng_next(rng) % most;
}

/* It comes, changes or goes. */
static void change(pl_rng *rng, piece *p, char with)
{
    size_t size = random_size(rng);
    if (p->block) check_piece(p);
    if (p->block && pl_rng_next(rng) % 4) {
        pl_heap_give(&heap, p->block, p->size);
        *p = (piece){0};
        return;
    }
    size_t kept = size < p->size ? size : p->size;
    p->block =
        p->block ? pl_heap_resize(&heap, p->block, p->size, size) : pl_heap_take(&heap, size);
    CHECK(is_filled(p->block, kept, p->with));
    *p = (piece){memset(p->block, with, size), size, with};
}

static size_t grains_of(const piece *pieces, size_t count)
{
    size_t grains = (size_t)(heap.end - heap.at) / 16;
    for (size_t i = 0; i < count; i++)
        if (pieces[i].size <= 1024) grains += (pieces[i].size + 15) / 16;
    return grains;
}

static size_t grains_of_heap(void)
{
    size_t grains = 0;
    const pl_heap_page *page = heap.page;
    for (size_t i = 0; i < heap.pages; i++, page = page->next)
        grains += PL_HEAP_EMPTY - page->free;
    return grains;
}

TEST(any_blocks_in_any_order_do_not_touch_each_other)
{
    enum { PIECES = 20000, TURNS = 300000 };
    static piece pieces[PIECES];
    uint8_t seed[32] = {7};
    pl_rng rng;
    pl_rng_init(&rng, seed);
    open_heap();
    for (int i = 0; i < TURNS; i++) {
        size_t range = i / 30000 % 2 ? PIECES : 500; /* now many live, now few change */
        change(&rng, &pieces[pl_rng_next(&rng) % range], (char)(i % 251));
        if (i % 5000 == 0) pl_heap_trim(&heap);
        if (i % 500 != 0) continue;
        pl_heap_check(&heap);
        CHECK_EQ_INT(grains_of_heap(), grains_of(pieces, PIECES));
    }
    for (int i = 0; i < PIECES; i++) {
        check_piece(&pieces[i]);
        if (pieces[i].block) pl_heap_give(&heap, pieces[i].block, pieces[i].size);
    }
    pl_heap_trim(&heap);
    CHECK_EQ_INT(heap.pages, 1);
    close_heap();
}

int main(void)
{
    return RUN(CASE(what_is_taken_in_turn_lies_side_by_side),
               CASE(a_large_block_is_one_of_the_allocator_below),
               CASE(free_neighbours_are_one_hole_whatever_their_sizes_were),
               CASE(what_is_given_back_at_once_is_taken_again_before_there_is_a_new_page),
               CASE(a_block_keeps_what_is_in_it_when_its_size_changes),
               CASE(a_small_block_shrinks_where_it_is), CASE(without_memory_nothing_changes),
               CASE(pages_without_a_block_go_back_when_there_are_many),
               CASE(what_a_state_has_much_of_it_may_have_much_garbage_beside),
               CASE(trimming_leaves_what_is_free_to_the_system),
               CASE(any_blocks_in_any_order_do_not_touch_each_other));
}
