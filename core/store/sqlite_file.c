/* SPDX-License-Identifier: MIT
 *
 * One gateway owns a database. Two writers would each believe that what is `held` is in their own
 * memory, and deliver everything twice; so the owner holds a flock(2) on PATH.lock for as long as
 * it lives. Not on the database itself: closing any descriptor of that file would drop the POSIX
 * locks that SQLite holds on it in this process. Readers from outside (a backup, a look with the
 * shell) need no lock and are welcome. The lock file holds the owner's process id for the message,
 * and is never removed (removing it would let two openers lock two different files). */
#include "store/sqlite_file.h"

#include "base/buf.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Somebody from outside may hold a lock: a tool that writes, or checkpoints. */
#define BUSY_TIMEOUT_MS 5000

/* Payloads of customers: for the owner's eyes only. SQLite gives -wal and -shm the same mode. */
#define FILE_MODE 0600

static int __attribute__((format(printf, 3, 4)))
fail(char **reason, const char *path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *why = NULL;
    if (vasprintf(&why, format, args) < 0) why = NULL;
    va_end(args);
    if (asprintf(reason, "cannot open the store %s: %s", path, why ? why : "no memory") < 0)
        *reason = NULL;
    free(why);
    return -1;
}

static int fail_locked(char **reason, const char *path, int fd)
{
    char owner[32] = "";
    ssize_t n = pread(fd, owner, sizeof owner - 1, 0);
    long pid = n > 0 ? strtol(owner, NULL, 10) : 0;
    if (pid > 0) return fail(reason, path, "another gateway (process %ld) has it open", pid);
    return fail(reason, path, "another gateway has it open");
}

int pl_sqlite_lock(const char *path, char **reason)
{
    /* Two names of one file must meet at one lock. */
    char *real = realpath(path, NULL);
    pl_buf name;
    pl_buf_init(&name);
    pl_buf_printf(&name, "%s.lock%c", real ? real : path, '\0');
    free(real);
    int fd = open(name.ptr, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        fail(reason, path, "%s: %s", name.ptr, strerror(errno));
    } else if (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK) {
            fail_locked(reason, path, fd);
        } else {
            fail(reason, path, "%s: %s", name.ptr, strerror(errno));
        }
        close(fd);
        fd = -1;
    } else if (ftruncate(fd, 0) || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
        /* The process id is only for the message; on a full disk the lock holds all the same. */
    }
    pl_buf_fini(&name);
    return fd;
}

/* Before SQLite is first used. Counting its memory, which nobody asks for, takes a lock and its time
 * at each of the thirty allocations that a delivery costs. Pages come one by one as they are read, and
 * not the first twenty of each connection at once. */
static void configure_sqlite(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

static int open_connection(const char *path, int flags, sqlite3 **db, char **reason)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_sqlite);
    if (sqlite3_open_v2(path, db, flags | SQLITE_OPEN_NOMUTEX, pl_sqlite_vfs()) != SQLITE_OK) {
        fail(reason, path, "%s", *db ? sqlite3_errmsg(*db) : "no memory");
        sqlite3_close(*db);
        *db = NULL;
        return -1;
    }
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_busy_timeout(*db, BUSY_TIMEOUT_MS);
    return 0;
}

/* Creates the file when there is none; says plainly what stands in the way. */
static int touch(const char *path, char **reason)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0) return fail(reason, path, "%s", strerror(errno));
    close(fd);
    return 0;
}

/* A file of no bytes is a new one, and SQLite would throw the WAL beside it away: but that holds what
 * was committed before somebody truncated the file. */
static int refuse_truncated(const char *path, char **reason)
{
    struct stat file, wal;
    pl_buf name;
    pl_buf_init(&name);
    pl_buf_printf(&name, "%s-wal%c", path, '\0');
    bool is_lost =
        stat(path, &file) == 0 && file.st_size == 0 && stat(name.ptr, &wal) == 0 && wal.st_size > 0;
    if (is_lost)
        fail(reason, path,
             "it is empty, but %s is not: it was truncated; restore a backup, or move both away to "
             "begin anew",
             name.ptr);
    pl_buf_fini(&name);
    return is_lost ? -1 : 0;
}

