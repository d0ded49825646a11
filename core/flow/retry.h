/* SPDX-License-Identifier: MIT
 *
 * When a delivery is tried again. Pure: the policy, the outcome, the time and the randomness are
 * arguments. */
#ifndef PL_FLOW_RETRY_H
#define PL_FLOW_RETRY_H

#include "base/id.h"
#include "flow/generation.h"

#define PL_RETRY_NO (-1)

/* Can a rule name this outcome? Those it cannot are the gateway's own (a webhook that is not
 * loaded, a store or a proxy that fails), http_status, whose statuses it names, and what ends a
 * delivery. */
bool pl_retry_is_class(int error);

/* Does it use up an attempt of the schedule? Not when the receiver had no part in it: the egress
 * proxy failed, or the gateway was out of sockets. Such outcomes are always tried again. */
bool pl_retry_counts(int error);

/* Adds a class to an empty rule. */
void pl_retry_rule_add_class(pl_retry_rule *rule, int error);

/* Adds the statuses from first to last. */
void pl_statuses_add(pl_statuses *s, int first, int last);
bool pl_statuses_has(const pl_statuses *s, int status);

/* Is there any sense in another attempt after this outcome? Without a rule: connection faults,
 * time-outs and failures of scripts (which a reload may mend): yes; of the statuses 408, 425, 429
 * and 5xx; the other statuses stay what they are. */
bool pl_retry_makes_sense(const pl_retry_rule *rule, int error, int status);

/* A delivery whose attempt has failed. */
typedef struct pl_retry_case {
    uint32_t made;          /* attempts in the present run of the schedule, those that count */
    uint32_t uncounted;     /* and those that do not */
    int64_t age_ms;         /* of the delivery; -1: it does not count */
    int64_t retry_after_ms; /* what the receiver asks for, as far as it is granted; or less */
} pl_retry_case;

/* Milliseconds until the next attempt, jitter included and never before the receiver wants it; or
 * PL_RETRY_NO. */
int64_t pl_retry_delay_ms(const pl_policy *policy, const pl_retry_case *c, pl_rng *rng);
/* The same after an attempt that does not count, whatever the schedule: `first_ms`, and twice as
 * long each time, up to `most_ms`; a quarter more at random. */
int64_t pl_retry_uncounted_delay_ms(const pl_policy *policy, const pl_retry_case *c,
                                    int64_t first_ms, int64_t most_ms, pl_rng *rng);
/* The same for a delivery whose webhook is not loaded: the default schedule. */
extern const pl_policy pl_retry_default;

#endif
