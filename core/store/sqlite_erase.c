/* SPDX-License-Identifier: MIT
 *
 * All that came of an event lies in the span of ids that it names, so an erasure finds it without
 * looking elsewhere. What is erased is overwritten, too, not only given back, as is all that goes
 * from the file (secure_delete, see sqlite_file.c): from the WAL it is gone when that starts over.
 * Erasing is rare: statements are prepared as needed. */
#include "store/sqlite_keep.h"

#include "store/sqlite_bind.h"
#include "store/sqlite_schema.h"

/* Events of one operation, and idempotency keys of calls. */
#define EVENTS_AT_ONCE 16
#define KEYS_AT_ONCE   64

#define OF_EVENT " WHERE id BETWEEN ?2 AND ?3 AND event = ?1"

typedef struct span {
    int64_t event;
    pl_uuid first, last;
} span;

/* `sql` with the numbers of an event. */
static int prepare(pl_sqlite_writer *w, const char *sql, const span *s, sqlite3_stmt **q)
{
    int rc = sqlite3_prepare_v2(w->db, sql, -1, q, NULL);
    if (rc) return rc;
    sqlite3_bind_int64(*q, 1, s->event);
    pl_sqlite_bind_id(*q, 2, &s->first);
    pl_sqlite_bind_id(*q, 3, &s->last);
    return SQLITE_OK;
}

static int run(pl_sqlite_writer *w, const char *sql, const span *s, int *rows)
{
    sqlite3_stmt *q;
    int rc = prepare(w, sql, s, &q);
    if (rc) return rc;
    sqlite3_step(q);
    rc = sqlite3_finalize(q);
    *rows = sqlite3_changes(w->db);
    return rc;
}

/* Notes the pending deliveries of an event. */
static int note_pending(pl_sqlite_writer *w, const span *s, pl_erase *e)
{
    sqlite3_stmt *q;
    int rc = prepare(w, "SELECT id FROM pending" OF_EVENT, s, &q);
    if (rc) return rc;
    while (sqlite3_step(q) == SQLITE_ROW) {
        pl_uuid *more = pl_arena_alloc(&e->memory, (e->pending_count + 1) * sizeof *more);
        if (e->pending_count) memcpy(more, e->pending, e->pending_count * sizeof *more);
        more[e->pending_count++] = pl_sqlite_id(q, 0);
        e->pending = more;
    }
    return sqlite3_finalize(q);
}

/* A key of order that a delivery of the event has. */
typedef struct key {
    pl_slice order_key, connector, scope;
    struct key *next;
} key;

/* Notes the keys in which deliveries of an event still have a place, and takes them out of the
 * counts. */
static int note_keys(pl_sqlite_writer *w, const span *s, pl_erase *e, key **keys)
{
    sqlite3_stmt *q;
    int rc =
        prepare(w,
                "SELECT order_key, connector, order_scope, held = " PL_SQLITE_BEHIND
                ", 0 FROM pending" OF_EVENT " AND order_key NOTNULL UNION ALL"
                " SELECT order_key, connector, order_scope, 0, blocks = 1 FROM deliveries" OF_EVENT
                " AND blocks > 0",
                s, &q);
    if (rc) return rc;
    while (sqlite3_step(q) == SQLITE_ROW) {
        key *k = pl_arena_zero(&e->memory, sizeof *k);
        k->order_key = pl_arena_dup(&e->memory, pl_sqlite_slice(q, 0));
        k->connector = pl_arena_dup(&e->memory, pl_sqlite_slice(q, 1));
        k->scope = pl_arena_dup(&e->memory, pl_sqlite_slice(q, 2));
        w->order.change.behind -= sqlite3_column_int(q, 3);
        w->order.change.stopped -= sqlite3_column_int(q, 4);
        k->next = *keys;
        *keys = k;
    }
    return sqlite3_finalize(q);
}

/* The next of each key may go. What a worker is sending at this moment is not waited for: nothing is
 * left to wait with. */
