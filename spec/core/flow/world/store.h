/* SPDX-License-Identifier: MIT
 *
 * The store's queue: what is submitted is carried out on the model in groups, later, in order, and
 * answered on the mailbox of who submitted it; unless the test says that it fails or is refused.
 *
 * The commands of administrators go the way that they go in the gateway: through the store, then to
 * each worker by its mailbox. */
#ifndef PL_SPEC_FLOW_STORE_H
#define PL_SPEC_FLOW_STORE_H

#include "model.h"

/* -- operations -- */

static inline worker *worker_of(pl_mailbox *box)
{
    return (worker *)((char *)box - offsetof(worker, box));
}

static inline int store_order(pl_op *op);

static inline void store_execute(pl_op *op)
{
    op->seq = ++model.seq;
    if (op->kind == PL_OP_COMMIT) {
        store_commit((pl_commit *)op);
    } else if (op->kind == PL_OP_RECORD) {
        store_record((pl_record *)op);
    } else if (op->kind == PL_OP_CLAIM) {
        worker_of(op->reply_to)->claim_unread = (pl_claim *)op;
        store_claim((pl_claim *)op);
    } else if (op->kind == PL_OP_KEY) {
        op->result = store_key((pl_key *)op);
    } else {
        op->result = store_order(op);
    }
}

static inline void store_finish(pl_op *op)
{
    op->result = w.op_fault ? w.op_fault(op) : w.op_result;
    if (op->result == 0)
        store_execute(op);
    else if (op->kind == PL_OP_CLAIM)
        ((pl_claim *)op)->count = 0;
    pl_mailbox_post(op->reply_to, &op->message);
}

/* In order: an operation is not carried out before those that came before it. */
static inline bool store_run(void)
{
    bool any = false;
    while (w.ops && w.ops->at_ms <= w.now_ms && has_effect()) {
        coming *c = w.ops;
        w.ops = c->next;
        if (w.ops == NULL) w.ops_end = &w.ops;
        store_finish(c->op);
        free(c);
        any = true;
    }
    return any;
}

static inline int store_submit(pl_op *op)
{
    w.op_counts[op->kind]++;
    if (w.op_refuse ? w.op_refuse(op) : w.op_refused) return PL_E_BUSY;
    coming *c = pl_alloc_zero(sizeof *c);
    *c = (coming){.at_ms = w.now_ms + w.op_delay_ms, .op = op};
    *w.ops_end = c;
    w.ops_end = &c->next;
    return 0;
}

static inline int port_submit(void *world, pl_op *op)
{
    (void)world;
    if (w.spy.submitted) w.spy.submitted(op);
    return store_submit(op);
}

/* -- administrators -- */

/* One command, or a step of a job with many. */
typedef struct order {
    pl_op op;
    worker *asked; /* whose interface was asked */
    enum pl_command_kind kind;
    struct order *next, **link;
    uint32_t count;
    pl_uuid ids[];
} order;

typedef struct nudge {
    pl_message message;
    worker *to;
    pl_uuid id;
    enum pl_command_kind kind;
    uint64_t seq;
    struct nudge *next, **link;
} nudge;

static order *orders;
static nudge *nudges;

static inline void order_free(order *o)
{
    *o->link = o->next;
    if (o->next) o->next->link = o->link;
    free(o);
}

static inline void nudge_free(nudge *n)
{
    *n->link = n->next;
    if (n->next) n->next->link = n->link;
    free(n);
}

static inline void on_nudge(pl_message *m)
{
    nudge *n = (nudge *)m;
    TRACE("%d: hears of %s", (int)(n->to - w.workers), id_name(n->id));
    if (n->kind != PL_COMMAND_YIELD) row_of(n->id)->nudges[n->to - w.workers]--;
    pl_engine_nudge(n->to->engine, n->id, n->kind, n->seq);
    nudge_free(n);
}

