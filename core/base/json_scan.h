/* SPDX-License-Identifier: MIT
 *
 * Strings and numbers of JSON, for those who read documents: json.c token by token, json_index.c in
 * one go. Inner to base/.
 *
 * Each function returns where it has come to, or NULL: what stands there is refused. `*why` is
 * written then only. */
#ifndef PL_BASE_JSON_SCAN_H
#define PL_BASE_JSON_SCAN_H

#include "base/json_bytes.h"

#include <stdbool.h>

typedef struct pl_json_refusal {
    const char *at, *message; /* static text */
} pl_json_refusal;

/* A string that has more in it than plain bytes, from the first such byte on. */
const char *pl_json_scan_rest(const char *p, const char *end, bool *has_escapes,
                              pl_json_refusal *why);
/* `p` is on a digit, on '-', or on what is refused. */
const char *pl_json_scan_number(const char *p, const char *end, pl_json_refusal *why);

/* `p` is behind the opening quote; returns where the closing one is. */
static inline const char *pl_json_scan_string(const char *p, const char *end, bool *has_escapes,
                                              pl_json_refusal *why)
{
    *has_escapes = false;
    p = pl_json_plain_end(p, end);
    return p < end && *p == '"' ? p : pl_json_scan_rest(p, end, has_escapes, why);
}

/* Mostly there is none, or one. */
__attribute__((always_inline)) static inline const char *pl_json_skip_space(const char *p,
                                                                            const char *end)
{
    while (p < end && (uint8_t)*p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

#endif
