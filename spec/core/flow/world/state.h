/* SPDX-License-Identifier: MIT
 *
 * What the world is made of: one process with one engine for each worker, the clock that the test
 * moves, what is under way in the store, the network and the scripts, and who posted what. */
#ifndef PL_SPEC_FLOW_STATE_H
#define PL_SPEC_FLOW_STATE_H

#include "flow/engine.h"
#include "test.h"

#include <stdlib.h>

#define EPOCH_MS INT64_C(1795248930123)
#define FOREVER  INT64_MAX
#define WORKERS  4 /* at most */

/* An engine with what belongs to its thread. */
typedef struct worker {
    pl_engine *engine; /* NULL: the process has fewer workers */
    pl_wheel wheel;
    pl_mailbox box;
    int under_way;            /* transfers of deliveries */
    int64_t stalled_until_ms; /* its thread gets no time before */
    pl_claim *claim_unread;   /* carried out, and the answer is in the box */
} worker;

typedef struct reply {
    int64_t delay_ms;
    int code, status;
    const char *body;     /* NULL: empty */
    int retry_after_s;    /* 0: it says nothing of it */
    char retry_after[40]; /* another form of the same, or nonsense, which has 0 seconds */
    int64_t retry_at_ms;  /* by the wall clock: what that form says, if it is a date */
} reply;

/* Something that comes at a time: an operation of the store, a transfer, a waiting script. */
typedef struct coming {
    int64_t at_ms;
    worker *to; /* whose thread takes it; NULL: the store's */
    pl_op *op;
    pl_exchange *x;
    int code; /* of the script */
    reply reply;
    struct coming *next;
} coming;

/* A request that posted events. */
typedef struct post {
    pl_intake *in; /* NULL once it is freed */
    int answers, code, settled;
    bool frees_itself; /* at the answer, as the interface does when nobody waits */
    bool is_taken;     /* and is to be answered, unless the process dies */
    struct post *next;
} post;

/* What a script stage does: its code, at once (-1) or after a while. */
typedef struct plan {
    int code;
    int64_t wait_ms;
} plan;

/* Who looks at what happens, and keeps an account of it; each may be NULL. */
typedef struct spy {
    void (*started)(worker *me, pl_exchange *x); /* an attempt, with its first render */
    void (*sent)(worker *me, pl_exchange *x);
    void (*answered)(worker *me, pl_exchange *x, const reply *answer);
    void (*released)(worker *me,
                     pl_exchange *x);     /* by the scripts: perhaps not for the last time */
    void (*submitted)(const pl_op *op);   /* to the store */
    void (*recorded)(const pl_record *r); /* by the store, of a delivery */
    void (*broken)(void);                 /* a rule */
} spy;

static struct world {
    int64_t now_ms;        /* monotonic; the wall shows EPOCH_MS more, and */
    int64_t wall_ahead_ms; /* so much as somebody has set it since; */
    int64_t leapt_ms;      /* how far it was set forward, all in all */
    pl_settings settings;
    pl_quotas *quotas;
    pl_breakers *breakers;
    worker workers[WORKERS];
    int worker_count;
    pl_engine *engine; /* of the first worker */
    int generations;   /* alive */
    int64_t fuse;      /* the process dies after so many effects; 0: it does not */
    bool is_dead;      /* nothing that an engine does has an effect any more */

    coming *ops, **ops_end;
    int64_t op_delay_ms;
    int op_result;                    /* of each operation */
    bool op_refused;                  /* the queue is full */
    int (*op_fault)(const pl_op *op); /* NULL: as above */
    bool (*op_refuse)(const pl_op *op);
    int op_counts[PL_OP_KINDS]; /* submitted */

    coming *transfers, *waits;
    reply reply;
    reply (*reply_of)(const pl_exchange *x); /* NULL: the same for all */
    plan (*plan_of)(pl_exchange *x);         /* NULL: as the generation says */
    int sends, unsends, under_way, most_under_way, most_resident;
    int recorded;                           /* told by an engine */
    void (*watch)(const pl_record *record); /* NULL: nobody looks */

    post *posts;
    int event_number;

    spy spy;
    bool is_traced;
    uint64_t engine_seed; /* no two engines make the same ids */
} w;

/* -- rules -- */

/* What has to hold in every world at every moment, by name. */
#define RULE(name, condition)                                   \
    do {                                                        \
        test_checks++;                                          \
        if (!(condition)) break_rule(__FILE__, __LINE__, name); \
    } while (0)

static inline void break_rule(const char *file, int line, const char *name)
{
    if (w.is_dead) return; /* nobody sees it */
    test_report(file, line, name);
    printf("    at %" PRId64 " ms\n", w.now_ms);
    if (w.spy.broken) w.spy.broken();
}

#define TRACE(...)                                                                             \
    do {                                                                                       \
        if (w.is_traced) printf("%9" PRId64 " ", w.now_ms), printf(__VA_ARGS__), printf("\n"); \
    } while (0)

/* -- clocks -- */

static inline int64_t world_wall_ms(void)
{
    return EPOCH_MS + w.now_ms + w.wall_ahead_ms;
}

static inline uint64_t world_monotonic_us(void)
{
    return (uint64_t)w.now_ms * 1000;
}

/* What waits by either clock, or by one after the other, comes no sooner than by this one. */
static inline int64_t world_fastest_ms(void)
{
    return w.now_ms + w.leapt_ms;
}

static inline bool is_awake(const worker *me)
{
    return me->stalled_until_ms <= w.now_ms;
}

/* -- death -- */

/* Something is about to happen that the world outside of the process would see. False: the process
 * is dead, and it does not. */
static inline bool has_effect(void)
{
    if (w.fuse > 0 && --w.fuse == 0) w.is_dead = true;
    return !w.is_dead;
}

/* -- lists of what comes -- */

static inline coming *come(coming **list, worker *to, int64_t delay_ms)
{
    coming *c = pl_alloc_zero(sizeof *c);
    c->at_ms = delay_ms == FOREVER ? FOREVER : w.now_ms + delay_ms;
    c->to = to;
    c->next = *list;
    *list = c;
    return c;
}

static inline coming *take_due(coming **list)
{
    for (coming **link = list; *link; link = &(*link)->next) {
        coming *c = *link;
        if (c->at_ms > w.now_ms || !is_awake(c->to)) continue;
        *link = c->next;
        return c;
    }
    return NULL;
}

static inline bool remove_of(coming **list, const pl_exchange *x)
{
    for (coming **link = list; *link; link = &(*link)->next) {
        coming *c = *link;
        if (c->x != x) continue;
        *link = c->next;
        free(c);
        return true;
    }
    return false;
}

static inline int64_t later(int64_t a_ms, int64_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

static inline int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

static inline int64_t first_of(const coming *list, int64_t at_ms)
{
    for (; list; list = list->next)
        at_ms = sooner(at_ms, later(list->at_ms, list->to->stalled_until_ms));
    return at_ms;
}

static inline void drop_list(coming **list)
{
    for (coming *c; (c = *list) != NULL;) {
        *list = c->next;
        free(c);
    }
}

#endif
