/* SPDX-License-Identifier: MIT
 *
 * From a request to its handler: guards, path, method, scope, in this order, so that a wrong path is 404, a
 * wrong method 405 with Allow, and a missing token 401. The table below is the whole interface;
 * where there is a listener for admins, what is theirs is nothing at another. */
#include "gateway/api.h"

#include "base/err.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "gateway/guard.h"
#include "http/message.h"
#include "http/url.h"

#include <stdio.h>

#define MAX_KEY_BYTES 256 /* of an Idempotency-Key */

enum scope { OPEN, INGEST, SOURCE, ADMIN }; /* SOURCE: as the source says */

static const struct resource {
    const char *method, *path; /* {} stands for one segment */
    enum scope scope;
    pl_api_fn *handle;
} resources[] = {
    /* They are tried in turn: what is asked for most stands first. */
    {"POST", "/v1/events", INGEST, pl_api_events},
    {"POST", "/v1/calls/{}/{}", INGEST, pl_api_call},
    {"POST", "/v1/sources/{}", SOURCE, pl_api_source},
    {"GET", "/v1/sources/{}", SOURCE, pl_api_source},
    {"DELETE", "/v1/events/{}", ADMIN, pl_api_erase_event},
    {"POST", "/v1/erase", ADMIN, pl_api_erase},
    {"GET", "/v1/deliveries", ADMIN, pl_api_deliveries},
    {"GET", "/v1/deliveries/{}", ADMIN, pl_api_delivery},
    {"POST", "/v1/deliveries/{}/retry", ADMIN, pl_api_retry},
    {"POST", "/v1/deliveries/{}/cancel", ADMIN, pl_api_cancel},
    {"GET", "/v1/undelivered", ADMIN, pl_api_undelivered},
    {"POST", "/v1/replay", ADMIN, pl_api_replay},
    {"POST", "/v1/cancel", ADMIN, pl_api_cancel_all},
    {"GET", "/v1/replay", ADMIN, pl_api_jobs},
    {"GET", "/v1/replay/{}", ADMIN, pl_api_job},
    {"POST", "/v1/replay/{}/pause", ADMIN, pl_api_job_pause},
    {"POST", "/v1/replay/{}/resume", ADMIN, pl_api_job_resume},
    {"POST", "/v1/replay/{}/cancel", ADMIN, pl_api_job_cancel},
    {"GET", "/v1/feed", ADMIN, pl_api_feed},
    {"GET", "/v1/connectors", ADMIN, pl_api_connectors},
    {"GET", "/v1/connectors/{}", ADMIN, pl_api_connector},
    {"POST", "/v1/connectors/{}/webhooks/{}/try", ADMIN, pl_api_try},
    {"POST", "/v1/connectors/{}/webhooks/{}/disable", ADMIN, pl_api_disable},
    {"POST", "/v1/connectors/{}/webhooks/{}/enable", ADMIN, pl_api_enable},
    {"POST", "/v1/reload", ADMIN, pl_api_reload},
    {"GET", "/healthz", OPEN, pl_api_healthz},
    {"GET", "/readyz", OPEN, pl_api_readyz},
    {"GET", "/metrics", ADMIN, pl_api_metrics},
};

#define RESOURCES (sizeof resources / sizeof *resources)

/* -- path -- */

static pl_slice take_segment(pl_slice *rest)
{
    const char *slash = memchr(rest->ptr, '/', rest->len);
    pl_slice segment = {rest->ptr, slash ? (size_t)(slash - rest->ptr) : rest->len};
    *rest = pl_slice_from(*rest, segment.len);
    return segment;
}

/* `parts` gets the raw segments, of which none may be empty. */
static bool path_matches(const char *pattern, pl_slice path, pl_slice parts[PL_API_MAX_PARTS])
{
    int part = 0;
    for (const char *p = pattern; *p; p++) {
        if (*p == '{') {
            parts[part] = take_segment(&path);
            if (parts[part++].len == 0) return false;
            p++; /* to its brace */
        } else {
            if (path.len == 0 || path.ptr[0] != *p) return false;
            path = pl_slice_from(path, 1);
        }
    }
    return path.len == 0;
}

/* What of a path there is: the resource for this method or, without one, the methods that it takes. */
typedef struct match {
    const struct resource *resource;
    bool has_path;
    bool takes_get, takes_post, takes_delete;
    const pl_token *token;  /* the one that was shown, until it was judged */
    int wait_s;             /* until the client may ask again */
    bool is_to_be_verified; /* by the ingress, before it is handled */
    pl_slice token_name;
    const pl_slice *only; /* connectors that it may reach; with 0: all */
    uint32_t only_count;
    pl_slice parts[PL_API_MAX_PARTS];
} match;

