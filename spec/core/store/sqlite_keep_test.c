/* SPDX-License-Identifier: MIT
 *
 * What is kept and what goes, on the writing connection alone and by the test's clock. */
#include "store/sqlite_keep.h"

#include "base/json.h"
#include "store/sqlite_file.h"
#include "store_harness.h"

#define DAY 86400000ll

typedef struct keep {
    bench bench;
    sqlite3 *db;
    pl_sqlite_writer writer;
    pl_sqlite_keeper keeper;
    pl_retention rules;
} keep;

static void open_keep(keep *k)
{
    char *reason = NULL;
    bench_init(&k->bench);
    if (pl_sqlite_open_writer(k->bench.path, false, 0, &k->db, &reason)) abort();
    if (pl_sqlite_writer_open(&k->writer, k->db)) abort();
    if (pl_sqlite_keeper_open(&k->keeper, k->db, &k->rules)) abort();
}

static void close_keep(keep *k)
{
    pl_sqlite_keeper_fini(&k->keeper);
    pl_sqlite_writer_fini(&k->writer);
    sqlite3_close(k->db);
    bench_fini(&k->bench);
}

static int64_t number(const keep *k, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t n = -1;
    if (sqlite3_prepare_v2(k->db, sql, -1, &q, NULL)) abort();
    if (sqlite3_step(q) == SQLITE_ROW && sqlite3_column_type(q, 0) != SQLITE_NULL)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

static void run(keep *k, pl_op *op, enum pl_op_kind kind)
{
    op->kind = kind;
    if (kind == PL_OP_RECORD) know(&k->bench, k->db, (pl_record *)op);
    pl_sqlite_writer_clear(op);
    CHECK_EQ_INT(pl_sqlite_writer_run(&k->writer, op), SQLITE_OK);
    CHECK_EQ_INT(pl_sqlite_bulk_write(&k->writer.bulk), SQLITE_OK); /* `op` does not live on */
}

/* Event number n at a time, with a document of so many bytes, and its delivery, which ends at once
 * unless `state` is PENDING. In a transaction that is the caller's. */
static void put_to(keep *k, const char *connector, uint32_t n, int64_t at_ms, size_t bytes,
                   enum pl_state state)
{
    char id[16], *document = malloc(bytes + 1);
    snprintf(id, sizeof id, "e%u", n);
    memset(document, 'x', bytes);
    document[bytes] = '\0';
    pl_event *e = event_new(id, "order", document);
    e->subject = PL_SLICE("somebody");
    one o;
    one_init(&o, e, id_of(at_ms, n), true);
    o.commit.now_ms = at_ms;
    o.delivery.connector = pl_slice_of(connector);
    run(k, &o.commit.op, PL_OP_COMMIT);
    pl_attempt a = attempt_of(1, "ok", 200);
    a.response_body = PL_SLICE("an answer");
    a.response_body_bytes = 9;
    pl_record r = record_of(o.delivery.id, &a, state);
    r.now_ms = at_ms + 10;
    run(k, &r.op, PL_OP_RECORD);
    free(e);
    free(document);
}

static void put(keep *k, uint32_t n, int64_t at_ms, size_t bytes, enum pl_state state)
{
    put_to(k, "erp", n, at_ms, bytes, state);
}

static void begin(keep *k)
{
    CHECK_EQ_INT(pl_sqlite_writer_begin(&k->writer), SQLITE_OK);
}

static void commit(keep *k)
{
    CHECK_EQ_INT(pl_sqlite_writer_commit(&k->writer), SQLITE_OK);
}

/* Of steps: so many rows each. */
static bool is_over(void *arg)
{
    return ++*(int *)arg % 5 == 0;
}

static int walk(keep *k, int64_t now_ms)
{
    int rows = 0, steps = 0;
    CHECK_EQ_INT(pl_sqlite_keeper_begin(&k->keeper, now_ms), SQLITE_OK);
    for (; k->keeper.is_walking; steps++)
        CHECK_EQ_INT(pl_sqlite_keeper_step(&k->keeper, is_over, &rows), SQLITE_OK);
    return steps;
}

TEST(what_ended_long_enough_ago_goes_with_its_attempts_and_event)
{
    keep k = {.rules = {.age_ms = 2 * DAY}};
    open_keep(&k);
    begin(&k);
    for (uint32_t n = 0; n < 40; n++)
        put(&k, n, T0 + n * DAY / 10, 100, n == 3 ? PL_STATE_PENDING : PL_STATE_DELIVERED);
    commit(&k);
    CHECK(walk(&k, T0 + 4 * DAY) > 3); /* numbers 0 to 19 are two days old */
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM deliveries"), 20);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events"), 21);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM attempts"), 21);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events WHERE id = 'e3'"), 1); /* it is owed */
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events WHERE id = 'e20'"), 1);
    CHECK_EQ_INT(k.keeper.removed, 19);
    walk(&k, T0 + 4 * DAY);
    CHECK_EQ_INT(k.keeper.removed, 19);
    close_keep(&k);
}

