/* SPDX-License-Identifier: MIT
 *
 * The life of a delivery's row:
 *
 *     commit ---+-------> pending, held -------.
 *               |           |       ^          |  record: final
 *               |   record: |       | claim    |  command: cancel
 *               |  not held |       |          +------------------> deliveries
 *               |           v       |          |                        |
 *               '-------> pending, waiting ----'                        |
 *                               ^                                       |
 *                               '------------ command: retry -----------'
 *
 * Waiting rows of a webhook that is disabled are shelved, at their commit or record, or when a claim
 * comes upon them; no claim finds them then until they are released (sqlite_switch.c).
 *
 * `held` rows belong to a worker's memory and stand in no index but their key, so the hot path
 * (commit held, record final) writes an event, a pending row, a deliveries row and an attempt, all
 * at the right-hand end of their trees, and deletes the pending row again. Waiting rows are in the
 * index pending_due, where a claim finds them.
 *
 * One with a key of order (sqlite_order.h) waits in no such index while others of the key go first;
 * the end of one makes the next of them held or waiting.
 *
 * Events, attempts, all of a call and the move of what is over are left to the end of the group
 * (sqlite_bulk.h).
 *
 * A statement is prepared once and reset before its function returns, so that no read transaction
 * outlives its operation. */
#include "store/sqlite_write.h"

#include "base/err.h"
#include "flow/exchange.h"
#include "store/sqlite_bind.h"
#include "store/sqlite_job.h"
#include "store/sqlite_keep.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_switch.h"
#include "store/sqlite_time.h"

#include <stdlib.h>

#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(PROBE, "PRAGMA application_id = " PL_SQLITE_APPLICATION_ID)                                  \
    X(FIND_EVENT, "SELECT seq, first_id, last_id FROM events WHERE id = ?1")                       \
    X(FIND_ROWS, "SELECT id, connector, webhook FROM pending"                                      \
                 " WHERE id BETWEEN ?2 AND ?3 AND event = ?1 UNION ALL"                            \
                 " SELECT id, connector, webhook FROM deliveries"                                  \
                 " WHERE id BETWEEN ?2 AND ?3 AND event = ?1 AND kind = 0 ORDER BY 1")             \
    X(ADD_ORDERED, "INSERT INTO pending(id, event, connector, webhook, created_ms, due_ms, held,"  \
                   " undecided, order_key, order_scope, attempts, first)"                          \
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, coalesce(?9, ''), 0, 0)")          \
    X(ADD_UNMATCHED, "INSERT INTO deliveries(id, event, kind, state, attempts, created_ms,"        \
                     " finished_ms, reason, undecided) VALUES(?1, ?2, ?3, ?4, 0, ?5, ?5, ?6, 0)")  \
    /* A number of attempts that is NULL: none was made, what the last one left stays. */          \
    X(AGAIN, "UPDATE pending SET due_ms = ?2, held = ?3, attempts = coalesce(?4, attempts),"       \
             " outcome = iif(?4 IS NULL, outcome, ?5), status = iif(?4 IS NULL, status, ?6),"      \
             " reason = iif(?4 IS NULL, reason, ?7), uncounted = uncounted + ?8 WHERE id = ?1")    \
    X(END, "INSERT INTO deliveries(id, event, kind, connector, webhook, state, attempts,"          \
           " undecided, created_ms, finished_ms, outcome, status, reason, order_key, "             \
           "order_scope, blocks)"                                                                  \
           " SELECT id, event, 0, connector, webhook, ?2, coalesce(?4, attempts), undecided,"      \
           " created_ms, ?3, iif(?4 IS NULL, outcome, ?5), iif(?4 IS NULL, status, ?6),"           \
           " iif(?4 IS NULL, reason, ?7), order_key, order_scope, ?8 FROM pending WHERE id = ?1")  \
    X(IS_WAITING, "SELECT 1 FROM pending WHERE id = ?1 AND held = 0")                              \
    X(DROP_PENDING, "DELETE FROM pending WHERE id = ?1")                                           \
    X(COUNT_LATE, "UPDATE deliveries SET attempts = max(attempts, ?2) WHERE id = ?1")              \
    X(IS_DISABLED, "SELECT 1 FROM disabled WHERE connector = ?1 AND webhook = ?2")                 \
    X(LOCATE, "SELECT 0, 0, 0, order_key NOTNULL FROM pending WHERE id = ?1 UNION ALL"             \
              " SELECT state, kind, bare, order_key NOTNULL FROM deliveries WHERE id = ?1")        \
    X(HURRY, "UPDATE pending SET due_ms = ?2 WHERE id = ?1 AND held = 0")                          \
    X(REVIVE,                                                                                      \
      "INSERT INTO pending(id, event, connector, webhook, created_ms, attempts, first,"            \
      " due_ms, held, undecided, outcome, status, reason, order_key, order_scope)"                 \
      " SELECT id, event, connector, webhook, created_ms, attempts, attempts, ?2, ?3,"             \
      " undecided, outcome, status, reason, order_key, order_scope FROM deliveries WHERE id = ?1") \
    X(DROP_ENDED, "DELETE FROM deliveries WHERE id = ?1")