static void find(const pl_http_request *q, bool takes_admin, match *m)
{
    pl_slice method = q->method;
    if (pl_slice_eq(method, PL_SLICE("HEAD")))
        method = PL_SLICE("GET"); /* the server leaves out the body */
    *m = (match){0};
    for (size_t i = 0; i < RESOURCES; i++) {
        pl_slice parts[PL_API_MAX_PARTS] = {{0}};
        if (resources[i].scope == ADMIN && !takes_admin) continue;
        if (!path_matches(resources[i].path, q->path, parts)) continue;
        m->has_path = true;
        if (resources[i].method[0] == 'G')
            m->takes_get = true;
        else if (resources[i].method[0] == 'D')
            m->takes_delete = true;
        else
            m->takes_post = true;
        if (!pl_slice_eq(method, pl_slice_of(resources[i].method))) continue;
        m->resource = &resources[i];
        memcpy(m->parts, parts, sizeof parts);
        return;
    }
}

static pl_slice allow_line(const match *m)
{
    if (m->takes_delete) return PL_SLICE("Allow: DELETE, OPTIONS\r\n");
    if (m->takes_get && m->takes_post) return PL_SLICE("Allow: GET, HEAD, POST, OPTIONS\r\n");
    return m->takes_get ? PL_SLICE("Allow: GET, HEAD, OPTIONS\r\n")
                        : PL_SLICE("Allow: POST, OPTIONS\r\n");
}

/* -- tokens -- */

/* Without any token the listener is loopback only, and everything is open to it. */
static int check_scope(const pl_worker *w, pl_inbound *in, match *m, enum scope scope)
{
    if (scope == OPEN || !pl_tokens_any(w->tokens)) return 0;
    pl_slice given = pl_http_bearer(&in->request);
    m->token = given.len ? pl_tokens_find(w->tokens, given) : NULL;
    if (m->token == NULL) return PL_E_UNAUTHORIZED;
    if (m->token->certificate.len && !pl_token_takes(m->token, pl_inbound_certificate(in)))
        return PL_E_CERTIFICATE;
    return m->token->is_admin || scope == INGEST ? 0 : PL_E_FORBIDDEN;
}

/* A token, or else the gateway's ingress. */
static int check_ingest(const pl_worker *w, pl_inbound *in, match *m)
{
    int code = check_scope(w, in, m, INGEST);
    m->is_to_be_verified =
        pl_engine_generation(w->engine)->has_ingress && (code != 0 || !pl_tokens_any(w->tokens));
    return m->is_to_be_verified ? 0 : code;
}

static const pl_source *find_source(const pl_worker *w, pl_slice segment)
{
    const pl_generation *g = pl_engine_generation(w->engine);
    pl_buf name;
    pl_buf_init(&name);
    bool is_good = pl_url_decode(&name, segment, false);
    int64_t index = is_good ? pl_api_find_source(g, pl_buf_slice(&name)) : -1;
    pl_buf_fini(&name);
    return index < 0 ? NULL : &g->sources[index];
}

/* Its methods are its own, and who verifies by itself asks for no token. */
static int check_source(const pl_worker *w, pl_inbound *in, match *m)
{
    const pl_source *source = find_source(w, m->parts[0]);
    if (source == NULL) return PL_E_UNKNOWN_SOURCE;
    m->takes_get = source->takes_get;
    m->takes_post = source->takes_post;
    bool is_taken = m->resource->method[0] == 'G' ? source->takes_get : source->takes_post;
    if (!is_taken) return PL_E_METHOD;
    return source->verifies ? 0 : check_ingest(w, in, m);
}

/* -- entry -- */

static bool is_options(const pl_http_request *q)
{
    return pl_slice_eq(q->method, PL_SLICE("OPTIONS"));
}

static int check(const pl_worker *w, pl_inbound *in, match *m)
{
    switch (m->resource->scope) {
    case INGEST:
        return check_ingest(w, in, m);
    case SOURCE:
        return check_source(w, in, m);
    default:
        return check_scope(w, in, m, m->resource->scope);
    }
}

static bool is_open(const match *m)
{
    return m->resource && m->resource->scope == OPEN;
}

/* Probes come from wherever, as often as they like; platforms that call a source are no browsers,
 * whatever they send. */
static int guard(const pl_entrance *e, const pl_inbound *in, match *m)
{
    if (is_open(m)) return 0;
    int code = pl_guard_rate(e, in, &m->wait_s);
    if (code == 0) code = pl_guard_host(e, in);
    bool is_source = m->resource && m->resource->scope == SOURCE;
    if (code == 0 && !is_source) code = pl_guard_origin(in);
    return code;
}

