/* SPDX-License-Identifier: MIT
 *
 * Operator events, in the world of world.h: webhook 3 of the connector "c" wants all of them. */
#include "flow/notice.h"
#include "flow/retry.h"
#include "world.h"

static const int64_t soon[] = {1000, 1000, 1000};

static void route_notices(pl_generation *g, const pl_event *event, pl_arena *arena,
                          pl_routes *routes)
{
    if (!pl_slice_starts(event->type, PL_EVENT_OWN)) {
        scripts_route(g, event, arena, routes);
        return;
    }
    routes->items = pl_arena_zero(arena, sizeof *routes->items);
    routes->items[0].webhook = 3;
    routes->count = 1;
}

static scripts *listening(void)
{
    scripts *s = scripts_new(soon, 3);
    s->base.notices = (1u << PL_NOTICE_KINDS) - 1;
    s->base.route = route_notices;
    for (int i = 0; i < WEBHOOKS; i++)
        pl_statuses_add(&s->policies[i].disable_on, 410, 410);
    return s;
}

/* Webhook 3 takes everything. */
static int others_code, others_status;

static reply reply_of_others(const pl_exchange *x)
{
    if (pl_slice_eq(x->policy->webhook, PL_SLICE("3")))
        return (reply){.delay_ms = 20, .status = 200};
    return (reply){.delay_ms = 20, .code = others_code, .status = others_status};
}

static void open_listening(int code, int status)
{
    world_open(listening());
    others_code = code;
    others_status = status;
    w.reply_of = reply_of_others;
    run_for(10);
}

/* How many events of this type there are; the last of them is looked at next. */
static const char *last_document;

static int events_of(enum pl_notice_kind kind)
{
    int count = 0;
    for (size_t i = 0; i < model.row_count; i++) {
        char type[100];
        snprintf(type, sizeof type, "\"type\":\"%s\"", pl_notice_type(kind));
        if (strstr(model.rows[i]->document, type) == NULL) continue;
        last_document = model.rows[i]->document;
        count++;
    }
    return count;
}

static void check_data(const char *expected)
{
    CHECK(strstr(last_document, "\"source\":\"perilune\",\"data\":{") != NULL);
    if (strstr(last_document, expected) == NULL) printf("%s\n", last_document);
    CHECK(strstr(last_document, expected) != NULL);
}

TEST(kinds_have_types)
{
    CHECK_EQ_INT(pl_notice_kind_of(PL_SLICE("perilune.backlog.cleared")), PL_NOTICE_CLEARED);
    CHECK_EQ_INT(pl_notice_kind_of(PL_SLICE("perilune.backlog.")), -1);
    CHECK_EQ_INT(pl_notice_kind_of(PL_NO_SLICE), -1);
    for (int i = 0; i < PL_NOTICE_KINDS; i++) {
        pl_slice type = pl_slice_of(pl_notice_type((enum pl_notice_kind)i));
        CHECK(pl_slice_starts(type, PL_EVENT_OWN));
        CHECK_EQ_INT(pl_notice_kind_of(type), i);
    }
}

TEST(a_delivery_that_has_failed_is_told_with_its_record)
{
    char expected[200], id[PL_UUID_TEXT + 1];
    open_listening(0, 404);
    post_event("order-7", "0");
    run_for(200);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_FAILED);
    CHECK_EQ_INT(events_of(PL_NOTICE_FAILED), 1);
    pl_uuid_format(model.rows[0]->id, id);
    snprintf(expected, sizeof expected,
             "\"connector\":\"c\",\"webhook\":\"0\",\"delivery\":\"%s\",\"event_id\":\"order-7\","
             "\"event_type\":\"0\",\"created\":\"",
             id);
    check_data(expected);
    check_data("\"attempts\":1,\"outcome\":\"http_status\",\"status\":404,"
               "\"error\":\"status 404 is not a success\"}}");
    CHECK_EQ_INT(model.rows[1]->state, PL_STATE_DELIVERED);
    CHECK_EQ_INT(w.op_counts[PL_OP_COMMIT], 1); /* the client's: one transaction with the record */
    CHECK_EQ_INT(METRIC(events), 2);
    CHECK_EQ_INT(METRIC(deliveries), 2);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

