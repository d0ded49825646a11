/* SPDX-License-Identifier: MIT
 *
 * Deliveries through the engine, in the world of world.h: events to deliveries, retries, limits,
 * faults of the store, reloads, restarts. */
#include "world.h"

static const int64_t standard[] = {5000, 300000, 1800000, 7200000, 18000000, 36000000, 36000000};

static scripts *standard_scripts(void)
{
    return scripts_new(standard, 7);
}

static void open_standard(void)
{
    world_open(standard_scripts());
}

static void answer_with(int code, int status)
{
    w.reply = (reply){.delay_ms = 20, .code = code, .status = status};
}

/* -- from event to record -- */

TEST(an_event_is_answered_after_its_commit_then_delivered)
{
    open_standard();
    w.op_delay_ms = 7;
    post *p = post_event(NULL, "0");
    run_for(6);
    CHECK_EQ_INT(p->answers, 0);
    CHECK_EQ_INT(w.sends, 0);
    run_for(1);
    CHECK_EQ_INT(p->answers, 1);
    CHECK_EQ_INT(p->code, 0);
    CHECK_EQ_INT(w.sends, 1);
    run_for(20);
    CHECK_EQ_INT(model.row_count, 1);
    CHECK_EQ_INT(rows_in(PL_STATE_PENDING), 1); /* answered, not recorded yet */
    run_for(7);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 1);
    CHECK_EQ_STR(model.rows[0]->outcome, "ok");
    CHECK_EQ_INT(w.recorded, 1);
    CHECK_EQ_INT(METRIC(events), 1);
    CHECK_EQ_INT(METRIC(deliveries), 1);
    CHECK_EQ_INT(METRIC(delivered), 1);
    CHECK_EQ_INT(METRIC(resident), 0);
    CHECK_EQ_INT(METRIC(in_flight), 0);
    CHECK(pl_engine_is_idle(w.engine));
    world_close();
}

static bool had_nodes;

static void look_for_nodes(worker *me, pl_exchange *x)
{
    (void)me;
    had_nodes = x->event->nodes != NULL;
}

TEST(an_event_has_its_nodes_until_its_deliveries_have_begun_or_wait)
{
    open_standard();
    w.spy.started = look_for_nodes;
    post *p = post_new(1);
    size_t count;
    post_add(p, NULL, "0");
    const pl_event *e = p->in->events[0];
    pl_event_nodes(e, &count);
    p->in->waits = true;
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
    CHECK(e->nodes != NULL);
    CHECK(pl_event_weight(e) == e->document.len + count * sizeof(pl_json_node));
    run_for(10);
    CHECK_EQ_INT(w.sends, 1);
    CHECK(had_nodes);
    CHECK(e->nodes == NULL);
    run_for(100);
    post_free(p);
    world_close();
}

TEST(each_webhook_that_wants_an_event_gets_it)
{
    open_standard();
    post *p = post_new(3);
    post_add(p, NULL, "013");
    post_add(p, NULL, "-");
    post_add(p, NULL, "2");
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
    run_for(100);
    CHECK_EQ_INT(model.row_count, 4);
    CHECK_EQ_STR(model.rows[0]->webhook, "0");
    CHECK_EQ_STR(model.rows[1]->webhook, "1");
    CHECK_EQ_STR(model.rows[2]->webhook, "3");
    CHECK_EQ_STR(model.rows[3]->webhook, "2");
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 4);
    CHECK_EQ_INT(p->in->commit.events[1].count, 0);
    CHECK_EQ_SLICE(p->in->commit.events[1].reason, PL_SLICE("no webhook wants it"));
    CHECK_EQ_INT(METRIC(events), 3);
    CHECK_EQ_INT(METRIC(unmatched), 1);
    CHECK_EQ_INT(METRIC(deliveries), 4);
    world_close();
}

