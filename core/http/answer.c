/* SPDX-License-Identifier: MIT
 *
 * A server refuses what it does not understand; a client has to live with the servers that there
 * are. So where RFC 9112 lets a recipient choose between mending and refusing, this parser mends,
 * as long as it is clear where the answer ends:
 *
 *   - A line ends in LF; carriage returns before it belong to the end, others become spaces (2.2).
 *   - The reason phrase may be missing, and with it the space before it (4).
 *   - Lines before the first field that begin with white space are dropped (2.2). Later ones are
 *     folded: they go on with the line above, behind one space (5.2).
 *   - A line without a colon, or without a name before it, is passed over; white space between name
 *     and colon is dropped (5.1).
 *   - The same Content-Length several times counts once (RFC 9110 section 8.6).
 *   - Transfer-Encoding wins over Content-Length; the connection is not used again when both came,
 *     nor after a Transfer-Encoding in HTTP/1.0 (6.1, 6.3). "identity", of RFC 2616, is nothing to
 *     undo, but as with any that does not end in chunked the body goes on until the end.
 *   - Answers that have no body have none, whatever their fields say (6.3). The connection is not
 *     used again after a 204 that announces one: it may well come.
 *
 * Refused is what has no clear end or is no HTTP/1: another first line, lengths that differ or are
 * no numbers, transfer codings besides chunked, NUL bytes; and Content-Encoding more than once,
 * since nobody who sends that means that it was encoded twice.
 *
 * The status line is judged when it is there, and what it begins with as it comes. All else waits
 * for the empty line. Then each line is mended, and read if it says how to go on; nothing is
 * changed before. So what comes out does not depend on how the input was cut. */
#include "http/answer.h"

#include "base/err.h"
#include "http/message.h"
#include "http/syntax.h"

struct reader {
    pl_http_answer *answer;
    const char **reason;
    bool no_body;
    bool has_length, has_transfer, is_chunked;
    bool close, keep_alive; /* what Connection says; close wins */
};

