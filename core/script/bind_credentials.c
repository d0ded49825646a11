/* SPDX-License-Identifier: MIT
 *
 * The methods of a request that prove who sends it. A credential is a text or a secret handle; what
 * is made of it is shown as ***. */
#include "script/bind_request.h"

#include "script/request_write.h"

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

/* -- methods -- */

/* RFC 7617. */
int pl_bind_request_set_basic(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    lua_settop(L, 3);
    pl_bind_parts_check(L, 2);
    pl_buf user, password, ignored;
    pl_buf_init(&user);
    pl_buf_init(&password);
    pl_buf_init(&ignored);
    pl_bind_part_put(L, 2, &user, &ignored);
    pl_bind_part_put(L, 3, &password, &ignored);
    const char *fault = pl_request_write_basic(&x->request, &x->arena, pl_buf_slice(&user),
                                               pl_buf_slice(&password));
    pl_buf_fini(&user);
    pl_buf_fini(&password);
    pl_buf_fini(&ignored);
    return fault ? pl_bind_request_refuse(L, x, fault, PL_SLICE(":")) : 0;
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

int pl_bind_request_add_cookie(lua_State *L)
{
    pl_exchange *x = pl_bind_request_check(L);
    pl_slice name = pl_check_slice(L, 2), shown;
    pl_slice value = pl_bind_parts_join(L, 3, &x->arena, &shown);
    const char *fault = pl_request_write_cookie(&x->request, &x->arena, name, value, shown);
    return fault ? pl_bind_request_refuse(L, x, fault, name) : 0;
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
