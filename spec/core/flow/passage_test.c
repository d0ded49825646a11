/* SPDX-License-Identifier: MIT */
#include "flow/passage.h"

#include "base/err.h"
#include "base/log.h"
#include "test.h"

static pl_arena arena;
static pl_settings settings;
static pl_tolls tolls;

static void begin(void)
{
    pl_arena_init(&arena);
    pl_settings_init(&settings);
    settings.breaker_failures = 2;
    tolls =
        (pl_tolls){.quotas = pl_quotas_new(), .breakers = pl_breakers_new(), .settings = &settings};
}

static void end(void)
{
    pl_quotas_free(tolls.quotas);
    pl_breakers_free(tolls.breakers);
    pl_settings_fini(&settings);
    pl_arena_fini(&arena);
}

TEST(a_destination_is_scheme_host_and_port)
{
    static const char *const cases[][2] = {
        {"https://API.example/a?b", "https://api.example:443"},
        {"HTTP://a.example", "http://a.example:80"},
        {"http://a.example:8080/", "http://a.example:8080"},
        {"https://[::1]/", "https://[::1]:443"},
        {"mailto:a", ""},
    };
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_EQ_SLICE(pl_destination_of(pl_slice_of(cases[i][0]), &arena),
                       pl_slice_of(cases[i][1]));
    end();
}

TEST(the_first_limit_that_fits_counts)
{
    static const pl_limit items[] = {
        {.host = {"a.example", 9}, .port = 8443},
        {.host = {"a.example", 9}},
        {.host = {"::1", 3}, .port = 80},
        {.host = {"*.example", 9}},
    };
    static const struct {
        const char *destination, *name;
        int index; /* -1: none */
    } cases[] = {
        {"https://a.example:8443", "//a.example:8443", 0},
        {"https://a.example:443", "//a.example", 1},
        {"http://a.example:80", "//a.example", 1},
        {"http://[::1]:80", "//[::1]:80", 2},
        {"http://[::1]:81", "", -1},
        {"https://b.a.example:443", "//b.a.example", 3},
        {"https://example:443", "", -1},
        {"", "", -1},
    };
    pl_limits limits = {items, sizeof items / sizeof *items};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pl_slice name = PL_SLICE("");
        const pl_limit *l = pl_limit_of(limits, pl_slice_of(cases[i].destination), &name);
        CHECK_EQ_INT(l ? l - items : -1, cases[i].index);
        CHECK_EQ_SLICE(name, pl_slice_of(cases[i].name));
    }
    pl_slice name;
    CHECK(pl_limit_of((pl_limits){0}, PL_SLICE("http://a.example:80"), &name) == NULL);
}

/* A request that is over at once, with this code: the milliseconds that it had to wait instead. */
static int64_t pass_by(pl_slice proxy, const char *url, uint64_t now_us, int code)
{
    pl_request r = {.url = pl_slice_of(url), .has_proxy = true, .proxy = {.url = proxy}};
    pl_passage p = {0};
    const char *text = NULL;
    pl_passage_init(&p, &tolls, &r, &arena);
    int64_t wait_ms = pl_passage_ask(&p, &tolls, now_us, &arena, &text);
    CHECK((wait_ms > 0) == (text != NULL));
    if (wait_ms == 0) pl_passage_tell(&p, &tolls, PL_SLICE("c"), now_us, code, 200);
    return wait_ms;
}

TEST(a_proxy_that_fails_is_left_alone_and_who_is_behind_it_is_not_charged)
{
    static const pl_slice proxy = {"http://p.example:3128", 21};
    begin();
    CHECK_EQ_INT(pass_by(proxy, "http://a.example/", 0, PL_E_PROXY), 0);
    CHECK_EQ_INT(pass_by(proxy, "http://b.example/", 0, PL_E_PROXY), 0);
    CHECK_EQ_INT(pass_by(proxy, "http://c.example/", 0, 0), 5000);
    CHECK_EQ_INT(pass_by(PL_NO_SLICE, "http://a.example/", 0, 0), 0);
    CHECK_EQ_INT(pl_breakers_open(tolls.breakers), 1);
    CHECK_EQ_INT(pass_by(proxy, "http://c.example/", 5000000, PL_E_CONNECT), 0); /* it is there */
    CHECK_EQ_INT(pl_breakers_open(tolls.breakers), 0);
    end();
}

/* The probe of a proxy finds the destination left alone: the next who asks is the probe. */
TEST(a_probe_that_comes_to_nothing_is_given_back)
{
    static const pl_slice proxy = {"http://p.example:3128", 21};
    begin();
    for (int i = 0; i < 2; i++) {
        CHECK_EQ_INT(pass_by(proxy, "http://a.example/", 0, PL_E_PROXY), 0);
        CHECK_EQ_INT(pass_by(PL_NO_SLICE, "http://a.example/", 3000000, PL_E_RESET), 0);
    }
    CHECK_EQ_INT(pass_by(proxy, "http://a.example/", 5000000, 0), 3000);
    CHECK_EQ_INT(pass_by(proxy, "http://b.example/", 5000000, 0), 0);
    CHECK_EQ_INT(pl_breakers_open(tolls.breakers), 1);
    CHECK(pl_breakers_check(tolls.breakers) == NULL);
    end();
}

int main(void)
{
    pl_log_set_level(PL_LOG_OFF);
    return RUN(CASE(a_destination_is_scheme_host_and_port), CASE(the_first_limit_that_fits_counts),
               CASE(a_proxy_that_fails_is_left_alone_and_who_is_behind_it_is_not_charged),
               CASE(a_probe_that_comes_to_nothing_is_given_back));
}
