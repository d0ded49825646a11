/* SPDX-License-Identifier: MIT
 *
 * The registry only grows, and that keeps it simple: entries hang in one list for each first byte,
 * longest first, and a new one is published by one store with release order into the `next` in
 * front of it. Readers follow the lists without a lock; writers take turns.
 *
 * A value is looked for in every form in which the gateway would print it: as it is, inside a JSON
 * string (with and without an escaped slash, as encoders differ), percent-encoded in a path, and
 * encoded as a form in a query or body. A form is listed only where it differs from the others.
 *
 * Masking blanks out every byte that is part of any match; matches that overlap become one "***",
 * so of two secrets that share bytes no rest of either remains. */
#include "base/secret.h"

#include "base/json.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

struct entry {
    _Atomic(struct entry *) next;
    size_t len;
    char bytes[];
};

static _Atomic(struct entry *) lists[256]; /* by first byte */
static atomic_bool has_entries;
static pthread_mutex_t writers = PTHREAD_MUTEX_INITIALIZER;

static struct entry *load(const _Atomic(struct entry *) *link)
{
    return atomic_load_explicit(link, memory_order_acquire);
}

/* Called with `writers` held. */
static void list_form(pl_slice form)
{
    _Atomic(struct entry *) *link = &lists[(uint8_t)form.ptr[0]];
    struct entry *e;
    for (; (e = load(link)) != NULL && e->len >= form.len; link = &e->next)
        if (pl_slice_eq((pl_slice){e->bytes, e->len}, form)) return;

    struct entry *added = pl_alloc(sizeof *added + form.len);
    atomic_init(&added->next, e);
    added->len = form.len;
    memcpy(added->bytes, form.ptr, form.len);
    atomic_store_explicit(link, added, memory_order_release);
}

static void put_slashes_escaped(pl_buf *out, pl_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '/') pl_buf_put_char(out, '\\');
        pl_buf_put_char(out, s.ptr[i]);
    }
}

/* Letters, digits and what `others` names stay; the rest is written in hex. */
static void put_percent_encoded(pl_buf *out, pl_slice s, const char *others)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool stays = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     (c && strchr(others, c));
        if (stays)
            pl_buf_put_char(out, c);
        else
            pl_buf_printf(out, "%%%02X", (uint8_t)c);
    }
}

/* As pl_url_encode_form writes it. A plus in the value itself is hex by then. */
static void put_form_encoded(pl_buf *out, pl_slice s)
{
    size_t start = out->len;
    put_percent_encoded(out, s, "-._* ");
    for (size_t i = start; i < out->len; i++)
        if (out->ptr[i] == ' ') out->ptr[i] = '+';
}

void pl_secret_register(pl_slice value)
{
    pl_buf json, slashes, url, form;
    if (value.len < PL_SECRET_MIN_BYTES) return;
    pl_buf_init(&json);
    pl_buf_init(&slashes);
    pl_buf_init(&url);
    pl_buf_init(&form);
    pl_json_escape(&json, value);
    put_slashes_escaped(&slashes, pl_buf_slice(&json));
    put_percent_encoded(&url, value, "-._~"); /* RFC 3986 section 2.3 */
    put_form_encoded(&form, value);

    pthread_mutex_lock(&writers);
    list_form(value);
    list_form(pl_buf_slice(&json)); /* listed already when it does not differ */
    list_form(pl_buf_slice(&slashes));
    list_form(pl_buf_slice(&url));
    list_form(pl_buf_slice(&form));
    atomic_store_explicit(&has_entries, true, memory_order_release);
    pthread_mutex_unlock(&writers);

    pl_buf_fini(&json);
    pl_buf_fini(&slashes);
    pl_buf_fini(&url);
    pl_buf_fini(&form);
}

/* The length of the longest registered value that `bytes`
 * (not empty) begin with, 0 when there is none. */
static size_t match(pl_slice bytes)
{
    struct entry *e = load(&lists[(uint8_t)bytes.ptr[0]]);
    while (e && !pl_slice_starts(bytes, (pl_slice){e->bytes, e->len}))
        e = load(&e->next);
    return e ? e->len : 0;
}

bool pl_secret_is_in(pl_slice bytes)
{
    if (!atomic_load_explicit(&has_entries, memory_order_acquire)) return false;
    for (size_t i = 0; i < bytes.len; i++)
        if (match(pl_slice_from(bytes, i))) return true;
    return false;
}

/* `from` is the first byte of a match: where the bytes
 * end that it and those overlapping it cover. */
static size_t covered_until(pl_slice bytes, size_t from)
{
    size_t end = from;
    do {
        size_t len = match(pl_slice_from(bytes, from));
        if (from + len > end) end = from + len;
    } while (++from < end);
    return end;
}

void pl_secret_mask(pl_buf *out, pl_slice bytes)
{
    size_t copied = 0;
    if (atomic_load_explicit(&has_entries, memory_order_acquire)) {
        for (size_t i = 0; i < bytes.len;) {
            if (match(pl_slice_from(bytes, i)) == 0) {
                i++;
                continue;
            }
            pl_buf_put(out, bytes.ptr + copied, i - copied);
            PL_BUF_PUT(out, "***");
            i = copied = covered_until(bytes, i);
        }
    }
    pl_buf_put_slice(out, pl_slice_from(bytes, copied));
}

/* The inside of a JSON string, as text without secrets in `text`. */
static pl_slice mask_inner(pl_slice inner, pl_buf *plain, pl_buf *text)
{
    pl_buf_clear(plain);
    pl_buf_clear(text);
    pl_json_unescape_inner(inner, plain);
    pl_secret_mask(text, pl_buf_slice(plain));
    return pl_buf_slice(text);
}

static void mask_token(pl_json_writer *w, const pl_json_token *t, pl_buf *plain, pl_buf *text)
{
    if (t->key.ptr) pl_jw_key_slice(w, mask_inner(t->key, plain, text));
    switch (t->kind) {
    case PL_JSON_OBJECT:
        pl_jw_object(w);
        break;
    case PL_JSON_OBJECT_END:
        pl_jw_object_end(w);
        break;
    case PL_JSON_ARRAY:
        pl_jw_array(w);
        break;
    case PL_JSON_ARRAY_END:
        pl_jw_array_end(w);
        break;
    case PL_JSON_STRING:
        pl_jw_string(w, mask_inner(t->raw, plain, text));
        break;
    default:
        pl_jw_raw(w, pl_secret_is_in(t->raw) ? PL_SLICE("\"***\"") : t->raw);
    }
}

void pl_secret_mask_json(pl_buf *out, pl_slice json)
{
    pl_json_reader r;
    pl_json_token token;
    pl_json_writer w;
    pl_buf plain, text;
    pl_buf_init(&plain);
    pl_buf_init(&text);
    pl_json_open(&r, json, PL_JSON_MAX_DEPTH);
    pl_jw_init(&w, out);
    while (pl_json_next(&r, &token) == 0 && token.kind != PL_JSON_END)
        mask_token(&w, &token, &plain, &text);
    pl_buf_fini(&plain);
    pl_buf_fini(&text);
}

/* Every byte of `given` is compared with some byte, whatever came out of those before it. */
bool pl_secret_eq(pl_slice secret, pl_slice given)
{
    volatile uint8_t differs = secret.len != given.len;
    const char *s = secret.len ? secret.ptr : "";
    for (size_t i = 0, j = 0; i < given.len; i++) {
        differs = differs | (uint8_t)(s[j] ^ given.ptr[i]);
        j += j + 1 < secret.len;
    }
    return differs == 0;
}
