/* SPDX-License-Identifier: MIT
 *
 * The rule for what is beyond a zone's table of changes: a POSIX TZ text such as
 * "CET-1CEST,M3.5.0,M10.5.0/3", with the extensions of RFC 8536 section 3.3.1. Inner to
 * core/text. */
#ifndef PL_TEXT_ZONE_RULE_H
#define PL_TEXT_ZONE_RULE_H

#include "text/zone.h"

#include <stdint.h>

/* When in a year, as a day and seconds of local time from its midnight. */
typedef struct pl_zone_change {
    enum { PL_ZONE_WEEKDAY, PL_ZONE_DAY_FROM_0, PL_ZONE_DAY_WITHOUT_LEAP } kind;
    int month, week; /* of a weekday; week 5 is the last */
    int day;
    int time_s;
} pl_zone_change;

typedef struct pl_zone_rule {
    pl_zone_time standard, summer;
    bool has_summer;
    pl_zone_change begin, end; /* of summer */
} pl_zone_rule;

bool pl_zone_rule_read(pl_slice text, pl_zone_rule *rule);
pl_zone_time pl_zone_rule_at(const pl_zone_rule *rule, int64_t seconds);

#endif
