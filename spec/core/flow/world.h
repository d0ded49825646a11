/* SPDX-License-Identifier: MIT
 *
 * A world for the engine, in which nothing happens by itself: a clock that the test moves, a store
 * that keeps a model of the tables, a network and scripts that answer when and what the test says.
 *
 *    engine --submit--> [op, at] --execute on the model--> mailbox --drain--> engine
 *           --send----> [transfer, at] ----------------------------sent-----> engine
 *           --render--> [script, at] ------------------------------resume---> engine
 *
 * There may be several engines, as a process has several workers; they share the store, the quotas
 * and the breakers. The process may die and begin again: what the store has done stays.
 *
 * The world has rules of its own, whatever the test: what is sent was committed before, is pending
 * and due, no delivery is under way twice, attempts are numbered one by one, and no limit is passed
 * at any moment.
 *
 *    world/state.h    what it is made of, clocks, rules
 *    world/model.h    the tables of the store      world/network.h   transfers
 *    world/store.h    its queue; commands          world/scripts.h   generations
 *    world/clients.h  requests with events         world/keys.h      keys of calls
 *    world/order.h    keys of order */
#ifndef PL_SPEC_FLOW_WORLD_H
#define PL_SPEC_FLOW_WORLD_H

#include "world/clients.h"
#include "world/network.h"
#include "world/scripts.h"
#include "world/store.h"

/* -- time goes on -- */

static inline int64_t metric_of(const worker *me, size_t offset)
{
    const char *metrics = (const char *)pl_engine_metrics_of(me->engine);
    return (int64_t)pl_counter_get((const pl_counter *)(const void *)(metrics + offset));
}

/* Of one worker, and of the first. */
#define METRIC_OF(worker, name) metric_of(worker, offsetof(pl_engine_metrics, name))
#define METRIC(name)            METRIC_OF(w.workers, name)

static inline void check_limits(const worker *me)
{
    int resident = (int)METRIC_OF(me, resident);
    if (resident > w.most_resident) w.most_resident = resident;
    RULE("no more are resident than may be", resident <= w.settings.limit_resident);
    RULE("no more are in flight than may be", me->under_way <= w.settings.limit_in_flight);
}

static inline bool answer_due(void)
{
    bool any = false;
    for (coming *c; !w.is_dead && (c = take_due(&w.transfers)) != NULL; any = true)
        transfer_answer(c);
    for (coming *c; !w.is_dead && (c = take_due(&w.waits)) != NULL; any = true) {
        pl_exchange *x = c->x;
        int code = c->code;
        free(c);
        pl_engine_resume(x, code);
    }
    return any;
}

static inline bool drain(worker *me)
{
    me->claim_unread = NULL;
    return pl_mailbox_drain(&me->box) > 0;
}

/* What one worker's loop does in a turn. */
static inline bool turn(worker *me)
{
    if (!is_awake(me) || !has_effect()) return false;
    bool any = pl_wheel_advance(&me->wheel, (uint64_t)w.now_ms) > 0;
    any |= drain(me);
    check_limits(me);
    return any;
}

/* All that is to happen at this moment; or up to the death of the process. */
static inline void run_now(void)
{
    bool any = true;
    for (int rounds = 0; any && !w.is_dead; rounds++) {
        any = store_run();
        for (int i = 0; i < w.worker_count; i++)
            any |= turn(&w.workers[i]);
        any |= answer_due();
        if (rounds < 20000) continue;
        RULE("time goes on: the engine does not go in a circle", false);
        return;
    }
}

static inline int64_t next_of(const worker *me, int64_t at_ms)
{
    uint64_t wait_ms = me->box.first ? 0 : pl_wheel_wait_ms(&me->wheel);
    if (wait_ms == PL_NEVER) return at_ms;
    return sooner(at_ms, later((int64_t)(me->wheel.now_ms + wait_ms), me->stalled_until_ms));
}

