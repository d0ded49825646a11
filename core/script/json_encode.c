/* SPDX-License-Identifier: MIT
 *
 * Encoding. A table is written by what it is marked as: an array, or an object whose keys come in
 * source order with later ones behind them, sorted. An unmarked table of an integrator is a
 * sequence (1..n) or has string keys, which are sorted; anything between the two is an error, never
 * a guess. Nothing of a script runs here (no metamethods), so nothing changes underfoot, and a
 * failure is a return code: the scratch buffers never leak.
 *
 * The frames of the containers that are open are linked through the C stack;
 * they say where a mistake is. */
#include "script/codec.h"

#include "base/err.h"
#include "base/json.h"
#include "base/json_bytes.h"
#include "script/bind.h"

#include <lauxlib.h>
#include <math.h>

#define SLOTS     8            /* of the Lua stack, for one level */
#define WAITING   16           /* members of one table that are on the stack at once */
#define SHALLOW   16           /* how deep that is done: the stack of a C function is bounded */
#define MAX_BYTES (256u << 20) /* of a text, unless the options say otherwise */

typedef struct frame {
    const struct frame *up;
    const void *table; /* identity, to tell a cycle */
    pl_slice key;      /* of the member that is being written; ptr NULL in an array */
    int element;       /* counts from 0 */
    int depth;
    bool wants_comma;
} frame;

typedef struct encoder {
    lua_State *L;
    pl_codec *codec;
    pl_buf *out;
    const pl_encode_options *options;
    const pl_vm *vm;
    size_t max_bytes;
    size_t start; /* of the text in `out` */
    int cells;
} encoder;

static int encode_value(encoder *e, int index, frame *up);

/* -- mistakes -- */

static void put_pointer(pl_buf *text, const frame *f)
{
    if (f == NULL) return;
    put_pointer(text, f->up);
    if (f->key.ptr)
        pl_json_pointer_put(text, f->key);
    else
        pl_buf_printf(text, "/%d", f->element);
}

/* `where` is the frame whose current member is at fault; NULL: the whole value. */
static int refuse(encoder *e, const frame *where, const char *what)
{
    pl_buf *text = &e->codec->text;
    pl_buf_clear(text);
    pl_buf_put(text, what, strlen(what));
    if (where) {
        PL_BUF_PUT(text, " at \"");
        put_pointer(text, where);
        pl_buf_put_char(text, '"');
    }
    return PL_E_SCRIPT;
}

/* -- strings and numbers -- */

/* Most are short and have nothing to be escaped. */
static bool put_plain_string(pl_buf *out, const char *s, size_t len)
{
    if (pl_json_plain_end(s, s + len) != s + len) return false;
    char *at = pl_buf_reserve(out, len + 2);
    at[0] = at[len + 1] = '"';
    memcpy(at + 1, s, len);
    out->len += len + 2;
    return true;
}

static int encode_string(encoder *e, const char *s, size_t len, const frame *where)
{
    if (!e->options->for_html && put_plain_string(e->out, s, len)) return 0;
    pl_buf_put_char(e->out, '"');
    int64_t bad =
        e->options->for_html ? pl_string_put_html(e->out, s, len) : pl_string_put(e->out, s, len);
    if (bad >= 0) return refuse(e, where, "a string that is not UTF-8 cannot be written as JSON");
    pl_buf_put_char(e->out, '"');
    return 0;
}

/* As Python's json writes one that is not whole. */
static void put_float(pl_buf *out, double n)
{
    if (isnan(n))
        PL_BUF_PUT(out, "NaN");
    else if (isinf(n))
        pl_buf_printf(out, "%sInfinity", n < 0 ? "-" : "");
    else
        pl_number_put_float(out, n);
}

static int encode_number(encoder *e, int index, const frame *where)
{
    double n = lua_tonumber(e->L, index);
    if (e->options->for_html && (n != floor(n) || isinf(n))) {
        put_float(e->out, n);
        return 0;
    }
    if (pl_number_put(e->out, n)) return 0;
    return refuse(e, where, "a number that is not finite cannot be written as JSON");
}

/* -- containers -- */

static void put_line(encoder *e, int depth)
{
    if (e->options->indent.len == 0) return;
    pl_buf_put_char(e->out, '\n');
    for (int i = 0; i < depth; i++)
        pl_buf_put_slice(e->out, e->options->indent);
}

