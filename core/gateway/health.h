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
#include "flow/switches.h"

typedef struct pl_health pl_health;

pl_health *pl_health_new(void);
void pl_health_free(pl_health *h);
void pl_health_note(pl_health *h, const pl_record *record);
/* Writes {"attempts", "failures", "last_attempt", "last_success", "last_failure": {"time",
 * "outcome", "error"} or null, "in_flight", "paused_until": time or null, "breakers": [{
 * "destination", "state": "open" or "probing", "failures", "until"}], "disabled": [SWITCH...]} of a
 * connector; zeros when nothing was sent to it. */
void pl_health_write(pl_health *h, pl_quotas *quotas, pl_breakers *breakers, pl_switches *switches,
                     pl_slice connector, pl_json_writer *w);
/* Writes a SWITCH, a webhook that is disabled: {"connector", "webhook", "since", "by", "reason": text
 * or null}. */
void pl_health_write_switch(pl_json_writer *w, const pl_switch *s);
/* All of them, as an array. */
void pl_health_write_switches(pl_switches *switches, pl_slice connector, pl_json_writer *w);

#endif
