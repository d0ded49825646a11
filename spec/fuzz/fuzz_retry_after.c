/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a Retry-After. A date that is read is within the calendar; a wait is never before
 * now. */
#include "http/message.h"
#include "http/retry_after.h"

#include "fuzz.h"

#define NOW_S INT64_C(1795248930)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pl_slice text = {(const char *)data, size};
    int64_t at_s = 0, again_s = 0;
    MUST(pl_http_retry_after_ms(text, NOW_S * 1000) >= -1);
    if (!pl_http_date_read(text, NOW_S, &at_s)) return 0;
    MUST(at_s >= INT64_C(-62167219200) && at_s <= INT64_C(253402300800));
    if (at_s < 0 || at_s > INT64_C(253402300799)) return 0;
    char fixdate[PL_HTTP_DATE_TEXT + 1];
    pl_http_date(at_s, fixdate);
    MUST(pl_http_date_read(pl_slice_of(fixdate), NOW_S, &again_s) && again_s == at_s);
    return 0;
}
