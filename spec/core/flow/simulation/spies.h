/* SPDX-License-Identifier: MIT
 *
 * What happens in the world, as it is told to the accounts. */
#ifndef PL_SPEC_FLOW_SPIES_H
#define PL_SPEC_FLOW_SPIES_H

#include "limits.h"
#include "verdicts.h"

static int64_t worst_wait_ms; /* of the connector that is well: from its commit to its first send */

static inline void on_started(worker *me, pl_exchange *x)
{
    flight *f = flight_begin(me, x);
    TRACE("%d: %s: attempt %u begins, for %.*s/%.*s", number_of(me), name_of(x), x->number,
          PL_FMT(x->policy->connector), PL_FMT(x->policy->webhook));
    if (f->is_call && x->generation->number != newest->number)
        accounts_count_anew(); /* it waited for its key, and goes by the rates of before */
    if (f->is_call) return;
    const row *r = row_of(x->id);
    f->life = r->life;
    RULE("no attempt begins at what has ended",
         r->state == PL_STATE_PENDING || r->nudges[number_of(me)] > 0);
    RULE("nothing begins while its webhook is disabled",
         !is_disabled(x->policy->connector, x->policy->webhook));
    account_start(f, &x->policy->rate);
}

static inline void on_sent(worker *me, pl_exchange *x)
{
    flight *f = flight_of(x);
    TRACE("%d: %s: sent to %.*s", number_of(me), name_of(x), PL_FMT(x->request.url));
    if (!f->is_sent && f->connector == 0 && !f->is_call && row_of(x->id)->sends == 0)
        worst_wait_ms = later(worst_wait_ms, w.now_ms - row_of(x->id)->accepted_ms);
    if (!x->is_second_round) {
        f->is_sent = true;
        f->host = host_number(x);
        account_at_host(f, folder_of(x->generation->number));
        if (w.settings.breaker_failures) ledger_send(f);
    }
    account_send(f);
}

static inline void on_answered(worker *me, pl_exchange *x, const reply *answer)
{
    flight *f = flight_of(x);
    TRACE("%d: %s: answered %s %d, wait %d s", number_of(me), name_of(x), pl_err_name(answer->code),
          answer->status, answer->retry_after_s);
    account_landed(f);
    f->answered_ms = w.now_ms;
    f->asked_ms = asked_ms(answer);
    f->is_date = answer->retry_at_ms != 0;
    f->status = answer->status;
    ledger_answer(f, answer->code, answer->status);
}

/* The scripts let go of it: it is over, unless it goes into a second round or to its hooks. */
static inline void on_released(worker *me, pl_exchange *x)
{
    flight *f = flight_of(x);
    if (f == NULL) return;
    account_landed(f);
    ledger_drop(f);
    bool is_put_off = !f->is_call && !f->is_sent && x->stage == PL_STAGE_SEND;
    if (is_put_off) account_put_off(f);
    if (!is_put_off && x->stage != PL_STAGE_RECORD) return;
    TRACE("%d: %s: over", number_of(me), name_of(x));
    f->is_over = true;
}

/* The receiver wants a rest, and the attempt has failed. */
static inline void note_pause(const flight *f, const pl_exchange *x)
{
    if (x->error == 0 || f->asked_ms == 0 || (f->status != 429 && f->status != 503)) return;
    account *a = account_of_connector(f);
    a->paused_until_ms = later(a->paused_until_ms, f->answered_ms + f->asked_ms);
}

static inline void on_submitted(const pl_op *op)
{
    if (op->kind != PL_OP_RECORD) return;
    const pl_exchange *x =
        (const pl_exchange *)((const char *)op - offsetof(pl_exchange, record.op));
    flight *f = flight_of(x);
    if (f && x->record.attempt) note_pause(f, x);
    if (f && !x->record.attempt && !f->is_put_off) account_put_off(f);
}

static inline void on_recorded(const pl_record *r)
{
    const pl_exchange *x = (const pl_exchange *)((const char *)r - offsetof(pl_exchange, record));
    const row *d = row_of(r->id);
    const flight *f = flight_of(x);
    TRACE("store: %s: %s, %s, due in %" PRId64 " ms%s", name_of(x), pl_state_name(r->state),
          r->attempt ? r->attempt->outcome : "put off", r->due_ms - r->now_ms,
          r->held ? ", held" : "");
    if (f == NULL || f->life == d->life) judge_record(r, d, f);
}

static inline void set_spies(void)
{
    w.spy = (spy){.started = on_started,
                  .sent = on_sent,
                  .answered = on_answered,
                  .released = on_released,
                  .submitted = on_submitted,
                  .recorded = on_recorded};
}

#endif
