/* SPDX-License-Identifier: MIT
 *
 * A transfer takes a link (link.h), one that is kept or one that libcurl opens, and makes a round
 * trip on it (roundtrip.h). `done` is called from the loop with the transfer out of everybody's hands,
 * so that it may send and cancel as it likes.
 *
 *   from                           on                                    to
 *   begin                          a proxy                               look_up, judge, launch
 *   begin                          none                                  launch
 *   launch                         a kept link goes that way             speak
 *   launch                         none does                             open, on_link
 *   launch                         libcurl has to carry it               carry, on_carried
 *   on_link                        a link is open                        speak, end_trip
 *   on_link                        it has ended again                    repeat, on_link
 *   end_trip                       a kept link ended, without an answer  repeat, on_link
 *   on_link, end_trip, on_carried  anything else                         finish
 *   finish                         the answer leads on                   follow, begin
 *   finish                         it does not, or there is none         report
 *
 * look_up: only before a proxy, whose connection says nothing of where the request goes. open and
 * carry are libcurl's work (dial.c): it opens a link, or carries the request as a whole, for
 * authentication in which the receiver asks and content codings that only the request knows. What is
 * refused on the way is reported by the timer `unsent`, or at once when the loop called.
 *
 * A link that was kept may end just when a request is sent on it. Without a byte of an answer, the
 * request goes again, on a new one (RFC 9112 section 9.3.1 of connections that close; libcurl does so
 * as well). */
#include "net/transfer.h"

#include "base/err.h"
#include "net/credentials.h"
#include "net/outgoing.h"
#include "net/redirect.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static void begin(pl_transfer *t, const pl_request *request);

/* -- transfers -- */

static pl_transfer *holder_of(pl_timer *timer, size_t offset)
{
    return (pl_transfer *)(void *)((char *)timer - offset);
}

static pl_wheel *wheel_of(const pl_transfer *t)
{
    return pl_loop_wheel(t->client->loop);
}

static void link_transfer(pl_transfer **list, pl_transfer *t)
{
    t->next = *list;
    t->link_of = list;
    if (t->next) t->next->link_of = &t->next;
    *list = t;
}

static void unlink_transfer(pl_transfer *t)
{
    *t->link_of = t->next;
    if (t->next) t->next->link_of = t->link_of;
}

/* Out of everybody's hands. Its link can be of use to others only when the round trip says so. */
static void take_back(pl_transfer *t)
{
    pl_wheel_stop(wheel_of(t), &t->unsent);
    pl_wheel_stop(wheel_of(t), &t->deadline);
    if (t->lookup) pl_lookup_cancel(t->lookup);
    t->lookup = NULL;
    pl_buf_fini(&t->in.body);
    if (t->link == NULL) return;
    if (t->link->is_open) pl_roundtrip_end(&t->trip);
    if (t->link->is_open && t->trip.can_be_kept)
        pl_link_keep(t->link);
    else
        pl_link_drop(t->link);
    t->link = NULL;
}

/* Of the client no more. */
static void detach(pl_transfer *t)
{
    pl_client *c = t->client;
    take_back(t);
    unlink_transfer(t);
    pl_counter_set(&c->metrics.in_flight, pl_counter_get(&c->metrics.in_flight) - 1);
}

/* The end, with `code`. */
static void report(pl_transfer *t, int code)
{
    pl_response *response = t->in.response;
    if (code != 0 && t->last_hop && response->error_text && code != PL_E_REDIRECT)
        response->error_text =
            pl_redirect_explain(t->last_hop->url, response->error_text, t->in.arena);
    detach(t);
    t->done(t->arg, code);
}

static void on_unsent(pl_timer *timer)
{
    pl_transfer *t = holder_of(timer, offsetof(pl_transfer, unsent));
    report(t, t->unsent_code);
}

/* Times are told from when the transfer began, or a part of it: `before_us` is what went before. */
static void shift_timings(pl_transfer *t, uint64_t before_us)
{
    pl_timings *timings = &t->in.response->timings;
    int64_t *all[] = {&timings->dns_us, &timings->connect_us, &timings->tls_us,
                      &timings->first_byte_us, &timings->total_us};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (*all[i]) *all[i] += (int64_t)before_us;
}

