/* SPDX-License-Identifier: MIT */
#include "store_harness.h"

static const char document[] = "{\"id\":\"e1\",\"type\":\"order\"}";

static uint64_t pending(const bench *b)
{
    return pl_counter_get(&pl_store_metrics_of(b->store)->pending);
}

TEST(a_commit_keeps_event_and_deliveries)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    pl_event *e = event_new("e1", "order", document);
    one o;
    one_init(&o, e, id_of(T0, 1), true);
    CHECK_EQ_INT(run_op(&b, &o.commit.op, PL_OP_COMMIT), 0);
    CHECK(e->seq > 0);
    CHECK(!o.event.is_duplicate && !o.commit.is_duplicate);
    CHECK_EQ_INT(pending(&b), 1);
    CHECK_EQ_INT(bench_number(&b,
                              "SELECT count(*) FROM events WHERE id = 'e1' AND type = 'order'"
                              " AND document = CAST('{\"id\":\"e1\",\"type\":\"order\"}' AS BLOB)"),
                 1);
    CHECK_EQ_INT(bench_number(&b,
                              "SELECT count(*) FROM pending WHERE held = 1 AND connector = 'erp'"
                              " AND webhook = 'order' AND attempts = 0 AND due_ms = 1767225600000"),
                 1);
    free(e);
    bench_fini(&b);
}

TEST(an_event_that_came_before_is_a_duplicate_and_names_its_deliveries)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    /* One delivery has ended by then, one is pending: both are named. */
    pl_event *e = event_new("e1", "order", document), *again = event_new("e1", "order", document);
    pl_commit_delivery two[] = {
        {.id = id_of(T0, 1), .connector = PL_SLICE("erp"), .webhook = PL_SLICE("order")},
        {.id = id_of(T0, 2), .connector = PL_SLICE("crm"), .webhook = PL_SLICE("lead")}};
    pl_commit_event first = {.event = e, .deliveries = two, .count = 2};
    pl_commit c = {.events = &first, .count = 1, .now_ms = T0};
    CHECK_EQ_INT(run_op(&b, &c.op, PL_OP_COMMIT), 0);
    CHECK_EQ_INT(record_one(&b, two[0].id, 1, PL_STATE_DELIVERED), 0);
    one o;
    one_init(&o, again, id_of(T0, 3), true);
    CHECK_EQ_INT(run_op(&b, &o.commit.op, PL_OP_COMMIT), 0);
    CHECK(o.event.is_duplicate);
    CHECK_EQ_STR(o.event.known, "[{\"id\":\"019b76da-a800-7000-8000-000000000001\",\"connector\":"
                                "\"erp\",\"webhook\":\"order\"},"
                                "{\"id\":\"019b76da-a800-7000-8000-000000000002\",\"connector\":"
                                "\"crm\",\"webhook\":\"lead\"}]");
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events"), 1);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending"), 1);
    free(o.event.known);
    free(e);
    free(again);
    bench_fini(&b);
}

TEST(a_duplicate_within_one_commit_counts_too)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    pl_event *e[2] = {event_new("same", "order", "{}"), event_new("same", "order", "{}")};
    pl_commit_delivery d[2] = {
        {.id = id_of(T0, 1), .connector = PL_SLICE("a"), .webhook = PL_SLICE("w")},
        {.id = id_of(T0, 2), .connector = PL_SLICE("b"), .webhook = PL_SLICE("w")}};
    pl_commit_event events[2] = {{.event = e[0], .deliveries = &d[0], .count = 1},
                                 {.event = e[1], .deliveries = &d[1], .count = 1}};
    pl_commit c = {.events = events, .count = 2, .now_ms = T0};
    CHECK_EQ_INT(run_op(&b, &c.op, PL_OP_COMMIT), 0);
    CHECK(!events[0].is_duplicate && events[1].is_duplicate);
    CHECK_EQ_STR(events[1].known, "[{\"id\":\"019b76da-a800-7000-8000-000000000001\","
                                  "\"connector\":\"a\",\"webhook\":\"w\"}]");
    CHECK_EQ_INT(pending(&b), 1);
    free(events[1].known);
    free(e[0]);
    free(e[1]);
    bench_fini(&b);
}

