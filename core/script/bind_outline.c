/* SPDX-License-Identifier: MIT
 *
 * core.outline: outlines (outline.h) for specs of what makes them, and for whoever wants to see one run. */
#include "script/bind.h"

#include "base/json_index.h"
#include "script/outline.h"

#include <lauxlib.h>

#define TYPE "perilune.outline"

typedef struct outline {
    pl_arena arena;
    const pl_outline *read;
} outline;

static outline *check_outline(lua_State *L)
{
    return luaL_checkudata(L, 1, TYPE);
}

static bool is_document(const pl_vm *vm, pl_slice text)
{
    pl_json_fault ignored;
    return pl_json_check(text, vm->json_depth, &ignored) == 0 && !pl_json_repeats(text, &ignored);
}

/* write(document) -> the text, or nil and why the template has to be asked; of a text that is no JSON,
 * or in which an object has a name twice, "no document" */
static int outline_write(lua_State *L)
{
    pl_vm *vm = pl_vm_of(L);
    const outline *o = check_outline(L);
    pl_slice text = pl_check_slice(L, 2);
    pl_buf *nodes = pl_scratch(L), *out = &vm->codec.out;
    if (!is_document(vm, text)) return pl_push_wrong(L, "no document");
    pl_json_index(text, nodes);
    pl_outline_document d = {text, (const pl_json_node *)(void *)nodes->ptr};
    pl_buf_clear(out);
    enum pl_outline_end end = pl_outline_write(o->read, &d, &vm->limits, out);
    return end ? pl_push_wrong(L, pl_outline_end_name(end)) : pl_push_buf(L, out);
}

static int outline_gc(lua_State *L)
{
    pl_arena_fini(&check_outline(L)->arena);
    return 0;
}

static const luaL_Reg outline_methods[] = {{"write", outline_write}, {NULL, NULL}};

int pl_bind_outline(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    outline *o = lua_newuserdata(L, sizeof *o);
    pl_arena_init(&o->arena);
    pl_bind_type(L, TYPE, outline_methods, NULL);
    lua_pushcfunction(L, outline_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    o->read = pl_outline_read(L, 1, &o->arena);
    return 1;
}
