/* SPDX-License-Identifier: MIT
 *
 * The settings of a gateway: one list, from which come the struct, the defaults, the keys of
 * gateway.lua, the flags, the environment variables and their help. A setting "limits.body" is
 * `limits = { body = ... }` in gateway.lua, `--limits-body` on the command line and
 * PERILUNE_LIMITS_BODY in the environment; a flag beats the environment, which beats the file.
 *
 *   X(kind, member, name, default as written, allowed, what it is)
 *
 * Kinds: TEXT; FILE (its path, relative to the gateway folder); COUNT (a whole number); BYTES (a whole number, "64k", "1M" or "1G" on the command
 * line); SECONDS (a number, kept as milliseconds); LIST (of texts; comma-separated on the command
 * line); SECRETS (a LIST that is never shown). What is allowed: "" for anything of the kind,
 * "a|b|c" for these texts, "min..max" for numbers, both included. */
#ifndef PL_FLOW_SETTINGS_H
#define PL_FLOW_SETTINGS_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdint.h>

#define PL_SETTINGS(X)                                                                           \
    X(TEXT, listen, "listen", "127.0.0.1:8080", "",                                              \
      "address and port to listen on; port 0 takes a free one")                                  \
    X(FILE, store, "store", "perilune.db", "",                                                   \
      "file of the embedded store, relative to the gateway folder")                              \
    X(TEXT, store_sync, "store_sync", "full", "full|normal",                                     \
      "full: a 202 survives a power cut; normal: faster, a power cut may lose the last moments") \
    X(SECONDS, store_linger, "store_linger", "0.01", "0..1",                                     \
      "for which the record of a call that was answered, or of a delivery that is over, is "     \
      "held back so that many share a commit; a crash loses it, and makes the delivery again; "  \
      "0: not at all")                                                                           \
    X(BYTES, store_check, "store_check", "64M", "0..64G",                                        \
      "up to this size the store is looked through for damage at each start; of a larger one "   \
      "the ends of its tables and what is pending")                                              \
    X(COUNT, retention_days, "retention.days", "30", "0..36500",                                 \
      "days that a delivery is kept after it has ended, with attempts and event; 0: for ever")   \
    X(COUNT, retention_payload_days, "retention.payload_days", "0", "0..36500",                  \
      "days that its documents, bodies and variables are kept; 0: as long as the rest")          \
    X(COUNT, retention_key_days, "retention.key_days", "30", "0..36500",                         \
      "days that an Idempotency-Key is known, with what was answered to it; 0: for ever")        \
    X(COUNT, retention_events, "retention.events", "0", "",                                      \
      "events that are kept, the newest; what is pending stays; 0: all")                         \
    X(BYTES, retention_bytes, "retention.bytes", "0", "",                                        \
      "that events, deliveries and attempts may weigh; what is pending stays; 0: any")           \
    X(COUNT, workers, "workers", "0", "0..256", "worker threads; 0 is one per processor")        \
    X(TEXT, log_level, "log.level", "info", "debug|info|warn|error|off",                         \
      "what is worth a line in the log")                                                         \
    X(TEXT, log_format, "log.format", "auto", "auto|human|json",                                 \
      "auto: human on a terminal, else JSON lines")                                              \
    X(SECRETS, tokens_ingest, "tokens.ingest", "", "",                                           \
      "bearer tokens that may post events and calls")                                            \
    X(SECRETS, tokens_admin, "tokens.admin", "", "", "bearer tokens that may do everything")     \
    X(SECRETS, tokens_named, "tokens.named", "", "",                                             \
      "tokens with names, such as \"name=shop scope=ingest connectors=shop|crm sha256=HEX\"")    \
    X(LIST, hosts, "hosts", "", "",                                                              \
      "host names that are answered for, such as gateway.example.com or *.example.com; empty: "  \
      "all, but on loopback only this machine's own")                                            \
    X(TEXT, admin_listen, "admin.listen", "", "",                                                \
      "address and port that alone answer what needs an admin token; empty: those of listen do") \
    X(FILE, tls_certificate, "tls.certificate", "", "",                                          \
      "PEM file of the certificate and its chain, relative to the gateway folder: https; read "  \
      "anew when it changes")                                                                    \
    X(FILE, tls_key, "tls.key", "", "", "PEM file of its private key, as well")                  \
    X(FILE, tls_client_ca, "tls.client_ca", "", "",                                              \
      "PEM file of the authorities that sign clients' certificates; empty: none is asked for")   \
    X(TEXT, tls_client, "tls.client", "required", "required|optional",                           \
      "whether a client has to show a certificate of these authorities")                         \
    X(TEXT, secrets_dir, "secrets.dir", "", "",                                                  \
      "folder of secrets, a file each, relative to the gateway folder")                          \
    X(LIST, egress_allow, "egress.allow", "", "",                                                \
      "what deliveries may reach although it is not public: addresses one by one; private "      \
      "networks also by CIDR block, or by host for requests to it (erp.internal, *.internal)")   \
    X(TEXT, egress_proxy, "egress.proxy", "", "",                                                \
      "what requests go through: http://host:port or socks5h://host:port")                       \
    X(SECRETS, egress_proxy_auth, "egress.proxy_auth", "", "", "user:password, for the proxy")   \
    X(TEXT, egress_proxy_names, "egress.proxy_names", "judge", "judge|trust",                    \
      "judge: the addresses of a host are looked up here and judged before the proxy is asked; " \
      "trust: the proxy judges them")                                                            \
    X(FILE, egress_ca_file, "egress.ca_file", "", "",                                            \
      "PEM file of certificate authorities to trust instead of the system's, relative to the "   \
      "gateway folder")                                                                          \
    X(SECONDS, timeout_call, "timeouts.call", "5", "0.01..3600",                                 \
      "of a call or try, connect to last byte, where the connector sets none; and of a "         \
      "script's own request")                                                                    \
    X(SECONDS, timeout_delivery, "timeouts.delivery", "10", "0.01..3600",                        \
      "of an attempt at a delivery, connect to last byte, where the connector sets none")        \
    X(SECONDS, timeout_connect, "timeouts.connect", "5", "0.01..3600",                           \
      "of making a connection, name resolution and TLS included")                                \
    X(SECONDS, timeout_names, "timeouts.names", "60", "0..3600",                                 \
      "for which the addresses of a host's name are used without asking again, in whole ones")   \
    X(SECONDS, timeout_header, "timeouts.header", "10", "0.01..3600",                            \
      "for a client to send a request's head, and before that for a TLS handshake")              \
    X(SECONDS, timeout_body, "timeouts.body", "30", "0.01..3600",                                \
      "for a client to send a request's body")                                                   \
    X(SECONDS, timeout_idle, "timeouts.idle", "75", "0.01..86400",                               \
      "after which an idle client connection is closed")                                         \
    X(SECONDS, timeout_write, "timeouts.write", "30", "0.01..3600",                              \
      "for a client to take some of its answer")                                                 \
    X(SECONDS, timeout_query, "timeouts.query", "5", "0.01..3600", "of one query of the feed")   \
    X(SECONDS, timeout_grace, "timeouts.grace", "10", "0..3600",                                 \
      "for what is in flight when the gateway is told to stop")                                  \
    X(SECONDS, timeout_hook, "timeouts.hook", "5", "0.01..3600",                                 \
      "of on_failed hooks that wait; a call's end with its own time-out, if that is sooner")     \
    X(SECONDS, timeout_source, "timeouts.source", "5", "0.01..3600",                             \
      "of verifying an inbound request and turning it into events, waiting included")            \
    X(SECONDS, timeout_wait, "timeouts.wait", "60", "0..3600",                                   \
      "the most that Prefer: wait=N is granted")                                                 \
    X(TEXT, json_duplicates, "json.duplicates", "error", "error|last",                           \
      "what a name is that an object of an event, of an answer or for json.decode has twice; "   \
      "last: the last one counts")                                                               \
    X(BYTES, limit_body, "limits.body", "1M", "1..1G", "of a request body")                      \
    X(BYTES, limit_header_bytes, "limits.header_bytes", "16k", "256..16M",                       \
      "of a request line and its headers")                                                       \
    X(COUNT, limit_headers, "limits.headers", "100", "1..128", "of headers in a request")        \
    X(BYTES, limit_target, "limits.target", "8k", "64..16M", "of a request target")              \
    X(COUNT, limit_json_depth, "limits.json_depth", "64", "1..511",                              \
      "of nesting in a JSON document")                                                           \
    X(BYTES, limit_template_output, "limits.template_output", "16M", "1k..1G",                   \
      "of the text that one template makes")                                                     \
    X(COUNT, limit_template_loops, "limits.template_loops", "1000000", "1..1000000000",          \
      "of turns, all loops of one template together")                                            \
    X(COUNT, limit_template_depth, "limits.template_depth", "200", "1..1000",                    \
      "of macros, includes and recursive loops within each other")                               \
    X(COUNT, limit_script_requests, "limits.script_requests", "20", "1..1000",                   \
      "of HTTP requests that one call of a script sends")                                        \
    X(SECONDS, limit_script_time, "limits.script_time", "0.1", "0.001..3600",                    \
      "of processor time that one run of a script takes, our own work for it included")          \
    X(SECONDS, limit_script_load_time, "limits.script_load_time", "5", "0.01..3600",             \
      "of processor time that one file of the folder takes to load")                             \
    X(BYTES, limit_script_memory, "limits.script_memory", "64M", "1M..64G",                      \
      "of memory that one run of a script, or one file while it loads, takes")                   \
    X(BYTES, limit_script_heap, "limits.script_heap", "512M", "16M..64G",                        \
      "of memory of all scripts of a worker; large folders need more")                           \
    X(COUNT, limit_batch, "limits.batch", "1000", "1..1000000", "of events in one request")      \
    X(COUNT, limit_connections, "limits.connections", "10000", "1..1000000",                     \
      "of client connections, per worker")                                                       \
    X(COUNT, limit_client_rate, "limits.client_rate", "0", "0..1000000",                         \
      "of requests per second of one client, an IPv4 address or IPv6 /64; 0: any number")        \
    X(COUNT, limit_client_burst, "limits.client_burst", "100", "1..1000000",                     \
      "of requests that a client which was quiet may make at once")                              \
    X(COUNT, limit_calls, "limits.calls", "1000", "1..1000000",                                  \
      "of calls and tries in flight, per worker")                                                \
    X(COUNT, limit_receptions, "limits.receptions", "1000", "1..1000000",                        \
      "of inbound requests that verifiers and sources work on, per worker")                      \
    X(COUNT, breaker_failures, "breaker.failures", "10", "0..1000000",                           \
      "of requests in a row after which a destination is left alone for a while; 0: never")      \
    X(SECONDS, breaker_cooldown, "breaker.cooldown", "5", "0.01..86400",                         \
      "how long that is at first; then one request asks whether it is back. So long also waits " \
      "what an egress proxy failed")                                                             \
    X(SECONDS, breaker_max, "breaker.max", "60", "0.01..86400",                                  \
      "how long at most: it doubles with each time that it is not back")                         \
    X(COUNT, backlog_deliveries, "backlog.deliveries", "10000", "",                              \
      "of a connector's deliveries pending, from which on it has a backlog; 0: any number")      \
    X(SECONDS, backlog_age, "backlog.age", "3600", "0..31536000",                                \
      "or from which on, when the oldest has been pending for so long; 0: any time")             \
    X(SECONDS, backlog_every, "backlog.every", "10", "0.1..3600",                                \
      "how often that is looked at, while a webhook wants the operator event perilune.backlog")  \
    X(COUNT, limit_in_flight, "limits.in_flight", "500", "1..1000000",                           \
      "of delivery attempts in flight, per worker")                                              \
    X(COUNT, limit_resident, "limits.resident", "10000", "8..10000000",                          \
      "of deliveries kept in memory, per worker; the others wait in the store")                  \
    X(SECONDS, limit_horizon, "limits.horizon", "60", "1..86400",                                \
      "how far ahead a next attempt is kept in memory; later ones wait in the store")            \
    X(BYTES, limit_order_key, "limits.order_key", "256", "80..64k",                              \
      "of a key of order_by; a longer one is known by its SHA-256")                              \
    X(SECONDS, limit_retry_after, "limits.retry_after", "86400", "0..2592000",                   \
      "of the wait that a receiver's Retry-After is granted; 0: it is not looked at")            \
    X(BYTES, limit_response, "limits.response", "1M", "1..1G",                                   \
      "of a response body, after decompression")                                                 \
    X(BYTES, limit_response_header_bytes, "limits.response_header_bytes", "64k", "256..16M",     \
      "of a response's headers")                                                                 \
    X(BYTES, limit_recorded_body, "limits.recorded_body", "64k", "0..64M",                       \
      "of each request and response body that the feed keeps")                                   \
    X(BYTES, limit_trace, "limits.trace", "16k", "0..16M",                                       \
      "of what the feed keeps of what an attempt's scripts did: log lines, requests and so on")  \
    X(BYTES, limit_store_queue, "limits.store_queue", "64M", "64k..64G",                         \
      "of what waits to be written; beyond it events are refused with 503")                      \
    X(BYTES, limit_cache, "limits.cache", "16M", "64k..64G",                                     \
      "of what scripts keep in ctx.cache, all workers together")                                 \
    X(BYTES, limit_cache_entry, "limits.cache_entry", "256k", "256..1G",                         \
      "of one key of ctx.cache and its value")                                                   \
    X(COUNT, limit_feed_page, "limits.feed_page", "200", "1..10000",                             \
      "of rows in one page of the feed")                                                         \
    X(BYTES, limit_feed_backlog, "limits.feed_backlog", "1M", "4k..1G",                          \
      "of what a live feed client may be behind before it is dropped")