/* Does the answer lead on? PL_WAIT: the next request is on its way; else the code of the answer. */
static int follow(pl_transfer *t)
{
    const pl_request *request = t->in.request;
    pl_response *response = t->in.response;
    if (request->redirects.most == 0) return 0;
    pl_slice location = pl_redirect_location(request, response, t->in.arena);
    if (!pl_redirect_is_one(request, response, location)) return 0;
    pl_request *next = pl_arena_zero(t->in.arena, sizeof *next);
    int code = pl_redirect_next(request, response, location, t->hops, next, t->in.arena,
                                &response->error_text);
    if (code) return code;
    pl_hop *hop = pl_arena_zero(t->in.arena, sizeof *hop);
    *hop = (pl_hop){.status = response->status, .url = next->url};
    *(t->last_hop ? &t->last_hop->next : &response->hops) = hop;
    t->last_hop = hop;
    t->hops++;
    take_back(t);
    t->launched_us = pl_monotonic_us();
    begin(t, next);
    return PL_WAIT;
}

/* What became of the request, or of the attempt to open a link for it. */
static void finish(pl_transfer *t, CURLcode result)
{
    pl_response *response = t->in.response;
    if (t->in.notes.was_sent) response->was_sent = true;
    shift_timings(t, t->launched_us - t->began_us);
    int code =
        pl_outcome_of(t->link->easy, result, &t->in.notes, t->in.request, response, t->in.arena);
    pl_incoming_end_body(&t->in);
    if (code == 0) code = follow(t);
    if (code != PL_WAIT) report(t, code);
}

/* -- round trips -- */

static bool is_of_connection(CURLcode result)
{
    return result == CURLE_SEND_ERROR || result == CURLE_RECV_ERROR || result == CURLE_GOT_NOTHING;
}

/* The link had ended before anything came of it. */
static void repeat(pl_transfer *t)
{
    take_back(t);
    t->in.notes.is_open = false;
    int code = pl_dial_open(t);
    if (code) report(t, code);
}

static void end_trip(pl_transfer *t, CURLcode result)
{
    uint64_t first_us = t->trip.first_byte_us,
             end_us = result == CURLE_OPERATION_TIMEDOUT ? pl_monotonic_us() : t->trip.last_us;
    if (t->link->was_kept && first_us == 0 && is_of_connection(result)) {
        repeat(t);
        return;
    }
    pl_timings *timings = &t->in.response->timings;
    if (first_us) timings->first_byte_us = (int64_t)(first_us - t->launched_us);
    timings->total_us = (int64_t)(end_us - t->launched_us);
    finish(t, result);
}

static void on_trip_done(pl_roundtrip *trip, CURLcode result)
{
    end_trip((pl_transfer *)(void *)((char *)trip - offsetof(pl_transfer, trip)), result);
}

static void on_deadline(pl_timer *timer)
{
    end_trip(holder_of(timer, offsetof(pl_transfer, deadline)), CURLE_OPERATION_TIMEDOUT);
}

static void speak(pl_transfer *t, uint64_t now_us)
{
    pl_response *response = t->in.response;
    int64_t limit_ms = pl_dial_left_ms(t, now_us);
    t->in.notes.is_open = true;
    response->connection_reused = t->link->was_kept;
    if (t->link->was_kept) pl_counter_add(&t->client->metrics.connections_reused, 1);
    memcpy(response->peer, t->link->peer_text, sizeof response->peer);
    if (limit_ms > 0) pl_wheel_start(wheel_of(t), &t->deadline, (uint64_t)limit_ms);
    pl_roundtrip_start(&t->trip, t->link, &t->in, &t->url, t->client->config.user_agent,
                       on_trip_done);
}

/* -- links -- */

static bool is_for_libcurl(const pl_request *r)
{
    return r->auth.kind != PL_AUTH_NONE || pl_fields_find(r->fields, PL_SLICE("Accept-Encoding"));
}

/* With its length, so that no two lists of parts are the same bytes. */
static void put_part(pl_buf *way, pl_slice part)
{
    pl_buf_put_int(way, (int64_t)part.len);
    pl_buf_put_char(way, ' ');
    pl_buf_put_slice(way, part);
}

/* Proxies, certificates and authorities are part of the way; a request with none of its own goes by
 * the client's. */
