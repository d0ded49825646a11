/* SPDX-License-Identifier: MIT
 *
 * Decoding. The members of a container are collected on the Lua stack, so that its table is made
 * once and at the right size:
 *
 *     table (nil until then) | list of keys (nil unless listed) | value value ...   (top)
 *
 * What the keys of the values are says the shape, until there is a table: from then on each member
 * is put into it at once.
 * How many may wait there depends on the depth, since the stack of a C function is bounded (8000
 * slots in LuaJIT) and every open container keeps what it has collected. An object leaves the
 * shapes for a list of its own when the trie takes no more. */
#include "script/codec.h"

#include "base/err.h"
#include "base/json.h"
#include "script/bind.h"

#include <lauxlib.h>

#define WAITING_SLOTS 64 /* of one container near the top */
#define SHALLOW       16 /* how deep "near the top" goes */
#define EXTRA_SLOTS   8

typedef struct decoder {
    lua_State *L;
    pl_codec *codec;
    const pl_decode_options *options;
    pl_json_reader reader;
    const pl_json_node *nodes;   /* NULL: the text is read */
    const pl_json_node *at;      /* the next of them */
    const char *text;            /* where it begins */
    pl_slice secrets;            /* that are still to come */
    int cells, array_meta, null; /* where they are on the stack */
} decoder;

static int decode_value(decoder *d, const pl_json_token *token);

/* -- tokens: of the text, or of nodes that were made of it -- */

/* The container that was opened last. */
typedef struct container {
    const pl_json_node *end;
    enum pl_json_kind closing;
} container;

static container inside(const decoder *d, enum pl_json_kind closing)
{
    return (container){d->nodes ? d->nodes + d->at[-1].next : NULL, closing};
}

static void take_node(decoder *d, pl_json_token *token)
{
    const pl_json_node *node = d->at++;
    *token = (pl_json_token){.kind = node->kind,
                             .raw = {d->text + node->at, node->len},
                             .key = {d->text + node->name, node->name_len},
                             .has_escapes = node->has_escapes,
                             .key_has_escapes = node->name_has_escapes};
    if (token->kind == PL_JSON_OBJECT || token->kind == PL_JSON_ARRAY) d->reader.depth++;
}

static int next_in(decoder *d, container in, pl_json_token *token)
{
    if (d->nodes == NULL) return pl_json_next(&d->reader, token);
    if (d->at < in.end) {
        take_node(d, token);
    } else {
        token->kind = in.closing;
        d->reader.depth--;
    }
    return 0;
}

/* Fills line and column in for a place that the reader has passed. */
static int refuse_at(decoder *d, const char *at, const char *message)
{
    d->reader.at = at;
    d->reader.error = message;
    return PL_E_BAD_JSON;
}

static int refuse_duplicate(decoder *d, const pl_json_token *token)
{
    pl_buf *text = &d->codec->text;
    pl_buf_clear(text);
    pl_buf_printf(text, "the name \"%.*s\" is there twice", PL_FMT(token->key));
    pl_buf_put_char(text, 0);
    return refuse_at(d, token->key.ptr - 1, text->ptr);
}

static int waiting_room(const decoder *d)
{
    return d->reader.depth <= SHALLOW ? WAITING_SLOTS : 2;
}

static int open_container(decoder *d)
{
    if (!lua_checkstack(d->L, WAITING_SLOTS + EXTRA_SLOTS))
        return refuse_at(d, d->reader.at, "nested too deeply");
    return 0;
}

/* -- arrays -- */

static void flush_elements(lua_State *L, int table, int count)
{
    lua_createtable(L, count, 0);
    lua_replace(L, table);
    for (int i = count; i > 0; i--)
        lua_rawseti(L, table, i);
}

static int decode_array(decoder *d)
{
    lua_State *L = d->L;
    pl_json_token token;
    int waiting = waiting_room(d), count = 0;
    int code = open_container(d);
    if (code) return code;
    container in = inside(d, PL_JSON_ARRAY_END);
    lua_pushnil(L);
    int table = lua_gettop(L);
    for (;; count++) {
        code = next_in(d, in, &token);
        if (code) return code;
        if (token.kind == PL_JSON_ARRAY_END) break;
        if (count == waiting) flush_elements(L, table, count);
        code = decode_value(d, &token);
        if (code) return code;
        if (count >= waiting) lua_rawseti(L, table, count + 1);
    }
    if (count <= waiting) flush_elements(L, table, count);
    lua_pushvalue(L, d->array_meta);
    lua_setmetatable(L, table);
    return 0;
}

