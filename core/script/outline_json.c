/* SPDX-License-Identifier: MIT
 *
 * Is what an outline writes JSON, whatever the document? The outline is run without one: a value is
 * some value, a test goes either way, a loop has no round or some. All that remains of a run is a spot:
 * the operation that comes next, what JSON wants there, and the containers that are open; and every spot
 * that can be reached is looked at once.
 *
 *     put [                         a value
 *     each a, skip 5                a value, or ']'
 *     write, as JSON                a value, or ']'; from the second round on a value
 *     test last, skip 2 when true   ',' or ']'
 *     put ,                         ',' or ']', and it is not the last round
 *     next                          ',' or ']' in the last round; a value in others, so it goes back
 *     put ]                         ',' or ']'; or a value, or ']'
 *                                   the end
 *
 * Commas depend on whether a round is the first or last one, so a spot knows what tests have said of
 * that. What cannot be told is no proof: then each text is checked. */
#include "script/outline_impl.h"

#include <stdlib.h>

#define MAX_DEPTH    64 /* of containers that an outline opens */
#define SPOTS_OF_ONE 32 /* of one operation that are looked at */

enum wanted {
    A_VALUE,
    A_VALUE_OR_END, /* behind '[' */
    A_NAME,
    A_NAME_OR_END, /* behind '{' */
    A_COLON,
    A_COMMA_OR_END, /* behind a value; of the document its end */
    MORE_OF_STRING,
    MORE_OF_NAME,
};

/* What is known of the round that a loop is in. */
enum { IS_FIRST = 1, IS_NOT_FIRST = 2, IS_LAST = 4, IS_NOT_LAST = 8 };

typedef struct spot {
    uint64_t
        objects; /* of the containers that are open, a bit for each; the innermost is the lowest */
    uint32_t op;
    uint32_t before; /* another spot of this operation, from 1 */
    uint8_t depth;   /* how many are open */
    uint8_t wanted;
    uint8_t loops; /* that are open */
    uint8_t rounds[PL_OUTLINE_MAX_LOOPS];
} spot;

typedef struct proof {
    const pl_outline *outline;
    pl_buf spots;     /* that can be reached */
    uint32_t *newest; /* spot of each operation, from 1; 0: none */
    pl_buf string;    /* scratch */
    int deepest;
    bool has_failed;
} proof;

static spot *spot_at(const proof *p, uint32_t number)
{
    return (spot *)(void *)p->spots.ptr + number - 1;
}

static uint32_t count_spots(const proof *p)
{
    return (uint32_t)(p->spots.len / sizeof(spot));
}

static bool is_same(const spot *a, const spot *b)
{
    return a->objects == b->objects && a->depth == b->depth && a->wanted == b->wanted &&
           memcmp(a->rounds, b->rounds, sizeof a->rounds) == 0; /* `loops` hangs on the operation */
}

/* The spot can be reached. */
static void reach(proof *p, spot s, uint32_t op)
{
    int others = 0;
    for (uint32_t i = p->newest[op]; i; i = spot_at(p, i)->before, others++)
        if (is_same(spot_at(p, i), &s)) return;
    if (others == SPOTS_OF_ONE) {
        p->has_failed = true;
        return;
    }
    s.op = op;
    s.before = p->newest[op];
    pl_buf_put(&p->spots, &s, sizeof s);
    p->newest[op] = count_spots(p);
}

/* -- text -- */

static bool take_value(spot *s)
{
    bool is_wanted = s->wanted == A_VALUE || s->wanted == A_VALUE_OR_END;
    s->wanted = A_COMMA_OR_END;
    return is_wanted;
}

static bool open_container(proof *p, spot *s, bool is_object)
{
    if (!take_value(s) || s->depth == MAX_DEPTH) return false;
    s->objects = s->objects << 1 | is_object;
    if (++s->depth > p->deepest) p->deepest = s->depth;
    s->wanted = is_object ? A_NAME_OR_END : A_VALUE_OR_END;
    return true;
}

