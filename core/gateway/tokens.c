/* SPDX-License-Identifier: MIT
 *
 * A named token is one text in the settings, which the loader makes of what gateway.lua says, and
 * which flags and environment can give as well:
 *
 *     name=shop scope=ingest connectors=shop|crm sha256=HEX
 *     name=ci scope=admin token=THE-TOKEN
 *
 * Words with a space between; `token` comes last and is the rest of the text. A further word is
 * certificate=, percent-encoded. */
#include "gateway/tokens.h"

#include "base/secret.h"
#include "crypto/hash.h"
#include "http/syntax.h"
#include "http/url.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define SHA256_BYTES 32

struct pl_tokens {
    atomic_uint refs;
    size_t count;
    pl_token *items;
};

/* Where mistakes go, and of which token. */
typedef struct reader {
    pl_generation *generation;
    const char *file;
    pl_faults *faults;
    char place[160];
    bool has_client_ca; /* clients are asked for certificates */
    bool is_wrong;
} reader;

static void fault(reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fault(reader *r, const char *format, ...)
{
    char text[256], whole[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(whole, sizeof whole, "%s: %s", r->place, text);
    pl_faults_add(r->faults, r->file, 0, whole);
    r->is_wrong = true;
}

static void hash(pl_slice token, char sha256[SHA256_BYTES])
{
    pl_hash h;
    pl_hash_of(PL_SLICE("sha256"), token, &h);
    memcpy(sha256, h.bytes, SHA256_BYTES);
}

/* -- the words of a named token -- */

static bool is_name(pl_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!pl_is_token_byte((unsigned char)s.ptr[i])) return false;
    return s.len > 0;
}

static void take_name(reader *r, pl_token *t, pl_slice value)
{
    if (!is_name(value)) fault(r, "'name' has bytes that cannot stand in a name");
    free((char *)(uintptr_t)t->name.ptr);
    t->name = (pl_slice){pl_alloc_text(value), value.len};
    snprintf(r->place, sizeof r->place, "the token '%.*s'", value.len < 100 ? (int)value.len : 100,
             value.ptr);
}

static void take_scope(reader *r, pl_token *t, pl_slice value)
{
    t->is_admin = pl_slice_eq(value, PL_SLICE("admin"));
    if (!t->is_admin && !pl_slice_eq(value, PL_SLICE("ingest")))
        fault(r, "'scope' is ingest or admin");
}

static void take_connectors(reader *r, pl_token *t, pl_slice value)
{
    pl_slice rest = value, id;
    while (rest.len) {
        pl_cut(&rest, '|', &id);
        if (id.len == 0) continue;
        t->only.items = pl_realloc(t->only.items, (t->only.count + 1) * sizeof(char *));
        char *own = pl_alloc_text(id);
        t->only.items[t->only.count++] = own;
        bool is_known =
            r->generation == NULL || r->generation->find(r->generation, id, PL_NO_SLICE) >= 0;
        if (!is_known) fault(r, "'connectors': there is no connector '%s'", own);
    }
    if (t->only.count == 0) fault(r, "'connectors' names none");
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void take_certificate(reader *r, pl_token *t, pl_slice value)
{
    pl_buf text;
    pl_buf_init(&text);
    if (!pl_url_decode(&text, value, false) || text.len == 0)
        fault(r, "'certificate' is the subject or the SHA-256 of one");
    free((char *)(uintptr_t)t->certificate.ptr);
    t->certificate = (pl_slice){pl_alloc_text(pl_buf_slice(&text)), text.len};
    pl_buf_fini(&text);
    if (!r->has_client_ca) fault(r, "'certificate': without tls.client_ca no client shows one");
}

static void take_sha256(reader *r, pl_token *t, pl_slice value)
{
    bool is_good = value.len == 2 * (size_t)SHA256_BYTES;
    for (size_t i = 0; i < SHA256_BYTES && is_good; i++) {
        int high = digit(value.ptr[2 * i]), low = digit(value.ptr[2 * i + 1]);
        is_good = high >= 0 && low >= 0;
        t->sha256[i] = (char)(high << 4 | low);
    }
    if (!is_good) fault(r, "'sha256' is 64 hexadecimal digits");
}

static void take_token(reader *r, pl_token *t, pl_slice value)
{
    if (value.len == 0) fault(r, "a token must not be empty");
    hash(value, t->sha256);
    pl_secret_register(value);
}

static const struct word {
    pl_slice name;
    void (*take)(reader *r, pl_token *t, pl_slice value);
} words[] = {
    {{"name", 4}, take_name},
    {{"scope", 5}, take_scope},
    {{"connectors", 10}, take_connectors},
    {{"sha256", 6}, take_sha256},
    {{"token", 5}, take_token},
    {{"certificate", 11}, take_certificate},
};

enum { HAS_NAME = 1, HAS_SCOPE = 2, HAS_CONNECTORS = 4, HAS_SHA256 = 8, HAS_TOKEN = 16 };

/* The word's bit, or 0. */
static int take_word(reader *r, pl_token *t, pl_slice *rest)
{
    pl_slice name, value = *rest;
    if (!pl_cut(&value, '=', &name)) return 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!pl_slice_eq(words[i].name, name)) continue;
        *rest = PL_NO_SLICE;
        if (words[i].take != take_token) {
            pl_slice whole = value;
            pl_cut(&whole, ' ', &value);
            *rest = pl_trim(whole);
        }
        words[i].take(r, t, value);
        return 1 << i;
    }
    return 0;
}

