/* SPDX-License-Identifier: MIT
 *
 * A row of events is written with their commit, and has its answer at once. One of a call is there
 * before its request is sent:
 *
 *     take ---> under way ---> answered        record: the receiver may have acted
 *                   |   '----> (gone)          record: it cannot have; the key is free again
 *                   '--------> unknown         the process died meanwhile
 *
 * Its `call` is the id of the call, its `status` that of the answer, NULL while it is under way, 0
 * when it is unknown. */
#include "store/sqlite_keys.h"

#include "base/buf.h"
#include "base/err.h"
#include "store/sqlite_bind.h"

#define STATEMENTS(X)                                                                             \
    X(KEEP, "INSERT INTO idempotency(key, answer, created_ms, digest) VALUES(?1, ?2, ?3, ?4)"     \
            " ON CONFLICT DO NOTHING")                                                            \
    X(FIND, "SELECT answer, digest FROM idempotency WHERE key = ?1")                              \
    X(TAKE, "INSERT INTO idempotency(key, created_ms, digest, call, subject)"                     \
            " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING")                                 \
    X(FIND_CALL, "SELECT answer, digest, status, status IS NULL FROM idempotency WHERE key = ?1") \
    X(ANSWER, "UPDATE idempotency SET status = ?3, answer = ?4 WHERE key = ?1 AND call = ?2")     \
    X(FREE, "DELETE FROM idempotency WHERE key = ?1 AND call = ?2")

enum statement {
#define X(code, ...) code,
    STATEMENTS(X)
#undef X
        STATEMENT_COUNT
};

_Static_assert(STATEMENT_COUNT == PL_SQLITE_KEYS_STATEMENT_COUNT, "one slot a statement");

/* -- events -- */

int pl_sqlite_keys_find(pl_sqlite_keys *k, pl_commit *c)
{
    sqlite3_stmt *q = k->statements[FIND];
    pl_sqlite_bind_text(q, 1, c->idempotency_key);
    c->is_duplicate = sqlite3_step(q) == SQLITE_ROW;
    if (c->is_duplicate) {
        pl_slice digest = pl_sqlite_slice(q, 1);
        c->is_reused = digest.len && !pl_slice_eq(digest, c->digest);
        if (!c->is_reused) c->known = pl_alloc_text(pl_sqlite_slice(q, 0));
    }
    return sqlite3_reset(q);
}

int pl_sqlite_keys_keep(pl_sqlite_keys *k, const pl_commit *c)
{
    sqlite3_stmt *q = k->statements[KEEP];
    pl_buf answer;
    pl_buf_init(&answer);
    c->answer(c, &answer);
    pl_sqlite_bind_text(q, 1, c->idempotency_key);
    pl_sqlite_bind_text(q, 2, pl_buf_slice(&answer));
    sqlite3_bind_int64(q, 3, c->now_ms);
    pl_sqlite_bind_blob(q, 4, c->digest);
    int rc = pl_sqlite_run(q);
    pl_buf_fini(&answer);
    return rc;
}

/* -- calls -- */

static int find_call(pl_sqlite_keys *k, pl_key *key)
{
    sqlite3_stmt *q = k->statements[FIND_CALL];
    pl_sqlite_bind_text(q, 1, key->key);
    if (sqlite3_step(q) == SQLITE_ROW) {
        bool is_same = pl_slice_eq(pl_sqlite_slice(q, 1), key->digest);
        bool is_under_way = sqlite3_column_int(q, 3) != 0;
        key->status = is_same ? sqlite3_column_int(q, 2) : 0;
        if (key->status) key->answer = pl_alloc_text(pl_sqlite_slice(q, 0));
        key->op.result = !is_same       ? PL_E_KEY_REUSED
                         : is_under_way ? PL_E_KEY_IN_USE
                         : key->status  ? 0
                                        : PL_E_KEY_UNKNOWN;
    }
    return sqlite3_reset(q);
}

int pl_sqlite_keys_take(pl_sqlite_keys *k, pl_key *key)
{
    sqlite3_stmt *q = k->statements[TAKE];
    pl_sqlite_bind_text(q, 1, key->key);
    sqlite3_bind_int64(q, 2, key->now_ms);
    pl_sqlite_bind_blob(q, 3, key->digest);
    pl_sqlite_bind_id(q, 4, &key->call);
    pl_sqlite_bind_text(q, 5, key->subject);
    int rc = pl_sqlite_run(q);
    return rc || sqlite3_changes(k->db) ? rc : find_call(k, key);
}

int pl_sqlite_keys_end(pl_sqlite_keys *k, const pl_record *r)
{
    sqlite3_stmt *q = k->statements[r->answer.len ? ANSWER : FREE];
    pl_sqlite_bind_text(q, 1, r->key);
    pl_sqlite_bind_id(q, 2, &r->id);
    if (r->answer.len) {
        sqlite3_bind_int(q, 3, r->answer_status);
        pl_sqlite_bind_text(q, 4, r->answer);
    }
    return pl_sqlite_run(q);
}

/* -- open and close -- */

int pl_sqlite_keys_open(pl_sqlite_keys *k, sqlite3 *db)
{
    static const char *const sql[] = {
#define X(code, text) [code] = text,
        STATEMENTS(X)
#undef X
    };
    *k = (pl_sqlite_keys){.db = db};
    int rc =
        sqlite3_exec(db, "UPDATE idempotency SET status = 0 WHERE call NOTNULL AND status IS NULL",
                     NULL, NULL, NULL);
    if (!rc) rc = pl_sqlite_prepare_all(db, sql, STATEMENT_COUNT, k->statements);
    return rc;
}

void pl_sqlite_keys_fini(pl_sqlite_keys *k)
{
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(k->statements[i]);
        k->statements[i] = NULL;
    }
}
