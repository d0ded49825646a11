/* SPDX-License-Identifier: MIT
 *
 * The bucket is filled when it is looked at: what has come in since then, up to the burst. Those
 * who do not wait may leave it below zero, but not by more than a burst: a flood of calls holds
 * deliveries up for a while, and not for ever.
 *
 * An entry that is as a new one would be (nobody in flight, a full bucket, no pause, nobody's turn
 * to come) is forgotten when its chain gets another: templates that make up hosts do not fill the
 * memory. A chain has a lock, which is as good as one for each entry: there are seldom more. */
#include "flow/quota.h"

#include "base/buf.h"

#include <pthread.h>
#include <stdlib.h>

#define CHAINS 256
/* What an attempt is taken to last where none has ended yet, and how much each tells. */
#define LASTS_US    1e6
#define LASTS_SHARE 0.2

typedef struct pl_quota pl_quota;
struct pl_quota {
    double tokens;
    uint64_t filled_us;
    bool is_filled; /* for the first time */
    pl_rate rate;   /* the last that it was asked with */
    uint64_t pause_until_us, turn_us;
    uint32_t in_flight, counted;
    double lasts_us; /* an attempt; 0: unknown */
    pl_quota *next;
    size_t name_len;
    char name[];
};

typedef struct chain {
    pthread_mutex_t lock;
    pl_quota *first;
} chain;

struct pl_quotas {
    chain chains[CHAINS];
};

pl_quotas *pl_quotas_new(void)
{
    pl_quotas *all = pl_alloc_zero(sizeof *all);
    for (size_t i = 0; i < CHAINS; i++)
        pthread_mutex_init(&all->chains[i].lock, NULL);
    return all;
}

void pl_quotas_free(pl_quotas *all)
{
    if (all == NULL) return;
    for (size_t i = 0; i < CHAINS; i++) {
        for (pl_quota *q = all->chains[i].first, *next; q; q = next) {
            next = q->next;
            free(q);
        }
        pthread_mutex_destroy(&all->chains[i].lock);
    }
    free(all);
}

/* -- the bucket -- */

static void fill(pl_quota *q, uint64_t now_us)
{
    const pl_rate *rate = &q->rate;
    if (!q->is_filled)
        q->tokens = rate->burst;
    else if (now_us > q->filled_us)
        q->tokens += (double)(now_us - q->filled_us) / 1e6 * rate->per_second;
    if (q->tokens > rate->burst) q->tokens = rate->burst;
    if (!q->is_filled || now_us > q->filled_us) q->filled_us = now_us;
    q->is_filled = true;
}

static int64_t wait_for_token(pl_quota *q, uint64_t now_us)
{
    if (q->rate.per_second <= 0) return 0;
    fill(q, now_us);
    if (q->tokens >= 1 - 1e-6) return 0; /* what is missing by rounding is no reason to wait */
    double wait_ms = (1 - q->tokens) / q->rate.per_second * 1000;
    return (int64_t)wait_ms + (wait_ms > (double)(int64_t)wait_ms + 1e-6);
}

static int64_t pause_left_ms(const pl_quota *q, uint64_t now_us)
{
    return q->pause_until_us > now_us ? (int64_t)((q->pause_until_us - now_us + 999) / 1000) : 0;
}

static int64_t wait_of(pl_quota *q, bool is_counted, uint64_t now_us)
{
    int64_t pause_ms = pause_left_ms(q, now_us);
    if (pause_ms || !is_counted) return pause_ms;
    if (q->rate.concurrency && q->counted >= q->rate.concurrency) return PL_QUOTA_AGAIN_MS;
    return wait_for_token(q, now_us);
}

static void take(pl_quota *q, bool is_counted, uint64_t now_us, pl_quota_place *place)
{
    *place = (pl_quota_place){.quota = q, .is_counted = is_counted, .since_us = now_us};
    q->in_flight++;
    q->counted += is_counted;
    if (is_counted && q->rate.per_second > 0) q->tokens -= 1;
}

/* Microseconds between two attempts of many, as it goes. */
static double pace_us(const pl_quota *q)
{
    double by_rate = q->rate.per_second > 0 ? 1e6 / q->rate.per_second : 0;
    double lasts_us = q->lasts_us > 0 ? q->lasts_us : LASTS_US;
    double by_places = q->rate.concurrency ? lasts_us / q->rate.concurrency : 0;
    return by_rate > by_places ? by_rate : by_places;
}

/* -- the table -- */

static chain *chain_of(pl_quotas *all, pl_slice name)
{
    return &all->chains[pl_slice_hash(name) % CHAINS];
}

static pl_slice name_of(const pl_quota *q)
{
    return (pl_slice){q->name, q->name_len};
}

static chain *lock(pl_quotas *all, pl_slice name)
{
    chain *c = chain_of(all, name);
    pthread_mutex_lock(&c->lock);
    return c;
}

static void unlock(chain *c)
{
    pthread_mutex_unlock(&c->lock);
}

static pl_quota *find(const chain *c, pl_slice name)
{
    pl_quota *q = c->first;
    while (q && !pl_slice_eq(name_of(q), name))
        q = q->next;
    return q;
}

