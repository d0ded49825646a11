/* SPDX-License-Identifier: MIT
 *
 * Encoding: values. Nothing of a script runs here (no metamethods), so nothing changes underfoot, and
 * a failure is a return code: the scratch buffers never leak. Strings and numbers are written by
 * json_scalar.c, tables by json_table.c, json_array.c and json_object.c. */
#include "script/encode_impl.h"

#include "base/err.h"
#include "base/json.h"
#include "script/bind.h"

#include <lauxlib.h>

#define MAX_BYTES (256u << 20) /* of a text, unless the options say otherwise */

/* -- mistakes -- */

static void put_pointer(pl_buf *text, const pl_frame *f)
{
    if (f == NULL) return;
    put_pointer(text, f->up);
    if (f->is_array)
        pl_buf_printf(text, "/%d", f->element);
    else
        pl_json_pointer_put(text, f->key.ptr ? f->key : (pl_slice){f->at->key, f->at->key_len});
}

int pl_encode_refuse(pl_encoder *e, const pl_frame *where, const char *what)
{
    pl_buf *text = &e->codec->text;
    pl_buf_clear(text);
    pl_buf_put(text, what, strlen(what));
    if (where) {
        PL_BUF_PUT(text, " at \"");
        put_pointer(text, where);
        pl_buf_put_char(text, '"');
    }
    return PL_E_SCRIPT;
}

/* -- values -- */

static int encode_secret(pl_encoder *e, pl_slice value, const pl_frame *where)
{
    if (e->options->secrets == NULL)
        return pl_encode_refuse(e, where, "a secret cannot be written as JSON");
    if (value.len == 0)
        return pl_encode_refuse(e, where, "a secret without a value cannot be kept");
    pl_coded_secret note = {e->out->len - e->start, value.len};
    pl_buf_put(e->options->secrets, &note, sizeof note);
    pl_buf_put_slice(e->options->secrets, value);
    PL_BUF_PUT(e->out, "null");
    return 0;
}

/* luaL_testudata looks its metatable up by name: what is met often is told by addresses first. */
static const pl_exact *exact_at(pl_encoder *e, int index)
{
    if (!lua_getmetatable(e->L, index)) return NULL;
    bool is_exact = lua_topointer(e->L, -1) == e->codec->exact_meta_address;
    lua_pop(e->L, 1);
    return is_exact ? lua_touserdata(e->L, index) : NULL;
}

static int encode_userdata(pl_encoder *e, int index, const pl_frame *where)
{
    pl_slice secret;
    bool is_null = lua_touserdata(e->L, index) == e->codec->null_address;
    const pl_exact *exact = is_null ? NULL : exact_at(e, index);
    if (exact) {
        pl_buf_put(e->out, exact->text, exact->len);
        return 0;
    }
    if (is_null || luaL_testudata(e->L, index, PL_NULL)) {
        PL_BUF_PUT(e->out, "null");
        return 0;
    }
    if (pl_bind_secret_peek(e->L, index, &secret)) return encode_secret(e, secret, where);
    return pl_encode_refuse(e, where, "a userdata cannot be written as JSON");
}

static int encode_boolean(pl_encoder *e, int index)
{
    if (lua_toboolean(e->L, index))
        PL_BUF_PUT(e->out, "true");
    else
        PL_BUF_PUT(e->out, "false");
    return 0;
}

int pl_encode_other(pl_encoder *e, int index, int type, const pl_frame *up)
{
    switch (type) {
    case LUA_TBOOLEAN:
        return encode_boolean(e, index);
    case LUA_TUSERDATA:
        return encode_userdata(e, index, up);
    case LUA_TLIGHTUSERDATA: /* null as lua-cjson has it */
        if (lua_touserdata(e->L, index) != NULL) break;
        PL_BUF_PUT(e->out, "null");
        return 0;
    case LUA_TFUNCTION:
        return pl_encode_refuse(e, up, "a function cannot be written as JSON");
    case LUA_TNIL:
        return pl_encode_refuse(e, up, "nil cannot be written as JSON");
    }
    return pl_encode_refuse(e, up, "a value of this type cannot be written as JSON");
}

/* The text is outside of Lua's memory while it grows: in a run it is bounded as if it were there. */
static size_t most(const pl_vm *vm)
{
    bool is_run = vm->budget.depth > 0 && vm->budget.memory_bytes < MAX_BYTES;
    return is_run ? vm->budget.memory_bytes : MAX_BYTES;
}

int pl_codec_encode(pl_codec *c, lua_State *L, int index, const pl_encode_options *options,
                    pl_buf *out)
{
    static const pl_encode_options compact;
    const pl_vm *vm = pl_vm_of(L);
    int top = lua_gettop(L);
    if (options == NULL) options = &compact;
    pl_encoder e = {.L = L,
                    .codec = c,
                    .out = out,
                    .options = options,
                    .vm = vm,
                    .max_bytes = options->max_bytes ? options->max_bytes : most(vm),
                    .start = out->len,
                    .cells = top + 1,
                    .is_compact = !options->for_html && options->indent.len == 0};
    luaL_checkstack(L, PL_ENCODE_SLOTS, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->cells);
    lua_pushvalue(L, index);
    pl_buf_clear(&c->keys);
    int code = pl_encode_value(&e, top + 2, NULL);
    lua_settop(L, top);
    return code;
}
