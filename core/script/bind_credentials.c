/* SPDX-License-Identifier: MIT
 *
 * The methods of a request that prove who sends it. A credential is a text or a secret handle; what
 * is made of it is shown as ***. */
#include "script/bind_request.h"

#include "base/base64.h"
#include "base/secret.h"
#include "http/message.h"

/* -- check -- */

/* A copy: the value of a handle is good until the handle is used again. */
static pl_slice check_credential(lua_State *L, int index, pl_arena *arena)
{
    pl_slice text = PL_NO_SLICE;
    bool is_one = pl_bind_secret_at(L, index, &text) || pl_bind_text_at(L, index, &text);
    luaL_argcheck(L, is_one, index, "expected a text or a secret");
    return pl_arena_dup(arena, text);
}

/* The bytes themselves are for no error text: they may be a key. */
static pl_slice check_pem(lua_State *L, int index, pl_exchange *x, const char *what)
{
    static const char begin[] = "-----BEGIN ";
    pl_slice pem = check_credential(L, index, &x->arena);
    if (pem.len == 0 || memmem(pem.ptr, pem.len, begin, strlen(begin)) == NULL)
        pl_lua_fail(L, pl_bind_request_class(x),
                    "%s is not PEM: expected a text with \"-----BEGIN ...\"", what);
    return pem;
}

/* RFC 6265 section 4.1.1. */
static bool is_cookie_value(pl_slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c <= 0x20 || c >= 0x7F || strchr("\",;\\", c)) return false;
    }
    return true;
}

/* -- methods -- */

/* RFC 7617. */
int pl_bind_request_set_basic(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    lua_settop(L, 3);
    pl_bind_parts_check(L, 2);
    pl_slice user;
    bool has_colon = (pl_bind_secret_at(L, 2, &user) || pl_bind_text_at(L, 2, &user)) && user.len &&
                     memchr(user.ptr, ':', user.len);
    if (has_colon)
        return pl_bind_request_refuse(L, x, "the user name of basic authentication cannot hold",
                                      PL_SLICE(":"));
    pl_buf pair, ignored, value;
    pl_buf_init(&pair);
    pl_buf_init(&ignored);
    pl_buf_init(&value);
    pl_bind_part_put(L, 2, &pair, &ignored);
    pl_buf_put_char(&pair, ':');
    pl_bind_part_put(L, 3, &pair, &ignored);
    PL_BUF_PUT(&value, "Basic ");
    pl_base64_encode(&value, pl_buf_slice(&pair));
    pl_secret_register_passing(pl_slice_from(pl_buf_slice(&value), strlen("Basic ")));
    pl_request_set_field(&x->request, &x->arena, PL_SLICE("Authorization"), pl_buf_slice(&value))
        ->shown = PL_SLICE("Basic ***");
    pl_buf_fini(&pair);
    pl_buf_fini(&ignored);
    pl_buf_fini(&value);
    return 0;
}

static int set_auth(lua_State *L, pl_auth_kind kind)
{
    pl_exchange *x = pl_bind_request_check(L);
    pl_auth auth = {.kind = kind,
                    .user = check_credential(L, 2, &x->arena),
                    .password = check_credential(L, 3, &x->arena)};
    const char *fault = pl_auth_fault(&auth);
    if (fault) return pl_lua_fail(L, pl_bind_request_class(x), "%s", fault);
    pl_request_set_auth(&x->request, &x->arena, auth);
    return 0;
}

int pl_bind_request_set_digest(lua_State *L)
{
    return set_auth(L, PL_AUTH_DIGEST);
}

int pl_bind_request_set_ntlm(lua_State *L)
{
    return set_auth(L, PL_AUTH_NTLM);
}

static pl_slice with_cookie(pl_arena *arena, pl_slice before, pl_slice name, pl_slice value)
{
    return pl_slice_of(pl_arena_printf(arena, "%.*s%s%.*s=%.*s", PL_FMT(before),
                                       before.len ? "; " : "", PL_FMT(name), PL_FMT(value)));
}

/* Goes behind the cookies that are there. */
int pl_bind_request_add_cookie(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    pl_slice name = pl_check_slice(L, 2), shown;
    if (!pl_http_is_token(name))
        return pl_bind_request_refuse(L, x, "this cannot be the name of a cookie", name);
    pl_slice value = pl_bind_parts_join(L, 3, &x->arena, &shown);
    if (!is_cookie_value(value))
        return pl_bind_request_refuse(
            L, x,
            "blanks, quotes, commas, semicolons, backslashes, control characters and what is "
            "not ASCII cannot stand in the cookie",
            name);
    pl_field *old = pl_fields_find(x->request.fields, PL_SLICE("Cookie"));
    pl_slice before = old ? old->value : PL_NO_SLICE, before_shown = before;
    if (old && old->shown.ptr) before_shown = old->shown;
    if (shown.ptr == NULL) shown = value;
    pl_slice all = with_cookie(&x->arena, before, name, value);
    pl_slice all_shown = with_cookie(&x->arena, before_shown, name, shown);
    pl_request_set_field(&x->request, &x->arena, PL_SLICE("Cookie"), all)->shown = all_shown;
    return 0;
}

/* (certificate, key, passphrase); without a key it stands beside the certificate. */
int pl_bind_request_set_client_certificate(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    lua_settop(L, 4);
    pl_tls tls = {.ca = x->request.tls.ca};
    tls.certificate = check_pem(L, 2, x, "the client certificate");
    tls.key =
        lua_isnil(L, 3) ? tls.certificate : check_pem(L, 3, x, "the client certificate's key");
    if (!lua_isnil(L, 4)) tls.passphrase = check_credential(L, 4, &x->arena);
    x->request.tls = tls;
    return 0;
}

/* The authorities that count for this request, and no others. */
int pl_bind_request_set_ca(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    x->request.tls.ca = check_pem(L, 2, x, "the list of authorities");
    return 0;
}

/* (url, user, password), or (false): straight to the receiver, whatever egress.proxy says. */
int pl_bind_request_set_proxy(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    lua_settop(L, 4);
    pl_proxy proxy = {0};
    if (lua_type(L, 2) != LUA_TBOOLEAN) {
        proxy.url = check_credential(L, 2, &x->arena);
        const char *fault = pl_proxy_fault(proxy.url);
        if (fault) return pl_bind_request_refuse(L, x, fault, proxy.url);
    }
    if (!lua_isnil(L, 3)) proxy.user = check_credential(L, 3, &x->arena);
    if (!lua_isnil(L, 4)) proxy.password = check_credential(L, 4, &x->arena);
    x->request.proxy = proxy;
    x->request.has_proxy = true;
    return 0;
}
