/* SPDX-License-Identifier: MIT
 *
 * The threads, the groups, and the faults. Disk faults are made by a VFS put
 * over SQLite's own, which fails the writes of the files that the test names;
 * so the code under test knows nothing of it. */
#include "base/log.h"
#include "store/queue.h"
#include "store/sqlite_rows.h"
#include "store_harness.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* -- the disk that fails -- */

enum { FAULT_WAL = 1, FAULT_DATABASE = 2 };

static atomic_int fault_where, fault_code, faults_met;
static sqlite3_vfs faulty_vfs, *real_vfs;
/* SQLite gives the main database and the others different methods. */
static sqlite3_io_methods faulty_methods[2];
static const sqlite3_io_methods *real_methods[2];

static int fault_at(int where)
{
    if (!(fault_where & where)) return SQLITE_OK;
    faults_met++;
    return fault_code;
}

static int write_database(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    int rc = fault_at(FAULT_DATABASE);
    return rc ? rc : real_methods[0]->xWrite(f, bytes, n, at);
}

static int write_wal(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    int rc = fault_at(FAULT_WAL);
    return rc ? rc : real_methods[1]->xWrite(f, bytes, n, at);
}

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    (void)vfs;
    int rc = real_vfs->xOpen(real_vfs, name, f, flags, out);
    int kind = flags & SQLITE_OPEN_MAIN_DB ? 0 : flags & SQLITE_OPEN_WAL ? 1 : -1;
    if (rc || kind < 0) return rc;
    if (!real_methods[kind]) {
        real_methods[kind] = f->pMethods;
        faulty_methods[kind] = *f->pMethods;
        faulty_methods[kind].xWrite = kind ? write_wal : write_database;
    }
    f->pMethods = &faulty_methods[kind];
    return rc;
}

static void faulty_register(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    faulty_vfs = *real_vfs;
    faulty_vfs.zName = "faulty";
    faulty_vfs.xOpen = faulty_open;
    sqlite3_vfs_register(&faulty_vfs, 1);
}

static void faulty_set(int where, int code)
{
    faults_met = 0;
    fault_code = code;
    fault_where = where;
}

/* -- groups -- */

/* Holds the writer still with one commit, so that all
 * that is submitted until gate_open is one group. */
static void hold_writer(bench *b, gate *g, one *o, pl_event *event, pl_uuid id)
{
    gate_init(g);
    one_init(o, event, id, true);
    o->commit.op.message.fn = no_answer;
    o->commit.op.reply_to = &g->mailbox;
    o->commit.op.bytes = 100;
    if (submit_to(b->store, &o->commit.op)) abort();
    sem_wait(&g->reached);
}

TEST(what_arrives_during_a_commit_is_one_transaction)
{
    enum { COUNT = 300 };
    static one ones[COUNT];
    static pl_event *events[COUNT];
    bench b;
    gate g;
    one first;
    bench_init(&b);
    bench_open(&b);
    const pl_store_metrics *m = pl_store_metrics_of(b.store);
    pl_event *e = event_new("first", "order", "{}");
    hold_writer(&b, &g, &first, e, id_of(T0, 0));
    for (int i = 0; i < COUNT; i++) {
        char id[16];
        snprintf(id, sizeof id, "e%d", i);
        events[i] = event_new(id, "order", "{}");
        one_init(&ones[i], events[i], id_of(T0, 1 + (uint32_t)i), true);
        submit(&b, &ones[i].commit.op, PL_OP_COMMIT);
    }
    CHECK_EQ_INT(pl_counter_get(&m->queue_bytes), COUNT * 100);
    gate_open(&g);
    box_wait(&b.box, COUNT);
    CHECK_EQ_INT(pl_counter_get(&m->commits), 2);
    CHECK_EQ_INT(pl_counter_get(&m->operations), 1 + COUNT);
    CHECK_EQ_INT(pl_counter_get(&m->pending), 1 + COUNT);
    CHECK_EQ_INT(pl_counter_get(&m->queue_bytes), 0);
    CHECK_EQ_INT(pl_counter_get(&m->errors), 0);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events"), 1 + COUNT);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending p JOIN events e ON e.seq = p.event"
                                  " AND e.first_id = p.id WHERE p.held = 1"),
                 1 + COUNT);
    for (int i = 0; i < COUNT; i++) {
        CHECK_EQ_INT(ones[i].commit.op.result, 0);
        free(events[i]);
    }
    free(e);
    gate_fini(&g);
    bench_fini(&b);
}

enum { THREADS = 4, ROUNDS = 50, IN_FLIGHT = 10 };

static bench *shared;

/* Commits ROUNDS times IN_FLIGHT events, checks that each is there in the order of answers. */
static void *submitter(void *arg)
{
    uint32_t thread = *(uint32_t *)arg;
    one ones[IN_FLIGHT];
    pl_event *events[IN_FLIGHT];
    box own;
    intptr_t bad = 0;
    box_init(&own);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < IN_FLIGHT; i++) {
            uint32_t n = (thread * ROUNDS + round) * IN_FLIGHT + i;
            char id[24];
            snprintf(id, sizeof id, "e%u", n);
            events[i] = event_new(id, "order", "{}");
            one_init(&ones[i], events[i], id_of(T0, n), true);
            ones[i].commit.op.message.fn = no_answer;
            ones[i].commit.op.reply_to = &own.mailbox;
            ones[i].commit.op.bytes = 100;
            if (submit_to(shared->store, &ones[i].commit.op)) abort();
        }
        box_wait(&own, IN_FLIGHT);
        for (uint32_t i = 0; i < IN_FLIGHT; i++) {
            bad += ones[i].commit.op.result != 0 || events[i]->seq == 0;
            bad += i > 0 && events[i]->seq <= events[i - 1]->seq;
        }
        for (uint32_t i = 0; i < IN_FLIGHT; i++)
            free(events[i]);
    }
    box_fini(&own);
    return (void *)bad;
}

