/* SPDX-License-Identifier: MIT
 *
 * Running an outline. Every value that an operation looks at is a node of the document, a counter of
 * a loop, or undefined; what is tested is what value/sequences.lua and value/comparison.lua say of the
 * same. Nobody stops a run, as the budgets of scripts stop Lua, so one that has much to do, and in the
 * end what a stranger sends decides that, gives up soon and is a script's again.
 *
 * A function that returns `enum pl_outline_end` and something else than DONE ends the run. */
#include "script/outline_impl.h"

#include "text/casing.h"

#include <math.h>

#define MAX_TRUTHY_NUMBER 64        /* bytes; longer ones may be too small for a double */
#define MAX_WORK          (1 << 20) /* operations, and nodes that look-ups have passed */
#define BYTES_OF_WORK     64        /* of a value that is found count as one more */

typedef struct loop {
    const pl_json_node *item;
    uint32_t index, count; /* index from 1 */
} loop;

typedef struct run {
    pl_outline_pen pen;
    const pl_outline_stem *stems;
    const pl_json_node *of_stems[PL_OUTLINE_MAX_STEMS]; /* NULL: not looked up, or not there */
    const pl_vm_limits *limits;
    size_t start; /* of ours in what the pen writes */
    int64_t rounds, work;
    int depth; /* of loops that are open */
    loop loops[PL_OUTLINE_MAX_LOOPS];
} run;

/* -- values -- */

static void set_number(pl_outline_value *v, uint32_t n)
{
    char *p = v->digits + sizeof v->digits;
    char *end = p;
    do
        *--p = (char)('0' + n % 10);
    while (n /= 10);
    v->kind = PL_JSON_NUMBER;
    v->raw = (pl_slice){p, (size_t)(end - p)};
}

static void set_bool(pl_outline_value *v, bool is_true)
{
    v->kind = is_true ? PL_JSON_TRUE : PL_JSON_FALSE;
    v->raw = is_true ? PL_SLICE("true") : PL_SLICE("false");
}

static void read_counter(const loop *l, enum pl_outline_counter counter, pl_outline_value *v)
{
    switch (counter) {
    case PL_OUTLINE_LOOP_first:
        set_bool(v, l->index == 1);
        return;
    case PL_OUTLINE_LOOP_last:
        set_bool(v, l->index == l->count);
        return;
    case PL_OUTLINE_LOOP_index0:
        set_number(v, l->index - 1);
        return;
    case PL_OUTLINE_LOOP_revindex:
        set_number(v, l->count - l->index + 1);
        return;
    case PL_OUTLINE_LOOP_revindex0:
        set_number(v, l->count - l->index);
        return;
    case PL_OUTLINE_LOOP_length:
        set_number(v, l->count);
        return;
    case PL_OUTLINE_LOOP_index:
    case PL_OUTLINE_NO_COUNTER:
        set_number(v, l->index);
    }
}

/* Could the step have found something in the node? Else what is missing there is an error. */
static bool fits(const pl_json_node *node, const pl_outline_step *step)
{
    return node->kind == (step->name.ptr ? PL_JSON_OBJECT : PL_JSON_ARRAY);
}

/* How far a step goes, to the node that it finds or to the end of the one it looks in, is work. */
static inline const pl_json_node *follow(run *r, const pl_json_node *node,
                                         const pl_outline_step *step)
{
    const pl_outline_document *d = r->pen.document;
    const pl_json_node *found = step->name.ptr
                                    ? pl_json_node_first_member(d->nodes, node, d->text, step->name)
                                    : pl_json_node_element(d->nodes, node, step->element);
    r->work += (found ? found : d->nodes + node->next) - node;
    return found;
}

/* NULL: it is not there. */
static const pl_json_node *find_stem(run *r, uint8_t number)
{
    if (number == 0) return r->pen.document->nodes;
    const pl_json_node **kept = &r->of_stems[number - 1];
    if (*kept) return *kept;
    const pl_outline_stem *stem = &r->stems[number - 1];
    const pl_json_node *parent = find_stem(r, stem->parent);
    return *kept = parent ? follow(r, parent, &stem->step) : NULL;
}