TEST(an_event_that_nothing_wants_is_kept_with_the_reason)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    pl_event *e = event_new("e1", "order", document);
    pl_commit_event event = {
        .event = e, .reason = PL_SLICE("no webhook"), .unmatched_id = id_of(T0, 9)};
    pl_commit c = {.events = &event, .count = 1, .now_ms = T0};
    CHECK_EQ_INT(run_op(&b, &c.op, PL_OP_COMMIT), 0);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries WHERE kind = 3 AND state = 4"
                                  " AND reason = 'no webhook' AND connector IS NULL"),
                 1);
    /* Again: a duplicate without deliveries. */
    event.unmatched_id = id_of(T0, 10);
    CHECK_EQ_INT(run_op(&b, &c.op, PL_OP_COMMIT), 0);
    CHECK(event.is_duplicate);
    CHECK_EQ_STR(event.known, "[]");
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries"), 1);
    free(event.known);
    free(e);
    bench_fini(&b);
}

static void write_ids(const pl_commit *c, pl_buf *out)
{
    PL_BUF_PUT(out, "{\"ids\":[\"");
    pl_buf_put_slice(out, c->events[0].event->id);
    pl_buf_printf(out, "\"%s]}", c->events[0].is_duplicate ? ",\"again\"" : "");
}

TEST(an_idempotency_key_of_an_event_that_was_there_keeps_what_the_store_found)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    pl_event *e = event_new("e1", "order", "{}");
    for (int i = 0; i < 3; i++) {
        one o;
        one_init(&o, e, id_of(T0, i + 1), true);
        if (i > 0) o.commit.idempotency_key = PL_SLICE("key");
        o.commit.answer = write_ids;
        CHECK_EQ_INT(run_op(&b, &o.commit.op, PL_OP_COMMIT), 0);
        CHECK_EQ_INT(o.commit.is_duplicate, i == 2);
        if (i == 2) CHECK_EQ_STR(o.commit.known, "{\"ids\":[\"e1\",\"again\"]}");
        free(o.commit.known);
        free(o.commit.events[0].known);
    }
    free(e);
    bench_fini(&b);
}

TEST(an_idempotency_key_gives_the_answer_it_gave_before)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    pl_event *e = event_new("e1", "order", "{}"), *other = event_new("e2", "order", "{}");
    one o;
    one_init(&o, e, id_of(T0, 1), true);
    o.commit.idempotency_key = PL_SLICE("key");
    o.commit.answer = write_ids;
    CHECK_EQ_INT(run_op(&b, &o.commit.op, PL_OP_COMMIT), 0);
    CHECK(!o.commit.is_duplicate);
    one_init(&o, other, id_of(T0, 2), true);
    o.commit.idempotency_key = PL_SLICE("key");
    o.commit.answer = write_ids;
    CHECK_EQ_INT(run_op(&b, &o.commit.op, PL_OP_COMMIT), 0);
    CHECK(o.commit.is_duplicate);
    CHECK_EQ_STR(o.commit.known, "{\"ids\":[\"e1\"]}");
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events WHERE id = 'e2'"), 0);
    CHECK_EQ_INT(pending(&b), 1);
    free(o.commit.known);
    free(e);
    free(other);
    bench_fini(&b);
}

TEST(a_final_record_moves_the_delivery)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    CHECK_EQ_INT(commit_one(&b, "e1", id_of(T0, 1), true), 0);
    CHECK_EQ_INT(record_one(&b, id_of(T0, 1), 1, PL_STATE_DELIVERED), 0);
    CHECK_EQ_INT(pending(&b), 0);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending"), 0);
    CHECK_EQ_INT(
        bench_number(&b,
                     "SELECT count(*) FROM deliveries WHERE kind = 0 AND state = 1 AND attempts = 1"
                     " AND outcome = 'ok' AND status = 200 AND connector = 'erp'"
                     " AND created_ms = 1767225600000 AND finished_ms = 1767225600010"),
        1);
    CHECK_EQ_INT(
        bench_number(&b, "SELECT count(*) FROM attempts a JOIN deliveries d ON a.delivery = d.id"
                         " WHERE a.number = 1 AND a.status = 200"),
        1);
    bench_fini(&b);
}

