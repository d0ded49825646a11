/* SPDX-License-Identifier: MIT
 *
 * Base64 (RFC 4648 section 4), with padding. */
#ifndef PL_BASE_BASE64_H
#define PL_BASE_BASE64_H

#include "base/buf.h"

void pl_base64_encode(pl_buf *out, pl_slice bytes);

#endif
