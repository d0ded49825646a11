/* SPDX-License-Identifier: MIT
 *
 * The Lua files that the binary carries, as they are. The table is written at build time by embed.c;
 * sorted by path. */
#ifndef PL_SCRIPT_EMBED_H
#define PL_SCRIPT_EMBED_H

#include <stddef.h>

typedef struct pl_embedded {
    const char *path; /* in the source tree: "lua/perilune/init.lua", "plugins/basic/handler.lua" */
    const unsigned char *bytes;
    size_t len;
} pl_embedded;

extern const pl_embedded pl_embedded_files[];
extern const size_t pl_embedded_count;

#endif
