/* SPDX-License-Identifier: MIT
 *
 * malloc is quick for what is small (a kilobyte, in glibc) and not for the few larger blocks of each
 * request: those it cuts and joins anew each time. Here a pile for each size, in steps, keeps them as
 * they are, the last one given back on top: it is warm in the cache. What is deeper mostly is not, so
 * the pile stands beside the blocks and not in them: none is read for the sake of another.
 *
 * No size has all the room: what hundreds of exchanges give back at once, when the store has written
 * their records, is mostly what is largest of each, and nothing would be kept of the others.
 *
 * With AddressSanitizer nothing is kept, and no block is larger than was asked for: who uses one that was
 * given back, or what is behind it, is to be found out. */
#include "base/block.h"

#include "base/buf.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

/* Of what may wait for long, events and deliveries, there are many, and they are small: their steps are. */
#define FINE_BYTES 32
#define FINE_MOST  1024
#define FINE_SIZES (FINE_MOST / FINE_BYTES)
#define STEP_BYTES 512
#define SIZES \
    (FINE_SIZES + (PL_BLOCK_MOST_BYTES - FINE_MOST) / STEP_BYTES + 1) /* larger ones are malloc's */

#ifdef __SANITIZE_ADDRESS__
#define KEPT_BYTES 0u
#else
#define KEPT_BYTES PL_BLOCK_KEPT_BYTES
#endif
#define KEPT_BYTES_EACH (KEPT_BYTES / 4) /* of one size */
#define FEW             16               /* blocks that a pile has room for at first */

typedef struct pile {
    void **blocks;
    size_t count, room;
    size_t bytes;
} pile;

typedef struct shelf {
    pile piles[SIZES];
    size_t bytes;       /* of them all */
    bool is_registered; /* to be emptied when the thread ends */
} shelf;

static _Thread_local shelf here;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void empty(void *thread)
{
    shelf *s = thread;
    for (size_t i = 0; i < SIZES; i++) {
        while (s->piles[i].count > 0)
            free(s->piles[i].blocks[--s->piles[i].count]);
        free(s->piles[i].blocks);
    }
    *s = (shelf){0};
}

static void begin_process(void)
{
    if (pthread_key_create(&key, empty) != 0) abort();
}

static void begin_thread(void)
{
    pthread_once(&once, begin_process);
    if (pthread_setspecific(key, &here) != 0) abort();
    here.is_registered = true;
}

static size_t index_of(size_t size)
{
    if (size <= FINE_MOST) return (size + FINE_BYTES - 1) / FINE_BYTES;
    return FINE_SIZES + (size - FINE_MOST + STEP_BYTES - 1) / STEP_BYTES;
}

static size_t bytes_of(size_t i)
{
    return i <= FINE_SIZES ? i * FINE_BYTES : FINE_MOST + (i - FINE_SIZES) * STEP_BYTES;
}

/* So many more bytes in a pile, or fewer. */
static void weigh(pile *p, size_t bytes)
{
    p->bytes += bytes;
    here.bytes += bytes;
}

void *pl_block_take(size_t size)
{
    size_t i = index_of(size);
    if (i >= SIZES || KEPT_BYTES == 0) return pl_alloc(size);
    pile *p = &here.piles[i];
    if (p->count == 0) return pl_alloc(bytes_of(i));
    weigh(p, -bytes_of(i));
    return p->blocks[--p->count];
}

void *pl_block_zero(size_t size)
{
    return memset(pl_block_take(size), 0, size);
}

static bool has_room(const pile *p, size_t bytes)
{
    return p->bytes + bytes <= KEPT_BYTES_EACH && here.bytes + bytes <= KEPT_BYTES;
}

static void put_on(pile *p, void *block)
{
    if (p->count == p->room) {
        p->room = p->room ? p->room * 2 : FEW;
        p->blocks = pl_realloc(p->blocks, p->room * sizeof *p->blocks);
    }
    p->blocks[p->count++] = block;
}

void pl_block_give(void *block, size_t size)
{
    if (block == NULL) return;
    size_t i = index_of(size), bytes = bytes_of(i);
    if (i >= SIZES || !has_room(&here.piles[i], bytes)) {
        free(block);
        return;
    }
    if (!here.is_registered) begin_thread();
    put_on(&here.piles[i], block);
    weigh(&here.piles[i], bytes);
}
