/* SPDX-License-Identifier: MIT
 *
 * Deliveries of a key, one after another. Delivery N is of event "eN" and has the id id_of(T0, N). */
#include "store_harness.h"

#include "store/repair.h"
#include "store/sqlite_keep.h"

static uint64_t behind(const bench *b)
{
    return pl_counter_get(&pl_store_metrics_of(b->store)->behind);
}

static uint64_t stopped(const bench *b)
{
    return pl_counter_get(&pl_store_metrics_of(b->store)->stopped);
}

/* Commits delivery `n` of webhook `scope` ("": its keys are the connector's). */
static pl_commit_delivery commit_row(bench *b, uint32_t n, const char *key, const char *scope,
                                     bool held, enum pl_order_rule rule)
{
    one o;
    char id[16], document[64];
    snprintf(id, sizeof id, "e%u", n);
    snprintf(document, sizeof document, "{\"type\":\"order\",\"data\":{\"n\":%u}}", n);
    pl_event *e = event_new(id, "order", document);
    one_init(&o, e, id_of(T0, n), held);
    if (*scope) o.delivery.webhook = pl_slice_of(scope);
    o.delivery.order_key = pl_slice_of(key);
    o.delivery.order_scope = pl_slice_of(scope);
    o.delivery.order = rule;
    CHECK_EQ_INT(run_op(b, &o.commit.op, PL_OP_COMMIT), 0);
    free(e);
    return o.delivery;
}

/* Does it wait? */
static bool commit_of(bench *b, uint32_t n, const char *key, const char *scope, bool held)
{
    return commit_row(b, n, key, scope, held, PL_ORDER_BLOCK).waits;
}

/* Of key "k" of webhook "order", held by a worker unless it waits. */
static bool commit_k(bench *b, uint32_t n)
{
    return commit_of(b, n, "k", "order", true);
}

enum { NOBODY = 0, TO_BE_CLAIMED = 1000000 };

static uint32_t superseded; /* by the last record */

/* Records what became of delivery `n`. Which one goes now: its number, + TO_BE_CLAIMED when this
 * worker does not hold it; or NOBODY. */
static uint32_t record_as(bench *b, uint32_t n, enum pl_state state, enum pl_order_rule rule,
                          bool held)
{
    bool ok = state == PL_STATE_DELIVERED;
    pl_attempt a = attempt_of(1, ok ? "ok" : "http_status", ok ? 200 : 500);
    pl_record r = record_of(id_of(T0, n), &a, state);
    r.is_ordered = true;
    r.order = rule;
    r.held = held;
    r.due_ms = T0 + 5000;
    CHECK_EQ_INT(run_op(b, &r.op, PL_OP_RECORD), 0);
    CHECK(!r.next || (r.frees && held));
    superseded = r.superseded;
    uint32_t next = NOBODY;
    if (r.next) {
        char document[64];
        next = r.next->id.bytes[15];
        snprintf(document, sizeof document, "{\"type\":\"order\",\"data\":{\"n\":%u}}", next);
        CHECK_EQ_SLICE(r.next->document, pl_slice_of(document));
        CHECK_EQ_STR(r.next->connector, "erp");
        CHECK(r.next->is_ordered);
        CHECK_EQ_INT(r.next->due_ms, r.now_ms);
    } else if (r.frees) {
        next = TO_BE_CLAIMED;
    }
    pl_arena_fini(&r.memory);
    return next;
}

static uint32_t record_k(bench *b, uint32_t n, enum pl_state state)
{
    return record_as(b, n, state, PL_ORDER_BLOCK, true);
}

/* A worker lets go of delivery `n` without an attempt; who goes now. */
static uint32_t let_go(bench *b, uint32_t n, bool *was_gone)
{
    pl_record r = record_of(id_of(T0, n), NULL, PL_STATE_PENDING);
    r.is_ordered = true;
    r.due_ms = r.now_ms;
    CHECK_EQ_INT(run_op(b, &r.op, PL_OP_RECORD), 0);
    CHECK(r.next == NULL);
    *was_gone = r.was_gone;
    return r.frees ? TO_BE_CLAIMED : NOBODY;
}

