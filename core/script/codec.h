/* SPDX-License-Identifier: MIT
 *
 * JSON to Lua values and back, so that a document that goes through a script comes out meaning the
 * same: order of keys, null, empty arrays and every digit survive. What a document becomes:
 *
 *   object   an ordinary table; its metatable leads to its shape, the sequence of its keys
 *            (json_shape.c)
 *   array    an ordinary sequence with the array metatable; templates know a second kind, the tuple
 *   null     one userdata
 *   number   a Lua number if Lua prints it back as it was written, else an exact number
 *            (json_number.c)
 *
 * One codec a state, used by that state's thread.
 * Indexes of the stack are absolute unless they say otherwise. */
#ifndef PL_SCRIPT_CODEC_H
#define PL_SCRIPT_CODEC_H

#include "base/buf.h"
#include "base/json.h"
#include "base/json_index.h"
#include "text/number.h"

#include <lua.h>
#include <stdint.h>

typedef struct pl_shape pl_shape;

typedef struct pl_codec {
    int cells;      /* registry: table of what Lua has of each shape, as enum pl_cell says */
    int array_meta; /* registry */
    int tuple_meta; /* registry */
    int null;       /* registry */
    int exact;      /* registry: text -> exact number, weak */
    /* What lua_topointer gives for the null and for the metatable of exact numbers. */
    const void *null_address, *exact_meta_address;
    pl_shape *root;  /* of the empty object */
    pl_shape *forms; /* the form of a table without members */
    pl_shape **buckets;
    uint32_t shape_count, form_count;
    int next_cell;
    pl_buf text;  /* scratch: unescaped strings; messages */
    pl_buf key;   /* scratch: unescaped keys */
    pl_buf out;   /* scratch: what encode writes */
    pl_buf keys;  /* scratch: keys to be sorted, a stack */
    pl_buf nodes; /* scratch: of a text */
} pl_codec;

void pl_codec_init(pl_codec *c, lua_State *L);
void pl_codec_fini(pl_codec *c);

/* What stands for a secret beside a text, with its bytes behind it. */
typedef struct pl_coded_secret {
    size_t offset; /* of the null in the text */
    size_t len;
} pl_coded_secret;

/* -- decode -- */

typedef struct pl_decode_options {
    int max_depth;        /* at most PL_JSON_MAX_DEPTH */
    bool last_wins;       /* a name that is there twice: the last value counts; else a fault */
    bool numbers_as_read; /* decimals are doubles, as in Python and JavaScript; else as written */
    pl_slice secrets;     /* as encoding noted them */
} pl_decode_options;

typedef struct pl_decode_fault {
    const char *message; /* static, or in the codec until its next use */
    size_t offset;
    int line, column;
} pl_decode_fault;

/* Pushes the value of a document: 0, or PL_E_BAD_JSON with *fault and nothing pushed. What is no JSON
 * is said before a name that is there twice. */
int pl_codec_decode(pl_codec *c, lua_State *L, pl_slice text, const pl_decode_options *options,
                    pl_decode_fault *fault);
/* The same of one value of a valid document whose nodes are known, which need not be read again. Of
 * a name that is there twice the last value counts. */
int pl_codec_decode_node(pl_codec *c, lua_State *L, pl_slice text, const pl_json_node *nodes,
                         const pl_json_node *value, pl_decode_fault *fault);
/* The nodes of a text, until `end` or the next text: 0, or PL_E_BAD_JSON with *fault. Raises when they
 * would take more memory than the run may have. */
int pl_codec_begin_nodes(pl_codec *c, lua_State *L, pl_slice text, int max_depth,
                         pl_decode_fault *fault);
static inline const pl_json_node *pl_codec_nodes(const pl_codec *c)
{
    return (const pl_json_node *)(const void *)c->nodes.ptr;
}
void pl_codec_end_nodes(pl_codec *c);
void pl_codec_push_null(pl_codec *c, lua_State *L);
/* Pushes what a node of a document that is no container stands for. */
void pl_codec_push_scalar(pl_codec *c, lua_State *L, pl_slice text, const pl_json_node *node);
/* Pushes the number that a valid JSON literal stands for. */
void pl_codec_push_number(pl_codec *c, lua_State *L, pl_slice literal);
/* The same for the double that the literal is read as: whole ones as Python prints them ("1000.0",
 * "1e+16"). */
