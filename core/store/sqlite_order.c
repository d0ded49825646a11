/* SPDX-License-Identifier: MIT
 *
 * pending_order has the pending deliveries of a key side by side: the one in motion, then those
 * behind it by their events. deliveries_order has the ended ones that still count. So each question
 * is one look into an index, however many wait. */
#include "store/sqlite_order.h"

#include "store/sqlite_bind.h"
#include "store/sqlite_claim.h"
#include "store/sqlite_schema.h"

#define OF_KEY " order_key = ?1 AND connector = ?2 AND order_scope = coalesce(?3, '') "

/* Behind in its key, and of an earlier event than the delivery ?4. */
#define OF_OLDER \
    OF_KEY "AND held = " PL_SQLITE_BEHIND " AND event < (SELECT event FROM pending WHERE id = ?4)"

#define STATEMENTS(X)                                                                              \
    X(FIND,                                                                                        \
      "SELECT held, order_key, connector, order_scope, event FROM pending WHERE id = ?1 UNION ALL" \
      " SELECT 4 + blocks, order_key, connector, order_scope, event FROM deliveries WHERE id = "   \
      "?1")                                                                                        \
    X(IS_BUSY, "SELECT 1 FROM pending WHERE" OF_KEY "UNION ALL"                                    \
               " SELECT 1 FROM deliveries WHERE" OF_KEY "AND blocks > 0 LIMIT 1")                  \
    X(NEXT,                                                                                        \
      "SELECT " PL_SQLITE_CLAIMED " FROM (SELECT * FROM pending WHERE" OF_KEY                      \
      "AND held = " PL_SQLITE_BEHIND                                                               \
      " ORDER BY event LIMIT 1) p LEFT JOIN events e ON e.seq = p.event"                           \
      " WHERE NOT EXISTS (SELECT 1 FROM pending WHERE" OF_KEY "AND held < " PL_SQLITE_BEHIND ")"   \
      " AND NOT EXISTS (SELECT 1 FROM deliveries WHERE" OF_KEY                                     \
      "AND blocks > 0 AND (blocks = 2 OR deliveries.event <= p.event))")                           \
    X(TAKE, "UPDATE pending SET held = ?2, due_ms = iif(?3, ?3, due_ms) WHERE id = ?1")            \
    X(IN_MOTION, "SELECT id, held, attempts > first FROM pending WHERE" OF_KEY                     \
                 "AND held < " PL_SQLITE_BEHIND " AND NOT EXISTS"                                  \
                 " (SELECT 1 FROM deliveries WHERE" OF_KEY "AND blocks > 0)")                      \
    X(NEWEST, "SELECT id FROM pending WHERE" OF_KEY "AND held = " PL_SQLITE_BEHIND                 \
              " AND event > ?4 ORDER BY event DESC LIMIT 1")                                       \
    X(END_OLDER,                                                                                   \
      "INSERT INTO deliveries(id, event, kind, connector, webhook, state, attempts, undecided, "   \
      "created_ms, finished_ms, outcome, status, reason, order_key, order_scope)"                  \
      " SELECT id, event, 0, connector, webhook, 3, attempts, undecided, created_ms, ?5, "         \
      "outcome, status, ?6, order_key, order_scope"                                                \
      " FROM pending WHERE" OF_OLDER)                                                              \
    X(DROP_OLDER, "DELETE FROM pending WHERE" OF_OLDER)                                            \
    X(EXPLAIN, "UPDATE deliveries SET reason = ?2 WHERE id = ?1")                                  \
    X(LET_GO, "UPDATE deliveries SET blocks = 0 WHERE id = ?1 AND blocks = 2")                     \
    X(GIVE_UP, "UPDATE deliveries SET blocks = 0, state = 3, finished_ms = ?2 WHERE id = ?1")      \
    X(FIRST_LEAVING, "SELECT id FROM deliveries WHERE blocks > 0 AND blocks = 2 LIMIT 1")          \
    X(COUNT_BEHIND,                                                                                \
      "SELECT count(*) FROM pending WHERE order_key NOTNULL AND held = " PL_SQLITE_BEHIND)         \
    X(COUNT_STOPPED, "SELECT count(*) FROM deliveries WHERE blocks > 0 AND blocks = 1")

enum statement {
#define X(code, ...) code,
    STATEMENTS(X)
#undef X
        STATEMENT_COUNT
};

