/* SPDX-License-Identifier: MIT
 *
 * Jobs in the table of their name: orders on the writing connection, questions on the reading one. */
#ifndef PL_STORE_SQLITE_JOB_H
#define PL_STORE_SQLITE_JOB_H

#include "store/sqlite_write.h"
#include "store/store.h"

/* Inside the transaction of its group; a SQLite code. */
int pl_sqlite_job_run(pl_sqlite_writer *w, pl_job_op *j);
/* The answer to PL_QUERY_JOBS and PL_QUERY_JOB; *found says whether there is such a job. */
int pl_sqlite_job_answer(sqlite3 *db, pl_query *q, bool *found);

#endif