static int judge(const pl_entrance *e, pl_inbound *in, match *m)
{
    const pl_http_request *q = &in->request;
    find(q, e->listener->takes_admin, m);
    int code = guard(e, in, m);
    if (code != 0) return code;
    if (is_options(q))
        return m->has_path || pl_slice_eq(q->path, PL_SLICE("*")) ? 0 : PL_E_NOT_FOUND;
    if (!m->has_path) return PL_E_NOT_FOUND;
    if (m->resource == NULL) return PL_E_METHOD;
    return check(e->worker, in, m);
}

/* What the request keeps of its token, which a reload may take away. */
static void keep_token(pl_inbound *in, match *m)
{
    const pl_token *token = m->token;
    m->token = NULL;
    if (token == NULL) return;
    pl_slice *only = pl_arena_alloc(&in->arena, (token->only.count + 1) * sizeof *only);
    for (size_t i = 0; i < token->only.count; i++)
        only[i] = pl_arena_dup(&in->arena, pl_slice_of(token->only.items[i]));
    m->token_name = pl_arena_dup(&in->arena, token->name);
    m->only = only;
    m->only_count = (uint32_t)token->only.count;
}

static void log_judgement(const pl_inbound *in, const match *m, int code)
{
    pl_log(PL_LOG_DEBUG, "request", PL_LOG_STR("peer", in->peer),
           PL_LOG_SLICE("method", in->request.method), PL_LOG_SLICE("path", in->request.path),
           PL_LOG_SLICE("token", m->token_name), PL_LOG_STR("judgement", pl_err_name(code)));
}

/* The bytes of the request may move until it is handled, the match does not. */
int pl_api_admit(pl_inbound *in, void *entrance)
{
    match *m = pl_arena_alloc(&in->arena, sizeof *m);
    int code = judge(entrance, in, m);
    keep_token(in, m);
    if (pl_log_wants(PL_LOG_DEBUG)) log_judgement(in, m, code);
    for (int i = 0; i < PL_API_MAX_PARTS; i++)
        m->parts[i] = pl_arena_dup(&in->arena, m->parts[i]);
    in->owner = m;
    return code;
}

static void refuse(pl_inbound *in, int code, const match *m)
{
    char retry[40];
    pl_slice extra = PL_NO_SLICE;
    if (code == PL_E_METHOD) extra = allow_line(m);
    if (code == PL_E_UNAUTHORIZED)
        extra = PL_SLICE("WWW-Authenticate: Bearer realm=\"perilune\"\r\n");
    if (code == PL_E_FORBIDDEN)
        extra = PL_SLICE("WWW-Authenticate: Bearer realm=\"perilune\", "
                         "error=\"insufficient_scope\", scope=\"admin\"\r\n");
    if (code == PL_E_TOO_MANY_REQUESTS) {
        snprintf(retry, sizeof retry, "Retry-After: %d\r\n", m->wait_s);
        extra = pl_slice_of(retry);
    }
    pl_inbound_problem(in, code, pl_err_text(code), extra, PL_NO_SLICE);
}

/* What a segment says. False: its encoding is not valid. */
static bool decode_part(pl_arena *arena, pl_slice segment, pl_slice *part)
{
    pl_buf text;
    *part = segment;
    if (segment.len == 0 || memchr(segment.ptr, '%', segment.len) == NULL) return true;
    pl_buf_init(&text);
    bool is_good = pl_url_decode(&text, segment, false);
    *part = pl_arena_dup(arena, pl_buf_slice(&text));
    pl_buf_fini(&text);
    return is_good;
}

static bool decode_parts(pl_inbound *in, const match *m, pl_api_request *r)
{
    for (int i = 0; i < PL_API_MAX_PARTS; i++)
        if (!decode_part(&in->arena, m->parts[i], &r->parts[i])) return false;
    return true;
}

void pl_api_handle(pl_inbound *in, void *entrance)
{
    const match *m = in->owner;
    in->owner = NULL;
    pl_api_request *r = pl_arena_zero(&in->arena, sizeof *r);
    *r = (pl_api_request){.worker = ((pl_entrance *)entrance)->worker,
                          .in = in,
                          .token = m->token_name,
                          .only = m->only,
                          .only_count = m->only_count};
    if (in->verdict != 0)
        refuse(in, in->verdict, m);
    else if (is_options(&in->request))
        pl_inbound_reply(in, 204, PL_NO_SLICE,
                         m->has_path ? allow_line(m)
                                     : PL_SLICE("Allow: GET, HEAD, POST, OPTIONS\r\n"),
                         PL_NO_SLICE);
    else if (!decode_parts(in, m, r))
        pl_api_problem(in, PL_E_BAD_REQUEST, "the path has a percent-encoding that is not valid");
    else if (m->is_to_be_verified)
        pl_api_verify(r, m->resource->handle);
    else
        m->resource->handle(r);
}

