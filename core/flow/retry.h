/* SPDX-License-Identifier: MIT
 *
 * When a delivery is tried again. Pure: the policy, the outcome and the randomness are arguments.
 */
#ifndef PL_FLOW_RETRY_H
#define PL_FLOW_RETRY_H

#include "base/id.h"
#include "flow/generation.h"

#define PL_RETRY_NO (-1)

/* Is there any sense in another attempt after this outcome? Connection faults, time-outs and
 * failures of scripts (which a reload may mend): yes; of the statuses 408, 425, 429 and 5xx; the
 * other statuses stay what they are. */
bool pl_retry_makes_sense(int error, int status);
/* Milliseconds until the next attempt after `made` attempts of the present run, jitter included, or
 * PL_RETRY_NO. */
int64_t pl_retry_delay_ms(const pl_policy *policy, uint32_t made, pl_rng *rng);
/* The same for a delivery whose webhook is not loaded: the default schedule. */
extern const pl_policy pl_retry_default;

#endif