/* Claims all that can be; they are held from then on. Their numbers: "1 3". */
static const char *claim_all(bench *b)
{
    static char text[200];
    size_t len = 0;
    pl_claim c = {.before_ms = T0 + 1000, .limit = 50};
    CHECK_EQ_INT(run_op(b, &c.op, PL_OP_CLAIM), 0);
    *text = '\0';
    for (uint32_t i = 0; i < c.count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%d", i ? " " : "",
                                c.items[i].id.bytes[15]);
    pl_arena_fini(&c.memory);
    return text;
}

static int command_on(bench *b, enum pl_command_kind kind, uint32_t n)
{
    enum pl_state state;
    return command(b, kind, id_of(T0, n), &state);
}

/* What the two tables promise each other holds. */
static void check_sound(bench *b)
{
    pl_buf report;
    pl_buf_init(&report);
    CHECK_EQ_INT(pl_store_check(b->path, &report), 0);
    pl_buf_fini(&report);
    CHECK_EQ_INT(behind(b), bench_number(b, "SELECT count(*) FROM pending WHERE held = 3"));
    CHECK_EQ_INT(stopped(b), bench_number(b, "SELECT count(*) FROM deliveries WHERE blocks = 1"));
}

static bool never_over(void *arg)
{
    (void)arg;
    return false;
}

static void begin(bench *b)
{
    bench_init(b);
    bench_open(b);
}

static void end(bench *b)
{
    check_sound(b);
    bench_fini(b);
}

/* -- one after another -- */

TEST(behind_the_first_of_a_key_the_others_wait)
{
    bench b;
    begin(&b);
    CHECK(!commit_k(&b, 1));
    CHECK(commit_k(&b, 2));
    CHECK(commit_k(&b, 3));
    CHECK(!commit_of(&b, 4, "other", "order", true));
    CHECK(!commit_of(&b, 5, "", "order", true)); /* without a key */
    CHECK(!commit_of(&b, 6, "", "order", true));
    CHECK_EQ_INT(behind(&b), 2);
    CHECK_EQ_STR(claim_all(&b), "");
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), 2);
    CHECK_EQ_INT(behind(&b), 1);
    CHECK_EQ_INT(record_k(&b, 2, PL_STATE_DELIVERED), 3);
    CHECK_EQ_INT(record_k(&b, 3, PL_STATE_DELIVERED), NOBODY);
    CHECK(!commit_k(&b, 7));
    end(&b);
}

TEST(without_a_place_for_it_the_next_waits_to_be_claimed)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    CHECK_EQ_INT(record_as(&b, 1, PL_STATE_DELIVERED, PL_ORDER_BLOCK, false), TO_BE_CLAIMED);
    CHECK(commit_k(&b, 3));
    CHECK_EQ_STR(claim_all(&b), "2");
    CHECK_EQ_STR(claim_all(&b), "");
    end(&b);
}

TEST(one_that_was_parked_at_its_commit_is_the_first_all_the_same)
{
    bench b;
    begin(&b);
    CHECK(!commit_of(&b, 1, "k", "order", false));
    CHECK(commit_of(&b, 2, "k", "order", false));
    CHECK_EQ_STR(claim_all(&b), "1");
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), 2);
    end(&b);
}

