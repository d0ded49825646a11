/* SPDX-License-Identifier: MIT */
#include "flow/retry.h"

/* 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h: eight attempts in about 27.6 hours. */
static const int64_t default_delays_ms[] = {5000,     300000,   1800000, 7200000,
                                            18000000, 36000000, 36000000};

const pl_policy pl_retry_default = {
    .delays_ms = default_delays_ms,
    .delay_count = sizeof default_delays_ms / sizeof *default_delays_ms,
    .jitter = 0.1,
};

/* Codes are negative, the first of the list the greatest. */
static int ordinal_of(int error)
{
    return -error - 1;
}

bool pl_retry_is_class(int error)
{
    return error <= PL_E_SCRIPT && ordinal_of(error) < PL_ERR_COUNT && error != PL_E_HTTP_STATUS &&
           error != PL_E_CANCELLED && error != PL_E_BREAKER && error != PL_E_PROXY &&
           error != PL_E_DISABLED;
}

bool pl_retry_counts(int error)
{
    return error != PL_E_PROXY && error != PL_E_BUSY;
}

void pl_retry_rule_add_class(pl_retry_rule *rule, int error)
{
    rule->classes[ordinal_of(error)] = true;
}

void pl_statuses_add(pl_statuses *s, int first, int last)
{
    for (int status = first; status <= last; status++)
        s->bits[status / 8] |= (uint8_t)(1 << status % 8);
}

bool pl_statuses_has(const pl_statuses *s, int status)
{
    return status > 0 && status < 600 && s->bits[status / 8] >> status % 8 & 1;
}

static bool status_makes_sense(const pl_retry_rule *rule, int status)
{
    if (rule && status > 0 && status < 600) return pl_statuses_has(&rule->statuses, status);
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

bool pl_retry_makes_sense(const pl_retry_rule *rule, int error, int status)
{
    if (error == PL_E_HTTP_STATUS) return status_makes_sense(rule, status);
    if (rule && pl_retry_is_class(error)) return rule->classes[ordinal_of(error)];
    return pl_err_retryable(error);
}

static int64_t unless_too_old(const pl_policy *policy, const pl_retry_case *c, int64_t delay_ms)
{
    bool is_too_old =
        policy->max_age_ms && c->age_ms >= 0 && c->age_ms + delay_ms > policy->max_age_ms;
    return is_too_old ? PL_RETRY_NO : delay_ms;
}

int64_t pl_retry_uncounted_delay_ms(const pl_policy *policy, const pl_retry_case *c,
                                    int64_t first_ms, int64_t most_ms, pl_rng *rng)
{
    int64_t delay_ms = first_ms;
    for (uint32_t i = 1; i < c->uncounted && delay_ms < most_ms; i++)
        delay_ms *= 2;
    if (delay_ms > most_ms) delay_ms = most_ms;
    delay_ms += (int64_t)((double)delay_ms / 4 * pl_rng_unit(rng));
    return unless_too_old(policy, c, delay_ms);
}

int64_t pl_retry_delay_ms(const pl_policy *policy, const pl_retry_case *c, pl_rng *rng)
{
    if (c->made == 0 || c->made > policy->delay_count) return PL_RETRY_NO;
    double factor = 1 + policy->jitter * (2 * pl_rng_unit(rng) - 1);
    int64_t delay_ms = (int64_t)((double)policy->delays_ms[c->made - 1] * factor);
    if (delay_ms < c->retry_after_ms) delay_ms = c->retry_after_ms;
    return unless_too_old(policy, c, delay_ms);
}
