/* SPDX-License-Identifier: MIT */
#include "base/metrics.h"

static const uint64_t bounds_us[] = PL_HISTOGRAM_BOUNDS_US;

#define BOUNDS (int)(sizeof bounds_us / sizeof bounds_us[0])
_Static_assert(sizeof bounds_us / sizeof bounds_us[0] + 1 == PL_HISTOGRAM_BUCKETS,
               "one bucket a bound, and an open one");

/* The owner is the only writer, so a load and a store do what a locked add would. */
static void add(_Atomic uint64_t *cell, uint64_t n)
{
    atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

void pl_histogram_add(pl_histogram *h, uint64_t us)
{
    int i = 0;
    while (i < BOUNDS && us > bounds_us[i])
        i++;
    add(&h->buckets[i], 1);
    add(&h->sum_us, us);
}

uint64_t pl_histogram_bound_us(int i)
{
    return i < BOUNDS ? bounds_us[i] : UINT64_MAX;
}
