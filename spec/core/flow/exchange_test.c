/* SPDX-License-Identifier: MIT
 *
 * Single exchanges in the world of world.h: what is recorded of one, calls and tries, scripts that
 * wait, clients that wait for outcomes, and how an engine stops. */
#include "world.h"

#include "base/secret.h"

static const int64_t soon[] = {5000, 300000};

static scripts *open_soon(void)
{
    scripts *s = scripts_new(soon, 2);
    world_open(s);
    return s;
}

static void answer_with(int code, int status)
{
    w.reply = (reply){.delay_ms = 20, .code = code, .status = status};
}

/* -- what is tried again -- */

static void check_wait(int asked_s, int64_t expected_ms)
{
    open_soon();
    w.settings.limit_retry_after = 60000;
    w.reply = (reply){.delay_ms = 20, .status = 503, .retry_after_s = asked_s};
    post_event(NULL, "0");
    run_for(1000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_PENDING);
    CHECK_EQ_INT(model.rows[0]->due_ms - EPOCH_MS, expected_ms);
    model.rows[0]->asked_until_ms = 0; /* a capped wait is not what was asked for */
    run_until(expected_ms);
    CHECK_EQ_INT(w.sends, 2);
    world_close();
}

TEST(a_receiver_is_left_alone_for_as_long_as_it_asks_for)
{
    check_wait(0, 20 + 5000);
    check_wait(3, 20 + 5000);
    check_wait(30, 20 + 30000);
    check_wait(600, 20 + 60000);
}

static enum pl_verdict verdict;

static plan map_with_verdict(pl_exchange *x)
{
    if (x->stage == PL_STAGE_MAP) x->verdict = verdict;
    return (plan){0, -1};
}

static void check_verdict(enum pl_verdict v, int status, enum pl_state expected)
{
    open_soon();
    verdict = v;
    w.plan_of = map_with_verdict;
    answer_with(0, status);
    post_event(NULL, "0");
    run_for(1000);
    CHECK_EQ_INT(model.rows[0]->state, expected);
    world_close();
}

TEST(a_script_says_what_is_tried_again)
{
    check_verdict(PL_VERDICT_RETRY, 404, PL_STATE_PENDING);
    check_verdict(PL_VERDICT_FINAL, 503, PL_STATE_FAILED);
    check_verdict(PL_VERDICT_NONE, 503, PL_STATE_PENDING);
    check_verdict(PL_VERDICT_RETRY, 200, PL_STATE_DELIVERED);
}

static void check_age(bool by_hand, enum pl_state expected)
{
    scripts *s = open_soon();
    s->policies[0].max_age_ms = 4000;
    answer_with(0, 503);
    post_event(NULL, "0");
    run_for(1000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_FAILED);
    if (by_hand) command(model.rows[0]->id, PL_COMMAND_RETRY);
    run_for(1000);
    CHECK_EQ_INT(model.rows[0]->state, expected);
    world_close();
}

TEST(a_delivery_may_become_too_old_but_for_an_administrator)
{
    check_age(false, PL_STATE_FAILED);
    check_age(true, PL_STATE_PENDING);
}

/* -- calls -- */

static struct answered {
    int count, code, status;
    int64_t at_ms;
    char text[200], variables[40], method[8];
} answered;

static void on_finished(pl_exchange *x)
{
    answered.count++;
    answered.code = x->error;
    answered.status = x->response.status;
    answered.at_ms = w.now_ms;
    snprintf(answered.text, sizeof answered.text, "%s", x->error_text ? x->error_text : "");
    snprintf(answered.variables, sizeof answered.variables, "%.*s", PL_FMT(x->variables));
    snprintf(answered.method, sizeof answered.method, "%.*s", PL_FMT(x->attempt.method));
    CHECK(x->owner == &answered);
}

static int call_of(enum pl_exchange_kind kind, bool dry_run, int64_t timeout_ms)
{
    pl_call call = {.kind = kind,
                    .dry_run = dry_run,
                    .event = event_of("call", "x"),
                    .timeout_ms = timeout_ms,
                    .finished = on_finished,
                    .owner = &answered};
    int code = pl_engine_call(w.engine, &call);
    if (code != 0) pl_event_unref(call.event); /* refused: still the caller's */
    return code;
}

static int call(void)
{
    answered = (struct answered){0};
    return call_of(PL_KIND_CALL, false, 0);
}

/* A receiver that has enough: also what it was not asked about yet waits, and another's does not. */
TEST(a_pause_is_for_all_deliveries_of_a_connector)
{
    scripts *s = open_soon();
    s->policies[3].connector = PL_SLICE("d");
    w.reply = (reply){.delay_ms = 20, .status = 429, .retry_after_s = 30};
    post_event(NULL, "0");
    run_for(1000);
    answer_with(0, 200);
    post_event(NULL, "123");
    run_for(29019 - 1000 + 20);
    CHECK_EQ_INT(w.sends, 2);
    CHECK_EQ_INT(call(), 0); /* somebody waits for it */
    CHECK_EQ_INT(w.sends, 3);
    run_until(30019);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 1);
    run_until(30100);
    CHECK_EQ_INT(w.sends, 6);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 4);
    world_close();
}

TEST(a_rate_is_kept)
{
    scripts *s = open_soon();
    for (int i = 0; i < WEBHOOKS; i++)
        s->policies[i].rate = (pl_rate){.per_second = 10, .burst = 2, .concurrency = 3};
    w.reply.delay_ms = 50;
    post_event(NULL, "012301230123");
    run_for(0);
    CHECK_EQ_INT(w.sends, 2);
    for (int i = 1; i <= 10; i++) {
        run_until(i * 100);
        CHECK_EQ_INT(w.sends, 2 + i);
    }
    run_for(100);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 12);
    w.reply.delay_ms = 1000;
    run_for(1000);
    post_event(NULL, "01230");
    run_for(999);
    CHECK_EQ_INT(w.most_under_way, 3);
    run_for(1000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 15);
    run_for(3000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 17);
    CHECK_EQ_INT(w.most_under_way, 3);
    world_close();
}

static scripts *open_with_breaker(void)
{
    scripts *s = open_soon();
    w.settings.breaker_failures = 3;
    w.settings.breaker_cooldown = 2000;
    w.settings.breaker_max = 60000;
    return s;
}