/* -- objects -- */

typedef struct object {
    pl_shape *shape;
    int table, list; /* where they are on the stack */
    int waiting;     /* values behind them; -1: the table is made, what comes is put in at once */
    int listed;      /* keys in the list; 0: it has none */
} object;

/* The values that wait into a table: their keys are the last ones of the shape. */
static void flush_values(decoder *d, object *o)
{
    lua_State *L = d->L;
    if (o->waiting < 0) return;
    lua_createtable(L, 0, o->waiting);
    lua_replace(L, o->table);
    for (const pl_shape *s = o->shape; o->waiting > 0; o->waiting--, s = s->parent) {
        lua_rawgeti(L, d->cells, s->cell);
        lua_insert(L, -2); /* stack: ..., key, value (top) */
        lua_rawset(L, o->table);
    }
    o->waiting = -1;
}

/* The same where the object ends, by the maker of its shape, if it has one. */
static void finish_table(decoder *d, object *o)
{
    if (o->waiting > 0 && pl_shape_put_maker(d->L, d->cells, o->shape, o->list)) {
        lua_call(d->L, o->waiting, 1); /* what was called is at `list`, right below the values */
        lua_replace(d->L, o->table);
        lua_pushnil(d->L);
        o->waiting = -1;
    }
    flush_values(d, o);
}

/* The keys so far, out of the shape, become a list. */
static void leave_shapes(decoder *d, object *o)
{
    lua_State *L = d->L;
    flush_values(d, o);
    lua_createtable(L, PL_SHAPE_MAX_KEYS * 2, 0);
    lua_replace(L, o->list);
    o->listed = (int)o->shape->depth;
    for (const pl_shape *s = o->shape; s->parent; s = s->parent) {
        lua_rawgeti(L, d->cells, s->cell);
        lua_rawseti(L, o->list, (int)s->depth);
    }
    o->shape = NULL;
}

/* Pushes the key for an object that has left the shapes. */
static int push_listed_key(decoder *d, object *o, const pl_json_token *token, pl_slice key)
{
    lua_State *L = d->L;
    lua_pushlstring(L, key.ptr, key.len);
    lua_pushvalue(L, -1);
    lua_rawget(L, o->table);
    bool is_there = !lua_isnil(L, -1);
    if (is_there && !d->options->last_wins) return refuse_duplicate(d, token);
    lua_pop(L, 1);
    if (is_there) return 0;
    lua_pushvalue(L, -1);
    lua_rawseti(L, o->list, ++o->listed);
    return 0;
}

static int push_key(decoder *d, object *o, const pl_json_token *token)
{
    pl_slice key = token->key;
    if (token->key_has_escapes) {
        pl_buf_clear(&d->codec->key);
        pl_json_unescape_inner(key, &d->codec->key);
        key = pl_buf_slice(&d->codec->key);
    }
    if (o->shape) {
        switch (pl_shape_child(d->codec, d->L, d->cells, &o->shape, key)) {
        case PL_SHAPE_OK:
            if (o->waiting < 0) lua_rawgeti(d->L, d->cells, o->shape->cell);
            return 0;
        case PL_SHAPE_DUPLICATE: /* said, or settled, below */
        case PL_SHAPE_FULL:
            leave_shapes(d, o);
        }
    }
    return push_listed_key(d, o, token, key);
}

static int decode_member(decoder *d, object *o, const pl_json_token *token, int room)
{
    if (o->waiting == room) flush_values(d, o);
    int code = push_key(d, o, token);
    if (code == 0) code = decode_value(d, token);
    if (code) return code;
    if (o->waiting < 0)
        lua_rawset(d->L, o->table);
    else
        o->waiting++;
    return 0;
}

static int decode_object(decoder *d)
{
    lua_State *L = d->L;
    int code = open_container(d), room = waiting_room(d);
    if (code) return code;
    object o = {.shape = d->codec->root, .table = lua_gettop(L) + 1, .list = lua_gettop(L) + 2};
    container in = inside(d, PL_JSON_OBJECT_END);
    lua_pushnil(L);
    lua_pushnil(L);
    for (;;) {
        pl_json_token token;
        code = next_in(d, in, &token);
        if (code) return code;
        if (token.kind == PL_JSON_OBJECT_END) break;
        code = decode_member(d, &o, &token, room);
        if (code) return code;
    }
    finish_table(d, &o); /* stack: table, list (top) */
    if (o.shape == NULL) {
        pl_shape_mark_listed(L, o.table);
        return 0;
    }
    lua_pop(L, 1);
    pl_shape_mark(L, d->cells, o.shape, o.table);
    return 0;
}

