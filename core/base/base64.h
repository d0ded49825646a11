/* SPDX-License-Identifier: MIT
 *
 * Bytes as text: base64 and base16, which is hexadecimal (RFC 4648 sections 4, 5 and 8). */
#ifndef PL_BASE_BASE64_H
#define PL_BASE_BASE64_H

#include "base/buf.h"

#include <stdint.h>

/* With padding. */
void pl_base64_encode(pl_buf *out, pl_slice bytes);
/* "-" and "_" for "+" and "/", and no padding, as tokens and URLs have it. */
void pl_base64url_encode(pl_buf *out, pl_slice bytes);
/* Reads either alphabet, padded or not, and passes over white space. The offset of the first byte
 * that does not belong there (the end, when something is missing), or -1 when all was appended. */
int64_t pl_base64_decode(pl_buf *out, pl_slice text);

/* Lower-case hexadecimal. */
void pl_hex_encode(pl_buf *out, pl_slice bytes);
/* Either case; the result is as pl_base64_decode's. */
int64_t pl_hex_decode(pl_buf *out, pl_slice text);

#endif
