/* SPDX-License-Identifier: MIT */
#include "flow/breaker.h"

#include "test.h"

#define MS UINT64_C(1000)

static const pl_breaker_terms terms = {.failures = 3, .cooldown_ms = 1000, .max_ms = 3500};
static pl_breakers *all;

static void check(void)
{
    const char *wrong = pl_breakers_check(all);
    CHECK_EQ_STR(wrong ? wrong : "", "");
}

/* Asks for `there`; the wait. */
static int64_t ask(uint64_t now_ms, pl_breaker_pass *pass)
{
    int64_t wait_ms = pl_breaker_ask(all, &terms, PL_SLICE("https://there:443"), now_ms * MS, pass);
    CHECK(pass->is_given == (wait_ms == 0));
    check();
    return wait_ms;
}

static int news_count;
static bool is_quiet; /* who asks */

static int tell(uint64_t now_ms, pl_breaker_pass *pass, enum pl_breaker_news news)
{
    pass->is_quiet = is_quiet;
    pl_breaker_turn turn = pl_breaker_tell(all, &terms, PL_SLICE("https://there:443"),
                                           PL_SLICE("acme"), now_ms * MS, pass, news);
    CHECK(!pass->is_given);
    check();
    news_count += turn.is_news;
    return turn.state;
}

static int trip(uint64_t now_ms, enum pl_breaker_news news)
{
    pl_breaker_pass pass;
    CHECK_EQ_INT(ask(now_ms, &pass), 0);
    return tell(now_ms, &pass, news);
}

static void begin(void)
{
    all = pl_breakers_new();
    news_count = 0;
    is_quiet = false;
}

static void begin_open(void)
{
    begin();
    CHECK_EQ_INT(trip(0, PL_BREAKER_FAULT), -1);
    CHECK_EQ_INT(trip(0, PL_BREAKER_FAULT), -1);
    CHECK_EQ_INT(trip(0, PL_BREAKER_FAULT), PL_BREAKER_OPEN);
}

static void end(void)
{
    pl_breakers_free(all);
}

TEST(faults_in_a_row_open_it_and_an_answer_between_them_does_not)
{
    pl_breaker_pass pass;
    begin();
    for (int i = 0; i < 10; i++) {
        CHECK_EQ_INT(trip(0, PL_BREAKER_FAULT), -1);
        CHECK_EQ_INT(trip(0, PL_BREAKER_FAULT), -1);
        CHECK_EQ_INT(trip(0, PL_BREAKER_NOTHING), -1);
        CHECK_EQ_INT(trip(0, PL_BREAKER_ANSWER), -1);
    }
    end();
    begin_open();
    CHECK_EQ_INT(ask(0, &pass), 1000);
    CHECK_EQ_INT(ask(999, &pass), 1);
    CHECK_EQ_INT(pl_breakers_open(all), 1);
    CHECK_EQ_INT(pl_breaker_ask(all, &terms, PL_SLICE("https://elsewhere:443"), 0, &pass), 0);
    end();
}

TEST(one_probe_at_a_time_asks_whether_it_is_back)
{
    pl_breaker_pass probe, other;
    begin_open();
    CHECK_EQ_INT(ask(1000, &probe), 0);
    CHECK(probe.probe);
    CHECK_EQ_INT(ask(1000, &other), 250);
    CHECK_EQ_INT(ask(90000, &other), 250);
    CHECK_EQ_INT(tell(90000, &probe, PL_BREAKER_ANSWER), PL_BREAKER_CLOSED);
    CHECK_EQ_INT(pl_breakers_open(all), 0);
    CHECK_EQ_INT(ask(90000, &other), 0);
    CHECK(!other.probe);
    end();
}

