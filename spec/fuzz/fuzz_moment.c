/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a time to read, as a format, as a zone's name, its rule and its file. A time that is
 * read is one that is written, and reads back the same. */
#include "text/moment.h"
#include "text/zone_file.h"

#include "fuzz.h"

static void check_round_trip(pl_slice text)
{
    static const char format[] = "%Y-%m-%dT%H:%M:%S.%fZ";
    pl_moment m, again;
    pl_buf out = {0};
    if (!pl_moment_read(text, &m)) return;
    if (pl_moment_put(&out, m, pl_slice_of(format), PL_SLICE("UTC"))) {
        MUST(pl_moment_read(pl_buf_slice(&out), &again));
        MUST(again.seconds == m.seconds && again.microseconds == m.microseconds);
    }
    pl_buf_fini(&out);
}

static void check_format(pl_slice text)
{
    pl_buf out = {0};
    pl_moment_put(&out, pl_moment_of(1795248930.123), text, PL_SLICE("-03:30"));
    pl_moment_put(&out, pl_moment_of(-1e9), PL_SLICE("%c"), text);
    pl_buf_fini(&out);
}

static void check_zone(pl_slice bytes)
{
    static const int64_t times[] = {INT64_C(-62135596800), -1, 1795248930, INT64_C(253402300799)};
    pl_zone_file file;
    pl_zone_rule rule;
    bool is_file = pl_zone_file_read(bytes, &file), is_rule = pl_zone_rule_read(bytes, &rule);
    for (int i = 0; i < 4; i++) {
        if (is_file) MUST(strlen(pl_zone_file_at(&file, times[i]).name) <= PL_ZONE_NAME);
        if (is_rule) MUST(abs(pl_zone_rule_at(&rule, times[i]).offset_s) <= 25 * 3600);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pl_slice text = {(const char *)data, size};
    check_round_trip(text);
    check_format(text);
    check_zone(text);
    return 0;
}
