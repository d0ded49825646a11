/* SPDX-License-Identifier: MIT */
#include "gateway/guard.h"

#include "base/err.h"
#include "base/rate.h"
#include "http/host.h"
#include "http/url.h"

int pl_guard_rate(const pl_entrance *e, const pl_inbound *in, int *wait_s)
{
    pl_rate *rate = e->worker->gateway->rate;
    uint64_t wait_ms = rate ? pl_rate_take(rate, in->address, pl_monotonic_us()) : 0;
    *wait_s = (int)((wait_ms + 999) / 1000);
    return wait_ms ? PL_E_TOO_MANY_REQUESTS : 0;
}

static bool is_ours(const pl_list *hosts, bool is_loopback, pl_slice host)
{
    if (hosts->count == 0) return !is_loopback || pl_host_is_local(host);
    for (size_t i = 0; i < hosts->count; i++)
        if (pl_host_matches(pl_slice_of(hosts->items[i]), host)) return true;
    return false;
}

int pl_guard_host(const pl_entrance *e, const pl_inbound *in)
{
    pl_url url;
    const char *reason;
    pl_slice authority = in->request.authority;
    if (authority.len == 0) return 0; /* HTTP/1.0, where it need not be said */
    if (pl_url_authority(authority, &url, &reason) != 0) return PL_E_MISDIRECTED;
    bool is_meant =
        is_ours(&e->worker->gateway->settings.hosts, e->listener->is_loopback, url.host);
    return is_meant ? 0 : PL_E_MISDIRECTED;
}

/* RFC 6454: "null", or scheme, host and port; browsers send it with what a page may do to another
 * site. */
int pl_guard_origin(const pl_inbound *in)
{
    static const pl_slice schemes[] = {{"http://", 7}, {"https://", 8}};
    const pl_header *origin = pl_http_header(&in->request, PL_SLICE("Origin"));
    if (origin == NULL) return 0;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (!pl_slice_starts(origin->value, schemes[i])) continue;
        pl_slice authority = pl_slice_from(origin->value, schemes[i].len);
        if (pl_slice_eq_nocase(authority, in->request.authority)) return 0;
    }
    return PL_E_CROSS_ORIGIN;
}