_Static_assert(STATEMENT_COUNT == PL_SQLITE_ORDER_STATEMENT_COUNT, "one slot a statement");

/* -- the key -- */

void pl_sqlite_order_set(pl_sqlite_order *o, pl_slice order_key, pl_slice connector, pl_slice scope)
{
    pl_sqlite_order_key *k = &o->key;
    pl_buf_clear(&k->text);
    pl_buf_put_slice(&k->text, order_key);
    pl_buf_put_slice(&k->text, connector);
    pl_buf_put_slice(&k->text, scope);
    k->order_key = order_key.len;
    k->connector = connector.len;
    k->scope = scope.len;
}

int pl_sqlite_order_find(pl_sqlite_order *o, const pl_uuid *id, enum pl_sqlite_place *place)
{
    sqlite3_stmt *q = o->statements[FIND];
    pl_sqlite_bind_id(q, 1, id);
    *place = PL_SQLITE_IS_NOWHERE;
    pl_sqlite_order_set(o, PL_NO_SLICE, PL_NO_SLICE, PL_NO_SLICE);
    if (sqlite3_step(q) == SQLITE_ROW) {
        *place = (enum pl_sqlite_place)sqlite3_column_int(q, 0);
        pl_sqlite_order_set(o, pl_sqlite_slice(q, 1), pl_sqlite_slice(q, 2), pl_sqlite_slice(q, 3));
        o->event = sqlite3_column_int64(q, 4);
    }
    return sqlite3_reset(q);
}

static sqlite3_stmt *bind_key(pl_sqlite_order *o, enum statement code)
{
    sqlite3_stmt *q = o->statements[code];
    const pl_sqlite_order_key *k = &o->key;
    const char *at = k->text.ptr;
    pl_sqlite_bind_text(q, 1, (pl_slice){at, k->order_key});
    pl_sqlite_bind_text(q, 2, (pl_slice){at + k->order_key, k->connector});
    pl_sqlite_bind_text(q, 3, (pl_slice){at + k->order_key + k->connector, k->scope});
    return q;
}

/* -- its order -- */

int pl_sqlite_order_is_busy(pl_sqlite_order *o, bool *busy)
{
    sqlite3_stmt *q = bind_key(o, IS_BUSY);
    *busy = sqlite3_step(q) == SQLITE_ROW;
    return sqlite3_reset(q);
}

int pl_sqlite_order_take(pl_sqlite_order *o, const pl_uuid *id, bool held, int64_t due_ms)
{
    sqlite3_stmt *q = o->statements[TAKE];
    pl_sqlite_bind_id(q, 1, id);
    sqlite3_bind_int(q, 2, held);
    sqlite3_bind_int64(q, 3, due_ms);
    o->change.behind--;
    return pl_sqlite_run(q);
}

int pl_sqlite_order_advance(pl_sqlite_order *o, int64_t now_ms, bool *frees, pl_record *record)
{
    if (o->key.order_key == 0) return SQLITE_OK;
    sqlite3_stmt *q = bind_key(o, NEXT);
    bool is_taken = record && record->held;
    pl_uuid id = {{0}};
    *frees = sqlite3_step(q) == SQLITE_ROW;
    if (*frees) id = pl_sqlite_id(q, 0);
    if (*frees && is_taken) {
        record->next = pl_arena_alloc(&record->memory, sizeof *record->next);
        pl_sqlite_claimed_read(q, &record->memory, record->next);
        record->next->due_ms = now_ms;
    }
    int rc = sqlite3_reset(q);
    if (rc || !*frees) return rc;
    return pl_sqlite_order_take(o, &id, is_taken, now_ms);
}

/* -- the newest -- */

int pl_sqlite_order_in_motion(pl_sqlite_order *o, pl_uuid *id, enum pl_sqlite_place *place,
                              bool *has_failed)
{
    sqlite3_stmt *q = bind_key(o, IN_MOTION);
    *place = PL_SQLITE_IS_NOWHERE;
    if (sqlite3_step(q) == SQLITE_ROW) {
        *id = pl_sqlite_id(q, 0);
        *place = (enum pl_sqlite_place)sqlite3_column_int(q, 1);
        *has_failed = sqlite3_column_int(q, 2) != 0;
    }
    return sqlite3_reset(q);
}

