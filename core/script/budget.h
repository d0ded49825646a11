/* SPDX-License-Identifier: MIT
 *
 * What a run of scripts may use: processor time and memory. The gate enters and leaves; between the
 * two the budget counts, and a script that has used it up is stopped with an error that it cannot
 * keep from going on. Whatever such a run returned, it has failed: pl_budget_leave says so. */
#ifndef PL_SCRIPT_BUDGET_H
#define PL_SCRIPT_BUDGET_H

#include "base/buf.h"
#include "base/ticks.h"
#include "flow/settings.h"
#include "script/heap.h"

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct pl_vm pl_vm;

enum pl_budget_kind {
    PL_BUDGET_RUN,   /* a stage or another function of a script: limits.script_time, _memory */
    PL_BUDGET_ROUTE, /* the same, but what goes over it has not failed: our Lua sees to that */
    PL_BUDGET_OURS,  /* work of our Lua in which a script's metamethods may run: as ROUTE */
    PL_BUDGET_LOAD,  /* a folder: limits.script_load_time for each file, see core.open_budget */
    PL_BUDGET_NONE,  /* our own Lua alone: limits.script_heap */
};

/* What a run has used before it waited. */
typedef struct pl_spent {
    int64_t time_ns;
    size_t memory_bytes;
} pl_spent;

/* Why a run has to end. */
enum pl_budget_end { PL_WITHIN, PL_OVER_TIME, PL_OVER_MEMORY, PL_OVER_HEAP };

#define PL_BUDGET_PLACE 160

typedef struct pl_budget {
    pl_alarm alarm;
    lua_State *L;    /* the main coroutine */
    pl_ticks *ticks; /* of the thread that the run is on; NULL: nothing runs */
    int64_t began_ns;
    int depth;                /* of enters: those within a run count for it */
    enum pl_budget_kind kind; /* of the next call on the main coroutine */
    enum pl_budget_kind entered;
    bool is_open;              /* a file of the folder is running */
    volatile int32_t has_news; /* there is something to poll for */
    volatile bool is_late;     /* the time is over */
    bool is_hooked;            /* the hook may be set */
    enum pl_budget_end end;
    char place[PL_BUDGET_PLACE]; /* "file:line: " where the run was first stopped */
    int64_t time_ms, load_ms;
    bool load_is_given; /* outside the folder: gateway.lua does not change it */
    lua_State *lender;  /* another one, whose allocator is used; NULL: the memory is not counted */
    pl_heap heap;
    size_t used; /* bytes that the state has */
    size_t lent; /* bytes that C keeps for the run under way */
    size_t base; /* what was used without the run */
    size_t mark; /* of used and lent: beyond it something has to be done */
    size_t memory_bytes, heap_bytes;
} pl_budget;

/* `L` is one whose memory is not counted; NULL: pl_budget_open follows. */
void pl_budget_init(pl_vm *vm, lua_State *L);
/* A state whose memory is counted; NULL when there is none, or LuaJIT is built so that a state can
 * have no other allocator than its own (64 bits without GC64). */
lua_State *pl_budget_open(pl_vm *vm);
/* Closes that state. */
void pl_budget_close(pl_vm *vm);
void pl_budget_use(pl_vm *vm, const pl_settings *settings);
/* The budget that counts a state's memory; NULL while none does. Cheap. */
pl_budget *pl_budget_of(lua_State *L);

/* A run begins, or goes on after it waited; `spent` may be NULL. */
void pl_budget_enter(pl_vm *vm, enum pl_budget_kind kind, const pl_spent *spent);
/* It is over, or waits: true when it has used up its budget. */
bool pl_budget_leave(pl_vm *vm, pl_spent *spent);
/* What to say of the run that was left: "file:line: time budget exceeded (...)". */
void pl_budget_explain(const pl_vm *vm, pl_buf *text);

/* Raises "time budget exceeded" (class script) when the run's time is over. Cheap; for long loops
 * of C functions, every thousand rounds or so. */
void pl_budget_poll(lua_State *L);
/* The same as a question, for loops that cannot raise. */
bool pl_budget_is_over(const pl_vm *vm);
/* Raises when a block of so many bytes could not be had: at the place that asks for it, which the
 * allocator cannot say. */
void pl_budget_ask(lua_State *L, double bytes);
/* `bytes` more are kept outside of the state until the exchange is over: they count as the run's
 * memory. Raises when that is too much; call it before the bytes are taken. */
void pl_budget_charge(lua_State *L, size_t bytes);

/* -- for our Lua -- */

/* core.interpret(f): f and the functions in it are never compiled, so that they can be stopped. */
int pl_budget_lua_interpret(lua_State *L);
/* core.poll(): pl_budget_poll. */
int pl_budget_lua_poll(lua_State *L);
/* core.is_over(): the run's budget is used up. */
int pl_budget_lua_is_over(lua_State *L);
/* core.open_budget(), while a folder loads: a file begins. False: it is part of one that did. */
int pl_budget_lua_open(lua_State *L);
/* core.close_budget(): it has ended. What to say when its budget was used up, else nil. */
int pl_budget_lua_close(lua_State *L);
/* core.load_time(seconds): what gateway.lua says of limits.script_load_time. */
int pl_budget_lua_load_time(lua_State *L);
/* core.budget: what compiled code asks by FFI, as bool f(const void *vm), and `vm`: is there a
 * reason to call core.poll? */
int pl_open_budget(lua_State *L);

#endif