TEST(a_destination_that_fails_is_left_alone_and_no_attempt_is_used_up)
{
    open_with_breaker();
    answer_with(PL_E_CONNECT, 0);
    post_event(NULL, "012");
    run_for(100);
    CHECK_EQ_INT(w.sends, 3);
    CHECK_EQ_INT(pl_breakers_open(w.breakers), 1);
    post_event(NULL, "0123");
    run_until(2019);
    CHECK_EQ_INT(w.sends, 3);
    CHECK_EQ_INT(METRIC(postponed), 4);
    for (int i = 3; i < 7; i++) {
        CHECK_EQ_INT(model.rows[i]->state, PL_STATE_PENDING);
        CHECK_EQ_INT(model.rows[i]->recorded, 0);
    }
    run_until(4000); /* one probe, and the cool-down has doubled */
    CHECK_EQ_INT(w.sends, 4);
    answer_with(0, 200);
    run_until(20000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 7);
    CHECK_EQ_INT(pl_breakers_open(w.breakers), 0);
    for (size_t i = 0; i < 7; i++)
        CHECK(model.rows[i]->recorded <= 2);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

TEST(a_call_to_a_destination_that_is_left_alone_fails_at_once_and_a_try_asks_it)
{
    open_with_breaker();
    answer_with(PL_E_CONNECT, 0);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ_INT(call(), 0);
        run_for(100);
        CHECK_EQ_INT(answered.code, PL_E_CONNECT);
    }
    CHECK_EQ_INT(call(), 0);
    CHECK_EQ_INT(answered.count, 1);
    CHECK_EQ_INT(answered.code, PL_E_BREAKER);
    CHECK(strstr(answered.text, "https://receiver.example:443 failed again and again") != NULL);
    CHECK_EQ_INT(w.sends, 3);
    answer_with(0, 200);
    CHECK_EQ_INT(call_of(PL_KIND_TRY, false, 0), 0);
    run_for(100);
    CHECK_EQ_INT(answered.code, 0);
    CHECK_EQ_INT(pl_breakers_open(w.breakers), 0);
    CHECK_EQ_INT(call(), 0);
    run_for(100);
    CHECK_EQ_INT(answered.code, 0);
    world_close();
}

/* Two at once: the waits of both are told apart from a delivery that is under way. */
TEST(one_that_is_cancelled_while_it_is_postponed_is_not_sent)
{
    scripts *s = open_with_breaker();
    answer_with(PL_E_CONNECT, 0);
    post_event(NULL, "012");
    run_for(100);
    answer_with(0, 200);
    s->plans[PL_STAGE_AUTHENTICATE].wait_ms = 500;
    post_event(NULL, "33");
    run_for(100);
    command(model.rows[3]->id, PL_COMMAND_CANCEL); /* while its script waits */
    run_for(500);
    command(model.rows[4]->id, PL_COMMAND_CANCEL); /* while it waits for the breaker */
    run_for(20000);
    CHECK_EQ_INT(model.rows[3]->sends, 0);
    CHECK_EQ_INT(model.rows[4]->sends, 0);
    CHECK_EQ_INT(METRIC(cancelled), 2);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 3);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

TEST(what_is_postponed_beyond_the_horizon_waits_in_the_store)
{
    open_with_breaker();
    w.settings.limit_horizon = 1000;
    answer_with(PL_E_CONNECT, 0);
    post_event(NULL, "012");
    run_for(100);
    post_event(NULL, "0123");
    run_for(100);
    CHECK_EQ_INT(METRIC(resident), 0);
    CHECK_EQ_INT(METRIC(retried), 3);
    answer_with(0, 200);
    run_for(30000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 7);
    world_close();
}

/* Each is rendered in vain: the loop is not held up by all of them together. */
TEST(a_backlog_that_is_postponed_does_not_hold_up_the_loop)
{
    scripts *s = open_with_breaker();
    w.settings.limit_in_flight = 3;
    answer_with(PL_E_CONNECT, 0);
    post *p = post_new(1);
    post_add(p, NULL, "0123012301230123012301230123012301230123012301230123012301230123");
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
    run_for(20);
    CHECK_EQ_INT(pl_breakers_open(w.breakers), 1);
    int before = s->rendered;
    run_for(0);
    CHECK(s->rendered - before <= 32);
    run_for(100);
    CHECK_EQ_INT(METRIC(postponed), 61);
    answer_with(0, 200);
    run_for(20000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 64);
    world_close();
}

TEST(a_call_is_answered_at_once_and_recorded_behind)
{
    open_soon();
    w.op_delay_ms = 50;
    run_for(500);
    CHECK_EQ_INT(call(), 0);
    run_for(20);
    CHECK_EQ_INT(answered.count, 1);
    CHECK_EQ_INT(answered.code, 0);
    CHECK_EQ_INT(answered.status, 200);
    CHECK_EQ_STR(answered.variables, "{\"s\":200}");
    CHECK_EQ_INT(model.calls_recorded, 0);
    run_for(50);
    CHECK_EQ_INT(model.calls_recorded, 1);
    CHECK_EQ_INT(model.row_count, 0);
    CHECK_EQ_INT(answered.count, 1);
    CHECK_EQ_INT(METRIC(calls), 1);
    CHECK_EQ_INT(METRIC(attempts[0]), 1);
    CHECK_EQ_INT(METRIC(delivered), 0);
    world_close();
}

TEST(a_call_that_fails_is_not_tried_again)
{
    open_soon();
    answer_with(0, 503);
    CHECK_EQ_INT(call(), 0);
    run_for(10000);
    CHECK_EQ_INT(answered.code, PL_E_HTTP_STATUS);
    CHECK_EQ_STR(answered.text, "status 503 is not a success");
    CHECK_EQ_INT(w.sends, 1);
    answer_with(PL_E_CONNECT, 0);
    CHECK_EQ_INT(call(), 0);
    run_for(10000);
    CHECK_EQ_INT(answered.code, PL_E_CONNECT);
    CHECK_EQ_STR(answered.text, "the test's network says so");
    CHECK_EQ_INT(model.calls_recorded, 2);
    world_close();
}

static int64_t timeout_seen_ms, connect_timeout_seen_ms;

static reply see_timeout(const pl_exchange *x)
{
    timeout_seen_ms = x->request.timeout_ms;
    connect_timeout_seen_ms = x->request.connect_timeout_ms;
    return (reply){.delay_ms = 1, .status = 200};
}

TEST(the_nearest_timeout_counts)
{
    scripts *s = open_soon();
    w.reply_of = see_timeout;
    CHECK_EQ_INT(call(), 0);
    CHECK_EQ_INT(timeout_seen_ms, 5000); /* the setting for calls */
    CHECK_EQ_INT(connect_timeout_seen_ms, 5000);
    post_event(NULL, "0");
    run_for(10);
    CHECK_EQ_INT(timeout_seen_ms, 10000); /* and for deliveries */
    s->policies[0].timeout_ms = 2500;
    s->policies[0].connect_timeout_ms = 700;
    CHECK_EQ_INT(call(), 0);
    CHECK_EQ_INT(timeout_seen_ms, 2500);
    CHECK_EQ_INT(connect_timeout_seen_ms, 700);
    CHECK_EQ_INT(call_of(PL_KIND_CALL, false, 900), 0);
    CHECK_EQ_INT(timeout_seen_ms, 900);
    run_for(10);
    world_close();
}

