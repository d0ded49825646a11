/* SPDX-License-Identifier: MIT
 *
 * What is asked of a request before what it wants is looked at: that its client does not ask too
 * often, that it means this gateway, and that no web page of another site makes it. */
#ifndef PL_GATEWAY_GUARD_H
#define PL_GATEWAY_GUARD_H

#include "gateway/worker.h"

/* 0, or PL_E_TOO_MANY_REQUESTS with the seconds to wait in `*wait_s`. */
int pl_guard_rate(const pl_entrance *e, const pl_inbound *in, int *wait_s);
/* 0 or PL_E_MISDIRECTED. A browser that was told that a name of somebody else is an address of ours
 * (DNS rebinding) still sends that name. */
int pl_guard_host(const pl_entrance *e, const pl_inbound *in);
/* 0 or PL_E_CROSS_ORIGIN. */
int pl_guard_origin(const pl_inbound *in);

#endif
