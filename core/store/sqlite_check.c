/* SPDX-License-Identifier: MIT
 *
 * SQLite proves that the trees are whole and that the indexes agree with their tables; the
 * questions below are about what the tables promise each other. */
#include "store/repair.h"
#include "store/sqlite_file.h"
#include "store/sqlite_schema.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* What is damaged once is often damaged a thousand times over. */
#define MAX_FINDINGS "20"

static const struct promise {
    const char *sql, *broken;
} promises[] = {
    {"SELECT count(*) FROM pending p WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.seq = "
     "p.event)",
     "pending deliveries whose event is gone: they can never be sent"},
    {"SELECT count(*) FROM deliveries d"
     " WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.seq = d.event)",
     "ended deliveries whose event is gone"},
    {"SELECT count(*) FROM pending p WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.id = p.id)",
     "deliveries that are pending and ended at once"},
    {"SELECT count(*) FROM attempts a"
     " WHERE NOT EXISTS (SELECT 1 FROM pending p WHERE p.id = a.delivery)"
     " AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = a.delivery)",
     "attempts at deliveries that are gone"},
    {"SELECT count(*) FROM (SELECT 1 FROM pending WHERE order_key NOTNULL AND held "
     "< " PL_SQLITE_BEHIND " GROUP BY order_key, connector, order_scope HAVING count(*) > 1)",
     "keys of which more than one delivery may go at a time"},
    {"SELECT count(*) FROM (SELECT order_key, connector, order_scope, min(event) AS first"
     " FROM pending WHERE order_key NOTNULL GROUP BY 1, 2, 3 HAVING min(held) = " PL_SQLITE_BEHIND
     ") p WHERE NOT"
     " EXISTS (SELECT 1 FROM deliveries d WHERE d.order_key = p.order_key"
     " AND d.connector = p.connector AND d.order_scope = p.order_scope"
     " AND d.blocks > 0 AND (d.blocks = 2 OR d.event <= p.first))",
     "keys of which deliveries wait for nothing"},
};

static const char *const tables[] = {"events", "pending", "deliveries", "attempts", "idempotency"};

/* The one number that a query gives; a SQLite code when it does not. */
static int ask(sqlite3 *db, const char *sql, int64_t *n)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
    if (rc == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW) *n = sqlite3_column_int64(q, 0);
    return q ? sqlite3_finalize(q) : rc;
}

static void report_size(const char *path, const char *suffix, pl_buf *report)
{
    struct stat st;
    pl_buf name;
    pl_buf_init(&name);
    pl_buf_printf(&name, "%s%s%c", path, suffix, '\0');
    if (stat(name.ptr, &st) == 0)
        pl_buf_printf(report, "%s: %lld bytes\n", name.ptr, (long long)st.st_size);
    pl_buf_fini(&name);
}

/* Counting reads the whole tree, so it finds damage, too. */
static bool report_rows(sqlite3 *db, pl_buf *report)
{
    bool is_sound = true;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char sql[64];
        int64_t n = 0;
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
        if (ask(db, sql, &n) == SQLITE_OK) {
            pl_buf_printf(report, "  %-12s %lld rows\n", tables[i], (long long)n);
            continue;
        }
        pl_buf_printf(report, "  %-12s cannot be counted: %s\n", tables[i], sqlite3_errmsg(db));
        is_sound = false;
    }
    return is_sound;
}

static bool report_integrity(sqlite3 *db, pl_buf *report)
{
    sqlite3_stmt *q = NULL;
    bool is_sound = true;
    int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(" MAX_FINDINGS ")", -1, &q, NULL);
    while (rc == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW) {
        const char *finding = (const char *)sqlite3_column_text(q, 0);
        if (finding && strcmp(finding, "ok") == 0) continue;
        pl_buf_printf(report, "  %s\n", finding ? finding : "no memory");
        is_sound = false;
    }
    rc = q ? sqlite3_finalize(q) : rc;
    if (rc == SQLITE_OK) return is_sound;
    pl_buf_printf(report, "  %s\n", sqlite3_errmsg(db));
    return false;
}

static bool report_promises(sqlite3 *db, pl_buf *report)
{
    bool is_sound = true;
    for (size_t i = 0; i < sizeof promises / sizeof *promises; i++) {
        int64_t n = 0;
        int rc = ask(db, promises[i].sql, &n);
        if (rc != SQLITE_OK) pl_buf_printf(report, "  %s\n", sqlite3_errmsg(db));
        if (n) pl_buf_printf(report, "  %lld %s\n", (long long)n, promises[i].broken);
        is_sound = is_sound && rc == SQLITE_OK && n == 0;
    }
    return is_sound;
}

/* In one snapshot: a gateway may be writing. */
static bool examine(sqlite3 *db, pl_buf *report)
{
    if (sqlite3_exec(db, "BEGIN", NULL, NULL, NULL)) {
        pl_buf_printf(report, "  %s\n", sqlite3_errmsg(db));
        return false;
    }
    bool has_rows = report_rows(db, report);
    bool is_whole = report_integrity(db, report);
    /* Of a broken tree they would only repeat that it is broken. */
    bool is_kept = is_whole && has_rows && report_promises(db, report);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return is_kept;
}

/* 0, or PL_E_STORE after a line in the report. */
static int open_known(const char *path, sqlite3 **db, pl_buf *report)
{
    char *reason = NULL;
    int64_t application = 0;
    if (pl_sqlite_open_reader(path, db, &reason)) {
        pl_buf_printf(report, "%s\n", reason);
        free(reason);
        return PL_E_STORE;
    }
    int rc = ask(*db, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK && application == atoi(PL_SQLITE_APPLICATION_ID)) return 0;
    pl_buf_printf(report, "%s: %s\n", path,
                  rc ? sqlite3_errmsg(*db) : "it is not a database of perilune");
    sqlite3_close(*db);
    return PL_E_STORE;
}

int pl_store_check(const char *path, pl_buf *report)
{
    sqlite3 *db = NULL;
    if (open_known(path, &db, report)) return PL_E_STORE;
    report_size(path, "", report);
    report_size(path, "-wal", report);
    bool is_sound = examine(db, report);
    sqlite3_close(db);
    if (is_sound)
        PL_BUF_PUT(report, "sound\n");
    else
        pl_buf_printf(report, "damaged; perilune store salvage %s NEW saves what can be read\n",
                      path);
    return is_sound ? 0 : 1;
}
