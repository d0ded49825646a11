/* SPDX-License-Identifier: MIT
 *
 * What the store's tests share: a database in a fresh folder, a mailbox that one can wait at, a
 * gate that holds one of the store's threads still, and short forms of the operations. The time of
 * the tests begins at T0. */
#ifndef PL_SPEC_STORE_HARNESS_H
#define PL_SPEC_STORE_HARNESS_H

#include "base/err.h"
#include "flow/exchange.h"
#include "store/store.h"
#include "test.h"

#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdlib.h>

#define T0 1767225600000 /* 2026-01-01T00:00:00.000Z */

/* -- a mailbox to wait at -- */

typedef struct box {
    pl_mailbox mailbox;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool woken;
} box;

static inline void box_wake(void *owner)
{
    box *b = owner;
    pthread_mutex_lock(&b->lock);
    b->woken = true;
    pthread_cond_signal(&b->cond);
    pthread_mutex_unlock(&b->lock);
}

static inline void box_init(box *b)
{
    *b = (box){.woken = false};
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->cond, NULL);
    pl_mailbox_init(&b->mailbox, box_wake, b);
}

static inline void box_fini(box *b)
{
    pl_mailbox_fini(&b->mailbox);
    pthread_cond_destroy(&b->cond);
    pthread_mutex_destroy(&b->lock);
}

static inline void box_wait(box *b, int answers)
{
    while ((answers -= pl_mailbox_drain(&b->mailbox)) > 0) {
        pthread_mutex_lock(&b->lock);
        while (!b->woken)
            pthread_cond_wait(&b->cond, &b->lock);
        b->woken = false;
        pthread_mutex_unlock(&b->lock);
    }
}

static inline void no_answer(pl_message *m)
{
    (void)m;
}

/* -- a mailbox that holds whoever posts into it, until it is opened -- */

typedef struct gate {
    pl_mailbox mailbox;
    sem_t reached, opened;
} gate;

static inline void gate_wake(void *owner)
{
    gate *g = owner;
    sem_post(&g->reached);
    sem_wait(&g->opened);
}

static inline void gate_init(gate *g)
{
    pl_mailbox_init(&g->mailbox, gate_wake, g);
    sem_init(&g->reached, 0, 0);
    sem_init(&g->opened, 0, 0);
}

static inline void gate_open(gate *g)
{
    sem_post(&g->opened);
}

static inline void gate_fini(gate *g)
{
    pl_mailbox_drain(&g->mailbox);
    pl_mailbox_fini(&g->mailbox);
    sem_destroy(&g->reached);
    sem_destroy(&g->opened);
}

/* -- a database -- */

/* Of a delivery that is recorded, for as long as its record may be read. */
typedef struct known {
    struct known *next;
    pl_event *event;
    char connector[32], webhook[32];
} known;

typedef struct bench {
    char folder[32], path[64];
    pl_store *store;
    box box;
    known *known;
} bench;

static inline pl_store_config bench_config(const bench *b)
{
    return (pl_store_config){.path = b->path,
                             .synchronous_full = true,
                             .check_bytes = 64 << 20,
                             .queue_bytes = 64u << 20,
                             .query_timeout_ms = 10000};
}

static inline void bench_open(bench *b)
{
    char *reason = NULL;
    pl_store_config config = bench_config(b);
    if (pl_store_open(&b->store, &config, &reason)) {
        printf("%s\n", reason);
        abort();
    }
}

static inline void bench_init(bench *b)
{
    strcpy(b->folder, "/tmp/perilune-store-XXXXXX");
    if (!mkdtemp(b->folder)) abort();
    snprintf(b->path, sizeof b->path, "%s/store.db", b->folder);
    box_init(&b->box);
    b->store = NULL;
    b->known = NULL;
}

static inline void bench_remove(const char *path, const char *suffix)
{
    char name[128];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    unlink(name);
}

