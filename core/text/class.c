/* SPDX-License-Identifier: MIT */
#include "text/class.h"

#include "text/chars.h"

#include <stdlib.h>
#include <unictype.h>

/* The ideographs that are numbers (Unicode's Unihan database, kPrimaryNumeric, kAccountingNumeric
 * and kOtherNumeric), which libunistring's numeric values leave out. */
static const uint32_t numeric_ideographs[] = {
    0x3405,  0x3483,  0x382a,  0x3b4d,  0x4e00,  0x4e03,  0x4e07,  0x4e09,  0x4e5d,  0x4e8c,
    0x4e94,  0x4e96,  0x4ebf,  0x4ec0,  0x4edf,  0x4ee8,  0x4f0d,  0x4f70,  0x5104,  0x5146,
    0x5169,  0x516b,  0x516d,  0x5341,  0x5343,  0x5344,  0x5345,  0x534c,  0x53c1,  0x53c2,
    0x53c3,  0x53c4,  0x56db,  0x58f1,  0x58f9,  0x5e7a,  0x5efe,  0x5eff,  0x5f0c,  0x5f0d,
    0x5f0e,  0x5f10,  0x62fe,  0x634c,  0x67d2,  0x6f06,  0x7396,  0x767e,  0x8086,  0x842c,
    0x8cae,  0x8cb3,  0x8d30,  0x9621,  0x9646,  0x964c,  0x9678,  0x96f6,  0x20001, 0x20064,
    0x200e2, 0x20121, 0x2092a, 0x20983, 0x2098c, 0x2099c, 0x20aea, 0x20afd, 0x20b19, 0x22390,
    0x22998, 0x23b1b, 0x2626d};

static bool is_in_category(uint32_t c, uint32_t bits)
{
    return uc_is_general_category_withtable(c, bits);
}

static bool is_alpha(uint32_t c)
{
    return is_in_category(c, UC_CATEGORY_MASK_L);
}

static bool is_decimal(uint32_t c)
{
    return uc_decimal_value(c) >= 0;
}

static bool is_digit(uint32_t c)
{
    return uc_digit_value(c) >= 0;
}

static int compare_characters(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool is_numeric(uint32_t c)
{
    size_t count = sizeof numeric_ideographs / sizeof *numeric_ideographs;
    return uc_numeric_value(c).denominator != 0 ||
           bsearch(&c, numeric_ideographs, count, sizeof c, compare_characters) != NULL;
}

static bool is_alnum(uint32_t c)
{
    return is_alpha(c) || is_numeric(c);
}

/* Unicode's white space, and the four separators of ASCII. */
static bool is_space(uint32_t c)
{
    return (c >= 0x1c && c <= 0x1f) || uc_is_property_white_space(c);
}

static bool is_printable(uint32_t c)
{
    return c == ' ' ||
           (c != PL_CHAR_BAD && !is_in_category(c, UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Z));
}

static bool is_ascii(uint32_t c)
{
    return c < 0x80;
}

static bool is_title(uint32_t c)
{
    return is_in_category(c, UC_CATEGORY_MASK_Lt);
}

static bool are_all(pl_slice s, bool (*is)(uint32_t c))
{
    uint32_t c;
    for (const char *p = s.ptr, *end = p + s.len; p < end;) {
        p = pl_char_read(p, end, &c);
        if (!is(c)) return false;
    }
    return true;
}

/* Something of `wanted`, and nothing of `other` or in title case. */
static bool are_cased(pl_slice s, bool (*wanted)(uint32_t c), bool (*other)(uint32_t c))
{
    bool found = false;
    uint32_t c;
    for (const char *p = s.ptr, *end = p + s.len; p < end;) {
        p = pl_char_read(p, end, &c);
        if (other(c) || is_title(c)) return false;
        found |= wanted(c);
    }
    return found;
}

/* Upper or title case follows only what has no case, lower case only what has. */
static bool are_titled(pl_slice s)
{
    bool found = false, after_cased = false;
    uint32_t c;
    for (const char *p = s.ptr, *end = p + s.len; p < end;) {
        p = pl_char_read(p, end, &c);
        bool begins = uc_is_property_uppercase(c) || is_title(c);
        bool continues = !begins && uc_is_property_lowercase(c);
        if (begins ? after_cased : continues && !after_cased) return false;
        after_cased = begins || continues;
        found |= after_cased;
    }
    return found;
}

static bool is_identifier(pl_slice s)
{
    uint32_t c;
    const char *end = s.ptr + s.len, *p = pl_char_read(s.ptr, end, &c);
    if (c != '_' && !uc_is_property_xid_start(c)) return false;
    return are_all((pl_slice){p, (size_t)(end - p)}, uc_is_property_xid_continue);
}

enum pl_text_class pl_text_class_of(pl_slice name)
{
    static const pl_slice names[] = {
#define X(name, text) PL_SLICE_INIT(text),
        PL_TEXT_CLASSES(X)
#undef X
    };
    int class = 0;
    while (class < PL_TEXT_CLASS_COUNT && !pl_slice_eq(names[class], name))
        class ++;
    return (enum pl_text_class) class;
}

bool pl_text_is(pl_slice s, enum pl_text_class class)
{
    static bool (*const of_each[PL_TEXT_CLASS_COUNT])(uint32_t) = {
        [PL_TEXT_ALPHA] = is_alpha, [PL_TEXT_DECIMAL] = is_decimal,
        [PL_TEXT_DIGIT] = is_digit, [PL_TEXT_NUMERIC] = is_numeric,
        [PL_TEXT_ALNUM] = is_alnum, [PL_TEXT_SPACE] = is_space,
        [PL_TEXT_ASCII] = is_ascii, [PL_TEXT_PRINTABLE] = is_printable,
    };
    if (s.len == 0) return class == PL_TEXT_PRINTABLE || class == PL_TEXT_ASCII;
    switch (class) {
    case PL_TEXT_LOWER:
        return are_cased(s, uc_is_property_lowercase, uc_is_property_uppercase);
    case PL_TEXT_UPPER:
        return are_cased(s, uc_is_property_uppercase, uc_is_property_lowercase);
    case PL_TEXT_TITLE:
        return are_titled(s);
    case PL_TEXT_IDENTIFIER:
        return is_identifier(s);
    default:
        return are_all(s, of_each[class]);
    }
}

void pl_text_put_plain_number(pl_buf *out, pl_slice s)
{
    uint32_t c;
    for (const char *p = s.ptr, *end = p + s.len, *next; p < end; p = next) {
        next = pl_char_read(p, end, &c);
        if (c < 0x80)
            pl_buf_put_char(out, is_space(c) ? ' ' : *p);
        else if (is_decimal(c))
            pl_buf_put_char(out, (char)('0' + uc_decimal_value(c)));
        else if (is_space(c))
            pl_buf_put_char(out, ' ');
        else
            pl_buf_put(out, p, (size_t)(next - p));
    }
}
