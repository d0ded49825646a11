/* SPDX-License-Identifier: MIT */
#include "text/chars.h"

#include "test.h"

TEST(characters_are_counted)
{
    CHECK_EQ_INT(pl_chars_count(PL_NO_SLICE), 0);
    CHECK_EQ_INT(pl_chars_count(PL_SLICE("12345678901234567890")), 20);
    CHECK_EQ_INT(pl_chars_count(PL_SLICE("12345678é日😀12345678é")), 20);
    CHECK_EQ_INT(pl_chars_count(PL_SLICE("a\xff\xc0\x80\xe2\x82z\xf0\x9f\x98")), 7);
}

TEST(parts_are_cut_at_characters)
{
    pl_slice s = PL_SLICE("aé日😀z");
    CHECK_EQ_SLICE(pl_chars_sub(s, 2, 4), PL_SLICE("é日😀"));
    CHECK_EQ_SLICE(pl_chars_sub(s, 0, SIZE_MAX), s);
    CHECK_EQ_SLICE(pl_chars_sub(s, 5, 5), PL_SLICE("z"));
    CHECK_EQ_SLICE(pl_chars_sub(s, 6, 9), PL_SLICE(""));
    CHECK_EQ_SLICE(pl_chars_sub(s, 4, 3), PL_SLICE(""));
    CHECK_EQ_SLICE(pl_chars_sub(PL_SLICE("0123456789abcdef"), 9, 12), PL_SLICE("89ab"));
}

TEST(texts_are_found_by_character)
{
    pl_slice s = PL_SLICE("日本日本");
    CHECK_EQ_INT(pl_chars_find(s, PL_SLICE("本"), 1, SIZE_MAX), 2);
    CHECK_EQ_INT(pl_chars_find(s, PL_SLICE("本"), 3, SIZE_MAX), 4);
    CHECK_EQ_INT(pl_chars_find(s, PL_SLICE("本"), 3, 3), 0);
    CHECK_EQ_INT(pl_chars_find(s, PL_SLICE("日本"), 2, 4), 3);
    CHECK_EQ_INT(pl_chars_find(s, PL_SLICE(""), 5, SIZE_MAX), 5);
    CHECK_EQ_INT(pl_chars_find(s, PL_SLICE(""), 6, SIZE_MAX), 0);
    CHECK_EQ_INT(pl_chars_find(PL_NO_SLICE, PL_SLICE("a"), 1, SIZE_MAX), 0);
    CHECK_EQ_INT(pl_chars_find(PL_NO_SLICE, PL_SLICE(""), 1, SIZE_MAX), 1);
}

/* 日 is e6 97 a5. */
TEST(parts_of_a_character_are_not_found_in_it)
{
    CHECK_EQ_INT(pl_chars_find(PL_SLICE("日"), PL_SLICE("\x97"), 1, SIZE_MAX), 0);
    CHECK_EQ_INT(pl_chars_find(PL_SLICE("日"), PL_SLICE("\xe6"), 1, SIZE_MAX), 0);
    CHECK_EQ_INT(pl_chars_find(PL_SLICE("日\x97"), PL_SLICE("\x97"), 1, SIZE_MAX), 2);
}

TEST(what_is_not_utf8_is_repaired)
{
    pl_buf out = {0};
    CHECK(pl_chars_are_valid(PL_SLICE("aé日😀")));
    CHECK(!pl_chars_are_valid(PL_SLICE("\xed\xa0\x80")));
    pl_chars_repair(&out, PL_SLICE("a\xe2\x82z\xff"));
    CHECK_EQ_SLICE(pl_buf_slice(&out), PL_SLICE("a\xef\xbf\xbdz\xef\xbf\xbd"));
    pl_buf_fini(&out);
}

/* Cut at each byte, with nothing readable behind. */
TEST(no_byte_behind_the_text_is_read)
{
    pl_slice s = PL_SLICE("12345678日😀é1234567");
    for (size_t len = 0; len <= s.len; len++) {
        test_guarded g = test_guard((pl_slice){s.ptr, len});
        CHECK(pl_chars_count(g.bytes) <= len);
        CHECK_EQ_SLICE(pl_chars_sub(g.bytes, 1, SIZE_MAX), ((pl_slice){s.ptr, len}));
        test_unguard(&g);
    }
}

int main(void)
{
    return RUN(CASE(characters_are_counted), CASE(parts_are_cut_at_characters),
               CASE(texts_are_found_by_character), CASE(parts_of_a_character_are_not_found_in_it),
               CASE(what_is_not_utf8_is_repaired), CASE(no_byte_behind_the_text_is_read));
}
