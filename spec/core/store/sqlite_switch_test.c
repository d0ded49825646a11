/* SPDX-License-Identifier: MIT
 *
 * Webhooks that are disabled, and their deliveries: what is written, what a claim brings, who is
 * told, and what a restart finds. */
#include "store_harness.h"

static char told[300];

static void on_switched(void *arg, const pl_switch *s, bool is_off)
{
    (void)arg;
    size_t len = strlen(told);
    snprintf(told + len, sizeof told - len, "%.*s/%.*s %s;", PL_FMT(s->connector),
             PL_FMT(s->webhook), is_off ? "off" : "on");
}

static void open_told(bench *b)
{
    char *reason = NULL;
    pl_store_config config = bench_config(b);
    config.switched = on_switched;
    told[0] = '\0';
    if (pl_store_open(&b->store, &config, &reason)) abort();
}

static void reopen_told(bench *b)
{
    pl_store_close(b->store);
    open_told(b);
}

static pl_switch_op turn(bench *b, enum pl_switch_order order)
{
    pl_switch_op s = {.order = order,
                      .now_ms = T0 + 60000,
                      .what = {.connector = PL_SLICE("erp"),
                               .webhook = PL_SLICE("order"),
                               .since_ms = T0 + 1000,
                               .by = PL_SLICE("token ops")}};
    CHECK_EQ_INT(run_op(b, &s.op, PL_OP_SWITCH), 0);
    return s;
}

/* How many a claim brings, and into *shelved how many it puts aside. */
static uint32_t claim(bench *b, uint32_t *shelved)
{
    pl_claim c = {.before_ms = INT64_MAX, .limit = 1000};
    CHECK_EQ_INT(run_op(b, &c.op, PL_OP_CLAIM), 0);
    for (uint32_t i = 1; i < c.count; i++)
        CHECK(memcmp(&c.items[i - 1].id, &c.items[i].id, sizeof c.items->id) < 0);
    if (shelved) *shelved = c.shelved;
    pl_arena_fini(&c.memory);
    return c.count;
}

/* Commits one whose worker believes its webhook to be disabled. */
static bool commit_off(bench *b, const char *event_id, pl_uuid id)
{
    one o;
    pl_event *e = event_new(event_id, "order", "{}");
    one_init(&o, e, id, false);
    o.delivery.is_off = true;
    CHECK_EQ_INT(run_op(b, &o.commit.op, PL_OP_COMMIT), 0);
    free(e);
    return o.delivery.is_shelved;
}

#define MANY 1200

static void commit_many_off(bench *b)
{
    static pl_commit_delivery deliveries[MANY];
    pl_event *e = event_new("many", "order", "{}");
    pl_commit_event event = {.event = e, .deliveries = deliveries, .count = MANY};
    pl_commit c = {.events = &event, .count = 1, .now_ms = T0};
    for (uint32_t i = 0; i < MANY; i++)
        deliveries[i] = (pl_commit_delivery){.id = id_of(T0, i),
                                             .connector = PL_SLICE("erp"),
                                             .webhook = PL_SLICE("order"),
                                             .is_off = true};
    CHECK_EQ_INT(run_op(b, &c.op, PL_OP_COMMIT), 0);
    free(e);
}

TEST(an_order_changes_once_and_is_told_after_its_commit)
{
    bench b;
    bench_init(&b);
    open_told(&b);
    CHECK(!turn(&b, PL_SWITCH_ON).has_changed);
    CHECK(turn(&b, PL_SWITCH_OFF).has_changed);
    CHECK(!turn(&b, PL_SWITCH_OFF).has_changed);
    CHECK_EQ_STR(told, "erp/order off;");
    reopen_told(&b);
    CHECK_EQ_STR(told, "erp/order off;"); /* at the start */
    CHECK(turn(&b, PL_SWITCH_ON).has_changed);
    CHECK_EQ_STR(told, "erp/order off;erp/order on;");
    reopen_told(&b);
    CHECK_EQ_STR(told, "");
    bench_fini(&b);
}

