/* SPDX-License-Identifier: MIT
 *
 * Decoding: of nodes (base/json_index.h), which a text gets first. An array is made at its size, and
 * its elements are put into it one by one. The values of an object wait on the stack until all are
 * there, since what its keys are, and with them its table, says the shape that it has come to:
 *
 *     maker, or nil | value value ...   (top)      with a maker it is called, and the table is in its place
 *     table                             (top)      once there is one, each member is put into it at once
 *     table | list of keys              (top)      and when the trie took no more keys
 *
 * What a shape is mostly followed by is tried first, the keys of a whole object as those of the last
 * one that was at this place of a document.
 *
 * The stack of a C function is bounded (8000 slots in LuaJIT), and every open container keeps what it
 * has there: values wait in objects near the top only. */
#include "base/err.h"
#include "base/json.h"
#include "base/json_bytes.h"
#include "script/bind.h"
#include "script/codec.h"

#include <lauxlib.h>
#include <math.h>

#define SHALLOW     16 /* how deep "near the top" goes */
#define EXTRA_SLOTS 8  /* of one container, beside values that wait */

/* A text up to here has its nodes, 12 bytes for each of its own at most, without being asked for. */
#define SMALL_TEXT (256 << 10)
#define NODES_KEPT (1 << 20) /* bytes of room for them */

typedef struct decoder {
    lua_State *L;
    pl_codec *codec;
    const pl_decode_options *options;
    pl_decode_fault *fault;
    pl_slice text;
    const pl_json_node *nodes; /* from which their `next` counts */
    pl_slice secrets;          /* that are still to come */
    int depth;
    int cells, array_meta, null; /* where they are on the stack */
} decoder;

static int decode_container(decoder *d, const pl_json_node *node, pl_shape *above);

static void fault_at(pl_slice text, size_t offset, const char *message, pl_decode_fault *fault)
{
    pl_json_reader reader = {.start = text.ptr, .at = text.ptr + offset, .error = message};
    pl_json_fault where;
    pl_json_fault_of(&reader, &where);
    *fault = (pl_decode_fault){where.message, where.offset, where.line, where.column};
}

static int refuse_at(decoder *d, size_t offset, const char *message)
{
    fault_at(d->text, offset, message, d->fault);
    return PL_E_BAD_JSON;
}

static pl_slice raw_of(const decoder *d, const pl_json_node *node)
{
    return pl_json_node_raw(node, d->text);
}

static pl_slice name_of(const decoder *d, const pl_json_node *node)
{
    return (pl_slice){d->text.ptr + node->name, node->name_len};
}

static int refuse_duplicate(decoder *d, const pl_json_node *node)
{
    pl_buf *text = &d->codec->text;
    pl_buf_clear(text);
    pl_buf_printf(text, "the name \"%.*s\" is there twice", PL_FMT(name_of(d, node)));
    pl_buf_put_char(text, 0);
    return refuse_at(d, node->name - 1, text->ptr);
}

/* -- scalars -- */

static void push_unescaped(pl_codec *c, lua_State *L, pl_slice raw)
{
    pl_buf_clear(&c->text);
    pl_json_unescape_inner(raw, &c->text);
    lua_pushlstring(L, c->text.ptr, c->text.len);
}

static inline void push_string(pl_codec *c, lua_State *L, const pl_json_node *node, pl_slice raw)
{
    if (node->has_escapes)
        push_unescaped(c, L, raw);
    else
        lua_pushlstring(L, raw.ptr, raw.len);
}

/* A plain one is the same number in any case. */
static void push_number(decoder *d, pl_slice raw)
{
    double value = pl_number_plain(raw);
    if (!isnan(value))
        lua_pushnumber(d->L, value);
    else if (d->options->numbers_as_read)
        pl_codec_push_number_read(d->codec, d->L, raw);
    else
        pl_codec_push_exact(d->codec, d->L, raw);
}

