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

#define FEW 16 /* members of an object whose names are compared with another */

#define MORE_NODES    16 /* are asked for at once */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* A container that is open, and what it hides until it is closed. */
typedef struct level {
    uint32_t node; /* its own */
    char outer_closing;
    uint64_t outer_marks;
} level;

typedef struct pass {
    const char *start, *at, *end;
    bool has_nodes; /* else nobody wants them */
    pl_buf *nodes;
    pl_json_node *first, *next, *room; /* the root; the one that comes next, and where they end */
    uint32_t count;
    int depth, max_depth;
    level *open;
    char closing;   /* the bracket at the end of the innermost one */
    uint64_t marks; /* of its names */
    bool may_repeat;
} pass;

/* The next byte; behind the end one that is nothing. */
ALWAYS_INLINE char look(const pass *s)
{
    return s->at < s->end ? *s->at : '\0';
}

ALWAYS_INLINE bool in_object(const pass *s)
{
    return s->closing == '}';
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

/* -- nodes -- */

/* More room in the buffer, which has `len` bytes in it; where those from `base` on are then. */
__attribute__((noinline)) static pl_json_node *grow(pl_buf *nodes, size_t base, size_t len)
{
    nodes->len = len;
    pl_buf_reserve(nodes, MORE_NODES * sizeof(pl_json_node));
    return (pl_json_node *)(void *)(nodes->ptr + base);
}

/* Room behind the nodes that there are from the byte `base` on. */
ALWAYS_INLINE void make_room(pass *s, size_t base)
{
    s->first = grow(s->nodes, base, base + s->count * sizeof *s->first);
    s->next = s->first + s->count;
    s->room = s->first + (s->nodes->cap - base) / sizeof *s->first;
}

ALWAYS_INLINE size_t base_of(const pass *s)
{
    return (size_t)((char *)s->first - s->nodes->ptr);
}

/* The node that comes next has its name already, see below. */
ALWAYS_INLINE void put_node(pass *s, enum pl_json_kind kind, pl_slice raw, bool has_escapes)
{
    if (!s->has_nodes) return;
    pl_json_node *node = s->next++;
    node->at = (uint32_t)(raw.ptr - s->start);
    node->len = (uint32_t)raw.len;
    node->next = ++s->count;
    node->kind = (uint8_t)kind;
    node->has_escapes = has_escapes;
    node->may_repeat = false;
}

/* -- names -- */

/* One bit of 64, by its length and the bytes at its ends: names with different bits are not the same.
 * An empty one has its quotes there. */
ALWAYS_INLINE uint64_t mark_of(pl_slice name)
{
    uint8_t first = (uint8_t)name.ptr[0], last = (uint8_t)name.ptr[(ptrdiff_t)name.len - 1];
    return UINT64_C(1) << ((first + 3u * last + 5u * name.len) % 64);
}

/* Can a member between `node` and `end` have the name? */
__attribute__((noinline)) static bool may_be_among(const pl_json_node *first, uint32_t node,
                                                   uint32_t end, const char *start, pl_slice name)
{
    for (int count = 0; node < end; node = first[node].next) {
        pl_slice other = {start + first[node].name, first[node].name_len};
        if (first[node].name_has_escapes || count++ == FEW || pl_slice_eq(other, name)) return true;
    }
    return false;
}

ALWAYS_INLINE void mark_name(pass *s, pl_slice name, bool has_escapes)
{
    uint64_t mark = mark_of(name);
    if (has_escapes)
        s->may_repeat = true;
    else if (s->marks & mark)
        s->may_repeat |=
            may_be_among(s->first, s->open[s->depth - 1].node + 1, s->count, s->start, name);
    s->marks |= mark;
}

ALWAYS_INLINE void name_next(pass *s, pl_slice name, bool has_escapes)
{
    if (!s->has_nodes) return;
    if (s->next == s->room) make_room(s, base_of(s));
    s->next->name = name.len || in_object(s) ? (uint32_t)(name.ptr - s->start) : 0;
    s->next->name_len = (uint32_t)name.len;
    s->next->name_has_escapes = has_escapes;
}

/* -- values -- */

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
    if (s->has_nodes) mark_name(s, name, has_escapes);
    name_next(s, name, has_escapes);
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
    s->open[s->depth++] = (level){s->count, s->closing, s->marks};
    s->closing = *s->at == '{' ? '}' : ']';
    s->marks = 0;
    put_node(s, in_object(s) ? PL_JSON_OBJECT : PL_JSON_ARRAY, (pl_slice){s->at++, 1}, false);
    skip_space(s);
    return true;
}

ALWAYS_INLINE void close_container(pass *s)
{
    const level *l = &s->open[--s->depth];
    s->closing = l->outer_closing;
    s->marks = l->outer_marks;
    s->at++;
    if (!s->has_nodes) return;
    pl_json_node *node = s->first + l->node;
    node->next = s->count;
    node->len = (uint32_t)(s->at - s->start) - node->at;
}

/* What stands in front of a value within its container. */
ALWAYS_INLINE bool begin_value(pass *s)
{
    if (in_object(s)) return take_name(s);
    name_next(s, (pl_slice){s->start, 0}, false);
    return true;
}

/* Is the innermost container at its end? */
ALWAYS_INLINE bool ends(const pass *s)
{
    return look(s) == s->closing;
}

/* A value; of a container that is not empty what is in front of its first value. */
ALWAYS_INLINE bool take_value(pass *s, bool *is_open)
{
    *is_open = look(s) == '{' || look(s) == '[';
    if (!*is_open) return take_scalar(s);
    if (!open_container(s)) return false;
    if (ends(s)) {
        close_container(s);
        *is_open = false;
        return true;
    }
    return begin_value(s);
}

ALWAYS_INLINE bool read(pass *s)
{
    bool is_open;
    skip_space(s);
    if (!begin_value(s)) return false;
    for (;;) {
        if (!take_value(s, &is_open)) return false;
        if (is_open) continue;
        for (skip_space(s); s->depth > 0 && ends(s); skip_space(s))
            close_container(s);
        if (s->depth == 0) return s->at == s->end;
        if (!take(s, ',') || !begin_value(s)) return false;
    }
}

ALWAYS_INLINE bool read_document(pl_slice document, int max_depth, bool has_nodes, pl_buf *nodes)
{
    level open[PL_JSON_MAX_DEPTH];
    const char *start = document.len ? document.ptr : "";
    pass s = {.start = start,
              .at = start,
              .end = start + document.len,
              .has_nodes = has_nodes,
              .nodes = nodes,
              .max_depth = max_depth < PL_JSON_MAX_DEPTH ? max_depth : PL_JSON_MAX_DEPTH,
              .open = open};
    if (has_nodes) make_room(&s, nodes->len);
    if (!read(&s)) return false;
    if (!has_nodes) return true;
    nodes->len = base_of(&s) + s.count * sizeof *s.first;
    s.first->may_repeat = s.may_repeat;
    return true;
}

bool pl_json_is_valid(pl_slice document, int max_depth)
{
    return read_document(document, max_depth, false, NULL);
}

int pl_json_read_index(pl_slice document, int max_depth, pl_buf *nodes)
{
    return read_document(document, max_depth, true, nodes) ? 0 : PL_E_BAD_JSON;
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
