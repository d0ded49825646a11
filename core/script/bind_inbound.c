/* SPDX-License-Identifier: MIT
 *
 * The inbound request that verifiers and sources see: as it came, and read only. The body is its
 * raw bytes, which is what signatures are about; `query` and `form` decode the one that they are asked
 * for.
 * A field that came several times is joined with commas (RFC 9110 section 5.3), so that a second
 * signature beside a good one makes both unreadable; of a parameter the first counts. */
#include "script/bind.h"

#include "http/message.h"
#include "http/url.h"

#include <lauxlib.h>

#define TYPE "perilune.inbound"

typedef struct inbound_ud {
    const pl_reception *r; /* NULL: over */
} inbound_ud;

static const pl_reception *check_inbound(lua_State *L)
{
    inbound_ud *ud = luaL_checkudata(L, 1, TYPE);
    if (ud->r == NULL) luaL_error(L, "an inbound request that was answered");
    return ud->r;
}

/* -- methods -- */

static int inbound_method(lua_State *L)
{
    pl_push_slice(L, check_inbound(L)->request->method);
    return 1;
}

static int inbound_target(lua_State *L)
{
    pl_push_slice(L, check_inbound(L)->request->target);
    return 1;
}

static int inbound_path(lua_State *L)
{
    pl_push_slice(L, check_inbound(L)->request->path);
    return 1;
}

static int inbound_body(lua_State *L)
{
    pl_push_slice(L, check_inbound(L)->body);
    return 1;
}

static int inbound_client(lua_State *L)
{
    lua_pushstring(L, check_inbound(L)->client);
    return 1;
}

static void set_text(lua_State *L, const char *name, pl_slice value)
{
    pl_push_slice(L, value);
    lua_setfield(L, -2, name);
}

static int inbound_certificate(lua_State *L)
{
    const pl_certificate *c = check_inbound(L)->certificate;
    if (c == NULL) {
        lua_pushnil(L);
        return 1;
    }
    lua_createtable(L, 0, 5);
    set_text(L, "subject", c->subject);
    set_text(L, "issuer", c->issuer);
    set_text(L, "serial", c->serial);
    set_text(L, "sha256", c->sha256);
    lua_createtable(L, (int)c->name_count, 0);
    for (uint32_t i = 0; i < c->name_count; i++) {
        pl_push_slice(L, c->names[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "san");
    return 1;
}

/* All values of a name, joined; false when there is none. */
static bool put_joined(pl_buf *out, const pl_http_request *q, pl_slice name)
{
    bool is_there = false;
    for (uint32_t i = 0; i < q->header_count; i++) {
        if (!pl_slice_eq_nocase(q->headers[i].name, name)) continue;
        if (is_there) PL_BUF_PUT(out, ", ");
        is_there = true;
        pl_buf_put_slice(out, q->headers[i].value);
    }
    return is_there;
}

static int inbound_header(lua_State *L)
{
    const pl_reception *r = check_inbound(L);
    pl_slice name = pl_check_slice(L, 2);
    pl_buf *joined = pl_scratch(L);
    if (put_joined(joined, r->request, name)) return pl_push_buf(L, joined);
    lua_pushnil(L);
    return 1;
}

static int inbound_headers(lua_State *L)
{
    const pl_http_request *q = check_inbound(L)->request;
    lua_createtable(L, 0, (int)q->header_count);
    for (uint32_t i = 0; i < q->header_count; i++) {
        pl_buf *joined = pl_scratch(L);
        if (pl_http_header(q, q->headers[i].name) != &q->headers[i]) continue; /* joined already */
        put_joined(joined, q, q->headers[i].name);
        pl_push_lower(L, q->headers[i].name);
        pl_push_buf(L, joined);
        lua_rawset(L, -3);
    }
    return 1;
}

/* -- parameters, of the query or of a form -- */

/* Decoded; as it is where the encoding is not valid. */
static void push_decoded(lua_State *L, pl_slice text)
{
    pl_buf *decoded = pl_scratch(L);
    if (pl_url_decode(decoded, text, true))
        pl_push_buf(L, decoded);
    else
        pl_push_slice(L, text);
}

/* The decoded names of the stack's top and of `wanted` are the same? Takes the top away. */
static bool pop_is(lua_State *L, int wanted)
{
    bool is_same = lua_rawequal(L, -1, wanted);
    lua_pop(L, 1);
    return is_same;
}

static int push_parameter(lua_State *L, pl_slice rest)
{
    pl_slice name, value;
    pl_check_slice(L, 2);
    while (rest.ptr && pl_query_next(&rest, &name, &value)) {
        push_decoded(L, name);
        if (!pop_is(L, 2)) continue;
        push_decoded(L, value);
        return 1;
    }
    lua_pushnil(L);
    return 1;
}

/* Without a name the query as it was written. */
static int inbound_query(lua_State *L)
{
    pl_slice query = check_inbound(L)->request->query;
    if (!lua_isnoneornil(L, 2)) return push_parameter(L, query);
    pl_push_slice(L, query);
    return 1;
}

/* Of a body that says that it is a form; others may look like one. */
static int inbound_form(lua_State *L)
{
    const pl_reception *r = check_inbound(L);
    const pl_header *type = pl_http_header(r->request, PL_SLICE("Content-Type"));
    bool is_form =
        type && pl_http_media_type_is(type->value, PL_SLICE("application/x-www-form-urlencoded"));
    return push_parameter(L, is_form ? r->body : PL_NO_SLICE);
}

static const luaL_Reg inbound_methods[] = {
    {"method", inbound_method},
    {"target", inbound_target},
    {"path", inbound_path},
    {"query", inbound_query},
    {"header", inbound_header},
    {"headers", inbound_headers},
    {"body", inbound_body},
    {"form", inbound_form},
    {"client", inbound_client},
    {"certificate", inbound_certificate},
    {NULL, NULL},
};

void pl_bind_inbound_push(lua_State *L, const pl_reception *r)
{
    inbound_ud *ud = lua_newuserdata(L, sizeof *ud);
    ud->r = NULL;
    pl_bind_type(L, TYPE, inbound_methods, NULL);
    lua_setmetatable(L, -2);
    ud->r = r;
}

void pl_bind_inbound_clear(lua_State *L, int index)
{
    inbound_ud *ud = luaL_testudata(L, index, TYPE);
    if (ud) ud->r = NULL;
}