TEST(an_event_stays_while_one_of_its_deliveries_does)
{
    keep k = {.rules = {.age_ms = DAY}};
    open_keep(&k);
    pl_event *e = event_new("e1", "order", "{}");
    pl_commit_delivery two[] = {{.id = id_of(T0, 1), .connector = PL_SLICE("a"), .held = true},
                                {.id = id_of(T0, 2), .connector = PL_SLICE("b"), .held = true}};
    pl_commit_event event = {.event = e, .deliveries = two, .count = 2};
    pl_commit c = {.events = &event, .count = 1, .now_ms = T0};
    pl_attempt a = attempt_of(1, "ok", 200);
    pl_record r = record_of(two[0].id, &a, PL_STATE_DELIVERED);
    begin(&k);
    run(&k, &c.op, PL_OP_COMMIT);
    run(&k, &r.op, PL_OP_RECORD);
    commit(&k);
    walk(&k, T0 + 2 * DAY);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM deliveries"), 0);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events"), 1);
    begin(&k);
    r = record_of(two[1].id, &a, PL_STATE_FAILED);
    r.now_ms = T0 + 2 * DAY;
    run(&k, &r.op, PL_OP_RECORD);
    commit(&k);
    walk(&k, T0 + 2 * DAY + DAY / 2); /* it ended half a day ago */
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM deliveries"), 1);
    walk(&k, T0 + 4 * DAY);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM deliveries"), 0);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events"), 0);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM attempts"), 0);
    free(e);
    close_keep(&k);
}

TEST(payloads_can_go_before_the_rest)
{
    keep k = {.rules = {.age_ms = 3 * DAY, .payload_ms = DAY}};
    open_keep(&k);
    begin(&k);
    for (uint32_t n = 0; n < 4; n++)
        put(&k, n, T0 + n * DAY, 100, PL_STATE_FAILED);
    commit(&k);
    walk(&k, T0 + 7 * DAY / 2); /* 0 is older than three days, 1 and 2 than one */
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events"), 3);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events WHERE document IS NULL"), 2);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM attempts WHERE response_body IS NULL"), 2);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM attempts WHERE url IS NULL"), 0);
    CHECK_EQ_INT(k.keeper.stripped, 2);
    pl_command c = {.kind = PL_COMMAND_RETRY, .id = id_of(T0 + DAY, 1), .now_ms = T0 + 4 * DAY};
    begin(&k);
    run(&k, &c.op, PL_OP_COMMAND);
    CHECK_EQ_INT(c.op.result, PL_E_NO_PAYLOAD);
    c.id = id_of(T0 + 3 * DAY, 3);
    run(&k, &c.op, PL_OP_COMMAND);
    CHECK_EQ_INT(c.op.result, 0);
    commit(&k);
    close_keep(&k);
}

TEST(the_newest_events_stay_when_their_number_is_bounded)
{
    keep k = {.rules = {.events = 10}};
    open_keep(&k);
    begin(&k);
    for (uint32_t n = 0; n < 50; n++)
        put(&k, n, T0 + n, 100, PL_STATE_DELIVERED);
    commit(&k);
    walk(&k, T0);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events"), 10);
    CHECK_EQ_INT(number(&k, "SELECT min(seq) FROM events"), 41);
    close_keep(&k);
}