static bool close_container(spot *s, bool is_object)
{
    bool is_empty = s->wanted == (is_object ? A_NAME_OR_END : A_VALUE_OR_END);
    if (s->depth == 0 || (s->objects & 1) != is_object) return false;
    if (!is_empty && s->wanted != A_COMMA_OR_END) return false;
    s->objects >>= 1;
    s->depth--;
    s->wanted = A_COMMA_OR_END;
    return true;
}

static bool take_comma(spot *s)
{
    if (s->depth == 0 || s->wanted != A_COMMA_OR_END) return false;
    s->wanted = s->objects & 1 ? A_NAME : A_VALUE;
    return true;
}

static bool take_colon(spot *s)
{
    bool is_wanted = s->wanted == A_COLON;
    s->wanted = A_VALUE;
    return is_wanted;
}

static bool begin_string(spot *s)
{
    bool is_name = s->wanted == A_NAME || s->wanted == A_NAME_OR_END;
    if (!is_name && !take_value(s)) return false;
    s->wanted = is_name ? MORE_OF_NAME : MORE_OF_STRING;
    return true;
}

static bool is_in_string(const spot *s)
{
    return s->wanted == MORE_OF_STRING || s->wanted == MORE_OF_NAME;
}

/* Where the quote is that ends the string, or the end of the text. */
static size_t string_length(pl_slice text)
{
    size_t i = 0;
    while (i < text.len && text.ptr[i] != '"')
        i += text.ptr[i] == '\\' && i + 1 < text.len ? 2 : 1;
    return i;
}

/* Moves what there is of a string off the front. An escape or character that goes on in another
 * operation would be a string of its own, and is none. */
static bool take_string(proof *p, spot *s, pl_slice *text)
{
    size_t len = string_length(*text);
    pl_buf_clear(&p->string);
    pl_buf_put_char(&p->string, '"');
    pl_buf_put(&p->string, text->ptr, len);
    pl_buf_put_char(&p->string, '"');
    if (len < text->len) s->wanted = s->wanted == MORE_OF_NAME ? A_COLON : A_COMMA_OR_END;
    *text = pl_slice_from(*text, len + 1);
    return pl_json_is_valid(pl_buf_slice(&p->string), 1);
}

/* A number or word. Nothing that may stand behind it could go on with it, so it ends with the text. */
static bool take_scalar(spot *s, pl_slice *text)
{
    static const char ends[] = {' ', '\t', '\r', '\n', ',', ':', ']', '}', '[', '{', '"'};
    size_t len = 0;
    while (len < text->len && !memchr(ends, text->ptr[len], sizeof ends))
        len++;
    pl_slice scalar = {text->ptr, len};
    *text = pl_slice_from(*text, len);
    return take_value(s) && pl_json_is_valid(scalar, 1);
}

/* Moves what comes first outside of strings off the front. */
static bool take_token(proof *p, spot *s, pl_slice *text)
{
    pl_slice rest = pl_slice_from(*text, 1);
    char c = *text->ptr;
    switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        *text = rest;
        return true;
    case '{':
    case '[':
        *text = rest;
        return open_container(p, s, c == '{');
    case '}':
    case ']':
        *text = rest;
        return close_container(s, c == '}');
    case ',':
        *text = rest;
        return take_comma(s);
    case ':':
        *text = rest;
        return take_colon(s);
    case '"':
        *text = rest;
        return begin_string(s);
    default:
        return take_scalar(s, text);
    }
}

static bool take_text(proof *p, spot *s, pl_slice text)
{
    bool is_good = true;
    while (text.len && is_good)
        is_good = is_in_string(s) ? take_string(p, s, &text) : take_token(p, s, &text);
    return is_good;
}

/* -- operations -- */

static bool take_written(spot *s, enum pl_outline_writer as)
{
    switch (as) {
    case PL_OUTLINE_AS_nothing:
        return true;
    case PL_OUTLINE_AS_json_value:
    case PL_OUTLINE_AS_json_html:
        return take_value(s);
    case PL_OUTLINE_AS_json_string:
        return is_in_string(s);
    default:
        return false;
    }
}