enum statement {
#define X(code, ...) code,
    STATEMENTS(X)
#undef X
        STATEMENT_COUNT
};

_Static_assert(STATEMENT_COUNT == PL_SQLITE_STATEMENT_COUNT, "one slot a statement");

#define GONE (-1) /* a place in neither table */

/* -- the end of a delivery -- */

/* The number, outcome, status and reason of an attempt into four parameters;
 * without an attempt, four NULLs. */
static void bind_last(sqlite3_stmt *q, int number, int outcome, const pl_attempt *a)
{
    pl_sqlite_bind_some(q, number, a ? a->number : 0);
    pl_sqlite_bind_text(q, outcome, a ? pl_slice_of(a->outcome) : PL_NO_SLICE);
    pl_sqlite_bind_some(q, outcome + 1, a ? a->status : 0);
    pl_sqlite_bind_text(q, outcome + 2, a ? a->error : PL_NO_SLICE);
}

/* How a delivery ends. */
typedef struct end {
    enum pl_state state;
    int64_t now_ms;
    const pl_attempt *attempt;
    int blocks; /* PL_SQLITE_PASSED, unless it has an order */
} end;

/* From pending to deliveries; *moved says whether it was there. */
static int end_delivery(pl_sqlite_writer *w, const pl_uuid *id, const end *as, bool *moved)
{
    sqlite3_stmt *q = w->statements[END];
    pl_sqlite_bind_id(q, 1, id);
    sqlite3_bind_int(q, 2, as->state);
    sqlite3_bind_int64(q, 3, as->now_ms);
    bind_last(q, 4, 5, as->attempt);
    sqlite3_bind_int(q, 8, as->blocks);
    int rc = pl_sqlite_run(q);
    if (rc) return rc;
    *moved = sqlite3_changes(w->db) > 0;
    if (!*moved) return SQLITE_OK;
    w->change--;
    return pl_sqlite_run_on(w->statements[DROP_PENDING], id);
}

/* -- commit -- */

/* Is there an event of this id, of this group or an earlier one? */
static int look_up(pl_sqlite_writer *w, pl_commit_event *e)
{
    sqlite3_stmt *q = w->statements[FIND_EVENT];
    int rc = SQLITE_OK;
    if (pl_sqlite_bulk_has_event(&w->bulk, e->event->id))
        rc = pl_sqlite_bulk_write_events(&w->bulk);
    if (rc) return rc;
    pl_sqlite_bind_text(q, 1, e->event->id);
    e->is_duplicate = sqlite3_step(q) == SQLITE_ROW;
    return sqlite3_reset(q);
}

/* The deliveries of the event that was there first, as the JSON that its answer names them by. */
static int find_known(pl_sqlite_writer *w, pl_commit_event *e)
{
    sqlite3_stmt *event = w->statements[FIND_EVENT], *rows = w->statements[FIND_ROWS];
    pl_buf json;
    pl_json_writer j;
    pl_buf_init(&json);
    pl_jw_init(&j, &json);
    pl_jw_array(&j);
    pl_sqlite_bind_text(event, 1, e->event->id);
    if (sqlite3_step(event) == SQLITE_ROW) {
        for (int i = 0; i < 3; i++)
            sqlite3_bind_value(rows, i + 1, sqlite3_column_value(event, i));
        while (sqlite3_step(rows) == SQLITE_ROW) {
            char id[PL_UUID_TEXT + 1];
            pl_uuid_format(pl_sqlite_id(rows, 0), id);
            pl_jw_object(&j);
            pl_jw_key(&j, "id");
            pl_jw_text(&j, id);
            pl_jw_key(&j, "connector");
            pl_jw_string(&j, pl_sqlite_slice(rows, 1));
            pl_jw_key(&j, "webhook");
            pl_jw_string(&j, pl_sqlite_slice(rows, 2));
            pl_jw_object_end(&j);
        }
    }
    pl_jw_array_end(&j);
    e->known = pl_alloc_text(pl_buf_slice(&json));
    pl_buf_fini(&json);
    int rc = sqlite3_reset(rows), rc_event = sqlite3_reset(event);
    return rc ? rc : rc_event;
}

