/* SPDX-License-Identifier: MIT */
#include "store/sqlite_group.h"

#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <time.h>

/* One mistake is seldom the only one: clients that repeat events repeat many. */
#define CAREFUL_GROUPS 16

/* SQLite's code as a condition of the store: PL_E_STORE or PL_E_STORE_FULL, or 0 when it is the
 * fault of one operation. */
static int condition_of(sqlite3 *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return PL_E_STORE_FULL;
    /* The WAL's index cannot grow: the only full disk that SQLite calls otherwise. */
    case SQLITE_IOERR:
        return sqlite3_system_errno(db) == ENOSPC ? PL_E_STORE_FULL : PL_E_STORE;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return 0;
    default:
        return PL_E_STORE;
    }
}

/* One line for each change, however many operations see it. */
static void set_condition(pl_sqlite_groups *g, int condition, const char *detail)
{
    if (condition == g->condition) return;
    g->condition = condition;
    pl_counter_set(&g->metrics->is_failing, condition != 0);
    if (condition) {
        pl_log(PL_LOG_ERROR, "the store cannot write", PL_LOG_STR("error", pl_err_name(condition)),
               PL_LOG_STR("detail", detail), PL_LOG_STR("path", g->config->path));
    } else {
        pl_log(PL_LOG_INFO, "the store writes again", PL_LOG_STR("path", g->config->path));
    }
}

/* The operations from `first` up to `end` in one transaction;
 * a SQLite code, after which nothing of it happened. */
static int try_transaction(pl_sqlite_groups *g, pl_op *first, const pl_op *end)
{
    int rc = pl_sqlite_writer_begin(&g->writer);
    if (g->clock.jump_ms && !rc) rc = pl_sqlite_times_move(g->db, g->clock.jump_ms);
    if (g->condition && !rc) rc = pl_sqlite_writer_probe(&g->writer);
    for (pl_op *op = first; op != end && !rc; op = op->next)
        rc = pl_sqlite_writer_run(&g->writer, op);
    return rc ? rc : pl_sqlite_writer_commit(&g->writer);
}

/* The same again for a group in which something was not as it is taken for granted. */
static int try_carefully(pl_sqlite_groups *g, pl_op *first, const pl_op *end)
{
    pl_sqlite_writer_rollback(&g->writer);
    for (pl_op *op = first; op != end; op = op->next)
        pl_sqlite_writer_undo(op, 0);
    g->careful = CAREFUL_GROUPS;
    g->writer.bulk.is_careful = true;
    return try_transaction(g, first, end);
}

static bool is_mistaken(const pl_sqlite_groups *g, int rc)
{
    return (rc & 0xff) == SQLITE_CONSTRAINT && !g->writer.bulk.is_careful;
}

static void tell_switch(pl_sqlite_groups *g, const pl_op *op)
{
    if (op->kind == PL_OP_RECORD && ((const pl_record *)op)->has_disabled)
        g->config->switched(g->config->arg, ((const pl_record *)op)->disables, true);
    if (op->kind != PL_OP_SWITCH) return;
    const pl_switch_op *o = (const pl_switch_op *)op;
    if (o->has_changed) g->config->switched(g->config->arg, &o->what, o->order == PL_SWITCH_OFF);
}

void pl_sqlite_groups_show(const pl_sqlite_groups *g)
{
    pl_counter_set(&g->metrics->pending, (uint64_t)g->writer.pending);
    pl_counter_set(&g->metrics->behind, (uint64_t)g->writer.order.count.behind);
    pl_counter_set(&g->metrics->stopped, (uint64_t)g->writer.order.count.stopped);
}

/* The same with everything that success or failure entails.
 * False: it is the fault of one of them. */
static bool transact(pl_sqlite_groups *g, pl_op *first, const pl_op *end)
{
    uint64_t start = pl_sqlite_now_us(), count = 0;
    for (pl_op *op = first; op != end; op = op->next, count++)
        pl_sqlite_writer_clear(op);
    g->writer.bulk.is_careful = g->careful > 0;
    if (g->careful) g->careful--;
    int rc = try_transaction(g, first, end);
    if (is_mistaken(g, rc)) rc = try_carefully(g, first, end);
    if (rc == SQLITE_OK) {
        g->clock.jump_ms = 0;
        pl_counter_add(&g->metrics->commits, 1);
        pl_counter_add(&g->metrics->operations, count);
        pl_sqlite_groups_show(g);
        pl_histogram_add(&g->metrics->commit_us, pl_sqlite_now_us() - start);
        set_condition(g, 0, NULL);
        for (pl_op *op = first; op != end && g->config->switched; op = op->next)
            tell_switch(g, op);
        return true;
    }
    int condition = condition_of(g->db, rc);
    if (condition) set_condition(g, condition, sqlite3_errmsg(g->db));
    if (!condition && count == 1)
        pl_log(PL_LOG_ERROR, "the store refused an operation",
               PL_LOG_STR("detail", sqlite3_errmsg(g->db)), PL_LOG_INT("kind", first->kind));
    pl_sqlite_writer_rollback(&g->writer);
    pl_counter_add(&g->metrics->errors, 1);
    for (pl_op *op = first; op != end; op = op->next)
        pl_sqlite_writer_undo(op, condition ? condition : PL_E_STORE);
    return condition != 0;
}

/* A machine that sleeps is no clock that is set: the one beside it goes on meanwhile. */
static void look_at_clock(pl_sqlite_groups *g)
{
    struct timespec t;
    int64_t before_ms = g->clock.jump_ms;
    if (g->config->wall_ms == NULL) return;
    clock_gettime(CLOCK_BOOTTIME, &t);
    pl_sqlite_clock_look(&g->clock, g->config->wall_ms(), t.tv_sec * 1000 + t.tv_nsec / 1000000);
    if (g->clock.jump_ms == before_ms) return;
    pl_log(PL_LOG_WARN, "the wall clock was set: what waits in the store is moved with it",
           PL_LOG_INT("seconds", (g->clock.jump_ms - before_ms) / 1000));
}

void pl_sqlite_group_run(pl_sqlite_groups *g, pl_op *group)
{
    look_at_clock(g);
    if (transact(g, group, NULL) || !group->next) return;
    for (pl_op *op = group; op; op = op->next)
        transact(g, op, op->next);
}
