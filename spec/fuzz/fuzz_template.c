/* SPDX-License-Identifier: MIT
 *
 * Any text as a template: the first byte says in which mode, behind a NUL there is the text of
 * another one that it can include. What must hold: a mistake is a fault with a place, whatever goes
 * wrong later is said in words and not stumbled over, a template that is UTF-8 gives UTF-8, and
 * all of it ends within the budgets of scripts. */
#include "base/err.h"
#include "script/bind.h"
#include "text/chars.h"

#include "lua.h"

#define MODES        7 /* of template.lua, with the expression */
#define TIME_MS      200
#define OUTPUT_BYTES (64 << 10)
#define LOOPS        2000

static pl_vm vm;
static int drive; /* registry: what template.lua gives */

static int load_driver(lua_State *L)
{
    if (luaL_loadfile(L, PL_FUZZ_LUA "/template.lua") != 0) lua_error(L);
    lua_call(L, 0, 1);
    drive = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static void open_once(void)
{
    pl_settings settings;
    if (vm.L) return;
    MUST(pl_vm_open(&vm, NULL, 0) == 0);
    pl_settings_init(&settings);
    settings.limit_script_time = TIME_MS;
    settings.limit_template_output = OUTPUT_BYTES;
    settings.limit_template_loops = LOOPS;
    pl_vm_use(&vm, &settings);
    pl_settings_fini(&settings);
    vm.budget.kind = PL_BUDGET_NONE;
    lua_pushcfunction(vm.L, load_driver);
    int code = pl_gate_call(&vm, 0, 0);
    if (code) fprintf(stderr, "%.*s\n", PL_FMT(pl_buf_slice(&vm.failure)));
    MUST(code == 0);
    vm.budget.kind = PL_BUDGET_RUN;
}

/* Its first line: behind it the template is shown. */
static void must_be_words(pl_slice input, const char *message)
{
    char line[512];
    snprintf(line, sizeof line, "%.*s", (int)strcspn(message, "\n"), message);
    if (!fuzz_lua_is_stumble(line)) return;
    char *own = pl_alloc(input.len + 1);
    for (size_t i = 0; i < input.len; i++)
        own[i] = input.ptr[i] ? input.ptr[i] : ' ';
    own[input.len] = 0;
    if (!fuzz_lua_is_stumble(own)) fprintf(stderr, "%s\n", message);
    MUST(fuzz_lua_is_stumble(own)); /* it is quoted */
    free(own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    open_once();
    lua_State *L = vm.L;
    pl_slice input = pl_slice_from((pl_slice){(const char *)data, size}, 1), other = PL_NO_SLICE;
    const char *nul = input.len ? memchr(input.ptr, 0, input.len) : NULL;
    pl_slice text = {input.ptr, nul ? (size_t)(nul - input.ptr) : input.len};
    if (nul) other = pl_slice_from(input, text.len + 1);
    fuzz_lua_begin(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, drive);
    lua_pushinteger(L, data[0] % MODES);
    pl_push_slice(L, text);
    pl_push_slice(L, other);
    if (pl_gate_call(&vm, 3, 2) != 0) {
        pl_buf_put_char(&vm.failure, 0);
        if (!strstr(vm.failure.ptr, "budget exceeded")) fprintf(stderr, "%s\n", vm.failure.ptr);
        MUST(strstr(vm.failure.ptr, "budget exceeded"));
        MUST(lua_gettop(L) == 0);
        return 0;
    }
    pl_slice what = pl_check_slice(L, 1), result = pl_opt_slice(L, 2, "");
    if (pl_slice_eq(what, PL_SLICE("text")))
        MUST(pl_chars_are_valid(result) || !pl_chars_are_valid(input));
    else
        must_be_words(input, result.ptr);
    lua_settop(L, 0);
    return 0;
}
