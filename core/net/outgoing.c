/* SPDX-License-Identifier: MIT
 *
 * What goes out is what the request says, and Host, Content-Length, and the coding that an answer
 * may have. On a handle that also takes telling libcurl what it would add of itself: a header line
 * "Name:" takes one of its own fields away, and "Name;" is how a field with an empty value is sent. */
#include "net/outgoing.h"

#include "http/message.h"

#include <stdlib.h>

#define ACCEPTED_CODING PL_SLICE("gzip") /* the one that everybody has */

static bool has_field(const pl_request *r, pl_slice name)
{
    for (const pl_field *f = r->fields; f; f = f->next) {
        if (pl_slice_eq_nocase(f->name, name)) return true;
    }
    return false;
}

static bool is_blank(pl_slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] != ' ' && value.ptr[i] != '\t') return false;
    }
    return true;
}

/* A node of libcurl's list. Lines and nodes live in the arena: libcurl only reads them. */
static struct curl_slist **add_line(struct curl_slist **end, pl_arena *arena, const char *line)
{
    struct curl_slist *node = pl_arena_alloc(arena, sizeof *node);
    *node = (struct curl_slist){.data = (char *)(uintptr_t)line};
    *end = node;
    return &node->next;
}

static const char *line_of(pl_arena *arena, pl_slice name, pl_slice value)
{
    if (is_blank(value)) return pl_arena_join(arena, name, PL_SLICE(";"), PL_NO_SLICE).ptr;
    return pl_arena_join(arena, name, PL_SLICE(": "), value).ptr;
}

static struct curl_slist *field_lines(const pl_request *r, const char *user_agent, pl_arena *arena)
{
    struct curl_slist *list, **end = &list;
    end = add_line(end, arena, "Expect:"); /* a receiver that ignores it costs a second */
    if (user_agent && !has_field(r, PL_SLICE("User-Agent")))
        end = add_line(end, arena, line_of(arena, PL_SLICE("User-Agent"), pl_slice_of(user_agent)));
    for (const pl_field *f = r->fields; f; f = f->next)
        end = add_line(end, arena, line_of(arena, f->name, f->value));
    if (!has_field(r, PL_SLICE("Accept"))) end = add_line(end, arena, "Accept:");
    if (!has_field(r, PL_SLICE("Accept-Encoding")))
        end = add_line(end, arena, line_of(arena, PL_SLICE("Accept-Encoding"), ACCEPTED_CODING));
    if (!has_field(r, PL_SLICE("Content-Type"))) end = add_line(end, arena, "Content-Type:");
    return list;
}

/* A body, be it an empty one: RFC 9110 section 8.6. */
static bool has_length(const pl_request *r)
{
    return r->has_body || pl_slice_eq(r->method, PL_SLICE("POST")) ||
           pl_slice_eq(r->method, PL_SLICE("PUT")) || pl_slice_eq(r->method, PL_SLICE("PATCH"));
}

/* CUSTOMREQUEST only where the word is not libcurl's own. */
static void set_method(CURL *easy, const pl_request *r, pl_arena *arena)
{
    bool is_post = pl_slice_eq(r->method, PL_SLICE("POST"));
    if (pl_slice_eq(r->method, PL_SLICE("HEAD"))) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (has_length(r)) {
        pl_slice body = r->has_body && r->body.len ? r->body : PL_SLICE("");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.ptr);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    bool is_own = has_length(r) ? is_post : pl_slice_eq(r->method, PL_SLICE("GET"));
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
                     is_own ? NULL : pl_arena_dup(arena, r->method).ptr);
}

/* Scripts are told earlier and better; here is the last place
 * where a line break in a value can be kept off the wire. */
const char *pl_outgoing_refusal(const pl_request *r, pl_arena *arena)
{
    if (!pl_http_is_token(r->method))
        return pl_arena_printf(arena, "'%.*s' is not a method", PL_FMT(r->method));
    for (const pl_field *f = r->fields; f; f = f->next) {
        if (!pl_http_is_token(f->name))
            return pl_arena_printf(arena, "'%.*s' is not a field name", PL_FMT(f->name));
        if (pl_http_is_hop_by_hop(f->name))
            return pl_arena_printf(arena, "field %.*s is the connection's and cannot be set",
                                   PL_FMT(f->name));
        if (!pl_http_is_field_value(f->value))
            return pl_arena_printf(arena, "the value of field %.*s has a control byte",
                                   PL_FMT(f->name));
    }
    return NULL;
}

static void put_field(pl_buf *out, pl_slice name, pl_slice value)
{
    pl_buf_put_slice(out, name);
    PL_BUF_PUT(out, ": ");
    pl_buf_put_slice(out, value);
    PL_BUF_PUT(out, "\r\n");
}

/* RFC 9112 section 3.2.1: path and query; a URL without a path means "/". */
static void put_target(pl_buf *out, const pl_url *url)
{
    pl_buf_put_slice(out, url->path.len ? url->path : PL_SLICE("/"));
    if (url->query.ptr == NULL) return;
    pl_buf_put_char(out, '?');
    pl_buf_put_slice(out, url->query);
}

/* RFC 9110 section 7.2; the port only where it is not the scheme's. */
static void put_host(pl_buf *out, const pl_url *url)
{
    bool is_https = pl_slice_eq_nocase(url->scheme, PL_SLICE("https"));
    PL_BUF_PUT(out, "Host: ");
    if (url->is_ipv6) pl_buf_put_char(out, '[');
    pl_buf_put_slice(out, url->host);
    if (url->is_ipv6) pl_buf_put_char(out, ']');
    if (url->port != (is_https ? 443 : 80)) {
        pl_buf_put_char(out, ':');
        pl_buf_put_int(out, url->port);
    }
    PL_BUF_PUT(out, "\r\n");
}

static void put_length(pl_buf *out, size_t len)
{
    PL_BUF_PUT(out, "Content-Length: ");
    pl_buf_put_int(out, (int64_t)len);
    PL_BUF_PUT(out, "\r\n");
}

void pl_outgoing_put(pl_buf *out, const pl_request *r, const pl_url *url, const char *user_agent)
{
    pl_buf_put_slice(out, r->method);
    pl_buf_put_char(out, ' ');
    put_target(out, url);
    PL_BUF_PUT(out, " HTTP/1.1\r\n");
    put_host(out, url);
    if (user_agent && !has_field(r, PL_SLICE("User-Agent")))
        put_field(out, PL_SLICE("User-Agent"), pl_slice_of(user_agent));
    for (const pl_field *f = r->fields; f; f = f->next)
        put_field(out, f->name, f->value);
    if (!has_field(r, PL_SLICE("Accept-Encoding")))
        put_field(out, PL_SLICE("Accept-Encoding"), ACCEPTED_CODING);
    if (has_length(r) && !pl_slice_eq(r->method, PL_SLICE("HEAD")))
        put_length(out, r->has_body ? r->body.len : 0);
    PL_BUF_PUT(out, "\r\n");
}

void pl_outgoing_set(CURL *easy, const pl_request *r, const char *user_agent, pl_arena *arena)
{
    set_method(easy, r, arena);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, field_lines(r, user_agent, arena));
    curl_easy_setopt(easy, CURLOPT_URL, pl_arena_dup(arena, r->url).ptr);
}
