/* SPDX-License-Identifier: MIT
 *
 * A model of the store, as plain as it gets: the rows of flow/journal.h in memory, and what each
 * operation does to them. It checks on its own that attempts are recorded one by one, and that no
 * delivery is written twice. store.h decides when an operation is carried out, and whether. */
#ifndef PL_SPEC_FLOW_MODEL_H
#define PL_SPEC_FLOW_MODEL_H

#include "flow/exchange.h"
#include "flow/journal.h"
#include "keys.h"
#include "state.h"

#define ROW_CHAINS 4096

/* A delivery as the store has it, and what the receiver saw of it. */
typedef struct row {
    pl_uuid id;
    char connector[8], webhook[8];
    const char *document;
    size_t document_len;
    int64_t created_ms, due_ms;
    int64_t not_before_ms;  /* by the fastest clock: no attempt may be made, */
    int64_t asked_until_ms; /* and the receiver wants none, unless an administrator does */
    enum pl_state state;
    bool held, shelved, undecided, was_cancelled;
    char key[24]; /* of order, with whose it is; empty: none */
    size_t event; /* which came how manieth */
    bool behind;  /* others of its key go first */
    bool stops;   /* it has failed, and its key waits for an administrator */
    bool leaves;  /* it was cancelled while held, and not let go of yet */
    bool superseded;
    uint32_t attempts, first, uncounted, recorded;
    int sends, successes; /* at the receiver */
    int64_t sent_at_ms[12];
    int under_way;       /* transfers */
    int nudges[WORKERS]; /* what this worker does not know yet of what administrators did to it */
    int64_t accepted_ms; /* monotonic */
    uint32_t life;       /* counts how often an administrator has revived it */
    char outcome[24];    /* of the last recorded attempt */
    int status;
    size_t place; /* in the list of its state */
    struct row *chain;
} row;

typedef struct rows {
    row **items;
    size_t count, room;
} rows;

/* An event as it was accepted, or the answer to a request under its key. */
typedef struct document {
    char *id, *text;
    char *digest; /* of a key */
    struct document *chain;
} document;

static struct model {
    row **rows; /* all */
    size_t row_count, row_room;
    rows held, waiting;      /* those that are pending, and not shelved */
    row *chains[ROW_CHAINS]; /* by id */
    document *events[ROW_CHAINS], *keys[ROW_CHAINS];
    size_t event_count;
    uint64_t seq;                             /* of the last operation */
    char served[sizeof((row *)0)->connector]; /* what a claim gave something of last */
    uint32_t claim_most;                      /* it gives so many; 0: as many as are wanted */
    int64_t paused_until_ms['z' + 1];         /* the connectors, by their first letter */
    int calls_recorded;
    pl_switches *switches; /* what is disabled */
} model;

/* For traces. */
static inline const char *id_name(pl_uuid id)
{
    static char names[4][12];
    static int turn;
    char *name = names[turn++ % 4];
    snprintf(name, sizeof *names, "%02x%02x%02x", id.bytes[13], id.bytes[14], id.bytes[15]);
    return name;
}

static inline row **chain_of(pl_uuid id)
{
    return &model.chains[(id.bytes[14] << 8 | id.bytes[15]) % ROW_CHAINS];
}

static inline row *row_of(pl_uuid id)
{
    for (row *r = *chain_of(id); r; r = r->chain)
        if (pl_uuid_eq(r->id, id)) return r;
    return NULL;
}

/* -- the lists of pending rows -- */

static inline void rows_add(rows *all, row *r)
{
    if (all->count == all->room) {
        all->room = all->room ? all->room * 2 : 64;
        all->items = pl_realloc(all->items, all->room * sizeof(row *));
    }
    r->place = all->count;
    all->items[all->count++] = r;
}

static inline void rows_remove(rows *all, const row *r)
{
    row *last = all->items[--all->count];
    all->items[r->place] = last;
    last->place = r->place;
}

static inline rows *rows_of(const row *r)
{
    if (r->state != PL_STATE_PENDING || r->shelved || r->behind) return NULL;
    return r->held ? &model.held : &model.waiting;
}

