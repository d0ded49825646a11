/* SPDX-License-Identifier: MIT
 *
 * What is shelved of a webhook is released in steps after it was enabled, so that a large backlog
 * holds up no commit. Whoever drives the steps may vanish in between: the next start releases what
 * is shelved for no webhook that is disabled (pl_sqlite_writer_open).
 *
 * Switches are turned seldom: their statements are prepared as they are needed. */
#include "store/sqlite_switch.h"

#include "store/sqlite_bind.h"
#include "store/sqlite_schema.h"

/* Deliveries of one step: some milliseconds. */
#define RELEASED_AT_ONCE "500"

static int prepare(sqlite3 *db, const char *sql, const pl_switch *s, sqlite3_stmt **q)
{
    int rc = sqlite3_prepare_v2(db, sql, -1, q, NULL);
    if (rc) return rc;
    pl_sqlite_bind_text(*q, 1, s->connector);
    pl_sqlite_bind_text(*q, 2, s->webhook);
    return SQLITE_OK;
}

/* How many rows it changed. */
static int finish(pl_sqlite_writer *w, sqlite3_stmt *q, int *rows)
{
    sqlite3_step(q);
    int rc = sqlite3_finalize(q);
    *rows = rc ? 0 : sqlite3_changes(w->db);
    return rc;
}

int pl_sqlite_switches_show(sqlite3 *db, void (*show)(void *arg, const pl_switch *s), void *arg)
{
    sqlite3_stmt *q;
    int rc = sqlite3_prepare_v2(db, "SELECT connector, webhook, since_ms, by, reason FROM disabled",
                                -1, &q, NULL);
    if (rc) return rc;
    while (sqlite3_step(q) == SQLITE_ROW) {
        pl_switch s = {.connector = pl_sqlite_slice(q, 0),
                       .webhook = pl_sqlite_slice(q, 1),
                       .since_ms = sqlite3_column_int64(q, 2),
                       .by = pl_sqlite_slice(q, 3),
                       .reason = pl_sqlite_slice(q, 4)};
        show(arg, &s);
    }
    return sqlite3_finalize(q);
}

int pl_sqlite_disable(pl_sqlite_writer *w, const pl_switch *s, bool *changed)
{
    sqlite3_stmt *q;
    int rows, rc = prepare(w->db,
                           "INSERT INTO disabled(connector, webhook, since_ms, by, reason)"
                           " VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                           s, &q);
    if (rc) return rc;
    sqlite3_bind_int64(q, 3, s->since_ms);
    pl_sqlite_bind_text(q, 4, s->by);
    pl_sqlite_bind_text(q, 5, s->reason);
    rc = finish(w, q, &rows);
    *changed = rows > 0;
    return rc;
}

static int enable(pl_sqlite_writer *w, const pl_switch *s, bool *changed)
{
    sqlite3_stmt *q;
    int rows,
        rc = prepare(w->db, "DELETE FROM disabled WHERE connector = ? AND webhook = ?", s, &q);
    if (rc) return rc;
    rc = finish(w, q, &rows);
    *changed = rows > 0;
    return rc;
}

/* All of them due at the same time, so that they go in the order in which they were made. Their
 * retry schedule begins anew. */
static int release(pl_sqlite_writer *w, pl_switch_op *s)
{
    sqlite3_stmt *q;
    int rows, rc = prepare(w->db,
                           "UPDATE pending SET held = 0, due_ms = ?3, first = attempts,"
                           " uncounted = 0 WHERE id IN"
                           " (SELECT id FROM pending WHERE held = " PL_SQLITE_SHELVED
                           " AND connector = ?1 AND webhook = ?2 ORDER BY id"
                           " LIMIT " RELEASED_AT_ONCE ") AND NOT EXISTS (SELECT 1 FROM disabled d"
                           " WHERE d.connector = ?1 AND d.webhook = ?2)",
                           &s->what, &q);
    if (rc) return rc;
    sqlite3_bind_int64(q, 3, s->now_ms);
    rc = finish(w, q, &rows);
    s->released = (uint32_t)rows;
    s->has_more = rows > 0;
    return rc;
}

int pl_sqlite_switch_run(pl_sqlite_writer *w, pl_switch_op *s)
{
    if (s->order == PL_SWITCH_RELEASE) return release(w, s);
    int rc = s->order == PL_SWITCH_OFF ? pl_sqlite_disable(w, &s->what, &s->has_changed)
                                       : enable(w, &s->what, &s->has_changed);
    if (rc || !s->notice || !s->has_changed) return rc;
    return pl_sqlite_commit_run(w, s->notice);
}
