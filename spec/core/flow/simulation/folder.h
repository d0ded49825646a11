/* SPDX-License-Identifier: MIT
 *
 * Gateway folders at random: connectors, each with a rate and webhooks, each with a policy and a
 * host that it calls. A reload changes some of it; the versions stay, so that what was done under
 * one can be judged by it. */
#ifndef PL_SPEC_FLOW_FOLDER_H
#define PL_SPEC_FLOW_FOLDER_H

#include "dice.h"
#include "flow/retry.h"
#include "flow/world.h"

#define SITES       10
#define CONNECTORS  5
#define HOSTS       4
#define DELAYS_MOST 6

/* Which failures are tried again. */
enum rule { RULE_USUAL, RULE_RESETS_AND_503, RULE_ANY_ANSWER, RULE_COUNT };

typedef struct site {
    int connector, host;
    bool is_loaded, has_on_unauthorized, has_on_failed;
    bool ends_with_410; /* such an answer disables the webhook */
    bool is_ordered, order_is_shared;
    enum pl_order_rule order;
    bool has_own_rate; /* beside that of the connector, and instead of it */
    pl_rate own_rate;
    enum rule rule;
    int64_t delays_ms[DELAYS_MOST];
    uint32_t delay_count;
    double jitter;
    int64_t max_age_ms, timeout_ms;
} site;

typedef struct folder {
    uint64_t number;
    bool when_says_no;
    pl_rate rates[CONNECTORS];
    pl_limit limits[HOSTS]; /* of the hosts that have one */
    uint32_t limit_count;
    int limit_of[HOSTS]; /* its place among them; -1: none */
    site sites[SITES];
    struct folder *older;
} folder;

static const char *const connector_names[CONNECTORS] = {"a", "b", "c", "d", "e"};
static const char *const webhook_names = "0123456789";
static const char *const host_urls[HOSTS] = {"https://one.example/hook", "https://TWO.example/hook",
                                             "http://three.example:8080/hook",
                                             "https://[2001:db8::4]/hook"};

/* As limits name them. */
static const char *const host_names[HOSTS] = {"one.example", "two.example", "three.example",
                                              "2001:db8::4"};
/* Of webhooks with rates of their own, among the quotas. */
static const char *const own_names[SITES] = {"x/0", "x/1", "x/2", "x/3", "x/4",
                                             "x/5", "x/6", "x/7", "x/8", "x/9"};

static folder *newest;
static bool has_healthy; /* the first connector is well, and is to stay so */

/* -- policies -- */

static inline const pl_retry_rule *rule_of(enum rule rule)
{
    static pl_retry_rule rules[RULE_COUNT];
    if (!rules[RULE_RESETS_AND_503].classes[0]) {
        pl_retry_rule_add_class(&rules[RULE_RESETS_AND_503], PL_E_RESET);
        pl_statuses_add(&rules[RULE_RESETS_AND_503].statuses, 503, 503);
        pl_statuses_add(&rules[RULE_ANY_ANSWER].statuses, 300, 599);
    }
    return rule == RULE_USUAL ? NULL : &rules[rule];
}

static inline void draw_schedule(site *s)
{
    s->delay_count = (uint32_t)below(DELAYS_MOST + 1);
    double delay_ms = (double)ONE_OF(50, 500, 1000, 3000);
    double factor = (double)ONE_OF(1, 2, 3);
    for (uint32_t i = 0; i < s->delay_count; i++, delay_ms *= factor)
        s->delays_ms[i] = sooner((int64_t)delay_ms, 90000);
    s->jitter = (double)ONE_OF(0, 0, 1, 5) / 10;
    s->max_age_ms = chance(20) ? between(1000, 120000) : 0;
}

static inline pl_rate draw_rate(void)
{
    pl_rate rate = {0};
    if (chance(40)) rate.per_second = (double)ONE_OF(1, 5, 20, 100) / 2;
    rate.burst = (double)between(1, 10);
    if (chance(40)) rate.concurrency = (uint32_t)between(1, 5);
    return rate;
}

static inline void draw_site(site *s)
{
    s->is_loaded = true;
    s->has_on_unauthorized = chance(50);
    s->has_on_failed = chance(50);
    s->ends_with_410 = chance(60);
    s->is_ordered = chance(40);
    s->order_is_shared = chance(50);
    s->order = (enum pl_order_rule)below(3);
    s->has_own_rate = chance(20);
    if (s->has_own_rate) s->own_rate = draw_rate();
    s->rule = chance(70) ? RULE_USUAL : (enum rule)between(1, RULE_COUNT - 1);
    s->timeout_ms = ONE_OF(0, 500, 2000, 5000);
    draw_schedule(s);
}

/* -- versions -- */