/* A null of the document, or what stands for a secret. */
static void push_null(decoder *d, const pl_json_node *node)
{
    pl_coded_secret note;
    if (d->secrets.len) memcpy(&note, d->secrets.ptr, sizeof note);
    if (d->secrets.len == 0 || note.offset != node->at) {
        lua_pushvalue(d->L, d->null);
        return;
    }
    pl_bind_secret_push(d->L, (pl_slice){d->secrets.ptr + sizeof note, note.len});
    d->secrets = pl_slice_from(d->secrets, sizeof note + note.len);
}

void pl_codec_push_scalar(pl_codec *c, lua_State *L, pl_slice text, const pl_json_node *node)
{
    pl_slice raw = pl_json_node_raw(node, text);
    if (node->kind == PL_JSON_STRING)
        push_string(c, L, node, raw);
    else if (node->kind == PL_JSON_NUMBER)
        pl_codec_push_number(c, L, raw);
    else if (node->kind == PL_JSON_NULL)
        pl_codec_push_null(c, L);
    else
        lua_pushboolean(L, node->kind == PL_JSON_TRUE);
}

/* Of objects there, those before that were below `above`, the shape with their key, are the guess.
 * Inline, since most values are scalars. */
__attribute__((always_inline)) static inline int decode_value(decoder *d, const pl_json_node *node,
                                                              pl_shape *above)
{
    if (node->kind == PL_JSON_STRING)
        push_string(d->codec, d->L, node, raw_of(d, node));
    else if (node->kind == PL_JSON_NUMBER)
        push_number(d, raw_of(d, node));
    else if (node->kind == PL_JSON_OBJECT || node->kind == PL_JSON_ARRAY)
        return decode_container(d, node, above);
    else if (node->kind == PL_JSON_NULL)
        push_null(d, node);
    else
        lua_pushboolean(d->L, node->kind == PL_JSON_TRUE);
    return 0;
}

/* -- arrays -- */

static int open_container(decoder *d, const pl_json_node *node, int waiting)
{
    if (!lua_checkstack(d->L, waiting + EXTRA_SLOTS))
        return refuse_at(d, node->at, "nested too deeply");
    d->depth++;
    return 0;
}

static int decode_array(decoder *d, const pl_json_node *array, pl_shape *above)
{
    lua_State *L = d->L;
    const pl_json_node *end = d->nodes + array->next;
    int count = 0, code = open_container(d, array, 0);
    if (code) return code;
    lua_createtable(L, (int)pl_json_node_count(d->nodes, array), 0);
    for (const pl_json_node *node = array + 1; node < end; node = d->nodes + node->next) {
        code = decode_value(d, node, above);
        if (code) return code;
        lua_rawseti(L, -2, ++count);
    }
    lua_pushvalue(L, d->array_meta);
    lua_setmetatable(L, -2);
    d->depth--;
    return 0;
}

/* -- objects -- */

typedef struct object {
    pl_shape *shape; /* of its keys so far; NULL: they are in the list */
    pl_shape *guess; /* what that will be, and its maker is in front of the values; or NULL */
    int table;       /* where it is on the stack, the list behind it; 0: values wait */
    int listed;      /* keys in the list */
} object;

static void begin_object(decoder *d, object *o, const pl_json_node *node, pl_shape *above)
{
    *o = (object){.shape = d->codec->root};
    if (d->depth > SHALLOW) {
        lua_createtable(d->L, 0, (int)pl_json_node_count(d->nodes, node));
        o->table = lua_gettop(d->L);
    } else if (above->below) {
        o->guess = above->below;
        lua_rawgeti(d->L, d->cells, o->guess->cell + PL_CELL_MAKER);
    } else {
        lua_pushnil(d->L);
    }
}

/* The values that wait into a table. */
static void put_values(decoder *d, object *o)
{
    lua_State *L = d->L;
    int count = (int)o->shape->depth;
    o->table = lua_gettop(L) - count;
    lua_createtable(L, 0, count);
    lua_replace(L, o->table);
    for (const pl_shape *s = o->shape; s->parent; s = s->parent) {
        lua_rawgeti(L, d->cells, s->cell + PL_CELL_KEY);
        lua_insert(L, -2); /* stack: ..., key, value (top) */
        lua_rawset(L, o->table);
    }
}

