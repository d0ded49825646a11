/* SPDX-License-Identifier: MIT
 *
 * Chance: everything random in a run follows from its seed. Which troubles there are, and how many
 * of each, is drawn first: a run with few kinds of trouble goes deeper into them than one with all. */
#ifndef PL_SPEC_FLOW_DICE_H
#define PL_SPEC_FLOW_DICE_H

#include <stdbool.h>
#include <stdint.h>

static uint64_t dice;

/* splitmix64 */
static inline uint64_t throw(void)
{
    uint64_t z = dice += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static inline int64_t below(int64_t n)
{
    return (int64_t)(throw() % (uint64_t)n);
}

static inline int64_t between(int64_t least, int64_t most)
{
    return least + below(most - least + 1);
}

static inline bool chance(int64_t percent)
{
    return below(100) < percent;
}

#define ONE_OF(...)     \
    ((const int64_t[]){ \
        __VA_ARGS__}[below(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))])

/*  X(member, up to): how often each thing happens, beside the others */
#define DEEDS(X)                                         \
    X(post, 30) /* some events */                        \
    X(flood, 3) /* many events */                        \
    X(call, 10)                                          \
    X(leave, 5)  /* a client that waited goes away */    \
    X(order, 12) /* a command of an administrator */     \
    X(bulk, 4)   /* the same for many deliveries */      \
    X(mood, 12)  /* a receiver changes */                \
    X(disk, 6)   /* the store gets slower, or faster */  \
    X(toggle, 4) /* a webhook is disabled, or enabled */ \
    X(reload, 4)                                         \
    X(stall, 6) /* a worker's thread gets no time */     \
    X(leap, 4)  /* the wall clock is set */              \
    X(crash, 2) /* the process dies now, */              \
    X(fuse, 2)  /* or in the middle of something */      \
    X(stop, 2)  /* or is told to stop */                 \
    X(pass, 40) /* time goes on */

/*  X(member, up to): percent of what goes wrong */
#define TROUBLES(X)                                           \
    X(refusals, 10) /* of the store's queue */                \
    X(store_faults, 15)                                       \
    X(script_faults, 10)                                      \
    X(script_waits, 30)                                       \
    X(script_hangs, 3)                                        \
    X(verdicts, 20)    /* of scripts, whether to try again */ \
    X(late_answers, 5) /* which come behind their time-out */

static struct chances {
#define X(member, ...) int64_t member;
    DEEDS(X)
    TROUBLES(X)
#undef X
} chances;

static inline void draw_chances(void)
{
#define X(member, most) chances.member = chance(35) ? 0 : between(1, most);
    DEEDS(X)
    TROUBLES(X)
#undef X
    if (chances.post < 10) chances.post = 10;
    if (chances.pass < 20) chances.pass = 20;
}

#endif
