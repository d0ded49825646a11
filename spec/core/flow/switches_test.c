/* SPDX-License-Identifier: MIT
 *
 * Webhooks that are disabled: the table of switches, and what the engine makes of it in the world of
 * world.h. */
#include "flow/retry.h"
#include "world.h"

/* -- the table -- */

static char shown[200];

static void on_shown(void *arg, const pl_switch *s)
{
    (void)arg;
    size_t len = strlen(shown);
    snprintf(shown + len, sizeof shown - len, "%.*s/%.*s %.*s;", PL_FMT(s->connector),
             PL_FMT(s->webhook), PL_FMT(s->by));
}

static const char *show(pl_switches *all, const char *connector, const char *webhook)
{
    shown[0] = '\0';
    pl_switches_show(all, pl_slice_of(connector), pl_slice_of(webhook), on_shown, NULL);
    return shown;
}

static pl_switch switch_of(const char *connector, const char *webhook)
{
    return (pl_switch){.connector = pl_slice_of(connector),
                       .webhook = pl_slice_of(webhook),
                       .since_ms = EPOCH_MS,
                       .by = PL_SLICE("token ops"),
                       .reason = PL_SLICE("they are moving")};
}

TEST(what_is_off_is_known_by_both_names)
{
    pl_switches *all = pl_switches_new();
    pl_switch b = switch_of("b", "x"), a = switch_of("a", "y"), again = switch_of("b", "x");
    CHECK(!pl_switches_is_off(all, b.connector, b.webhook));
    pl_switches_off(all, &b);
    pl_switches_off(all, &a);
    again.by = PL_SLICE("another");
    pl_switches_off(all, &again); /* it was so already */
    CHECK_EQ_INT(pl_switches_count(all), 2);
    CHECK(pl_switches_is_off(all, PL_SLICE("b"), PL_SLICE("x")));
    CHECK(!pl_switches_is_off(all, PL_SLICE("b"), PL_SLICE("y")));
    CHECK(!pl_switches_is_off(all, PL_SLICE("a"), PL_SLICE("x")));
    CHECK_EQ_STR(show(all, "", ""), "a/y token ops;b/x token ops;");
    CHECK_EQ_STR(show(all, "b", ""), "b/x token ops;");
    CHECK_EQ_STR(show(all, "b", "y"), "");
    pl_switches_on(all, PL_SLICE("b"), PL_SLICE("y")); /* it is */
    pl_switches_on(all, PL_SLICE("b"), PL_SLICE("x"));
    CHECK_EQ_STR(show(all, "", ""), "a/y token ops;");
    CHECK_EQ_INT(pl_switches_count(all), 1);
    pl_switches_free(all);
}

TEST(why_it_is_off_is_said_for_people)
{
    pl_switches *all = pl_switches_new();
    pl_arena arena;
    pl_switch s = switch_of("a", "x");
    pl_arena_init(&arena);
    CHECK(pl_switches_text(all, s.connector, s.webhook, &arena) == NULL);
    s.since_ms = 1767225600000;
    pl_switches_off(all, &s);
    CHECK_EQ_STR(pl_switches_text(all, s.connector, s.webhook, &arena),
                 "the webhook is disabled since 2026-01-01T00:00:00.000Z by token ops: they are "
                 "moving");
    CHECK(pl_switches_text(all, s.connector, PL_SLICE("y"), &arena) == NULL);
    pl_arena_fini(&arena);
    pl_switches_free(all);
}

/* -- the engine -- */

static const int64_t soon[] = {1000, 1000, 1000};

/* An answer of 410 disables webhook 0. */
static void open_soon(void)
{
    scripts *s = scripts_new(soon, 3);
    pl_statuses_add(&s->policies[0].disable_on, 410, 410);
    world_open(s);
}

static reply webhook_0_is_gone(const pl_exchange *x)
{
    bool is_gone = pl_slice_eq(x->policy->webhook, PL_SLICE("0"));
    return (reply){.delay_ms = 20, .status = is_gone ? 410 : 200};
}

static void disable(const char *webhook)
{
    pl_switch s = switch_of("c", webhook);
    pl_switches_off(model.switches, &s);
}

static void enable(const char *webhook)
{
    store_enable(PL_SLICE("c"), pl_slice_of(webhook), world_wall_ms());
    pl_engine_claim_now(w.engine);
}