TEST(many_threads_share_commits)
{
    bench b;
    pthread_t threads[THREADS];
    uint32_t numbers[THREADS];
    bench_init(&b);
    bench_open(&b);
    shared = &b;
    for (uint32_t i = 0; i < THREADS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, submitter, &numbers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        CHECK(bad == NULL);
    }
    const pl_store_metrics *m = pl_store_metrics_of(b.store);
    CHECK_EQ_INT(pl_counter_get(&m->operations), THREADS * ROUNDS * IN_FLIGHT);
    CHECK(pl_counter_get(&m->commits) < THREADS * ROUNDS * IN_FLIGHT);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending"), THREADS * ROUNDS * IN_FLIGHT);
    bench_fini(&b);
}

TEST(the_queue_is_bounded_by_weight)
{
    bench b;
    gate g;
    one first, ones[3];
    bench_init(&b);
    char *reason = NULL;
    pl_store_config config = bench_config(&b);
    config.queue_bytes = 1000;
    CHECK_EQ_INT(pl_store_open(&b.store, &config, &reason), 0);
    pl_event *e = event_new("first", "order", "{}");
    hold_writer(&b, &g, &first, e, id_of(T0, 0));
    pl_event *events[3];
    for (uint32_t i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "e%u", i);
        events[i] = event_new(id, "order", "{}");
        one_init(&ones[i], events[i], id_of(T0, i + 1), true);
        ones[i].commit.op =
            (pl_op){.message.fn = no_answer, .reply_to = &b.box.mailbox, .bytes = 600};
    }
    ones[0].commit.op.bytes = 5000; /* too heavy by itself: taken when it is alone */
    CHECK_EQ_INT(submit_to(b.store, &ones[0].commit.op), 0);
    CHECK_EQ_INT(submit_to(b.store, &ones[1].commit.op), PL_E_BUSY);
    gate_open(&g);
    box_wait(&b.box, 1);
    CHECK_EQ_INT(submit_to(b.store, &ones[1].commit.op), 0);
    box_wait(&b.box, 1);
    CHECK_EQ_INT(submit_to(b.store, &ones[2].commit.op), 0);
    box_wait(&b.box, 1);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events"), 4);
    for (int i = 0; i < 3; i++)
        free(events[i]);
    free(e);
    gate_fini(&g);
    bench_fini(&b);
}

TEST(a_full_queue_takes_what_ends_work)
{
    bench b;
    gate g;
    one first, heavy, more;
    bench_init(&b);
    char *reason = NULL;
    pl_store_config config = bench_config(&b);
    config.queue_bytes = 1000;
    CHECK_EQ_INT(pl_store_open(&b.store, &config, &reason), 0);
    pl_event *e = event_new("first", "order", "{}"), *e2 = event_new("heavy", "order", "{}");
    hold_writer(&b, &g, &first, e, id_of(T0, 0));
    one_init(&heavy, e2, id_of(T0, 1), true);
    heavy.commit.op.bytes = 2000;
    submit(&b, &heavy.commit.op, PL_OP_COMMIT);
    one_init(&more, e2, id_of(T0, 2), true);
    more.commit.op.bytes = 1;
    CHECK_EQ_INT(submit_to(b.store, &more.commit.op), PL_E_BUSY);

    pl_attempt a = attempt_of(1, "http_status", 500);
    pl_record r = record_of(id_of(T0, 0), &a, PL_STATE_PENDING);
    pl_command c = {.kind = PL_COMMAND_CANCEL, .id = id_of(T0, 1), .now_ms = T0};
    pl_claim claim = {.before_ms = T0 + 1000, .limit = 10};
    submit(&b, &r.op, PL_OP_RECORD);
    submit(&b, &c.op, PL_OP_COMMAND);
    submit(&b, &claim.op, PL_OP_CLAIM);
    gate_open(&g);
    box_wait(&b.box, 4);
    CHECK_EQ_INT(r.op.result, 0);
    CHECK_EQ_INT(c.op.result, 0);
    CHECK_EQ_INT(claim.op.result, 0);
    CHECK_EQ_INT(claim.count, 1); /* the first, which its record let go of */
    CHECK_EQ_INT(pl_counter_get(&pl_store_metrics_of(b.store)->queue_bytes), 0);
    pl_arena_fini(&claim.memory);
    free(e2);
    free(e);
    gate_fini(&g);
    bench_fini(&b);
}

/* -- what can wait -- */

enum { LONG_MS = 3600000 };

static void open_lingering(bench *b, int64_t linger_ms, int64_t query_timeout_ms)
{
    char *reason = NULL;
    bench_init(b);
    pl_store_config config = bench_config(b);
    config.linger_ms = linger_ms;
    config.query_timeout_ms = query_timeout_ms;
    if (pl_store_open(&b->store, &config, &reason)) abort();
}

/* The record of a call that was answered. */
typedef struct called {
    pl_attempt attempt;
    pl_record record;
} called;

static void put_call(bench *b, called *c, pl_event *event, uint32_t n)
{
    c->attempt = attempt_of(1, "ok", 200);
    c->record = record_of(id_of(T0, n), &c->attempt, PL_STATE_DELIVERED);
    c->record.kind = PL_KIND_CALL;
    c->record.event = event;
    c->record.op.can_wait = true;
    submit(b, &c->record.op, PL_OP_RECORD);
}

