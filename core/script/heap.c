/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* madvise */
#include "script/heap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The search comes back to a page for so many grains that became free behind it: they pay for looking
 * at those between them. */
#define WORTHWHILE (PL_HEAP_BITS / 32)

/* Idle pages that are kept: so many, or so many times those that are not idle, since a state grows to
 * a multiple of what it needs before it is collected. */
#define KEPT       ((16 << 20) / PL_HEAP_PAGE)
#define KEPT_TIMES 3

#define ALIGNABLE \
    (2 * PL_HEAP_PAGE) /* bytes, in which there is a page; the rest is never touched */

_Static_assert(sizeof(pl_heap_page) % PL_HEAP_GRAIN == 0, "blocks begin behind it");

/* -- bits -- */

/* The first grain from `from` on whose bit is 0, where `inverted` is 0, or 1, where it is all ones. */
static size_t seek(const pl_heap_page *page, size_t from, uint64_t inverted)
{
    while (from < PL_HEAP_BITS) {
        uint64_t bits = ~(page->used[from / 64] ^ inverted) >> from % 64;
        if (bits) return from + (size_t)__builtin_ctzll(bits);
        from = (from / 64 + 1) * 64;
    }
    return PL_HEAP_BITS;
}

static size_t seek_free(const pl_heap_page *page, size_t from)
{
    return seek(page, from, 0);
}

static size_t seek_used(const pl_heap_page *page, size_t from)
{
    return seek(page, from, ~(uint64_t)0);
}

static void flip(pl_heap_page *page, size_t from, size_t to)
{
    while (from < to) {
        size_t bit = from % 64, count = to - from < 64 - bit ? to - from : 64 - bit;
        page->used[from / 64] ^= ~(uint64_t)0 >> (64 - count) << bit;
        from += count;
    }
}

static char *address_of(const pl_heap_page *page, size_t grain)
{
    return (char *)(uintptr_t)page + grain * PL_HEAP_GRAIN;
}

/* -- pages -- */

static bool is_idle(const pl_heap_page *page)
{
    return page->free == PL_HEAP_EMPTY;
}

static void search_in(pl_heap *h, pl_heap_page *page)
{
    h->page = page;
    h->grain = 0;
    page->passed = 0;
}

/* The search goes on there. */
static void add_to_ring(pl_heap *h, pl_heap_page *page)
{
    page->before = h->page ? h->page : page;
    page->next = h->page ? h->page->next : page;
    page->before->next = page->next->before = page;
    search_in(h, page);
    h->pages++;
    h->idle++;
}

static bool add_page(pl_heap *h)
{
    char *block = h->alloc(h->alloc_ud, NULL, 0, ALIGNABLE);
    if (block == NULL) return false;
    pl_heap_page *page = pl_heap_page_of(block + PL_HEAP_PAGE - 1);
    memset(page, 0, sizeof *page);
    page->free = PL_HEAP_EMPTY;
    page->block = block;
    flip(page, 0, PL_HEAP_FIRST);
    ASAN_POISON_MEMORY_REGION(page + 1, PL_HEAP_PAGE - sizeof *page);
    add_to_ring(h, page);
    return true;
}

static void free_page(pl_heap *h, pl_heap_page *page)
{
    ASAN_UNPOISON_MEMORY_REGION(page, PL_HEAP_PAGE);
    h->alloc(h->alloc_ud, page->block, ALIGNABLE, 0);
    h->pages--;
}

/* The search must not be there. */
static void remove_idle(pl_heap *h, pl_heap_page *page)
{
    page->before->next = page->next;
    page->next->before = page->before;
    free_page(h, page);
    h->idle--;
}

static bool has_too_many_idle(const pl_heap *h)
{
    return h->idle > KEPT && h->idle > KEPT_TIMES * (h->pages - h->idle);
}

/* With each page that becomes idle some others are too many; most that it comes across are idle. */
void pl_heap_page_is_idle(pl_heap *h, pl_heap_page *page)
{
    h->idle++;
    for (pl_heap_page *next; has_too_many_idle(h); page = next) {
        next = page->next;
        if (is_idle(page) && page != h->page) remove_idle(h, page);
    }
}

/* -- holes -- */

static void begin_hole(pl_heap *h, size_t from, size_t to)
{
    if (is_idle(h->page)) h->idle--;
    flip(h->page, from, to);
    h->page->free -= to - from;
    h->at = address_of(h->page, from);
    h->end = address_of(h->page, to);
    h->grain = to;
}

static void end_hole(pl_heap *h)
{
    if (h->at == h->end) return;
    size_t from = pl_heap_grain_of(h->at), count = (size_t)(h->end - h->at) / PL_HEAP_GRAIN;
    flip(h->page, from, from + count);
    h->page->free += count;
    h->page->passed += count;
    h->at = h->end = NULL;
    if (is_idle(h->page)) pl_heap_page_is_idle(h, h->page);
}

