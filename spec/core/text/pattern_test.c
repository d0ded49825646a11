/* SPDX-License-Identifier: MIT
 *
 * Expected values are the manual's. That the matcher does what LuaJIT's does is shown beside it,
 * in spec/unit/core_string_spec.lua. */
#include "text/pattern.h"

#include "test.h"

#include <ctype.h>
#include <stdlib.h>

static bool never(void *ud)
{
    (void)ud;
    return false;
}

static pl_pattern m;

static enum pl_pattern_result find(pl_slice text, const char *pattern)
{
    pl_pattern_init(&m, text, pl_slice_of(pattern), true, never, NULL);
    return pl_pattern_find(&m, 0);
}

static pl_slice matched(void)
{
    return (pl_slice){m.start, (size_t)(m.end - m.start)};
}

static pl_slice captured(int index)
{
    pl_capture c;
    if (!pl_pattern_capture(&m, index, &c) || c.len < 0) return PL_NO_SLICE;
    return (pl_slice){c.start, (size_t)c.len};
}

TEST(classes_are_those_of_ascii)
{
    static const struct {
        const char *pattern, *opposite;
        int (*is)(int c);
    } cases[] = {{"%a", "%A", isalpha}, {"%c", "%C", iscntrl}, {"%d", "%D", isdigit},
                 {"%g", "%G", isgraph}, {"%l", "%L", islower}, {"%p", "%P", ispunct},
                 {"%s", "%S", isspace}, {"%u", "%U", isupper}, {"%w", "%W", isalnum},
                 {"%x", "%X", isxdigit}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int c = 0; c < 256; c++) {
            char byte = (char)c;
            bool wanted = cases[i].is(c) != 0;
            CHECK_EQ_INT(find((pl_slice){&byte, 1}, cases[i].pattern) == PL_PATTERN_FOUND, wanted);
            CHECK_EQ_INT(find((pl_slice){&byte, 1}, cases[i].opposite) == PL_PATTERN_NONE, wanted);
        }
    }
}

TEST(a_match_has_captures)
{
    CHECK_EQ_INT(find(PL_SLICE("  key = value  "), "(%w+)%s*=%s*()(.-)%s*$"), PL_PATTERN_FOUND);
    CHECK_EQ_SLICE(matched(), PL_SLICE("key = value  "));
    CHECK_EQ_INT(m.capture_count, 3);
    CHECK_EQ_SLICE(captured(0), PL_SLICE("key"));
    CHECK_EQ_SLICE(captured(2), PL_SLICE("value"));
    pl_capture position;
    CHECK(pl_pattern_capture(&m, 1, &position));
    CHECK_EQ_INT(position.len, PL_CAPTURE_POSITION);
    CHECK_EQ_INT(position.start - m.text.ptr, 8);
}

TEST(a_nul_is_a_byte_as_others)
{
    pl_pattern_init(&m, PL_SLICE("a\0b\0c"), PL_SLICE("\0([^\0])\0"), true, never, NULL);
    CHECK_EQ_INT(pl_pattern_find(&m, 0), PL_PATTERN_FOUND);
    CHECK_EQ_SLICE(captured(0), PL_SLICE("b"));
    CHECK_EQ_INT(find(PL_SLICE("a\0"), "%z$"), PL_PATTERN_FOUND);
    CHECK_EQ_INT(m.start - m.text.ptr, 1);
}

TEST(an_anchor_holds_at_one_place)
{
    pl_pattern_init(&m, PL_SLICE("abab"), PL_SLICE("^ab"), true, never, NULL);
    CHECK_EQ_INT(pl_pattern_find(&m, 2), PL_PATTERN_FOUND);
    CHECK_EQ_INT(pl_pattern_find(&m, 1), PL_PATTERN_NONE);
    pl_pattern_init(&m, PL_SLICE("ab^ab"), PL_SLICE("^ab"), false, never, NULL);
    CHECK_EQ_INT(pl_pattern_find(&m, 0), PL_PATTERN_FOUND);
    CHECK_EQ_INT(m.start - m.text.ptr, 2);
}

