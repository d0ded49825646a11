/* SPDX-License-Identifier: MIT
 *
 * What the scripts of one run did, in order: their log lines, what they noted with ctx.trace, the
 * requests they sent, the values of the cache they filled, and the round of an attempt that was
 * answered 401. A run is an attempt, or whatever else lets scripts work for it. The entries live in
 * the run's arena; what is over the limit is only counted, so that a trace is the beginning of what
 * happened and says how much is missing. Secret values are masked when an entry is made.
 *
 * The entries as JSON, each with these members first:
 *
 *   {"at_ms": 1.250, "stage": "authenticate", "kind": ...
 *      "log",   "level", "message", "fields": {...}
 *      "trace", "message", "fields": any JSON value, where there is one
 *      "http",  "method", "url", "status": or null, "error": class or null, "error_text": or null,
 *               "duration_ms", "connection_reused", "sent_bytes", "received_bytes"
 *      "cache", "key", "error": text or null, "duration_ms"
 *      "redirect", "status", "url": to where; followed
 *      "round", "status", "duration_ms", "connection_reused", "peer": or null
 *   {"kind": "left_out", "entries": n}                 the last one, of a trace that is full
 *
 * `at_ms` is the time since the run began, at which the entry was made. */
#ifndef PL_FLOW_TRACE_H
#define PL_FLOW_TRACE_H

#include "base/arena.h"
#include "base/id.h"
#include "base/log.h"
#include "flow/message.h"
#include "flow/stage.h"

typedef struct pl_trace_entry pl_trace_entry;

/* Whose run it is, as its log lines say it. */
typedef struct pl_trace_subject {
    pl_slice source, connector, webhook; /* empty: none */
    const char *kind;                    /* of the id: "delivery", "call"; NULL: it has none */
    pl_uuid id;
    uint32_t attempt; /* 0: none */
} pl_trace_subject;

/* Embedded in what runs. All of it but the entries is the owner's to set. */
typedef struct pl_trace {
    pl_arena *arena;
    const enum pl_stage *stage; /* that is running */
    uint64_t (*monotonic_us)(void);
    uint64_t began_us;
    size_t limit_bytes; /* 0: nothing is kept */
    pl_trace_subject subject;

    pl_trace_entry *first, **end;
    size_t used_bytes;
    uint32_t left_out;
} pl_trace;

/* A request that a script sent. */
typedef struct pl_trace_request {
    const pl_request *request;
    const pl_response *response;
    int code; /* of the transfer: 0, or why there is no answer */
    int64_t duration_us;
} pl_trace_request;

/* All are cheap when the trace is full, and do nothing when `t` is NULL. `fields` as of
 * pl_log_fields. */
void pl_trace_log(pl_trace *t, enum pl_log_level level, pl_slice message,
                  const pl_log_field *fields);
/* `fields` is a valid JSON value, or empty. */
void pl_trace_note(pl_trace *t, pl_slice message, pl_slice fields);
void pl_trace_http(pl_trace *t, const pl_trace_request *r);
/* A value was asked for that the cache did not have; `error` is empty, or why there is none. */
void pl_trace_cache(pl_trace *t, pl_slice key, pl_slice error, int64_t duration_us);
/* The redirects that were followed on the way to an answer, or to none. */
void pl_trace_redirects(pl_trace *t, const pl_hop *hops);
/* A first round that is followed by a second. Never left out. */
void pl_trace_round(pl_trace *t, const pl_response *first);

/* The array, in the arena; empty when nothing happened. */
pl_slice pl_trace_json(const pl_trace *t);

/* The fields of a log line that say whose run it is, and an end: at most PL_TRACE_ABOUT. `id` keeps
 * the text of the id. Returns their number. */
#define PL_TRACE_ABOUT 5
size_t pl_trace_about(const pl_trace *t, char id[PL_UUID_TEXT + 1], pl_log_field *fields);

#endif
