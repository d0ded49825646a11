/* SPDX-License-Identifier: MIT
 *
 * The row of an event, in. */
#ifndef PL_STORE_SQLITE_EVENT_H
#define PL_STORE_SQLITE_EVENT_H

#include "flow/event.h"
#include "store/sqlite_rows.h"

typedef struct pl_sqlite_event {
    int64_t seq;
    const pl_event *event;
    pl_slice id;                 /* empty: of a call or a try, which are never duplicates */
    pl_slice token;              /* the name of the one that it came with, or empty */
    const pl_uuid *first, *last; /* the span of its rows in the feed */
} pl_sqlite_event;

/* A pl_sqlite_rows of this name, of pl_sqlite_events; and SQL that inserts them. */
#define PL_SQLITE_NEW_EVENTS "new_events"
extern const char pl_sqlite_events_declaration[];
extern const char pl_sqlite_events_insert[];
void pl_sqlite_events_column(const void *event, int column, sqlite3_context *to);

#endif