void pl_codec_push_number_read(pl_codec *c, lua_State *L, pl_slice literal);
/* Pushes the exact number of a literal that is not plain (pl_number_plain). */
void pl_codec_push_exact(pl_codec *c, lua_State *L, pl_slice literal);

/* -- encode -- */

typedef struct pl_encode_options {
    bool sorted;     /* all keys sorted, not only those of plain tables */
    pl_slice indent; /* of one level; empty: no white space at all */
    /* As tojson of Jinja writes it: a space behind ',' and ':', all of ASCII, nothing that means
     * something in HTML, and numbers as Python has them, NaN and Infinity too. */
    bool for_html;
    size_t max_bytes; /* about where a text that is too large ends; 0: 256 MiB */
    /* For the process's own memory: secrets are written as null and noted here, one pl_coded_secret
     * each. NULL: a value with secrets cannot be written. */
    pl_buf *secrets;
} pl_encode_options;

/* Appends the value at `index`: 0, or PL_E_SCRIPT
 * with the reason, which names the place, in c->text. */
int pl_codec_encode(pl_codec *c, lua_State *L, int index, const pl_encode_options *options,
                    pl_buf *out);
/* Pushes the keys of a table as an array: in source order, later ones behind them, sorted. Of the
 * dicts of templates also those that are no strings. */
void pl_codec_push_keys(pl_codec *c, lua_State *L, int table);
/* Puts the string keys of a table, but those of `except`, sorted onto c->keys, a stack of slices: how
 * many, or -1 when a key is no string. They are Lua's bytes, which stay while they are keys. */
int pl_codec_collect_keys(pl_codec *c, lua_State *L, int table, const pl_shape *except);
/* Pushes under what a key of a LISTED table's list is stored; nil: not in the table itself. */
void pl_codec_push_stored_key(lua_State *L, int key);
/* What cannot be written of a string: the offset of its first
 * byte that is not UTF-8, or -1 when all was appended. */
int64_t pl_string_put(pl_buf *out, const char *s, size_t len);
/* The same, all in ASCII and with < > & ' as escapes. */
int64_t pl_string_put_html(pl_buf *out, const char *s, size_t len);

/* -- shapes -- */

/* How a table is marked. With PL_TABLE_LISTED its keys are
 * in a list of its own, because it has too many for a shape. */
enum pl_table_kind { PL_TABLE_PLAIN, PL_TABLE_ARRAY, PL_TABLE_SHAPED, PL_TABLE_LISTED };

#define PL_SHAPE_MAX_KEYS 64   /* an object with more keeps a list of its own */
#define PL_SHAPE_OFTEN    64   /* so many objects of a shape, and functions for them are worth it */
#define PL_SHAPE_BUCKETS  4096 /* power of two */
#define PL_MEMBER_SLACK   16
#define PL_FORM_MAX_KEYS  32 /* a table with more is written without a form */

/* What is in the cells of a shape, from its first one on. */
enum pl_cell {
    PL_CELL_KEY,   /* the last key */
    PL_CELL_META,  /* the metatable of its tables, once there is a path */
    PL_CELL_MAKER, /* functions (json_maker.c) */
    PL_CELL_READER,
    PL_CELLS
};

/* Or a form, the sequence of keys in which a table is written (json_object.c). */
struct pl_shape {
    pl_shape *parent; /* the shape without the last key */
    pl_shape *last;   /* the child that was taken last: a guess at the next */
    pl_shape *next;   /* in the bucket */
    const char *key;  /* the last key: bytes of the Lua string in the cells */
    size_t key_len;
    uint64_t word; /* of a key of up to eight bytes: those, as pl_word_of has them */
    char *member;  /* `,"key":` as JSON, and PL_MEMBER_SLACK bytes that can be read */
    size_t member_len;
    /* The shapes of one key, two keys, ... down to this one; made with the metatable. */
    pl_shape **path;
    /* What objects that are the last key's value, or in it, will be: as the last one was. Or NULL. */
    pl_shape *below;
    /* The same of tables that are written as the last key's value, or as elements of it: forms of
     * which there are readers. */
    pl_shape *written, *elements;
    pl_shape *of;    /* of a form: that of the table that had it last; NULL: all keys sorted */
    pl_shape *other; /* the form, with a reader, that came where this one was expected */
    int cell;        /* the first one of its cells */
    uint32_t depth;  /* how many keys */
    uint32_t made;   /* objects of it, up to PL_SHAPE_OFTEN */
    uint32_t read;   /* the same of tables that were written */
    uint32_t children;
    bool has_maker, has_reader;
};

