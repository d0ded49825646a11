/* SPDX-License-Identifier: MIT
 *
 * Webhooks by their names: sorted, so that one is found by halving, without asking Lua. */
#ifndef PL_SCRIPT_DIRECTORY_H
#define PL_SCRIPT_DIRECTORY_H

#include "base/arena.h"
#include "flow/generation.h"

typedef struct pl_directory {
    const uint32_t *sorted; /* indexes of policies, by connector and webhook */
    const pl_policy *policies;
    uint32_t count;
} pl_directory;

/* Of policies that live as long, in the arena. */
void pl_directory_init(pl_directory *d, const pl_policy *policies, uint32_t count, pl_arena *arena);
/* As `find` of pl_generation. */
int64_t pl_directory_find(const pl_directory *d, pl_slice connector, pl_slice webhook);

#endif
