/* SPDX-License-Identifier: MIT
 *
 * A VFS put over SQLite's own holds whoever copies to the database, when it is told to, and counts
 * the syncs of that file. */
#include "store/sqlite_copier.h"

#include "store/sqlite_file.h"
#include "store_harness.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>

/* -- the disk that holds -- */

static sqlite3_vfs holding_vfs, *real_vfs;
static sqlite3_io_methods holding_methods;
static const sqlite3_io_methods *real_methods;
static atomic_int writes_until_hold; /* 0: it holds nobody */
static atomic_int syncs;
static sem_t reached, opened;

static int holding_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    if (writes_until_hold && --writes_until_hold == 0) {
        sem_post(&reached);
        sem_wait(&opened);
    }
    return real_methods->xWrite(f, bytes, n, at);
}

static int counting_sync(sqlite3_file *f, int flags)
{
    syncs++;
    return real_methods->xSync(f, flags);
}

static int holding_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    (void)vfs;
    int rc = real_vfs->xOpen(real_vfs, name, f, flags, out);
    if (rc || !(flags & SQLITE_OPEN_MAIN_DB)) return rc;
    if (!real_methods) {
        real_methods = f->pMethods;
        holding_methods = *real_methods;
        holding_methods.xWrite = holding_write;
        holding_methods.xSync = counting_sync;
    }
    f->pMethods = &holding_methods;
    return SQLITE_OK;
}

static void holding_register(void)
{
    sem_init(&reached, 0, 0);
    sem_init(&opened, 0, 0);
    real_vfs = sqlite3_vfs_find("unix");
    holding_vfs = *real_vfs;
    holding_vfs.zName = "holding";
    holding_vfs.xOpen = holding_open;
    sqlite3_vfs_register(&holding_vfs, 1);
}

static bool is_held(void)
{
    return sem_trywait(&reached) == 0;
}

/* -- a copier by itself -- */

typedef struct pair {
    bench b;
    sqlite3 *db; /* the owner's */
    pl_sqlite_copier copier;
} pair;

static void run(sqlite3 *db, const char *sql)
{
    char *error = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &error) == SQLITE_OK) return;
    printf("%s: %s\n", sql, error);
    abort();
}

static void pair_open(pair *p)
{
    char *reason = NULL;
    sqlite3 *db;
    bench_init(&p->b);
    if (pl_sqlite_open_writer(p->b.path, true, 0, &p->db, &reason)) abort();
    sqlite3_wal_autocheckpoint(p->db, 0);
    run(p->db, "CREATE TABLE t(n); PRAGMA wal_checkpoint(TRUNCATE)");
    if (pl_sqlite_open_copier(p->b.path, &db, &reason)) abort();
    CHECK_EQ_INT(pl_sqlite_copier_open(&p->copier, db), 0);
    syncs = 0;
}

static void pair_close(pair *p)
{
    pl_sqlite_copier_close(&p->copier);
    sqlite3_close(p->db);
    bench_fini(&p->b);
}

static void wait_until_done(pl_sqlite_copier *c)
{
    while (pl_sqlite_copier_look(c) != PL_SQLITE_COPY_DONE)
        sched_yield();
}

/* What the database file says without its WAL. */
static int64_t rows_in_file(const bench *b)
{
    bench alone;
    bench_init(&alone);
    char command[256];
    snprintf(command, sizeof command, "cp %s %s", b->path, alone.path);
    if (system(command)) abort();
    int64_t n = bench_number(&alone, "SELECT count(*) FROM t");
    bench_fini(&alone);
    return n;
}

TEST(what_was_committed_is_copied_and_said_once)
{
    pair p;
    pair_open(&p);
    run(p.db, "INSERT INTO t VALUES(1), (2), (3)");
    CHECK_EQ_INT(rows_in_file(&p.b), 0);
    CHECK_EQ_INT(pl_sqlite_copier_look(&p.copier), PL_SQLITE_COPY_IDLE);
    pl_sqlite_copier_start(&p.copier);
    wait_until_done(&p.copier);
    CHECK_EQ_INT(pl_sqlite_copier_look(&p.copier), PL_SQLITE_COPY_IDLE);
    CHECK_EQ_INT(rows_in_file(&p.b), 3);
    run(p.db, "INSERT INTO t VALUES(4)");
    pl_sqlite_copier_start(&p.copier);
    wait_until_done(&p.copier);
    CHECK_EQ_INT(rows_in_file(&p.b), 4);
    pair_close(&p);
}