static inline void put_separator(encoder *e, frame *f)
{
    if (f->wants_comma) {
        pl_buf_put_char(e->out, ',');
        if (e->options->for_html && e->options->indent.len == 0) pl_buf_put_char(e->out, ' ');
    }
    f->wants_comma = true;
    put_line(e, f->depth);
}

static void put_end(encoder *e, const frame *f, char end)
{
    if (f->wants_comma) put_line(e, f->depth - 1);
    pl_buf_put_char(e->out, end);
}

static int encode_member_at(encoder *e, frame *f, const pl_shape *known, int value)
{
    put_separator(e, f);
    if (known && !e->options->for_html) {
        pl_buf_put(e->out, known->member, known->member_len);
    } else {
        int code = encode_string(e, f->key.ptr, f->key.len, f);
        if (code) return code;
        pl_buf_put_char(e->out, ':');
    }
    if (e->options->indent.len || e->options->for_html) pl_buf_put_char(e->out, ' ');
    return encode_value(e, value, f);
}

/* The value is on the top of the stack, and is taken off it. */
static int encode_member(encoder *e, frame *f, const pl_shape *known)
{
    int code = encode_member_at(e, f, known, lua_gettop(e->L));
    lua_pop(e->L, 1);
    return code;
}

static int encode_array(encoder *e, int table, frame *f)
{
    lua_State *L = e->L;
    int top = lua_gettop(L);
    pl_buf_put_char(e->out, '[');
    lua_pushnil(L);
    for (; lua_next(L, table); f->element++) { /* stack: key, value (top) */
        bool in_order = lua_type(L, -2) == LUA_TNUMBER && lua_tonumber(L, -2) == f->element + 1;
        if (!in_order) break;
        put_separator(e, f);
        int code = encode_value(e, lua_gettop(L), f);
        if (code) return code;
        lua_pop(L, 1);
    }
    if (lua_gettop(L) == top) {
        put_end(e, f, ']');
        return 0;
    }
    return PL_WAIT; /* not in order, as far as lua_next tells */
}

/* Elements that are not where sequences keep them (a table built from its end):
 * asked for one by one. */
static int encode_scattered_array(encoder *e, int table, frame *f, int count)
{
    lua_State *L = e->L;
    pl_buf_put_char(e->out, '[');
    for (f->element = 0; f->element < count; f->element++) {
        lua_rawgeti(L, table, f->element + 1);
        put_separator(e, f);
        int code = encode_value(e, lua_gettop(L), f);
        if (code) return code;
        lua_pop(L, 1);
    }
    put_end(e, f, ']');
    return 0;
}

typedef struct contents {
    int strings, integers, others;
    double largest;
} contents;

static contents contents_of(lua_State *L, int table)
{
    contents c = {0};
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1)) {
        double n = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
        if (lua_type(L, -2) == LUA_TSTRING)
            c.strings++;
        else if (n >= 1 && n == floor(n))
            c.integers++;
        else
            c.others++;
        if (n > c.largest) c.largest = n;
    }
    return c;
}

static bool is_sequence(contents c)
{
    return c.strings == 0 && c.others == 0 && c.largest == c.integers;
}

static int encode_as_array(encoder *e, int table, frame *f)
{
    int top = lua_gettop(e->L);
    size_t len = e->out->len, noted = e->options->secrets ? e->options->secrets->len : 0;
    int code = encode_array(e, table, f);
    if (code != PL_WAIT) return code;
    lua_settop(e->L, top);
    contents c = contents_of(e->L, table);
    if (!is_sequence(c))
        return refuse(e, f->up, "an array with holes or with keys cannot be written as JSON");
    e->out->len = len;
    if (e->options->secrets) e->options->secrets->len = noted;
    f->wants_comma = false;
    return encode_scattered_array(e, table, f, c.integers);
}

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

enum { MANY = -1, LIKE_ARRAY = -2 }; /* instead of a number of members */

/* Leaves keys and values of a table on the stack, which spares looking each up again, and sorts what
 * leads to them: how many. MANY, and nothing is left, for a table that is not as plain as that;
 * LIKE_ARRAY if its first key is a number. */
