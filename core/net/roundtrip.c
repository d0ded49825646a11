/* SPDX-License-Identifier: MIT
 *
 *   send ----> take: bytes as they come --> head --> body --> done
 *                                           ^  '--> (1xx)
 *                                           '--------'
 *
 * An answer that comes in one piece, as most do, is parsed where it was received, and each byte of it
 * copied once. A head that comes in several pieces is put together in `head` first. */
#include "net/roundtrip.h"

#include "base/err.h"
#include "net/outgoing.h"

#include <stdarg.h>
#include <stdio.h>

/* A body of at most so much is copied behind its head, and goes out with it in one piece. */
#define ONE_PIECE_BYTES 16384
#define TRAILER_BYTES   16384

/* -- the end -- */

static void end(pl_roundtrip *r, CURLcode result)
{
    r->is_over = true;
    r->result = result;
}

__attribute__((format(printf, 3, 4))) static void fail(pl_roundtrip *r, CURLcode result,
                                                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->link->detail, sizeof r->link->detail, format, args);
    va_end(args);
    end(r, result);
}

/* The answer is whole, and `extra` bytes came behind it, which nobody asked for. */
static void finish(pl_roundtrip *r, size_t extra)
{
    if (r->coding && !pl_coding_is_over(r->coding)) {
        fail(r, CURLE_BAD_CONTENT_ENCODING, "the answer's body ends within its content coding");
        return;
    }
    bool is_sent = r->unsent[0].len + r->unsent[1].len == 0;
    r->can_be_kept = r->answer.keep_alive && extra == 0 && is_sent;
    end(r, CURLE_OK);
}

/* -- the body -- */

static void put_decoded(pl_roundtrip *r, pl_slice bytes)
{
    pl_incoming *in = r->in;
    int code = pl_coding_put(r->coding, bytes, &in->body, in->max_body_bytes);
    if (code == PL_E_PROTOCOL)
        fail(r, CURLE_BAD_CONTENT_ENCODING,
             "the answer's body is not in the content coding that it names");
    else if (code) {
        pl_incoming_refuse_body(in, code);
        end(r, CURLE_WRITE_ERROR);
    }
}

static void refuse_coding(pl_roundtrip *r)
{
    const pl_field *f = pl_fields_find(r->in->response->fields, PL_SLICE("Content-Encoding"));
    fail(r, CURLE_BAD_CONTENT_ENCODING, "the answer's content coding '%.*s' is not known here",
         PL_FMT(f->value));
}

/* Of a coding that is not known, an empty body has nothing to undo. */
static void put_body(pl_roundtrip *r, pl_slice bytes, bool is_all)
{
    if (bytes.len == 0) return;
    if (!r->is_known)
        refuse_coding(r);
    else if (r->coding)
        put_decoded(r, bytes);
    else if (!pl_incoming_put_body(r->in, bytes, is_all))
        end(r, CURLE_WRITE_ERROR);
}

static void take_length(pl_roundtrip *r, pl_slice bytes)
{
    size_t len = bytes.len < r->left ? bytes.len : (size_t)r->left;
    put_body(r, (pl_slice){bytes.ptr, len}, len == r->answer.content_length);
    r->left -= len;
    if (r->left == 0 && !r->is_over) finish(r, bytes.len - len);
}

static void take_chunks(pl_roundtrip *r, char *bytes, size_t len)
{
    size_t data_len, used;
    const char *reason = NULL;
    int state = pl_chunked_decode(&r->chunked, bytes, len, &data_len, &used, &reason);
    put_body(r, (pl_slice){bytes, data_len}, false);
    if (r->is_over) return;
    if (state < 0)
        fail(r, CURLE_WEIRD_SERVER_REPLY, "the answer's chunked body: %s", reason);
    else if (state == 1)
        finish(r, len - used);
}

static void take_body(pl_roundtrip *r, char *bytes, size_t len)
{
    switch (r->answer.body) {
    case PL_BODY_NONE:
        finish(r, len);
        break;
    case PL_BODY_LENGTH:
        take_length(r, (pl_slice){bytes, len});
        break;
    case PL_BODY_CHUNKED:
        take_chunks(r, bytes, len);
        break;
    case PL_BODY_REST:
        put_body(r, (pl_slice){bytes, len}, false);
    }
}

/* -- the head -- */

static void begin_body(pl_roundtrip *r)
{
    const pl_http_answer *a = &r->answer;
    if (a->status == 101) {
        fail(r, CURLE_WEIRD_SERVER_REPLY,
             "the receiver switches protocols, which nobody asked for");
        return;
    }
    pl_incoming_take_head(r->in, a);
    r->is_in_body = true;
    r->left = a->content_length;
    if (a->body == PL_BODY_NONE) return;
    pl_chunked_init_answer(&r->chunked, TRAILER_BYTES);
    r->coding = pl_coding_new(a->coding, &r->is_known);
}

/* The head at the start of these bytes: how many they are, 0 for more wanted (or it is over). */
static size_t take_head(pl_roundtrip *r, char *bytes, size_t len)
{
    const char *reason = NULL;
    int64_t used = pl_http_answer_parse(bytes, len, r->seen, r->is_head, &r->answer, &reason);
    r->seen = used == PL_HTTP_PARTIAL ? len : 0;
    if (used < 0)
        fail(r, CURLE_WEIRD_SERVER_REPLY, "%s", reason);
    else if (!pl_incoming_count_head(r->in, used ? (size_t)used : len, used == PL_HTTP_PARTIAL))
        end(r, CURLE_WRITE_ERROR);
    else if (used && (r->answer.status >= 200 || r->answer.status == 101))
        begin_body(r);
    return r->is_over ? 0 : (size_t)used;
}