static inline void row_move(row *r, enum pl_state state, bool held, bool shelved)
{
    rows *from = rows_of(r);
    if (from) rows_remove(from, r);
    r->state = state;
    r->held = held;
    r->shelved = shelved;
    r->behind = r->stops = r->leaves = false;
    if (rows_of(r)) rows_add(rows_of(r), r);
}

static inline void row_become(row *r, enum pl_state state, bool held)
{
    row_move(r, state, held, false);
}

static inline pl_claimed claimed_of(const row *r, pl_arena *memory)
{
    return (pl_claimed){.id = r->id,
                        .connector = pl_arena_printf(memory, "%s", r->connector),
                        .webhook = pl_arena_printf(memory, "%s", r->webhook),
                        .document = pl_arena_dup(memory, (pl_slice){r->document, r->document_len}),
                        .event_seq = (int64_t)r->event + 1,
                        .received_ms = r->created_ms,
                        .created_ms = r->created_ms,
                        .due_ms = r->due_ms,
                        .attempts = r->attempts,
                        .first = r->first,
                        .uncounted = r->uncounted,
                        .undecided = r->undecided,
                        .is_ordered = *r->key != 0};
}

#include "order.h"

static inline bool is_disabled(pl_slice connector, pl_slice webhook)
{
    return pl_switches_is_off(model.switches, connector, webhook);
}

/* -- commit -- */

static inline char *text_of(pl_slice s)
{
    char *text = pl_alloc(s.len + 1);
    if (s.len) memcpy(text, s.ptr, s.len);
    text[s.len] = 0;
    return text;
}

static inline document **document_chain(document **table, pl_slice id)
{
    uint32_t hash = 0;
    for (size_t i = 0; i < id.len; i++)
        hash = hash * 31 + (unsigned char)id.ptr[i];
    return &table[hash % ROW_CHAINS];
}

static inline document *document_find(document **table, pl_slice id)
{
    for (document *d = *document_chain(table, id); d; d = d->chain)
        if (pl_slice_eq(pl_slice_of(d->id), id)) return d;
    return NULL;
}

static inline document *document_add(document **table, pl_slice id, pl_slice text)
{
    document **chain = document_chain(table, id), *d = pl_alloc_zero(sizeof *d);
    *d = (document){.id = text_of(id), .text = text_of(text), .chain = *chain};
    return *chain = d;
}

static inline void documents_fini(document **table)
{
    for (size_t i = 0; i < ROW_CHAINS; i++) {
        for (document *d = table[i], *next; d; d = next) {
            next = d->chain;
            free(d->id), free(d->text), free(d->digest), free(d);
        }
    }
}

static inline void set_key(row *r, pl_commit_delivery *d)
{
    snprintf(r->key, sizeof r->key, "%.*s/%.*s/%.*s", PL_FMT(d->connector), PL_FMT(d->order_scope),
             PL_FMT(d->order_key));
    model.row_count--; /* it does not wait for itself */
    d->waits = key_is_busy(r);
    model.row_count++;
    r->behind = d->waits;
    if (!d->waits) return;
    r->held = r->shelved = d->is_shelved = false;
}

static inline void store_delivery(const pl_commit *c, pl_commit_delivery *d, const char *doc)
{
    row *r = pl_alloc_zero(sizeof *r);
    d->is_shelved = d->is_off && is_disabled(d->connector, d->webhook);
    if (model.row_count == model.row_room) {
        model.row_room = model.row_room ? model.row_room * 2 : 64;
        model.rows = pl_realloc(model.rows, model.row_room * sizeof(row *));
    }
    model.rows[model.row_count++] = r;
    *r = (row){.id = d->id,
               .document = doc,
               .document_len = strlen(doc),
               .created_ms = c->now_ms,
               .due_ms = c->now_ms,
               .accepted_ms = w.now_ms,
               .not_before_ms = world_fastest_ms(),
               .held = d->held,
               .shelved = d->is_shelved,
               .undecided = d->undecided,
               .event = model.event_count,
               .chain = *chain_of(d->id)};
    snprintf(r->connector, sizeof r->connector, "%.*s", PL_FMT(d->connector));
    snprintf(r->webhook, sizeof r->webhook, "%.*s", PL_FMT(d->webhook));
    RULE("an id is given once", row_of(d->id) == NULL);
    if (d->order_key.len) set_key(r, d);
    *chain_of(d->id) = r;
    if (rows_of(r)) rows_add(rows_of(r), r);
    TRACE("store: %s is committed, for %s/%s%s", id_name(r->id), r->connector, r->webhook,
          r->held ? ", held" : "");
    if (d->waits && d->order == PL_ORDER_NEWEST) overtake(r, d);
}

