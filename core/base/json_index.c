/* SPDX-License-Identifier: MIT
 *
 * One pass over a document finds whether it is valid and where its values are. Where it refuses, and
 * why, is for the reader to say (json.c), who goes by the same grammar and is seldom asked.
 *
 *      .-> a value ----> '[' or '{' ---.
 *      |      |               |        |
 *      |      v               |        |
 *      |   ']' or '}' <-------'        |
 *      |      |   '--.                 |
 *      |      v      '--> the end      v
 *      '---- ',' ----------> a name and ':', in objects
 *
 * All of it is inline, so that the compiler keeps the pass in registers: what is called gets places
 * and not the pass. */
#include "base/json_index.h"

#include "base/err.h"
#include "base/json_scan.h"

#define FEW 16 /* members of an object whose names are compared here */

#define OBJECT_BIT    0x80000000u /* beside the number of a node, which is less */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef struct pass {
    const char *start, *at, *end;
    pl_buf *nodes; /* NULL: nobody wants them */
    size_t base;   /* in `nodes` */
    uint32_t count;
    int depth, max_depth;
    uint32_t *open; /* the containers that are: their nodes, and whether they are objects */
    bool in_object; /* is the innermost one? */
    uint32_t name, name_len; /* of the value that comes next, as in a node */
    bool name_has_escapes;
} pass;

/* The next byte; behind the end one that is nothing. */
ALWAYS_INLINE char look(const pass *s)
{
    return s->at < s->end ? *s->at : '\0';
}

ALWAYS_INLINE void skip_space(pass *s)
{
    s->at = pl_json_skip_space(s->at, s->end);
}

ALWAYS_INLINE bool take(pass *s, char c)
{
    if (look(s) != c) return false;
    s->at++;
    skip_space(s);
    return true;
}

ALWAYS_INLINE void put_node(pass *s, enum pl_json_kind kind, pl_slice raw, bool has_escapes)
{
    if (s->nodes == NULL) return;
    s->count++;
    pl_json_node *node = (pl_json_node *)(void *)pl_buf_reserve(s->nodes, sizeof *node);
    *node = (pl_json_node){
        .at = (uint32_t)(raw.ptr - s->start),
        .len = (uint32_t)raw.len,
        .name = s->name,
        .name_len = s->name_len,
        .next = s->count,
        .kind = (uint8_t)kind,
        .has_escapes = has_escapes,
        .name_has_escapes = s->name_has_escapes,
    };
    s->nodes->len += sizeof *node;
    s->name = s->name_len = 0;
    s->name_has_escapes = false;
}

/* `at` is where an opening quote should be; afterwards behind the closing one. */
ALWAYS_INLINE bool cut_string(pass *s, pl_slice *text, bool *has_escapes)
{
    pl_json_refusal ignored;
    if (look(s) != '"') return false;
    const char *from = s->at + 1, *to = pl_json_scan_string(from, s->end, has_escapes, &ignored);
    if (to == NULL) return false;
    *text = (pl_slice){from, (size_t)(to - from)};
    s->at = to + 1;
    return true;
}

ALWAYS_INLINE bool take_name(pass *s)
{
    pl_slice name;
    bool has_escapes;
    if (!cut_string(s, &name, &has_escapes)) return false;
    skip_space(s);
    if (!take(s, ':')) return false;
    s->name = (uint32_t)(name.ptr - s->start);
    s->name_len = (uint32_t)name.len;
    s->name_has_escapes = has_escapes;
    return true;
}

ALWAYS_INLINE bool take_string(pass *s)
{
    pl_slice text;
    bool has_escapes;
    if (!cut_string(s, &text, &has_escapes)) return false;
    put_node(s, PL_JSON_STRING, text, has_escapes);
    return true;
}

ALWAYS_INLINE bool take_word(pass *s, enum pl_json_kind kind, const char *word, size_t len)
{
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0) return false;
    put_node(s, kind, (pl_slice){s->at, len}, false);
    s->at += len;
    return true;
}