TEST(a_record_for_another_attempt_keeps_the_delivery_pending)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    pl_uuid id = id_of(T0, 1);
    CHECK_EQ_INT(commit_one(&b, "e1", id, true), 0);
    pl_attempt a = attempt_of(1, "http_status", 503);
    a.error = PL_SLICE("the answer was 503");
    pl_record r = record_of(id, &a, PL_STATE_PENDING);
    r.due_ms = T0 + 5000;
    r.held = true;
    CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    CHECK(!r.was_gone);
    CHECK_EQ_INT(
        bench_number(
            &b, "SELECT count(*) FROM pending WHERE held = 1 AND due_ms = 1767225605000 AND "
                "attempts = 1"
                " AND outcome = 'http_status' AND status = 503 AND reason = 'the answer was 503'"),
        1);
    /* Given back to the store without an attempt: what the last one left stays. */
    r = record_of(id, NULL, PL_STATE_PENDING);
    r.due_ms = T0 + 6000;
    CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending WHERE held = 0 AND due_ms = "
                                  "1767225606000 AND attempts = 1"
                                  " AND outcome = 'http_status' AND status = 503"),
                 1);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM attempts"), 1);
    CHECK_EQ_INT(pending(&b), 1);
    bench_fini(&b);
}

TEST(a_record_for_a_delivery_that_was_cancelled_keeps_the_attempt)
{
    bench b;
    enum pl_state state;
    bench_init(&b);
    bench_open(&b);
    pl_uuid id = id_of(T0, 1);
    CHECK_EQ_INT(commit_one(&b, "e1", id, true), 0);
    CHECK_EQ_INT(command(&b, PL_COMMAND_CANCEL, id, &state), 0);
    CHECK_EQ_INT(state, PL_STATE_CANCELLED);
    CHECK_EQ_INT(pending(&b), 0);
    for (int final = 0; final < 2; final++) {
        pl_attempt a = attempt_of(1 + (uint32_t) final, "ok", 200);
        pl_record r = record_of(id, &a, final ? PL_STATE_DELIVERED : PL_STATE_PENDING);
        CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
        CHECK(r.was_gone);
    }
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM attempts"), 2);
    CHECK_EQ_INT(bench_number(&b, "SELECT attempts FROM deliveries WHERE state = 3"), 2);
    CHECK_EQ_INT(pending(&b), 0);
    bench_fini(&b);
}

TEST(what_is_over_is_kept_as_it_was_committed)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    CHECK_EQ_INT(commit_one(&b, "e1", id_of(T0, 1), true), 0);
    for (uint32_t i = 2; i < 4; i++) { /* the second ends without an attempt */
        one o;
        pl_event *e = event_new(i == 2 ? "e2" : "e3", "order", "{}");
        one_init(&o, e, id_of(T0 + 7, i), true);
        o.delivery.connector = PL_SLICE("crm");
        o.delivery.webhook = PL_SLICE("lead");
        o.delivery.undecided = true;
        o.commit.now_ms = T0 + 7;
        CHECK_EQ_INT(run_op(&b, &o.commit.op, PL_OP_COMMIT), 0);
        CHECK_EQ_INT(e->seq, i);
        free(e);
        pl_attempt a = attempt_of(1, "cancelled", 0);
        pl_record r = record_of(id_of(T0 + 7, i), i == 2 ? &a : NULL, PL_STATE_CANCELLED);
        CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
        CHECK(!r.was_gone);
    }
    CHECK_EQ_INT(bench_number(&b,
                              "SELECT count(*) FROM deliveries d JOIN events e ON e.seq = event"
                              " WHERE kind = 0 AND connector = 'crm' AND webhook = 'lead'"
                              " AND state = 3 AND undecided = 1 AND d.created_ms = 1767225600007"
                              " AND finished_ms = 1767225600010 AND d.id = e.first_id"),
                 2);
    CHECK_EQ_INT(bench_number(&b, "SELECT sum(attempts) FROM deliveries"), 1);
    CHECK_EQ_INT(pending(&b), 1);
    bench_fini(&b);
}