static inline void store_answer(const pl_commit *c)
{
    pl_buf answer;
    pl_buf_init(&answer);
    c->answer(c, &answer);
    document *key = document_add(model.keys, c->idempotency_key, pl_buf_slice(&answer));
    key->digest = text_of(c->digest);
    pl_buf_fini(&answer);
}

static inline void store_commit(pl_commit *c)
{
    const document *key =
        c->idempotency_key.len ? document_find(model.keys, c->idempotency_key) : NULL;
    c->is_duplicate = key != NULL;
    c->is_reused = key && !pl_slice_eq(pl_slice_of(key->digest), c->digest);
    if (key && !c->is_reused) c->known = text_of(pl_slice_of(key->text));
    if (key) return;
    for (uint32_t n = 0; n < c->count; n++) {
        pl_commit_event *e = &c->events[n];
        e->is_duplicate = e->event->has_own_id && document_find(model.events, e->event->id);
        if (e->is_duplicate) {
            e->known = text_of(PL_SLICE("[]"));
            continue;
        }
        const document *d = document_add(model.events, e->event->id, e->event->document);
        for (uint32_t i = 0; i < e->count; i++)
            store_delivery(c, &e->deliveries[i], d->text);
        e->event->seq = (int64_t)++model.event_count;
    }
    if (c->idempotency_key.len) store_answer(c);
}

/* -- record -- */

/* Until the next attempt: what is held waits by the clock that nobody sets, from when the attempt was
 * over; what is not by the wall's. */
static inline int64_t least_wait_ms(const pl_record *r)
{
    const pl_exchange *x = (const pl_exchange *)((const char *)r - offsetof(pl_exchange, record));
    int64_t age_ms = r->attempt ? w.now_ms - (int64_t)x->stage_us / 1000 : 0;
    return sooner(r->due_ms - r->now_ms - age_ms, r->due_ms - world_wall_ms());
}

/* Of which the store makes the row of what is over. */
static inline bool is_as_committed(const pl_record *r, const row *d)
{
    return pl_slice_eq(r->connector, pl_slice_of(d->connector)) &&
           pl_slice_eq(r->webhook, pl_slice_of(d->webhook)) &&
           r->event->seq == (int64_t)d->event + 1 && r->created_ms == d->created_ms &&
           r->undecided == d->undecided;
}