static enum pl_outline_end find(run *r, const pl_outline_place *place, pl_outline_value *v)
{
    const loop *l = place->loop ? &r->loops[place->loop - 1] : NULL;
    if (place->counter) {
        pl_outline_set_undefined(v);
        read_counter(l, place->counter, v);
        return PL_OUTLINE_DONE;
    }
    const pl_json_node *node = l ? l->item : find_stem(r, place->stem), *next;
    if (node == NULL) return PL_OUTLINE_MISSING;
    for (uint32_t i = 0; i < place->count; i++, node = next) {
        next = follow(r, node, &place->steps[i]);
        if (next) continue;
        pl_outline_set_undefined(v);
        bool is_undefined =
            i + 1 == place->count && place->may_miss && fits(node, &place->steps[i]);
        return is_undefined ? PL_OUTLINE_DONE : PL_OUTLINE_MISSING;
    }
    pl_outline_set_node(v, r->pen.document, node);
    r->work += (int64_t)v->raw.len / BYTES_OF_WORK;
    return PL_OUTLINE_DONE;
}

/* How many characters a text has. */
static uint32_t count_characters(pl_slice text)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count;
}

/* Makes of a value how long it is; of what has no length Lua says so. */
static enum pl_outline_end measure(run *r, pl_outline_value *v)
{
    uint32_t length = 0;
    if (v->kind == PL_JSON_STRING)
        length = count_characters(pl_outline_said(&r->pen, v));
    else if (pl_outline_is_container(v))
        length = pl_json_node_count(r->pen.document->nodes, v->node);
    else if (v->kind != PL_JSON_END)
        return PL_OUTLINE_NOT_PLAIN;
    pl_outline_set_undefined(v);
    set_number(v, length);
    return PL_OUTLINE_DONE;
}

/* Makes of a value its text in another case. Few places ask for that, and all would pay for its stack. */
__attribute__((noinline)) static enum pl_outline_end set_case(run *r, enum pl_outline_casing casing,
                                                              pl_outline_value *v)
{
    static const enum pl_casing casings[] = {
#define X(name, casing) [PL_OUTLINE_TO_##name] = PL_CASING_##casing,
        PL_OUTLINE_CASINGS(X)
#undef X
    };
    pl_slice text;
    enum pl_outline_end end = pl_outline_print(&r->pen, v, &text);
    if (end) return end;
    r->work += (int64_t)text.len; /* each character is looked up */
    pl_buf_clear(&r->pen.cased);
    pl_casing_put(&r->pen.cased, text, casings[casing]);
    text = r->pen.cased.len ? pl_buf_slice(&r->pen.cased) : PL_SLICE("");
    *v = (pl_outline_value){.kind = PL_JSON_STRING, .is_text = true, .raw = text};
    return PL_OUTLINE_DONE;
}

static enum pl_outline_end look_up(run *r, const pl_outline_place *place, pl_outline_value *v)
{
    enum pl_outline_end end = find(r, place, v);
    if (end) return end;
    if (place->is_length) return measure(r, v);
    return place->casing ? set_case(r, (enum pl_outline_casing)place->casing, v) : PL_OUTLINE_DONE;
}

static enum pl_outline_end write_value(run *r, const pl_outline_op *op)
{
    pl_outline_value v;
    enum pl_outline_end end = look_up(r, &op->place, &v);
    return end ? end : pl_outline_put(&r->pen, &v, (enum pl_outline_writer)op->how);
}

/* -- tests -- */

/* Numbers that a double may round to 0, or away from it, are for Lua. */
static enum pl_outline_end test_number(pl_slice raw, bool *is_true)
{
    *is_true = false;
    if (raw.len > MAX_TRUTHY_NUMBER) return PL_OUTLINE_NOT_PLAIN;
    for (size_t i = 0; i < raw.len; i++) {
        if ((raw.ptr[i] | 0x20) == 'e') return PL_OUTLINE_NOT_PLAIN;
        if (raw.ptr[i] >= '1' && raw.ptr[i] <= '9') *is_true = true;
    }
    return PL_OUTLINE_DONE;
}

