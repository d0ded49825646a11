/* SPDX-License-Identifier: MIT
 *
 * A group of operations in one transaction, and what its end entails: metrics, what the log says of a
 * condition of the whole store, the listeners of switches.
 *
 * When a transaction fails it is rolled back, and nothing of it happened. A full disk or a failing
 * one is a condition of the whole store: every operation of the group is told so, the log says it
 * once, and the next group simply tries again, so that the store recovers by itself. Anything else
 * is the fault of one operation (there should be none): the group is done over one by one, so that
 * the others do not pay for it.
 *
 * What a group takes for granted (sqlite_bulk.h) may not be so: then it is done over, and looks each up,
 * and so do the next few. */
#ifndef PL_STORE_SQLITE_GROUP_H
#define PL_STORE_SQLITE_GROUP_H

#include "store/sqlite_time.h"
#include "store/sqlite_write.h"
#include "store/store.h"

/* One thread's. */
typedef struct pl_sqlite_groups {
    const pl_store_config *config;
    pl_store_metrics *metrics;
    sqlite3 *db;
    pl_sqlite_writer writer;
    pl_sqlite_clock clock;
    int condition;    /* 0, or how the last transaction failed */
    uint32_t careful; /* so many groups more take nothing for granted */
} pl_sqlite_groups;

/* Each operation of the list has its result then. */
void pl_sqlite_group_run(pl_sqlite_groups *g, pl_op *group);
/* The writer's counts, to the metrics. */
void pl_sqlite_groups_show(const pl_sqlite_groups *g);

#endif
