/* SPDX-License-Identifier: MIT
 *
 * A search is made of many short ones: the places where a match may begin are tried a chunk at a
 * time, each place with a limit of steps, and behind each chunk the processor's clock is looked at.
 * A limit of steps alone would still allow that many steps at each place of a text. */
#include "text/regex.h"

#include "text/chars.h"
#include "text/regex_replace.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <time.h>

#define CHUNK_BYTES    1024
#define MAX_OUTPUT     (64 << 20)
#define MAX_NAME_BYTES 32 /* of a group, PCRE2's limit */

typedef struct compiled {
    char *pattern;
    size_t pattern_len;
    uint32_t options;
    pcre2_code *code;
    pcre2_match_data *match;
} compiled;

struct pl_regex_cache {
    compiled entries[PL_REGEX_CACHED];
    size_t count, oldest;
    pcre2_compile_context *compiling;
    pcre2_match_context *matching;
    pl_buf text; /* repaired */
    pl_buf message;
};

/* One use of the cache. */
typedef struct run {
    pl_regex_cache *cache;
    const compiled *regex;
    pl_slice text;
    uint32_t anchored;
    int64_t deadline_ns;
} run;

static void *must(void *made)
{
    if (made == NULL) abort();
    return made;
}

pl_regex_cache *pl_regex_cache_new(void)
{
    pl_regex_cache *cache = pl_alloc_zero(sizeof *cache);
    cache->compiling = must(pcre2_compile_context_create(NULL));
    cache->matching = must(pcre2_match_context_create(NULL));
    pcre2_set_newline(cache->compiling, PCRE2_NEWLINE_LF);
    pcre2_set_match_limit(cache->matching, PL_REGEX_MAX_STEPS);
    pcre2_set_heap_limit(cache->matching, PL_REGEX_MAX_HEAP_KB);
    return cache;
}

static void forget(compiled *entry)
{
    pcre2_match_data_free(entry->match);
    pcre2_code_free(entry->code);
    free(entry->pattern);
}

void pl_regex_cache_free(pl_regex_cache *cache)
{
    for (size_t i = 0; i < cache->count; i++)
        forget(&cache->entries[i]);
    pcre2_match_context_free(cache->matching);
    pcre2_compile_context_free(cache->compiling);
    pl_buf_fini(&cache->text);
    pl_buf_fini(&cache->message);
    free(cache);
}

/* -- patterns -- */

static const char *say(pl_regex_cache *cache)
{
    pl_buf_put_char(&cache->message, '\0');
    return cache->message.ptr;
}

static const char *read_flags(pl_regex_cache *cache, pl_slice flags, uint32_t *options)
{
    *options = PCRE2_UTF | PCRE2_UCP | PCRE2_ALT_BSUX | PCRE2_ALT_CIRCUMFLEX |
               PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT;
    for (size_t i = 0; i < flags.len; i++) {
        switch (flags.ptr[i]) {
        case 'i':
            *options |= PCRE2_CASELESS;
            break;
        case 'm':
            *options |= PCRE2_MULTILINE;
            break;
        case 's':
            *options |= PCRE2_DOTALL;
            break;
        case 'x':
            *options |= PCRE2_EXTENDED;
            break;
        default:
            pl_buf_printf(&cache->message,
                          "the flags of a regular expression are i, m, s and x, not '%.*s'",
                          PL_FMT(flags));
            return say(cache);
        }
    }
    return NULL;
}

static const char *complain_of_pattern(pl_regex_cache *cache, pl_slice pattern, int error,
                                       size_t offset)
{
    char text[256];
    pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
    pl_slice before = {pattern.ptr, offset < pattern.len ? offset : pattern.len};
    pl_buf_printf(&cache->message, "the regular expression '%.*s' is wrong at character %zu: %s",
                  PL_FMT(pattern), pl_chars_count(before) + 1, text);
    return say(cache);
}

static compiled *find(pl_regex_cache *cache, pl_slice pattern, uint32_t options)
{
    for (size_t i = 0; i < cache->count; i++) {
        compiled *entry = &cache->entries[i];
        if (entry->options == options &&
            pl_slice_eq(pattern, (pl_slice){entry->pattern, entry->pattern_len}))
            return entry;
    }
    return NULL;
}

/* A free entry, or that of the pattern that was compiled first. */
static compiled *take_entry(pl_regex_cache *cache)
{
    if (cache->count < PL_REGEX_CACHED) return &cache->entries[cache->count++];
    compiled *entry = &cache->entries[cache->oldest];
    cache->oldest = (cache->oldest + 1) % PL_REGEX_CACHED;
    forget(entry);
    return entry;
}

static const char *compile(pl_regex_cache *cache, pl_slice pattern, uint32_t options,
                           const compiled **regex)
{
    int error;
    size_t offset;
    if ((*regex = find(cache, pattern, options)) != NULL) return NULL;
    if (pattern.len > PL_REGEX_MAX_PATTERN)
        return "the regular expression is longer than 4096 bytes";
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, options, &error, &offset,
                                     cache->compiling);
    if (code == NULL) return complain_of_pattern(cache, pattern, error, offset);
    compiled *entry = take_entry(cache);
    *entry = (compiled){.pattern = pl_alloc(pattern.len + 1),
                        .pattern_len = pattern.len,
                        .options = options,
                        .code = code,
                        .match = must(pcre2_match_data_create_from_pattern(code, NULL))};
    memcpy(entry->pattern, pattern.ptr, pattern.len);
    *regex = entry;
    return NULL;
}