/* -- answers -- */

void pl_api_json(pl_inbound *in, int status, pl_slice extra, const pl_buf *body)
{
    pl_inbound_reply(in, status, PL_SLICE("application/json"), extra, pl_buf_slice(body));
}

void pl_api_problem(pl_inbound *in, int code, const char *format, ...)
{
    char detail[512];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    pl_slice extra = pl_err_status(code) == 503 ? PL_SLICE("Retry-After: 1\r\n") : PL_NO_SLICE;
    pl_inbound_problem(in, code, detail, extra, PL_NO_SLICE);
}

void pl_api_event_problem(pl_inbound *in, int code, const pl_event_fault *fault, const char *prefix,
                          int line)
{
    pl_buf members;
    pl_json_writer w;
    char pointer[320], detail[512];
    int at = fault->line ? fault->line + (line ? line - 1 : 0) : line;
    snprintf(pointer, sizeof pointer, "%s%s", prefix, fault->pointer);
    if (fault->line)
        snprintf(detail, sizeof detail, "line %d, column %d: %s", at, fault->column,
                 fault->message);
    else
        snprintf(detail, sizeof detail, "%s%s%s", pointer, pointer[0] ? ": " : "", fault->message);
    pl_buf_init(&members);
    pl_jw_init(&w, &members);
    PL_BUF_PUT(&members, ",\"pointer\":");
    pl_jw_text(&w, pointer);
    if (at) pl_buf_printf(&members, ",\"line\":%d", at);
    if (fault->line) pl_buf_printf(&members, ",\"column\":%d", fault->column);
    pl_inbound_problem(in, code, detail, PL_NO_SLICE, pl_buf_slice(&members));
    pl_buf_fini(&members);
}

bool pl_api_last_wins(const pl_settings *s)
{
    return strcmp(s->json_duplicates, "last") == 0;
}

static bool refuse_json(pl_inbound *in, int code, const pl_json_fault *fault)
{
    pl_event_fault at = {.line = fault->line, .column = fault->column};
    pl_buf pointer;
    pl_buf_init(&pointer);
    pl_json_pointer(in->body, fault->offset, &pointer);
    snprintf(at.message, sizeof at.message, "%s", fault->message);
    snprintf(at.pointer, sizeof at.pointer, "%.*s", PL_FMT(pl_buf_slice(&pointer)));
    pl_buf_fini(&pointer);
    pl_api_event_problem(in, code, &at, "", 0);
    return false;
}

bool pl_api_check_json(pl_inbound *in, int max_depth, bool last_wins)
{
    pl_json_fault fault;
    if (pl_json_check(in->body, max_depth, &fault) != 0)
        return refuse_json(in, PL_E_BAD_JSON, &fault);
    if (!last_wins && pl_json_repeats(in->body, &fault))
        return refuse_json(in, PL_E_BAD_EVENT, &fault);
    return true;
}

bool pl_api_key(pl_inbound *in, pl_slice *key, pl_slice *digest)
{
    const pl_header *h = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < in->request.header_count; i++) {
        if (!pl_slice_eq_nocase(in->request.headers[i].name, PL_SLICE("Idempotency-Key"))) continue;
        h = &in->request.headers[i];
        count++;
    }
    if (count == 0) return true;
    if (count > 1 || h->value.len == 0 || h->value.len > MAX_KEY_BYTES) {
        pl_api_problem(in, PL_E_BAD_REQUEST, "Idempotency-Key: expected once, with 1 to %d bytes",
                       MAX_KEY_BYTES);
        return false;
    }
    pl_hash hash;
    pl_hash_of(PL_SLICE("sha256"), in->body, &hash);
    *key = h->value;
    *digest = pl_arena_dup(&in->arena, (pl_slice){hash.bytes, hash.len});
    return true;
}

bool pl_api_param(pl_inbound *in, const char *name, pl_slice *value)
{
    pl_slice rest = in->request.query, n, v;
    *value = PL_NO_SLICE;
    while (rest.ptr && pl_query_next(&rest, &n, &v)) {
        if (!pl_slice_eq(n, pl_slice_of(name))) continue;
        pl_buf text;
        pl_buf_init(&text);
        bool is_good = pl_url_decode(&text, v, true);
        *value = pl_arena_dup(&in->arena, pl_buf_slice(&text));
        pl_buf_fini(&text);
        if (!is_good)
            pl_api_problem(in, PL_E_BAD_QUERY,
                           "the query parameter '%s' is not valid percent-encoding", name);
        return is_good;
    }
    return true;
}