static enum pl_outline_end test_truth(const run *r, const pl_outline_value *v, bool *is_true)
{
    if (v->kind == PL_JSON_NUMBER) return test_number(v->raw, is_true);
    *is_true = v->kind == PL_JSON_TRUE || (v->kind == PL_JSON_STRING && v->raw.len > 0) ||
               (pl_outline_is_container(v) && r->pen.document->nodes + v->node->next > v->node + 1);
    return PL_OUTLINE_DONE;
}

/* The double of a number, where that is certain: 120.50 is what 120.5 is. */
static bool read_number(pl_slice raw, double *number)
{
    if (memchr(raw.ptr, '.', raw.len)) {
        while (raw.ptr[raw.len - 1] == '0')
            raw.len--;
        if (raw.ptr[raw.len - 1] == '.') raw.len--;
    }
    *number = pl_number_plain(raw);
    return !isnan(*number);
}

/* Only numbers are compared whose double is certain. That 1 equals True is for Lua to say. */
static enum pl_outline_end test_order(const pl_outline_value *v, const pl_outline_op *op,
                                      bool *is_so)
{
    double number;
    bool is_equality = op->how == PL_OUTLINE_IS_equal_number;
    if (v->kind != PL_JSON_NUMBER) {
        *is_so = false;
        bool is_bool = v->kind == PL_JSON_TRUE || v->kind == PL_JSON_FALSE;
        return is_equality && !is_bool ? PL_OUTLINE_DONE : PL_OUTLINE_NOT_PLAIN;
    }
    if (!read_number(v->raw, &number)) return PL_OUTLINE_NOT_PLAIN;
    if (is_equality)
        *is_so = number == op->number;
    else
        *is_so = op->how == PL_OUTLINE_IS_less ? number < op->number : number <= op->number;
    return PL_OUTLINE_DONE;
}

static enum pl_outline_end test(run *r, const pl_outline_op *op, bool *is_so)
{
    pl_outline_value v;
    enum pl_outline_end end = look_up(r, &op->place, &v);
    if (end) return end;
    switch ((enum pl_outline_test)op->how) {
    case PL_OUTLINE_IS_truthy:
        return test_truth(r, &v, is_so);
    case PL_OUTLINE_IS_defined:
        *is_so = v.kind != PL_JSON_END;
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_IS_null:
        *is_so = v.kind == PL_JSON_NULL;
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_IS_equal_text:
        *is_so = v.kind == PL_JSON_STRING && pl_slice_eq(pl_outline_said(&r->pen, &v), op->text);
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_IS_equal_bool:
        *is_so = v.kind == (op->number != 0 ? PL_JSON_TRUE : PL_JSON_FALSE);
        return v.kind == PL_JSON_NUMBER ? PL_OUTLINE_NOT_PLAIN : PL_OUTLINE_DONE;
    case PL_OUTLINE_IS_equal_number:
    case PL_OUTLINE_IS_less:
    case PL_OUTLINE_IS_less_or_equal:
        return test_order(&v, op, is_so);
    }
    return PL_OUTLINE_NOT_PLAIN;
}

/* -- loops -- */

/* Opens a loop; `count` is 0 when there is no round. */
static enum pl_outline_end open_loop(run *r, const pl_outline_op *op, uint32_t *count)
{
    pl_outline_value v;
    enum pl_outline_end end = look_up(r, &op->place, &v);
    *count = 0;
    if (end || v.kind == PL_JSON_END) return end;
    if (v.kind != PL_JSON_ARRAY) return PL_OUTLINE_NOT_PLAIN;
    *count = pl_json_node_count(r->pen.document->nodes, v.node);
    r->rounds += *count;
    r->work += *count;
    if (r->rounds > r->limits->template_loops) return PL_OUTLINE_LIMIT;
    if (*count) r->loops[r->depth++] = (loop){v.node + 1, 1, *count};
    return PL_OUTLINE_DONE;
}

