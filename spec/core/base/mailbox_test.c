/* SPDX-License-Identifier: MIT */
#include "base/mailbox.h"

#include "test.h"

#include <semaphore.h>
#include <stdlib.h>

struct numbered {
    pl_message message;
    int thread, number;
};

static int wakes, received[8], received_count;
static pl_mailbox the_box;

static void count_wake(void *owner)
{
    ++*(int *)owner;
}

static void note(pl_message *m)
{
    received[received_count++] = ((struct numbered *)m)->number;
}

static void note_and_post_again(pl_message *m)
{
    note(m);
    m->fn = note;
    pl_mailbox_post(&the_box, m);
}

static void start(void)
{
    wakes = received_count = 0;
    pl_mailbox_init(&the_box, count_wake, &wakes);
}

TEST(messages_come_in_order_after_one_wake)
{
    struct numbered m[3];
    start();
    CHECK_EQ_INT(pl_mailbox_drain(&the_box), 0);
    for (int i = 0; i < 3; i++) {
        m[i] = (struct numbered){.message.fn = note, .number = i};
        pl_mailbox_post(&the_box, &m[i].message);
    }
    CHECK_EQ_INT(wakes, 1);
    CHECK_EQ_INT(received_count, 0);
    CHECK_EQ_INT(pl_mailbox_drain(&the_box), 3);
    for (int i = 0; i < 3; i++)
        CHECK_EQ_INT(received[i], i);
    CHECK_EQ_INT(pl_mailbox_drain(&the_box), 0);
    pl_mailbox_fini(&the_box);
}

TEST(a_chain_is_posted_with_one_wake)
{
    struct numbered m[4];
    start();
    for (int i = 0; i < 4; i++)
        m[i] = (struct numbered){.message = {.next = i < 3 ? &m[i + 1].message : NULL, .fn = note},
                                 .number = i};
    pl_mailbox_post_all(&the_box, &m[0].message, &m[2].message);
    pl_mailbox_post_all(&the_box, &m[3].message, &m[3].message);
    CHECK_EQ_INT(wakes, 1);
    CHECK_EQ_INT(pl_mailbox_drain(&the_box), 4);
    for (int i = 0; i < 4; i++)
        CHECK_EQ_INT(received[i], i);
    pl_mailbox_fini(&the_box);
}

TEST(what_a_message_posts_waits_for_the_next_drain)
{
    struct numbered a = {.message.fn = note_and_post_again, .number = 1};
    struct numbered b = {.message.fn = note, .number = 2};
    start();
    pl_mailbox_post(&the_box, &a.message);
    pl_mailbox_post(&the_box, &b.message);
    CHECK_EQ_INT(pl_mailbox_drain(&the_box), 2);
    CHECK_EQ_INT(wakes, 2);
    CHECK_EQ_INT(pl_mailbox_drain(&the_box), 1);
    CHECK_EQ_INT(received_count, 3);
    CHECK_EQ_INT(received[2], 1);
    pl_mailbox_fini(&the_box);
}

enum { POSTERS = 4, EACH = 5000 };

static sem_t wake_semaphore;
static int next_of[POSTERS], out_of_order;

static void raise_semaphore(void *owner)
{
    sem_post(owner);
}

static void check_order(pl_message *m)
{
    struct numbered *n = (struct numbered *)m;
    out_of_order += n->number != next_of[n->thread];
    next_of[n->thread] = n->number + 1;
    free(n);
}

static void *post_many(void *thread)
{
    for (int i = 0; i < EACH; i++) {
        struct numbered *n = malloc(sizeof *n);
        *n = (struct numbered){.message.fn = check_order, .number = i};
        n->thread = (int)((int *)thread - next_of);
        pl_mailbox_post(&the_box, &n->message);
    }
    return NULL;
}

/* The owner sleeps on nothing but the wake-ups: a lost one hangs the test. */
TEST(no_message_and_no_wake_is_lost_between_threads)
{
    pthread_t threads[POSTERS];
    sem_init(&wake_semaphore, 0, 0);
    pl_mailbox_init(&the_box, raise_semaphore, &wake_semaphore);
    for (int i = 0; i < POSTERS; i++)
        pthread_create(&threads[i], NULL, post_many, &next_of[i]);
    for (int drained = 0; drained < POSTERS * EACH;) {
        sem_wait(&wake_semaphore);
        drained += pl_mailbox_drain(&the_box);
    }
    for (int i = 0; i < POSTERS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_EQ_INT(next_of[i], EACH);
    }
    CHECK_EQ_INT(out_of_order, 0);
    CHECK_EQ_INT(pl_mailbox_drain(&the_box), 0);
    pl_mailbox_fini(&the_box);
    sem_destroy(&wake_semaphore);
}

int main(void)
{
    return RUN(CASE(messages_come_in_order_after_one_wake), CASE(a_chain_is_posted_with_one_wake),
               CASE(what_a_message_posts_waits_for_the_next_drain),
               CASE(no_message_and_no_wake_is_lost_between_threads));
}
