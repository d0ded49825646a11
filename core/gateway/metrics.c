/* SPDX-License-Identifier: MIT
 *
 * GET /metrics: the counters and histograms of all workers added up,
 * in the Prometheus text format 0.0.4. */
#include "base/err.h"
#include "gateway/api.h"

#include <stdio.h>

#define EACH_WORKER(g, w)                          \
    for (int i_ = 0; i_ < (g)->worker_count; i_++) \
        for (pl_worker *w = (g)->workers[i_]; w; w = NULL)

/* Those of all listeners. */
#define EACH_SERVER(g, s)                     \
    EACH_WORKER(g, w_)                        \
    for (int j_ = 0; j_ < PL_LISTENERS; j_++) \
        for (pl_server *s = w_->entrances[j_].server; s; s = NULL)

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void head(pl_buf *out, const char *name, const char *type, const char *help)
{
    pl_buf_printf(out, "# HELP perilune_%s %s\n# TYPE perilune_%s %s\n", name, help, name, type);
}

static void one(pl_buf *out, const char *name, const char *type, const char *help, uint64_t n)
{
    head(out, name, type, help);
    pl_buf_printf(out, "perilune_%s %llu\n", name, (unsigned long long)n);
}

/* -- counters: by name, and where they stand -- */

typedef struct source {
    const char *name, *type, *help;
    size_t offset;
} source;

#define ENGINE(member, name, type, help)                      \
    {                                                         \
        name, type, help, offsetof(pl_engine_metrics, member) \
    }
#define SERVER(member, name, type, help)                      \
    {                                                         \
        name, type, help, offsetof(pl_server_metrics, member) \
    }
#define CLIENT(member, name, type, help)                      \
    {                                                         \
        name, type, help, offsetof(pl_client_metrics, member) \
    }
#define STORE(member, name, type, help)                      \
    {                                                        \
        name, type, help, offsetof(pl_store_metrics, member) \
    }

static const source engine_sources[] = {
    ENGINE(events, "events_total", "counter", "Events that are on disk."),
    ENGINE(duplicates, "events_duplicate_total", "counter", "Events that were there already."),
    ENGINE(unmatched, "events_unmatched_total", "counter", "Events that no webhook wanted."),
    ENGINE(deliveries, "deliveries_total", "counter", "Deliveries made of events."),
    ENGINE(delivered, "deliveries_delivered_total", "counter", "Deliveries that succeeded."),
    ENGINE(failed, "deliveries_failed_total", "counter",
           "Deliveries without an attempt left, or not worth one."),
    ENGINE(cancelled, "deliveries_cancelled_total", "counter",
           "Deliveries cancelled by their own webhook."),
    ENGINE(retried, "deliveries_retried_total", "counter",
           "Attempts after which another one was scheduled."),
    ENGINE(parked, "deliveries_parked_total", "counter", "Deliveries put aside in the store."),
    ENGINE(claimed, "deliveries_claimed_total", "counter", "Deliveries taken back from the store."),
    ENGINE(postponed, "attempts_postponed_total", "counter",
           "Attempts not begun: a breaker was open, or a host at its limit."),
    ENGINE(shelved, "deliveries_shelved_total", "counter",
           "Deliveries put aside because their webhook is disabled."),
    ENGINE(calls, "calls_total", "counter", "Synchronous calls."),
    ENGINE(calls_replayed, "calls_replayed_total", "counter",
           "Calls that were not made: their Idempotency-Key had an answer."),
    ENGINE(records_lost, "records_lost_total", "counter",
           "Records of calls that the store could not take."),
    ENGINE(resident, "deliveries_resident", "gauge", "Deliveries in memory."),
    ENGINE(held_back, "deliveries_held_back", "gauge",
           "Of those, the ones that wait for the limit of a host."),
    ENGINE(in_flight, "attempts_in_flight", "gauge", "Attempts, calls and tries under way."),
};

static const source server_sources[] = {
    SERVER(connections_total, "server_connections_total", "counter",
           "Client connections accepted."),
    SERVER(connections, "server_connections", "gauge", "Client connections open."),
    SERVER(connections_refused, "server_connections_refused_total", "counter",
           "Client connections closed at once, beyond limits.connections."),
    SERVER(requests, "server_requests_total", "counter", "Requests that arrived whole."),
    SERVER(handshakes, "server_tls_handshakes_total", "counter", "TLS handshakes that succeeded."),
    SERVER(handshakes_failed, "server_tls_handshakes_failed_total", "counter",
           "TLS handshakes that failed."),
    SERVER(bad_requests, "server_requests_refused_total", "counter",
           "Requests refused before a handler saw them."),
};

static const source client_sources[] = {
    CLIENT(transfers, "client_transfers_total", "counter", "Outbound requests."),
    CLIENT(in_flight, "client_transfers_in_flight", "gauge", "Outbound requests under way."),
    CLIENT(connections_opened, "client_connections_opened_total", "counter",
           "Outbound connections opened."),
    CLIENT(connections_reused, "client_connections_reused_total", "counter",
           "Outbound requests on a connection that was open."),
};

