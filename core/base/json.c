/* SPDX-License-Identifier: MIT
 *
 * The reader. It holds no stack but one bit a level (object or array): a comma, a member's name and
 * the value behind it are taken in one step, so that between two steps the reader stands in one of
 * four places only.
 *
 *     place                       depth, flags         what may come
 *     outside, before the value   0, !is_done          the value
 *     just behind '[' or '{'      > 0, !expects_comma  a value, or the end of the container
 *     behind a value              > 0, expects_comma   ',' and a value, or the container's end
 *     outside, behind the value   0, is_done           PL_JSON_END
 *
 * What nearly every token is made of (no space, strings of plain bytes) is inline, the rest is
 * called. A fault is for good: `at` stays on the byte that was refused.
 */
#include "base/json.h"

#include "base/err.h"
#include "base/json_index.h"
#include "base/json_scan.h"

__attribute__((cold)) static int refuse(pl_json_reader *r, const char *at, const char *message)
{
    r->at = at;
    r->error = message;
    return PL_E_BAD_JSON;
}

static inline void skip_space(pl_json_reader *r)
{
    r->at = pl_json_skip_space(r->at, r->end);
}

static int refuse_for(pl_json_reader *r, const pl_json_refusal *why)
{
    return refuse(r, why->at, why->message);
}

/* `at` is on the opening quote; afterwards behind the closing one. */
static inline int scan_string(pl_json_reader *r, pl_slice *inner, bool *has_escapes)
{
    pl_json_refusal why;
    const char *start = r->at + 1, *end = pl_json_scan_string(start, r->end, has_escapes, &why);
    if (end == NULL) return refuse_for(r, &why);
    *inner = (pl_slice){start, (size_t)(end - start)};
    r->at = end + 1;
    return 0;
}

static int scan_number(pl_json_reader *r)
{
    pl_json_refusal why;
    const char *end = pl_json_scan_number(r->at, r->end, &why);
    if (end == NULL) return refuse_for(r, &why);
    r->at = end;
    return 0;
}

static int scan_word(pl_json_reader *r, const char *word, size_t len)
{
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return refuse(r, r->at, "expected a value");
    r->at += len;
    return 0;
}

static int open_container(pl_json_reader *r, bool is_object)
{
    if (r->depth >= r->max_depth) return refuse(r, r->at, "nested too deeply");
    uint64_t bit = 1ULL << r->depth % 64, *word = &r->is_object[r->depth / 64];
    *word = is_object ? *word | bit : *word & ~bit;
    r->depth++;
    r->in_object = is_object;
    r->expects_comma = false;
    r->at++;
    return 0;
}

static inline int close_container(pl_json_reader *r, pl_json_token *token)
{
    token->kind = r->in_object ? PL_JSON_OBJECT_END : PL_JSON_ARRAY_END;
    token->raw = (pl_slice){r->at++, 1};
    int outer = --r->depth - 1;
    r->in_object = outer >= 0 && (r->is_object[outer / 64] >> outer % 64 & 1);
    r->expects_comma = true;
    r->is_done = r->depth == 0;
    return 0;
}

/* The comma in front of all but the first, and in an object the name. */
static inline int read_separator(pl_json_reader *r, pl_json_token *token)
{
    bool is_object = r->in_object;
    if (r->expects_comma) {
        if (r->at == r->end || *r->at != ',')
            return refuse(r, r->at, is_object ? "expected ',' or '}'" : "expected ',' or ']'");
        r->at++;
        skip_space(r);
    }
    if (!is_object) return 0;
    if (r->at == r->end || *r->at != '"') {
        bool may_end = !r->expects_comma;
        return refuse(r, r->at,
                      may_end ? "expected a name in '\"' or '}'" : "expected a name in '\"'");
    }
    int err = scan_string(r, &token->key, &token->key_has_escapes);
    if (err) return err;
    skip_space(r);
    if (r->at == r->end || *r->at != ':') return refuse(r, r->at, "expected ':'");
    r->at++;
    skip_space(r);
    return 0;
}

static inline int scan_value(pl_json_reader *r, pl_json_token *token)
{
    if (r->at == r->end) return refuse(r, r->at, "expected a value");
    switch (*r->at) {
    case '{':
        token->kind = PL_JSON_OBJECT;
        return open_container(r, true);
    case '[':
        token->kind = PL_JSON_ARRAY;
        return open_container(r, false);
    case '"':
        token->kind = PL_JSON_STRING;
        return scan_string(r, &token->raw, &token->has_escapes);
    case 't':
        token->kind = PL_JSON_TRUE;
        return scan_word(r, "true", 4);
    case 'f':
        token->kind = PL_JSON_FALSE;
        return scan_word(r, "false", 5);
    case 'n':
        token->kind = PL_JSON_NULL;
        return scan_word(r, "null", 4);
    default:
        if (*r->at != '-' && (*r->at < '0' || *r->at > '9'))
            return refuse(r, r->at, "expected a value");
        token->kind = PL_JSON_NUMBER;
        return scan_number(r);
    }
}

static bool opens(const pl_json_token *token)
{
    return token->kind == PL_JSON_ARRAY || token->kind == PL_JSON_OBJECT;
}

