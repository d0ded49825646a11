/* SPDX-License-Identifier: MIT
 *
 * Time. Nothing is paid for it while a script runs: entering a run sets an alarm on the processor
 * time of the thread (base/ticks.h), and only when that goes off, in the handler of a signal, the
 * state gets a count hook, which from then on is called before every instruction.
 *
 * - A count hook never fires in code that LuaJIT has compiled. So integrators' functions are never
 *   compiled (core.interpret), and neither are, with them, the loops of our own Lua that call them.
 *   What is compiled (templates, our Lua) and what runs long in C polls.
 * - The hook raises only where a function of an integrator or a template is running, known by its
 *   environment, which is not that of our Lua: what our Lua has begun, it ends.
 * - The hook stays, and raises at each further instruction: pcall can catch the error, but what
 *   catches it comes no further. Hooks rest while a message handler of xpcall runs, while finalizers
 *   run, and in C. Scripts have an xpcall that calls its handler later, no finalizers, and no
 *   function of C that runs long without polling.
 *
 * lua_sethook is what LuaJIT allows in a signal handler. Still the handler may interrupt the thread
 * in the middle of a change of the same fields: an |= on the byte of hook bits may lose the hook,
 * and the table of instructions that the interpreter jumps through, copied at every change of mode,
 * may be left half old. So the handler does it again at each tick as long as the run goes on, and
 * each time in both directions, which has the whole table written anew whatever mode the state
 * thinks it is in. Leaving a run takes the alarm away first, so that nothing interrupts the last
 * change.
 *
 * Memory. A state has an allocator that counts, and that has the small blocks in a heap of its own
 * (heap.h). The rest comes from LuaJIT's own allocator, since on some machines no other one gives
 * addresses that LuaJIT can use. LuaJIT lends it only to a state, so there is one for each that does
 * nothing else.
 *
 *     base             mark = base + limit              base + 2 limits       base + 4 limits
 *      |  the run grows  |  the hook collects garbage;   |  large blocks are   |  all are
 *      |                 |  what is left decides         |  refused            |  refused
 *
 * A block that is refused is an error of Lua ("not enough memory"), which can strike our own Lua in
 * the middle of something. So it comes late, and first for what asks for much at once, as
 * string.rep does, where no hook can come in between. The whole state has a limit as well; from
 * most of it on it is collected after runs. Outside of runs nothing is refused: C calls Lua without
 * protection there.
 *
 * What the run has used goes with it when it waits. Runs within runs count for the outermost. */
#include "script/budget.h"

#include "base/err.h"
#include "base/log.h"
#include "script/bind.h"
#include "script/gate.h"
#include "script/vm.h"

#include <lauxlib.h>
#include <luajit.h>
#include <stdio.h>

#define TICKS_IN_BUDGET 10 /* how finely the time of a run is measured */

#define LARGE_BYTES 65536 /* of a block that is refused early */

/* Of a limit of memory: what must be free after a collection, so that they do not follow each other
 * at once. */
#define SPARE(bytes)      ((bytes) / 16)
#define MAX_SCRATCH_BYTES (4 << 20) /* of a buffer that is kept from one run to the next */

/* Of the whole state, from where on it is collected. */
#define CROWDED(bytes) ((bytes) / 8 * 7)

static pl_budget *budget_of(const pl_alarm *alarm)
{
    return (pl_budget *)(void *)((char *)(uintptr_t)alarm - offsetof(pl_budget, alarm));
}

/* -- saying so -- */

static void put_time(pl_buf *text, const char *setting, int64_t ms)
{
    pl_buf_printf(text, "time budget exceeded (limits.%s, ", setting);
    if (ms < 1000)
        pl_buf_printf(text, "%lld ms)", (long long)ms);
    else
        pl_buf_printf(text, "%g s)", (double)ms / 1000);
}

static void put_memory(pl_buf *text, const char *setting, size_t bytes)
{
    pl_buf_printf(text, "memory budget exceeded (limits.%s, ", setting);
    if (bytes % (1 << 20) == 0)
        pl_buf_printf(text, "%zu MB)", bytes >> 20);
    else
        pl_buf_printf(text, "%zu kB)", bytes >> 10);
}

static void put_reason(const pl_budget *b, pl_buf *text)
{
    if (b->end == PL_OVER_MEMORY)
        put_memory(text, "script_memory", b->memory_bytes);
    else if (b->end == PL_OVER_HEAP)
        put_memory(text, "script_heap", b->heap_bytes);
    else if (b->entered == PL_BUDGET_LOAD)
        put_time(text, "script_load_time", b->load_ms);
    else
        put_time(text, "script_time", b->time_ms);
}

void pl_budget_explain(const pl_vm *vm, pl_buf *text)
{
    pl_buf_printf(text, "%s", vm->budget.place);
    put_reason(&vm->budget, text);
}

