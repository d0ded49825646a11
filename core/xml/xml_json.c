/* SPDX-License-Identifier: MIT
 *
 * The tree as JSON. Before an element is written its children are sorted by name, which finds those
 * that share a key in O(n log n); they are chained behind the first of them, and written where that
 * stands in the document. */
#include "base/json.h"
#include "xml/xml_tree.h"

#include <stdlib.h>

typedef struct converter {
    const pl_xml_options *options;
    pl_json_writer json;
    pl_buf text;   /* scratch: one key, one text */
    pl_buf sorted; /* scratch: pl_xml_element *, children of one element */
} converter;

/* -- names -- */

static int compare_slices(pl_slice a, pl_slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static void put_key(converter *c, const char *mark, const pl_xml_name *name, bool with_prefix)
{
    pl_buf_clear(&c->text);
    pl_buf_put(&c->text, mark, strlen(mark));
    if (with_prefix && name->prefix.len) {
        pl_buf_put_slice(&c->text, name->prefix);
        pl_buf_put_char(&c->text, ':');
    }
    pl_buf_put_slice(&c->text, name->local);
    pl_jw_key_slice(&c->json, pl_buf_slice(&c->text));
}

/* Is it the element's name, with or without its prefix? */
static bool names_it(pl_slice listed, const pl_xml_name *name)
{
    if (pl_slice_eq(listed, name->local)) return true;
    size_t prefix = name->prefix.len;
    return prefix && listed.len == prefix + 1 + name->local.len && listed.ptr[prefix] == ':' &&
           pl_slice_starts(listed, name->prefix) &&
           pl_slice_eq(pl_slice_from(listed, prefix + 1), name->local);
}

static bool is_list(const converter *c, const pl_xml_element *e)
{
    for (size_t i = 0; i < c->options->list_count; i++)
        if (names_it(c->options->lists[i], &e->name)) return true;
    return e->same != NULL;
}

/* -- attributes -- */

static bool is_kept(const converter *c, const pl_xml_attribute *a)
{
    return c->options->keep_prefixes || !pl_slice_eq(a->name.uri, PL_SLICE(PL_XML_XSI));
}

static bool has_attributes(const converter *c, const pl_xml_element *e)
{
    for (uint32_t i = 0; i < e->attribute_count; i++)
        if (is_kept(c, &e->attributes[i])) return true;
    return false;
}

static bool is_ambiguous(const converter *c, const pl_xml_element *e, const pl_xml_attribute *a)
{
    for (uint32_t i = 0; i < e->attribute_count; i++) {
        const pl_xml_attribute *other = &e->attributes[i];
        if (other != a && is_kept(c, other) && pl_slice_eq(other->name.local, a->name.local))
            return true;
    }
    return false;
}

static void put_attributes(converter *c, const pl_xml_element *e)
{
    for (uint32_t i = 0; i < e->attribute_count; i++) {
        const pl_xml_attribute *a = &e->attributes[i];
        if (!is_kept(c, a)) continue;
        put_key(c, "@", &a->name, c->options->keep_prefixes || is_ambiguous(c, e, a));
        pl_jw_string(&c->json, a->value);
    }
}

/* -- children -- */

static int compare_elements(const void *a, const void *b)
{
    const pl_xml_element *x = *(pl_xml_element *const *)a, *y = *(pl_xml_element *const *)b;
    int order = compare_slices(x->name.local, y->name.local);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int compare_prefixes(const void *a, const void *b)
{
    const pl_xml_element *x = *(pl_xml_element *const *)a, *y = *(pl_xml_element *const *)b;
    int order = compare_slices(x->name.prefix, y->name.prefix);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static bool are_of_one_namespace(pl_xml_element *const *run, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (!pl_slice_eq(run[i]->name.uri, run[0]->name.uri)) return false;
    return true;
}

/* Siblings of one local name, in the order of the document. */
static void chain_run(pl_xml_element **run, size_t count, bool with_prefix)
{
    if (with_prefix) qsort(run, count, sizeof *run, compare_prefixes);
    for (size_t i = 0; i < count; i++) {
        bool begins =
            i == 0 || (with_prefix && !pl_slice_eq(run[i]->name.prefix, run[i - 1]->name.prefix));
        run[i]->with_prefix = with_prefix;
        run[i]->is_first = begins;
        if (!begins) run[i - 1]->same = run[i];
    }
}

static void chain_children(converter *c, const pl_xml_element *e)
{
    pl_buf_clear(&c->sorted);
    for (pl_xml_element *child = e->first; child; child = child->next)
        pl_buf_put(&c->sorted, &child, sizeof child);
    if (e->child_count == 0) return;
    pl_xml_element **children = (pl_xml_element **)(void *)c->sorted.ptr;
    qsort(children, e->child_count, sizeof *children, compare_elements);
    for (size_t from = 0, to; from < e->child_count; from = to) {
        pl_xml_element **run = children + from;
        for (to = from + 1; to < e->child_count; to++)
            if (!pl_slice_eq(children[to]->name.local, run[0]->name.local)) break;
        chain_run(run, to - from,
                  c->options->keep_prefixes || !are_of_one_namespace(run, to - from));
    }
}

/* -- elements -- */

static void put_text(converter *c, const pl_xml_element *e)
{
    pl_buf_clear(&c->text);
    for (const pl_xml_piece *piece = e->text; piece; piece = piece->next)
        pl_buf_put_slice(&c->text, piece->text);
    pl_jw_string(&c->json, pl_buf_slice(&c->text));
}

static void put_element(converter *c, const pl_xml_element *e);

static void put_children(converter *c, const pl_xml_element *e)
{
    for (const pl_xml_element *child = e->first; child; child = child->next) {
        if (!child->is_first) continue;
        bool in_list = is_list(c, child);
        put_key(c, "", &child->name, child->with_prefix);
        if (in_list) pl_jw_array(&c->json);
        for (const pl_xml_element *item = child; item; item = item->same)
            put_element(c, item);
        if (in_list) pl_jw_array_end(&c->json);
    }
}

static void put_element(converter *c, const pl_xml_element *e)
{
    if (e->is_nil) {
        pl_jw_null(&c->json);
        return;
    }
    if (e->first == NULL && !has_attributes(c, e)) {
        put_text(c, e);
        return;
    }
    chain_children(c, e);
    pl_jw_object(&c->json);
    put_attributes(c, e);
    if (e->text) {
        pl_jw_key(&c->json, "#text");
        put_text(c, e);
    }
    put_children(c, e);
    pl_jw_object_end(&c->json);
}

bool pl_xml_to_json(pl_slice text, const pl_xml_options *options, pl_buf *out, pl_xml_fault *fault)
{
    pl_arena arena;
    pl_arena_init(&arena);
    const pl_xml_element *root = pl_xml_read(text, options, &arena, fault);
    if (root) {
        converter c = {.options = options};
        pl_buf_init(&c.text);
        pl_buf_init(&c.sorted);
        pl_jw_init(&c.json, out);
        pl_jw_object(&c.json);
        put_key(&c, "", &root->name, options->keep_prefixes);
        put_element(&c, root);
        pl_jw_object_end(&c.json);
        pl_buf_fini(&c.text);
        pl_buf_fini(&c.sorted);
    }
    pl_arena_fini(&arena);
    return root != NULL;
}
