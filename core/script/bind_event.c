/* SPDX-License-Identifier: MIT
 *
 * An event as scripts see it: its known members, and the document, decoded as a whole (`value`,
 * each time anew: who has it may write in it), read in parts (`read`, `json`) or searched (`get`). */
#include "script/bind.h"

#include "base/json.h"

#include <lauxlib.h>

static const pl_known_type event_type = {PL_TYPE_EVENT, "perilune.event"};

/* That of the run under way: only methods. */
static const pl_known_type run_type = {PL_TYPE_EVENT_OF_RUN, "perilune.event_of_run"};

typedef struct event_ud {
    pl_known known;
    const pl_event *event; /* NULL: over */
} event_ud;

/* If it is the one that the ticket is for. */
static const pl_event *event_of_run(lua_State *L, int ticket)
{
    const pl_exchange *x = pl_gate_exchange(pl_vm_of(L));
    bool is_same = x && (double)x->script_ticket == lua_tonumber(L, ticket);
    return is_same ? x->event : NULL;
}

/* `ticket`: where one would be. */
static const pl_event *check_event(lua_State *L, int ticket)
{
    const pl_event *event;
    if (pl_bind_known_at(L, 1, &run_type))
        event = event_of_run(L, ticket);
    else
        event = ((event_ud *)pl_bind_known_check(L, 1, &event_type))->event;
    if (event == NULL) luaL_error(L, "the event of an exchange that is over");
    return event;
}

/* value(ticket), read(path, ticket) and json(path, ticket), as those of documents (bind_document.c) */
static int event_value(lua_State *L)
{
    const pl_event *e = check_event(L, 2);
    size_t count;
    return pl_bind_nodes_value(L, e->document, pl_event_nodes(e, &count));
}

static int event_read(lua_State *L)
{
    const pl_event *e = check_event(L, 3);
    size_t count;
    return pl_bind_nodes_read(L, e->document, pl_event_nodes(e, &count));
}

static int event_json(lua_State *L)
{
    const pl_event *e = check_event(L, 3);
    size_t count;
    return pl_bind_nodes_json(L, e->document, pl_event_nodes(e, &count));
}

/* get("order.lines.0.sku", ticket) -> the value, each time anew; nil where there is none */
static int event_get(lua_State *L)
{
    pl_vm *vm = pl_vm_of(L);
    pl_slice raw = pl_json_find(check_event(L, 3)->document, pl_check_slice(L, 2));
    /* Names that are there twice were refused when it came, unless the setting lets them. */
    pl_decode_options options = {.max_depth = PL_JSON_MAX_DEPTH, .last_wins = true};
    pl_decode_fault fault;
    if (raw.ptr == NULL)
        lua_pushnil(L);
    else if (pl_codec_decode(&vm->codec, L, raw, &options, &fault) != 0)
        luaL_error(L, "the event cannot be decoded: %s", fault.message);
    return 1;
}

static int push_optional(lua_State *L, pl_slice s)
{
    if (s.len)
        pl_push_slice(L, s);
    else
        lua_pushnil(L);
    return 1;
}

static int event_index(lua_State *L)
{
    const pl_event *e = check_event(L, 3);
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1)) return 1;
    pl_slice key = pl_check_slice(L, 2);
    const struct {
        pl_slice name, value;
    } fields[] = {
        {PL_SLICE("type"), e->type},       {PL_SLICE("id"), e->id},
        {PL_SLICE("time"), e->time},       {PL_SLICE("source"), e->source},
        {PL_SLICE("subject"), e->subject}, {PL_SLICE("document"), e->document},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (pl_slice_eq(key, fields[i].name)) return push_optional(L, fields[i].value);
    if (pl_slice_eq(key, PL_SLICE("received")))
        lua_pushnumber(L, (double)e->received_ms / 1000);
    else
        lua_pushnil(L);
    return 1;
}

static const luaL_Reg event_methods[] = {{"value", event_value},
                                         {"read", event_read},
                                         {"json", event_json},
                                         {"get", event_get},
                                         {NULL, NULL}};

void pl_bind_event_push(lua_State *L, const pl_event *event)
{
    event_ud *ud = pl_bind_known_new(L, &event_type, sizeof *ud, event_methods, event_index);
    ud->event = event;
}

void pl_bind_event_push_of_run(lua_State *L)
{
    int *ref = &pl_vm_of(L)->event_of_run;
    if (pl_bind_push_kept(L, *ref)) return;
    pl_bind_known_new(L, &run_type, sizeof(pl_known), event_methods, NULL);
    pl_bind_keep(L, ref);
}

void pl_bind_event_clear(lua_State *L, int index)
{
    event_ud *ud = pl_bind_known_at(L, index, &event_type);
    if (ud) ud->event = NULL;
}
