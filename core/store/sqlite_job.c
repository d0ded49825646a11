/* SPDX-License-Identifier: MIT
 *
 * A step carries out its commands and notes how far the job is in one transaction, so that after a
 * crash no delivery is taken twice or left out. Whoever drives the job (gateway/replay.c) finds the
 * deliveries; here only ids arrive.
 *
 * Jobs are rare: their statements are prepared as they are needed. */
#include "store/sqlite_job.h"

#include "base/err.h"
#include "store/sqlite_json.h"

/* Jobs that are over, of which the oldest goes when one more is made. */
#define KEPT "1000"

#define COLUMNS                                                                                   \
    "id, kind, state, filter, rate, total, done, failed, cursor, last, created_ms, finished_ms, " \
    "token"

enum column {
    ID,
    KIND,
    STATE,
    FILTER,
    RATE,
    TOTAL,
    DONE,
    FAILED,
    CURSOR,
    LAST,
    CREATED,
    FINISHED,
    TOKEN
};

static int prepare(sqlite3 *db, const char *sql, sqlite3_stmt **q)
{
    return sqlite3_prepare_v2(db, sql, -1, q, NULL);
}

static int finish(sqlite3_stmt *q)
{
    sqlite3_step(q);
    return sqlite3_finalize(q);
}

/* -- orders -- */

static int make(pl_sqlite_writer *w, pl_job_op *j)
{
    sqlite3_stmt *q;
    int rc = prepare(w->db,
                     "INSERT INTO jobs(kind, state, filter, rate, total, done, failed, last,"
                     " created_ms, token) VALUES(?, 0, ?, ?, ?, 0, 0, ?, ?, ?)",
                     &q);
    if (rc) return rc;
    sqlite3_bind_int(q, 1, j->kind);
    pl_sqlite_bind_text(q, 2, j->filter);
    sqlite3_bind_int64(q, 3, j->rate);
    sqlite3_bind_int64(q, 4, (int64_t)j->total);
    pl_sqlite_bind_id(q, 5, &j->last);
    sqlite3_bind_int64(q, 6, j->now_ms);
    pl_sqlite_bind_text(q, 7, j->token);
    rc = finish(q);
    j->job = sqlite3_last_insert_rowid(w->db);
    j->state = PL_JOB_RUNNING;
    if (rc) return rc;
    return sqlite3_exec(w->db,
                        "DELETE FROM jobs WHERE state > 1 AND id NOT IN"
                        " (SELECT id FROM jobs ORDER BY id DESC LIMIT " KEPT ")",
                        NULL, NULL, NULL);
}

/* The kind and state of a job; state -1 when there is none. */
static int find(pl_sqlite_writer *w, int64_t job, int *kind, int *state)
{
    sqlite3_stmt *q;
    int rc = prepare(w->db, "SELECT kind, state FROM jobs WHERE id = ?", &q);
    if (rc) return rc;
    *state = -1;
    sqlite3_bind_int64(q, 1, job);
    if (sqlite3_step(q) == SQLITE_ROW) {
        *kind = sqlite3_column_int(q, 0);
        *state = sqlite3_column_int(q, 1);
    }
    return sqlite3_finalize(q);
}

/* One that a job cannot take (it ended meanwhile, its payload is gone) counts as failed. */
static int command_each(pl_sqlite_writer *w, const pl_job_op *j, int kind, uint32_t *done)
{
    int rc = SQLITE_OK;
    for (uint32_t i = 0; i < j->count && !rc; i++) {
        pl_command c = {.op.kind = PL_OP_COMMAND,
                        .kind = (enum pl_command_kind)kind,
                        .id = j->ids[i],
                        .now_ms = j->now_ms};
        rc = pl_sqlite_writer_run(w, &c.op);
        if (c.op.result == 0) ++*done;
    }
    return rc;
}

static int step(pl_sqlite_writer *w, pl_job_op *j, int kind)
{
    sqlite3_stmt *q;
    uint32_t done = 0;
    int rc = command_each(w, j, kind, &done);
    if (!rc)
        rc = prepare(w->db,
                     "UPDATE jobs SET done = done + ?2, failed = failed + ?3,"
                     " cursor = coalesce(?4, cursor), state = iif(?5, 2, state),"
                     " finished_ms = iif(?5, ?6, NULL) WHERE id = ?1",
                     &q);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, j->job);
    sqlite3_bind_int64(q, 2, done);
    sqlite3_bind_int64(q, 3, j->count - done);
    if (j->count) pl_sqlite_bind_id(q, 4, &j->ids[j->count - 1]);
    sqlite3_bind_int(q, 5, j->is_last);
    sqlite3_bind_int64(q, 6, j->now_ms);
    if (j->is_last) j->state = PL_JOB_DONE;
    return finish(q);
}