TEST(a_bound_of_bytes_is_kept_by_what_is_oldest)
{
    keep k = {.rules = {.bytes = 1 << 20}};
    open_keep(&k);
    for (uint32_t n = 0; n < 1000; n++) {
        begin(&k);
        put(&k, n, T0 + n, 5000, PL_STATE_DELIVERED);
        commit(&k);
        if (n % 100 == 99) walk(&k, T0);
    }
    CHECK(number(&k, "SELECT (SELECT page_count FROM pragma_page_count) -"
                     " (SELECT freelist_count FROM pragma_freelist_count)") *
              8192 <=
          1 << 20);
    CHECK(number(&k, "SELECT count(*) FROM events") > 50);
    CHECK_EQ_INT(number(&k, "SELECT max(seq) FROM events"), 1000);
    CHECK_EQ_INT(number(&k, "SELECT max(seq) - min(seq) + 1 - count(*) FROM events"), 0);
    close_keep(&k);
}

/* A week is kept; the load differs from day to day, but not from week to week. */
TEST(over_a_month_the_file_grows_to_a_week_and_no_further)
{
    keep k = {.rules = {.age_ms = 7 * DAY}};
    open_keep(&k);
    uint32_t n = 0;
    int64_t pages = 0;
    for (int day = 0; day < 31; day++) {
        begin(&k);
        for (int i = 0; i < 40 + day % 7 * 10; i++, n++)
            put(&k, n, T0 + day * DAY + i * 1000, 500 + i % 10 * 900, PL_STATE_DELIVERED);
        commit(&k);
        walk(&k, T0 + (day + 1) * DAY);
        if (day == 8) pages = number(&k, "SELECT page_count FROM pragma_page_count");
    }
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events"), 7 * 40 + 21 * 10);
    CHECK(number(&k, "SELECT page_count FROM pragma_page_count") <= pages + pages / 5);
    CHECK(n > 2000);
    CHECK_EQ_INT(number(&k, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    close_keep(&k);
}

/* -- connectors with rules of their own -- */

static void set_own(keep *k, const char *connector, pl_keep rule)
{
    pl_sqlite_keeper_set(&k->keeper, &(pl_retention_of){pl_slice_of(connector), rule}, 1);
}

static int64_t count_of(const keep *k, const char *connector, const char *what)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM deliveries WHERE connector = '%s'%s", connector,
             what);
    return number(k, sql);
}

/* Four days of two connectors, an event of each at every noon. */
static void put_days(keep *k)
{
    begin(k);
    for (uint32_t day = 0; day < 4; day++) {
        put_to(k, "erp", 2 * day, T0 + day * DAY, 100, PL_STATE_DELIVERED);
        put_to(k, "crm", 2 * day + 1, T0 + day * DAY, 100, PL_STATE_DELIVERED);
    }
    commit(k);
}

TEST(a_connector_has_ages_of_its_own)
{
    keep k = {.rules = {.age_ms = 3 * DAY}};
    open_keep(&k);
    put_days(&k);
    set_own(&k, "crm", (pl_keep){.age_ms = DAY});
    walk(&k, T0 + 4 * DAY - DAY / 2);
    CHECK_EQ_INT(count_of(&k, "crm", ""), 1);
    CHECK_EQ_INT(count_of(&k, "erp", ""), 3);
    set_own(&k, "crm", (pl_keep){.age_ms = PL_FOR_EVER, .payload_ms = DAY});
    walk(&k, T0 + 100 * DAY);
    CHECK_EQ_INT(count_of(&k, "erp", ""), 0);
    CHECK_EQ_INT(count_of(&k, "crm", " AND bare = 1"), 1);
    close_keep(&k);
    k = (keep){.rules = {.age_ms = DAY, .payload_ms = DAY / 4}};
    open_keep(&k);
    put_days(&k);
    set_own(&k, "crm", (pl_keep){.age_ms = 3 * DAY}); /* the payload goes as all do */
    walk(&k, T0 + 4 * DAY - DAY / 2);
    CHECK_EQ_INT(count_of(&k, "erp", ""), 1);
    CHECK_EQ_INT(count_of(&k, "crm", " AND bare = 1"), 3);
    close_keep(&k);
    k = (keep){.rules = {.age_ms = 0}};
    open_keep(&k);
    put_days(&k);
    set_own(&k, "crm", (pl_keep){.payload_ms = PL_FOR_EVER, .age_ms = 2 * DAY});
    walk(&k, T0 + 4 * DAY - DAY / 2);
    CHECK_EQ_INT(count_of(&k, "erp", ""), 4);
    CHECK_EQ_INT(count_of(&k, "crm", " AND bare = 0"), 2);
    close_keep(&k);
}

