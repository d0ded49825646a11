/* SPDX-License-Identifier: MIT
 *
 * What perilune.load of lua/perilune/init.lua returned, read into what C acts on, in the arena.
 * `generation` is the index of its table. */
#ifndef PL_SCRIPT_LOADED_H
#define PL_SCRIPT_LOADED_H

#include "flow/generation.h"
#include "flow/settings.h"
#include "script/script.h"

#include <lua.h>

/* `list` is the index of an array of { file =, line =, column =, message = }. */
void pl_loaded_faults(lua_State *L, int list, bool are_warnings, pl_faults *faults);
void pl_loaded_policies(lua_State *L, int generation, pl_arena *arena, pl_generation *g);
void pl_loaded_limits(lua_State *L, int generation, pl_arena *arena, pl_generation *g);
void pl_loaded_sources(lua_State *L, int generation, pl_arena *arena, pl_generation *g);
/* What gateway.lua sets, put over *settings. */
void pl_loaded_settings(lua_State *L, int generation, pl_settings *settings);

#endif
