/* SPDX-License-Identifier: MIT
 *
 * Ids are time-ordered, so the oldest deliveries are at the left-hand end of their tree, their
 * attempts and events at that of theirs, and a walk from there ends at the first delivery that no
 * rule concerns. What ended late is passed over and looked at again by the next walk. Pending
 * deliveries are not in this table: what is owed is never touched, and an event stays while one of
 * its deliveries is there, its document while one is that has not lost its payload. Neither is a
 * failed delivery touched that others of its key wait for.
 *
 * A connector may have ages of its own. How many of its deliveries there are, and what they weigh, is
 * counted by a walk, to the very end; the next one removes as many from the oldest on as were too
 * many.
 *
 * Pages that become free are used for what comes: the file grows to what the rules let stay and a
 * little more, and no further. A step is not synced. After a power cut it may have to be done again,
 * which nobody notices; the next commit syncs it along. */
#include "store/sqlite_keep.h"

#include "base/err.h"
#include "store/sqlite_bind.h"

#include <stdlib.h>

/* Of an event (?1 its seq): no delivery of it is in this table. */
#define NONE_IN(table)                                                             \
    "NOT EXISTS (SELECT 1 FROM " table " r WHERE r.id BETWEEN events.first_id AND" \
    " events.last_id AND r.event = events.seq)"

#define STATEMENTS(X)                                                                             \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                   \
    X(COMMIT, "COMMIT")                                                                           \
    X(NEXT, "SELECT id, event, created_ms, finished_ms, bare, connector, blocks FROM deliveries"  \
            " WHERE id > ?1 ORDER BY id LIMIT 1")                                                 \
    X(WEIGH, "SELECT coalesce((SELECT length(document) FROM events WHERE seq = ?2), 0) +"         \
             " coalesce(sum(coalesce(length(request_body), 0) +"                                  \
             " coalesce(length(response_body), 0) + coalesce(length(variables), 0) +"             \
             " coalesce(length(trace), 0) + coalesce(length(request_fields), 0) +"                \
             " coalesce(length(response_fields), 0)), 0) FROM attempts WHERE delivery = ?1")      \
    X(NEWEST, "SELECT max(seq) FROM events")                                                      \
    X(PAGES, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")            \
    X(FREE, "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size")     \
    X(DROP_ATTEMPTS, "DELETE FROM attempts WHERE delivery = ?1")                                  \
    X(DROP_DELIVERY, "DELETE FROM deliveries WHERE id = ?1")                                      \
    X(DROP_EVENT,                                                                                 \
      "DELETE FROM events WHERE seq = ?1 AND " NONE_IN("pending") " AND " NONE_IN("deliveries"))  \
    X(BARE_ATTEMPTS, "UPDATE attempts SET request_body = NULL, response_body = NULL,"             \
                     " variables = NULL, trace = NULL WHERE delivery = ?1")                       \
    X(BARE_DELIVERY, "UPDATE deliveries SET bare = 1, order_key = NULL WHERE id = ?1")            \
    X(BARE_EVENT, "UPDATE events SET document = NULL WHERE seq = ?1 AND " NONE_IN(                \
                      "pending") " AND NOT EXISTS (SELECT 1 FROM deliveries r WHERE r.id BETWEEN" \
                                 " events.first_id AND events.last_id AND r.event = events.seq "  \
                                 "AND r.bare = 0)")                                               \
    X(DROP_KEYS, "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency"              \
                 " WHERE created_ms < ?1 ORDER BY created_ms LIMIT 20)")

enum statement {
#define X(code, ...) code,
    STATEMENTS(X)
#undef X
        STATEMENT_COUNT
};

_Static_assert(STATEMENT_COUNT == PL_SQLITE_KEEP_STATEMENT_COUNT, "one slot a statement");

enum column { ID, EVENT, CREATED, FINISHED, BARE, CONNECTOR, BLOCKS };

static int run_on_event(pl_sqlite_keeper *k, enum statement code, int64_t event)
{
    sqlite3_bind_int64(k->statements[code], 1, event);
    return pl_sqlite_run(k->statements[code]);
}

/* The one number that a statement gives. */
static int64_t number(pl_sqlite_keeper *k, enum statement code)
{
    sqlite3_stmt *q = k->statements[code];
    int64_t n = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_reset(q);
    return n;
}

/* -- the walk -- */

typedef struct row {
    pl_uuid id;
    int64_t event, created_ms, finished_ms;
    bool is_bare, is_waited_for;
    pl_sqlite_own *own; /* of its connector; NULL: it has none */
} row;

static pl_sqlite_own *own_of(const pl_sqlite_keeper *k, pl_slice connector)
{
    for (uint32_t i = 0; i < k->own_count; i++)
        if (pl_slice_eq(k->own[i].rule.connector, connector)) return &k->own[i];
    return NULL;
}

