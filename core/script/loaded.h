/* SPDX-License-Identifier: MIT
 *
 * What perilune.load of lua/perilune/init.lua returned, read into what C acts on, in the arena.
 * `generation` is the index of its table. */
#ifndef PL_SCRIPT_LOADED_H
#define PL_SCRIPT_LOADED_H

#include "flow/generation.h"
#include "flow/router.h"
#include "flow/settings.h"
#include "script/script.h"

#include <lua.h>

/* `list` is the index of an array of { file =, line =, column =, message = }. */
void pl_loaded_faults(lua_State *L, int list, bool are_warnings, pl_faults *faults);
void pl_loaded_policies(lua_State *L, int generation, pl_arena *arena, pl_generation *g);
void pl_loaded_limits(lua_State *L, int generation, pl_arena *arena, pl_generation *g);
/* The triggers whose webhooks ask for no more than the type. */
void pl_loaded_routes(lua_State *L, int generation, pl_arena *arena, pl_router *router);
void pl_loaded_sources(lua_State *L, int generation, pl_arena *arena, pl_generation *g);
/* What gateway.lua sets, put over *settings. */
void pl_loaded_settings(lua_State *L, int generation, pl_settings *settings);

/* -- fields of a table, for who reads more of them; they run nothing of a script -- */

void pl_loaded_push_field(lua_State *L, int table, const char *name);
/* A text, in the arena: "" where there is none. */
pl_slice pl_loaded_text(lua_State *L, int table, const char *name, pl_arena *arena);
/* The same, with ptr NULL where there is none. */
pl_slice pl_loaded_optional(lua_State *L, int table, const char *name, pl_arena *arena);
bool pl_loaded_flag(lua_State *L, int table, const char *name);
/* { { 200, 299 }, ... }: statuses from one to another. */
pl_statuses pl_loaded_statuses(lua_State *L, int table, const char *name);

#endif
