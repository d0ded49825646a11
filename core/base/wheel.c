/* SPDX-License-Identifier: MIT
 *
 * The wheel reads a time as a number in base 64, and a timer hangs on the wheel of the highest
 * digit in which its due time differs from now, in the slot that this digit names:
 *
 *     now  =  .. 00 00 03 17 62        (five low digits shown)
 *     due  =  .. 00 00 03 17 63   ->   level 0, slot 63: comes up in 1 ms
 *     due  =  .. 00 00 03 40 05   ->   level 1, slot 40: comes up when digit 1 of now becomes 40,
 *                                      and is then spread out over the slots of level 0
 *     due  =  .. 00 09 00 00 00   ->   level 3, slot 9
 *
 *     level 0   ...........[now]xx..x.    slots behind now: empty. At now: due at once
 *     level 1   ....[now]..x.....x....    slots up to and with now's: empty
 *     ...
 *     level 5   xx..xx.[now]..x...x...    goes round: what is not ahead of now is one turn ahead
 *
 * So all of level 0 comes before all of level 1, and so on: the next thing to do is the first bit
 * beyond now's digit of the lowest level that has one. That makes waiting and jumps cheap: advance
 * goes from one occupied slot to the next and never looks at the empty time between them. Each
 * timer within the range is moved at most five times, each time downward.
 *
 * A due time beyond the range hangs on level 5 in the slot of its digit all the same. When that
 * comes up too early, the timer is placed afresh, in the same slot: it goes round until its turn
 * has come.
 *
 * Firing happens in two steps, because callbacks change the wheel: first everything that is due
 * moves, in order, to the list `expired`, and now becomes the new time; only then are the callbacks
 * called, one after the other, off the front of that list. A callback that is called therefore sees
 * the present, even when the loop was late; a timer that it stops is found wherever it hangs, by
 * `link`; one that it starts hangs on the wheel and waits for the next advance.
 *
 * Invariants (pl_wheel_check):
 *   - *t->link == t for each running timer;
 *   - a bit of `pending` is set exactly when its slot has a timer;
 *   - each timer hangs where place() would put it now;
 *   - `count` is the number of timers in slots and in `expired`.
 */
#include "base/wheel.h"

#include <stddef.h>

#define TOP        (PL_WHEEL_LEVELS - 1)
#define SHIFT(lvl) (PL_WHEEL_BITS * (lvl))
#define DIGIT_MASK (PL_WHEEL_SLOTS - 1)

/* The occupied slot that comes up next, and when. */
struct stop {
    uint64_t at_ms;
    int level, slot;
};

static int digit(uint64_t time, int level)
{
    return (int)(time >> SHIFT(level) & DIGIT_MASK);
}

static void push(pl_timer **list, pl_timer *t)
{
    t->next = *list;
    t->link = list;
    if (t->next) t->next->link = &t->next;
    *list = t;
}

static void unlink_timer(pl_timer *t)
{
    *t->link = t->next;
    if (t->next) t->next->link = t->link;
    t->next = NULL;
    t->link = NULL;
}

/* Hangs a timer with due_ms >= now_ms where the essay says. */
static void place(pl_wheel *w, pl_timer *t)
{
    uint64_t differs = t->due_ms ^ w->now_ms;
    int level = differs ? (63 - __builtin_clzll(differs)) / PL_WHEEL_BITS : 0;
    if (level > TOP) level = TOP;
    int slot = digit(t->due_ms, level);
    push(&w->slots[level][slot], t);
    w->pending[level] |= 1ULL << slot;
}

/* The first slot of level 5 beyond now's digit, round the end if need be: 1 to 64 slots ahead. */
static bool top_stop(const pl_wheel *w, struct stop *stop)
{
    uint64_t bits = w->pending[TOP];
    if (bits == 0) return false;
    int next = (digit(w->now_ms, TOP) + 1) & DIGIT_MASK;
    uint64_t turned = bits >> next | bits << (-next & DIGIT_MASK); /* bit 0 is slot `next` */
    int ahead = __builtin_ctzll(turned);
    stop->level = TOP;
    stop->slot = (next + ahead) & DIGIT_MASK;
    stop->at_ms = ((w->now_ms >> SHIFT(TOP)) + 1 + (uint64_t)ahead) << SHIFT(TOP);
    return true;
}

/* False when no slot is occupied. The slots of a level at and behind now's digit are empty (level
 * 0: behind), so the lowest bit is the next slot. */
static bool next_stop(const pl_wheel *w, struct stop *stop)
{
    for (int level = 0; level < TOP; level++) {
        if (w->pending[level] == 0) continue;
        stop->level = level;
        stop->slot = __builtin_ctzll(w->pending[level]);
        uint64_t above = w->now_ms >> SHIFT(level + 1) << PL_WHEEL_BITS;
        stop->at_ms = (above | (uint64_t)stop->slot) << SHIFT(level);
        return true;
    }
    return top_stop(w, stop);
}

static pl_timer *take_slot(pl_wheel *w, const struct stop *stop)
{
    pl_timer *list = w->slots[stop->level][stop->slot];
    w->slots[stop->level][stop->slot] = NULL;
    w->pending[stop->level] &= ~(1ULL << stop->slot);
    return list;
}

