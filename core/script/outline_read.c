/* SPDX-License-Identifier: MIT
 *
 * Operations out of Lua's tables. They come from our own compiler, so what is wrong with them is a
 * mistake of ours and raises. Running them looks at nothing again: every skip leads to an operation
 * further down or to the end, and none into a loop or out of one. */
#include "script/outline_impl.h"

#include "script/bind.h"

#include <lauxlib.h>

static const char *const op_kinds[] = {"put",  "separate", "write", "each",
                                       "next", "skip",     "test",  NULL};

#define X(name) #name,
static const char *const writer_names[] = {PL_OUTLINE_WRITERS(X) NULL};
static const char *const test_names[] = {PL_OUTLINE_TESTS(X) NULL};
static const char *const counter_names[] = {"", PL_OUTLINE_COUNTERS(X) NULL};
#undef X
#define X(name, casing) #name,
static const char *const casing_names[] = {"", PL_OUTLINE_CASINGS(X) NULL};
#undef X

/* The member of the table on top, one of the words. */
static uint8_t word_at(lua_State *L, const char *member, const char *const words[])
{
    lua_getfield(L, -1, member);
    const char *given = luaL_optstring(L, -1, "");
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], given) != 0) continue;
        lua_pop(L, 1);
        return (uint8_t)i;
    }
    luaL_error(L, "an outline has no %s '%s'", member, given);
    return 0;
}

static int32_t integer_at(lua_State *L, const char *member, int32_t least, int32_t most)
{
    lua_getfield(L, -1, member);
    lua_Integer n = luaL_optinteger(L, -1, 0);
    if (n < least || n > most) luaL_error(L, "the %s of an outline leads out of it", member);
    lua_pop(L, 1);
    return (int32_t)n;
}

static bool bool_at(lua_State *L, const char *member)
{
    lua_getfield(L, -1, member);
    bool is_so = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return is_so;
}

static pl_slice text_at(lua_State *L, const char *member, pl_arena *arena)
{
    lua_getfield(L, -1, member);
    pl_slice text = pl_arena_dup(arena, pl_opt_slice(L, -1, ""));
    lua_pop(L, 1);
    return text;
}

static double number_at(lua_State *L, const char *member)
{
    lua_getfield(L, -1, member);
    double n = luaL_optnumber(L, -1, 0);
    lua_pop(L, 1);
    return n;
}

/* The list of steps of the place on top. */
static void read_steps(lua_State *L, pl_outline_place *place, pl_arena *arena)
{
    place->count = (uint32_t)lua_objlen(L, -1);
    if (place->count == 0) return;
    pl_outline_step *steps = pl_arena_zero(arena, place->count * sizeof *steps);
    for (uint32_t i = 0; i < place->count; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        if (lua_type(L, -1) == LUA_TNUMBER)
            steps[i].element = (uint32_t)lua_tointeger(L, -1);
        else
            steps[i].name = pl_arena_dup(arena, pl_check_slice(L, -1));
        lua_pop(L, 1);
    }
    place->steps = steps;
}

/* -- stems -- */

static bool is_same_step(const pl_outline_step *a, const pl_outline_step *b)
{
    if (a->name.ptr == NULL || b->name.ptr == NULL)
        return a->name.ptr == b->name.ptr && a->element == b->element;
    return pl_slice_eq(a->name, b->name);
}

typedef struct stems {
    pl_outline_stem items[PL_OUTLINE_MAX_STEMS];
    uint8_t count;
} stems;

/* The stem that goes on from another one by a step, perhaps a new one; 0: there are too many. */
static uint8_t stem_of(stems *s, uint8_t parent, const pl_outline_step *step)
{
    for (uint8_t i = 0; i < s->count; i++)
        if (s->items[i].parent == parent && is_same_step(&s->items[i].step, step)) return i + 1;
    if (s->count == PL_OUTLINE_MAX_STEMS) return 0;
    s->items[s->count++] = (pl_outline_stem){parent, *step};
    return s->count;
}

/* All steps but the last: what that one does not find may be undefined. */
static void cut_stem(stems *s, pl_outline_place *place)
{
    if (place->loop) return;
    while (place->count > 1) {
        uint8_t stem = stem_of(s, place->stem, place->steps);
        if (stem == 0) return;
        place->stem = stem;
        place->steps++;
        place->count--;
    }
}