TEST(a_call_is_kept_with_its_event_and_attempt)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    for (uint32_t i = 0; i < 2; i++) { /* the same event id twice: a call is never a duplicate */
        pl_event *e = event_new("c", "", "{\"id\":\"c\",\"data\":{}}");
        pl_attempt a = attempt_of(1, "timeout", 0);
        pl_record r = record_of(id_of(T0, i), &a, PL_STATE_FAILED);
        r.kind = i ? PL_KIND_TRY : PL_KIND_CALL;
        r.event = e;
        CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
        free(e);
    }
    CHECK_EQ_INT(
        bench_number(&b, "SELECT count(*) FROM events WHERE id IS NULL AND length(document) > 0"),
        2);
    CHECK_EQ_INT(bench_number(&b,
                              "SELECT count(*) FROM deliveries WHERE kind IN (1, 2) AND state = 2"
                              " AND attempts = 1 AND outcome = 'timeout' AND status IS NULL"),
                 2);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM attempts"), 2);
    CHECK_EQ_INT(pending(&b), 0);
    bench_fini(&b);
}

/* Commits an event of this id with the key and this digest; PL_E_* or 0, 1 duplicate, 2 reused. */
static int commit_with(bench *b, const char *event_id, uint16_t n, pl_slice key, pl_slice digest,
                       int64_t now_ms)
{
    one o;
    pl_event *e = event_new(event_id, "order", "{}");
    one_init(&o, e, id_of(T0, n), true);
    o.commit.idempotency_key = key;
    o.commit.digest = digest;
    o.commit.answer = write_ids;
    o.commit.now_ms = now_ms;
    int result = run_op(b, &o.commit.op, PL_OP_COMMIT);
    free(o.commit.known);
    free(e);
    return result ? result : o.commit.is_reused ? 2 : o.commit.is_duplicate;
}

TEST(an_idempotency_key_with_another_body_is_told_and_writes_nothing)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    CHECK_EQ_INT(commit_with(&b, "e1", 1, PL_SLICE("key"), PL_SLICE("aa"), T0), 0);
    CHECK_EQ_INT(commit_with(&b, "e2", 2, PL_SLICE("key"), PL_SLICE("aa"), T0 + 1), 1);
    CHECK_EQ_INT(commit_with(&b, "e3", 3, PL_SLICE("key"), PL_SLICE("bb"), T0 + 1), 2);
    CHECK_EQ_INT(pending(&b), 1);
    bench_exec(&b, "UPDATE idempotency SET digest = NULL"); /* as an earlier version kept it */
    CHECK_EQ_INT(commit_with(&b, "e4", 4, PL_SLICE("key"), PL_SLICE("bb"), T0 + 1), 1);
    bench_fini(&b);
}

/* Claims and copies out what the test looks at. */
static uint32_t claim(bench *b, int64_t before_ms, uint32_t limit, pl_claimed items[8],
                      int64_t *next_due_ms)
{
    pl_claim c = {.before_ms = before_ms, .limit = limit};
    CHECK_EQ_INT(run_op(b, &c.op, PL_OP_CLAIM), 0);
    for (uint32_t i = 0; i < c.count && i < 8; i++) {
        items[i] = c.items[i];
        CHECK_EQ_STR(c.items[i].connector, "erp");
        CHECK_EQ_STR(c.items[i].webhook, "order");
        CHECK_EQ_SLICE(c.items[i].document, PL_SLICE("{\"type\":\"order\",\"data\":{\"n\":1}}"));
    }
    if (next_due_ms) *next_due_ms = c.next_due_ms;
    pl_arena_fini(&c.memory);
    return c.count;
}