static int collect_members(lua_State *L, int table, member members[WAITING])
{
    int top = lua_gettop(L), count = 0;
    lua_pushnil(L);
    while (lua_next(L, table)) { /* stack: ..., key, value (top) */
        member m = {.value = top + 2 * (count + 1)};
        int type = lua_type(L, m.value - 1);
        if (count == WAITING || type != LUA_TSTRING) {
            lua_settop(L, top);
            return count == 0 && type == LUA_TNUMBER ? LIKE_ARRAY : MANY;
        }
        m.key.ptr = lua_tolstring(L, m.value - 1, &m.key.len);
        insert_member(members, count++, m);
        lua_pushvalue(L, m.value - 1);
    }
    return count;
}

static int encode_members(encoder *e, frame *f, const member *members, int count)
{
    int code = 0;
    for (int i = 0; i < count && code == 0; i++) {
        f->key = members[i].key;
        code = encode_member_at(e, f, NULL, members[i].value);
    }
    return code;
}

static int encode_keys_sorted(encoder *e, int table, frame *f, const pl_shape *except)
{
    pl_buf *keys = &e->codec->keys;
    size_t base = keys->len;
    int count = pl_codec_collect_keys(e->codec, e->L, table, except), code = 0;
    if (count < 0) code = refuse(e, f->up, "a table with mixed keys cannot be written as JSON");
    for (int i = 0; i < count && code == 0; i++) {
        memcpy(&f->key, keys->ptr + base + (size_t)i * sizeof f->key, sizeof f->key);
        lua_pushlstring(e->L, f->key.ptr, f->key.len);
        lua_rawget(e->L, table);
        code = encode_member(e, f, NULL);
    }
    keys->len = base;
    return code;
}

/* Near the top there is room for the members of a table. */
static bool has_room(encoder *e, const frame *f)
{
    return f->depth <= SHALLOW && lua_checkstack(e->L, 2 * WAITING + SLOTS);
}

static int encode_all_sorted(encoder *e, int table, frame *f)
{
    member members[WAITING];
    int top = lua_gettop(e->L);
    int count = has_room(e, f) ? collect_members(e->L, table, members) : MANY;
    if (count < 0) return encode_keys_sorted(e, table, f, NULL);
    int code = encode_members(e, f, members, count);
    lua_settop(e->L, top);
    return code;
}

static int count_of(lua_State *L, int table)
{
    int count = 0;
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1))
        count++;
    return count;
}

static int encode_shaped(encoder *e, int table, frame *f, const pl_shape *shape)
{
    lua_State *L = e->L;
    int found = 0;
    for (uint32_t i = 0; i < shape->depth; i++) {
        const pl_shape *s = shape->path[i];
        lua_rawgeti(L, e->cells, s->cell);
        lua_rawget(L, table);
        if (lua_isnil(L, -1)) { /* removed */
            lua_pop(L, 1);
            continue;
        }
        found++;
        f->key = (pl_slice){s->key, s->key_len};
        int code = encode_member(e, f, s);
        if (code) return code;
    }
    return count_of(L, table) == found ? 0 : encode_keys_sorted(e, table, f, shape);
}

/* Puts the text of a number in its place on the stack. */
static void name_number(encoder *e, int key)
{
    double n = lua_tonumber(e->L, key);
    pl_buf *text = &e->codec->text;
    pl_buf_clear(text);
    if (isnan(n))
        PL_BUF_PUT(text, "NaN");
    else if (!pl_number_put(text, n))
        pl_buf_printf(text, "%sInfinity", n < 0 ? "-" : "");
    lua_pushlstring(e->L, text->ptr, text->len);
    lua_replace(e->L, key);
}

/* The name that JSON has for a key, as Python's json gives it; false: there is none. */
static bool name_key(encoder *e, int key, pl_slice *name)
{
    lua_State *L = e->L;
    switch (lua_type(L, key)) {
    case LUA_TNUMBER:
        name_number(e, key);
        /* fall through */
    case LUA_TSTRING:
        name->ptr = lua_tolstring(L, key, &name->len);
        return true;
    case LUA_TBOOLEAN:
        *name = lua_toboolean(L, key) ? PL_SLICE("true") : PL_SLICE("false");
        return true;
    default:
        *name = PL_SLICE("null");
        return luaL_testudata(L, key, PL_NULL) != NULL;
    }
}

