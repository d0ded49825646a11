/* SPDX-License-Identifier: MIT
 *
 * The stages of an exchange that scripts carry out; each may wait.
 *
 * What scripts hold for one exchange is its frame (ctx.lua), which is in the registry
 * (x->script_ref). It is made by Lua's render, or for the first stage behind that which runs a script,
 * and has places for the userdata of the request and of the response:
 *
 *     frame { request, response, ... }
 *
 * Release gives it up and kills the two userdata, so that a script that has kept one gets an error
 * and not another exchange's memory. Events have no userdata of their own: the frame has a ticket, a
 * number that no other exchange ever has, with which they are read. The request is there from
 * authenticate on: while it is rendered no script sees it.
 * Webhooks count from 1 in Lua and from 0 in C. */
#include "base/err.h"
#include "base/log.h"
#include "flow/engine.h"
#include "script/bind.h"
#include "script/script_impl.h"

#include <lauxlib.h>

/* Places in a frame. */
enum { REQUEST = 1, RESPONSE };

static int fail(pl_exchange *x, int code, pl_slice text)
{
    x->error_text = pl_arena_dup(&x->arena, text).ptr;
    return code;
}

/* "file:line" of the webhook, or nothing. */
static pl_slice place_of_webhook(pl_exchange *x)
{
    const pl_script *s = pl_script_of(x->generation);
    lua_State *L = s->vm.L;
    int top = lua_gettop(L);
    pl_slice place = PL_NO_SLICE;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->generation);
    lua_getfield(L, -1, "entries");
    if (lua_istable(L, -1)) {
        lua_rawgeti(L, -1, (int)x->webhook + 1);
        lua_getfield(L, -1, "where");
        place = pl_arena_dup(&x->arena, pl_check_slice(L, -1));
    }
    lua_settop(L, top);
    return place;
}

/* What the gate says of a script that failed. Of a function whose last word was `return f(x)`
 * nothing is left on the stack when f fails, and of credentials that are data there was no script:
 * what is known is the webhook. */
static int failed(pl_exchange *x, int code, pl_slice text)
{
    const pl_vm *vm = &pl_script_of(x->generation)->vm;
    pl_slice own = text;
    bool is_of_data =
        x->stage == PL_STAGE_AUTHENTICATE && vm->traceback.len == 0 && vm->budget.end == PL_WITHIN;
    x->traceback = pl_arena_dup(&x->arena, pl_buf_slice(&vm->traceback));
    if (!pl_gate_cut_place(&own) && !is_of_data) return fail(x, code, text);
    pl_slice place = place_of_webhook(x);
    if (place.len == 0) return fail(x, code, text);
    x->error_text =
        pl_arena_printf(&x->arena, "%.*s: %.*s", (int)place.len, place.ptr, (int)own.len, own.ptr);
    return code;
}

/* A stage that waited is through. The engine may let go
 * of the last reference to the generation in there. */
static void on_resumed(void *owner, int code)
{
    pl_exchange *x = owner;
    pl_generation *g = pl_generation_ref(x->generation);
    pl_engine_resume(x, code);
    pl_generation_unref(g);
}

static pl_slot *begin_stage(pl_generation *g, pl_exchange *x, enum pl_script_function f,
                            pl_finish_fn *finish)
{
    pl_script *s = pl_script_of(g);
    pl_slot *slot = pl_gate_begin(&s->vm, finish, on_resumed, x);
    slot->exchange = x;
    slot->trace = &x->trace;
    pl_script_push_function(s, slot->co, f);
    lua_pushinteger(slot->co, (lua_Integer)x->webhook + 1);
    return slot;
}

/* -- what scripts hold -- */

#define ATTEMPT 3 /* values */

/* Which attempt, when it began, when it is over. */
static void push_attempt(const pl_exchange *x, lua_State *co)
{
    lua_pushinteger(co, (lua_Integer)x->number);
    lua_pushnumber(co, (double)x->started_ms / 1000);
    lua_pushnumber(co, (double)x->deadline_ms / 1000);
}

/* Pushes the ticket. */
static void push_ticket(pl_exchange *x, pl_vm *vm, lua_State *co)
{
    if (x->script_ticket == 0) x->script_ticket = ++vm->tickets;
    lua_pushnumber(co, (double)x->script_ticket);
}

static void push_frame(const pl_exchange *x, lua_State *L)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, x->script_ref);
}