static int next_row(pl_sqlite_keeper *k, row *r, bool *found)
{
    sqlite3_stmt *q = k->statements[NEXT];
    pl_sqlite_bind_id(q, 1, &k->cursor);
    *found = sqlite3_step(q) == SQLITE_ROW;
    if (*found)
        *r = (row){.id = pl_sqlite_id(q, ID),
                   .event = sqlite3_column_int64(q, EVENT),
                   .created_ms = sqlite3_column_int64(q, CREATED),
                   .finished_ms = sqlite3_column_int64(q, FINISHED),
                   .is_bare = sqlite3_column_int(q, BARE) != 0,
                   .is_waited_for = sqlite3_column_int(q, BLOCKS) != 0,
                   .own = own_of(k, pl_sqlite_slice(q, CONNECTOR))};
    return sqlite3_reset(q);
}

/* What the pages in use weigh; those that are free do not count, though they are in the file. */
static bool is_too_large(pl_sqlite_keeper *k)
{
    return k->rules->bytes && number(k, PAGES) - number(k, FREE) > k->rules->bytes;
}

static int remove_row(pl_sqlite_keeper *k, const row *r)
{
    int rc = pl_sqlite_run_on(k->statements[DROP_ATTEMPTS], &r->id);
    if (!rc) rc = pl_sqlite_run_on(k->statements[DROP_DELIVERY], &r->id);
    if (!rc) rc = run_on_event(k, DROP_EVENT, r->event);
    k->removed += !rc;
    return rc;
}

static int strip_row(pl_sqlite_keeper *k, const row *r)
{
    int rc = pl_sqlite_run_on(k->statements[BARE_ATTEMPTS], &r->id);
    if (!rc) rc = pl_sqlite_run_on(k->statements[BARE_DELIVERY], &r->id);
    if (!rc) rc = run_on_event(k, BARE_EVENT, r->event);
    k->stripped += !rc;
    return rc;
}

static int64_t weigh(pl_sqlite_keeper *k, const row *r)
{
    if (r->own->rule.keep.bytes == 0) return 0;
    pl_sqlite_bind_id(k->statements[WEIGH], 1, &r->id);
    sqlite3_bind_int64(k->statements[WEIGH], 2, r->event);
    return number(k, WEIGH);
}

/* Of a connector with bounds of its own: is it one of those that are too many? */
static bool is_one_more(pl_sqlite_keeper *k, const row *r)
{
    pl_sqlite_own *own = r->own;
    if (own == NULL) return false;
    int64_t bytes = weigh(k, r);
    if (own->more_deliveries > 0 || own->more_bytes > 0) {
        own->more_deliveries--;
        own->more_bytes -= bytes;
        return true;
    }
    own->deliveries++;
    own->bytes += bytes;
    return false;
}

/* One row; *more is false when the walk is over. */
static int walk_rows(pl_sqlite_keeper *k, bool *more)
{
    row r;
    int rc = next_row(k, &r, more);
    if (rc || !*more) return rc;
    k->cursor = r.id;
    int64_t gone_before_ms = r.own ? r.own->gone_before_ms : k->gone_before_ms;
    int64_t bare_before_ms = r.own ? r.own->bare_before_ms : k->bare_before_ms;
    if (r.is_waited_for) return SQLITE_OK;
    if (r.event <= k->gone_event || r.finished_ms < gone_before_ms || is_too_large(k) ||
        is_one_more(k, &r))
        return remove_row(k, &r);
    if (r.finished_ms < bare_before_ms) return r.is_bare ? SQLITE_OK : strip_row(k, &r);
    *more = r.created_ms < k->reach_ms;
    return SQLITE_OK;
}

static int64_t excess(int64_t are, int64_t may_be)
{
    return may_be && are > may_be ? are - may_be : 0;
}

/* Those that were counted are all that there are. */
static void end_counts(pl_sqlite_keeper *k)
{
    for (uint32_t i = 0; i < k->own_count; i++) {
        pl_sqlite_own *own = &k->own[i];
        own->more_deliveries = excess(own->deliveries, own->rule.keep.deliveries);
        own->more_bytes = excess(own->bytes, own->rule.keep.bytes);
    }
}

static int walk_keys(pl_sqlite_keeper *k, bool *more)
{
    sqlite3_stmt *q = k->statements[DROP_KEYS];
    sqlite3_bind_int64(q, 1, k->keys_before_ms);
    int rc = pl_sqlite_run(q);
    *more = sqlite3_changes(k->db) > 0;
    return rc;
}