static pl_slice way_of(const pl_transfer *t)
{
    const pl_tls *tls = &t->in.request->tls;
    pl_slice url = t->in.request->url, origin = {url.ptr, (size_t)(t->url.path.ptr - url.ptr)};
    if (pl_dial_is_plain(t)) return origin;
    pl_slice parts[] = {origin,           t->proxy.url, t->proxy.user,   t->proxy.password,
                        tls->certificate, tls->key,     tls->passphrase, tls->ca};
    pl_buf way;
    pl_buf_init(&way);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        put_part(&way, parts[i]);
    pl_slice text = pl_arena_dup(t->in.arena, pl_buf_slice(&way));
    pl_buf_fini(&way);
    return text;
}

static int launch(pl_transfer *t)
{
    if (is_for_libcurl(t->in.request)) return pl_dial_carry(t);
    t->way = way_of(t);
    t->link = pl_links_find(t->client->links, t->way);
    if (t->link == NULL) return pl_dial_open(t);
    /* The guard may be another one than when it was opened. */
    if (t->proxy.url.len || pl_dial_is_allowed(t, (const struct sockaddr *)&t->link->peer)) {
        speak(t, t->launched_us);
        return 0;
    }
    pl_link_drop(t->link);
    t->link = NULL;
    t->in.response->error_text = t->in.notes.refusal;
    return PL_E_EGRESS;
}

static void on_link(pl_transfer *t, CURLcode result)
{
    bool is_tls = pl_slice_eq_nocase(t->url.scheme, PL_SLICE("https"));
    if (pl_outcome_opened(t->link->easy, t->in.response))
        pl_counter_add(&t->client->metrics.connections_opened, 1);
    shift_timings(t, t->dialed_us - t->launched_us);
    if (result != CURLE_OK)
        finish(t, result);
    else if (pl_link_opened(t->link, t->way, t->in.response->peer, is_tls))
        speak(t, pl_monotonic_us());
    else
        repeat(t);
}

static void on_carried(pl_transfer *t, CURLcode result)
{
    pl_client_metrics *metrics = &t->client->metrics;
    if (pl_outcome_measure(t->link->easy, &t->in.notes, t->in.response))
        pl_counter_add(&metrics->connections_opened, 1);
    if (t->in.response->connection_reused) pl_counter_add(&metrics->connections_reused, 1);
    finish(t, result);
}

static void on_finished(CURL *easy, CURLcode result)
{
    pl_transfer *t = pl_dial_transfer(easy);
    if (is_for_libcurl(t->in.request))
        on_carried(t, result);
    else
        on_link(t, result);
}

/* -- public -- */

/* Each connection is a descriptor. The usual soft limit of 1024 is for programs that select(2). */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void pl_client_global_init(void)
{
    const char *version = pl_dial_init();
    if (version) {
        fprintf(stderr,
                "perilune: libcurl %s cannot be used: it needs TLS and a resolver that does not "
                "block\n",
                version);
        exit(1);
    }
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
}

pl_client *pl_client_new(pl_loop *loop, const pl_client_config *config)
{
    pl_client *c = pl_alloc_zero(sizeof *c);
    c->loop = loop;
    c->config = *config;
    c->shards = pl_shards_new(loop, on_finished, pl_dial_connected);
    c->links = pl_links_new(loop, pl_dial_rules, c);
    return c;
}

void pl_client_use(pl_client *c, const pl_egress *egress)
{
    c->config.egress = egress;
}

/* Why it must not go out: a code, with *text. */
static int refusal_of(pl_transfer *t, const char **text)
{
    const pl_request *request = t->in.request;
    int code = pl_url_parse(request->url, &t->url, text);
    if (code) return code;
    if ((*text = pl_outgoing_refusal(request, t->in.arena)) != NULL) return PL_E_SCRIPT;
    bool is_https = pl_slice_eq_nocase(t->url.scheme, PL_SLICE("https"));
    if (request->https_only && !is_https) {
        *text = "the URL is not https, which gateway.lua requires (require_https)";
        return PL_E_URL;
    }
    if ((*text = pl_credentials_refusal(request, is_https)) != NULL) return PL_E_AUTH;
    return 0;
}

static int judge(pl_transfer *t, const struct addrinfo *addresses)
{
    for (const struct addrinfo *a = addresses; a; a = a->ai_next) {
        if (pl_dial_is_allowed(t, a->ai_addr)) continue;
        t->in.response->error_text = t->in.notes.refusal;
        return PL_E_EGRESS;
    }
    return launch(t);
}

