/* SPDX-License-Identifier: MIT
 *
 * Recipes: webhooks that are data, carried out by C alone. What has to be done in a stage, if that is
 * plain, lua/perilune/recipe.lua works out of what the connector's file was compiled to; here it is
 * read into the arena of the generation, when the webhook is first used, and then followed for each
 * exchange.
 *
 *     entry -> recipe.lua -> pl_script_recipe -> pl_recipe_make_request, pl_recipe_judge
 *                                                      |
 *                                                    false: nothing has changed, Lua runs the stage
 *
 * A recipe knows the plain way only. Whatever it meets beside that it gives up, even where the
 * outcome would be clear: errors, warnings and all that is rare are Lua's. Where it succeeds, what it
 * has made is byte for byte what Lua makes. */
#ifndef PL_SCRIPT_RECIPE_H
#define PL_SCRIPT_RECIPE_H

#include "flow/exchange.h"
#include "script/outline.h"
#include "script/vm.h"

/* A text that is known, or an outline that makes it of the event. */
typedef struct pl_recipe_text {
    pl_slice known; /* ptr NULL: it is made, or there is none */
    const pl_outline *made;
} pl_recipe_text;

typedef struct pl_recipe_field {
    pl_slice name;
    pl_recipe_text value;
} pl_recipe_field;

typedef struct pl_recipe_fields {
    const pl_recipe_field *items;
    size_t count;
} pl_recipe_fields;

typedef struct pl_recipe_body {
    bool is_event; /* byte for byte; else */
    pl_recipe_text text;
    bool must_be_json; /* whether it is, only its text shows */
    pl_slice media;
} pl_recipe_body;

typedef struct pl_recipe_render {
    pl_slice method;
    pl_slice url;              /* all of it; ptr NULL: it is made of */
    pl_recipe_text base, path; /* these; there may be no base */
    pl_recipe_fields params, headers;
    const pl_recipe_body *body; /* or NULL */
    const pl_proxy *proxy;      /* or NULL: the usual one */
} pl_recipe_render;

typedef struct pl_recipe_variable {
    pl_slice member;        /* `"name":` */
    const pl_outline *made; /* of the body of the answer, its JSON; NULL: it stands at */
    pl_slice path;          /* names with dots, in the body of the answer */
    bool of_event;          /* or in the event */
} pl_recipe_variable;

typedef struct pl_recipe_map {
    pl_statuses success;
    bool is_auto; /* what the answer is, its Content-Type says; else it is JSON */
    const pl_recipe_variable *variables;
    size_t count;
} pl_recipe_map;

/* Of a webhook; NULL: Lua runs that stage. */
typedef struct pl_recipe {
    bool is_known; /* Lua was asked what follows */
    const pl_recipe_render *render;
    const pl_recipe_map *map;
} pl_recipe;

/* Makes x->request, which has the fields that every request has; false: it has changed nothing. */
bool pl_recipe_make_request(const pl_recipe_render *r, pl_exchange *x, pl_vm *vm);
/* Judges x->response: a success, and what x->variables are; false: it has changed nothing. */
bool pl_recipe_judge(const pl_recipe_map *r, pl_exchange *x, pl_vm *vm);

#endif
