/* SPDX-License-Identifier: MIT
 *
 * Secret values: the process-wide list of what must never be printed, and comparison in constant
 * time. A value is registered when it is read (by script/ and the settings); log, record and
 * answers pass their bytes through pl_secret_mask. Any thread.
 *
 * Values of the configuration are kept until they are retired. Values that come and go (tokens that
 * scripts obtain) are passing: only so many are known at a time, and a new one takes the place of
 * one that was not registered again for longest. */
#ifndef PL_BASE_SECRET_H
#define PL_BASE_SECRET_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

/* Shorter values are not masked: they would blank out ordinary text. */
#define PL_SECRET_MIN_BYTES 4
/* Shorter encodings of a value are not masked, for the same reason. */
#define PL_SECRET_MIN_ENCODED 6
/* Of one value that a script or a file may bring. A private key of 8,192 bits is a tenth of it. */
#define PL_SECRET_MAX_BYTES 65536
/* Of passing values that are known at a time, and of their bytes. Each takes up to forty times its
 * size, in all its encodings. */
#define PL_SECRET_PASSING_MAX   4096
#define PL_SECRET_PASSING_BYTES (8 << 20)

/* Registers the value, and how it looks in JSON strings, URLs, forms, base64 and hexadecimal. Each
 * call counts: the value is kept until it was retired as often. */
void pl_secret_register(pl_slice value);
/* The value is not in use any more: it is passing from now on. */
void pl_secret_retire(pl_slice value);
/* Registers a passing value. Cheap for one that is known. */
void pl_secret_register_passing(pl_slice value);

/* Is any registered value part of these bytes? A look at each byte: about a microsecond a kilobyte. */
bool pl_secret_is_in(pl_slice bytes);
/* Appends `bytes` to `out` with every registered value
 * written as "***", values that overlap as one. */
void pl_secret_mask(pl_buf *out, pl_slice bytes);
/* The bytes themselves when nothing is in them, else a masked copy in the arena. */
pl_slice pl_secret_masked(pl_arena *arena, pl_slice bytes);
/* As pl_secret_mask for a valid JSON value, which stays one: names and strings are masked as text, a
 * number in which a registered value is becomes "***". */
void pl_secret_mask_json(pl_buf *out, pl_slice json);
/* Equal? Takes a time that depends on `given.len` only. */
bool pl_secret_eq(pl_slice secret, pl_slice given);

/* Do the lists hold together? For tests. */
bool pl_secret_check(void);

#endif
