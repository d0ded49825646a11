/* SPDX-License-Identifier: MIT
 *
 * Any bytes as an event: what is taken gives a valid document that ends with the client's
 * own members, byte for byte, and the document read back from a store is the same event.
 * What is refused says why. */
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
        int code = pl_event_parse(text, &rules, &rng, NOW_MS, &e, &fault);
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