/* -- searching -- */

static int64_t processor_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static const char *begin(run *r, pl_regex_cache *cache, const pl_regex_request *request)
{
    uint32_t options;
    *r = (run){.cache = cache,
               .text = request->text.len ? request->text : PL_SLICE(""),
               .anchored = request->is_anchored ? PCRE2_ANCHORED : 0,
               .deadline_ns = processor_ns() + PL_REGEX_MAX_MS * INT64_C(1000000)};
    pl_buf_clear(&cache->message);
    const char *wrong = read_flags(cache, request->flags, &options);
    if (wrong == NULL) wrong = compile(cache, request->pattern, options, &r->regex);
    if (wrong || pl_chars_are_valid(r->text)) return wrong;
    pl_buf_clear(&cache->text);
    pl_chars_repair(&cache->text, r->text);
    r->text = pl_buf_slice(&cache->text);
    return NULL;
}

static const char *explain(run *r, int error)
{
    char text[256];
    if (error == PCRE2_ERROR_MATCHLIMIT || error == PCRE2_ERROR_HEAPLIMIT || error == 0)
        return "the regular expression takes too many steps on this text";
    pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof text);
    pl_buf_printf(&r->cache->message, "the regular expression failed: %s", text);
    return say(r->cache);
}

static size_t next_character(pl_slice text, size_t offset)
{
    while (offset < text.len && ((uint8_t)text.ptr[offset] & 0xc0) == 0x80)
        offset++;
    return offset;
}

/* The first match that begins at byte `from` or behind. */
static const char *search(run *r, size_t from, uint32_t options, bool *found)
{
    options |= r->anchored | PCRE2_NO_UTF_CHECK;
    for (;;) {
        size_t last = from + CHUNK_BYTES;
        pcre2_set_offset_limit(r->cache->matching, last);
        int result = pcre2_match(r->regex->code, (PCRE2_SPTR)r->text.ptr, r->text.len, from,
                                 options, r->regex->match, r->cache->matching);
        *found = result >= 0;
        if (result < 0 && result != PCRE2_ERROR_NOMATCH) return explain(r, result);
        if (processor_ns() > r->deadline_ns) return explain(r, 0);
        if (*found || r->anchored || last >= r->text.len) return NULL;
        from = next_character(r->text, last + 1);
        options &= ~(uint32_t)PCRE2_NOTEMPTY_ATSTART;
    }
}

static size_t group_count(const run *r)
{
    uint32_t count;
    pcre2_pattern_info(r->regex->code, PCRE2_INFO_CAPTURECOUNT, &count);
    return count;
}

static pl_slice group_text(void *ud, size_t group)
{
    const run *r = ud;
    const size_t *bounds = pcre2_get_ovector_pointer(r->regex->match) + 2 * group;
    if (bounds[0] == PCRE2_UNSET) return PL_NO_SLICE;
    return (pl_slice){r->text.ptr + bounds[0], bounds[1] - bounds[0]};
}

static int group_number(void *ud, pl_slice name)
{
    const run *r = ud;
    char text[MAX_NAME_BYTES + 1];
    if (name.len > MAX_NAME_BYTES) return -1;
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    return pcre2_substring_number_from_name(r->regex->code, (PCRE2_SPTR)text);
}

/* -- uses -- */

static const char *replace_all(run *r, pl_slice replacement, pl_regex_groups *groups, size_t limit,
                               pl_buf *out)
{
    const size_t *bounds = pcre2_get_ovector_pointer(r->regex->match);
    size_t copied = 0;
    uint32_t options = 0;
    for (size_t done = 0; limit == 0 || done < limit; done++) {
        bool found;
        const char *wrong = search(r, copied, options, &found);
        if (wrong) return wrong;
        if (!found) break;
        pl_buf_put(out, r->text.ptr + copied, bounds[0] - copied);
        pl_regex_expand(out, replacement, groups, &r->cache->message);
        if (out->len > MAX_OUTPUT) return "the text with its matches replaced is too long";
        copied = bounds[1];
        /* As in Python, an empty match may follow another match, but not an empty one. */
        options = bounds[0] == bounds[1] ? PCRE2_NOTEMPTY_ATSTART : 0;
    }
    pl_buf_put_slice(out, pl_slice_from(r->text, copied));
    return NULL;
}

const char *pl_regex_replace(pl_regex_cache *cache, const pl_regex_request *request,
                             pl_slice replacement, size_t limit, pl_buf *out)
{
    run r;
    const char *wrong = begin(&r, cache, request);
    if (wrong) return wrong;
    pl_regex_groups groups = {.ud = &r, .count = group_count(&r), .number_of = group_number};
    size_t start = out->len;
    wrong = pl_regex_expand(out, replacement, &groups, &cache->message);
    if (wrong) return wrong;
    out->len = start;
    groups.text_of = group_text;
    return replace_all(&r, replacement, &groups, limit, out);
}

const char *pl_regex_match(pl_regex_cache *cache, const pl_regex_request *request,
                           pl_regex_group_fn *each, void *ud)
{
    run r;
    bool found = false;
    const char *wrong = begin(&r, cache, request);
    if (wrong == NULL) wrong = search(&r, 0, 0, &found);
    for (size_t i = 0; wrong == NULL && found && i <= group_count(&r); i++)
        each(ud, group_text(&r, i));
    return wrong;
}
