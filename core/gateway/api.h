/* SPDX-License-Identifier: MIT
 *
 * The HTTP interface, version 1: the table of its resources (api.c), tokens and scopes, and one
 * file per group of handlers. A handler gets a complete request of the right method and scope, and
 * answers it now or later through pl_inbound_*. */
#ifndef PL_GATEWAY_API_H
#define PL_GATEWAY_API_H

#include "base/json.h"
#include "flow/reception.h"
#include "gateway/worker.h"

#define PL_API_MAX_PARTS 2

/* A request that has found its handler. Lives in the inbound's arena. */
typedef struct pl_api_request {
    pl_worker *worker;
    pl_inbound *in;
    pl_slice parts[PL_API_MAX_PARTS]; /* what stood for each {} of the path, decoded */
    pl_slice token;                   /* the name of its token, or empty */
    const pl_slice *only;             /* connectors that the token may reach; with 0: all */
    uint32_t only_count;
} pl_api_request;

typedef void pl_api_fn(pl_api_request *r);

/* For the server: is it a request that may be made? */
int pl_api_admit(pl_inbound *in, void *entrance);
void pl_api_handle(pl_inbound *in, void *entrance);
/* The gateway is stopping: whoever waits for outcomes gets those that are known. */
void pl_api_stop_waiting(pl_worker *w);

/* Events of one request being collected. */
typedef struct pl_collector {
    pl_worker *worker;
    pl_intake *intake; /* gets them */
    uint32_t room;
    bool last_wins; /* names that are there twice: may be, or were refused already */
    bool is_alone;  /* the event is the only one, and will be delivered as soon as it is on disk */
    /* what is wrong with the event that was refused, and where in the body it is */
    pl_event_fault fault;
    char prefix[16];
    int line; /* of the event, set by the caller; 0 where lines do not matter */
} pl_collector;

/* 0, or a code; PL_E_BODY_TOO_LARGE when there are too many. */
int pl_api_collect(pl_collector *c, pl_slice json);
/* The same of each item of an array that is valid JSON. */
int pl_api_collect_array(pl_collector *c, pl_slice array);

typedef struct pl_api_taking {
    bool is_list; /* the answer is {"events": [...]}, not that of one event */
    int wait_s;   /* what Prefer: wait=N is granted */
    const pl_api_request *request;
    const pl_reception *own; /* what it answers instead, in the inbound's arena; NULL */
} pl_api_taking;

/* Takes the intake, takes its events to disk and answers. */
void pl_api_take(pl_worker *w, pl_inbound *inbound, pl_intake *in, const pl_api_taking *how);

/* The index of the webhook that the path names, or -1 when it was answered that there is none. */
int64_t pl_api_find_webhook(pl_api_request *r);
/* The index of a source of the generation, or -1. */
int64_t pl_api_find_source(const pl_generation *g, pl_slice name);
/* The gateway's ingress is asked; when it knows who sent the request, `next` handles it. */
void pl_api_verify(pl_api_request *r, pl_api_fn *next);
/* What a source's script answers. */
void pl_api_own_answer(pl_inbound *in, const pl_reception *r);

/* Of an answer that was given before, under the same key. */
#define PL_API_REPLAYED "Idempotent-Replayed: true\r\n"

/* Answers. */
void pl_api_json(pl_inbound *in, int status, pl_slice extra, const pl_buf *body);
void pl_api_problem(pl_inbound *in, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A problem with an event, with its place: `prefix` is the JSON
 * pointer of the event in the body ("" or "/3"). */
void pl_api_event_problem(pl_inbound *in, int code, const pl_event_fault *fault, const char *prefix,
                          int line);
/* What a try found out, as JSON; also for the command line. */
void pl_api_write_try(const pl_exchange *x, pl_buf *out);
/* The body is to be JSON, without names that are there twice unless the last of them counts; false
 * when it was answered. */
bool pl_api_check_json(pl_inbound *in, int max_depth, bool last_wins);
bool pl_api_last_wins(const pl_settings *s);
/* The request's Idempotency-Key, if there is one, and with it the SHA-256 of its body, in the
 * inbound's arena; false when it was answered. */
bool pl_api_key(pl_inbound *in, pl_slice *key, pl_slice *digest);
/* The parameter of the query, decoded into the inbound's arena;
 * false at a bad escape (then it was answered). */
bool pl_api_param(pl_inbound *in, const char *name, pl_slice *value);

pl_api_fn pl_api_events, pl_api_source, pl_api_call, pl_api_try, pl_api_disable, pl_api_enable;
pl_api_fn pl_api_deliveries, pl_api_delivery, pl_api_retry, pl_api_cancel, pl_api_undelivered;
pl_api_fn pl_api_erase_event, pl_api_erase;
pl_api_fn pl_api_replay, pl_api_cancel_all, pl_api_jobs, pl_api_job, pl_api_job_pause,
    pl_api_job_resume, pl_api_job_cancel;
pl_api_fn pl_api_feed, pl_api_connectors, pl_api_connector, pl_api_reload, pl_api_healthz,
    pl_api_readyz, pl_api_metrics;

#endif
