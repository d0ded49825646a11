/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include "base/json_bytes.h"

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* How many characters stand for the bytes, without padding. */
static size_t put_quads(pl_buf *out, pl_slice bytes, const char *digits)
{
    size_t len = (bytes.len + 2) / 3 * 4;
    char *quad = pl_buf_reserve(out, len);
    for (size_t i = 0; i < bytes.len; i += 3, quad += 4) {
        size_t left = bytes.len - i;
        uint32_t bits = (uint32_t)(uint8_t)bytes.ptr[i] << 16;
        if (left > 1) bits |= (uint32_t)(uint8_t)bytes.ptr[i + 1] << 8;
        if (left > 2) bits |= (uint8_t)bytes.ptr[i + 2];
        quad[0] = digits[bits >> 18];
        quad[1] = digits[bits >> 12 & 63];
        quad[2] = left > 1 ? digits[bits >> 6 & 63] : '=';
        quad[3] = left > 2 ? digits[bits & 63] : '=';
    }
    out->len += len;
    return len - (3 - bytes.len % 3) % 3;
}

void pl_base64_encode(pl_buf *out, pl_slice bytes)
{
    put_quads(out, bytes, LETTERS_AND_DIGITS "+/");
}

void pl_base64url_encode(pl_buf *out, pl_slice bytes)
{
    size_t start = out->len;
    out->len = start + put_quads(out, bytes, LETTERS_AND_DIGITS "-_");
}

/* What a character stands for, in either alphabet, and one more: 0 is no digit. A row is sixteen
 * characters. */
/* clang-format off */
static const uint8_t sextets[256] = {
    /* 20 */ [0x2B] = 63, [0x2D] = 63, [0x2F] = 64,
    /* 30 */ [0x30] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
    /* 40 */ [0x41] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    /* 50 */ 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, [0x5F] = 64,
    /* 60 */ [0x61] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
    /* 70 */ 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
};
/* clang-format on */

/* -1: it is no digit. */
static int sextet(char c)
{
    return sextets[(uint8_t)c] - 1;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* `count` characters gave `bits`; as many bytes as are whole in them are appended. */
static void put_bytes(pl_buf *out, uint32_t bits, int count)
{
    bits <<= 6 * (4 - count);
    const char bytes[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
    pl_buf_put(out, bytes, (size_t)(count * 6 / 8));
}

/* Appends what the quads at the front stand for, up to the first with something else in it than
 * digits; returns how many characters that are. */
static size_t put_plain_quads(pl_buf *out, pl_slice text)
{
    size_t i = 0;
    char *bytes = pl_buf_reserve(out, text.len / 4 * 3);
    for (; i + 4 <= text.len; i += 4, bytes += 3) {
        int a = sextet(text.ptr[i]), b = sextet(text.ptr[i + 1]);
        int c = sextet(text.ptr[i + 2]), d = sextet(text.ptr[i + 3]);
        if ((a | b | c | d) < 0) break;
        bytes[0] = (char)(a << 2 | b >> 4);
        bytes[1] = (char)(b << 4 | c >> 2);
        bytes[2] = (char)(c << 6 | d);
    }
    out->len += i / 4 * 3;
    return i;
}

int64_t pl_base64_decode(pl_buf *out, pl_slice text)
{
    uint32_t bits = 0;
    int count = 0, padding = 0;
    size_t start = out->len, i;
    for (i = put_plain_quads(out, text); i < text.len; i++) {
        char c = text.ptr[i];
        int value = sextet(c);
        if (is_space(c)) continue;
        if (c == '=' && count >= 2 && count + padding < 4) {
            padding++;
            continue;
        }
        if (value < 0 || padding > 0) break;
        bits = bits << 6 | (uint32_t)value;
        if (++count < 4) continue;
        put_bytes(out, bits, count);
        bits = 0;
        count = 0;
    }
    if (i < text.len || count == 1 || (padding > 0 && count + padding < 4)) {
        out->len = start;
        return (int64_t)i;
    }
    put_bytes(out, bits, count);
    return -1;
}

void pl_hex_encode(pl_buf *out, pl_slice bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *to = pl_buf_reserve(out, bytes.len * 2);
    for (size_t i = 0; i < bytes.len; i++) {
        *to++ = digits[(uint8_t)bytes.ptr[i] >> 4];
        *to++ = digits[(uint8_t)bytes.ptr[i] & 15];
    }
    out->len += bytes.len * 2;
}

int64_t pl_hex_decode(pl_buf *out, pl_slice text)
{
    size_t start = out->len, i = 0;
    for (; i + 1 < text.len; i += 2) {
        int high = pl_hex_digit(text.ptr[i]), low = pl_hex_digit(text.ptr[i + 1]);
        if (high < 0 || low < 0) {
            i += high >= 0;
            break;
        }
        pl_buf_put_char(out, (char)(high << 4 | low));
    }
    if (i == text.len) return -1;
    out->len = start;
    bool last_is_digit = i + 1 == text.len && pl_hex_digit(text.ptr[i]) >= 0;
    return (int64_t)(last_is_digit ? text.len : i);
}
