/* SPDX-License-Identifier: MIT
 *
 * Three threads. The writer takes all that has been submitted as one group, carries it out in one
 * transaction, and answers each operation when the commit is on disk; what arrives meanwhile is the
 * next group. Groups grow with the load by themselves: an operation that somebody waits for never
 * waits for others to come. Only those that can wait do, for a moment (queue.h). The reader answers
 * questions, one at a time, on a connection of its own.
 *
 *   submit, wake -> [queue] -> writer: BEGIN IMMEDIATE, op, op, op, COMMIT (fsync) -> answers
 *   ask -> [questions] -> reader: SELECT ... within its time -----------------------> answer
 *                         copier: the greater part of a checkpoint (sqlite_copier.h)
 *
 * A wake-up of a thread costs about what an operation does, so there are few: workers wake the writer
 * once for all that a round of theirs submitted, or once enough has come that it need not wait for the
 * rest, and not while it is at work; of a group each of them gets all answers at once.
 *
 * A question sees what was submitted before it: what lingers is written then, and the reader holds
 * the question until it is, or has taken as long as a question may.
 *
 * Checkpoints come behind the answers, short and often, so that no commit waits for them in its own
 * time. The copier takes to the database what has come together, while commits go on; but a WAL in
 * which there is always more to copy never starts over, and so the writer ends each checkpoint: it has
 * only to copy what came meanwhile.
 *
 * A checkpoint ends where a reader looks, and while questions follow each other closely one always
 * does: the WAL would never start over. So when it has grown long the reader holds its next question
 * back (wants_quiet) until the writer has made one checkpoint alone. The writer never waits for the
 * reader.
 *
 * What has been kept long enough goes in steps between the groups, each a few milliseconds and
 * without a sync, and while operations follow each other closely only a few steps a second.
 *
 * Invariants: operations are carried out in order of submission, whoever waits for them, and each is
 * answered exactly once, those of one submitter in that order; queue_bytes is the weight of what is
 * not yet answered, what lingers included. */
#include "store/store.h"

#include "base/err.h"
#include "base/log.h"
#include "store/queue.h"
#include "store/sqlite_copier.h"
#include "store/sqlite_feed.h"
#include "store/sqlite_file.h"
#include "store/sqlite_group.h"
#include "store/sqlite_keep.h"
#include "store/sqlite_switch.h"
#include "store/sqlite_time.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MAX_QUESTIONS 256
/* Of the WAL: a checkpoint begins with about the first, beyond the second the reader stands back. It has
 * some syncs, and a group of many calls is some hundred pages: not behind each. */
#define CHECKPOINT_PAGES 500
#define LONG_WAL_PAGES   2048
/* Of retention: how long a step is, how long after one the next may come while operations wait, and
 * how long after a walk the next begins. */
#define KEEP_STEP_US  2000
#define KEEP_PAUSE_US 20000
#define KEEP_WALK_US  60000000
/* The same after a walk that has found more than may stay; and both at least so many times what the
 * walk has taken, so that no table, however long, costs more than a twentieth of the time. */
#define KEEP_MORE_US 1000000
#define KEEP_REST    20
/* Operations that somebody waits for, which the writer begins with though their submitter has more.
 * If it slept until all have come, those who wait for their answers would send the next ones all at
 * once, too, and writer and worker would sleep by turns. */
#define ENOUGH 16
/* Of SQLite's machine between looks at the clock: some tens of microseconds. */
#define PROGRESS_STEPS 1000

