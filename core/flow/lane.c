/* SPDX-License-Identifier: MIT
 *
 * A table of chains by name, and a ring of those lanes that have something queued: `last` is the
 * lane that was served last, the one behind it is next. A lane has a ring of its tracks likewise. A
 * track with a name is there while something is queued on it. */
#include "flow/lane.h"

#include "base/buf.h"

#include <stdlib.h>

#define RETRY_TURN 4 /* each such turn is a retry's, where there is one */

/* -- queues -- */

static void queue_push(pl_lane_queue *q, pl_lane_node *node)
{
    node->next = NULL;
    if (q->last)
        q->last->next = node;
    else
        q->first = node;
    q->last = node;
}

static pl_lane_node *queue_take(pl_lane_queue *q)
{
    pl_lane_node *node = q->first;
    if (node == NULL) return NULL;
    q->first = node->next;
    if (q->first == NULL) q->last = NULL;
    return node;
}

/* -- the table -- */

static size_t chain_of(pl_slice name)
{
    return pl_slice_hash(name) % PL_LANE_CHAINS;
}

pl_lane *pl_lanes_find(const pl_lanes *all, pl_slice name)
{
    for (pl_lane *l = all->table[chain_of(name)]; l; l = l->chain)
        if (pl_slice_eq(pl_lane_name(l), name)) return l;
    return NULL;
}

static pl_lane *add(pl_lanes *all, pl_slice name)
{
    pl_lane **chain = &all->table[chain_of(name)];
    pl_lane *lane = pl_alloc_zero(sizeof *lane + name.len);
    if (name.len) memcpy(lane->name, name.ptr, name.len);
    lane->name_len = name.len;
    lane->main.lane = lane;
    lane->chain = *chain;
    all->count++;
    return *chain = lane;
}

/* -- the ring of lanes -- */

static bool is_ready(const pl_lane *lane)
{
    return lane->tracks > 0;
}

static void ring_add(pl_lanes *all, pl_lane *lane)
{
    lane->next = all->last ? all->last->next : lane;
    if (all->last) all->last->next = lane;
    all->last = lane;
    all->ready++;
}

/* Takes out the one whose turn it is. */
static void ring_drop_next(pl_lanes *all)
{
    pl_lane *lane = all->last->next;
    all->last->next = lane->next;
    if (lane == all->last) all->last = NULL;
    all->ready--;
}

static void ring_remove(pl_lanes *all, pl_lane *lane)
{
    while (all->last->next != lane)
        all->last = all->last->next;
    ring_drop_next(all);
}

/* -- tracks -- */

static size_t named_chain(const pl_lane *lane, const pl_track_name *name)
{
    uint32_t hash = pl_slice_hash(pl_lane_name(lane)) ^ pl_slice_hash(name->webhook) * 31;
    return (hash ^ pl_slice_hash(name->destination) * 33) % PL_LANE_CHAINS;
}

static pl_track *track_find(const pl_lanes *all, const pl_lane *lane, const pl_track_name *name)
{
    pl_track *t = all->named[named_chain(lane, name)];
    while (t && !(t->lane == lane && pl_slice_eq(t->name.webhook, name->webhook) &&
                  pl_slice_eq(t->name.destination, name->destination)))
        t = t->chain;
    return t;
}

static bool has_name(const pl_track_name *name)
{
    return name->webhook.len || name->destination.len;
}

static pl_slice put_behind(char **end, pl_slice text)
{
    char *copy = *end;
    if (text.len) memcpy(copy, text.ptr, text.len);
    *end += text.len;
    return (pl_slice){copy, text.len};
}

static pl_track *track_of(pl_lanes *all, pl_lane *lane, const pl_track_name *name)
{
    if (!has_name(name)) return &lane->main;
    pl_track *t = track_find(all, lane, name);
    if (t) return t;
    pl_track **chain = &all->named[named_chain(lane, name)];
    t = pl_alloc_zero(sizeof *t + name->webhook.len + name->destination.len);
    char *end = (char *)(t + 1);
    t->name.webhook = put_behind(&end, name->webhook);
    t->name.destination = put_behind(&end, name->destination);
    t->lane = lane;
    t->chain = *chain;
    return *chain = t;
}

/* Takes the one whose turn it is out of its lane's ring, empty or not. */
static void track_drop_next(pl_lanes *all, pl_lane *lane)
{
    pl_track *t = lane->last->next;
    lane->last->next = t->next;
    if (t == lane->last) lane->last = NULL;
    lane->tracks--;
    if (t->name.destination.len) all->held_back -= t->queued;
    if (t == &lane->main) return;
    pl_track **link = &all->named[named_chain(lane, &t->name)];
    while (*link != t)
        link = &(*link)->chain;
    *link = t->chain;
    free(t);
}

/* -- life -- */

/* What a lane that nobody is in has queued is nobody's: its deliveries are gone with the engine. */
static void drop_if_empty(pl_lanes *all, pl_lane *lane)
{
    if (lane->resident > 0 || lane->in_flight > 0) return;
    if (is_ready(lane)) ring_remove(all, lane);
    while (lane->last)
        track_drop_next(all, lane);
    pl_lane **link = &all->table[chain_of(pl_lane_name(lane))];
    while (*link != lane)
        link = &(*link)->chain;
    *link = lane->chain;
    all->count--;
    free(lane);
}