TEST(a_claim_takes_what_is_due_oldest_first_and_only_once)
{
    bench b;
    pl_claimed got[8];
    int64_t next;
    bench_init(&b);
    bench_open(&b);
    CHECK_EQ_INT(claim(&b, INT64_MAX, 8, got, &next), 0);
    CHECK(next == INT64_MAX);
    CHECK_EQ_INT(commit_one(&b, "e1", id_of(T0, 1), false), 0);
    CHECK_EQ_INT(commit_one(&b, "e2", id_of(T0, 2), false), 0);
    CHECK_EQ_INT(commit_one(&b, "e3", id_of(T0, 3), true), 0);
    CHECK_EQ_INT(commit_one(&b, "e4", id_of(T0, 4), false), 0);
    CHECK_EQ_INT(record_one(&b, id_of(T0, 1), 1, PL_STATE_PENDING), 0); /* due T0 + 5000 */
    CHECK_EQ_INT(claim(&b, T0 - 1, 8, got, &next), 0);
    CHECK_EQ_INT(next, T0);
    CHECK_EQ_INT(claim(&b, T0 + 5000, 2, got, &next), 2);
    CHECK(pl_uuid_eq(got[0].id, id_of(T0, 2)) && pl_uuid_eq(got[1].id, id_of(T0, 4)));
    CHECK_EQ_INT(next, T0 + 5000);
    CHECK_EQ_INT(claim(&b, T0 + 5000, 8, got, &next), 1);
    CHECK(pl_uuid_eq(got[0].id, id_of(T0, 1)));
    CHECK_EQ_INT(got[0].attempts, 1);
    CHECK_EQ_INT(got[0].first, 0);
    CHECK_EQ_INT(got[0].due_ms, T0 + 5000);
    CHECK_EQ_INT(got[0].created_ms, T0);
    CHECK_EQ_INT(got[0].received_ms, T0);
    CHECK(got[0].event_seq > 0);
    CHECK(next == INT64_MAX);
    CHECK_EQ_INT(claim(&b, INT64_MAX, 8, got, &next), 0);
    bench_fini(&b);
}

/* How many of each of the connectors "a", "b", "c" a claim brings. */
static void check_shares(bench *b, pl_claim c, uint32_t as, uint32_t bs, uint32_t cs)
{
    uint32_t counts[3] = {0};
    c.before_ms = INT64_MAX;
    CHECK_EQ_INT(run_op(b, &c.op, PL_OP_CLAIM), 0);
    for (uint32_t i = 0; i < c.count; i++)
        counts[c.items[i].connector[0] - 'a']++;
    CHECK_EQ_INT(counts[0], as);
    CHECK_EQ_INT(counts[1], bs);
    CHECK_EQ_INT(counts[2], cs);
    pl_arena_fini(&c.memory);
    bench_exec(b, "UPDATE pending SET held = 0");
}

/* `a` has 60 waiting, `b` 20, `c` 2, which came last. */
TEST(a_claim_is_shared_by_the_connectors_that_have_anything)
{
    bench b;
    pl_slice a_and_c[] = {PL_SLICE("a"), PL_SLICE("c")};
    bench_init(&b);
    bench_open(&b);
    for (uint16_t i = 0; i < 82; i++) {
        char id[8];
        snprintf(id, sizeof id, "e%d", i);
        CHECK_EQ_INT(commit_one(&b, id, id_of(T0 + i, i), false), 0);
    }
    bench_exec(&b, "UPDATE pending SET connector = CASE WHEN event <= 60 THEN 'a'"
                   " WHEN event <= 80 THEN 'b' ELSE 'c' END");
    check_shares(&b, (pl_claim){.limit = 30}, 10, 10, 2);
    check_shares(&b, (pl_claim){.limit = 100}, 33, 20, 2);
    check_shares(&b, (pl_claim){.limit = 100, .each = 5}, 5, 5, 2);
    check_shares(&b, (pl_claim){.limit = 30, .skip = a_and_c, .skip_count = 1}, 0, 15, 2);
    check_shares(&b, (pl_claim){.limit = 30, .skip = a_and_c, .skip_count = 2}, 0, 20, 0);
    /* Too few for all: they come in turn. */
    check_shares(&b, (pl_claim){.limit = 2}, 1, 0, 1);
    check_shares(&b, (pl_claim){.limit = 2}, 0, 1, 1);
    check_shares(&b, (pl_claim){.limit = 1}, 1, 0, 0);
    bench_fini(&b);
}

TEST(what_was_held_is_claimable_again_after_a_restart)
{
    bench b;
    pl_claimed got[8];
    bench_init(&b);
    bench_open(&b);
    one o;
    pl_event *e = event_new("e1", "order", "{\"type\":\"order\",\"data\":{\"n\":1}}");
    one_init(&o, e, id_of(T0, 1), true);
    o.delivery.undecided = true;
    CHECK_EQ_INT(run_op(&b, &o.commit.op, PL_OP_COMMIT), 0);
    free(e);
    CHECK_EQ_INT(claim(&b, INT64_MAX, 8, got, NULL), 0);
    bench_reopen(&b);
    CHECK_EQ_INT(pending(&b), 1);
    CHECK_EQ_INT(claim(&b, INT64_MAX, 8, got, NULL), 1);
    CHECK(got[0].undecided);
    CHECK_EQ_INT(got[0].due_ms, T0);
    bench_fini(&b);
}