/* The place of a row that a worker does or does not hold, or whose webhook it believes to be
 * disabled: this table knows. */
static int place_of(pl_sqlite_writer *w, bool held, bool is_off, pl_slice connector,
                    pl_slice webhook, bool *is_shelved)
{
    *is_shelved = false;
    if (!is_off) return held;
    sqlite3_stmt *q = w->statements[IS_DISABLED];
    pl_sqlite_bind_text(q, 1, connector);
    pl_sqlite_bind_text(q, 2, webhook);
    *is_shelved = sqlite3_step(q) == SQLITE_ROW;
    sqlite3_reset(q);
    return *is_shelved ? PL_SQLITE_IS_SHELVED : held;
}

/* One that has an order: does it wait? Then it is not shelved, whatever its webhook is. */
static int queue_up(pl_sqlite_writer *w, pl_commit_delivery *d)
{
    pl_sqlite_order_set(&w->order, d->order_key, d->connector, d->order_scope);
    int rc = pl_sqlite_order_is_busy(&w->order, &d->waits);
    d->is_shelved = d->is_shelved && !d->waits;
    w->order.change.behind += d->waits;
    return rc;
}

/* It waits, and is newer than all that do: one that has failed gives way. If a worker holds that, it
 * may be under way; the worker knows. */
static int overtake(pl_sqlite_writer *w, pl_commit_delivery *d, int64_t now_ms)
{
    pl_sqlite_order *o = &w->order;
    enum pl_sqlite_place place;
    bool has_failed = false;
    int rc = pl_sqlite_order_in_motion(o, &d->overtaken, &place, &has_failed);
    d->has_overtaken = place == PL_SQLITE_IS_HELD;
    if (rc || place != PL_SQLITE_IS_WAITING || !has_failed) return rc;
    bool moved;
    uint32_t others = 0;
    rc = end_delivery(w, &d->overtaken, &(end){PL_STATE_CANCELLED, now_ms, NULL, PL_SQLITE_PASSED},
                      &moved);
    if (!rc) rc = pl_sqlite_order_supersede(o, &d->overtaken, &d->id, now_ms, &others);
    w->change -= others;
    d->superseded = 1 + others;
    d->waits = false;
    return rc ? rc : pl_sqlite_order_take(o, &d->id, d->held, 0);
}

static int add_ordered(pl_sqlite_writer *w, pl_commit_delivery *d, int64_t event, int64_t now_ms,
                       int place)
{
    sqlite3_stmt *q = w->statements[ADD_ORDERED];
    int rc = queue_up(w, d);
    if (rc) return rc;
    pl_sqlite_bind_id(q, 1, &d->id);
    sqlite3_bind_int64(q, 2, event);
    pl_sqlite_bind_text(q, 3, d->connector);
    pl_sqlite_bind_text(q, 4, d->webhook);
    sqlite3_bind_int64(q, 5, now_ms);
    sqlite3_bind_int(q, 6, d->waits ? PL_SQLITE_IS_BEHIND : place);
    sqlite3_bind_int(q, 7, d->undecided);
    pl_sqlite_bind_text(q, 8, d->order_key);
    pl_sqlite_bind_text(q, 9, d->order_scope);
    w->change++;
    rc = pl_sqlite_run(q);
    return rc || !d->waits || d->order != PL_ORDER_NEWEST ? rc : overtake(w, d, now_ms);
}

static int add_pending(pl_sqlite_writer *w, pl_commit_delivery *d, int64_t event, int64_t now_ms)
{
    int place = place_of(w, d->held, d->is_off, d->connector, d->webhook, &d->is_shelved);
    if (d->order_key.len) return add_ordered(w, d, event, now_ms, place);
    w->change++;
    return pl_sqlite_bulk_begin(&w->bulk, &(pl_sqlite_begin){d, event, now_ms, place});
}

