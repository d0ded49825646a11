/* SPDX-License-Identifier: MIT
 *
 * The way of the data, as data. This list yields the enum, the names in logs, feed and metrics, and
 * the order.
 *
 *      one request                          one attempt at one delivery (or one call)
 *   accept -> parse -> route -> commit  ->  render -> authenticate -> send -> map -> record
 *               |                 |           ^                      |
 *               |                 |           |                      |  a 401, once
 *               |                 |           '---- reauthorize <----'
 *               |                 `-----------+---- one event becomes n deliveries
 *               `-----------------------------'     a call is not routed; of it a key is committed
 *
 * An attempt that has failed goes by way of `failed`, where a connector has hooks that want to hear
 * of it. Neither that nor reauthorize is on the way of an attempt that goes well.
 *
 * The driver (exchange.c) knows when, a stage knows how, and a stage never calls another stage. A
 * failure anywhere sets the exchange's error and goes to record: one exit, one row.
 *
 * To add a stage: add a line here, and its function to the table in exchange.c; metrics and names
 * follow. */
#ifndef PL_FLOW_STAGE_H
#define PL_FLOW_STAGE_H

/*  X(code, name, what it does) */
#define PL_STAGES(X)                                                                           \
    X(PL_STAGE_ACCEPT, "accept", "connection to request bytes (net)")                          \
    X(PL_STAGE_PARSE, "parse", "request body to events (flow)")                                \
    X(PL_STAGE_ROUTE, "route", "event to the webhooks that want it (script, or a table)")      \
    X(PL_STAGE_COMMIT, "commit", "events, or the key of a call, made durable (store)")         \
    X(PL_STAGE_RENDER, "render", "webhook and event to a request (script)")                    \
    X(PL_STAGE_AUTHENTICATE, "authenticate", "credentials put on the request (script)")        \
    X(PL_STAGE_SEND, "send", "request to response (net)")                                      \
    X(PL_STAGE_REAUTHORIZE, "reauthorize", "an answer 401: is there a second round? (script)") \
    X(PL_STAGE_MAP, "map", "response to success and variables (script)")                       \
    X(PL_STAGE_FAILED, "failed", "hooks hear of a failure (script)")                           \
    X(PL_STAGE_RECORD, "record", "attempt and next state made durable (store)")

enum pl_stage {
#define X(code, ...) code,
    PL_STAGES(X)
#undef X
        PL_STAGE_COUNT
};

const char *pl_stage_name(enum pl_stage stage);

#endif
