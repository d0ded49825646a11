/* SPDX-License-Identifier: MIT
 *
 * Sets of buckets; a client's set is told by a hash of its address. A lock is for every so many
 * sets: workers hardly ever meet. */
#include "base/rate.h"

#include "base/buf.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SETS        8192 /* times WAYS: 65,536 clients at a time, 2 MB, */
#define WAYS        8    /* of which the system gives what is touched */
#define LOCKS       64
#define V4_IN_V6    "\0\0\0\0\0\0\0\0\0\0\xff\xff"
#define NET_BYTES   8 /* a /64 */
#define US_A_SECOND 1e6

typedef struct bucket {
    uint64_t key[2]; /* 0, 0: nobody's, which is the unspecified address */
    double tokens;   /* as it was then */
    uint64_t at_us;
} bucket;

struct pl_rate {
    double per_us, burst;
    uint64_t seed;
    pthread_mutex_t locks[LOCKS];
    bucket buckets[SETS][WAYS];
};

pl_rate *pl_rate_new(uint32_t per_second, uint32_t burst, uint64_t seed)
{
    pl_rate *r = pl_alloc_zero(sizeof *r); /* untouched pages cost nothing */
    r->per_us = per_second / US_A_SECOND;
    r->burst = burst;
    r->seed = seed;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&r->locks[i], NULL);
    return r;
}

void pl_rate_free(pl_rate *r)
{
    if (r == NULL) return;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&r->locks[i]);
    free(r);
}

static void key_of(const uint8_t address[16], uint64_t key[2])
{
    bool is_v4 = memcmp(address, V4_IN_V6, 12) == 0;
    key[0] = key[1] = 0;
    memcpy(key, address, is_v4 ? 16 : NET_BYTES);
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ull;
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ull;
    return x ^ (x >> 32);
}

static double tokens_at(const pl_rate *r, const bucket *b, uint64_t now_us)
{
    double tokens = b->tokens + (now_us > b->at_us ? (double)(now_us - b->at_us) : 0) * r->per_us;
    return tokens < r->burst ? tokens : r->burst;
}

/* The client's bucket, or one that becomes it. */
static bucket *find(const pl_rate *r, bucket set[WAYS], const uint64_t key[2], uint64_t now_us)
{
    bucket *fullest = &set[0];
    double most = -1;
    for (int i = 0; i < WAYS; i++) {
        bucket *b = &set[i];
        bool is_free = b->key[0] == 0 && b->key[1] == 0;
        double tokens = is_free ? r->burst : tokens_at(r, b, now_us);
        if (b->key[0] == key[0] && b->key[1] == key[1] && !is_free) return b;
        if (tokens <= most) continue;
        most = tokens;
        fullest = b;
    }
    *fullest = (bucket){{key[0], key[1]}, r->burst, now_us};
    return fullest;
}

uint64_t pl_rate_take(pl_rate *r, const uint8_t address[16], uint64_t now_us)
{
    uint64_t key[2], wait_ms = 0;
    key_of(address, key);
    size_t index = mix(mix(key[0] ^ r->seed) ^ key[1]) % SETS;
    pthread_mutex_lock(&r->locks[index % LOCKS]);
    bucket *b = find(r, r->buckets[index], key, now_us);
    b->tokens = tokens_at(r, b, now_us);
    if (now_us > b->at_us) b->at_us = now_us; /* clocks of two threads may differ a little */
    if (b->tokens >= 1)
        b->tokens -= 1;
    else
        wait_ms = 1 + (uint64_t)((1 - b->tokens) / r->per_us / 1000);
    pthread_mutex_unlock(&r->locks[index % LOCKS]);
    return wait_ms;
}