static int advance_keys(pl_sqlite_writer *w, const key *keys)
{
    bool frees;
    int rc = SQLITE_OK;
    for (const key *k = keys; k && !rc; k = k->next) {
        pl_sqlite_order_set(&w->order, k->order_key, k->connector, k->scope);
        rc = pl_sqlite_order_advance(&w->order, 0, &frees, NULL);
    }
    return rc;
}

static int erase_event(pl_sqlite_writer *w, const span *s, pl_erase *e)
{
    key *keys = NULL;
    int rows = 0, pending = 0, ended = 0, rc = note_pending(w, s, e);
    if (!rc) rc = note_keys(w, s, e, &keys);
    if (!rc)
        rc = run(w,
                 "DELETE FROM attempts WHERE delivery IN (SELECT id FROM pending" OF_EVENT
                 " UNION ALL SELECT id FROM deliveries" OF_EVENT ")",
                 s, &rows);
    if (!rc) rc = run(w, "DELETE FROM pending" OF_EVENT, s, &pending);
    if (!rc) rc = run(w, "DELETE FROM deliveries" OF_EVENT, s, &ended);
    if (!rc) rc = run(w, "DELETE FROM events WHERE seq = ?1", s, &rows);
    if (!rc) rc = advance_keys(w, keys);
    if (rc) return rc;
    w->change -= pending;
    e->events++;
    e->deliveries += (uint32_t)(pending + ended);
    return SQLITE_OK;
}

/* The next events, one more than are erased at once. */
static int find(pl_sqlite_writer *w, const pl_erase *e, span *spans, int *count)
{
    sqlite3_stmt *q;
    int rc = sqlite3_prepare_v2(w->db,
                                e->event_id.len
                                    ? "SELECT seq, first_id, last_id FROM events WHERE id = ?1"
                                    : "SELECT seq, first_id, last_id FROM events"
                                      " WHERE subject = ?1 AND subject NOTNULL",
                                -1, &q, NULL);
    if (rc) return rc;
    pl_sqlite_bind_text(q, 1, e->event_id.len ? e->event_id : e->subject);
    for (*count = 0; *count <= EVENTS_AT_ONCE && sqlite3_step(q) == SQLITE_ROW; ++*count)
        spans[*count] = (span){sqlite3_column_int64(q, 0), pl_sqlite_id(q, 1), pl_sqlite_id(q, 2)};
    return sqlite3_finalize(q);
}

/* The answers of calls stay longer than their events may. */
static int erase_keys(pl_sqlite_writer *w, pl_erase *e)
{
    sqlite3_stmt *q;
    int rc = sqlite3_prepare_v2(w->db,
                                "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency"
                                " WHERE subject = ?1 AND subject NOTNULL LIMIT ?2)",
                                -1, &q, NULL);
    if (rc) return rc;
    pl_sqlite_bind_text(q, 1, e->subject);
    sqlite3_bind_int(q, 2, KEYS_AT_ONCE);
    sqlite3_step(q);
    rc = sqlite3_finalize(q);
    e->has_more |= sqlite3_changes(w->db) == KEYS_AT_ONCE;
    return rc;
}

int pl_sqlite_erase_run(pl_sqlite_writer *w, pl_erase *e)
{
    span spans[EVENTS_AT_ONCE + 1];
    int count, rc = find(w, e, spans, &count);
    if (rc) return rc;
    e->has_more = count > EVENTS_AT_ONCE;
    for (int i = 0; i < count && i < EVENTS_AT_ONCE && !rc; i++)
        rc = erase_event(w, &spans[i], e);
    if (e->subject.len && !rc) rc = erase_keys(w, e);
    return rc;
}

void pl_sqlite_erase_clear(pl_erase *e)
{
    pl_arena_init(&e->memory);
    e->pending = NULL;
    e->events = e->deliveries = e->pending_count = 0;
    e->has_more = false;
}