/* The first place at which the run was stopped is where it ran too long; later ones are those that
 * caught the error. */
static void note_place(lua_State *L, pl_budget *b)
{
    if (b->place[0]) return;
    pl_gate_push_where(L);
    snprintf(b->place, sizeof b->place, "%s", lua_tostring(L, -1));
    lua_pop(L, 1);
}

static void stop(lua_State *L, pl_vm *vm)
{
    note_place(L, &vm->budget);
    pl_buf_clear(&vm->scratch);
    put_reason(&vm->budget, &vm->scratch);
    pl_buf_put_char(&vm->scratch, '\0');
    pl_lua_fail(L, pl_err_name(PL_E_SCRIPT), "%s", vm->scratch.ptr);
}

/* -- the hook -- */

/* Does a function of our own Lua run? All of it has the globals of the state, nothing else has. */
static bool is_ours(lua_State *L, lua_Debug *at)
{
    lua_getinfo(L, "f", at);
    lua_getfenv(L, -1);
    bool is = lua_rawequal(L, -1, LUA_GLOBALSINDEX);
    lua_pop(L, 2);
    return is;
}

static void on_instruction(lua_State *L, lua_Debug *at)
{
    if (!is_ours(L, at)) pl_budget_poll(L);
}

/* After how many instructions is the hook called? Where mostly our own Lua runs, it is not to be
 * slowed down: it may need long for a large folder. */
static int hook_count(const pl_budget *b)
{
    return b->entered == PL_BUDGET_OURS || (b->entered == PL_BUDGET_LOAD && !b->is_open) ? 1000 : 1;
}

/* The opposite first: LuaJIT does nothing where it thinks that nothing changes. */
static void set_hook(const pl_budget *b, bool is_on)
{
    if (!is_on) lua_sethook(b->L, on_instruction, LUA_MASKCOUNT, 1);
    lua_sethook(b->L, NULL, 0, 0);
    if (is_on) lua_sethook(b->L, on_instruction, LUA_MASKCOUNT, hook_count(b));
}

/* In the handler of a signal. */
static void on_late(pl_alarm *alarm)
{
    pl_budget *b = budget_of(alarm);
    b->is_late = true;
    b->has_news = 1;
    b->is_hooked = true;
    set_hook(b, true);
}

static void unhook(pl_budget *b)
{
    if (b->is_hooked) set_hook(b, false);
    b->is_hooked = false;
}

/* -- memory -- */

static bool has_limit(const pl_budget *b)
{
    return b->entered < PL_BUDGET_LOAD || b->is_open;
}

static void set_mark(pl_budget *b)
{
    size_t mark = CROWDED(b->heap_bytes);
    if (has_limit(b) && b->base + b->memory_bytes < mark) mark = b->base + b->memory_bytes;
    b->mark = mark;
}

static enum pl_budget_end refusal(const pl_budget *b, size_t more)
{
    size_t wanted = b->used + b->lent + more;
    size_t allowed = (more >= LARGE_BYTES ? 2 : 4) * b->memory_bytes;
    if (has_limit(b) && wanted > b->base + allowed) return PL_OVER_MEMORY;
    return wanted > b->heap_bytes ? PL_OVER_HEAP : PL_WITHIN;
}

/* Beyond the mark. True when the block cannot be had. */
static bool is_refused(pl_budget *b, size_t more)
{
    enum pl_budget_end end = refusal(b, more);
    if (end && !b->end) b->end = end;
    b->has_news = 1;
    if (!b->is_hooked && b->entered != PL_BUDGET_NONE) {
        b->is_hooked = true;
        set_hook(b, true);
    }
    return end != PL_WITHIN;
}

/* The block is a new one that the heap has to look for, or gets another size, or is refused. Apart,
 * so that what is done mostly needs no frame. */
__attribute__((noinline)) static void *count_rarely(pl_budget *b, void *block, size_t old_size,
                                                    size_t size)
{
    size_t more = size > old_size ? size - old_size : 0;
    if (more && b->used + b->lent + more > b->mark && is_refused(b, more)) return NULL;
    void *p =
        block ? pl_heap_resize(&b->heap, block, old_size, size) : pl_heap_take(&b->heap, size);
    if (p) b->used += size - old_size;
    return p;
}

/* The allocator of the state. */
static void *count(void *ud, void *block, size_t old_size, size_t size)
{
    pl_budget *b = ud;
    if (size == 0) {
        b->used -= old_size;
        if (block) pl_heap_give(&b->heap, block, old_size);
        return NULL;
    }
    bool is_simple = block == NULL && b->used + b->lent + size <= b->mark;
    void *p = is_simple ? pl_heap_cut(&b->heap, size) : NULL;
    if (p == NULL) return count_rarely(b, block, old_size, size);
    b->used += size;
    return p;
}