TEST(what_can_wait_is_written_with_what_cannot)
{
    enum { COUNT = 20 };
    bench b;
    static called calls[COUNT];
    open_lingering(&b, LONG_MS, 10000);
    const pl_store_metrics *m = pl_store_metrics_of(b.store);
    pl_event *e = event_new("", "order", "{}");
    for (uint32_t i = 0; i < COUNT; i++)
        put_call(&b, &calls[i], e, i);
    CHECK_EQ_INT(pl_counter_get(&m->queue_bytes), COUNT * 100);
    CHECK_EQ_INT(pl_mailbox_drain(&b.box.mailbox), 0);
    one o;
    pl_event *f = event_new("e", "order", "{}");
    one_init(&o, f, id_of(T0, COUNT), true);
    submit(&b, &o.commit.op, PL_OP_COMMIT);
    box_wait(&b.box, COUNT + 1);
    CHECK_EQ_INT(pl_counter_get(&m->commits), 1);
    CHECK_EQ_INT(pl_counter_get(&m->operations), COUNT + 1);
    CHECK_EQ_INT(pl_counter_get(&m->queue_bytes), 0);
    for (int i = 0; i < COUNT; i++)
        CHECK(calls[i].record.op.seq == (uint64_t)i + 1);
    free(e);
    free(f);
    bench_fini(&b);
}

TEST(what_can_wait_does_not_wait_for_ever)
{
    bench b;
    called c;
    open_lingering(&b, 20, 10000);
    pl_event *e = event_new("", "order", "{}");
    for (uint32_t i = 0; i < 3; i++) { /* with and without the writer asleep */
        put_call(&b, &c, e, i);
        box_wait(&b.box, 1);
        CHECK_EQ_INT(c.record.op.result, 0);
    }
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries"), 3);
    free(e);
    bench_fini(&b);
}

TEST(many_that_can_wait_are_written)
{
    bench b;
    static called calls[PL_QUEUE_LONG];
    open_lingering(&b, LONG_MS, 10000);
    pl_event *e = event_new("", "order", "{}");
    for (uint32_t i = 0; i < PL_QUEUE_LONG; i++)
        put_call(&b, &calls[i], e, i);
    box_wait(&b.box, PL_QUEUE_LONG);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries"), PL_QUEUE_LONG);
    free(e);
    bench_fini(&b);
}

TEST(a_question_is_answered_with_all_that_was_submitted_before_it)
{
    bench b;
    called calls[2];
    open_lingering(&b, LONG_MS, 10000);
    pl_event *e = event_new("", "order", "{}");
    for (uint32_t i = 0; i < 2; i++) {
        put_call(&b, &calls[i], e, i);
        pl_query q = {.kind = PL_QUERY_COUNT,
                      .filter = filter_any(10),
                      .message.fn = no_answer,
                      .reply_to = &b.box.mailbox};
        CHECK_EQ_INT(pl_store_ask(b.store, &q), 0);
        box_wait(&b.box, 2);
        CHECK_EQ_INT(q.result, 0);
        CHECK(strncmp(q.answer.ptr, i ? "{\"total\":2," : "{\"total\":1,", 11) == 0);
        pl_buf_fini(&q.answer);
    }
    free(e);
    bench_fini(&b);
}

TEST(a_question_does_not_wait_for_a_commit_longer_than_its_time)
{
    bench b;
    gate g;
    one first, second;
    open_lingering(&b, 0, 50);
    pl_event *e = event_new("first", "order", "{}"), *f = event_new("second", "order", "{}");
    hold_writer(&b, &g, &first, e, id_of(T0, 1));
    one_init(&second, f, id_of(T0, 2), true);
    submit(&b, &second.commit.op, PL_OP_COMMIT);
    pl_query q = {.kind = PL_QUERY_COUNT, .filter = filter_any(10)};
    CHECK_EQ_INT(ask(&b, &q), 0); /* the writer stands all the while */
    CHECK(strncmp(q.answer.ptr, "{\"total\":1,", 11) == 0);
    pl_buf_fini(&q.answer);
    gate_open(&g);
    box_wait(&b.box, 1);
    free(e);
    free(f);
    gate_fini(&g);
    bench_fini(&b);
}

TEST(closing_carries_out_what_can_wait)
{
    bench b;
    called c;
    open_lingering(&b, LONG_MS, 10000);
    pl_event *e = event_new("", "order", "{}");
    put_call(&b, &c, e, 1);
    pl_store_close(b.store);
    CHECK_EQ_INT(pl_mailbox_drain(&b.box.mailbox), 1);
    CHECK_EQ_INT(c.record.op.result, 0);
    bench_open(&b);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries"), 1);
    free(e);
    bench_fini(&b);
}

TEST(one_wake_is_for_all_that_was_submitted)
{
    enum { COUNT = 5 };
    bench b;
    one ones[COUNT];
    pl_event *events[COUNT];
    bench_init(&b);
    bench_open(&b);
    for (uint32_t i = 0; i < COUNT; i++) {
        char id[8];
        snprintf(id, sizeof id, "e%u", i);
        events[i] = event_new(id, "order", "{}");
        one_init(&ones[i], events[i], id_of(T0, i), true);
        ones[i].commit.op.message.fn = no_answer;
        ones[i].commit.op.reply_to = &b.box.mailbox;
        CHECK_EQ_INT(pl_store_submit(b.store, &ones[i].commit.op), 0);
    }
    pl_store_wake(b.store);
    box_wait(&b.box, COUNT);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events"), COUNT);
    for (int i = 0; i < COUNT; i++)
        free(events[i]);
    bench_fini(&b);
}

static int wakes_of[2];

static void count_wake(void *owner)
{
    ++*(int *)owner;
}

static char order_of_answers[8];

