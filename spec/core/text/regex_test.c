/* SPDX-License-Identifier: MIT
 *
 * The results are those of Python's re. */
#include "text/regex.h"

#include "test.h"

static pl_regex_cache *cache;

static void check_replace(const char *text, const char *pattern, const char *replacement,
                          const char *wanted)
{
    pl_buf out = {0};
    test_guarded g = test_guard(pl_slice_of(text));
    pl_regex_request request = {.text = g.bytes, .pattern = pl_slice_of(pattern)};
    const char *wrong = pl_regex_replace(cache, &request, pl_slice_of(replacement), 0, &out);
    if (wrong)
        CHECK_EQ_STR(wrong, wanted);
    else
        CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(wanted));
    test_unguard(&g);
    pl_buf_fini(&out);
}

TEST(empty_matches_stand_beside_others)
{
    check_replace("abxd", "x*", "-", "-a-b--d-");
    check_replace("日本", "", ".", ".日.本.");
    check_replace("", "^", "a", "a");
    check_replace("aaa", "a*?", "-", "-------");
}

TEST(groups_go_into_the_replacement)
{
    check_replace("ab", "(a)(?P<n>b)", "\\2\\1\\g<n>\\g<0>\\g<1>", "bababa");
    check_replace("b", "(a)?b", "<\\1>", "<>");
    check_replace("a", "a", "\\n\\\\\\.\\x", "bad escape \\x in the replacement");
    check_replace("a", "a", "\\n\\\\\\.\\101", "\n\\\\.A");
    check_replace("a", "a", "\\400", "octal escape value above 0o377: \\400 in the replacement");
    check_replace("a", "a", "\\9", "invalid group reference 9 in the replacement");
    check_replace("a", "a", "\\g<b>", "unknown group name b in the replacement");
    check_replace("a", "a", "\\g<b", "missing >, unterminated name in the replacement");
    check_replace("a", "a", "\\", "bad escape (end of pattern) in the replacement");
    check_replace("a", "b", "\\9", "invalid group reference 9 in the replacement");
}

TEST(matches_beyond_a_chunk_are_found)
{
    char text[5000];
    memset(text, 'a', sizeof text);
    memcpy(text + 1022, "é", 2); /* across the end of the first chunk */
    memcpy(text + 1024, "é", 2);
    text[4997] = 'x';
    text[4999] = '\0';
    text[4998] = 'y';
    pl_buf out = {0};
    pl_regex_request request = {.text = pl_slice_of(text), .pattern = PL_SLICE("(?<=a)xy")};
    CHECK(pl_regex_replace(cache, &request, PL_SLICE(""), 0, &out) == NULL);
    CHECK_EQ_INT(out.len, 4997);
    pl_buf_fini(&out);
}

static void count_group(void *ud, pl_slice group)
{
    int *counts = ud;
    counts[group.ptr == NULL]++;
}

TEST(groups_that_took_no_part_are_told)
{
    int counts[2] = {0};
    pl_regex_request request = {.text = PL_SLICE("xb"), .pattern = PL_SLICE("(a)|(b)|(c)")};
    CHECK(pl_regex_match(cache, &request, count_group, counts) == NULL);
    CHECK_EQ_INT(counts[0], 2);
    CHECK_EQ_INT(counts[1], 2);
    request.is_anchored = true;
    CHECK(pl_regex_match(cache, &request, count_group, counts) == NULL);
    CHECK_EQ_INT(counts[0] + counts[1], 4);
}

TEST(what_a_pattern_may_cost_is_bounded)
{
    int counts[2] = {0};
    pl_regex_request request = {.text = PL_SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
                                .pattern = PL_SLICE("(a+)+$")};
    CHECK_EQ_STR(pl_regex_match(cache, &request, count_group, counts),
                 "the regular expression takes too many steps on this text");
    char pattern[PL_REGEX_MAX_PATTERN + 1];
    memset(pattern, 'a', sizeof pattern);
    request.pattern = (pl_slice){pattern, sizeof pattern};
    CHECK_EQ_STR(pl_regex_match(cache, &request, count_group, counts),
                 "the regular expression is longer than 4096 bytes");
}

int main(void)
{
    cache = pl_regex_cache_new();
    int result =
        RUN(CASE(empty_matches_stand_beside_others), CASE(groups_go_into_the_replacement),
            CASE(matches_beyond_a_chunk_are_found), CASE(groups_that_took_no_part_are_told),
            CASE(what_a_pattern_may_cost_is_bounded));
    pl_regex_cache_free(cache);
    return result;
}
