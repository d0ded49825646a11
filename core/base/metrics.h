/* SPDX-License-Identifier: MIT
 *
 * Counters and histograms of one thread. Only the owner adds; anybody may read at any time (relaxed
 * atomics), and the scrape adds the threads up. */
#ifndef PL_BASE_METRICS_H
#define PL_BASE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

typedef struct pl_counter {
    _Atomic uint64_t n;
} pl_counter;

/* Bounds in microseconds; the last bucket is open. */
#define PL_HISTOGRAM_BOUNDS_US                                                                     \
    {                                                                                              \
        50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, \
            2500000, 5000000, 10000000                                                             \
    }
#define PL_HISTOGRAM_BUCKETS 18

typedef struct pl_histogram {
    _Atomic uint64_t buckets[PL_HISTOGRAM_BUCKETS];
    _Atomic uint64_t sum_us;
} pl_histogram;

static inline void pl_counter_add(pl_counter *c, uint64_t n)
{
    atomic_store_explicit(&c->n, atomic_load_explicit(&c->n, memory_order_relaxed) + n,
                          memory_order_relaxed);
}
static inline void pl_counter_set(pl_counter *c, uint64_t n)
{
    atomic_store_explicit(&c->n, n, memory_order_relaxed);
}
static inline uint64_t pl_counter_get(const pl_counter *c)
{
    return atomic_load_explicit(&c->n, memory_order_relaxed);
}
void pl_histogram_add(pl_histogram *h, uint64_t us);
/* The bound of bucket i in microseconds; UINT64_MAX for the open one. */
uint64_t pl_histogram_bound_us(int i);

#endif