TEST(events_of_one_commit_follow_each_other)
{
    bench b;
    begin(&b);
    pl_event *e[2] = {event_new("e1", "order", "{}"), event_new("e2", "order", "{}")};
    pl_commit_delivery d[2];
    pl_commit_event events[2];
    for (uint32_t i = 0; i < 2; i++) {
        /* The ids of one millisecond may stand in any order. */
        d[i] = (pl_commit_delivery){.id = id_of(T0, 9 - i),
                                    .connector = PL_SLICE("erp"),
                                    .webhook = PL_SLICE("order"),
                                    .order_key = PL_SLICE("k"),
                                    .held = true};
        events[i] = (pl_commit_event){.event = e[i], .deliveries = &d[i], .count = 1};
    }
    pl_commit c = {.events = events, .count = 2, .now_ms = T0};
    CHECK_EQ_INT(run_op(&b, &c.op, PL_OP_COMMIT), 0);
    CHECK(!d[0].waits && d[1].waits);
    free(e[0]);
    free(e[1]);
    end(&b);
}

TEST(keys_are_the_webhooks_or_the_connectors)
{
    bench b;
    begin(&b);
    CHECK(!commit_of(&b, 1, "k", "order", true));
    CHECK(!commit_of(&b, 2, "k", "lead", true));
    CHECK(!commit_of(&b, 3, "k", "", true));
    CHECK(commit_of(&b, 4, "k", "", true));
    CHECK(commit_of(&b, 5, "k", "lead", true));
    CHECK_EQ_INT(record_k(&b, 3, PL_STATE_DELIVERED), 4);
    CHECK_EQ_INT(record_k(&b, 2, PL_STATE_DELIVERED), 5);
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), NOBODY);
    end(&b);
}

/* -- failures -- */

TEST(while_one_waits_for_its_next_attempt_its_key_waits)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_PENDING), NOBODY);
    CHECK_EQ_INT(record_as(&b, 1, PL_STATE_PENDING, PL_ORDER_SKIP, false), NOBODY); /* parked */
    CHECK(commit_k(&b, 3));
    CHECK_EQ_STR(claim_all(&b), "");
    end(&b);
}

TEST(block_stops_the_key_until_the_failed_one_is_retried)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_FAILED), NOBODY);
    CHECK_EQ_INT(stopped(&b), 1);
    CHECK(commit_k(&b, 3));
    CHECK_EQ_STR(claim_all(&b), "");
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_RETRY, 2), 0); /* it stays where it is */
    CHECK_EQ_STR(claim_all(&b), "");
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_RETRY, 1), 0);
    CHECK_EQ_INT(stopped(&b), 0);
    CHECK_EQ_STR(claim_all(&b), "1");
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), 2);
    CHECK_EQ_INT(record_k(&b, 2, PL_STATE_DELIVERED), 3);
    end(&b);
}

TEST(block_stops_a_key_of_which_nothing_waits_as_well)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_FAILED), NOBODY);
    CHECK(commit_k(&b, 2));
    CHECK(!commit_of(&b, 3, "other", "order", true));
    end(&b);
}

TEST(block_ends_when_the_failed_one_is_cancelled)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    record_k(&b, 1, PL_STATE_FAILED);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_CANCEL, 1), 0);
    CHECK_EQ_INT(bench_number(&b, "SELECT state FROM deliveries"), PL_STATE_CANCELLED);
    CHECK_EQ_INT(stopped(&b), 0);
    CHECK_EQ_STR(claim_all(&b), "2");
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_CANCEL, 1), PL_E_CONFLICT);
    end(&b);
}

TEST(a_failed_one_that_stops_nothing_cannot_be_cancelled)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    record_as(&b, 1, PL_STATE_FAILED, PL_ORDER_SKIP, true);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_CANCEL, 1), PL_E_CONFLICT);
    end(&b);
}

TEST(skip_goes_on_after_the_last_attempt)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    CHECK_EQ_INT(record_as(&b, 1, PL_STATE_FAILED, PL_ORDER_SKIP, true), 2);
    CHECK_EQ_INT(stopped(&b), 0);
    /* Brought back, it waits for its turn, which comes before those that are newer. */
    commit_k(&b, 3);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_RETRY, 1), 0);
    CHECK_EQ_STR(claim_all(&b), "");
    CHECK_EQ_INT(record_k(&b, 2, PL_STATE_DELIVERED), 1);
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), 3);
    end(&b);
}

