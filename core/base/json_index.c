/* SPDX-License-Identifier: MIT
 *
 * The document is known to be valid, so between two values stands nothing that has to be looked at,
 * a string ends at the first quote that is not escaped, and everything else at the first byte that
 * cannot be in it. Whatever the bytes are, none outside is touched. */
#include "base/json_index.h"

#include "base/json_bytes.h"

#define FEW 16 /* members whose names are compared one by one */

typedef struct scan {
    const char *start, *at, *end;
    pl_buf *nodes;
    size_t base; /* in `nodes` */
    uint32_t count, depth;
    uint32_t open[PL_JSON_MAX_DEPTH]; /* the containers that are */
    pl_slice name;                    /* of the value that comes next; ptr NULL: it has none */
    bool name_has_escapes;
} scan;

static pl_json_node *node_at(const scan *s, uint32_t i)
{
    return (pl_json_node *)(void *)(s->nodes->ptr + s->base) + i;
}

static void put_node(scan *s, enum pl_json_kind kind, pl_slice raw, bool has_escapes)
{
    pl_json_node *node = (pl_json_node *)(void *)pl_buf_reserve(s->nodes, sizeof *node);
    *node = (pl_json_node){
        .at = (uint32_t)(raw.ptr - s->start),
        .len = (uint32_t)raw.len,
        .name = s->name.ptr ? (uint32_t)(s->name.ptr - s->start) : 0,
        .name_len = (uint32_t)s->name.len,
        .next = ++s->count,
        .kind = (uint8_t)kind,
        .has_escapes = has_escapes,
        .name_has_escapes = s->name_has_escapes,
    };
    s->nodes->len += sizeof *node;
    s->name = PL_NO_SLICE;
    s->name_has_escapes = false;
}

/* The first quote or backslash from `p` on, or `end`. */
static const char *find_special(const char *p, const char *end)
{
    while ((p = pl_json_plain_end(p, end)) < end && *p != '"' && *p != '\\')
        p++;
    return p;
}

/* `at` is on the quote; afterwards behind the closing one. */
static pl_slice cut_string(scan *s, bool *has_escapes)
{
    const char *start = s->at + 1, *end = s->end, *p = find_special(start, end);
    *has_escapes = p < end && *p == '\\';
    while (p < end && *p == '\\')
        p = find_special(end - p > 2 ? p + 2 : end, end);
    s->at = p < end ? p + 1 : end;
    return (pl_slice){start, (size_t)(p - start)};
}

static bool is_in_object(const scan *s)
{
    return s->depth > 0 && node_at(s, s->open[s->depth - 1])->kind == PL_JSON_OBJECT;
}

static void scan_string(scan *s)
{
    bool has_escapes;
    pl_slice text = cut_string(s, &has_escapes);
    if (s->name.ptr == NULL && is_in_object(s)) {
        s->name = text;
        s->name_has_escapes = has_escapes;
    } else {
        put_node(s, PL_JSON_STRING, text, has_escapes);
    }
}

static void open_container(scan *s, enum pl_json_kind kind)
{
    if (s->depth < PL_JSON_MAX_DEPTH) s->open[s->depth++] = s->count;
    put_node(s, kind, (pl_slice){s->at++, 1}, false);
}

static void close_container(scan *s)
{
    s->at++;
    if (s->depth == 0) return;
    pl_json_node *container = node_at(s, s->open[--s->depth]);
    container->next = s->count;
    container->len = (uint32_t)(s->at - s->start) - container->at;
}

/* A number, true, false or null. */
static void scan_word(scan *s)
{
    const char *start = s->at, *p = start;
    while (p < s->end && *p != ',' && *p != '}' && *p != ']' && (unsigned char)*p > ' ')
        p++;
    enum pl_json_kind kind = *start == 't'   ? PL_JSON_TRUE
                             : *start == 'f' ? PL_JSON_FALSE
                             : *start == 'n' ? PL_JSON_NULL
                                             : PL_JSON_NUMBER;
    put_node(s, kind, (pl_slice){start, (size_t)(p - start)}, false);
    s->at = p;
}

