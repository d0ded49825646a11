/* SPDX-License-Identifier: MIT
 *
 * The times that a load measures, and the line of JSON that it ends with: requests answered,
 * seconds, rate, median and 99th percentile of the time to an answer, answers other than 2xx, and
 * the processor time that the process took. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

typedef struct samples {
    uint32_t *us;
    size_t count, room;
    size_t bad;
} samples;

static inline void samples_add(samples *s, uint64_t ns, bool is_good)
{
    if (s->count == s->room) {
        s->room = s->room ? s->room * 2 : 1 << 16;
        s->us = realloc(s->us, s->room * sizeof *s->us);
        if (!s->us) abort();
    }
    s->us[s->count++] = (uint32_t)(ns / 1000);
    s->bad += !is_good;
}

static int samples_by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static inline double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static inline void samples_print(samples *s, double seconds)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    qsort(s->us, s->count, sizeof *s->us, samples_by_size);
    printf("{\"requests\":%zu,\"seconds\":%.4f,\"rate\":%.1f,\"p50_us\":%u,\"p99_us\":%u,"
           "\"bad\":%zu,\"cpu_s\":%.6f}\n",
           s->count, seconds, (double)s->count / seconds, s->count ? s->us[s->count / 2] : 0,
           s->count ? s->us[s->count * 99 / 100] : 0, s->bad,
           seconds_of(u.ru_utime) + seconds_of(u.ru_stime));
    fflush(stdout);
}

#endif
