/* SPDX-License-Identifier: MIT
 *
 * What has to become of a delivery after an attempt, judged from the row of the attempt and the
 * policy that it was made under, without asking the engine. */
#ifndef PL_SPEC_FLOW_VERDICTS_H
#define PL_SPEC_FLOW_VERDICTS_H

#include "flights.h"

static inline bool is_class(const pl_record *r, int code)
{
    return strcmp(r->attempt->outcome, pl_err_name(code)) == 0;
}

/* The documented rules: see README, "Retries". */
static inline bool is_worth_another(const pl_record *r, const site *s, enum pl_verdict verdict)
{
    int status = r->attempt->status;
    bool is_status = is_class(r, PL_E_HTTP_STATUS);
    if (is_class(r, PL_E_CONFIG) || is_class(r, PL_E_STOPPING)) return true;
    if (is_status && verdict != PL_VERDICT_NONE) return verdict == PL_VERDICT_RETRY;
    switch (s->rule) {
    case RULE_RESETS_AND_503:
        return is_status ? status == 503 : is_class(r, PL_E_RESET);
    case RULE_ANY_ANSWER:
        return is_status && status >= 300;
    default:
        if (is_status) return status == 408 || status == 425 || status == 429 || status >= 500;
        return !is_class(r, PL_E_MAP) && !is_class(r, PL_E_REDIRECT);
    }
}

/* Bounds of the wait before the next attempt; false: there is none to come. */
static inline bool wait_of(const site *s, uint32_t made, const flight *f, int64_t *least_ms,
                           int64_t *most_ms)
{
    if (made == 0 || made > s->delay_count) return false;
    double delay_ms = (double)s->delays_ms[made - 1];
    int64_t wanted_ms = f ? f->asked_ms : 0, gone_ms = f ? w.now_ms - f->answered_ms : 0;
    *least_ms = later((int64_t)(delay_ms * (1 - s->jitter) - 1e-6),
                      wanted_ms && f->is_date ? wanted_ms - gone_ms : wanted_ms);
    *most_ms = later((int64_t)(delay_ms * (1 + s->jitter) + 1), wanted_ms);
    return true;
}

/* What its proxy fails uses up nothing, and has a schedule of its own. */
static inline bool wait_for_proxy(uint32_t times, int64_t *least_ms, int64_t *most_ms)
{
    *least_ms = w.settings.breaker_cooldown;
    while (--times > 0 && *least_ms < w.settings.breaker_max)
        *least_ms *= 2;
    *least_ms = sooner(*least_ms, w.settings.breaker_max);
    *most_ms = *least_ms * 5 / 4 + 1;
    return true;
}

/* One whose webhook is not loaded goes by the usual schedule of eight attempts. */
static inline void judge_unloaded(const pl_record *r, uint32_t made)
{
    bool goes_on = made < 8;
    RULE("one that is not loaded has the usual budget",
         r->state == (goes_on ? PL_STATE_PENDING : PL_STATE_FAILED));
    RULE("one that is not loaded waits as usual",
         !goes_on || r->due_ms - r->now_ms >= (made == 1 ? 4500 : 270000));
}

static inline void judge_failure(const pl_record *r, const row *d, const flight *f)
{
    const pl_exchange *x = (const pl_exchange *)((const char *)r - offsetof(pl_exchange, record));
    const site *s = site_of(r->attempt->generation, r->webhook);
    uint32_t made = r->attempt->number - d->first - d->uncounted;
    /* One with an order may have been brought back while this attempt was on its way to the store. */
    if (*d->key && d->life > 0) return;
    int64_t least_ms = 0, most_ms = 0, wait_ms = r->due_ms - r->now_ms;
    if (is_class(r, PL_E_CONFIG)) {
        judge_unloaded(r, made);
        return;
    }
    if (s->ends_with_410 && is_class(r, PL_E_HTTP_STATUS) && r->attempt->status == 410) {
        RULE("an answer of 410 disables the webhook", is_disabled(r->connector, r->webhook));
        RULE("what meets a 410 waits for its webhook", r->state == PL_STATE_PENDING && !r->held);
        return;
    }
    bool goes_on = is_class(r, PL_E_PROXY) ? wait_for_proxy(d->uncounted, &least_ms, &most_ms)
                                           : is_worth_another(r, s, x->verdict) &&
                                                 wait_of(s, made, f, &least_ms, &most_ms);
    bool is_young = s->max_age_ms == 0 || d->first > 0;
    int64_t age_ms = r->now_ms - d->created_ms;
    bool may_be_too_old =
        !is_young && (w.leapt_ms || w.wall_ahead_ms || age_ms + most_ms > s->max_age_ms);
    bool is_too_old = may_be_too_old && !w.leapt_ms && !w.wall_ahead_ms &&
                      x->started_ms - d->created_ms + least_ms > s->max_age_ms;
    if (!goes_on || is_too_old) {
        RULE("no attempt beyond the policy's budget", r->state == PL_STATE_FAILED);
        return;
    }
    RULE("nothing is given up while the policy has attempts left",
         r->state == PL_STATE_PENDING || may_be_too_old);
    if (r->state != PL_STATE_PENDING) return;
    RULE("no retry sooner than the policy or the receiver says", wait_ms >= least_ms);
    RULE("no retry later than the policy or the receiver says", wait_ms <= most_ms);
}

/* `f`: NULL when no script was asked. */
static inline void judge_record(const pl_record *r, const row *d, const flight *f)
{
    if (!r->attempt) {
        RULE("what is put off is pending", r->state == PL_STATE_PENDING);
    } else if (is_class(r, 0)) {
        RULE("a success is the end", r->state == PL_STATE_DELIVERED);
        RULE("a success is one at the receiver", d->successes > 0);
    } else if (is_class(r, PL_E_CANCELLED)) {
        RULE("one whose `when` says no is cancelled",
             r->state == PL_STATE_CANCELLED && d->undecided);
    } else {
        judge_failure(r, d, f);
    }
}

#endif