ALWAYS_INLINE bool take_number(pass *s)
{
    pl_json_refusal ignored;
    const char *from = s->at, *to = pl_json_scan_number(from, s->end, &ignored);
    if (to == NULL) return false;
    put_node(s, PL_JSON_NUMBER, (pl_slice){from, (size_t)(to - from)}, false);
    s->at = to;
    return true;
}

ALWAYS_INLINE bool take_scalar(pass *s)
{
    switch (look(s)) {
    case '"':
        return take_string(s);
    case 't':
        return take_word(s, PL_JSON_TRUE, "true", 4);
    case 'f':
        return take_word(s, PL_JSON_FALSE, "false", 5);
    case 'n':
        return take_word(s, PL_JSON_NULL, "null", 4);
    default:
        return take_number(s);
    }
}

ALWAYS_INLINE bool open_container(pass *s)
{
    if (s->depth >= s->max_depth) return false;
    s->in_object = *s->at == '{';
    s->open[s->depth++] = s->count | (s->in_object ? OBJECT_BIT : 0);
    put_node(s, s->in_object ? PL_JSON_OBJECT : PL_JSON_ARRAY, (pl_slice){s->at++, 1}, false);
    skip_space(s);
    return true;
}

ALWAYS_INLINE void close_container(pass *s)
{
    uint32_t opened = s->open[--s->depth];
    s->in_object = s->depth > 0 && (s->open[s->depth - 1] & OBJECT_BIT);
    s->at++;
    if (s->nodes == NULL) return;
    pl_json_node *node = (pl_json_node *)(void *)(s->nodes->ptr + s->base) + (opened & ~OBJECT_BIT);
    node->next = s->count;
    node->len = (uint32_t)(s->at - s->start) - node->at;
}

/* Is the innermost container at its end, and not outside? */
ALWAYS_INLINE bool ends(pass *s)
{
    skip_space(s);
    return look(s) == (s->in_object ? '}' : ']') && s->depth > 0;
}

/* What stands in front of a value within its container. */
ALWAYS_INLINE bool begin_value(pass *s)
{
    return !s->in_object || take_name(s);
}

ALWAYS_INLINE bool read(pass *s)
{
    skip_space(s);
    for (;;) {
        bool opens = look(s) == '{' || look(s) == '[';
        if (opens ? !open_container(s) : !take_scalar(s)) return false;
        if (opens && !ends(s)) {
            if (!begin_value(s)) return false;
            continue;
        }
        while (ends(s))
            close_container(s);
        if (s->depth == 0) return s->at == s->end;
        if (!take(s, ',') || !begin_value(s)) return false;
    }
}

ALWAYS_INLINE bool read_document(pl_slice document, int max_depth, pl_buf *nodes)
{
    uint32_t open[PL_JSON_MAX_DEPTH];
    const char *start = document.len ? document.ptr : "";
    pass s = {.start = start,
              .at = start,
              .end = start + document.len,
              .nodes = nodes,
              .base = nodes ? nodes->len : 0,
              .max_depth = max_depth < PL_JSON_MAX_DEPTH ? max_depth : PL_JSON_MAX_DEPTH,
              .open = open};
    return read(&s);
}

bool pl_json_is_valid(pl_slice document, int max_depth)
{
    return read_document(document, max_depth, NULL);
}

int pl_json_read_index(pl_slice document, int max_depth, pl_buf *nodes)
{
    return read_document(document, max_depth, nodes) ? 0 : PL_E_BAD_JSON;
}

void pl_json_index(pl_slice document, pl_buf *nodes)
{
    (void)pl_json_read_index(document, PL_JSON_MAX_DEPTH, nodes);
}

static bool name_is(const pl_json_node *node, pl_slice document, pl_slice name)
{
    const char *raw = document.ptr + node->name;
    if (node->name_has_escapes) return pl_json_name_is((pl_slice){raw, node->name_len}, true, name);
    return node->name_len == name.len && pl_same_bytes(raw, name.ptr, name.len);
}

/* The first of the members from `node` up to `end`. Out of line, so that who seldom asks saves no
 * registers for it. */
