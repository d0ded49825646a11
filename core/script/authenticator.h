/* SPDX-License-Identifier: MIT
 *
 * What authenticators set, as data (lua/perilune/credentials.lua): read when the folder is loaded, and
 * set on each request without running Lua.
 *
 * Only what goes well is done here. Where something is missing, or cannot stand where it is wanted,
 * nothing is set, and the same list carried out by Lua (apply.lua) says what is wrong. */
#ifndef PL_SCRIPT_AUTHENTICATOR_H
#define PL_SCRIPT_AUTHENTICATOR_H

#include "flow/exchange.h"
#include "script/bind.h"

#include <lua.h>

typedef struct pl_authenticator pl_authenticator;

/* Those of `count` webhooks, by index, in the arena; NULL where Lua has to be asked. `generation` is
 * the index of the table that perilune.load returned: what is read leads to secrets in it, so it has
 * to be kept as long. */
const pl_authenticator *const *pl_authenticators_read(lua_State *L, int generation, size_t count,
                                                      pl_arena *arena);
/* Sets them on the request of an exchange. False: they cannot be set, and the request is as it was.
 * `scratch` is emptied and used. */
bool pl_authenticator_set(const pl_authenticator *a, pl_exchange *x, pl_keys *keys,
                          pl_buf *scratch);

#endif
