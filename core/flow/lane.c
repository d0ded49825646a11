/* SPDX-License-Identifier: MIT
 *
 * A table of chains by name, and a ring of those lanes that have something queued: `last` is the
 * lane that was served last, the one behind it is next. */
#include "flow/lane.h"

#include "base/buf.h"

#include <stdlib.h>

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
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619u;
    return hash % PL_LANE_CHAINS;
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
    lane->chain = *chain;
    all->count++;
    return *chain = lane;
}

/* -- the ring -- */

static void ring_add(pl_lanes *all, pl_lane *lane)
{
    lane->is_ready = true;
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
    lane->is_ready = false;
    all->ready--;
}

static void ring_remove(pl_lanes *all, pl_lane *lane)
{
    while (all->last->next != lane)
        all->last = all->last->next;
    ring_drop_next(all);
}

/* -- life -- */

/* What a lane that nobody is in has queued is nobody's: its deliveries are gone with the engine. */
static void drop_if_empty(pl_lanes *all, pl_lane *lane)
{
    if (lane->resident > 0 || lane->in_flight > 0) return;
    if (lane->is_ready) ring_remove(all, lane);
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

void pl_lanes_push(pl_lanes *all, pl_lane *lane, pl_lane_node *node, bool is_retry)
{
    queue_push(is_retry ? &lane->again : &lane->fresh, node);
    if (!lane->is_ready) ring_add(all, lane);
}

/* Whose turn it is in a lane that has something queued. */
static pl_lane_queue *queue_of_turn(pl_lane *lane)
{
    bool is_retrys = (lane->turns + 1) % RETRY_TURN == 0;
    if (is_retrys) return lane->again.first ? &lane->again : &lane->fresh;
    return lane->fresh.first ? &lane->fresh : &lane->again;
}

pl_lane_node *pl_lanes_take(pl_lanes *all, size_t used, size_t limit, pl_lane_gate *gate, void *arg)
{
    for (size_t i = all->ready; i > 0; i--) {
        pl_lane *lane = all->last->next;
        pl_lane_queue *queue = queue_of_turn(lane);
        if (!pl_lane_may_take(lane->in_flight, used, limit) || !gate(arg, queue->first)) {
            all->last = lane;
            continue;
        }
        pl_lane_node *node = queue_take(queue);
        lane->turns++;
        if (lane->fresh.first || lane->again.first)
            all->last = lane;
        else
            ring_drop_next(all);
        return node;
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

static const char *check_lane(const pl_lanes *all, const pl_lane *lane)
{
    size_t queued = 0;
    for (const pl_lane_node *n = lane->fresh.first; n; n = n->next)
        queued++;
    for (const pl_lane_node *n = lane->again.first; n; n = n->next)
        queued++;
    if (queued > lane->resident) return "more are queued than are resident";
    if (lane->is_ready != (queued > 0)) return "a lane is ready without anything queued, or not";
    if (lane->is_ready != is_in_ring(all, lane)) return "a lane that is ready is not in the ring";
    if (lane->resident == 0 && lane->in_flight == 0) return "an empty lane is still there";
    return NULL;
}

const char *pl_lanes_check(const pl_lanes *all)
{
    size_t count = 0, ready = 0;
    for (size_t i = 0; i < PL_LANE_CHAINS; i++) {
        for (const pl_lane *l = all->table[i]; l; l = l->chain) {
            const char *wrong = check_lane(all, l);
            if (wrong) return wrong;
            if (chain_of(pl_lane_name(l)) != i) return "a lane is in a chain that is not its own";
            count++;
            ready += l->is_ready;
        }
    }
    if (count != all->count) return "the lanes are not as many as counted";
    return ready == all->ready ? NULL : "the ring is not as long as counted";
}
