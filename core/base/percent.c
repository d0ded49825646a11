/* SPDX-License-Identifier: MIT */
#include "base/percent.h"

static bool is_alphanumeric(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static void put_escaped(pl_buf *out, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char text[3] = {'%', digits[(unsigned char)c >> 4], digits[(unsigned char)c & 15]};
    pl_buf_put(out, text, sizeof text);
}

void pl_percent_encode(pl_buf *out, pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~')
            pl_buf_put_char(out, c);
        else
            put_escaped(out, c);
    }
}

void pl_percent_encode_form(pl_buf *out, pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == ' ')
            pl_buf_put_char(out, '+');
        else if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '*')
            pl_buf_put_char(out, c);
        else
            put_escaped(out, c);
    }
}
