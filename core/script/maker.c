/* SPDX-License-Identifier: MIT */
#include "script/maker.h"

#include "script/budget.h"

#include <string.h>

void pl_maker_check(lua_State *L, double bytes)
{
    if (bytes > PL_MAKER_MAX_BYTES)
        luaL_error(L, "the text would have more than %d bytes", PL_MAKER_MAX_BYTES);
    pl_budget_ask(L, bytes);
}

void pl_maker_begin(pl_maker *m, lua_State *L)
{
    m->L = L;
    m->made = 0;
    luaL_buffinit(L, &m->out);
}

static inline size_t room_in(const pl_maker *m)
{
    return (size_t)(m->out.buffer + LUAL_BUFFERSIZE - m->out.p);
}

static inline void count(pl_maker *m, size_t len)
{
    m->made += len;
    if (m->made > PL_MAKER_MAX_BYTES) pl_maker_check(m->L, (double)m->made);
}

static inline void put_here(pl_maker *m, const char *bytes, size_t len)
{
    memcpy(m->out.p, bytes, len);
    luaL_addsize(&m->out, len);
}

/* luaL_addlstring copies byte by byte. */
void pl_maker_put(pl_maker *m, const char *bytes, size_t len)
{
    count(m, len);
    for (size_t room; len > (room = room_in(m)); bytes += room, len -= room) {
        put_here(m, bytes, room);
        luaL_prepbuffer(&m->out);
    }
    put_here(m, bytes, len);
}

bool pl_maker_put_value(pl_maker *m)
{
    size_t len;
    const char *bytes = lua_tolstring(m->L, -1, &len);
    if (bytes == NULL) return false;
    count(m, len);
    if (len > room_in(m)) {
        luaL_addvalue(&m->out);
    } else {
        put_here(m, bytes, len);
        lua_pop(m->L, 1);
    }
    return true;
}

void pl_maker_end(pl_maker *m)
{
    luaL_pushresult(&m->out);
}
