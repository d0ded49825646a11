/* SPDX-License-Identifier: MIT */
#include "base/json_bytes.h"

static const struct lead {
    uint8_t length, second_min, second_max;
} leads[PL_JSON_CLASSES] = {
    [PL_JSON_LEAD_C2] = {2, 0x80, 0xBF}, [PL_JSON_LEAD_E0] = {3, 0xA0, 0xBF},
    [PL_JSON_LEAD_E1] = {3, 0x80, 0xBF}, [PL_JSON_LEAD_ED] = {3, 0x80, 0x9F},
    [PL_JSON_LEAD_F0] = {4, 0x90, 0xBF}, [PL_JSON_LEAD_F1] = {4, 0x80, 0xBF},
    [PL_JSON_LEAD_F4] = {4, 0x80, 0x8F},
};

int pl_utf8_length(const char *p, const char *end)
{
    const struct lead *lead = &leads[pl_json_class[(uint8_t)*p]];
    if (lead->length == 0 || p + 1 == end) return -1;
    uint8_t second = (uint8_t)p[1];
    if (second < lead->second_min || second > lead->second_max) return -1;
    for (int i = 2; i < lead->length; i++)
        if (p + i == end || ((uint8_t)p[i] & 0xC0) != 0x80) return -i;
    return lead->length;
}

int pl_utf8_put(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t first_bits[] = {0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(first_bits[more] | c >> 6 * more);
    for (int i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3F));
    return more + 1;
}

/* One row is sixteen bytes. */
/* clang-format off */
#define X4(x)  x, x, x, x
#define X16(x) X4(x), X4(x), X4(x), X4(x)
#define PLAIN  PL_JSON_PLAIN
#define STRAY  PL_JSON_STRAY
#define C2     PL_JSON_LEAD_C2
#define E1     PL_JSON_LEAD_E1
#define F1     PL_JSON_LEAD_F1
const uint8_t pl_json_class[256] = {
    /* 00 */ X16(PL_JSON_CONTROL),
    /* 10 */ X16(PL_JSON_CONTROL),
    /* 20 */ PLAIN, PLAIN, PL_JSON_QUOTE, PLAIN, X4(PLAIN), X4(PLAIN), X4(PLAIN),
    /* 30 */ X16(PLAIN),
    /* 40 */ X16(PLAIN),
    /* 50 */ X4(PLAIN), X4(PLAIN), X4(PLAIN), PL_JSON_BACKSLASH, PLAIN, PLAIN, PLAIN,
    /* 60 */ X16(PLAIN),
    /* 70 */ X16(PLAIN),
    /* 80 */ X16(STRAY),
    /* 90 */ X16(STRAY),
    /* A0 */ X16(STRAY),
    /* B0 */ X16(STRAY),
    /* C0 */ STRAY, STRAY, C2, C2, X4(C2), X4(C2), X4(C2),
    /* D0 */ X16(C2),
    /* E0 */ PL_JSON_LEAD_E0, E1, E1, E1, X4(E1), X4(E1), E1, PL_JSON_LEAD_ED, E1, E1,
    /* F0 */ PL_JSON_LEAD_F0, F1, F1, F1, PL_JSON_LEAD_F4, STRAY, STRAY, STRAY, X4(STRAY),
             X4(STRAY),
};
/* clang-format on */