TEST(a_duplicate_is_not_delivered_again)
{
    open_standard();
    post_event("same", "01");
    run_for(100);
    post *p = post_new(2);
    post_add(p, "same", "01");
    post_add(p, "other", "0");
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
    run_for(100);
    CHECK(p->in->commit.events[0].is_duplicate);
    CHECK(!p->in->commit.events[1].is_duplicate);
    CHECK_EQ_INT(model.row_count, 3);
    CHECK_EQ_INT(w.sends, 3);
    CHECK_EQ_INT(METRIC(duplicates), 1);
    CHECK_EQ_INT(METRIC(events), 2);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

TEST(a_known_idempotency_key_makes_all_of_it_a_duplicate)
{
    open_standard();
    for (int round = 0; round < 2; round++) {
        post *p = post_new(2);
        post_add(p, NULL, "0");
        post_add(p, NULL, "1");
        p->in->idempotency_key = PL_SLICE("key");
        CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
        run_for(100);
        CHECK_EQ_INT(p->code, 0);
        CHECK(p->in->commit.is_duplicate == (round == 1));
        if (round == 1) CHECK_EQ_STR(p->in->commit.known, "{\"events\":2}");
    }
    CHECK_EQ_INT(w.sends, 2);
    CHECK_EQ_INT(METRIC(duplicates), 2);
    CHECK_EQ_INT(METRIC(events), 2);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

TEST(a_key_that_came_with_another_body_is_refused)
{
    static const char *const bodies[] = {"a", "b", "a"};
    static const int codes[] = {0, PL_E_KEY_REUSED, 0};
    open_standard();
    for (int i = 0; i < 3; i++) {
        post *p = post_new(1);
        post_add(p, NULL, "01");
        p->in->idempotency_key = PL_SLICE("key");
        p->in->digest = pl_slice_of(bodies[i]);
        CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
        run_for(100);
        CHECK_EQ_INT(p->code, codes[i]);
    }
    CHECK_EQ_INT(w.sends, 2);
    CHECK_EQ_INT(METRIC(events), 1);
    CHECK_EQ_INT(METRIC(duplicates), 1);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

TEST(what_the_store_cannot_write_is_not_accepted)
{
    static const int codes[] = {PL_E_STORE, PL_E_STORE_FULL};
    open_standard();
    for (size_t i = 0; i < 2; i++) {
        w.op_result = codes[i];
        post *p = post_event(NULL, "01");
        run_for(100);
        CHECK_EQ_INT(p->answers, 1);
        CHECK_EQ_INT(p->code, codes[i]);
    }
    CHECK_EQ_INT(w.sends, 0);
    CHECK_EQ_INT(METRIC(resident), 0);
    CHECK_EQ_INT(METRIC(events), 0);
    w.op_result = 0;
    post_event(NULL, "0");
    run_for(100);
    CHECK_EQ_INT(w.sends, 1);
    world_close();
}

TEST(a_full_queue_refuses_and_nothing_is_taken)
{
    open_standard();
    w.op_refused = true;
    post *p = post_new(1);
    post_add(p, NULL, "012");
    p->in->waits = true;
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), PL_E_BUSY);
    CHECK_EQ_INT(METRIC(resident), 0);
    CHECK_EQ_INT(p->in->unsettled, 0);
    w.op_refused = false;
    run_for(2000);
    CHECK_EQ_INT(p->answers, 0);
    CHECK_EQ_INT(w.sends, 0);
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0); /* the intake may be given again */
    run_for(100);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 3);
    world_close();
}

/* -- retries -- */

/* Each attempt ends 20 ms after it was sent; the delay counts from there. */
TEST(retries_follow_the_schedule_exactly_then_it_fails)
{
    open_standard();
    answer_with(0, 503);
    post_event(NULL, "0");
    run_for(101000000);
    row *r = model.rows[0];
    CHECK_EQ_INT(r->sends, 8);
    int64_t at_ms = 0;
    for (int i = 0; i < 8; i++) {
        CHECK_EQ_INT(r->sent_at_ms[i], at_ms);
        at_ms += 20 + (i < 7 ? standard[i] : 0);
    }
    CHECK_EQ_INT(r->state, PL_STATE_FAILED);
    CHECK_EQ_INT(r->attempts, 8);
    CHECK_EQ_STR(r->outcome, "http_status");
    CHECK_EQ_INT(METRIC(failed), 1);
    CHECK_EQ_INT(METRIC(retried), 7);
    CHECK_EQ_INT(METRIC(parked), 6); /* the second attempt comes within the horizon */
    CHECK_EQ_INT(METRIC(claimed), 6);
    CHECK_EQ_INT(METRIC(attempts[-PL_E_HTTP_STATUS]), 8);
    world_close();
}