TEST(an_answer_that_disables_is_one_transaction_with_its_record)
{
    bench b;
    bench_init(&b);
    open_told(&b);
    CHECK_EQ_INT(commit_one(&b, "e1", id_of(T0, 1), true), 0);
    CHECK_EQ_INT(commit_one(&b, "e2", id_of(T0, 2), true), 0);
    pl_switch s = {.connector = PL_SLICE("erp"),
                   .webhook = PL_SLICE("order"),
                   .since_ms = T0 + 7,
                   .by = PL_SLICE("delivery 1"),
                   .reason = PL_SLICE("status 410")};
    for (uint32_t i = 1; i <= 2; i++) {
        pl_attempt a = attempt_of(1, "http_status", 410);
        pl_record r = record_of(id_of(T0, i), &a, PL_STATE_PENDING);
        r.is_off = true;
        r.disables = &s;
        CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
        CHECK_EQ_INT(r.has_disabled, i == 1);
        CHECK(r.is_shelved);
    }
    CHECK_EQ_STR(told, "erp/order off;");
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM attempts"), 2);
    CHECK_EQ_INT(bench_number(&b, "SELECT since_ms FROM disabled WHERE connector = 'erp' AND"
                                  " webhook = 'order' AND by = 'delivery 1' AND"
                                  " reason = 'status 410'"),
                 T0 + 7);
    CHECK_EQ_INT(claim(&b, NULL), 0);
    bench_fini(&b);
}

TEST(what_is_shelved_is_found_by_no_claim_until_it_is_released)
{
    bench b;
    uint32_t shelved;
    bench_init(&b);
    open_told(&b);
    turn(&b, PL_SWITCH_OFF);
    CHECK(commit_off(&b, "e1", id_of(T0, 1)));
    CHECK_EQ_INT(commit_one(&b, "e2", id_of(T0, 2), false), 0); /* its worker did not know yet */
    CHECK_EQ_INT(commit_one(&b, "e3", id_of(T0, 3), true), 0);
    pl_record r = record_of(id_of(T0, 3), NULL, PL_STATE_PENDING);
    r.is_off = true;
    CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    CHECK(r.is_shelved && !r.has_disabled);
    CHECK_EQ_INT(claim(&b, &shelved), 0);
    CHECK_EQ_INT(shelved, 1);
    CHECK_EQ_INT(claim(&b, &shelved), 0);
    CHECK_EQ_INT(shelved, 0);
    reopen_told(&b);
    CHECK_EQ_INT(claim(&b, NULL), 0);
    CHECK(!turn(&b, PL_SWITCH_RELEASE).has_more); /* not while it is disabled */
    turn(&b, PL_SWITCH_ON);
    pl_switch_op released = turn(&b, PL_SWITCH_RELEASE);
    CHECK_EQ_INT(released.released, 3);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending WHERE due_ms = 1767225660000"), 3);
    CHECK_EQ_INT(claim(&b, NULL), 3);
    bench_fini(&b);
}

/* A worker that believes a webhook to be disabled, when it is no longer: nothing gets stuck. */
TEST(what_comes_late_is_not_shelved)
{
    bench b;
    bench_init(&b);
    open_told(&b);
    turn(&b, PL_SWITCH_OFF);
    turn(&b, PL_SWITCH_ON);
    CHECK(!commit_off(&b, "e1", id_of(T0, 1)));
    CHECK_EQ_INT(commit_one(&b, "e2", id_of(T0, 2), true), 0);
    pl_record r = record_of(id_of(T0, 2), NULL, PL_STATE_PENDING);
    r.is_off = true;
    r.due_ms = T0;
    CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    CHECK(!r.is_shelved);
    CHECK_EQ_INT(claim(&b, NULL), 2);
    bench_fini(&b);
}

TEST(a_cancelled_delivery_is_not_shelved)
{
    bench b;
    enum pl_state state;
    bench_init(&b);
    open_told(&b);
    CHECK_EQ_INT(commit_one(&b, "e1", id_of(T0, 1), true), 0);
    turn(&b, PL_SWITCH_OFF);
    CHECK_EQ_INT(command(&b, PL_COMMAND_CANCEL, id_of(T0, 1), &state), 0);
    pl_record r = record_of(id_of(T0, 1), NULL, PL_STATE_PENDING);
    r.is_off = true;
    CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
    CHECK(r.was_gone && !r.is_shelved);
    bench_fini(&b);
}

