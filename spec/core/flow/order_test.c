/* SPDX-License-Identifier: MIT
 *
 * Deliveries of a key in the engine: the end of one brings the next, and what is cancelled, or is to
 * give way, is let go of. Webhook 0 has an order; the ids of events that end with the same letter
 * have the same key. */
#include "world.h"

static const int64_t delays[] = {3000, 100000};

static void open_with(enum pl_order_rule rule)
{
    scripts *s = scripts_new(delays, 2);
    s->ordered[0] = true;
    s->policies[0].order = rule;
    world_open(s);
    run_for(10); /* the first claim has found nothing */
}

static void answer_with(int status)
{
    w.reply = (reply){.delay_ms = 20, .status = status};
}

static enum pl_state state_of(int n)
{
    return model.rows[n]->state;
}

TEST(the_end_of_one_brings_the_next_without_a_claim)
{
    open_with(PL_ORDER_BLOCK);
    int claims = w.op_counts[PL_OP_CLAIM];
    post_event("1-k", "0");
    post_event("2-k", "0");
    post_event("3-k", "0");
    post_event("4-l", "0");
    run_for(1);
    CHECK_EQ_INT(w.under_way, 2);
    CHECK_EQ_INT(METRIC(resident), 2);
    run_for(100);
    for (int n = 0; n < 4; n++)
        CHECK_EQ_INT(state_of(n), PL_STATE_DELIVERED);
    CHECK_EQ_INT(model.rows[1]->sent_at_ms[0] - model.rows[0]->sent_at_ms[0], 20);
    CHECK_EQ_INT(model.rows[2]->sent_at_ms[0] - model.rows[1]->sent_at_ms[0], 20);
    CHECK_EQ_INT(w.op_counts[PL_OP_CLAIM], claims);
    CHECK_EQ_INT(METRIC(delivered), 4);
    world_close();
}

TEST(where_there_is_no_place_the_next_is_claimed)
{
    open_with(PL_ORDER_BLOCK);
    w.settings.limit_resident = 8;
    for (int n = 0; n < 40; n++) {
        char id[16];
        snprintf(id, sizeof id, "%d-%c", n, "klm"[n % 3]);
        post_event(id, n % 2 ? "0" : "1");
    }
    run_for(20000);
    for (int n = 0; n < 40; n++)
        CHECK_EQ_INT(state_of(n), PL_STATE_DELIVERED);
    CHECK(METRIC(claimed) > 0);
    world_close();
}

TEST(who_waits_for_one_behind_is_told_that_it_is_pending)
{
    open_with(PL_ORDER_BLOCK);
    post_event("1-k", "0");
    post *p = post_new(1);
    post_add(p, "2-k", "0");
    p->in->waits = true;
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
    run_for(1);
    CHECK_EQ_INT(p->answers, 1);
    CHECK_EQ_INT(p->in->unsettled, 0);
    CHECK(p->in->settlements[0][0].is_settled);
    CHECK_EQ_INT(p->in->settlements[0][0].state, PL_STATE_PENDING);
    post_free(p);
    run_for(100);
    CHECK_EQ_INT(state_of(1), PL_STATE_DELIVERED);
    world_close();
}

TEST(one_that_is_cancelled_under_way_is_waited_for)
{
    open_with(PL_ORDER_BLOCK);
    post_event("1-k", "0");
    post_event("2-k", "0");
    run_for(10);
    command(model.rows[0]->id, PL_COMMAND_CANCEL);
    run_for(5);
    CHECK_EQ_INT(model.rows[1]->sends, 0);
    run_for(100);
    CHECK_EQ_INT(state_of(0), PL_STATE_CANCELLED);
    CHECK_EQ_INT(state_of(1), PL_STATE_DELIVERED);
    CHECK_EQ_INT(METRIC(cancelled), 1);
    world_close();
}