struct pl_store {
    pl_store_config config;
    char *path; /* a copy, which config.path is */
    int lock_fd;
    sqlite3 *db, *reader_db;
    pl_sqlite_copier copier; /* the writer thread's */
    pl_sqlite_groups groups; /* the writer thread's */
    pl_sqlite_keeper keeper; /* the writer thread's, as is when it did and does something: */
    uint64_t step_began_us, walk_took_us, next_walk_us;
    int wal_pages;        /* the writer thread's: not yet known to be in the database; */
    int checkpoint_pages; /* so many of them are worth a checkpoint, */
    int long_wal_pages;   /* and so many are too many */
    pl_store_metrics metrics;

    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t has_ops, has_questions;
    pl_queue queue;
    bool is_idle; /* the writer sleeps until it is woken, whatever is submitted */
    size_t queue_bytes;
    uint64_t submitted, answered; /* operations, ever */
    pl_query *questions, **questions_end;
    uint32_t question_count;
    bool is_reading, wants_quiet;
    pl_retention_of *own; /* not yet the keeper's; NULL: nothing new */
    uint32_t own_count;
    bool stopping;

    atomic_bool wants_wake; /* what was submitted is due, and the writer may be asleep */
    atomic_bool cut_short;  /* stopping, as the question under way sees it */
    uint64_t deadline_us;   /* of the question under way */
    pthread_t writer_thread, reader_thread;
};

/* -- the writer: checkpoints -- */

static int on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    ((pl_store *)arg)->wal_pages = pages;
    return SQLITE_OK;
}

static bool is_quiet(const pl_store *s)
{
    return s->wants_quiet && !s->is_reading;
}

static void want_quiet(pl_store *s, bool wants)
{
    pthread_mutex_lock(&s->lock);
    s->wants_quiet = wants;
    if (!wants) pthread_cond_signal(&s->has_questions);
    pthread_mutex_unlock(&s->lock);
}

/* Is the copier still at it, or has only now begun? */
static bool is_copied_first(pl_sqlite_copier *c)
{
    enum pl_sqlite_copying state = pl_sqlite_copier_look(c);
    if (state == PL_SQLITE_COPY_IDLE) pl_sqlite_copier_start(c);
    return state != PL_SQLITE_COPY_DONE;
}

/* A checkpoint that fails is no harm: the commits are in the WAL, and the next group tries again.
 * One that a reader cuts short is tried again when it is worth it. When our reader stood still, that
 * was somebody from outside: then there is no use in holding questions back until the WAL has grown
 * as much again. */
static void tidy_wal(pl_store *s)
{
    pthread_mutex_lock(&s->lock);
    bool is_alone = is_quiet(s), is_awaited = s->wants_quiet;
    pthread_mutex_unlock(&s->lock);
    if (s->wal_pages < s->checkpoint_pages && !is_alone) return;
    /* No question waits for this one, and so there is time to copy most of it beforehand. */
    if (!is_awaited && is_copied_first(&s->copier)) return;
    int pages = 0, moved = 0;
    int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
    bool is_whole = rc == SQLITE_OK && moved == pages;
    if (is_whole) s->wal_pages = 0;
    s->checkpoint_pages = CHECKPOINT_PAGES + (rc == SQLITE_OK ? s->wal_pages : 0);
    if (is_whole || is_alone) {
        s->long_wal_pages = s->wal_pages + LONG_WAL_PAGES;
        want_quiet(s, false);
    } else if (s->wal_pages >= s->long_wal_pages) {
        want_quiet(s, true);
    }
}

/* -- the writer: what has been kept long enough -- */

static bool walk_is_due(const pl_store *s)
{
    return pl_sqlite_keeper_has_rules(&s->keeper) &&
           (s->keeper.is_walking || pl_sqlite_now_us() >= s->next_walk_us);
}

static bool step_is_over(void *arg)
{
    return pl_sqlite_now_us() - ((const pl_store *)arg)->step_began_us >= KEEP_STEP_US;
}

static void free_own(pl_store *s)
{
    for (uint32_t i = 0; i < s->own_count; i++)
        free((char *)(uintptr_t)s->own[i].connector.ptr);
    free(s->own);
    s->own = NULL;
    s->own_count = 0;
}

static void set_sync(pl_store *s, bool is_on)
{
    if (!s->config.synchronous_full) return;
    sqlite3_exec(s->db, is_on ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", NULL,
                 NULL, NULL);
}