/* What SQLite says of it, and the way out when it is damaged. */
static int fail_damaged(char **reason, const char *path, int code, const char *why)
{
    bool is_damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    if (!is_damaged) return fail(reason, path, "%s", why);
    return fail(reason, path,
                "%s; \"perilune store check %s\" tells what is damaged, \"perilune store salvage "
                "%s NEW\" saves what can be read to a new file",
                why, path, path);
}

/* A small file is looked through before each start, of a large one the ends of the trees, where all
 * writing is, and the deliveries that are owed. Not the rest of it in the background: SQLite would
 * read it in one snapshot, behind which the WAL grows as long as that takes. */
static int look_for_damage(sqlite3 *db, int64_t check_bytes, char **reason)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_exec(db,
                          "SELECT max(seq), min(seq) FROM events;"
                          "SELECT max(seq), min(seq) FROM attempts;"
                          "SELECT max(id), min(id) FROM deliveries;"
                          "SELECT count(due_ms) FROM pending",
                          NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db,
                                "SELECT quick_check FROM pragma_page_count CROSS JOIN"
                                " pragma_page_size CROSS JOIN pragma_quick_check(1)"
                                " WHERE page_count * page_size <= ?1",
                                -1, &q, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_bind_int64(q, 1, check_bytes);
    if (rc == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW) {
        const char *finding = (const char *)sqlite3_column_text(q, 0);
        if (finding && strcmp(finding, "ok") != 0) *reason = strdup(finding);
    }
    if (q) rc = sqlite3_finalize(q);
    if (rc != SQLITE_OK && *reason == NULL) *reason = strdup(sqlite3_errmsg(db));
    return *reason ? -1 : 0;
}

/* Before anything is changed in a file that may be another program's comes the migration, which
 * looks whose it is. Only the page size must be said earlier: it counts for a new file. Checkpoints
 * are the writer thread's (sqlite.c). What a long reader made the WAL grow to is cut back to
 * journal_size_limit. What is deleted is overwritten, always and not only when it is erased on request:
 * a delivery leaves `pending` long before, and retention strips payloads. Some SQLites do so by
 * themselves, others do not. */
static int configure(sqlite3 *db, bool synchronous_full, char **reason)
{
    if (sqlite3_exec(db, "PRAGMA page_size = 8192", NULL, NULL, NULL)) goto failed;
    if (pl_sqlite_migrate(db, reason)) return -1;
    if (sqlite3_exec(db,
                     "PRAGMA journal_mode = WAL;"
                     "PRAGMA journal_size_limit = 16777216;"
                     "PRAGMA cache_size = -16384;"
                     "PRAGMA secure_delete = ON;"
                     "PRAGMA foreign_keys = OFF;",
                     NULL, NULL, NULL))
        goto failed;
    if (sqlite3_exec(db,
                     synchronous_full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                     NULL, NULL, NULL))
        goto failed;
    return 0;
failed:
    *reason = strdup(sqlite3_errmsg(db));
    return -1;
}

int pl_sqlite_open_writer(const char *path, bool synchronous_full, int64_t check_bytes,
                          sqlite3 **db, char **reason)
{
    if (refuse_truncated(path, reason) || touch(path, reason)) return -1;
    if (open_connection(path, SQLITE_OPEN_READWRITE, db, reason)) return -1;
    char *why = NULL;
    int code = configure(*db, synchronous_full, &why) ? sqlite3_errcode(*db) : SQLITE_OK;
    if (why == NULL && look_for_damage(*db, check_bytes, &why)) code = SQLITE_CORRUPT;
    if (why == NULL) return 0;
    fail_damaged(reason, path, code, why);
    free(why);
    sqlite3_close(*db);
    *db = NULL;
    return -1;
}

int pl_sqlite_open_reader(const char *path, sqlite3 **db, char **reason)
{
    return open_connection(path, SQLITE_OPEN_READONLY, db, reason);
}

/* A connection learns that there is a WAL when it first reads; before that it finds nothing to copy. */
int pl_sqlite_open_copier(const char *path, sqlite3 **db, char **reason)
{
    if (open_connection(path, SQLITE_OPEN_READWRITE, db, reason)) return -1;
    if (sqlite3_exec(*db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK) return 0;
    fail(reason, path, "%s", sqlite3_errmsg(*db));
    sqlite3_close(*db);
    return -1;
}