static bool is_disabled_0(void)
{
    return is_disabled(PL_SLICE("c"), PL_SLICE("0"));
}

TEST(an_answer_of_gone_disables_the_webhook_and_its_deliveries_wait)
{
    open_soon();
    w.reply_of = webhook_0_is_gone;
    run_for(10);
    post_event(NULL, "01");
    run_for(100);
    CHECK(is_disabled_0());
    CHECK(strncmp(show(model.switches, "c", "0"), "c/0 delivery ", 13) == 0);
    const row *first = model.rows[0];
    CHECK_EQ_INT(first->state, PL_STATE_PENDING);
    CHECK_EQ_INT(first->recorded, 1); /* its attempt is kept */
    CHECK_EQ_INT(first->status, 410);
    CHECK(first->shelved);
    for (int i = 0; i < 1000; i++)
        post_event(NULL, "0");
    post_event(NULL, "1");
    run_for(100);
    CHECK_EQ_INT(w.sends, 3);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 2);
    CHECK_EQ_INT(METRIC(resident), 0);
    CHECK_EQ_INT(METRIC(shelved), 1001);
    CHECK_EQ_INT(METRIC(parked), 0);
    CHECK_EQ_INT(METRIC(failed), 0);
    CHECK_EQ_INT(METRIC(retried), 0);
    int claims = w.op_counts[PL_OP_CLAIM], records = w.op_counts[PL_OP_RECORD];
    run_for(100000);
    CHECK(w.op_counts[PL_OP_CLAIM] - claims <= 101); /* each second, as ever */
    CHECK_EQ_INT(w.op_counts[PL_OP_RECORD], records);
    CHECK_EQ_INT(w.sends, 3);
    world_close();
}

TEST(enabled_it_gets_all_that_waited_in_order)
{
    open_soon();
    w.settings.limit_in_flight = 1;
    w.settings.limit_resident = 16;
    w.reply_of = webhook_0_is_gone;
    post_event(NULL, "0");
    run_for(100);
    for (int i = 0; i < 100; i++)
        post_event(NULL, "0");
    run_for(3600000);
    w.reply_of = NULL;
    enable("0");
    run_for(30000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 101);
    CHECK_EQ_INT(model.rows[0]->attempts, 2);
    CHECK(model.rows[0]->sent_at_ms[1] < model.rows[1]->sent_at_ms[0]);
    for (int i = 1; i < 100; i++)
        CHECK(model.rows[i]->sent_at_ms[0] < model.rows[i + 1]->sent_at_ms[0]);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

/* Its one attempt was the last of its schedule. */
TEST(enabled_it_has_all_its_attempts_again)
{
    scripts *s = scripts_new(soon, 0);
    pl_statuses_add(&s->policies[0].disable_on, 410, 410);
    s->policies[0].delays_ms = soon;
    s->policies[0].delay_count = 1;
    s->policies[0].max_age_ms = 60000;
    world_open(s);
    w.reply = (reply){.delay_ms = 20, .status = 410};
    post_event(NULL, "0");
    run_for(3600000);
    w.reply.status = 503;
    enable("0");
    run_for(10000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_FAILED);
    CHECK_EQ_INT(model.rows[0]->attempts, 3);
    world_close();
}

TEST(what_is_in_memory_leaves_it_when_its_turn_comes)
{
    open_soon();
    w.settings.limit_in_flight = 1;
    w.reply = (reply){.delay_ms = 500, .status = 503};
    run_for(10);
    post_event(NULL, "0000");
    run_for(100); /* one under way, three in the queue */
    disable("0");
    run_for(399);
    CHECK_EQ_INT(METRIC(resident), 4);
    run_for(1);
    CHECK_EQ_INT(METRIC(resident), 1); /* the one that has failed waits for its next attempt */
    run_for(1000);
    CHECK_EQ_INT(METRIC(resident), 0);
    CHECK_EQ_INT(METRIC(shelved), 4);
    CHECK_EQ_INT(w.sends, 1);
    for (int i = 0; i < 4; i++)
        CHECK_EQ_INT(model.rows[i]->recorded, i == 0);
    w.reply.status = 200;
    enable("0");
    run_for(5000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 4);
    world_close();
}

TEST(what_was_parked_does_not_come_into_memory)
{
    open_soon();
    w.settings.limit_resident = 8;
    w.reply = (reply){.delay_ms = FOREVER};
    post_event(NULL, "00000000000000000000");
    post_event(NULL, "1");
    run_for(100);
    engine_kill();
    disable("0");
    w.reply = (reply){.delay_ms = 20, .status = 200};
    scripts *s = scripts_new(soon, 3);
    engine_open(s);
    run_for(5000);
    CHECK_EQ_INT(s->rendered, 1);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 1);
    CHECK_EQ_INT(METRIC(claimed), 1);
    CHECK_EQ_INT(METRIC(shelved), 20);
    engine_kill(); /* once more: they are still known */
    engine_open(scripts_new(soon, 3));
    run_for(5000);
    CHECK_EQ_INT(METRIC(claimed), 0);
    enable("0");
    run_for(5000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 21);
    world_close();
}

