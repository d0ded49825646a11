/* SPDX-License-Identifier: MIT
 *
 * core.fetch(requests): the requests of a script, sent at once; the run waits until all of them are
 * answered. They go the way of deliveries: the worker's client, its egress guard, its limits.
 *
 *   request   { method, url, seconds or false, body or false, name, value, name, value... }
 *   answer    { status =, body =, headers = { name = value } }, or { class =, message = }
 *
 * URL, body and values of headers are texts or secrets; lua/perilune/http.lua makes them of what a
 * script says. Everything is checked before anything is allocated, since Lua's errors do not come
 * back here. */
#include "script/bind.h"

#include "base/err.h"
#include "http/message.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

enum { METHOD = 1, URL, SECONDS, BODY, FIRST_FIELD };

typedef struct fetch fetch;

typedef struct item {
    fetch *owner;
    void *transfer; /* NULL: not begun, or over */
    pl_request request;
    pl_response response;
    int code;
} item;

struct fetch {
    pl_vm *vm;
    pl_trace *trace;
    uint64_t handle;
    pl_arena arena;
    uint32_t count, left;
    item items[];
};

/* -- check -- */

static bool is_text(lua_State *L, int index)
{
    pl_slice ignored;
    return lua_type(L, index) == LUA_TSTRING || pl_bind_secret_at(L, index, &ignored);
}

/* Of the request at `at`. */
static void check_place(lua_State *L, int at, int place, bool is_good, const char *expected)
{
    if (!is_good) luaL_error(L, "request %d, place %d: expected %s", at, place, expected);
}

static void check_request(lua_State *L, int at)
{
    int request = lua_gettop(L);
    luaL_checktype(L, request, LUA_TTABLE);
    int last = (int)lua_objlen(L, request);
    for (int place = METHOD; place <= last; place++) {
        lua_rawgeti(L, request, place);
        bool is_absent = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
        if (place == SECONDS)
            check_place(L, at, place, is_absent || lua_type(L, -1) == LUA_TNUMBER, "a number");
        else if (place == METHOD || (place >= FIRST_FIELD && (place - FIRST_FIELD) % 2 == 0))
            check_place(L, at, place, lua_type(L, -1) == LUA_TSTRING, "a text");
        else
            check_place(L, at, place, is_text(L, -1) || (place == BODY && is_absent),
                        "a text or a secret");
        lua_pop(L, 1);
    }
    check_place(L, at, last, last >= BODY && (last - BODY) % 2 == 0, "names with values");
}

static void check_requests(lua_State *L, uint32_t count)
{
    for (uint32_t i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, (int)i);
        check_request(L, (int)i);
        lua_pop(L, 1);
    }
}

/* Counts them: a script in a loop floods nobody. */
static void check_count(lua_State *L, pl_slot *slot, size_t count)
{
    int64_t limit = slot->vm->limits.requests;
    luaL_argcheck(L, count > 0, 1, "expected at least one request");
    if ((int64_t)(slot->requests + count) > limit)
        luaL_error(L,
                   "more than %d HTTP requests in one call of a script "
                   "(limits.script_requests)",
                   (int)limit);
    slot->requests += (uint32_t)count;
}

/* -- build; raises nothing -- */

static pl_slice text_at(lua_State *L, int place, pl_arena *arena)
{
    pl_slice text = PL_NO_SLICE;
    lua_rawgeti(L, -1, place);
    if (!pl_bind_secret_peek(L, -1, &text)) text.ptr = lua_tolstring(L, -1, &text.len);
    text = pl_arena_dup(arena, text);
    lua_pop(L, 1);
    return text;
}

/* The request is on the top of the stack. */
static void build_request(lua_State *L, fetch *f, pl_request *request)
{
    int last = (int)lua_objlen(L, -1);
    request->method = text_at(L, METHOD, &f->arena);
    request->url = text_at(L, URL, &f->arena);
    request->https_only = f->vm->https_only;
    lua_rawgeti(L, -1, SECONDS);
    request->timeout_ms = lua_isnumber(L, -1) ? (int64_t)ceil(lua_tonumber(L, -1) * 1000)
                                              : f->vm->limits.request_timeout_ms;
    lua_pop(L, 1);
    lua_rawgeti(L, -1, BODY);
    request->has_body = !lua_isboolean(L, -1);
    lua_pop(L, 1);
    if (request->has_body) request->body = text_at(L, BODY, &f->arena);
    for (int place = FIRST_FIELD; place < last; place += 2) {
        pl_slice name = text_at(L, place, &f->arena), value = text_at(L, place + 1, &f->arena);
        pl_request_set_field(request, &f->arena, name, value);
    }
}

static fetch *build(lua_State *L, pl_slot *slot, uint32_t count)
{
    fetch *f = pl_alloc_zero(sizeof *f + count * sizeof(item));
    f->vm = slot->vm;
    f->trace = slot->trace;
    f->handle = pl_gate_handle(slot);
    f->count = f->left = count;
    pl_arena_init(&f->arena);
    for (uint32_t i = 0; i < count; i++) {
        f->items[i].owner = f;
        lua_rawgeti(L, 1, (int)i + 1);
        build_request(L, f, &f->items[i].request);
        lua_pop(L, 1);
    }
    return f;
}

/* -- answers -- */

static void fetch_free(fetch *f)
{
    pl_arena_fini(&f->arena);
    free(f);
}

static void set_text(lua_State *L, const char *name, pl_slice text)
{
    pl_push_slice(L, text);
    lua_setfield(L, -2, name);
}

static int push_answers(lua_State *co, void *op)
{
    const fetch *f = op;
    lua_createtable(co, (int)f->count, 0);
    for (uint32_t i = 0; i < f->count; i++) {
        const item *it = &f->items[i];
        lua_createtable(co, 0, 3);
        if (it->code == 0) {
            lua_pushinteger(co, it->response.status);
            lua_setfield(co, -2, "status");
            set_text(co, "body", it->response.body);
            pl_bind_fields_push(co, it->response.fields);
            lua_setfield(co, -2, "headers");
        } else {
            set_text(co, "class", pl_slice_of(pl_err_name(it->code)));
            set_text(co, "message", pl_slice_of(it->response.error_text));
        }
        lua_rawseti(co, -2, (int)i + 1);
    }
    return 1;
}

static void on_sent(void *arg, int code)
{
    item *it = arg;
    fetch *f = it->owner;
    it->transfer = NULL;
    it->code = code;
    pl_trace_http(f->trace, &(pl_trace_request){.request = &it->request,
                                                .response = &it->response,
                                                .code = code,
                                                .duration_us = it->response.timings.total_us});
    if (--f->left > 0) return;
    pl_gate_resume(f->vm, f->handle, push_answers, f);
    fetch_free(f);
}

static void cancel(void *op)
{
    fetch *f = op;
    for (uint32_t i = 0; i < f->count; i++)
        if (f->items[i].transfer) f->vm->sender.cancel(f->items[i].transfer);
    fetch_free(f);
}

int pl_bind_fetch(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    uint32_t count = (uint32_t)lua_objlen(L, 1);
    pl_slot *slot = pl_gate_waiter(L, "an HTTP request");
    const pl_sender *sender = &slot->vm->sender;
    if (sender->send == NULL) return luaL_error(L, "there is no network here");
    check_requests(L, count);
    check_count(L, slot, count);
    fetch *f = build(L, slot, count);
    for (uint32_t i = 0; i < count; i++) {
        item *it = &f->items[i];
        it->transfer =
            sender->send(sender->world, &it->request, &it->response, &f->arena, on_sent, it);
    }
    return pl_gate_wait(slot, cancel, f);
}