/* The same while the state is closed: the heap gives all small blocks back at once. */
static void *count_down(void *ud, void *block, size_t old_size, size_t size)
{
    if (size == 0 && old_size <= PL_HEAP_SMALL) return NULL;
    return count(ud, block, old_size, size);
}

/* What is left when the garbage is gone? */
static enum pl_budget_end weigh(pl_budget *b, lua_State *L)
{
    if (b->used + b->lent <= b->mark) return PL_WITHIN;
    lua_gc(L, LUA_GCCOLLECT, 0);
    size_t left = b->used + b->lent, crowded = CROWDED(b->heap_bytes);
    if (left > crowded - SPARE(crowded)) return PL_OVER_HEAP;
    if (!has_limit(b) || left <= b->base + b->memory_bytes - SPARE(b->memory_bytes))
        return PL_WITHIN;
    return PL_OVER_MEMORY;
}

static void close_heap(pl_budget *b)
{
    pl_heap_fini(&b->heap);
    lua_close(b->lender);
    b->lender = NULL;
}

lua_State *pl_budget_open(pl_vm *vm)
{
    pl_budget *b = &vm->budget;
    b->lender = luaL_newstate();
    if (b->lender == NULL) return NULL;
    void *ud;
    lua_Alloc alloc = lua_getallocf(b->lender, &ud);
    pl_heap_init(&b->heap, alloc, ud);
    b->L = lua_newstate(count, b);
    if (b->L)
        lua_atpanic(b->L, lua_atpanic(b->lender, NULL));
    else
        close_heap(b);
    return b->L;
}

pl_budget *pl_budget_of(lua_State *L)
{
    void *ud;
    return lua_getallocf(L, &ud) == count ? ud : NULL;
}

void pl_budget_close(pl_vm *vm)
{
    pl_budget *b = &vm->budget;
    lua_setallocf(b->L, count_down, b);
    lua_close(b->L);
    close_heap(b);
}

/* -- looking at what there is -- */

void pl_budget_poll(lua_State *L)
{
    pl_vm *vm = pl_vm_of(L);
    pl_budget *b = &vm->budget;
    if (!b->has_news) return;
    if (!b->end && b->is_late) b->end = PL_OVER_TIME;
    if (!b->end) b->end = weigh(b, L);
    if (b->end) stop(L, vm);
    b->has_news = 0; /* an alarm just now comes again with the next tick */
    unhook(b);
}

bool pl_budget_is_over(const pl_vm *vm)
{
    return vm->budget.is_late || vm->budget.end;
}

void pl_budget_ask(lua_State *L, double bytes)
{
    pl_vm *vm = pl_vm_of(L);
    pl_budget *b = &vm->budget;
    if (b->mark == SIZE_MAX || bytes < LARGE_BYTES) return;
    if (is_refused(b, bytes < (double)b->heap_bytes ? (size_t)bytes : b->heap_bytes)) stop(L, vm);
}

void pl_budget_charge(lua_State *L, size_t bytes)
{
    pl_vm *vm = pl_vm_of(L);
    pl_budget *b = &vm->budget;
    if (b->depth == 0 || b->lender == NULL) return;
    b->lent += bytes;
    if (b->used + b->lent <= b->mark) return;
    if (is_refused(b, 0)) stop(L, vm);
    pl_budget_poll(L);
}

/* -- runs -- */

static void begin(pl_budget *b)
{
    b->has_news = 0;
    b->is_late = false;
    b->end = PL_WITHIN;
    b->place[0] = '\0';
}

/* The tick under way counts for a whole one: it is added, so that no run gets less than its time. */
static void allow(pl_budget *b, int64_t ns)
{
    b->alarm.at_ns = INT64_MAX; /* while it changes */
    b->began_ns = b->ticks->now_ns;
    b->alarm.at_ns = b->began_ns + ns + b->ticks->tick_ns;
}

static void make_room(pl_budget *b)
{
    if (b->used <= CROWDED(b->heap_bytes)) return;
    lua_gc(b->L, LUA_GCCOLLECT, 0);
    if (b->used > CROWDED(b->heap_bytes))
        pl_log(PL_LOG_WARN, "the scripts of a worker need nearly all of limits.script_heap",
               PL_LOG_INT("bytes", (int64_t)b->used));
}

/* Memory that the run took before it waited is its own, also when it was given back since. */
static void begin_memory(pl_budget *b, size_t taken)
{
    if (b->lender && b->entered != PL_BUDGET_NONE) make_room(b);
    b->lent = 0;
    b->base = b->used > taken ? b->used - taken : 0;
    set_mark(b);
}

/* What one call made large is not kept for all. */
static void trim(pl_buf *b)
{
    if (b->cap > MAX_SCRATCH_BYTES) pl_buf_fini(b);
}

