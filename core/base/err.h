/* SPDX-License-Identifier: MIT
 *
 * The one list of what can go wrong. Functions return 0 or one of these negative codes; the name is
 * stable and appears in problem documents (`urn:perilune:NAME`), in the feed as the outcome class
 * of an attempt, in logs and metrics.
 *
 *   X(code, name, HTTP status of the answer, may a delivery be tried again, text)
 *
 * To add one: add a line at the end of its group; nothing else needs to change. */
#ifndef PL_BASE_ERR_H
#define PL_BASE_ERR_H

#include <stdbool.h>

#define PL_ERRORS(X)                                                                               \
    /* what a client sent */                                                                       \
    X(PL_E_BAD_REQUEST, "bad_request", 400, false, "the request is not valid HTTP/1.1")            \
    X(PL_E_BAD_JSON, "bad_json", 400, false, "the body is not valid JSON")                         \
    X(PL_E_BAD_EVENT, "bad_event", 400, false, "the event is not valid")                           \
    X(PL_E_BAD_QUERY, "bad_query", 400, false, "a query parameter is not valid")                   \
    X(PL_E_UNAUTHORIZED, "unauthorized", 401, false,                                               \
      "a bearer token with the right scope is needed")                                             \
    X(PL_E_UNVERIFIED, "unverified", 401, false, "it could not be verified who sent the request")  \
    X(PL_E_FORBIDDEN, "forbidden", 403, false,                                                     \
      "this token does not have the scope that is needed")                                         \
    X(PL_E_CERTIFICATE, "certificate", 403, false,                                                 \
      "this token counts only beside the client certificate that it is for")                       \
    X(PL_E_CROSS_ORIGIN, "cross_origin", 403, false,                                               \
      "requests of web pages of other sites are not taken")                                        \
    X(PL_E_NOT_FOUND, "not_found", 404, false, "there is nothing at this path")                    \
    X(PL_E_UNKNOWN_CONNECTOR, "unknown_connector", 404, false, "no connector has this id")         \
    X(PL_E_UNKNOWN_WEBHOOK, "unknown_webhook", 404, false,                                         \
      "the connector has no webhook of this id")                                                   \
    X(PL_E_UNKNOWN_DELIVERY, "unknown_delivery", 404, false, "no delivery has this id")            \
    X(PL_E_UNKNOWN_SOURCE, "unknown_source", 404, false, "no source has this name")                \
    X(PL_E_UNKNOWN_JOB, "unknown_job", 404, false, "no job has this id")                           \
    X(PL_E_UNKNOWN_EVENT, "unknown_event", 404, false, "no event with this id is kept")            \
    X(PL_E_METHOD, "method_not_allowed", 405, false, "this path does not take this method")        \
    X(PL_E_REQUEST_TIMEOUT, "request_timeout", 408, false, "the request did not arrive in time")   \
    X(PL_E_CONFLICT, "conflict", 409, false, "the delivery is not in a state that allows this")    \
    X(PL_E_NO_PAYLOAD, "no_payload", 410, false, "its event is no longer kept")                    \
    X(PL_E_KEY_REUSED, "idempotency_key_reused", 409, false,                                       \
      "this Idempotency-Key came before, with another body")                                       \
    X(PL_E_KEY_IN_USE, "idempotency_key_in_use", 409, false,                                       \
      "the call with this Idempotency-Key is still under way")                                     \
    X(PL_E_KEY_UNKNOWN, "idempotency_key_unknown", 409, false,                                     \
      "the gateway ended while the call with this Idempotency-Key was under way: whether the "     \
      "receiver has acted on it is not known")                                                     \
    X(PL_E_LENGTH_REQUIRED, "length_required", 411, false, "the request needs a Content-Length")   \
    X(PL_E_BODY_TOO_LARGE, "body_too_large", 413, false, "the body is larger than the limit")      \
    X(PL_E_URI_TOO_LONG, "uri_too_long", 414, false,                                               \
      "the request target is longer than the limit")                                               \
    X(PL_E_MEDIA_TYPE, "unsupported_media_type", 415, false,                                       \
      "the content type is not one that is taken here")                                            \
    X(PL_E_EXPECTATION, "expectation_failed", 417, false, "only Expect: 100-continue is known")    \
    X(PL_E_MISDIRECTED, "misdirected", 421, false, "this gateway does not answer for this host")   \
    X(PL_E_BAD_CONFIG, "bad_config", 422, false, "the gateway folder has mistakes")                \
    X(PL_E_TOO_MANY_REQUESTS, "too_many_requests", 429, false,                                     \
      "this client asks more often than it may")                                                   \
    X(PL_E_HEADERS_TOO_LARGE, "headers_too_large", 431, false,                                     \
      "the header section is larger than the limit")                                               \
    /* the gateway itself */                                                                       \
    X(PL_E_INTERNAL, "internal", 500, true, "the gateway failed; its log says more")               \
    X(PL_E_SOURCE, "source", 500, true, "the source's script failed; the gateway's log says more") \
    X(PL_E_NOT_IMPLEMENTED, "not_implemented", 501, false, "this transfer coding is not known")    \
    X(PL_E_VERSION, "http_version", 505, false, "only HTTP/1.0 and HTTP/1.1 are spoken here")      \
    X(PL_E_STORE, "store", 503, true, "the store cannot write at the moment")                      \
    X(PL_E_STORE_FULL, "store_full", 503, true, "the disk that holds the store is full")           \
    X(PL_E_MEMORY, "memory", 503, true, "there is not enough memory for it at the moment")         \
    X(PL_E_BUSY, "busy", 503, true, "too much is in flight; try again shortly")                    \
    X(PL_E_STOPPING, "stopping", 503, true, "the gateway is shutting down")                        \
    X(PL_E_SOURCE_TIMEOUT, "source_timeout", 504, true,                                            \
      "the source's script did not end in time (timeouts.source)")                                 \
    X(PL_E_QUERY_TIMEOUT, "query_timeout", 503, true,                                              \
      "the query took too long; narrow its filter")                                                \
    /* outcome classes of an attempt */                                                            \
    X(PL_E_CONFIG, "config", 502, true, "the connector or webhook of this delivery is not loaded") \
    X(PL_E_SCRIPT, "script", 502, true, "a script or template failed")                             \
    X(PL_E_AUTH, "auth", 502, true, "the authenticator could not be applied")                      \
    X(PL_E_URL, "url", 502, true, "the URL cannot be used")                                        \
    X(PL_E_EGRESS, "egress", 502, true, "the egress guard does not allow this address")            \
    X(PL_E_PROXY, "proxy", 502, true, "the egress proxy failed")                                   \
    X(PL_E_REDIRECT, "redirect", 502, false, "the answer's redirect could not be followed")        \
    X(PL_E_DNS, "dns", 502, true, "the host name could not be resolved")                           \
    X(PL_E_CONNECT, "connect", 502, true, "no connection could be made")                           \
    X(PL_E_TLS, "tls", 502, true, "the TLS connection could not be made or verified")              \
    X(PL_E_TIMEOUT, "timeout", 504, true, "the answer did not come in time")                       \
    X(PL_E_RESET, "reset", 502, true, "the connection ended before the answer was complete")       \
    X(PL_E_PROTOCOL, "protocol", 502, true, "the answer is not valid HTTP")                        \
    X(PL_E_TOO_LARGE, "too_large", 502, true, "the answer is larger than the limit")               \
    X(PL_E_HTTP_STATUS, "http_status", 502, true, "the answer's status is not a success")          \
    X(PL_E_MAP, "map", 502, false, "the answer could not be mapped to variables")                  \
    X(PL_E_CANCELLED, "cancelled", 409, false, "it was cancelled")                                 \
    X(PL_E_BREAKER, "breaker", 503, true,                                                          \
      "the destination failed again and again and is left alone for a while")                      \
    X(PL_E_DISABLED, "disabled", 409, true,                                                        \
      "the webhook is disabled until an administrator enables it")

enum pl_err_ordinal {
#define X(code, ...) code##_ORDINAL,
    PL_ERRORS(X)
#undef X
        PL_ERR_COUNT
};

enum pl_err {
    PL_OK = 0,
#define X(code, ...) code = -(code##_ORDINAL) - 1,
    PL_ERRORS(X)
#undef X
};

/* Not an error: the operation goes on later, and whoever was asked calls back. */
#define PL_WAIT 1
/* Nor is this: what was done is to be done once more. */
#define PL_AGAIN 2

/* Each takes 0 or a negative code; 0 is "ok", 200. An unknown code reads as PL_E_INTERNAL. */
const char *pl_err_name(int code);
const char *pl_err_text(int code);
int pl_err_status(int code);
bool pl_err_retryable(int code);
/* The code of a name, or PL_E_INTERNAL when there is none. "ok" is 0. */
int pl_err_of_name(const char *name);

#endif