TEST(an_older_one_passes_the_one_that_stops_the_key)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    record_k(&b, 1, PL_STATE_DELIVERED);
    commit_k(&b, 2);
    commit_k(&b, 3);
    record_k(&b, 2, PL_STATE_FAILED);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_RETRY, 1), 0);
    CHECK_EQ_STR(claim_all(&b), "1");
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), NOBODY);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_CANCEL, 2), 0);
    CHECK_EQ_STR(claim_all(&b), "3");
    end(&b);
}

TEST(what_is_replayed_goes_in_the_order_of_its_events)
{
    bench b;
    begin(&b);
    for (uint32_t n = 1; n <= 3; n++) {
        commit_k(&b, n);
        record_k(&b, n, PL_STATE_DELIVERED);
    }
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_RETRY, 2), 0); /* goes at once */
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_RETRY, 3), 0);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_RETRY, 1), 0);
    CHECK_EQ_STR(claim_all(&b), "2");
    CHECK_EQ_INT(record_k(&b, 2, PL_STATE_DELIVERED), 1);
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), 3);
    end(&b);
}

/* -- newest -- */

/* Deliveries that were superseded by `n`. */
static int64_t superseded_by(bench *b, uint32_t n)
{
    char sql[200], id[PL_UUID_TEXT + 1];
    pl_uuid_format(id_of(T0, n), id);
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM deliveries WHERE state = %d AND reason = 'superseded by %s'",
             PL_STATE_CANCELLED, id);
    return bench_number(b, sql);
}

static pl_commit_delivery commit_newest(bench *b, uint32_t n)
{
    return commit_row(b, n, "k", "order", true, PL_ORDER_NEWEST);
}

static uint32_t record_newest(bench *b, uint32_t n, enum pl_state state)
{
    return record_as(b, n, state, PL_ORDER_NEWEST, true);
}

TEST(after_a_failure_the_newest_goes_and_what_is_older_is_superseded)
{
    static const enum pl_state failures[] = {PL_STATE_PENDING, PL_STATE_FAILED};
    for (int i = 0; i < 2; i++) {
        bench b;
        begin(&b);
        for (uint32_t n = 1; n <= 4; n++)
            CHECK_EQ_INT(commit_newest(&b, n).waits, n > 1);
        CHECK_EQ_INT(record_newest(&b, 1, failures[i]), 4);
        CHECK_EQ_INT(superseded, 3);
        CHECK_EQ_INT(superseded_by(&b, 4), 3);
        CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM attempts"), 1);
        CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries WHERE attempts = 1"
                                      " AND outcome = 'http_status' AND status = 500"),
                     1);
        CHECK_EQ_INT(pl_counter_get(&pl_store_metrics_of(b.store)->pending), 1);
        CHECK_EQ_INT(record_newest(&b, 4, PL_STATE_DELIVERED), NOBODY);
        end(&b);
    }
}

TEST(without_a_failure_or_a_newer_one_nothing_is_superseded)
{
    bench b;
    begin(&b);
    commit_newest(&b, 1);
    commit_newest(&b, 2);
    commit_newest(&b, 3);
    CHECK_EQ_INT(record_newest(&b, 1, PL_STATE_DELIVERED), 2);
    CHECK_EQ_INT(record_newest(&b, 2, PL_STATE_DELIVERED), 3);
    CHECK_EQ_INT(record_newest(&b, 3, PL_STATE_PENDING), NOBODY);
    CHECK_EQ_INT(superseded, 0);
    /* An older one that is brought back is not newer. */
    command_on(&b, PL_COMMAND_RETRY, 1);
    CHECK_EQ_INT(record_newest(&b, 3, PL_STATE_PENDING), NOBODY);
    CHECK_EQ_INT(record_newest(&b, 3, PL_STATE_FAILED), 1);
    CHECK_EQ_INT(stopped(&b), 0);
    end(&b);
}

