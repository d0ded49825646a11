/* SPDX-License-Identifier: MIT
 *
 * Memory that belongs to one exchange (or one request, one load): allocated in small steps, freed
 * at once. Blocks are chained; nothing moves, so slices of an arena live as long as it does. One
 * owner thread at a time. */
#ifndef PL_BASE_ARENA_H
#define PL_BASE_ARENA_H

#include "base/slice.h"

#include <stddef.h>

typedef struct pl_arena {
    struct pl_arena_block *blocks; /* newest first */
    char *at;                      /* in the newest: what comes next, */
    size_t left;                   /* and how much can; a multiple of the alignment */
    size_t used_bytes;             /* handed out, for accounting */
} pl_arena;

void pl_arena_init(pl_arena *a);
/* Of what is known to need about so many bytes, a multiple of 512 (block.c) from 1024 on: the first block
 * is as large, with what stands in front of it, and is there at once. */
void pl_arena_init_large(pl_arena *a, size_t bytes);
/* Frees all blocks. The arena is empty and usable again. */
void pl_arena_fini(pl_arena *a);
/* What pl_arena_alloc does where the newest block has no room. */
void *pl_arena_alloc_more(pl_arena *a, size_t size);

/* Aligned for any type, not zeroed; of no bytes, too, a place of its own. */
static inline void *pl_arena_alloc(pl_arena *a, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size == 0) size = 1;
    if (size > a->left) return pl_arena_alloc_more(a, size);
    size = (size + align - 1) / align * align;
    void *ptr = a->at;
    a->at += size;
    a->left -= size;
    a->used_bytes += size;
    return ptr;
}

void *pl_arena_zero(pl_arena *a, size_t size);
/* A copy, with a NUL behind it that the length does not count. */
pl_slice pl_arena_dup(pl_arena *a, pl_slice s);
/* The three in a row, likewise. */
pl_slice pl_arena_join(pl_arena *a, pl_slice x, pl_slice y, pl_slice z);
char *pl_arena_printf(pl_arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
