/* SPDX-License-Identifier: MIT
 *
 * The small blocks of a Lua state. Scripts make tables and texts by the dozen and let go of them
 * with each run. So a block is taken and given back in a few instructions, and what is taken one
 * after the other lies side by side.
 *
 * Blocks lie in pages. A page is aligned, so that an address says which one it is in, and begins with
 * a bit for each grain of it:
 *
 *                                               at      end
 *     bits, numbers | ####### | ......... | #### |.......| ###### | ... | #####
 *                      blocks     free             hole              free
 *
 * A block is cut off the front of a hole, whose bits are all set when it is begun: that is an
 * addition. To give a block back is to clear its bits, which is also what makes one of it and its
 * free neighbours; the block itself is not touched. When a hole is too small for what is wanted, its
 * rest is given back and the next one is looked for: upwards in the page, then in the next page in
 * which enough has become free behind the search, then in a new one.
 *
 * Large blocks come from the allocator below, and so do pages, which go back to it when they are idle
 * (have no block) and more are idle than the garbage to come will need.
 *
 * A heap is used by one thread at a time. Whoever gives a block back says how large it is. */
#ifndef PL_SCRIPT_HEAP_H
#define PL_SCRIPT_HEAP_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

/* What is free is poisoned, where there is the sanitizer; else these do nothing. */
#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes)   ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

#define PL_HEAP_GRAIN ((size_t)16)         /* bytes: all blocks are multiples of it */
#define PL_HEAP_SMALL (64 * PL_HEAP_GRAIN) /* bytes, at most: the bits of one word */
#define PL_HEAP_PAGE  ((size_t)256 << 10)  /* bytes */
#define PL_HEAP_BITS  (PL_HEAP_PAGE / PL_HEAP_GRAIN)
#define PL_HEAP_FIRST (sizeof(pl_heap_page) / PL_HEAP_GRAIN) /* grain that blocks can have */
#define PL_HEAP_EMPTY (PL_HEAP_BITS - PL_HEAP_FIRST) /* grains that are free in an idle page */

/* Bytes before what is written now: what will be soon. It was garbage for so long that it is in no
 * cache of the processor. */
#define PL_HEAP_AHEAD 512

typedef struct pl_heap_page {
    uint64_t used[PL_HEAP_BITS / 64];   /* the lowest bit of the first: the first grain */
    size_t free;                        /* grains whose bits are clear */
    size_t passed;                      /* of them such as the search found no use for */
    struct pl_heap_page *next, *before; /* in a ring */
    void *block;                        /* of the allocator below: what the page lies in */
    size_t unused;                      /* it ends with a grain */
} pl_heap_page;

typedef struct pl_heap {
    char *at, *end;     /* the hole */
    pl_heap_page *page; /* that it is in, where the search goes on; NULL: there is none */
    size_t grain;       /* likewise */
    size_t pages, idle; /* how many there are; such as have no block */
    lua_Alloc alloc;    /* below */
    void *alloc_ud;
} pl_heap;

/* What the allocator below gives must be the memory of the system itself, not of a file. */
void pl_heap_init(pl_heap *h, lua_Alloc alloc, void *alloc_ud);
/* Gives back all small blocks at once. Large ones have to be given back before. */
void pl_heap_fini(pl_heap *h);
/* Changes the size of a block: where it is then, or NULL, and it is as it was. Neither size is 0. */
void *pl_heap_resize(pl_heap *h, void *block, size_t old_size, size_t size);
/* Leaves all memory that is free to the system until it is wanted. That takes a while: for when
 * there is much that will not be wanted soon. */
void pl_heap_trim(pl_heap *h);
/* Aborts when bits and numbers do not agree. For tests. */
void pl_heap_check(const pl_heap *h);

/* What functions below have to do now and then. */
void *pl_heap_take_rarely(pl_heap *h, size_t size);
void pl_heap_page_is_idle(pl_heap *h, pl_heap_page *page);

static inline size_t pl_heap_grains(size_t size)
{
    return (size + PL_HEAP_GRAIN - 1) / PL_HEAP_GRAIN;
}

static inline pl_heap_page *pl_heap_page_of(const void *block)
{
    return (pl_heap_page *)((uintptr_t)block & ~(uintptr_t)(PL_HEAP_PAGE - 1));
}

/* Which of its page it is. */
static inline size_t pl_heap_grain_of(const void *block)
{
    return ((uintptr_t)block & (PL_HEAP_PAGE - 1)) / PL_HEAP_GRAIN;
}

/* Off the hole; NULL where that is not large enough. */
static inline void *pl_heap_cut(pl_heap *h, size_t size)
{
    size_t room = pl_heap_grains(size) * PL_HEAP_GRAIN;
    char *block = h->at;
    if (size > PL_HEAP_SMALL || room > (size_t)(h->end - block)) return NULL;
    h->at = block + room;
    __builtin_prefetch(block + PL_HEAP_AHEAD, 1);
    ASAN_UNPOISON_MEMORY_REGION(block, size);
    return block;
}

/* A block of `size` bytes, which is not 0; NULL when there is no memory. */
static inline void *pl_heap_take(pl_heap *h, size_t size)
{
    void *block = pl_heap_cut(h, size);
    return block ? block : pl_heap_take_rarely(h, size);
}

/* `size` is what it was taken with, or resized to. */
static inline void pl_heap_give(pl_heap *h, void *block, size_t size)
{
    if (size > PL_HEAP_SMALL) {
        h->alloc(h->alloc_ud, block, size, 0);
        return;
    }
    ASAN_POISON_MEMORY_REGION(block, size);
    pl_heap_page *page = pl_heap_page_of(block);
    size_t grains = pl_heap_grains(size), grain = pl_heap_grain_of(block), bit = grain % 64;
    uint64_t *used = &page->used[grain / 64], bits = ~(uint64_t)0 >> (64 - grains);
    used[0] &= ~(bits << bit);
    if (bit + grains > 64) used[1] &= ~(bits >> (64 - bit));
    page->free += grains;
    if (page->free == PL_HEAP_EMPTY) pl_heap_page_is_idle(h, page);
}

#endif
