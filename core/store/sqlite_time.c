/* SPDX-License-Identifier: MIT */
#include "store/sqlite_time.h"

#include "store/sqlite_bind.h"

#include <time.h>

/* -- the clocks -- */

uint64_t pl_sqlite_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void pl_sqlite_clock_look(pl_sqlite_clock *c, int64_t wall_ms, int64_t steady_ms)
{
    int64_t jump_ms = (wall_ms - c->wall_ms) - (steady_ms - c->steady_ms);
    bool has_jumped = jump_ms >= PL_SQLITE_JUMP_LEAST_MS || jump_ms <= -PL_SQLITE_JUMP_LEAST_MS;
    if (c->was_read && has_jumped) c->jump_ms += jump_ms;
    c->was_read = true;
    c->wall_ms = wall_ms;
    c->steady_ms = steady_ms;
}

static int run_with(sqlite3 *db, const char *sql, pl_slice text, int64_t n)
{
    sqlite3_stmt *q;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, n);
    if (text.ptr) pl_sqlite_bind_text(q, 2, text);
    sqlite3_step(q);
    return sqlite3_finalize(q);
}

int pl_sqlite_times_move(sqlite3 *db, int64_t jump_ms)
{
    int rc = run_with(db, "UPDATE pending SET due_ms = due_ms + ?1", PL_NO_SLICE, jump_ms);
    return rc ? rc
              : run_with(db, "UPDATE paused SET until_ms = until_ms + ?1", PL_NO_SLICE, jump_ms);
}

/* -- pauses -- */

int pl_sqlite_pause(pl_sqlite_writer *w, pl_slice connector, int64_t until_ms)
{
    return run_with(w->db,
                    "INSERT INTO paused(until_ms, connector) VALUES(?1, ?2) ON CONFLICT(connector)"
                    " DO UPDATE SET until_ms = max(until_ms, excluded.until_ms)",
                    connector, until_ms);
}

int pl_sqlite_pauses_show(sqlite3 *db,
                          void (*show)(void *arg, pl_slice connector, int64_t until_ms), void *arg)
{
    sqlite3_stmt *q;
    int rc = sqlite3_prepare_v2(db, "SELECT connector, until_ms FROM paused", -1, &q, NULL);
    if (rc) return rc;
    while (sqlite3_step(q) == SQLITE_ROW)
        show(arg, pl_sqlite_slice(q, 0), sqlite3_column_int64(q, 1));
    return sqlite3_finalize(q);
}