static void on_looked_up(void *arg, const struct addrinfo *addresses, const char *error)
{
    pl_transfer *t = arg;
    t->lookup = NULL;
    t->launched_us = pl_monotonic_us();
    t->in.response->error_text = NULL;
    int code = PL_E_DNS;
    if (error)
        t->in.response->error_text = pl_arena_printf(
            t->in.arena, "Could not resolve host: %.*s (%s)", PL_FMT(t->url.host), error);
    else
        code = judge(t, addresses);
    pl_wheel_stop(wheel_of(t), &t->unsent);
    if (code) report(t, code);
}

/* The proxy may pick any of the addresses, so each has to be good. PL_WAIT: a thread looks. */
static int look_up(pl_transfer *t)
{
    pl_client *c = t->client;
    struct sockaddr_storage address;
    struct addrinfo literal = {.ai_addr = (struct sockaddr *)&address};
    if (pl_egress_literal(t->url.host, &address)) return judge(t, &literal);
    if (c->config.proxy_is_trusted) return launch(t);
    if (c->resolver == NULL) c->resolver = pl_resolver_new(c->loop);
    t->lookup = pl_resolver_start(c->resolver, t->url.host, t->url.port, on_looked_up, t);
    t->in.response->error_text = "no thread could be made to resolve the host name";
    if (t->lookup == NULL) return PL_E_INTERNAL;
    int64_t limit = pl_dial_left_ms(t, pl_monotonic_us()),
            connect_ms = t->in.request->connect_timeout_ms;
    bool by_connect = connect_ms > 0 && (limit == 0 || connect_ms < limit);
    if (by_connect) limit = connect_ms;
    t->in.response->error_text =
        pl_arena_printf(t->in.arena, "%s of %" PRId64 " ms reached while resolving the host name",
                        by_connect ? "the connect time-out" : "the time-out",
                        by_connect ? connect_ms : t->in.request->timeout_ms);
    t->unsent_code = PL_E_TIMEOUT;
    if (limit > 0) pl_wheel_start(pl_loop_wheel(c->loop), &t->unsent, (uint64_t)limit);
    return PL_WAIT;
}

/* The first request, or a hop. What is wrong with it is reported from the loop. */
static void begin(pl_transfer *t, const pl_request *request)
{
    pl_client *c = t->client;
    pl_response *response = t->in.response;
    t->in = (pl_incoming){.request = request,
                          .response = response,
                          .arena = t->in.arena,
                          .max_body_bytes = c->config.max_response_bytes,
                          .max_head_bytes = c->config.max_response_header_bytes,
                          .notes.detail = ""};
    *response = (pl_response){.hops = response->hops, .was_sent = response->was_sent};
    t->proxy = request->has_proxy ? request->proxy : c->config.proxy;
    t->in.notes.is_proxied = t->proxy.url.len > 0;
    int code = refusal_of(t, &response->error_text);
    if (code == 0) code = t->in.notes.is_proxied ? look_up(t) : launch(t);
    if (code == 0) response->error_text = NULL;
    if (code >= 0) return;
    t->unsent_code = code;
    pl_wheel_start(pl_loop_wheel(c->loop), &t->unsent, 0);
}

pl_transfer *pl_client_send(pl_client *c, const pl_request *request, pl_response *response,
                            pl_arena *arena, pl_transfer_fn *done, void *arg)
{
    pl_transfer *t = pl_arena_zero(arena, sizeof *t);
    t->client = c;
    t->in.response = response;
    t->in.arena = arena;
    t->done = done;
    t->arg = arg;
    t->began_us = t->launched_us = pl_monotonic_us();
    pl_timer_init(&t->deadline, on_deadline);
    pl_timer_init(&t->unsent, on_unsent);
    response->hops = NULL; /* what the first begin keeps, too */
    response->was_sent = false;
    link_transfer(&c->active, t);
    pl_counter_add(&c->metrics.transfers, 1);
    pl_counter_add(&c->metrics.in_flight, 1);
    begin(t, request);
    return t;
}

void pl_transfer_cancel(pl_transfer *t)
{
    detach(t);
}

void pl_client_free(pl_client *c)
{
    if (c == NULL) return;
    while (c->active)
        pl_transfer_cancel(c->active);
    pl_links_free(c->links);
    pl_resolver_free(c->resolver);
    pl_shards_free(c->shards);
    free(c);
}

const pl_client_metrics *pl_client_metrics_of(const pl_client *c)
{
    return &c->metrics;
}
