/* SPDX-License-Identifier: MIT
 *
 * Time zones: "UTC", an offset ("+02:00"), or a name of the system's tzdata ("Europe/Berlin"). A
 * zone's file is read when it is first asked for and then kept for the life of the process. Any
 * thread. */
#ifndef PL_TEXT_ZONE_H
#define PL_TEXT_ZONE_H

#include "base/buf.h"

#include <stdint.h>

#define PL_ZONE_NAME 15 /* longest abbreviation */

/* What clocks show somewhere at some time. */
typedef struct pl_zone_time {
    int32_t offset_s;            /* east of Greenwich */
    char name[PL_ZONE_NAME + 1]; /* "CEST"; of an offset "UTC+02:00" */
} pl_zone_time;

/* At a time in seconds since the epoch, of the years 0 to 9999. False: there is no such zone. */
bool pl_zone_at(pl_slice zone, int64_t seconds, pl_zone_time *time);

#endif
