/* SPDX-License-Identifier: MIT
 *
 * Encoding: objects. In which order the members of a table are written says the order of its walk
 * (json_walk.c): they are left on the stack as lua_next gives them, and written from there.
 * Tables without a walk, those with many members or far down or of a kind that never comes again,
 * have their keys sorted each time.
 *
 * What is left on the stack is bounded, as the stack of a C function is (8000 slots in LuaJIT): in
 * members of one table, and in tables within each other (has_room). */
#include "script/encode_impl.h"

enum { NO_WALK = 1 }; /* instead of a code: nothing was written */

int pl_encode_count(lua_State *L, int table)
{
    int count = 0;
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1))
        count++;
    return count;
}

/* -- one member -- */

static int encode_key(pl_encoder *e, pl_frame *f)
{
    pl_encode_separate(e, f);
    int code = pl_encode_string(e, f->key.ptr, f->key.len, f);
    if (code) return code;
    pl_buf_put_char(e->out, ':');
    if (!e->is_compact) pl_buf_put_char(e->out, ' ');
    return 0;
}

int pl_encode_member(pl_encoder *e, pl_frame *f)
{
    int code = encode_key(e, f);
    if (code == 0) code = pl_encode_value(e, lua_gettop(e->L), f);
    lua_pop(e->L, 1);
    return code;
}

/* The key as it is in a shape. */
static int encode_known_key(pl_encoder *e, pl_frame *f, const pl_shape *key)
{
    f->key = (pl_slice){key->key, key->key_len};
    if (!e->is_compact) return encode_key(e, f);
    size_t comma = f->wants_comma ? 0 : 1;
    pl_buf_put(e->out, key->member + comma, key->member_len - comma);
    f->wants_comma = true;
    return 0;
}

/* -- members by their walk -- */

/* Leaves the values on the stack, in the order of the walk that is returned. NULL: the table has
 * none. If there is `more`, its first key and value are on the top of the stack. */
static pl_shape *take_walk(pl_encoder *e, int table, bool more)
{
    lua_State *L = e->L;
    pl_shape *walk = e->codec->walks;
    for (; more && walk; more = lua_next(L, table)) {
        lua_pushvalue(L, -2); /* stack: key, value, ..., key, value, key (top) */
        const void *key = lua_topointer(L, -1);
        pl_shape *guess = walk->last;
        bool is_it = guess && guess->identity == key;
        walk = is_it ? guess : pl_walk_find(e->codec, L, e->cells, walk, key);
    }
    return walk;
}

/* In steps of as many bytes as can be read behind the end, which spares a call. */
static inline void put_known_key(pl_buf *out, const pl_shape *key)
{
    const char *from = key->member;
    char *to = pl_buf_reserve(out, key->member_len + PL_MEMBER_SLACK);
    for (size_t i = 0; i < key->member_len; i += PL_MEMBER_SLACK)
        memcpy(to + i, from + i, PL_MEMBER_SLACK);
    out->len += key->member_len;
}

/* The keys as they are in shapes. The brace is there already: the comma in front of the first key
 * takes its place, and makes way for it at the end. */
static int encode_compact(pl_encoder *e, pl_frame *f, const pl_order *order, uint32_t count,
                          int top)
{
    size_t brace = --e->out->len;
    for (const pl_place *p = order->places; p < order->places + count; p++) {
        f->key = (pl_slice){p->key->key, p->key->key_len};
        put_known_key(e->out, p->key);
        int code = pl_encode_value(e, top + p->value, f);
        if (code) return code;
    }
    e->out->ptr[brace] = '{';
    return 0;
}

static int encode_wide(pl_encoder *e, pl_frame *f, const pl_order *order, uint32_t count, int top)
{
    int code = 0;
    for (uint32_t i = 0; i < count && code == 0; i++) {
        const pl_place *p = &order->places[i];
        code = encode_known_key(e, f, p->key);
        if (code == 0) code = pl_encode_value(e, top + p->value, f);
    }
    return code;
}

static int encode_by_walk(pl_encoder *e, int table, pl_frame *f, const pl_shape *shape, bool more)
{
    int top = lua_gettop(e->L) - (more ? 2 : 0), code = NO_WALK;
    pl_shape *walk = f->has_room ? take_walk(e, table, more) : NULL;
    const pl_order *order = walk ? pl_walk_order(walk, shape) : NULL;
    if (order && walk->depth > 0 && e->is_compact)
        code = encode_compact(e, f, order, walk->depth, top);
    else if (order)
        code = encode_wide(e, f, order, walk->depth, top);
    lua_settop(e->L, top);
    return code;
}

/* -- members by their sorted keys -- */

typedef struct member {
    pl_slice key;
    int value; /* where it is on the stack */
} member;

static bool is_before(pl_slice a, pl_slice b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order < 0 || (order == 0 && a.len < b.len);
}

static void insert_member(member *members, int count, member m)
{
    for (; count > 0 && is_before(m.key, members[count - 1].key); count--)
        members[count] = members[count - 1];
    members[count] = m;
}