static int bad(struct reader *r, const char *reason)
{
    *r->reason = reason;
    return PL_E_PROTOCOL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* -- the status line -- */

/* As much of "HTTP/1.1 " as there is. */
static int judge_version(struct reader *r, pl_slice bytes)
{
    static const char shape[] = "HTTP/1.0 ";
    for (size_t i = 0; i < bytes.len && shape[i]; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        if (shape[i] == '0' ? pl_is_digit(c) : c == (unsigned char)shape[i]) continue;
        if (shape[i] == '1' && pl_is_digit(c))
            return bad(r, "the answer is in another version of HTTP than HTTP/1");
        return bad(r, "what came is no HTTP/1 answer");
    }
    return 0;
}

/* Three digits, and no fourth. */
static int read_status(struct reader *r, pl_slice line)
{
    int status = 0;
    size_t i = 0;
    while (i < line.len && line.ptr[i] == ' ')
        i++;
    line = pl_slice_from(line, i);
    for (i = 0; i < line.len && i < 4 && pl_is_digit((unsigned char)line.ptr[i]); i++)
        status = status * 10 + (line.ptr[i] - '0');
    if (i != 3 || status < 100) return bad(r, "the answer's status is not of three digits");
    r->answer->status = status;
    return 0;
}

/* The length of the line, PARTIAL or an error. */
static int64_t read_status_line(struct reader *r, pl_slice bytes)
{
    const size_t version_bytes = 9;
    int rc = judge_version(r, bytes);
    if (rc) return rc;
    const char *lf = bytes.len ? memchr(bytes.ptr, '\n', bytes.len) : NULL;
    if (lf == NULL) return PL_HTTP_PARTIAL;
    int64_t len = lf - bytes.ptr;
    r->answer->minor = bytes.ptr[7] - '0';
    rc = read_status(r, (pl_slice){bytes.ptr + version_bytes, (size_t)len - version_bytes});
    return rc ? rc : len + 1;
}

/* -- lines -- */

/* The empty line that ends the head, with its LF; it is not in the first `seen` bytes, among which
 * there is an LF. PL_NO_SLICE when it is not there. */
static pl_slice find_empty_line(pl_slice bytes, size_t seen)
{
    const char *at = bytes.ptr + seen, *end = bytes.ptr + bytes.len, *lf;
    const char *line = (const char *)memrchr(bytes.ptr, '\n', seen) + 1;
    while ((lf = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        const char *last = lf;
        while (last > line && last[-1] == '\r')
            last--;
        if (last == line) return (pl_slice){line, (size_t)(lf + 1 - line)};
        at = line = lf + 1;
    }
    return PL_NO_SLICE;
}

/* Without white space and carriage returns at its end. */
static char *text_end(const char *start, char *end)
{
    while (end > start && (is_blank(end[-1]) || end[-1] == '\r'))
        end--;
    return end;
}

/* Joins a line that ends at `lf` with the folded ones behind it, and returns the LF of the last.
 * What they get shorter by becomes white space at the end. */
static char *unfold(char *line, char *lf, char *end)
{
    char *to = text_end(line, lf);
    while (lf + 1 < end && is_blank(lf[1])) {
        char *next = memchr(lf + 1, '\n', (size_t)(end - lf - 1));
        pl_slice more = pl_trim((pl_slice){lf + 1, (size_t)(text_end(lf + 1, next) - lf - 1)});
        lf = next;
        if (more.len == 0) continue;
        *to++ = ' ';
        memmove(to, more.ptr, more.len);
        to += more.len;
    }
    memset(to, ' ', (size_t)(lf - to));
    return lf;
}

/* Carriage returns within a line become spaces. */
static void mend_returns(char *line, char *lf)
{
    char *end = lf, *at = line;
    while (end > line && end[-1] == '\r')
        end--;
    while (at < end && (at = memchr(at, '\r', (size_t)(end - at))) != NULL)
        *at++ = ' ';
}

/* A line without its LF; false when it has no field. */
static bool cut_field(pl_slice line, pl_header *field)
{
    while (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (!pl_cut(&line, ':', &field->name)) return false;
    field->name = pl_trim(field->name);
    field->value = pl_trim(line);
    return field->name.len > 0;
}

bool pl_http_answer_next(pl_slice *rest, pl_header *field)
{
    pl_slice line;
    while (rest->len > 0) {
        pl_cut(rest, '\n', &line);
        if (cut_field(line, field)) return true;
    }
    return false;
}

/* -- the fields that say how to go on -- */

static int read_length(struct reader *r, pl_slice digits, uint64_t *length)
{
    *length = 0;
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = (unsigned char)digits.ptr[i] - (unsigned)'0';
        if (digit > 9) return bad(r, "the answer's Content-Length is not a number");
        if (*length > (UINT64_MAX - digit) / 10)
            return bad(r, "the answer's Content-Length is too large a number");
        *length = *length * 10 + digit;
    }
    return 0;
}

/* May a 204 that has this field be followed by another answer? */
static void doubt(struct reader *r, bool announces_body)
{
    if (r->answer->status == 204 && announces_body) r->close = true;
}

static int take_content_length(struct reader *r, pl_slice value)
{
    pl_slice element;
    uint64_t length;
    bool is_number = false;
    if (r->no_body) {
        doubt(r, !pl_slice_eq(value, PL_SLICE("0")));
        return 0;
    }
    while (pl_http_list_next(&value, &element)) {
        int rc = read_length(r, element, &length);
        if (rc) return rc;
        if (r->has_length && length != r->answer->content_length)
            return bad(r, "the answer has two lengths (Content-Length) that differ");
        r->answer->content_length = length;
        r->has_length = is_number = true;
    }
    return is_number ? 0 : bad(r, "the answer's Content-Length is not a number");
}

static int take_transfer_encoding(struct reader *r, pl_slice value)
{
    pl_slice coding;
    doubt(r, true);
    if (r->no_body) return 0;
    r->has_transfer = true;
    while (pl_http_list_next(&value, &coding)) {
        if (pl_slice_eq_nocase(coding, PL_SLICE("chunked")))
            r->is_chunked = true;
        else if (!pl_slice_eq_nocase(coding, PL_SLICE("identity")))
            return bad(r, "the answer has a Transfer-Encoding that is not known here");
    }
    return 0;
}

static int take_content_encoding(struct reader *r, pl_slice value)
{
    if (value.len == 0) return 0;
    if (r->answer->coding.len > 0 && !r->no_body)
        return bad(r, "the answer has more than one Content-Encoding");
    r->answer->coding = value;
    return 0;
}

static int take_connection(struct reader *r, pl_slice value)
{
    pl_slice option;
    while (pl_http_list_next(&value, &option)) {
        if (pl_slice_eq_nocase(option, PL_SLICE("close"))) r->close = true;
        if (pl_slice_eq_nocase(option, PL_SLICE("keep-alive"))) r->keep_alive = true;
    }
    return 0;
}

/* No two are of the same length, so hardly a name is looked at. */
static const struct {
    pl_slice name;
    int (*take)(struct reader *r, pl_slice value);
} meanings[] = {
    {PL_SLICE_INIT("connection"), take_connection},
    {PL_SLICE_INIT("content-length"), take_content_length},
    {PL_SLICE_INIT("content-encoding"), take_content_encoding},
    {PL_SLICE_INIT("transfer-encoding"), take_transfer_encoding},
};

static int take_field(struct reader *r, const pl_header *field)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (pl_slice_eq_nocase(field->name, meanings[i].name))
            return meanings[i].take(r, field->value);
    }
    return 0;
}

