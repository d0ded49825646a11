/* SPDX-License-Identifier: MIT
 *
 * Any bytes as an event: what is taken gives a valid document that ends with the client's
 * own members, byte for byte, and the document read back from a store is the same event.
 * What is refused says why. Whether its nodes are made on the way makes no difference. */
#include "flow/event.h"

#include "base/err.h"
#include "fuzz.h"

#define DEPTH  16
#define NOW_MS INT64_C(1795248930123)

/* From the first member on; without one, empty. */
static pl_slice members_of(pl_slice object)
{
    while (object.len && object.ptr[0] != '"' && object.ptr[0] != '}')
        object = pl_slice_from(object, 1);
    return object.len && object.ptr[0] == '"' ? object : PL_NO_SLICE;
}

static void check_document(pl_slice text, const pl_event *e)
{
    pl_slice members = members_of(text);
    MUST(pl_json_check(e->document, DEPTH, NULL) == 0);
    MUST(e->document.len >= members.len);
    MUST(pl_slice_eq(pl_slice_from(e->document, e->document.len - members.len), members));
    MUST(e->id.len > 0 && e->time.len > 0);
    MUST(e->data.ptr != NULL && pl_json_check(e->data, DEPTH, NULL) == 0);
}

static bool is_same(const pl_json_node *a, const pl_json_node *b)
{
    return a->at == b->at && a->len == b->len && a->name == b->name && a->name_len == b->name_len &&
           a->next == b->next && a->kind == b->kind && a->has_escapes == b->has_escapes &&
           a->name_has_escapes == b->name_has_escapes;
}

static void check_again(const pl_event *e)
{
    pl_event *again = pl_event_of_document(e->document, 1, NOW_MS);
    MUST(again != NULL);
    MUST(pl_slice_eq(again->document, e->document));
    MUST(pl_slice_eq(again->id, e->id) && pl_slice_eq(again->type, e->type));
    MUST(pl_slice_eq(again->time, e->time) && pl_slice_eq(again->data, e->data));
    MUST(pl_slice_eq(again->source, e->source) && pl_slice_eq(again->subject, e->subject));
    pl_event_unref(again);
}

/* The same, and where its values are, when those are found on the way. */
static void check_with_nodes(pl_slice text, pl_event_rules rules, pl_rng rng, int code,
                             const pl_event *e, const pl_event_fault *fault)
{
    pl_buf scratch = {0}, nodes = {0};
    pl_event *other = NULL;
    pl_event_fault other_fault = {0};
    size_t count;
    rules.scratch = &scratch;
    MUST(pl_event_parse(text, &rules, &rng, NOW_MS, &other, &other_fault) == code);
    if (code == 0) {
        MUST(pl_slice_eq(other->document, e->document) && pl_slice_eq(other->data, e->data));
        pl_json_index(e->document, &nodes);
        const pl_json_node *found = pl_event_nodes(other, &count);
        MUST(count * sizeof *found == nodes.len);
        for (size_t i = 0; i < count; i++)
            MUST(is_same(&found[i], (const pl_json_node *)(const void *)nodes.ptr + i));
    } else {
        MUST(strcmp(other_fault.message, fault->message) == 0);
        MUST(strcmp(other_fault.pointer, fault->pointer) == 0);
        MUST(other_fault.line == fault->line && other_fault.column == fault->column);
    }
    pl_event_unref(other);
    pl_buf_fini(&nodes);
    pl_buf_fini(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[32] = {1};
    pl_slice text = {(const char *)data, size};
    for (int type = PL_TYPE_NEEDED; type <= PL_TYPE_OPTIONAL; type++) {
        pl_event_rules rules = {.json_depth = DEPTH, .type = (enum pl_type_rule)type};
        pl_event_fault fault = {0};
        pl_event *e = NULL;
        pl_rng rng;
        pl_rng_init(&rng, seed);
        pl_rng same = rng;
        int code = pl_event_parse(text, &rules, &rng, NOW_MS, &e, &fault);
        check_with_nodes(text, rules, same, code, e, &fault);
        if (code == 0) {
            check_document(text, e);
            check_again(e);
            MUST(type != PL_TYPE_NEEDED || e->type.len > 0);
            MUST(type != PL_TYPE_FORBIDDEN || e->type.len == 0);
            pl_event_unref(e);
        } else {
            MUST(code == PL_E_BAD_JSON || code == PL_E_BAD_EVENT);
            MUST(e == NULL && fault.message[0] != 0);
        }
    }
    return 0;
}
