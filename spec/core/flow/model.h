/* SPDX-License-Identifier: MIT
 *
 * A model of the store, as plain as it gets: the rows of flow/journal.h in memory, and what each
 * operation does to them. It checks on its own that attempts are recorded one by one, and that no
 * delivery is written twice. world.h decides when an operation is carried out, and whether. */
#ifndef PL_SPEC_FLOW_MODEL_H
#define PL_SPEC_FLOW_MODEL_H

#include "flow/exchange.h"
#include "flow/journal.h"
#include "test.h"

#include <stdlib.h>

#define ROW_CHAINS 4096

/* A delivery as the store has it, and what the receiver saw of it. */
typedef struct row {
    pl_uuid id;
    char connector[8], webhook[8];
    const char *document;
    size_t document_len;
    int64_t created_ms, due_ms;
    int64_t not_before_ms;  /* may no attempt be made */
    int64_t asked_until_ms; /* the receiver wants none before, unless an administrator does */
    enum pl_state state;
    bool held, undecided, was_cancelled;
    uint32_t attempts, first, recorded;
    int sends, successes; /* at the receiver */
    int64_t sent_at_ms[12];
    bool is_under_way;
    char outcome[24]; /* of the last recorded attempt */
    int status;
    struct row *chain;
} row;

static struct model {
    row **rows;
    size_t row_count, row_room;
    row *chains[ROW_CHAINS]; /* by id */
    char **event_ids, **documents, **keys, **answers, **digests;
    size_t event_count, key_count;
    int calls_recorded;
} model;

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

static inline char *text_of(pl_slice s)
{
    char *text = pl_alloc(s.len + 1);
    if (s.len) memcpy(text, s.ptr, s.len);
    text[s.len] = 0;
    return text;
}

static inline void store_delivery(const pl_commit *c, const pl_commit_delivery *d, const char *doc)
{
    row *r = pl_alloc_zero(sizeof *r);
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
               .not_before_ms = c->now_ms,
               .held = d->held,
               .undecided = d->undecided,
               .chain = *chain_of(d->id)};
    snprintf(r->connector, sizeof r->connector, "%.*s", PL_FMT(d->connector));
    snprintf(r->webhook, sizeof r->webhook, "%.*s", PL_FMT(d->webhook));
    CHECK(row_of(d->id) == NULL);
    *chain_of(d->id) = r;
}

static inline int64_t find_text(char **list, size_t count, pl_slice text)
{
    for (size_t i = 0; i < count; i++)
        if (pl_slice_eq(pl_slice_of(list[i]), text)) return (int64_t)i;
    return -1;
}

static inline void store_answer(const pl_commit *c)
{
    pl_buf answer;
    pl_buf_init(&answer);
    c->answer(c, &answer);
    model.keys = pl_realloc(model.keys, (model.key_count + 1) * sizeof(char *));
    model.answers = pl_realloc(model.answers, (model.key_count + 1) * sizeof(char *));
    model.digests = pl_realloc(model.digests, (model.key_count + 1) * sizeof(char *));
    model.digests[model.key_count] = text_of(c->digest);
    model.keys[model.key_count] = text_of(c->idempotency_key);
    model.answers[model.key_count++] = text_of(pl_buf_slice(&answer));
    pl_buf_fini(&answer);
}

static inline void store_commit(pl_commit *c)
{
    int64_t key = find_text(model.keys, model.key_count, c->idempotency_key);
    c->is_duplicate = c->idempotency_key.len && key >= 0;
    c->is_reused = c->is_duplicate && !pl_slice_eq(pl_slice_of(model.digests[key]), c->digest);
    if (c->is_reused) return;
    if (c->is_duplicate) {
        c->known = text_of(pl_slice_of(model.answers[key]));
        return;
    }
    for (uint32_t n = 0; n < c->count; n++) {
        pl_commit_event *e = &c->events[n];
        e->is_duplicate = e->event->has_own_id &&
                          find_text(model.event_ids, model.event_count, e->event->id) >= 0;
        if (e->is_duplicate) {
            e->known = text_of(PL_SLICE("[]"));
            continue;
        }
        model.event_ids = pl_realloc(model.event_ids, (model.event_count + 1) * sizeof(char *));
        model.documents = pl_realloc(model.documents, (model.event_count + 1) * sizeof(char *));
        model.event_ids[model.event_count] = text_of(e->event->id);
        model.documents[model.event_count] = text_of(e->event->document);
        for (uint32_t i = 0; i < e->count; i++)
            store_delivery(c, &e->deliveries[i], model.documents[model.event_count]);
        e->event->seq = (int64_t)++model.event_count;
    }
    if (c->idempotency_key.len) store_answer(c);
}

static inline void store_record(pl_record *r)
{
    r->was_gone = false;
    if (r->kind != PL_KIND_DELIVERY) {
        model.calls_recorded++;
        return;
    }
    row *d = row_of(r->id);
    CHECK(d != NULL && (r->attempt != NULL || r->state == PL_STATE_PENDING));
    if (d == NULL) return;
    if (r->attempt) {
        CHECK_EQ_INT(r->attempt->number, d->recorded + 1);
        d->recorded = d->attempts = r->attempt->number;
        snprintf(d->outcome, sizeof d->outcome, "%s", r->attempt->outcome);
        d->status = r->attempt->status;
    }
    r->was_gone = d->state != PL_STATE_PENDING;
    if (r->was_gone) d->asked_until_ms = 0;
    if (r->was_gone) return;
    d->state = r->state;
    d->due_ms = d->not_before_ms = r->due_ms;
    d->held = r->held;
}