/* A little of it; is_walking is false when it is over. */
static int walk(pl_sqlite_keeper *k)
{
    bool more = false;
    int rc = k->is_at_keys ? walk_keys(k, &more) : walk_rows(k, &more);
    if (more) return rc;
    if (!k->is_at_keys && !rc) end_counts(k);
    k->is_walking = !k->is_at_keys;
    k->is_at_keys = true;
    return rc;
}

bool pl_sqlite_keeper_has_rules(const pl_sqlite_keeper *k)
{
    const pl_retention *r = k->rules;
    return r->age_ms || r->payload_ms || r->key_ms || r->events || r->bytes || k->own_count;
}

bool pl_sqlite_keeper_has_more(const pl_sqlite_keeper *k)
{
    for (uint32_t i = 0; i < k->own_count; i++)
        if (k->own[i].more_deliveries > 0 || k->own[i].more_bytes > 0) return true;
    return false;
}

static void free_own(pl_sqlite_keeper *k)
{
    for (uint32_t i = 0; i < k->own_count; i++)
        free((char *)(uintptr_t)k->own[i].rule.connector.ptr);
    free(k->own);
    k->own = NULL;
    k->own_count = 0;
}

void pl_sqlite_keeper_set(pl_sqlite_keeper *k, const pl_retention_of *own, uint32_t count)
{
    free_own(k);
    k->own = pl_alloc_zero((count + 1) * sizeof *k->own);
    k->own_count = count;
    for (uint32_t i = 0; i < count; i++) {
        k->own[i].rule = own[i];
        k->own[i].rule.connector.ptr = pl_alloc_text(own[i].connector);
    }
    k->is_walking = false; /* it is begun again */
}

/* What is older than `age_ms` has ended before; 0: as `usual_ms`. */
static int64_t before(int64_t now_ms, int64_t age_ms, int64_t usual_ms)
{
    if (age_ms == 0) return usual_ms;
    return age_ms == PL_FOR_EVER ? INT64_MIN : now_ms - age_ms;
}

static int64_t later(int64_t a_ms, int64_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

static void begin_own(pl_sqlite_keeper *k, pl_sqlite_own *own, int64_t now_ms)
{
    const pl_keep *keep = &own->rule.keep;
    own->gone_before_ms = before(now_ms, keep->age_ms, k->gone_before_ms);
    own->bare_before_ms = before(now_ms, keep->payload_ms, k->bare_before_ms);
    own->deliveries = own->bytes = 0;
    k->reach_ms = later(k->reach_ms, later(own->gone_before_ms, own->bare_before_ms));
    if (keep->deliveries || keep->bytes) k->reach_ms = INT64_MAX;
}

int pl_sqlite_keeper_begin(pl_sqlite_keeper *k, int64_t now_ms)
{
    const pl_retention *r = k->rules;
    k->cursor = (pl_uuid){{0}};
    k->gone_before_ms = before(now_ms, r->age_ms, INT64_MIN);
    k->bare_before_ms = before(now_ms, r->payload_ms, INT64_MIN);
    k->keys_before_ms = before(now_ms, r->key_ms, INT64_MIN);
    k->reach_ms = later(k->gone_before_ms, k->bare_before_ms);
    for (uint32_t i = 0; i < k->own_count; i++)
        begin_own(k, &k->own[i], now_ms);
    k->gone_event = r->events ? number(k, NEWEST) - r->events : 0;
    k->is_walking = true;
    k->is_at_keys = false;
    return SQLITE_OK;
}

int pl_sqlite_keeper_step(pl_sqlite_keeper *k, bool (*is_over)(void *arg), void *arg)
{
    pl_uuid before = k->cursor;
    int rc = pl_sqlite_run(k->statements[BEGIN]);
    while (!rc && k->is_walking) {
        rc = walk(k);
        if (is_over(arg)) break;
    }
    if (!rc) rc = pl_sqlite_run(k->statements[COMMIT]);
    if (!rc) return SQLITE_OK;
    k->cursor = before;
    k->is_walking = false; /* until it is begun again */
    if (!sqlite3_get_autocommit(k->db)) sqlite3_exec(k->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

int pl_sqlite_keeper_open(pl_sqlite_keeper *k, sqlite3 *db, const pl_retention *rules)
{
    static const char *const sql[] = {
#define X(code, text) [code] = text,
        STATEMENTS(X)
#undef X
    };
    *k = (pl_sqlite_keeper){.db = db, .rules = rules};
    int rc = pl_sqlite_prepare_all(db, sql, STATEMENT_COUNT, k->statements);
    if (rc) pl_sqlite_keeper_fini(k);
    return rc;
}

void pl_sqlite_keeper_fini(pl_sqlite_keeper *k)
{
    free_own(k);
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(k->statements[i]);
        k->statements[i] = NULL;
    }
}