/* The same by the maker of their shape, which is in front of them if it was guessed. */
static void make_table(decoder *d, const object *o)
{
    int count = (int)o->shape->depth;
    if (o->shape != o->guess) {
        lua_rawgeti(d->L, d->cells, o->shape->cell + PL_CELL_MAKER);
        lua_replace(d->L, -count - 2);
    }
    lua_call(d->L, count, 1);
}

/* The keys so far, out of the shape, become a list. */
static void leave_shapes(decoder *d, object *o)
{
    lua_State *L = d->L;
    if (!o->table) put_values(d, o);
    lua_createtable(L, PL_SHAPE_MAX_KEYS * 2, 0);
    o->listed = (int)o->shape->depth;
    for (const pl_shape *s = o->shape; s->parent; s = s->parent) {
        lua_rawgeti(L, d->cells, s->cell + PL_CELL_KEY);
        lua_rawseti(L, o->table + 1, (int)s->depth);
    }
    o->shape = NULL;
}

/* Pushes the key for an object that has left the shapes. */
static int push_listed_key(decoder *d, object *o, const pl_json_node *node, pl_slice key)
{
    lua_State *L = d->L;
    lua_pushlstring(L, key.ptr, key.len);
    lua_pushvalue(L, -1);
    lua_rawget(L, o->table);
    bool is_there = !lua_isnil(L, -1);
    if (is_there && !d->options->last_wins) return refuse_duplicate(d, node);
    lua_pop(L, 1);
    if (is_there) return 0;
    lua_pushvalue(L, -1);
    lua_rawseti(L, o->table + 1, ++o->listed);
    return 0;
}

static inline bool is_name(const decoder *d, const pl_json_node *node, const pl_shape *shape)
{
    const char *name = d->text.ptr + node->name;
    size_t len = node->name_len;
    if (len != shape->key_len || node->name_has_escapes) return false;
    return len <= 8 ? pl_word_of(name, len) == shape->word : pl_same_bytes(name, shape->key, len);
}

/* The step by a key that was not guessed. Pushes it when it goes to the list. */
static int find_key(decoder *d, object *o, const pl_json_node *node)
{
    pl_slice key = name_of(d, node);
    if (node->name_has_escapes) {
        pl_buf_clear(&d->codec->key);
        pl_json_unescape_inner(key, &d->codec->key);
        key = pl_buf_slice(&d->codec->key);
    }
    if (o->shape) {
        if (pl_shape_child(d->codec, d->L, d->cells, &o->shape, key, &d->codec->shape_count) ==
            PL_SHAPE_OK)
            return 0;
        leave_shapes(d, o); /* that it is a duplicate is said, or settled, below */
    }
    return push_listed_key(d, o, node, key);
}

/* The members as far as their names are those of the guess: *node is the first that is not. */
static int decode_guessed(decoder *d, object *o, const pl_json_node **node, const pl_json_node *end)
{
    pl_shape *const *path = o->guess->path, *const *path_end = path + o->guess->depth;
    const pl_json_node *at = *node;
    for (; path < path_end && at < end && is_name(d, at, *path); path++) {
        int code = decode_value(d, at, *path);
        if (code) return code;
        o->shape = *path;
        at = d->nodes + at->next;
    }
    *node = at;
    return 0;
}

static int decode_member(decoder *d, object *o, const pl_json_node *node)
{
    int code = find_key(d, o, node);
    if (code) return code;
    if (o->table && o->shape) lua_rawgeti(d->L, d->cells, o->shape->cell + PL_CELL_KEY);
    code = decode_value(d, node, o->shape ? o->shape : d->codec->root);
    if (code) return code;
    if (o->table) lua_rawset(d->L, o->table);
    return 0;
}

static void end_object(decoder *d, object *o, pl_shape *above)
{
    if (o->shape == NULL) {
        pl_shape_mark_listed(d->L, o->table);
    } else if (!o->table && pl_shape_has_maker(d->L, d->cells, o->shape)) {
        make_table(d, o);
        above->below = o->shape;
    } else {
        if (!o->table) put_values(d, o);
        pl_shape_mark(d->L, d->cells, o->shape, o->table);
    }
    d->depth--;
}

