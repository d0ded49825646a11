/* SPDX-License-Identifier: MIT
 *
 * Points in time as text: written as Python's strftime does in the C locale, read from ISO 8601.
 * The years 1 to 9999. */
#ifndef PL_TEXT_MOMENT_H
#define PL_TEXT_MOMENT_H

#include "base/buf.h"

#include <stdint.h>

typedef struct pl_moment {
    int64_t seconds;      /* since the epoch */
    int32_t microseconds; /* 0 to 999999, later than `seconds` */
} pl_moment;

/* The nearest microsecond (a tie to the even one); what is not finite or far away becomes a moment
 * that cannot be written. */
pl_moment pl_moment_of(double seconds);
double pl_moment_seconds(pl_moment m);

/* Appends the moment as clocks of the zone (text/zone.h) show it. The directives are those of
 * Python's documentation, %F, %T, %D, %R, %r, %e, %C, %h, %g, %k, %l, %P, %s, %n, %t, which its
 * C library knows, and %:z; "-" in front of a letter, as in %-d, leaves out zeros and spaces that
 * pad. False: `out` has the reason instead. */
bool pl_moment_put(pl_buf *out, pl_moment m, pl_slice format, pl_slice zone);

/* Reads a date, "2026-11-21" or "20261121", and behind "T" or a space a time of hours and minutes,
 * seconds, a fraction, and an offset; without one it is UTC. False: it is none. */
bool pl_moment_read(pl_slice text, pl_moment *m);

#endif