static inline int by_due(const void *a, const void *b)
{
    const row *x = *(row *const *)a, *y = *(row *const *)b;
    if (x->due_ms != y->due_ms) return x->due_ms < y->due_ms ? -1 : 1;
    return memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

/* How many of this row's connector a claim gave. */
static inline uint32_t given_like(const pl_claim *c, const row *r)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->count; i++)
        count += strcmp(c->items[i].connector, r->connector) == 0;
    return count;
}

static inline bool is_claimed(const pl_claim *c, const row *r, uint32_t each)
{
    for (uint32_t i = 0; i < c->skip_count; i++)
        if (pl_slice_eq(c->skip[i], pl_slice_of(r->connector))) return false;
    return r->due_ms <= c->before_ms && given_like(c, r) < each;
}

/* The connectors of the model are "c" and "d": half for each, where both have something due. */
static inline uint32_t share_of_claim(const pl_claim *c, row *const *waiting, size_t count)
{
    bool has_c = false, has_d = false;
    for (size_t i = 0; i < count; i++) {
        bool is_due = is_claimed(c, waiting[i], UINT32_MAX);
        has_c |= is_due && waiting[i]->connector[0] == 'c';
        has_d |= is_due && waiting[i]->connector[0] == 'd';
    }
    uint32_t share = has_c && has_d ? (c->limit + 1) / 2 : c->limit;
    return c->each && c->each < share ? c->each : share;
}

static inline void store_claim(pl_claim *c)
{
    size_t count = 0;
    row **waiting = pl_alloc((model.row_count + 1) * sizeof *waiting);
    for (size_t i = 0; i < model.row_count; i++)
        if (model.rows[i]->state == PL_STATE_PENDING && !model.rows[i]->held)
            waiting[count++] = model.rows[i];
    qsort(waiting, count, sizeof *waiting, by_due);

    pl_arena_init(&c->memory);
    c->items = pl_arena_zero(&c->memory, c->limit * sizeof *c->items);
    c->count = 0;
    uint32_t each = share_of_claim(c, waiting, count);
    for (size_t i = 0; i < count && c->count < c->limit; i++) {
        row *r = waiting[i];
        if (!is_claimed(c, r, each)) continue;
        r->held = true;
        pl_slice document = {r->document, r->document_len};
        c->items[c->count++] =
            (pl_claimed){.id = r->id,
                         .connector = pl_arena_printf(&c->memory, "%s", r->connector),
                         .webhook = pl_arena_printf(&c->memory, "%s", r->webhook),
                         .document = pl_arena_dup(&c->memory, document),
                         .event_seq = 1,
                         .received_ms = r->created_ms,
                         .created_ms = r->created_ms,
                         .due_ms = r->due_ms,
                         .attempts = r->attempts,
                         .first = r->first,
                         .undecided = r->undecided};
    }
    c->next_due_ms = INT64_MAX;
    for (size_t i = count; i > 0; i--)
        if (!waiting[i - 1]->held) c->next_due_ms = waiting[i - 1]->due_ms;
    free(waiting);
}

static inline void store_command(pl_uuid id, enum pl_command_kind kind, int64_t now_ms)
{
    row *r = row_of(id);
    if (kind == PL_COMMAND_RETRY) r->not_before_ms = now_ms, r->asked_until_ms = 0;
    if (kind == PL_COMMAND_CANCEL && r->state == PL_STATE_PENDING) {
        r->state = PL_STATE_CANCELLED;
        r->held = false;
        r->was_cancelled = true;
    } else if (kind == PL_COMMAND_RETRY && r->state == PL_STATE_PENDING) {
        if (!r->held) r->due_ms = now_ms;
    } else if (kind == PL_COMMAND_RETRY) {
        r->state = PL_STATE_PENDING;
        r->held = false;
        r->first = r->attempts;
        r->due_ms = now_ms;
    }
}

/* What a store does when a new process opens it: nobody holds a delivery. What a receiver asked for
 * in an answer that was not recorded is forgotten with it. */
static inline void model_reopen(void)
{
    for (size_t i = 0; i < model.row_count; i++) {
        row *r = model.rows[i];
        r->held = false;
        if (r->asked_until_ms > r->due_ms) r->asked_until_ms = r->due_ms;
    }
}

static inline void model_fini(void)
{
    for (size_t i = 0; i < model.row_count; i++)
        free(model.rows[i]);
    for (size_t i = 0; i < model.event_count; i++)
        free(model.event_ids[i]), free(model.documents[i]);
    for (size_t i = 0; i < model.key_count; i++)
        free(model.keys[i]), free(model.answers[i]), free(model.digests[i]);
    free(model.rows);
    free(model.event_ids);
    free(model.documents);
    free(model.keys);
    free(model.answers);
    free(model.digests);
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
