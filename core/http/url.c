/* SPDX-License-Identifier: MIT
 *
 * The grammar is RFC 3986, narrowed where its freedom only serves those
 * who want two readers of one URL to see two hosts: no user information,
 * no percent-encoding in the host, no zone, no empty port. A host is letters,
 * digits, '-', '.' and '_' (which names inside clusters use), or an IPv6 address in brackets. */
#include "http/url.h"

#include "base/err.h"
#include "base/json_bytes.h"
#include "http/syntax.h"

#include <arpa/inet.h>

static int refuse(const char **reason, const char *text)
{
    *reason = text;
    return PL_E_URL;
}

/* How many bytes at the front may be a host's name. */
static size_t name_front(pl_slice text)
{
    size_t len = 0;
    while (len < text.len && pl_is_host_byte((unsigned char)text.ptr[len]))
        len++;
    return len;
}

static bool is_ipv6_address(pl_slice host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (host.len >= sizeof text || memchr(host.ptr, '\0', host.len)) return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

static bool read_port(pl_slice text, uint16_t *port)
{
    uint32_t value = 0;
    if (text.len == 0 || text.len > 5) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!pl_is_digit((unsigned char)text.ptr[i])) return false;
        value = value * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    *port = (uint16_t)value;
    return value > 0 && value <= UINT16_MAX;
}

