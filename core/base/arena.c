/* SPDX-License-Identifier: MIT
 *
 * Bump allocation in a chain of blocks. A block is twice as large as the one before, up to a
 * ceiling, so a small exchange costs one small malloc and a large one a few. What does not fit into
 * half a block gets a block of its own, put behind the newest: the room left in the newest stays in
 * use.
 *
 *   blocks -> [newest, being filled] -> [own block of something large] -> [older, full] -> NULL
 */
#include "base/arena.h"

#include "base/block.h"
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_BLOCK_BYTES   (1024 - sizeof(struct pl_arena_block)) /* a whole one of pl_block's */
#define LARGEST_BLOCK_BYTES (64 * 1024)

struct pl_arena_block {
    struct pl_arena_block *next;
    size_t room; /* of `bytes` */
    _Alignas(max_align_t) char bytes[];
};

static struct pl_arena_block *block_new(size_t room, struct pl_arena_block *next)
{
    struct pl_arena_block *block = pl_block_take(sizeof *block + room);
    *block = (struct pl_arena_block){.next = next, .room = room};
    return block;
}

static size_t next_room(const pl_arena *a)
{
    if (a->blocks == NULL) return FIRST_BLOCK_BYTES;
    size_t room = a->blocks->room * 2;
    return room < LARGEST_BLOCK_BYTES ? room : LARGEST_BLOCK_BYTES;
}

static void fill(pl_arena *a, struct pl_arena_block *block)
{
    a->blocks = block;
    a->at = block->bytes;
    a->left = block->room;
}

void pl_arena_init(pl_arena *a)
{
    *a = (pl_arena){0};
}

void pl_arena_init_large(pl_arena *a, size_t bytes)
{
    *a = (pl_arena){0};
    fill(a, block_new(bytes - sizeof(struct pl_arena_block), NULL));
}

void pl_arena_fini(pl_arena *a)
{
    for (struct pl_arena_block *block = a->blocks, *next; block; block = next) {
        next = block->next;
        pl_block_give(block, sizeof *block + block->room);
    }
    *a = (pl_arena){0};
}

/* Something large, behind the newest block, whose room stays in use. */
static void *alloc_behind(pl_arena *a, size_t size)
{
    struct pl_arena_block *block = block_new(size, a->blocks->next);
    a->blocks->next = block;
    a->used_bytes += size;
    return block->bytes;
}

void *pl_arena_alloc_more(pl_arena *a, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        return pl_alloc(size); /* cannot be had: ends here, before sums overflow */
    size = (size + align - 1) / align * align;
    size_t room = next_room(a);
    if (a->blocks && size > room / 2) return alloc_behind(a, size);
    fill(a, block_new(size > room ? size : room, a->blocks));
    return pl_arena_alloc(a, size);
}

void *pl_arena_zero(pl_arena *a, size_t size)
{
    return memset(pl_arena_alloc(a, size), 0, size);
}

pl_slice pl_arena_dup(pl_arena *a, pl_slice s)
{
    char *copy = pl_arena_alloc(a, s.len + 1);
    if (s.len) memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return (pl_slice){copy, s.len};
}

pl_slice pl_arena_join(pl_arena *a, pl_slice x, pl_slice y, pl_slice z)
{
    const pl_slice parts[] = {x, y, z};
    size_t len = 0;
    char *text = pl_arena_alloc(a, x.len + y.len + z.len + 1);
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].len) memcpy(text + len, parts[i].ptr, parts[i].len);
        len += parts[i].len;
    }
    text[len] = '\0';
    return (pl_slice){text, len};
}

char *pl_arena_printf(pl_arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    size_t size = len < 0 ? 1 : (size_t)len + 1;
    char *text = pl_arena_alloc(a, size);
    text[0] = '\0'; /* what stays when the format cannot be printed */
    vsnprintf(text, size, format, again);
    va_end(again);
    va_end(args);
    return text;
}