static int encode_listed(encoder *e, int table, frame *f)
{
    lua_State *L = e->L;
    pl_codec_push_keys(e->codec, L, table);
    int keys = lua_gettop(L), count = (int)lua_objlen(L, keys), code = 0;
    if (count != count_of(L, table))
        return refuse(e, f->up, "a table with mixed keys cannot be written as JSON");
    for (int i = 1; i <= count && code == 0; i++) {
        lua_rawgeti(L, keys, i); /* what it names stays: it is in `keys` */
        pl_codec_push_stored_key(L, keys + 1);
        if (!name_key(e, keys + 1, &f->key)) {
            code = refuse(e, f->up, "a table with a table as key cannot be written as JSON");
            break;
        }
        lua_rawget(L, table);
        code = encode_member(e, f, NULL);
        lua_settop(L, keys + 1);
        lua_rawseti(L, keys, i); /* a number that became its text */
    }
    lua_settop(L, keys - 1);
    return code;
}

/* Are all keys of a dict of templates names? Others are stored under what is no name of theirs. */
static bool has_names_only(encoder *e, int table)
{
    lua_State *L = e->L;
    bool is_name = true;
    pl_codec_push_keys(e->codec, L, table);
    int keys = lua_gettop(L), count = (int)lua_objlen(L, keys);
    for (int i = 1; i <= count && is_name; i++) {
        lua_rawgeti(L, keys, i);
        is_name = lua_type(L, -1) == LUA_TSTRING;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return is_name;
}

static int encode_object(encoder *e, int table, frame *f, enum pl_table_kind kind,
                         const pl_shape *shape)
{
    int code;
    if (kind == PL_TABLE_LISTED && e->options->sorted && !has_names_only(e, table))
        return refuse(e, f->up, "keys that are no texts cannot be sorted for JSON");
    f->key = PL_SLICE("");
    pl_buf_put_char(e->out, '{');
    if (kind == PL_TABLE_PLAIN || e->options->sorted)
        code = encode_all_sorted(e, table, f);
    else if (kind == PL_TABLE_LISTED)
        code = encode_listed(e, table, f);
    else
        code = encode_shaped(e, table, f, shape);
    if (code == 0) put_end(e, f, '}');
    return code;
}

static bool begins_like_array(lua_State *L, int table)
{
    lua_pushnil(L);
    if (!lua_next(L, table)) return false;
    bool is_number = lua_type(L, -2) == LUA_TNUMBER;
    lua_pop(L, 2);
    return is_number;
}

/* An unmarked table is what its first key says, and then must be that to the end. */
static int encode_plain(encoder *e, int table, frame *f)
{
    member members[WAITING];
    int top = lua_gettop(e->L);
    int count = has_room(e, f) ? collect_members(e->L, table, members) : MANY;
    if (count == LIKE_ARRAY || (count == MANY && begins_like_array(e->L, table)))
        return encode_as_array(e, table, f);
    if (count == MANY) return encode_object(e, table, f, PL_TABLE_PLAIN, NULL);
    f->key = PL_SLICE("");
    pl_buf_put_char(e->out, '{');
    int code = encode_members(e, f, members, count);
    lua_settop(e->L, top);
    if (code == 0) put_end(e, f, '}');
    return code;
}

static bool is_among(const frame *f, const void *table)
{
    for (; f; f = f->up)
        if (f->table == table) return true;
    return false;
}

/* Objects of our own Lua that stand for something else have __json = false in their metatable. */
static bool is_opaque(lua_State *L, int table)
{
    if (!lua_getmetatable(L, table)) return false;
    lua_pushliteral(L, "__json");
    lua_rawget(L, -2);
    bool is_opaque = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    lua_pop(L, 2);
    return is_opaque;
}

static int encode_table(encoder *e, int table, frame *up)
{
    frame f = {.up = up, .table = lua_topointer(e->L, table), .depth = up ? up->depth + 1 : 1};
    /* At the first repetition: tables that hold themselves twice would never end. */
    if (is_among(up, f.table))
        return refuse(e, up, "a table that contains itself cannot be written as JSON");
    if (f.depth > PL_JSON_MAX_DEPTH || !lua_checkstack(e->L, SLOTS))
        return refuse(e, up, "a value that is nested too deeply cannot be written as JSON");
    /* The run has failed then, whatever is said: a table that is in others many times is written
     * many times, without end by any measure of time. */
    if (pl_budget_is_over(e->vm))
        return refuse(e, NULL, "there is no time left to write a value as JSON");
    if (e->out->len > e->max_bytes)
        return refuse(e, NULL, "a value that is larger than may be cannot be written as JSON");
    pl_shape *shape = NULL;
    enum pl_table_kind kind = pl_table_kind_of(e->L, table, &shape);
    if (kind == PL_TABLE_PLAIN && is_opaque(e->L, table))
        return refuse(e, up, "an object of the template engine cannot be written as JSON");
    if (kind == PL_TABLE_PLAIN) return encode_plain(e, table, &f);
    if (kind == PL_TABLE_ARRAY) return encode_as_array(e, table, &f);
    return encode_object(e, table, &f, kind, shape);
}

static int encode_secret(encoder *e, pl_slice value, const frame *where)
{
    if (e->options->secrets == NULL) return refuse(e, where, "a secret cannot be written as JSON");
    if (value.len == 0) return refuse(e, where, "a secret without a value cannot be kept");
    pl_coded_secret note = {e->out->len - e->start, value.len};
    pl_buf_put(e->options->secrets, &note, sizeof note);
    pl_buf_put_slice(e->options->secrets, value);
    PL_BUF_PUT(e->out, "null");
    return 0;
}

static int encode_userdata(encoder *e, int index, const frame *where)
{
    pl_slice secret;
    const pl_exact *exact = pl_exact_at(e->L, index);
    if (exact) {
        pl_buf_put(e->out, exact->text, exact->len);
        return 0;
    }
    if (luaL_testudata(e->L, index, PL_NULL)) {
        PL_BUF_PUT(e->out, "null");
        return 0;
    }
    if (pl_bind_secret_peek(e->L, index, &secret)) return encode_secret(e, secret, where);
    return refuse(e, where, "a userdata cannot be written as JSON");
}

static int encode_value(encoder *e, int index, frame *up)
{
    lua_State *L = e->L;
    size_t len;
    const char *s;
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        s = lua_tolstring(L, index, &len);
        return encode_string(e, s, len, up);
    case LUA_TNUMBER:
        return encode_number(e, index, up);
    case LUA_TTABLE:
        return encode_table(e, index, up);
    case LUA_TBOOLEAN:
        if (lua_toboolean(L, index))
            PL_BUF_PUT(e->out, "true");
        else
            PL_BUF_PUT(e->out, "false");
        return 0;
    case LUA_TUSERDATA:
        return encode_userdata(e, index, up);
    case LUA_TLIGHTUSERDATA: /* null as lua-cjson has it */
        if (lua_touserdata(L, index) != NULL) break;
        PL_BUF_PUT(e->out, "null");
        return 0;
    case LUA_TFUNCTION:
        return refuse(e, up, "a function cannot be written as JSON");
    case LUA_TNIL:
        return refuse(e, up, "nil cannot be written as JSON");
    }
    return refuse(e, up, "a value of this type cannot be written as JSON");
}

/* The text is outside of Lua's memory while it grows: in a run it is bounded as if it were there. */
static size_t most(const pl_vm *vm)
{
    bool is_run = vm->budget.depth > 0 && vm->budget.memory_bytes < MAX_BYTES;
    return is_run ? vm->budget.memory_bytes : MAX_BYTES;
}

int pl_codec_encode(pl_codec *c, lua_State *L, int index, const pl_encode_options *options,
                    pl_buf *out)
{
    static const pl_encode_options compact;
    const pl_vm *vm = pl_vm_of(L);
    int top = lua_gettop(L);
    if (options == NULL) options = &compact;
    encoder e = {.L = L,
                 .codec = c,
                 .out = out,
                 .options = options,
                 .vm = vm,
                 .max_bytes = options->max_bytes ? options->max_bytes : most(vm),
                 .start = out->len,
                 .cells = top + 1};
    luaL_checkstack(L, SLOTS, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->cells);
    lua_pushvalue(L, index);
    pl_buf_clear(&c->keys);
    int code = encode_value(&e, top + 2, NULL);
    lua_settop(L, top);
    return code;
}
