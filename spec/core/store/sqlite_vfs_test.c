/* SPDX-License-Identifier: MIT
 *
 * A VFS below the one under test counts what reaches the file of the WAL, and fails when it is told
 * to; whoever looks at the database from outside uses SQLite's own. */
#include "store/sqlite_vfs.h"

#include "test.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>

#define PAGE 8192

static sqlite3_vfs spying_vfs, *real_vfs;
static sqlite3_io_methods spying_methods;
static const sqlite3_io_methods *real_methods;
static struct {
    int writes, fault;
    sqlite3_int64 bytes;
} spy;

static int spying_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    spy.writes++;
    spy.bytes += n;
    return spy.fault ? spy.fault : real_methods->xWrite(f, bytes, n, at);
}

static int spying_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    (void)vfs;
    int rc = real_vfs->xOpen(real_vfs, name, f, flags, out);
    if (rc || !(flags & SQLITE_OPEN_WAL)) return rc;
    real_methods = f->pMethods;
    spying_methods = *real_methods;
    spying_methods.xWrite = spying_write;
    f->pMethods = &spying_methods;
    return SQLITE_OK;
}

static void spying_register(void)
{
    real_vfs = sqlite3_vfs_find("unix");
    spying_vfs = *real_vfs;
    spying_vfs.zName = "spying";
    spying_vfs.xOpen = spying_open;
    sqlite3_vfs_register(&spying_vfs, 1);
}

/* -- a database -- */

static char folder[32], path[64];
static sqlite3 *db;

static void run(const char *sql)
{
    char *error = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &error)) {
        printf("%s: %s\n", sql, error);
        abort();
    }
}

static int64_t number(sqlite3 *of, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t n = -1;
    if (sqlite3_prepare_v2(of, sql, -1, &q, NULL)) abort();
    if (sqlite3_step(q) == SQLITE_ROW) n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

/* What somebody sees who comes from outside now. */
static int64_t seen(const char *sql)
{
    sqlite3 *outside = NULL;
    if (sqlite3_open_v2(path, &outside, SQLITE_OPEN_READWRITE, "unix")) abort();
    int64_t n = number(outside, sql);
    sqlite3_close(outside);
    return n;
}

static void open_db(const char *synchronous)
{
    char sql[64];
    strcpy(folder, "/tmp/perilune-vfs-XXXXXX");
    if (!mkdtemp(folder)) abort();
    snprintf(path, sizeof path, "%s/x.db", folder);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(path, &db, flags, pl_sqlite_vfs())) abort();
    run("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
    snprintf(sql, sizeof sql, "PRAGMA synchronous = %s", synchronous);
    run(sql);
    run("CREATE TABLE t(n INTEGER PRIMARY KEY, x BLOB)");
    memset(&spy, 0, sizeof spy);
}

static void close_db(void)
{
    char command[64];
    sqlite3_close(db);
    snprintf(command, sizeof command, "rm -r %s", folder);
    if (system(command)) abort();
}

/* Rows that fill a page each. */
#define INSERT(first, last)                                                                 \
    "INSERT INTO t WITH RECURSIVE c(n) AS (VALUES(" first ") UNION ALL SELECT n + 1 FROM c" \
    " WHERE n < " last ") SELECT n, zeroblob(8000) FROM c"

static const char *const modes[] = {"FULL", "NORMAL", "OFF"};

/* -- */

TEST(a_transaction_is_one_write_and_is_seen_at_once)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        open_db(modes[i]);
        run(INSERT("1", "10"));
        CHECK_EQ_INT(spy.writes, 1);
        CHECK(spy.bytes > (sqlite3_int64)10 * PAGE);
        CHECK_EQ_INT(seen("SELECT count(*) FROM t"), 10);
        run(INSERT("11", "12"));
        CHECK_EQ_INT(spy.writes, 2);
        CHECK_EQ_INT(seen("SELECT count(*) FROM t"), 12);
        close_db();
    }
}

