/* SPDX-License-Identifier: MIT
 *
 * What the parts of the encoder know of each other. Each writes to the end of `out`, and returns 0 or
 * PL_E_SCRIPT with the reason in c->text, as pl_encode_refuse leaves it. The stack is as before when
 * it is 0. */
#ifndef PL_SCRIPT_ENCODE_IMPL_H
#define PL_SCRIPT_ENCODE_IMPL_H

#include "script/codec.h"
#include "script/vm.h"

#define PL_ENCODE_SLOTS 8 /* of the Lua stack, for one level */

/* A container that is open. They are linked through the C stack, and say where a mistake is. */
typedef struct pl_frame {
    const struct pl_frame *up;
    const void *table; /* identity, to tell a cycle */
    /* What keeps the guesses at tables among the members or elements: of an object written by its
     * form the member that is being written, else as further up. */
    pl_shape *at;
    pl_slice key; /* of the member that is being written; ptr NULL: it is that of `at` */
    int element;  /* counts from 0 */
    int depth;
    bool has_room; /* on the Lua stack, for PL_FORM_MAX_KEYS members */
    bool wants_comma;
    bool is_array;
} pl_frame;

typedef struct pl_encoder {
    lua_State *L;
    pl_codec *codec;
    pl_buf *out;
    const pl_encode_options *options;
    const pl_vm *vm;
    size_t max_bytes;
    size_t start; /* of the text in `out` */
    int cells;
    int room;        /* the stack is known to have it up to here */
    bool is_compact; /* no white space, and keys as they are in shapes */
} pl_encoder;

/* `where` is the frame whose current member is at fault; NULL: the whole value. */
int pl_encode_refuse(pl_encoder *e, const pl_frame *where, const char *what);
int pl_encode_string(pl_encoder *e, const char *s, size_t len, const pl_frame *where);
/* Values of a type that is known: strings, numbers, tables, and all that are none of these. */
int pl_encode_string_at(pl_encoder *e, int index, const pl_frame *where);
int pl_encode_number_at(pl_encoder *e, int index, const pl_frame *where);
int pl_encode_table(pl_encoder *e, int table, pl_frame *up);
int pl_encode_other(pl_encoder *e, int index, int type, const pl_frame *where);

static inline int pl_encode_typed(pl_encoder *e, int index, int type, pl_frame *up)
{
    if (type == LUA_TSTRING) return pl_encode_string_at(e, index, up);
    if (type == LUA_TTABLE) return pl_encode_table(e, index, up);
    if (type == LUA_TNUMBER) return pl_encode_number_at(e, index, up);
    return pl_encode_other(e, index, type, up);
}

static inline int pl_encode_value(pl_encoder *e, int index, pl_frame *up)
{
    return pl_encode_typed(e, index, lua_type(e->L, index), up);
}

/* Tables marked as an array; marked as an object; without a mark, which are what their first key says
 * and then must be that to the end. If there is `more` of an array, its first key and value are on
 * the top of the stack, and are taken off it. */
int pl_encode_array(pl_encoder *e, int table, pl_frame *f, bool more);
int pl_encode_object(pl_encoder *e, int table, pl_frame *f, enum pl_table_kind kind,
                     pl_shape *shape);
/* `has_meta`: the table may have metamethods of a script's, which must not be called. */
int pl_encode_plain(pl_encoder *e, int table, pl_frame *f, bool has_meta);

/* Objects with a list of keys. */
int pl_encode_listed(pl_encoder *e, int table, pl_frame *f);
/* Are all keys in the list names? Others are stored under what is no name of theirs. */
bool pl_encode_has_names_only(pl_encoder *e, int table);

/* The member whose key the frame has. Its value is on the top of the stack, and is taken off it. */
int pl_encode_member(pl_encoder *e, pl_frame *f);
/* How many members a table has. */
int pl_encode_count(lua_State *L, int table);

/* Pushes the first key of a table and its value, if it has one. */
static inline bool pl_encode_first(lua_State *L, int table)
{
    lua_pushnil(L);
    return lua_next(L, table) != 0;
}

/* The white space in front of an element or a member, and in front of the end. */
void pl_encode_space(pl_encoder *e, const pl_frame *f);
void pl_encode_space_at_end(pl_encoder *e, const pl_frame *f);

/* What is in front of an element or a member. */
static inline void pl_encode_separate(pl_encoder *e, pl_frame *f)
{
    if (f->wants_comma) pl_buf_put_char(e->out, ',');
    if (!e->is_compact) pl_encode_space(e, f);
    f->wants_comma = true;
}

/* Closes a container. */
static inline int pl_encode_end(pl_encoder *e, const pl_frame *f, char end)
{
    if (!e->is_compact) pl_encode_space_at_end(e, f);
    pl_buf_put_char(e->out, end);
    return 0;
}

#endif
