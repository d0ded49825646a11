/* SPDX-License-Identifier: MIT
 *
 * An attempt as it is kept and shown. */
#ifndef PL_FLOW_ATTEMPT_H
#define PL_FLOW_ATTEMPT_H

#include "base/json.h"
#include "flow/message.h"

/* The row of an attempt: what was really sent and what came back, credentials masked, bodies
 * capped. */
typedef struct pl_attempt {
    uint32_t number;
    bool is_uncounted; /* it uses up nothing of the schedule: the receiver was not at fault */
    int64_t started_ms;
    const char *outcome; /* "ok", or the name of the error */
    const char *stage;   /* in which it failed; NULL when it did not */
    pl_slice error;      /* text; empty when all went well */
    pl_slice traceback;  /* lines, innermost call first; empty when no script failed */
    pl_slice method, url;
    pl_slice request_fields; /* "Name: value\r\n" lines */
    pl_slice request_body;
    uint64_t request_body_bytes; /* before the cap */
    bool body_is_event;          /* request_body is empty and stands in the event */
    int status;
    pl_slice response_fields;
    pl_slice response_body;
    uint64_t response_body_bytes;
    pl_slice variables; /* JSON object or empty */
    pl_slice trace;     /* JSON array of what the scripts did (trace.h), or empty */
    pl_timings timings;
    pl_slice peer;
    bool connection_reused;
    uint64_t generation;
} pl_attempt;

/* Writes the members (into an object that the caller has begun)
 *
 *   "number", "counted", "started", "outcome", "stage": or null, "error": or null,
 *   "traceback": [lines, innermost call first] or null,
 *   "request": null or {"method", "url", "headers": [[name, value]...],
 *                       "body", "body_bytes", "truncated"},
 *   "response": null or {"status", "headers", "body", "body_bytes", "truncated", "peer"},
 *   "variables": object or null,
 *   "timings": {"queue_ms", "script_ms", "dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms"},
 *   "connection_reused", "generation", "trace": [what the scripts did, see trace.h]
 *
 * A body is a string when it is UTF-8, else {"base64": "..."}; `body_bytes` is its size before the
 * cap. `document` is the event's, which stands in for a request body that is the event. */
void pl_attempt_write(pl_json_writer *w, const pl_attempt *a, pl_slice document);

#endif