/* The two hex digits behind a '%' at `at`, or -1. */
static int escaped_byte(pl_slice text, size_t at)
{
    if (text.len - at < 3) return -1;
    int high = pl_hex_digit(text.ptr[at + 1]);
    int low = pl_hex_digit(text.ptr[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Bytes that stand for themselves wherever they are in a URL: printable ASCII but '%'. */
static bool is_plain_byte(unsigned char c)
{
    return c > 0x20 && c < 0x7f && c != '%';
}

/* Are these eight all plain? As in json_bytes.h. */
static bool are_plain(const char *eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones * 0x80;
    uint64_t x;
    memcpy(&x, eight, sizeof x);
    return (((x - ones * 0x21) | ((x ^ ones * '%') - ones) | (x + ones) | x) & high) == 0;
}

/* How many bytes at the front are plain for certain. The last eight may be looked at twice. */
static size_t plain_front(pl_slice text)
{
    size_t i = 0;
    while (text.len - i >= 8 && are_plain(text.ptr + i))
        i += 8;
    bool is_tail = i > 0 && text.len - i < 8;
    return is_tail && are_plain(text.ptr + text.len - 8) ? text.len : i;
}

/* What holds for every byte of a URL, wherever it stands. */
static int check_bytes(pl_slice text, const char **reason)
{
    for (size_t i = plain_front(text); i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (is_plain_byte(c)) continue;
        if (c > 0x7f) return refuse(reason, "a byte in the URL that is not ASCII");
        if (c != '%') return refuse(reason, "a space or control byte in the URL");
        if (escaped_byte(text, i) < 0)
            return refuse(reason, "a '%' without two hex digits behind it in the URL");
    }
    return 0;
}

static int split_authority(pl_slice text, pl_url *url, const char **reason)
{
    pl_slice rest = text;
    url->is_ipv6 = text.len > 0 && text.ptr[0] == '[';
    if (url->is_ipv6) {
        rest = pl_slice_from(rest, 1);
        if (!pl_cut(&rest, ']', &url->host) || !is_ipv6_address(url->host))
            return refuse(reason, "no IPv6 address between the brackets of the host");
        if (rest.len && rest.ptr[0] != ':')
            return refuse(reason, "the host goes on behind its ']'");
    } else {
        url->host = (pl_slice){text.ptr, name_front(text)};
        rest = pl_slice_from(text, url->host.len);
        if (rest.len && rest.ptr[0] != ':')
            return refuse(reason, "a byte that cannot be in a host");
        if (url->host.len == 0) return refuse(reason, "the host is empty");
    }
    url->has_port = rest.len > 0;
    url->port = 0;
    if (url->has_port && !read_port(pl_slice_from(rest, 1), &url->port))
        return refuse(reason, "the port is not a number from 1 to 65535");
    return 0;
}

/* No part can have an '@' in it. */
int pl_url_authority(pl_slice text, pl_url *url, const char **reason)
{
    int rc = split_authority(text, url, reason);
    if (rc && text.len && memchr(text.ptr, '@', text.len))
        return refuse(reason, "user information in the URL");
    return rc;
}

/* How long the scheme is, or 0: it is neither of the two, or has no "://" behind it. */
static size_t scheme_length(pl_slice text)
{
    if (pl_slice_starts_nocase(text, PL_SLICE("https://"))) return 5;
    return pl_slice_starts_nocase(text, PL_SLICE("http://")) ? 4 : 0;
}

/* Parts end at the first of the bytes that begin the next: the fragment, which may have all of them,
 * is cut off first. */
int pl_url_parse(pl_slice text, pl_url *url, const char **reason)
{
    *url = (pl_url){0};
    int rc = check_bytes(text, reason);
    if (rc) return rc;

    size_t scheme_len = scheme_length(text);
    if (scheme_len == 0) return refuse(reason, "the URL does not begin with http:// or https://");
    url->scheme = (pl_slice){text.ptr, scheme_len};

    pl_slice rest = pl_slice_from(text, scheme_len + 3), front;
    if (pl_cut(&rest, '#', &front)) url->fragment = rest;
    rest = front;
    if (pl_cut(&rest, '?', &front)) url->query = rest;
    const char *slash = front.len ? memchr(front.ptr, '/', front.len) : NULL;
    pl_slice authority = {front.ptr, slash ? (size_t)(slash - front.ptr) : front.len};
    url->path = (pl_slice){front.ptr + authority.len, front.len - authority.len};

    rc = pl_url_authority(authority, url, reason);
    if (rc == 0 && !url->has_port) url->port = scheme_len == 5 ? 443 : 80;
    return rc;
}

static bool is_scheme_byte(char c, bool first)
{
    if (pl_is_alpha((unsigned char)c)) return true;
    return !first && (pl_is_digit((unsigned char)c) || c == '+' || c == '-' || c == '.');
}

bool pl_url_is_absolute(pl_slice text)
{
    size_t len = 0;
    while (len < text.len && is_scheme_byte(text.ptr[len], len == 0))
        len++;
    return len > 0 && pl_slice_starts(pl_slice_from(text, len), PL_SLICE("://"));
}

void pl_url_join(pl_buf *out, pl_slice base, pl_slice path)
{
    bool has_slash = path.len > 0 && path.ptr[0] == '/';
    while (base.len && base.ptr[base.len - 1] == '/')
        base.len--;
    while (path.len && path.ptr[0] == '/')
        path = pl_slice_from(path, 1);
    pl_buf_put_slice(out, base);
    if (has_slash || (path.len && path.ptr[0] != '?' && path.ptr[0] != '#'))
        pl_buf_put_char(out, '/');
    pl_buf_put_slice(out, path);
}

void pl_url_put_behind(pl_buf *out, pl_slice base, pl_slice path)
{
    if (path.len == 0 || path.ptr[0] != '/') {
        pl_url_join(out, base, path);
        return;
    }
    while (base.len > 0 && base.ptr[base.len - 1] == '/')
        base.len--;
    pl_buf_put_slice(out, base);
    pl_buf_put_slice(out, path);
}

/* Moves a dot, written as such or encoded, off the front. */
static bool cut_dot(pl_slice *segment)
{
    if (segment->len == 0) return false;
    bool is_plain = segment->ptr[0] == '.';
    if (!is_plain && escaped_byte(*segment, 0) != '.') return false;
    *segment = pl_slice_from(*segment, is_plain ? 1 : 3);
    return true;
}

/* Most paths have nothing in them that a dot could be. */
static bool may_have_dot(pl_slice path)
{
    return path.len && (memchr(path.ptr, '.', path.len) || memchr(path.ptr, '%', path.len));
}

pl_slice pl_url_dot_segment(pl_slice path)
{
    pl_slice segment;
    if (!may_have_dot(path)) return PL_NO_SLICE;
    while (path.len > 0) {
        pl_cut(&path, '/', &segment);
        pl_slice rest = segment;
        if (cut_dot(&rest) && (cut_dot(&rest), rest.len == 0)) return segment;
    }
    return PL_NO_SLICE;
}

static bool has_empty_label(pl_slice host)
{
    char before = '.';
    for (size_t i = 0; i < host.len; before = host.ptr[i++])
        if (host.ptr[i] == '.' && before == '.') return true;
    return false;
}

static bool refuse_whole(pl_buf *out, size_t start, const char *reason)
{
    out->len = start;
    pl_buf_printf(out, "%s", reason);
    return false;
}

/* The segment stands in what is given up. */
static bool refuse_segment(pl_buf *out, size_t start, pl_slice segment)
{
    pl_buf message = {0};
    pl_buf_printf(&message, "the path has the segment '%.*s'", PL_FMT(segment));
    pl_buf_put_char(&message, '\0');
    refuse_whole(out, start, message.ptr);
    pl_buf_fini(&message);
    return false;
}

bool pl_url_whole(pl_buf *out, pl_slice base, pl_slice path)
{
    size_t start = out->len;
    pl_url url;
    const char *reason;
    if (pl_url_is_absolute(path))
        pl_buf_put_slice(out, path);
    else if (base.ptr == NULL)
        return refuse_whole(out, start, "the URL is relative, and the connector has no base_url");
    else
        pl_url_put_behind(out, base, path);
    pl_slice text = {out->ptr + start, out->len - start};
    const char *fragment = text.len ? memchr(text.ptr, '#', text.len) : NULL;
    if (fragment) text.len = (size_t)(fragment - text.ptr);
    if (pl_url_parse(text, &url, &reason) != 0) return refuse_whole(out, start, reason);
    if (has_empty_label(url.host))
        return refuse_whole(
            out, start,
            "the host has an empty label: a value in it is empty or has a '.' too many");
    pl_slice dots = pl_url_dot_segment(url.path);
    if (dots.ptr) return refuse_segment(out, start, dots);
    out->len = start + text.len;
    return true;
}

bool pl_url_decode(pl_buf *out, pl_slice text, bool plus_is_space)
{
    size_t before = out->len;
    for (size_t i = 0; i < text.len; i++) {
        int c = (unsigned char)text.ptr[i];
        if (c == '+' && plus_is_space) c = ' ';
        if (c == '%') {
            c = escaped_byte(text, i);
            i += 2;
        }
        if (c < 0) {
            out->len = before;
            return false;
        }
        pl_buf_put_char(out, (char)c);
    }
    return true;
}

bool pl_query_next(pl_slice *rest, pl_slice *name, pl_slice *value)
{
    pl_slice pair = PL_NO_SLICE;
    while (rest->len > 0 && pair.len == 0)
        pl_cut(rest, '&', &pair);
    if (pair.len == 0) return false;
    bool has_value = pl_cut(&pair, '=', name);
    *value = has_value ? pair : PL_NO_SLICE;
    return true;
}