static void note_answer(pl_message *m)
{
    size_t n = strlen(order_of_answers);
    order_of_answers[n] =
        (char)('0' + ((const called *)((char *)m - offsetof(called, record)))->record.id.bytes[15]);
}

/* Those of two submitters in turns, and a third to know when they are done. */
TEST(each_submitter_is_woken_once_for_a_group)
{
    bench b;
    pl_mailbox boxes[2];
    called calls[6];
    open_lingering(&b, LONG_MS, 10000);
    pl_event *e = event_new("", "order", "{}");
    memset(wakes_of, 0, sizeof wakes_of);
    for (int i = 0; i < 2; i++)
        pl_mailbox_init(&boxes[i], count_wake, &wakes_of[i]);
    for (uint32_t i = 0; i < 6; i++) {
        calls[i].attempt = attempt_of(1, "ok", 200);
        calls[i].record = record_of(id_of(T0, i), &calls[i].attempt, PL_STATE_DELIVERED);
        calls[i].record.kind = PL_KIND_CALL;
        calls[i].record.event = e;
        calls[i].record.op = (pl_op){.message.fn = note_answer,
                                     .reply_to = &boxes[i % 2],
                                     .kind = PL_OP_RECORD,
                                     .can_wait = true};
        CHECK_EQ_INT(pl_store_submit(b.store, &calls[i].record.op), 0);
    }
    CHECK_EQ_INT(commit_one(&b, "e", id_of(T0, 7), true), 0);
    for (int i = 0; i < 2; i++) {
        memset(order_of_answers, 0, sizeof order_of_answers);
        CHECK_EQ_INT(wakes_of[i], 1);
        CHECK_EQ_INT(pl_mailbox_drain(&boxes[i]), 3);
        CHECK_EQ_STR(order_of_answers, i ? "135" : "024");
        pl_mailbox_fini(&boxes[i]);
    }
    free(e);
    bench_fini(&b);
}

/* -- checkpoints -- */

static bool asking;
static int questions_out, questions_answered, commits_out;
static pl_store *asked_store;

static void ask_again(pl_message *m)
{
    pl_query *q = (pl_query *)m;
    pl_buf_clear(&q->answer);
    questions_out--;
    questions_answered++;
    if (asking && pl_store_ask(asked_store, q) == 0) questions_out++;
}

static void count_commit(pl_message *m)
{
    (void)m;
    commits_out--;
}

static long wal_bytes(const bench *b)
{
    char name[128];
    struct stat st;
    snprintf(name, sizeof name, "%s-wal", b->path);
    return stat(name, &st) ? 0 : (long)st.st_size;
}

/* The reader is at a question all the time, so every checkpoint is cut short. */
TEST(questions_without_end_do_not_let_the_wal_grow)
{
    enum { COMMITS = 400, DOCUMENT = 200000, QUESTIONS = 4, MEGABYTE = 1 << 20 };
    static char document[DOCUMENT + 1];
    static pl_query questions[QUESTIONS];
    bench b;
    bench_init(&b);
    pl_store_config config = bench_config(&b);
    config.synchronous_full = false;
    char *reason = NULL;
    CHECK_EQ_INT(pl_store_open(&b.store, &config, &reason), 0);
    memset(document, 'x', DOCUMENT);
    asked_store = b.store;
    asking = true;
    for (int i = 0; i < QUESTIONS; i++) {
        questions[i] = (pl_query){.message.fn = ask_again,
                                  .reply_to = &b.box.mailbox,
                                  .kind = PL_QUERY_FEED,
                                  .filter = filter_any(10)};
        questions[i].filter.text = PL_SLICE("nowhere");
        CHECK_EQ_INT(pl_store_ask(b.store, &questions[i]), 0);
        questions_out++;
    }
    long longest = 0;
    for (uint32_t i = 0; i < COMMITS; i++) {
        char id[16];
        one o;
        snprintf(id, sizeof id, "e%u", i);
        pl_event *e = event_new(id, "order", document);
        one_init(&o, e, id_of(T0, i), true);
        o.commit.op =
            (pl_op){.message.fn = count_commit, .reply_to = &b.box.mailbox, .bytes = DOCUMENT};
        commits_out++;
        CHECK_EQ_INT(submit_to(b.store, &o.commit.op), 0);
        while (commits_out)
            box_wait(&b.box, 1);
        free(e);
        /* What is written while one question is read is not the store's doing: on a busy machine
         * that could be all of it. */
        int answered = questions_answered;
        while (i % 25 == 24 && questions_answered == answered)
            box_wait(&b.box, 1);
        if (wal_bytes(&b) > longest) longest = wal_bytes(&b);
    }
    asking = false;
    while (questions_out)
        box_wait(&b.box, 1);
    for (int i = 0; i < QUESTIONS; i++)
        pl_buf_fini(&questions[i].answer);
    CHECK(longest > MEGABYTE);
    CHECK(longest < 40 * MEGABYTE); /* of the 80 that were written */
    bench_fini(&b);
}

TEST(one_bad_operation_does_not_spoil_its_group)
{
    bench b;
    gate g;
    one first, ones[3];
    bench_init(&b);
    bench_open(&b);
    pl_event *e = event_new("first", "order", "{}"), *events[3];
    hold_writer(&b, &g, &first, e, id_of(T0, 1));
    for (uint32_t i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "e%u", i);
        events[i] = event_new(id, "order", "{}");
        /* The second: an id that is taken. */
        one_init(&ones[i], events[i], id_of(T0, i == 1 ? 1 : i + 10), true);
        submit(&b, &ones[i].commit.op, PL_OP_COMMIT);
    }
    gate_open(&g);
    box_wait(&b.box, 3);
    CHECK_EQ_INT(ones[0].commit.op.result, 0);
    CHECK_EQ_INT(ones[1].commit.op.result, PL_E_STORE);
    CHECK_EQ_INT(ones[2].commit.op.result, 0);
    CHECK(events[0]->seq > 0 && events[1]->seq == 0 && events[2]->seq > 0);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events"), 3);
    CHECK_EQ_INT(pl_counter_get(&pl_store_metrics_of(b.store)->pending), 3);
    for (int i = 0; i < 3; i++)
        free(events[i]);
    free(e);
    gate_fini(&g);
    bench_fini(&b);
}