TEST(a_delivery_that_goes_on_is_not_told)
{
    open_listening(PL_E_CONNECT, 0);
    post_event(NULL, "0");
    run_for(2500);
    CHECK_EQ_INT(events_of(PL_NOTICE_FAILED), 0);
    command(model.rows[0]->id, PL_COMMAND_CANCEL);
    run_for(5000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_CANCELLED);
    CHECK_EQ_INT(model.row_count, 1);
    world_close();
}

/* An administrator is faster than the receiver. */
TEST(what_fails_after_it_was_cancelled_is_not_told)
{
    open_listening(0, 404);
    post_event(NULL, "0");
    run_for(10);
    command(model.rows[0]->id, PL_COMMAND_CANCEL);
    run_for(1000);
    CHECK_EQ_INT(model.rows[0]->sends, 1);
    CHECK_EQ_INT(model.row_count, 1);
    world_close();
}

TEST(nothing_is_made_that_no_webhook_wants)
{
    scripts *s = listening();
    s->base.notices = 1u << PL_NOTICE_DOWN;
    world_open(s);
    w.reply = (reply){.delay_ms = 20, .status = 404};
    post_event(NULL, "012");
    run_for(1000);
    CHECK_EQ_INT(rows_in(PL_STATE_FAILED), 3);
    CHECK_EQ_INT(model.row_count, 3);
    s->base.notices =
        1u << PL_NOTICE_FAILED; /* there is a trigger, but what else it asks for is not */
    s->base.route = scripts_route;
    post_event(NULL, "0");
    run_for(1000);
    CHECK_EQ_INT(model.row_count, 4);
    world_close();
}

/* All of webhook 3, too. */
TEST(what_carries_an_operator_event_makes_none)
{
    world_open(listening());
    w.settings.breaker_failures = 2;
    w.reply = (reply){.delay_ms = 20, .status = 404};
    run_for(10);
    post_event(NULL, "0");
    run_for(60000);
    CHECK_EQ_INT(rows_in(PL_STATE_FAILED), 2);
    CHECK_EQ_INT(model.row_count, 2);
    w.reply = (reply){.delay_ms = 20, .status = 410};
    post_event(NULL, "0");
    run_for(60000);
    CHECK_EQ_INT(pl_switches_count(model.switches), 2); /* 0, and then 3, by what was told of it */
    CHECK_EQ_INT(model.row_count, 4);
    world_close();
}

static void check_is_told_once_that_it_is_disabled(void)
{
    CHECK_EQ_INT(events_of(PL_NOTICE_DISABLED), 1);
    check_data("\"connector\":\"c\",\"webhook\":\"0\",\"by\":\"delivery ");
    check_data("\"reason\":\"status 410\"}}");
}

TEST(that_a_webhook_is_disabled_is_told_once)
{
    open_listening(0, 410);
    post_event(NULL, "000000"); /* all of them under way when the first is answered */
    run_for(1000);
    CHECK_EQ_INT(w.sends, 7);
    check_is_told_once_that_it_is_disabled();
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 1);
    CHECK_EQ_INT(rows_in(PL_STATE_PENDING), 6);
    world_close();
}

static int faults_left;

static int fail_some_records(const pl_op *op)
{
    return op->kind == PL_OP_RECORD && faults_left-- > 0 ? PL_E_STORE_FULL : 0;
}

TEST(a_record_that_is_written_late_tells_once)
{
    open_listening(0, 410);
    faults_left = 5;
    w.op_fault = fail_some_records;
    post_event(NULL, "0");
    run_for(10000);
    check_is_told_once_that_it_is_disabled();
    CHECK_EQ_INT(METRIC(events), 2);
    world_close();
}

