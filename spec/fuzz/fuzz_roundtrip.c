/* SPDX-License-Identifier: MIT
 *
 * An answer to a round trip, whole and in pieces, on a link that is bytes of this file's: the
 * functions of link.h that a round trip calls stand below. The first byte says what is asked, how the
 * link behaves, whether it ends behind the answer and whether its socket is ready before the request was
 * sent, the second how long the pieces are.
 *
 *   - the same becomes of it, however it came, but for bytes behind the answer, which may come later
 *   - what goes out is the same, however the link takes it */
#include "net/roundtrip.h"

#include "base/err.h"

#include "fuzz.h"

#include <string.h>

enum {
    IS_HEAD = 1,
    IS_TLS = 2,
    ENDS = 4,
    IS_RESET = 8,
    IS_NARROW = 16,
    IS_BROKEN = 32,
    IS_EARLY = 64
};

#define BODY_LIMIT 3000
#define HEAD_LIMIT (1 << 20) /* which of two faults comes first depends on how it came */

/* -- the link -- */

static pl_slice to_come; /* of the answer */
static size_t piece_len;
static char *piece; /* of its own, so that each byte too many is seen */
static bool was_told, wants_output, was_called;
static int flags;
static pl_buf sent, scratch;
static pl_flush *waiting;

CURLcode pl_link_send(pl_link *l, pl_slice bytes, size_t *taken)
{
    (void)l;
    *taken = 0;
    if (flags & IS_BROKEN) return CURLE_SEND_ERROR;
    bool is_turn = !(flags & IS_NARROW) || wants_output;
    *taken = is_turn ? bytes.len : 0;
    if (flags & IS_NARROW && *taken > 100) *taken = 100;
    pl_buf_put(&sent, bytes.ptr, *taken);
    wants_output = false;
    return *taken ? CURLE_OK : CURLE_AGAIN;
}

CURLcode pl_link_receive(pl_link *l, char **bytes, size_t *len)
{
    (void)l;
    *len = to_come.len < piece_len ? to_come.len : piece_len;
    free(piece);
    piece = *bytes = malloc(*len + 1);
    if (was_told || (*len == 0 && !(flags & ENDS))) return CURLE_AGAIN;
    if (*len == 0) return flags & IS_RESET ? CURLE_RECV_ERROR : CURLE_OK;
    piece = *bytes = realloc(piece, *len);
    memcpy(*bytes, to_come.ptr, *len);
    to_come = pl_slice_from(to_come, *len);
    was_told = true; /* one piece for each event */
    return CURLE_OK;
}

bool pl_link_has_more(const pl_link *l, size_t len)
{
    return l->is_tls || len == 0;
}

pl_buf *pl_link_scratch(const pl_link *l)
{
    (void)l;
    return &scratch;
}

void pl_link_watch_output(pl_link *l, bool do_watch)
{
    (void)l;
    wants_output = do_watch;
}

void pl_link_flush_later(pl_link *l, pl_flush *f)
{
    MUST(waiting == NULL && !l->is_tls);
    waiting = f;
}

void pl_link_flush_cancel(pl_link *l, pl_flush *f)
{
    (void)l;
    if (waiting == f) waiting = NULL;
}

static void flush(void)
{
    pl_flush *f = waiting;
    waiting = NULL;
    if (f) f->fn(f);
}

void pl_link_call(pl_link *l)
{
    (void)l;
    was_called = true;
}

/* -- an exchange on it -- */

struct outcome {
    pl_arena arena;
    pl_response response;
    pl_incoming in;
    pl_roundtrip trip;
    pl_link link;
    CURLcode result;
    bool is_done;
    size_t left; /* of the answer, when it was done */
    pl_buf sent;
};

static void on_done(pl_roundtrip *r, CURLcode result)
{
    struct outcome *o = (struct outcome *)(void *)((char *)r - offsetof(struct outcome, trip));
    MUST(!o->is_done);
    o->is_done = true;
    o->result = result;
    o->left = to_come.len;
}

static void run(struct outcome *o, pl_slice answer, size_t len)
{
    static pl_url url = {.scheme = PL_SLICE_INIT("http"), .host = PL_SLICE_INIT("h"), .port = 80};
    static const char body[20000] = "the body";
    pl_request request = {.method = flags & IS_HEAD ? PL_SLICE("HEAD") : PL_SLICE("POST"),
                          .body = {body, sizeof body},
                          .has_body = true};
    *o = (struct outcome){.link.is_tls = flags & IS_TLS};
    pl_arena_init(&o->arena);
    o->in = (pl_incoming){.request = &request,
                          .response = &o->response,
                          .arena = &o->arena,
                          .max_body_bytes = BODY_LIMIT,
                          .max_head_bytes = HEAD_LIMIT};
    to_come = answer;
    piece_len = len;
    was_called = false;
    pl_roundtrip_start(&o->trip, &o->link, &o->in, &url, "agent", on_done);
    if (!(flags & IS_EARLY)) flush();
    MUST(!o->is_done && was_called == (flags & IS_BROKEN && waiting == NULL));
    for (size_t left = SIZE_MAX; !o->is_done && left; left = to_come.len) {
        was_told = false;
        o->link.ready(&o->link);
        MUST(waiting == NULL);
        if (to_come.len == left) break;
    }
    was_told = false;
    if (!o->is_done) o->link.ready(&o->link); /* the end, if there is one */
    pl_incoming_end_body(&o->in);
    o->sent = sent;
    sent = (pl_buf){0};
    MUST(o->response.body.len <= BODY_LIMIT);
    MUST(!o->is_done || o->result != CURLE_OK || o->in.notes.head_is_over);
    pl_roundtrip_end(&o->trip);
}

static void must_be_same(const struct outcome *a, const struct outcome *b)
{
    const pl_field *f = a->response.fields, *g = b->response.fields;
    MUST(a->is_done == b->is_done && a->result == b->result);
    MUST(a->response.status == b->response.status);
    MUST(a->in.notes.refusal_code == b->in.notes.refusal_code);
    MUST(strcmp(a->link.detail, b->link.detail) == 0);
    MUST(pl_slice_eq(a->response.body, b->response.body));
    for (; f && g; f = f->next, g = g->next)
        MUST(pl_slice_eq(f->name, g->name) && pl_slice_eq(f->value, g->value));
    MUST(f == g);
    size_t common = a->sent.len < b->sent.len ? a->sent.len : b->sent.len;
    MUST(common == 0 || memcmp(a->sent.ptr, b->sent.ptr, common) == 0);
    MUST(!b->trip.can_be_kept || a->trip.can_be_kept || b->left > 0 || flags & IS_NARROW);
}

static void fini(struct outcome *o)
{
    pl_arena_fini(&o->arena);
    pl_buf_fini(&o->sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole, pieces;
    if (size < 3) return 0;
    pl_slice answer = {(const char *)data + 2, size - 2};
    flags = data[0] & ~IS_NARROW;
    run(&whole, answer, answer.len);
    flags = data[0];
    run(&pieces, answer, 1 + data[1] % 64);
    must_be_same(&whole, &pieces);
    fini(&whole);
    fini(&pieces);
    return 0;
}
