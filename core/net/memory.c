/* SPDX-License-Identifier: MIT
 *
 * libcurl takes a buffer of 16 KB for each transfer and lets a request's head grow by and by; these
 * are the sizes that malloc is slow with, and that base/block.h keeps. How large a block is stands
 * in front of it. */
#include "net/memory.h"

#include "base/block.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_BYTES 1024

typedef struct block {
    size_t size; /* with this head */
    alignas(max_align_t) char bytes[];
} block;

/* Is it of the sizes that are kept? Up to SMALL_BYTES malloc is quick, too; and where there is no
 * memory for something large, libcurl is told so. */
static bool is_kept(size_t size)
{
    return size > SMALL_BYTES && size <= PL_BLOCK_MOST_BYTES;
}

static block *block_of(void *memory)
{
    return (block *)(void *)((char *)memory - offsetof(block, bytes));
}

void *pl_net_malloc(size_t size)
{
    if (size > SIZE_MAX - sizeof(block)) return NULL;
    size += sizeof(block);
    block *b = is_kept(size) ? pl_block_take(size) : malloc(size);
    if (b == NULL) return NULL;
    b->size = size;
    return b->bytes;
}

void pl_net_free(void *memory)
{
    if (memory == NULL) return;
    block *b = block_of(memory);
    if (is_kept(b->size))
        pl_block_give(b, b->size);
    else
        free(b);
}

void *pl_net_realloc(void *memory, size_t size)
{
    if (memory == NULL) return pl_net_malloc(size);
    size_t old = block_of(memory)->size - sizeof(block);
    if (size <= old && size > old / 2) return memory;
    void *grown = pl_net_malloc(size);
    if (grown == NULL) return NULL;
    memcpy(grown, memory, old < size ? old : size);
    pl_net_free(memory);
    return grown;
}

char *pl_net_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = pl_net_malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

void *pl_net_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    void *memory = pl_net_malloc(bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}