TEST(more_calls_than_the_limit_are_refused)
{
    open_soon();
    w.settings.limit_calls = 3;
    for (int i = 0; i < 3; i++)
        CHECK_EQ_INT(call(), 0);
    CHECK_EQ_INT(call(), PL_E_BUSY);
    CHECK_EQ_INT(METRIC(in_flight), 3);
    run_for(100);
    CHECK_EQ_INT(METRIC(in_flight), 0);
    CHECK_EQ_INT(call(), 0);
    run_for(100);
    CHECK_EQ_INT(w.sends, 4);
    world_close();
}

TEST(records_that_are_behind_do_not_hold_up_calls_until_they_are_many)
{
    open_soon();
    w.settings.limit_calls = 3;
    w.op_delay_ms = 1000;
    for (int i = 0; i < 24; i++) { /* eight times the limit, of which half are told at once */
        CHECK_EQ_INT(call(), 0);
        run_for(20);
        CHECK_EQ_INT(answered.count, i < 12);
    }
    CHECK_EQ_INT(call(), PL_E_BUSY);
    CHECK_EQ_INT(answered.count, 0);
    run_for(1000);
    CHECK_EQ_INT(model.calls_recorded, 24);
    CHECK_EQ_INT(answered.count, 12);
    CHECK_EQ_INT(call(), 0);
    run_for(20);
    CHECK_EQ_INT(answered.count, 1);
    run_for(2000);
    world_close();
}

/* -- turns -- */

static int answered_posts(void)
{
    int count = 0;
    for (const post *p = w.posts; p; p = p->next)
        count += p->answers;
    return count;
}

/* What is committed at once is answered at once; of the deliveries that begin, calls are not kept
 * waiting. */
TEST(answers_come_before_deliveries_and_deliveries_in_turns)
{
    open_soon();
    run_for(1000); /* the first claim is over */
    for (int i = 0; i < 40; i++)
        post_event(NULL, "0");
    w.now_ms += 1;
    CHECK(store_run());
    CHECK(turn(w.workers));
    CHECK_EQ_INT(answered_posts(), 40);
    CHECK_EQ_INT(w.sends, 0);
    for (int begun = 16; begun < 40; begun += 16) {
        CHECK(turn(w.workers));
        CHECK_EQ_INT(w.sends, begun);
    }
    CHECK(turn(w.workers));
    CHECK_EQ_INT(w.sends, 40);
    run_for(1000);
    CHECK_EQ_INT(METRIC(delivered), 40);
    world_close();
}

/* -- for which records somebody waits -- */

static int that_can_wait, that_cannot;

static void count_records(const pl_op *op)
{
    if (op->kind == PL_OP_RECORD) ++*(op->can_wait ? &that_can_wait : &that_cannot);
}

static scripts *open_and_count(void)
{
    scripts *s = open_soon();
    w.spy.submitted = count_records;
    that_can_wait = that_cannot = 0;
    return s;
}

TEST(nobody_waits_for_the_record_of_what_is_over)
{
    open_and_count();
    call();
    post_event(NULL, "0");
    run_for(100);
    CHECK_EQ_INT(that_can_wait, 2);
    CHECK_EQ_INT(that_cannot, 0);
    world_close();
}

TEST(a_client_waits_for_the_record_of_its_delivery)
{
    open_and_count();
    post *p = post_waiting("0");
    run_for(100);
    CHECK_EQ_INT(that_can_wait, 0);
    CHECK_EQ_INT(that_cannot, 1);
    post_free(p);
    world_close();
}

TEST(the_next_attempt_waits_for_the_record_of_this_one)
{
    open_and_count();
    answer_with(0, 503);
    post_event(NULL, "0");
    run_for(100);
    CHECK_EQ_INT(that_can_wait, 0);
    CHECK_EQ_INT(that_cannot, 1);
    world_close();
}

TEST(the_next_of_a_key_waits_for_the_record_of_this_one)
{
    scripts *s = open_and_count();
    s->ordered[0] = true;
    post_event(NULL, "0");
    run_for(100);
    CHECK_EQ_INT(that_can_wait, 0);
    CHECK_EQ_INT(that_cannot, 1);
    world_close();
}

TEST(who_wants_room_waits_for_records)
{
    open_and_count();
    w.settings.limit_calls = 1; /* eight records may be behind */
    w.op_delay_ms = 1000;
    for (int i = 0; i < 6; i++) {
        CHECK_EQ_INT(call(), 0);
        run_for(20);
    }
    CHECK_EQ_INT(that_can_wait, 4);
    CHECK_EQ_INT(that_cannot, 2);
    run_for(2000);
    world_close();
}

TEST(who_stops_the_engine_waits_for_records)
{
    open_and_count();
    call();
    run_for(10);
    pl_engine_stop(w.engine);
    run_for(100);
    CHECK_EQ_INT(that_can_wait, 0);
    CHECK_EQ_INT(that_cannot, 1);
    world_close();
}

TEST(a_dry_run_ends_before_send_and_leaves_no_trace)
{
    scripts *s = open_soon();
    run_for(10);
    answered = (struct answered){0};
    CHECK_EQ_INT(call_of(PL_KIND_TRY, true, 0), 0);
    CHECK_EQ_INT(answered.count, 1);
    CHECK_EQ_INT(answered.code, 0);
    CHECK_EQ_STR(answered.method, "POST");
    s->plans[PL_STAGE_AUTHENTICATE].code = PL_E_AUTH;
    CHECK_EQ_INT(call_of(PL_KIND_TRY, true, 0), 0);
    CHECK_EQ_INT(answered.code, PL_E_AUTH);
    run_for(10);
    CHECK_EQ_INT(w.sends, 0);
    CHECK_EQ_INT(w.op_counts[PL_OP_RECORD], 0);
    CHECK_EQ_INT(METRIC(attempts[0]) + METRIC(attempts[-PL_E_AUTH]), 0);
    CHECK_EQ_INT(METRIC(calls), 0);
    CHECK_EQ_INT(METRIC(in_flight), 0);
    s->plans[PL_STAGE_AUTHENTICATE].code = 0;
    CHECK_EQ_INT(call_of(PL_KIND_TRY, false, 0), 0); /* a real try is sent and recorded */
    run_for(100);
    CHECK_EQ_INT(model.calls_recorded, 1);
    world_close();
}

