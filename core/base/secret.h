/* SPDX-License-Identifier: MIT
 *
 * Secret values: the process-wide list of what must never be printed, and comparison in constant
 * time. A value is registered when it is read (by script/ and the settings) and stays for the life
 * of the process; log, record and answers pass their bytes through pl_secret_mask. Any thread. */
#ifndef PL_BASE_SECRET_H
#define PL_BASE_SECRET_H

#include "base/buf.h"
#include "base/slice.h"

/* Shorter values are not masked: they would blank out ordinary text. */
#define PL_SECRET_MIN_BYTES 4

/* Registers the value and the forms it takes inside JSON strings, URLs and forms. */
void pl_secret_register(pl_slice value);
/* Is any registered value part of these bytes? Cheap when nothing is registered. */
bool pl_secret_is_in(pl_slice bytes);
/* Appends `bytes` to `out` with every registered value
 * written as "***", values that overlap as one. */
void pl_secret_mask(pl_buf *out, pl_slice bytes);
/* The same for a valid JSON value, which stays one: names and strings are masked as text, a
 * number in which a registered value is becomes "***". */
void pl_secret_mask_json(pl_buf *out, pl_slice json);
/* Equal? Takes a time that depends on `given.len` only. */
bool pl_secret_eq(pl_slice secret, pl_slice given);

#endif
