/* SPDX-License-Identifier: MIT */
#include "net/incoming.h"

#include "base/err.h"
#include "net/credentials.h"

#define STATUS_AT 9 /* where the status stands in "HTTP/1.1 100 Continue" */

static void note_too_large(pl_incoming *in, const char *what, size_t limit)
{
    in->notes.refusal_code = PL_E_TOO_LARGE;
    in->notes.refusal = pl_arena_printf(
        in->arena, "the answer's %s is larger than the limit of %zu bytes", what, limit);
}

void pl_incoming_refuse_body(pl_incoming *in, int code)
{
    if (code == PL_E_TOO_LARGE) {
        note_too_large(in, "body", in->max_body_bytes);
        return;
    }
    in->notes.refusal_code = PL_E_MEMORY;
    in->notes.refusal = "there is not enough memory for the answer";
}

bool pl_incoming_put_body(pl_incoming *in, pl_slice bytes, bool is_all)
{
    size_t room = in->max_body_bytes - in->body.len;
    int code = bytes.len > room ? PL_E_TOO_LARGE : 0;
    if (code) bytes.len = room;
    if (is_all && code == 0) {
        in->response->body = pl_arena_dup(in->arena, bytes);
        return true;
    }
    if (pl_buf_try_reserve(&in->body, bytes.len) == NULL) code = PL_E_MEMORY;
    if (code != PL_E_MEMORY) pl_buf_put_slice(&in->body, bytes);
    if (code) pl_incoming_refuse_body(in, code);
    return code == 0;
}

void pl_incoming_end_body(pl_incoming *in)
{
    if (in->body.len == 0 && in->response->body.ptr) return;
    in->response->body = pl_arena_dup(in->arena, pl_buf_slice(&in->body));
    pl_buf_fini(&in->body);
}

bool pl_incoming_count_head(pl_incoming *in, size_t len, bool is_growing)
{
    if (in->header_bytes + len > in->max_head_bytes) {
        note_too_large(in, "header section", in->max_head_bytes);
        return false;
    }
    if (!is_growing) in->header_bytes += len;
    return true;
}

static void append_field(pl_incoming *in, pl_slice name, pl_slice value)
{
    pl_field *f = pl_arena_alloc(in->arena, sizeof *f);
    *f = (pl_field){.name = name, .value = value};
    *(in->last_field ? &in->last_field->next : &in->response->fields) = f;
    in->last_field = f;
}

void pl_incoming_take_head(pl_incoming *in, const pl_http_answer *answer)
{
    pl_slice rest = pl_arena_dup(in->arena, answer->fields);
    pl_header h;
    in->notes.has_answer = in->notes.head_is_over = true;
    in->response->status = answer->status;
    while (pl_http_answer_next(&rest, &h))
        append_field(in, h.name, h.value);
}

/* -- from libcurl -- */

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    size_t len = size * count;
    return pl_incoming_put_body(arg, (pl_slice){bytes, len}, false) ? len : 0;
}

static pl_slice trim(pl_slice s)
{
    while (s.len > 0 && strchr(" \t\r\n", s.ptr[s.len - 1]))
        s.len--;
    while (s.len > 0 && (*s.ptr == ' ' || *s.ptr == '\t'))
        s = pl_slice_from(s, 1);
    return s;
}

static void add_field(pl_incoming *in, pl_slice line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    if (colon == NULL) return;
    size_t name_len = (size_t)(colon - line.ptr);
    append_field(in, pl_arena_dup(in->arena, trim((pl_slice){line.ptr, name_len})),
                 pl_arena_dup(in->arena, trim(pl_slice_from(line, name_len + 1))));
}

/* RFC 9112 section 5.2: a folded line of a response
 * goes on with the value before it, behind a space. */
static void unfold(pl_incoming *in, pl_slice more)
{
    if (in->last_field == NULL) return;
    pl_slice *value = &in->last_field->value;
    more = trim(more);
    *value = pl_slice_of(pl_arena_printf(in->arena, "%.*s %.*s", PL_FMT(*value), PL_FMT(more)));
}

static void begin_answer(pl_incoming *in, pl_slice line)
{
    in->notes.has_answer = true;
    in->response->fields = in->last_field = NULL;
    in->status_class = line.len > STATUS_AT ? line.ptr[STATUS_AT] : '0';
}

/* RFC 9112 section 6.3: nobody knows where such an answer ends. libcurl takes the last length. */
static bool has_two_lengths(const pl_response *r)
{
    const pl_field *first = NULL;
    for (const pl_field *f = r->fields; f; f = f->next) {
        if (!pl_slice_eq_nocase(f->name, PL_SLICE("Content-Length"))) continue;
        if (first && !pl_slice_eq(first->value, f->value)) return true;
        first = f;
    }
    return false;
}

/* Fails closed: without authentication, libcurl would send the request again with its body. */
static bool end_head(pl_incoming *in)
{
    in->notes.head_is_over = in->status_class != '1';
    if (has_two_lengths(in->response)) {
        in->notes.refusal_code = PL_E_PROTOCOL;
        in->notes.refusal = "the answer has two lengths (Content-Length) that differ";
        return false;
    }
    if (in->request->auth.kind == PL_AUTH_NONE || in->is_proven || in->status_class != '2')
        return true;
    in->notes.refusal_code = PL_E_AUTH;
    in->notes.refusal = "the receiver did not ask for the authentication that the request has";
    return false;
}

/* One line of the header section, or of trailers.
 * Interim answers (1xx) come here too: each status line starts over. */
static size_t on_header(char *bytes, size_t size, size_t count, void *arg)
{
    pl_incoming *in = arg;
    pl_slice line = {bytes, size * count};
    if (!pl_incoming_count_head(in, line.len, false)) return 0;
    if (in->notes.head_is_over) return line.len;
    if (pl_slice_starts(line, PL_SLICE("HTTP/"))) {
        begin_answer(in, line);
    } else if (trim(line).len == 0) {
        if (!end_head(in)) return 0;
    } else if (*line.ptr == ' ' || *line.ptr == '\t') {
        unfold(in, line);
    } else {
        add_field(in, line);
    }
    return line.len;
}

/* What goes out, of a request with authentication: each one starts the answer over. */
static int on_trace(CURL *easy, curl_infotype type, char *bytes, size_t len, void *arg)
{
    (void)easy;
    pl_incoming *in = arg;
    if (type != CURLINFO_HEADER_OUT) return 0;
    if (!pl_credentials_see(in->request, (pl_slice){bytes, len}, &in->is_proven)) return 0;
    in->response->fields = in->last_field = NULL;
    in->header_bytes = 0;
    in->notes.has_answer = in->notes.head_is_over = false;
    pl_buf_clear(&in->body);
    return 0;
}

void pl_incoming_watch(CURL *easy, pl_incoming *in)
{
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, in);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, in);
}

void pl_incoming_watch_auth(CURL *easy, pl_incoming *in)
{
    if (in->request->auth.kind == PL_AUTH_NONE) return;
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_trace);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, in);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L); /* or it is not called */
}
