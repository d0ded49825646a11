/* SPDX-License-Identifier: MIT
 *
 * Times as text, and the calendar. Times are milliseconds since the epoch, in UTC; the clock is
 * read elsewhere. */
#ifndef PL_BASE_TIME_H
#define PL_BASE_TIME_H

#include "base/slice.h"

#include <stdint.h>

/* A day of the Gregorian calendar, which is carried back to the year 0. */
typedef struct pl_date {
    int year, month, day; /* from 1 */
} pl_date;

/* Days since 1970-01-01, of the years 0 to 9999. */
int64_t pl_day_of_date(pl_date date);
pl_date pl_date_of_day(int64_t day);
int pl_days_in_month(pl_date date);

/* RFC 3339 in UTC with milliseconds, "2026-11-21T08:15:30.123Z". What is outside the years 0 to
 * 9999 becomes the nearest time inside. */
#define PL_TIME_TEXT 24
void pl_time_format(int64_t wall_ms, char text[PL_TIME_TEXT + 1]);
/* Any RFC 3339 date-time (fractions are cut to milliseconds), or a whole number of milliseconds
 * since the epoch; false when it is neither. */
bool pl_time_parse(pl_slice text, int64_t *wall_ms);

#endif
