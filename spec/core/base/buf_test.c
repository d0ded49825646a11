/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include "test.h"

#include <stdlib.h>

TEST(puts_append_bytes_with_nul_and_all)
{
    pl_buf b;
    pl_buf_init(&b);
    pl_buf_put(&b, "a\0b", 3);
    pl_buf_put_char(&b, 'c');
    pl_buf_put_slice(&b, PL_SLICE("de"));
    pl_buf_put_slice(&b, PL_NO_SLICE);
    PL_BUF_PUT(&b, "f");
    CHECK_EQ_SLICE(pl_buf_slice(&b), PL_SLICE("a\0bcdef"));
    pl_buf_fini(&b);
}

TEST(growth_keeps_what_is_there)
{
    pl_buf b;
    pl_buf_init(&b);
    for (int i = 0; i < 10000; i++)
        pl_buf_put_char(&b, (char)('a' + i % 26));
    CHECK_EQ_INT(b.len, 10000);
    CHECK(b.cap >= b.len);
    int wrong = 0;
    for (int i = 0; i < 10000; i++)
        wrong += b.ptr[i] != 'a' + i % 26;
    CHECK_EQ_INT(wrong, 0);
    pl_buf_fini(&b);
    CHECK(b.ptr == NULL && b.len == 0 && b.cap == 0);
}

TEST(reserve_gives_room_behind_the_end)
{
    pl_buf b;
    pl_buf_init(&b);
    PL_BUF_PUT(&b, "ab");
    char *room = pl_buf_reserve(&b, 500);
    CHECK(room == b.ptr + 2);
    CHECK_EQ_INT(b.len, 2);
    memset(room, 'x', 500); /* the sanitizer says if it is not there */
    b.len += 500;
    CHECK_EQ_SLICE(((pl_slice){b.ptr, 4}), PL_SLICE("abxx"));
    pl_buf_fini(&b);
}

TEST(integers_are_written_in_decimal)
{
    pl_buf b;
    pl_buf_init(&b);
    pl_buf_put_int(&b, 0);
    pl_buf_put_char(&b, ' ');
    pl_buf_put_int(&b, -40);
    pl_buf_put_char(&b, ' ');
    pl_buf_put_int(&b, INT64_MAX);
    pl_buf_put_char(&b, ' ');
    pl_buf_put_int(&b, INT64_MIN);
    CHECK_EQ_SLICE(pl_buf_slice(&b), PL_SLICE("0 -40 9223372036854775807 -9223372036854775808"));
    pl_buf_fini(&b);
}

TEST(printf_fits_at_every_length)
{
    pl_buf b;
    pl_buf_init(&b);
    pl_buf_printf(&b, "%s", "");
    CHECK_EQ_INT(b.len, 0);
    for (int width = 1; width < 300; width++) {
        size_t before = b.len;
        pl_buf_printf(&b, "%*d", width, 7);
        CHECK_EQ_INT(b.len - before, width);
        CHECK_EQ_INT(b.ptr[b.len - 1], '7');
    }
    pl_buf_fini(&b);
}

TEST(consume_drops_the_front)
{
    pl_buf b;
    pl_buf_init(&b);
    pl_buf_consume(&b, 0);
    PL_BUF_PUT(&b, "abcdef");
    pl_buf_consume(&b, 2);
    CHECK_EQ_SLICE(pl_buf_slice(&b), PL_SLICE("cdef"));
    pl_buf_consume(&b, 4);
    CHECK_EQ_INT(b.len, 0);
    pl_buf_fini(&b);
}

TEST(clear_keeps_the_room_and_take_gives_it_away)
{
    pl_buf b;
    size_t len = 0;
    pl_buf_init(&b);
    PL_BUF_PUT(&b, "abc");
    size_t cap = b.cap;
    pl_buf_clear(&b);
    CHECK(b.len == 0 && b.cap == cap);
    PL_BUF_PUT(&b, "xy");
    char *bytes = pl_buf_take(&b, &len);
    CHECK_EQ_SLICE(((pl_slice){bytes, len}), PL_SLICE("xy"));
    CHECK(b.ptr == NULL && b.len == 0 && b.cap == 0);
    free(bytes);
}

TEST(slices_compare_start_and_split)
{
    CHECK(pl_slice_eq(PL_NO_SLICE, PL_SLICE("")));
    CHECK(!pl_slice_eq(PL_SLICE("a"), PL_SLICE("b")));
    CHECK(pl_slice_eq_nocase(PL_SLICE("Content-LENGTH"), PL_SLICE("content-length")));
    CHECK(!pl_slice_eq_nocase(PL_SLICE("@"), PL_SLICE("`"))); /* 0x40 and 0x60: not letters */
    CHECK(pl_slice_eq_nocase(PL_SLICE("webhook-Timestamp"), PL_SLICE("webhook-timestamp")));
    CHECK(!pl_slice_eq_nocase(PL_SLICE("webhook-timestamp"), PL_SLICE("webhook-timestamq")));
    CHECK(!pl_slice_eq_nocase(PL_SLICE("webhook-"), PL_SLICE("webhook_")));
    CHECK(pl_slice_starts(PL_SLICE("abc"), PL_SLICE("ab")));
    CHECK(!pl_slice_starts(PL_SLICE("a"), PL_SLICE("ab")));
    CHECK(pl_slice_starts(PL_NO_SLICE, PL_NO_SLICE));
    CHECK_EQ_SLICE(pl_slice_from(PL_SLICE("abc"), 1), PL_SLICE("bc"));
    CHECK_EQ_INT(pl_slice_from(PL_SLICE("abc"), 4).len, 0);
    CHECK_EQ_INT(pl_slice_from(PL_NO_SLICE, 1).len, 0);
}

int main(void)
{
    return RUN(CASE(puts_append_bytes_with_nul_and_all), CASE(growth_keeps_what_is_there),
               CASE(integers_are_written_in_decimal), CASE(reserve_gives_room_behind_the_end),
               CASE(printf_fits_at_every_length), CASE(consume_drops_the_front),
               CASE(clear_keeps_the_room_and_take_gives_it_away),
               CASE(slices_compare_start_and_split));
}
