/* SPDX-License-Identifier: MIT
 *
 * Limits of destinations, and rates of webhooks, through the engine in the world of world.h. */
#include "world.h"

static const int64_t soon[] = {1000, 1000};
static pl_limit limit;

/* Webhook 0 goes to a host that has this limit, the others elsewhere. */
static scripts *open_limited(pl_rate rate)
{
    scripts *s = scripts_new(soon, 2);
    limit = (pl_limit){.host = PL_SLICE("slow.example"), .rate = rate};
    s->urls[0] = "https://slow.example/";
    s->base.limits = (pl_limits){&limit, 1};
    world_open(s);
    return s;
}

static void post_events(int count, const char *type)
{
    for (int i = 0; i < count; i++)
        post_event(NULL, type);
}

static int delivered(const char *webhook)
{
    int count = 0;
    for (size_t i = 0; i < model.row_count; i++)
        count += model.rows[i]->state == PL_STATE_DELIVERED &&
                 strcmp(model.rows[i]->webhook, webhook) == 0;
    return count;
}

static void check_one_attempt_each(void)
{
    for (size_t i = 0; i < model.row_count; i++)
        CHECK_EQ_INT(model.rows[i]->attempts, 1);
}

TEST(a_host_gets_what_it_bears_and_other_hosts_of_the_connector_go_on)
{
    scripts *s = open_limited((pl_rate){.per_second = 10, .burst = 2});
    post_events(100, "01");
    run_for(200);
    CHECK_EQ_INT(delivered("1"), 100);
    CHECK_EQ_INT(METRIC(held_back), 96); /* two at once, and one each tenth of a second */
    for (int i = 3; i < 98; i++) {
        run_until(i * 100 + 19);
        CHECK_EQ_INT(delivered("0"), i + 1);
        run_until(i * 100 + 20);
        CHECK_EQ_INT(delivered("0"), i + 2);
    }
    run_for(1000);
    CHECK_EQ_INT(delivered("0"), 100);
    CHECK_EQ_INT(METRIC(held_back), 0);
    check_one_attempt_each();
    CHECK(s->rendered <= 100 + 2 * 100); /* each is held back once at most */
    CHECK_EQ_INT(METRIC(postponed), 98);
    world_close();
}

TEST(so_many_at_a_time_go_to_a_host)
{
    scripts *s = open_limited((pl_rate){.concurrency = 3});
    w.reply.delay_ms = 1000;
    post_events(10, "0");
    run_until(999);
    CHECK_EQ_INT(w.under_way, 3);
    run_until(4 * 1000 + 4 * PL_QUOTA_AGAIN_MS);
    CHECK_EQ_INT(delivered("0"), 10);
    CHECK_EQ_INT(w.most_under_way, 3);
    CHECK(s->rendered <= 20);
    world_close();
}

TEST(a_host_is_one_for_all_connectors_and_calls_are_not_held_back)
{
    scripts *s = open_limited((pl_rate){.per_second = 10, .burst = 1});
    s->urls[3] = s->urls[0];
    s->policies[3].connector = PL_SLICE("d");
    post_events(5, "03");
    run_until(450);
    CHECK_EQ_INT(w.sends, 5);
    for (int i = 0; i < 2; i++) {
        pl_call call = {.kind = PL_KIND_CALL, .event = event_of("call", "x")};
        CHECK_EQ_INT(pl_engine_call(w.engine, &call), 0);
    }
    CHECK_EQ_INT(w.sends, 7);
    run_until(600); /* they have taken what would have come by then */
    CHECK_EQ_INT(w.sends, 7);
    run_until(1150);
    CHECK_EQ_INT(w.sends, 12);
    world_close();
}

/* Ten places are for those that queue; the others go away until it is about their turn. */
TEST(a_long_queue_for_a_host_does_not_fill_the_memory_nor_is_it_rendered_in_circles)
{
    scripts *s = open_limited((pl_rate){.per_second = 10, .burst = 1});
    w.settings.limit_resident = 160;
    w.settings.limit_horizon = 5000;
    post_events(1000, "0");
    run_until(1000);
    CHECK(METRIC(resident) < 160);
    int64_t begun_ms = w.now_ms;
    post_events(20, "1");
    run_for(2000);
    CHECK_EQ_INT(delivered("1"), 20);
    run_until(begun_ms + 110000);
    CHECK_EQ_INT(delivered("0"), 1000);
    CHECK(s->rendered <= 20 + 3 * 1000);
    check_one_attempt_each();
    world_close();
}