TEST(a_newer_one_supersedes_at_once_what_waits_in_the_store_for_its_next_attempt)
{
    bench b;
    begin(&b);
    commit_newest(&b, 1);
    record_as(&b, 1, PL_STATE_PENDING, PL_ORDER_NEWEST, false);
    pl_commit_delivery two = commit_newest(&b, 2);
    CHECK(!two.waits && !two.has_overtaken);
    CHECK_EQ_INT(two.superseded, 1);
    CHECK_EQ_INT(superseded_by(&b, 2), 1);
    CHECK_EQ_STR(claim_all(&b), ""); /* its worker holds it */
    /* One that was never tried is not superseded. */
    bench_reopen(&b);
    pl_commit_delivery three = commit_newest(&b, 3);
    CHECK(three.waits);
    CHECK_EQ_INT(three.superseded, 0);
    CHECK_EQ_STR(claim_all(&b), "2");
    end(&b);
}

TEST(one_that_a_worker_holds_is_told_of_the_newer_and_gives_way)
{
    bench b;
    bool was_gone;
    begin(&b);
    commit_newest(&b, 1);
    record_newest(&b, 1, PL_STATE_PENDING);
    pl_commit_delivery two = commit_newest(&b, 2);
    CHECK(two.waits && two.has_overtaken);
    CHECK(pl_uuid_eq(two.overtaken, id_of(T0, 1)));
    pl_record r = record_of(id_of(T0, 1), NULL, PL_STATE_PENDING);
    r.is_ordered = true;
    r.order = PL_ORDER_NEWEST;
    CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    CHECK_EQ_INT(r.superseded, 1);
    CHECK_EQ_INT(superseded_by(&b, 2), 1);
    CHECK_EQ_STR(claim_all(&b), "2");
    CHECK_EQ_INT(let_go(&b, 1, &was_gone), NOBODY);
    CHECK(was_gone);
    end(&b);
}

/* An older one was brought back and has failed once more, when a failed one behind it has stopped the
 * key for all that is newer. */
TEST(a_newer_one_does_not_overtake_where_its_key_has_stopped)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), 2);
    CHECK_EQ_INT(record_k(&b, 2, PL_STATE_FAILED), NOBODY);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_RETRY, 1), 0);
    CHECK_EQ_STR(claim_all(&b), "1");
    pl_attempt a = attempt_of(2, "http_status", 500);
    pl_record r = record_of(id_of(T0, 1), &a, PL_STATE_PENDING);
    r.is_ordered = true;
    r.due_ms = T0 + 5000;
    CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    pl_commit_delivery three = commit_newest(&b, 3);
    CHECK(three.waits && !three.has_overtaken);
    CHECK_EQ_INT(three.superseded, 0);
    check_sound(&b);
    end(&b);
}

/* -- a webhook that is disabled -- */

TEST(one_that_is_shelved_is_waited_for)
{
    bench b;
    begin(&b);
    bench_exec(&b, "INSERT INTO disabled(connector, webhook, since_ms, by) VALUES('erp', 'order',"
                   " 1, 'test')");
    commit_k(&b, 1);
    commit_k(&b, 2);
    pl_record r = record_of(id_of(T0, 1), NULL, PL_STATE_PENDING);
    r.is_ordered = r.is_off = true;
    CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    CHECK(r.is_shelved && !r.frees);
    CHECK(commit_k(&b, 3));
    CHECK_EQ_STR(claim_all(&b), "");
    check_sound(&b);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_CANCEL, 1), 0);
    CHECK_EQ_STR(claim_all(&b), ""); /* the next is shelved */
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending WHERE held = 2"), 1);
    bench_exec(&b, "DELETE FROM disabled");
    bench_reopen(&b);
    CHECK_EQ_STR(claim_all(&b), "2");
    CHECK_EQ_INT(record_k(&b, 2, PL_STATE_DELIVERED), 3);
    end(&b);
}