TEST(of_a_connector_so_many_deliveries_stay_the_newest)
{
    keep k = {.rules = {.age_ms = 0}};
    open_keep(&k);
    begin(&k);
    for (uint32_t n = 0; n < 60; n++)
        put_to(&k, n % 3 ? "erp" : "crm", n, T0 + n, 100,
               n == 9 ? PL_STATE_PENDING : PL_STATE_DELIVERED);
    commit(&k);
    set_own(&k, "crm", (pl_keep){.deliveries = 5});
    walk(&k, T0); /* counts */
    CHECK(pl_sqlite_keeper_has_more(&k.keeper));
    CHECK_EQ_INT(count_of(&k, "crm", ""), 19);
    walk(&k, T0);
    CHECK(!pl_sqlite_keeper_has_more(&k.keeper));
    CHECK_EQ_INT(count_of(&k, "crm", ""), 5);
    CHECK_EQ_INT(count_of(&k, "erp", ""), 40);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events"), 46);
    CHECK_EQ_INT(number(&k, "SELECT min(created_ms) FROM deliveries WHERE connector = 'crm'"),
                 T0 + 45);
    walk(&k, T0);
    CHECK_EQ_INT(count_of(&k, "crm", ""), 5);
    close_keep(&k);
}

TEST(of_a_connector_so_many_bytes_stay)
{
    keep k = {.rules = {.age_ms = 0}};
    open_keep(&k);
    begin(&k);
    for (uint32_t n = 0; n < 40; n++)
        put_to(&k, n % 2 ? "erp" : "crm", n, T0 + n, 2000, PL_STATE_DELIVERED);
    commit(&k);
    set_own(&k, "crm", (pl_keep){.bytes = 12000});
    walk(&k, T0);
    walk(&k, T0);
    /* 2,000 bytes of a document, an answer of 9, 32 of fields */
    CHECK_EQ_INT(count_of(&k, "crm", ""), 5);
    CHECK_EQ_INT(count_of(&k, "erp", ""), 20);
    close_keep(&k);
}

/* An event went to two connectors: what the one lets go is the other's as well. */
TEST(a_document_stays_while_a_delivery_of_its_event_has_its_payload)
{
    keep k = {.rules = {.payload_ms = 3 * DAY}};
    open_keep(&k);
    pl_event *e = event_new("e1", "order", "{}");
    pl_commit_delivery two[] = {{.id = id_of(T0, 1), .connector = PL_SLICE("crm"), .held = true},
                                {.id = id_of(T0, 2), .connector = PL_SLICE("erp"), .held = true}};
    pl_commit_event event = {.event = e, .deliveries = two, .count = 2};
    pl_commit c = {.events = &event, .count = 1, .now_ms = T0};
    pl_attempt a = attempt_of(1, "ok", 200);
    begin(&k);
    run(&k, &c.op, PL_OP_COMMIT);
    for (int i = 0; i < 2; i++) {
        pl_record r = record_of(two[i].id, &a, PL_STATE_DELIVERED);
        run(&k, &r.op, PL_OP_RECORD);
    }
    commit(&k);
    set_own(&k, "crm", (pl_keep){.payload_ms = DAY});
    walk(&k, T0 + 2 * DAY);
    CHECK_EQ_INT(count_of(&k, "crm", " AND bare = 1"), 1);
    CHECK_EQ_INT(count_of(&k, "erp", " AND bare = 0"), 1);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events WHERE document NOTNULL"), 1);
    walk(&k, T0 + 4 * DAY);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events WHERE document NOTNULL"), 0);
    free(e);
    close_keep(&k);
}

