/* SPDX-License-Identifier: MIT
 *
 * Expected characters are those that Python's codecs give. */
#include "xml/charset.h"

#include "test.h"

#define S PL_SLICE

static pl_buf out;

static pl_slice converted(const char *name, pl_slice text)
{
    test_guarded g = test_guard(text);
    pl_buf_clear(&out);
    CHECK(pl_charset_to_utf8(pl_slice_of(name), g.bytes, &out));
    test_unguard(&g);
    return pl_buf_slice(&out);
}

TEST(single_bytes_become_characters)
{
    CHECK_EQ_SLICE(converted("iso-8859-1", S("caf\xE9")), S("caf\xC3\xA9"));
    CHECK_EQ_SLICE(converted("Windows-1252", S("\x80 \x9F \xFF")), S("€ \xC5\xB8 ÿ"));
    CHECK_EQ_SLICE(converted("ISO-8859-15", S("\xA4\xA6\xA8\xB4\xB8\xBC\xBD\xBE\xE9")),
                   S("€ŠšŽžŒœŸé"));
    CHECK_EQ_SLICE(converted("us-ascii", S("plain")), S("plain"));
    CHECK_EQ_SLICE(converted("latin1", S("")), S(""));
}

TEST(utf16_becomes_utf8)
{
    CHECK_EQ_SLICE(converted("utf-16le", S("\xE9\x00\x3D\xD8\x00\xDE")), S("é😀"));
    CHECK_EQ_SLICE(converted("utf-16be", S("\x00\xE9\xD8\x3D\xDE\x00")), S("é😀"));
    CHECK_EQ_SLICE(converted("utf-16", S("\xFE\xFF\x00\x61")), S("a"));
    CHECK_EQ_SLICE(converted("utf-16", S("\xFF\xFE\x61\x00")), S("a"));
    CHECK_EQ_SLICE(converted("utf-16", S("\x61\x00")), S("a"));
}

TEST(what_is_wrong_in_utf16_is_replaced)
{
    CHECK_EQ_SLICE(converted("utf-16le", S("\x3D\xD8\x61\x00")), S("\xEF\xBF\xBD"
                                                                   "a"));
    CHECK_EQ_SLICE(converted("utf-16le", S("\x00\xDE")), S("\xEF\xBF\xBD"));
    CHECK_EQ_SLICE(converted("utf-16le", S("\x3D\xD8")), S("\xEF\xBF\xBD"));
    CHECK_EQ_SLICE(converted("utf-16le", S("a")), S("\xEF\xBF\xBD"));
}

TEST(a_mark_counts_before_the_name_and_is_dropped)
{
    CHECK_EQ_SLICE(converted("iso-8859-1", S("\xEF\xBB\xBF\xC3\xA9")), S("é"));
    CHECK_EQ_SLICE(converted("utf-8", S("\xEF\xBB\xBFx")), S("x"));
    CHECK_EQ_SLICE(converted("utf-8", S("\xFF\xFEx\x00")), S("x"));
}

TEST(utf8_is_passed_on_as_it_is)
{
    CHECK_EQ_SLICE(converted("UTF8", S("é\xFF")), S("é\xFF"));
}

TEST(unknown_names_are_refused)
{
    int map[256];
    pl_buf_clear(&out);
    CHECK(!pl_charset_to_utf8(S("koi8-r"), S("x"), &out));
    CHECK(!pl_charset_to_utf8(S(""), S("x"), &out));
    CHECK_EQ_INT(out.len, 0);
    CHECK(!pl_charset_is_known(S("iso-2022-cn-ext")));
    CHECK(pl_charset_is_known(S("Utf-8")));
    CHECK(!pl_charset_map(S("utf-16"), map));
    CHECK(pl_charset_map(S("cp1252"), map));
    CHECK_EQ_INT(map['a'], 'a');
    CHECK_EQ_INT(map[0x80], 0x20AC);
    CHECK_EQ_INT(map[0xFF], 0xFF);
}

int main(void)
{
    int result = RUN(CASE(single_bytes_become_characters), CASE(utf16_becomes_utf8),
                     CASE(what_is_wrong_in_utf16_is_replaced),
                     CASE(a_mark_counts_before_the_name_and_is_dropped),
                     CASE(utf8_is_passed_on_as_it_is), CASE(unknown_names_are_refused));
    pl_buf_fini(&out);
    return result;
}
