/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "test.h"

#include <stdlib.h>

/* The offset of the repeated name, or -1. */
static int repeats_at(const char *json)
{
    pl_json_fault fault;
    test_guarded g = test_guard(pl_slice_of(json));
    bool found = pl_json_repeats(g.bytes, &fault);
    test_unguard(&g);
    return found ? (int)fault.offset : -1;
}

TEST(names_may_be_there_again_in_another_object)
{
    CHECK_EQ_INT(repeats_at("{}"), -1);
    CHECK_EQ_INT(repeats_at("[1,\"a\",\"a\",null]"), -1);
    CHECK_EQ_INT(repeats_at("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}"), -1);
    CHECK_EQ_INT(repeats_at("[{\"a\":1},{\"a\":1}]"), -1);
    CHECK_EQ_INT(repeats_at("{\"a\":\"b\",\"b\":\"a\",\"A\":1,\"\":2}"), -1);
}

TEST(the_first_repeated_name_is_named)
{
    CHECK_EQ_INT(repeats_at("{\"a\":1,\"a\":1}"), 7);
    CHECK_EQ_INT(repeats_at("{\"\":1,\"\":1}"), 6);
    CHECK_EQ_INT(repeats_at("[0,{\"a\":[{\"b\":1,\"b\":2}],\"a\":3}]"), 16);
    CHECK_EQ_INT(repeats_at("{\"a\":1,\"b\":{},\"b\":1,\"a\":1}"), 14);
    /* the inner one ends earlier, the outer one stands earlier */
    CHECK_EQ_INT(repeats_at("{\"a\":1,\"a\":{\"b\":1,\"b\":1}}"), 7);
}

TEST(names_compare_by_what_they_say)
{
    CHECK_EQ_INT(repeats_at("{\"a\":1,\"\\u0061\":1}"), 7);
    CHECK_EQ_INT(repeats_at("{\"\\u0061\":1,\"\\u0061\":1}"), 12);
    CHECK_EQ_INT(repeats_at("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":1}"), 18);
    CHECK_EQ_INT(repeats_at("{\"\\u00e9\":1,\"e\\u0301\":1}"), -1);
}

/* `count` names, of which the last is that of `twin`. */
static int repeats_among(int count, int twin)
{
    pl_buf json;
    pl_buf_init(&json);
    for (int i = 0; i < count; i++)
        pl_buf_printf(&json, "%s\"name%d\":[]", i ? "," : "{", i == count - 1 ? twin : i);
    pl_buf_put_char(&json, '}');
    pl_buf_put_char(&json, 0);
    int at = repeats_at(json.ptr);
    int last = at < 0                                     ? -1
               : strncmp(json.ptr + at, "\"name", 5) == 0 ? atoi(json.ptr + at + 5)
                                                          : -2;
    pl_buf_fini(&json);
    return last;
}

TEST(large_objects_are_searched_as_well)
{
    static const int counts[] = {15, 16, 17, 18, 100, 5000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        CHECK_EQ_INT(repeats_among(counts[i], counts[i]), -1);
        CHECK_EQ_INT(repeats_among(counts[i], 0), 0);
        CHECK_EQ_INT(repeats_among(counts[i], 7), 7);
    }
}

int main(void)
{
    return RUN(CASE(names_may_be_there_again_in_another_object),
               CASE(the_first_repeated_name_is_named), CASE(names_compare_by_what_they_say),
               CASE(large_objects_are_searched_as_well));
}