TEST(the_database_is_synced_although_a_commit_has_overtaken_the_copy)
{
    pair p;
    pair_open(&p);
    run(p.db, "INSERT INTO t VALUES(1)");
    writes_until_hold = 1;
    pl_sqlite_copier_start(&p.copier);
    sem_wait(&reached);
    CHECK_EQ_INT(pl_sqlite_copier_look(&p.copier), PL_SQLITE_COPY_RUNS);
    run(p.db, "INSERT INTO t VALUES(2)");
    CHECK_EQ_INT(syncs, 0);
    sem_post(&opened);
    wait_until_done(&p.copier);
    CHECK(syncs > 0);
    CHECK_EQ_INT(rows_in_file(&p.b), 1);
    pair_close(&p);
}

TEST(closing_waits_for_the_copy_under_way)
{
    pair p;
    pair_open(&p);
    run(p.db, "INSERT INTO t VALUES(1)");
    pl_sqlite_copier_start(&p.copier);
    pair_close(&p);
    pl_sqlite_copier none = {0};
    pl_sqlite_copier_close(&none);
    CHECK(none.db == NULL);
}

/* -- that of a store -- */

static uint32_t committed;

static void commit_next(bench *b)
{
    char id[16];
    snprintf(id, sizeof id, "e%u", committed);
    CHECK_EQ_INT(commit_one(b, id, id_of(T0, committed), true), 0);
    committed++;
}

/* Commits until a checkpoint is held at so many pages; false: there was none. */
static bool hold_at(bench *b, int pages)
{
    writes_until_hold = pages;
    for (int i = 0; i < 2000; i++) {
        commit_next(b);
        if (is_held()) return true;
    }
    return false;
}

/* How often the WAL has started over: the fourth word of its header. */
static uint32_t wal_number(const bench *b)
{
    unsigned char header[16] = {0};
    char name[128];
    snprintf(name, sizeof name, "%s-wal", b->path);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, header, sizeof header) != sizeof header) abort();
    close(fd);
    return (uint32_t)header[12] << 24 | (uint32_t)header[13] << 16 | (uint32_t)header[14] << 8 |
           header[15];
}

static void check_all_are_there(bench *b)
{
    bench_open(b);
    CHECK_EQ_INT(bench_number(b, "SELECT count(*) FROM events e JOIN pending p ON p.event = e.seq"),
                 committed);
    CHECK_EQ_INT(bench_number(b, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

TEST(commits_go_on_while_the_wal_is_copied_and_it_starts_over_then)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    committed = 0;
    CHECK(hold_at(&b, 1));
    uint32_t number = wal_number(&b);
    for (int i = 0; i < 50; i++)
        commit_next(&b);
    CHECK_EQ_INT(wal_number(&b), number);
    sem_post(&opened);
    for (int i = 0; i < 2000 && wal_number(&b) == number; i++)
        commit_next(&b);
    CHECK_EQ_INT(wal_number(&b), number + 1);
    pl_store_close(b.store);
    check_all_are_there(&b);
    bench_fini(&b);
}

static void __attribute__((noreturn)) die_while_the_wal_is_copied(bench *b, int out)
{
    bench_open(b);
    if (!hold_at(b, 3)) _exit(2);
    for (int i = 0; i < 20; i++)
        commit_next(b);
    if (write(out, &committed, sizeof committed) != sizeof committed) _exit(2);
    kill(getpid(), SIGKILL);
    abort();
}

/* Some pages are in the database, and others, older and newer, in the WAL alone. */
TEST(nothing_is_lost_to_sigkill_in_the_middle_of_a_copy)
{
    bench b;
    int pipe_fds[2], status = 0;
    bench_init(&b);
    if (pipe2(pipe_fds, O_CLOEXEC)) abort();
    fflush(stdout);
    committed = 0;
    pid_t child = fork();
    if (child == 0) die_while_the_wal_is_copied(&b, pipe_fds[1]);
    close(pipe_fds[1]);
    CHECK_EQ_INT(read(pipe_fds[0], &committed, sizeof committed), sizeof committed);
    close(pipe_fds[0]);
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    check_all_are_there(&b);
    bench_fini(&b);
}

int main(void)
{
    holding_register();
    return RUN(CASE(what_was_committed_is_copied_and_said_once),
               CASE(the_database_is_synced_although_a_commit_has_overtaken_the_copy),
               CASE(closing_waits_for_the_copy_under_way),
               CASE(commits_go_on_while_the_wal_is_copied_and_it_starts_over_then),
               CASE(nothing_is_lost_to_sigkill_in_the_middle_of_a_copy));
}