static bool is_at_rest(pl_quota *q, uint64_t now_us)
{
    if (q->in_flight || q->pause_until_us > now_us || q->turn_us > now_us) return false;
    if (q->rate.per_second <= 0) return true;
    fill(q, now_us);
    return q->tokens >= q->rate.burst;
}

static void forget_some(chain *c, uint64_t now_us)
{
    for (pl_quota **link = &c->first, *q; (q = *link) != NULL;) {
        if (!is_at_rest(q, now_us)) {
            link = &q->next;
            continue;
        }
        *link = q->next;
        free(q);
    }
}

static pl_quota *find_or_add(chain *c, pl_slice name, const pl_rate *rate, uint64_t now_us)
{
    pl_quota *q = find(c, name);
    if (q == NULL) {
        forget_some(c, now_us);
        q = pl_alloc_zero(sizeof *q + name.len);
        if (name.len) memcpy(q->name, name.ptr, name.len);
        q->name_len = name.len;
        q->next = c->first;
        c->first = q;
    }
    if (rate) q->rate = *rate;
    return q;
}

/* -- public -- */

int64_t pl_quota_enter(pl_quotas *all, pl_slice name, const pl_rate *rate, uint64_t now_us,
                       pl_quota_place *place)
{
    chain *c = lock(all, name);
    pl_quota *q = find_or_add(c, name, rate, now_us);
    int64_t wait_ms = wait_of(q, rate != NULL, now_us);
    if (wait_ms == 0) take(q, rate != NULL, now_us, place);
    unlock(c);
    return wait_ms;
}

void pl_quota_enter_now(pl_quotas *all, pl_slice name, const pl_rate *rate, uint64_t now_us,
                        pl_quota_place *place)
{
    chain *c = lock(all, name);
    pl_quota *q = find_or_add(c, name, rate, now_us);
    if (rate && rate->per_second > 0) fill(q, now_us);
    take(q, rate != NULL, now_us, place);
    if (q->tokens < -q->rate.burst) q->tokens = -q->rate.burst;
    unlock(c);
}

static void give_up(pl_quota_place *place)
{
    place->quota->in_flight--;
    place->quota->counted -= place->is_counted;
    *place = (pl_quota_place){0};
}

void pl_quota_leave(pl_quotas *all, pl_quota_place *place, uint64_t now_us)
{
    if (place->quota == NULL) return;
    chain *c = lock(all, name_of(place->quota));
    pl_quota *q = place->quota;
    double lasted_us = now_us > place->since_us ? (double)(now_us - place->since_us) : 0;
    double before_us = q->lasts_us > 0 ? q->lasts_us : lasted_us;
    q->lasts_us = before_us + (lasted_us - before_us) * LASTS_SHARE;
    give_up(place);
    unlock(c);
}

void pl_quota_undo(pl_quotas *all, pl_quota_place *place)
{
    if (place->quota == NULL) return;
    chain *c = lock(all, name_of(place->quota));
    /* the next look cuts it to a burst */
    if (place->is_counted && place->quota->rate.per_second > 0) place->quota->tokens += 1;
    give_up(place);
    unlock(c);
}

bool pl_quota_is(const pl_quota_place *place, pl_slice name)
{
    return place->quota && pl_slice_eq(name_of(place->quota), name);
}

int64_t pl_quota_turn(pl_quotas *all, pl_slice name, const pl_rate *rate, uint64_t ahead,
                      uint64_t now_us)
{
    chain *c = lock(all, name);
    pl_quota *q = find_or_add(c, name, rate, now_us);
    uint64_t most_us = now_us + PL_QUOTA_TURN_MOST_MS * UINT64_C(1000);
    double pace = pace_us(q), behind_us = pace * (double)ahead;
    uint64_t first_us = now_us + (uint64_t)behind_us;
    uint64_t turn_us = (q->turn_us > first_us ? q->turn_us : first_us) + (uint64_t)pace;
    q->turn_us = turn_us < most_us ? turn_us : most_us;
    int64_t wait_ms = (int64_t)((q->turn_us - now_us + 999) / 1000);
    unlock(c);
    return wait_ms;
}

bool pl_quota_pause(pl_quotas *all, pl_slice name, uint64_t now_us, int64_t pause_ms)
{
    uint64_t until_us = now_us + (uint64_t)pause_ms * 1000;
    chain *c = lock(all, name);
    pl_quota *q = find_or_add(c, name, NULL, now_us);
    bool is_new = pause_left_ms(q, now_us) == 0;
    if (until_us > q->pause_until_us) q->pause_until_us = until_us;
    unlock(c);
    return is_new;
}

pl_quota_state pl_quota_state_of(pl_quotas *all, pl_slice name, uint64_t now_us)
{
    chain *c = lock(all, name);
    const pl_quota *q = find(c, name);
    pl_quota_state state = {0};
    if (q)
        state = (pl_quota_state){.in_flight = q->in_flight, .pause_ms = pause_left_ms(q, now_us)};
    unlock(c);
    return state;
}

uint64_t pl_quotas_count(pl_quotas *all)
{
    uint64_t count = 0;
    for (size_t i = 0; i < CHAINS; i++) {
        pthread_mutex_lock(&all->chains[i].lock);
        for (const pl_quota *q = all->chains[i].first; q; q = q->next)
            count++;
        pthread_mutex_unlock(&all->chains[i].lock);
    }
    return count;
}
