/* SPDX-License-Identifier: MIT
 *
 * Times as text. Times are milliseconds since the epoch, in UTC; the clock is read elsewhere. */
#ifndef PL_BASE_TIME_H
#define PL_BASE_TIME_H

#include "base/slice.h"

#include <stdint.h>

/* RFC 3339 in UTC with milliseconds, "2026-11-21T08:15:30.123Z". What is outside the years 0 to
 * 9999 becomes the nearest time inside. */
#define PL_TIME_TEXT 24
void pl_time_format(int64_t wall_ms, char text[PL_TIME_TEXT + 1]);
/* Any RFC 3339 date-time (fractions are cut to milliseconds), or a whole number of milliseconds
 * since the epoch; false when it is neither. */
bool pl_time_parse(pl_slice text, int64_t *wall_ms);

#endif
