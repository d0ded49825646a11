/* SPDX-License-Identifier: MIT
 *
 * To SQLite this is one more connection that checkpoints; nothing is new about what is on disk when. It
 * syncs the WAL before it copies from it, and the WAL starts over only behind a checkpoint that has
 * copied all of it and then synced the database: that is the owner's, whose sync takes in the pages
 * that were copied here, should they not be on disk yet.
 *
 * SQLite leaves out that sync of the database when commits have overtaken the checkpoint, as they
 * nearly always have here. So it is made by hand, for the owner's to find little left. */
#include "store/sqlite_copier.h"

/* A copy or a sync that fails is no harm: the owner's checkpoint tries the same again, and it is its
 * errors that count. */
static void copy(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    int rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc == SQLITE_OK) sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file && file->pMethods) file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

static bool wait_for_work(pl_sqlite_copier *c)
{
    pthread_mutex_lock(&c->lock);
    while (c->state != PL_SQLITE_COPY_RUNS && !c->stopping)
        pthread_cond_wait(&c->is_wanted, &c->lock);
    bool is_over = c->stopping;
    pthread_mutex_unlock(&c->lock);
    return !is_over;
}

static void set_state(pl_sqlite_copier *c, enum pl_sqlite_copying state)
{
    pthread_mutex_lock(&c->lock);
    c->state = state;
    pthread_cond_signal(&c->is_wanted);
    pthread_mutex_unlock(&c->lock);
}

static void *copy_all(void *arg)
{
    pl_sqlite_copier *c = arg;
    pthread_setname_np(pthread_self(), "store copier");
    while (wait_for_work(c)) {
        copy(c->db);
        set_state(c, PL_SQLITE_COPY_DONE);
    }
    return NULL;
}

static void forget(pl_sqlite_copier *c)
{
    sqlite3_close(c->db);
    pthread_cond_destroy(&c->is_wanted);
    pthread_mutex_destroy(&c->lock);
    *c = (pl_sqlite_copier){0};
}

int pl_sqlite_copier_open(pl_sqlite_copier *c, sqlite3 *db)
{
    *c = (pl_sqlite_copier){.db = db};
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->is_wanted, NULL);
    if (pthread_create(&c->thread, NULL, copy_all, c) == 0) return 0;
    forget(c);
    return -1;
}

void pl_sqlite_copier_close(pl_sqlite_copier *c)
{
    if (c->db == NULL) return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->is_wanted);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    forget(c);
}

void pl_sqlite_copier_start(pl_sqlite_copier *c)
{
    set_state(c, PL_SQLITE_COPY_RUNS);
}

enum pl_sqlite_copying pl_sqlite_copier_look(pl_sqlite_copier *c)
{
    pthread_mutex_lock(&c->lock);
    enum pl_sqlite_copying state = c->state;
    if (state == PL_SQLITE_COPY_DONE) c->state = PL_SQLITE_COPY_IDLE;
    pthread_mutex_unlock(&c->lock);
    return state;
}
