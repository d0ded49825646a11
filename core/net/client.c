/* SPDX-License-Identifier: MIT
 *
 * A transfer is an easy handle on its way through a shard (shard.h); idle ones keep theirs. It is
 * begun by send, which only hands it to libcurl, and `done` is called from the loop with the transfer
 * out of libcurl's hands, so that it may send and cancel as it likes.
 *
 *   begin --+------------------------> launch --> finish --+--> report
 *     ^     '--> look_up --> judge ------^                 |
 *     '------------------ follow <-------------------------'
 *
 * look_up: only before a proxy, whose connection says nothing of where the request goes. follow:
 * where the answer leads on. What is refused on the way is reported by the timer `unsent`, or at
 * once when the loop called.
 *
 * A trap of libcurl 7.88: giving up on a name that is being resolved joins the resolver's thread,
 * for as long as getaddrinfo takes, unless CURLOPT_QUICK_EXIT is set: then the thread is left to end
 * on its own.
 */
#include "net/client.h"

#include "base/buf.h"
#include "base/err.h"
#include "http/url.h"
#include "net/credentials.h"
#include "net/incoming.h"
#include "net/memory.h"
#include "net/origin.h"
#include "net/outcome.h"
#include "net/outgoing.h"
#include "net/proxy.h"
#include "net/redirect.h"
#include "net/resolve.h"
#include "net/shard.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define IDLE_TRANSFERS 512 /* easy handles kept for reuse */
/* How long the file of authorities is held ready after it was read. */
#define AUTHORITIES_S 600

struct pl_transfer {
    pl_transfer *next, **link; /* under way, or idle */
    pl_client *client;
    pl_shard *shard; /* NULL: not in libcurl's hands */
    CURL *easy;
    bool has_rules;   /* and what outgoing.c sets, but nothing else */
    pl_origin origin; /* of its last request that went straight */
    pl_url url;       /* the request's */
    pl_proxy proxy;
    pl_lookup *lookup; /* under way: the addresses are to be judged before the proxy is asked */
    uint32_t hops;
    pl_hop *last_hop;
    uint64_t began_us, launched_us;
    pl_timer unsent; /* libcurl never saw it: fires to say why */
    int unsent_code;

    pl_transfer_fn *done;
    void *arg;

    pl_incoming in;
    char detail[CURL_ERROR_SIZE];
};

struct pl_client {
    pl_loop *loop;
    pl_client_config config;
    pl_shards *shards;
    pl_resolver *resolver; /* made when it is first needed */
    pl_transfer *active, *idle;
    uint32_t idle_count;
    pl_client_metrics metrics;
};

static bool system_has_file; /* of authorities, and not a folder alone; written before threads */

static void begin(pl_transfer *t, const pl_request *request);

/* -- what libcurl asks and tells -- */

/* While a connection is being made, libcurl waits only until it can write. */
static void note_connected(CURL *easy)
{
    pl_transfer *t = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
    if (t) t->in.notes.is_connected = true; /* else it is a handle of libcurl's own */
}

/* Asks the guard; false with the refusal noted. */
static bool is_allowed(pl_transfer *t, const struct sockaddr *address)
{
    char text[PL_EGRESS_TEXT];
    if (pl_egress_allows(t->client->config.egress, address, t->url.host, text)) return true;
    t->in.notes.refusal_code = PL_E_EGRESS;
    t->in.notes.refusal = pl_arena_dup(t->in.arena, pl_slice_of(text)).ptr;
    return false;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    pl_transfer *t = arg;
    bool is_proxied = t->proxy.url.len > 0; /* the address is the proxy's */
    if (!is_proxied && !is_allowed(t, &address->addr)) return CURL_SOCKET_BAD;
    int fd = socket(address->family, address->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    address->protocol);
    if (fd < 0) {
        bool is_ours = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        t->in.notes.refusal_code = is_ours ? PL_E_BUSY : PL_E_CONNECT;
        t->in.notes.refusal =
            pl_arena_printf(t->in.arena, "cannot open a socket: %s", strerror(errno));
        return CURL_SOCKET_BAD;
    }
    t->in.notes.was_opened = true;
    pl_shard_opened(t->shard, fd);
    return fd;
}