TEST(the_record_of_a_call_is_given_up_loudly)
{
    for (int refuses = 0; refuses < 2; refuses++) {
        open_soon();
        run_for(1);
        w.op_result = PL_E_STORE_FULL;
        w.op_refused = refuses == 1;
        CHECK_EQ_INT(call(), 0);
        run_for(9000);
        CHECK_EQ_INT(answered.code, 0);
        CHECK_EQ_INT(METRIC(records_lost), 0);
        CHECK_EQ_INT(METRIC(in_flight), 0); /* it was answered */
        run_for(2000);
        CHECK_EQ_INT(METRIC(records_lost), 1);
        CHECK_EQ_INT(METRIC(in_flight), 0);
        CHECK_EQ_INT(w.op_counts[PL_OP_RECORD], 20);
        CHECK_EQ_INT(w.recorded, 0);
        world_close();
    }
}

TEST(the_record_of_a_call_is_written_when_the_store_recovers)
{
    open_soon();
    w.op_result = PL_E_STORE;
    CHECK_EQ_INT(call(), 0);
    run_for(5000);
    w.op_result = 0;
    run_for(1000);
    CHECK_EQ_INT(model.calls_recorded, 1);
    CHECK_EQ_INT(METRIC(records_lost), 0);
    world_close();
}

/* -- scripts that wait -- */

static int64_t script_us;

static void note_script(const pl_record *record)
{
    script_us = record->attempt->timings.script_us;
}

TEST(each_script_stage_may_wait)
{
    scripts *s = open_soon();
    w.watch = note_script;
    s->plans[PL_STAGE_RENDER].wait_ms = 1000;
    s->plans[PL_STAGE_AUTHENTICATE].wait_ms = 2000;
    s->plans[PL_STAGE_MAP].wait_ms = 3000;
    post_event(NULL, "0");
    run_for(2999);
    CHECK_EQ_INT(w.sends, 0);
    run_for(1);
    CHECK_EQ_INT(w.sends, 1);
    run_for(3019);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_PENDING);
    run_for(1);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_DELIVERED);
    CHECK_EQ_INT(script_us, 6000000); /* and nothing of the 20 ms of the transfer */
    world_close();
}

TEST(a_script_that_waits_and_then_fails)
{
    scripts *s = open_soon();
    s->plans[PL_STAGE_AUTHENTICATE] = (plan){.code = PL_E_AUTH, .wait_ms = 30};
    CHECK_EQ_INT(call(), 0);
    run_for(29);
    CHECK_EQ_INT(answered.count, 0);
    run_for(1);
    CHECK_EQ_INT(answered.code, PL_E_AUTH);
    CHECK_EQ_STR(answered.text, "the test's script says so");
    world_close();
}

TEST(a_script_may_not_wait_longer_than_the_timeout)
{
    scripts *s = open_soon();
    s->plans[PL_STAGE_RENDER].wait_ms = FOREVER;
    CHECK_EQ_INT(call(), 0);
    run_for(4999);
    CHECK_EQ_INT(answered.count, 0);
    run_for(1);
    CHECK_EQ_INT(answered.code, PL_E_TIMEOUT);
    CHECK_EQ_INT(w.sends, 0);
    CHECK(w.waits == NULL); /* what the script held is released */
    post_event(NULL, "0");
    run_for(10100);
    CHECK_EQ_STR(model.rows[0]->outcome, "timeout");
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_PENDING);
    world_close();
}

/* The receiver has taken it: to send it again because a mapper hangs would be wrong. */
TEST(a_mapper_that_waits_too_long_does_not_cause_a_second_delivery)
{
    scripts *s = open_soon();
    s->plans[PL_STAGE_MAP].wait_ms = FOREVER;
    post_event(NULL, "0");
    run_for(20000);
    CHECK_EQ_STR(model.rows[0]->outcome, "map");
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_FAILED);
    CHECK_EQ_INT(w.sends, 1);
    world_close();
}

TEST(all_scripts_and_the_transfer_together_have_the_time_of_the_timeout)
{
    scripts *s = open_soon();
    w.reply_of = see_timeout;
    s->plans[PL_STAGE_RENDER].wait_ms = 1000;
    s->plans[PL_STAGE_AUTHENTICATE].wait_ms = 2000;
    CHECK_EQ_INT(call(), 0);
    run_for(3001);
    CHECK_EQ_INT(answered.code, 0);
    CHECK_EQ_INT(timeout_seen_ms, 2000); /* of 5000 */
    s->plans[PL_STAGE_AUTHENTICATE].wait_ms = 4500;
    CHECK_EQ_INT(call(), 0);
    run_for(5000);
    CHECK_EQ_INT(answered.code, PL_E_TIMEOUT);
    CHECK_EQ_INT(w.sends, 1);
    world_close();
}

static int64_t deadline_seen_ms;

/* A script that asks for more time, and uses it. */
static plan ask_for_a_minute(pl_exchange *x)
{
    deadline_seen_ms = x->deadline_ms;
    if (x->stage == PL_STAGE_RENDER) pl_exchange_set_timeout(x, 60000);
    return (plan){.wait_ms = x->stage == PL_STAGE_AUTHENTICATE ? 20000 : -1};
}

TEST(a_script_may_move_the_deadline)
{
    open_soon();
    w.plan_of = ask_for_a_minute;
    w.reply_of = see_timeout;
    int64_t began_ms = EPOCH_MS + w.now_ms;
    CHECK_EQ_INT(call(), 0);
    CHECK_EQ_INT(deadline_seen_ms - began_ms, 60000);
    run_for(20001);
    CHECK_EQ_INT(answered.code, 0);
    CHECK_EQ_INT(timeout_seen_ms, 40000);
    world_close();
}

/* -- a 401 -- */

static int keep_statuses[8], keep_count;
static char keep_trace[400];

static void keep_rounds(const pl_record *r)
{
    keep_statuses[keep_count++ % 8] = r->attempt->status;
    snprintf(keep_trace, sizeof keep_trace, "%.*s", PL_FMT(r->attempt->trace));
}

static scripts *open_unauthorized(bool is_asked)
{
    scripts *s = open_soon();
    for (int i = 0; i < WEBHOOKS; i++)
        s->policies[i].has_on_unauthorized = is_asked;
    s->plans[PL_STAGE_REAUTHORIZE].code = PL_AGAIN;
    w.watch = keep_rounds;
    keep_count = 0;
    return s;
}

