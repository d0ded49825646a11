/* SPDX-License-Identifier: MIT
 *
 * Webhooks that are disabled, in the table of their name, and the deliveries that are shelved for
 * them. On the writing connection; all return a SQLite code. */
#ifndef PL_STORE_SQLITE_SWITCH_H
#define PL_STORE_SQLITE_SWITCH_H

#include "store/sqlite_write.h"

/* Shows each that is disabled. */
int pl_sqlite_switches_show(sqlite3 *db, void (*show)(void *arg, const pl_switch *s), void *arg);
/* Inside the transaction of a group: disables a webhook; *changed says whether it was not. */
int pl_sqlite_disable(pl_sqlite_writer *w, const pl_switch *s, bool *changed);
int pl_sqlite_switch_run(pl_sqlite_writer *w, pl_switch_op *s);

#endif