TEST(the_cool_down_grows_up_to_its_limit_and_begins_anew)
{
    static const int64_t cooldowns[] = {1000, 2000, 3500, 3500};
    pl_breaker_pass pass;
    uint64_t now_ms = 0;
    begin_open();
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ_INT(ask(now_ms, &pass), cooldowns[i]);
        now_ms += (uint64_t)cooldowns[i];
        CHECK_EQ_INT(trip(now_ms, PL_BREAKER_FAULT), PL_BREAKER_OPEN);
    }
    now_ms += 3500;
    CHECK_EQ_INT(trip(now_ms, PL_BREAKER_ANSWER), PL_BREAKER_CLOSED);
    for (int i = 0; i < 3; i++)
        trip(now_ms, PL_BREAKER_FAULT);
    CHECK_EQ_INT(ask(now_ms, &pass), 1000);
    end();
}

TEST(a_probe_that_comes_to_nothing_is_followed_by_the_next)
{
    pl_breaker_pass probe;
    begin_open();
    CHECK_EQ_INT(ask(1000, &probe), 0);
    CHECK_EQ_INT(tell(1001, &probe, PL_BREAKER_NOTHING), -1);
    CHECK_EQ_INT(ask(1001, &probe), 0);
    CHECK(probe.probe);
    CHECK_EQ_INT(tell(1001, &probe, PL_BREAKER_FAULT), PL_BREAKER_OPEN);
    CHECK_EQ_INT(ask(1001, &probe), 2000);
    end();
}

/* Sent before it opened, answered after: an answer closes it, a fault changes nothing. */
TEST(what_was_under_way_counts_when_it_ends)
{
    pl_breaker_pass early[3], probe;
    begin();
    for (int i = 0; i < 3; i++)
        CHECK_EQ_INT(ask(0, &early[i]), 0);
    for (int i = 0; i < 3; i++)
        trip(0, PL_BREAKER_FAULT);
    CHECK_EQ_INT(tell(500, &early[0], PL_BREAKER_FAULT), -1);
    CHECK_EQ_INT(ask(500, &probe), 500);
    CHECK_EQ_INT(ask(1000, &probe), 0);
    CHECK_EQ_INT(tell(1100, &early[1], PL_BREAKER_FAULT), -1);
    CHECK_EQ_INT(tell(1200, &early[2], PL_BREAKER_ANSWER), PL_BREAKER_CLOSED);
    CHECK_EQ_INT(tell(1300, &probe, PL_BREAKER_FAULT), -1); /* the first of a new row */
    CHECK_EQ_INT(ask(1300, &probe), 0);
    CHECK(!probe.probe);
    end();
}

/* The destination was back while it was under way, and is gone again. */
TEST(a_probe_of_before_is_not_taken_for_the_one_that_is_under_way)
{
    static const enum pl_breaker_news news[] = {PL_BREAKER_FAULT, PL_BREAKER_NOTHING};
    pl_breaker_pass early, late, probe, other;
    for (int i = 0; i < 2; i++) {
        begin();
        CHECK_EQ_INT(ask(0, &early), 0);
        for (int n = 0; n < 3; n++)
            trip(0, PL_BREAKER_FAULT);
        CHECK_EQ_INT(ask(1000, &late), 0);
        CHECK_EQ_INT(tell(1100, &early, PL_BREAKER_ANSWER), PL_BREAKER_CLOSED);
        for (int n = 0; n < 3; n++)
            trip(1200, PL_BREAKER_FAULT);
        CHECK_EQ_INT(ask(2200, &probe), 0);
        CHECK_EQ_INT(tell(2300, &late, news[i]), -1);
        CHECK_EQ_INT(ask(9000, &other), 250);
        CHECK_EQ_INT(tell(9000, &probe, PL_BREAKER_ANSWER), PL_BREAKER_CLOSED);
        end();
    }
}

static int shown;

static void on_shown(void *arg, const pl_breaker_view *view)
{
    CHECK(arg == all);
    CHECK_EQ_SLICE(view->destination, PL_SLICE("https://there:443"));
    CHECK_EQ_STR(pl_breaker_state_name(view->state), "open");
    CHECK_EQ_INT(view->failures, 3);
    CHECK_EQ_INT(view->left_ms, 600);
    shown++;
}

