/* SPDX-License-Identifier: MIT
 *
 * A list with a lock, held only to append or to take everything.
 * The poster that finds the box empty wakes the owner:
 * as a drain takes all there is, one wake-up covers every message until then. */
#include "base/mailbox.h"

#include <stdbool.h>
#include <stddef.h>

void pl_mailbox_init(pl_mailbox *box, void (*wake)(void *owner), void *owner)
{
    *box = (pl_mailbox){.last = &box->first, .wake = wake, .owner = owner};
    pthread_mutex_init(&box->lock, NULL);
}

void pl_mailbox_fini(pl_mailbox *box)
{
    pthread_mutex_destroy(&box->lock);
}

void pl_mailbox_post(pl_mailbox *box, pl_message *m)
{
    pl_mailbox_post_all(box, m, m);
}

void pl_mailbox_post_all(pl_mailbox *box, pl_message *first, pl_message *last)
{
    last->next = NULL;
    pthread_mutex_lock(&box->lock);
    bool was_empty = box->first == NULL;
    *box->last = first;
    box->last = &last->next;
    pthread_mutex_unlock(&box->lock);
    if (was_empty) box->wake(box->owner);
}

int pl_mailbox_drain(pl_mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    pl_message *m = box->first;
    box->first = NULL;
    box->last = &box->first;
    pthread_mutex_unlock(&box->lock);

    int count = 0;
    for (pl_message *next; m; m = next, count++) {
        next = m->next; /* the function may free or post the message again */
        m->fn(m);
    }
    return count;
}