static int add_unmatched(pl_sqlite_writer *w, const pl_commit_event *e, int64_t event,
                         int64_t now_ms)
{
    sqlite3_stmt *q = w->statements[ADD_UNMATCHED];
    pl_sqlite_bind_id(q, 1, &e->unmatched_id);
    sqlite3_bind_int64(q, 2, event);
    sqlite3_bind_int(q, 3, PL_SQLITE_KIND_EVENT);
    sqlite3_bind_int(q, 4, PL_STATE_UNMATCHED);
    sqlite3_bind_int64(q, 5, now_ms);
    pl_sqlite_bind_text(q, 6, e->reason);
    return pl_sqlite_run(q);
}

/* The first and the last of its rows in the feed. */
static void span_of(const pl_commit_event *e, const pl_uuid **first, const pl_uuid **last)
{
    *first = *last = &e->unmatched_id;
    for (uint32_t i = 0; i < e->count; i++) {
        const pl_uuid *id = &e->deliveries[i].id;
        if (i == 0 || memcmp(id, *first, sizeof *id) < 0) *first = id;
        if (i == 0 || memcmp(id, *last, sizeof *id) > 0) *last = id;
    }
}

static int add_event(pl_sqlite_writer *w, const pl_commit *c, pl_commit_event *e)
{
    pl_sqlite_event row = {.event = e->event, .id = e->event->id, .token = c->token};
    span_of(e, &row.first, &row.last);
    int rc = pl_sqlite_bulk_event(&w->bulk, &row);
    e->event->seq = row.seq;
    return rc;
}

static int commit_event(pl_sqlite_writer *w, const pl_commit *c, pl_commit_event *e)
{
    int rc = w->bulk.is_careful ? look_up(w, e) : SQLITE_OK;
    if (!rc && e->is_duplicate) {
        rc = pl_sqlite_bulk_write(&w->bulk); /* the first may be of the same group */
        return rc ? rc : find_known(w, e);
    }
    if (!rc) rc = add_event(w, c, e);
    if (rc) return rc;
    if (e->count == 0) return add_unmatched(w, e, e->event->seq, c->now_ms);
    for (uint32_t i = 0; i < e->count && !rc; i++)
        rc = add_pending(w, &e->deliveries[i], e->event->seq, c->now_ms);
    return rc;
}

int pl_sqlite_commit_run(pl_sqlite_writer *w, pl_commit *c)
{
    int rc = c->idempotency_key.len ? pl_sqlite_keys_find(&w->keys, c) : SQLITE_OK;
    if (c->is_duplicate) return rc;
    for (uint32_t i = 0; i < c->count && !rc; i++)
        rc = commit_event(w, c, &c->events[i]);
    if (c->idempotency_key.len && !rc) rc = pl_sqlite_keys_keep(&w->keys, c);
    return rc;
}

static void clear_commit(pl_commit *c)
{
    c->is_duplicate = c->is_reused = false;
    c->known = NULL;
    for (uint32_t i = 0; i < c->count; i++) {
        pl_commit_event *e = &c->events[i];
        e->is_duplicate = false;
        e->known = NULL;
        e->event->seq = 0;
        for (uint32_t n = 0; n < e->count; n++) {
            pl_commit_delivery *d = &e->deliveries[n];
            d->waits = d->has_overtaken = false;
            d->superseded = 0;
        }
    }
}

static void undo_commit(pl_commit *c)
{
    free(c->known);
    for (uint32_t i = 0; i < c->count; i++)
        free(c->events[i].known);
}

/* -- record -- */

static int record_again(pl_sqlite_writer *w, pl_record *r, bool *found)
{
    int place = place_of(w, r->held, r->is_off, r->connector, r->webhook, &r->is_shelved);
    sqlite3_stmt *q = w->statements[AGAIN];
    pl_sqlite_bind_id(q, 1, &r->id);
    sqlite3_bind_int64(q, 2, r->due_ms);
    sqlite3_bind_int(q, 3, place);
    bind_last(q, 4, 5, r->attempt);
    sqlite3_bind_int(q, 8, r->attempt && r->attempt->is_uncounted);
    int rc = pl_sqlite_run(q);
    *found = sqlite3_changes(w->db) > 0;
    r->is_shelved = r->is_shelved && *found;
    return rc;
}