TEST(what_no_retry_can_mend_fails_at_once)
{
    static const int final[] = {400, 401, 404, 410, 301, 302};
    for (size_t i = 0; i < sizeof final / sizeof *final; i++) {
        open_standard();
        answer_with(0, final[i]);
        post_event(NULL, "0");
        run_for(10000);
        CHECK_EQ_INT(model.rows[0]->state, PL_STATE_FAILED);
        CHECK_EQ_INT(w.sends, 1);
        world_close();
    }
}

TEST(passing_troubles_are_tried_again)
{
    static const struct {
        int code, status;
    } troubles[] = {
        {0, 408},          {0, 425},          {0, 429},          {0, 500},
        {0, 503},          {PL_E_TIMEOUT, 0}, {PL_E_CONNECT, 0}, {PL_E_DNS, 0},
        {PL_E_RESET, 200}, {PL_E_TLS, 0},     {PL_E_EGRESS, 0},
    };
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        open_standard();
        answer_with(troubles[i].code, troubles[i].status);
        post_event(NULL, "0");
        run_for(5000);
        CHECK_EQ_INT(model.rows[0]->state, PL_STATE_PENDING);
        CHECK_EQ_STR(model.rows[0]->outcome,
                     troubles[i].code ? pl_err_name(troubles[i].code) : "http_status");
        answer_with(0, 204);
        run_for(100);
        CHECK_EQ_INT(w.sends, 2);
        CHECK_EQ_INT(model.rows[0]->state, PL_STATE_DELIVERED);
        world_close();
    }
}

/* Each waits longer than the one before, a minute and a quarter at most; then the schedule is as
 * it was, a restart in between. */
TEST(a_proxy_that_fails_uses_up_nothing_of_the_schedule)
{
    open_standard();
    answer_with(PL_E_PROXY, 0);
    post_event(NULL, "0");
    run_for(600000);
    int failed = w.sends;
    CHECK(failed >= 9 && failed <= 14);
    CHECK_EQ_INT(model.rows[0]->uncounted, failed);
    engine_kill();
    engine_open(standard_scripts());
    run_for(75000);
    CHECK(w.sends > failed);
    answer_with(0, 503);
    run_for(75000 + 27 * 3600000 + 3600000);
    CHECK_EQ_INT(rows_in(PL_STATE_FAILED), 1);
    CHECK_EQ_INT(w.sends - model.rows[0]->uncounted, 8);
    world_close();
}

TEST(the_age_ends_what_a_proxy_holds_up_and_no_rule_does)
{
    static const pl_retry_rule nothing;
    scripts *s = scripts_new(NULL, 0);
    s->policies[0].max_age_ms = 60000;
    s->policies[0].rule = &nothing;
    world_open(s);
    answer_with(PL_E_PROXY, 0);
    post_event(NULL, "0");
    run_for(30000);
    CHECK_EQ_INT(rows_in(PL_STATE_PENDING), 1);
    CHECK(w.sends >= 2);
    run_for(30000);
    CHECK_EQ_INT(rows_in(PL_STATE_FAILED), 1);
    world_close();
}

TEST(a_retry_beyond_the_horizon_leaves_memory_and_comes_back_in_time)
{
    open_standard();
    answer_with(0, 503);
    post_event(NULL, "0");
    run_for(5040); /* two attempts of 20 ms */
    row *r = model.rows[0];
    CHECK_EQ_INT(r->attempts, 2);
    CHECK(!r->held);
    CHECK_EQ_INT(r->due_ms, EPOCH_MS + 305040);
    CHECK_EQ_INT(METRIC(resident), 0);
    run_until(245000); /* 60 s ahead: a claim brings it back within the next second */
    CHECK(!r->held);
    run_until(246100);
    CHECK(r->held);
    CHECK_EQ_INT(METRIC(resident), 1);
    CHECK_EQ_INT(w.sends, 2);
    run_until(305039);
    CHECK_EQ_INT(w.sends, 2);
    run_until(305040);
    CHECK_EQ_INT(w.sends, 3);
    world_close();
}

