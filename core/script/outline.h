/* SPDX-License-Identifier: MIT
 *
 * Outlines: templates that only place values, carried out by C over the index of a JSON document.
 *
 *     {"id": {{ order.id }}, "lines": [{% for l in order.lines %}"{{ l.sku }}"{% endfor %}]}
 *
 *     put    {"id":
 *     write  order.id, as JSON
 *     put    , "lines": [
 *     each   order.lines, else skip 3
 *     write  sku of item 1, inside a JSON string     (the quotes around it are put)
 *     next   back to the operation behind `each`
 *     put    ]}
 *
 * An outline knows the plain way only. Which templates have one is decided when they are compiled
 * (lua/perilune/template/outline.lua, which also says what the operations are); where something is
 * not plain when it runs, it gives up as a whole, and whoever asked has the template itself rendered,
 * which knows everything and tells what is wrong. What an outline does write is byte for byte what the
 * template writes.
 *
 * A text template of a JSON body can write anything, so what came out has to be checked (body.compile
 * says which). Of most outlines it is proved when they are read that they write nothing but JSON
 * (outline_json.c). */
#ifndef PL_SCRIPT_OUTLINE_H
#define PL_SCRIPT_OUTLINE_H

#include "base/arena.h"
#include "base/json_index.h"
#include "script/vm.h"

typedef struct pl_outline pl_outline;

/* A valid document and its nodes (pl_json_index), no object of which has a name twice. */
typedef struct pl_outline_document {
    pl_slice text;
    const pl_json_node *nodes;
} pl_outline_document;

enum pl_outline_end {
    PL_OUTLINE_DONE,
    PL_OUTLINE_MISSING,   /* a name or item that is not there */
    PL_OUTLINE_NOT_PLAIN, /* a value that is more than text, or that cannot stand in its place */
    PL_OUTLINE_LIMIT /* more text or rounds of loops than the limits allow, or too much to do */
};

/* Reads the operations of the table at `index` into the arena, the texts too: nothing of the state is
 * kept. Raises for what is no list of operations. */
const pl_outline *pl_outline_read(lua_State *L, int index, pl_arena *arena);
/* Appends what the template renders: PL_OUTLINE_DONE, or why the template has to be asked, and nothing
 * is appended. Of the limits template_output_bytes and template_loops count; besides, it ends after
 * some milliseconds' work. Any thread; an outline is not changed. */
enum pl_outline_end pl_outline_write(const pl_outline *o, const pl_outline_document *d,
                                     const pl_vm_limits *limits, pl_buf *out);
/* The same of a text that has to be JSON which nests at most `max_depth` deep: NOT_PLAIN where it is
 * not. */
enum pl_outline_end pl_outline_write_json(const pl_outline *o, const pl_outline_document *d,
                                          const pl_vm_limits *limits, int max_depth, pl_buf *out);
/* "missing", "not plain", "limit"; for messages of tests. */
const char *pl_outline_end_name(enum pl_outline_end end);

#endif