/* Moves all that is due at `now_ms` or before to `expired`, in order, and now to `now_ms`. */
static void expire(pl_wheel *w, uint64_t now_ms)
{
    pl_timer **end = &w->expired;
    while (*end)
        end = &(*end)->next; /* only a callback that advances the wheel finds any here */
    for (struct stop stop; next_stop(w, &stop) && stop.at_ms <= now_ms;) {
        w->now_ms = stop.at_ms;
        for (pl_timer *t = take_slot(w, &stop), *next; t; t = next) {
            next = t->next;
            if (stop.level > 0) {
                place(w, t);
            } else {
                push(end, t);
                end = &t->next;
            }
        }
    }
    w->now_ms = now_ms;
}

void pl_wheel_init(pl_wheel *w, uint64_t now_ms)
{
    *w = (pl_wheel){.now_ms = now_ms};
}

void pl_wheel_start(pl_wheel *w, pl_timer *t, uint64_t delay_ms)
{
    pl_wheel_stop(w, t);
    bool overflows = delay_ms > UINT64_MAX - w->now_ms;
    t->due_ms = overflows ? UINT64_MAX : w->now_ms + delay_ms;
    place(w, t);
    w->count++;
}

void pl_wheel_stop(pl_wheel *w, pl_timer *t)
{
    if (t->link == NULL) return;
    /* The last of its slot takes the slot's bit with it.
     * Which slot follows from the address of the link. */
    uintptr_t offset = (uintptr_t)t->link - (uintptr_t)w->slots;
    if (t->next == NULL && offset < sizeof w->slots) {
        size_t index = offset / sizeof w->slots[0][0];
        w->pending[index / PL_WHEEL_SLOTS] &= ~(1ULL << index % PL_WHEEL_SLOTS);
    }
    unlink_timer(t);
    w->count--;
}

uint64_t pl_wheel_advance(pl_wheel *w, uint64_t now_ms)
{
    uint64_t called = 0;
    if (now_ms < w->now_ms) return 0;
    expire(w, now_ms);
    for (pl_timer *t; (t = w->expired) != NULL; called++) {
        unlink_timer(t);
        w->count--;
        t->fn(t); /* may free t */
    }
    return called;
}

uint64_t pl_wheel_wait_ms(const pl_wheel *w)
{
    struct stop stop;
    if (w->expired) return 0;
    return next_stop(w, &stop) ? stop.at_ms - w->now_ms : PL_NEVER;
}

static const char *check_timer(const pl_wheel *w, const pl_timer *t, int level, int slot)
{
    if (t->due_ms < w->now_ms) return "a timer on the wheel is overdue";
    if (digit(t->due_ms, level) != slot) return "a timer is in the wrong slot";
    uint64_t above = t->due_ms >> SHIFT(level + 1) ^ w->now_ms >> SHIFT(level + 1);
    if (level == TOP && above) return NULL; /* in a later turn of the wheel */
    if (above) return "a timer is on too low a level";
    if (level > 0 && slot == digit(w->now_ms, level)) return "a timer is on too high a level";
    return NULL;
}

/* Walks one list; slot < 0 for `expired`. */
static const char *check_list(const pl_wheel *w, pl_timer *const *list, int level, int slot,
                              uint64_t *count, uint64_t *earliest_ms)
{
    for (pl_timer *const *link = list; *link; link = &(*link)->next) {
        const pl_timer *t = *link;
        if (++*count > w->count) return "there are more timers than count says";
        if (t->link != link) return "a timer's link does not point at it";
        const char *wrong = slot < 0 ? NULL : check_timer(w, t, level, slot);
        if (wrong) return wrong;
        if (slot < 0 && t->due_ms > w->now_ms) return "a timer expired early";
        if (t->due_ms < *earliest_ms) *earliest_ms = t->due_ms;
    }
    return NULL;
}

const char *pl_wheel_check(const pl_wheel *w)
{
    uint64_t count = 0, earliest_ms = PL_NEVER;
    const char *wrong = check_list(w, &w->expired, 0, -1, &count, &earliest_ms);
    for (int i = 0; i < PL_WHEEL_LEVELS * PL_WHEEL_SLOTS && wrong == NULL; i++) {
        int level = i / PL_WHEEL_SLOTS, slot = i % PL_WHEEL_SLOTS;
        bool bit = w->pending[level] >> slot & 1;
        if (bit != (w->slots[level][slot] != NULL)) return "a pending bit is not what its slot is";
        wrong = check_list(w, &w->slots[level][slot], level, slot, &count, &earliest_ms);
    }
    if (wrong) return wrong;
    if (count != w->count) return "there are fewer timers than count says";
    uint64_t wait_ms = pl_wheel_wait_ms(w);
    if (count == 0) return wait_ms == PL_NEVER ? NULL : "an empty wheel waits for something";
    uint64_t until_ms = earliest_ms > w->now_ms ? earliest_ms - w->now_ms : 0;
    return wait_ms > until_ms ? "wait_ms is later than the first timer" : NULL;
}