TEST(failing_scripts_are_tried_again_and_name_their_stage)
{
    static const struct {
        enum pl_stage stage;
        int code;
        const char *outcome;
        int sends;
        enum pl_state state;
    } cases[] = {
        {PL_STAGE_RENDER, PL_E_SCRIPT, "script", 0, PL_STATE_PENDING},
        {PL_STAGE_RENDER, PL_E_URL, "url", 0, PL_STATE_PENDING},
        {PL_STAGE_AUTHENTICATE, PL_E_AUTH, "auth", 0, PL_STATE_PENDING},
        {PL_STAGE_MAP, PL_E_SCRIPT, "map", 1, PL_STATE_FAILED}, /* the receiver has it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scripts *s = standard_scripts();
        s->plans[cases[i].stage].code = cases[i].code;
        world_open(s);
        post_event(NULL, "0");
        run_for(100);
        CHECK_EQ_STR(model.rows[0]->outcome, cases[i].outcome);
        CHECK_EQ_INT(model.rows[0]->state, cases[i].state);
        CHECK_EQ_INT(w.sends, cases[i].sends);
        world_close();
    }
}

TEST(a_mapper_that_fails_on_a_503_does_not_hide_it)
{
    scripts *s = standard_scripts();
    s->plans[PL_STAGE_MAP].code = PL_E_SCRIPT;
    world_open(s);
    answer_with(0, 503);
    post_event(NULL, "0");
    run_for(100);
    CHECK_EQ_STR(model.rows[0]->outcome, "http_status");
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_PENDING);
    world_close();
}

TEST(an_undecided_when_is_asked_again_and_may_say_no)
{
    scripts *s = standard_scripts();
    s->when_says_no = true;
    world_open(s);
    post_event(NULL, "01?");
    run_for(100);
    CHECK(!model.rows[0]->undecided && model.rows[1]->undecided);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_DELIVERED);
    CHECK_EQ_INT(model.rows[1]->state, PL_STATE_CANCELLED);
    CHECK_EQ_STR(model.rows[1]->outcome, "cancelled");
    CHECK_EQ_INT(w.sends, 1);
    CHECK_EQ_INT(METRIC(cancelled), 1);
    world_close();
}

TEST(a_webhook_that_is_gone_is_tried_again_by_the_default_schedule)
{
    open_standard();
    answer_with(0, 503);
    post_event(NULL, "3");
    run_for(100);
    scripts *without = standard_scripts();
    without->base.policy_count = 3;
    pl_engine_use(w.engine, &without->base);
    run_for(6000);
    CHECK_EQ_STR(model.rows[0]->outcome, "config");
    CHECK_EQ_INT(model.rows[0]->attempts, 2);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_PENDING);
    int64_t delay_ms = model.rows[0]->due_ms - EPOCH_MS - 5020; /* 300 s, give or take a tenth */
    CHECK(delay_ms >= 270000 && delay_ms <= 330000);
    answer_with(0, 200);
    pl_engine_use(w.engine, &standard_scripts()->base);
    run_for(340000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_DELIVERED);
    world_close();
}

/* -- limits -- */

TEST(ten_thousand_deliveries_pass_through_a_hundred_places)
{
    open_standard();
    w.settings.limit_resident = 100;
    w.settings.limit_in_flight = 30;
    w.op_delay_ms = 3;
    for (int i = 0; i < 1250; i++) {
        post_event(NULL, "01230123");
        if (i % 10 == 0) run_for(1);
    }
    run_for(60000);
    CHECK_EQ_INT(model.row_count, 10000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 10000);
    CHECK_EQ_INT(w.sends, 10000);
    CHECK(w.most_resident >= 80); /* the share of one connector alone is four fifths */
    CHECK_EQ_INT(w.most_under_way, 24);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

/* The places that a claim may fill are not given to events that come meanwhile. */
TEST(a_claim_under_way_keeps_its_places)
{
    open_standard();
    w.settings.limit_resident = 10;
    w.settings.limit_in_flight = 1;
    w.reply.delay_ms = FOREVER;
    run_for(10);
    post *p = post_new(1);
    post_add(p, NULL, "0123012301230123");
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
    run_for(10);
    engine_kill();
    engine_open(standard_scripts());
    w.op_delay_ms = 50;
    run_for(10); /* the first claim is out */
    post_event(NULL, "012301230123");
    run_for(1000);
    CHECK_EQ_INT(w.most_resident, 8); /* and check_limits held at each step */
    w.reply.delay_ms = 1;
    engine_kill();
    engine_open(standard_scripts());
    run_for(60000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 28);
    world_close();
}

static reply one_after_the_other(const pl_exchange *x)
{
    (void)x;
    return (reply){.delay_ms = 200 + w.sends * 37 % 200, .status = 200};
}

/* More events than there are places, for ever: each place is wanted the moment it becomes free. */
TEST(new_events_do_not_keep_parked_deliveries_out)
{
    open_standard();
    w.settings.limit_resident = 80;
    w.reply_of = one_after_the_other;
    run_for(10);
    for (int i = 0; i < 3000; i++) {
        post_event(NULL, "0");
        run_for(1);
    }
    int early = 0;
    for (int i = 0; i < 200; i++)
        early += model.rows[i]->state == PL_STATE_DELIVERED;
    CHECK_EQ_INT(early, 200);
    CHECK(w.most_resident >= 64);
    run_for(60000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 3000);
    world_close();
}

static reply webhook_0_is_down(const pl_exchange *x)
{
    bool is_down = pl_slice_eq(x->policy->webhook, PL_SLICE("0"));
    return (reply){.delay_ms = 20, .status = is_down ? 503 : 200};
}

/* All within the horizon: what fails could stay in memory until its last attempt. */
TEST(what_waits_for_a_retry_gives_way_to_what_is_overdue)
{
    static const int64_t each_second[] = {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000,
                                          1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000};
    world_open(scripts_new(each_second, 16));
    w.settings.limit_resident = 16;
    w.reply_of = webhook_0_is_down;
    run_for(10);
    post_event(NULL, "0000000000000000");
    post_event(NULL, "11111111111111111111");
    run_for(3000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 20);
    run_for(60000);
    CHECK_EQ_INT(rows_in(PL_STATE_FAILED), 16);
    for (int i = 0; i < 16; i++)
        CHECK_EQ_INT(model.rows[i]->sends, 17);
    world_close();
}

static int64_t queue_us[8];

static void note_queue(const pl_record *record)
{
    queue_us[w.recorded - 1] = record->attempt->timings.queue_us;
}

TEST(many_attempts_wait_for_a_place_in_flight)
{
    open_standard();
    w.settings.limit_in_flight = 2;
    w.reply.delay_ms = 100;
    w.watch = note_queue;
    post_event(NULL, "01230");
    run_for(99);
    CHECK_EQ_INT(w.sends, 2);
    run_for(1);
    CHECK_EQ_INT(w.sends, 4);
    run_for(100);
    CHECK_EQ_INT(w.sends, 5);
    run_for(100);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 5);
    for (int i = 0; i < 5; i++)
        CHECK_EQ_INT(queue_us[i], i / 2 * 100000);
    world_close();
}

/* With the first of its deliveries in flight, the others waiting; and with all of them. */
TEST(an_event_whose_deliveries_have_begun_or_wait_keeps_no_nodes)
{
    for (int limit = 2; limit <= 30; limit += 28) {
        size_t count;
        open_standard();
        w.settings.limit_in_flight = limit;
        w.reply.delay_ms = 100;
        pl_event *e = pl_event_ref(post_event(NULL, "01230")->in->events[0]);
        pl_event_nodes(e, &count);
        run_for(50);
        CHECK_EQ_INT(w.sends, limit < 5 ? limit : 5);
        CHECK(e->nodes == NULL);
        CHECK_EQ_INT(e->keepers, 0);
        run_for(500);
        CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 5);
        pl_event_unref(e);
        world_close();
    }
}