/* What it says of a round that a test has the outcome; 0: nothing. */
static uint8_t fact_of(const pl_outline_op *op, bool outcome)
{
    if (op->how != PL_OUTLINE_IS_truthy || op->place.is_length || op->place.casing) return 0;
    if (op->place.counter == PL_OUTLINE_LOOP_first) return outcome ? IS_FIRST : IS_NOT_FIRST;
    if (op->place.counter == PL_OUTLINE_LOOP_last) return outcome ? IS_LAST : IS_NOT_LAST;
    return 0;
}

static uint8_t opposite_of(uint8_t fact)
{
    return fact & (IS_FIRST | IS_LAST) ? (uint8_t)(fact << 1) : (uint8_t)(fact >> 1);
}

/* Adds a fact; false: what is known contradicts it. */
static bool learn(spot *s, int loop, uint8_t fact)
{
    if (fact == 0) return true;
    uint8_t *known = &s->rounds[loop - 1];
    bool is_possible = !(*known & opposite_of(fact));
    *known |= fact;
    return is_possible;
}

/* Both ways, but for one that contradicts what is known. */
static void pass_test(proof *p, const spot *s, const pl_outline_op *op)
{
    for (int outcome = 0; outcome <= 1; outcome++) {
        spot then = *s;
        if (learn(&then, op->place.loop, fact_of(op, outcome)))
            reach(p, then, s->op + (uint32_t)(outcome == op->when ? op->skip : 1));
    }
}

static void pass_each(proof *p, const spot *s, const pl_outline_op *op)
{
    spot in = *s;
    in.rounds[in.loops++] = IS_FIRST;
    reach(p, in, s->op + 1);
    reach(p, *s, s->op + (uint32_t)op->skip);
}

static void pass_next(proof *p, const spot *s, const pl_outline_op *op)
{
    spot again = *s, behind = *s;
    uint8_t round = s->rounds[s->loops - 1];
    again.rounds[s->loops - 1] = IS_NOT_FIRST;
    behind.rounds[--behind.loops] = 0;
    if (!(round & IS_LAST)) reach(p, again, (uint32_t)((int32_t)s->op + op->skip));
    if (!(round & IS_NOT_LAST)) reach(p, behind, s->op + 1);
}

/* What can be reached from a spot with one operation. */
static void pass(proof *p, const spot *s)
{
    const pl_outline_op *op = &p->outline->ops[s->op];
    spot then = *s;
    bool is_good = false;
    switch ((enum pl_outline_op_kind)op->kind) {
    case PL_OUTLINE_PUT:
        is_good = take_text(p, &then, op->text);
        break;
    case PL_OUTLINE_WRITE:
        is_good = take_written(&then, (enum pl_outline_writer)op->how);
        break;
    case PL_OUTLINE_SEPARATE: /* of forms */
        break;
    case PL_OUTLINE_SKIP:
        reach(p, then, s->op + (uint32_t)op->skip);
        return;
    case PL_OUTLINE_TEST:
        pass_test(p, s, op);
        return;
    case PL_OUTLINE_EACH:
        pass_each(p, s, op);
        return;
    case PL_OUTLINE_NEXT:
        pass_next(p, s, op);
        return;
    }
    if (is_good)
        reach(p, then, s->op + 1);
    else
        p->has_failed = true;
}

static void end(proof *p, const spot *s)
{
    if (s->depth > 0 || s->wanted != A_COMMA_OR_END) p->has_failed = true;
}

int pl_outline_prove_json(const pl_outline *o)
{
    proof p = {.outline = o, .newest = pl_alloc_zero((o->count + 1) * sizeof *p.newest)};
    reach(&p, (spot){.wanted = A_VALUE}, 0);
    for (uint32_t i = 1; i <= count_spots(&p) && !p.has_failed; i++) {
        spot s = *spot_at(&p, i); /* they move */
        if (s.op == o->count)
            end(&p, &s);
        else
            pass(&p, &s);
    }
    free(p.newest);
    pl_buf_fini(&p.spots);
    pl_buf_fini(&p.string);
    return p.has_failed ? -1 : p.deepest;
}
