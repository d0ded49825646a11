/* SPDX-License-Identifier: MIT
 *
 * Render by recipe: what run of lua/perilune/render.lua does. All that can go wrong comes first; only
 * then is the request written. */
#include "script/recipe.h"

#include "http/message.h"
#include "http/url.h"

/* On top of the bytes in `url`, which is all of a URL but its params. */
static void add_params(const pl_recipe_render *r, pl_request *made, pl_arena *arena)
{
    for (size_t i = 0; i < r->params.count; i++)
        pl_request_add_query(made, arena, r->params.items[i].name, r->params.items[i].value);
}

static bool make_url(const pl_recipe_render *r, pl_request *made, pl_arena *arena)
{
    pl_buf url;
    pl_buf_init(&url);
    bool is_url = r->url.ptr || pl_url_whole(&url, r->base, r->path);
    if (is_url) made->url = r->url.ptr ? r->url : pl_arena_dup(arena, pl_buf_slice(&url));
    pl_buf_fini(&url);
    if (is_url) add_params(r, made, arena);
    return is_url;
}

static void make_body(const pl_recipe_render *r, pl_request *made, const pl_event *event)
{
    if (!r->has_body) return;
    made->body = event->document;
    made->has_body = made->body_is_event = true;
}

/* The connector's own come last: they may say otherwise. */
static void set_fields(const pl_recipe_render *r, pl_request *made, pl_arena *arena)
{
    if (r->has_body) pl_request_set_field(made, arena, PL_SLICE("Content-Type"), r->media);
    for (size_t i = 0; i < r->headers.count; i++)
        pl_request_set_field(made, arena, r->headers.items[i].name, r->headers.items[i].value);
}

bool pl_recipe_make_request(const pl_recipe_render *r, pl_exchange *x)
{
    if (x->undecided) return false;
    pl_request made = x->request;
    made.method = r->method;
    if (!make_url(r, &made, &x->arena)) return false;
    if (r->has_proxy) made.proxy = r->proxy;
    made.has_proxy |= r->has_proxy;
    make_body(r, &made, x->event);
    set_fields(r, &made, &x->arena);
    x->request = made;
    return true;
}
