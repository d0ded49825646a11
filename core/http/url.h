/* SPDX-License-Identifier: MIT
 *
 * URLs (RFC 3986): split, checked, joined, decoded; base/percent.h encodes. Pure. Only what a gateway needs: http and
 * https, no user information. */
#ifndef PL_HTTP_URL_H
#define PL_HTTP_URL_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdint.h>

typedef struct pl_url {
    pl_slice scheme; /* "http" or "https", as written */
    pl_slice host;   /* without brackets of an IPv6 literal */
    bool is_ipv6;    /* host was written in brackets */
    uint16_t port;   /* given or implied */
    bool has_port;
    pl_slice path;     /* with its '/', or empty */
    pl_slice query;    /* behind '?', ptr NULL without one */
    pl_slice fragment; /* behind '#', ptr NULL without one */
} pl_url;

/* Splits an absolute http or https URL into spans of `text`:
 * 0 or PL_E_URL with *reason (static text). Refused: other schemes, user information,
 * an empty host, bytes outside the host grammar, empty ports and ports out of range,
 * control bytes, spaces and bytes beyond ASCII anywhere, bad percent-encoding. */
int pl_url_parse(pl_slice text, pl_url *url, const char **reason);
/* The same for host[:port] alone, as a Host field has it:
 * sets host, is_ipv6, has_port, and port (0 when not given). */
int pl_url_authority(pl_slice text, pl_url *url, const char **reason);
/* Does the text begin with a scheme and "://"? */
bool pl_url_is_absolute(pl_slice text);
/* Base URL and relative path put together as connectors do it: base without trailing '/', path with
 * one leading '/'; a path that is empty or begins with '?' or '#' goes on without one. A query of
 * the base is not allowed. Not RFC 3986 resolution: the base's path is kept as prefix. */
void pl_url_join(pl_buf *out, pl_slice base, pl_slice path);
/* The same with a path as it is behind a base: one with an empty segment in front keeps it. */
void pl_url_put_behind(pl_buf *out, pl_slice base, pl_slice path);
/* The first segment of a path that is "." or "..", also as "%2e"; ptr NULL: none is. */
pl_slice pl_url_dot_segment(pl_slice path);
/* Puts the URL of a request: an absolute one, or a path behind its base (ptr NULL: there is none),
 * without a fragment. False, and what is wrong with it instead, where it cannot be used: as
 * pl_url_parse says, an empty label in the host, a dot segment in the path. */
bool pl_url_whole(pl_buf *out, pl_slice base, pl_slice path);
/* Decodes %XX, and '+' to space where asked; false at a bad escape, and then nothing was put. */
bool pl_url_decode(pl_buf *out, pl_slice text, bool plus_is_space);

/* Walks a query string: `*rest` is shortened from the front; false at its end. Name and value as
 * written; the value's ptr is NULL without a '='. Empty pairs ("a&&b") are passed over. */
bool pl_query_next(pl_slice *rest, pl_slice *name, pl_slice *value);

#endif
