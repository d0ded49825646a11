/* SPDX-License-Identifier: MIT
 *
 * Secret handles. A script passes one on (request:set_header, set_basic) and cannot read it: it
 * prints as "***", does not concatenate, compares with nothing and does not encode. The value is on
 * the list of what is masked from the moment the handle is made.
 *
 * The handle of a name leads to the secret's cell (secrets.h), and follows when the value changes.
 * That of a text has a value of its own. */
#include "base/secret.h"
#include "script/bind.h"
#include "script/gate.h"
#include "script/secrets.h"

#include <lauxlib.h>

struct pl_secret_handle {
    pl_secret_cell *cell;   /* or NULL */
    pl_secret_value *value; /* as it was last used; NULL: not yet */
    pl_secret_value *last;  /* the one before: it may be in use by the caller */
};

static void refresh(pl_secret_handle *s)
{
    if (s->cell == NULL || pl_secret_cell_has(s->cell, s->value)) return;
    pl_secret_value_unref(s->last);
    s->last = s->value;
    s->value = pl_secret_cell_value(s->cell);
}

/* Without raising: what was lost is "". */
static pl_slice value_of(pl_secret_handle *s)
{
    refresh(s);
    return s->value ? (pl_slice){s->value->bytes, s->value->len} : (pl_slice){"", 0};
}

bool pl_secret_handle_value(pl_secret_handle *s, pl_slice *value)
{
    *value = value_of(s);
    return s->cell == NULL || value->len > 0;
}

pl_secret_handle *pl_bind_secret_handle(lua_State *L, int index)
{
    return luaL_testudata(L, index, PL_SECRET);
}

bool pl_bind_is_secret_at(lua_State *L, int index)
{
    return luaL_testudata(L, index, PL_SECRET) != NULL;
}

bool pl_bind_secret_peek(lua_State *L, int index, pl_slice *value)
{
    pl_secret_handle *s = pl_bind_secret_handle(L, index);
    if (s == NULL) return false;
    *value = value_of(s);
    return true;
}

bool pl_bind_secret_at(lua_State *L, int index, pl_slice *value)
{
    pl_secret_handle *s = pl_bind_secret_handle(L, index);
    if (s == NULL) return false;
    if (!pl_secret_handle_value(s, value))
        pl_lua_fail(L, "auth", "the secret \"%s\" has no value", pl_secret_cell_name(s->cell));
    return true;
}

static pl_secret_handle *push_secret(lua_State *L)
{
    pl_secret_handle *s = lua_newuserdata(L, sizeof *s);
    *s = (pl_secret_handle){0};
    luaL_getmetatable(L, PL_SECRET);
    lua_setmetatable(L, -2);
    return s;
}

void pl_bind_secret_compose(lua_State *L, pl_slice value)
{
    push_secret(L)->value = pl_secret_value_new(value);
}

void pl_bind_secret_push(lua_State *L, pl_slice value)
{
    pl_bind_secret_compose(L, value);
    pl_secret_register_passing(value);
}

static void push_text(lua_State *L, int index)
{
    pl_slice text = pl_check_slice(L, index);
    luaL_argcheck(L, text.len <= PL_SECRET_MAX_BYTES, index, "a secret holds 65536 bytes at most");
    pl_bind_secret_compose(L, text);
}

/* -- methods -- */

static int secret_concat(lua_State *L)
{
    return luaL_error(L, "a secret cannot be joined with `..`; pass it as a part of its own, as in "
                         "request:set_header(\"Authorization\", \"Bearer \", secret)");
}

static int secret_tostring(lua_State *L)
{
    lua_pushliteral(L, "***");
    return 1;
}

static int secret_gc(lua_State *L)
{
    pl_secret_handle *s = luaL_checkudata(L, 1, PL_SECRET);
    pl_secret_value_unref(s->value);
    pl_secret_value_unref(s->last);
    s->value = s->last = NULL;
    return 0;
}

static const luaL_Reg no_methods[] = {{NULL, NULL}};

static const luaL_Reg events[] = {
    {"__concat", secret_concat},
    {"__tostring", secret_tostring},
    {"__gc", secret_gc},
    {NULL, NULL},
};

void pl_bind_secret_type(lua_State *L)
{
    pl_bind_type(L, PL_SECRET, no_methods, NULL);
    luaL_register(L, NULL, events);
    lua_pop(L, 1);
}

/* -- functions -- */

int pl_bind_secret_of_name(lua_State *L)
{
    pl_slice name = pl_check_slice(L, 1);
    pl_buf *reason = pl_scratch(L);
    pl_secret_cell *cell = pl_secrets_find(name, reason);
    if (cell) {
        push_secret(L)->cell = cell;
        return 1;
    }
    lua_pushnil(L);
    return 1 + pl_push_buf(L, reason);
}

int pl_bind_secret_to_be(lua_State *L)
{
    pl_secret_cell *cell = pl_secrets_cell(pl_check_slice(L, 1));
    push_secret(L)->cell = cell;
    return 1;
}

int pl_bind_secret_of_text(lua_State *L)
{
    push_text(L, 1);
    pl_secret_register_passing(pl_check_slice(L, 1));
    return 1;
}

int pl_bind_secret_of_config(lua_State *L)
{
    push_text(L, 1);
    pl_secret_register(pl_check_slice(L, 1));
    return 1;
}

int pl_bind_secrets_dir(lua_State *L)
{
    pl_secrets_set_dir(luaL_checkstring(L, 1));
    return 0;
}

int pl_bind_is_secret(lua_State *L)
{
    lua_pushboolean(L, pl_bind_is_secret_at(L, 1));
    return 1;
}