/* Whoever released them was stopped half-way, or has not begun. */
TEST(a_start_releases_what_is_shelved_for_no_webhook_that_is_disabled)
{
    bench b;
    bench_init(&b);
    open_told(&b);
    turn(&b, PL_SWITCH_OFF);
    commit_many_off(&b);
    turn(&b, PL_SWITCH_ON);
    pl_switch_op step = turn(&b, PL_SWITCH_RELEASE);
    CHECK(step.has_more && step.released < MANY);
    uint32_t rest = MANY - step.released;
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending WHERE held = 2"), rest);
    reopen_told(&b);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending WHERE held = 0"), MANY);
    bench_fini(&b);
}

TEST(steps_release_the_oldest_first_until_none_is_left)
{
    bench b;
    uint32_t total = 0;
    bench_init(&b);
    open_told(&b);
    turn(&b, PL_SWITCH_OFF);
    commit_many_off(&b);
    turn(&b, PL_SWITCH_ON);
    for (pl_switch_op s = {.has_more = true}; s.has_more;) {
        s = turn(&b, PL_SWITCH_RELEASE);
        total += s.released;
        CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending WHERE held = 0 AND id >"
                                      " (SELECT min(id) FROM pending WHERE held = 2)"),
                     0);
    }
    CHECK_EQ_INT(total, MANY);
    bench_fini(&b);
}

static bool is_in(const pl_buf *answer, const char *text)
{
    pl_buf copy;
    pl_buf_init(&copy);
    pl_buf_put_slice(&copy, pl_buf_slice(answer));
    pl_buf_put_char(&copy, '\0');
    bool found = strstr(copy.ptr, text) != NULL;
    pl_buf_fini(&copy);
    return found;
}

TEST(what_waits_for_its_webhook_is_counted_and_shown_as_such)
{
    bench b;
    bench_init(&b);
    open_told(&b);
    turn(&b, PL_SWITCH_OFF);
    commit_off(&b, "e1", id_of(T0, 1));
    CHECK_EQ_INT(commit_one(&b, "e2", id_of(T0, 2), false), 0);
    CHECK_EQ_INT(record_one(&b, id_of(T0, 2), 1, PL_STATE_PENDING), 0);
    claim(&b, NULL); /* shelves the second */
    pl_query q = {.kind = PL_QUERY_UNDELIVERED, .now_ms = T0 + 60000};
    CHECK_EQ_INT(ask(&b, &q), 0);
    CHECK(is_in(&q.answer, "{\"groups\":[{\"connector\":\"erp\",\"state\":\"pending\",\"outcome\":"
                           "\"disabled\",\"status\":null,\"count\":2,"));
    CHECK(is_in(&q.answer, "\"next_due\":null}],\"pending\":2,"));
    pl_buf_fini(&q.answer);
    pl_query feed = {.kind = PL_QUERY_FEED, .filter = filter_any(10)};
    CHECK_EQ_INT(ask(&b, &feed), 0);
    CHECK(is_in(&feed.answer, "\"due\":null,\"outcome\":\"http_status\",\"status\":500,"
                              "\"reason\":\"its webhook is disabled\""));
    pl_buf_fini(&feed.answer);
    bench_fini(&b);
}

/* -- operator events go along -- */

/* An event with one delivery to the connector "ops". */
static void notice_init(one *o, pl_event *event, uint16_t n)
{
    one_init(o, event, id_of(T0 + 100, n), false);
    o->delivery.connector = PL_SLICE("ops");
}