static void cut_stems(pl_outline *o, pl_arena *arena)
{
    stems s = {.count = 0};
    for (size_t i = 0; i < o->count; i++)
        cut_stem(&s, &o->ops[i].place);
    if (s.count == 0) return;
    size_t bytes = s.count * sizeof *s.items;
    o->stems = memcpy(pl_arena_alloc(arena, bytes), s.items, bytes);
}

/* -- operations -- */

/* `depth` loops are open. */
static void read_place(lua_State *L, pl_outline_place *place, int depth, pl_arena *arena)
{
    lua_getfield(L, -1, "place");
    luaL_checktype(L, -1, LUA_TTABLE);
    place->loop = (uint8_t)integer_at(L, "loop", 0, depth);
    place->counter = word_at(L, "counter", counter_names);
    place->may_miss = bool_at(L, "may_miss");
    place->is_length = bool_at(L, "is_length");
    place->casing = word_at(L, "casing", casing_names);
    if (place->counter && place->loop == 0) luaL_error(L, "a counter of an outline has no loop");
    read_steps(L, place, arena);
    lua_pop(L, 1);
}

/* What is being read, and the loops that are open in front of it. */
typedef struct reader {
    lua_State *L; /* the operation on top */
    pl_arena *arena;
    pl_outline *outline;
    size_t at;
    int depth;
    size_t open[PL_OUTLINE_MAX_LOOPS]; /* their EACH */
} reader;

static void open_loop(reader *r)
{
    if (r->depth == PL_OUTLINE_MAX_LOOPS) luaL_error(r->L, "the loops of an outline nest too deep");
    r->open[r->depth++] = r->at;
}

/* The way back is known from here. */
static void close_loop(reader *r, pl_outline_op *op)
{
    if (r->depth == 0) luaL_error(r->L, "an outline ends a loop that is not open");
    op->skip = (int32_t)r->open[--r->depth] + 1 - (int32_t)r->at;
}

static void read_op(reader *r, pl_outline_op *op)
{
    lua_State *L = r->L;
    luaL_checktype(L, -1, LUA_TTABLE);
    op->kind = word_at(L, "op", op_kinds);
    bool is_test = op->kind == PL_OUTLINE_TEST, is_each = op->kind == PL_OUTLINE_EACH;
    if (op->kind == PL_OUTLINE_PUT || op->kind == PL_OUTLINE_SEPARATE || is_test)
        op->text = text_at(L, "text", r->arena);
    if (op->kind == PL_OUTLINE_WRITE) op->how = word_at(L, "as", writer_names);
    if (op->kind == PL_OUTLINE_WRITE || is_test || is_each)
        read_place(L, &op->place, r->depth, r->arena);
    if (is_test) {
        op->how = word_at(L, "test", test_names);
        op->number = number_at(L, "number");
        op->when = bool_at(L, "when");
    }
    if (is_test || is_each || op->kind == PL_OUTLINE_SKIP)
        op->skip = integer_at(L, "skip", 1, (int32_t)(r->outline->count - r->at));
    if (is_each) open_loop(r);
    if (op->kind == PL_OUTLINE_NEXT) close_loop(r, op);
}

static int change_of_depth(const pl_outline_op *op)
{
    return (op->kind == PL_OUTLINE_EACH) - (op->kind == PL_OUTLINE_NEXT);
}

/* Does a skip stay in the loop in which it stands? That of EACH begins outside of its own. */
static bool stays(const pl_outline_op *op)
{
    int depth = 0;
    for (int32_t i = 0; i < op->skip && depth >= 0; i++)
        depth += change_of_depth(op + i);
    return depth == 0;
}

const pl_outline *pl_outline_read(lua_State *L, int index, pl_arena *arena)
{
    luaL_checktype(L, index, LUA_TTABLE);
    luaL_checkstack(L, 8, NULL);
    size_t count = lua_objlen(L, index);
    pl_outline *o = pl_arena_zero(arena, sizeof *o + count * sizeof *o->ops);
    reader r = {.L = L, .arena = arena, .outline = o};
    o->count = count;
    for (; r.at < count; r.at++) {
        lua_rawgeti(L, index, (int)r.at + 1);
        read_op(&r, &o->ops[r.at]);
        lua_pop(L, 1);
    }
    if (r.depth != 0) luaL_error(L, "a loop of an outline is not closed");
    for (size_t i = 0; i < count; i++)
        if (o->ops[i].kind != PL_OUTLINE_NEXT && !stays(&o->ops[i]))
            luaL_error(L, "a skip of an outline leads into a loop, or out of one");
    cut_stems(o, arena);
    o->json_depth = pl_outline_prove_json(o);
    return o;
}