/* The header section [at, end), each line of which ends in LF. */
static int read_fields(struct reader *r, char *at, char *end)
{
    pl_header field;
    int rc = 0;
    while (at < end && is_blank(*at))
        at = (char *)memchr(at, '\n', (size_t)(end - at)) + 1;
    r->answer->fields = (pl_slice){at, (size_t)(end - at)};
    while (at < end && rc == 0) {
        char *lf = memchr(at, '\n', (size_t)(end - at));
        if (lf + 1 < end && is_blank(lf[1])) lf = unfold(at, lf, end);
        mend_returns(at, lf);
        if (cut_field((pl_slice){at, (size_t)(lf - at)}, &field)) rc = take_field(r, &field);
        at = lf + 1;
    }
    return rc;
}

/* RFC 9112 section 6.3 */
static enum pl_body_kind body_kind(const struct reader *r)
{
    if (r->no_body) return PL_BODY_NONE;
    if (r->is_chunked) return PL_BODY_CHUNKED;
    return r->has_length && !r->has_transfer ? PL_BODY_LENGTH : PL_BODY_REST;
}

static void settle(struct reader *r)
{
    pl_http_answer *a = r->answer;
    a->body = body_kind(r);
    if (a->body != PL_BODY_LENGTH) a->content_length = 0;
    bool is_faulty = r->has_transfer && (r->has_length || a->minor == 0);
    bool is_asked = r->keep_alive || a->minor > 0;
    a->keep_alive = is_asked && !r->close && !is_faulty && a->body != PL_BODY_REST;
}

static bool is_bodiless(int status)
{
    return status < 200 || status == 204 || status == 304;
}

int64_t pl_http_answer_parse(char *bytes, size_t len, size_t seen, bool is_head,
                             pl_http_answer *answer, const char **reason)
{
    struct reader r = {.answer = answer, .reason = reason};
    *answer = (pl_http_answer){0};
    int64_t start = read_status_line(&r, (pl_slice){bytes, len});
    if (start <= 0) return start;
    if (seen < (size_t)start) seen = (size_t)start;
    pl_slice empty = find_empty_line((pl_slice){bytes, len}, seen < len ? seen : len);
    if (empty.ptr == NULL) return PL_HTTP_PARTIAL;

    char *end = bytes + (empty.ptr - bytes);
    if (memchr(bytes, '\0', (size_t)(end - bytes)))
        return bad(&r, "there is a NUL byte in the answer's head");
    r.no_body = is_head || is_bodiless(answer->status);
    int rc = read_fields(&r, bytes + start, end);
    if (rc) return rc;
    settle(&r);
    return end - bytes + (int64_t)empty.len;
}
