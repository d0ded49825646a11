/* SPDX-License-Identifier: MIT
 *
 * Any bytes through the codec for Lua. What must hold: it takes what the reader takes, names that
 * are there twice aside; what it took is written, and what was written is taken and written alike;
 * with the options of templates the text is JSON, too; tables that have lost their marks are written
 * as sorted ones are. Nothing stays on the stack. */
#include "base/err.h"
#include "base/json.h"
#include "script/vm.h"

#include "lua.h"

#define MAX_DEPTH 64

static pl_vm vm;

static void open_once(void)
{
    static bool is_open;
    if (!is_open) MUST(pl_vm_open(&vm, NULL, 0) == 0);
    is_open = true;
}

/* Decodes, writes and forgets: whether it was taken. */
static bool rewrite(pl_slice document, const pl_decode_options *options,
                    const pl_encode_options *style, pl_buf *out)
{
    pl_decode_fault fault;
    pl_buf_clear(out);
    int code = pl_codec_decode(&vm.codec, vm.L, document, options, &fault);
    if (code) {
        MUST(code == PL_E_BAD_JSON && fault.message && fault.offset <= document.len);
        MUST(lua_gettop(vm.L) == 0);
        return false;
    }
    MUST(lua_gettop(vm.L) == 1);
    MUST(pl_codec_encode(&vm.codec, vm.L, 1, style, out) == 0);
    lua_settop(vm.L, 0);
    return true;
}

/* What is written is a fixed point. */
static void must_stay(const pl_buf *text, const pl_decode_options *options,
                      const pl_encode_options *style)
{
    pl_buf again;
    pl_buf_init(&again);
    MUST(pl_json_check(pl_buf_slice(text), MAX_DEPTH, NULL) == 0);
    MUST(rewrite(pl_buf_slice(text), options, style, &again));
    MUST(pl_slice_eq(pl_buf_slice(text), pl_buf_slice(&again)));
    pl_buf_fini(&again);
}

/* Makes the table at `index`, and those in it, such as a script's own. */
static void take_marks(lua_State *L, int index)
{
    lua_pushnil(L);
    lua_setmetatable(L, index);
    lua_pushnil(L);
    for (; lua_next(L, index); lua_pop(L, 1))
        if (lua_istable(L, -1)) take_marks(L, lua_gettop(L));
}

/* An array without elements is no array any more. */
static void must_be_sorted_without_marks(pl_slice document, const pl_decode_options *options)
{
    static const pl_encode_options sorted = {.sorted = true};
    pl_decode_fault fault;
    pl_buf marked, plain;
    pl_buf_init(&marked);
    pl_buf_init(&plain);
    MUST(pl_codec_decode(&vm.codec, vm.L, document, options, &fault) == 0);
    MUST(pl_codec_encode(&vm.codec, vm.L, 1, &sorted, &marked) == 0);
    if (lua_istable(vm.L, 1) && memmem(marked.ptr, marked.len, "[]", 2) == NULL) {
        take_marks(vm.L, 1);
        MUST(pl_codec_encode(&vm.codec, vm.L, 1, NULL, &plain) == 0);
        MUST(pl_slice_eq(pl_buf_slice(&marked), pl_buf_slice(&plain)));
    }
    lua_settop(vm.L, 0);
    pl_buf_fini(&marked);
    pl_buf_fini(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const pl_decode_options exact = {.max_depth = MAX_DEPTH};
    static const pl_decode_options last = {.max_depth = MAX_DEPTH, .last_wins = true};
    static const pl_encode_options compact;
    static const pl_encode_options html = {.sorted = true, .for_html = true};
    static const pl_encode_options wide = {.sorted = true, .indent = {"  ", 2}};
    pl_slice document = {(const char *)data, size};
    pl_json_fault fault;
    pl_buf text;
    open_once();
    fuzz_lua_begin(vm.L);
    pl_buf_init(&text);
    bool is_json = pl_json_check(document, MAX_DEPTH, &fault) == 0;
    MUST(rewrite(document, &last, &compact, &text) == is_json);
    if (is_json) {
        must_stay(&text, &exact, &compact);
        bool repeats = pl_json_repeats(document, &fault);
        MUST(rewrite(document, &exact, &wide, &text) == !repeats);
        if (!repeats) must_stay(&text, &exact, &wide);
        MUST(rewrite(document, &last, &html, &text));
        must_stay(&text, &last, &html);
        must_be_sorted_without_marks(document, &last);
    }
    pl_buf_fini(&text);
    return 0;
}
