/* SPDX-License-Identifier: MIT
 *
 * libcurl follows redirects too, but hands a header that holds a key to every host it is led to,
 * and tells nobody where it went. So a hop is a request of its own, which passes the egress guard
 * and is noted.
 *
 * What is sent again was signed for the first request: a signature of the body stays good, one of
 * the method or URL does not, and none of them goes to another origin. */
#include "net/redirect.h"

#include "base/err.h"
#include "http/url.h"

#include <curl/curl.h>

#define SHOWN_URL 200 /* bytes of a URL in a message; receivers may make them long */

/* RFC 3986 section 5; what cannot be resolved stays as it is. */
pl_slice pl_redirect_location(const pl_request *r, const pl_response *response, pl_arena *arena)
{
    const pl_field *location = pl_fields_find(response->fields, PL_SLICE("Location"));
    if (location == NULL) return PL_NO_SLICE;
    pl_slice found = location->value;
    char *url = NULL;
    CURLU *parts = curl_url();
    if (curl_url_set(parts, CURLUPART_URL, pl_arena_dup(arena, r->url).ptr, CURLU_PATH_AS_IS) ==
            CURLUE_OK &&
        curl_url_set(parts, CURLUPART_URL, pl_arena_dup(arena, found).ptr,
                     CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_URL, &url, 0) == CURLUE_OK)
        found = pl_arena_dup(arena, pl_slice_of(url));
    curl_free(url);
    curl_url_cleanup(parts);
    return found;
}

bool pl_redirect_is_one(const pl_request *r, const pl_response *response, pl_slice location)
{
    int status = response->status;
    bool is_status =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    return r->redirects.most > 0 && is_status && location.len > 0;
}

static bool is_same_origin(const pl_url *a, const pl_url *b)
{
    return pl_slice_eq_nocase(a->scheme, b->scheme) && pl_slice_eq_nocase(a->host, b->host) &&
           a->port == b->port;
}

static bool is_https(const pl_url *url)
{
    return pl_slice_eq_nocase(url->scheme, PL_SLICE("https"));
}

static bool is_one_of(pl_slice name, const char *const *names)
{
    for (; *names; names++) {
        if (pl_slice_eq_nocase(name, pl_slice_of(*names))) return true;
    }
    return false;
}

static bool has_signature(pl_slice name)
{
    pl_slice word = PL_SLICE("signature");
    for (size_t at = 0; at + word.len <= name.len; at++) {
        if (pl_slice_eq_nocase((pl_slice){name.ptr + at, word.len}, word)) return true;
    }
    return false;
}

static bool is_credential(const pl_field *f)
{
    static const char *const names[] = {"Authorization", "Cookie", "Host", "Proxy-Authorization",
                                        NULL};
    return f->shown.ptr || is_one_of(f->name, names) || has_signature(f->name);
}

static bool describes_body(const pl_field *f)
{
    static const char *const names[] = {"Content-Type",     "Content-Encoding", "Content-Language",
                                        "Content-Location", "Content-Digest",   NULL};
    return is_one_of(f->name, names);
}

static void copy_fields(const pl_request *r, pl_request *next, bool is_same, pl_arena *arena)
{
    next->fields = next->last = NULL;
    for (const pl_field *f = r->fields; f; f = f->next) {
        if (!is_same && is_credential(f)) continue;
        if (r->has_body && !next->has_body && describes_body(f)) continue;
        pl_field *copy = pl_arena_alloc(arena, sizeof *copy);
        *copy = *f;
        copy->next = NULL;
        *(next->last ? &next->last->next : &next->fields) = copy;
        next->last = copy;
    }
}

static bool becomes_get(const pl_request *r, int status)
{
    if (status == 303) return !pl_slice_eq(r->method, PL_SLICE("HEAD"));
    return (status == 301 || status == 302) && pl_slice_eq(r->method, PL_SLICE("POST"));
}

static pl_slice shown(pl_slice url, const char **more)
{
    bool is_long = url.len > SHOWN_URL;
    *more = is_long ? "..." : "";
    return is_long ? (pl_slice){url.ptr, SHOWN_URL} : url;
}

static int refuse(pl_arena *arena, pl_slice location, const char *reason, const char **text)
{
    const char *more;
    pl_slice url = shown(location, &more);
    *text = pl_arena_printf(arena, "the redirect to '%.*s%s' is not followed: %s", PL_FMT(url),
                            more, reason);
    return PL_E_REDIRECT;
}

const char *pl_redirect_explain(pl_slice url, const char *error, pl_arena *arena)
{
    const char *more;
    url = shown(url, &more);
    return pl_arena_printf(arena, "redirected to '%.*s%s': %s", PL_FMT(url), more, error);
}

int pl_redirect_next(const pl_request *r, const pl_response *response, pl_slice location,
                     uint32_t hops, pl_request *next, pl_arena *arena, const char **text)
{
    pl_url from, to;
    const char *reason;
    if (pl_url_parse(r->url, &from, &reason) != 0 || pl_url_parse(location, &to, &reason) != 0)
        return refuse(arena, location, reason, text);
    if (hops >= r->redirects.most)
        return refuse(arena, location, pl_arena_printf(arena, "%u were followed already", hops),
                      text);
    if (is_https(&from) && !is_https(&to) && !r->redirects.may_downgrade)
        return refuse(arena, location, "it leads from https to http", text);
    bool is_same = is_same_origin(&from, &to);
    *next = *r;
    next->url = pl_arena_dup(arena, location);
    if (becomes_get(r, response->status)) {
        next->method = PL_SLICE("GET");
        next->has_body = false;
        next->body = PL_NO_SLICE;
    }
    if (!is_same) {
        next->auth = (pl_auth){0};
        next->tls = (pl_tls){.ca = r->tls.ca};
    }
    copy_fields(r, next, is_same, arena);
    return 0;
}