static inline void bench_fini(bench *b)
{
    if (b->store) pl_store_close(b->store);
    for (known *k = b->known, *next; k; k = next) {
        next = k->next;
        free(k->event);
        free(k);
    }
    bench_remove(b->path, "");
    bench_remove(b->path, "-wal");
    bench_remove(b->path, "-shm");
    bench_remove(b->path, ".lock");
    rmdir(b->folder);
    box_fini(&b->box);
}

static inline void bench_reopen(bench *b)
{
    pl_store_close(b->store);
    bench_open(b);
}

/* A connection of the test's own. */
static inline sqlite3 *bench_db(const bench *b)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(b->path, &db, SQLITE_OPEN_READWRITE, NULL)) abort();
    sqlite3_busy_timeout(db, 10000);
    return db;
}

static inline void bench_exec(const bench *b, const char *sql)
{
    sqlite3 *db = bench_db(b);
    char *error = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &error)) {
        printf("%s\n", error);
        abort();
    }
    sqlite3_close(db);
}

/* The one number of a query of the test's own; -1 for NULL or none. */
static inline int64_t bench_number(const bench *b, const char *sql)
{
    sqlite3 *db = bench_db(b);
    sqlite3_stmt *q = NULL;
    int64_t n = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL)) abort();
    if (sqlite3_step(q) == SQLITE_ROW && sqlite3_column_type(q, 0) != SQLITE_NULL)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

/* -- events, ids, operations -- */

/* A time-ordered id by hand: 48 bits of time, then `n`. */
static inline pl_uuid id_of(int64_t ms, uint32_t n)
{
    pl_uuid id = {{0}};
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)((uint64_t)ms >> (40 - 8 * i));
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    for (int i = 0; i < 4; i++)
        id.bytes[12 + i] = (uint8_t)(n >> (24 - 8 * i));
    return id;
}

static inline pl_event *event_new(const char *id, const char *type, const char *document)
{
    size_t id_len = strlen(id), type_len = strlen(type), len = strlen(document);
    pl_event *e = calloc(1, sizeof *e + id_len + type_len + len);
    e->refs = 1;
    e->received_ms = T0;
    memcpy(e->bytes, id, id_len);
    memcpy(e->bytes + id_len, type, type_len);
    memcpy(e->bytes + id_len + type_len, document, len);
    e->id = (pl_slice){e->bytes, id_len};
    e->type = (pl_slice){e->bytes + id_len, type_len};
    e->document = (pl_slice){e->bytes + id_len + type_len, len};
    return e;
}

/* A record says of its delivery what the worker that has it knows. */
static inline void know(bench *b, sqlite3 *db, pl_record *r)
{
    sqlite3_stmt *q = NULL;
    if (r->kind != PL_KIND_DELIVERY || r->event) return;
    known *k = malloc(sizeof *k);
    *k = (known){.next = b->known, .event = event_new("", "order", "{}")};
    b->known = k;
    r->event = k->event;
    if (sqlite3_prepare_v2(db,
                           "SELECT event, connector, webhook, created_ms, undecided FROM pending"
                           " WHERE id = ?1",
                           -1, &q, NULL))
        abort();
    sqlite3_bind_blob(q, 1, r->id.bytes, sizeof r->id.bytes, SQLITE_STATIC);
    if (sqlite3_step(q) == SQLITE_ROW) {
        const char *webhook = (const char *)sqlite3_column_text(q, 2);
        r->event->seq = sqlite3_column_int64(q, 0);
        snprintf(k->connector, sizeof k->connector, "%s", sqlite3_column_text(q, 1));
        snprintf(k->webhook, sizeof k->webhook, "%s", webhook ? webhook : "");
        r->connector = pl_slice_of(k->connector);
        r->webhook = pl_slice_of(k->webhook);
        r->created_ms = sqlite3_column_int64(q, 3);
        r->undecided = sqlite3_column_int(q, 4);
    }
    sqlite3_finalize(q);
}

static inline void know_of_store(bench *b, pl_record *r)
{
    sqlite3 *db = bench_db(b);
    know(b, db, r);
    sqlite3_close(db);
}

