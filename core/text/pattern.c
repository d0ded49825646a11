/* SPDX-License-Identifier: MIT
 *
 * A matcher that reads the pattern as it goes. `match` takes the pattern from left to right and
 * calls itself where there is a choice (how often a quantifier takes its item) or something to undo
 * (a capture); what it calls gives the end of the match, or NULL: then the next choice is tried.
 * So it may take exponential time, and is as deep as the pattern has quantifiers and captures.
 *
 *     pattern   ( [^=]+ )  =  %s*  ( .- )  $
 *               ^  ^       ^              ^
 *               |  item    |              special: captures, %b, %f, %1, $ at the end
 *               special    item: ".", a character, %a, or a set, and behind it * + - ? or nothing
 *
 * Once `stopped` is set nothing matches any more; loops that try choices look at it. */
#include "text/pattern.h"

#define UNFINISHED (-1) /* length of a capture whose ) is not reached yet */

/* -- classes: ASCII, whatever the locale -- */

typedef struct bytes {
    uint64_t bits[4]; /* by byte */
} bytes;

static const bytes alphas = {{0, 0x07fffffe07fffffe}};
static const bytes controls = {{0xffffffff, 0x8000000000000000}};
static const bytes digits = {{0x03ff000000000000, 0}};
static const bytes graphics = {{0xfffffffe00000000, 0x7fffffffffffffff}};
static const bytes lowers = {{0, 0x07fffffe00000000}};
static const bytes puncts = {{0xfc00fffe00000000, 0x78000001f8000001}};
static const bytes spaces = {{0x0000000100003e00, 0}};
static const bytes uppers = {{0, 0x0000000007fffffe}};
static const bytes words = {{0x03ff000000000000, 0x07fffffe07fffffe}};
static const bytes hexes = {{0x03ff000000000000, 0x0000007e0000007e}};
static const bytes zeros = {{1, 0}};

/* Of the letter of %a or %A; NULL: % only takes the magic of this character. */
static const bytes *class_of(uint8_t letter)
{
    switch (letter | 0x20) {
    case 'a':
        return &alphas;
    case 'c':
        return &controls;
    case 'd':
        return &digits;
    case 'g':
        return &graphics;
    case 'l':
        return &lowers;
    case 'p':
        return &puncts;
    case 's':
        return &spaces;
    case 'u':
        return &uppers;
    case 'w':
        return &words;
    case 'x':
        return &hexes;
    case 'z':
        return &zeros;
    default:
        return NULL;
    }
}

static inline bool is_in(const bytes *class, uint8_t c)
{
    return class->bits[c >> 6] >> (c & 63) & 1;
}

/* -- steps and mistakes -- */

static bool ask(pl_pattern *m)
{
    m->steps_left = PL_PATTERN_POLL_STEPS;
    if (m->is_over && m->is_over(m->ud)) m->stopped = PL_PATTERN_OVER;
    return m->stopped == PL_PATTERN_NONE;
}

static inline bool spend(pl_pattern *m, size_t steps)
{
    m->steps_left -= (int64_t)steps;
    return m->steps_left > 0 || ask(m);
}

bool pl_pattern_spend(pl_pattern *m, size_t steps)
{
    return spend(m, steps);
}

static const char *stop(pl_pattern *m, const char *wrong)
{
    m->stopped = PL_PATTERN_WRONG;
    m->wrong = wrong;
    return NULL;
}

/* -- items: what takes one byte -- */

enum item_kind { ANY, BYTE, NOT_BYTE, CLASS, SET };

typedef struct item {
    enum item_kind kind;
    bool is_negated;     /* of a class and a set */
    uint8_t byte;        /* of BYTE and NOT_BYTE */
    const bytes *class;  /* of CLASS */
    const char *set;     /* of SET: what stands between [ or [^ and ] */
    const char *set_end; /* its ] */
    const char *end;     /* behind the item */
} item;

static const char *pattern_end(const pl_pattern *m)
{
    return m->pattern.ptr + m->pattern.len;
}

static const char *text_end(const pl_pattern *m)
{
    return m->text.ptr + m->text.len;
}

/* The ] of a set whose first character is at `p`: that one may be a ] itself. */
static const char *end_of_set(pl_pattern *m, const char *p)
{
    const char *end = pattern_end(m);
    while (p < end) {
        if (*p++ == '%' && p < end) p++;
        if (p < end && *p == ']') return p;
    }
    return stop(m, "malformed pattern (missing ']')");
}