/* More than are written at once, in one group: each has its event and its attempt. */
TEST(many_calls_of_a_group_have_rows_of_their_own)
{
    enum { COUNT = 2 * PL_SQLITE_ROWS + 7 };
    bench b;
    gate g;
    one first;
    static called calls[COUNT];
    static pl_event *events[COUNT];
    open_lingering(&b, LONG_MS, 10000);
    pl_event *e = event_new("first", "order", "{}");
    hold_writer(&b, &g, &first, e, id_of(T0, COUNT));
    for (uint32_t i = 0; i < COUNT; i++) {
        char type[16];
        snprintf(type, sizeof type, "t%u", i);
        events[i] = event_new("", type, "{}");
        put_call(&b, &calls[i], events[i], i);
    }
    gate_open(&g);
    box_wait(&b.box, COUNT);
    CHECK_EQ_INT(pl_counter_get(&pl_store_metrics_of(b.store)->commits), 2);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries"), COUNT);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM attempts"), COUNT);
    CHECK_EQ_INT(bench_number(&b,
                              "SELECT count(*) FROM deliveries d JOIN events e ON e.seq = d.event"
                              " AND e.first_id = d.id AND e.last_id = d.id"
                              " JOIN attempts a ON a.delivery = d.id WHERE substr(hex(d.id), 25)"
                              " = printf('%08X', CAST(substr(e.type, 2) AS INTEGER))"),
                 COUNT);
    for (int i = 0; i < COUNT; i++)
        free(events[i]);
    free(e);
    gate_fini(&g);
    bench_fini(&b);
}

TEST(one_bad_call_does_not_spoil_its_group)
{
    bench b;
    called calls[4];
    open_lingering(&b, LONG_MS, 10000);
    pl_event *e = event_new("", "order", "{}"), *f = event_new("e", "order", "{}");
    for (uint32_t i = 0; i < 4; i++)
        put_call(&b, &calls[i], e, i == 2 ? 1 : i); /* the third: an id that is taken */
    one o;
    one_init(&o, f, id_of(T0, 9), true);
    submit(&b, &o.commit.op, PL_OP_COMMIT);
    box_wait(&b.box, 5);
    CHECK_EQ_INT(o.commit.op.result, 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ_INT(calls[i].record.op.result, i == 2 ? PL_E_STORE : 0);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events WHERE id IS NULL"), 3);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries"), 3);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM attempts"), 3);
    free(e);
    free(f);
    bench_fini(&b);
}

TEST(a_duplicate_in_the_same_group_is_told_of_the_first)
{
    bench b;
    one ones[2];
    pl_event *events[2];
    open_lingering(&b, LONG_MS, 10000);
    for (uint32_t i = 0; i < 2; i++) {
        events[i] = event_new("same", "order", "{}");
        one_init(&ones[i], events[i], id_of(T0, i), true);
        ones[i].commit.op.can_wait = i == 0;
        submit(&b, &ones[i].commit.op, PL_OP_COMMIT);
    }
    box_wait(&b.box, 2);
    CHECK_EQ_INT(pl_counter_get(&pl_store_metrics_of(b.store)->commits), 1);
    CHECK(!ones[0].event.is_duplicate && ones[1].event.is_duplicate);
    CHECK_EQ_STR(ones[1].event.known, "[{\"id\":\"019b76da-a800-7000-8000-000000000000\","
                                      "\"connector\":\"erp\",\"webhook\":\"order\"}]");
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending"), 1);
    free(ones[1].event.known);
    for (int i = 0; i < 2; i++)
        free(events[i]);
    bench_fini(&b);
}

static void put_event(bench *b, one *o, pl_event *e, uint32_t n)
{
    one_init(o, e, id_of(T0, n), true);
    o->commit.op.can_wait = true;
    submit(b, &o->commit.op, PL_OP_COMMIT);
}

/* An event that was there, an event twice, and a delivery that was cancelled under its worker's hands:
 * none of it is expected, and the rest of the group does not pay for it. Those of the next group are
 * told the same. */
TEST(a_group_with_what_is_seldom_is_one_transaction)
{
    bench b;
    enum pl_state state;
    open_lingering(&b, LONG_MS, 10000);
    const pl_store_metrics *m = pl_store_metrics_of(b.store);
    const char *ids[] = {"new", "old", "other", "new", "last"};
    CHECK_EQ_INT(commit_one(&b, "old", id_of(T0, 100), true), 0);
    CHECK_EQ_INT(commit_one(&b, "cancelled", id_of(T0, 101), true), 0);
    CHECK_EQ_INT(command(&b, PL_COMMAND_CANCEL, id_of(T0, 101), &state), 0);
    for (uint32_t round = 0; round < 2; round++) {
        one ones[5];
        pl_event *events[5];
        pl_attempt late_attempt = attempt_of(1 + round, "ok", 200);
        pl_record late = record_of(id_of(T0, 101), &late_attempt, PL_STATE_DELIVERED);
        uint64_t commits = pl_counter_get(&m->commits);
        for (uint32_t i = 0; i < 5; i++) {
            events[i] = event_new(ids[i], "order", "{}");
            put_event(&b, &ones[i], events[i], 10 * round + i);
        }
        submit(&b, &late.op, PL_OP_RECORD);
        box_wait(&b.box, 6);
        CHECK_EQ_INT(pl_counter_get(&m->commits), commits + 1);
        for (uint32_t i = 0; i < 5; i++) {
            bool is_new = round == 0 && i != 1 && i != 3;
            CHECK_EQ_INT(ones[i].commit.op.result, 0);
            CHECK_EQ_INT(ones[i].event.is_duplicate, !is_new);
            CHECK_EQ_INT(events[i]->seq > 0, is_new);
            free(ones[i].event.known);
            free(events[i]);
        }
        CHECK_EQ_INT(late.op.result, 0);
        CHECK(late.was_gone);
    }
    CHECK_EQ_INT(pl_counter_get(&m->errors), 0);
    CHECK_EQ_INT(pl_counter_get(&m->pending), 4);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events"), 5);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending"), 4);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM attempts"), 2);
    CHECK_EQ_INT(bench_number(&b, "SELECT attempts FROM deliveries WHERE state = 3"), 2);
    bench_fini(&b);
}