/* -- values -- */

static void push_string(pl_codec *c, lua_State *L, const pl_json_token *token)
{
    if (!token->has_escapes) {
        lua_pushlstring(L, token->raw.ptr, token->raw.len);
        return;
    }
    pl_buf_clear(&c->text);
    pl_json_unescape_inner(token->raw, &c->text);
    lua_pushlstring(L, c->text.ptr, c->text.len);
}

void pl_codec_push_scalar(pl_codec *c, lua_State *L, const pl_json_token *token)
{
    if (token->kind == PL_JSON_STRING)
        push_string(c, L, token);
    else if (token->kind == PL_JSON_NUMBER)
        pl_codec_push_number(c, L, token->raw);
    else if (token->kind == PL_JSON_NULL)
        pl_codec_push_null(c, L);
    else
        lua_pushboolean(L, token->kind == PL_JSON_TRUE);
}

/* A null of the document, or what stands for a secret. */
static void push_null(decoder *d, const pl_json_token *token)
{
    pl_coded_secret note;
    size_t offset = (size_t)(token->raw.ptr - d->text);
    if (d->secrets.len) memcpy(&note, d->secrets.ptr, sizeof note);
    if (d->secrets.len == 0 || note.offset != offset) {
        lua_pushvalue(d->L, d->null);
        return;
    }
    pl_bind_secret_push(d->L, (pl_slice){d->secrets.ptr + sizeof note, note.len});
    d->secrets = pl_slice_from(d->secrets, sizeof note + note.len);
}

static int decode_value(decoder *d, const pl_json_token *token)
{
    switch (token->kind) {
    case PL_JSON_OBJECT:
        return decode_object(d);
    case PL_JSON_ARRAY:
        return decode_array(d);
    case PL_JSON_NULL:
        push_null(d, token);
        return 0;
    case PL_JSON_NUMBER:
        if (d->options->numbers_as_read) {
            pl_codec_push_number_read(d->codec, d->L, token->raw);
            return 0;
        }
        /* fall through */
    default:
        pl_codec_push_scalar(d->codec, d->L, token);
        return 0;
    }
}

static int decode_text(decoder *d)
{
    pl_json_token token;
    int code = pl_json_next(&d->reader, &token);
    if (code == 0) code = decode_value(d, &token);
    return code ? code : pl_json_next(&d->reader, &token);
}

static int decode_nodes(decoder *d)
{
    pl_json_token token;
    take_node(d, &token);
    return decode_value(d, &token);
}

static int decode(decoder *d, pl_slice text, pl_decode_fault *fault)
{
    lua_State *L = d->L;
    int top = lua_gettop(L);
    luaL_checkstack(L, EXTRA_SLOTS, NULL);
    d->text = text.ptr;
    d->secrets = d->options->secrets;
    d->cells = top + 1;
    d->array_meta = top + 2;
    d->null = top + 3;
    lua_rawgeti(L, LUA_REGISTRYINDEX, d->codec->cells);
    lua_rawgeti(L, LUA_REGISTRYINDEX, d->codec->array_meta);
    lua_rawgeti(L, LUA_REGISTRYINDEX, d->codec->null);
    pl_json_open(&d->reader, text, d->options->max_depth);
    int code = d->nodes ? decode_nodes(d) : decode_text(d);
    if (code) {
        pl_json_fault where;
        pl_json_fault_of(&d->reader, &where);
        *fault = (pl_decode_fault){where.message, where.offset, where.line, where.column};
        lua_settop(L, top);
        return code;
    }
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return 0;
}

int pl_codec_decode(pl_codec *c, lua_State *L, pl_slice text, const pl_decode_options *options,
                    pl_decode_fault *fault)
{
    decoder d = {.L = L, .codec = c, .options = options};
    return decode(&d, text, fault);
}

int pl_codec_decode_node(pl_codec *c, lua_State *L, pl_slice text, const pl_json_node *nodes,
                         const pl_json_node *value, pl_decode_fault *fault)
{
    static const pl_decode_options options = {.max_depth = PL_JSON_MAX_DEPTH, .last_wins = true};
    decoder d = {.L = L, .codec = c, .options = &options, .nodes = nodes, .at = value};
    return decode(&d, text, fault);
}
