/* SPDX-License-Identifier: MIT
 *
 * What perilune.receive of lua/perilune/init.lua returns:
 *
 *     refusal                                     a text: it is not verified, and why
 *     nil, events or nil, is_list, answer or nil  JSON, and { status, body, name, value, ... }
 *
 * The request of a reception is a userdata, kept in the registry so that it can be cleared when the
 * reception is over (r->script_ref). */
#include "script/receive.h"

#include "base/err.h"
#include "script/bind.h"

enum { STATUS = 1, BODY, FIRST_FIELD };

static pl_slice text_at(lua_State *L, int index, pl_arena *arena)
{
    pl_slice text = PL_NO_SLICE;
    if (lua_type(L, index) == LUA_TSTRING) text.ptr = lua_tolstring(L, index, &text.len);
    return pl_arena_dup(arena, text);
}

static pl_slice item_of(lua_State *L, int list, int place, pl_arena *arena)
{
    lua_rawgeti(L, list, place);
    pl_slice text = text_at(L, lua_gettop(L), arena);
    lua_pop(L, 1);
    return text;
}

static void take_answer(pl_reception *r, lua_State *L, int answer)
{
    int last = (int)lua_objlen(L, answer);
    pl_field **end = &r->fields;
    lua_rawgeti(L, answer, STATUS);
    r->status = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    r->answer = item_of(L, answer, BODY, r->arena);
    for (int place = FIRST_FIELD; place < last; place += 2) {
        pl_field *f = pl_arena_zero(r->arena, sizeof *f);
        f->name = item_of(L, answer, place, r->arena);
        f->value = item_of(L, answer, place + 1, r->arena);
        *end = f;
        end = &f->next;
    }
}

static int finish(void *owner, lua_State *co, int code, pl_slice text)
{
    pl_reception *r = owner;
    if (code) {
        r->text = pl_arena_dup(r->arena, text);
        r->traceback = pl_arena_dup(r->arena, pl_buf_slice(&pl_vm_of(co)->traceback));
        return PL_E_SOURCE;
    }
    lua_settop(co, 4); /* refusal, events, is_list, answer */
    if (!lua_isnil(co, 1)) {
        r->text = text_at(co, 1, r->arena);
        return PL_E_UNVERIFIED;
    }
    r->events = text_at(co, 2, r->arena);
    r->is_list = lua_toboolean(co, 3);
    if (lua_istable(co, 4)) take_answer(r, co, 4);
    return 0;
}

/* The owner may let go of the last reference to the generation in there. */
static void on_resumed(void *owner, int code)
{
    pl_reception *r = owner;
    pl_generation *g = pl_generation_ref(r->generation);
    r->received(r, code);
    pl_generation_unref(g);
}

static void push_info(const pl_reception *r, lua_State *co)
{
    lua_createtable(co, 0, 2);
    lua_pushnumber(co, (double)r->now_ms / 1000);
    lua_setfield(co, -2, "now");
    lua_pushnumber(co, (double)r->deadline_ms / 1000);
    lua_setfield(co, -2, "deadline");
}

int pl_receive(pl_vm *vm, int function, int generation, pl_reception *r)
{
    pl_slot *slot = pl_gate_begin(vm, finish, on_resumed, r);
    lua_State *co = slot->co;
    slot->trace = &r->trace;
    lua_rawgeti(co, LUA_REGISTRYINDEX, function);
    lua_rawgeti(co, LUA_REGISTRYINDEX, generation);
    if (r->source >= 0)
        pl_push_slice(co, r->generation->sources[r->source].name);
    else
        lua_pushnil(co);
    pl_bind_inbound_push(co, r);
    lua_pushvalue(co, -1);
    r->script_ref = luaL_ref(co, LUA_REGISTRYINDEX);
    push_info(r, co);
    return pl_gate_run(slot, 4, &r->script_slot);
}

void pl_receive_dismiss(pl_vm *vm, pl_reception *r)
{
    pl_gate_cancel(vm, r->script_slot);
    if (r->script_ref == 0) return;
    lua_rawgeti(vm->L, LUA_REGISTRYINDEX, r->script_ref);
    pl_bind_inbound_clear(vm->L, lua_gettop(vm->L));
    lua_pop(vm->L, 1);
    luaL_unref(vm->L, LUA_REGISTRYINDEX, r->script_ref);
    r->script_ref = 0;
}
