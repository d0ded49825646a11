/* SPDX-License-Identifier: MIT
 *
 * Every handle has the same rules, which it keeps from one link to the next. What a single request
 * adds to them (a proxy, a client certificate, authentication) makes its handle a special one, which
 * is reset afterwards.
 *
 * A trap of libcurl 7.88: giving up on a name that is being resolved joins the resolver's thread,
 * for as long as getaddrinfo takes, unless CURLOPT_QUICK_EXIT is set: then the thread is left to end
 * on its own.
 */
#include "net/credentials.h"
#include "net/outgoing.h"
#include "net/proxy.h"
#include "net/transfer.h"

#include "base/err.h"

#include <errno.h>
#include <sys/socket.h>

/* How long the file of authorities is held ready after it was read. */
#define AUTHORITIES_S 600

static bool system_has_file; /* of authorities, and not a folder alone; written before threads */

const char *pl_dial_init(void)
{
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
    system_has_file = version->cainfo != NULL;
    bool is_good = curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK &&
                   version->features & CURL_VERSION_ASYNCHDNS &&
                   version->features & CURL_VERSION_SSL;
    return is_good ? NULL : version->version;
}

/* -- what libcurl asks and tells -- */

pl_transfer *pl_dial_transfer(CURL *easy)
{
    pl_link *l = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&l);
    return l && !l->is_open ? l->owner : NULL; /* else it is a handle of libcurl's own */
}

/* While a connection is being made, libcurl waits only until it can write. */
void pl_dial_connected(CURL *easy)
{
    pl_transfer *t = pl_dial_transfer(easy);
    if (t) t->in.notes.is_connected = true;
}

bool pl_dial_is_allowed(pl_transfer *t, const struct sockaddr *address)
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
    pl_link *l = arg;
    pl_transfer *t = l->owner;
    bool is_proxied = t->proxy.url.len > 0; /* the address is the proxy's */
    if (!is_proxied && !pl_dial_is_allowed(t, &address->addr)) return CURL_SOCKET_BAD;
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
    pl_shard_opened(l->shard, fd);
    return fd;
}

/* Of a connection that libcurl has kept, the guard may be another one by now. */
static int before_request(void *arg, char *peer, char *own, int peer_port, int own_port)
{
    (void)own, (void)peer_port, (void)own_port;
    pl_link *l = arg;
    pl_transfer *t = l->owner;
    struct sockaddr_storage address;
    if (t->proxy.url.len) return CURL_PREREQFUNC_OK; /* was judged when it was looked up */
    if (!pl_egress_literal(pl_slice_of(peer), &address)) address.ss_family = AF_UNSPEC;
    bool is_good = pl_dial_is_allowed(t, (struct sockaddr *)&address);
    return is_good ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* -- what it is told -- */

/* Beside a file the system's folder of authorities would count as well, and keep libcurl from
 * holding the file ready: reading it again for each connection takes the loop 10 ms and more. */
static void set_authorities(CURL *easy, const char *ca_file)
{
    if (ca_file) curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    if (ca_file == NULL && !system_has_file) return;
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)AUTHORITIES_S);
}

void pl_dial_rules(void *arg, CURL *easy)
{
    pl_client *c = arg;
    const pl_client_config *config = &c->config;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)(config->names_ms / 1000));
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* see above */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* or later */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, pl_shards_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, c->shards);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"); /* the environment's are not the gateway's */
    set_authorities(easy, config->ca_file);
}

/* Whose link it is the handle of, until the next one. */
static void set_link(CURL *easy, pl_link *l)
{
    curl_easy_setopt(easy, CURLOPT_PRIVATE, l);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, l->detail);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, l);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, l);
}

bool pl_dial_is_plain(const pl_transfer *t)
{
    const pl_request *r = t->in.request;
    return r->tls.certificate.len == 0 && r->tls.ca.len == 0 && t->proxy.url.len == 0;
}

/* A link for the transfer, and libcurl told all about it but what to do. */
static pl_link *prepare_link(pl_transfer *t, bool is_special)
{
    pl_link *l = t->link = pl_link_new(t->client->links);
    l->owner = t;
    t->in.notes.detail = l->detail;
    set_link(l->easy, l);
    l->is_special = is_special;
    if (is_special) {
        pl_credentials_set(l->easy, t->in.request);
        pl_proxy_set(l->easy, &t->proxy, t->in.arena);
    }
    return l;
}

/* Into libcurl's hands. */
static int attach(pl_transfer *t)
{
    CURL *easy = t->link->easy;
    t->dialed_us = pl_monotonic_us();
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)pl_dial_left_ms(t, t->dialed_us));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->in.request->connect_timeout_ms);
    t->link->shard = pl_shards_attach(t->client->shards, easy);
    if (t->link->shard) return 0;
    t->in.response->error_text = "libcurl did not take the request";
    return PL_E_INTERNAL;
}

int pl_dial_open(pl_transfer *t)
{
    pl_link *l = prepare_link(t, !pl_dial_is_plain(t));
    curl_easy_setopt(l->easy, CURLOPT_URL, pl_arena_dup(t->in.arena, t->in.request->url).ptr);
    return attach(t);
}

int pl_dial_carry(pl_transfer *t)
{
    pl_link *l = prepare_link(t, true);
    curl_easy_setopt(l->easy, CURLOPT_CONNECT_ONLY, 0L);
    curl_easy_setopt(l->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(l->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(l->easy, CURLOPT_ACCEPT_ENCODING, "");
    pl_incoming_watch(l->easy, &t->in);
    pl_incoming_watch_auth(l->easy, &t->in);
    pl_outgoing_set(l->easy, t->in.request, t->client->config.user_agent, t->in.arena);
    return attach(t);
}

int64_t pl_dial_left_ms(const pl_transfer *t, uint64_t now_us)
{
    int64_t limit_ms = t->in.request->timeout_ms;
    if (limit_ms <= 0) return 0;
    int64_t left = limit_ms - (int64_t)(now_us - t->began_us) / 1000;
    return left > 0 ? left : 1;
}