static void read_named(reader *r, pl_token *t, pl_slice text)
{
    int had = 0;
    while (text.len) {
        int word = take_word(r, t, &text);
        if (word == 0 || (had & word)) {
            fault(r, "name=, scope=, connectors=, certificate=, sha256= and token= are what can be "
                     "said, once");
            return;
        }
        had |= word;
    }
    if (!(had & HAS_NAME)) fault(r, "'name' is missing");
    if (!(had & HAS_SCOPE)) fault(r, "'scope' is missing");
    if (!(had & HAS_SHA256) == !(had & HAS_TOKEN)) fault(r, "either 'sha256' or 'token' is needed");
    if (t->is_admin && (had & HAS_CONNECTORS))
        fault(r, "'connectors' is for the scope ingest; admin may do everything");
}

/* -- all of them -- */

static pl_token *add(pl_tokens *t)
{
    t->items = pl_realloc(t->items, (t->count + 1) * sizeof *t->items);
    t->items[t->count] = (pl_token){0};
    return &t->items[t->count++];
}

static void add_short(pl_tokens *t, reader *r, const pl_list *list, const char *name, bool is_admin)
{
    snprintf(r->place, sizeof r->place, "%s", name);
    for (size_t i = 0; i < list->count; i++) {
        pl_token *token = add(t);
        take_name(r, token, pl_slice_of(name));
        snprintf(r->place, sizeof r->place, "%s", name);
        token->is_admin = is_admin;
        take_token(r, token, pl_slice_of(list->items[i]));
    }
}

static void add_named(pl_tokens *t, reader *r, const pl_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        snprintf(r->place, sizeof r->place, "tokens.named: token %zu", i + 1);
        read_named(r, add(t), pl_slice_of(list->items[i]));
        for (size_t k = 0; k + 1 < t->count; k++)
            if (pl_slice_eq(t->items[k].name, t->items[t->count - 1].name))
                fault(r, "there are two of this name");
    }
}

pl_tokens *pl_tokens_new(const pl_settings *s, pl_generation *g, const char *file,
                         pl_faults *faults)
{
    pl_tokens *t = pl_alloc_zero(sizeof *t);
    reader r = {.generation = g,
                .file = file,
                .faults = faults,
                .has_client_ca = s->tls_client_ca[0] != '\0'};
    atomic_init(&t->refs, 1);
    add_named(t, &r, &s->tokens_named);
    add_short(t, &r, &s->tokens_ingest, "tokens.ingest", false);
    add_short(t, &r, &s->tokens_admin, "tokens.admin", true);
    if (!r.is_wrong) return t;
    pl_tokens_unref(t);
    return NULL;
}

pl_tokens *pl_tokens_ref(pl_tokens *t)
{
    atomic_fetch_add(&t->refs, 1);
    return t;
}

void pl_tokens_unref(pl_tokens *t)
{
    if (t == NULL || atomic_fetch_sub(&t->refs, 1) != 1) return;
    for (size_t i = 0; i < t->count; i++) {
        pl_list *only = &t->items[i].only;
        for (size_t k = 0; k < only->count; k++)
            free(only->items[k]);
        free(only->items);
        free((char *)(uintptr_t)t->items[i].name.ptr);
        free((char *)(uintptr_t)t->items[i].certificate.ptr);
    }
    free(t->items);
    free(t);
}

bool pl_tokens_any(const pl_tokens *t)
{
    return t->count > 0;
}

const pl_token *pl_tokens_find(const pl_tokens *t, pl_slice given)
{
    char sha256[SHA256_BYTES];
    const pl_token *found = NULL;
    hash(given, sha256);
    for (size_t i = 0; i < t->count; i++) {
        bool is_it = pl_secret_eq((pl_slice){t->items[i].sha256, SHA256_BYTES},
                                  (pl_slice){sha256, SHA256_BYTES});
        if (is_it && (found == NULL || t->items[i].is_admin)) found = &t->items[i];
    }
    return found;
}

bool pl_token_takes(const pl_token *t, const pl_certificate *certificate)
{
    if (t->certificate.len == 0) return true;
    return certificate && (pl_slice_eq(t->certificate, certificate->subject) ||
                           pl_slice_eq_nocase(t->certificate, certificate->sha256));
}

static void wipe(pl_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        explicit_bzero(list->items[i], strlen(list->items[i]));
        free(list->items[i]);
    }
    free(list->items);
    *list = (pl_list){0};
}

void pl_tokens_forget(pl_settings *s)
{
    wipe(&s->tokens_ingest);
    wipe(&s->tokens_admin);
    wipe(&s->tokens_named);
}