static inline void store_record(pl_record *r)
{
    if (r->pause_until_ms) model.paused_until_ms[(int)r->connector.ptr[0]] = r->pause_until_ms;
    r->was_gone = r->is_shelved = r->has_disabled = r->has_notice = r->frees = false;
    r->superseded = 0;
    r->next = NULL;
    pl_arena_init(&r->memory);
    if (r->disables) {
        r->has_disabled = !is_disabled(r->connector, r->webhook);
        pl_switches_off(model.switches, r->disables);
    }
    if (r->kind != PL_KIND_DELIVERY) {
        if (r->key.len) store_key_end(r);
        model.calls_recorded++;
        return;
    }
    row *d = row_of(r->id);
    RULE("what is recorded was committed", d != NULL);
    RULE("an attempt is recorded, or that it waits", r->attempt || r->state == PL_STATE_PENDING);
    if (d == NULL) return;
    if (r->attempt) {
        RULE("an attempt says of its delivery what was committed", is_as_committed(r, d));
        RULE("attempts are recorded one by one", r->attempt->number == d->recorded + 1);
        d->recorded = d->attempts = r->attempt->number;
        snprintf(d->outcome, sizeof d->outcome, "%s", r->attempt->outcome);
        d->status = r->attempt->status;
    }
    r->was_gone = d->state != PL_STATE_PENDING;
    if (r->was_gone) {
        d->asked_until_ms = 0;
        d->leaves = false;
        key_advance(d, r);
        return;
    }
    RULE("what is behind is not under way", !d->behind);
    if (r->state == PL_STATE_FAILED && !d->held && !d->shelved) { /* it was brought back */
        r->state = PL_STATE_PENDING;
        r->due_ms = r->now_ms;
        r->held = false;
    }
    d->uncounted += r->attempt && r->attempt->is_uncounted;
    if (w.spy.recorded) w.spy.recorded(r);
    d->due_ms = r->due_ms;
    d->not_before_ms = world_fastest_ms() + least_wait_ms(r);
    r->is_shelved = r->is_off && is_disabled(r->connector, r->webhook);
    if (!gives_way(d, r))
        row_move(d, r->state, r->state == PL_STATE_PENDING && r->held, r->is_shelved);
    d->stops = *d->key && d->state == PL_STATE_FAILED && r->order == PL_ORDER_BLOCK;
    key_advance(d, r);
    if (r->superseded) return;
    r->has_notice = r->notice && (r->disables ? r->has_disabled : r->state != PL_STATE_PENDING);
    if (r->has_notice) store_commit(r->notice);
}

/* -- claim -- */

