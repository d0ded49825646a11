/* SPDX-License-Identifier: MIT */
#include "flow/passage.h"

#include "base/err.h"
#include "base/log.h"
#include "http/host.h"
#include "http/url.h"

#include <inttypes.h>

#define PROXY "proxy " /* before the name of one, among those of destinations */

/* -- names -- */

/* Puts the bytes behind *at, upper case folded. */
static void put_folded(char **at, pl_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        *(*at)++ = (char)pl_lower(s.ptr[i]);
}

static void put_port(char **at, uint16_t port)
{
    char digits[5], *first = digits + sizeof digits;
    do
        *--first = (char)('0' + port % 10);
    while (port /= 10);
    put_folded(at, (pl_slice){first, (size_t)(digits + sizeof digits - first)});
}

pl_slice pl_destination_of(pl_slice url, pl_arena *arena)
{
    pl_url u;
    const char *reason;
    if (pl_url_parse(url, &u, &reason) != 0) return PL_NO_SLICE;
    const char *host_end = u.host.ptr + u.host.len + u.is_ipv6;
    pl_slice origin = {url.ptr, (size_t)(host_end - url.ptr)};
    char *text = pl_arena_alloc(arena, origin.len + sizeof ":65535"), *at = text;
    put_folded(&at, origin);
    *at++ = ':';
    put_port(&at, u.port);
    *at = '\0';
    return (pl_slice){text, (size_t)(at - text)};
}

/* Of a destination: "//host:port", and without its port. */
static void cut_place(pl_slice destination, pl_slice *place, pl_slice *host, uint16_t *port)
{
    const char *colon = memchr(destination.ptr, ':', destination.len);
    *place = pl_slice_from(destination, (size_t)(colon - destination.ptr) + 1);
    *host = *place;
    for (unsigned unit = 1; host->ptr[host->len - 1] != ':'; unit *= 10, host->len--)
        *port = (uint16_t)(*port + unit * (unsigned)(host->ptr[host->len - 1] - '0'));
    host->len--;
}

const pl_limit *pl_limit_of(pl_limits limits, pl_slice destination, pl_slice *name)
{
    pl_slice place, host;
    uint16_t port = 0;
    if (limits.count == 0 || destination.len == 0) return NULL;
    cut_place(destination, &place, &host, &port);
    for (const pl_limit *l = limits.items; l < limits.items + limits.count; l++) {
        if (l->port && l->port != port) continue;
        if (!pl_host_matches(l->host, pl_slice_from(host, 2))) continue;
        *name = l->port ? place : host;
        return l;
    }
    return NULL;
}

void pl_passage_init(pl_passage *p, const pl_tolls *t, const pl_request *r, pl_arena *arena)
{
    pl_slice proxy = r->has_proxy ? r->proxy.url : pl_slice_of(t->settings->egress_proxy);
    p->destination = pl_destination_of(r->url, arena);
    p->proxy =
        proxy.len ? pl_slice_of(pl_arena_printf(arena, PROXY "%.*s", PL_FMT(proxy))) : PL_NO_SLICE;
}

/* -- breakers -- */

static pl_breaker_terms terms_of(const pl_tolls *t)
{
    const pl_settings *s = t->settings;
    return (pl_breaker_terms){.failures = s->breaker_failures,
                              .cooldown_ms = s->breaker_cooldown,
                              .max_ms = s->breaker_max};
}

/* `code`: of the request, 0 for an answer that is a fault. */
static void tell(const pl_tolls *t, pl_slice name, pl_slice connector, uint64_t now_us,
                 pl_breaker_pass *pass, enum pl_breaker_news news, int code)
{
    pl_breaker_terms terms = terms_of(t);
    pl_breaker_turn turn =
        pl_breaker_tell(t->breakers, &terms, name, connector, now_us, pass, news);
    if (turn.state == PL_BREAKER_OPEN)
        pl_log(PL_LOG_WARN, "a destination fails again and again and is left alone for a while",
               PL_LOG_SLICE("destination", name));
    if (turn.state == PL_BREAKER_CLOSED)
        pl_log(PL_LOG_INFO, "a destination is back", PL_LOG_SLICE("destination", name));
    if (turn.is_news && t->turned)
        t->turned(t->arg, &turn, name, connector, code ? code : PL_E_HTTP_STATUS);
}

