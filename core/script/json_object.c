/* SPDX-License-Identifier: MIT
 *
 * Encoding: objects. In which order the members of a table are written is its form: keys of the shape
 * that it is marked with as they are there, others behind them, sorted. Forms are shapes (json_shape.c)
 * in a trie of their own.
 *
 * Tables of one place are mostly of one form, and those that were decoded have the keys of their
 * shape still: if the reader of that (json_maker.c) finds as many keys as it has in the table, and
 * each of them, the values are there in order, and the keys are at hand as JSON. Else the table is
 * gone through, its keys are sorted, and the form that this leads to is the guess for the next one.
 *
 * Values wait on the stack. That is bounded, as the stack of a C function is (8000 slots in LuaJIT):
 * in members of one table, and in tables within each other (has_room). Beyond, each is looked up. */
#include "script/encode_impl.h"

enum { OTHER_KEYS = 1 }; /* instead of a code: not as was thought, and nothing was written */

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

/* -- members by their form -- */

/* In steps of as many bytes as can be read behind the end, which spares a call. */
static inline void put_known_key(pl_buf *out, const pl_shape *key)
{
    const char *from = key->member;
    char *to = pl_buf_reserve(out, key->member_len + PL_MEMBER_SLACK);
    for (size_t i = 0; i < key->member_len; i += PL_MEMBER_SLACK)
        memcpy(to + i, from + i, PL_MEMBER_SLACK);
    out->len += key->member_len;
}

/* Values of the keys of a form, in their order on the stack. */
typedef struct values {
    int first; /* where they are */
    uint8_t types[PL_FORM_MAX_KEYS];
} values;

/* The brace is there already: the comma in front of the first key takes its place, and makes way for
 * it at the end. */
static int encode_compact(pl_encoder *e, pl_frame *f, const pl_shape *form, const values *v)
{
    size_t brace = --e->out->len;
    for (uint32_t i = 0; i < form->depth; i++) {
        f->at = form->path[i];
        put_known_key(e->out, f->at);
        int code = pl_encode_typed(e, v->first + (int)i, v->types[i], f);
        if (code) return code;
    }
    e->out->ptr[brace] = '{';
    return 0;
}

static void enter_member(pl_frame *f, pl_shape *key)
{
    f->at = key;
    f->key = (pl_slice){key->key, key->key_len};
}

static int encode_wide(pl_encoder *e, pl_frame *f, const pl_shape *form, const values *v)
{
    int code = 0;
    for (uint32_t i = 0; i < form->depth && code == 0; i++) {
        enter_member(f, form->path[i]);
        code = encode_key(e, f);
        if (code == 0) code = pl_encode_typed(e, v->first + (int)i, v->types[i], f);
    }
    return code;
}

static int encode_form(pl_encoder *e, pl_frame *f, const pl_shape *form, const values *v)
{
    bool is_compact = e->is_compact && form->depth > 0;
    return is_compact ? encode_compact(e, f, form, v) : encode_wide(e, f, form, v);
}

/* -- guesses -- */

/* Where the form of tables in the place of this one is kept. */
static pl_shape **place_of(const pl_encoder *e, const pl_frame *f)
{
    if (f->up == NULL) return &e->codec->forms->written;
    return f->up->is_array ? &f->up->at->elements : &f->up->at->written;
}

/* One that has a reader; NULL: there is none yet. */
static pl_shape *guess_form(pl_encoder *e, const pl_frame *f, pl_shape *shape)
{
    pl_shape *guess = *place_of(e, f);
    if (guess && guess->of == shape) return guess;
    return shape && pl_shape_has_reader(e->L, e->cells, shape) ? shape : NULL;
}

/* To where they are to be, which is the top of the stack. False: the table has other keys. */
static bool read_values(pl_encoder *e, int table, const pl_shape *form, values *v)
{
    lua_State *L = e->L;
    lua_rawgeti(L, e->cells, form->cell + PL_CELL_READER);
    lua_pushvalue(L, table);
    lua_call(L, 1, (int)form->depth);
    for (int i = 0; i < (int)form->depth; i++) {
        v->types[i] = (uint8_t)lua_type(L, v->first + i);
        if (v->types[i] == LUA_TNIL) return false;
    }
    return true;
}

