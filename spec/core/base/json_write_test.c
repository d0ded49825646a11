/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "test.h"

#include <inttypes.h>

#define S PL_SLICE
#define T PL_SLICE_INIT

TEST(commas_and_colons_stand_where_they_belong)
{
    pl_buf b;
    pl_json_writer w;
    pl_buf_init(&b);
    pl_jw_init(&w, &b);
    pl_jw_object(&w);
    pl_jw_key(&w, "a");
    pl_jw_array(&w);
    pl_jw_int(&w, 1);
    pl_jw_array(&w);
    pl_jw_array_end(&w);
    pl_jw_object(&w);
    pl_jw_object_end(&w);
    pl_jw_null(&w);
    pl_jw_array_end(&w);
    pl_jw_key_slice(&w, S("b\"\0"));
    pl_jw_bool(&w, true);
    pl_jw_key(&w, "c");
    pl_jw_bool(&w, false);
    pl_jw_key(&w, "d");
    pl_jw_text(&w, "t");
    pl_jw_key(&w, "e");
    pl_jw_text(&w, NULL);
    pl_jw_key(&w, "f");
    pl_jw_raw(&w, S("[1, 2]"));
    pl_jw_key(&w, "g");
    pl_jw_raw(&w, PL_NO_SLICE);
    pl_jw_object_end(&w);
    CHECK_EQ_SLICE(pl_buf_slice(&b),
                   S("{\"a\":[1,[],{},null],\"b\\\"\\u0000\":true,\"c\":false,\"d\":\"t\","
                     "\"e\":null,\"f\":[1, 2],\"g\":null}"));
    pl_buf_fini(&b);
}

TEST(integers_of_every_size_are_written)
{
    pl_buf b;
    pl_json_writer w;
    pl_buf_init(&b);
    pl_jw_init(&w, &b);
    pl_jw_array(&w);
    pl_jw_int(&w, 0);
    pl_jw_int(&w, -7);
    pl_jw_int(&w, INT64_MAX);
    pl_jw_int(&w, INT64_MIN);
    pl_jw_array_end(&w);
    CHECK_EQ_SLICE(pl_buf_slice(&b), S("[0,-7,9223372036854775807,-9223372036854775808]"));
    pl_buf_fini(&b);
}

static const struct {
    pl_slice text, escaped;
} cases[] = {
    {T(""), T("")},
    {T("plain /"), T("plain /")},
    {T("\"\\"), T("\\\"\\\\")},
    {T("\b\f\n\r\t"), T("\\b\\f\\n\\r\\t")},
    {T("\0\x01\x0B\x0E\x1F\x7F"), T("\\u0000\\u0001\\u000b\\u000e\\u001f\x7F")},
    {T("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), T("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80")},
    /* Bytes that are not UTF-8: one U+FFFD for each longest part that could have been a character
     * (the examples of Unicode 15, tables 3-8 to 3-11). */
    {T("\xC0\xAF"), T("\xEF\xBF\xBD\xEF\xBF\xBD")},
    {T("\xE0\x80\xBF"), T("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")},
    {T("\xED\xA0\x80"), T("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")},
    {T("\xF4\x91\x92\x93"), T("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")},
    {T("\xFF\x41\x80\xBF\x42"), T("\xEF\xBF\xBD\x41\xEF\xBF\xBD\xEF\xBF\xBD\x42")},
    {T("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"),
     T("\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\x41")},
    {T("a\xE2\x82"), T("a\xEF\xBF\xBD")},
    {T("\xF0\x9F\x98"), T("\xEF\xBF\xBD")},
    {T("\xC3"), T("\xEF\xBF\xBD")},
    {T("\xC3\""), T("\xEF\xBF\xBD\\\"")},
};

TEST(strings_are_escaped_and_stay_utf8)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_guarded g = test_guard(cases[i].text);
        pl_buf b;
        pl_json_writer w;
        pl_buf_init(&b);
        pl_json_escape(&b, g.bytes);
        CHECK_EQ_SLICE(pl_buf_slice(&b), cases[i].escaped);
        pl_buf_clear(&b);
        pl_jw_init(&w, &b);
        pl_jw_string(&w, g.bytes);
        CHECK_EQ_SLICE(((pl_slice){b.ptr + 1, b.len - 2}), cases[i].escaped);
        CHECK_EQ_INT(pl_json_check(pl_buf_slice(&b), 1, NULL), 0);
        pl_buf_fini(&b);
        test_unguard(&g);
    }
}