/* The same with an attempt, and of one without a key of order: nothing of the group has to see it at
 * once. */
static int end_later(pl_sqlite_writer *w, const pl_record *r, bool *found)
{
    int rc = pl_sqlite_bulk_end(&w->bulk, r, found);
    w->change -= *found;
    return rc;
}

/* What the record makes of a delivery; *found is false when it is not pending. */
static int apply(pl_sqlite_writer *w, pl_record *r, int blocks, bool *found)
{
    if (r->state == PL_STATE_PENDING) return record_again(w, r, found);
    if (!r->is_ordered && r->attempt) return end_later(w, r, found);
    return end_delivery(w, &r->id, &(end){r->state, r->now_ms, r->attempt, blocks}, found);
}

/* One that is not delivered, when a newer one of its key waits and its order is NEWEST: it is over,
 * as are those between. *found is false when that is not so. */
static int give_way(pl_sqlite_writer *w, pl_record *r, bool *found)
{
    pl_sqlite_order *o = &w->order;
    pl_uuid newest;
    uint32_t others = 0;
    int rc = pl_sqlite_order_newest(o, o->event, &newest, found);
    if (rc || !*found) return rc;
    rc = end_delivery(w, &r->id,
                      &(end){PL_STATE_CANCELLED, r->now_ms, r->attempt, PL_SQLITE_PASSED}, found);
    if (!rc) rc = pl_sqlite_order_supersede(o, &r->id, &newest, r->now_ms, &others);
    w->change -= others;
    r->superseded = 1 + others;
    return rc;
}

static bool may_give_way(const pl_record *r, enum pl_sqlite_place place)
{
    bool is_pending = place == PL_SQLITE_IS_HELD || place == PL_SQLITE_IS_WAITING;
    bool has_failed = r->state == PL_STATE_PENDING || r->state == PL_STATE_FAILED;
    return r->order == PL_ORDER_NEWEST && is_pending && has_failed && !r->is_off;
}

/* With it, or with the end of one that was cancelled before, the next of its key may go. */
static int apply_ordered(pl_sqlite_writer *w, pl_record *r, bool *found)
{
    pl_sqlite_order *o = &w->order;
    bool stops = r->state == PL_STATE_FAILED && r->order == PL_ORDER_BLOCK;
    enum pl_sqlite_place place;
    int rc = pl_sqlite_order_find(o, &r->id, &place);
    if (!rc && may_give_way(r, place)) rc = give_way(w, r, found);
    if (!rc && !r->superseded) rc = apply(w, r, stops ? PL_SQLITE_STOPS : PL_SQLITE_PASSED, found);
    if (!rc && place == PL_SQLITE_IS_LEAVING) rc = pl_sqlite_order_let_go(o, &r->id);
    if (rc || (*found && r->state == PL_STATE_PENDING && !r->superseded)) return rc;
    if (*found && stops) o->change.stopped++;
    return pl_sqlite_order_advance(o, r->now_ms, &r->frees, r);
}

/* A delivery that was cancelled and brought back while its last attempt was under way waits for a
 * worker by now: that the attempt has failed does not end what the administrator has begun. */
static int spare_revived(pl_sqlite_writer *w, pl_record *r)
{
    if (r->state != PL_STATE_FAILED) return SQLITE_OK;
    sqlite3_stmt *q = w->statements[IS_WAITING];
    pl_sqlite_bind_id(q, 1, &r->id);
    if (sqlite3_step(q) == SQLITE_ROW) {
        r->state = PL_STATE_PENDING;
        r->due_ms = r->now_ms;
        r->held = false;
    }
    return sqlite3_reset(q);
}

/* *is_erased: there is no such delivery any more, and nothing of its attempt may stay. */
static int record_delivery(pl_sqlite_writer *w, pl_record *r, bool *is_erased)
{
    bool found = false;
    int rc = r->is_ordered ? pl_sqlite_bulk_write_events(&w->bulk) : SQLITE_OK; /* for the next */
    if (!rc) rc = spare_revived(w, r);
    if (rc) return rc;
    rc = r->is_ordered ? apply_ordered(w, r, &found) : apply(w, r, PL_SQLITE_PASSED, &found);
    r->was_gone = !rc && !found;
    if (!r->was_gone || !r->attempt) return rc;
    sqlite3_stmt *q = w->statements[COUNT_LATE];
    pl_sqlite_bind_id(q, 1, &r->id);
    sqlite3_bind_int64(q, 2, r->attempt->number);
    rc = pl_sqlite_run(q);
    *is_erased = sqlite3_changes(w->db) == 0;
    return rc;
}

