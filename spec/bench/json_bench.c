/* SPDX-License-Identifier: MIT
 *
 * The codec beside lua-cjson, in one run and one state: microseconds for one decode and one encode
 * of an event of about 1 kB and a document of about 100 kB. Not a test: prints figures. */
#include "script/vm.h"

#include <lauxlib.h>
#include <stdio.h>
#include <time.h>

static const char source[] =
    "local cjson, json, clock = require 'cjson', require('perilune.core').json, ...\n"
    "local line = '{\"sku\":\"A-%d\",\"name\":\"Gasket, nitrile, %d "
    "mm\",\"quantity\":%d,\"price\":%d.25,"
    "\"taxable\":true,\"note\":null}'\n"
    "local function document(lines)\n"
    "  local t = {}\n"
    "  for i = 1, lines do t[i] = line:format(i, i % 90, i * 3 % 17, i % 400) end\n"
    "  return '{\"id\":\"0198c7f0-5b1e-7c3a-9d2e-6f1a2b3c4d5e\",\"type\":\"order.placed\",'\n"
    "    .. "
    "'\"time\":\"2026-11-21T08:15:30.123Z\",\"source\":\"/shop/"
    "eu1\",\"data\":{\"order\":{\"id\":48151,'\n"
    "    .. '\"customer\":{\"name\":\"Zo\\195\\171 "
    "Ltd\",\"email\":\"orders@zoe.example\",\"vip\":false},'\n"
    "    .. '\"lines\":[' .. table.concat(t, ',') .. ']}}}'\n"
    "end\n"
    "local function measure(count, f, arg)\n"
    "  local best = math.huge\n"
    "  for _ = 1, 7 do\n"
    "    collectgarbage()\n"
    "    local start = clock()\n"
    "    for _ = 1, count do f(arg) end\n"
    "    best = math.min(best, (clock() - start) / count * 1e6)\n"
    "  end\n"
    "  return best\n"
    "end\n"
    "local out = {}\n"
    "for _, lines in ipairs { 8, 1150 } do\n"
    "  local text = document(lines)\n"
    "  local count = math.ceil(2e7 / #text)\n"
    "  for _, name in ipairs { 'decode', 'encode' } do\n"
    "    local ours, theirs = json[name], cjson[name]\n"
    "    local a = measure(count, ours, name == 'decode' and text or json.decode(text))\n"
    "    local b = measure(count, theirs, name == 'decode' and text or cjson.decode(text))\n"
    "    out[#out + 1] = ('%s %6d bytes: %8.2f us, lua-cjson %8.2f us, ratio %.2f')"
    ":format(name, #text, a, b, a / b)\n"
    "  end\n"
    "end\n"
    "return table.concat(out, '\\n')\n";

static int clock_seconds(lua_State *L)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    lua_pushnumber(L, (double)now.tv_sec + (double)now.tv_nsec / 1e9);
    return 1;
}

int main(void)
{
    pl_vm vm;
    if (pl_vm_open(&vm, NULL, 0) != 0) return 1;
    vm.budget.kind = PL_BUDGET_NONE;
    int code = luaL_loadbuffer(vm.L, source, sizeof source - 1, "@json_bench");
    lua_pushcfunction(vm.L, clock_seconds);
    if (code == 0) code = pl_gate_call(&vm, 1, 1);
    if (code)
        printf("%.*s\n", PL_FMT(pl_buf_slice(&vm.failure)));
    else
        printf("%s\n", lua_tostring(vm.L, -1));
    pl_vm_close(&vm);
    return code != 0;
}
