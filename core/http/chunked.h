/* SPDX-License-Identifier: MIT
 *
 * The chunked transfer coding (RFC 9112 section 7.1), decoded in place: data bytes are moved to the
 * front of the buffer they came in. Chunk extensions are skipped, trailers are checked and dropped.
 * A size is 1 to 16 hex digits, lines end in CR LF. */
#ifndef PL_HTTP_CHUNKED_H
#define PL_HTTP_CHUNKED_H

#include "base/slice.h"

#include <stdint.h>

typedef struct pl_chunked {
    int state;
    uint64_t left;      /* data bytes of the current chunk still to come */
    uint32_t digits;    /* of the size read so far */
    uint32_t line_left; /* bytes that extensions and trailers may still take */
    bool is_answer;
} pl_chunked;

/* Of a request, where any deviation is refused. */
void pl_chunked_init(pl_chunked *c, uint32_t max_extra_bytes);
/* Of an answer, of which a client takes more: lines that end in LF alone or have several CR before
 * it, white space behind a size, any bytes in extensions and trailers. */
void pl_chunked_init_answer(pl_chunked *c, uint32_t max_extra_bytes);

/* Decodes `len` bytes at `bytes`: *data_len data bytes now stand at `bytes`, *used of the input are
 * done with. 1 when the body is complete (what follows *used is the next request), 0 for more input
 * wanted (all was used), or PL_E_BAD_REQUEST with *reason; it stays at that answer. */
int pl_chunked_decode(pl_chunked *c, char *bytes, size_t len, size_t *data_len, size_t *used,
                      const char **reason);

#endif
