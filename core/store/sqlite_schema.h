/* SPDX-License-Identifier: MIT
 *
 * The tables, and how an older database becomes the present one. */
#ifndef PL_STORE_SQLITE_SCHEMA_H
#define PL_STORE_SQLITE_SCHEMA_H

#include <sqlite3.h>

/* In the header of the file: it is ours. "Plun", as SQL. */
#define PL_SQLITE_APPLICATION_ID "1349285230"

/* The kinds of rows in the feed are those of flow/exchange.h and this one:
 * an event that nothing wanted. */
#define PL_SQLITE_KIND_EVENT 3

/* Of `held` in pending: 0 it waits to be claimed, 1 in a worker's memory, and these: its webhook is
 * disabled; others of its key go first. As SQL. */
#define PL_SQLITE_SHELVED "2"
#define PL_SQLITE_BEHIND  "3"

/* Makes an empty database ours and brings an older one forward, in one transaction. 0, or -1
 * with *reason (malloc'ed): another program's database, a newer schema, or what SQLite says. */
int pl_sqlite_migrate(sqlite3 *db, char **reason);

#endif
