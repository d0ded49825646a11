/* SPDX-License-Identifier: MIT
 *
 * The bucket is filled when it is looked at: what has come in since then, up to the burst. Those
 * who do not wait may leave it below zero, but not by more than a burst: a flood of calls holds
 * deliveries up for a while, and not for ever. */
#include "flow/quota.h"

#include "base/buf.h"

#include <pthread.h>
#include <stdlib.h>

#define CHAINS 256

struct pl_quota {
    pthread_mutex_t lock;
    double tokens;
    uint64_t filled_us;
    bool is_filled; /* for the first time */
    uint64_t pause_until_us;
    uint32_t in_flight;
    pl_quota *chain;
    size_t name_len;
    char name[];
};

struct pl_quotas {
    pthread_mutex_t lock; /* of the chains; the entries have their own */
    pl_quota *table[CHAINS];
};

/* -- the table -- */

pl_quotas *pl_quotas_new(void)
{
    pl_quotas *all = pl_alloc_zero(sizeof *all);
    pthread_mutex_init(&all->lock, NULL);
    return all;
}

void pl_quotas_free(pl_quotas *all)
{
    if (all == NULL) return;
    for (size_t i = 0; i < CHAINS; i++) {
        for (pl_quota *q = all->table[i], *next; q; q = next) {
            next = q->chain;
            pthread_mutex_destroy(&q->lock);
            free(q);
        }
    }
    pthread_mutex_destroy(&all->lock);
    free(all);
}

static pl_quota **chain_of(pl_quotas *all, pl_slice name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619u;
    return &all->table[hash % CHAINS];
}

static pl_quota *add(pl_quota **chain, pl_slice name)
{
    pl_quota *q = pl_alloc_zero(sizeof *q + name.len);
    pthread_mutex_init(&q->lock, NULL);
    if (name.len) memcpy(q->name, name.ptr, name.len);
    q->name_len = name.len;
    q->chain = *chain;
    return *chain = q;
}

pl_quota *pl_quotas_get(pl_quotas *all, pl_slice connector)
{
    pthread_mutex_lock(&all->lock);
    pl_quota **chain = chain_of(all, connector), *q = *chain;
    while (q && !pl_slice_eq((pl_slice){q->name, q->name_len}, connector))
        q = q->chain;
    if (q == NULL) q = add(chain, connector);
    pthread_mutex_unlock(&all->lock);
    return q;
}

/* -- the bucket -- */

static void fill(pl_quota *q, const pl_rate *rate, uint64_t now_us)
{
    if (!q->is_filled)
        q->tokens = rate->burst;
    else if (now_us > q->filled_us)
        q->tokens += (double)(now_us - q->filled_us) / 1e6 * rate->per_second;
    if (q->tokens > rate->burst) q->tokens = rate->burst;
    if (!q->is_filled || now_us > q->filled_us) q->filled_us = now_us;
    q->is_filled = true;
}

static int64_t wait_for_token(pl_quota *q, const pl_rate *rate, uint64_t now_us)
{
    if (rate->per_second <= 0) return 0;
    fill(q, rate, now_us);
    if (q->tokens >= 1 - 1e-6) return 0; /* what is missing by rounding is no reason to wait */
    double wait_ms = (1 - q->tokens) / rate->per_second * 1000;
    return (int64_t)wait_ms + (wait_ms > (double)(int64_t)wait_ms + 1e-6);
}

static int64_t pause_left_ms(const pl_quota *q, uint64_t now_us)
{
    return q->pause_until_us > now_us ? (int64_t)((q->pause_until_us - now_us + 999) / 1000) : 0;
}

static int64_t wait_of(pl_quota *q, const pl_rate *rate, uint64_t now_us)
{
    int64_t pause_ms = pause_left_ms(q, now_us);
    if (pause_ms) return pause_ms;
    if (rate->concurrency && q->in_flight >= rate->concurrency) return PL_QUOTA_AGAIN_MS;
    return wait_for_token(q, rate, now_us);
}

/* -- public -- */

int64_t pl_quota_enter(pl_quota *q, const pl_rate *rate, uint64_t now_us)
{
    pthread_mutex_lock(&q->lock);
    int64_t wait_ms = wait_of(q, rate, now_us);
    if (wait_ms == 0) {
        q->in_flight++;
        if (rate->per_second > 0) q->tokens -= 1;
    }
    pthread_mutex_unlock(&q->lock);
    return wait_ms;
}

void pl_quota_enter_now(pl_quota *q, const pl_rate *rate, uint64_t now_us)
{
    pthread_mutex_lock(&q->lock);
    q->in_flight++;
    if (rate->per_second > 0) {
        fill(q, rate, now_us);
        q->tokens -= 1;
        if (q->tokens < -rate->burst) q->tokens = -rate->burst;
    }
    pthread_mutex_unlock(&q->lock);
}

void pl_quota_leave(pl_quota *q)
{
    pthread_mutex_lock(&q->lock);
    q->in_flight--;
    pthread_mutex_unlock(&q->lock);
}

void pl_quota_undo(pl_quota *q, const pl_rate *rate)
{
    pthread_mutex_lock(&q->lock);
    q->in_flight--;
    if (rate->per_second > 0) q->tokens += 1; /* the next look cuts it to a burst */
    pthread_mutex_unlock(&q->lock);
}

bool pl_quota_pause(pl_quota *q, uint64_t now_us, int64_t pause_ms)
{
    uint64_t until_us = now_us + (uint64_t)pause_ms * 1000;
    pthread_mutex_lock(&q->lock);
    bool is_new = pause_left_ms(q, now_us) == 0;
    if (until_us > q->pause_until_us) q->pause_until_us = until_us;
    pthread_mutex_unlock(&q->lock);
    return is_new;
}

pl_quota_state pl_quota_state_of(pl_quota *q, uint64_t now_us)
{
    pthread_mutex_lock(&q->lock);
    pl_quota_state state = {.in_flight = q->in_flight, .pause_ms = pause_left_ms(q, now_us)};
    pthread_mutex_unlock(&q->lock);
    return state;
}