TEST(that_a_destination_is_down_and_back_is_told_once_each)
{
    open_listening(PL_E_CONNECT, 0);
    w.settings.breaker_failures = 3;
    w.settings.breaker_cooldown = 2000;
    w.settings.breaker_max = 60000;
    post_event(NULL, "012");
    run_for(100);
    CHECK_EQ_INT(events_of(PL_NOTICE_DOWN), 1);
    check_data("\"data\":{\"destination\":\"https://receiver.example:443\",\"connector\":\"c\","
               "\"failures\":3,\"outcome\":\"connect\"}}");
    w.reply_of = NULL; /* webhook 3 has the same destination */
    w.reply = (reply){.delay_ms = 20, .code = PL_E_CONNECT};
    run_for(20000);
    CHECK_EQ_INT(events_of(PL_NOTICE_DOWN), 1);
    CHECK_EQ_INT(events_of(PL_NOTICE_RECOVERED), 0);
    w.reply = (reply){.delay_ms = 20, .status = 200};
    run_for(120000);
    CHECK_EQ_INT(events_of(PL_NOTICE_RECOVERED), 1);
    check_data("\"data\":{\"destination\":\"https://receiver.example:443\",\"connector\":\"c\"}}");
    CHECK_EQ_INT(events_of(PL_NOTICE_DOWN), 1);
    CHECK_EQ_INT(rows_in(PL_STATE_PENDING), 0);
    world_close();
}

static bool refuse_commits(const pl_op *op)
{
    return op->kind == PL_OP_COMMIT;
}

static int fail_commits(const pl_op *op)
{
    return op->kind == PL_OP_COMMIT ? PL_E_STORE : 0;
}

TEST(what_the_store_cannot_take_now_is_told_later)
{
    for (int refuses = 0; refuses < 2; refuses++) {
        open_listening(PL_E_CONNECT, 0);
        w.settings.breaker_failures = 1;
        post_event(NULL, "0");
        run_for(10);
        if (refuses)
            w.op_refuse = refuse_commits;
        else
            w.op_fault = fail_commits;
        run_for(3000);
        CHECK_EQ_INT(events_of(PL_NOTICE_DOWN), 0);
        int tries = w.op_counts[PL_OP_COMMIT];
        CHECK(tries > 3 && tries < 10); /* twice a second */
        w.op_refuse = NULL;
        w.op_fault = NULL;
        run_for(1000);
        CHECK_EQ_INT(events_of(PL_NOTICE_DOWN), 1);
        CHECK(pl_engine_is_idle(w.engine));
        w.op_refuse = refuse_commits; /* and one is under way when the process ends */
        world_close();
    }
}

TEST(a_storm_of_them_takes_no_more_places_than_there_are)
{
    open_listening(0, 404);
    w.settings.limit_resident = 16;
    for (int i = 0; i < 300; i++)
        post_event(NULL, "0");
    run_for(60000);
    CHECK_EQ_INT(rows_in(PL_STATE_FAILED), 300);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 300);
    CHECK_EQ_INT(events_of(PL_NOTICE_FAILED), 300);
    CHECK(w.most_resident <= 16);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

TEST(what_is_to_be_told_to_a_disabled_webhook_waits_for_it)
{
    open_listening(0, 404);
    pl_switch s = {.connector = PL_SLICE("c"), .webhook = PL_SLICE("3")};
    pl_switches_off(model.switches, &s);
    post_event(NULL, "0");
    run_for(5000);
    CHECK_EQ_INT(w.sends, 1);
    CHECK_EQ_INT(METRIC(shelved), 1);
    store_enable(PL_SLICE("c"), PL_SLICE("3"), world_wall_ms());
    pl_engine_claim_now(w.engine);
    run_for(5000);
    CHECK_EQ_INT(w.sends, 2);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 1);
    world_close();
}

int main(void)
{
    return RUN(CASE(kinds_have_types), CASE(a_delivery_that_has_failed_is_told_with_its_record),
               CASE(a_delivery_that_goes_on_is_not_told),
               CASE(what_fails_after_it_was_cancelled_is_not_told),
               CASE(nothing_is_made_that_no_webhook_wants),
               CASE(what_carries_an_operator_event_makes_none),
               CASE(that_a_webhook_is_disabled_is_told_once),
               CASE(a_record_that_is_written_late_tells_once),
               CASE(that_a_destination_is_down_and_back_is_told_once_each),
               CASE(what_the_store_cannot_take_now_is_told_later),
               CASE(a_storm_of_them_takes_no_more_places_than_there_are),
               CASE(what_is_to_be_told_to_a_disabled_webhook_waits_for_it));
}