TEST(what_goes_elsewhere_on_another_day_gives_its_place_back)
{
    scripts *s = open_limited((pl_rate){.concurrency = 1});
    w.reply.delay_ms = 1000;
    post_events(3, "0");
    run_until(500);
    s->urls[0] = "https://other.example/";
    run_until(2000 + 2 * PL_QUOTA_AGAIN_MS);
    CHECK_EQ_INT(delivered("0"), 3);
    CHECK_EQ_INT(pl_quota_state_of(w.quotas, PL_SLICE("//slow.example"), 0).in_flight, 0);
    world_close();
}

/* What the receiver said to one delivery holds for all of the connector, in the next process too. */
TEST(a_pause_survives_a_restart)
{
    scripts *s = open_limited((pl_rate){.concurrency = 100});
    w.reply = (reply){.delay_ms = 20, .status = 429, .retry_after_s = 30};
    post_event(NULL, "1");
    run_until(1000);
    engine_kill();
    s = scripts_new(soon, 2);
    s->policies[3].connector = PL_SLICE("d");
    engine_open(s);
    w.reply = (reply){.delay_ms = 20, .status = 200};
    post_event(NULL, "023");
    run_until(30019);
    CHECK_EQ_INT(w.sends, 2); /* that of the other connector */
    run_until(31000);
    CHECK_EQ_INT(w.sends, 5);
    CHECK_EQ_INT(rows_in(PL_STATE_DELIVERED), 4);
    world_close();
}

TEST(what_queues_for_a_host_can_be_cancelled_and_survives_a_restart)
{
    open_limited((pl_rate){.per_second = 1, .burst = 1});
    post_events(6, "0");
    run_until(500);
    command(model.rows[3]->id, PL_COMMAND_CANCEL);
    engine_kill();
    scripts *s = scripts_new(soon, 2);
    s->urls[0] = "https://slow.example/";
    s->base.limits = (pl_limits){&limit, 1};
    engine_open(s);
    run_for(500);
    command(model.rows[4]->id, PL_COMMAND_CANCEL);
    run_for(6000);
    CHECK_EQ_INT(delivered("0"), 4);
    CHECK_EQ_INT(w.sends, 4);
    CHECK_EQ_INT(METRIC(resident), 0);
    world_close();
}

TEST(a_webhook_with_a_rate_of_its_own_shares_none_with_its_connector)
{
    scripts *s = open_limited((pl_rate){.concurrency = 100});
    for (int i = 1; i < WEBHOOKS; i++)
        s->policies[i].rate = (pl_rate){.per_second = 100, .burst = 1};
    s->policies[0].rate = (pl_rate){.per_second = 1, .burst = 1};
    s->policies[0].own_quota = PL_SLICE("c/0");
    post_events(10, "01");
    run_until(100);
    CHECK_EQ_INT(w.sends, 11); /* ten, and one */
    run_until(3030);
    CHECK_EQ_INT(delivered("0"), 4);
    CHECK(pl_quota_pause(w.quotas, PL_SLICE("c"), world_monotonic_us(), 5000));
    run_for(4900);
    CHECK_EQ_INT(delivered("0"), 4);
    run_for(6000);
    CHECK_EQ_INT(delivered("0"), 10);
    world_close();
}

int main(void)
{
    return RUN(CASE(a_host_gets_what_it_bears_and_other_hosts_of_the_connector_go_on),
               CASE(so_many_at_a_time_go_to_a_host),
               CASE(a_host_is_one_for_all_connectors_and_calls_are_not_held_back),
               CASE(a_long_queue_for_a_host_does_not_fill_the_memory_nor_is_it_rendered_in_circles),
               CASE(what_goes_elsewhere_on_another_day_gives_its_place_back),
               CASE(a_pause_survives_a_restart),
               CASE(what_queues_for_a_host_can_be_cancelled_and_survives_a_restart),
               CASE(a_webhook_with_a_rate_of_its_own_shares_none_with_its_connector));
}
