/* SPDX-License-Identifier: MIT
 *
 * Administrators cancel and retry deliveries, in whatever state the engine has them. */
#include "world.h"

static const int64_t standard[] = {5000, 300000, 1800000, 7200000, 18000000, 36000000, 36000000};

static void open_standard(void)
{
    world_open(scripts_new(standard, 7));
}

static void answer_with(int code, int status)
{
    w.reply = (reply){.delay_ms = 20, .code = code, .status = status};
}

TEST(cancel_while_it_waits_for_its_retry)
{
    open_standard();
    answer_with(0, 503);
    post_event(NULL, "0");
    run_for(1000);
    CHECK_EQ_INT(METRIC(resident), 1);
    command(model.rows[0]->id, PL_COMMAND_CANCEL);
    CHECK_EQ_INT(METRIC(resident), 0);
    CHECK_EQ_INT(METRIC(cancelled), 1);
    run_for(10000);
    CHECK_EQ_INT(w.sends, 1);
    world_close();
}

TEST(cancel_while_it_is_in_the_queue)
{
    open_standard();
    w.settings.limit_in_flight = 1;
    post_event(NULL, "01");
    run_for(1);
    command(model.rows[1]->id, PL_COMMAND_CANCEL);
    command(model.rows[1]->id, PL_COMMAND_CANCEL);
    run_for(1000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_DELIVERED);
    CHECK_EQ_INT(model.rows[1]->state, PL_STATE_CANCELLED);
    CHECK_EQ_INT(w.sends, 1);
    CHECK_EQ_INT(METRIC(resident), 0);
    CHECK_EQ_INT(METRIC(cancelled), 1);
    world_close();
}

TEST(cancel_while_it_is_under_way_keeps_the_attempt)
{
    static const int statuses[] = {200, 503};
    for (int i = 0; i < 2; i++) {
        open_standard();
        answer_with(0, statuses[i]);
        post_event(NULL, "0");
        run_for(10);
        command(model.rows[0]->id, PL_COMMAND_CANCEL);
        run_for(10000);
        CHECK_EQ_INT(model.rows[0]->state, PL_STATE_CANCELLED);
        CHECK_EQ_INT(model.rows[0]->recorded, 1);
        CHECK_EQ_INT(w.sends, 1);
        CHECK_EQ_INT(METRIC(resident), 0);
        CHECK_EQ_INT(METRIC(cancelled), 1);
        CHECK_EQ_INT(METRIC(delivered), 0);
        world_close();
    }
}

TEST(retry_hurries_one_that_waits)
{
    open_standard();
    answer_with(0, 503);
    post_event(NULL, "0");
    run_for(1000);
    answer_with(0, 200);
    command(model.rows[0]->id, PL_COMMAND_RETRY);
    run_for(20);
    CHECK_EQ_INT(model.rows[0]->sent_at_ms[1], 1000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_DELIVERED);
    run_for(10000);
    CHECK_EQ_INT(w.sends, 2);
    world_close();
}

TEST(retry_hurries_one_that_is_parked)
{
    open_standard();
    answer_with(0, 503);
    post_event(NULL, "0");
    run_for(10000);
    CHECK_EQ_INT(METRIC(resident), 0);
    answer_with(0, 200);
    command(model.rows[0]->id, PL_COMMAND_RETRY);
    run_for(20);
    CHECK_EQ_INT(model.rows[0]->sent_at_ms[2], 10000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_DELIVERED);
    world_close();
}

TEST(retry_of_a_failed_one_begins_the_schedule_anew)
{
    open_standard();
    answer_with(0, 404);
    post_event(NULL, "0");
    run_for(1000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_FAILED);
    answer_with(0, 503);
    command(model.rows[0]->id, PL_COMMAND_RETRY);
    run_for(101000000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_FAILED);
    CHECK_EQ_INT(model.rows[0]->attempts, 9);
    CHECK_EQ_INT(model.rows[0]->sent_at_ms[1], 1000);
    CHECK_EQ_INT(model.rows[0]->sent_at_ms[2], 6020);
    world_close();
}