/* The next commit syncs what a step has written, if it is not in the database by then. */
static void step(pl_store *s)
{
    s->step_began_us = pl_sqlite_now_us();
    set_sync(s, false);
    int rc = pl_sqlite_keeper_step(&s->keeper, step_is_over, s);
    if (rc)
        pl_log(PL_LOG_ERROR, "what has been kept long enough cannot be removed",
               PL_LOG_STR("detail", sqlite3_errmsg(s->db)));
    set_sync(s, true);
    uint64_t took_us = pl_sqlite_now_us() - s->step_began_us;
    s->walk_took_us += took_us;
    pl_histogram_add(&s->metrics.keep_us, took_us);
    pl_counter_set(&s->metrics.removed, (uint64_t)s->keeper.removed);
    pl_counter_set(&s->metrics.stripped, (uint64_t)s->keeper.stripped);
}

/* What connectors want. The lock is held. */
static void take_own(pl_store *s)
{
    if (s->own == NULL) return;
    pl_sqlite_keeper_set(&s->keeper, s->own, s->own_count);
    free_own(s);
    s->next_walk_us = 0;
}

static void begin_walk(pl_store *s)
{
    s->walk_took_us = 0;
    pl_sqlite_keeper_begin(&s->keeper, s->config.wall_ms());
}

static void end_walk(pl_store *s)
{
    uint64_t pause_us = pl_sqlite_keeper_has_more(&s->keeper) ? KEEP_MORE_US : KEEP_WALK_US;
    uint64_t rest_us = KEEP_REST * s->walk_took_us;
    s->next_walk_us = pl_sqlite_now_us() + (rest_us > pause_us ? rest_us : pause_us);
}

static void keep(pl_store *s)
{
    pthread_mutex_lock(&s->lock);
    bool is_pressed = pl_queue_is_due(&s->queue, pl_sqlite_now_us()), is_stopping = s->stopping;
    take_own(s);
    pthread_mutex_unlock(&s->lock);
    if (!walk_is_due(s) || is_stopping) return;
    if (is_pressed && pl_sqlite_now_us() - s->step_began_us < KEEP_PAUSE_US) return;
    if (!s->keeper.is_walking && !s->groups.condition) begin_walk(s);
    if (s->groups.condition)
        s->keeper.is_walking = false; /* it would only fill the log of a full disk */
    else
        step(s);
    if (!s->keeper.is_walking) end_walk(s);
}

/* -- the writer: its queue -- */

static void wait_until(pl_store *s, pthread_cond_t *cond, uint64_t us)
{
    struct timespec until = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    if (us == UINT64_MAX)
        pthread_cond_wait(cond, &s->lock);
    else
        pthread_cond_timedwait(cond, &s->lock, &until);
}

/* Behind a group it looks once more by itself, after as long as operations may linger, so that under
 * load nobody has to wake it for those; only when none has come by then it must be woken for any. */
static void wait_for_ops(pl_store *s, uint64_t now)
{
    uint64_t until = now < s->queue.due_us ? s->queue.due_us : UINT64_MAX;
    s->is_idle = until == UINT64_MAX;
    if (pl_sqlite_keeper_has_rules(&s->keeper) && s->next_walk_us < until) until = s->next_walk_us;
    wait_until(s, &s->has_ops, until);
    if (s->is_idle) pl_queue_linger(&s->queue, pl_sqlite_now_us());
    s->is_idle = false;
}

static bool has_work(pl_store *s, uint64_t now)
{
    return pl_queue_is_due(&s->queue, now) || s->stopping || is_quiet(s) || s->own ||
           walk_is_due(s);
}

/* Waits for operations and takes a group of them, or none when it is time for a checkpoint or for
 * retention; false when the store is closing and none is left. */