/* More than one statement takes, all of one event among them. */
TEST(many_events_and_deliveries_of_a_group_are_all_there)
{
    enum { EVENTS = 300, MANY = 600 };
    bench b;
    static one ones[EVENTS];
    static pl_event *events[EVENTS];
    static pl_commit_delivery many[MANY];
    open_lingering(&b, LONG_MS, 10000);
    for (uint32_t i = 0; i < MANY; i++)
        many[i] = (pl_commit_delivery){.id = id_of(T0, 1000 + i),
                                       .connector = PL_SLICE("erp"),
                                       .webhook = PL_SLICE("order"),
                                       .held = true};
    for (uint32_t i = 0; i < EVENTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "e%u", i);
        events[i] = event_new(id, "order", "{}");
        one_init(&ones[i], events[i], id_of(T0, i), true);
        if (i == 200) ones[i].event.deliveries = many;
        if (i == 200) ones[i].event.count = MANY;
        submit(&b, &ones[i].commit.op, PL_OP_COMMIT);
    }
    box_wait(&b.box, EVENTS);
    for (uint32_t i = 1; i < EVENTS; i++)
        CHECK_EQ_INT(events[i]->seq, events[i - 1]->seq + 1);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events WHERE id = 'e' || (seq - 1)"),
                 EVENTS);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending WHERE event = 201"), MANY);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(DISTINCT event) FROM pending"), EVENTS);
    for (int i = 0; i < EVENTS; i++)
        free(events[i]);
    bench_fini(&b);
}

TEST(the_next_of_a_key_comes_with_an_event_of_the_same_group)
{
    bench b;
    one ones[2];
    pl_event *events[2];
    open_lingering(&b, LONG_MS, 10000);
    for (uint32_t i = 0; i < 2; i++) {
        events[i] = event_new(i ? "second" : "first", "order", i ? "{\"n\":2}" : "{\"n\":1}");
        one_init(&ones[i], events[i], id_of(T0, i), true);
        ones[i].delivery.order_key = PL_SLICE("key");
    }
    CHECK_EQ_INT(run_op(&b, &ones[0].commit.op, PL_OP_COMMIT), 0);
    uint64_t commits = pl_counter_get(&pl_store_metrics_of(b.store)->commits);
    ones[1].commit.op.can_wait = true;
    submit(&b, &ones[1].commit.op, PL_OP_COMMIT);
    pl_attempt a = attempt_of(1, "ok", 200);
    pl_record r = record_of(id_of(T0, 0), &a, PL_STATE_DELIVERED);
    r.is_ordered = r.held = true;
    submit(&b, &r.op, PL_OP_RECORD);
    box_wait(&b.box, 2);
    CHECK_EQ_INT(pl_counter_get(&pl_store_metrics_of(b.store)->commits), commits + 1);
    CHECK(ones[1].delivery.waits);
    CHECK(r.next != NULL);
    if (r.next) CHECK_EQ_SLICE(r.next->document, PL_SLICE("{\"n\":2}"));
    if (r.next) CHECK_EQ_INT(r.next->event_seq, events[1]->seq);
    pl_arena_fini(&r.memory);
    for (int i = 0; i < 2; i++)
        free(events[i]);
    bench_fini(&b);
}

/* The worker that had it before was late. */
TEST(a_delivery_that_two_records_of_a_group_end_has_ended_once)
{
    bench b;
    pl_attempt attempts[2] = {attempt_of(1, "ok", 200), attempt_of(2, "http_status", 500)};
    pl_record records[2];
    open_lingering(&b, LONG_MS, 10000);
    CHECK_EQ_INT(commit_one(&b, "e", id_of(T0, 1), true), 0);
    for (int i = 0; i < 2; i++) {
        records[i] = record_of(id_of(T0, 1), &attempts[i], PL_STATE_DELIVERED);
        records[i].op.can_wait = i == 0;
        submit(&b, &records[i].op, PL_OP_RECORD);
    }
    box_wait(&b.box, 2);
    CHECK_EQ_INT(records[0].op.result, 0);
    CHECK(!records[0].was_gone);
    CHECK_EQ_INT(records[1].op.result, 0);
    CHECK(records[1].was_gone);
    CHECK_EQ_INT(bench_number(&b, "SELECT status FROM deliveries WHERE attempts = 2"), 200);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM attempts"), 2);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending"), 0);
    CHECK_EQ_INT(pl_counter_get(&pl_store_metrics_of(b.store)->pending), 0);
    bench_fini(&b);
}

