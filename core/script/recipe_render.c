/* SPDX-License-Identifier: MIT
 *
 * Render by recipe: what run of lua/perilune/render.lua does. All that can go wrong comes first; only
 * then is the request written. */
#include "script/recipe.h"

#include "http/message.h"
#include "http/url.h"

/* A request that is being made. */
typedef struct making {
    const pl_recipe_render *recipe;
    pl_exchange *x;
    pl_vm *vm;
    pl_request request;
    const pl_slice *values; /* of the recipe's headers */
} making;

/* False: it cannot be made, or must be JSON and is not. */
static bool write(making *m, const pl_outline *o, bool must_be_json, pl_slice *text)
{
    size_t count;
    pl_vm *vm = m->vm;
    pl_buf *out = &vm->scratch;
    pl_outline_document d = {m->x->event->document, pl_event_nodes(m->x->event, &count)};
    if (vm->last_wins) return false;
    pl_buf_clear(out);
    enum pl_outline_end end = must_be_json
                                  ? pl_outline_write_json(o, &d, &vm->limits, vm->json_depth, out)
                                  : pl_outline_write(o, &d, &vm->limits, out);
    *text = pl_arena_dup(&m->x->arena, pl_buf_slice(out));
    return end == PL_OUTLINE_DONE;
}

static bool make(making *m, const pl_recipe_text *t, pl_slice *text)
{
    *text = t->known;
    return t->made == NULL || write(m, t->made, false, text);
}

static bool make_url(making *m)
{
    const pl_recipe_render *r = m->recipe;
    pl_slice base, path;
    m->request.url = r->url;
    if (r->url.ptr) return true;
    if (!make(m, &r->base, &base) || !make(m, &r->path, &path)) return false;
    pl_buf *url = &m->vm->scratch;
    pl_buf_clear(url);
    if (!pl_url_whole(url, base, path)) return false;
    m->request.url = pl_arena_dup(&m->x->arena, pl_buf_slice(url));
    return true;
}

/* One that is empty is left out. */
static bool add_params(making *m)
{
    const pl_recipe_fields *params = &m->recipe->params;
    for (size_t i = 0; i < params->count; i++) {
        pl_slice value;
        if (!make(m, &params->items[i].value, &value)) return false;
        if (value.len)
            pl_request_add_query(&m->request, &m->x->arena, params->items[i].name, value);
    }
    return true;
}

static bool make_body(making *m)
{
    const pl_recipe_body *body = m->recipe->body;
    pl_request *r = &m->request;
    if (body == NULL) return true;
    r->has_body = true;
    r->body_is_event = body->is_event;
    r->body = m->x->event->document;
    if (body->is_event) return true;
    if (body->text.made) return write(m, body->text.made, body->must_be_json, &r->body);
    r->body = body->text.known;
    return !body->must_be_json;
}

/* What is known was looked at when the folder was loaded. */
static bool make_headers(making *m)
{
    const pl_recipe_fields *headers = &m->recipe->headers;
    pl_slice *values = pl_arena_alloc(&m->x->arena, (headers->count + 1) * sizeof *values);
    for (size_t i = 0; i < headers->count; i++) {
        const pl_recipe_text *value = &headers->items[i].value;
        if (!make(m, value, &values[i])) return false;
        if (value->made && !pl_http_is_field_value(values[i])) return false;
    }
    m->values = values;
    return true;
}

/* From here on nothing goes wrong: the fields are those of the exchange, the names the recipe's. The
 * connector's own come last, they may say otherwise. */
static void set_fields(making *m)
{
    const pl_recipe_render *r = m->recipe;
    pl_arena *arena = &m->x->arena;
    if (r->body) pl_request_put_field(&m->request, arena, PL_SLICE("Content-Type"), r->body->media);
    for (size_t i = 0; i < r->headers.count; i++)
        pl_request_put_field(&m->request, arena, r->headers.items[i].name, m->values[i]);
}

bool pl_recipe_make_request(const pl_recipe_render *r, pl_exchange *x, pl_vm *vm)
{
    if (x->undecided) return false;
    making m = {.recipe = r, .x = x, .vm = vm, .request = x->request};
    m.request.method = r->method;
    if (!make_url(&m) || !add_params(&m) || !make_body(&m) || !make_headers(&m)) return false;
    if (r->proxy) {
        m.request.proxy = *r->proxy;
        m.request.has_proxy = true;
    }
    set_fields(&m);
    x->request = m.request;
    return true;
}