static bool take_group(pl_store *s, pl_op **taken)
{
    uint64_t now = pl_sqlite_now_us();
    pthread_mutex_lock(&s->lock);
    pl_queue_linger(&s->queue, now);
    for (; !has_work(s, now); now = pl_sqlite_now_us())
        wait_for_ops(s, now);
    bool is_due = s->stopping || pl_queue_is_due(&s->queue, now);
    *taken = is_due ? pl_queue_take(&s->queue) : NULL;
    bool is_over = *taken == NULL && s->stopping;
    atomic_store_explicit(&s->wants_wake, false, memory_order_relaxed);
    pthread_mutex_unlock(&s->lock);
    return !is_over;
}

/* Those of one submitter go in one post, so that it is woken once. Gives the others. */
static pl_op *post_all_to(pl_mailbox *box, pl_op *group)
{
    pl_message *first = NULL, *last = NULL;
    pl_op *others = NULL, **end = &others;
    for (pl_op *op = group; op; op = op->next) {
        if (op->reply_to != box) {
            *end = op;
            end = &op->next;
        } else {
            if (last)
                last->next = &op->message;
            else
                first = &op->message;
            last = &op->message;
        }
    }
    *end = NULL;
    pl_mailbox_post_all(box, first, last); /* and they are no longer ours */
    return others;
}

static void answer(pl_store *s, pl_op *group)
{
    size_t bytes = 0;
    uint64_t count = 0;
    for (pl_op *op = group; op; op = op->next, count++)
        bytes += op->bytes;
    pthread_mutex_lock(&s->lock);
    s->queue_bytes -= bytes;
    s->answered += count;
    if (s->questions) pthread_cond_signal(&s->has_questions);
    pl_counter_set(&s->metrics.queue_bytes, s->queue_bytes);
    pthread_mutex_unlock(&s->lock);
    while (group)
        group = post_all_to(group->reply_to, group);
}

static void *write_all(void *arg)
{
    pl_store *s = arg;
    pl_op *group;
    pthread_setname_np(pthread_self(), "store");
    while (take_group(s, &group)) {
        if (group) {
            pl_sqlite_group_run(&s->groups, group);
            answer(s, group);
        }
        keep(s);
        tidy_wal(s);
    }
    return NULL;
}

int pl_store_submit(pl_store *s, pl_op *op)
{
    pthread_mutex_lock(&s->lock);
    /* A commit that is heavier than the bound by itself is taken when nothing else waits:
     * refused, it could never be done. What ends work that was taken is always taken. */
    bool is_new = op->kind == PL_OP_COMMIT || op->kind == PL_OP_KEY;
    bool fits = !is_new || !s->queue_bytes || s->queue_bytes + op->bytes <= s->config.queue_bytes;
    int result = s->stopping ? PL_E_STOPPING : fits ? 0 : PL_E_BUSY;
    if (result == 0) {
        pl_queue_put(&s->queue, op);
        s->submitted++;
        s->queue_bytes += op->bytes;
        pl_counter_set(&s->metrics.queue_bytes, s->queue_bytes);
        if (s->is_idle || pl_queue_is_pressed(&s->queue))
            atomic_store_explicit(&s->wants_wake, true, memory_order_relaxed);
        if (pl_queue_has_enough(&s->queue)) pthread_cond_signal(&s->has_ops);
    }
    pthread_mutex_unlock(&s->lock);
    return result;
}

void pl_store_wake(pl_store *s)
{
    if (!atomic_load_explicit(&s->wants_wake, memory_order_relaxed)) return;
    pthread_mutex_lock(&s->lock);
    atomic_store_explicit(&s->wants_wake, false, memory_order_relaxed);
    pthread_cond_signal(&s->has_ops);
    pthread_mutex_unlock(&s->lock);
}

/* -- the reader -- */

static int is_over(void *arg)
{
    pl_store *s = arg;
    return atomic_load_explicit(&s->cut_short, memory_order_relaxed) ||
           pl_sqlite_now_us() > s->deadline_us;
}