/* The values of a guess, or of what came last instead of it, which is the next guess then. The form;
 * NULL: none of both. */
static pl_shape *read_guessed(pl_encoder *e, int table, const pl_frame *f, pl_shape *shape,
                              values *v)
{
    pl_shape *guess = guess_form(e, f, shape);
    if (guess == NULL || read_values(e, table, guess, v)) return guess;
    lua_settop(e->L, v->first - 1);
    pl_shape *other = guess->other;
    if (other == NULL || other->of != shape || !read_values(e, table, other, v)) return NULL;
    return *place_of(e, f) = other;
}

static int encode_as_guessed(pl_encoder *e, int table, pl_frame *f, pl_shape *shape)
{
    values v = {.first = lua_gettop(e->L) + 1};
    int code = OTHER_KEYS;
    const pl_shape *form = f->has_room ? read_guessed(e, table, f, shape, &v) : NULL;
    if (form) {
        pl_buf_put_char(e->out, '{');
        code = encode_form(e, f, form, &v);
        if (code == 0) code = pl_encode_end(e, f, '}');
    }
    lua_settop(e->L, v.first - 1);
    return code;
}

/* -- members by their keys -- */

typedef struct member {
    pl_slice key;
    uint32_t rank; /* in the shape; those behind it share one */
    int value;     /* where it is on the stack */
} member;

/* The bytes of a Lua string are its own: nothing else has their address while it lives. */
static uint32_t rank_of(pl_slice key, const pl_shape *shape)
{
    uint32_t rank = 0, count = shape ? shape->depth : 0;
    while (rank < count && shape->path[rank]->key != key.ptr)
        rank++;
    return rank;
}

static bool is_before(const member *a, const member *b)
{
    if (a->rank != b->rank) return a->rank < b->rank;
    size_t common = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = memcmp(a->key.ptr, b->key.ptr, common);
    return order < 0 || (order == 0 && a->key.len < b->key.len);
}

static void insert_member(member *members, int count, member m)
{
    for (; count > 0 && is_before(&m, &members[count - 1]); count--)
        members[count] = members[count - 1];
    members[count] = m;
}

/* Leaves keys and values of a table on the stack, which spares looking each up again, and sorts what
 * leads to them: how many, or -1 for a table that is not as plain as that. If there is `more`, the
 * first ones are there already. */
static int collect_members(lua_State *L, int table, bool more, const pl_shape *shape,
                           member members[PL_FORM_MAX_KEYS])
{
    int count = 0;
    for (; more; more = lua_next(L, table)) {
        if (count == PL_FORM_MAX_KEYS || lua_type(L, -2) != LUA_TSTRING) return -1;
        member m = {.value = lua_gettop(L)};
        m.key.ptr = lua_tolstring(L, -2, &m.key.len);
        m.rank = rank_of(m.key, shape);
        insert_member(members, count++, m);
        lua_pushvalue(L, -2); /* stack: key, value, ..., key, value, key (top) */
    }
    return count;
}

/* The form that the members have in this order. NULL: the trie takes no more of them. */
static pl_shape *find_form(pl_encoder *e, const member members[], int count, pl_shape *shape)
{
    pl_codec *c = e->codec;
    pl_shape *form = c->forms;
    for (int i = 0; i < count; i++)
        if (pl_shape_child(c, e->L, e->cells, &form, members[i].key, &c->form_count)) return NULL;
    pl_shape_make_path(form);
    form->of = shape;
    return form;
}

/* So that the next table like it is not gone through. */
static void note_form(pl_encoder *e, const pl_frame *f, pl_shape *form)
{
    pl_shape *guess = guess_form(e, f, form->of);
    if (!pl_shape_has_reader(e->L, e->cells, form)) return;
    if (guess) guess->other = form;
    *place_of(e, f) = form;
}