/* The first request gets a 401, later ones what `w.reply` says. */
static reply refuse_first(const pl_exchange *x)
{
    timeout_seen_ms = x->request.timeout_ms;
    connect_timeout_seen_ms = x->request.connect_timeout_ms;
    return w.sends == 0 ? (reply){.delay_ms = 1000, .status = 401} : w.reply;
}

TEST(a_401_may_be_followed_by_a_second_round_which_is_part_of_the_attempt)
{
    static const int64_t waits[] = {-1, 500};
    for (size_t i = 0; i < 2; i++) {
        scripts *s = open_unauthorized(true);
        s->plans[PL_STAGE_REAUTHORIZE].wait_ms = waits[i];
        w.reply_of = refuse_first;
        post_event(NULL, "0");
        run_for(1600);
        CHECK_EQ_INT(w.sends, 2);
        CHECK_EQ_INT(s->asked, 1);
        CHECK_EQ_INT(s->rendered, 2);
        CHECK_EQ_INT(timeout_seen_ms, i == 0 ? 9000 : 8500); /* of 10000 */
        CHECK_EQ_INT(connect_timeout_seen_ms, 5000);
        CHECK_EQ_INT(model.rows[0]->state, PL_STATE_DELIVERED);
        CHECK_EQ_INT(model.rows[0]->attempts, 1);
        CHECK_EQ_INT(METRIC(attempts[0]), 1);
        CHECK_EQ_INT(keep_count, 1);
        CHECK_EQ_INT(keep_statuses[0], 200);
        const char *trace = i == 0 ? "[{\"at_ms\":1000.000," : "[{\"at_ms\":1500.000,";
        CHECK(strncmp(keep_trace, trace, strlen(trace)) == 0);
        CHECK(strstr(keep_trace, "\"kind\":\"round\",\"status\":401,") != NULL);
        world_close();
    }
}

TEST(a_second_401_is_the_answer)
{
    scripts *s = open_unauthorized(true);
    answer_with(0, 401);
    CHECK_EQ_INT(call(), 0);
    run_for(100);
    CHECK_EQ_INT(answered.code, PL_E_HTTP_STATUS);
    CHECK_EQ_STR(answered.text, "status 401 is not a success");
    CHECK_EQ_INT(w.sends, 2);
    CHECK_EQ_INT(s->asked, 1);
    world_close();
}

TEST(a_401_that_is_left_is_the_answer)
{
    scripts *s = open_unauthorized(true);
    s->plans[PL_STAGE_REAUTHORIZE].code = 0;
    answer_with(0, 401);
    CHECK_EQ_INT(call(), 0);
    run_for(100);
    CHECK_EQ_INT(answered.code, PL_E_HTTP_STATUS);
    CHECK_EQ_STR(answered.variables, "{\"s\":401}"); /* and is mapped */
    CHECK_EQ_INT(w.sends, 1);
    CHECK_EQ_STR(keep_trace, "");
    world_close();
}

TEST(nobody_is_asked_of_other_answers_or_where_the_policy_does_not_say_so)
{
    static const int statuses[] = {200, 400, 403, 407, 500};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        scripts *s = open_unauthorized(true);
        answer_with(0, statuses[i]);
        CHECK_EQ_INT(call(), 0);
        run_for(100);
        CHECK_EQ_INT(s->asked, 0);
        CHECK_EQ_INT(w.sends, 1);
        world_close();
    }
    scripts *s = open_unauthorized(false);
    answer_with(0, 401);
    CHECK_EQ_INT(call(), 0);
    run_for(100);
    CHECK_EQ_INT(s->asked, 0);
    CHECK_EQ_INT(answered.status, 401);
    world_close();
}

TEST(who_is_asked_may_fail_or_take_too_long)
{
    scripts *s = open_unauthorized(true);
    s->plans[PL_STAGE_REAUTHORIZE] = (plan){.code = PL_E_AUTH, .wait_ms = 30};
    answer_with(0, 401);
    CHECK_EQ_INT(call(), 0);
    run_for(100);
    CHECK_EQ_INT(answered.code, PL_E_AUTH);
    CHECK_EQ_STR(answered.text, "the test's script says so");
    s->plans[PL_STAGE_REAUTHORIZE].wait_ms = FOREVER;
    CHECK_EQ_INT(call(), 0);
    run_for(5000);
    CHECK_EQ_INT(answered.code, PL_E_TIMEOUT);
    CHECK(w.waits == NULL);
    CHECK_EQ_INT(w.sends, 2);
    world_close();
}

TEST(both_rounds_together_have_the_time_of_the_timeout)
{
    scripts *s = open_unauthorized(true);
    w.reply_of = refuse_first;
    s->plans[PL_STAGE_REAUTHORIZE].wait_ms = 4000; /* 5000 with the first round: nothing is left */
    CHECK_EQ_INT(call_of(PL_KIND_CALL, false, 5000), 0);
    run_for(5100);
    CHECK_EQ_INT(answered.code, PL_E_TIMEOUT);
    CHECK_EQ_INT(w.sends, 1);
    CHECK_EQ_INT(answered.at_ms, 5000);
    world_close();
}

/* -- hooks that hear of failures -- */

static scripts *open_heard(void)
{
    scripts *s = open_soon();
    for (int i = 0; i < WEBHOOKS; i++)
        s->policies[i].has_on_failed = true;
    w.watch = keep_rounds;
    keep_count = 0;
    return s;
}

