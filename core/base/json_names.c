/* SPDX-License-Identifier: MIT
 *
 * Names that an object has twice. The names of all objects that are open wait in one stack, as in
 *
 *     {"a": 1, "b": {"c": 2, ...        a b | c ...        (| where the inner object began)
 *
 * and an object is looked at when it ends: a small one by comparing each name with all others, a
 * large one by sorting, so that no document costs more than its size times a logarithm. */
#include "base/json.h"

#include "base/json_bytes.h"

#include <stdlib.h>

#define FEW 16 /* names that are compared without sorting */

#define ROOM_AT_FIRST 64 /* names, which is what most documents have open at most */

typedef struct name {
    const char *ptr;   /* as it is written, without quotes */
    uint32_t len : 31; /* limits.body ends at half of that */
    uint32_t has_escapes : 1;
    uint32_t hash; /* of what it says, not of how it is written */
} name;

static pl_slice raw_of(const name *n)
{
    return (pl_slice){n->ptr, n->len};
}

static name *name_at(const pl_json_names *n, size_t i)
{
    return (name *)(void *)n->stack.ptr + i;
}

static uint32_t hash_of(pl_slice s)
{
    const uint64_t factor = 0x9E3779B97F4A7C15u; /* Fibonacci's */
    uint64_t hash = s.len;
    for (; s.len > 8; s = pl_slice_from(s, 8))
        hash = (hash ^ pl_word_of(s.ptr, 8)) * factor, hash ^= hash >> 32;
    hash = (hash ^ pl_word_of(s.ptr, s.len)) * factor;
    return (uint32_t)(hash >> 32);
}

static void put_plain(const name *n, pl_buf *out)
{
    if (n->has_escapes)
        pl_json_unescape_inner(raw_of(n), out);
    else
        pl_buf_put_slice(out, raw_of(n));
}

static uint32_t hash_of_escaped(const name *n)
{
    pl_buf plain;
    pl_buf_init(&plain);
    put_plain(n, &plain);
    uint32_t hash = hash_of(pl_buf_slice(&plain));
    pl_buf_fini(&plain);
    return hash;
}

static void push(pl_json_names *n, const pl_json_token *token)
{
    name added = {
        .ptr = token->key.ptr,
        .len = (uint32_t)token->key.len & INT32_MAX,
        .has_escapes = token->key_has_escapes,
    };
    added.hash = added.has_escapes ? hash_of_escaped(&added) : hash_of(token->key);
    if (n->stack.ptr == NULL) pl_buf_reserve(&n->stack, ROOM_AT_FIRST * sizeof added);
    memcpy(pl_buf_reserve(&n->stack, sizeof added), &added, sizeof added);
    n->stack.len += sizeof added;
    n->count++;
}

static int compare_bytes(pl_slice a, pl_slice b)
{
    if (a.len != b.len) return a.len < b.len ? -1 : 1;
    return a.len ? memcmp(a.ptr, b.ptr, a.len) : 0;
}

static int compare_plain(const name *a, const name *b)
{
    if (!a->has_escapes && !b->has_escapes) return compare_bytes(raw_of(a), raw_of(b));
    pl_buf x, y;
    pl_buf_init(&x);
    pl_buf_init(&y);
    put_plain(a, &x);
    put_plain(b, &y);
    int order = compare_bytes(pl_buf_slice(&x), pl_buf_slice(&y));
    pl_buf_fini(&x);
    pl_buf_fini(&y);
    return order;
}

static bool is_same(const name *a, const name *b)
{
    return a->hash == b->hash && compare_plain(a, b) == 0;
}

/* Equal names become neighbours in the order of their places, whatever hashes a stranger makes up. */
static int compare(const void *a, const void *b)
{
    const name *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    int order = compare_plain(x, y);
    return order ? order : x->ptr < y->ptr ? -1 : 1;
}

static const char *earlier(const char *a, const char *b)
{
    return a == NULL || b < a ? b : a;
}

/* Where the first of a few names stands that was there before, or NULL. */
static const char *find_among_few(const name *list, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (is_same(&list[i], &list[j])) return list[i].ptr;
    return NULL;
}

static const char *find_among_many(name *list, size_t count)
{
    const char *found = NULL;
    qsort(list, count, sizeof *list, compare);
    for (size_t i = 1; i < count; i++)
        if (is_same(&list[i], &list[i - 1])) found = earlier(found, list[i].ptr);
    return found;
}

/* The object at the end of the stack is over. */
static const char *close_object(pl_json_names *n, int depth)
{
    size_t began = n->began[depth], count = n->count - began;
    n->count = began;
    n->stack.len = began * sizeof(name);
    if (count < 2) return NULL;
    name *list = name_at(n, began);
    return count > FEW ? find_among_many(list, count) : find_among_few(list, count);
}

void pl_json_names_init(pl_json_names *n)
{
    pl_buf_init(&n->stack);
    n->count = 0;
    n->repeated = NULL;
}

void pl_json_names_take(pl_json_names *n, const pl_json_reader *r, const pl_json_token *token)
{
    if (token->key.ptr) push(n, token);
    if (token->kind == PL_JSON_OBJECT) n->began[r->depth - 1] = n->count;
    if (token->kind != PL_JSON_OBJECT_END) return;
    const char *here = close_object(n, r->depth);
    if (here) n->repeated = earlier(n->repeated, here);
}

bool pl_json_names_fini(pl_json_names *n, pl_slice document, pl_json_fault *fault)
{
    pl_buf_fini(&n->stack);
    if (n->repeated == NULL) return false;
    pl_json_reader at = {.start = document.ptr, .at = n->repeated - 1};
    at.error = "this name is there twice";
    pl_json_fault_of(&at, fault);
    return true;
}

bool pl_json_repeats(pl_slice document, pl_json_fault *fault)
{
    pl_json_names names;
    pl_json_reader r;
    pl_json_token token;
    pl_json_names_init(&names);
    pl_json_open(&r, document, PL_JSON_MAX_DEPTH);
    while (pl_json_next(&r, &token) == 0 && token.kind != PL_JSON_END)
        pl_json_names_take(&names, &r, &token);
    return pl_json_names_fini(&names, document, fault);
}
