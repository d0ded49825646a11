/* SPDX-License-Identifier: MIT
 *
 * Pending deliveries are walked, and few; failed ones may be many, and are counted in an index that
 * holds all that is asked here, already in the order of the groups. */
#include "store/sqlite_undelivered.h"

#include "store/sqlite_json.h"

enum column { CONNECTOR, STATE, OUTCOME, STATUS, COUNT, OLDEST, DUE, WAITING, STOPPING };

typedef struct totals {
    int64_t pending, failed, oldest_ms;
} totals;

/* `since_ms` 0: there is none. */
static void write_oldest(pl_json_writer *w, int64_t since_ms, int64_t now_ms)
{
    pl_jw_member_time(w, "oldest", since_ms);
    pl_jw_key(w, "oldest_age_seconds");
    if (since_ms)
        pl_jw_int(w, now_ms > since_ms ? (now_ms - since_ms) / 1000 : 0);
    else
        pl_jw_null(w);
}

static void write_group(pl_json_writer *w, sqlite3_stmt *row, int64_t now_ms)
{
    pl_jw_object(w);
    pl_sqlite_json_text(w, "connector", row, CONNECTOR);
    pl_jw_key(w, "state");
    pl_jw_text(w, pl_state_name((enum pl_state)sqlite3_column_int(row, STATE)));
    pl_sqlite_json_text(w, "outcome", row, OUTCOME);
    pl_sqlite_json_number(w, "status", row, STATUS);
    pl_sqlite_json_number(w, "count", row, COUNT);
    pl_sqlite_json_number(w, "waiting", row, WAITING);
    pl_sqlite_json_number(w, "stopping", row, STOPPING);
    write_oldest(w, sqlite3_column_int64(row, OLDEST), now_ms);
    pl_sqlite_json_time(w, "next_due", row, DUE);
    pl_jw_object_end(w);
}

static void add(totals *t, sqlite3_stmt *row)
{
    int64_t n = sqlite3_column_int64(row, COUNT), oldest_ms = sqlite3_column_int64(row, OLDEST);
    bool is_pending = sqlite3_column_int(row, STATE) == PL_STATE_PENDING;
    *(is_pending ? &t->pending : &t->failed) += n;
    if (t->oldest_ms == 0 || oldest_ms < t->oldest_ms) t->oldest_ms = oldest_ms;
}

int pl_sqlite_undelivered_answer(sqlite3 *db, pl_query *query)
{
    sqlite3_stmt *q = NULL;
    totals t = {0};
    pl_json_writer w;
    int rc = sqlite3_prepare_v2(db, PL_SQLITE_UNDELIVERED, -1, &q, NULL);
    if (rc) return rc;
    pl_sqlite_bind_text(q, 1, query->filter.connector);
    pl_jw_init(&w, &query->answer);
    pl_jw_object(&w);
    pl_jw_key(&w, "groups");
    pl_jw_array(&w);
    while (sqlite3_step(q) == SQLITE_ROW) {
        write_group(&w, q, query->now_ms);
        add(&t, q);
    }
    pl_jw_array_end(&w);
    pl_jw_key(&w, "pending");
    pl_jw_int(&w, t.pending);
    pl_jw_key(&w, "failed");
    pl_jw_int(&w, t.failed);
    write_oldest(&w, t.oldest_ms, query->now_ms);
    pl_jw_object_end(&w);
    return sqlite3_finalize(q);
}

int pl_sqlite_backlog_answer(sqlite3 *db, pl_query *query)
{
    sqlite3_stmt *q = NULL;
    pl_json_writer w;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT connector, count(*), sum(held = " PL_SQLITE_SHELVED "),"
                                " min(created_ms) FROM pending GROUP BY connector",
                                -1, &q, NULL);
    if (rc) return rc;
    pl_jw_init(&w, &query->answer);
    pl_jw_object(&w);
    pl_jw_key(&w, "connectors");
    pl_jw_array(&w);
    while (sqlite3_step(q) == SQLITE_ROW) {
        pl_jw_object(&w);
        pl_sqlite_json_text(&w, "connector", q, 0);
        pl_sqlite_json_number(&w, "pending", q, 1);
        pl_sqlite_json_number(&w, "disabled", q, 2);
        pl_sqlite_json_number(&w, "oldest_ms", q, 3);
        pl_jw_object_end(&w);
    }
    pl_jw_array_end(&w);
    pl_jw_object_end(&w);
    return sqlite3_finalize(q);
}