/* A command and an erasure see what the same group has recorded before them. */
TEST(who_looks_for_a_call_of_the_same_group_finds_it)
{
    bench b;
    called calls[2];
    open_lingering(&b, LONG_MS, 10000);
    pl_event *e = event_new("", "order", "{}");
    e->subject = PL_SLICE("someone");
    put_call(&b, &calls[0], e, 0);
    pl_command c = {.kind = PL_COMMAND_CANCEL, .id = id_of(T0, 0), .op.can_wait = true};
    submit(&b, &c.op, PL_OP_COMMAND);
    put_call(&b, &calls[1], e, 1);
    pl_erase erase = {.subject = PL_SLICE("someone")};
    submit(&b, &erase.op, PL_OP_ERASE);
    box_wait(&b.box, 4);
    CHECK_EQ_INT(pl_counter_get(&pl_store_metrics_of(b.store)->commits), 1);
    CHECK_EQ_INT(c.op.result, PL_E_CONFLICT);
    CHECK_EQ_INT(c.state, PL_STATE_DELIVERED);
    CHECK_EQ_INT(erase.events, 2);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events"), 0);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries"), 0);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM attempts"), 0);
    pl_arena_fini(&erase.memory);
    free(e);
    bench_fini(&b);
}

TEST(closing_carries_out_what_was_submitted)
{
    bench b;
    gate g;
    one first, second;
    bench_init(&b);
    bench_open(&b);
    pl_event *e = event_new("first", "order", "{}"), *f = event_new("second", "order", "{}");
    hold_writer(&b, &g, &first, e, id_of(T0, 1));
    one_init(&second, f, id_of(T0, 2), true);
    submit(&b, &second.commit.op, PL_OP_COMMIT);
    gate_open(&g);
    pl_store_close(b.store);
    CHECK_EQ_INT(pl_mailbox_drain(&b.box.mailbox), 1);
    CHECK_EQ_INT(second.commit.op.result, 0);
    bench_open(&b);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events"), 2);
    free(e);
    free(f);
    gate_fini(&g);
    bench_fini(&b);
}

/* -- faults -- */

static int log_lines(int fd)
{
    char text[8192];
    int lines = 0;
    ssize_t n = pread(fd, text, sizeof text, 0);
    for (ssize_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    return lines;
}

static int64_t log_now_ms(void)
{
    return T0;
}

/* Duplicates and claims have outputs of their own to take back. */
static void fail_each_kind(bench *b, int wanted)
{
    pl_event *e = event_new("e1", "order", "{}"), *f = event_new("f", "order", "{}");
    pl_commit_delivery d[2] = {{.id = id_of(T0, 70)}, {.id = id_of(T0, 71)}};
    pl_commit_event events[2] = {{.event = f, .deliveries = &d[0], .count = 1},
                                 {.event = e, .deliveries = &d[1], .count = 1}};
    pl_commit c = {.events = events, .count = 2, .now_ms = T0};
    CHECK_EQ_INT(run_op(b, &c.op, PL_OP_COMMIT), wanted);
    CHECK(f->seq == 0 && !events[1].is_duplicate && events[1].known == NULL);
    free(e);
    free(f);

    pl_claim claim = {.before_ms = INT64_MAX, .limit = 10};
    CHECK_EQ_INT(run_op(b, &claim.op, PL_OP_CLAIM), wanted);
    CHECK(claim.count == 0 && claim.next_due_ms == INT64_MAX);
    claim = (pl_claim){.before_ms = 0, .limit = 10}; /* nothing is due, nothing to write */
    CHECK_EQ_INT(run_op(b, &claim.op, PL_OP_CLAIM), wanted);
    CHECK_EQ_INT(record_one(b, id_of(T0, 2), 1, PL_STATE_DELIVERED), wanted);
    enum pl_state state;
    CHECK_EQ_INT(command(b, PL_COMMAND_CANCEL, id_of(T0, 2), &state), wanted);
}

static void check_fault_and_recovery(int code, int wanted)
{
    bench b;
    char log_path[64];
    bench_init(&b);
    snprintf(log_path, sizeof log_path, "%s/log", b.folder);
    int log = open(log_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    pl_log_init(log_now_ms, log, PL_LOG_INFO, PL_LOG_JSON);
    bench_open(&b);
    const pl_store_metrics *m = pl_store_metrics_of(b.store);
    CHECK_EQ_INT(commit_one(&b, "e1", id_of(T0, 1), false), 0);
    CHECK_EQ_INT(commit_one(&b, "e2", id_of(T0, 2), true), 0);
    int before = log_lines(log);
    faulty_set(FAULT_WAL, code);
    fail_each_kind(&b, wanted);
    CHECK(faults_met > 0);
    CHECK_EQ_INT(pl_counter_get(&m->errors), 5);
    CHECK_EQ_INT(pl_counter_get(&m->pending), 2);
    CHECK_EQ_INT(pl_counter_get(&m->is_failing), 1);
    CHECK_EQ_INT(log_lines(log) - before, 1); /* five operations failed, one line */
    faulty_set(0, 0);
    CHECK_EQ_INT(commit_one(&b, "e3", id_of(T0, 3), true), 0);
    CHECK_EQ_INT(record_one(&b, id_of(T0, 2), 1, PL_STATE_DELIVERED), 0);
    CHECK_EQ_INT(log_lines(log) - before, 2);
    CHECK_EQ_INT(pl_counter_get(&m->is_failing), 0);
    bench_reopen(&b);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events"), 3);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending"), 2);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries WHERE state = 1"), 1);
    pl_log_init(log_now_ms, STDERR_FILENO, PL_LOG_OFF, PL_LOG_JSON);
    close(log);
    unlink(log_path);
    bench_fini(&b);
}

TEST(a_full_disk_is_said_once_and_recovered_from)
{
    check_fault_and_recovery(SQLITE_FULL, PL_E_STORE_FULL);
}

