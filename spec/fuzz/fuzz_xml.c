/* SPDX-License-Identifier: MIT
 *
 * Any bytes as XML. What must hold of a document that is taken: its JSON is valid; written as XML
 * and read again it is the same JSON (a colon anywhere may be a prefix that nobody declares any
 * more, and then it need not). And of one that is refused: the fault has a place, and nothing was
 * written. Any valid JSON as XML is written or refused with a reason. */
#include "base/json.h"
#include "fuzz.h"
#include "xml/charset.h"
#include "xml/xml.h"

static void round_trip(pl_slice json, const pl_xml_options *options, bool may_differ)
{
    pl_buf xml, reason, again;
    pl_xml_fault fault;
    pl_xml_options utf8 = *options;
    utf8.encoding = PL_NO_SLICE;
    pl_buf_init(&xml);
    pl_buf_init(&reason);
    pl_buf_init(&again);
    MUST(pl_xml_of_json(json, PL_XML_DECLARED_DOCUMENT, &xml, &reason));
    bool is_read = pl_xml_to_json(pl_buf_slice(&xml), &utf8, &again, &fault);
    MUST(may_differ || (is_read && pl_slice_eq(json, pl_buf_slice(&again))));
    pl_buf_fini(&xml);
    pl_buf_fini(&reason);
    pl_buf_fini(&again);
}

static void try_options(pl_slice text, const pl_xml_options *options)
{
    pl_buf json;
    pl_xml_fault fault = {0};
    pl_buf_init(&json);
    if (pl_xml_to_json(text, options, &json, &fault)) {
        MUST(pl_json_check(pl_buf_slice(&json), PL_JSON_MAX_DEPTH, NULL) == 0);
        round_trip(pl_buf_slice(&json), options, memchr(text.ptr, ':', text.len) != NULL);
    } else {
        MUST(fault.message && fault.line >= 1 && fault.column >= 1 && json.len == 0);
    }
    pl_buf_fini(&json);
}

static void try_json(pl_slice text)
{
    pl_buf out, reason;
    if (pl_json_check(text, PL_JSON_MAX_DEPTH, NULL) != 0) return;
    pl_buf_init(&out);
    pl_buf_init(&reason);
    MUST(pl_xml_of_json(text, PL_XML_ELEMENTS, &out, &reason) || reason.len > 0);
    pl_buf_fini(&out);
    pl_buf_fini(&reason);
}

/* What comes out is UTF-8: escaped for JSON, which replaces what is not, and back it is the same. */
static void try_charset(pl_slice text, const char *name)
{
    pl_buf out, json, again;
    pl_buf_init(&out);
    pl_buf_init(&json);
    pl_buf_init(&again);
    MUST(pl_charset_to_utf8(pl_slice_of(name), text, &out));
    bool is_passed_on = pl_slice_starts(text, PL_SLICE("\xEF\xBB\xBF")); /* a mark: it is UTF-8 */
    pl_json_escape(&json, pl_buf_slice(&out));
    pl_json_unescape_inner(pl_buf_slice(&json), &again);
    MUST(is_passed_on || pl_slice_eq(pl_buf_slice(&out), pl_buf_slice(&again)));
    pl_buf_fini(&out);
    pl_buf_fini(&json);
    pl_buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const pl_slice lists[] = {PL_SLICE_INIT("a"), PL_SLICE_INIT("p:b")};
    static const pl_xml_options options[] = {
        {.lists = lists, .list_count = 2},
        {.keep_prefixes = true},
        {.encoding = PL_SLICE_INIT("windows-1252")},
    };
    pl_slice text = {(const char *)data, size};
    if (size == 0) return 0;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        try_options(text, &options[i]);
    try_json(text);
    try_charset(text, "utf-16");
    try_charset(text, "iso-8859-15");
    return 0;
}
