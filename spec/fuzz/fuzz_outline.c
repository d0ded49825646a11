/* SPDX-License-Identifier: MIT
 *
 * Any document through the outlines of outline.lua: the first byte says which. What must hold: where
 * one is written, the template renders the same bytes, which are JSON where that is known; and where it
 * gives up nothing is left behind. */
#include "base/err.h"
#include "script/bind.h"
#include "script/outline_impl.h"

#include "lua.h"

#define MAX_OUTLINES 32
#define MAX_DEPTH    64

static pl_vm vm;
static pl_arena arena;
static const pl_outline *outlines[MAX_OUTLINES];
static int count, render; /* registry: that of the driver */

static int load_driver(lua_State *L)
{
    if (luaL_loadfile(L, PL_FUZZ_LUA "/outline.lua") != 0) lua_error(L);
    lua_call(L, 0, 2);
    render = luaL_ref(L, LUA_REGISTRYINDEX);
    for (count = 0; count < (int)lua_objlen(L, 1); count++) {
        MUST(count < MAX_OUTLINES);
        lua_rawgeti(L, 1, count + 1);
        outlines[count] = pl_outline_read(L, 2, &arena);
        lua_pop(L, 1);
    }
    return 0;
}

static void open_once(void)
{
    if (vm.L) return;
    MUST(pl_vm_open(&vm, NULL, 0) == 0);
    pl_arena_init(&arena);
    vm.budget.kind = PL_BUDGET_NONE;
    lua_pushcfunction(vm.L, load_driver);
    int code = pl_gate_call(&vm, 0, 0);
    if (code) fprintf(stderr, "%.*s\n", PL_FMT(pl_buf_slice(&vm.failure)));
    MUST(code == 0 && count > 0);
}

static void must_be_rendered(int choice, pl_slice document, pl_slice written)
{
    lua_State *L = vm.L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, render);
    lua_pushinteger(L, choice + 1);
    pl_push_slice(L, document);
    MUST(pl_gate_call(&vm, 2, 1) == 0);
    MUST(pl_slice_eq(pl_check_slice(L, 1), written));
    lua_settop(L, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static pl_buf nodes, out;
    pl_json_fault fault;
    if (size == 0) return 0;
    open_once();
    pl_slice document = pl_slice_from((pl_slice){(const char *)data, size}, 1);
    if (pl_json_check(document, MAX_DEPTH, &fault) || pl_json_repeats(document, &fault)) return 0;
    fuzz_lua_begin(vm.L);
    pl_buf_clear(&nodes);
    pl_json_index(document, &nodes);
    pl_outline_document d = {document, (const pl_json_node *)(void *)nodes.ptr};
    pl_buf_clear(&out);
    PL_BUF_PUT(&out, "in front");
    int choice = data[0] % count;
    enum pl_outline_end end = pl_outline_write(outlines[choice], &d, &vm.limits, &out);
    MUST(out.len >= 8 && memcmp(out.ptr, "in front", 8) == 0);
    MUST(end == PL_OUTLINE_DONE || out.len == 8);
    if (end) return 0;
    pl_slice written = pl_slice_from(pl_buf_slice(&out), 8);
    must_be_rendered(choice, document, written);
    if (outlines[choice]->json_depth >= 0)
        MUST(pl_json_is_valid(written, outlines[choice]->json_depth + MAX_DEPTH));
    return 0;
}
