/* SPDX-License-Identifier: MIT
 *
 * Randomness and time-ordered ids. Both take what they need as arguments: a generator is seeded by
 * its owner, an id is made from a time and a generator. The generator (xoshiro256**) is for ids and
 * jitter, never for keys. */
#ifndef PL_BASE_ID_H
#define PL_BASE_ID_H

#include "base/slice.h"
#include "base/time.h"

#include <stdint.h>

typedef struct pl_rng {
    uint64_t s[4];
    uint64_t last_ms; /* of the last id, with its counter: ids of one generator never go back */
    uint16_t counter;
} pl_rng;

/* `seed` is 32 bytes of good randomness. */
void pl_rng_init(pl_rng *r, const uint8_t seed[32]);
uint64_t pl_rng_next(pl_rng *r);
/* Uniform in [0, 1). */
double pl_rng_unit(pl_rng *r);

/* RFC 9562 */
typedef struct pl_uuid {
    uint8_t bytes[16];
} pl_uuid;

#define PL_UUID_TEXT 36 /* length of the text form, without NUL */

/* Version 7 (section 5.7); the 12 bits of rand_a count within one millisecond. */
pl_uuid pl_uuid_new(pl_rng *r, uint64_t wall_ms);
/* Version 4 (section 5.4), of 16 random bytes. */
pl_uuid pl_uuid_random(const uint8_t bytes[16]);
void pl_uuid_format(pl_uuid id, char text[PL_UUID_TEXT + 1]);
/* Reads the text form, either case; false when it is not one. */
bool pl_uuid_parse(pl_slice text, pl_uuid *id);
static inline bool pl_uuid_eq(pl_uuid a, pl_uuid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

#endif