/* Copies the values to where those of a form are. */
static void order_values(lua_State *L, const member members[], int count, values *v)
{
    v->first = lua_gettop(L) + 1;
    for (int i = 0; i < count; i++) {
        v->types[i] = (uint8_t)lua_type(L, members[i].value);
        lua_pushvalue(L, members[i].value);
    }
}

static int encode_members(pl_encoder *e, pl_frame *f, const member members[], int count)
{
    int code = 0;
    for (int i = 0; i < count && code == 0; i++) {
        f->key = members[i].key;
        code = encode_key(e, f);
        if (code == 0) code = pl_encode_value(e, members[i].value, f);
    }
    return code;
}

/* Through all of them, which are no more than have a form. */
static int encode_collected(pl_encoder *e, int table, pl_frame *f, pl_shape *shape, bool more)
{
    member members[PL_FORM_MAX_KEYS];
    values v;
    int top = lua_gettop(e->L) - (more ? 2 : 0), code = OTHER_KEYS;
    int count = f->has_room ? collect_members(e->L, table, more, shape, members) : -1;
    pl_shape *form = count < 0 ? NULL : find_form(e, members, count, shape);
    if (form) {
        note_form(e, f, form);
        order_values(e->L, members, count, &v);
        code = encode_form(e, f, form, &v);
    } else if (count >= 0) {
        code = encode_members(e, f, members, count);
    }
    lua_settop(e->L, top);
    return code;
}

/* Looks up each, sorted, but those of `except`. */
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

/* Looks up each key of the shape, and what else there is. */
static int encode_by_path(pl_encoder *e, int table, pl_frame *f, const pl_shape *shape)
{
    lua_State *L = e->L;
    int found = 0;
    for (uint32_t i = 0; i < shape->depth; i++) {
        pl_shape *s = shape->path[i];
        lua_rawgeti(L, e->cells, s->cell + PL_CELL_KEY);
        lua_rawget(L, table);
        if (lua_isnil(L, -1)) { /* it was removed */
            lua_pop(L, 1);
            continue;
        }
        found++;
        enter_member(f, s);
        int code = pl_encode_member(e, f);
        if (code) return code;
    }
    return pl_encode_count(L, table) == found ? 0 : encode_sorted_keys(e, table, f, shape);
}

/* If there is `more`, the first key and its value are on the top of the stack, and are taken off it. */
static int encode_keys(pl_encoder *e, int table, pl_frame *f, pl_shape *shape, bool more)
{
    pl_buf_put_char(e->out, '{');
    int code = encode_collected(e, table, f, shape, more);
    if (code == OTHER_KEYS)
        code = shape ? encode_by_path(e, table, f, shape) : encode_sorted_keys(e, table, f, NULL);
    return code ? code : pl_encode_end(e, f, '}');
}

/* -- tables -- */

static int encode_listed(pl_encoder *e, int table, pl_frame *f)
{
    pl_buf_put_char(e->out, '{');
    int code = pl_encode_listed(e, table, f);
    return code ? code : pl_encode_end(e, f, '}');
}

int pl_encode_object(pl_encoder *e, int table, pl_frame *f, enum pl_table_kind kind,
                     pl_shape *shape)
{
    bool is_listed = kind == PL_TABLE_LISTED, is_sorted = e->options->sorted;
    if (is_listed && is_sorted && !pl_encode_has_names_only(e, table))
        return pl_encode_refuse(e, f->up, "keys that are no texts cannot be sorted for JSON");
    if (is_listed && !is_sorted) return encode_listed(e, table, f);
    if (is_sorted) shape = NULL;
    int code = encode_as_guessed(e, table, f, shape);
    if (code != OTHER_KEYS) return code;
    return encode_keys(e, table, f, shape, pl_encode_first(e->L, table));
}

int pl_encode_plain(pl_encoder *e, int table, pl_frame *f, bool has_meta)
{
    int code = has_meta ? OTHER_KEYS : encode_as_guessed(e, table, f, NULL);
    if (code != OTHER_KEYS) return code;
    bool more = pl_encode_first(e->L, table);
    if (more && lua_type(e->L, -2) == LUA_TNUMBER) return pl_encode_array(e, table, f, more);
    return encode_keys(e, table, f, NULL, more);
}
