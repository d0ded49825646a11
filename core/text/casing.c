/* SPDX-License-Identifier: MIT
 *
 * One walk over the characters for all casings: what becomes of one depends on the casing, on what
 * stands in front of it and, for a capital sigma only, on what follows. */
#include "text/casing.h"

#include "text/chars.h"

#include <unicase.h>
#include <unictype.h>

#define CAPITAL_SIGMA 0x3a3
#define SIGMA         0x3c3
#define FINAL_SIGMA   0x3c2
#define MAX_MAPPED    8 /* Unicode has no mapping to more than three characters */

enum mapping { KEEP, UPPER, LOWER, TITLE, FOLD };

/* Unicode section 3.13, Final_Sigma: a cased character in front and none behind, those that are
 * ignorable left out. Each sigma is cased, so a run is looked at once from either side. */
static bool is_final_sigma(pl_slice s, const char *at)
{
    const char *end = s.ptr + s.len;
    uint32_t c = PL_CHAR_BAD;
    const char *p = at;
    bool is_cased = false;
    while (p > s.ptr) {
        const char *next = p;
        for (p--; p > s.ptr && ((uint8_t)*p & 0xc0) == 0x80;)
            p--;
        if (pl_char_read(p, end, &c) != next) return false; /* stray bytes */
        if (uc_is_property_case_ignorable(c)) continue;
        is_cased = uc_is_property_cased(c);
        break;
    }
    if (!is_cased) return false;
    for (p = pl_char_read(at, end, &c); p < end;) {
        p = pl_char_read(p, end, &c);
        if (!uc_is_property_case_ignorable(c)) return !uc_is_property_cased(c);
    }
    return true;
}

static void put_mapped(pl_buf *out, uint32_t c, enum mapping mapping)
{
    uint32_t mapped[MAX_MAPPED], *result = &c;
    size_t len = MAX_MAPPED;
    if (mapping == UPPER) result = u32_toupper(&c, 1, NULL, NULL, mapped, &len);
    if (mapping == LOWER) result = u32_tolower(&c, 1, NULL, NULL, mapped, &len);
    if (mapping == TITLE) result = u32_totitle(&c, 1, NULL, NULL, mapped, &len);
    if (mapping == FOLD) result = u32_casefold(&c, 1, NULL, NULL, mapped, &len);
    for (size_t i = 0; i < len && result == mapped; i++)
        pl_char_put(out, mapped[i]);
    if (result != mapped) pl_char_put(out, c);
}

static enum mapping mapping_of(enum pl_casing casing, uint32_t c, bool is_first, bool after_cased)
{
    switch (casing) {
    case PL_CASING_UPPER:
        return UPPER;
    case PL_CASING_LOWER:
        return LOWER;
    case PL_CASING_FOLD:
        return FOLD;
    case PL_CASING_CAPITALIZE:
        return is_first ? TITLE : LOWER;
    case PL_CASING_TITLE:
        return after_cased ? LOWER : TITLE;
    case PL_CASING_SWAP:
        if (uc_is_property_uppercase(c)) return LOWER;
        return uc_is_property_lowercase(c) ? UPPER : KEEP;
    }
    return KEEP;
}

static bool is_ascii_letter(char c)
{
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'z';
}

static char map_ascii(char c, enum mapping mapping)
{
    bool wants_upper = mapping == UPPER || mapping == TITLE;
    if (mapping == KEEP || !is_ascii_letter(c)) return c;
    return (char)(wants_upper ? c & ~0x20 : c | 0x20);
}

/* The ASCII in front, with the same mapping for all of it. */
static const char *put_ascii(pl_buf *out, const char *p, const char *end, enum mapping mapping)
{
    const char *behind = pl_ascii_end(p, end);
    char *to = pl_buf_reserve(out, (size_t)(behind - p));
    out->len += (size_t)(behind - p);
    while (p < behind)
        *to++ = map_ascii(*p++, mapping);
    return p;
}

static const char *put_one(pl_buf *out, pl_slice s, const char *p, enum pl_casing casing,
                           bool *after_cased)
{
    uint32_t c;
    const char *next = pl_char_read(p, s.ptr + s.len, &c);
    enum mapping mapping = mapping_of(casing, c, p == s.ptr, *after_cased);
    if (c < 0x80)
        pl_buf_put_char(out, map_ascii(*p, mapping));
    else if (c == PL_CHAR_BAD || mapping == KEEP)
        pl_buf_put(out, p, (size_t)(next - p));
    else if (c == CAPITAL_SIGMA && mapping == LOWER)
        pl_char_put(out, is_final_sigma(s, p) ? FINAL_SIGMA : SIGMA);
    else
        put_mapped(out, c, mapping);
    *after_cased = c < 0x80 ? is_ascii_letter(*p) : uc_is_property_cased(c);
    return next;
}

void pl_casing_put(pl_buf *out, pl_slice s, enum pl_casing casing)
{
    bool after_cased = false, is_uniform = casing <= PL_CASING_FOLD;
    if (s.len == 0) return;
    const char *p = s.ptr, *end = p + s.len;
    enum mapping ascii = is_uniform ? mapping_of(casing, 0, false, false) : KEEP;
    while (p < end) {
        if (is_uniform) p = put_ascii(out, p, end, ascii);
        if (p < end) p = put_one(out, s, p, casing, &after_cased);
    }
}
