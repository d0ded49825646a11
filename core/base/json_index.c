/* SPDX-License-Identifier: MIT */
#include "base/json_index.h"

#include "base/err.h"

#define FEW 16 /* members whose names are compared one by one */

static pl_json_node *node_at(const pl_buf *nodes, size_t start, uint32_t i)
{
    return (pl_json_node *)(void *)(nodes->ptr + start) + i;
}

static bool ends(const pl_json_token *token)
{
    return token->kind == PL_JSON_ARRAY_END || token->kind == PL_JSON_OBJECT_END;
}

static void put_node(pl_buf *nodes, const pl_json_token *token, const char *document, uint32_t next)
{
    pl_json_node node = {
        .at = (uint32_t)(token->raw.ptr - document),
        .len = (uint32_t)token->raw.len,
        .next = next,
        .kind = (uint8_t)token->kind,
        .has_escapes = token->has_escapes,
        .name_has_escapes = token->key_has_escapes,
    };
    if (token->key.ptr) {
        node.name = (uint32_t)(token->key.ptr - document);
        node.name_len = (uint32_t)token->key.len;
    }
    pl_buf_put(nodes, &node, sizeof node);
}

int pl_json_index(pl_slice document, int max_depth, pl_buf *nodes, pl_json_fault *fault)
{
    pl_json_reader r;
    pl_json_token token;
    uint32_t open[PL_JSON_MAX_DEPTH], count = 0; /* the containers that are open */
    size_t start = nodes->len;
    pl_json_open(&r, document, max_depth);
    for (;;) {
        if (pl_json_next(&r, &token) != 0) {
            pl_json_fault_of(&r, fault);
            return PL_E_BAD_JSON;
        }
        if (token.kind == PL_JSON_END) return 0;
        if (ends(&token)) {
            pl_json_node *container = node_at(nodes, start, open[r.depth]);
            container->next = count;
            container->len = (uint32_t)(r.at - r.start) - container->at;
            continue;
        }
        if (token.kind == PL_JSON_ARRAY || token.kind == PL_JSON_OBJECT) open[r.depth - 1] = count;
        put_node(nodes, &token, r.start, ++count);
    }
}

static bool name_is(const pl_json_node *node, pl_slice document, pl_slice name)
{
    if (!node->name_has_escapes && node->name_len != name.len) return false;
    pl_slice raw = {document.ptr + node->name, node->name_len};
    return pl_json_name_is(raw, node->name_has_escapes, name);
}

static const pl_json_node *member(const pl_json_node *nodes, const pl_json_node *object,
                                  pl_slice document, pl_slice name)
{
    const pl_json_node *found = NULL, *end = nodes + object->next;
    if (object->kind != PL_JSON_OBJECT) return NULL;
    for (const pl_json_node *node = object + 1; node < end; node = nodes + node->next)
        if (name_is(node, document, name)) found = node;
    return found;
}

const pl_json_node *pl_json_node_find(const pl_json_node *nodes, pl_slice document, pl_slice path)
{
    const pl_json_node *node = nodes;
    for (bool more = path.len > 0; more && node;) {
        const char *dot = memchr(path.ptr, '.', path.len);
        size_t len = dot ? (size_t)(dot - path.ptr) : path.len;
        node = member(nodes, node, document, (pl_slice){path.ptr, len});
        path = pl_slice_from(path, len + (dot != NULL));
        more = dot != NULL;
    }
    return node;
}

static bool members_may_repeat(const pl_json_node *nodes, const pl_json_node *object,
                               pl_slice document)
{
    pl_slice names[FEW];
    int count = 0;
    const pl_json_node *end = nodes + object->next;
    for (const pl_json_node *node = object + 1; node < end; node = nodes + node->next) {
        if (node->name_has_escapes || count == FEW) return true;
        names[count] = (pl_slice){document.ptr + node->name, node->name_len};
        for (int i = 0; i < count; i++)
            if (pl_slice_eq(names[i], names[count])) return true;
        count++;
    }
    return false;
}

bool pl_json_nodes_may_repeat(const pl_json_node *nodes, pl_slice document)
{
    for (const pl_json_node *node = nodes, *end = nodes + nodes->next; node < end; node++)
        if (node->kind == PL_JSON_OBJECT && members_may_repeat(nodes, node, document)) return true;
    return false;
}
