/* SPDX-License-Identifier: MIT
 *
 * JSON as bytes (RFC 8259, strictly): a reader that validates and walks a document
 * without building anything, look-ups that give the span of a value, and a writer.
 * Decoding into Lua tables is script/'s work and goes by an index (json_index.h).
 * Nothing here allocates, except that the writer grows a pl_buf. */
#ifndef PL_BASE_JSON_H
#define PL_BASE_JSON_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdint.h>

#define PL_JSON_MAX_DEPTH 512 /* the most that a depth limit may be set to */

enum pl_json_kind {
    PL_JSON_END, /* of the whole document */
    PL_JSON_NULL,
    PL_JSON_FALSE,
    PL_JSON_TRUE,
    PL_JSON_NUMBER,
    PL_JSON_STRING,
    PL_JSON_ARRAY,     /* [ */
    PL_JSON_ARRAY_END, /* ] */
    PL_JSON_OBJECT,    /* { */
    PL_JSON_OBJECT_END /* } */
};

typedef struct pl_json_token {
    enum pl_json_kind kind;
    pl_slice raw;     /* the token's bytes; of a string without its quotes, escapes as written */
    pl_slice key;     /* the member's name as written, without quotes; ptr NULL outside objects */
    bool has_escapes; /* of a string value */
    bool key_has_escapes;
} pl_json_token;

typedef struct pl_json_reader {
    const char *start, *at, *end;
    int depth, max_depth;
    uint64_t is_object[PL_JSON_MAX_DEPTH / 64]; /* one bit a level */
    bool in_object;                             /* the bit of the innermost level */
    bool expects_comma, is_done;
    const char *error; /* what was wrong, NULL while all is well */
} pl_json_reader;

/* Where and why a document was refused. Line and column count from 1, columns in bytes. */
typedef struct pl_json_fault {
    const char *message; /* static text, e.g. "expected ',' or '}'" */
    size_t offset;
    int line, column;
} pl_json_fault;

void pl_json_open(pl_json_reader *r, pl_slice document, int max_depth);
/* The next token: 0, or PL_E_BAD_JSON with the reader's fault set. UTF-8 is validated, lone
 * surrogates are refused, numbers follow the grammar, nothing may follow the document. After
 * PL_JSON_END more calls give PL_JSON_END. */
int pl_json_next(pl_json_reader *r, pl_json_token *token);
/* Right after a token that opened an array or object:
 * moves behind its end; `raw` is the whole value. */
int pl_json_skip(pl_json_reader *r, pl_slice *raw);
/* One whole value, scalars included: the span of its bytes. */
int pl_json_value(pl_json_reader *r, pl_json_token *token, pl_slice *raw);
void pl_json_fault_of(const pl_json_reader *r, pl_json_fault *fault);

/* Is this one valid document? 0 or PL_E_BAD_JSON with *fault (may be NULL) filled. */
int pl_json_check(pl_slice document, int max_depth, pl_json_fault *fault);
/* The names of a document, watched while it is read. */
typedef struct pl_json_names {
    pl_buf stack;                    /* those of the objects that are open */
    size_t began[PL_JSON_MAX_DEPTH]; /* by depth: how many were there before the object's own */
    size_t count;
    const char *repeated; /* the first that its object has twice, or NULL */
} pl_json_names;

void pl_json_names_init(pl_json_names *n);
/* Each token of the document in turn, right after it was read. */
void pl_json_names_take(pl_json_names *n, const pl_json_reader *r, const pl_json_token *token);
/* As pl_json_repeats, when the document is over and valid. */
bool pl_json_names_fini(pl_json_names *n, pl_slice document, pl_json_fault *fault);
/* Has an object of a *valid* document a name twice? Then *fault is the first one's second place.
 * Names compare by what they say, "\u0061" is "a". */
bool pl_json_repeats(pl_slice document, pl_json_fault *fault);
/* Appends the JSON pointer (RFC 6901) of the value that stands, or should stand, at `offset` of a
 * document: of a fault, say. What is behind the offset is not looked at. */
void pl_json_pointer(pl_slice document, size_t offset, pl_buf *out);
/* Appends one reference token of a JSON pointer, escaped, with the slash in front. */
void pl_json_pointer_put(pl_buf *out, pl_slice name);
/* The value that a dotted path names in a *valid* document: "a.b.0.c", members and array indexes
 * from 0. Its raw span (strings with their quotes) or PL_NO_SLICE. Of a duplicated member the last
 * counts. An empty path names the whole. */
pl_slice pl_json_find(pl_slice document, pl_slice path);
/* Does a name, as it is written inside its quotes, say this? */
bool pl_json_name_is(pl_slice raw, bool has_escapes, pl_slice name);
/* Appends the text of a raw JSON string (with quotes) to `out`; false when raw is not a string. */
bool pl_json_unescape(pl_slice raw, pl_buf *out);
/* The same for the inside of a string, as pl_json_token.raw and .key give it. */
void pl_json_unescape_inner(pl_slice inner, pl_buf *out);

/* The writer: values go into `out` with commas and colons put where they belong. */
typedef struct pl_json_writer {
    pl_buf *out;
    bool wants_comma;
} pl_json_writer;

void pl_jw_init(pl_json_writer *w, pl_buf *out);
/* A name that needs no escapes: one of ours. */
void pl_jw_key(pl_json_writer *w, const char *key);
void pl_jw_key_slice(pl_json_writer *w, pl_slice key);
void pl_jw_object(pl_json_writer *w);
void pl_jw_object_end(pl_json_writer *w);
void pl_jw_array(pl_json_writer *w);
void pl_jw_array_end(pl_json_writer *w);
/* Bytes that are not UTF-8 come out as U+FFFD, so that the document stays valid. */
void pl_jw_string(pl_json_writer *w, pl_slice s);
void pl_jw_text(pl_json_writer *w, const char *text); /* NULL writes null */
void pl_jw_int(pl_json_writer *w, int64_t n);
/* Members of which nothing, an empty text or 0, is null. A time is written as pl_time_format does. */
void pl_jw_member_text(pl_json_writer *w, const char *key, pl_slice text);
void pl_jw_member_int(pl_json_writer *w, const char *key, int64_t n);
void pl_jw_member_time(pl_json_writer *w, const char *key, int64_t wall_ms);
/* Microseconds as milliseconds: 1250 is 1.250. */
void pl_jw_ms(pl_json_writer *w, int64_t us);
void pl_jw_bool(pl_json_writer *w, bool b);
void pl_jw_null(pl_json_writer *w);
/* A value that is JSON already; an empty slice writes null. */
void pl_jw_raw(pl_json_writer *w, pl_slice json);
/* The escaped inside of a JSON string, without quotes. */
void pl_json_escape(pl_buf *out, pl_slice s);
/* Appends the inside of a string of a *valid* document, escaped as above. */
void pl_json_put_inner(pl_buf *out, pl_slice inner);
/* Appends a value of a *valid* document without white space, its strings escaped as above: what
 * decoding and encoding make of it. */
void pl_json_put_compact(pl_buf *out, pl_slice value);

#endif