TEST(malformed_patterns_are_told_as_lua_does)
{
    static const char *const cases[][2] = {
        {"a%", "malformed pattern (ends with '%')"},
        {"[a", "malformed pattern (missing ']')"},
        {"[]", "malformed pattern (missing ']')"},
        {"[a%]", "malformed pattern (missing ']')"},
        {"a)", "invalid pattern capture"},
        {"(a%1)", "invalid capture index"},
        {"%0", "invalid capture index"},
        {"%bx", "unbalanced pattern"},
        {"%fa", "missing '[' after '%f' in pattern"},
        {"()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()", "too many captures"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_guarded pattern = test_guard(pl_slice_of(cases[i][0]));
        pl_pattern_init(&m, PL_SLICE("aa"), pattern.bytes, true, never, NULL);
        CHECK_EQ_INT(pl_pattern_find(&m, 0), PL_PATTERN_WRONG);
        CHECK_EQ_STR(m.wrong, cases[i][1]);
        test_unguard(&pattern);
    }
}

TEST(captures_that_are_not_there_are_told)
{
    pl_capture c;
    CHECK_EQ_INT(find(PL_SLICE("ab"), "(a"), PL_PATTERN_FOUND);
    CHECK(!pl_pattern_capture(&m, 0, &c));
    CHECK_EQ_STR(m.wrong, "unfinished capture");
    CHECK(!pl_pattern_capture(&m, 1, &c));
    CHECK_EQ_STR(m.wrong, "invalid capture index");
}

TEST(depth_is_bounded)
{
    char pattern[2 * (PL_PATTERN_MAX_DEPTH + 1) + 1] = "";
    for (int i = 0; i < PL_PATTERN_MAX_DEPTH - 1; i++)
        memcpy(pattern + 2 * i, "a*", 3);
    CHECK_EQ_INT(find(PL_SLICE("b"), pattern), PL_PATTERN_FOUND);
    memcpy(pattern + 2 * (PL_PATTERN_MAX_DEPTH - 1), "a*", 3);
    CHECK_EQ_INT(find(PL_SLICE("b"), pattern), PL_PATTERN_WRONG);
    CHECK_EQ_STR(m.wrong, "pattern too complex");
}

/* -- steps -- */

static bool count_to_five(void *ud)
{
    int *asked = ud;
    return ++*asked == 5;
}

static char *repeated(char c, size_t count)
{
    char *text = malloc(count + 1);
    if (text == NULL) abort();
    memset(text, c, count);
    text[count] = '\0';
    return text;
}

static void check_given_up(pl_slice text, const char *pattern)
{
    int asked = 0;
    pl_pattern_init(&m, text, pl_slice_of(pattern), true, count_to_five, &asked);
    CHECK_EQ_INT(pl_pattern_find(&m, 0), PL_PATTERN_OVER);
    CHECK_EQ_INT(asked, 5);
    CHECK_EQ_INT(pl_pattern_find(&m, 0), PL_PATTERN_OVER);
    CHECK_EQ_INT(asked, 5);
}

TEST(a_match_that_runs_away_is_given_up)
{
    char *a = repeated('a', 80000), *spaces = repeated(' ', 80000);
    spaces[79999] = 'x';
    char exponential[3 * 28 + 1] = "";
    for (int i = 0; i < 28; i++) {
        memcpy(exponential + 2 * i, "a?", 2);
        exponential[56 + i] = 'a';
    }
    check_given_up((pl_slice){a, 28}, exponential);
    check_given_up((pl_slice){a, 80000}, ".-.-.-b");
    check_given_up((pl_slice){a, 80000}, ".*.*.*b");
    check_given_up((pl_slice){spaces, 80000}, "%s+$");
    check_given_up((pl_slice){a, 80000}, "[^b]*c");
    check_given_up((pl_slice){a, 80000}, "%bab");
    check_given_up((pl_slice){a, 80000}, "(a*)%1%1c");
    free(a);
    free(spaces);
}

TEST(a_long_text_alone_is_not_too_much)
{
    char *a = repeated('a', 1000000);
    int asked = 0;
    pl_pattern_init(&m, (pl_slice){a, 1000000}, PL_SLICE("^a*$"), true, count_to_five, &asked);
    CHECK_EQ_INT(pl_pattern_find(&m, 0), PL_PATTERN_FOUND);
    CHECK_EQ_INT(asked, 1);
    free(a);
}

TEST(bytes_behind_the_text_are_not_read)
{
    static const char *const patterns[] = {"a*b",   "a-b",   "%baa", "a+$",
                                           "%f[b]", "(a)%1", "[^b]", ".?.?"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        test_guarded text = test_guard(PL_SLICE("aaa")),
                     pattern = test_guard(pl_slice_of(patterns[i]));
        pl_pattern_init(&m, text.bytes, pattern.bytes, true, never, NULL);
        CHECK(pl_pattern_find(&m, 0) <= PL_PATTERN_FOUND);
        CHECK(pl_pattern_find(&m, 3) <= PL_PATTERN_FOUND);
        test_unguard(&text);
        test_unguard(&pattern);
    }
}

int main(void)
{
    return RUN(CASE(classes_are_those_of_ascii), CASE(a_match_has_captures),
               CASE(a_nul_is_a_byte_as_others), CASE(an_anchor_holds_at_one_place),
               CASE(malformed_patterns_are_told_as_lua_does),
               CASE(captures_that_are_not_there_are_told), CASE(depth_is_bounded),
               CASE(a_match_that_runs_away_is_given_up), CASE(a_long_text_alone_is_not_too_much),
               CASE(bytes_behind_the_text_are_not_read));
}
