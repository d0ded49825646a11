/* SPDX-License-Identifier: MIT
 *
 * Any bytes through the JSON reader. What must hold of a document that check accepts: the tokens
 * nest, each lies inside; value gives the whole; what a string says, written again, says the same;
 * what find finds is a document. And of one that it refuses: the fault lies inside, and walking
 * ends with the same fault. */
#include "base/json_index.h"
#include "fuzz.h"

#define MAX_DEPTH 32

static void must_be_inside(pl_slice part, pl_slice whole)
{
    MUST(part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

/* The inside of a string: unescaped, escaped and unescaped again it is the same text. */
static void round_trip(pl_slice inner, bool has_escapes)
{
    pl_buf text, written, again;
    pl_json_writer w;
    pl_buf_init(&text);
    pl_buf_init(&written);
    pl_buf_init(&again);
    pl_json_unescape_inner(inner, &text);
    MUST(text.len <= inner.len);
    MUST(has_escapes || pl_slice_eq(pl_buf_slice(&text), inner));
    pl_jw_init(&w, &written);
    pl_jw_string(&w, pl_buf_slice(&text));
    MUST(pl_json_check(pl_buf_slice(&written), 1, NULL) == 0);
    MUST(pl_json_unescape(pl_buf_slice(&written), &again));
    MUST(pl_slice_eq(pl_buf_slice(&text), pl_buf_slice(&again)));
    pl_buf_fini(&text);
    pl_buf_fini(&written);
    pl_buf_fini(&again);
}

static int walk(pl_slice document, pl_json_reader *r)
{
    pl_json_token t;
    int err, depth = 0;
    pl_json_open(r, document, MAX_DEPTH);
    while ((err = pl_json_next(r, &t)) == 0 && t.kind != PL_JSON_END) {
        must_be_inside(t.raw, document);
        if (t.key.ptr) must_be_inside(t.key, document);
        if (t.key.ptr) round_trip(t.key, t.key_has_escapes);
        if (t.kind == PL_JSON_STRING) round_trip(t.raw, t.has_escapes);
        depth += t.kind == PL_JSON_ARRAY || t.kind == PL_JSON_OBJECT;
        depth -= t.kind == PL_JSON_ARRAY_END || t.kind == PL_JSON_OBJECT_END;
        MUST(depth == r->depth && depth >= 0 && depth <= MAX_DEPTH);
    }
    MUST(err || depth == 0);
    return err;
}

static void try_valid(pl_slice document)
{
    static const char *const paths[] = {"", "0", "a", "a.b", "a.0.b", "1.a", ".", "a.b.0.c"};
    pl_json_reader r;
    pl_json_token t;
    pl_slice whole;
    MUST(walk(document, &r) == 0);
    pl_json_open(&r, document, MAX_DEPTH);
    MUST(pl_json_value(&r, &t, &whole) == 0);
    must_be_inside(whole, document);
    MUST(pl_json_is_valid(whole, MAX_DEPTH));
    MUST(pl_slice_eq(pl_json_find(document, PL_NO_SLICE), whole));
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        pl_slice found = pl_json_find(document, pl_slice_of(paths[i]));
        if (found.ptr == NULL) continue;
        must_be_inside(found, document);
        MUST(pl_json_check(found, MAX_DEPTH, NULL) == 0);
    }
}

static void try_invalid(pl_slice document, const pl_json_fault *fault)
{
    pl_json_reader r;
    pl_json_token t;
    pl_json_fault again;
    MUST(fault->message && fault->offset <= document.len && fault->line >= 1 && fault->column >= 1);
    MUST(!pl_json_is_valid(document, MAX_DEPTH));
    MUST(walk(document, &r) != 0);
    MUST(pl_json_next(&r, &t) != 0);
    pl_json_fault_of(&r, &again);
    MUST(again.offset == fault->offset && again.message == fault->message);
    pl_buf pointer;
    pl_buf_init(&pointer);
    pl_json_pointer(document, fault->offset, &pointer);
    MUST(pointer.len == 0 || pointer.ptr[0] == '/');
    pl_buf_fini(&pointer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pl_slice document = {(const char *)data, size};
    pl_json_fault fault;
    pl_buf out;
    if (pl_json_check(document, MAX_DEPTH, &fault) == 0)
        try_valid(document);
    else
        try_invalid(document, &fault);
    pl_buf_init(&out);
    pl_json_unescape_inner(document, &out); /* whatever it is: no byte outside */
    pl_json_find(document, PL_SLICE("a.0"));
    pl_buf_fini(&out);
    return 0;
}
