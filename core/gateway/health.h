/* SPDX-License-Identifier: MIT
 *
 * How each connector is doing, as all workers saw it: counts and the last failure. One small table
 * under one lock, touched once an attempt. Any thread. */
#ifndef PL_GATEWAY_HEALTH_H
#define PL_GATEWAY_HEALTH_H

#include "base/json.h"
#include "flow/breaker.h"
#include "flow/journal.h"
#include "flow/quota.h"

typedef struct pl_health pl_health;

pl_health *pl_health_new(void);
void pl_health_free(pl_health *h);
void pl_health_note(pl_health *h, const pl_record *record);
/* Writes {"attempts", "failures", "last_attempt", "last_success", "last_failure": {"time",
 * "outcome", "error"} or null, "in_flight", "paused_until": time or null, "breakers": [{
 * "destination", "state": "open" or "probing", "failures", "until"}]} of a connector; zeros when
 * nothing was sent to it. */
void pl_health_write(pl_health *h, pl_quotas *quotas, pl_breakers *breakers, pl_slice connector,
                     pl_json_writer *w);

#endif
