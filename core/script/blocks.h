/* SPDX-License-Identifier: MIT
 *
 * Small blocks of a Lua state, kept by size for the next that wants one. Scripts make tables by the
 * dozen and let go of them with each run, and LuaJIT's allocator joins what it is given back with
 * its neighbours, only to split it again: that is most of what a block costs.
 *
 * A block of a class has the room of the class whatever was asked for, so that it can serve each size
 * in it. The rooms are those that LuaJIT's allocator gives anyway, so blocks that a state got of it
 * before it was counted have them, too. */
#ifndef PL_SCRIPT_BLOCKS_H
#define PL_SCRIPT_BLOCKS_H

#include <lua.h>
#include <stddef.h>
#include <string.h>

#define PL_BLOCKS_CLASSES 33         /* up to 520 bytes */
#define PL_BLOCKS_KEPT    (16 << 20) /* bytes: beyond, they are given back */
#define PL_BLOCKS_LINE    64         /* bytes of a line of the cache */

typedef struct pl_blocks {
    lua_Alloc alloc; /* where they come from */
    void *alloc_ud;
    void *kept[PL_BLOCKS_CLASSES]; /* lists: each block begins with the next */
    size_t kept_bytes;
} pl_blocks;

static inline size_t pl_blocks_class(size_t size)
{
    return (size + 7) / 16;
}

/* The room of a block that is asked for with `size`. */
static inline size_t pl_blocks_room(size_t size)
{
    size_t class = pl_blocks_class(size);
    return size > 0 && class < PL_BLOCKS_CLASSES ? class * 16 + 8 : size;
}

/* Asks for the memory of a block that will be written soon: since the last collection it was free,
 * and by now it is in no cache of the processor. */
static inline void pl_blocks_expect(const void *block, size_t room)
{
    if (block == NULL) return;
    for (size_t at = 0; at < room; at += PL_BLOCKS_LINE)
        __builtin_prefetch((const char *)block + at, 1);
}

/* Likewise of what is given back next: a collection goes through a list of objects, each of which
 * begins with where the next one is. Of other blocks that is no address, which does no harm. */
static inline void pl_blocks_expect_after(const void *block)
{
    void *next;
    memcpy(&next, block, sizeof next);
    __builtin_prefetch(next);
}

static inline void *pl_blocks_take(pl_blocks *b, size_t size)
{
    size_t class = pl_blocks_class(size);
    void *block = class < PL_BLOCKS_CLASSES ? b->kept[class] : NULL;
    if (block == NULL) return b->alloc(b->alloc_ud, NULL, 0, pl_blocks_room(size));
    memcpy(&b->kept[class], block, sizeof(void *));
    b->kept_bytes -= pl_blocks_room(size);
    pl_blocks_expect(b->kept[class], pl_blocks_room(size));
    return block;
}

static inline void pl_blocks_give(pl_blocks *b, void *block, size_t size)
{
    size_t class = pl_blocks_class(size);
    if (class >= PL_BLOCKS_CLASSES || b->kept_bytes >= PL_BLOCKS_KEPT) {
        b->alloc(b->alloc_ud, block, size, 0);
        return;
    }
    pl_blocks_expect_after(block);
    memcpy(block, &b->kept[class], sizeof(void *));
    b->kept[class] = block;
    b->kept_bytes += pl_blocks_room(size);
}

/* All that is kept goes back to where it came from. */
static inline void pl_blocks_drop(pl_blocks *b)
{
    for (size_t class = 0; class < PL_BLOCKS_CLASSES; class ++) {
        for (void *block = b->kept[class], *next; block; block = next) {
            memcpy(&next, block, sizeof next);
            b->alloc(b->alloc_ud, block, class * 16 + 8, 0);
        }
        b->kept[class] = NULL;
    }
    b->kept_bytes = 0;
}

/* As a lua_Alloc. */
static inline void *pl_blocks_resize(pl_blocks *b, void *block, size_t old_size, size_t size)
{
    if (block == NULL) return size ? pl_blocks_take(b, size) : NULL;
    if (size == 0) {
        pl_blocks_give(b, block, old_size);
        return NULL;
    }
    return b->alloc(b->alloc_ud, block, pl_blocks_room(old_size), pl_blocks_room(size));
}

#endif
