/* SPDX-License-Identifier: MIT */
#include "net/origin.h"

/* As libcurl parses the URLs that it is given. */
#define FLAGS (CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS)

void pl_origin_fini(pl_origin *o)
{
    curl_url_cleanup(o->parsed);
    pl_buf_fini(&o->text);
    o->parsed = NULL;
}

static void parse(pl_origin *o, pl_slice origin)
{
    pl_buf_clear(&o->text);
    pl_buf_put_slice(&o->text, origin);
    pl_buf_put_char(&o->text, '\0');
    o->text.len--;
    curl_url_cleanup(o->parsed);
    o->parsed = curl_url();
    if (o->parsed == NULL ||
        curl_url_set(o->parsed, CURLUPART_URL, o->text.ptr, FLAGS) == CURLUE_OK)
        return;
    curl_url_cleanup(o->parsed);
    o->parsed = NULL;
}

static const char *target_of(pl_slice url, const pl_url *parts, pl_arena *arena)
{
    const char *end = parts->fragment.ptr ? parts->fragment.ptr - 1 : url.ptr + url.len;
    pl_slice target = {parts->path.ptr, (size_t)(end - parts->path.ptr)};
    pl_slice slash = parts->path.len ? PL_NO_SLICE : PL_SLICE("/");
    return pl_arena_join(arena, slash, target, PL_NO_SLICE).ptr;
}

void pl_origin_set(pl_origin *o, CURL *easy, pl_slice url, const pl_url *parts, pl_arena *arena)
{
    pl_slice origin = {url.ptr, (size_t)(parts->path.ptr - url.ptr)};
    if (!pl_slice_eq(pl_buf_slice(&o->text), origin)) parse(o, origin);
    curl_easy_setopt(easy, CURLOPT_CURLU, o->parsed);
    curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, o->parsed ? target_of(url, parts, arena) : NULL);
}

void pl_origin_unset(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_CURLU, NULL);
    curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, NULL);
}
