/* SPDX-License-Identifier: MIT
 *
 * The greater part of a checkpoint, on a thread and a connection of its own: it copies what is in the WAL
 * to the database and syncs that, while commits go on. Its owner, the writer's thread, makes the
 * checkpoint behind it that only has to copy what was committed meanwhile, after which the WAL starts
 * over; never both at the same time. All functions are the owner's. */
#ifndef PL_STORE_SQLITE_COPIER_H
#define PL_STORE_SQLITE_COPIER_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

enum pl_sqlite_copying { PL_SQLITE_COPY_IDLE, PL_SQLITE_COPY_RUNS, PL_SQLITE_COPY_DONE };

typedef struct pl_sqlite_copier {
    sqlite3 *db;
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t is_wanted;
    enum pl_sqlite_copying state;
    bool stopping;
} pl_sqlite_copier;

/* Takes the connection and starts the thread. 0, or -1: there is no thread for it, and the connection is
 * closed. */
int pl_sqlite_copier_open(pl_sqlite_copier *c, sqlite3 *db);
/* Waits for the copy under way, closes the connection. Nothing to do when it is all zeroes, as it is
 * when it was not opened. */
void pl_sqlite_copier_close(pl_sqlite_copier *c);
/* Makes an idle one run. */
void pl_sqlite_copier_start(pl_sqlite_copier *c);
/* DONE is said once: it is idle then. */
enum pl_sqlite_copying pl_sqlite_copier_look(pl_sqlite_copier *c);

#endif
