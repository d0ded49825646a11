/* SPDX-License-Identifier: MIT
 *
 * What a timer costs on the wheel while others run, in nanoseconds of processor time: one that is
 * started and stopped (a time-out of 30 s that does not come), and one of those that run moved to
 * another time. Prints figures. */
#include "base/wheel.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS     2000000
#define TIMEOUT_MS 30000
#define SPREAD_MS  3600000

static pl_wheel wheel;
static uint64_t state = 88172645463325252u;

static uint64_t random_number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void fire(pl_timer *t)
{
    (void)t;
}

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void measure(size_t running)
{
    pl_timer *timers = calloc(running + 1, sizeof *timers), *timeout = &timers[running];
    pl_wheel_init(&wheel, 0);
    pl_timer_init(timeout, fire);
    for (size_t i = 0; i < running; i++) {
        pl_timer_init(&timers[i], fire);
        pl_wheel_start(&wheel, &timers[i], 1 + random_number() % SPREAD_MS);
    }
    double began = cpu_ns();
    for (int i = 0; i < ROUNDS; i++) {
        pl_wheel_start(&wheel, timeout, TIMEOUT_MS);
        pl_wheel_stop(&wheel, timeout);
    }
    double timeouts = cpu_ns() - began;
    began = cpu_ns();
    for (int i = 0; running && i < ROUNDS; i++)
        pl_wheel_start(&wheel, &timers[random_number() % running], 1 + random_number() % SPREAD_MS);
    double moves = cpu_ns() - began;
    printf("wheel, %zu timers: start and stop %.1f ns", running, timeouts / ROUNDS);
    if (running) printf(", move %.1f ns", moves / ROUNDS);
    printf("\n");
    free(timers);
}

int main(void)
{
    measure(0);
    measure(10000);
    measure(1000000);
    return 0;
}
