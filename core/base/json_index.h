/* SPDX-License-Identifier: MIT
 *
 * Where the values of a JSON document are. One pass writes a node for each value, in the order in
 * which they stand; a node leads past all that is in it, so a path is followed without looking at
 * what it does not name:
 *
 *     {"a": [1, 2], "b": true}
 *
 *     node    0: the whole   1: a, [1, 2]   2: 1   3: 2   4: b, true
 *     next    5              4              3      4      5
 */
#ifndef PL_BASE_JSON_INDEX_H
#define PL_BASE_JSON_INDEX_H

#include "base/json.h"

typedef struct pl_json_node {
    uint32_t at, len;        /* the value's bytes in the document; of a string without its quotes */
    uint32_t name, name_len; /* of a member: as it is written, without quotes */
    uint32_t next;           /* the node behind this one and what is in it */
    uint8_t kind;            /* enum pl_json_kind */
    bool has_escapes, name_has_escapes;
    bool may_repeat; /* of the root: may an object have a name twice? false is certain */
} pl_json_node;

/* Appends the nodes of a document of less than 4 GiB, which must not be deeper than `max_depth` (at
 * most PL_JSON_MAX_DEPTH): 0, or PL_E_BAD_JSON, and those that were appended say nothing. */
int pl_json_read_index(pl_slice document, int max_depth, pl_buf *nodes);
/* The same of a document that is known to be valid. */
void pl_json_index(pl_slice document, pl_buf *nodes);
/* Is it a valid document? The short answer of pl_json_check, of any size. */
bool pl_json_is_valid(pl_slice document, int max_depth);
/* The first or the last member of an object that has the name, or NULL: there is none, or the node is
 * no object. */
const pl_json_node *pl_json_node_first_member(const pl_json_node *nodes, const pl_json_node *object,
                                              pl_slice document, pl_slice name);
const pl_json_node *pl_json_node_last_member(const pl_json_node *nodes, const pl_json_node *object,
                                             pl_slice document, pl_slice name);
/* The one that counts, which is the last where names may be there twice. */
static inline const pl_json_node *pl_json_node_member(const pl_json_node *nodes,
                                                      const pl_json_node *object, pl_slice document,
                                                      pl_slice name, bool may_repeat)
{
    return may_repeat ? pl_json_node_last_member(nodes, object, document, name)
                      : pl_json_node_first_member(nodes, object, document, name);
}
/* The value that names with dots between them lead to, or NULL. */
const pl_json_node *pl_json_node_find(const pl_json_node *nodes, pl_slice document, pl_slice path,
                                      bool may_repeat);
/* The element of an array, counted from 0, or NULL: it has none there, or the node is no array. */
const pl_json_node *pl_json_node_element(const pl_json_node *nodes, const pl_json_node *array,
                                         uint32_t at);
/* How many elements or members a container has. */
uint32_t pl_json_node_count(const pl_json_node *nodes, const pl_json_node *container);
static inline pl_slice pl_json_node_raw(const pl_json_node *node, pl_slice document)
{
    return (pl_slice){document.ptr + node->at, node->len};
}

#endif