__attribute__((noinline)) static const pl_json_node *first_of(const pl_json_node *nodes,
                                                              const pl_json_node *node,
                                                              const pl_json_node *end,
                                                              pl_slice document, pl_slice name)
{
    while (node < end && !name_is(node, document, name))
        node = nodes + node->next;
    return node < end ? node : NULL;
}

/* Names are seldom written with escapes: until one is, nothing is called. */
const pl_json_node *pl_json_node_first_member(const pl_json_node *nodes, const pl_json_node *object,
                                              pl_slice document, pl_slice name)
{
    const pl_json_node *end = nodes + object->next;
    if (object->kind != PL_JSON_OBJECT) return NULL;
    for (const pl_json_node *node = object + 1; node < end; node = nodes + node->next) {
        if (node->name_has_escapes) return first_of(nodes, node, end, document, name);
        if (node->name_len != name.len) continue;
        if (pl_same_bytes(document.ptr + node->name, name.ptr, name.len)) return node;
    }
    return NULL;
}

const pl_json_node *pl_json_node_last_member(const pl_json_node *nodes, const pl_json_node *object,
                                             pl_slice document, pl_slice name)
{
    const pl_json_node *found = NULL, *end = nodes + object->next;
    if (object->kind != PL_JSON_OBJECT) return NULL;
    for (const pl_json_node *node = object + 1; node < end; node = nodes + node->next)
        if (name_is(node, document, name)) found = node;
    return found;
}

const pl_json_node *pl_json_node_find(const pl_json_node *nodes, pl_slice document, pl_slice path,
                                      bool may_repeat)
{
    const pl_json_node *node = nodes;
    for (bool more = path.len > 0; more && node;) {
        const char *dot = memchr(path.ptr, '.', path.len);
        size_t len = dot ? (size_t)(dot - path.ptr) : path.len;
        node = pl_json_node_member(nodes, node, document, (pl_slice){path.ptr, len}, may_repeat);
        path = pl_slice_from(path, len + (dot != NULL));
        more = dot != NULL;
    }
    return node;
}

const pl_json_node *pl_json_node_element(const pl_json_node *nodes, const pl_json_node *array,
                                         uint32_t at)
{
    const pl_json_node *node = array + 1, *end = nodes + array->next;
    if (array->kind != PL_JSON_ARRAY) return NULL;
    for (; node < end && at > 0; at--)
        node = nodes + node->next;
    return node < end ? node : NULL;
}

uint32_t pl_json_node_count(const pl_json_node *nodes, const pl_json_node *container)
{
    uint32_t count = 0;
    const pl_json_node *end = nodes + container->next;
    for (const pl_json_node *node = container + 1; node < end; node = nodes + node->next)
        count++;
    return count;
}

/* One bit of 64, by the end of a name: two names with different bits are not the same. */
static uint64_t mark_of(pl_slice name)
{
    size_t len = name.len < 8 ? name.len : 8;
    uint64_t word = pl_word_of(name.ptr + name.len - len, len);
    return UINT64_C(1) << (word * UINT64_C(0x9E3779B97F4A7C15) >> 58);
}

static bool is_among(const pl_slice *names, int count, pl_slice name)
{
    for (int i = 0; i < count; i++)
        if (pl_slice_eq(names[i], name)) return true;
    return false;
}

static bool members_may_repeat(const pl_json_node *nodes, const pl_json_node *object,
                               pl_slice document)
{
    pl_slice names[FEW];
    int count = 0;
    uint64_t marks = 0;
    const pl_json_node *end = nodes + object->next;
    for (const pl_json_node *node = object + 1; node < end; node = nodes + node->next) {
        if (node->name_has_escapes || count == FEW) return true;
        pl_slice name = {document.ptr + node->name, node->name_len};
        uint64_t mark = mark_of(name);
        if (marks & mark && is_among(names, count, name)) return true;
        marks |= mark;
        names[count++] = name;
    }
    return false;
}

bool pl_json_nodes_may_repeat(const pl_json_node *nodes, pl_slice document)
{
    for (const pl_json_node *node = nodes, *end = nodes + nodes->next; node < end; node++)
        if (node->kind == PL_JSON_OBJECT && members_may_repeat(nodes, node, document)) return true;
    return false;
}