/* Cancelled and retried while it never left the memory: it is there once, and goes on. */
TEST(cancel_and_retry_while_it_is_under_way)
{
    open_standard();
    answer_with(0, 503);
    post_event(NULL, "0");
    run_for(10);
    command(model.rows[0]->id, PL_COMMAND_CANCEL);
    command(model.rows[0]->id, PL_COMMAND_RETRY);
    run_for(5);
    CHECK_EQ_INT(METRIC(resident), 1);
    CHECK_EQ_INT(w.under_way, 1);
    answer_with(0, 200);
    run_for(10000);
    CHECK_EQ_INT(model.rows[0]->state, PL_STATE_DELIVERED);
    CHECK_EQ_INT(model.rows[0]->sent_at_ms[1], 5020);
    CHECK_EQ_INT(w.sends, 2);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

TEST(cancel_and_retry_while_it_is_in_the_queue)
{
    open_standard();
    w.settings.limit_in_flight = 1;
    post_event(NULL, "01");
    run_for(1);
    command(model.rows[1]->id, PL_COMMAND_CANCEL);
    command(model.rows[1]->id, PL_COMMAND_RETRY);
    run_for(1000);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 2);
    CHECK_EQ_INT(w.sends, 2);
    world_close();
}

/* Cancelled here in the queue, retried, and claimed by a faster worker: only that one sends it. */
TEST(one_that_another_worker_revived_is_left_to_it)
{
    open_standard();
    w.settings.limit_in_flight = 1;
    post_event(NULL, "01");
    run_for(1);
    row *r = model.rows[1];
    command(r->id, PL_COMMAND_CANCEL);
    store_command(r->id, PL_COMMAND_RETRY, world_wall_ms());
    row_become(r, PL_STATE_PENDING, true);
    pl_engine_nudge(w.engine, r->id, PL_COMMAND_RETRY, ++model.seq);
    run_for(1000);
    CHECK_EQ_INT(w.sends, 1);
    CHECK_EQ_INT(r->sends, 0);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

/* Who cancels tells the workers by messages, which may be slow: it was brought back since, and this
 * worker has it anew. */
TEST(a_cancel_that_comes_late_leaves_what_was_brought_back_since)
{
    open_standard();
    answer_with(0, 503);
    post_event(NULL, "0");
    run_for(1000);
    row *r = model.rows[0];
    store_command(r->id, PL_COMMAND_CANCEL, world_wall_ms());
    uint64_t cancelled_by = ++model.seq;
    store_command(r->id, PL_COMMAND_RETRY, world_wall_ms());
    model.seq++;
    pl_engine_claim_now(w.engine);
    run_for(1000);
    CHECK_EQ_INT(w.sends, 2);
    pl_engine_nudge(w.engine, r->id, PL_COMMAND_CANCEL, cancelled_by);
    CHECK_EQ_INT(METRIC(resident), 1);
    answer_with(0, 200);
    run_for(10000);
    CHECK_EQ_INT(r->state, PL_STATE_DELIVERED);
    world_close();
}

/* It was told before the last attempt was recorded, and that attempt is what it asked for. */
TEST(a_retry_that_comes_late_hurries_nothing)
{
    open_standard();
    answer_with(0, 503);
    post_event(NULL, "0");
    run_for(10);
    row *r = model.rows[0];
    store_command(r->id, PL_COMMAND_RETRY, world_wall_ms());
    uint64_t hurried_by = ++model.seq;
    run_for(1000);
    pl_engine_nudge(w.engine, r->id, PL_COMMAND_RETRY, hurried_by);
    run_for(1000);
    CHECK_EQ_INT(w.sends, 1);
    run_for(5000);
    CHECK_EQ_INT(r->sent_at_ms[1], 5020);
    world_close();
}

TEST(commands_for_deliveries_elsewhere_do_nothing)
{
    open_standard();
    pl_engine_nudge(w.engine, (pl_uuid){{1}}, PL_COMMAND_CANCEL, 1);
    pl_engine_nudge(w.engine, (pl_uuid){{1}}, PL_COMMAND_RETRY, 2);
    run_for(100);
    CHECK_EQ_INT(METRIC(cancelled), 0);
    world_close();
}

int main(void)
{
    return RUN(CASE(cancel_while_it_waits_for_its_retry), CASE(cancel_while_it_is_in_the_queue),
               CASE(cancel_while_it_is_under_way_keeps_the_attempt),
               CASE(retry_hurries_one_that_waits), CASE(retry_hurries_one_that_is_parked),
               CASE(retry_of_a_failed_one_begins_the_schedule_anew),
               CASE(cancel_and_retry_while_it_is_under_way),
               CASE(cancel_and_retry_while_it_is_in_the_queue),
               CASE(one_that_another_worker_revived_is_left_to_it),
               CASE(a_cancel_that_comes_late_leaves_what_was_brought_back_since),
               CASE(a_retry_that_comes_late_hurries_nothing),
               CASE(commands_for_deliveries_elsewhere_do_nothing));
}