/* `p` is behind the [. */
static bool read_set(pl_pattern *m, const char *p, item *it)
{
    it->is_negated = p < pattern_end(m) && *p == '^';
    it->set = p + it->is_negated;
    it->set_end = end_of_set(m, it->set);
    if (it->set_end == NULL) return false;
    it->end = it->set_end + 1;
    it->kind = SET;
    if (it->is_negated && it->set_end - it->set == 1) {
        it->kind = NOT_BYTE;
        it->byte = (uint8_t)*it->set;
    }
    return true;
}

/* `p` is behind the %. */
static bool read_escape(pl_pattern *m, const char *p, item *it)
{
    if (p == pattern_end(m)) return stop(m, "malformed pattern (ends with '%')");
    it->byte = (uint8_t)*p;
    it->class = is_in(&alphas, it->byte) ? class_of(it->byte) : NULL;
    it->kind = it->class ? CLASS : BYTE;
    it->is_negated = is_in(&uppers, it->byte);
    it->end = p + 1;
    return true;
}

static inline bool read_item(pl_pattern *m, const char *p, item *it)
{
    if (*p == '%') return read_escape(m, p + 1, it);
    if (*p == '[') return read_set(m, p + 1, it);
    it->kind = *p == '.' ? ANY : BYTE;
    it->byte = (uint8_t)*p;
    it->end = p + 1;
    return true;
}

static inline char quantifier_of(const pl_pattern *m, const item *it)
{
    return it->end < pattern_end(m) ? *it->end : '\0';
}

/* One member of a set, at *p, which is moved behind it. */
static inline bool is_member(const char **p, const char *end, uint8_t c)
{
    uint8_t first = (uint8_t) * (*p)++;
    if (first == '%' && *p < end) {
        uint8_t letter = (uint8_t) * (*p)++;
        const bytes *class = is_in(&alphas, letter) ? class_of(letter) : NULL;
        return class ? is_in(class, c) != is_in(&uppers, letter) : letter == c;
    }
    if (end - *p < 2 || **p != '-') return first == c;
    uint8_t last = (uint8_t)(*p)[1];
    *p += 2;
    return first <= c && c <= last;
}

static bool is_in_set(const item *it, uint8_t c)
{
    for (const char *p = it->set; p < it->set_end;)
        if (is_member(&p, it->set_end, c)) return !it->is_negated;
    return it->is_negated;
}

static inline bool takes(const item *it, uint8_t c)
{
    switch (it->kind) {
    case ANY:
        return true;
    case BYTE:
        return it->byte == c;
    case NOT_BYTE:
        return it->byte != c;
    case CLASS:
        return is_in(it->class, c) != it->is_negated;
    case SET:
        return is_in_set(it, c);
    }
    return false;
}

/* Where the first byte is from `s` on which the item does not take (or does): the end when there is
 * none. */
static const char *skip(const item *it, const char *s, const char *end, bool while_taken)
{
    if (it->kind == ANY) return while_taken ? end : s;
    if (it->kind == (while_taken ? NOT_BYTE : BYTE)) {
        const char *found = s < end ? memchr(s, it->byte, (size_t)(end - s)) : NULL;
        return found ? found : end;
    }
    if (it->kind == CLASS) {
        bool wanted = it->is_negated != while_taken;
        while (s < end && is_in(it->class, (uint8_t)*s) == wanted)
            s++;
        return s;
    }
    while (s < end && takes(it, (uint8_t)*s) == while_taken)
        s++;
    return s;
}

/* -- matching -- */

static const char *match(pl_pattern *m, const char *s, const char *p);

/* As many as there are, and then fewer. */
static const char *take_most(pl_pattern *m, const char *s, const item *it, ptrdiff_t least)
{
    const char *most = skip(it, s, text_end(m), true);
    if (!spend(m, (size_t)(most - s))) return NULL;
    for (const char *at = most; at - s >= least && !m->stopped; at--) {
        const char *end = match(m, at, it->end + 1);
        if (end) return end;
    }
    return NULL;
}

/* None, and then more. */
static const char *take_least(pl_pattern *m, const char *s, const item *it)
{
    for (;; s++) {
        const char *end = match(m, s, it->end + 1);
        if (end || m->stopped) return end;
        if (s == text_end(m) || !takes(it, (uint8_t)*s)) return NULL;
    }
}

