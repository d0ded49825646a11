/* SPDX-License-Identifier: MIT
 *
 * Undoes the content codings of an answer's body (RFC 9110 section 8.4.1) as it comes. Known are
 * gzip (x-gzip), deflate and identity, and lists of at most PL_CODING_MOST of them. An object is
 * for one body and one thread at a time.
 *
 * What others send is taken as libcurl takes it: zlib's format under the name gzip, and under the
 * name deflate raw DEFLATE, which RFC 9110 speaks of as common, with up to four bytes behind it. A
 * gzip body may be of several members (RFC 1952 section 2.2). A body of no bytes stands for
 * itself. */
#ifndef PL_NET_CODING_H
#define PL_NET_CODING_H

#include "base/buf.h"

#define PL_CODING_MOST 5

typedef struct pl_coding pl_coding;

/* `names` as in Content-Encoding: in the order in which the codings were applied. NULL with
 * *is_known false: one is not known here, or there are too many. NULL with *is_known true: there is
 * nothing to undo. It takes memory when the first bytes come. */
pl_coding *pl_coding_new(pl_slice names, bool *is_known);
/* NULL is nothing. */
void pl_coding_free(pl_coding *c);

/* Undoes it for these bytes, and appends what they give to `out` until that has `limit` bytes.
 * 0; PL_E_PROTOCOL: they are not of that coding, or go on behind its end; PL_E_TOO_LARGE: there
 * would be more than `limit`, or far more between two codings; PL_E_MEMORY. After an error it can
 * only be freed. */
int pl_coding_put(pl_coding *c, pl_slice bytes, pl_buf *out, size_t limit);
/* Was that all of it? To be asked when the body is over. */
bool pl_coding_is_over(const pl_coding *c);

#endif