static inline void draw_limits(folder *f)
{
    f->limit_count = 0;
    for (int i = 0; i < HOSTS; i++) {
        f->limit_of[i] = chance(25) ? (int)f->limit_count : -1;
        if (f->limit_of[i] < 0) continue;
        f->limits[f->limit_count++] =
            (pl_limit){.host = pl_slice_of(host_names[i]), .rate = draw_rate()};
    }
}

static inline void draw_first(folder *f)
{
    int connectors = (int)between(2, CONNECTORS), hosts = (int)between(1, HOSTS);
    for (int i = 0; i < CONNECTORS; i++)
        f->rates[i] = draw_rate();
    draw_limits(f);
    for (int i = 0; i < SITES; i++) {
        draw_site(&f->sites[i]);
        f->sites[i].connector = i < connectors ? i : (int)below(connectors);
        f->sites[i].host = (int)below(hosts);
    }
}

static inline void change(folder *f)
{
    for (int64_t n = between(1, 4); n > 0; n--) {
        site *s = &f->sites[below(SITES)];
        if (chance(50))
            s->is_loaded = chance(30);
        else if (chance(50))
            draw_site(s);
        else if (chance(20))
            draw_limits(f);
        else
            f->rates[s->connector] = draw_rate();
    }
    f->when_says_no = chance(50);
}

static inline void spare_healthy(folder *f)
{
    f->rates[0] = (pl_rate){.burst = 1};
    f->limit_count = 0;
    memset(f->limit_of, -1, sizeof f->limit_of);
    for (int i = 0; i < SITES; i++) {
        site *s = &f->sites[i];
        if (s->connector == 0)
            s->host = 0, s->is_loaded = true, s->timeout_ms = 2000, s->has_own_rate = false;
        if (s->connector != 0 && s->host == 0) s->host = 1;
    }
}

static inline folder *folder_new(void)
{
    folder *f = pl_alloc_zero(sizeof *f);
    if (newest) {
        *f = *newest;
        change(f);
    } else {
        draw_first(f);
    }
    if (has_healthy) spare_healthy(f);
    f->number = newest ? newest->number + 1 : 1;
    f->older = newest;
    return newest = f;
}

static inline const folder *folder_of(uint64_t number)
{
    const folder *f = newest;
    while (f->number != number)
        f = f->older;
    return f;
}

static inline void folders_fini(void)
{
    for (folder *f; (f = newest) != NULL;) {
        newest = f->older;
        free(f);
    }
}

/* -- generations -- */

static inline pl_policy policy_of(const folder *f, int i)
{
    const site *s = &f->sites[i];
    pl_statuses gone = {0};
    if (s->ends_with_410) pl_statuses_add(&gone, 410, 410);
    return (pl_policy){.connector = pl_slice_of(connector_names[s->connector]),
                       .webhook = {webhook_names + i, 1},
                       .timeout_ms = s->timeout_ms,
                       .delays_ms = s->delays_ms,
                       .delay_count = s->delay_count,
                       .jitter = s->jitter,
                       .max_age_ms = s->max_age_ms,
                       .rule = rule_of(s->rule),
                       .disable_on = gone,
                       .order = s->is_ordered ? s->order : PL_ORDER_SKIP,
                       .order_is_shared = s->order_is_shared,
                       .rate = s->has_own_rate ? s->own_rate : f->rates[s->connector],
                       .own_quota = s->has_own_rate ? pl_slice_of(own_names[i]) : PL_NO_SLICE,
                       .has_on_unauthorized = s->has_on_unauthorized,
                       .has_on_failed = s->has_on_failed};
}

/* This version, as one worker loads it. */
static inline void use_folder(worker *me, const folder *f)
{
    scripts *s = scripts_new(NULL, 0);
    s->at = me;
    s->when_says_no = f->when_says_no;
    s->base.number = f->number;
    s->base.limits = (pl_limits){f->limits, f->limit_count};
    s->base.policy_count = 0;
    for (int i = 0; i < SITES; i++) {
        if (!f->sites[i].is_loaded) continue;
        s->ordered[s->base.policy_count] = f->sites[i].is_ordered;
        s->urls[s->base.policy_count] = host_urls[f->sites[i].host];
        s->policies[s->base.policy_count++] = policy_of(f, i);
    }
    pl_engine_use(me->engine, &s->base);
}

/* Do all workers have the newest? */
static inline bool are_up_to_date(void)
{
    for (int i = 0; i < w.worker_count; i++)
        if (pl_engine_generation(w.workers[i].engine)->number != newest->number) return false;
    return true;
}

/* -- who a delivery belongs to -- */

static inline int site_number(pl_slice webhook)
{
    return webhook.ptr[0] - '0';
}

static inline const site *site_of(uint64_t number, pl_slice webhook)
{
    return &folder_of(number)->sites[site_number(webhook)];
}

#endif
