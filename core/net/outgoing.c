/* SPDX-License-Identifier: MIT
 *
 * What goes out is what the request says and nothing that libcurl would add of itself:
 * a header line "Name:" takes one of its own fields away,
 * and "Name;" is how a field with an empty value is sent.
 *
 * libcurl writes each byte of a head through its printf, which takes longer than all that happens to
 * the body, and its own fields twice: so the head is short, and its fields are lines of ours. */
#include "net/outgoing.h"

#include "http/message.h"

#include <stdlib.h>

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
        end = add_line(end, arena, "Accept-Encoding: gzip"); /* the one that everybody has */
    if (!has_field(r, PL_SLICE("Content-Type"))) end = add_line(end, arena, "Content-Type:");
    return list;
}

/* CUSTOMREQUEST only where the word is not libcurl's own. */
static void set_method(CURL *easy, const pl_request *r, pl_arena *arena)
{
    bool is_post = pl_slice_eq(r->method, PL_SLICE("POST"));
    bool has_length = r->has_body || is_post || pl_slice_eq(r->method, PL_SLICE("PUT")) ||
                      pl_slice_eq(r->method, PL_SLICE("PATCH"));
    if (pl_slice_eq(r->method, PL_SLICE("HEAD"))) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (has_length) {
        pl_slice body = r->has_body && r->body.len ? r->body : PL_SLICE("");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.ptr);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    bool is_own = has_length ? is_post : pl_slice_eq(r->method, PL_SLICE("GET"));
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

void pl_outgoing_set(CURL *easy, const pl_request *r, const char *user_agent, pl_arena *arena)
{
    set_method(easy, r, arena);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, field_lines(r, user_agent, arena));
    curl_easy_setopt(easy, CURLOPT_URL, pl_arena_dup(arena, r->url).ptr);
}