/* -- cancelled -- */

TEST(one_that_waits_behind_can_be_cancelled)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    commit_k(&b, 3);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_CANCEL, 2), 0);
    CHECK_EQ_INT(behind(&b), 1);
    CHECK_EQ_STR(claim_all(&b), "");
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), 3);
    end(&b);
}

TEST(with_the_cancel_of_one_that_is_parked_the_next_goes)
{
    bench b;
    begin(&b);
    commit_of(&b, 1, "k", "order", false);
    commit_k(&b, 2);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_CANCEL, 1), 0);
    CHECK_EQ_STR(claim_all(&b), "2");
    end(&b);
}

TEST(one_that_was_cancelled_while_held_is_waited_for_until_it_is_let_go)
{
    bench b;
    bool was_gone;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_CANCEL, 1), 0);
    CHECK(commit_k(&b, 3));
    CHECK_EQ_STR(claim_all(&b), "");
    CHECK_EQ_INT(let_go(&b, 1, &was_gone), TO_BE_CLAIMED);
    CHECK(was_gone);
    CHECK_EQ_STR(claim_all(&b), "2");
    /* The same by the record of an attempt, and with nothing that waits. */
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_CANCEL, 2), 0);
    CHECK_EQ_INT(record_k(&b, 2, PL_STATE_DELIVERED), 3);
    CHECK_EQ_INT(bench_number(&b, "SELECT state FROM deliveries WHERE attempts = 1"),
                 PL_STATE_CANCELLED);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_CANCEL, 3), 0);
    CHECK(commit_k(&b, 4));
    CHECK_EQ_INT(record_k(&b, 3, PL_STATE_FAILED), 4);
    CHECK_EQ_INT(stopped(&b), 0); /* it had been given up before */
    end(&b);
}

TEST(one_that_is_brought_back_before_it_is_let_go_is_still_the_first)
{
    bench b;
    bool was_gone;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    command_on(&b, PL_COMMAND_CANCEL, 1);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_RETRY, 1), 0);
    CHECK_EQ_STR(claim_all(&b), ""); /* its worker has it */
    CHECK_EQ_INT(let_go(&b, 1, &was_gone), NOBODY);
    CHECK(!was_gone);
    CHECK_EQ_STR(claim_all(&b), "1");
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), 2);
    end(&b);
}

/* -- restarts -- */

TEST(order_holds_across_a_restart)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    commit_of(&b, 3, "failed", "order", true);
    commit_of(&b, 4, "failed", "order", true);
    record_k(&b, 3, PL_STATE_FAILED);
    bench_reopen(&b);
    CHECK_EQ_INT(behind(&b), 2);
    CHECK_EQ_INT(stopped(&b), 1);
    CHECK(commit_k(&b, 5));
    CHECK_EQ_STR(claim_all(&b), "1");
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), 2);
    end(&b);
}

TEST(after_a_restart_nobody_is_waited_for_to_let_go)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    commit_of(&b, 3, "alone", "order", true);
    command_on(&b, PL_COMMAND_CANCEL, 1);
    command_on(&b, PL_COMMAND_CANCEL, 3);
    bench_reopen(&b);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries WHERE blocks > 0"), 0);
    CHECK_EQ_STR(claim_all(&b), "2");
    CHECK(!commit_of(&b, 4, "alone", "order", true));
    end(&b);
}

/* -- erased, and kept -- */

