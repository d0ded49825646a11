/* SPDX-License-Identifier: MIT
 *
 * Strings and tables of a state of the gateway: what of them could hold a worker ends with the
 * budget of a run. */
#include "base/err.h"
#include "script/bind.h"
#include "script/vm.h"

#include "test.h"

#include <lauxlib.h>

static pl_vm vm;

static void open_vm(void)
{
    CHECK_EQ_INT(pl_vm_open(&vm, NULL, 0), 0);
    vm.budget.time_ms = 10;
}

static int call(const char *source)
{
    CHECK_EQ_INT(luaL_loadbuffer(vm.L, source, strlen(source), "@connectors/acme.lua"), 0);
    return pl_gate_call(&vm, 0, 0);
}

TEST(methods_of_strings_are_those_that_can_be_stopped)
{
    open_vm();
    CHECK_EQ_INT(call("for _, name in ipairs { 'find', 'match', 'gmatch', 'gsub', 'rep' } do\n"
                      "  assert((''):rep(0)[name] ~= string[name], name)\n"
                      "end\n"
                      "assert(('x').dump == nil and ('x').upper == string.upper)\n"
                      "assert(('a-b'):gsub('%-', '+') == 'a+b')\n"
                      "assert(not pcall(('x').rep, 'x', 1e9))"),
                 0);
    pl_vm_close(&vm);
}

/* Each would take from minutes to ages. */
static const char *const attacks[] = {
    "('a'):rep(28):find(('a?'):rep(28) .. ('a'):rep(28))",
    "('a'):rep(80000):match('.-.-.-b')",
    "('a'):rep(80000):match('.*.*.*b')",
    "('a'):rep(1e6):match('^(.-)(.-)%s*$x')",
    "((' '):rep(1e6) .. 'x'):gsub('%s+$', '')",
    "for _ in ('('):rep(1e6):gmatch('%b()') do end",
    "('a'):rep(1e6):gsub('(a*)%1%1b', '')",
    "local parts = {} for i = 1, 4e4 do parts[i] = ('a'):rep(28):gsub(('a-'):rep(28) .. 'b', '') "
    "end",
    "require 'perilune.core'.table.sort({ 3, 2, 1 }, function() return "
    "('a'):rep(1e6):find('.-.-b') end)",
};

TEST(a_pattern_that_runs_away_ends_with_the_budget)
{
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        open_vm();
        CHECK_EQ_INT(call(attacks[i]), PL_E_SCRIPT);
        pl_buf_put_char(&vm.failure, '\0');
        CHECK(strstr(vm.failure.ptr, "connectors/acme.lua:1: time budget exceeded") != NULL);
        CHECK_EQ_INT(lua_gettop(vm.L), 0);
        CHECK_EQ_INT(call("assert(('key = value'):match('^(%w+)%s*=%s*(.-)$') == 'key')"), 0);
        pl_vm_close(&vm);
    }
}

int main(void)
{
    return RUN(CASE(methods_of_strings_are_those_that_can_be_stopped),
               CASE(a_pattern_that_runs_away_ends_with_the_budget));
}
