/* SPDX-License-Identifier: MIT
 *
 * The log: one line a record on stderr, written whole by one write(2), so that lines of threads
 * never mix. JSON lines ({"time":...,"level":...,"msg":...,fields}); on a terminal, or when asked,
 * a human form. Secret values are masked on the way out (base/secret.h). Any thread.
 *
 *   pl_log(PL_LOG_INFO, "listening", PL_LOG_STR("address", text), PL_LOG_INT("workers", n));
 */
#ifndef PL_BASE_LOG_H
#define PL_BASE_LOG_H

#include "base/slice.h"

#include <stdint.h>

enum pl_log_level { PL_LOG_DEBUG, PL_LOG_INFO, PL_LOG_WARN, PL_LOG_ERROR, PL_LOG_OFF };
enum pl_log_form { PL_LOG_AUTO, PL_LOG_JSON, PL_LOG_HUMAN };

typedef struct pl_log_field {
    const char *key; /* NULL: the end */
    enum { PL_LOG_FIELD_STR, PL_LOG_FIELD_INT } kind;
    pl_slice text;
    int64_t number;
} pl_log_field;

#define PL_LOG_SLICE(key, slice) ((pl_log_field){key, PL_LOG_FIELD_STR, slice, 0})
#define PL_LOG_STR(key, text)    PL_LOG_SLICE(key, pl_slice_of(text))
#define PL_LOG_INT(key, number) \
    ((pl_log_field){key, PL_LOG_FIELD_INT, PL_NO_SLICE, (int64_t)(number)})

/* Once, before other threads: who tells the time (milliseconds since the epoch), where to write. */
void pl_log_init(int64_t (*wall_ms)(void), int fd, enum pl_log_level level, enum pl_log_form form);
void pl_log_set_level(enum pl_log_level level);
/* The level of a name ("debug", "info", "warn", "error", "off"), or -1. */
int pl_log_level_of(pl_slice name);
const char *pl_log_level_name(enum pl_log_level level);
bool pl_log_wants(enum pl_log_level level);
void pl_log_fields(enum pl_log_level level, const char *message, const pl_log_field *fields);
#define pl_log(level, message, ...) \
    pl_log_fields(level, message, (const pl_log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})

#endif