TEST(retry_hastens_what_waits_and_revives_what_has_ended)
{
    bench b;
    enum pl_state state;
    pl_claimed got[8];
    bench_init(&b);
    bench_open(&b);
    pl_uuid waits = id_of(T0, 1), held = id_of(T0, 2), failed = id_of(T0, 3);
    CHECK_EQ_INT(commit_one(&b, "e1", waits, false), 0);
    CHECK_EQ_INT(record_one(&b, waits, 1, PL_STATE_PENDING), 0);
    CHECK_EQ_INT(command(&b, PL_COMMAND_RETRY, waits, &state), 0);
    CHECK_EQ_INT(state, PL_STATE_PENDING);
    CHECK_EQ_INT(claim(&b, T0 + 20, 8, got, NULL), 1);

    CHECK_EQ_INT(commit_one(&b, "e2", held, true), 0);
    CHECK_EQ_INT(command(&b, PL_COMMAND_RETRY, held, &state), 0);
    CHECK_EQ_INT(state, PL_STATE_PENDING);
    CHECK_EQ_INT(claim(&b, INT64_MAX, 8, got, NULL), 0);

    CHECK_EQ_INT(commit_one(&b, "e3", failed, true), 0);
    CHECK_EQ_INT(record_one(&b, failed, 3, PL_STATE_FAILED), 0);
    CHECK_EQ_INT(pending(&b), 2);
    CHECK_EQ_INT(command(&b, PL_COMMAND_RETRY, failed, &state), 0);
    CHECK_EQ_INT(state, PL_STATE_PENDING);
    CHECK_EQ_INT(pending(&b), 3);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries"), 0);
    CHECK_EQ_INT(claim(&b, T0 + 20, 8, got, NULL), 1);
    CHECK_EQ_INT(got[0].attempts, 3);
    CHECK_EQ_INT(got[0].first, 3);
    bench_fini(&b);
}

TEST(the_failure_of_an_attempt_does_not_end_a_delivery_that_was_brought_back)
{
    bench b;
    enum pl_state state;
    pl_claimed got[8];
    bench_init(&b);
    bench_open(&b);
    pl_uuid id = id_of(T0, 1);
    CHECK_EQ_INT(commit_one(&b, "e1", id, true), 0);
    CHECK_EQ_INT(command(&b, PL_COMMAND_CANCEL, id, &state), 0);
    CHECK_EQ_INT(command(&b, PL_COMMAND_RETRY, id, &state), 0);
    pl_attempt a = attempt_of(1, "http_status", 400);
    pl_record r = record_of(id, &a, PL_STATE_FAILED);
    CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    CHECK_EQ_INT(r.state, PL_STATE_PENDING);
    CHECK(!r.was_gone && !r.held);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM attempts"), 1);
    CHECK_EQ_INT(pending(&b), 1);
    CHECK_EQ_INT(claim(&b, T0 + 20, 8, got, NULL), 1);
    CHECK_EQ_INT(got[0].attempts, 1);
    /* What succeeded is delivered all the same. */
    pl_attempt ok = attempt_of(2, "ok", 200);
    r = record_of(id, &ok, PL_STATE_DELIVERED);
    CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    CHECK_EQ_INT(r.state, PL_STATE_DELIVERED);
    CHECK_EQ_INT(pending(&b), 0);
    bench_fini(&b);
}

/* As many as are uncounted are known to a claim; a run of the schedule that an administrator begins
 * has none. */