static int set(pl_sqlite_writer *w, const pl_job_op *j)
{
    sqlite3_stmt *q;
    int rc = prepare(w->db,
                     "UPDATE jobs SET state = ?2, finished_ms = iif(?2 > 1, ?3, NULL)"
                     " WHERE id = ?1",
                     &q);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, j->job);
    sqlite3_bind_int(q, 2, j->state);
    sqlite3_bind_int64(q, 3, j->now_ms);
    return finish(q);
}

int pl_sqlite_job_run(pl_sqlite_writer *w, pl_job_op *j)
{
    int kind = PL_COMMAND_RETRY, state;
    if (j->order == PL_JOB_MAKE) return make(w, j);
    int rc = find(w, j->job, &kind, &state);
    if (rc) return rc;
    bool is_over = state == PL_JOB_DONE || state == PL_JOB_CANCELLED;
    if (state < 0) {
        j->op.result = PL_E_UNKNOWN_JOB;
    } else if (is_over || (j->order == PL_JOB_STEP && state != PL_JOB_RUNNING)) {
        j->op.result = PL_E_CONFLICT;
        j->state = (enum pl_job_state)state;
    } else {
        return j->order == PL_JOB_STEP ? step(w, j, kind) : set(w, j);
    }
    return SQLITE_OK;
}

/* -- questions -- */

static void write_id(pl_json_writer *w, const char *key, sqlite3_stmt *row, int column)
{
    char text[PL_UUID_TEXT + 1];
    pl_jw_key(w, key);
    if (sqlite3_column_type(row, column) == SQLITE_NULL) {
        pl_jw_null(w);
    } else {
        pl_uuid_format(pl_sqlite_id(row, column), text);
        pl_jw_text(w, text);
    }
}

static void write_job(pl_json_writer *w, sqlite3_stmt *row)
{
    pl_jw_object(w);
    pl_sqlite_json_number(w, "id", row, ID);
    pl_jw_key(w, "kind");
    pl_jw_text(w, sqlite3_column_int(row, KIND) == PL_COMMAND_RETRY ? "replay" : "cancel");
    pl_jw_key(w, "state");
    pl_jw_text(w, pl_job_state_name((enum pl_job_state)sqlite3_column_int(row, STATE)));
    pl_jw_key(w, "filter");
    pl_jw_raw(w, pl_sqlite_slice(row, FILTER));
    pl_sqlite_json_number(w, "rate", row, RATE);
    pl_sqlite_json_number(w, "total", row, TOTAL);
    pl_sqlite_json_number(w, "done", row, DONE);
    pl_sqlite_json_number(w, "failed", row, FAILED);
    write_id(w, "cursor", row, CURSOR);
    write_id(w, "last", row, LAST);
    pl_sqlite_json_time(w, "created", row, CREATED);
    pl_sqlite_json_time(w, "finished", row, FINISHED);
    pl_sqlite_json_text(w, "token", row, TOKEN);
    pl_jw_object_end(w);
}

static int answer_one(sqlite3 *db, pl_query *query, bool *found)
{
    sqlite3_stmt *q;
    pl_json_writer w;
    int rc = prepare(db, "SELECT " COLUMNS " FROM jobs WHERE id = ?", &q);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, query->job);
    *found = sqlite3_step(q) == SQLITE_ROW;
    pl_jw_init(&w, &query->answer);
    if (*found) write_job(&w, q);
    return sqlite3_finalize(q);
}

int pl_sqlite_job_answer(sqlite3 *db, pl_query *query, bool *found)
{
    sqlite3_stmt *q;
    pl_json_writer w;
    if (query->kind == PL_QUERY_JOB) return answer_one(db, query, found);
    int rc = prepare(db,
                     "SELECT " COLUMNS " FROM jobs WHERE ?1 < 0 OR state = ?1"
                     " ORDER BY id DESC LIMIT ?2",
                     &q);
    if (rc) return rc;
    sqlite3_bind_int(q, 1, query->filter.state);
    sqlite3_bind_int64(q, 2, query->filter.limit);
    pl_jw_init(&w, &query->answer);
    pl_jw_object(&w);
    pl_jw_key(&w, "jobs");
    pl_jw_array(&w);
    while (sqlite3_step(q) == SQLITE_ROW)
        write_job(&w, q);
    pl_jw_array_end(&w);
    pl_jw_object_end(&w);
    return sqlite3_finalize(q);
}