/* Before each request, that of a kept connection too: the guard may be another one by now. */
static int before_request(void *arg, char *peer, char *own, int peer_port, int own_port)
{
    (void)own, (void)peer_port, (void)own_port;
    pl_transfer *t = arg;
    struct sockaddr_storage address;
    if (t->proxy.url.len) return CURL_PREREQFUNC_OK; /* was judged when it was looked up */
    if (!pl_egress_literal(pl_slice_of(peer), &address)) address.ss_family = AF_UNSPEC;
    bool is_good = is_allowed(t, (struct sockaddr *)&address);
    return is_good ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* -- transfers -- */

static void link_transfer(pl_transfer **list, pl_transfer *t)
{
    t->next = *list;
    t->link = list;
    if (t->next) t->next->link = &t->next;
    *list = t;
}

static void unlink_transfer(pl_transfer *t)
{
    *t->link = t->next;
    if (t->next) t->next->link = t->link;
}

static void free_transfer(pl_transfer *t)
{
    curl_easy_cleanup(t->easy);
    pl_origin_fini(&t->origin);
    free(t);
}

/* Out of libcurl's hands, and the resolver's. */
static void take_back(pl_transfer *t)
{
    pl_wheel_stop(pl_loop_wheel(t->client->loop), &t->unsent);
    if (t->lookup) pl_lookup_cancel(t->lookup);
    t->lookup = NULL;
    if (t->shard) pl_shard_detach(t->shard, t->easy);
    t->shard = NULL;
}

/* Of the client no more, but for reuse. */
static void detach(pl_transfer *t)
{
    pl_client *c = t->client;
    take_back(t);
    unlink_transfer(t);
    pl_counter_set(&c->metrics.in_flight, pl_counter_get(&c->metrics.in_flight) - 1);
}

/* What others leave behind on a handle could be part of the next request. */
static bool is_plain(const pl_transfer *t)
{
    const pl_request *r = t->in.request;
    return r->auth.kind == PL_AUTH_NONE && r->tls.certificate.len == 0 && r->tls.ca.len == 0 &&
           t->proxy.url.len == 0 && !pl_slice_eq(r->method, PL_SLICE("HEAD"));
}

/* Nothing but the origin of its URL has to be known to libcurl. */
static bool goes_straight(const pl_transfer *t)
{
    return is_plain(t) && t->in.request->redirects.most == 0;
}

static void drop_request(pl_transfer *t)
{
    pl_buf_fini(&t->in.body);
    if (t->has_rules && is_plain(t)) return;
    curl_easy_reset(t->easy);
    t->has_rules = false;
}

static void recycle(pl_transfer *t)
{
    pl_client *c = t->client;
    drop_request(t);
    if (c->idle_count == IDLE_TRANSFERS) {
        free_transfer(t);
        return;
    }
    link_transfer(&c->idle, t);
    c->idle_count++;
}

/* The end, with `code`. */
static void report(pl_transfer *t, int code)
{
    pl_transfer_fn *done = t->done;
    void *arg = t->arg;
    pl_response *response = t->in.response;
    if (code != 0 && t->last_hop && response->error_text && code != PL_E_REDIRECT)
        response->error_text =
            pl_redirect_explain(t->last_hop->url, response->error_text, t->in.arena);
    detach(t);
    recycle(t);
    done(arg, code);
}

static void on_unsent(pl_timer *timer)
{
    pl_transfer *t = (pl_transfer *)(void *)((char *)timer - offsetof(pl_transfer, unsent));
    report(t, t->unsent_code);
}

/* libcurl counts from the moment at which it was given this hop, if it is one. */
static void shift_timings(pl_transfer *t)
{
    pl_timings *timings = &t->in.response->timings;
    int64_t before_us = (int64_t)(t->launched_us - t->began_us),
            *all[] = {&timings->dns_us, &timings->connect_us, &timings->tls_us,
                      &timings->first_byte_us};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (*all[i]) *all[i] += before_us;
    timings->total_us += before_us;
}

/* Does the answer lead on? PL_WAIT: the next request is on its way; else the code of the answer. */
static int follow(pl_transfer *t)
{
    const pl_request *request = t->in.request;
    pl_response *response = t->in.response;
    char *url = NULL;
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url);
    pl_slice location = pl_slice_of(url);
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
    drop_request(t);
    begin(t, next);
    return PL_WAIT;
}

static void finish(pl_transfer *t, CURLcode result)
{
    pl_client *c = t->client;
    bool is_new = pl_outcome_measure(t->easy, &t->in.notes, t->in.response);
    shift_timings(t);
    int code =
        pl_outcome_of(t->easy, result, &t->in.notes, t->in.request, t->in.response, t->in.arena);
    t->in.response->body = pl_arena_dup(t->in.arena, pl_buf_slice(&t->in.body));
    if (is_new) pl_counter_add(&c->metrics.connections_opened, 1);
    if (t->in.response->connection_reused) pl_counter_add(&c->metrics.connections_reused, 1);
    if (code == 0) code = follow(t);
    if (code != PL_WAIT) report(t, code);
}

static void on_finished(CURL *easy, CURLcode result)
{
    pl_transfer *t = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
    finish(t, result);
}

/* Beside a file the system's folder of authorities would count as well, and keep libcurl from
 * holding the file ready: reading it again for each connection takes the loop 10 ms and more. */
static void set_authorities(CURL *easy, const char *ca_file)
{
    if (ca_file) curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    if (ca_file == NULL && !system_has_file) return;
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)AUTHORITIES_S);
}