TEST(with_an_event_that_is_erased_the_next_goes)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    commit_of(&b, 3, "failed", "order", true);
    commit_of(&b, 4, "failed", "order", true);
    record_k(&b, 3, PL_STATE_FAILED);
    static const char *const ids[] = {"e1", "e3"};
    for (int i = 0; i < 2; i++) {
        pl_erase e = {.event_id = pl_slice_of(ids[i])};
        CHECK_EQ_INT(run_op(&b, &e.op, PL_OP_ERASE), 0);
        pl_arena_fini(&e.memory);
    }
    CHECK_EQ_STR(claim_all(&b), "2 4");
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), NOBODY); /* its worker learns it late */
    end(&b);
}

TEST(retention_leaves_alone_what_stops_a_key)
{
    bench b;
    bench_init(&b);
    char *reason = NULL;
    pl_store_config config = bench_config(&b);
    CHECK_EQ_INT(pl_store_open(&b.store, &config, &reason), 0);
    commit_k(&b, 1);
    record_k(&b, 1, PL_STATE_FAILED);
    commit_of(&b, 2, "other", "order", true);
    record_as(&b, 2, PL_STATE_FAILED, PL_ORDER_SKIP, true);
    pl_store_close(b.store);
    sqlite3 *db = bench_db(&b);
    pl_sqlite_keeper k;
    pl_retention rules = {.age_ms = 1000};
    CHECK_EQ_INT(pl_sqlite_keeper_open(&k, db, &rules), SQLITE_OK);
    pl_sqlite_keeper_begin(&k, T0 + 3600000);
    while (k.is_walking)
        CHECK_EQ_INT(pl_sqlite_keeper_step(&k, never_over, NULL), SQLITE_OK);
    pl_sqlite_keeper_fini(&k);
    sqlite3_close(db);
    bench_open(&b);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries"), 1);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_RETRY, 1), 0);
    CHECK_EQ_INT(command_on(&b, PL_COMMAND_RETRY, 2), PL_E_UNKNOWN_DELIVERY);
    CHECK_EQ_STR(claim_all(&b), "1");
    end(&b);
}

TEST(a_store_that_was_salvaged_has_one_of_each_key_in_motion)
{
    bench b;
    char saved[80];
    pl_buf report;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    commit_k(&b, 3);
    commit_of(&b, 4, "lost", "order", true);
    commit_of(&b, 5, "lost", "order", true);
    commit_of(&b, 6, "stopped", "order", true);
    commit_of(&b, 7, "stopped", "order", true);
    record_k(&b, 6, PL_STATE_FAILED);
    /* What damage may leave: two in motion; none, and nothing that is waited for. */
    bench_exec(&b, "UPDATE pending SET held = 0 WHERE event = 3");
    bench_exec(&b, "DELETE FROM pending WHERE event = 4");
    pl_store_close(b.store);
    pl_buf_init(&report);
    CHECK_EQ_INT(pl_store_check(b.path, &report), 1);
    snprintf(saved, sizeof saved, "%s.saved", b.path);
    CHECK_EQ_INT(pl_store_salvage(b.path, saved, &report), 1);
    CHECK_EQ_INT(rename(saved, b.path), 0);
    bench_remove(b.path, "-wal");
    bench_remove(b.path, "-shm");
    pl_buf_fini(&report);
    bench_open(&b);
    CHECK_EQ_STR(claim_all(&b), "1 5");
    CHECK_EQ_INT(record_k(&b, 1, PL_STATE_DELIVERED), 2);
    end(&b);
}

/* -- what is shown -- */

static void check_row(bench *b, uint32_t n, const char *members)
{
    pl_query q = {.kind = PL_QUERY_DELIVERY, .id = id_of(T0, n)};
    CHECK_EQ_INT(ask(b, &q), 0);
    pl_buf_put_char(&q.answer, '\0');
    CHECK(strstr(q.answer.ptr, members) != NULL);
    if (!strstr(q.answer.ptr, members)) printf("    %s\n", q.answer.ptr);
    pl_buf_fini(&q.answer);
}

#define ID_1 "\"019b76da-a800-7000-8000-000000000001\""

