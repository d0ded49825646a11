/* SPDX-License-Identifier: MIT
 *
 * The words of HTTP that several places share: status texts, field syntax, the fields with a
 * grammar of their own, dates. Pure. */
#ifndef PL_HTTP_MESSAGE_H
#define PL_HTTP_MESSAGE_H

#include "base/buf.h"
#include "http/parse.h"

/* Names of fields: in lower case, each of less than 32 bytes. Made of an X list of literals. */
typedef struct pl_name_set {
    const pl_slice *names;
    size_t count;
    uint32_t lengths; /* how long they are, a bit for each */
} pl_name_set;

#define PL_NAME_OF_SET(name)    PL_SLICE_INIT(name),
#define PL_LENGTH_OF_NAME(name) | 1u << (sizeof name - 1)
#define PL_NAME_SET(LIST)                                                        \
    {                                                                            \
        (const pl_slice[]){LIST(PL_NAME_OF_SET)},                                \
            sizeof((const pl_slice[]){LIST(PL_NAME_OF_SET)}) / sizeof(pl_slice), \
            0 LIST(PL_LENGTH_OF_NAME)                                            \
    }
/* Is it one of them, in any case? Most names show by their length that they are none. */
bool pl_name_set_has(const pl_name_set *set, pl_slice name);
/* Reason phrase (RFC 9110 section 15), "" for an unknown status. */
const char *pl_http_status_text(int status);
/* A token (RFC 9110 section 5.6.2): what a method or a field name is made of. */
bool pl_http_is_token(pl_slice s);
/* Can these bytes be a field value? No CR, LF, NUL or other control byte but HTAB. */
bool pl_http_is_field_value(pl_slice s);
/* Walks a comma-separated list (RFC 9110 section 5.6.1): `*rest` is shortened from the front; false
 * at its end. Elements come without surrounding white space, empty ones are passed over, a comma in
 * a quoted-string does not separate. */
bool pl_http_list_next(pl_slice *rest, pl_slice *element);
/* A header that belongs to one connection or to the framing, which a script may not set:
 * Connection, Content-Length, Host, Keep-Alive, Proxy-Connection, TE,
 * Trailer, Transfer-Encoding, Upgrade, Expect. */
bool pl_http_is_hop_by_hop(pl_slice name);
/* Does the media type of a Content-Type value match, e.g. "application/json"? Parameters are
 * ignored; "+json" types match "application/json". */
bool pl_http_media_type_is(pl_slice content_type, pl_slice wanted);
/* Prefer: wait=N (RFC 7240 section 4.3) of all Prefer fields of a request: seconds (at most
 * INT_MAX), or -1 without one or with a bad one. Of several, the first counts (section 2). */
int pl_http_prefer_wait(const pl_http_request *request);
/* The token of "Authorization: Bearer TOKEN" (RFC 6750 section 2.1), PL_NO_SLICE without one. */
pl_slice pl_http_bearer(const pl_http_request *request);
/* IMF-fixdate (RFC 9110 section 5.6.7), for the Date field.
 * Seconds since 1970, held within 1970 to 9999. */
#define PL_HTTP_DATE_TEXT 29
void pl_http_date(int64_t wall_s, char text[PL_HTTP_DATE_TEXT + 1]);

#endif