/* Leaves keys and values of a table on the stack, which spares looking each up again, and sorts what
 * leads to them: how many, or -1 for a table that is not as plain as that. */
static int collect_members(lua_State *L, int table, member members[PL_WALK_MAX_KEYS])
{
    int count = 0, value = lua_gettop(L) + 2;
    for (bool more = pl_encode_first(L, table); more; more = lua_next(L, table)) {
        if (count == PL_WALK_MAX_KEYS || lua_type(L, -2) != LUA_TSTRING) return -1;
        member m = {.value = value + 2 * count};
        m.key.ptr = lua_tolstring(L, -2, &m.key.len);
        insert_member(members, count++, m);
        lua_pushvalue(L, -2); /* stack: key, value, ..., key, value, key (top) */
    }
    return count;
}

static int encode_collected(pl_encoder *e, int table, pl_frame *f)
{
    member members[PL_WALK_MAX_KEYS];
    int top = lua_gettop(e->L), code = 0;
    int count = f->has_room ? collect_members(e->L, table, members) : -1;
    if (count < 0) code = NO_WALK;
    for (int i = 0; i < count && code == 0; i++) {
        f->key = members[i].key;
        code = encode_key(e, f);
        if (code == 0) code = pl_encode_value(e, members[i].value, f);
    }
    lua_settop(e->L, top);
    return code;
}

/* Looks up each. */
static int encode_sorted_keys(pl_encoder *e, int table, pl_frame *f, const pl_shape *except)
{
    pl_buf *keys = &e->codec->keys;
    size_t base = keys->len;
    int count = pl_codec_collect_keys(e->codec, e->L, table, except), code = 0;
    if (count < 0)
        code = pl_encode_refuse(e, f->up, "a table with mixed keys cannot be written as JSON");
    for (int i = 0; i < count && code == 0; i++) {
        memcpy(&f->key, keys->ptr + base + (size_t)i * sizeof f->key, sizeof f->key);
        lua_pushlstring(e->L, f->key.ptr, f->key.len);
        lua_rawget(e->L, table);
        code = pl_encode_member(e, f);
    }
    keys->len = base;
    return code;
}

static int encode_sorted(pl_encoder *e, int table, pl_frame *f, bool more)
{
    int code = encode_by_walk(e, table, f, NULL, more);
    if (code == NO_WALK) code = encode_collected(e, table, f);
    return code == NO_WALK ? encode_sorted_keys(e, table, f, NULL) : code;
}

/* Looks up each key of the shape, and what else there is. */
static int encode_by_path(pl_encoder *e, int table, pl_frame *f, const pl_shape *shape)
{
    lua_State *L = e->L;
    int found = 0;
    for (uint32_t i = 0; i < shape->depth; i++) {
        const pl_shape *s = shape->path[i];
        lua_rawgeti(L, e->cells, s->cell);
        lua_rawget(L, table);
        if (!lua_isnil(L, -1)) { /* else it was removed */
            found++;
            int code = encode_known_key(e, f, s);
            if (code == 0) code = pl_encode_value(e, lua_gettop(L), f);
            if (code) return code;
        }
        lua_pop(L, 1);
    }
    return pl_encode_count(L, table) == found ? 0 : encode_sorted_keys(e, table, f, shape);
}

static int encode_shaped(pl_encoder *e, int table, pl_frame *f, const pl_shape *shape)
{
    int code = encode_by_walk(e, table, f, shape, pl_encode_first(e->L, table));
    return code == NO_WALK ? encode_by_path(e, table, f, shape) : code;
}

static int encode_marked(pl_encoder *e, int table, pl_frame *f, enum pl_table_kind kind,
                         const pl_shape *shape)
{
    if (e->options->sorted) return encode_sorted(e, table, f, pl_encode_first(e->L, table));
    if (kind == PL_TABLE_LISTED) return pl_encode_listed(e, table, f);
    return encode_shaped(e, table, f, shape);
}

int pl_encode_object(pl_encoder *e, int table, pl_frame *f, enum pl_table_kind kind,
                     const pl_shape *shape)
{
    if (kind == PL_TABLE_LISTED && e->options->sorted && !pl_encode_has_names_only(e, table))
        return pl_encode_refuse(e, f->up, "keys that are no texts cannot be sorted for JSON");
    f->key = PL_SLICE("");
    pl_buf_put_char(e->out, '{');
    int code = encode_marked(e, table, f, kind, shape);
    if (code == 0) pl_encode_end(e, f, '}');
    return code;
}

int pl_encode_plain(pl_encoder *e, int table, pl_frame *f)
{
    bool more = pl_encode_first(e->L, table);
    if (more && lua_type(e->L, -2) == LUA_TNUMBER) return pl_encode_array(e, table, f, more);
    f->key = PL_SLICE("");
    pl_buf_put_char(e->out, '{');
    int code = encode_sorted(e, table, f, more);
    if (code == 0) pl_encode_end(e, f, '}');
    return code;
}
