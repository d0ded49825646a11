/* SPDX-License-Identifier: MIT
 *
 * Keys of order in the model of the store: which of them may go, by looking at all of them. */
#ifndef PL_SPEC_FLOW_ORDER_H
#define PL_SPEC_FLOW_ORDER_H

/* Included by model.h, behind its rows. */

static inline bool is_of_key(const row *r, const row *like)
{
    return *like->key && strcmp(r->key, like->key) == 0;
}

static inline bool is_in_motion(const row *r)
{
    return r->state == PL_STATE_PENDING && !r->behind;
}

/* Must a new one wait? */
static inline bool key_is_busy(const row *like)
{
    for (size_t i = 0; i < model.row_count; i++) {
        const row *r = model.rows[i];
        if (is_of_key(r, like) && (r->state == PL_STATE_PENDING || r->stops || r->leaves))
            return true;
    }
    return false;
}

static inline row *next_of_key(const row *like)
{
    row *next = NULL;
    for (size_t i = 0; i < model.row_count; i++) {
        row *r = model.rows[i];
        if (!is_of_key(r, like)) continue;
        if (r->leaves || is_in_motion(r)) return NULL;
        if (r->behind && (next == NULL || r->event < next->event)) next = r;
    }
    for (size_t i = 0; next && i < model.row_count; i++)
        if (is_of_key(model.rows[i], like) && model.rows[i]->stops &&
            model.rows[i]->event <= next->event)
            return NULL;
    return next;
}

/* The next of the key goes, if it may: into the memory that the record has a place in. */
static inline void key_advance(const row *like, pl_record *record)
{
    row *next = next_of_key(like);
    if (next == NULL) return;
    bool is_taken = record && record->held;
    next->due_ms = world_wall_ms();
    row_become(next, PL_STATE_PENDING, is_taken);
    if (record == NULL) return;
    record->frees = true;
    if (!is_taken) return;
    record->next = pl_arena_alloc(&record->memory, sizeof *record->next);
    *record->next = claimed_of(next, &record->memory);
}

static inline void supersede(row *r)
{
    row_become(r, PL_STATE_CANCELLED, false);
    r->superseded = true;
}

/* All behind that are older than the newest are superseded; how many. */
static inline uint32_t supersede_older(const row *newest)
{
    uint32_t count = 0;
    for (size_t i = 0; i < model.row_count; i++) {
        row *r = model.rows[i];
        if (!is_of_key(r, newest) || !r->behind || r->event >= newest->event) continue;
        supersede(r);
        count++;
    }
    return count;
}

static inline row *newest_of_key(const row *like)
{
    row *newest = NULL;
    for (size_t i = 0; i < model.row_count; i++) {
        row *r = model.rows[i];
        if (is_of_key(r, like) && r->behind && r->event > like->event &&
            (newest == NULL || r->event > newest->event))
            newest = r;
    }
    return newest;
}

/* A row that waits was committed, and those before it are to give way to it, unless the key has
 * stopped. */
static inline void overtake(row *r, pl_commit_delivery *d)
{
    for (size_t i = 0; i < model.row_count; i++)
        if (is_of_key(model.rows[i], r) && (model.rows[i]->stops || model.rows[i]->leaves)) return;
    for (size_t i = 0; i < model.row_count; i++) {
        row *other = model.rows[i];
        if (!is_of_key(other, r) || !is_in_motion(other)) continue;
        d->has_overtaken = other->held;
        d->overtaken = other->id;
        if (other->held || other->shelved || other->attempts == other->first) return;
        supersede(other);
        d->superseded = 1 + supersede_older(r);
        d->waits = false;
        row_become(r, PL_STATE_PENDING, d->held);
        return;
    }
}

/* Of one that was not delivered: does a newer one go instead? */
static inline bool gives_way(row *r, pl_record *record)
{
    bool has_failed = record->state == PL_STATE_PENDING || record->state == PL_STATE_FAILED;
    row *newest = record->order == PL_ORDER_NEWEST ? newest_of_key(r) : NULL;
    if (newest == NULL || !has_failed || record->is_off || r->shelved) return false;
    supersede(r);
    record->superseded = 1 + supersede_older(newest);
    return true;
}

/* -- rules -- */

static inline void check_order(const row *sent)
{
    for (size_t i = 0; *sent->key && i < model.row_count; i++) {
        const row *r = model.rows[i];
        if (r == sent || !is_of_key(r, sent)) continue;
        RULE("of a key one is under way at a time", r->under_way == 0);
        RULE("of a key the older goes first",
             r->state != PL_STATE_PENDING || r->event >= sent->event || r->life > 0);
        RULE("a key that is stopped does not go on",
             !r->stops || r->event > sent->event || sent->was_cancelled);
    }
}

#endif
