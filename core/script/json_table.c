/* SPDX-License-Identifier: MIT
 *
 * Encoding: tables. A table is written by what it is marked as: an array, or an object whose keys come
 * in source order with later ones behind them, sorted. An unmarked table of an integrator is a
 * sequence (1..n) or has string keys, which are sorted; anything between the two is an error, never
 * a guess. */
#include "script/encode_impl.h"

#include "base/json.h"
#include "script/vm.h"

#define SHALLOW 16 /* how deep values wait on the stack: that of a C function is bounded */

/* -- white space -- */

static void put_line(pl_encoder *e, int depth)
{
    if (e->options->indent.len == 0) return;
    pl_buf_put_char(e->out, '\n');
    for (int i = 0; i < depth; i++)
        pl_buf_put_slice(e->out, e->options->indent);
}

void pl_encode_space(pl_encoder *e, const pl_frame *f)
{
    if (f->wants_comma && e->options->indent.len == 0) pl_buf_put_char(e->out, ' ');
    put_line(e, f->depth);
}

void pl_encode_space_at_end(pl_encoder *e, const pl_frame *f)
{
    if (f->wants_comma) put_line(e, f->depth - 1);
}

/* -- tables -- */

static bool is_among(const pl_frame *f, const void *table)
{
    for (; f; f = f->up)
        if (f->table == table) return true;
    return false;
}

static bool has_slots(pl_encoder *e, int count)
{
    int most = lua_gettop(e->L) + count;
    if (most <= e->room) return true;
    if (!lua_checkstack(e->L, count)) return false;
    e->room = most;
    return true;
}

/* Near the top there is room for the members of a table. */
static bool make_room(pl_encoder *e, pl_frame *f)
{
    f->has_room = f->depth <= SHALLOW && has_slots(e, 3 * PL_FORM_MAX_KEYS + PL_ENCODE_SLOTS);
    return f->has_room || has_slots(e, PL_ENCODE_SLOTS);
}

/* Objects of our own Lua that stand for something else have __json = false in their metatable, which
 * is on the top of the stack. */
static bool is_opaque(lua_State *L)
{
    lua_pushliteral(L, "__json");
    lua_rawget(L, -2);
    bool is_opaque = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_opaque;
}

/* The table's metatable is on the top of the stack, and is taken off it. */
static int encode_with_meta(pl_encoder *e, int table, pl_frame *f)
{
    pl_shape *shape = NULL;
    enum pl_table_kind kind = pl_table_kind_by(e->L, &shape);
    bool is_refused = kind == PL_TABLE_PLAIN && is_opaque(e->L);
    lua_pop(e->L, 1);
    if (is_refused)
        return pl_encode_refuse(e, f->up,
                                "an object of the template engine cannot be written as JSON");
    if (kind == PL_TABLE_PLAIN) return pl_encode_plain(e, table, f, true);
    if (kind == PL_TABLE_ARRAY) return pl_encode_array(e, table, f, pl_encode_first(e->L, table));
    return pl_encode_object(e, table, f, kind, shape);
}

/* What speaks against opening a table that is in its place; NULL: nothing. */
static const char *objection(const pl_encoder *e)
{
    /* The run has failed then, whatever is said: a table that is in others many times is written
     * many times, without end by any measure of time. */
    if (pl_budget_is_over(e->vm)) return "there is no time left to write a value as JSON";
    if (e->out->len > e->max_bytes)
        return "a value that is larger than may be cannot be written as JSON";
    return NULL;
}

int pl_encode_table(pl_encoder *e, int table, pl_frame *up)
{
    pl_frame f = {.up = up,
                  .table = lua_topointer(e->L, table),
                  .depth = up ? up->depth + 1 : 1,
                  .at = up ? up->at : e->codec->forms};
    /* At the first repetition: tables that hold themselves twice would never end. */
    if (is_among(up, f.table))
        return pl_encode_refuse(e, up, "a table that contains itself cannot be written as JSON");
    if (f.depth > PL_JSON_MAX_DEPTH || !make_room(e, &f))
        return pl_encode_refuse(e, up,
                                "a value that is nested too deeply cannot be written as JSON");
    const char *what = objection(e);
    if (what) return pl_encode_refuse(e, NULL, what);
    if (lua_getmetatable(e->L, table)) return encode_with_meta(e, table, &f);
    return pl_encode_plain(e, table, &f, false);
}