int pl_sqlite_order_newest(pl_sqlite_order *o, int64_t event, pl_uuid *newest, bool *found)
{
    sqlite3_stmt *q = bind_key(o, NEWEST);
    sqlite3_bind_int64(q, 4, event);
    *found = sqlite3_step(q) == SQLITE_ROW;
    if (*found) *newest = pl_sqlite_id(q, 0);
    return sqlite3_reset(q);
}

int pl_sqlite_order_supersede(pl_sqlite_order *o, const pl_uuid *id, const pl_uuid *newest,
                              int64_t now_ms, uint32_t *count)
{
    char reason[] = "superseded by 00000000-0000-0000-0000-000000000000";
    sqlite3_stmt *explain = o->statements[EXPLAIN], *end = bind_key(o, END_OLDER),
                 *drop = bind_key(o, DROP_OLDER);
    pl_uuid_format(*newest, reason + sizeof "superseded by " - 1);
    pl_sqlite_bind_id(explain, 1, id);
    pl_sqlite_bind_text(explain, 2, pl_slice_of(reason));
    pl_sqlite_bind_id(end, 4, newest);
    sqlite3_bind_int64(end, 5, now_ms);
    pl_sqlite_bind_text(end, 6, pl_slice_of(reason));
    pl_sqlite_bind_id(drop, 4, newest);
    int rc = pl_sqlite_run(explain);
    if (!rc) rc = pl_sqlite_run(end);
    if (!rc) rc = pl_sqlite_run(drop);
    if (rc) return rc;
    *count = (uint32_t)sqlite3_changes(o->db);
    o->change.behind -= *count;
    return SQLITE_OK;
}

/* -- stops -- */

int pl_sqlite_order_let_go(pl_sqlite_order *o, const pl_uuid *id)
{
    pl_sqlite_bind_id(o->statements[LET_GO], 1, id);
    return pl_sqlite_run(o->statements[LET_GO]);
}

int pl_sqlite_order_give_up(pl_sqlite_order *o, const pl_uuid *id, int64_t now_ms)
{
    sqlite3_stmt *q = o->statements[GIVE_UP];
    pl_sqlite_bind_id(q, 1, id);
    sqlite3_bind_int64(q, 2, now_ms);
    o->change.stopped--;
    return pl_sqlite_run(q);
}

/* -- open -- */

static int count(pl_sqlite_order *o, enum statement code, int64_t *n)
{
    sqlite3_stmt *q = o->statements[code];
    if (sqlite3_step(q) == SQLITE_ROW) *n = sqlite3_column_int64(q, 0);
    return sqlite3_reset(q);
}

/* One that was being let go of when its worker ended. */
static int settle_first(pl_sqlite_order *o, bool *found)
{
    sqlite3_stmt *q = o->statements[FIRST_LEAVING];
    enum pl_sqlite_place place;
    bool frees;
    pl_uuid id = {{0}};
    *found = sqlite3_step(q) == SQLITE_ROW;
    if (*found) id = pl_sqlite_id(q, 0);
    int rc = sqlite3_reset(q);
    if (rc || !*found) return rc;
    rc = pl_sqlite_order_find(o, &id, &place);
    if (!rc) rc = pl_sqlite_order_let_go(o, &id);
    return rc ? rc : pl_sqlite_order_advance(o, 0, &frees, NULL);
}

int pl_sqlite_order_open(pl_sqlite_order *o, sqlite3 *db)
{
    static const char *const sql[] = {
#define X(code, text) [code] = text,
        STATEMENTS(X)
#undef X
    };
    *o = (pl_sqlite_order){.db = db};
    pl_buf_init(&o->key.text);
    int rc = pl_sqlite_prepare_all(db, sql, STATEMENT_COUNT, o->statements);
    for (bool found = true; found && !rc;)
        rc = settle_first(o, &found);
    if (!rc) rc = count(o, COUNT_BEHIND, &o->count.behind);
    if (!rc) rc = count(o, COUNT_STOPPED, &o->count.stopped);
    o->change = (struct pl_sqlite_order_count){0};
    if (rc) pl_sqlite_order_fini(o);
    return rc;
}

void pl_sqlite_order_fini(pl_sqlite_order *o)
{
    pl_buf_fini(&o->key.text);
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(o->statements[i]);
        o->statements[i] = NULL;
    }
}