/* What was submitted before the first question belongs to its answer, unless that takes longer than
 * a question may. */
static bool waits_for_commit(const pl_store *s)
{
    return s->answered < s->questions->after && pl_sqlite_now_us() < s->questions->patience_us;
}

static void wait_for_questions(pl_store *s)
{
    bool is_timed = s->questions && waits_for_commit(s);
    wait_until(s, &s->has_questions, is_timed ? s->questions->patience_us : UINT64_MAX);
}

static pl_query *take_question(pl_store *s)
{
    pthread_mutex_lock(&s->lock);
    s->is_reading = false;
    if (s->wants_quiet) pthread_cond_signal(&s->has_ops);
    while ((!s->questions || s->wants_quiet || waits_for_commit(s)) && !s->stopping)
        wait_for_questions(s);
    pl_query *q = s->questions;
    if (q) {
        s->questions = q->next;
        if (!s->questions) s->questions_end = &s->questions;
        s->question_count--;
        s->is_reading = true;
    }
    pthread_mutex_unlock(&s->lock);
    return q;
}

static void *read_all(void *arg)
{
    pl_store *s = arg;
    pl_query *q;
    pthread_setname_np(pthread_self(), "store reader");
    while ((q = take_question(s))) {
        s->deadline_us = pl_sqlite_now_us() + (uint64_t)s->config.query_timeout_ms * 1000;
        q->result = s->cut_short ? PL_E_STOPPING : pl_sqlite_feed_answer(s->reader_db, q);
        if (q->result == PL_E_QUERY_TIMEOUT && s->cut_short) q->result = PL_E_STOPPING;
        pl_mailbox_post(q->reply_to, &q->message);
    }
    return NULL;
}

int pl_store_ask(pl_store *s, pl_query *q)
{
    q->next = NULL;
    pthread_mutex_lock(&s->lock);
    int result = s->stopping ? PL_E_STOPPING : s->question_count == MAX_QUESTIONS ? PL_E_BUSY : 0;
    if (result == 0) {
        q->after = s->submitted;
        q->patience_us = pl_sqlite_now_us() + (uint64_t)s->config.query_timeout_ms * 1000;
        pl_queue_hurry(&s->queue);
        if (s->queue.first) pthread_cond_signal(&s->has_ops);
        if (!s->questions) pthread_cond_signal(&s->has_questions);
        *s->questions_end = q;
        s->questions_end = &q->next;
        s->question_count++;
    }
    pthread_mutex_unlock(&s->lock);
    return result;
}

/* -- open and close -- */

static void close_files(pl_store *s)
{
    pl_sqlite_copier_close(&s->copier);
    pl_sqlite_keeper_fini(&s->keeper);
    pl_sqlite_writer_fini(&s->groups.writer);
    /* Before the writer's, which tidies the WAL away as the last one to go. */
    sqlite3_close(s->reader_db);
    sqlite3_close(s->db);
    if (s->lock_fd >= 0) close(s->lock_fd);
}

static void show_switch(void *arg, const pl_switch *what)
{
    const pl_store *s = arg;
    s->config.switched(s->config.arg, what, true);
}

static int open_copier(pl_store *s, char **reason)
{
    sqlite3 *db;
    if (pl_sqlite_open_copier(s->config.path, &db, reason)) return -1;
    if (pl_sqlite_copier_open(&s->copier, db) == 0) return 0;
    *reason = strdup("cannot start the threads of the store");
    return -1;
}

