/* SPDX-License-Identifier: MIT */
#include "xml/charset.h"

#include "base/json_bytes.h"

#define REPLACEMENT 0xFFFDu

enum charset { UNKNOWN, UTF_8, UTF_16_LE, UTF_16_BE, WINDOWS_1252, ISO_8859_15 };

/* Names as the IANA registry and the WHATWG have them. UTF-16 without a mark is little endian:
 * WHATWG Encoding section 14.2. */
static const struct {
    pl_slice name;
    enum charset charset;
} names[] = {
    {PL_SLICE_INIT("utf-8"), UTF_8},
    {PL_SLICE_INIT("utf8"), UTF_8},
    {PL_SLICE_INIT("utf-16"), UTF_16_LE},
    {PL_SLICE_INIT("utf-16le"), UTF_16_LE},
    {PL_SLICE_INIT("utf-16be"), UTF_16_BE},
    {PL_SLICE_INIT("windows-1252"), WINDOWS_1252},
    {PL_SLICE_INIT("cp1252"), WINDOWS_1252},
    {PL_SLICE_INIT("iso-8859-1"), WINDOWS_1252},
    {PL_SLICE_INIT("iso8859-1"), WINDOWS_1252},
    {PL_SLICE_INIT("iso_8859-1"), WINDOWS_1252},
    {PL_SLICE_INIT("latin1"), WINDOWS_1252},
    {PL_SLICE_INIT("us-ascii"), WINDOWS_1252},
    {PL_SLICE_INIT("ascii"), WINDOWS_1252},
    {PL_SLICE_INIT("iso-8859-15"), ISO_8859_15},
    {PL_SLICE_INIT("iso8859-15"), ISO_8859_15},
    {PL_SLICE_INIT("iso_8859-15"), ISO_8859_15},
    {PL_SLICE_INIT("latin-9"), ISO_8859_15},
};

/* 80 to 9F of windows-1252; the five that it leaves open are controls. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

static enum charset find(pl_slice name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (pl_slice_eq_nocase(names[i].name, name)) return names[i].charset;
    return UNKNOWN;
}

static uint32_t iso_8859_15(uint8_t byte)
{
    switch (byte) { /* where it is not iso-8859-1 */
    case 0xA4:
        return 0x20AC;
    case 0xA6:
        return 0x0160;
    case 0xA8:
        return 0x0161;
    case 0xB4:
        return 0x017D;
    case 0xB8:
        return 0x017E;
    case 0xBC:
        return 0x0152;
    case 0xBD:
        return 0x0153;
    case 0xBE:
        return 0x0178;
    default:
        return byte;
    }
}

static uint32_t character(enum charset charset, uint8_t byte)
{
    if (charset == ISO_8859_15) return iso_8859_15(byte);
    return byte >= 0x80 && byte <= 0x9F ? windows_1252[byte - 0x80] : byte;
}

static void put(pl_buf *out, uint32_t c)
{
    char bytes[4];
    pl_buf_put(out, bytes, (size_t)pl_utf8_put(bytes, c));
}

static uint32_t unit_at(pl_slice text, size_t i, bool is_big)
{
    uint8_t first = (uint8_t)text.ptr[i], second = (uint8_t)text.ptr[i + 1];
    return is_big ? (uint32_t)first << 8 | second : (uint32_t)second << 8 | first;
}

static void put_utf16(pl_buf *out, pl_slice text, bool is_big)
{
    size_t i = 0;
    while (i + 1 < text.len) {
        uint32_t unit = unit_at(text, i, is_big);
        i += 2;
        if (unit >= 0xD800 && unit <= 0xDFFF) {
            uint32_t low = unit < 0xDC00 && i + 1 < text.len ? unit_at(text, i, is_big) : 0;
            bool is_pair = low >= 0xDC00 && low <= 0xDFFF;
            if (is_pair) i += 2;
            unit = is_pair ? 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00) : REPLACEMENT;
        }
        put(out, unit);
    }
    if (i < text.len) put(out, REPLACEMENT);
}

/* What a byte order mark says, which is taken off the text; else what the name says. */
static enum charset marked(enum charset named, pl_slice *text)
{
    static const struct {
        pl_slice mark;
        enum charset charset;
    } marks[] = {
        {PL_SLICE_INIT("\xEF\xBB\xBF"), UTF_8},
        {PL_SLICE_INIT("\xFF\xFE"), UTF_16_LE},
        {PL_SLICE_INIT("\xFE\xFF"), UTF_16_BE},
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (!pl_slice_starts(*text, marks[i].mark)) continue;
        *text = pl_slice_from(*text, marks[i].mark.len);
        return marks[i].charset;
    }
    return named;
}

bool pl_charset_is_known(pl_slice name)
{
    return find(name) != UNKNOWN;
}

bool pl_charset_to_utf8(pl_slice name, pl_slice text, pl_buf *out)
{
    enum charset charset = find(name);
    if (charset == UNKNOWN) return false;
    charset = marked(charset, &text);
    if (charset == UTF_8)
        pl_buf_put_slice(out, text);
    else if (charset == UTF_16_LE || charset == UTF_16_BE)
        put_utf16(out, text, charset == UTF_16_BE);
    else
        for (size_t i = 0; i < text.len; i++)
            put(out, character(charset, (uint8_t)text.ptr[i]));
    return true;
}

bool pl_charset_map(pl_slice name, int map[256])
{
    enum charset charset = find(name);
    if (charset != WINDOWS_1252 && charset != ISO_8859_15) return false;
    for (int i = 0; i < 256; i++)
        map[i] = (int)character(charset, (uint8_t)i);
    return true;
}