TEST(a_failure_in_any_stage_is_heard_of_before_it_is_recorded)
{
    static const struct {
        enum pl_stage stage;
        int code, status, heard;
    } cases[] = {
        {PL_STAGE_RENDER, PL_E_SCRIPT, 200, PL_E_SCRIPT},
        {PL_STAGE_AUTHENTICATE, PL_E_AUTH, 200, PL_E_AUTH},
        {PL_STAGE_MAP, PL_E_SCRIPT, 200, PL_E_MAP},
        {PL_STAGE_MAP, 0, 503, PL_E_HTTP_STATUS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        scripts *s = open_heard();
        answer_with(0, cases[i].status);
        s->plans[cases[i].stage].code = cases[i].code;
        s->plans[PL_STAGE_FAILED].wait_ms = 1000;
        post_event(NULL, "0");
        run_for(999);
        CHECK_EQ_INT(s->heard, 1);
        CHECK_EQ_INT(s->heard_error, cases[i].heard);
        CHECK_EQ_INT(s->heard_will_retry, cases[i].heard != PL_E_MAP);
        CHECK_EQ_INT(keep_count, 0);
        run_for(100);
        CHECK_EQ_INT(keep_count, 1);
        CHECK_EQ_STR(model.rows[0]->outcome, pl_err_name(cases[i].heard));
        world_close();
    }
}

TEST(a_hook_that_fails_changes_nothing_and_stands_in_the_trace)
{
    scripts *s = open_heard();
    answer_with(PL_E_CONNECT, 0);
    s->plans[PL_STAGE_FAILED].code = PL_E_SCRIPT;
    CHECK_EQ_INT(call(), 0);
    run_for(100);
    CHECK_EQ_INT(answered.code, PL_E_CONNECT);
    CHECK_EQ_STR(answered.text, "the test's network says so");
    CHECK_EQ_STR(s->heard_text, "the test's network says so");
    CHECK(!s->heard_will_retry);
    CHECK(strstr(keep_trace, "\"fields\":{\"error\":\"the test's script says so\"}") != NULL);
    world_close();
}

/* Time-outs are what hooks hear of most: they have a time of their own. */
TEST(a_hook_has_its_own_time_unless_a_caller_waits)
{
    scripts *s = open_heard();
    s->plans[PL_STAGE_RENDER].wait_ms = FOREVER;
    s->plans[PL_STAGE_FAILED].wait_ms = FOREVER;
    post_event(NULL, "0");
    run_for(10000);
    CHECK_EQ_INT(s->heard_error, PL_E_TIMEOUT);
    CHECK_EQ_INT(keep_count, 0);
    run_for(5100); /* timeouts.hook */
    CHECK_EQ_INT(keep_count, 1);
    CHECK_EQ_STR(model.rows[0]->outcome, "timeout");
    CHECK(strstr(keep_trace, "a script waited longer") != NULL);
    s->plans[PL_STAGE_RENDER] = (plan){.code = PL_E_SCRIPT, .wait_ms = 4000};
    CHECK_EQ_INT(call(), 0);
    int64_t began_ms = w.now_ms;
    run_for(5100);
    CHECK_EQ_INT(answered.code, PL_E_SCRIPT);
    CHECK_EQ_INT(answered.at_ms - began_ms, 5000);
    world_close();
}

TEST(what_is_no_failure_is_not_heard_of)
{
    scripts *s = open_heard();
    post_event(NULL, "0");
    run_for(100);
    s->when_says_no = true;
    post_event(NULL, "0?");
    run_for(100);
    s->plans[PL_STAGE_RENDER].code = PL_E_SCRIPT;
    CHECK_EQ_INT(call_of(PL_KIND_TRY, true, 0), 0);
    run_for(100);
    CHECK_EQ_INT(s->heard, 0);
    s->plans[PL_STAGE_RENDER] = (plan){.wait_ms = FOREVER};
    CHECK_EQ_INT(call(), 0);
    pl_engine_abandon(w.engine);
    CHECK_EQ_INT(answered.code, PL_E_STOPPING);
    CHECK_EQ_INT(s->heard, 0);
    world_close();
}

TEST(an_engine_that_lets_go_ends_hooks_as_well)
{
    scripts *s = open_heard();
    answer_with(PL_E_CONNECT, 0);
    s->plans[PL_STAGE_FAILED].wait_ms = FOREVER;
    post_event(NULL, "0");
    CHECK_EQ_INT(call(), 0);
    run_for(100);
    CHECK_EQ_INT(s->heard, 2);
    pl_engine_stop(w.engine);
    pl_engine_abandon(w.engine);
    CHECK_EQ_INT(answered.code, PL_E_CONNECT);
    CHECK(w.waits == NULL);
    run_for(10);
    CHECK_EQ_INT(rows_in(PL_STATE_PENDING), 1);
    world_close();
}

/* -- what is recorded -- */

static char *recorded_fields, *recorded_body, *recorded_error;
static pl_attempt recorded;

static void forget_record(void)
{
    free(recorded_fields), free(recorded_body), free(recorded_error);
    recorded_fields = recorded_body = recorded_error = NULL;
}

static void keep_record(const pl_record *r)
{
    forget_record();
    recorded = *r->attempt;
    recorded_fields = text_of(r->attempt->request_fields);
    recorded_body = text_of(r->attempt->response_body);
    recorded_error = text_of(r->attempt->error);
}

static char long_body[200];

static void record_one(int64_t cap)
{
    open_soon();
    w.settings.limit_recorded_body = cap;
    w.watch = keep_record;
    w.reply.body = long_body;
    post_event(NULL, "0");
    run_for(100);
    world_close();
}

static const char *const credentials[] = {"Proxy-Authorization", "COOKIE",  "Set-Cookie",
                                          "x-api-key",           "Api-Key", "X-Auth-Token"};
static const char *const no_credentials[] = {"Cookies", "Accept", "X-Api-Keys", "x-auth-tokem",
                                             "A"};

static void add_fields(worker *me, pl_exchange *x)
{
    (void)me;
    for (size_t i = 0; i < sizeof credentials / sizeof *credentials; i++)
        pl_request_set_field(&x->request, &x->arena, pl_slice_of(credentials[i]), PL_SLICE("abc"));
    for (size_t i = 0; i < sizeof no_credentials / sizeof *no_credentials; i++)
        pl_request_set_field(&x->request, &x->arena, pl_slice_of(no_credentials[i]),
                             PL_SLICE("abc"));
}

TEST(fields_that_carry_credentials_are_masked_whoever_sets_them)
{
    open_soon();
    w.settings.limit_recorded_body = 1000;
    w.watch = keep_record;
    w.spy.sent = add_fields;
    post_event(NULL, "0");
    run_for(100);
    world_close();
    CHECK_EQ_STR(recorded_fields,
                 "Authorization: ***\r\nProxy-Authorization: ***\r\nCOOKIE: ***\r\n"
                 "Set-Cookie: ***\r\nx-api-key: ***\r\nApi-Key: ***\r\nX-Auth-Token: ***\r\n"
                 "Cookies: abc\r\nAccept: abc\r\nX-Api-Keys: abc\r\nx-auth-tokem: abc\r\n"
                 "A: abc\r\n");
    forget_record();
}

TEST(credentials_are_masked_and_the_event_is_not_stored_twice)
{
    snprintf(long_body, sizeof long_body, "fine");
    record_one(1000);
    CHECK_EQ_STR(recorded_fields, "Authorization: ***\r\n");
    CHECK_EQ_STR(recorded_body, "fine");
    CHECK(recorded.body_is_event);
    CHECK_EQ_INT(recorded.request_body.len, 0);
    CHECK(recorded.request_body_bytes > 20);
    CHECK_EQ_STR(recorded_error, "");
    CHECK(recorded.stage == NULL);
    CHECK_EQ_INT(recorded.number, 1);
    CHECK_EQ_INT(recorded.status, 200);
    forget_record();
}

TEST(bodies_are_capped_between_characters)
{
    snprintf(long_body, sizeof long_body, "ab\xf0\x9f\x98\x80zz"); /* U+1F600 is bytes 2 to 5 */
    static const size_t kept[] = {0, 1, 2, 2, 2, 2, 6, 7, 8, 8};
    for (int cap = 0; cap < 10; cap++) {
        record_one(cap);
        CHECK_EQ_INT(strlen(recorded_body), kept[cap]);
        CHECK_EQ_INT(recorded.response_body_bytes, 8);
    }
    forget_record();
}

TEST(a_cap_within_a_secret_shows_no_part_of_it)
{
    pl_secret_register(PL_SLICE("hunter2-hunter2"));
    snprintf(long_body, sizeof long_body, "{\"key\":\"hunter2-hunter2\"}");
    for (int cap = 0; cap < 30; cap++) {
        record_one(cap);
        CHECK(strstr(recorded_body, "h") == NULL);
    }
    CHECK_EQ_STR(recorded_body, "{\"key\":\"***\"}");
    forget_record();
}

static char recorded_variables[100];

static void keep_variables(const pl_record *r)
{
    snprintf(recorded_variables, sizeof recorded_variables, "%.*s", PL_FMT(r->attempt->variables));
}

/* A secret may look like a number; the row is JSON all the same. */
TEST(variables_with_a_secret_stay_json)
{
    open_soon();
    w.watch = keep_variables;
    pl_secret_register(PL_SLICE("2004"));
    w.reply.status = 2004;
    post_event(NULL, "0");
    run_for(100);
    CHECK_EQ_STR(recorded_variables, "{\"s\":\"***\"}");
    world_close();
}

/* -- clients that wait -- */

TEST(a_waiting_client_is_told_what_became_of_each)
{
    open_soon();
    post *p = post_waiting("01");
    run_for(10);
    CHECK_EQ_INT(p->answers, 1);
    CHECK_EQ_INT(p->in->unsettled, 2);
    CHECK_EQ_INT(p->settled, 0);
    run_for(20);
    CHECK_EQ_INT(p->in->unsettled, 0);
    CHECK_EQ_INT(p->settled, 2);
    const pl_settlement *s = &p->in->settlements[0][1];
    CHECK(s->is_settled);
    CHECK_EQ_INT(s->state, PL_STATE_DELIVERED);
    CHECK_EQ_STR(s->outcome, "ok");
    CHECK_EQ_INT(s->status, 200);
    CHECK_EQ_INT(s->attempts, 1);
    CHECK_EQ_SLICE(s->variables, PL_SLICE("{\"s\":200}"));
    world_close();
}

TEST(a_waiting_client_hears_of_attempts_and_stops_at_the_horizon)
{
    open_soon();
    answer_with(0, 503);
    post *p = post_waiting("0");
    run_for(100);
    const pl_settlement *s = &p->in->settlements[0][0];
    CHECK(!s->is_settled);
    CHECK_EQ_INT(s->attempts, 1);
    CHECK_EQ_STR(s->outcome, "http_status");
    CHECK_EQ_INT(p->settled, 1);
    CHECK_EQ_INT(p->in->unsettled, 1);
    run_for(5000); /* the next attempt is 300 s ahead */
    CHECK(s->is_settled);
    CHECK_EQ_INT(s->state, PL_STATE_PENDING);
    CHECK_EQ_INT(s->attempts, 2);
    CHECK_EQ_INT(p->settled, 2);
    CHECK_EQ_INT(p->in->unsettled, 0);
    run_for(310000);
    CHECK_EQ_INT(p->settled, 2);
    world_close();
}

TEST(a_client_may_stop_waiting_at_any_moment)
{
    static const int64_t moments[] = {1, 10, 22, 100, 4000, 5030, 6000};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        open_soon();
        w.op_delay_ms = 1;
        w.settings.limit_in_flight = 1;
        answer_with(0, 503);
        post *p = post_waiting("012");
        run_for(moments[i]);
        CHECK_EQ_INT(p->answers, 1);
        post_free(p);
        answer_with(0, 200);
        run_for(400000);
        CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 3);
        world_close();
    }
}

