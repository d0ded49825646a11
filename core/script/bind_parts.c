/* SPDX-License-Identifier: MIT
 *
 * Parts: what a text with secrets in it is made of. A script gives texts, numbers and handles next
 * to each other, and C joins them; the script never holds the result, or holds it as a secret. */
#include "script/bind.h"

#include "base/base64.h"
#include "base/percent.h"

#include <lauxlib.h>
#include <math.h>

bool pl_bind_text_at(lua_State *L, int index, pl_slice *text)
{
    if (lua_type(L, index) == LUA_TSTRING) {
        text->ptr = lua_tolstring(L, index, &text->len);
        return true;
    }
    const pl_exact *e = pl_exact_at(L, index);
    if (e) *text = (pl_slice){e->text, e->len};
    return e != NULL;
}

bool pl_bind_part_put(lua_State *L, int index, pl_buf *value, pl_buf *shown)
{
    pl_slice part;
    if (pl_bind_text_at(L, index, &part)) {
        pl_buf_put_slice(value, part);
        pl_buf_put_slice(shown, part);
    } else if (pl_bind_secret_at(L, index, &part)) {
        pl_buf_put_slice(value, part);
        PL_BUF_PUT(shown, "***");
        return true;
    } else {
        size_t start = value->len;
        pl_number_put(value, lua_tonumber(L, index));
        pl_buf_put(shown, value->ptr + start, value->len - start);
    }
    return false;
}

void pl_bind_parts_check(lua_State *L, int from)
{
    pl_slice part;
    for (int i = from; i <= lua_gettop(L); i++) {
        bool is_part = pl_bind_text_at(L, i, &part) || pl_bind_secret_at(L, i, &part) ||
                       (lua_type(L, i) == LUA_TNUMBER && isfinite(lua_tonumber(L, i)));
        luaL_argcheck(L, is_part, i, "expected a text, a number or a secret");
    }
}

pl_slice pl_bind_parts_join(lua_State *L, int from, pl_arena *arena, pl_slice *shown)
{
    pl_slice text;
    if (lua_gettop(L) == from && pl_bind_text_at(L, from, &text)) {
        *shown = PL_NO_SLICE;
        pl_budget_charge(L, text.len);
        return text;
    }
    pl_bind_parts_check(L, from);
    pl_vm *vm = pl_vm_of(L);
    pl_buf *value = &vm->scratch, *visible = &vm->codec.text;
    pl_buf_clear(value);
    pl_buf_clear(visible);
    bool is_secret = false;
    for (int i = from; i <= lua_gettop(L); i++)
        is_secret |= pl_bind_part_put(L, i, value, visible);
    pl_slice joined = pl_arena_dup(arena, pl_buf_slice(value));
    *shown = is_secret ? pl_arena_dup(arena, pl_buf_slice(visible)) : PL_NO_SLICE;
    pl_budget_charge(L, joined.len + shown->len);
    return joined;
}

int pl_bind_join(lua_State *L)
{
    pl_bind_parts_check(L, 1);
    pl_buf *joined = pl_scratch(L), ignored;
    bool is_secret = false;
    pl_buf_init(&ignored);
    for (int i = 1; i <= lua_gettop(L); i++)
        is_secret |= pl_bind_part_put(L, i, joined, &ignored);
    pl_buf_fini(&ignored);
    if (!is_secret) return pl_push_buf(L, joined);
    pl_bind_secret_compose(L, pl_buf_slice(joined));
    return 1;
}

/* A secret is masked in its encoded form too: joined with others it does not look like one of its
 * own encodings. */
int pl_bind_encoded(lua_State *L)
{
    static const char *const names[] = {"form", "url", "base64", "base64url", "hex", NULL};
    static void (*const encode[])(pl_buf *, pl_slice) = {pl_percent_encode_form, pl_percent_encode,
                                                         pl_base64_encode, pl_base64url_encode,
                                                         pl_hex_encode};
    pl_slice text;
    bool is_secret = pl_bind_secret_at(L, 1, &text);
    if (!is_secret) text = pl_check_slice(L, 1);
    int how = luaL_checkoption(L, 2, NULL, names);
    pl_buf *encoded = pl_scratch(L);
    encode[how](encoded, text);
    if (!is_secret) return pl_push_buf(L, encoded);
    pl_bind_secret_push(L, pl_buf_slice(encoded));
    return 1;
}

int pl_bind_begins(lua_State *L)
{
    pl_slice text, prefix = pl_check_slice(L, 2);
    if (!pl_bind_secret_at(L, 1, &text)) text = pl_check_slice(L, 1);
    lua_pushboolean(L, pl_slice_starts_nocase(text, prefix));
    return 1;
}