void pl_json_index(pl_slice document, pl_buf *nodes)
{
    scan s = {.start = document.ptr,
              .at = document.ptr,
              .end = document.ptr + document.len,
              .nodes = nodes,
              .base = nodes->len};
    while (s.at < s.end) {
        switch (*s.at) {
        case ' ':
        case '\n':
        case '\r':
        case '\t':
        case ',':
        case ':':
            s.at++;
            break;
        case '"':
            scan_string(&s);
            break;
        case '{':
            open_container(&s, PL_JSON_OBJECT);
            break;
        case '[':
            open_container(&s, PL_JSON_ARRAY);
            break;
        case '}':
        case ']':
            close_container(&s);
            break;
        default:
            scan_word(&s);
        }
    }
}

void pl_json_indexer_init(pl_json_indexer *x, pl_slice document, pl_buf *nodes)
{
    x->start = document.ptr;
    x->nodes = nodes;
}

static void close_node(pl_json_indexer *x, const pl_json_reader *r, uint32_t count)
{
    pl_json_node *node = (pl_json_node *)(void *)x->nodes->ptr + x->open[r->depth];
    node->next = count;
    node->len = (uint32_t)(r->at - x->start) - node->at;
}

void pl_json_indexer_take(pl_json_indexer *x, const pl_json_reader *r, const pl_json_token *token)
{
    uint32_t count = (uint32_t)(x->nodes->len / sizeof(pl_json_node));
    if (token->kind == PL_JSON_END) return;
    if (token->kind == PL_JSON_ARRAY_END || token->kind == PL_JSON_OBJECT_END) {
        close_node(x, r, count);
        return;
    }
    if (token->kind == PL_JSON_ARRAY || token->kind == PL_JSON_OBJECT)
        x->open[r->depth - 1] = count;
    pl_json_node *node = (pl_json_node *)(void *)pl_buf_reserve(x->nodes, sizeof *node);
    *node = (pl_json_node){
        .at = (uint32_t)(token->raw.ptr - x->start),
        .len = (uint32_t)token->raw.len,
        .name = token->key.ptr ? (uint32_t)(token->key.ptr - x->start) : 0,
        .name_len = (uint32_t)token->key.len,
        .next = count + 1,
        .kind = (uint8_t)token->kind,
        .has_escapes = token->has_escapes,
        .name_has_escapes = token->key_has_escapes,
    };
    x->nodes->len += sizeof *node;
}

int pl_json_read_index(pl_slice document, int max_depth, pl_buf *nodes)
{
    pl_json_reader r;
    pl_json_token token;
    pl_json_indexer x;
    pl_json_open(&r, document, max_depth);
    pl_json_indexer_init(&x, document, nodes);
    do {
        int err = pl_json_next(&r, &token);
        if (err) return err;
        pl_json_indexer_take(&x, &r, &token);
    } while (token.kind != PL_JSON_END);
    return 0;
}

static bool name_is(const pl_json_node *node, pl_slice document, pl_slice name)
{
    const char *raw = document.ptr + node->name;
    if (node->name_has_escapes) return pl_json_name_is((pl_slice){raw, node->name_len}, true, name);
    return node->name_len == name.len && (name.len == 0 || memcmp(raw, name.ptr, name.len) == 0);
}

const pl_json_node *pl_json_node_member(const pl_json_node *nodes, const pl_json_node *object,
                                        pl_slice document, pl_slice name, bool may_repeat)
{
    const pl_json_node *found = NULL, *end = nodes + object->next;
    if (object->kind != PL_JSON_OBJECT) return NULL;
    for (const pl_json_node *node = object + 1; node < end; node = nodes + node->next) {
        if (!name_is(node, document, name)) continue;
        found = node;
        if (!may_repeat) break;
    }
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
