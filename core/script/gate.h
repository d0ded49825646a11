/* SPDX-License-Identifier: MIT
 *
 * The one way from C into a script. Whatever a script does, the caller gets a code and, on failure,
 * a text; the Lua stack is as it was.
 *
 * Two forms: a call on the main coroutine, which must not wait, and a run in a coroutine of its
 * own, which may. A run lives in a slot; slots and their coroutines are used again. What a run waits
 * for is an operation that a C function of the script began: a timer, transfers, a place in the
 * cache. Outside this file a waiting run is known by its handle only,
 *
 *     handle = generation of the slot << 32 | number of the slot, from 1
 *
 * and the generation counts up whenever a wait is over: the handle of an operation that comes too
 * late names nothing, whatever the run does by then and whatever lives in the slot. */
#ifndef PL_SCRIPT_GATE_H
#define PL_SCRIPT_GATE_H

#include "base/slice.h"
#include "base/wheel.h"
#include "script/budget.h"

#include <lua.h>
#include <stdint.h>

typedef struct pl_vm pl_vm;
typedef struct pl_exchange pl_exchange;
typedef struct pl_trace pl_trace;

/* What becomes of a run: with code 0 the results are at 1 ... top of `co`, otherwise `text` says
 * what went wrong. Returns the code that the run ends with. */
typedef int pl_finish_fn(void *owner, lua_State *co, int code, pl_slice text);
/* A run that waited has ended, with what `finish` returned. The last thing that the gate does: the
 * state may be closed in it. */
typedef void pl_resumed_fn(void *owner, int code);

/* What a run holds and gives up in time; what is left when it ends, in whatever way, the gate has
 * released. Embedded in what it is about. */
typedef struct pl_holding {
    struct pl_holding *next, **link; /* link is NULL while nobody holds it */
    void (*release)(struct pl_holding *h);
} pl_holding;

typedef struct pl_slot {
    pl_vm *vm;
    lua_State *co;
    int co_ref; /* registry */
    uint32_t number, generation;
    pl_spent spent;           /* of its budget, in the steps before this one */
    bool waits;               /* the yield under way is pl_gate_wait's */
    void (*cancel)(void *op); /* ends the operation that it waits for */
    void *op;
    pl_timer timer;        /* of core.sleep */
    uint64_t *wait_handle; /* the caller's: names the wait under way, 0: none */
    pl_finish_fn *finish;
    pl_resumed_fn *resumed;
    void *owner;
    pl_holding *holdings;
    pl_exchange *exchange; /* that it is a stage of; NULL: of none */
    pl_trace *trace;       /* where what it does is written down; NULL: nowhere */
    uint32_t requests;     /* of HTTP that it has sent */
    int otherwise;         /* the code of an error that says no class of its own */
    struct pl_slot *next_free;
} pl_slot;

typedef struct pl_gate {
    pl_slot **slots;
    uint32_t count, in_use;
    pl_slot *free;
    pl_slot *running;
    int xpcall_ref, handler_ref; /* registry; 0: not taken yet */
} pl_gate;

void pl_gate_init(pl_vm *vm);
void pl_gate_fini(pl_vm *vm);

/* Calls the function below `args` arguments on the main coroutine: 0 and `results` results in their
 * place, or a code with the text in vm->failure and nothing in their place. */
int pl_gate_call(pl_vm *vm, int args, int results);

/* Takes a slot: push a function and its arguments on slot->co, then run it, at once. */
pl_slot *pl_gate_begin(pl_vm *vm, pl_finish_fn *finish, pl_resumed_fn *resumed, void *owner);
/* 0 or a code: it is over. PL_WAIT: it waits, *handle names the wait (and later ones, until the run
 * is over and it is 0), and `resumed` will be called. */
int pl_gate_run(pl_slot *slot, int args, uint64_t *handle);
/* Forgets a run that waits: what it waits for is cancelled, neither `finish` nor `resumed` is
 * called. Nothing happens when the handle names none. */
void pl_gate_cancel(pl_vm *vm, uint64_t handle);

/* -- for C functions of scripts that wait; `return pl_gate_wait(...)` is their last word -- */

/* The slot whose run called; raises "`what` works only ..." where nothing can wait. */
pl_slot *pl_gate_waiter(lua_State *L, const char *what);
/* Names the wait that begins next. */
uint64_t pl_gate_handle(const pl_slot *slot);
/* The run waits for `op`, until pl_gate_resume; `cancel` is called instead when it is given up. */
int pl_gate_wait(pl_slot *slot, void (*cancel)(void *op), void *op);
/* The operation is over: `push` (or NULL) puts results on the coroutine and returns their number,
 * and the run goes on with them. Never from within the function that began the wait. False, and
 * nothing was done: the handle names no wait. */
bool pl_gate_resume(pl_vm *vm, uint64_t handle, int (*push)(lua_State *co, void *op), void *op);
void pl_gate_hold(pl_slot *slot, pl_holding *h);
/* The run has given it up by itself. Nothing happens to what nobody holds. */
void pl_gate_let_go(pl_holding *h);
/* The exchange of the run under way, or NULL. */
pl_exchange *pl_gate_exchange(const pl_vm *vm);
/* Its trace, or NULL. */
pl_trace *pl_gate_trace(const pl_vm *vm);

/* Raises {class =, message =}, the message with the place
 * in the integrator's file in front. Does not return. */
int pl_lua_fail(lua_State *L, const char *class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Pushes "file:line: " of the nearest call that is not our own Lua's, or "". */
void pl_gate_push_where(lua_State *L);
/* What pl_lua_fail raises, pushed: of the message on the top of the stack, in its place. */
void pl_gate_push_failure(lua_State *L, const char *class);
/* Takes an error value off the top of the stack: its code, with the text in vm->failure. */
int pl_gate_explain(pl_vm *vm, lua_State *L);
/* Cuts a place in our own Lua, "file:line: ", off the front of a text; false when there is none. */
bool pl_gate_cut_place(pl_slice *text);
/* core.fail, core.sleep, and core.fails_as(class), a function: what the run under way raises from
 * its call on, and says no class of its own, is of this one. */
int pl_gate_lua_fail(lua_State *L);
int pl_gate_lua_fails_as(lua_State *L);
int pl_gate_lua_sleep(lua_State *L);

#endif