static inline int64_t next_moment(void)
{
    int64_t at_ms = first_of(w.waits, first_of(w.transfers, FOREVER));
    for (int i = 0; i < w.worker_count; i++)
        at_ms = next_of(&w.workers[i], at_ms);
    return w.ops ? sooner(at_ms, w.ops->at_ms) : at_ms;
}

static inline void run_until(int64_t until_ms)
{
    run_now();
    for (int64_t at_ms; !w.is_dead && (at_ms = next_moment()) <= until_ms;) {
        w.now_ms = later(at_ms, w.now_ms + 1);
        run_now();
    }
    if (w.is_dead) return;
    w.now_ms = until_ms;
    run_now();
}

static inline void run_for(int64_t ms)
{
    run_until(w.now_ms + ms);
}

/* -- begin and end -- */

static inline void no_wake(void *owner)
{
    (void)owner;
}

static inline void worker_open(worker *me)
{
    uint8_t seed[32] = {0};
    pl_mailbox_init(&me->box, no_wake, NULL);
    pl_wheel_init(&me->wheel, (uint64_t)w.now_ms);
    pl_ports ports = {.world = me,
                      .wheel = &me->wheel,
                      .mailbox = &me->box,
                      .quotas = w.quotas,
                      .breakers = w.breakers,
                      .switches = model.switches,
                      .wall_ms = world_wall_ms,
                      .monotonic_us = world_monotonic_us,
                      .submit = port_submit,
                      .send = port_send,
                      .unsend = port_unsend,
                      .recorded = port_recorded,
                      .overtaken = port_overtaken};
    w.engine_seed++;
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)(w.engine_seed * 0x9E3779B97F4A7C15u >> 8 * (i % 8) ^ i * 37);
    me->engine = pl_engine_new(&ports, &w.settings, seed);
}

/* A process begins; its engines have no generation yet. */
static inline void engines_open(int count)
{
    w.quotas = pl_quotas_new();
    for (char c = 'a'; c <= 'z'; c++) {
        int64_t left_ms = model.paused_until_ms[(int)c] - world_wall_ms();
        if (left_ms > 0) pl_quota_pause(w.quotas, (pl_slice){&c, 1}, world_monotonic_us(), left_ms);
    }
    w.breakers = pl_breakers_new();
    w.worker_count = count;
    for (int i = 0; i < count; i++)
        worker_open(&w.workers[i]);
    w.engine = w.workers[0].engine;
}

static inline void engine_open(scripts *s)
{
    engines_open(1);
    pl_engine_use(w.engine, &s->base);
}

static inline void world_begin(void)
{
    pl_settings_init(&w.settings);
    w.settings.breaker_failures = 0; /* but where a test is about them */
    w.ops_end = &w.ops;
    model.switches = pl_switches_new();
    w.reply = (reply){.delay_ms = 20, .status = 200};
}

static inline void world_open(scripts *s)
{
    world_begin();
    engine_open(s);
}

/* The process dies: what the store has done stays, all else is gone. */
static inline void engine_kill(void)
{
    store_forget();
    for (post *p = w.posts; p; p = p->next)
        post_free(p);
    for (worker *me = w.workers; me < w.workers + w.worker_count; me++) {
        pl_engine_free(me->engine);
        pl_mailbox_fini(&me->box);
        CHECK_EQ_INT(me->wheel.count, 0);
        CHECK_EQ_INT(me->under_way, 0);
        *me = (worker){0};
    }
    pl_quotas_free(w.quotas);
    pl_breakers_free(w.breakers);
    w.quotas = NULL;
    w.breakers = NULL;
    w.worker_count = 0;
    w.is_dead = false;
    w.fuse = 0;
    CHECK(w.transfers == NULL && w.waits == NULL && w.under_way == 0);
    CHECK_EQ_INT(w.generations, 0);
    model_reopen();
}

static inline void world_close(void)
{
    engine_kill();
    for (post *p; (p = w.posts) != NULL;) {
        w.posts = p->next;
        free(p);
    }
    model_fini();
    pl_settings_fini(&w.settings);
    w = (struct world){0};
}

#endif