typedef struct pl_list {
    char **items;
    size_t count;
} pl_list;

#define PL_SETTING_TYPE_TEXT    char *
#define PL_SETTING_TYPE_FILE    char *
#define PL_SETTING_TYPE_COUNT   int64_t
#define PL_SETTING_TYPE_BYTES   int64_t
#define PL_SETTING_TYPE_SECONDS int64_t
#define PL_SETTING_TYPE_LIST    pl_list
#define PL_SETTING_TYPE_SECRETS pl_list

typedef struct pl_settings {
#define X(kind, member, ...) PL_SETTING_TYPE_##kind member;
    PL_SETTINGS(X)
#undef X
} pl_settings;

enum pl_setting_kind {
    PL_SETTING_TEXT,
    PL_SETTING_FILE,
    PL_SETTING_COUNT,
    PL_SETTING_BYTES,
    PL_SETTING_SECONDS,
    PL_SETTING_LIST,
    PL_SETTING_SECRETS
};

typedef struct pl_setting {
    enum pl_setting_kind kind;
    const char *name, *initial, *allowed, *help;
    size_t offset; /* of the member */
} pl_setting;

extern const pl_setting pl_setting_list[];
extern const size_t pl_setting_count;

void pl_settings_init(pl_settings *s); /* the defaults */
void pl_settings_fini(pl_settings *s);
/* The bounds of a number, in the unit of its member; false when it has none. */
bool pl_setting_range(const pl_setting *setting, int64_t *min, int64_t *max);
/* Sets one from its text form ("1M", "2.5", "a,b"): NULL, or what was expected instead (static
 * text). */
const char *pl_settings_set(pl_settings *s, const pl_setting *setting, pl_slice text);
/* Puts the gateway folder in front of each FILE that is relative: once, when all are set. */
void pl_settings_place(pl_settings *s, const char *folder);
/* Empties a LIST or SECRETS, and adds to it; values may hold commas this way. */
void pl_settings_clear(pl_settings *s, const pl_setting *setting);
void pl_settings_add(pl_settings *s, const pl_setting *setting, pl_slice text);
/* "limits.body" as "limits-body" or "PERILUNE_LIMITS_BODY", into `out`. */
void pl_setting_flag(const pl_setting *setting, pl_buf *out);
void pl_setting_variable(const pl_setting *setting, pl_buf *out);
const char *pl_setting_kind_name(enum pl_setting_kind kind); /* "text", "count", ... */

#endif