/* One connector keeps three days, one its newest hundred, one so many bytes, the rest a week. */
TEST(over_a_month_the_file_stays_bounded_whatever_connectors_want)
{
    static const char *const names[] = {"days", "count", "bytes", "rest"};
    keep k = {.rules = {.age_ms = 7 * DAY}};
    pl_retention_of own[] = {
        {PL_SLICE("days"), {.age_ms = 3 * DAY, .payload_ms = DAY}},
        {PL_SLICE("count"), {.deliveries = 100}},
        {PL_SLICE("bytes"), {.age_ms = PL_FOR_EVER, .bytes = 200000}},
    };
    open_keep(&k);
    pl_sqlite_keeper_set(&k.keeper, own, 3);
    uint32_t n = 0;
    int64_t pages = 0;
    for (int day = 0; day < 31; day++) {
        begin(&k);
        for (int i = 0; i < 80 + day % 7 * 20; i++, n++)
            put_to(&k, names[n % 4], n, T0 + day * DAY + i * 1000, 500 + i % 10 * 900,
                   PL_STATE_DELIVERED);
        commit(&k);
        walk(&k, T0 + (day + 1) * DAY);
        walk(&k, T0 + (day + 1) * DAY);
        if (day == 8) pages = number(&k, "SELECT page_count FROM pragma_page_count");
    }
    CHECK_EQ_INT(count_of(&k, "rest", ""), (7 * 80 + 21 * 20) / 4);
    CHECK_EQ_INT(count_of(&k, "count", ""), 100);
    CHECK_EQ_INT(count_of(&k, "days", " AND created_ms < 1767225600000 + 28 * 86400000"), 0);
    CHECK(count_of(&k, "bytes", "") > 20);
    CHECK(number(&k, "SELECT sum(length(document)) FROM events e WHERE EXISTS (SELECT 1 FROM"
                     " deliveries d WHERE d.event = e.seq AND d.connector = 'bytes')") <= 200000);
    CHECK(number(&k, "SELECT page_count FROM pragma_page_count") <= pages + pages / 5);
    CHECK_EQ_INT(number(&k, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    close_keep(&k);
}

static void give_answer(const pl_commit *c, pl_buf *out)
{
    (void)c;
    PL_BUF_PUT(out, "{}");
}

TEST(idempotency_keys_are_known_for_so_long)
{
    keep k = {.rules = {.key_ms = DAY}};
    open_keep(&k);
    begin(&k);
    for (int n = 0; n < 100; n++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", n);
        pl_commit c = {.idempotency_key = pl_slice_of(key),
                       .answer = give_answer,
                       .now_ms = T0 + n * DAY / 50};
        run(&k, &c.op, PL_OP_COMMIT);
    }
    commit(&k);
    walk(&k, T0 + 2 * DAY); /* numbers 0 to 49 are a day old */
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM idempotency"), 50);
    CHECK_EQ_INT(number(&k, "SELECT min(created_ms) FROM idempotency"), T0 + DAY);
    close_keep(&k);
}

/* -- erasing -- */

static pl_erase erase(keep *k, pl_slice event_id, pl_slice subject)
{
    pl_erase e = {.event_id = event_id, .subject = subject};
    begin(k);
    run(k, &e.op, PL_OP_ERASE);
    commit(k);
    return e;
}

TEST(an_erased_event_leaves_nothing)
{
    keep k = {.rules = {.age_ms = 0}};
    open_keep(&k);
    begin(&k);
    put(&k, 1, T0, 20000, PL_STATE_DELIVERED);
    put(&k, 2, T0, 100, PL_STATE_PENDING);
    put(&k, 3, T0, 100, PL_STATE_DELIVERED);
    commit(&k);
    pl_erase e = erase(&k, PL_SLICE("e1"), PL_NO_SLICE);
    CHECK_EQ_INT(e.events, 1);
    CHECK_EQ_INT(e.deliveries, 1);
    CHECK_EQ_INT(e.pending_count, 0);
    pl_arena_fini(&e.memory);
    e = erase(&k, PL_SLICE("e2"), PL_NO_SLICE);
    CHECK_EQ_INT(e.deliveries, 1);
    CHECK_EQ_INT(e.pending_count, 1);
    CHECK(pl_uuid_eq(e.pending[0], id_of(T0, 2)));
    pl_arena_fini(&e.memory);
    CHECK_EQ_INT(k.writer.pending, 0);
    e = erase(&k, PL_SLICE("e2"), PL_NO_SLICE);
    CHECK_EQ_INT(e.events, 0);
    pl_arena_fini(&e.memory);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events"), 1);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM attempts"), 1);
    /* An attempt that was under way leaves nothing either. */
    pl_attempt a = attempt_of(2, "ok", 200);
    pl_record r = record_of(id_of(T0, 2), &a, PL_STATE_DELIVERED);
    k.writer.bulk.is_careful =
        true; /* as its group is, when it finds that something is not there */
    begin(&k);
    run(&k, &r.op, PL_OP_RECORD);
    commit(&k);
    CHECK(r.was_gone);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM attempts"), 1);
    close_keep(&k);
}