TEST(what_waits_in_the_store_waits_as_if_in_the_queue)
{
    open_standard();
    w.reply.delay_ms = FOREVER;
    post_event(NULL, "0");
    run_for(10);
    engine_kill();
    w.now_ms += 5000;
    w.reply.delay_ms = 20;
    w.watch = note_queue;
    engine_open(standard_scripts());
    run_for(1000);
    CHECK_EQ_INT(w.recorded, 1);
    CHECK(queue_us[0] >= 5000000 && queue_us[0] < 6010000);
    world_close();
}

/* -- one connector and the others -- */

static scripts *two_connectors(void)
{
    scripts *s = standard_scripts();
    s->policies[3].connector = PL_SLICE("d");
    return s;
}

/* Nothing of the connector "c" is ever answered. */
static reply only_d_answers(const pl_exchange *x)
{
    bool is_dead = pl_slice_eq(x->policy->connector, PL_SLICE("c"));
    return (reply){.delay_ms = is_dead ? FOREVER : 20, .status = 200};
}

static const row *last_row(void)
{
    return model.rows[model.row_count - 1];
}

TEST(a_dead_receiver_with_a_backlog_delays_no_other)
{
    world_open(two_connectors());
    w.settings.limit_resident = 100;
    w.settings.limit_in_flight = 10;
    w.reply_of = only_d_answers;
    for (int i = 0; i < 250; i++)
        post_event(NULL, "0120");
    run_for(5000);
    CHECK_EQ_INT(w.under_way, 8);
    for (int i = 0; i < 50; i++) {
        post_event(NULL, "3");
        run_for(0);
        CHECK_EQ_INT(last_row()->sent_at_ms[0], w.now_ms);
        run_for(100);
        CHECK_EQ_INT(last_row()->state, PL_STATE_DELIVERED);
    }
    world_close();
}

