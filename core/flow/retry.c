/* SPDX-License-Identifier: MIT */
#include "flow/retry.h"

#include "base/err.h"

/* 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h: eight attempts in about 27.6 hours. */
static const int64_t default_delays_ms[] = {5000,     300000,   1800000, 7200000,
                                            18000000, 36000000, 36000000};

const pl_policy pl_retry_default = {
    .delays_ms = default_delays_ms,
    .delay_count = sizeof default_delays_ms / sizeof *default_delays_ms,
    .jitter = 0.1,
};

bool pl_retry_makes_sense(int error, int status)
{
    if (error != PL_E_HTTP_STATUS) return pl_err_retryable(error);
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

int64_t pl_retry_delay_ms(const pl_policy *policy, uint32_t made, pl_rng *rng)
{
    if (made == 0 || made > policy->delay_count) return PL_RETRY_NO;
    double factor = 1 + policy->jitter * (2 * pl_rng_unit(rng) - 1);
    return (int64_t)((double)policy->delays_ms[made - 1] * factor);
}