/* Of what `put` writes, when the WAL has started over. */
static bool is_in_file(keep *k)
{
    static char bytes[1 << 20];
    sqlite3_wal_checkpoint_v2(k->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    FILE *f = fopen(k->bench.path, "rb");
    size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    CHECK(len > 50000);
    return memmem(bytes, len, "xxxxxxxx", 8) != NULL;
}

TEST(what_is_erased_is_not_in_the_file_any_more)
{
    keep k = {.rules = {.age_ms = 0}};
    open_keep(&k);
    begin(&k);
    put(&k, 1, T0, 50000, PL_STATE_DELIVERED);
    commit(&k);
    CHECK(is_in_file(&k));
    pl_erase e = erase(&k, PL_SLICE("e1"), PL_NO_SLICE);
    pl_arena_fini(&e.memory);
    CHECK(!is_in_file(&k));
    close_keep(&k);
}

TEST(what_goes_with_age_is_not_in_the_file_any_more)
{
    keep k = {.rules = {.age_ms = DAY}};
    open_keep(&k);
    begin(&k);
    put(&k, 1, T0, 50000, PL_STATE_DELIVERED);
    put(&k, 2, T0, 50000, PL_STATE_DELIVERED);
    commit(&k);
    pl_erase e = erase(&k, PL_SLICE("e1"), PL_NO_SLICE);
    pl_arena_fini(&e.memory);
    CHECK(is_in_file(&k));
    walk(&k, T0 + 2 * DAY);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM events"), 0);
    CHECK(!is_in_file(&k));
    close_keep(&k);
}

TEST(a_subject_is_erased_a_few_events_at_a_time)
{
    keep k = {.rules = {.age_ms = 0}};
    open_keep(&k);
    begin(&k);
    for (uint32_t n = 0; n < 40; n++)
        put(&k, n, T0 + n, 100, PL_STATE_DELIVERED);
    commit(&k);
    uint32_t events = 0;
    pl_erase e;
    do {
        e = erase(&k, PL_NO_SLICE, PL_SLICE("somebody"));
        CHECK(e.events <= 16);
        events += e.events;
        pl_arena_fini(&e.memory);
    } while (e.has_more);
    CHECK_EQ_INT(events, 40);
    CHECK_EQ_INT(number(&k, "SELECT count(*) FROM deliveries"), 0);
    close_keep(&k);
}

int main(void)
{
    return RUN(CASE(what_ended_long_enough_ago_goes_with_its_attempts_and_event),
               CASE(an_event_stays_while_one_of_its_deliveries_does),
               CASE(payloads_can_go_before_the_rest),
               CASE(the_newest_events_stay_when_their_number_is_bounded),
               CASE(a_bound_of_bytes_is_kept_by_what_is_oldest),
               CASE(over_a_month_the_file_grows_to_a_week_and_no_further),
               CASE(a_connector_has_ages_of_its_own),
               CASE(of_a_connector_so_many_deliveries_stay_the_newest),
               CASE(of_a_connector_so_many_bytes_stay),
               CASE(a_document_stays_while_a_delivery_of_its_event_has_its_payload),
               CASE(over_a_month_the_file_stays_bounded_whatever_connectors_want),
               CASE(idempotency_keys_are_known_for_so_long), CASE(an_erased_event_leaves_nothing),
               CASE(what_is_erased_is_not_in_the_file_any_more),
               CASE(what_goes_with_age_is_not_in_the_file_any_more),
               CASE(a_subject_is_erased_a_few_events_at_a_time));
}