static const char *open_capture(pl_pattern *m, const char *s, const char *p)
{
    bool is_position = p + 1 < pattern_end(m) && p[1] == ')';
    if (m->capture_count == PL_PATTERN_MAX_CAPTURES) return stop(m, "too many captures");
    m->captures[m->capture_count++] =
        (pl_capture){s, is_position ? PL_CAPTURE_POSITION : UNFINISHED};
    const char *end = match(m, s, p + 1 + is_position);
    if (end == NULL) m->capture_count--;
    return end;
}

static const char *close_capture(pl_pattern *m, const char *s, const char *p)
{
    int i = m->capture_count;
    do {
        if (i-- == 0) return stop(m, "invalid pattern capture");
    } while (m->captures[i].len != UNFINISHED);
    m->captures[i].len = s - m->captures[i].start;
    const char *end = match(m, s, p + 1);
    if (end == NULL) m->captures[i].len = UNFINISHED;
    return end;
}

/* %1: the text of a capture once more. */
static const char *repeat_capture(pl_pattern *m, const char *s, char digit)
{
    int i = digit - '1';
    if (i < 0 || i >= m->capture_count || m->captures[i].len == UNFINISHED)
        return stop(m, "invalid capture index");
    ptrdiff_t len = m->captures[i].len;
    /* A position has no text that could be there once more. */
    if (len < 0 || text_end(m) - s < len) return NULL;
    if (!spend(m, (size_t)len)) return NULL;
    return memcmp(m->captures[i].start, s, (size_t)len) == 0 ? s + len : NULL;
}

/* %bxy, with `p` behind the b: from an x to the y that belongs to it. */
static const char *take_balanced(pl_pattern *m, const char *s, const char *p)
{
    if (pattern_end(m) - p < 2) return stop(m, "unbalanced pattern");
    if (s == text_end(m) || *s != p[0]) return NULL;
    size_t open = 1;
    for (const char *at = s + 1; at < text_end(m); at++) {
        if (*at == p[1]) {
            if (--open == 0) return spend(m, (size_t)(at - s)) ? at + 1 : NULL;
        } else if (*at == p[0]) {
            open++;
        }
    }
    spend(m, (size_t)(text_end(m) - s));
    return NULL;
}

/* %f[set], with `p` behind the f: the place between a byte that is not in the set and one that is;
 * a NUL stands before and behind the text. Gives the end of the set, or NULL. */
static const char *pass_frontier(pl_pattern *m, const char *s, const char *p)
{
    item it;
    if (p == pattern_end(m) || *p != '[') return stop(m, "missing '[' after '%f' in pattern");
    if (!read_set(m, p + 1, &it)) return NULL;
    uint8_t before = s == m->text.ptr ? 0 : (uint8_t)s[-1];
    uint8_t behind = s == text_end(m) ? 0 : (uint8_t)*s;
    return !takes(&it, before) && takes(&it, behind) ? it.end : NULL;
}

/* What stands for no item. */
enum special { NOTHING_SPECIAL, OPENED, CLOSED, AT_END, BALANCED, FRONTIER, REPEATED };

static inline enum special special_at(const pl_pattern *m, const char *p)
{
    bool is_last = p + 1 == pattern_end(m);
    switch (*p) {
    case '(':
        return OPENED;
    case ')':
        return CLOSED;
    case '$':
        return is_last ? AT_END : NOTHING_SPECIAL;
    case '%':
        if (is_last) return NOTHING_SPECIAL;
        if (p[1] == 'b') return BALANCED;
        if (p[1] == 'f') return FRONTIER;
        return p[1] >= '0' && p[1] <= '9' ? REPEATED : NOTHING_SPECIAL;
    default:
        return NOTHING_SPECIAL;
    }
}

static inline bool takes_at(const pl_pattern *m, const item *it, const char *s)
{
    return s < text_end(m) && takes(it, (uint8_t)*s);
}