void pl_budget_enter(pl_vm *vm, enum pl_budget_kind kind, const pl_spent *spent)
{
    pl_budget *b = &vm->budget;
    if (b->depth++ > 0) return;
    b->entered = kind;
    trim(&vm->scratch);
    begin(b);
    begin_memory(b, spent ? spent->memory_bytes : 0);
    if (kind == PL_BUDGET_NONE) return;
    b->ticks = pl_ticks_here();
    int64_t ns = (kind == PL_BUDGET_LOAD ? b->load_ms : b->time_ms) * 1000000;
    pl_ticks_refine(b->ticks, ns / TICKS_IN_BUDGET);
    allow(b, ns - (spent ? spent->time_ns : 0));
    pl_ticks_set(b->ticks, &b->alarm);
}

bool pl_budget_leave(pl_vm *vm, pl_spent *spent)
{
    pl_budget *b = &vm->budget;
    if (--b->depth > 0) return false;
    if (b->ticks) pl_ticks_unset(b->ticks, &b->alarm);
    unhook(b);
    if (spent) spent->time_ns += b->ticks->now_ns - b->began_ns;
    if (spent) spent->memory_bytes = b->used + b->lent > b->base ? b->used + b->lent - b->base : 0;
    b->mark = SIZE_MAX; /* nothing is refused from here on */
    b->lent = 0;
    b->ticks = NULL;
    b->has_news = 0;
    if (!b->end && b->is_late && b->entered == PL_BUDGET_RUN) b->end = PL_OVER_TIME;
    return b->end && (b->entered == PL_BUDGET_RUN || b->entered == PL_BUDGET_LOAD);
}

void pl_budget_init(pl_vm *vm, lua_State *L)
{
    vm->budget = (pl_budget){.L = L, .alarm = {.fire = on_late}, .mark = SIZE_MAX};
}

void pl_budget_use(pl_vm *vm, const pl_settings *settings)
{
    vm->budget.time_ms = settings->limit_script_time;
    vm->budget.load_ms = settings->limit_script_load_time;
    vm->budget.memory_bytes = (size_t)settings->limit_script_memory;
    vm->budget.heap_bytes = (size_t)settings->limit_script_heap;
}

/* -- for our Lua -- */

int pl_budget_lua_interpret(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    luaJIT_setmode(L, 1, LUAJIT_MODE_ALLFUNC | LUAJIT_MODE_OFF);
    lua_settop(L, 1);
    return 1;
}

int pl_budget_lua_poll(lua_State *L)
{
    pl_budget_poll(L);
    return 0;
}

int pl_budget_lua_is_over(lua_State *L)
{
    lua_pushboolean(L, pl_budget_is_over(pl_vm_of(L)));
    return 1;
}

int pl_budget_lua_open(lua_State *L)
{
    pl_budget *b = &pl_vm_of(L)->budget;
    bool opens = b->depth > 0 && b->entered == PL_BUDGET_LOAD && !b->is_open;
    if (opens) {
        b->is_open = true;
        begin(b);
        begin_memory(b, 0);
        allow(b, b->load_ms * 1000000);
    }
    lua_pushboolean(L, opens);
    return 1;
}

int pl_budget_lua_close(lua_State *L)
{
    pl_vm *vm = pl_vm_of(L);
    pl_budget *b = &vm->budget;
    b->is_open = false;
    set_mark(b);
    unhook(b);
    if (!b->end && b->is_late) b->end = PL_OVER_TIME;
    pl_buf_clear(&vm->scratch);
    if (b->end) pl_budget_explain(vm, &vm->scratch);
    begin(b);
    allow(b, b->load_ms * 1000000); /* for what metatables of its values do from here on */
    if (vm->scratch.len)
        lua_pushlstring(L, vm->scratch.ptr, vm->scratch.len);
    else
        lua_pushnil(L);
    return 1;
}

int pl_budget_lua_load_time(lua_State *L)
{
    pl_budget *b = &pl_vm_of(L)->budget;
    double seconds = luaL_checknumber(L, 1);
    if (!b->load_is_given) b->load_ms = (int64_t)(seconds * 1000);
    return 0;
}

static bool has_news(const void *vm)
{
    return ((const pl_vm *)vm)->budget.has_news;
}

typedef bool news_function(const void *vm);

int pl_open_budget(lua_State *L)
{
    news_function *function = has_news;
    void *address;
    memcpy(&address, &function, sizeof address); /* no cast of ISO C leads from one to the other */
    lua_createtable(L, 0, 2);
    lua_pushlightuserdata(L, address);
    lua_setfield(L, -2, "has_news");
    lua_pushlightuserdata(L, pl_vm_of(L));
    lua_setfield(L, -2, "vm");
    return 1;
}