static inline int submit_to(pl_store *s, pl_op *op)
{
    int result = pl_store_submit(s, op);
    pl_store_wake(s);
    return result;
}

static inline void submit(bench *b, pl_op *op, enum pl_op_kind kind)
{
    op->message.fn = no_answer;
    op->reply_to = &b->box.mailbox;
    op->kind = kind;
    if (!op->bytes) op->bytes = 100;
    if (kind == PL_OP_RECORD) know_of_store(b, (pl_record *)op);
    if (submit_to(b->store, op)) abort();
}

static inline int run_op(bench *b, pl_op *op, enum pl_op_kind kind)
{
    submit(b, op, kind);
    box_wait(&b->box, 1);
    return op->result;
}

/* One event with one delivery to connector "erp", webhook "order". */
typedef struct one {
    pl_commit commit;
    pl_commit_event event;
    pl_commit_delivery delivery;
} one;

static inline void one_init(one *o, pl_event *event, pl_uuid id, bool held)
{
    *o = (one){
        .delivery = {
            .id = id, .connector = PL_SLICE("erp"), .webhook = PL_SLICE("order"), .held = held}};
    o->event = (pl_commit_event){.event = event, .deliveries = &o->delivery, .count = 1};
    o->commit = (pl_commit){.events = &o->event, .count = 1, .now_ms = T0};
}

/* Commits it and lets go of the event; the result of the operation. */
static inline int commit_one(bench *b, const char *event_id, pl_uuid id, bool held)
{
    one o;
    pl_event *e = event_new(event_id, "order", "{\"type\":\"order\",\"data\":{\"n\":1}}");
    one_init(&o, e, id, held);
    int result = run_op(b, &o.commit.op, PL_OP_COMMIT);
    free(o.event.known);
    free(e);
    return result;
}

static inline pl_attempt attempt_of(uint32_t number, const char *outcome, int status)
{
    return (pl_attempt){.number = number,
                        .started_ms = T0 + 5,
                        .outcome = outcome,
                        .method = PL_SLICE("POST"),
                        .url = PL_SLICE("https://erp.example/orders"),
                        .request_fields = PL_SLICE("Content-Type: application/json\r\n"),
                        .body_is_event = true,
                        .status = status,
                        .generation = 1};
}

static inline pl_record record_of(pl_uuid id, const pl_attempt *a, enum pl_state state)
{
    return (pl_record){.id = id,
                       .kind = PL_KIND_DELIVERY,
                       .connector = PL_SLICE("erp"),
                       .webhook = PL_SLICE("order"),
                       .created_ms = T0,
                       .now_ms = T0 + 10,
                       .attempt = a,
                       .state = state};
}

/* Records an attempt at a delivery; the result. */
static inline int record_one(bench *b, pl_uuid id, uint32_t number, enum pl_state state)
{
    bool ok = state == PL_STATE_DELIVERED;
    pl_attempt a = attempt_of(number, ok ? "ok" : "http_status", ok ? 200 : 500);
    pl_record r = record_of(id, &a, state);
    r.due_ms = T0 + 5000;
    return run_op(b, &r.op, PL_OP_RECORD);
}

static inline int command(bench *b, enum pl_command_kind kind, pl_uuid id, enum pl_state *state)
{
    pl_command c = {.kind = kind, .id = id, .now_ms = T0 + 20};
    int result = run_op(b, &c.op, PL_OP_COMMAND);
    *state = c.state;
    return result;
}

/* Asks and waits; the answer is the caller's to free with pl_buf_fini. */
static inline int ask(bench *b, pl_query *q)
{
    q->message.fn = no_answer;
    q->reply_to = &b->box.mailbox;
    if (pl_store_ask(b->store, q)) abort();
    box_wait(&b->box, 1);
    return q->result;
}

static inline pl_feed_filter filter_any(uint32_t limit)
{
    return (pl_feed_filter){.state = -1, .kind = -1, .limit = limit};
}

#endif
