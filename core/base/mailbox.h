/* SPDX-License-Identifier: MIT
 *
 * How threads talk: any thread posts a message, the owner drains them in order of arrival. A
 * message is embedded in what it is about; from post to drain it belongs to the mailbox. `wake` is
 * called, on the poster's thread, when the first message comes into an empty box. */
#ifndef PL_BASE_MAILBOX_H
#define PL_BASE_MAILBOX_H

#include <pthread.h>

typedef struct pl_message pl_message;
typedef void pl_message_fn(pl_message *m);

struct pl_message {
    pl_message *next;
    pl_message_fn *fn; /* called by drain, on the owner's thread */
};

typedef struct pl_mailbox {
    pthread_mutex_t lock;
    pl_message *first, **last;
    void (*wake)(void *owner);
    void *owner;
} pl_mailbox;

void pl_mailbox_init(pl_mailbox *box, void (*wake)(void *owner), void *owner);
void pl_mailbox_fini(pl_mailbox *box);
void pl_mailbox_post(pl_mailbox *box, pl_message *m);
/* A chain of them, from `first` to `last`, with one wake-up for all. */
void pl_mailbox_post_all(pl_mailbox *box, pl_message *first, pl_message *last);
/* Calls every message that is there at the start of the call; returns how many. */
int pl_mailbox_drain(pl_mailbox *box);

#endif
