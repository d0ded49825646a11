/* SPDX-License-Identifier: MIT
 *
 * How often each of many clients may do something: a bucket of tokens for each address (an IPv6
 * client is its /64, since it has all addresses of that), which fills at a steady rate up to a
 * burst. Any thread.
 *
 * The table has a fixed size. A client that is not in it has a full bucket, so one that has been
 * quiet for long enough need not be remembered; where there is no room, the one that is nearest to
 * a full bucket is forgotten. Where a client's place is depends on a seed that nobody outside
 * knows. */
#ifndef PL_BASE_RATE_H
#define PL_BASE_RATE_H

#include <stdint.h>

typedef struct pl_rate pl_rate;

pl_rate *pl_rate_new(uint32_t per_second, uint32_t burst, uint64_t seed);
void pl_rate_free(pl_rate *r); /* or NULL */
/* Takes a token of the client: 0, or how many milliseconds until there is one. `address`: IPv6, or
 * IPv4 mapped into it. */
uint64_t pl_rate_take(pl_rate *r, const uint8_t address[16], uint64_t now_us);

#endif