/* See pl_record.notice. */
static int record_notice(pl_sqlite_writer *w, pl_record *r)
{
    bool is_final = r->state != PL_STATE_PENDING && !r->was_gone && !r->superseded;
    r->has_notice = r->notice && (r->disables ? r->has_disabled : is_final);
    return r->has_notice ? pl_sqlite_commit_run(w, r->notice) : SQLITE_OK;
}

static int run_record(pl_sqlite_writer *w, pl_record *r)
{
    bool is_erased = false;
    int rc = r->disables ? pl_sqlite_disable(w, r->disables, &r->has_disabled) : SQLITE_OK;
    if (r->pause_until_ms && !rc) rc = pl_sqlite_pause(w, r->connector, r->pause_until_ms);
    if (rc) return rc;
    rc = r->kind == PL_KIND_DELIVERY ? record_delivery(w, r, &is_erased)
                                     : pl_sqlite_bulk_call(&w->bulk, r);
    if (!rc && r->key.len) rc = pl_sqlite_keys_end(&w->keys, r);
    if (!rc) rc = record_notice(w, r);
    return rc || !r->attempt || is_erased ? rc : pl_sqlite_bulk_attempt(&w->bulk, r);
}

static void clear_record(pl_record *r)
{
    r->was_gone = r->is_shelved = r->has_disabled = r->has_notice = r->frees = false;
    r->superseded = 0;
    r->next = NULL;
    pl_arena_init(&r->memory);
    if (r->notice) clear_commit(r->notice);
}

/* -- command -- */

typedef struct located {
    int state, kind; /* GONE: there is no row */
    bool is_bare;    /* its payload is not kept */
    enum pl_sqlite_place place;
} located;

static int locate(pl_sqlite_writer *w, const pl_uuid *id, located *l)
{
    sqlite3_stmt *q = w->statements[LOCATE];
    bool is_ordered = false;
    *l = (located){.state = GONE, .place = PL_SQLITE_IS_NOWHERE};
    pl_sqlite_bind_id(q, 1, id);
    if (sqlite3_step(q) == SQLITE_ROW) {
        l->state = sqlite3_column_int(q, 0);
        l->kind = sqlite3_column_int(q, 1);
        l->is_bare = sqlite3_column_int(q, 2) != 0;
        is_ordered = sqlite3_column_int(q, 3) != 0;
    }
    int rc = sqlite3_reset(q);
    return rc || !is_ordered ? rc : pl_sqlite_order_find(&w->order, id, &l->place);
}

static int hurry(pl_sqlite_writer *w, const pl_command *c)
{
    sqlite3_stmt *q = w->statements[HURRY];
    pl_sqlite_bind_id(q, 1, &c->id);
    sqlite3_bind_int64(q, 2, c->now_ms);
    return pl_sqlite_run(q);
}

/* One that has an order takes its place in it, which is the first where its key has stopped for it.
 * One that a worker has not let go of yet is that worker's again. */
static int revive(pl_sqlite_writer *w, pl_command *c, const located *l)
{
    sqlite3_stmt *q = w->statements[REVIVE];
    enum pl_sqlite_place place = l->place == PL_SQLITE_IS_NOWHERE   ? PL_SQLITE_IS_WAITING
                                 : l->place == PL_SQLITE_IS_LEAVING ? PL_SQLITE_IS_HELD
                                                                    : PL_SQLITE_IS_BEHIND;
    bool frees;
    pl_sqlite_bind_id(q, 1, &c->id);
    sqlite3_bind_int64(q, 2, c->now_ms);
    sqlite3_bind_int(q, 3, place);
    w->change++;
    w->order.change.behind += place == PL_SQLITE_IS_BEHIND;
    w->order.change.stopped -= l->place == PL_SQLITE_HAS_STOPPED;
    int rc = pl_sqlite_run(q);
    if (!rc) rc = pl_sqlite_run_on(w->statements[DROP_ENDED], &c->id);
    if (rc || place != PL_SQLITE_IS_BEHIND) return rc;
    return pl_sqlite_order_advance(&w->order, c->now_ms, &frees, NULL);
}

