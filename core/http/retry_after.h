/* SPDX-License-Identifier: MIT
 *
 * The field Retry-After (RFC 9110 section 10.2.3) and the dates it may hold. Pure. */
#ifndef PL_HTTP_RETRY_AFTER_H
#define PL_HTTP_RETRY_AFTER_H

#include "base/slice.h"

#include <stdint.h>

/* A date of HTTP (RFC 9110 section 5.6.7): IMF-fixdate, or one of the two obsolete forms, which a
 * recipient has to accept. Seconds since 1970; false when it is none. `now_s` says which century a
 * year of two digits means: one that would be more than 50 years ahead is past. The name of the day
 * is read and not believed. */
bool pl_http_date_read(pl_slice text, int64_t now_s, int64_t *wall_s);

/* How long to wait from now on, in milliseconds, 0 for a date that is past; -1 when it says
 * nothing: neither a number of seconds nor a date. */
int64_t pl_http_retry_after_ms(pl_slice value, int64_t now_ms);

#endif
