/* SPDX-License-Identifier: MIT
 *
 * The response as mappers see it: status, body, header(name), headers(). Read only. */
#include "script/bind.h"

#include <lauxlib.h>

static const pl_known_type response_type = {PL_TYPE_RESPONSE, "perilune.response"};

typedef struct response_ud {
    pl_known known;
    pl_exchange *x; /* NULL: over */
} response_ud;

static const pl_response *check_response(lua_State *L)
{
    response_ud *ud = pl_bind_known_check(L, 1, &response_type);
    if (ud->x == NULL) luaL_error(L, "the response of an exchange that is over");
    return &ud->x->response;
}

/* All values of a name, joined as RFC 9110 section 5.3 has it. */
static void push_joined(lua_State *L, const pl_field *f, pl_slice name)
{
    pl_buf *joined = &pl_vm_of(L)->scratch;
    pl_buf_clear(joined);
    for (bool is_first = true; f; f = f->next) {
        if (!pl_slice_eq_nocase(f->name, name)) continue;
        if (!is_first) PL_BUF_PUT(joined, ", ");
        is_first = false;
        pl_buf_put_slice(joined, f->value);
    }
    pl_push_slice(L, pl_buf_slice(joined));
}

static int response_header(lua_State *L)
{
    pl_field *fields = check_response(L)->fields;
    pl_slice name = pl_check_slice(L, 2);
    if (pl_fields_find(fields, name))
        push_joined(L, fields, name);
    else
        lua_pushnil(L);
    return 1;
}

void pl_bind_fields_push(lua_State *L, pl_field *fields)
{
    lua_newtable(L);
    for (pl_field *f = fields; f; f = f->next) {
        if (pl_fields_find(fields, f->name) != f) continue; /* joined into the first */
        pl_push_lower(L, f->name);
        push_joined(L, f, f->name);
        lua_rawset(L, -3);
    }
}

static int response_headers(lua_State *L)
{
    pl_bind_fields_push(L, check_response(L)->fields);
    return 1;
}

static int response_index(lua_State *L)
{
    const pl_response *r = check_response(L);
    pl_slice key = pl_check_slice(L, 2);
    if (pl_slice_eq(key, PL_SLICE("status"))) {
        lua_pushinteger(L, r->status);
    } else if (pl_slice_eq(key, PL_SLICE("body"))) {
        pl_push_slice(L, r->body);
    } else {
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
    }
    return 1;
}

static const luaL_Reg response_methods[] = {
    {"header", response_header}, {"headers", response_headers}, {NULL, NULL}};

void pl_bind_response_push(lua_State *L, pl_exchange *x)
{
    response_ud *ud =
        pl_bind_known_new(L, &response_type, sizeof *ud, response_methods, response_index);
    ud->x = x;
}

void pl_bind_response_clear(lua_State *L, int index)
{
    response_ud *ud = pl_bind_known_at(L, index, &response_type);
    if (ud) ud->x = NULL;
}
