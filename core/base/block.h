/* SPDX-License-Identifier: MIT
 *
 * Memory that comes and goes with each request: blocks that a thread keeps when they are given back,
 * to hand them out again. A block may be given back by another thread than took it. */
#ifndef PL_BASE_BLOCK_H
#define PL_BASE_BLOCK_H

#include <stddef.h>

/* What a thread keeps, at most (what some hundred exchanges under way take), and the largest of it:
 * 16 KB and what stands in front of that. */
#define PL_BLOCK_KEPT_BYTES (8u << 20)
#define PL_BLOCK_MOST_BYTES (16896u)

/* Of `size` bytes (not 0) at least, aligned for any type, not zeroed. Never NULL (pl_alloc). */
void *pl_block_take(size_t size);
void *pl_block_zero(size_t size);
/* `size` is what it was taken with. NULL is nothing. */
void pl_block_give(void *block, size_t size);

#endif