TEST(attempts_that_do_not_count_are_known_to_claims)
{
    bench b;
    pl_claimed got[8];
    enum pl_state state;
    pl_uuid id = id_of(T0, 1);
    bench_init(&b);
    bench_open(&b);
    CHECK_EQ_INT(commit_one(&b, "e1", id, true), 0);
    for (uint32_t number = 1; number <= 3; number++) {
        pl_attempt a = attempt_of(number, "proxy", 0);
        a.is_uncounted = number != 2;
        pl_record r = record_of(id, &a, PL_STATE_PENDING);
        r.held = number != 3;
        CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    }
    CHECK_EQ_INT(claim(&b, INT64_MAX, 8, got, NULL), 1);
    CHECK_EQ_INT(got[0].attempts, 3);
    CHECK_EQ_INT(got[0].uncounted, 2);
    CHECK_EQ_INT(record_one(&b, id, 4, PL_STATE_FAILED), 0);
    CHECK_EQ_INT(command(&b, PL_COMMAND_RETRY, id, &state), 0);
    CHECK_EQ_INT(claim(&b, INT64_MAX, 8, got, NULL), 1);
    CHECK_EQ_INT(got[0].first, 4);
    CHECK_EQ_INT(got[0].uncounted, 0);
    bench_fini(&b);
}

TEST(commands_say_what_they_cannot_do)
{
    bench b;
    enum pl_state state;
    bench_init(&b);
    bench_open(&b);
    CHECK_EQ_INT(command(&b, PL_COMMAND_RETRY, id_of(T0, 1), &state), PL_E_UNKNOWN_DELIVERY);
    CHECK_EQ_INT(command(&b, PL_COMMAND_CANCEL, id_of(T0, 1), &state), PL_E_UNKNOWN_DELIVERY);

    CHECK_EQ_INT(commit_one(&b, "e1", id_of(T0, 1), true), 0);
    CHECK_EQ_INT(record_one(&b, id_of(T0, 1), 1, PL_STATE_DELIVERED), 0);
    CHECK_EQ_INT(command(&b, PL_COMMAND_CANCEL, id_of(T0, 1), &state), PL_E_CONFLICT);
    CHECK_EQ_INT(state, PL_STATE_DELIVERED);

    pl_event *e = event_new("c", "", "{}");
    pl_record r = record_of(id_of(T0, 2), NULL, PL_STATE_FAILED);
    r.kind = PL_KIND_CALL;
    r.event = e;
    CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    CHECK_EQ_INT(command(&b, PL_COMMAND_RETRY, id_of(T0, 2), &state), PL_E_CONFLICT);
    CHECK_EQ_INT(state, PL_STATE_FAILED);
    free(e);

    e = event_new("u", "order", "{}");
    pl_commit_event event = {.event = e, .reason = PL_SLICE("none"), .unmatched_id = id_of(T0, 3)};
    pl_commit c = {.events = &event, .count = 1, .now_ms = T0};
    CHECK_EQ_INT(run_op(&b, &c.op, PL_OP_COMMIT), 0);
    CHECK_EQ_INT(command(&b, PL_COMMAND_RETRY, id_of(T0, 3), &state), PL_E_CONFLICT);
    CHECK_EQ_INT(state, PL_STATE_UNMATCHED);
    free(e);
    bench_fini(&b);
}

int main(void)
{
    return RUN(CASE(a_commit_keeps_event_and_deliveries),
               CASE(an_event_that_came_before_is_a_duplicate_and_names_its_deliveries),
               CASE(a_duplicate_within_one_commit_counts_too),
               CASE(an_event_that_nothing_wants_is_kept_with_the_reason),
               CASE(an_idempotency_key_of_an_event_that_was_there_keeps_what_the_store_found),
               CASE(an_idempotency_key_gives_the_answer_it_gave_before),
               CASE(an_idempotency_key_with_another_body_is_told_and_writes_nothing),
               CASE(a_final_record_moves_the_delivery),
               CASE(a_record_for_another_attempt_keeps_the_delivery_pending),
               CASE(a_record_for_a_delivery_that_was_cancelled_keeps_the_attempt),
               CASE(the_failure_of_an_attempt_does_not_end_a_delivery_that_was_brought_back),
               CASE(what_is_over_is_kept_as_it_was_committed),
               CASE(a_call_is_kept_with_its_event_and_attempt),
               CASE(a_claim_takes_what_is_due_oldest_first_and_only_once),
               CASE(a_claim_is_shared_by_the_connectors_that_have_anything),
               CASE(what_was_held_is_claimable_again_after_a_restart),
               CASE(retry_hastens_what_waits_and_revives_what_has_ended),
               CASE(attempts_that_do_not_count_are_known_to_claims),
               CASE(commands_say_what_they_cannot_do));
}