static int64_t ask(const pl_tolls *t, pl_slice name, uint64_t now_us, pl_breaker_pass *pass,
                   pl_arena *arena, const char **text)
{
    pl_breaker_terms terms = terms_of(t);
    if (name.len == 0 || terms.failures == 0) return 0;
    int64_t wait_ms = pl_breaker_ask(t->breakers, &terms, name, now_us, pass);
    if (wait_ms == 0) return 0;
    *text = pl_arena_printf(
        arena, "%.*s failed again and again; it is left alone for %" PRId64 " more seconds",
        PL_FMT(name), (wait_ms + 999) / 1000);
    return wait_ms;
}

int64_t pl_passage_ask(pl_passage *p, const pl_tolls *t, uint64_t now_us, pl_arena *arena,
                       const char **text)
{
    int64_t wait_ms = ask(t, p->proxy, now_us, &p->proxy_pass, arena, text);
    if (wait_ms == 0) wait_ms = ask(t, p->destination, now_us, &p->pass, arena, text);
    if (wait_ms) pl_passage_drop(p, t);
    return wait_ms;
}

void pl_passage_force(pl_passage *p, const pl_tolls *t)
{
    bool are_kept = t->settings->breaker_failures > 0;
    p->pass.is_given = are_kept && p->destination.len > 0;
    p->proxy_pass.is_given = are_kept && p->proxy.len > 0;
}

/* Is the destination there? One that answers is, whatever it says but that what stands behind it is
 * not. */
static enum pl_breaker_news news_of(int code, int status)
{
    switch (code) {
    case 0:
        return status >= 502 && status <= 504 ? PL_BREAKER_FAULT : PL_BREAKER_ANSWER;
    case PL_E_TOO_LARGE:
        return PL_BREAKER_ANSWER;
    case PL_E_DNS:
    case PL_E_CONNECT:
    case PL_E_TLS:
    case PL_E_TIMEOUT:
    case PL_E_RESET:
    case PL_E_PROTOCOL:
        return PL_BREAKER_FAULT;
    default:
        return PL_BREAKER_NOTHING;
    }
}

/* A proxy is there when it let the request through, or says that it could not get to the
 * destination. */
static enum pl_breaker_news news_of_proxy(int code)
{
    switch (code) {
    case PL_E_PROXY:
        return PL_BREAKER_FAULT;
    case 0:
    case PL_E_CONNECT:
    case PL_E_TLS:
    case PL_E_RESET:
    case PL_E_PROTOCOL:
    case PL_E_TOO_LARGE:
        return PL_BREAKER_ANSWER;
    default:
        return PL_BREAKER_NOTHING;
    }
}

void pl_passage_tell(pl_passage *p, const pl_tolls *t, pl_slice connector, uint64_t now_us,
                     int code, int status)
{
    p->proxy_pass.is_quiet = p->pass.is_quiet = p->is_quiet;
    tell(t, p->proxy, connector, now_us, &p->proxy_pass, news_of_proxy(code), code);
    tell(t, p->destination, connector, now_us, &p->pass, news_of(code, status), code);
}

/* -- limits -- */

void pl_passage_enter_now(pl_passage *p, const pl_tolls *t, pl_limits limits, uint64_t now_us)
{
    pl_slice name;
    const pl_limit *limit = pl_limit_of(limits, p->destination, &name);
    if (limit) pl_quota_enter_now(t->quotas, name, &limit->rate, now_us, &p->place);
}

void pl_passage_drop(pl_passage *p, const pl_tolls *t)
{
    tell(t, p->proxy, PL_NO_SLICE, 0, &p->proxy_pass, PL_BREAKER_NOTHING, 0);
    tell(t, p->destination, PL_NO_SLICE, 0, &p->pass, PL_BREAKER_NOTHING, 0);
}