static inline int by_connector_and_due(const void *a, const void *b)
{
    const row *x = *(row *const *)a, *y = *(row *const *)b;
    int order = strcmp(x->connector, y->connector);
    if (order) return order;
    if (x->due_ms != y->due_ms) return x->due_ms < y->due_ms ? -1 : 1;
    return memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

static inline bool is_claimable(const pl_claim *c, const row *r)
{
    if (r->due_ms > c->before_ms) return false;
    for (uint32_t i = 0; i < c->skip_count; i++)
        if (pl_slice_eq(c->skip[i], pl_slice_of(r->connector))) return false;
    return true;
}

static inline void give(pl_claim *c, row *r)
{
    if (is_disabled(pl_slice_of(r->connector), pl_slice_of(r->webhook))) {
        row_move(r, PL_STATE_PENDING, false, true);
        c->shelved++;
        return;
    }
    TRACE("store: %s is claimed, due in %" PRId64 " ms", id_name(r->id),
          r->due_ms - world_wall_ms());
    row_become(r, PL_STATE_PENDING, true);
    snprintf(model.served, sizeof model.served, "%s", r->connector);
    c->items[c->count++] = claimed_of(r, &c->memory);
}

/* Where the rows of another connector than that of `due[i]` begin. */
static inline size_t next_connector(row *const *due, size_t count, size_t i)
{
    size_t end = i + 1;
    while (end < count && strcmp(due[end]->connector, due[i]->connector) == 0)
        end++;
    return end;
}

/* Each connector gives its part, in turn from claim to claim. */
static inline void give_some(pl_claim *c, row **due, size_t count)
{
    uint32_t limit = c->limit, connectors = 0;
    if (model.claim_most && model.claim_most < limit) limit = model.claim_most;
    qsort(due, count, sizeof *due, by_connector_and_due);
    size_t at = 0;
    for (size_t i = 0; i < count; i = next_connector(due, count, i), connectors++)
        if (at == i && strcmp(due[i]->connector, model.served) <= 0)
            at = next_connector(due, count, i);
    uint32_t each = connectors < limit ? limit / connectors : 1;
    if (c->each && c->each < each) each = c->each;
    for (; connectors > 0 && c->count < limit; connectors--) {
        if (at == count) at = 0;
        size_t end = next_connector(due, count, at);
        for (size_t i = at; i < end && i - at < each && c->count < limit; i++)
            give(c, due[i]);
        at = end;
    }
}

static inline void store_claim(pl_claim *c)
{
    size_t count = 0;
    row **due = pl_alloc((model.waiting.count + 1) * sizeof *due);
    for (size_t i = 0; i < model.waiting.count; i++)
        if (is_claimable(c, model.waiting.items[i])) due[count++] = model.waiting.items[i];
    pl_arena_init(&c->memory);
    c->count = c->shelved = 0;
    c->items = count ? pl_arena_zero(&c->memory, c->limit * sizeof *c->items) : NULL;
    if (count) give_some(c, due, count);
    free(due);
    c->next_due_ms = INT64_MAX;
    for (size_t i = 0; i < model.waiting.count; i++)
        c->next_due_ms = sooner(c->next_due_ms, model.waiting.items[i]->due_ms);
}

/* -- command -- */

static inline int store_command(pl_uuid id, enum pl_command_kind kind, int64_t now_ms)
{
    row *r = row_of(id);
    if (r == NULL) return PL_E_UNKNOWN_DELIVERY;
    if (kind == PL_COMMAND_CANCEL) {
        if (r->state != PL_STATE_PENDING && !r->stops) return PL_E_CONFLICT;
        bool leaves = *r->key && r->held;
        row_become(r, PL_STATE_CANCELLED, false);
        r->was_cancelled = true;
        r->leaves = leaves;
        key_advance(r, NULL);
        return 0;
    }
    r->not_before_ms = world_fastest_ms(), r->asked_until_ms = 0;
    if (r->state != PL_STATE_PENDING) {
        r->first = r->attempts;
        r->uncounted = 0;
        r->life++;
        r->due_ms = now_ms;
        bool is_held = r->leaves;
        row_become(r, PL_STATE_PENDING, is_held);
        if (*r->key && !is_held) {
            rows_remove(rows_of(r), r);
            r->behind = true;
            key_advance(r, NULL);
        }
    } else if (!r->held) {
        r->due_ms = now_ms;
    }
    return 0;
}

/* -- switches -- */

/* An administrator enables a webhook, and all that was shelved for it is released. */
static inline void store_enable(pl_slice connector, pl_slice webhook, int64_t now_ms)
{
    pl_switches_on(model.switches, connector, webhook);
    for (size_t i = 0; i < model.row_count; i++) {
        row *r = model.rows[i];
        if (!r->shelved || !pl_slice_eq(pl_slice_of(r->connector), connector) ||
            !pl_slice_eq(pl_slice_of(r->webhook), webhook))
            continue;
        r->due_ms = now_ms;
        r->not_before_ms = world_fastest_ms();
        r->asked_until_ms = 0;
        r->first = r->attempts;
        r->uncounted = 0;
        row_become(r, PL_STATE_PENDING, false);
    }
}

/* -- begin and end -- */

/* What a store does when a new process opens it: nobody holds a delivery. What a receiver asked for
 * in an answer that was not recorded is forgotten with it. */
static inline void model_reopen(void)
{
    keys_reopen();
    while (model.held.count)
        row_become(model.held.items[0], PL_STATE_PENDING, false);
    for (size_t i = 0; i < model.row_count; i++) {
        row *r = model.rows[i];
        r->asked_until_ms = sooner(r->asked_until_ms, r->not_before_ms);
        memset(r->nudges, 0, sizeof r->nudges);
        r->leaves = false;
    }
    for (size_t i = 0; i < model.row_count; i++)
        key_advance(model.rows[i], NULL);
}

static inline void model_fini(void)
{
    keys_fini();
    for (size_t i = 0; i < model.row_count; i++)
        free(model.rows[i]);
    documents_fini(model.events);
    documents_fini(model.keys);
    free(model.rows);
    free(model.held.items);
    free(model.waiting.items);
    pl_switches_free(model.switches);
    model = (struct model){0};
}

/* Rows in this state. */
static inline int rows_in(enum pl_state state)
{
    int count = 0;
    for (size_t i = 0; i < model.row_count; i++)
        count += model.rows[i]->state == state;
    return count;
}

#endif
