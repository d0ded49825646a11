/* SPDX-License-Identifier: MIT
 *
 * What script.c and script_stages.c share. Nobody else includes this. */
#ifndef PL_SCRIPT_SCRIPT_IMPL_H
#define PL_SCRIPT_SCRIPT_IMPL_H

#include "base/arena.h"
#include "base/mailbox.h"
#include "flow/exchange.h"
#include "flow/generation.h"
#include "flow/router.h"
#include "net/client.h"
#include "script/authenticator.h"
#include "script/directory.h"
#include "script/recipe.h"
#include "script/vm.h"

/* The functions of lua/perilune/init.lua that are called here. */
#define PL_SCRIPT_FUNCTIONS(X)      \
    X(LOAD, "load")                 \
    X(ROUTE, "route")               \
    X(RECIPE, "recipe")             \
    X(MAKE_FRAME, "frame")          \
    X(RENDER, "render")             \
    X(AUTHENTICATE, "authenticate") \
    X(UNAUTHORIZED, "unauthorized") \
    X(MAP, "map")                   \
    X(FAILED, "failed")             \
    X(RECEIVE, "receive")           \
    X(DESCRIBE, "describe")

enum pl_script_function {
#define X(code, ...) code,
    PL_SCRIPT_FUNCTIONS(X)
#undef X
        PL_SCRIPT_FUNCTION_COUNT
};

typedef struct pl_script {
    pl_generation base;
    pl_vm vm;
    pl_arena arena; /* policies, sources, routes, recipes, credentials */
    pl_directory directory;
    pl_slice *bare; /* ids of connectors without webhooks */
    uint32_t bare_count;
    pl_recipe *recipes;                            /* one for each webhook */
    const pl_authenticator *const *authenticators; /* by webhook; NULL: Lua has to be asked */
    pl_keys *keys;                                 /* the state's */
    pl_router router;                              /* triggers that need no script */
    int functions[PL_SCRIPT_FUNCTION_COUNT];       /* registry */
    int generation;                                /* registry: what `load` returned */
    pl_client *client;                             /* its worker's, for requests of scripts */
    pl_tolls tolls;                                /* and what those pass on their way */
    pl_mailbox *undertaker; /* of the thread that closes it; NULL: whoever drops it last */
    pl_message burial;
} pl_script;

pl_script *pl_script_of(pl_generation *g);
/* Pushes a function and the generation. */
void pl_script_push_function(const pl_script *s, lua_State *L, enum pl_script_function f);

/* recipe_read.c: that of a webhook. Lua is asked once. */
const pl_recipe *pl_script_recipe(pl_script *s, uint32_t webhook);

/* sender.c: how the requests of its scripts leave. */
pl_sender pl_script_sender(pl_script *s);

/* script_stages.c, as in flow/generation.h */
int pl_script_render(pl_generation *g, pl_exchange *x);
int pl_script_authenticate(pl_generation *g, pl_exchange *x);
int pl_script_map(pl_generation *g, pl_exchange *x);
int pl_script_unauthorized(pl_generation *g, pl_exchange *x);
int pl_script_failed(pl_generation *g, pl_exchange *x);
void pl_script_release(pl_generation *g, pl_exchange *x);

#endif
