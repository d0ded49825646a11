/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "store/sqlite_feed.h"
#include "store/sqlite_undelivered.h"
#include "store/sqlite_write.h"
#include "store_harness.h"

static pl_slice find(const pl_query *q, const char *path)
{
    return pl_json_find(pl_buf_slice(&q->answer), pl_slice_of(path));
}

/* The ids of a page by their last hex digit, newest first,
 * then '+' when there is a cursor: "cba+". */
static const char *page_of(bench *b, const pl_feed_filter *f)
{
    static char text[64];
    pl_query q = {.kind = PL_QUERY_FEED, .filter = *f};
    size_t n = 0;
    CHECK_EQ_INT(ask(b, &q), 0);
    CHECK_EQ_INT(pl_json_check(pl_buf_slice(&q.answer), 16, NULL), 0);
    for (int i = 0; i < 50; i++) {
        char path[32];
        snprintf(path, sizeof path, "deliveries.%d.id", i);
        pl_slice id = find(&q, path);
        if (!id.len) break;
        text[n++] = id.ptr[id.len - 2];
    }
    if (!pl_slice_eq(find(&q, "next"), PL_SLICE("null"))) text[n++] = '+';
    text[n] = '\0';
    pl_buf_fini(&q.answer);
    return text;
}

/* 1 delivered, 2 failed, 3 pending (a 503 so far), 4 a call, 5 unmatched, 6 pending (never tried);
 * 2 and 3 of one event. Made one second apart. */
static void fill(bench *b)
{
    bench_init(b);
    bench_open(b);
    pl_event *e1 = event_new("e1", "order", "{\"needle\":\"alpha\"}");
    pl_event *e2 = event_new("e2", "lead", "{\"x\":\"beta\"}");
    pl_event *e5 = event_new("e5", "order", "{}"), *e6 = event_new("e6", "order", "{}");
    one o;
    one_init(&o, e1, id_of(T0 + 1000, 1), true);
    o.commit.now_ms = T0 + 1000;
    CHECK_EQ_INT(run_op(b, &o.commit.op, PL_OP_COMMIT), 0);
    CHECK_EQ_INT(record_one(b, o.delivery.id, 1, PL_STATE_DELIVERED), 0);

    pl_commit_delivery two[] = {{.id = id_of(T0 + 2000, 2),
                                 .connector = PL_SLICE("crm"),
                                 .webhook = PL_SLICE("lead"),
                                 .held = true},
                                {.id = id_of(T0 + 2000, 3),
                                 .connector = PL_SLICE("crm"),
                                 .webhook = PL_SLICE("note"),
                                 .held = true}};
    pl_commit_event event = {.event = e2, .deliveries = two, .count = 2};
    pl_commit c = {.events = &event, .count = 1, .now_ms = T0 + 2000};
    CHECK_EQ_INT(run_op(b, &c.op, PL_OP_COMMIT), 0);
    pl_attempt a = attempt_of(1, "http_status", 404);
    a.error = PL_SLICE("gamma");
    pl_record r = record_of(two[0].id, &a, PL_STATE_FAILED);
    CHECK_EQ_INT(run_op(b, &r.op, PL_OP_RECORD), 0);
    a = attempt_of(1, "http_status", 503);
    a.response_body = PL_SLICE("delta");
    r = record_of(two[1].id, &a, PL_STATE_PENDING);
    r.due_ms = T0 + 9000;
    CHECK_EQ_INT(run_op(b, &r.op, PL_OP_RECORD), 0);

    a = attempt_of(1, "ok", 200);
    a.url = PL_SLICE("https://epsilon.example/");
    r = record_of(id_of(T0 + 4000, 4), &a, PL_STATE_DELIVERED);
    r.kind = PL_KIND_CALL;
    r.event = e1;
    r.created_ms = T0 + 4000;
    CHECK_EQ_INT(run_op(b, &r.op, PL_OP_RECORD), 0);

    event = (pl_commit_event){
        .event = e5, .reason = PL_SLICE("none"), .unmatched_id = id_of(T0 + 5000, 5)};
    c = (pl_commit){.events = &event, .count = 1, .now_ms = T0 + 5000};
    CHECK_EQ_INT(run_op(b, &c.op, PL_OP_COMMIT), 0);
    one_init(&o, e6, id_of(T0 + 6000, 6), true);
    o.commit.now_ms = T0 + 6000;
    CHECK_EQ_INT(run_op(b, &o.commit.op, PL_OP_COMMIT), 0);
    free(e1);
    free(e2);
    free(e5);
    free(e6);
}