pl_lane *pl_lanes_enter(pl_lanes *all, pl_slice name)
{
    pl_lane *lane = pl_lanes_find(all, name);
    if (lane == NULL) lane = add(all, name);
    lane->resident++;
    return lane;
}

void pl_lanes_leave(pl_lanes *all, pl_lane *lane)
{
    lane->resident--;
    drop_if_empty(all, lane);
}

void pl_lanes_landed(pl_lanes *all, pl_lane *lane)
{
    lane->in_flight--;
    drop_if_empty(all, lane);
}

/* -- in turn -- */

void pl_lanes_push(pl_lanes *all, pl_lane *lane, const pl_track_name *name, pl_lane_node *node,
                   bool is_retry)
{
    pl_track *t = track_of(all, lane, name);
    queue_push(is_retry ? &t->again : &t->fresh, node);
    all->held_back += t->name.destination.len > 0;
    if (t->queued++ > 0) return;
    if (!is_ready(lane)) ring_add(all, lane);
    t->next = lane->last ? lane->last->next : t;
    if (lane->last) lane->last->next = t;
    lane->last = t;
    lane->tracks++;
}

size_t pl_lanes_queued(const pl_lanes *all, const pl_lane *lane, const pl_track_name *name)
{
    const pl_track *t = has_name(name) ? track_find(all, lane, name) : &lane->main;
    return t ? t->queued : 0;
}

/* Whose turn it is on a track that has something queued. */
static pl_lane_queue *queue_of_turn(pl_track *t)
{
    bool is_retrys = (t->turns + 1) % RETRY_TURN == 0;
    if (is_retrys) return t->again.first ? &t->again : &t->fresh;
    return t->fresh.first ? &t->fresh : &t->again;
}

static pl_lane_node *take_of_lane(pl_lanes *all, pl_lane *lane, pl_lane_gate *gate, void *arg)
{
    for (size_t i = lane->tracks; i > 0; i--) {
        pl_track *t = lane->last->next;
        pl_lane_queue *queue = queue_of_turn(t);
        if (!gate(arg, queue->first)) {
            lane->last = t;
            continue;
        }
        pl_lane_node *node = queue_take(queue);
        all->held_back -= t->name.destination.len > 0;
        t->turns++;
        if (--t->queued > 0)
            lane->last = t;
        else
            track_drop_next(all, lane);
        return node;
    }
    return NULL;
}

pl_lane_node *pl_lanes_take(pl_lanes *all, size_t used, size_t limit, pl_lane_gate *gate, void *arg)
{
    for (size_t i = all->ready; i > 0; i--) {
        pl_lane *lane = all->last->next;
        pl_lane_node *node = NULL;
        if (pl_lane_may_take(lane->in_flight, used, limit))
            node = take_of_lane(all, lane, gate, arg);
        if (is_ready(lane))
            all->last = lane;
        else
            ring_drop_next(all);
        if (node) return node;
    }
    return NULL;
}

/* -- check -- */

static bool is_in_ring(const pl_lanes *all, const pl_lane *lane)
{
    const pl_lane *l = all->last;
    for (size_t i = 0; i < all->ready && l; i++, l = l->next)
        if (l == lane) return true;
    return false;
}

static size_t length_of(const pl_lane_queue *q)
{
    size_t length = 0;
    for (const pl_lane_node *n = q->first; n; n = n->next)
        length++;
    return length;
}

static const char *check_lane(const pl_lanes *all, const pl_lane *lane)
{
    size_t queued = 0;
    const pl_track *t = lane->last;
    for (size_t i = 0; i < lane->tracks; i++, t = t->next) {
        if (length_of(&t->fresh) + length_of(&t->again) != t->queued || t->queued == 0)
            return "a track has not what it claims, or nothing";
        if (t->lane != lane) return "a track is in the ring of another lane";
        if (t != &lane->main && track_find(all, lane, &t->name) != t)
            return "a track with a name is not found by it";
        queued += t->queued;
    }
    if (t != lane->last) return "the ring of tracks is not as long as counted";
    if (queued > lane->resident) return "more are queued than are resident";
    if (is_ready(lane) != is_in_ring(all, lane)) return "a lane that is ready is not in the ring";
    if (lane->resident == 0 && lane->in_flight == 0) return "an empty lane is still there";
    return NULL;
}

const char *pl_lanes_check(const pl_lanes *all)
{
    size_t count = 0, ready = 0, named = 0;
    for (size_t i = 0; i < PL_LANE_CHAINS; i++) {
        for (const pl_lane *l = all->table[i]; l; l = l->chain) {
            const char *wrong = check_lane(all, l);
            if (wrong) return wrong;
            if (chain_of(pl_lane_name(l)) != i) return "a lane is in a chain that is not its own";
            count++;
            ready += is_ready(l);
            named += l->tracks - (l->main.queued > 0);
        }
    }
    size_t held_back = 0;
    for (size_t i = 0; i < PL_LANE_CHAINS; i++) {
        for (const pl_track *t = all->named[i]; t; t = t->chain, named--)
            held_back += t->name.destination.len ? t->queued : 0;
    }
    if (held_back != all->held_back) return "more or fewer are held back than counted";
    if (named) return "there are more or fewer tracks with a name than have something queued";
    if (count != all->count) return "the lanes are not as many as counted";
    return ready == all->ready ? NULL : "the ring is not as long as counted";
}
