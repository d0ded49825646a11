/* SPDX-License-Identifier: MIT
 *
 * Lanes: one for each connector that has deliveries in memory, so that a slow or dead receiver with
 * a large backlog delays no other.
 *
 *    lane "acme"   track ""                [fresh: d d d]  [again: d]     \
 *                  track "//slow.example"  [fresh: d d..]  [again: ]       \
 *    lane "beta"   track ""                [fresh: d]      [again: ]       / in turn, one a turn
 *    lane "gone"   track ""                [fresh: d d..]  [again: d d..] /
 *
 * A lane has a track for all that has to wait together: most is in the one without a name; who
 * waits for something that the others of its connector do not wait for has another. Tracks of a
 * lane are served in turn as well. Within a track first attempts go before retries, but each fourth
 * turn is a retry's, so that neither waits for ever.
 *
 * What all lanes share (attempts in flight, places in memory) is shared by one rule: a lane may
 * take one more while it has less than PL_LANE_SHARE times what is free. One lane alone takes four
 * fifths, two take four ninths each; something is always free for one that comes new, without
 * anything being set aside by name.
 *
 * One thread. */
#ifndef PL_FLOW_LANE_H
#define PL_FLOW_LANE_H

#include "base/slice.h"

#include <stdint.h>

#define PL_LANE_SHARE  4
#define PL_LANE_CHAINS 256 /* a gateway has tens of connectors, seldom hundreds */

typedef struct pl_lane_node {
    struct pl_lane_node *next;
} pl_lane_node;

typedef struct pl_lane_queue {
    pl_lane_node *first, *last;
} pl_lane_queue;

/* What its members wait for beside what all of their connector do; both may be empty. */
typedef struct pl_track_name {
    pl_slice webhook, destination;
} pl_track_name;

typedef struct pl_track {
    pl_lane_queue fresh, again;
    uint32_t turns;
    size_t queued; /* 0: it is in no ring, and gone if it has a name */
    struct pl_lane *lane;
    struct pl_track *next;  /* in the ring of its lane */
    struct pl_track *chain; /* in the table of those with a name */
    pl_track_name name;     /* behind it in memory */
} pl_track;

typedef struct pl_lane {
    pl_track main;         /* the one without a name */
    pl_track *last;        /* of the ring of those that have something: whose turn it was */
    size_t tracks;         /* in it */
    size_t resident;       /* who entered and has not left */
    size_t in_flight;      /* the owner's count; a lane that is not 0 stays */
    bool is_full;          /* the owner's: it had no share left when it was last looked at */
    struct pl_lane *next;  /* in the ring */
    struct pl_lane *chain; /* in the table */
    size_t name_len;
    char name[];
} pl_lane;

/* May this one go, which is the next of its track? Then it does; else those behind it wait. */
typedef bool pl_lane_gate(void *arg, pl_lane_node *node);

typedef struct pl_lanes {
    pl_lane *table[PL_LANE_CHAINS];
    pl_track *named[PL_LANE_CHAINS];
    pl_lane *last;    /* of the ring: whose turn it was */
    size_t ready;     /* lanes in the ring */
    size_t held_back; /* queued on tracks with a destination */
    size_t count;
} pl_lanes;

/* NULL: nobody is in it. */
pl_lane *pl_lanes_find(const pl_lanes *all, pl_slice name);
/* Of this name, made if it is not there; one more is resident. */
pl_lane *pl_lanes_enter(pl_lanes *all, pl_slice name);
/* One fewer. The lane is gone with the last that is resident or in flight. */
void pl_lanes_leave(pl_lanes *all, pl_lane *lane);
/* One fewer in flight; likewise. */
void pl_lanes_landed(pl_lanes *all, pl_lane *lane);
void pl_lanes_push(pl_lanes *all, pl_lane *lane, const pl_track_name *name, pl_lane_node *node,
                   bool is_retry);
/* How many are on the track. */
size_t pl_lanes_queued(const pl_lanes *all, const pl_lane *lane, const pl_track_name *name);
/* The next of the next lane that may have one more of `limit` in flight, `used` of which are taken,
 * and for whom the gate is open. NULL: there is none, or nothing is queued. */
pl_lane_node *pl_lanes_take(pl_lanes *all, size_t used, size_t limit, pl_lane_gate *gate,
                            void *arg);

/* Who has `own` of the `used` of `limit`: may it have one more? */
static inline bool pl_lane_may_take(size_t own, size_t used, size_t limit)
{
    return used < limit && own < PL_LANE_SHARE * (limit - used);
}

static inline pl_slice pl_lane_name(const pl_lane *lane)
{
    return (pl_slice){lane->name, lane->name_len};
}

/* Recounts what is claimed: NULL when all of it holds, else what does not. For tests. */
const char *pl_lanes_check(const pl_lanes *all);

#endif
