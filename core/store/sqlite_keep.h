/* SPDX-License-Identifier: MIT
 *
 * How long what has ended is kept: walks from the oldest delivery on, a few rows at a time, on the
 * writing connection between the groups of commits. And erasing on request, of which nothing is
 * kept at all. */
#ifndef PL_STORE_SQLITE_KEEP_H
#define PL_STORE_SQLITE_KEEP_H

#include "store/sqlite_write.h"
#include "store/store.h"

#define PL_SQLITE_KEEP_STATEMENT_COUNT 14

/* Of one connector. */
typedef struct pl_sqlite_own {
    pl_retention_of rule;                   /* its name is this one's */
    int64_t gone_before_ms, bare_before_ms; /* as of the walk */
    int64_t deliveries, bytes;              /* that this walk has let stay */
    int64_t more_deliveries, more_bytes;    /* than may stay, as far as the last walk has counted */
} pl_sqlite_own;

typedef struct pl_sqlite_keeper {
    sqlite3 *db; /* the caller's, as are the rules */
    const pl_retention *rules;
    pl_sqlite_own *own; /* by connector */
    uint32_t own_count;
    sqlite3_stmt *statements[PL_SQLITE_KEEP_STATEMENT_COUNT];
    bool is_walking, is_at_keys;            /* of deliveries first, then of idempotency keys */
    pl_uuid cursor;                         /* of the walk: the last delivery looked at */
    int64_t gone_before_ms, bare_before_ms; /* what ended before goes, or loses its payload */
    int64_t reach_ms;                       /* what began at this time or later ends the walk */
    int64_t gone_event;                     /* what is of this event or an older one goes */
    int64_t keys_before_ms;                 /* keys that are older go */
    int64_t removed, stripped;              /* deliveries, ever; the caller reads them */
} pl_sqlite_keeper;

/* All return a SQLite result code. */
int pl_sqlite_keeper_open(pl_sqlite_keeper *k, sqlite3 *db, const pl_retention *rules);
void pl_sqlite_keeper_fini(pl_sqlite_keeper *k);
/* Connectors with rules of their own, copied, for the walks to come. */
void pl_sqlite_keeper_set(pl_sqlite_keeper *k, const pl_retention_of *own, uint32_t count);
/* Has the last walk found that a connector has more than it may? */
bool pl_sqlite_keeper_has_more(const pl_sqlite_keeper *k);
/* Is there a rule at all? */
bool pl_sqlite_keeper_has_rules(const pl_sqlite_keeper *k);
/* From the oldest delivery on, as of `now_ms`. */
int pl_sqlite_keeper_begin(pl_sqlite_keeper *k, int64_t now_ms);
/* A transaction of its own: rows until `is_over` says so. When it has been
 * at all that the rules concern, is_walking is false. */
int pl_sqlite_keeper_step(pl_sqlite_keeper *k, bool (*is_over)(void *arg), void *arg);

/* Inside the transaction of its group. */
int pl_sqlite_erase_run(pl_sqlite_writer *w, pl_erase *e);
/* An empty result and empty `out` members. */
void pl_sqlite_erase_clear(pl_erase *e);

#endif