TEST(duplicates_leave_nothing_to_wait_for)
{
    open_soon();
    post_event("same", "01");
    run_for(100);
    post *p = post_new(1);
    post_add(p, "same", "01");
    p->in->waits = true;
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
    run_for(100);
    CHECK(p->in->commit.events[0].is_duplicate);
    CHECK_EQ_INT(p->in->unsettled, 0);
    world_close();
}

TEST(a_cancelled_delivery_is_settled)
{
    open_soon();
    w.settings.limit_in_flight = 2;
    answer_with(0, 503);
    w.reply.delay_ms = 2000;
    post *p = post_waiting("012");
    run_for(100);
    command(model.rows[0]->id, PL_COMMAND_CANCEL); /* under way */
    command(model.rows[2]->id, PL_COMMAND_CANCEL); /* in the queue */
    CHECK_EQ_INT(p->in->unsettled, 2);
    CHECK_EQ_INT(p->settled, 1);
    run_for(2000);
    CHECK_EQ_INT(p->in->unsettled, 1);
    command(model.rows[1]->id, PL_COMMAND_CANCEL); /* waits for its retry */
    CHECK_EQ_INT(p->in->unsettled, 0);
    for (int i = 0; i < 3; i++) {
        CHECK(p->in->settlements[0][i].is_settled);
        CHECK_EQ_INT(p->in->settlements[0][i].state, PL_STATE_CANCELLED);
    }
    world_close();
}

TEST(waiting_clients_do_not_pass_the_limit_of_memory)
{
    open_soon();
    w.settings.limit_resident = 2;
    post *p = post_waiting("0123");
    run_for(10);
    CHECK_EQ_INT(p->answers, 1);
    CHECK_EQ_INT(p->in->unsettled, 2);
    CHECK(p->in->settlements[0][3].is_settled);
    CHECK_EQ_INT(p->in->settlements[0][3].state, PL_STATE_PENDING);
    run_for(2000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 4);
    CHECK_EQ_INT(w.most_resident, 2);
    world_close();
}

/* -- stopping -- */

TEST(a_stopped_engine_finishes_what_is_under_way_and_begins_nothing)
{
    open_soon();
    w.settings.limit_in_flight = 1;
    w.op_delay_ms = 5;
    post_event(NULL, "01");
    run_for(10);
    CHECK_EQ_INT(w.sends, 1);
    pl_engine_stop(w.engine);
    CHECK(!pl_engine_is_idle(w.engine));
    CHECK_EQ_INT(call(), PL_E_STOPPING);
    post *p = post_new(1);
    post_add(p, NULL, "0");
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), PL_E_STOPPING);
    run_for(20);
    CHECK(pl_engine_is_idle(w.engine));
    run_for(10000);
    CHECK_EQ_INT(w.sends, 1);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_DELIVERED);
    CHECK_EQ_INT(model.rows[1]->state, PL_STATE_PENDING);
    engine_kill();
    engine_open(scripts_new(soon, 2));
    run_for(100);
    CHECK_EQ_INT(model.rows[1]->state, PL_STATE_DELIVERED);
    CHECK_EQ_INT(model.rows[1]->attempts, 1);
    world_close();
}