TEST(one_that_is_cancelled_in_the_queue_or_while_it_waits_lets_the_next_go)
{
    open_with(PL_ORDER_BLOCK);
    w.settings.limit_in_flight = 1;
    post_event("x", "1");
    post_event("1-k", "0");
    post_event("2-k", "0");
    run_for(1);
    command(model.rows[1]->id, PL_COMMAND_CANCEL);
    run_for(2000);
    CHECK_EQ_INT(state_of(1), PL_STATE_CANCELLED);
    CHECK_EQ_INT(model.rows[1]->sends, 0);
    CHECK_EQ_INT(state_of(2), PL_STATE_DELIVERED);
    answer_with(503);
    post_event("3-k", "0");
    post_event("4-k", "0");
    run_for(100);
    answer_with(200);
    command(model.rows[3]->id, PL_COMMAND_CANCEL);
    run_for(2000);
    CHECK_EQ_INT(model.rows[3]->sends, 1);
    CHECK_EQ_INT(state_of(4), PL_STATE_DELIVERED);
    CHECK_EQ_INT(METRIC(cancelled), 2);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

TEST(one_that_is_cancelled_and_brought_back_at_once_is_still_the_first)
{
    open_with(PL_ORDER_BLOCK);
    answer_with(503);
    post_event("1-k", "0");
    post_event("2-k", "0");
    run_for(100);
    answer_with(200);
    command(model.rows[0]->id, PL_COMMAND_CANCEL);
    command(model.rows[0]->id, PL_COMMAND_RETRY);
    run_for(4000);
    CHECK_EQ_INT(state_of(0), PL_STATE_DELIVERED);
    CHECK_EQ_INT(state_of(1), PL_STATE_DELIVERED);
    CHECK(model.rows[0]->sent_at_ms[1] < model.rows[1]->sent_at_ms[0]);
    world_close();
}

TEST(block_waits_for_an_administrator_and_skip_does_not)
{
    static const enum pl_order_rule rules[] = {PL_ORDER_BLOCK, PL_ORDER_SKIP};
    for (int i = 0; i < 2; i++) {
        open_with(rules[i]);
        answer_with(404);
        post_event("1-k", "0");
        run_for(10);
        post_event("2-k", "0");
        run_for(30);
        answer_with(200);
        run_for(5000);
        CHECK_EQ_INT(state_of(0), PL_STATE_FAILED);
        CHECK_EQ_INT(model.rows[1]->sends, i);
        command(model.rows[0]->id, PL_COMMAND_RETRY);
        run_for(5000);
        CHECK_EQ_INT(state_of(0), PL_STATE_DELIVERED);
        CHECK_EQ_INT(model.rows[1]->sends, 1);
        world_close();
    }
}

TEST(one_that_waits_in_memory_gives_way_to_a_newer)
{
    open_with(PL_ORDER_NEWEST);
    answer_with(503);
    post_event("1-k", "0");
    run_for(100);
    answer_with(200);
    post_event("2-k", "0");
    run_for(1500);
    CHECK_EQ_INT(state_of(0), PL_STATE_CANCELLED);
    CHECK_EQ_INT(model.rows[0]->sends, 1);
    CHECK_EQ_INT(state_of(1), PL_STATE_DELIVERED);
    CHECK_EQ_INT(METRIC(cancelled), 1);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

TEST(after_a_failed_attempt_the_newest_of_those_that_wait_goes)
{
    open_with(PL_ORDER_NEWEST);
    answer_with(503);
    for (int n = 0; n < 4; n++) {
        char id[8];
        snprintf(id, sizeof id, "%d-k", n);
        post_event(id, "0");
    }
    run_for(10);
    answer_with(200);
    run_for(100);
    for (int n = 0; n < 3; n++) {
        CHECK_EQ_INT(state_of(n), PL_STATE_CANCELLED);
        CHECK_EQ_INT(model.rows[n]->sends, n == 0);
    }
    CHECK_EQ_INT(state_of(3), PL_STATE_DELIVERED);
    CHECK_EQ_INT(METRIC(cancelled), 3);
    world_close();
}

int main(void)
{
    return RUN(CASE(the_end_of_one_brings_the_next_without_a_claim),
               CASE(where_there_is_no_place_the_next_is_claimed),
               CASE(who_waits_for_one_behind_is_told_that_it_is_pending),
               CASE(one_that_is_cancelled_under_way_is_waited_for),
               CASE(one_that_is_cancelled_in_the_queue_or_while_it_waits_lets_the_next_go),
               CASE(one_that_is_cancelled_and_brought_back_at_once_is_still_the_first),
               CASE(block_waits_for_an_administrator_and_skip_does_not),
               CASE(one_that_waits_in_memory_gives_way_to_a_newer),
               CASE(after_a_failed_attempt_the_newest_of_those_that_wait_goes));
}
