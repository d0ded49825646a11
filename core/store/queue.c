/* SPDX-License-Identifier: MIT */
#include "store/queue.h"

#include <stddef.h>

void pl_queue_init(pl_queue *q, uint64_t linger_us, uint32_t enough)
{
    *q = (pl_queue){.end = &q->first, .linger_us = linger_us, .enough = enough};
}

void pl_queue_put(pl_queue *q, pl_op *op)
{
    op->next = NULL;
    *q->end = op;
    q->end = &op->next;
    q->count++;
    q->bytes += op->bytes;
    q->is_urgent = q->is_urgent || !op->can_wait;
    q->urgent += !op->can_wait;
}

void pl_queue_linger(pl_queue *q, uint64_t now_us)
{
    q->due_us = now_us + q->linger_us;
}

void pl_queue_hurry(pl_queue *q)
{
    q->is_urgent = q->first != NULL;
}

/* Have many or heavy ones come together? */
static bool is_long(const pl_queue *q)
{
    return q->count >= PL_QUEUE_LONG || q->bytes >= PL_QUEUE_LONG_BYTES;
}

bool pl_queue_is_pressed(const pl_queue *q)
{
    return q->is_urgent || is_long(q);
}

bool pl_queue_has_enough(const pl_queue *q)
{
    return q->urgent == q->enough || is_long(q);
}

bool pl_queue_is_due(const pl_queue *q, uint64_t now_us)
{
    return q->first && (pl_queue_is_pressed(q) || now_us >= q->due_us);
}

pl_op *pl_queue_take(pl_queue *q)
{
    pl_op *group = q->first, **end = &q->first;
    size_t bytes = 0;
    for (uint32_t n = 0; *end && n < PL_QUEUE_GROUP && bytes < PL_QUEUE_GROUP_BYTES; n++) {
        bytes += (*end)->bytes;
        q->count--;
        end = &(*end)->next;
    }
    q->bytes -= bytes;
    q->first = *end;
    if (q->first == NULL) q->end = &q->first;
    if (group) *end = NULL;
    q->is_urgent = q->first != NULL;
    q->urgent = 0;
    return group;
}