TEST(a_failing_disk_is_said_once_and_recovered_from)
{
    check_fault_and_recovery(SQLITE_IOERR_WRITE, PL_E_STORE);
}

TEST(a_checkpoint_that_fails_stops_nothing)
{
    bench b;
    uint32_t n = 0;
    bench_init(&b);
    bench_open(&b);
    faulty_set(FAULT_DATABASE, SQLITE_FULL);
    for (char id[16]; faults_met < 3 && n < 2000; n++) {
        snprintf(id, sizeof id, "e%u", n);
        if (commit_one(&b, id, id_of(T0, n), true)) break;
    }
    CHECK(faults_met >= 3);
    faulty_set(0, 0);
    CHECK_EQ_INT(commit_one(&b, "last", id_of(T0, n), true), 0);
    CHECK_EQ_INT(pl_counter_get(&pl_store_metrics_of(b.store)->errors), 0);
    bench_reopen(&b);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending"), n + 1);
    CHECK_EQ_INT(bench_number(&b, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    bench_fini(&b);
}

/* -- SIGKILL -- */

static void write_u32(int fd, uint32_t n)
{
    if (write(fd, &n, sizeof n) != sizeof n) _exit(2);
}

/* The process that will be killed: commits events IN_FLIGHT
 * at a time, says of each that it was answered. */
static void __attribute__((noreturn)) commit_until_killed(bench *b, uint32_t first, int out)
{
    one ones[IN_FLIGHT];
    bench_open(b);
    for (uint32_t n = first;; n += IN_FLIGHT) {
        pl_event *events[IN_FLIGHT];
        for (uint32_t i = 0; i < IN_FLIGHT; i++) {
            char id[16];
            snprintf(id, sizeof id, "e%u", n + i);
            events[i] = event_new(id, "order", "{}");
            one_init(&ones[i], events[i], id_of(T0, n + i), true);
            submit(b, &ones[i].commit.op, PL_OP_COMMIT);
        }
        box_wait(&b->box, IN_FLIGHT);
        for (uint32_t i = 0; i < IN_FLIGHT; i++) {
            if (ones[i].commit.op.result == 0) write_u32(out, n + i);
            free(events[i]);
        }
    }
}

TEST(nothing_that_was_acknowledged_is_lost_to_sigkill)
{
    enum { KILLS = 12, SPAN = 100000 };
    bench b;
    uint32_t kept = 0;
    bench_init(&b);
    for (uint32_t kill_number = 0; kill_number < KILLS; kill_number++) {
        int pipe_fds[2];
        if (pipe2(pipe_fds, O_CLOEXEC)) abort();
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) commit_until_killed(&b, kill_number * SPAN, pipe_fds[1]);
        close(pipe_fds[1]);
        /* The moment is a number of answers seen, a different one each time; where the writer
         * stands then is chance. */
        uint32_t n, last = 0, answers = 0, until = 1 + kill_number * 37;
        while (read(pipe_fds[0], &n, sizeof n) == sizeof n) {
            last = n;
            if (++answers == until) kill(child, SIGKILL);
        }
        close(pipe_fds[0]);
        int status = 0;
        waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        CHECK(answers >= until);

        bench_open(&b); /* the lock died with its owner */
        CHECK_EQ_INT(last, kill_number * SPAN + answers - 1);
        char sql[160];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM events e JOIN pending p ON p.event = e.seq WHERE p.held = 0"
                 " AND CAST(substr(e.id, 2) AS INTEGER) BETWEEN %u AND %u",
                 kill_number * SPAN, last);
        CHECK_EQ_INT(bench_number(&b, sql), answers);
        kept += answers;
        CHECK(pl_counter_get(&pl_store_metrics_of(b.store)->pending) >= kept);
        pl_store_close(b.store);
        b.store = NULL;
    }
    CHECK_EQ_INT(bench_number(&b, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    bench_fini(&b);
}

int main(void)
{
    faulty_register();
    return RUN(
        CASE(what_arrives_during_a_commit_is_one_transaction), CASE(many_threads_share_commits),
        CASE(the_queue_is_bounded_by_weight), CASE(a_full_queue_takes_what_ends_work),
        CASE(what_can_wait_is_written_with_what_cannot), CASE(what_can_wait_does_not_wait_for_ever),
        CASE(many_that_can_wait_are_written),
        CASE(a_question_is_answered_with_all_that_was_submitted_before_it),
        CASE(a_question_does_not_wait_for_a_commit_longer_than_its_time),
        CASE(closing_carries_out_what_can_wait), CASE(one_wake_is_for_all_that_was_submitted),
        CASE(each_submitter_is_woken_once_for_a_group),
        CASE(questions_without_end_do_not_let_the_wal_grow),
        CASE(one_bad_operation_does_not_spoil_its_group),
        CASE(many_calls_of_a_group_have_rows_of_their_own),
        CASE(one_bad_call_does_not_spoil_its_group),
        CASE(a_duplicate_in_the_same_group_is_told_of_the_first),
        CASE(a_group_with_what_is_seldom_is_one_transaction),
        CASE(the_next_of_a_key_comes_with_an_event_of_the_same_group),
        CASE(many_events_and_deliveries_of_a_group_are_all_there),
        CASE(a_delivery_that_two_records_of_a_group_end_has_ended_once),
        CASE(who_looks_for_a_call_of_the_same_group_finds_it),
        CASE(closing_carries_out_what_was_submitted),
        CASE(a_full_disk_is_said_once_and_recovered_from),
        CASE(a_failing_disk_is_said_once_and_recovered_from),
        CASE(a_checkpoint_that_fails_stops_nothing),
        CASE(nothing_that_was_acknowledged_is_lost_to_sigkill));
}
