/* SPDX-License-Identifier: MIT
 *
 * Any text as a URL, as a query, and as text to encode: the parts of a URL put together again are
 * the URL; what was encoded decodes to what it was. */
#include "base/percent.h"
#include "http/url.h"

#include "fuzz.h"

/* A port is compared by number, since it may be written with zeros in front. */
static void check_parts(pl_slice text)
{
    pl_url url, again;
    const char *reason = NULL;
    pl_buf out = {0};
    if (pl_url_parse(text, &url, &reason)) {
        MUST(reason != NULL);
        return;
    }
    pl_buf_printf(&out, url.is_ipv6 ? "%.*s://[%.*s]" : "%.*s://%.*s", PL_FMT(url.scheme),
                  PL_FMT(url.host));
    if (url.has_port) pl_buf_printf(&out, ":%05u", url.port);
    pl_buf_put_slice(&out, url.path);
    if (url.query.ptr) pl_buf_printf(&out, "?%.*s", PL_FMT(url.query));
    if (url.fragment.ptr) pl_buf_printf(&out, "#%.*s", PL_FMT(url.fragment));

    MUST(pl_url_is_absolute(text));
    MUST(url.port != 0 && url.host.len > 0);
    MUST(url.has_port || pl_slice_eq(pl_buf_slice(&out), text));
    MUST(pl_url_parse(pl_buf_slice(&out), &again, &reason) == 0);
    MUST(url.port == again.port && pl_slice_eq(url.host, again.host));
    MUST(pl_slice_eq(url.path, again.path) && pl_slice_eq(url.query, again.query));
    MUST(pl_slice_eq(url.fragment, again.fragment));
    pl_buf_fini(&out);
}

static void check_round_trip(pl_slice text, void (*encode)(pl_buf *, pl_slice), bool form)
{
    pl_buf encoded = {0}, decoded = {0};
    encode(&encoded, text);
    MUST(pl_url_decode(&decoded, pl_buf_slice(&encoded), form));
    MUST(pl_slice_eq(pl_buf_slice(&decoded), text));
    pl_buf_fini(&encoded);
    pl_buf_fini(&decoded);
}

static void check_query(pl_slice text)
{
    pl_slice rest = text, name, value;
    size_t total = 0;
    while (pl_query_next(&rest, &name, &value))
        total += name.len + value.len + (value.ptr != NULL);
    MUST(rest.len == 0);
    for (size_t i = 0; i < text.len; i++)
        total += text.ptr[i] == '&';
    MUST(total == text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pl_slice text = {(const char *)data, size};
    pl_buf out = {0};
    check_parts(text);
    check_round_trip(text, pl_percent_encode, false);
    check_round_trip(text, pl_percent_encode_form, true);
    check_query(text);
    pl_url_join(&out, PL_SLICE("http://a/b/"), text);
    MUST(pl_slice_starts(pl_buf_slice(&out), PL_SLICE("http://a/b")));
    pl_url_decode(&out, text, true);
    pl_buf_fini(&out);
    return 0;
}