/* Pops the frame. */
static void keep_frame(pl_exchange *x, lua_State *L)
{
    x->script_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* The frame, where render has not made one: it was not Lua's, or it failed. */
static int need_frame(pl_script *s, pl_exchange *x)
{
    lua_State *L = s->vm.L;
    if (x->script_ref) return 0;
    pl_script_push_function(s, L, MAKE_FRAME);
    lua_pushinteger(L, (lua_Integer)x->webhook + 1);
    pl_bind_event_push_of_run(L);
    push_ticket(x, &s->vm, L);
    push_attempt(x, L);
    s->vm.budget.kind = PL_BUDGET_OURS;
    int code = pl_gate_call(&s->vm, 4 + ATTEMPT, 1);
    if (code) return failed(x, code, pl_buf_slice(&s->vm.failure));
    keep_frame(x, L);
    return 0;
}

/* What is made when it is first asked for, and then stays the same; and behind it the frame, in a
 * place of which it is kept. */
static void push_with_frame(pl_exchange *x, lua_State *co, int place,
                            void (*push)(lua_State *, pl_exchange *))
{
    push_frame(x, co);
    int frame = lua_gettop(co);
    lua_rawgeti(co, frame, place);
    if (lua_isnil(co, -1)) {
        lua_pop(co, 1);
        push(co, x);
        lua_pushvalue(co, -1);
        lua_rawseti(co, frame, place);
    }
    lua_insert(co, frame); /* stack: made, frame (top) */
}

/* -- the stages -- */

/* The fields that every request has, by which a receiver can drop repeats. The connector's own come
 * later and may say otherwise. */
static void identify(pl_exchange *x, pl_buf *scratch)
{
    char *id = pl_arena_alloc(&x->arena, PL_UUID_TEXT + 1);
    pl_uuid_format(x->id, id);
    pl_buf_clear(scratch);
    pl_buf_put_int(scratch, x->started_ms / 1000);
    pl_request_put_field(&x->request, &x->arena, PL_SLICE("webhook-id"),
                         (pl_slice){id, PL_UUID_TEXT});
    pl_request_put_field(&x->request, &x->arena, PL_SLICE("webhook-timestamp"),
                         pl_arena_dup(&x->arena, pl_buf_slice(scratch)));
}

static int finish_render(void *owner, lua_State *co, int code, pl_slice text)
{
    pl_exchange *x = owner;
    if (code) return failed(x, code, text);
    if (lua_gettop(co) == 0 || lua_isnil(co, 1))
        return fail(x, PL_E_CANCELLED, PL_SLICE("its `when` says no"));
    lua_settop(co, 1);
    keep_frame(x, co);
    return 0;
}

int pl_script_render(pl_generation *g, pl_exchange *x)
{
    pl_script *s = pl_script_of(g);
    const pl_recipe_render *recipe = pl_script_recipe(s, x->webhook)->render;
    identify(x, &s->vm.scratch);
    if (recipe && pl_recipe_make_request(recipe, x, &s->vm)) return 0;
    pl_slot *slot = begin_stage(g, x, RENDER, finish_render);
    lua_State *co = slot->co;
    pl_bind_event_push_of_run(co);
    push_ticket(x, &s->vm, co);
    push_attempt(x, co);
    pl_bind_request_push_of_run(co); /* our Lua keeps it to itself */
    lua_pushboolean(co, x->undecided);
    return pl_gate_run(slot, 6 + ATTEMPT, &x->script_slot);
}

/* From here on the request is what is sent: no script that kept it changes it any more. */
static void close_request(const pl_exchange *x, lua_State *L)
{
    if (x->script_ref == 0) return;
    push_frame(x, L);
    lua_rawgeti(L, -1, REQUEST);
    pl_bind_request_clear(L, lua_gettop(L));
    lua_pop(L, 2);
}

static int finish_authenticate(void *owner, lua_State *co, int code, pl_slice text)
{
    pl_exchange *x = owner;
    if (code) return failed(x, code, text);
    close_request(x, co);
    return 0;
}

static int run_authenticate(pl_generation *g, pl_exchange *x)
{
    int code = need_frame(pl_script_of(g), x);
    if (code) return code;
    pl_slot *slot = begin_stage(g, x, AUTHENTICATE, finish_authenticate);
    push_with_frame(x, slot->co, REQUEST, pl_bind_request_push);
    return pl_gate_run(slot, 4, &x->script_slot);
}

int pl_script_authenticate(pl_generation *g, pl_exchange *x)
{
    pl_script *s = pl_script_of(g);
    const pl_authenticator *a = s->authenticators[x->webhook];
    if (a == NULL || !pl_authenticator_set(a, x, s->keys, &s->vm.scratch))
        return run_authenticate(g, x);
    close_request(x, s->vm.L);
    return 0;
}

/* co: ok, variables (JSON), message, retry: true, false or nil */
static int finish_map(void *owner, lua_State *co, int code, pl_slice text)
{
    pl_exchange *x = owner;
    if (code) return failed(x, code, text);
    lua_settop(co, 4);
    if (!lua_isnil(co, 4)) x->verdict = lua_toboolean(co, 4) ? PL_VERDICT_RETRY : PL_VERDICT_FINAL;
    x->ok = lua_toboolean(co, 1);
    if (lua_type(co, 3) == LUA_TSTRING) fail(x, 0, pl_check_slice(co, 3));
    if (lua_type(co, 2) == LUA_TSTRING)
        x->variables = pl_arena_dup(&x->arena, pl_check_slice(co, 2));
    return 0;
}

static int run_on_response(pl_generation *g, pl_exchange *x, enum pl_script_function f,
                           pl_finish_fn *finish)
{
    int code = need_frame(pl_script_of(g), x);
    if (code) return code;
    pl_slot *slot = begin_stage(g, x, f, finish);
    push_with_frame(x, slot->co, RESPONSE, pl_bind_response_push);
    return pl_gate_run(slot, 4, &x->script_slot);
}

int pl_script_map(pl_generation *g, pl_exchange *x)
{
    pl_script *s = pl_script_of(g);
    const pl_recipe_map *recipe = pl_script_recipe(s, x->webhook)->map;
    if (recipe && pl_recipe_judge(recipe, x, &s->vm)) return 0;
    return run_on_response(g, x, MAP, finish_map);
}

/* -- beside the way: a 401, a failure -- */

/* co: again */
static int finish_unauthorized(void *owner, lua_State *co, int code, pl_slice text)
{
    if (code) return failed(owner, code, text);
    return lua_gettop(co) > 0 && lua_toboolean(co, 1) ? PL_AGAIN : 0;
}

int pl_script_unauthorized(pl_generation *g, pl_exchange *x)
{
    return run_on_response(g, x, UNAUTHORIZED, finish_unauthorized);
}

static int finish_failed(void *owner, lua_State *co, int code, pl_slice text)
{
    (void)owner, (void)co;
    if (code) pl_log(PL_LOG_ERROR, "on_failed", PL_LOG_SLICE("error", text));
    return 0;
}

static void push_failure(const pl_exchange *x, lua_State *co)
{
    lua_createtable(co, 0, 6);
    lua_pushstring(co, pl_err_name(x->error));
    lua_setfield(co, -2, "class");
    lua_pushstring(co, x->error_text);
    lua_setfield(co, -2, "message");
    lua_pushstring(co, pl_stage_name(x->failed_stage));
    lua_setfield(co, -2, "stage");
    lua_pushinteger(co, (lua_Integer)x->number);
    lua_setfield(co, -2, "attempt");
    lua_pushboolean(co, pl_exchange_will_retry(x));
    lua_setfield(co, -2, "will_retry");
    if (x->response.status == 0) return;
    lua_pushinteger(co, x->response.status);
    lua_setfield(co, -2, "status");
}

/* What scripts held may be released by now: then it is made anew. */
int pl_script_failed(pl_generation *g, pl_exchange *x)
{
    int code = need_frame(pl_script_of(g), x);
    if (code) return code;
    pl_slot *slot = begin_stage(g, x, FAILED, finish_failed);
    push_failure(x, slot->co);
    push_frame(x, slot->co);
    return pl_gate_run(slot, 4, &x->script_slot);
}

void pl_script_release(pl_generation *g, pl_exchange *x)
{
    pl_vm *vm = &pl_script_of(g)->vm;
    lua_State *L = vm->L;
    pl_gate_cancel(vm, x->script_slot);
    x->script_ticket = 0;
    if (x->script_ref == 0) return;
    int frame = lua_gettop(L) + 1;
    push_frame(x, L);
    lua_rawgeti(L, frame, REQUEST);
    pl_bind_request_clear(L, frame + 1);
    lua_rawgeti(L, frame, RESPONSE);
    pl_bind_response_clear(L, frame + 2);
    lua_settop(L, frame - 1);
    luaL_unref(L, LUA_REGISTRYINDEX, x->script_ref);
    x->script_ref = 0;
}