TEST(a_long_transaction_is_some_writes)
{
    open_db("NORMAL");
    run(INSERT("1", "1000"));
    CHECK_EQ_INT(seen("SELECT count(*) FROM t"), 1000);
    CHECK(spy.writes < 100);
    CHECK(spy.bytes > (sqlite3_int64)1000 * PAGE);
    CHECK_EQ_INT(seen("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    close_db();
}

/* Pages go to the WAL before their commit, are changed there, and read back. */
TEST(a_transaction_larger_than_the_cache_is_whole)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        open_db(modes[i]);
        run("PRAGMA cache_size = 5");
        run("BEGIN");
        run(INSERT("1", "200"));
        run("UPDATE t SET x = CAST(n AS BLOB) WHERE n % 3 = 0");
        run("UPDATE t SET x = CAST(n AS BLOB) WHERE n % 3 = 1");
        CHECK_EQ_INT(seen("SELECT count(*) FROM t"), 0);
        run("COMMIT");
        CHECK_EQ_INT(seen("SELECT count(*) FROM t WHERE x = CAST(n AS BLOB)"), 133);
        CHECK_EQ_INT(seen("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
        close_db();
    }
}

TEST(what_is_rolled_back_leaves_nothing)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        open_db(modes[i]);
        run("PRAGMA cache_size = 5");
        run(INSERT("1", "20"));
        run("BEGIN");
        run(INSERT("21", "200"));
        run("ROLLBACK");
        run(INSERT("500", "502"));
        CHECK_EQ_INT(seen("SELECT count(*) FROM t"), 23);
        CHECK_EQ_INT(seen("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
        close_db();
    }
}

TEST(the_wal_starts_over)
{
    open_db("FULL");
    for (int i = 0; i < 20; i++) {
        char sql[256];
        snprintf(sql, sizeof sql, "INSERT INTO t VALUES(%d, zeroblob(100000))", i);
        run(sql);
        run("PRAGMA wal_checkpoint(RESTART)");
        CHECK_EQ_INT(seen("SELECT count(*) FROM t"), i + 1);
    }
    CHECK_EQ_INT(seen("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    close_db();
}

TEST(a_write_that_fails_fails_the_commit)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        open_db(modes[i]);
        run(INSERT("1", "3"));
        spy.fault = SQLITE_FULL;
        CHECK_EQ_INT(sqlite3_exec(db, INSERT("4", "40"), NULL, NULL, NULL), SQLITE_FULL);
        CHECK_EQ_INT(seen("SELECT count(*) FROM t"), 3);
        spy.fault = 0;
        run(INSERT("50", "59"));
        CHECK_EQ_INT(seen("SELECT count(*) FROM t"), 13);
        CHECK_EQ_INT(number(db, "SELECT count(*) FROM t"), 13);
        CHECK_EQ_INT(seen("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
        close_db();
    }
}

/* What is left in the files when nothing more can be done: a copy of them at any moment, as a crash
 * would leave them, has all that was committed and nothing else. */
TEST(a_crash_leaves_what_was_committed)
{
    open_db("FULL");
    run(INSERT("1", "10"));
    run("BEGIN");
    run(INSERT("11", "30"));
    char command[256];
    snprintf(command, sizeof command, "cp %s %s/y.db && cp %s-wal %s/y.db-wal", path, folder, path,
             folder);
    CHECK_EQ_INT(system(command), 0);
    strcat(strcpy(path, folder), "/y.db");
    CHECK_EQ_INT(seen("SELECT count(*) FROM t"), 10);
    CHECK_EQ_INT(seen("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    run("COMMIT");
    close_db();
}

int main(void)
{
    spying_register();
    return RUN(CASE(a_transaction_is_one_write_and_is_seen_at_once),
               CASE(a_long_transaction_is_some_writes),
               CASE(a_transaction_larger_than_the_cache_is_whole),
               CASE(what_is_rolled_back_leaves_nothing), CASE(the_wal_starts_over),
               CASE(a_write_that_fails_fails_the_commit), CASE(a_crash_leaves_what_was_committed));
}
