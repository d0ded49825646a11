/* SPDX-License-Identifier: MIT
 *
 * The request that render and authenticate write. Values are given in parts (texts, numbers, secret
 * handles), so that credentials go into a field without passing through the script; what may be
 * shown of the field is the same with *** for the secret parts. */
#include "script/bind_request.h"

#include "http/message.h"
#include "http/url.h"
#include "script/request_write.h"

#include <lauxlib.h>
#include <math.h>

#define MAX_TIMEOUT_S 3600.0

static const pl_known_type request_type = {PL_TYPE_REQUEST, "perilune.request"};

typedef struct request_ud {
    pl_known known;
    pl_exchange *x; /* NULL: over */
    bool of_run;    /* of whatever run is under way, and x is NULL */
} request_ud;

pl_exchange *pl_bind_request_check(lua_State *L)
{
    const request_ud *ud = pl_bind_known_check(L, 1, &request_type);
    pl_exchange *x = ud->of_run ? pl_gate_exchange(pl_vm_of(L)) : ud->x;
    if (x == NULL) luaL_error(L, "the request of an exchange that is over");
    return x;
}

const char *pl_bind_request_class(const pl_exchange *x)
{
    return x->stage == PL_STAGE_AUTHENTICATE ? "auth" : "script";
}

int pl_bind_request_refuse(lua_State *L, const pl_exchange *x, const char *what, pl_slice about)
{
    return pl_lua_fail(L, pl_bind_request_class(x), "%s: \"%.*s\"", what, PL_FMT(about));
}

/* -- methods -- */

static int request_method(lua_State *L)
{
    pl_push_slice(L, pl_bind_request_check(L)->request.method);
    return 1;
}

static int request_set_method(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    pl_slice method = pl_check_slice(L, 2);
    if (!pl_http_is_token(method))
        return pl_bind_request_refuse(L, x, "this cannot be a method", method);
    pl_budget_charge(L, method.len);
    x->request.method = pl_arena_dup(&x->arena, method);
    return 0;
}

static int request_url(lua_State *L)
{
    pl_push_slice(L, pl_bind_request_check(L)->request.url);
    return 1;
}

/* A URL that is a secret is looked at here, since Lua cannot. Its fragment is dropped. */
static int set_secret_url(lua_State *L, pl_exchange *x, pl_slice base)
{
    pl_url url;
    const char *reason = NULL;
    pl_slice path = lua_isnoneornil(L, 3) ? PL_NO_SLICE : pl_check_slice(L, 3);
    pl_budget_charge(L, base.len + path.len);
    pl_buf *text = pl_scratch(L);
    if (path.ptr)
        pl_url_put_behind(text, base, path);
    else
        pl_buf_put_slice(text, base);
    if (pl_url_parse(pl_buf_slice(text), &url, &reason) != 0)
        return pl_lua_fail(L, "url", "the secret cannot be used as a URL: %s", reason);
    if (url.fragment.ptr) text->len = (size_t)(url.fragment.ptr - 1 - text->ptr);
    x->request.url = pl_arena_dup(&x->arena, pl_buf_slice(text));
    return 0;
}

/* At the line that called, which of our own Lua is exchanged for the webhook's. */
static int refuse_url(lua_State *L, pl_slice path, pl_slice reason)
{
    luaL_where(L, 1);
    lua_pushlstring(L, path.ptr, path.len);
    lua_pushlstring(L, reason.ptr, reason.len);
    lua_pushfstring(L, "%s'%s': %s", lua_tostring(L, -3), lua_tostring(L, -2), lua_tostring(L, -1));
    pl_gate_push_failure(L, "url");
    return lua_error(L);
}

/* As the webhook's `url` with the connector's `base_url`, at 2: a text, or nil. */
static int set_whole_url(lua_State *L, pl_exchange *x)
{
    pl_slice base = lua_isnil(L, 2) ? PL_NO_SLICE : pl_check_slice(L, 2);
    pl_slice path = pl_check_slice(L, 3);
    pl_budget_charge(L, base.len + path.len);
    pl_buf *url = pl_scratch(L);
    if (!pl_url_whole(url, base, path)) return refuse_url(L, path, pl_buf_slice(url));
    x->request.url = pl_arena_dup(&x->arena, pl_buf_slice(url));
    return 0;
}

static int request_set_url(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    pl_slice url;
    if (pl_bind_secret_at(L, 2, &url)) return set_secret_url(L, x, url);
    if (!lua_isnoneornil(L, 3)) return set_whole_url(L, x);
    url = pl_check_slice(L, 2);
    pl_budget_charge(L, url.len);
    x->request.url = pl_arena_dup(&x->arena, url);
    return 0;
}

static int request_header(lua_State *L)
{
    pl_field *f = pl_fields_find(pl_bind_request_check(L)->request.fields, pl_check_slice(L, 2));
    if (f)
        pl_push_slice(L, f->value);
    else
        lua_pushnil(L);
    return 1;
}

