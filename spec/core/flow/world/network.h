/* SPDX-License-Identifier: MIT
 *
 * The network: what is sent is answered when and how the test says. */
#ifndef PL_SPEC_FLOW_NETWORK_H
#define PL_SPEC_FLOW_NETWORK_H

#include "model.h"

static inline void row_is_sent(worker *me, row *r)
{
    RULE("nothing is sent twice at once", r->under_way == 0);
    /* Perhaps while a script waited, or the worker has not heard of it. */
    RULE("what has ended is not sent", r->state == PL_STATE_PENDING || r->was_cancelled);
    RULE("nothing is sent before it is due", world_fastest_ms() >= r->not_before_ms);
    RULE("a receiver's wish to wait is granted", world_fastest_ms() >= r->asked_until_ms);
    check_order(r);
    r->under_way++;
    if ((size_t)r->sends < sizeof r->sent_at_ms / sizeof *r->sent_at_ms)
        r->sent_at_ms[r->sends] = w.now_ms;
    r->sends++;
    me->under_way++;
    if (++w.under_way > w.most_under_way) w.most_under_way = w.under_way;
}

/* Not with these. */
static inline bool has_come_through(const reply *r)
{
    switch (r->code) {
    case PL_E_DNS:
    case PL_E_CONNECT:
    case PL_E_TLS:
    case PL_E_PROXY:
    case PL_E_EGRESS:
        return false;
    default:
        return true;
    }
}

/* Does the receiver act on the request that it answers so, or does not answer? */
static inline bool acts_on(const reply *r)
{
    return has_come_through(r) && r->status != 401 && r->status != 425 && r->status != 429;
}

static inline void port_send(void *world, pl_exchange *x)
{
    worker *me = world;
    reply answer = w.reply_of ? w.reply_of(x) : w.reply;
    coming *c = come(&w.transfers, me, answer.delay_ms);
    c->x = x;
    c->reply = answer;
    x->transfer = c;
    if (!has_effect()) return;
    w.sends++;
    if (w.spy.sent) w.spy.sent(me, x);
    if (x->key) key_is_sent(x, acts_on(&answer));
    if (x->delivery == NULL) return;
    row *r = row_of(x->id);
    RULE("what is sent was committed", r != NULL);
    if (r) row_is_sent(me, r);
}

static inline void transfer_over(worker *me, const pl_exchange *x)
{
    row *r = x->delivery ? row_of(x->id) : NULL;
    if (r == NULL || r->under_way == 0) return;
    r->under_way--;
    me->under_way--;
    w.under_way--;
}

static inline void port_unsend(void *world, pl_exchange *x)
{
    RULE("what is called back is under way", remove_of(&w.transfers, x));
    x->transfer = NULL;
    transfer_over(world, x);
    w.unsends++;
}

static inline void port_recorded(void *world, const pl_record *record)
{
    (void)world;
    w.recorded++;
    if (w.watch) w.watch(record);
}

/* How long the receiver wants to be left alone from now on, as far as that is granted. */
static inline int64_t asked_ms(const reply *answer)
{
    int64_t ms = answer->retry_at_ms ? later(answer->retry_at_ms - world_wall_ms(), 0)
                                     : answer->retry_after_s * INT64_C(1000);
    return sooner(ms, w.settings.limit_retry_after);
}

/* The receiver wants to be left alone by this delivery, and says so. */
static inline void ask_to_wait(pl_exchange *x, const reply *answer)
{
    pl_field *f = pl_arena_zero(&x->arena, sizeof *f);
    f->name = PL_SLICE("Retry-After");
    f->value = answer->retry_after[0]
                   ? pl_arena_dup(&x->arena, pl_slice_of(answer->retry_after))
                   : pl_slice_of(pl_arena_printf(&x->arena, "%d", answer->retry_after_s));
    x->response.fields = f;
    int64_t wait_ms = asked_ms(answer);
    if (x->delivery && wait_ms) row_of(x->id)->asked_until_ms = world_fastest_ms() + wait_ms;
}

static inline void transfer_answer(coming *c)
{
    worker *me = c->to;
    pl_exchange *x = c->x;
    reply answer = c->reply;
    free(c);
    transfer_over(me, x);
    x->response.status = answer.status;
    x->response.was_sent = has_come_through(&answer);
    x->response.body = pl_slice_of(answer.body);
    if (answer.retry_after_s || answer.retry_after[0]) ask_to_wait(x, &answer);
    if (answer.code != 0) x->response.error_text = "the test's network says so";
    if (x->delivery && answer.code == 0 && answer.status >= 200 && answer.status < 300)
        row_of(x->id)->successes++;
    if (w.spy.answered) w.spy.answered(me, x, &answer);
    pl_engine_sent(x, answer.code);
}

#endif
