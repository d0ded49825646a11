/* SPDX-License-Identifier: MIT
 *
 * What has to hold after each step, and in the end. The rules that hold at each moment are with
 * what they are about: world/, limits.h, verdicts.h. */
#ifndef PL_SPEC_FLOW_INVARIANTS_H
#define PL_SPEC_FLOW_INVARIANTS_H

#include "spies.h"

/* The longest that an attempt takes, hooks included, and the wait for a claim. Where a handful of places
 * in memory is all there is, neighbours have to leave it first, some at a time. */
#define FAIR_MS (5000 + 2000 + 1000)
#define ROUNDS  8

typedef struct call {
    const worker *at;
    int64_t late_ms; /* it should be over by then */
    bool is_over;
    struct call *next;
} call;

static call *calls;

static inline void calls_sweep(bool all)
{
    for (call **link = &calls; *link;) {
        call *c = *link;
        if (!all && !c->is_over) {
            link = &c->next;
            continue;
        }
        *link = c->next;
        free(c);
    }
}

/* -- after each step -- */

static inline void check_worker(const worker *me)
{
    const char *wrong = pl_engine_check(me->engine);
    if (wrong == NULL) wrong = pl_wheel_check(&me->wheel);
    RULE(wrong ? wrong : "an engine agrees with itself", wrong == NULL);
    RULE("no more exchanges than may be",
         METRIC_OF(me, in_flight) <= w.settings.limit_in_flight + w.settings.limit_calls);
}

/* Is nothing on its way between the store and an engine? */
static inline bool is_told(void)
{
    for (int i = 0; i < w.worker_count; i++)
        if (w.workers[i].box.first) return false;
    return true;
}

static inline void check_held(const row *r)
{
    int holders = 0;
    for (int i = 0; i < w.worker_count; i++)
        holders += pl_engine_holds(w.workers[i].engine, r->id);
    if (holders != 1) TRACE("%s is held, by %d workers", id_name(r->id), holders);
    RULE("nothing is lost: what is held is in the memory of a worker", holders > 0);
    RULE("what is held is in the memory of one worker", holders < 2);
}

static inline void check_step(void)
{
    for (int i = 0; i < w.worker_count; i++)
        check_worker(&w.workers[i]);
    const char *wrong = pl_breakers_check(w.breakers);
    RULE(wrong ? wrong : "the breakers agree with themselves", wrong == NULL);
    for (size_t i = 0; i < model.held.count && is_told(); i++)
        check_held(model.held.items[i]);
    for (const call *c = calls; c; c = c->next)
        RULE("a call ends in its time", c->is_over || w.now_ms <= c->late_ms);
    calls_sweep(false);
    flights_sweep(false);
}

/* -- places -- */

/* What the accounts know to be free can be had. They do not count the tokens of calls, nor go on over a
 * reload. */
static inline void check_place(int i)
{
    const folder *f = newest;
    const account *a = &accounts[i];
    pl_quota_place place = {0};
    if (chances.call || chances.reload || f->rates[i].per_second <= 0) return;
    if (a->rate.per_second <= 0) return; /* nothing has begun yet */
    bool is_free = a->level - (double)(w.now_ms - a->level_ms) / 1000 * a->rate.per_second <=
                   a->rate.burst - 1.01;
    if (!is_free || f->rates[i].concurrency || a->paused_until_ms > w.now_ms) return;
    pl_slice name = pl_slice_of(connector_names[i]);
    if (pl_quota_state_of(w.quotas, name, world_monotonic_us()).pause_ms) return;
    RULE("what was put off has given its token back",
         pl_quota_enter(w.quotas, name, &f->rates[i], world_monotonic_us(), &place) == 0);
    pl_quota_undo(w.quotas, &place);
}

static inline void check_places(void)
{
    for (int i = 0; i < CONNECTORS; i++)
        check_place(i);
}

/* Is a worker busy enough with calls to refuse one? */
static inline bool is_busy_with_calls(const worker *me)
{
    int64_t count = 0;
    for (const call *c = calls; c; c = c->next)
        count += c->at == me && !c->is_over;
    for (const flight *f = flights; f; f = f->next)
        count += f->at == me && f->is_call && !f->is_over;
    return count >= w.settings.limit_calls;
}

/* -- in the end -- */

static inline void check_ended(const row *r)
{
    RULE("nothing is lost: each delivery comes to its end", r->state != PL_STATE_PENDING);
    if (r->state == PL_STATE_DELIVERED) {
        RULE("what is delivered has reached the receiver", r->successes > 0);
        RULE("what is delivered says so", strcmp(r->outcome, "ok") == 0);
    }
    if (r->state == PL_STATE_CANCELLED)
        RULE("somebody cancelled it", r->was_cancelled || r->undecided || r->superseded);
    RULE("no key is stopped for ever", !r->stops && !r->leaves && !r->behind);
    if (r->state == PL_STATE_FAILED) RULE("what has failed says how", r->outcome[0] != 0);
    RULE("each attempt has its row", r->attempts == r->recorded);
}

static inline void check_posts(void)
{
    for (const post *p = w.posts; p; p = p->next) {
        if (p->is_taken) RULE("who posts is answered once", p->answers == 1);
        if (p->in && p->in->waits && p->code == 0)
            RULE("who waits is told all", p->in->unsettled == 0);
    }
}

static inline void check_end(void)
{
    for (size_t i = 0; i < model.row_count; i++)
        check_ended(model.rows[i]);
    for (int i = 0; i < w.worker_count; i++) {
        RULE("in the end nothing is resident", METRIC_OF(&w.workers[i], resident) == 0);
        RULE("in the end nothing is in flight", METRIC_OF(&w.workers[i], in_flight) == 0);
        RULE("in the end an engine is idle", pl_engine_is_idle(w.workers[i].engine));
    }
    for (const call *c = calls; c; c = c->next)
        RULE("in the end all calls are over", c->is_over);
    for (int i = 0; i < CONNECTORS; i++) {
        pl_slice name = pl_slice_of(connector_names[i]);
        pl_quota_state state = pl_quota_state_of(w.quotas, name, world_monotonic_us());
        RULE("in the end all places are given back", state.in_flight == 0);
    }
    check_posts();
    int64_t fair_ms = w.settings.limit_resident < 100 ? ROUNDS * FAIR_MS : FAIR_MS;
    RULE("a connector that is well waits for no more than a place",
         !has_healthy || worst_wait_ms <= fair_ms);
}

/* An engine that was told to stop says that it is through. */
static inline void check_stopped(void)
{
    for (const flight *f = flights; f; f = f->next)
        RULE("a clean stop leaves no attempt without its row", f->is_over || f->is_call);
}

#endif
