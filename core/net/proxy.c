/* SPDX-License-Identifier: MIT
 *
 * Until the tunnel is open, what goes wrong is the proxy's fault: receivers are not charged for it.
 * But a proxy that could not get through to the receiver says so: by 502, 503 or 504 (RFC 9110
 * section 15.6), or by the replies of RFC 1928 section 6. */
#include "net/proxy.h"

#include "base/err.h"

void pl_proxy_set(CURL *easy, const pl_proxy *proxy, pl_arena *arena)
{
    if (proxy->url.len == 0) return;
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROXY, pl_arena_dup(arena, proxy->url).ptr);
    curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (proxy->user.len == 0) return;
    curl_easy_setopt(easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, pl_arena_dup(arena, proxy->user).ptr);
    pl_slice password = proxy->password.len ? proxy->password : PL_SLICE("");
    curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, pl_arena_dup(arena, password).ptr);
}

static bool says_unreachable(long reply)
{
    return reply == CURLPX_REPLY_NETWORK_UNREACHABLE || reply == CURLPX_REPLY_HOST_UNREACHABLE ||
           reply == CURLPX_REPLY_CONNECTION_REFUSED || reply == CURLPX_REPLY_TTL_EXPIRED;
}

static curl_off_t time_of(CURL *easy, CURLINFO info)
{
    curl_off_t us = 0;
    curl_easy_getinfo(easy, info, &us);
    return us;
}

bool pl_proxy_is_open(CURL *easy)
{
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return time_of(easy, CURLINFO_PRETRANSFER_TIME_T) > 0 || status / 100 == 2;
}

int pl_proxy_blame(CURL *easy, CURLcode result, int code, bool is_connected)
{
    long status = 0, reply = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
    curl_easy_getinfo(easy, CURLINFO_PROXY_ERROR, &reply);
    if (result == CURLE_PROXY) return says_unreachable(reply) ? PL_E_CONNECT : PL_E_PROXY;
    if (status == 502 || status == 503 || status == 504) return PL_E_CONNECT;
    if (pl_proxy_is_open(easy) || code == PL_E_TLS || code == PL_E_INTERNAL || code == PL_E_AUTH)
        return code;
    /* The proxy may be waiting for the receiver. */
    if (code == PL_E_TIMEOUT && is_connected) return code;
    return PL_E_PROXY;
}
