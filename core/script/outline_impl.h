/* SPDX-License-Identifier: MIT
 *
 * What outline_read.c makes and outline.c runs. */
#ifndef PL_SCRIPT_OUTLINE_IMPL_H
#define PL_SCRIPT_OUTLINE_IMPL_H

#include "script/outline.h"

#define PL_OUTLINE_MAX_LOOPS 8 /* within each other; the compiler gives up beyond */
#define PL_OUTLINE_MAX_STEMS 16

enum pl_outline_op_kind {
    PL_OUTLINE_PUT,      /* a text */
    PL_OUTLINE_SEPARATE, /* a text, unless nothing was written yet */
    PL_OUTLINE_WRITE,    /* the value of a place */
    PL_OUTLINE_EACH,     /* opens a loop over the array at a place; skips when it is empty */
    PL_OUTLINE_NEXT,     /* goes back when there is another item, else closes the loop */
    PL_OUTLINE_SKIP,     /* goes on further down */
    PL_OUTLINE_TEST,     /* skips when the outcome is `when` */
};

/* How a value is written: the writers of template/escape.lua by their names. */
#define PL_OUTLINE_WRITERS(X) \
    X(text)                   \
    X(nothing)                \
    X(json_value)             \
    X(json_string)            \
    X(json_html)              \
    X(url)                    \
    X(url_host)               \
    X(form)                   \
    X(header)                 \
    X(xml_text)               \
    X(xml_attribute)

enum pl_outline_writer {
#define X(name) PL_OUTLINE_AS_##name,
    PL_OUTLINE_WRITERS(X)
#undef X
};

/* What is asked of a value; of `equal` and `less` there is something to compare with. */
#define PL_OUTLINE_TESTS(X) \
    X(truthy)               \
    X(defined)              \
    X(null)                 \
    X(equal_text)           \
    X(equal_number)         \
    X(equal_bool)           \
    X(less)                 \
    X(less_or_equal)

enum pl_outline_test {
#define X(name) PL_OUTLINE_IS_##name,
    PL_OUTLINE_TESTS(X)
#undef X
};

/* What `loop` says of the round. */
#define PL_OUTLINE_COUNTERS(X) \
    X(index)                   \
    X(index0)                  \
    X(revindex)                \
    X(revindex0)               \
    X(length)                  \
    X(first)                   \
    X(last)

enum pl_outline_counter {
    PL_OUTLINE_NO_COUNTER,
#define X(name) PL_OUTLINE_LOOP_##name,
    PL_OUTLINE_COUNTERS(X)
#undef X
};

/* What a filter makes of the text of a value: enum pl_casing by the filters' names. */
#define PL_OUTLINE_CASINGS(X) \
    X(upper, UPPER)           \
    X(lower, LOWER)           \
    X(capitalize, CAPITALIZE)

enum pl_outline_casing {
    PL_OUTLINE_AS_IT_IS,
#define X(name, casing) PL_OUTLINE_TO_##name,
    PL_OUTLINE_CASINGS(X)
#undef X
};

/* To a member, or, ptr NULL, to an element that counts from 0. */
typedef struct pl_outline_step {
    pl_slice name;
    uint32_t element;
} pl_outline_step;

/* What places of the document begin with, as `data.order` of `data.order.id`: it is looked up once a
 * run. Stems count from 1. */
typedef struct pl_outline_stem {
    uint8_t parent; /* the stem that it goes on from; 0: the document */
    pl_outline_step step;
} pl_outline_stem;

typedef struct pl_outline_place {
    const pl_outline_step *steps;
    uint32_t count;
    uint8_t loop;    /* the steps lead from the item of this loop, from 1; 0: from the document, */
    uint8_t stem;    /* or from this stem of it */
    uint8_t counter; /* not a value: what that loop says */
    bool may_miss;   /* where the last step finds nothing the value is undefined */
    bool is_length;  /* not the value, but how many elements, members or characters it has */
    uint8_t casing;  /* not the value, but its text in another case */
} pl_outline_place;

typedef struct pl_outline_op {
    uint8_t kind;
    uint8_t how; /* writer or test */
    bool when;
    int32_t skip; /* to the operation that comes next, counted from this one */
    pl_outline_place place;
    pl_slice text; /* that is put, or compared with */
    double number; /* that is compared with; of a bool 1 or 0 */
} pl_outline_op;

struct pl_outline {
    const pl_outline_stem *stems;
    int json_depth; /* as pl_outline_prove_json says */
    size_t count;
    pl_outline_op ops[];
};

/* What a place leads to. */
typedef struct pl_outline_value {
    enum pl_json_kind kind;   /* PL_JSON_END: undefined */
    bool has_escapes;         /* `raw` is written with escapes */
    bool is_text;             /* `raw` is what a string says, whatever it needs as JSON */
    pl_slice raw;             /* of a string without its quotes */
    const pl_json_node *node; /* NULL: undefined, or not a value of the document */
    char digits[12];          /* of a number of ours, where `raw` is then */
} pl_outline_value;

static inline bool pl_outline_is_container(const pl_outline_value *v)
{
    return v->kind == PL_JSON_ARRAY || v->kind == PL_JSON_OBJECT;
}

/* What values of a document are written with. */
typedef struct pl_outline_pen {
    const pl_outline_document *document;
    pl_buf *out;
    pl_buf text;         /* scratch: what a string says */
    pl_buf cased;        /* scratch: a text in another case */
    pl_buf members;      /* scratch: of objects that are being written, a stack */
    bool has_containers; /* arrays or objects of the document were written */
} pl_outline_pen;

/* Member by member: there is room in it that need not be written. */
static inline void pl_outline_set_undefined(pl_outline_value *v)
{
    v->kind = PL_JSON_END;
    v->has_escapes = v->is_text = false;
    v->raw = PL_NO_SLICE;
    v->node = NULL;
}

static inline void pl_outline_set_node(pl_outline_value *v, const pl_outline_document *d,
                                       const pl_json_node *node)
{
    v->kind = (enum pl_json_kind)node->kind;
    v->has_escapes = node->has_escapes;
    v->is_text = false;
    v->raw = pl_json_node_raw(node, d->text);
    v->node = node;
}

/* How deep the arrays and objects nest that an outline writes itself, where all that it can ever write
 * is JSON; -1: that cannot be told. Those of the document, in it, come on top. */
int pl_outline_prove_json(const pl_outline *o);
/* What a string says, until the next one. */
pl_slice pl_outline_said(pl_outline_pen *pen, const pl_outline_value *v);
/* A value as a template prints it: Python's words for what JSON has words for. */
enum pl_outline_end pl_outline_print(pl_outline_pen *pen, const pl_outline_value *v,
                                     pl_slice *text);
/* Appends a text as a string of JSON as the filter tojson writes it. */
void pl_outline_put_html_text(pl_buf *out, pl_slice text);
/* Appends a value; where it is not DONE something may have been appended, too. */
enum pl_outline_end pl_outline_put(pl_outline_pen *pen, const pl_outline_value *v,
                                   enum pl_outline_writer as);
/* Appends the value of a node as the filter tojson writes it. */
enum pl_outline_end pl_outline_put_html(pl_outline_pen *pen, const pl_json_node *node);

#endif