TEST(the_feed_says_what_a_delivery_waits_for)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    check_row(&b, 1, "\"order_key\":\"k\",\"waits_for\":null");
    check_row(&b, 2, "\"due\":null");
    check_row(&b, 2, "\"order_key\":\"k\",\"waits_for\":" ID_1);
    record_k(&b, 1, PL_STATE_FAILED);
    check_row(&b, 1, "\"order_key\":\"k\",\"waits_for\":null");
    check_row(&b, 2, "\"order_key\":\"k\",\"waits_for\":" ID_1);
    commit_of(&b, 3, "", "order", true);
    check_row(&b, 3, "\"order_key\":null,\"waits_for\":null");
    end(&b);
}

TEST(what_is_undelivered_is_told_apart)
{
    bench b;
    begin(&b);
    commit_k(&b, 1);
    commit_k(&b, 2);
    commit_k(&b, 3);
    commit_of(&b, 4, "", "order", true);
    record_k(&b, 1, PL_STATE_FAILED);
    pl_query q = {.kind = PL_QUERY_UNDELIVERED, .now_ms = T0 + 1000};
    CHECK_EQ_INT(ask(&b, &q), 0);
    pl_buf_put_char(&q.answer, '\0');
    CHECK(strstr(q.answer.ptr, "\"state\":\"pending\",\"outcome\":null,\"status\":null,\"count\":3,"
                               "\"waiting\":2,\"stopping\":0") != NULL);
    CHECK(strstr(q.answer.ptr, "\"state\":\"failed\",\"outcome\":\"http_status\",\"status\":500,"
                               "\"count\":1,\"waiting\":0,\"stopping\":1") != NULL);
    pl_buf_fini(&q.answer);
    end(&b);
}

int main(void)
{
    return RUN(
        CASE(behind_the_first_of_a_key_the_others_wait),
        CASE(without_a_place_for_it_the_next_waits_to_be_claimed),
        CASE(one_that_was_parked_at_its_commit_is_the_first_all_the_same),
        CASE(events_of_one_commit_follow_each_other), CASE(keys_are_the_webhooks_or_the_connectors),
        CASE(while_one_waits_for_its_next_attempt_its_key_waits),
        CASE(block_stops_the_key_until_the_failed_one_is_retried),
        CASE(block_stops_a_key_of_which_nothing_waits_as_well),
        CASE(block_ends_when_the_failed_one_is_cancelled),
        CASE(a_failed_one_that_stops_nothing_cannot_be_cancelled),
        CASE(skip_goes_on_after_the_last_attempt),
        CASE(an_older_one_passes_the_one_that_stops_the_key),
        CASE(what_is_replayed_goes_in_the_order_of_its_events),
        CASE(after_a_failure_the_newest_goes_and_what_is_older_is_superseded),
        CASE(without_a_failure_or_a_newer_one_nothing_is_superseded),
        CASE(a_newer_one_supersedes_at_once_what_waits_in_the_store_for_its_next_attempt),
        CASE(one_that_a_worker_holds_is_told_of_the_newer_and_gives_way),
        CASE(a_newer_one_does_not_overtake_where_its_key_has_stopped),
        CASE(one_that_is_shelved_is_waited_for), CASE(retention_leaves_alone_what_stops_a_key),
        CASE(a_store_that_was_salvaged_has_one_of_each_key_in_motion),
        CASE(one_that_waits_behind_can_be_cancelled),
        CASE(with_the_cancel_of_one_that_is_parked_the_next_goes),
        CASE(one_that_was_cancelled_while_held_is_waited_for_until_it_is_let_go),
        CASE(one_that_is_brought_back_before_it_is_let_go_is_still_the_first),
        CASE(order_holds_across_a_restart), CASE(after_a_restart_nobody_is_waited_for_to_let_go),
        CASE(with_an_event_that_is_erased_the_next_goes),
        CASE(the_feed_says_what_a_delivery_waits_for), CASE(what_is_undelivered_is_told_apart));
}