/* Is there another round? Else the loop is closed. */
static bool next_round(run *r)
{
    loop *l = &r->loops[r->depth - 1];
    if (l->index == l->count) {
        r->depth--;
        return false;
    }
    l->item = r->pen.document->nodes + l->item->next;
    l->index++;
    return true;
}

/* Carries out one operation; `step` is to the next. */
static enum pl_outline_end carry_out(run *r, const pl_outline_op *op, int32_t *step)
{
    bool is_so;
    uint32_t count;
    enum pl_outline_end end = PL_OUTLINE_DONE;
    *step = 1;
    switch ((enum pl_outline_op_kind)op->kind) {
    case PL_OUTLINE_PUT:
        pl_buf_put_slice(r->pen.out, op->text);
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_SEPARATE:
        if (r->pen.out->len > r->start) pl_buf_put_slice(r->pen.out, op->text);
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_WRITE:
        return write_value(r, op);
    case PL_OUTLINE_EACH:
        end = open_loop(r, op, &count);
        if (count == 0) *step = op->skip;
        return end;
    case PL_OUTLINE_NEXT:
        if (next_round(r)) *step = op->skip;
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_SKIP:
        *step = op->skip;
        return PL_OUTLINE_DONE;
    case PL_OUTLINE_TEST:
        end = test(r, op, &is_so);
        if (end == PL_OUTLINE_DONE && is_so == op->when) *step = op->skip;
        return end;
    }
    return PL_OUTLINE_NOT_PLAIN;
}

static bool is_within_limits(const run *r)
{
    int64_t written = (int64_t)(r->pen.out->len - r->start);
    return written <= r->limits->template_output_bytes && r->work <= MAX_WORK;
}

/* Member by member: loops need not be written before they are open. */
static void begin(run *r, const pl_outline *o, const pl_outline_document *d,
                  const pl_vm_limits *limits, pl_buf *out)
{
    r->pen = (pl_outline_pen){.document = d, .out = out};
    r->stems = o->stems;
    memset(r->of_stems, 0, sizeof r->of_stems);
    r->limits = limits;
    r->start = out->len;
    r->rounds = r->work = 0;
    r->depth = 0;
}

static enum pl_outline_end write(const pl_outline *o, const pl_outline_document *d,
                                 const pl_vm_limits *limits, pl_buf *out, bool *has_containers)
{
    run r;
    begin(&r, o, d, limits, out);
    const pl_outline_op *op = o->ops, *behind = o->ops + o->count;
    enum pl_outline_end end = PL_OUTLINE_DONE;
    for (int32_t step; end == PL_OUTLINE_DONE && op < behind; op += step) {
        end = carry_out(&r, op, &step);
        r.work++;
        if (end == PL_OUTLINE_DONE && !is_within_limits(&r)) end = PL_OUTLINE_LIMIT;
    }
    if (end) out->len = r.start;
    pl_buf_fini(&r.pen.text);
    pl_buf_fini(&r.pen.cased);
    pl_buf_fini(&r.pen.members);
    *has_containers = r.pen.has_containers;
    return end;
}

enum pl_outline_end pl_outline_write(const pl_outline *o, const pl_outline_document *d,
                                     const pl_vm_limits *limits, pl_buf *out)
{
    bool ignored;
    return write(o, d, limits, out, &ignored);
}

/* How deep the document's own containers are nobody knows here. */
enum pl_outline_end pl_outline_write_json(const pl_outline *o, const pl_outline_document *d,
                                          const pl_vm_limits *limits, int max_depth, pl_buf *out)
{
    size_t start = out->len;
    bool has_containers;
    enum pl_outline_end end = write(o, d, limits, out, &has_containers);
    if (end) return end;
    bool is_proved = o->json_depth >= 0 && o->json_depth <= max_depth && !has_containers;
    if (is_proved || pl_json_is_valid(pl_slice_from(pl_buf_slice(out), start), max_depth))
        return PL_OUTLINE_DONE;
    out->len = start;
    return PL_OUTLINE_NOT_PLAIN;
}

const char *pl_outline_end_name(enum pl_outline_end end)
{
    static const char *const names[] = {"done", "missing", "not plain", "limit"};
    return names[end];
}