static const char *match_on(pl_pattern *m, const char *s, const char *p)
{
    item it;
    while (s && p < pattern_end(m)) {
        if (!spend(m, 1)) return NULL;
        switch (special_at(m, p)) {
        case OPENED:
            return open_capture(m, s, p);
        case CLOSED:
            return close_capture(m, s, p);
        case AT_END:
            return s == text_end(m) ? s : NULL;
        case BALANCED:
            s = take_balanced(m, s, p + 2);
            p += 4;
            continue;
        case FRONTIER:
            p = pass_frontier(m, s, p + 2);
            if (p == NULL) return NULL;
            continue;
        case REPEATED:
            s = repeat_capture(m, s, p[1]);
            p += 2;
            continue;
        case NOTHING_SPECIAL:
            break;
        }
        if (!read_item(m, p, &it)) return NULL;
        switch (quantifier_of(m, &it)) {
        case '*':
            return take_most(m, s, &it, 0);
        case '+':
            return take_most(m, s, &it, 1);
        case '-':
            return take_least(m, s, &it);
        case '?':
            if (takes_at(m, &it, s)) {
                const char *end = match(m, s + 1, it.end + 1);
                if (end || m->stopped) return end;
            }
            p = it.end + 1;
            continue;
        default:
            s = takes_at(m, &it, s) ? s + 1 : NULL;
            p = it.end;
        }
    }
    return s;
}

static const char *match(pl_pattern *m, const char *s, const char *p)
{
    if (m->depth == PL_PATTERN_MAX_DEPTH) return stop(m, "pattern too complex");
    m->depth++;
    s = match_on(m, s, p);
    m->depth--;
    return s;
}

/* -- searching -- */

/* The item that every match begins with, when that is easily told: then places that it does not
 * take need no try. A malformed pattern is left to `match`, which complains when it gets there. */
static bool read_first(pl_pattern *m, item *it)
{
    const char *p = m->pattern.ptr;
    if (m->pattern.len > 1 && *p == '(') p++;
    if (p == pattern_end(m) || special_at(m, p) != NOTHING_SPECIAL) return false;
    if (!read_item(m, p, it)) {
        m->stopped = PL_PATTERN_NONE;
        return false;
    }
    char quantifier = quantifier_of(m, it);
    return quantifier != '*' && quantifier != '-' && quantifier != '?';
}

static bool try_at(pl_pattern *m, const char *s)
{
    m->capture_count = 0;
    m->start = s;
    m->end = match(m, s, m->pattern.ptr);
    return m->end != NULL;
}

enum pl_pattern_result pl_pattern_find(pl_pattern *m, size_t from)
{
    const char *s = m->text.ptr + from, *end = text_end(m);
    item first;
    bool has_first = !m->is_anchored && read_first(m, &first);
    for (; !m->stopped; s++) {
        const char *place = has_first ? skip(&first, s, end, false) : s;
        if (!spend(m, (size_t)(place - s))) break;
        s = place;
        if (has_first && s == end) return PL_PATTERN_NONE;
        if (try_at(m, s)) return PL_PATTERN_FOUND;
        if (m->is_anchored || s == end) break;
    }
    return m->stopped;
}

void pl_pattern_init(pl_pattern *m, pl_slice text, pl_slice pattern, bool may_be_anchored,
                     bool (*is_over)(void *ud), void *ud)
{
    m->is_anchored = may_be_anchored && pattern.len > 0 && *pattern.ptr == '^';
    m->text = text;
    m->pattern = pl_slice_from(pattern, m->is_anchored);
    m->is_over = is_over;
    m->ud = ud;
    m->stopped = PL_PATTERN_NONE;
    m->steps_left = PL_PATTERN_POLL_STEPS;
    m->depth = 0;
    m->wrong = NULL;
}

bool pl_pattern_capture(pl_pattern *m, int index, pl_capture *capture)
{
    if (index == 0 && m->capture_count == 0) {
        *capture = (pl_capture){m->start, m->end - m->start};
        return true;
    }
    m->wrong = "invalid capture index";
    if (index >= m->capture_count) return false;
    m->wrong = "unfinished capture";
    *capture = m->captures[index];
    return capture->len != UNFINISHED;
}

bool pl_pattern_is_plain(pl_slice pattern)
{
    for (size_t i = 0; i < pattern.len; i++)
        if (memchr("^$*+?.([%-", pattern.ptr[i], 10)) return false;
    return true;
}

/* memmem bears any text, and is slow to begin: first a few places are tried where the first byte
 * is. */
const char *pl_plain_find(pl_slice text, pl_slice wanted)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    if (wanted.len == 0) return at;
    for (int tries = 0; tries < 16; tries++, at++) {
        if ((size_t)(end - at) < wanted.len) return NULL;
        at = memchr(at, *wanted.ptr, (size_t)(end - at) - wanted.len + 1);
        if (at == NULL || memcmp(at, wanted.ptr, wanted.len) == 0) return at;
    }
    return memmem(at, (size_t)(end - at), wanted.ptr, wanted.len);
}
