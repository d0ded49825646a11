/* SPDX-License-Identifier: MIT
 *
 * What goes out is what the request says and nothing that libcurl would add of itself:
 * a header line "Name:" takes one of its own fields away,
 * and "Name;" is how a field with an empty value is sent. */
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

static void add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL) abort(); /* as pl_alloc does; never a request that lacks a field */
    *list = longer;
}

static struct curl_slist *field_lines(const pl_request *r, pl_arena *arena)
{
    struct curl_slist *list = NULL;
    for (const pl_field *f = r->fields; f; f = f->next) {
        const char *line = is_blank(f->value) ? pl_arena_printf(arena, "%.*s;", PL_FMT(f->name))
                                              : pl_arena_printf(arena, "%.*s: %.*s",
                                                                PL_FMT(f->name), PL_FMT(f->value));
        add_line(&list, line);
    }
    add_line(&list, "Expect:"); /* a receiver that ignores it costs a second */
    if (!has_field(r, PL_SLICE("Accept"))) add_line(&list, "Accept:");
    if (!has_field(r, PL_SLICE("Content-Type"))) add_line(&list, "Content-Type:");
    return list;
}

static void set_method(CURL *easy, const pl_request *r, pl_arena *arena)
{
    if (pl_slice_eq(r->method, PL_SLICE("HEAD"))) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    bool has_length = r->has_body || pl_slice_eq(r->method, PL_SLICE("POST")) ||
                      pl_slice_eq(r->method, PL_SLICE("PUT")) ||
                      pl_slice_eq(r->method, PL_SLICE("PATCH"));
    if (has_length) {
        pl_slice body = r->has_body && r->body.len ? r->body : PL_SLICE("");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.ptr);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, pl_arena_dup(arena, r->method).ptr);
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

struct curl_slist *pl_outgoing_set(CURL *easy, const pl_request *r, const char *user_agent,
                                   pl_arena *arena)
{
    struct curl_slist *lines = field_lines(r, arena);
    set_method(easy, r, arena);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(easy, CURLOPT_URL, pl_arena_dup(arena, r->url).ptr);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    if (r->connect_timeout_ms > 0)
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_timeout_ms);
    if (user_agent && !has_field(r, PL_SLICE("User-Agent")))
        curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent);
    return lines;
}