static bool find_in_page(pl_heap *h, size_t grains)
{
    size_t from, to = h->grain;
    while ((from = seek_free(h->page, to)) < PL_HEAP_BITS) {
        to = seek_used(h->page, from);
        if (to - from >= grains) {
            begin_hole(h, from, to);
            return true;
        }
        h->page->passed += to - from;
    }
    h->grain = PL_HEAP_BITS;
    return false;
}

static bool find(pl_heap *h, size_t grains)
{
    if (h->page && find_in_page(h, grains)) return true;
    pl_heap_page *page = h->page;
    for (size_t count = h->pages; count > 0; count--) {
        page = page->next;
        if (page->free < page->passed + WORTHWHILE) continue;
        search_in(h, page);
        if (find_in_page(h, grains)) return true;
    }
    return add_page(h) && find_in_page(h, grains);
}

void *pl_heap_take_rarely(pl_heap *h, size_t size)
{
    if (size > PL_HEAP_SMALL) return h->alloc(h->alloc_ud, NULL, 0, size);
    end_hole(h);
    return find(h, pl_heap_grains(size)) ? pl_heap_cut(h, size) : NULL;
}

/* -- other sizes -- */

/* The same block, of at most as many grains. */
static void *resize_in_place(pl_heap *h, char *block, size_t old_size, size_t size)
{
    size_t kept = pl_heap_grains(size), rest = pl_heap_grains(old_size) - kept;
    ASAN_POISON_MEMORY_REGION(block, old_size);
    ASAN_UNPOISON_MEMORY_REGION(block, size);
    if (rest) pl_heap_give(h, block + kept * PL_HEAP_GRAIN, rest * PL_HEAP_GRAIN);
    return block;
}

void *pl_heap_resize(pl_heap *h, void *block, size_t old_size, size_t size)
{
    bool was_small = old_size <= PL_HEAP_SMALL, is_small = size <= PL_HEAP_SMALL;
    if (!was_small && !is_small) return h->alloc(h->alloc_ud, block, old_size, size);
    if (was_small && pl_heap_grains(size) <= pl_heap_grains(old_size))
        return resize_in_place(h, block, old_size, size);
    void *other = pl_heap_take(h, size);
    if (other == NULL) return NULL;
    memcpy(other, block, old_size < size ? old_size : size);
    pl_heap_give(h, block, old_size);
    return other;
}

/* -- the whole -- */

void pl_heap_init(pl_heap *h, lua_Alloc alloc, void *alloc_ud)
{
    *h = (pl_heap){.alloc = alloc, .alloc_ud = alloc_ud};
}

void pl_heap_fini(pl_heap *h)
{
    for (pl_heap_page *page = h->page, *next; h->pages > 0; page = next) {
        next = page->next;
        free_page(h, page);
    }
    pl_heap_init(h, h->alloc, h->alloc_ud);
}

/* The system's pages, of `unit` bytes, that lie in what is free. They are zero when they come back. */
static void drop_free(const pl_heap_page *page, uintptr_t unit)
{
    size_t from, to = 0;
    while ((from = seek_free(page, to)) < PL_HEAP_BITS) {
        to = seek_used(page, from);
        uintptr_t begin = ((uintptr_t)address_of(page, from) + unit - 1) & ~(unit - 1);
        uintptr_t end = (uintptr_t)address_of(page, to) & ~(unit - 1);
        if (begin < end) madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
}

void pl_heap_trim(pl_heap *h)
{
    uintptr_t unit = (uintptr_t)sysconf(_SC_PAGESIZE);
    end_hole(h);
    pl_heap_page *page = h->page, *next;
    for (size_t count = h->pages; count > 0; count--, page = next) {
        next = page->next;
        if (is_idle(page) && page != h->page)
            remove_idle(h, page);
        else
            drop_free(page, unit);
    }
}

static void must(bool is_so)
{
    if (!is_so) abort();
}

static void check_page(const pl_heap_page *page)
{
    size_t free = 0;
    for (size_t i = 0; i < PL_HEAP_BITS / 64; i++)
        free += (size_t)__builtin_popcountll(~page->used[i]);
    must(free == page->free);
    must(page->passed <= free);
    must(seek_free(page, 0) >= PL_HEAP_FIRST);
    must(page->next->before == page && page->before->next == page);
}

static void check_hole(const pl_heap *h)
{
    if (h->at == h->end) return;
    must(pl_heap_page_of(h->at) == h->page);
    must(address_of(h->page, seek_free(h->page, pl_heap_grain_of(h->at))) >= h->end);
}

void pl_heap_check(const pl_heap *h)
{
    size_t idle = 0;
    const pl_heap_page *page = h->page;
    for (size_t count = h->pages; count > 0; count--, page = page->next) {
        check_page(page);
        idle += is_idle(page);
    }
    must(page == h->page && idle == h->idle);
    check_hole(h);
}