static inline void nudge_all(pl_uuid id, enum pl_command_kind kind, uint64_t seq)
{
    for (int i = 0; i < w.worker_count; i++) {
        nudge *n = pl_alloc_zero(sizeof *n);
        *n = (nudge){.message.fn = on_nudge,
                     .to = &w.workers[i],
                     .id = id,
                     .kind = kind,
                     .seq = seq,
                     .next = nudges,
                     .link = &nudges};
        if (nudges) nudges->link = &n->next;
        nudges = n;
        pl_mailbox_post(&n->to->box, &n->message);
    }
}

static inline void port_overtaken(void *world, pl_uuid id, uint64_t seq)
{
    (void)world;
    nudge_all(id, PL_COMMAND_YIELD, seq);
}

/* A worker has it, or has not heard yet that it was cancelled. */
static inline bool is_known(const row *r)
{
    for (int i = 0; i < w.worker_count; i++)
        if (r->nudges[i] || pl_engine_holds(w.workers[i].engine, r->id)) return true;
    return false;
}

/* Out of the list: one that was cancelled and is brought back while a worker still has it may be
 * carried by two for a while; but not one with an order. */
static inline void leave_out_known(order *o)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < o->count; i++) {
        const row *r = row_of(o->ids[i]);
        if (r->state == PL_STATE_PENDING || *r->key || !is_known(r)) o->ids[count++] = o->ids[i];
    }
    o->count = count;
}

static inline int store_order(pl_op *op)
{
    order *o = (order *)op;
    int result = 0;
    if (o->kind == PL_COMMAND_RETRY) leave_out_known(o);
    for (uint32_t i = 0; i < o->count; i++) {
        result = store_command(o->ids[i], o->kind, world_wall_ms());
        TRACE("store: %s %s: %s", o->kind == PL_COMMAND_RETRY ? "retry" : "cancel",
              id_name(o->ids[i]), pl_err_name(result));
    }
    if (op->kind == PL_OP_JOB) result = 0;
    for (uint32_t i = 0; i < o->count && result == 0; i++)
        for (int n = 0; n < w.worker_count; n++)
            row_of(o->ids[i])->nudges[n]++;
    return result;
}

static inline void on_ordered(pl_message *m)
{
    order *o = (order *)((char *)m - offsetof(order, op.message));
    for (uint32_t i = 0; i < o->count && o->op.result == 0; i++)
        nudge_all(o->ids[i], o->kind, o->op.seq);
    if (o->op.result == 0 && o->kind == PL_COMMAND_RETRY) pl_engine_claim_now(o->asked->engine);
    order_free(o);
}

/* Through the interface of this worker. */
static inline void order_all(worker *asked, const pl_uuid *ids, uint32_t count,
                             enum pl_command_kind kind)
{
    order *o = pl_alloc_zero(sizeof *o + count * sizeof *ids);
    *o = (order){.asked = asked, .kind = kind, .count = count, .next = orders, .link = &orders};
    o->op = (pl_op){.message.fn = on_ordered,
                    .reply_to = &asked->box,
                    .kind = count == 1 ? PL_OP_COMMAND : PL_OP_JOB};
    memcpy(o->ids, ids, count * sizeof *ids);
    if (orders) orders->link = &o->next;
    orders = o;
    if (store_submit(&o->op) != 0) order_free(o);
}

/* The same at once: all of it has come and gone. */
static inline void command(pl_uuid id, enum pl_command_kind kind)
{
    model.seq++;
    store_command(id, kind, world_wall_ms());
    for (int i = 0; i < w.worker_count; i++)
        pl_engine_nudge(w.workers[i].engine, id, kind, model.seq);
    if (kind == PL_COMMAND_RETRY) pl_engine_claim_now(w.engine);
}

/* -- the process is gone -- */

static inline void store_forget(void)
{
    for (coming *c; (c = w.ops) != NULL;) {
        w.ops = c->next;
        free(c);
    }
    w.ops_end = &w.ops;
    while (orders)
        order_free(orders);
    while (nudges)
        nudge_free(nudges);
    for (worker *me = w.workers; me < w.workers + w.worker_count; me++) {
        if (me->claim_unread) pl_arena_fini(&me->claim_unread->memory);
        me->claim_unread = NULL;
    }
}

#endif
