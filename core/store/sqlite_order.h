/* SPDX-License-Identifier: MIT
 *
 * Keys of order (flow/order.h) on the writing connection, inside the transaction of their group.
 *
 * Of each key, which is that of a connector or of its webhook, at most one delivery is in motion:
 * waiting to be claimed, held by a worker, or shelved while its webhook is disabled. Where nothing is in motion, nothing waits either, but for
 *
 *   - a delivery that has failed and stops its key: those behind it wait for an administrator
 *   - a delivery that was cancelled while a worker held it, and may be under way: those behind it
 *     wait until the worker has let go of it
 *
 * Deliveries of a key go by the number of their event, which is the order of their commits. */
#ifndef PL_STORE_SQLITE_ORDER_H
#define PL_STORE_SQLITE_ORDER_H

#include "base/buf.h"
#include "flow/journal.h"

#include <sqlite3.h>

/* deliveries.blocks */
enum { PL_SQLITE_PASSED, PL_SQLITE_STOPS, PL_SQLITE_LEAVING };

/* Where a delivery is: pending.held, or behind these by deliveries.blocks. */
enum pl_sqlite_place {
    PL_SQLITE_IS_WAITING,
    PL_SQLITE_IS_HELD,
    PL_SQLITE_IS_SHELVED,
    PL_SQLITE_IS_BEHIND,
    PL_SQLITE_HAS_PASSED,
    PL_SQLITE_HAS_STOPPED,
    PL_SQLITE_IS_LEAVING,
    PL_SQLITE_IS_NOWHERE
};

typedef struct pl_sqlite_order_key {
    pl_buf text;                        /* the three, one behind the other */
    size_t order_key, connector, scope; /* their lengths */
} pl_sqlite_order_key;

#define PL_SQLITE_ORDER_STATEMENT_COUNT 14

typedef struct pl_sqlite_order {
    sqlite3 *db; /* the caller's */
    sqlite3_stmt *statements[PL_SQLITE_ORDER_STATEMENT_COUNT];
    pl_sqlite_order_key key; /* what the operation under way is about */
    int64_t event;           /* of the delivery that was found */
    struct pl_sqlite_order_count {
        int64_t behind, stopped; /* deliveries that wait behind another; keys that are stopped */
    } count, change;             /* committed; and what the transaction under way adds */
} pl_sqlite_order;

/* All return a SQLite result code. Open lets go of what workers that are gone were holding. */
int pl_sqlite_order_open(pl_sqlite_order *o, sqlite3 *db);
void pl_sqlite_order_fini(pl_sqlite_order *o);

/* What follows is about o->key, which these set. */
void pl_sqlite_order_set(pl_sqlite_order *o, pl_slice order_key, pl_slice connector,
                         pl_slice scope);
/* To that of a delivery; PL_SQLITE_HAS_PASSED and an empty key for one without. */
int pl_sqlite_order_find(pl_sqlite_order *o, const pl_uuid *id, enum pl_sqlite_place *place);

/* Must a new delivery wait? */
int pl_sqlite_order_is_busy(pl_sqlite_order *o, bool *busy);
/* The one in motion may have gone. If so, and nothing stops the key, the next goes: *frees. With a
 * record that has a place for it, it is the record's next; otherwise it waits to be claimed. */
int pl_sqlite_order_advance(pl_sqlite_order *o, int64_t now_ms, bool *frees, pl_record *record);
/* The one in motion, if any, of a key that has not stopped: else PL_SQLITE_IS_NOWHERE. Has it failed in
 * the present run of its schedule? */
int pl_sqlite_order_in_motion(pl_sqlite_order *o, pl_uuid *id, enum pl_sqlite_place *place,
                              bool *has_failed);
/* Is there one behind that is newer than this event? The newest such. */
int pl_sqlite_order_newest(pl_sqlite_order *o, int64_t event, pl_uuid *newest, bool *found);
/* A delivery that was just cancelled, and all behind that are older than `newest`, are superseded by
 * it; how many are cancelled so besides. */
int pl_sqlite_order_supersede(pl_sqlite_order *o, const pl_uuid *id, const pl_uuid *newest,
                              int64_t now_ms, uint32_t *count);
/* One that was behind goes: held by a worker, or to be claimed; due as it was with `due_ms` 0. */
int pl_sqlite_order_take(pl_sqlite_order *o, const pl_uuid *id, bool held, int64_t due_ms);
/* Nobody holds this cancelled delivery any more. */
int pl_sqlite_order_let_go(pl_sqlite_order *o, const pl_uuid *id);
/* A failed delivery that stops its key is given up. */
int pl_sqlite_order_give_up(pl_sqlite_order *o, const pl_uuid *id, int64_t now_ms);

#endif
