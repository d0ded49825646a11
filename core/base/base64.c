/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

void pl_base64_encode(pl_buf *out, pl_slice bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t bits = (uint32_t)(uint8_t)bytes.ptr[i] << 16;
        if (left > 1) bits |= (uint32_t)(uint8_t)bytes.ptr[i + 1] << 8;
        if (left > 2) bits |= (uint8_t)bytes.ptr[i + 2];
        char quad[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                        left > 1 ? digits[bits >> 6 & 63] : '=',
                        left > 2 ? digits[bits & 63] : '='};
        pl_buf_put(out, quad, sizeof quad);
    }
}