TEST(who_waits_for_an_outcome_is_told_that_it_is_pending)
{
    open_soon();
    disable("0");
    post *p = post_waiting("0");
    run_for(0);
    CHECK_EQ_INT(p->answers, 1);
    CHECK_EQ_INT(p->in->unsettled, 0);
    CHECK(p->in->settlements[0][0].is_settled);
    CHECK_EQ_INT(p->in->settlements[0][0].state, PL_STATE_PENDING);
    world_close();
}

TEST(one_that_is_cancelled_while_its_webhook_is_disabled_stays_so)
{
    open_soon();
    disable("0");
    post_event(NULL, "00");
    run_for(100);
    command(model.rows[0]->id, PL_COMMAND_CANCEL);
    command(model.rows[1]->id, PL_COMMAND_RETRY); /* which does not make it go */
    run_for(5000);
    CHECK_EQ_INT(w.sends, 0);
    enable("0");
    run_for(5000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_CANCELLED);
    CHECK_EQ_INT(model.rows[1]->state, PL_STATE_DELIVERED);
    CHECK_EQ_INT(w.sends, 1);
    world_close();
}

/* -- calls and tries -- */

static struct {
    int count, code, status;
    char text[200];
} answered;

static void on_finished(pl_exchange *x)
{
    answered.count++;
    answered.code = x->error;
    answered.status = x->response.status;
    snprintf(answered.text, sizeof answered.text, "%s", x->error_text ? x->error_text : "");
}

static void call(enum pl_exchange_kind kind)
{
    pl_call c = {.kind = kind, .event = event_of("call", "x"), .finished = on_finished};
    CHECK_EQ_INT(pl_engine_call(w.engine, &c), 0);
}

TEST(a_call_fails_at_once_and_a_try_is_sent)
{
    open_soon();
    disable("0");
    call(PL_KIND_CALL);
    CHECK_EQ_INT(answered.count, 1);
    CHECK_EQ_INT(answered.code, PL_E_DISABLED);
    CHECK(strstr(answered.text, "by token ops: they are moving") != NULL);
    run_for(100);
    CHECK_EQ_INT(w.sends, 0);
    CHECK_EQ_INT(model.calls_recorded, 1);
    call(PL_KIND_TRY);
    run_for(100);
    CHECK_EQ_INT(w.sends, 1);
    CHECK_EQ_INT(answered.status, 200);
    CHECK(is_disabled_0());
    world_close();
}

TEST(what_a_call_or_a_try_is_told_disables_nothing)
{
    open_soon();
    w.reply_of = webhook_0_is_gone;
    call(PL_KIND_CALL);
    call(PL_KIND_TRY);
    run_for(100);
    CHECK_EQ_INT(answered.status, 410);
    CHECK(!is_disabled_0());
    world_close();
}

int main(void)
{
    return RUN(CASE(what_is_off_is_known_by_both_names), CASE(why_it_is_off_is_said_for_people),
               CASE(an_answer_of_gone_disables_the_webhook_and_its_deliveries_wait),
               CASE(enabled_it_gets_all_that_waited_in_order),
               CASE(enabled_it_has_all_its_attempts_again),
               CASE(what_is_in_memory_leaves_it_when_its_turn_comes),
               CASE(what_was_parked_does_not_come_into_memory),
               CASE(who_waits_for_an_outcome_is_told_that_it_is_pending),
               CASE(one_that_is_cancelled_while_its_webhook_is_disabled_stays_so),
               CASE(a_call_fails_at_once_and_a_try_is_sent),
               CASE(what_a_call_or_a_try_is_told_disables_nothing));
}