TEST(what_a_dead_receiver_has_parked_does_not_hold_up_what_others_have)
{
    world_open(two_connectors());
    w.settings.limit_resident = 100;
    w.settings.limit_in_flight = 10;
    w.reply.delay_ms = FOREVER;
    for (int i = 0; i < 250; i++)
        post_event(NULL, "0120");
    post_event(NULL, "3333333333333333333333333333333333333333");
    run_for(1000);
    engine_kill();
    w.reply_of = only_d_answers;
    engine_open(two_connectors());
    run_for(2000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 40);
    int claims = w.op_counts[PL_OP_CLAIM];
    run_for(10000);
    CHECK(w.op_counts[PL_OP_CLAIM] - claims <= 20); /* and the store is not asked in a circle */
    world_close();
}

TEST(a_connector_that_waits_for_claims_goes_on_as_soon_as_it_has_places)
{
    world_open(two_connectors());
    w.settings.limit_resident = 100;
    w.settings.limit_in_flight = 10;
    for (int i = 0; i < 250; i++)
        post_event(NULL, "0120");
    run_for(4000); /* eight at a time, 20 ms each: 2.5 s */
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 1000);
    world_close();
}

/* -- the store fails -- */

static int record_fault;

static int fail_records(const pl_op *op)
{
    return op->kind == PL_OP_RECORD ? record_fault : 0;
}

static bool refuse_records(const pl_op *op)
{
    return op->kind == PL_OP_RECORD && record_fault;
}

TEST(a_record_is_tried_until_the_store_takes_it_and_nothing_is_sent_twice)
{
    for (int refuses = 0; refuses < 2; refuses++) {
        open_standard();
        record_fault = PL_E_STORE_FULL;
        if (refuses)
            w.op_refuse = refuse_records;
        else
            w.op_fault = fail_records;
        post_event(NULL, "0");
        run_for(120000);
        CHECK_EQ_INT(w.sends, 1);
        CHECK_EQ_INT(model.rows[0]->state, PL_STATE_PENDING);
        CHECK(w.op_counts[PL_OP_RECORD] >= 200); /* twice a second */
        CHECK(w.op_counts[PL_OP_RECORD] <= 300);
        CHECK_EQ_INT(w.recorded, 0);
        CHECK_EQ_INT(METRIC(resident), 1);
        CHECK(!pl_engine_is_idle(w.engine));
        record_fault = 0;
        run_for(500);
        CHECK_EQ_INT(model.rows[0]->state, PL_STATE_DELIVERED);
        CHECK_EQ_INT(w.sends, 1);
        CHECK_EQ_INT(w.recorded, 1);
        CHECK_EQ_INT(METRIC(delivered), 1);
        world_close();
    }
}

static int fail_claims(const pl_op *op)
{
    return op->kind == PL_OP_CLAIM ? PL_E_STORE : 0;
}

TEST(a_store_that_fails_is_not_asked_in_a_circle)
{
    open_standard();
    w.op_fault = fail_claims;
    w.settings.limit_resident = 9;
    w.op_delay_ms = 1;
    post_event(NULL, "0123012301230123");
    run_for(10000);
    CHECK(w.op_counts[PL_OP_CLAIM] <= 40); /* each second, and as places become free */
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 8);
    w.op_fault = NULL;
    run_for(2000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 16);
    world_close();
}

