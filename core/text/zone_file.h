/* SPDX-License-Identifier: MIT
 *
 * The content of a TZif file (RFC 8536), version 2 or later. Inner to core/text. */
#ifndef PL_TEXT_ZONE_FILE_H
#define PL_TEXT_ZONE_FILE_H

#include "text/zone_rule.h"

/* Where the parts lie in the bytes, which are the caller's and must stay. */
typedef struct pl_zone_file {
    const uint8_t *changes; /* 8 bytes each: when */
    const uint8_t *kinds;   /* 1 byte each: to which type */
    const uint8_t *types;   /* 6 bytes each: offset, is it summer, name */
    const char *names;
    uint32_t change_count, type_count, name_bytes;
    pl_zone_rule rule;
    bool has_rule;
} pl_zone_file;

/* False: the bytes are no such file. */
bool pl_zone_file_read(pl_slice bytes, pl_zone_file *file);
pl_zone_time pl_zone_file_at(const pl_zone_file *file, int64_t seconds);

#endif
