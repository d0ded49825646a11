/* SPDX-License-Identifier: MIT
 *
 * A JSON document of which values are read one by one (core.json.open): what nobody asks for
 * becomes no table. It holds a copy of the text, and behind the nodes of base/json_index.h. */
#include "script/bind.h"

#include "base/json_index.h"

#include <lauxlib.h>

static const pl_known_type document_type = {PL_TYPE_DOCUMENT, "perilune.document"};

typedef struct document {
    pl_known known;
    size_t len, count;
    pl_json_node nodes[]; /* and then the text */
} document;

static document *check_document(lua_State *L)
{
    return pl_bind_known_check(L, 1, &document_type);
}

static pl_slice text_of(const document *d)
{
    return (pl_slice){(const char *)(d->nodes + d->count), d->len};
}

static int push_value(lua_State *L, pl_slice text, const pl_json_node *nodes,
                      const pl_json_node *value)
{
    pl_decode_fault fault;
    if (pl_codec_decode_node(&pl_vm_of(L)->codec, L, text, nodes, value, &fault) != 0)
        luaL_error(L, "the document cannot be decoded: %s", fault.message);
    return 1;
}

/* The value that the path at 2 leads to. */
static const pl_json_node *find(lua_State *L, pl_slice text, const pl_json_node *nodes)
{
    bool may_repeat = pl_vm_of(L)->last_wins; /* else what has a name twice was refused */
    return pl_json_node_find(nodes, text, pl_check_slice(L, 2), may_repeat);
}

int pl_bind_nodes_value(lua_State *L, pl_slice text, const pl_json_node *nodes)
{
    return push_value(L, text, nodes, nodes);
}

int pl_bind_nodes_read(lua_State *L, pl_slice text, const pl_json_node *nodes)
{
    const pl_json_node *node = find(L, text, nodes);
    if (node == NULL) return 0;
    if (node->kind == PL_JSON_OBJECT || node->kind == PL_JSON_ARRAY)
        return push_value(L, text, nodes, node);
    pl_codec_push_scalar(&pl_vm_of(L)->codec, L, text, node);
    return 1;
}

int pl_bind_nodes_json(lua_State *L, pl_slice text, const pl_json_node *nodes)
{
    pl_vm *vm = pl_vm_of(L);
    const pl_json_node *node = vm->last_wins ? NULL : find(L, text, nodes);
    if (node == NULL) return 0;
    pl_slice raw = pl_json_node_raw(node, text);
    if (node->kind == PL_JSON_STRING) raw = (pl_slice){raw.ptr - 1, raw.len + 2};
    pl_buf_clear(&vm->codec.out);
    pl_json_put_compact(&vm->codec.out, raw);
    return pl_push_buf(L, &vm->codec.out);
}

/* -- methods -- */

/* value() -> all of it, each time anew */
static int document_value(lua_State *L)
{
    const document *d = check_document(L);
    return pl_bind_nodes_value(L, text_of(d), d->nodes);
}

/* read("order.id") -> the value, each time anew; nil where there is none */
static int document_read(lua_State *L)
{
    const document *d = check_document(L);
    return pl_bind_nodes_read(L, text_of(d), d->nodes);
}

/* json("order.lines") -> the value as JSON, as encoding what `read` gives writes it; nil where there
 * is none, and where names may be there twice */
static int document_json(lua_State *L)
{
    const document *d = check_document(L);
    return pl_bind_nodes_json(L, text_of(d), d->nodes);
}

static const luaL_Reg document_methods[] = {
    {"value", document_value}, {"read", document_read}, {"json", document_json}, {NULL, NULL}};

void pl_bind_document_push(lua_State *L, pl_slice text, const pl_json_node *nodes)
{
    size_t count = nodes->next;
    document *d = pl_bind_known_new(L, &document_type, sizeof *d + count * sizeof *nodes + text.len,
                                    document_methods, NULL);
    d->len = text.len;
    d->count = count;
    memcpy(d->nodes, nodes, count * sizeof *nodes);
    memcpy(d->nodes + count, text.ptr, text.len);
}