static int retry(pl_sqlite_writer *w, pl_command *c, const located *l)
{
    /* One that a worker holds stays as it is: the worker is told by whoever gave the command. One
     * behind another stays there. */
    if (c->state == PL_STATE_PENDING) return hurry(w, c);
    if (l->kind != PL_KIND_DELIVERY) {
        c->op.result = PL_E_CONFLICT;
        return SQLITE_OK;
    }
    if (l->is_bare) {
        c->op.result = PL_E_NO_PAYLOAD;
        return SQLITE_OK;
    }
    c->state = PL_STATE_PENDING;
    return revive(w, c, l);
}

/* A failed one that its key waits for can be cancelled, too. */
static int cancel(pl_sqlite_writer *w, pl_command *c, const located *l)
{
    bool moved, frees;
    int rc, blocks = l->place == PL_SQLITE_IS_HELD ? PL_SQLITE_LEAVING : PL_SQLITE_PASSED;
    if (l->place == PL_SQLITE_HAS_STOPPED) {
        rc = pl_sqlite_order_give_up(&w->order, &c->id, c->now_ms);
    } else if (c->state == PL_STATE_PENDING) {
        rc = end_delivery(w, &c->id, &(end){PL_STATE_CANCELLED, c->now_ms, NULL, blocks}, &moved);
    } else {
        c->op.result = PL_E_CONFLICT;
        return SQLITE_OK;
    }
    c->state = PL_STATE_CANCELLED;
    w->order.change.behind -= l->place == PL_SQLITE_IS_BEHIND;
    if (rc || l->place == PL_SQLITE_IS_NOWHERE) return rc;
    return pl_sqlite_order_advance(&w->order, c->now_ms, &frees, NULL);
}

static int run_command(pl_sqlite_writer *w, pl_command *c)
{
    located l;
    int rc = locate(w, &c->id, &l);
    if (rc) return rc;
    if (l.state == GONE) {
        c->op.result = PL_E_UNKNOWN_DELIVERY;
        return SQLITE_OK;
    }
    c->state = (enum pl_state)l.state;
    return c->kind == PL_COMMAND_RETRY ? retry(w, c, &l) : cancel(w, c, &l);
}

/* -- the writer -- */

static void clear_key(pl_key *k)
{
    k->status = 0;
    k->answer = NULL;
}

void pl_sqlite_writer_clear(pl_op *op)
{
    op->result = 0;
    if (op->kind == PL_OP_COMMIT) clear_commit((pl_commit *)op);
    if (op->kind == PL_OP_RECORD) clear_record((pl_record *)op);
    if (op->kind == PL_OP_CLAIM) pl_sqlite_claim_clear((pl_claim *)op);
    if (op->kind == PL_OP_ERASE) pl_sqlite_erase_clear((pl_erase *)op);
    if (op->kind == PL_OP_KEY) clear_key((pl_key *)op);
    if (op->kind == PL_OP_SWITCH && ((pl_switch_op *)op)->notice)
        clear_commit(((pl_switch_op *)op)->notice);
}

/* Events, keys and other records need not see it: they look for no row that may be in it, or have it
 * written themselves. (What a record is about was committed, and answered, before it.) */
static bool may_come_before_bulk(const pl_op *op)
{
    return op->kind == PL_OP_COMMIT || op->kind == PL_OP_RECORD || op->kind == PL_OP_KEY;
}

int pl_sqlite_writer_run(pl_sqlite_writer *w, pl_op *op)
{
    int rc = may_come_before_bulk(op) ? SQLITE_OK : pl_sqlite_bulk_write(&w->bulk);
    if (rc) return rc;
    op->seq = ++w->seq;
    switch (op->kind) { /* `op` is the first member of each */
    case PL_OP_COMMIT:
        return pl_sqlite_commit_run(w, (pl_commit *)op);
    case PL_OP_RECORD:
        return run_record(w, (pl_record *)op);
    case PL_OP_CLAIM:
        return pl_sqlite_claims_take(&w->claims, (pl_claim *)op);
    case PL_OP_COMMAND:
        return run_command(w, (pl_command *)op);
    case PL_OP_JOB:
        return pl_sqlite_job_run(w, (pl_job_op *)op);
    case PL_OP_KEY:
        return pl_sqlite_keys_take(&w->keys, (pl_key *)op);
    case PL_OP_ERASE:
        return pl_sqlite_erase_run(w, (pl_erase *)op);
    case PL_OP_SWITCH:
        return pl_sqlite_switch_run(w, (pl_switch_op *)op);
    case PL_OP_KINDS:
        break;
    }
    return SQLITE_MISUSE;
}

