/* SPDX-License-Identifier: MIT
 *
 * What the sandbox costs, in nanoseconds of processor time:
 *
 *   call         a function without a body: by lua_pcall alone, by the gate on the main coroutine
 *                (a budget of time and of memory around it), and as a run in a slot of the gate
 *   function     what an integrator may write to make a body out of an order: compiled, as our own
 *                Lua would be, and interpreted, as integrators' functions are, each in the gate
 *
 *     gate_bench [ROUNDS]      7 rounds, medians */
#include "script/bind.h"
#include "script/vm.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MAX_ROUNDS 99
#define CALLS      200000
#define BODIES     20000

static const char empty[] = "return function() end";
static const char body[] = "return function(order)\n"
                           "  local lines, total = {}, 0\n"
                           "  for i, line in ipairs(order.lines) do\n"
                           "    lines[i] = { sku = line.sku, label = line.name:upper(), price = "
                           "line.price * line.count }\n"
                           "    total = total + lines[i].price\n"
                           "  end\n"
                           "  return { id = 'order-' .. order.id, total = total, lines = lines }\n"
                           "end";
static const char order[] =
    "local lines = {}\n"
    "for i = 1, 10 do lines[i] = { sku = 'PL-' .. i, name = 'lamp', price = i, count = 2 } end\n"
    "return { id = 7, lines = lines }";

static pl_vm vm;

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* What a chunk returns, in the registry. */
static int kept(const char *chunk, bool is_interpreted)
{
    if (luaL_dostring(vm.L, chunk)) abort();
    if (is_interpreted) {
        lua_pushcfunction(vm.L, pl_budget_lua_interpret);
        lua_insert(vm.L, -2);
        lua_call(vm.L, 1, 1);
    }
    return luaL_ref(vm.L, LUA_REGISTRYINDEX);
}

/* -- the ways to call a function with one argument -- */

static void by_pcall(int function, int argument)
{
    lua_rawgeti(vm.L, LUA_REGISTRYINDEX, function);
    lua_rawgeti(vm.L, LUA_REGISTRYINDEX, argument);
    if (lua_pcall(vm.L, 1, 1, 0)) abort();
    lua_pop(vm.L, 1);
}

static void by_call(int function, int argument)
{
    lua_rawgeti(vm.L, LUA_REGISTRYINDEX, function);
    lua_rawgeti(vm.L, LUA_REGISTRYINDEX, argument);
    if (pl_gate_call(&vm, 1, 1)) abort();
    lua_pop(vm.L, 1);
}

static int on_finish(void *owner, lua_State *co, int code, pl_slice text)
{
    (void)owner, (void)co, (void)text;
    return code;
}

static void by_run(int function, int argument)
{
    uint64_t handle;
    pl_slot *slot = pl_gate_begin(&vm, on_finish, NULL, NULL);
    lua_rawgeti(slot->co, LUA_REGISTRYINDEX, function);
    lua_rawgeti(slot->co, LUA_REGISTRYINDEX, argument);
    if (pl_gate_run(slot, 1, &handle)) abort();
}

typedef struct subject {
    const char *name;
    void (*call)(int function, int argument);
    const char *chunk;
    bool is_interpreted;
    int count, function;
    double ns[MAX_ROUNDS];
} subject;

static subject subjects[] = {
    {.name = "call, lua_pcall alone", .call = by_pcall, .chunk = empty, .count = CALLS},
    {.name = "call, gate", .call = by_call, .chunk = empty, .count = CALLS},
    {.name = "call, run in a slot", .call = by_run, .chunk = empty, .count = CALLS},
    {.name = "function, compiled", .call = by_run, .chunk = body, .count = BODIES},
    {.name = "function, interpreted",
     .call = by_run,
     .chunk = body,
     .is_interpreted = true,
     .count = BODIES},
};

#define SUBJECTS (sizeof subjects / sizeof *subjects)

static double measure(const subject *s, int argument)
{
    lua_gc(vm.L, LUA_GCCOLLECT, 0);
    double began = cpu_ns();
    for (int i = 0; i < s->count; i++)
        s->call(s->function, argument);
    return (cpu_ns() - began) / s->count;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 7;
    pl_settings settings;
    if (rounds < 1 || rounds > MAX_ROUNDS || pl_vm_open(&vm, NULL, 0)) return 2;
    pl_settings_init(&settings);
    pl_vm_use(&vm, &settings);
    int argument = kept(order, false);
    for (size_t i = 0; i < SUBJECTS; i++) {
        subjects[i].function = kept(subjects[i].chunk, subjects[i].is_interpreted);
        measure(&subjects[i], argument);
    }
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < SUBJECTS; i++)
            subjects[i].ns[round] = measure(&subjects[i], argument);
    printf("%d rounds; medians of processor time\n%-24s %8s\n", rounds, "", "ns");
    for (size_t i = 0; i < SUBJECTS; i++) {
        qsort(subjects[i].ns, (size_t)rounds, sizeof(double), compare);
        printf("%-24s %8.0f\n", subjects[i].name, subjects[i].ns[rounds / 2]);
    }
    pl_settings_fini(&settings);
    pl_vm_close(&vm);
    return 0;
}