/* What there is of the next head stands at the end of `head`, or where it was received. */
static void keep_rest(pl_roundtrip *r, const char *bytes, size_t len)
{
    if (r->head.len)
        pl_buf_consume(&r->head, r->head.len - len);
    else
        pl_buf_put(&r->head, bytes, len);
}

/* As many heads as are there, interim ones and the answer's, and what is there of its body. */
static void take_heads(pl_roundtrip *r, char *bytes, size_t len)
{
    size_t used = 1;
    while (len && used && !r->is_in_body) {
        used = take_head(r, bytes, len);
        bytes += used;
        len -= used;
    }
    if (r->is_over) return;
    if (r->is_in_body)
        take_body(r, bytes, len);
    else
        keep_rest(r, bytes, len);
}

static void take(pl_roundtrip *r, char *bytes, size_t len)
{
    if (r->first_byte_us == 0) r->first_byte_us = r->last_us;
    r->in->notes.has_answer = true;
    if (r->is_in_body) {
        take_body(r, bytes, len);
    } else if (r->head.len == 0) {
        take_heads(r, bytes, len);
    } else {
        pl_buf_put(&r->head, bytes, len);
        take_heads(r, r->head.ptr, r->head.len);
    }
}

/* The other side will say no more. */
static void take_end(pl_roundtrip *r)
{
    if (r->is_in_body && r->answer.body == PL_BODY_REST)
        finish(r, 0);
    else if (r->is_in_body)
        fail(r, CURLE_PARTIAL_FILE, "the connection ended before the answer's body did");
    else if (r->first_byte_us)
        fail(r, CURLE_PARTIAL_FILE, "the connection ended within the header section");
    else if (r->has_failed)
        end(r, CURLE_SEND_ERROR); /* with what it said of that */
    else
        fail(r, CURLE_GOT_NOTHING, "the receiver closed the connection without an answer");
}

/* -- the socket -- */

static void receive(pl_roundtrip *r)
{
    char *bytes;
    size_t len;
    do {
        CURLcode result = pl_link_receive(r->link, &bytes, &len);
        bool has_failed = r->has_failed && r->first_byte_us == 0;
        if (result == CURLE_AGAIN && !has_failed) return;
        r->last_us = pl_monotonic_us();
        if (result != CURLE_OK)
            end(r, has_failed ? CURLE_SEND_ERROR : result);
        else if (len == 0)
            take_end(r);
        else
            take(r, bytes, len);
    } while (!r->is_over && pl_link_has_more(r->link, len));
}

/* False: the rest must wait. */
static bool send_part(pl_roundtrip *r, pl_slice *part)
{
    while (part->len) {
        size_t taken;
        CURLcode result = pl_link_send(r->link, *part, &taken);
        if (taken || r->link->is_tls) r->in->notes.was_sent = true;
        *part = pl_slice_from(*part, taken);
        if (result == CURLE_OK) continue;
        r->has_failed = result != CURLE_AGAIN;
        return false;
    }
    return true;
}

static void send_unsent(pl_roundtrip *r)
{
    pl_link_flush_cancel(r->link, &r->flush);
    bool is_sent = send_part(r, &r->unsent[0]) && send_part(r, &r->unsent[1]);
    pl_link_watch_output(r->link, !is_sent && !r->has_failed);
    if (r->has_failed) pl_link_call(r->link);
}

static void on_flush(pl_flush *f)
{
    send_unsent((pl_roundtrip *)(void *)((char *)f - offsetof(pl_roundtrip, flush)));
}

static void on_ready(pl_link *link)
{
    pl_roundtrip *r = link->owner;
    if (r->unsent[0].len + r->unsent[1].len && !r->has_failed) send_unsent(r);
    receive(r);
    if (r->is_over) r->done(r, r->result);
}

/* -- public -- */

/* Head and body are put together, unless the body is large. In TLS they go out at once: see link.c. */
static void begin_to_send(pl_roundtrip *r, const pl_url *url, const char *user_agent)
{
    const pl_request *request = r->in->request;
    pl_buf *out = pl_link_scratch(r->link);
    pl_slice body = request->has_body && !r->is_head ? request->body : PL_NO_SLICE;
    bool is_one = body.len <= ONE_PIECE_BYTES;
    pl_buf_clear(out);
    pl_outgoing_put(out, request, url, user_agent);
    if (is_one) pl_buf_put_slice(out, body);
    r->unsent[0] = pl_arena_dup(r->in->arena, pl_buf_slice(out));
    if (!is_one) r->unsent[1] = body;
    r->flush.fn = on_flush;
    if (r->link->is_tls)
        send_unsent(r);
    else
        pl_link_flush_later(r->link, &r->flush);
}

void pl_roundtrip_start(pl_roundtrip *r, pl_link *link, pl_incoming *in, const pl_url *url,
                        const char *user_agent, pl_roundtrip_fn *done)
{
    *r = (pl_roundtrip){.link = link, .in = in, .done = done};
    r->is_head = pl_slice_eq(in->request->method, PL_SLICE("HEAD"));
    link->owner = r;
    link->ready = on_ready;
    in->notes.detail = link->detail;
    begin_to_send(r, url, user_agent);
}

void pl_roundtrip_end(pl_roundtrip *r)
{
    pl_link_flush_cancel(r->link, &r->flush);
    pl_coding_free(r->coding);
    pl_buf_fini(&r->head);
    r->coding = NULL;
    r->link->owner = NULL;
}