TEST(an_order_takes_its_notice_along_when_it_changes_anything)
{
    bench b;
    one o;
    bench_init(&b);
    open_told(&b);
    for (uint16_t i = 1; i <= 2; i++) {
        pl_event *e = event_new(i == 1 ? "n1" : "n2", "perilune.endpoint.disabled", "{}");
        notice_init(&o, e, i);
        pl_switch_op s = {.order = PL_SWITCH_OFF,
                          .what = {.connector = PL_SLICE("erp"),
                                   .webhook = PL_SLICE("order"),
                                   .by = PL_SLICE("token ops")},
                          .notice = &o.commit};
        CHECK_EQ_INT(run_op(&b, &s.op, PL_OP_SWITCH), 0);
        CHECK_EQ_INT(s.has_changed, i == 1);
        free(e);
    }
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events"), 1);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending WHERE connector = 'ops'"), 1);
    CHECK_EQ_INT(pl_counter_get(&pl_store_metrics_of(b.store)->pending), 1);
    bench_fini(&b);
}

/* The delivery that ends, the one that was cancelled meanwhile, the one that goes on. */
TEST(a_record_takes_its_notice_along_when_it_ends_the_delivery)
{
    bench b;
    one o;
    enum pl_state state;
    static const char *const ids[] = {"e0", "e1", "e2"};
    bench_init(&b);
    open_told(&b);
    for (uint16_t i = 0; i < 3; i++)
        CHECK_EQ_INT(commit_one(&b, ids[i], id_of(T0, i), true), 0);
    CHECK_EQ_INT(command(&b, PL_COMMAND_CANCEL, id_of(T0, 1), &state), 0);
    for (uint16_t i = 0; i < 3; i++) {
        pl_event *e = event_new("n", "perilune.delivery.failed", "{}");
        notice_init(&o, e, i);
        pl_attempt a = attempt_of(1, "http_status", 404);
        pl_record r = record_of(id_of(T0, i), &a, i == 2 ? PL_STATE_PENDING : PL_STATE_FAILED);
        r.notice = &o.commit;
        CHECK_EQ_INT(run_op(&b, &r.op, PL_OP_RECORD), 0);
        CHECK_EQ_INT(r.has_notice, i == 0);
        CHECK(!o.event.is_duplicate);
        free(e);
    }
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending WHERE connector = 'ops'"), 1);
    bench_fini(&b);
}

TEST(the_backlog_is_counted_by_connector)
{
    bench b;
    bench_init(&b);
    open_told(&b);
    turn(&b, PL_SWITCH_OFF);
    commit_off(&b, "e1", id_of(T0, 1));
    CHECK_EQ_INT(commit_one(&b, "e2", id_of(T0, 2), true), 0);
    CHECK_EQ_INT(commit_one(&b, "e3", id_of(T0, 3), true), 0);
    bench_exec(&b, "UPDATE pending SET connector = 'crm', created_ms = 5 WHERE event = 3");
    pl_query q = {.kind = PL_QUERY_BACKLOG};
    CHECK_EQ_INT(ask(&b, &q), 0);
    CHECK_EQ_SLICE(pl_buf_slice(&q.answer),
                   PL_SLICE("{\"connectors\":[{\"connector\":\"crm\",\"pending\":1,\"disabled\":0,"
                            "\"oldest_ms\":5},{\"connector\":\"erp\",\"pending\":2,"
                            "\"disabled\":1,\"oldest_ms\":1767225600000}]}"));
    pl_buf_fini(&q.answer);
    bench_fini(&b);
}

int main(void)
{
    return RUN(CASE(an_order_changes_once_and_is_told_after_its_commit),
               CASE(an_answer_that_disables_is_one_transaction_with_its_record),
               CASE(what_is_shelved_is_found_by_no_claim_until_it_is_released),
               CASE(what_comes_late_is_not_shelved), CASE(a_cancelled_delivery_is_not_shelved),
               CASE(a_start_releases_what_is_shelved_for_no_webhook_that_is_disabled),
               CASE(steps_release_the_oldest_first_until_none_is_left),
               CASE(what_waits_for_its_webhook_is_counted_and_shown_as_such),
               CASE(an_order_takes_its_notice_along_when_it_changes_anything),
               CASE(a_record_takes_its_notice_along_when_it_ends_the_delivery),
               CASE(the_backlog_is_counted_by_connector));
}