TEST(those_that_are_open_are_shown_to_who_asked_last)
{
    begin_open();
    shown = 0;
    pl_breakers_show(all, PL_SLICE("acme"), 400 * MS, on_shown, all);
    pl_breakers_show(all, PL_SLICE("other"), 400 * MS, on_shown, all);
    CHECK_EQ_INT(shown, 1);
    end();
}

TEST(it_is_news_once_that_it_opens_and_once_that_it_closes)
{
    begin_open();
    CHECK_EQ_INT(news_count, 1);
    CHECK_EQ_INT(trip(1000, PL_BREAKER_FAULT), PL_BREAKER_OPEN);
    CHECK_EQ_INT(news_count, 1);
    CHECK_EQ_INT(trip(3000, PL_BREAKER_ANSWER), PL_BREAKER_CLOSED);
    CHECK_EQ_INT(news_count, 2);
    CHECK_EQ_INT(trip(3000, PL_BREAKER_FAULT), -1);
    CHECK_EQ_INT(trip(3000, PL_BREAKER_ANSWER), -1);
    CHECK_EQ_INT(news_count, 2);
    end();
}

TEST(what_fails_quietly_is_no_news_until_somebody_else_finds_it_so)
{
    begin();
    is_quiet = true;
    for (int i = 0; i < 3; i++)
        trip(0, PL_BREAKER_FAULT);
    CHECK_EQ_INT(news_count, 0);
    is_quiet = false;
    CHECK_EQ_INT(trip(1000, PL_BREAKER_ANSWER), PL_BREAKER_CLOSED);
    CHECK_EQ_INT(news_count, 0); /* nobody heard that it was down */
    is_quiet = true;
    for (int i = 0; i < 3; i++)
        trip(1000, PL_BREAKER_FAULT);
    is_quiet = false;
    CHECK_EQ_INT(trip(2000, PL_BREAKER_FAULT), PL_BREAKER_OPEN);
    CHECK_EQ_INT(news_count, 1);
    is_quiet = true; /* good news is not quiet */
    CHECK_EQ_INT(trip(4000, PL_BREAKER_ANSWER), PL_BREAKER_CLOSED);
    CHECK_EQ_INT(news_count, 2);
    end();
}

TEST(the_table_is_bounded_and_zero_failures_switch_it_off)
{
    pl_breaker_terms at_once = {.failures = 1, .cooldown_ms = 1000, .max_ms = 1000}, off = {0};
    pl_breaker_pass pass;
    char name[32];
    begin();
    for (int i = 0; i < PL_BREAKER_MOST + 10; i++) {
        snprintf(name, sizeof name, "http://h%d:80", i);
        CHECK_EQ_INT(pl_breaker_ask(all, &at_once, pl_slice_of(name), 0, &pass), 0);
        pl_breaker_tell(all, &at_once, pl_slice_of(name), PL_SLICE("c"), 0, &pass,
                        PL_BREAKER_FAULT);
    }
    CHECK_EQ_INT(pl_breakers_open(all), PL_BREAKER_MOST);
    check();
    CHECK_EQ_INT(pl_breaker_ask(all, &off, PL_SLICE("http://h1:80"), 0, &pass), 0);
    end();
}

int main(void)
{
    return RUN(CASE(faults_in_a_row_open_it_and_an_answer_between_them_does_not),
               CASE(one_probe_at_a_time_asks_whether_it_is_back),
               CASE(the_cool_down_grows_up_to_its_limit_and_begins_anew),
               CASE(a_probe_that_comes_to_nothing_is_followed_by_the_next),
               CASE(what_was_under_way_counts_when_it_ends),
               CASE(a_probe_of_before_is_not_taken_for_the_one_that_is_under_way),
               CASE(those_that_are_open_are_shown_to_who_asked_last),
               CASE(it_is_news_once_that_it_opens_and_once_that_it_closes),
               CASE(what_fails_quietly_is_no_news_until_somebody_else_finds_it_so),
               CASE(the_table_is_bounded_and_zero_failures_switch_it_off));
}
