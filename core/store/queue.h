/* SPDX-License-Identifier: MIT
 *
 * What waits for the store's writer, in order of submission, and when it is time to write it. An
 * operation that somebody waits for is due at once, and all before it with it. Those for whose
 * answers nobody waits (pl_op.can_wait) linger: each commit costs a sync, and many share one. They
 * are due when one comes that is, when many or heavy ones have come together, and after linger_us
 * at the latest.
 *
 * A structure without threads and clocks: whoever owns it holds a lock, and says what time it is. */
#ifndef PL_STORE_QUEUE_H
#define PL_STORE_QUEUE_H

#include "flow/journal.h"

/* A group is bounded so that the first of it does not wait for thousands. */
#define PL_QUEUE_GROUP       1024
#define PL_QUEUE_GROUP_BYTES (8u << 20)
/* So many, or so much, linger no longer. */
#define PL_QUEUE_LONG       256
#define PL_QUEUE_LONG_BYTES (1u << 20)

typedef struct pl_queue {
    pl_op *first, **end;
    uint32_t count;     /* of what is in it, as */
    size_t bytes;       /* is this */
    bool is_urgent;     /* somebody waits; */
    uint32_t urgent;    /* so many have since the last group, */
    uint32_t enough;    /* and with so many the writer need not wait for more */
    uint64_t linger_us; /* of what can wait */
    uint64_t due_us;    /* when what can wait is due */
} pl_queue;

void pl_queue_init(pl_queue *q, uint64_t linger_us, uint32_t enough);
void pl_queue_put(pl_queue *q, pl_op *op);
/* What can wait is due linger_us from now. */
void pl_queue_linger(pl_queue *q, uint64_t now_us);
/* What is in it is due, however long it has waited. */
void pl_queue_hurry(pl_queue *q);
/* Is it due, whatever the time? Whoever sleeps until due_us must be woken for this. */
bool pl_queue_is_pressed(const pl_queue *q);
/* Behind each put: is a writer that sleeps to be woken before all have come? Of those that somebody
 * waits for that is said once a group. */
bool pl_queue_has_enough(const pl_queue *q);
bool pl_queue_is_due(const pl_queue *q, uint64_t now_us);
/* The next group, a list; NULL when there is none. What it leaves is due. */
pl_op *pl_queue_take(pl_queue *q);

#endif