static const source store_sources[] = {
    STORE(commits, "store_commits_total", "counter", "Transactions made durable."),
    STORE(operations, "store_operations_total", "counter", "Operations in them."),
    STORE(errors, "store_errors_total", "counter", "Transactions that failed."),
    STORE(queue_bytes, "store_queue_bytes", "gauge", "What waits to be written."),
    STORE(pending, "deliveries_pending", "gauge", "Deliveries that are pending."),
    STORE(behind, "deliveries_waiting", "gauge",
          "Deliveries that wait for others of their order_by key."),
    STORE(stopped, "order_keys_stopped", "gauge",
          "Keys of order_by whose failed delivery waits for a retry or cancel."),
    STORE(removed, "store_removed_total", "counter", "Deliveries that were kept long enough."),
    STORE(stripped, "store_stripped_total", "counter",
          "Deliveries whose payload was kept long enough."),
    STORE(is_failing, "store_failing", "gauge", "1 while the store cannot write."),
};

static const pl_counter *counter_at(const void *metrics, const source *s)
{
    return (const pl_counter *)((const char *)metrics + s->offset);
}

typedef const void *metrics_of(const pl_worker *w);

static const void *engine_of(const pl_worker *w)
{
    return pl_engine_metrics_of(w->engine);
}

static const void *client_of(const pl_worker *w)
{
    return pl_client_metrics_of(w->client);
}

static void sums(pl_buf *out, const pl_gateway *g, const source *list, size_t count, metrics_of *of)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t n = 0;
        EACH_WORKER(g, w)
        n += pl_counter_get(counter_at(of(w), &list[i]));
        one(out, list[i].name, list[i].type, list[i].help, n);
    }
}

static void server_sums(pl_buf *out, const pl_gateway *g)
{
    for (size_t i = 0; i < COUNT(server_sources); i++) {
        uint64_t n = 0;
        EACH_SERVER(g, s)
        n += pl_counter_get(counter_at(pl_server_metrics_of(s), &server_sources[i]));
        one(out, server_sources[i].name, server_sources[i].type, server_sources[i].help, n);
    }
}

/* -- histograms -- */

static void add_up(pl_histogram *sum, const pl_histogram *h)
{
    for (int i = 0; i < PL_HISTOGRAM_BUCKETS; i++)
        atomic_fetch_add_explicit(&sum->buckets[i],
                                  atomic_load_explicit(&h->buckets[i], memory_order_relaxed),
                                  memory_order_relaxed);
    atomic_fetch_add_explicit(&sum->sum_us, atomic_load_explicit(&h->sum_us, memory_order_relaxed),
                              memory_order_relaxed);
}

/* `labels`: "" or `stage="send"`. */
static void histogram(pl_buf *out, const char *name, const char *labels, const pl_histogram *h)
{
    uint64_t seen = 0;
    const char *comma = labels[0] ? "," : "";
    for (int i = 0; i < PL_HISTOGRAM_BUCKETS; i++) {
        uint64_t bound_us = pl_histogram_bound_us(i);
        seen += atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
        pl_buf_printf(out, "perilune_%s_bucket{%s%sle=\"", name, labels, comma);
        if (bound_us == UINT64_MAX)
            PL_BUF_PUT(out, "+Inf");
        else
            pl_buf_printf(out, "%g", (double)bound_us / 1e6);
        pl_buf_printf(out, "\"} %llu\n", (unsigned long long)seen);
    }
    const char *open = labels[0] ? "{" : "", *close = labels[0] ? "}" : "";
    double sum_s = (double)atomic_load_explicit(&h->sum_us, memory_order_relaxed) / 1e6;
    pl_buf_printf(out, "perilune_%s_sum%s%s%s %.6f\n", name, open, labels, close, sum_s);
    pl_buf_printf(out, "perilune_%s_count%s%s%s %llu\n", name, open, labels, close,
                  (unsigned long long)seen);
}

static void stages(pl_buf *out, const pl_gateway *g)
{
    head(out, "stage_seconds", "histogram", "Time in each stage of the way of the data.");
    for (int stage = 0; stage < PL_STAGE_COUNT; stage++) {
        pl_histogram sum = {0};
        char label[40];
        EACH_WORKER(g, w)
        add_up(&sum, &pl_engine_metrics_of(w->engine)->stages[stage]);
        snprintf(label, sizeof label, "stage=\"%s\"", pl_stage_name((enum pl_stage)stage));
        histogram(out, "stage_seconds", label, &sum);
    }
}