TEST(a_damaged_event_in_the_store_stops_nothing_else)
{
    open_standard();
    answer_with(0, 503);
    post_event(NULL, "01");
    run_for(10000);
    CHECK_EQ_INT(METRIC(resident), 0); /* parked */
    model.rows[0]->document = "{\"id\":";
    model.rows[0]->document_len = 6;
    answer_with(0, 200);
    run_for(310000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_PENDING);
    CHECK_EQ_INT(model.rows[1]->state, PL_STATE_DELIVERED);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

/* -- reload -- */

TEST(what_is_under_way_keeps_its_generation)
{
    scripts *old = standard_scripts(), *new = standard_scripts();
    world_open(old);
    post_event(NULL, "0");
    run_for(10);
    pl_engine_use(w.engine, &new->base);
    CHECK(pl_engine_generation(w.engine) == &new->base);
    CHECK_EQ_INT(w.generations, 2);
    CHECK_EQ_INT(old->base.refs, 1);
    post_event(NULL, "0");
    run_for(9);
    CHECK_EQ_INT(new->rendered, 1);
    CHECK_EQ_INT(w.generations, 2);
    run_for(2); /* answered, mapped and recorded */
    CHECK_EQ_INT(w.generations, 1);
    run_for(100);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 2);
    CHECK_EQ_INT(new->base.refs, 1);
    world_close();
}

TEST(after_a_restart_what_is_pending_goes_on)
{
    open_standard();
    answer_with(0, 503);
    post_event(NULL, "0123");
    run_for(1000);
    engine_kill();
    engine_open(standard_scripts());
    answer_with(0, 200);
    run_for(5000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 4);
    CHECK_EQ_INT(model.rows[3]->attempts, 2);
    CHECK_EQ_INT(model.rows[3]->sent_at_ms[1], 5020); /* not sooner because of the restart */
    CHECK_EQ_INT(METRIC(claimed), 4);
    world_close();
}

int main(void)
{
    return RUN(CASE(an_event_is_answered_after_its_commit_then_delivered),
               CASE(an_event_has_its_nodes_until_its_deliveries_have_begun_or_wait),
               CASE(each_webhook_that_wants_an_event_gets_it),
               CASE(a_duplicate_is_not_delivered_again),
               CASE(a_known_idempotency_key_makes_all_of_it_a_duplicate),
               CASE(a_key_that_came_with_another_body_is_refused),
               CASE(what_the_store_cannot_write_is_not_accepted),
               CASE(a_full_queue_refuses_and_nothing_is_taken),
               CASE(retries_follow_the_schedule_exactly_then_it_fails),
               CASE(what_no_retry_can_mend_fails_at_once), CASE(passing_troubles_are_tried_again),
               CASE(a_proxy_that_fails_uses_up_nothing_of_the_schedule),
               CASE(the_age_ends_what_a_proxy_holds_up_and_no_rule_does),
               CASE(a_retry_beyond_the_horizon_leaves_memory_and_comes_back_in_time),
               CASE(failing_scripts_are_tried_again_and_name_their_stage),
               CASE(a_mapper_that_fails_on_a_503_does_not_hide_it),
               CASE(an_undecided_when_is_asked_again_and_may_say_no),
               CASE(a_webhook_that_is_gone_is_tried_again_by_the_default_schedule),
               CASE(ten_thousand_deliveries_pass_through_a_hundred_places),
               CASE(a_claim_under_way_keeps_its_places),
               CASE(new_events_do_not_keep_parked_deliveries_out),
               CASE(what_waits_for_a_retry_gives_way_to_what_is_overdue),
               CASE(many_attempts_wait_for_a_place_in_flight),
               CASE(an_event_whose_deliveries_have_begun_or_wait_keeps_no_nodes),
               CASE(what_waits_in_the_store_waits_as_if_in_the_queue),
               CASE(a_dead_receiver_with_a_backlog_delays_no_other),
               CASE(what_a_dead_receiver_has_parked_does_not_hold_up_what_others_have),
               CASE(a_connector_that_waits_for_claims_goes_on_as_soon_as_it_has_places),
               CASE(a_record_is_tried_until_the_store_takes_it_and_nothing_is_sent_twice),
               CASE(a_store_that_fails_is_not_asked_in_a_circle),
               CASE(a_damaged_event_in_the_store_stops_nothing_else),
               CASE(what_is_under_way_keeps_its_generation),
               CASE(after_a_restart_what_is_pending_goes_on));
}
