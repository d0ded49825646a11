/* SPDX-License-Identifier: MIT
 *
 * Times to come: when deliveries are due, until when receivers want a pause. They are kept by the
 * wall clock, so that they survive a restart; when that is set, back or forward, they are moved
 * with it, so that what was to wait a minute waits a minute. Not what is past: an age counts by
 * the clock as it is. */
#ifndef PL_STORE_SQLITE_TIME_H
#define PL_STORE_SQLITE_TIME_H

#include "store/sqlite_write.h"

/* Of the clock that durations are measured by. */
uint64_t pl_sqlite_now_us(void);

/* By less than that clocks are corrected all the time. */
#define PL_SQLITE_JUMP_LEAST_MS 10000

/* The wall clock beside one that nobody sets; zero before the first look. */
typedef struct pl_sqlite_clock {
    bool was_read;
    int64_t wall_ms, steady_ms;
    int64_t jump_ms; /* what times to come are still to be moved by */
} pl_sqlite_clock;

/* Was the wall clock set since the last look? Adds to the jump. */
void pl_sqlite_clock_look(pl_sqlite_clock *c, int64_t wall_ms, int64_t steady_ms);
/* Inside a transaction: moves all times to come. A SQLite code. */
int pl_sqlite_times_move(sqlite3 *db, int64_t jump_ms);

/* Inside the transaction of a group: the receiver of this connector wants no delivery before this
 * time; a later one stays. */
int pl_sqlite_pause(pl_sqlite_writer *w, pl_slice connector, int64_t until_ms);
/* Shows all pauses, those that are over too. */
int pl_sqlite_pauses_show(sqlite3 *db,
                          void (*show)(void *arg, pl_slice connector, int64_t until_ms), void *arg);

#endif