enum pl_shape_step { PL_SHAPE_OK, PL_SHAPE_DUPLICATE, PL_SHAPE_FULL };

void pl_shapes_init(pl_codec *c, lua_State *L);
void pl_shapes_fini(pl_codec *c);
/* From a shape by one more key to the next, in a trie of `*count` nodes. FULL: it takes no more here,
 * or no such key. `cells`: index of the table of cells. */
enum pl_shape_step pl_shape_child(pl_codec *c, lua_State *L, int cells, pl_shape **shape,
                                  pl_slice key, uint32_t *count);
/* Fills in the path, unless it is there. */
void pl_shape_make_path(pl_shape *shape);
/* Marks the table at `table`. */
void pl_shape_mark(lua_State *L, int cells, pl_shape *shape, int table);
/* Makes the maker (json_maker.c): a function of the values, in the order of their keys, that gives
 * the table, marked. There have been tables of the shape. False: it goes without. */
bool pl_shape_make_maker(lua_State *L, int cells, pl_shape *shape);
/* The reader: a function of a table that gives the values in the order of the keys, nil for those
 * that the table has not, and nothing when it has another number of keys. The table must have no
 * metamethods but our own. */
bool pl_shape_make_reader(lua_State *L, int cells, pl_shape *shape);
/* Has the shape a maker? Asked for each of its objects: one that is met often gets one. */
static inline bool pl_shape_has_maker(lua_State *L, int cells, pl_shape *shape)
{
    if (shape->made == PL_SHAPE_OFTEN) return shape->has_maker;
    return ++shape->made == PL_SHAPE_OFTEN && pl_shape_make_maker(L, cells, shape);
}
/* Has it a reader? */
static inline bool pl_shape_has_reader(lua_State *L, int cells, pl_shape *shape)
{
    if (shape->read == PL_SHAPE_OFTEN) return shape->has_reader;
    return ++shape->read == PL_SHAPE_OFTEN && pl_shape_make_reader(L, cells, shape);
}
/* Pops a list of keys off the stack and marks the table with it. */
void pl_shape_mark_listed(lua_State *L, int table);
/* Pushes a new metatable that says `kind` of its tables. */
void pl_shape_push_meta(lua_State *L, void *kind);
enum pl_table_kind pl_table_kind_of(lua_State *L, int table, pl_shape **shape);
/* The same of the metatable on the top of the stack, which stays there. */
enum pl_table_kind pl_table_kind_by(lua_State *L, pl_shape **shape);
/* Pushes the list of keys of a LISTED table. */
void pl_table_push_list(lua_State *L, int table);
/* Gives the LISTED table a list of its own, a copy, in place of one that it shares. */
void pl_table_own_list(lua_State *L, int table);
extern char pl_array_mark, pl_tuple_mark;

/* -- exact numbers -- */

#define PL_EXACT "perilune.exact" /* name of the userdata's metatable in the registry */
#define PL_NULL  "perilune.null"

typedef struct pl_exact {
    size_t len;
    char text[]; /* with a NUL behind it */
} pl_exact;

void pl_numbers_init(pl_codec *c, lua_State *L);
const pl_exact *pl_exact_at(lua_State *L, int index); /* or NULL */
/* The number of an exact number: false when a double does not hold it (an integer beyond 2^53, a
 * magnitude beyond 10^308). */
bool pl_exact_value(const pl_exact *e, double *value);
/* The value of a literal that is plain, that is, Lua prints it back as it is written; of others NaN. */
double pl_number_plain(pl_slice literal);

#endif
