/* SPDX-License-Identifier: MIT
 *
 * Map by recipe: what run of lua/perilune/map.lua does with a success that has all its variables. */
#include "script/recipe.h"

#include "base/json_index.h"
#include "flow/retry.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF" /* RFC 8259 section 8.1: a reader may pass over it */

/* Without nodes there is none. */
typedef pl_outline_document document;

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What answer.lua takes for it: of several fields the first, up to what ends a media type. */
static pl_slice media_type(const pl_response *response)
{
    const pl_field *f = pl_fields_find(response->fields, PL_SLICE("content-type"));
    pl_slice media = f ? f->value : PL_NO_SLICE;
    while (media.len && is_space(*media.ptr))
        media = pl_slice_from(media, 1);
    size_t len = 0;
    while (len < media.len && !is_space(media.ptr[len]) && media.ptr[len] != ';' &&
           media.ptr[len] != ',')
        len++;
    return (pl_slice){media.ptr, len};
}

/* Is the body of a webhook of the type "auto" JSON, by what its sender says? */
static bool is_said_to_be_json(const pl_response *response)
{
    pl_slice media = media_type(response);
    if (media.len < 5) return false;
    pl_slice end = pl_slice_from(media, media.len - 5);
    return pl_slice_eq_nocase(end, PL_SLICE("/json")) || pl_slice_eq_nocase(end, PL_SLICE("+json"));
}

/* The body as a document: false where Lua would have something to say about it. An empty one is
 * none. */
static bool open_body(const pl_recipe_map *r, const pl_response *response, pl_vm *vm,
                      document *body)
{
    pl_slice text = response->body;
    *body = (document){0};
    if (text.len == 0) return true;
    if (r->is_auto && !is_said_to_be_json(response)) return false;
    if (pl_slice_starts(text, PL_SLICE(BYTE_ORDER_MARK))) text = pl_slice_from(text, 3);
    pl_buf_clear(&vm->scratch);
    if (text.len > UINT32_MAX || pl_json_read_index(text, vm->json_depth, &vm->scratch) != 0)
        return false;
    body->nodes = (const pl_json_node *)(const void *)vm->scratch.ptr;
    body->text = text;
    pl_json_fault ignored;
    return !body->nodes->may_repeat || !pl_json_repeats(text, &ignored);
}

/* The event, unless scripts may have written in what they were given of it. */
static document open_event(const pl_exchange *x)
{
    size_t count;
    if (x->script_ref) return (document){0};
    return (document){x->event->document, pl_event_nodes(x->event, &count)};
}

static bool put_variable(pl_vm *vm, const document *d, const pl_recipe_variable *v, pl_buf *out)
{
    if (d->nodes == NULL) return false;
    pl_buf_put_slice(out, v->member);
    if (v->made) return pl_outline_write(v->made, d, &vm->limits, out) == PL_OUTLINE_DONE;
    const pl_json_node *node = pl_json_node_find(d->nodes, d->text, v->path, false);
    if (node == NULL) return false;
    pl_slice raw = pl_json_node_raw(node, d->text);
    if (node->kind == PL_JSON_STRING) raw = (pl_slice){raw.ptr - 1, raw.len + 2};
    pl_json_put_compact(out, raw);
    return true;
}

/* As variables.written of lua/perilune/variables.lua; false: one is not there. */
static bool write_variables(const pl_recipe_map *r, const pl_exchange *x, pl_vm *vm, pl_buf *out)
{
    document body, event = {0};
    if (vm->last_wins || !open_body(r, &x->response, vm, &body)) return false;
    pl_buf_put_char(out, '{');
    for (size_t i = 0; i < r->count; i++) {
        const pl_recipe_variable *v = &r->variables[i];
        if (v->of_event && event.nodes == NULL) event = open_event(x);
        if (i > 0) pl_buf_put_char(out, ',');
        if (!put_variable(vm, v->of_event ? &event : &body, v, out)) return false;
    }
    pl_buf_put_char(out, '}');
    return true;
}

bool pl_recipe_judge(const pl_recipe_map *r, pl_exchange *x, pl_vm *vm)
{
    if (!pl_statuses_has(&r->success, x->response.status)) return false;
    if (r->count > 0) {
        pl_buf *out = &vm->codec.out;
        pl_buf_clear(out);
        if (!write_variables(r, x, vm, out)) return false;
        x->variables = pl_arena_dup(&x->arena, pl_buf_slice(out));
    }
    x->ok = true;
    return true;
}