static int request_set_header(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    pl_slice name = pl_check_slice(L, 2), shown;
    pl_slice value = pl_bind_parts_join(L, 3, &x->arena, &shown);
    const char *fault = pl_request_write_header(&x->request, &x->arena, name, value, shown);
    return fault ? pl_bind_request_refuse(L, x, fault, name) : 0;
}

static int request_remove_header(lua_State *L)
{
    pl_request_remove_field(&pl_bind_request_check(L)->request, pl_check_slice(L, 2));
    return 0;
}

/* By lower-case name. What a secret gave is "***". */
static int request_headers(lua_State *L)
{
    const pl_field *f = pl_bind_request_check(L)->request.fields;
    lua_newtable(L);
    for (; f; f = f->next) {
        pl_push_lower(L, f->name);
        pl_push_slice(L, f->shown.ptr ? f->shown : f->value);
        lua_rawset(L, -3);
    }
    return 1;
}

static int request_add_query(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    pl_slice name = pl_check_slice(L, 2), shown;
    pl_slice value = pl_bind_parts_join(L, 3, &x->arena, &shown);
    pl_request_write_query(&x->request, &x->arena, name, value, shown);
    pl_budget_charge(L, x->request.url.len);
    return 0;
}

static int request_body(lua_State *L)
{
    const pl_request *r = &pl_bind_request_check(L)->request;
    if (r->has_body)
        pl_push_slice(L, r->body);
    else
        lua_pushnil(L);
    return 1;
}

/* A text, or a table as JSON: in the scratch of the codec, without a text of Lua's in between. */
static pl_slice body_at(lua_State *L, int index)
{
    if (!lua_istable(L, index)) return pl_check_slice(L, index);
    pl_codec *c = &pl_vm_of(L)->codec;
    pl_buf_clear(&c->out);
    if (pl_codec_encode(c, L, index, NULL, &c->out) == 0) return pl_buf_slice(&c->out);
    pl_buf_put_char(&c->text, 0);
    luaL_error(L, "%s", c->text.ptr);
    return PL_NO_SLICE;
}

/* What the body at 2 is, if that is said behind it. */
static void set_media(lua_State *L, pl_exchange *x, int index)
{
    if (lua_isnoneornil(L, index)) return;
    pl_slice media = pl_check_slice(L, index);
    if (!pl_http_is_field_value(media))
        pl_bind_request_refuse(L, x, "this cannot be a content type", media);
    pl_request_put_field(&x->request, &x->arena, PL_SLICE("Content-Type"),
                         pl_arena_dup(&x->arena, media));
}

/* set_body(body, content_type?) */
static int request_set_body(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    pl_slice body = body_at(L, 2);
    pl_budget_charge(L, body.len);
    x->request.body = pl_arena_dup(&x->arena, body);
    x->request.has_body = true;
    x->request.body_is_event = false;
    set_media(L, x, 3);
    return 0;
}

/* set_body_event(content_type?) */
static int request_set_body_event(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    x->request.body = x->event->document;
    x->request.has_body = x->request.body_is_event = true;
    set_media(L, x, 2);
    return 0;
}

static int request_set_timeout(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    double seconds = luaL_checknumber(L, 2);
    luaL_argcheck(L, seconds > 0 && seconds <= MAX_TIMEOUT_S, 2, "expected up to 3600 seconds");
    pl_exchange_set_timeout(x, (int64_t)ceil(seconds * 1000));
    return 0;
}

static const luaL_Reg request_methods[] = {
    {"method", request_method},
    {"set_method", request_set_method},
    {"url", request_url},
    {"set_url", request_set_url},
    {"header", request_header},
    {"set_header", request_set_header},
    {"remove_header", request_remove_header},
    {"headers", request_headers},
    {"add_cookie", pl_bind_request_add_cookie},
    {"add_query", request_add_query},
    {"body", request_body},
    {"set_body", request_set_body},
    {"set_body_event", request_set_body_event},
    {"set_basic", pl_bind_request_set_basic},
    {"set_digest", pl_bind_request_set_digest},
    {"set_ntlm", pl_bind_request_set_ntlm},
    {"set_client_certificate", pl_bind_request_set_client_certificate},
    {"set_ca", pl_bind_request_set_ca},
    {"set_proxy", pl_bind_request_set_proxy},
    {"set_timeout", request_set_timeout},
    {NULL, NULL},
};

static void push(lua_State *L, pl_exchange *x, bool of_run)
{
    request_ud *ud = pl_bind_known_new(L, &request_type, sizeof *ud, request_methods, NULL);
    ud->x = x;
    ud->of_run = of_run;
}

void pl_bind_request_push(lua_State *L, pl_exchange *x)
{
    push(L, x, false);
}

void pl_bind_request_push_of_run(lua_State *L)
{
    int *ref = &pl_vm_of(L)->request_of_run;
    if (pl_bind_push_kept(L, *ref)) return;
    push(L, NULL, true);
    pl_bind_keep(L, ref);
}

void pl_bind_request_clear(lua_State *L, int index)
{
    request_ud *ud = pl_bind_known_at(L, index, &request_type);
    if (ud) ud->x = NULL;
}