static inline int read_value(pl_json_reader *r, pl_json_token *token)
{
    const char *start = r->at;
    int err = scan_value(r, token);
    if (err) return err;
    if (token->kind != PL_JSON_STRING) token->raw = (pl_slice){start, (size_t)(r->at - start)};
    if (opens(token)) return 0;
    r->expects_comma = true;
    r->is_done = r->depth == 0;
    return 0;
}

void pl_json_open(pl_json_reader *r, pl_slice document, int max_depth)
{
    const char *start = document.len ? document.ptr : "";
    *r = (pl_json_reader){
        .start = start,
        .at = start,
        .end = start + document.len,
        .max_depth = max_depth < PL_JSON_MAX_DEPTH ? max_depth : PL_JSON_MAX_DEPTH,
    };
}

int pl_json_next(pl_json_reader *r, pl_json_token *token)
{
    *token = (pl_json_token){.kind = PL_JSON_END};
    if (r->error) return PL_E_BAD_JSON;
    skip_space(r);
    if (r->is_done) {
        if (r->at < r->end) return refuse(r, r->at, "expected the end of the document");
        token->raw = (pl_slice){r->at, 0};
        return 0;
    }
    if (r->depth == 0) return read_value(r, token);
    if (r->at < r->end && *r->at == (r->in_object ? '}' : ']')) return close_container(r, token);
    int err = read_separator(r, token);
    return err ? err : read_value(r, token);
}

int pl_json_skip(pl_json_reader *r, pl_slice *raw)
{
    pl_json_token token;
    const char *start = r->at - 1;
    for (int outside = r->depth - 1; r->depth > outside;) {
        int err = pl_json_next(r, &token);
        if (err) return err;
    }
    *raw = (pl_slice){start, (size_t)(r->at - start)};
    return 0;
}

int pl_json_value(pl_json_reader *r, pl_json_token *token, pl_slice *raw)
{
    int err = pl_json_next(r, token);
    if (err) return err;
    if (opens(token)) return pl_json_skip(r, raw);
    *raw = token->raw;
    if (token->kind == PL_JSON_STRING) *raw = (pl_slice){token->raw.ptr - 1, token->raw.len + 2};
    return 0;
}

void pl_json_fault_of(const pl_json_reader *r, pl_json_fault *fault)
{
    *fault = (pl_json_fault){
        .message = r->error, .offset = (size_t)(r->at - r->start), .line = 1, .column = 1};
    for (const char *p = r->start; p < r->at; p++) {
        fault->column++;
        if (*p == '\n') {
            fault->line++;
            fault->column = 1;
        }
    }
}

int pl_json_check(pl_slice document, int max_depth, pl_json_fault *fault)
{
    pl_json_reader r;
    pl_json_token token;
    int err;
    if (pl_json_is_valid(document, max_depth)) return 0;
    if (fault == NULL) return PL_E_BAD_JSON;
    pl_json_open(&r, document, max_depth);
    do
        err = pl_json_next(&r, &token);
    while (err == 0 && token.kind != PL_JSON_END);
    pl_json_fault_of(&r, fault);
    return err;
}

/* -- pointers -- */

typedef struct step {
    pl_slice key; /* of the member that is being read; ptr NULL in an array */
    bool key_has_escapes;
    int element; /* of an array, from 0 */
} step;

void pl_json_pointer_put(pl_buf *out, pl_slice name)
{
    pl_buf_put_char(out, '/');
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == '~' || c == '/')
            pl_buf_put(out, c == '~' ? "~0" : "~1", 2);
        else
            pl_buf_put_char(out, c);
    }
}

static void put_step(pl_buf *out, const step *s)
{
    if (s->key.ptr == NULL) {
        pl_buf_printf(out, "/%d", s->element);
        return;
    }
    pl_buf name;
    pl_buf_init(&name);
    if (s->key_has_escapes)
        pl_json_unescape_inner(s->key, &name);
    else
        pl_buf_put_slice(&name, s->key);
    pl_json_pointer_put(out, pl_buf_slice(&name));
    pl_buf_fini(&name);
}

void pl_json_pointer(pl_slice document, size_t offset, pl_buf *out)
{
    pl_json_reader r;
    pl_json_token token;
    step steps[PL_JSON_MAX_DEPTH + 1] = {0}; /* [d]: in the container of depth d */
    int depth;
    pl_json_open(&r, document, PL_JSON_MAX_DEPTH);
    for (;;) {
        depth = r.depth;
        int err = pl_json_next(&r, &token);
        steps[depth].key = token.key;
        steps[depth].key_has_escapes = token.key_has_escapes;
        if (err || token.kind == PL_JSON_END || (size_t)(r.at - r.start) > offset) break;
        if (r.depth > depth) steps[r.depth] = (step){0};
        if (r.depth <= depth) steps[r.depth].element++;
    }
    /* A fault where a name should stand is the container's. */
    bool is_member =
        depth > 0 && (token.key.ptr || !(r.is_object[(depth - 1) / 64] >> (depth - 1) % 64 & 1));
    for (int d = 1; d < depth + is_member; d++)
        put_step(out, &steps[d]);
}