void pl_sqlite_writer_undo(pl_op *op, int result)
{
    if (op->kind == PL_OP_COMMIT) undo_commit((pl_commit *)op);
    if (op->kind == PL_OP_RECORD) pl_arena_fini(&((pl_record *)op)->memory);
    if (op->kind == PL_OP_CLAIM) pl_arena_fini(&((pl_claim *)op)->memory);
    if (op->kind == PL_OP_ERASE) pl_arena_fini(&((pl_erase *)op)->memory);
    if (op->kind == PL_OP_KEY) free(((pl_key *)op)->answer);
    pl_sqlite_writer_clear(op);
    op->result = result;
}

int pl_sqlite_writer_begin(pl_sqlite_writer *w)
{
    w->change = 0;
    w->order.change = (struct pl_sqlite_order_count){0};
    w->bulk.last_event = w->last_event;
    pl_sqlite_bulk_forget(&w->bulk);
    return pl_sqlite_run(w->statements[BEGIN]);
}

int pl_sqlite_writer_probe(pl_sqlite_writer *w)
{
    return pl_sqlite_run(w->statements[PROBE]);
}

int pl_sqlite_writer_commit(pl_sqlite_writer *w)
{
    int rc = pl_sqlite_bulk_write(&w->bulk);
    if (!rc) rc = pl_sqlite_run(w->statements[COMMIT]);
    if (rc) return rc;
    w->last_event = w->bulk.last_event;
    w->pending += w->change;
    w->order.count.behind += w->order.change.behind;
    w->order.count.stopped += w->order.change.stopped;
    return SQLITE_OK;
}

void pl_sqlite_writer_rollback(pl_sqlite_writer *w)
{
    /* A full disk has often rolled back by itself. */
    if (!sqlite3_get_autocommit(w->db)) sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
}

static int look_around(pl_sqlite_writer *w)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(
        w->db, "SELECT (SELECT count(*) FROM pending), (SELECT max(seq) FROM events)", -1, &q,
        NULL);
    if (rc == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW) {
        w->pending = sqlite3_column_int64(q, 0);
        w->last_event = sqlite3_column_int64(q, 1);
    }
    return q ? sqlite3_finalize(q) : rc;
}

int pl_sqlite_writer_open(pl_sqlite_writer *w, sqlite3 *db)
{
    static const char *const sql[] = {
#define X(code, text) [code] = text,
        STATEMENTS(X)
#undef X
    };
    *w = (pl_sqlite_writer){.db = db};
    int rc = pl_sqlite_keys_open(&w->keys, db);
    if (!rc) rc = pl_sqlite_claims_open(&w->claims, db);
    if (!rc) rc = pl_sqlite_bulk_open(&w->bulk, db);
    if (!rc)
        rc = sqlite3_exec(db,
                          "UPDATE pending SET held = 0 WHERE held = 1 OR held = " PL_SQLITE_SHELVED
                          " AND NOT EXISTS (SELECT 1 FROM disabled d WHERE d.connector ="
                          " pending.connector AND d.webhook = pending.webhook)",
                          NULL, NULL, NULL);
    if (!rc) rc = pl_sqlite_prepare_all(db, sql, STATEMENT_COUNT, w->statements);
    if (!rc) rc = look_around(w);
    if (!rc) rc = pl_sqlite_order_open(&w->order, db);
    if (rc) pl_sqlite_writer_fini(w);
    return rc;
}

void pl_sqlite_writer_fini(pl_sqlite_writer *w)
{
    pl_sqlite_claims_fini(&w->claims);
    pl_sqlite_bulk_fini(&w->bulk);
    pl_sqlite_keys_fini(&w->keys);
    pl_sqlite_order_fini(&w->order);
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(w->statements[i]);
        w->statements[i] = NULL;
    }
}
