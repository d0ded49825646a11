/* SPDX-License-Identifier: MIT
 *
 * SQLite writes a transaction to the WAL as frames, each with two system calls: one for a header of
 * 24 bytes, one for the page. This VFS holds such writes back and hands them on as one:
 *
 *     header page header page ... header of a commit, page   ->   one write
 *
 * Nobody may see the difference. Others read frames of a WAL only when its index tells of them, which
 * SQLite writes behind the commit; and what a crash leaves of a transaction without its last frame
 * counts for nothing. So the frame that ends a transaction takes all before it to the file at once,
 * whether a sync follows or not, and an error is the error of this write, as it would be without
 * us. Whatever else is done to the file, a sync above all, comes behind what is held as well.
 *
 * Only what follows the write before it directly is held: SQLite also goes back and corrects headers
 * of frames that it has written (when a transaction was larger than its cache).
 *
 * The database file is left alone. Its pages, too, lie side by side when a checkpoint writes them; but
 * one that a reader cuts short ends without a call that could report the error of a write that was
 * held. */
#include "store/sqlite_vfs.h"

#include "base/buf.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define NAME "perilune"
/* A transaction that is longer is some writes. The VFS of SQLite for Unix takes less than 128 KB at
 * once (seekAndWriteFd). */
#define HELD_BYTES (120 << 10)
/* SQLite's "WAL-Index and WAL File Format": how long the header of a frame is. */
#define FRAME_HEADER_BYTES 24

typedef struct wal {
    sqlite3_file base; /* what SQLite knows; the rest is ours */
    sqlite3_file *real;
    sqlite3_int64 end; /* of the last write */
    bool is_last;      /* the page under way ends a transaction */
    char *held;        /* HELD_BYTES, from the first write on; so many of them */
    int held_bytes;    /* are to be written before `end` */
} wal;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs our_vfs;

/* -- writes -- */

/* Whatever becomes of it, it is not held any more. */
static int hand_on(wal *w)
{
    int bytes = w->held_bytes;
    w->held_bytes = 0;
    return bytes ? w->real->pMethods->xWrite(w->real, w->held, bytes, w->end - bytes) : SQLITE_OK;
}

static int hold(wal *w, const void *bytes, int n)
{
    int rc = w->held_bytes + n > HELD_BYTES ? hand_on(w) : SQLITE_OK;
    if (rc) return rc;
    if (w->held == NULL) w->held = pl_alloc(HELD_BYTES);
    memcpy(w->held + w->held_bytes, bytes, (size_t)n);
    w->held_bytes += n;
    w->end += n;
    return SQLITE_OK;
}

static int pass(wal *w, const void *bytes, int n, sqlite3_int64 at)
{
    int rc = hand_on(w);
    w->end = at + n;
    return rc ? rc : w->real->pMethods->xWrite(w->real, bytes, n, at);
}

/* The size of the database in pages, the second word of the header of a frame, is 0 in all frames but
 * the one that ends a transaction. */
static bool ends_transaction(const unsigned char *header)
{
    return (header[4] | header[5] | header[6] | header[7]) != 0;
}

static int on_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    wal *w = (wal *)f;
    bool is_header = n == FRAME_HEADER_BYTES;
    if (is_header) w->is_last = ends_transaction(bytes);
    if (at != w->end || n > HELD_BYTES) return pass(w, bytes, n, at);
    int rc = hold(w, bytes, n);
    return rc || is_header || !w->is_last ? rc : hand_on(w);
}

/* -- what comes behind them -- */

static int on_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    wal *w = (wal *)f;
    int rc = hand_on(w);
    return rc ? rc : w->real->pMethods->xRead(w->real, to, n, at);
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    wal *w = (wal *)f;
    int rc = hand_on(w);
    return rc ? rc : w->real->pMethods->xTruncate(w->real, size);
}

static int on_sync(sqlite3_file *f, int flags)
{
    wal *w = (wal *)f;
    int rc = hand_on(w);
    return rc ? rc : w->real->pMethods->xSync(w->real, flags);
}

static int on_size(sqlite3_file *f, sqlite3_int64 *size)
{
    wal *w = (wal *)f;
    int rc = hand_on(w);
    return rc ? rc : w->real->pMethods->xFileSize(w->real, size);
}

static int on_close(sqlite3_file *f)
{
    wal *w = (wal *)f;
    int rc = hand_on(w), rc_close = w->real->pMethods->xClose(w->real);
    free(w->held);
    w->held = NULL;
    return rc ? rc : rc_close;
}

/* -- what has nothing to do with them -- */

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((wal *)f)->real;
}

static int on_lock(sqlite3_file *f, int lock)
{
    return real_of(f)->pMethods->xLock(real_of(f), lock);
}

static int on_unlock(sqlite3_file *f, int lock)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), lock);
}

static int on_check_reserved(sqlite3_file *f, int *is_reserved)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), is_reserved);
}

static int on_control(sqlite3_file *f, int order, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), order, arg);
}

static int on_sector_size(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int on_characteristics(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static const sqlite3_io_methods wal_methods = {
    .iVersion = 1, /* shared memory and memory maps are of databases */
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_reserved,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
};

/* -- open -- */

/* SQLite has made room for ours and, behind it, the real one. */
static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL)) return real_vfs->xOpen(real_vfs, name, f, flags, out);
    wal *w = (wal *)f;
    *w = (wal){.real = (sqlite3_file *)(w + 1), .end = -1};
    int rc = real_vfs->xOpen(real_vfs, name, w->real, flags, out);
    /* None: it is not to be closed. */
    w->base.pMethods = w->real->pMethods ? &wal_methods : NULL;
    return rc;
}

static void register_vfs(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    our_vfs = *real_vfs;
    our_vfs.zName = NAME;
    our_vfs.szOsFile = (int)sizeof(wal) + real_vfs->szOsFile;
    our_vfs.xOpen = on_open;
    sqlite3_vfs_register(&our_vfs, 0);
}

const char *pl_sqlite_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_vfs);
    return NAME;
}