TEST(a_commit_under_way_is_waited_for)
{
    open_soon();
    run_for(10);
    w.op_delay_ms = 50;
    post *p = post_event(NULL, "0");
    pl_engine_stop(w.engine);
    CHECK(!pl_engine_is_idle(w.engine));
    run_for(50);
    CHECK_EQ_INT(p->code, 0);
    CHECK_EQ_INT(p->answers, 1);
    CHECK(pl_engine_is_idle(w.engine));
    CHECK_EQ_INT(w.sends, 0);
    world_close();
}

TEST(abandon_lets_go_and_answers_the_callers)
{
    scripts *s = open_soon();
    w.reply.delay_ms = FOREVER;
    post_event(NULL, "012");
    CHECK_EQ_INT(call(), 0);
    run_for(10);
    s->plans[PL_STAGE_RENDER].wait_ms = FOREVER;
    post_event(NULL, "3");
    CHECK_EQ_INT(call_of(PL_KIND_TRY, true, 0), 0);
    run_for(10);
    pl_engine_stop(w.engine);
    pl_engine_abandon(w.engine);
    CHECK_EQ_INT(answered.count, 2);
    CHECK_EQ_INT(answered.code, PL_E_STOPPING);
    CHECK_EQ_INT(w.unsends, 4);
    run_for(10); /* the record of the call */
    CHECK(pl_engine_is_idle(w.engine));
    CHECK_EQ_INT(model.calls_recorded, 1);
    CHECK_EQ_INT(rows_in(PL_STATE_PENDING), 4);
    CHECK_EQ_INT(model.rows[0]->recorded, 0);
    world_close();
}

TEST(an_engine_that_cannot_record_lets_go_in_the_end)
{
    open_soon();
    post_event(NULL, "0");
    CHECK_EQ_INT(call(), 0);
    run_for(10);
    w.op_refused = true;
    pl_engine_stop(w.engine);
    run_for(1000);
    CHECK_EQ_INT(METRIC(records_lost), 1);
    CHECK(!pl_engine_is_idle(w.engine)); /* the delivery's */
    pl_engine_abandon(w.engine);
    world_close();
}

int main(void)
{
    return RUN(
        CASE(a_receiver_is_left_alone_for_as_long_as_it_asks_for),
        CASE(a_destination_that_fails_is_left_alone_and_no_attempt_is_used_up),
        CASE(a_call_to_a_destination_that_is_left_alone_fails_at_once_and_a_try_asks_it),
        CASE(one_that_is_cancelled_while_it_is_postponed_is_not_sent),
        CASE(what_is_postponed_beyond_the_horizon_waits_in_the_store),
        CASE(a_backlog_that_is_postponed_does_not_hold_up_the_loop),
        CASE(a_pause_is_for_all_deliveries_of_a_connector), CASE(a_rate_is_kept),
        CASE(a_script_says_what_is_tried_again),
        CASE(a_delivery_may_become_too_old_but_for_an_administrator),

        CASE(a_call_is_answered_at_once_and_recorded_behind),
        CASE(a_call_that_fails_is_not_tried_again), CASE(the_nearest_timeout_counts),
        CASE(more_calls_than_the_limit_are_refused),
        CASE(records_that_are_behind_do_not_hold_up_calls_until_they_are_many),
        CASE(answers_come_before_deliveries_and_deliveries_in_turns),
        CASE(nobody_waits_for_the_record_of_what_is_over),
        CASE(a_client_waits_for_the_record_of_its_delivery),
        CASE(the_next_attempt_waits_for_the_record_of_this_one),
        CASE(the_next_of_a_key_waits_for_the_record_of_this_one),
        CASE(who_wants_room_waits_for_records), CASE(who_stops_the_engine_waits_for_records),
        CASE(a_dry_run_ends_before_send_and_leaves_no_trace),
        CASE(the_record_of_a_call_is_given_up_loudly),
        CASE(the_record_of_a_call_is_written_when_the_store_recovers),
        CASE(each_script_stage_may_wait), CASE(a_script_that_waits_and_then_fails),
        CASE(a_script_may_not_wait_longer_than_the_timeout),
        CASE(a_mapper_that_waits_too_long_does_not_cause_a_second_delivery),
        CASE(all_scripts_and_the_transfer_together_have_the_time_of_the_timeout),
        CASE(a_script_may_move_the_deadline),
        CASE(a_401_may_be_followed_by_a_second_round_which_is_part_of_the_attempt),
        CASE(a_second_401_is_the_answer), CASE(a_401_that_is_left_is_the_answer),
        CASE(nobody_is_asked_of_other_answers_or_where_the_policy_does_not_say_so),
        CASE(who_is_asked_may_fail_or_take_too_long),
        CASE(both_rounds_together_have_the_time_of_the_timeout),
        CASE(a_failure_in_any_stage_is_heard_of_before_it_is_recorded),
        CASE(a_hook_that_fails_changes_nothing_and_stands_in_the_trace),
        CASE(a_hook_has_its_own_time_unless_a_caller_waits),
        CASE(what_is_no_failure_is_not_heard_of), CASE(an_engine_that_lets_go_ends_hooks_as_well),
        CASE(fields_that_carry_credentials_are_masked_whoever_sets_them),
        CASE(credentials_are_masked_and_the_event_is_not_stored_twice),
        CASE(bodies_are_capped_between_characters), CASE(a_cap_within_a_secret_shows_no_part_of_it),
        CASE(variables_with_a_secret_stay_json), CASE(a_waiting_client_is_told_what_became_of_each),
        CASE(a_waiting_client_hears_of_attempts_and_stops_at_the_horizon),
        CASE(a_client_may_stop_waiting_at_any_moment), CASE(duplicates_leave_nothing_to_wait_for),
        CASE(a_cancelled_delivery_is_settled),
        CASE(waiting_clients_do_not_pass_the_limit_of_memory),
        CASE(a_stopped_engine_finishes_what_is_under_way_and_begins_nothing),
        CASE(a_commit_under_way_is_waited_for), CASE(abandon_lets_go_and_answers_the_callers),
        CASE(an_engine_that_cannot_record_lets_go_in_the_end));
}