static int decode_object(decoder *d, const pl_json_node *node, pl_shape *above)
{
    object o;
    const pl_json_node *end = d->nodes + node->next;
    int code = open_container(d, node, PL_SHAPE_MAX_KEYS);
    if (code) return code;
    begin_object(d, &o, node++, above);
    if (o.guess) code = decode_guessed(d, &o, &node, end);
    for (; code == 0 && node < end; node = d->nodes + node->next)
        code = decode_member(d, &o, node);
    if (code) return code;
    end_object(d, &o, above);
    return 0;
}

static int decode_container(decoder *d, const pl_json_node *node, pl_shape *above)
{
    return node->kind == PL_JSON_OBJECT ? decode_object(d, node, above)
                                        : decode_array(d, node, above);
}

static int decode(decoder *d, const pl_json_node *value)
{
    lua_State *L = d->L;
    int top = lua_gettop(L);
    luaL_checkstack(L, EXTRA_SLOTS, NULL);
    d->secrets = d->options->secrets;
    d->cells = top + 1;
    d->array_meta = top + 2;
    d->null = top + 3;
    lua_rawgeti(L, LUA_REGISTRYINDEX, d->codec->cells);
    lua_rawgeti(L, LUA_REGISTRYINDEX, d->codec->array_meta);
    lua_rawgeti(L, LUA_REGISTRYINDEX, d->codec->null);
    int code = decode_value(d, value, d->codec->root);
    if (code == 0) lua_replace(L, top + 1);
    lua_settop(L, code ? top : top + 1);
    return code;
}

int pl_codec_decode_node(pl_codec *c, lua_State *L, pl_slice text, const pl_json_node *nodes,
                         const pl_json_node *value, pl_decode_fault *fault)
{
    static const pl_decode_options options = {.max_depth = PL_JSON_MAX_DEPTH, .last_wins = true};
    decoder d = {
        .L = L, .codec = c, .options = &options, .fault = fault, .text = text, .nodes = nodes};
    return decode(&d, value);
}

/* -- texts -- */

/* Raises when the nodes would take more memory than the run may have: every value but the first has
 * a comma or an opening bracket somewhere in front of it. */
static void ask_for_nodes(lua_State *L, pl_slice text)
{
    size_t values = 1;
    if (text.len <= SMALL_TEXT) return;
    for (size_t i = 0; i < text.len; i++)
        values += text.ptr[i] == ',' || text.ptr[i] == '[' || text.ptr[i] == '{';
    pl_budget_ask(L, (double)(values * sizeof(pl_json_node)));
}

int pl_codec_begin_nodes(pl_codec *c, lua_State *L, pl_slice text, int max_depth,
                         pl_decode_fault *fault)
{
    pl_json_fault where;
    if (text.len > UINT32_MAX) {
        fault_at(text, 0, "a document of more than 4 GB", fault);
        return PL_E_BAD_JSON;
    }
    ask_for_nodes(L, text);
    pl_buf_clear(&c->nodes);
    int code = pl_json_read_index(text, max_depth, &c->nodes);
    if (code == 0) return 0;
    pl_json_check(text, max_depth, &where);
    *fault = (pl_decode_fault){where.message, where.offset, where.line, where.column};
    return code;
}

void pl_codec_end_nodes(pl_codec *c)
{
    if (c->nodes.cap > NODES_KEPT) pl_buf_fini(&c->nodes);
}

int pl_codec_decode(pl_codec *c, lua_State *L, pl_slice text, const pl_decode_options *options,
                    pl_decode_fault *fault)
{
    int code = pl_codec_begin_nodes(c, L, text, options->max_depth, fault);
    if (code == 0) {
        const pl_json_node *nodes = pl_codec_nodes(c);
        decoder d = {
            .L = L, .codec = c, .options = options, .fault = fault, .text = text, .nodes = nodes};
        code = decode(&d, nodes);
    }
    pl_codec_end_nodes(c);
    return code;
}