static int open_files(pl_store *s, char **reason)
{
    const char *path = s->config.path;
    s->lock_fd = pl_sqlite_lock(path, reason);
    if (s->lock_fd < 0) return -1;
    const pl_store_config *c = &s->config;
    if (pl_sqlite_open_writer(path, c->synchronous_full, c->check_bytes, &s->db, reason)) return -1;
    s->groups = (pl_sqlite_groups){.config = c, .metrics = &s->metrics, .db = s->db};
    if (pl_sqlite_writer_open(&s->groups.writer, s->db) != SQLITE_OK ||
        pl_sqlite_keeper_open(&s->keeper, s->db, &s->config.retention) != SQLITE_OK ||
        (s->config.switched && pl_sqlite_switches_show(s->db, show_switch, s) != SQLITE_OK) ||
        (s->config.paused &&
         pl_sqlite_pauses_show(s->db, s->config.paused, s->config.arg) != SQLITE_OK)) {
        if (asprintf(reason, "cannot open the store %s: %s", path, sqlite3_errmsg(s->db)) < 0)
            *reason = NULL;
        return -1;
    }
    pl_sqlite_groups_show(&s->groups);
    sqlite3_wal_hook(s->db, on_wal, s);
    s->checkpoint_pages = CHECKPOINT_PAGES;
    s->long_wal_pages = LONG_WAL_PAGES;
    if (pl_sqlite_open_reader(path, &s->reader_db, reason)) return -1;
    sqlite3_progress_handler(s->reader_db, PROGRESS_STEPS, is_over, s);
    return open_copier(s, reason);
}

static void stop(pl_store *s)
{
    atomic_store(&s->cut_short, true);
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->has_ops);
    pthread_cond_signal(&s->has_questions);
    pthread_mutex_unlock(&s->lock);
}

static void store_free(pl_store *s)
{
    close_files(s);
    pthread_cond_destroy(&s->has_questions);
    pthread_cond_destroy(&s->has_ops);
    pthread_mutex_destroy(&s->lock);
    free_own(s);
    free(s->path);
    free(s);
}

/* With a single one the writer would only interrupt its submitter, for groups that are smaller. */
static bool has_processors(void)
{
    cpu_set_t mine;
    return sched_getaffinity(0, sizeof mine, &mine) == 0 && CPU_COUNT(&mine) > 1;
}

static int start_threads(pl_store *s)
{
    if (pthread_create(&s->writer_thread, NULL, write_all, s)) return -1;
    if (pthread_create(&s->reader_thread, NULL, read_all, s) == 0) return 0;
    stop(s);
    pthread_join(s->writer_thread, NULL);
    return -1;
}

int pl_store_open(pl_store **out, const pl_store_config *config, char **reason)
{
    pthread_condattr_t monotonic;
    pl_store *s = pl_alloc_zero(sizeof *s);
    s->config = *config;
    s->config.path = s->path = strdup(config->path);
    s->lock_fd = -1;
    pl_queue_init(&s->queue, (uint64_t)config->linger_ms * 1000,
                  has_processors() ? ENOUGH : UINT32_MAX);
    s->questions_end = &s->questions;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->has_ops, &monotonic);
    pthread_cond_init(&s->has_questions, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *reason = NULL;
    if (open_files(s, reason)) goto failed;
    if (start_threads(s)) {
        *reason = strdup("cannot start the threads of the store");
        goto failed;
    }
    *out = s;
    return 0;
failed:
    store_free(s);
    return PL_E_STORE;
}

void pl_store_close(pl_store *s)
{
    stop(s);
    pthread_join(s->reader_thread, NULL);
    pthread_join(s->writer_thread, NULL);
    store_free(s);
}

void pl_store_retain(pl_store *s, const pl_retention_of *own, uint32_t count)
{
    pl_retention_of *copy = pl_alloc((count + 1) * sizeof *copy);
    for (uint32_t i = 0; i < count; i++) {
        copy[i] = own[i];
        copy[i].connector.ptr = pl_alloc_text(own[i].connector);
    }
    pthread_mutex_lock(&s->lock);
    free_own(s);
    s->own = copy;
    s->own_count = count;
    pthread_cond_signal(&s->has_ops);
    pthread_mutex_unlock(&s->lock);
}

const pl_store_metrics *pl_store_metrics_of(const pl_store *s)
{
    return &s->metrics;
}