static void latencies(pl_buf *out, const pl_gateway *g)
{
    pl_histogram end_to_end = {0}, busy = {0};
    uint64_t longest_us = 0;
    EACH_WORKER(g, w)
    {
        uint64_t stall_us = pl_loop_longest_stall_us(w->loop);
        add_up(&end_to_end, &pl_engine_metrics_of(w->engine)->end_to_end);
        add_up(&busy, pl_loop_busy(w->loop));
        if (stall_us > longest_us) longest_us = stall_us;
    }
    head(out, "delivery_seconds", "histogram",
         "From the first byte of an event's request to its delivery's success.");
    histogram(out, "delivery_seconds", "", &end_to_end);
    head(out, "store_commit_seconds", "histogram", "Time to make a transaction durable.");
    histogram(out, "store_commit_seconds", "", &pl_store_metrics_of(g->store)->commit_us);
    head(out, "store_keep_seconds", "histogram", "Time of a step of retention between commits.");
    histogram(out, "store_keep_seconds", "", &pl_store_metrics_of(g->store)->keep_us);
    head(out, "loop_busy_seconds", "histogram",
         "How long a worker's loop was busy between two waits.");
    histogram(out, "loop_busy_seconds", "", &busy);
    head(out, "loop_stall_seconds_max", "gauge", "The longest of these times since the start.");
    pl_buf_printf(out, "perilune_loop_stall_seconds_max %.6f\n", (double)longest_us / 1e6);
}

/* -- the rest -- */

static void outcomes(pl_buf *out, const pl_gateway *g)
{
    head(out, "attempts_total", "counter", "Attempts, calls and tries by outcome.");
    for (int i = 0; i <= PL_ERR_COUNT; i++) {
        uint64_t n = 0;
        EACH_WORKER(g, w)
        n += pl_counter_get(&pl_engine_metrics_of(w->engine)->attempts[i]);
        if (n || i == 0)
            pl_buf_printf(out, "perilune_attempts_total{outcome=\"%s\"} %llu\n", pl_err_name(-i),
                          (unsigned long long)n);
    }
}

static void responses(pl_buf *out, const pl_gateway *g)
{
    head(out, "server_responses_total", "counter", "Answers to clients by status class.");
    for (int class = 1; class <= 5; class ++) {
        uint64_t n = 0;
        EACH_SERVER(g, s)
        n += pl_counter_get(&pl_server_metrics_of(s)->responses[class]);
        pl_buf_printf(out, "perilune_server_responses_total{class=\"%dxx\"} %llu\n", class,
                      (unsigned long long)n);
    }
}

static void sources(pl_buf *out, const pl_gateway *g)
{
    pl_buf rows;
    pl_buf_init(&rows);
    pl_tally_write(g->tally, "perilune_sources_total", &rows);
    if (rows.len)
        head(out, "sources_total", "counter", "Requests to sources and to the ingress by outcome.");
    pl_buf_put_slice(out, pl_buf_slice(&rows));
    pl_buf_fini(&rows);
}

static void cache(pl_buf *out, const pl_gateway *g)
{
    pl_cache_metrics m = pl_cache_metrics_of(g->cache);
    one(out, "cache_hits_total", "counter", "Look-ups of scripts that found a value.", m.hits);
    one(out, "cache_misses_total", "counter", "Look-ups of scripts that found none.", m.misses);
    one(out, "cache_fills_total", "counter", "Fills that were begun.", m.fills);
    one(out, "cache_fills_failed_total", "counter", "Fills that failed.", m.failures);
    one(out, "cache_evictions_total", "counter", "Values that made room for others.", m.evictions);
    one(out, "cache_waiting", "gauge", "Scripts that wait for another's fill.", m.waiting);
    one(out, "cache_entries", "gauge", "Values that are kept for scripts.", m.entries);
    one(out, "cache_bytes", "gauge", "What they take.", m.bytes);
}

void pl_api_metrics(pl_api_request *r)
{
    pl_gateway *g = r->worker->gateway;
    pl_buf out;
    pl_buf_init(&out);
    head(&out, "build_info", "gauge", "The version that runs.");
    pl_buf_printf(&out, "perilune_build_info{version=\"%s\"} 1\n", PL_VERSION);
    one(&out, "workers", "gauge", "Worker threads.", (uint64_t)g->worker_count);
    one(&out, "generation", "gauge", "Number of the scripts' load that is in use.",
        atomic_load(&g->published));
    sums(&out, g, engine_sources, COUNT(engine_sources), engine_of);
    one(&out, "breakers_open", "gauge", "Destinations that are left alone for a while.",
        pl_breakers_open(g->breakers));
    one(&out, "webhooks_disabled", "gauge", "Webhooks that are disabled until they are enabled.",
        pl_switches_count(g->switches));
    outcomes(&out, g);
    server_sums(&out, g);
    if (g->tls)
        one(&out, "server_tls_certificate_expires_seconds", "gauge",
            "When the certificate of the listener expires, since 1970.",
            (uint64_t)pl_tls_expires(g->tls));
    responses(&out, g);
    sums(&out, g, client_sources, COUNT(client_sources), client_of);
    for (size_t i = 0; i < COUNT(store_sources); i++)
        one(&out, store_sources[i].name, store_sources[i].type, store_sources[i].help,
            pl_counter_get(counter_at(pl_store_metrics_of(g->store), &store_sources[i])));
    cache(&out, g);
    sources(&out, g);
    stages(&out, g);
    latencies(&out, g);
    pl_inbound_reply(r->in, 200, PL_SLICE("text/plain; version=0.0.4"), PL_NO_SLICE,
                     pl_buf_slice(&out));
    pl_buf_fini(&out);
}