TEST(each_character_survives_a_round_trip)
{
    int wrong = 0;
    for (uint32_t c = 0; c < 0x110000; c += c < 0x3000 ? 1 : 97) {
        char raw[32];
        pl_buf text, escaped, back;
        if (c >= 0xD800 && c < 0xE000) continue;
        /* The escape as RFC 8259 section 7 spells it is the way in. */
        if (c < 0x10000)
            snprintf(raw, sizeof raw, "\"\\u%04" PRIX32 "\"", c);
        else
            snprintf(raw, sizeof raw, "\"\\u%04" PRIX32 "\\u%04" PRIX32 "\"",
                     0xD800 + ((c - 0x10000) >> 10), 0xDC00 + (c & 0x3FF));
        pl_buf_init(&text);
        pl_buf_init(&escaped);
        pl_buf_init(&back);
        wrong += !pl_json_unescape(pl_slice_of(raw), &text);
        pl_json_escape(&escaped, pl_buf_slice(&text));
        pl_json_unescape_inner(pl_buf_slice(&escaped), &back);
        wrong += !pl_slice_eq(pl_buf_slice(&text), pl_buf_slice(&back));
        wrong += c >= 0x80 && !pl_slice_eq(pl_buf_slice(&text), pl_buf_slice(&escaped));
        pl_buf_fini(&text);
        pl_buf_fini(&escaped);
        pl_buf_fini(&back);
    }
    CHECK_EQ_INT(wrong, 0);
}

TEST(members_of_nothing_are_null)
{
    pl_buf b;
    pl_json_writer w;
    pl_buf_init(&b);
    pl_jw_init(&w, &b);
    pl_jw_object(&w);
    pl_jw_member_text(&w, "a", PL_SLICE("x\"y"));
    pl_jw_member_text(&w, "b", PL_NO_SLICE);
    pl_jw_member_int(&w, "c", -3);
    pl_jw_member_int(&w, "d", 0);
    pl_jw_member_time(&w, "e", INT64_C(1767225600010)); /* date -u -d @1767225600 */
    pl_jw_member_time(&w, "f", 0);
    pl_jw_object_end(&w);
    CHECK_EQ_SLICE(pl_buf_slice(&b), PL_SLICE("{\"a\":\"x\\\"y\",\"b\":null,\"c\":-3,\"d\":null,"
                                              "\"e\":\"2026-01-01T00:00:00.010Z\",\"f\":null}"));
    pl_buf_fini(&b);
}

TEST(a_value_is_written_without_white_space)
{
    static const char *const rows[][2] = {
        {" { \"a\" : [ 1.50 ,\ttrue , { } ] ,\r\n\"b c\":\" x \" } ",
         "{\"a\":[1.50,true,{}],\"b c\":\" x \"}"},
        {"[\"\\u0041\\/\\\"\", \"\\n\\u001F\", {\"\\u00e9\": \"\\ud83d\\ude00\"}]",
         "[\"A/\\\"\",\"\\n\\u001f\",{\"\xC3\xA9\":\"\xF0\x9F\x98\x80\"}]"},
        {"\"a\\\\\"", "\"a\\\\\""},
    };
    pl_buf out = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_buf_clear(&out);
        pl_json_put_compact(&out, pl_slice_of(rows[i][0]));
        CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(rows[i][1]));
    }
    pl_buf_fini(&out);
}

int main(void)
{
    return RUN(CASE(commas_and_colons_stand_where_they_belong),
               CASE(integers_of_every_size_are_written), CASE(members_of_nothing_are_null),
               CASE(a_value_is_written_without_white_space),
               CASE(strings_are_escaped_and_stay_utf8), CASE(each_character_survives_a_round_trip));
}
