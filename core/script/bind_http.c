/* SPDX-License-Identifier: MIT
 *
 * core.url and core.http: URLs and fields of HTTP messages. */
#include "script/bind.h"

#include "base/percent.h"
#include "http/host.h"
#include "http/message.h"
#include "http/url.h"
#include "script/budget.h"

#include <lauxlib.h>

#define POLL_PAIRS 1000 /* pairs of a query: is the script's time over? */
#define BAD_ESCAPE "a '%' without two hexadecimal digits behind it"

/* -- URLs -- */

static int url_encode(lua_State *L)
{
    return pl_bind_converted(L, pl_percent_encode);
}

static int url_encode_form(lua_State *L)
{
    return pl_bind_converted(L, pl_percent_encode_form);
}

static int push_decoded(lua_State *L, bool plus_is_space)
{
    pl_slice text = pl_check_slice(L, 1);
    pl_buf *out = pl_scratch(L);
    if (!pl_url_decode(out, text, plus_is_space)) return pl_push_wrong(L, BAD_ESCAPE);
    return pl_push_buf(L, out);
}

/* decode(text) -> text, or nil and a message; a '+' stays one */
static int url_decode(lua_State *L)
{
    return push_decoded(L, false);
}

/* The same where a '+' is a space. */
static int url_decode_form(lua_State *L)
{
    return push_decoded(L, true);
}

/* Decodes `text` into element `at` of the table on top. */
static bool set_decoded(lua_State *L, int at, pl_slice text)
{
    pl_buf *out = pl_scratch(L);
    if (!pl_url_decode(out, text, true)) return false;
    pl_push_buf(L, out);
    lua_rawseti(L, -2, at);
    return true;
}

/* pairs(query) -> { { name, value }... }, or nil and a message */
static int url_pairs(lua_State *L)
{
    pl_slice rest = pl_check_slice(L, 1), name, value;
    lua_newtable(L);
    for (int n = 1; pl_query_next(&rest, &name, &value); n++) {
        if (n % POLL_PAIRS == 0) pl_budget_poll(L);
        lua_createtable(L, 2, 0);
        if (!set_decoded(L, 1, name) || !set_decoded(L, 2, value))
            return pl_push_wrong(L, BAD_ESCAPE);
        lua_rawseti(L, -2, n);
    }
    return 1;
}

static int url_is_absolute(lua_State *L)
{
    lua_pushboolean(L, pl_url_is_absolute(pl_check_slice(L, 1)));
    return 1;
}

static int url_join(lua_State *L)
{
    pl_slice base = pl_check_slice(L, 1), path = pl_check_slice(L, 2);
    pl_buf *out = pl_scratch(L);
    pl_url_join(out, base, path);
    return pl_push_buf(L, out);
}

/* whole(base or nil, path) -> the URL of a request, or nil and what is wrong with it */
static int url_whole(lua_State *L)
{
    pl_slice base = lua_isnil(L, 1) ? PL_NO_SLICE : pl_check_slice(L, 1);
    pl_slice path = pl_check_slice(L, 2);
    pl_buf *out = pl_scratch(L);
    if (pl_url_whole(out, base, path)) return pl_push_buf(L, out);
    lua_pushnil(L);
    return 1 + pl_push_buf(L, out);
}

/* dot_segment(path) -> the first segment that is "." or "..", or nil */
static int url_dot_segment(lua_State *L)
{
    pl_slice dots = pl_url_dot_segment(pl_check_slice(L, 1));
    if (dots.ptr == NULL) return 0;
    pl_push_slice(L, dots);
    return 1;
}

static void set_slice(lua_State *L, const char *name, pl_slice s)
{
    if (s.ptr == NULL) return;
    pl_push_slice(L, s);
    lua_setfield(L, -2, name);
}

static int url_parse(lua_State *L)
{
    pl_url url;
    const char *reason;
    if (pl_url_parse(pl_check_slice(L, 1), &url, &reason) != 0) return pl_push_wrong(L, reason);
    lua_createtable(L, 0, 6);
    set_slice(L, "scheme", url.scheme);
    set_slice(L, "host", url.host);
    set_slice(L, "path", url.path);
    set_slice(L, "query", url.query);
    set_slice(L, "fragment", url.fragment);
    lua_pushinteger(L, url.port);
    lua_setfield(L, -2, "port");
    return 1;
}

/* What may be known of a URL that is a secret: its scheme, and whether it has a query; nil and what is
 * wrong with it; nothing while the secret has no value. */
static int url_of_secret(lua_State *L)
{
    pl_slice text = PL_NO_SLICE;
    pl_url url;
    const char *reason;
    luaL_argcheck(L, pl_bind_secret_peek(L, 1, &text), 1, "expected a secret");
    if (text.len == 0) return 0;
    if (pl_url_parse(text, &url, &reason) != 0) return pl_push_wrong(L, reason);
    pl_push_lower(L, url.scheme);
    lua_pushboolean(L, url.query.ptr != NULL);
    return 2;
}

/* -- fields of HTTP messages -- */

static int http_is_token(lua_State *L)
{
    lua_pushboolean(L, pl_http_is_token(pl_check_slice(L, 1)));
    return 1;
}

/* Of a text or a secret. */
static int http_is_field_value(lua_State *L)
{
    pl_slice value;
    if (!pl_bind_secret_peek(L, 1, &value)) value = pl_check_slice(L, 1);
    lua_pushboolean(L, pl_http_is_field_value(value));
    return 1;
}

static int http_is_hop_by_hop(lua_State *L)
{
    lua_pushboolean(L, pl_http_is_hop_by_hop(pl_check_slice(L, 1)));
    return 1;
}

/* place(text) -> host and port (0: none) of "host", "*.host" or "*", perhaps with ":port"; or nil */
static int url_place(lua_State *L)
{
    pl_slice text = pl_check_slice(L, 1);
    pl_url url;
    const char *reason;
    bool has_star = pl_slice_starts(text, PL_SLICE("*"));
    pl_buf *authority = pl_scratch(L); /* with "a" for what the star stands for */
    pl_buf_put_slice(authority, text);
    if (has_star) authority->ptr[0] = 'a';
    if (pl_url_authority(pl_buf_slice(authority), &url, &reason) != 0) return 0;
    if (has_star) authority->ptr[0] = '*';
    if (!url.is_ipv6 && !pl_host_is_pattern(url.host)) return 0;
    pl_push_lower(L, url.host);
    lua_pushinteger(L, url.port);
    return 2;
}

static const luaL_Reg url_functions[] = {
    {"encode", url_encode},
    {"encode_form", url_encode_form},
    {"decode", url_decode},
    {"decode_form", url_decode_form},
    {"pairs", url_pairs},
    {"is_absolute", url_is_absolute},
    {"parse", url_parse},
    {"join", url_join},
    {"of_secret", url_of_secret},
    {"whole", url_whole},
    {"dot_segment", url_dot_segment},
    {"place", url_place},
    {NULL, NULL},
};

static const luaL_Reg http_functions[] = {
    {"is_token", http_is_token},
    {"is_field_value", http_is_field_value},
    {"is_hop_by_hop", http_is_hop_by_hop},
    {NULL, NULL},
};

int pl_open_url(lua_State *L)
{
    return pl_push_functions(L, url_functions);
}

int pl_open_http(lua_State *L)
{
    return pl_push_functions(L, http_functions);
}
