/* SPDX-License-Identifier: MIT
 *
 * The database file: whose it is, and how it is opened.
 * Reasons are malloc'ed, for people, and name the path. */
#ifndef PL_STORE_SQLITE_FILE_H
#define PL_STORE_SQLITE_FILE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* Takes the one ownership of the database at `path`: a descriptor to close when the database is
 * closed, or -1 with *reason. The kernel gives it back when the process ends, however it ends. */
int pl_sqlite_lock(const char *path, char **reason);
/* The connection that writes: created, migrated, in WAL mode. 0, or -1 with *reason. */
int pl_sqlite_open_writer(const char *path, bool synchronous_full, int64_t check_bytes,
                          sqlite3 **db, char **reason);
/* One more that may write, of its pages: for checkpoints. After the writer's. */
int pl_sqlite_open_copier(const char *path, sqlite3 **db, char **reason);
/* A connection that only reads; after the writer's. */
int pl_sqlite_open_reader(const char *path, sqlite3 **db, char **reason);

#endif
