/* SPDX-License-Identifier: MIT */
#include "store/sqlite_claim.h"

#include "store/sqlite_bind.h"
#include "store/sqlite_schema.h"

#define STATEMENTS(X)                                                          \
    X(CLAIM, PL_SQLITE_CLAIM)                                                  \
    X(HOLD, "UPDATE pending SET held = 1 WHERE id = ?1")                       \
    X(SHELVE, "UPDATE pending SET held = " PL_SQLITE_SHELVED " WHERE id = ?1") \
    X(NEXT_CONNECTOR, PL_SQLITE_NEXT_CONNECTOR)                                \
    X(NEXT_DUE, PL_SQLITE_NEXT_DUE)

enum statement {
#define X(code, ...) code,
    STATEMENTS(X)
#undef X
        STATEMENT_COUNT
};

_Static_assert(STATEMENT_COUNT == PL_SQLITE_CLAIMS_STATEMENT_COUNT, "one slot a statement");

void pl_sqlite_claimed_read(sqlite3_stmt *q, pl_arena *memory, pl_claimed *c)
{
    *c = (pl_claimed){.id = pl_sqlite_id(q, 0),
                      .event_seq = sqlite3_column_int64(q, 4),
                      .received_ms = sqlite3_column_int64(q, 5),
                      .created_ms = sqlite3_column_int64(q, 6),
                      .due_ms = sqlite3_column_int64(q, 7),
                      .attempts = (uint32_t)sqlite3_column_int64(q, 8),
                      .first = (uint32_t)sqlite3_column_int64(q, 9),
                      .undecided = sqlite3_column_int(q, 10) != 0,
                      .uncounted = (uint32_t)sqlite3_column_int64(q, 11),
                      .is_ordered = sqlite3_column_int(q, 12) != 0};
    c->connector = pl_arena_printf(memory, "%.*s", PL_FMT(pl_sqlite_slice(q, 1)));
    c->webhook = pl_arena_printf(memory, "%.*s", PL_FMT(pl_sqlite_slice(q, 2)));
    c->document = pl_arena_dup(memory, pl_sqlite_slice(q, 3));
}

static int next_due(pl_sqlite_claims *k, int64_t *due_ms)
{
    sqlite3_stmt *q = k->statements[NEXT_DUE];
    *due_ms = INT64_MAX;
    if (sqlite3_step(q) == SQLITE_ROW && sqlite3_column_type(q, 0) != SQLITE_NULL)
        *due_ms = sqlite3_column_int64(q, 0);
    return sqlite3_reset(q);
}

static bool is_skipped(const pl_claim *c, pl_slice connector)
{
    for (uint32_t i = 0; i < c->skip_count; i++)
        if (pl_slice_eq(c->skip[i], connector)) return true;
    return false;
}

/* Puts the name of the next connector that a claim may give something of in the place of `name`;
 * `found` is false when there is none behind it. */
static int next_claimable(pl_sqlite_claims *k, const pl_claim *c, pl_buf *name, bool *found)
{
    sqlite3_stmt *q = k->statements[NEXT_CONNECTOR];
    int rc = SQLITE_OK;
    bool is_there = true;
    for (*found = false; is_there && !*found && !rc;) {
        sqlite3_bind_text(q, 1, name->len ? name->ptr : "", (int)name->len, SQLITE_TRANSIENT);
        is_there = sqlite3_step(q) == SQLITE_ROW;
        if (is_there) {
            pl_slice next = pl_sqlite_slice(q, 0);
            pl_buf_clear(name);
            pl_buf_put_slice(name, next);
            *found = sqlite3_column_int64(q, 1) <= c->before_ms && !is_skipped(c, next);
        }
        rc = sqlite3_reset(q);
    }
    return rc;
}

static int count_claimable(pl_sqlite_claims *k, const pl_claim *c, uint32_t *count)
{
    pl_buf name;
    bool found = true;
    int rc = SQLITE_OK;
    pl_buf_init(&name);
    for (*count = 0; found && !rc; *count += found)
        rc = next_claimable(k, c, &name, &found);
    pl_buf_fini(&name);
    return rc;
}

/* What is shelved takes part of the limit, so that one claim does not look at too much. */
static int claim_of(pl_sqlite_claims *k, pl_claim *c, pl_slice connector, uint32_t limit)
{
    sqlite3_stmt *q = k->statements[CLAIM];
    uint32_t first = c->count, shelved = 0;
    pl_uuid *to_shelve = NULL;
    sqlite3_bind_int64(q, 1, c->before_ms);
    sqlite3_bind_int64(q, 2, limit);
    pl_sqlite_bind_text(q, 3, connector);
    while (c->memory.used_bytes < PL_SQLITE_CLAIM_BYTES && sqlite3_step(q) == SQLITE_ROW) {
        if (!sqlite3_column_int(q, 13)) {
            pl_sqlite_claimed_read(q, &c->memory, &c->items[c->count++]);
            continue;
        }
        if (!to_shelve) to_shelve = pl_arena_alloc(&c->memory, limit * sizeof *to_shelve);
        to_shelve[shelved++] = pl_sqlite_id(q, 0);
    }
    int rc = sqlite3_reset(q);
    /* Only now: the index that was walked loses its entries. */
    for (uint32_t i = first; i < c->count && !rc; i++)
        rc = pl_sqlite_run_on(k->statements[HOLD], &c->items[i].id);
    for (uint32_t i = 0; i < shelved && !rc; i++)
        rc = pl_sqlite_run_on(k->statements[SHELVE], &to_shelve[i]);
    c->shelved += shelved;
    return rc;
}

/* Each connector that has something due gives its part, in turn from claim to claim: one with a
 * large backlog does not hold up the others. */
int pl_sqlite_claims_take(pl_sqlite_claims *k, pl_claim *c)
{
    uint32_t limit = c->limit < PL_SQLITE_CLAIM_MAX ? c->limit : PL_SQLITE_CLAIM_MAX, count;
    c->items = pl_arena_zero(&c->memory, (limit ? limit : 1) * sizeof *c->items);
    int rc = count_claimable(k, c, &count);
    uint32_t each = count && limit / count ? limit / count : 1;
    if (c->each && c->each < each) each = c->each;
    for (uint32_t turn = 0; turn < count && c->count < limit && !rc; turn++) {
        bool found;
        rc = next_claimable(k, c, &k->last, &found);
        if (!found) { /* from the front */
            pl_buf_clear(&k->last);
            if (!rc) rc = next_claimable(k, c, &k->last, &found);
        }
        if (!rc && found) rc = claim_of(k, c, pl_buf_slice(&k->last), each);
    }
    return rc ? rc : next_due(k, &c->next_due_ms);
}

void pl_sqlite_claim_clear(pl_claim *c)
{
    pl_arena_init(&c->memory);
    c->items = NULL;
    c->count = c->shelved = 0;
    c->next_due_ms = INT64_MAX;
}

int pl_sqlite_claims_open(pl_sqlite_claims *k, sqlite3 *db)
{
    static const char *const sql[] = {
#define X(code, text) [code] = text,
        STATEMENTS(X)
#undef X
    };
    *k = (pl_sqlite_claims){.db = db};
    pl_buf_init(&k->last);
    int rc = pl_sqlite_prepare_all(db, sql, STATEMENT_COUNT, k->statements);
    return rc;
}

void pl_sqlite_claims_fini(pl_sqlite_claims *k)
{
    pl_buf_fini(&k->last);
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(k->statements[i]);
    *k = (pl_sqlite_claims){0};
}