TEST(the_feed_is_newest_first_and_pages)
{
    bench b;
    fill(&b);
    pl_feed_filter f = filter_any(50);
    CHECK_EQ_STR(page_of(&b, &f), "654321");
    f.limit = 6;
    CHECK_EQ_STR(page_of(&b, &f), "654321");
    f.limit = 4;
    CHECK_EQ_STR(page_of(&b, &f), "6543+");

    pl_query q = {.kind = PL_QUERY_FEED, .filter = f};
    CHECK_EQ_INT(ask(&b, &q), 0);
    pl_slice next = find(&q, "next");
    CHECK_EQ_SLICE(next, PL_SLICE("\"019b76da-afd0-7000-8000-000000000003\""));
    f.has_before = pl_uuid_parse((pl_slice){next.ptr + 1, next.len - 2}, &f.before);
    pl_buf_fini(&q.answer);
    CHECK_EQ_STR(page_of(&b, &f), "21");
    f.before = id_of(T0, 0);
    CHECK_EQ_STR(page_of(&b, &f), "");
    bench_fini(&b);
}

TEST(each_filter_narrows_the_feed)
{
    bench b;
    fill(&b);
    enum { ANY = -1 };
    struct {
        const char *wanted;
        int state, kind;
        pl_feed_filter filter;
    } cases[] = {
        {"641", ANY, ANY, {.connector = PL_SLICE("erp")}},
        {"3", ANY, ANY, {.connector = PL_SLICE("crm"), .webhook = PL_SLICE("note")}},
        {"32", ANY, ANY, {.type = PL_SLICE("lead")}},
        {"6541", ANY, ANY, {.type = PL_SLICE("order")}},
        {"32", ANY, ANY, {.event_id = PL_SLICE("e2")}},
        {"5", ANY, ANY, {.event_id = PL_SLICE("e5")}},
        {"", ANY, ANY, {.event_id = PL_SLICE("no such")}},
        {"2", PL_STATE_FAILED, ANY, {.event_id = PL_SLICE("e2")}},
        {"63", PL_STATE_PENDING, ANY, {.limit = 0}},
        {"41", PL_STATE_DELIVERED, ANY, {.limit = 0}},
        {"2", PL_STATE_FAILED, ANY, {.limit = 0}},
        {"", PL_STATE_CANCELLED, ANY, {.limit = 0}},
        {"5", PL_STATE_UNMATCHED, ANY, {.limit = 0}},
        {"6321", ANY, PL_KIND_DELIVERY, {.limit = 0}},
        {"4", ANY, PL_KIND_CALL, {.limit = 0}},
        {"", ANY, PL_KIND_TRY, {.limit = 0}},
        {"", PL_STATE_PENDING, PL_KIND_CALL, {.limit = 0}},
        {"41", ANY, ANY, {.status_class = 2}},
        {"2", ANY, ANY, {.status_class = 4}},
        {"3", ANY, ANY, {.status_class = 5}},
        {"65432", ANY, ANY, {.from_ms = T0 + 2000}},
        {"1", ANY, ANY, {.to_ms = T0 + 2000}},
        {"432", ANY, ANY, {.from_ms = T0 + 2000, .to_ms = T0 + 5000}},
        {"41", ANY, ANY, {.text = PL_SLICE("alpha")}},
        {"32", ANY, ANY, {.text = PL_SLICE("beta")}},
        {"2", ANY, ANY, {.text = PL_SLICE("gamma")}},
        {"3", ANY, ANY, {.text = PL_SLICE("delta")}},
        {"4", ANY, ANY, {.text = PL_SLICE("epsilon")}},
        {"32", ANY, ANY, {.text = PL_SLICE("crm")}},
        {"3", ANY, ANY, {.text = PL_SLICE("note")}},
        {"6", ANY, ANY, {.text = PL_SLICE("e6")}},
        {"", ANY, ANY, {.text = PL_SLICE("omega")}},
        {"", ANY, ANY, {.text = PL_SLICE("' OR 1 --")}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pl_feed_filter f = cases[i].filter;
        f.state = cases[i].state;
        f.kind = cases[i].kind;
        f.limit = 50;
        const char *got = page_of(&b, &f);
        if (strcmp(got, cases[i].wanted) != 0) printf("case %zu\n", i);
        CHECK_EQ_STR(got, cases[i].wanted);
    }
    bench_fini(&b);
}

TEST(a_row_shows_what_is_known)
{
    bench b;
    fill(&b);
    pl_query q = {.kind = PL_QUERY_FEED, .filter = filter_any(50)};
    CHECK_EQ_INT(ask(&b, &q), 0);
    CHECK_EQ_SLICE(
        find(&q, "deliveries.3"), /* 3: pending */
        PL_SLICE("{\"id\":\"019b76da-afd0-7000-8000-000000000003\",\"kind\":\"delivery\","
                 "\"state\":\"pending\",\"connector\":\"crm\",\"webhook\":\"note\","
                 "\"event_id\":\"e2\",\"event_type\":\"lead\",\"event_source\":null,\"token\":null,"
                 "\"attempts\":1,"
                 "\"created\":\"2026-01-01T00:00:02.000Z\",\"finished\":null,"
                 "\"due\":\"2026-01-01T00:00:09.000Z\",\"outcome\":\"http_status\","
                 "\"status\":503,\"reason\":null,\"order_key\":null,\"waits_for\":null}"));
    CHECK_EQ_SLICE(
        find(&q, "deliveries.4"), /* 2: failed */
        PL_SLICE("{\"id\":\"019b76da-afd0-7000-8000-000000000002\",\"kind\":\"delivery\","
                 "\"state\":\"failed\",\"connector\":\"crm\",\"webhook\":\"lead\","
                 "\"event_id\":\"e2\",\"event_type\":\"lead\",\"event_source\":null,\"token\":null,"
                 "\"attempts\":1,"
                 "\"created\":\"2026-01-01T00:00:02.000Z\","
                 "\"finished\":\"2026-01-01T00:00:00.010Z\",\"due\":null,"
                 "\"outcome\":\"http_status\",\"status\":404,\"reason\":\"gamma\",\"order_key\":"
                 "null,\"waits_for\":null}"));
    CHECK_EQ_SLICE(find(&q, "deliveries.1"), /* 5: unmatched */
                   PL_SLICE("{\"id\":\"019b76da-bb88-7000-8000-000000000005\",\"kind\":\"event\","
                            "\"state\":\"unmatched\",\"connector\":null,\"webhook\":null,"
                            "\"event_id\":\"e5\",\"event_type\":\"order\",\"event_source\":null,"
                            "\"token\":null,\"attempts\":0,"
                            "\"created\":\"2026-01-01T00:00:05.000Z\","
                            "\"finished\":\"2026-01-01T00:00:05.000Z\",\"due\":null,"
                            "\"outcome\":null,\"status\":null,\"reason\":\"none\",\"order_key\":"
                            "null,\"waits_for\":null}"));
    CHECK_EQ_SLICE(find(&q, "deliveries.2.kind"), PL_SLICE("\"call\""));
    CHECK_EQ_SLICE(find(&q, "deliveries.2.event_id"), PL_SLICE("null"));
    pl_buf_fini(&q.answer);
    bench_fini(&b);
}

TEST(one_delivery_comes_with_its_event_and_attempts)
{
    bench b;
    fill(&b);
    pl_query q = {.kind = PL_QUERY_DELIVERY, .id = id_of(T0 + 1000, 1)};
    CHECK_EQ_INT(ask(&b, &q), 0);
    CHECK_EQ_SLICE(find(&q, "state"), PL_SLICE("\"delivered\""));
    CHECK_EQ_SLICE(find(&q, "event"), PL_SLICE("{\"needle\":\"alpha\"}"));
    CHECK_EQ_SLICE(find(&q, "attempts.0.number"), PL_SLICE("1"));
    CHECK_EQ_SLICE(find(&q, "attempts.0.request.body"),
                   PL_SLICE("\"{\\\"needle\\\":\\\"alpha\\\"}\""));
    CHECK_EQ_INT(find(&q, "attempts.1").len, 0);
    pl_buf_fini(&q.answer);
    /* never tried */
    q = (pl_query){.kind = PL_QUERY_DELIVERY, .id = id_of(T0 + 6000, 6)};
    CHECK_EQ_INT(ask(&b, &q), 0);
    CHECK_EQ_SLICE(find(&q, "attempts"), PL_SLICE("[]"));
    pl_buf_fini(&q.answer);
    q = (pl_query){.kind = PL_QUERY_DELIVERY, .id = id_of(T0 + 7000, 7)};
    CHECK_EQ_INT(ask(&b, &q), PL_E_UNKNOWN_DELIVERY);
    CHECK_EQ_INT(q.answer.len, 0);
    pl_buf_fini(&q.answer);
    bench_fini(&b);
}

/* The plan of a statement, as SQLite puts it, in one text. */
static const char *plan_of(const bench *b, const char *sql)
{
    static char text[4096];
    char explain[4096];
    sqlite3_stmt *q = NULL;
    sqlite3 *db = bench_db(b);
    snprintf(explain, sizeof explain, "EXPLAIN QUERY PLAN %s", sql);
    *text = '\0';
    CHECK_EQ_INT(sqlite3_prepare_v2(db, explain, -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        strncat(text, (const char *)sqlite3_column_text(q, 3), sizeof text - strlen(text) - 1);
        strncat(text, "\n", sizeof text - strlen(text) - 1);
    }
    sqlite3_finalize(q);
    sqlite3_close(db);
    return text;
}

static const char *plan_of_feed(const bench *b, const pl_feed_filter *f)
{
    pl_buf sql;
    pl_buf_init(&sql);
    pl_sqlite_feed_sql(f, &sql);
    const char *plan = plan_of(b, sql.ptr);
    pl_buf_fini(&sql);
    return plan;
}

TEST(no_page_is_sorted_and_no_table_is_scanned)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    pl_feed_filter f = filter_any(50);
    for (int i = 0; i < 4; i++) {
        if (i == 1) f.connector = PL_SLICE("erp");
        if (i == 2) f.type = PL_SLICE("order");
        if (i == 3) f.event_id = PL_SLICE("e1");
        const char *plan = plan_of_feed(&b, &f);
        CHECK(strstr(plan, "TEMP B-TREE") == NULL);
        CHECK(strstr(plan, "SCAN") == NULL);
        CHECK(strstr(plan, "SEARCH r USING PRIMARY KEY (id>? AND id<?)") != NULL);
        if (strstr(plan, "TEMP") || strstr(plan, "SCAN")) printf("%s", plan);
    }
    f = filter_any(50);
    f.state = PL_STATE_FAILED;
    const char *plan = plan_of_feed(&b, &f);
    CHECK(strstr(plan, "deliveries_failed") != NULL);
    CHECK(strstr(plan, "TEMP B-TREE") == NULL);
    plan = plan_of(&b, PL_SQLITE_CLAIM);
    CHECK(strstr(plan, "SEARCH p USING INDEX pending_connector (connector=? AND due_ms<?)") !=
          NULL);
    CHECK(strstr(plan, "TEMP B-TREE") == NULL);
    plan = plan_of(&b, PL_SQLITE_NEXT_DUE);
    CHECK(strstr(plan, "pending_due") != NULL);
    bench_fini(&b);
}

/* What fill leaves, and a call that failed, which nobody owes. */
TEST(what_is_undelivered_is_counted_by_connector_and_reason)
{
    bench b;
    fill(&b);
    pl_event *e = event_new("e7", "order", "{}");
    pl_attempt a = attempt_of(1, "timeout", 0);
    pl_record r = record_of(id_of(T0 + 7000, 7), &a, PL_STATE_FAILED);
    r.kind = PL_KIND_CALL;
    r.event = e;
    CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    CHECK_EQ_INT(commit_one(&b, "e8", id_of(T0 + 8000, 8), true), 0);
    pl_query q = {.kind = PL_QUERY_UNDELIVERED, .now_ms = T0 + 3662000};
    CHECK_EQ_INT(ask(&b, &q), 0);
    CHECK_EQ_SLICE(
        pl_buf_slice(&q.answer),
        PL_SLICE("{\"groups\":[{\"connector\":\"erp\",\"state\":\"pending\",\"outcome\":null,"
                 "\"status\":null,\"count\":2,\"waiting\":0,\"stopping\":0,\"oldest\":\"2026-01-"
                 "01T00:00:00.000Z\","
                 "\"oldest_age_seconds\":3662,\"next_due\":\"2026-01-01T00:00:00.000Z\"},"
                 "{\"connector\":\"crm\",\"state\":\"pending\",\"outcome\":\"http_status\","
                 "\"status\":503,\"count\":1,\"waiting\":0,\"stopping\":0,\"oldest\":\"2026-01-"
                 "01T00:00:02.000Z\","
                 "\"oldest_age_seconds\":3660,\"next_due\":\"2026-01-01T00:00:09.000Z\"},"
                 "{\"connector\":\"crm\",\"state\":\"failed\",\"outcome\":\"http_status\","
                 "\"status\":404,\"count\":1,\"waiting\":0,\"stopping\":0,\"oldest\":\"2026-01-"
                 "01T00:00:02.000Z\","
                 "\"oldest_age_seconds\":3660,\"next_due\":null}],"
                 "\"pending\":3,\"failed\":1,\"oldest\":\"2026-01-01T00:00:00.000Z\","
                 "\"oldest_age_seconds\":3662}"));
    pl_buf_fini(&q.answer);
    q.filter.connector = PL_SLICE("nobody");
    CHECK_EQ_INT(ask(&b, &q), 0);
    CHECK_EQ_SLICE(pl_buf_slice(&q.answer),
                   PL_SLICE("{\"groups\":[],\"pending\":0,\"failed\":0,\"oldest\":null,"
                            "\"oldest_age_seconds\":null}"));
    pl_buf_fini(&q.answer);
    const char *plan = plan_of(&b, PL_SQLITE_UNDELIVERED);
    CHECK(strstr(plan, "SCAN deliveries USING COVERING INDEX deliveries_undelivered") != NULL);
    free(e);
    bench_fini(&b);
}

TEST(a_query_that_takes_too_long_is_ended)
{
    bench b;
    bench_init(&b);
    pl_store_config config = bench_config(&b);
    config.query_timeout_ms = 1;
    char *reason = NULL;
    bench_open(&b); /* makes the tables */
    pl_store_close(b.store);
    bench_exec(
        &b,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        " INSERT INTO events(seq, id, type, received_ms, document) SELECT i, 'e' || i, 'order', 1, "
        "zeroblob(1000) FROM n;"
        "INSERT INTO deliveries(id, event, kind, connector, webhook, state, attempts, undecided,"
        " created_ms, finished_ms, outcome, status, bare) SELECT CAST(printf('%016d', seq) AS "
        "BLOB), seq, 0, 'erp', 'order',"
        " 1, 1, 0, 1, 1, 'ok', 200, 0 FROM events");
    CHECK_EQ_INT(pl_store_open(&b.store, &config, &reason), 0);
    pl_query q = {.kind = PL_QUERY_FEED, .filter = filter_any(10)};
    q.filter.text = PL_SLICE("nowhere");
    CHECK_EQ_INT(ask(&b, &q), PL_E_QUERY_TIMEOUT);
    CHECK_EQ_INT(q.answer.len, 0);
    pl_buf_fini(&q.answer);
    /* The next one is not hurt by it, and nor are commits. */
    q = (pl_query){.kind = PL_QUERY_DELIVERY, .id = id_of(T0, 1)};
    CHECK_EQ_INT(ask(&b, &q), PL_E_UNKNOWN_DELIVERY);
    CHECK_EQ_INT(commit_one(&b, "new", id_of(T0, 1), true), 0);
    bench_fini(&b);
}

TEST(questions_beyond_the_bound_are_refused_and_closing_answers_the_rest)
{
    enum { BOUND = 256 };
    static pl_query queries[BOUND + 2];
    bench b;
    gate g;
    bench_init(&b);
    bench_open(&b);
    gate_init(&g);
    for (int i = 0; i < BOUND + 2; i++)
        queries[i] = (pl_query){.message.fn = no_answer,
                                .reply_to = i ? &b.box.mailbox : &g.mailbox,
                                .filter = filter_any(1)};
    CHECK_EQ_INT(pl_store_ask(b.store, &queries[0]), 0);
    sem_wait(&g.reached); /* the reader stands still */
    for (int i = 1; i <= BOUND; i++)
        CHECK_EQ_INT(pl_store_ask(b.store, &queries[i]), 0);
    CHECK_EQ_INT(pl_store_ask(b.store, &queries[BOUND + 1]), PL_E_BUSY);
    gate_open(&g);
    pl_store_close(b.store);
    b.store = NULL;
    CHECK_EQ_INT(pl_mailbox_drain(&b.box.mailbox), BOUND);
    CHECK(queries[BOUND].result == 0 || queries[BOUND].result == PL_E_STOPPING);
    for (int i = 0; i < BOUND + 2; i++)
        pl_buf_fini(&queries[i].answer);
    gate_fini(&g);
    bench_fini(&b);
}

int main(void)
{
    return RUN(
        CASE(the_feed_is_newest_first_and_pages), CASE(each_filter_narrows_the_feed),
        CASE(a_row_shows_what_is_known), CASE(one_delivery_comes_with_its_event_and_attempts),
        CASE(no_page_is_sorted_and_no_table_is_scanned), CASE(a_query_that_takes_too_long_is_ended),
        CASE(what_is_undelivered_is_counted_by_connector_and_reason),
        CASE(questions_beyond_the_bound_are_refused_and_closing_answers_the_rest));
}
