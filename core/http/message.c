/* SPDX-License-Identifier: MIT */
#include "http/message.h"

#include "base/time.h"
#include "http/syntax.h"

#include <limits.h>

static const struct {
    int status;
    const char *text;
} statuses[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {425, "Too Early"}, /* RFC 8470 */
    {426, "Upgrade Required"},
    {428, "Precondition Required"}, /* RFC 6585, as are 429, 431 and 511 */
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {511, "Network Authentication Required"},
};

#define HOP_BY_HOP(X)      \
    X("connection")        \
    X("content-length")    \
    X("expect")            \
    X("host")              \
    X("keep-alive")        \
    X("proxy-connection")  \
    X("te")                \
    X("trailer")           \
    X("transfer-encoding") \
    X("upgrade")

static const pl_name_set hop_by_hop = PL_NAME_SET(HOP_BY_HOP);

static const char day_names[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char month_names[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Seconds written in digits only; -1 for anything else. */
static int read_seconds(pl_slice text)
{
    int64_t seconds = 0;
    if (text.len == 0) return -1;
    for (size_t i = 0; i < text.len; i++) {
        if (!pl_is_digit((unsigned char)text.ptr[i])) return -1;
        seconds = seconds * 10 + (text.ptr[i] - '0');
        if (seconds > INT_MAX) seconds = INT_MAX;
    }
    return (int)seconds;
}

/* token68 (RFC 9110 section 11.2) */
static bool is_token68(pl_slice s)
{
    while (s.len > 0 && s.ptr[s.len - 1] == '=')
        s.len--;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (!pl_is_alpha(c) && !pl_is_digit(c) && (c == '\0' || !strchr("-._~+/", c))) return false;
    }
    return s.len > 0;
}

const char *pl_http_status_text(int status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].status == status) return statuses[i].text;
    }
    return "";
}

bool pl_http_is_token(pl_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!pl_is_token_byte((unsigned char)s.ptr[i])) return false;
    }
    return s.len > 0;
}

bool pl_http_is_field_value(pl_slice s)
{
    return pl_are_field_bytes(s);
}

bool pl_http_list_next(pl_slice *rest, pl_slice *element)
{
    while (rest->len > 0) {
        bool quoted = false;
        size_t i = 0;
        for (; i < rest->len && (quoted || rest->ptr[i] != ','); i++) {
            if (rest->ptr[i] == '"') quoted = !quoted;
            if (rest->ptr[i] == '\\' && quoted && i + 1 < rest->len) i++;
        }
        *element = pl_trim((pl_slice){rest->ptr, i});
        *rest = pl_slice_from(*rest, i + 1);
        if (element->len > 0) return true;
    }
    return false;
}

bool pl_name_set_has(const pl_name_set *set, pl_slice name)
{
    if (name.len >= 32 || !(set->lengths >> name.len & 1)) return false;
    for (size_t i = 0; i < set->count; i++)
        if (pl_slice_eq_nocase(name, set->names[i])) return true;
    return false;
}

bool pl_http_is_hop_by_hop(pl_slice name)
{
    return pl_name_set_has(&hop_by_hop, name);
}

bool pl_http_media_type_is(pl_slice content_type, pl_slice wanted)
{
    pl_slice type, suffix = PL_SLICE("+json");
    pl_cut(&content_type, ';', &type);
    type = pl_trim(type);
    if (pl_slice_eq_nocase(type, wanted)) return true;
    if (!pl_slice_eq_nocase(wanted, PL_SLICE("application/json")) || type.len < suffix.len)
        return false;
    return pl_slice_eq_nocase(pl_slice_from(type, type.len - suffix.len), suffix);
}

int pl_http_prefer_wait(const pl_http_request *request)
{
    for (uint32_t i = 0; i < request->header_count; i++) {
        pl_slice list = request->headers[i].value, preference, name;
        if (!pl_slice_eq_nocase(request->headers[i].name, PL_SLICE("prefer"))) continue;
        while (pl_http_list_next(&list, &preference)) {
            pl_slice parameters = preference;
            pl_cut(&parameters, ';', &preference);
            pl_cut(&preference, '=', &name);
            if (pl_slice_eq_nocase(pl_trim(name), PL_SLICE("wait")))
                return read_seconds(pl_trim(preference));
        }
    }
    return -1;
}

pl_slice pl_http_bearer(const pl_http_request *request)
{
    const pl_header *header = pl_http_header(request, PL_SLICE("authorization"));
    pl_slice token, scheme;
    if (header == NULL) return PL_NO_SLICE;
    token = header->value;
    pl_cut(&token, ' ', &scheme);
    while (token.len && token.ptr[0] == ' ')
        token = pl_slice_from(token, 1);
    if (!pl_slice_eq_nocase(scheme, PL_SLICE("bearer")) || !is_token68(token)) return PL_NO_SLICE;
    return token;
}

/* Put together from the text of RFC 3339. Not by gmtime_r and strftime: they look at the time zone
 * file and the locale. */
void pl_http_date(int64_t wall_s, char text[PL_HTTP_DATE_TEXT + 1])
{
    const int64_t last_s = INT64_C(253402300799); /* of the year 9999 */
    char time[PL_TIME_TEXT + 1];                  /* "2026-11-21T08:15:30.123Z" */
    if (wall_s < 0) wall_s = 0;
    if (wall_s > last_s) wall_s = last_s;
    pl_time_format(wall_s * 1000, time);
    int month = (time[5] - '0') * 10 + time[6] - '0';
    memcpy(text, "Day, 00 Mon 0000 00:00:00 GMT", PL_HTTP_DATE_TEXT + 1);
    memcpy(text, day_names[(wall_s / 86400 + 4) % 7], 3); /* 1 January 1970 was a Thursday */
    memcpy(text + 5, time + 8, 2);
    memcpy(text + 8, month_names[month - 1], 3);
    memcpy(text + 12, time, 4);
    memcpy(text + 17, time + 11, 8);
}