/* What every transfer has; a handle keeps it from one plain request to the next. */
static void set_rules(pl_transfer *t)
{
    const pl_client_config *config = &t->client->config;
    CURL *easy = t->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->detail);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)(config->names_ms / 1000));
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* see above */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* or later */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, pl_shards_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, t->client->shards);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"); /* the environment's are not the gateway's */
    pl_incoming_watch(easy, &t->in);
    set_authorities(easy, config->ca_file);
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
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    bool is_good = curl_global_init_mem(CURL_GLOBAL_ALL, pl_net_malloc, pl_net_free, pl_net_realloc,
                                        pl_net_strdup, pl_net_calloc) == CURLE_OK &&
                   version->features & CURL_VERSION_ASYNCHDNS &&
                   version->features & CURL_VERSION_SSL;
    if (!is_good) {
        fprintf(stderr,
                "perilune: libcurl %s cannot be used: it needs TLS and a resolver that does not "
                "block\n",
                version->version);
        exit(1);
    }
    system_has_file = version->cainfo != NULL;
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
}

pl_client *pl_client_new(pl_loop *loop, const pl_client_config *config)
{
    pl_client *c = pl_alloc_zero(sizeof *c);
    c->loop = loop;
    c->config = *config;
    c->shards = pl_shards_new(loop, on_finished, note_connected);
    return c;
}

void pl_client_use(pl_client *c, const pl_egress *egress)
{
    c->config.egress = egress;
}

static pl_transfer *take_transfer(pl_client *c)
{
    pl_transfer *t = c->idle;
    if (t) {
        unlink_transfer(t);
        c->idle_count--;
    } else {
        t = pl_alloc_zero(sizeof *t);
        t->easy = curl_easy_init();
        if (t->easy == NULL) abort();
    }
    *t =
        (pl_transfer){.client = c, .easy = t->easy, .has_rules = t->has_rules, .origin = t->origin};
    pl_timer_init(&t->unsent, on_unsent);
    return t;
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

/* What is left of the request's time, at least 1; 0: it has no end. */
static int64_t left_ms(const pl_transfer *t, uint64_t now_us)
{
    int64_t limit_ms = t->in.request->timeout_ms;
    if (limit_ms <= 0) return 0;
    int64_t left = limit_ms - (int64_t)(now_us - t->began_us) / 1000;
    return left > 0 ? left : 1;
}

static int launch(pl_transfer *t)
{
    const pl_request *request = t->in.request;
    t->launched_us = pl_monotonic_us();
    if (!t->has_rules) set_rules(t);
    t->has_rules = true;
    if (!is_plain(t)) {
        pl_credentials_set(t->easy, request);
        pl_incoming_watch_auth(t->easy, &t->in);
        pl_proxy_set(t->easy, &t->proxy, t->in.arena);
    }
    pl_outgoing_set(t->easy, request, t->client->config.user_agent, t->in.arena);
    if (goes_straight(t))
        pl_origin_set(&t->origin, t->easy, request->url, &t->url, t->in.arena);
    else
        pl_origin_unset(t->easy);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)left_ms(t, t->launched_us));
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_timeout_ms);
    t->shard = pl_shards_attach(t->client->shards, t->easy);
    if (t->shard) return 0;
    t->in.response->error_text = "libcurl did not take the request";
    return PL_E_INTERNAL;
}

static int judge(pl_transfer *t, const struct addrinfo *addresses)
{
    for (const struct addrinfo *a = addresses; a; a = a->ai_next) {
        if (is_allowed(t, a->ai_addr)) continue;
        t->in.response->error_text = t->in.notes.refusal;
        return PL_E_EGRESS;
    }
    return launch(t);
}

static void on_looked_up(void *arg, const struct addrinfo *addresses, const char *error)
{
    pl_transfer *t = arg;
    t->lookup = NULL;
    t->in.response->error_text = NULL;
    int code = PL_E_DNS;
    if (error)
        t->in.response->error_text = pl_arena_printf(
            t->in.arena, "Could not resolve host: %.*s (%s)", PL_FMT(t->url.host), error);
    else
        code = judge(t, addresses);
    pl_wheel_stop(pl_loop_wheel(t->client->loop), &t->unsent);
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
    int64_t limit = left_ms(t, pl_monotonic_us()), connect_ms = t->in.request->connect_timeout_ms;
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
                          .notes.detail = t->detail};
    t->detail[0] = '\0';
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
    pl_transfer *t = take_transfer(c);
    t->in.response = response;
    t->in.arena = arena;
    t->done = done;
    t->arg = arg;
    t->began_us = t->launched_us = pl_monotonic_us();
    *response = (pl_response){0};
    link_transfer(&c->active, t);
    pl_counter_add(&c->metrics.transfers, 1);
    pl_counter_add(&c->metrics.in_flight, 1);
    begin(t, request);
    return t;
}

void pl_transfer_cancel(pl_transfer *t)
{
    detach(t);
    recycle(t);
}

void pl_client_free(pl_client *c)
{
    if (c == NULL) return;
    while (c->active)
        pl_transfer_cancel(c->active);
    for (pl_transfer *t; (t = c->idle) != NULL;) {
        unlink_transfer(t);
        free_transfer(t);
    }
    pl_resolver_free(c->resolver);
    pl_shards_free(c->shards);
    free(c);
}

const pl_client_metrics *pl_client_metrics_of(const pl_client *c)
{
    return &c->metrics;
}
