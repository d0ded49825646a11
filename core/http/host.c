/* SPDX-License-Identifier: MIT */
#include "http/host.h"

#include "http/url.h"

#include <arpa/inet.h>

#define HOST_BYTES 256 /* no name of the DNS is longer (RFC 1035 section 2.3.4) */

static pl_slice without_root(pl_slice host)
{
    if (host.len > 1 && host.ptr[host.len - 1] == '.') host.len--;
    return host;
}

static bool is_below(pl_slice host, pl_slice name)
{
    if (host.len < name.len + 2) return false;
    pl_slice end = pl_slice_from(host, host.len - name.len);
    return end.ptr[-1] == '.' && pl_slice_eq_nocase(end, name);
}

bool pl_host_is_local(pl_slice host)
{
    char text[HOST_BYTES];
    struct in_addr v4;
    struct in6_addr v6;
    host = without_root(host);
    if (pl_slice_eq_nocase(host, PL_SLICE("localhost"))) return true;
    if (is_below(host, PL_SLICE("localhost"))) return true;
    if (host.len >= sizeof text) return false;
    if (host.len) memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, text, &v6) != 1) return false;
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

static pl_slice without_brackets(pl_slice s)
{
    bool has = s.len >= 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']';
    return has ? (pl_slice){s.ptr + 1, s.len - 2} : s;
}

bool pl_host_matches(pl_slice pattern, pl_slice host)
{
    host = without_root(without_brackets(host));
    pattern = without_root(without_brackets(pattern));
    if (pl_slice_eq(pattern, PL_SLICE("*"))) return true;
    if (pl_slice_starts(pattern, PL_SLICE("*."))) return is_below(host, pl_slice_from(pattern, 2));
    return pl_slice_eq_nocase(host, pattern);
}

bool pl_host_is_pattern(pl_slice pattern)
{
    pl_url url;
    const char *reason;
    if (pl_slice_eq(pattern, PL_SLICE("*"))) return true;
    if (pl_slice_starts(pattern, PL_SLICE("*."))) pattern = pl_slice_from(pattern, 2);
    if (pattern.len == 0 || memchr(pattern.ptr, '*', pattern.len)) return false;
    return pl_url_authority(pattern, &url, &reason) == 0 && !url.has_port;
}
