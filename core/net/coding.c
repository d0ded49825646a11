/* SPDX-License-Identifier: MIT
 *
 * A layer for each coding. What comes goes into the one that was applied last, what a layer gives
 * goes on to the one below, a piece at a time, and from the lowest into the body. So however far
 * the bytes expand, there is one piece for each layer and a body within its limit.
 *
 *   from     on                          to
 *   FRESH    bytes                       RUNNING
 *   RUNNING  the end of the stream       OVER
 *   OVER     bytes, under gzip           RUNNING: another member
 *   OVER     up to four bytes, raw       OVER
 *   RUNNING, OVER  anything else         an error, which is final */
#include "net/coding.h"

#include "base/err.h"
#include "http/message.h"

#include <limits.h>
#include <stdlib.h>
#define ZLIB_CONST /* it does not change what it reads */
#include <zlib.h>

#define PIECE_BYTES 8192
/* The windowBits of inflateInit2 */
#define ZLIB         MAX_WBITS
#define RAW          (-MAX_WBITS)
#define GZIP         (MAX_WBITS + 16)
#define GZIP_OR_ZLIB (MAX_WBITS + 32)

typedef struct layer {
    z_stream z;
    enum { FRESH, RUNNING, OVER } state;
    bool is_gzip;
    uint32_t tail_left; /* bytes that may still come behind the end */
    size_t taken;       /* from the layer above */
} layer;

struct pl_coding {
    size_t count;
    layer layers[PL_CODING_MOST]; /* the one that was applied first comes first */
};

/* -- one layer -- */

static int code_of(int status)
{
    if (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR) return 0;
    return status == Z_MEM_ERROR ? PL_E_MEMORY : PL_E_PROTOCOL;
}

/* A zlib header has an 8 in the lower half of its first byte (RFC 1950 section 2.2). Of raw DEFLATE
 * that would be a stored block with a bit set in its padding, which nobody writes. */
static int begin(layer *l)
{
    bool is_zlib = (*l->z.next_in & 0x0f) == Z_DEFLATED;
    if (!l->is_gzip && !is_zlib) l->tail_left = 4;
    int status = inflateInit2(&l->z, l->is_gzip ? GZIP_OR_ZLIB : is_zlib ? ZLIB : RAW);
    if (status == Z_OK) l->state = RUNNING;
    return code_of(status);
}

static int go_on_behind_end(layer *l)
{
    if (l->is_gzip) {
        l->state = RUNNING;
        return code_of(inflateReset2(&l->z, GZIP));
    }
    if (l->z.avail_in > l->tail_left) return PL_E_PROTOCOL;
    l->tail_left -= l->z.avail_in;
    l->z.avail_in = 0;
    return 0;
}

/* Has the layer RUNNING if there is something to read. */
static int ready(layer *l)
{
    if (l->z.avail_in == 0 || l->state == RUNNING) return 0;
    return l->state == FRESH ? begin(l) : go_on_behind_end(l);
}

/* What there is for `piece`: *len bytes, PIECE_BYTES of them when there may be more. Those count
 * even if an error is behind them: so which error it is does not depend on how the body came. */
static int inflate_piece(layer *l, unsigned char *piece, size_t *len)
{
    l->z.next_out = piece;
    l->z.avail_out = PIECE_BYTES;
    int status = inflate(&l->z, Z_NO_FLUSH);
    if (status == Z_STREAM_END) l->state = OVER;
    *len = PIECE_BYTES - l->z.avail_out;
    return code_of(status);
}

/* -- all of them -- */

/* Cuts the bytes down to what there is room for. */
static int fit(pl_slice *bytes, size_t most, size_t taken)
{
    size_t room = most > taken ? most - taken : 0;
    if (bytes->len <= room) return 0;
    bytes->len = room;
    return PL_E_TOO_LARGE;
}

static int append(pl_buf *out, pl_slice bytes, size_t limit)
{
    int rc = fit(&bytes, limit, out->len);
    if (bytes.len > 0 && pl_buf_try_reserve(out, bytes.len) == NULL) return PL_E_MEMORY;
    pl_buf_put_slice(out, bytes);
    return rc;
}

static int undo(pl_coding *c, size_t count, pl_slice bytes, pl_buf *out, size_t limit);

/* To the body, or the topmost of the layers that are left. Between layers, too, there is a limit:
 * what is compressed can expand to nothing but more of itself, and time is not free either. */
static int pass_on(pl_coding *c, size_t count, pl_slice bytes, pl_buf *out, size_t limit)
{
    if (count == 0) return append(out, bytes, limit);
    layer *l = &c->layers[count - 1];
    size_t most = limit < SIZE_MAX / 4 ? 2 * limit + PIECE_BYTES : SIZE_MAX;
    int too_large = fit(&bytes, most, l->taken);
    l->taken += bytes.len;
    int rc = undo(c, count, bytes, out, limit);
    return rc ? rc : too_large;
}

/* The topmost of `count` layers gets these bytes, fewer than UINT_MAX. */
static int undo(pl_coding *c, size_t count, pl_slice bytes, pl_buf *out, size_t limit)
{
    layer *l = &c->layers[count - 1];
    unsigned char piece[PIECE_BYTES];
    size_t len = 0;
    l->z.next_in = (const unsigned char *)bytes.ptr;
    l->z.avail_in = (unsigned)bytes.len;
    do {
        int rc = ready(l);
        if (rc) return rc;
        if (l->state != RUNNING) return 0;
        int bad = inflate_piece(l, piece, &len);
        rc = pass_on(c, count - 1, (pl_slice){(const char *)piece, len}, out, limit);
        if (rc || bad) return rc ? rc : bad;
    } while (l->z.avail_in > 0 || len == PIECE_BYTES);
    return 0;
}

int pl_coding_put(pl_coding *c, pl_slice bytes, pl_buf *out, size_t limit)
{
    const size_t most = INT_MAX;
    int rc = 0;
    while (bytes.len > 0 && rc == 0) {
        rc = undo(c, c->count, (pl_slice){bytes.ptr, bytes.len < most ? bytes.len : most}, out,
                  limit);
        bytes = pl_slice_from(bytes, most);
    }
    return rc;
}

bool pl_coding_is_over(const pl_coding *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->layers[i].state == RUNNING) return false;
    }
    return true;
}

static bool add_layer(pl_coding *c, pl_slice name)
{
    bool is_gzip =
        pl_slice_eq_nocase(name, PL_SLICE("gzip")) || pl_slice_eq_nocase(name, PL_SLICE("x-gzip"));
    if (pl_slice_eq_nocase(name, PL_SLICE("identity"))) return true;
    if (!is_gzip && !pl_slice_eq_nocase(name, PL_SLICE("deflate"))) return false;
    if (c->count == PL_CODING_MOST) return false;
    c->layers[c->count++].is_gzip = is_gzip;
    return true;
}

pl_coding *pl_coding_new(pl_slice names, bool *is_known)
{
    *is_known = true;
    if (names.len == 0) return NULL; /* as mostly: the layers are not small */
    pl_coding coding = {0};
    pl_slice name;
    while (*is_known && pl_http_list_next(&names, &name))
        *is_known = add_layer(&coding, name);
    if (!*is_known || coding.count == 0) return NULL;
    pl_coding *c = pl_alloc(sizeof *c);
    *c = coding;
    return c;
}

void pl_coding_free(pl_coding *c)
{
    if (c == NULL) return;
    for (size_t i = 0; i < c->count; i++) {
        if (c->layers[i].state != FRESH) inflateEnd(&c->layers[i].z);
    }
    free(c);
}
