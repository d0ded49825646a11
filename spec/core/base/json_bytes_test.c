/* SPDX-License-Identifier: MIT */
#include "base/json_bytes.h"

#include "test.h"

#include <stdlib.h>

#define LONGEST 70

/* What is not plain, and what is next to it in the order of bytes but is. */
static const unsigned char special[] = {0, 1, 0x1F, '"', '\\', 0x80, 0xC3, 0xFF};
static const char plain[] = {' ', '!', '#', '[', ']', 'x', '~', 0x7F};

/* Bytes with nothing behind them that could be read. */
static char *plain_bytes(size_t len)
{
    char *bytes = malloc(len ? len : 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = plain[i % sizeof plain];
    return bytes;
}

TEST(bytes_are_plain_up_to_the_first_that_is_not)
{
    for (size_t len = 0; len <= LONGEST; len++) {
        char *from = plain_bytes(len);
        CHECK_EQ_INT(pl_json_plain_end(from, from + len) - from, (int64_t)len);
        for (size_t i = 0; i < len * sizeof special; i++) {
            size_t first = i / sizeof special;
            char kept = from[first];
            from[first] = (char)special[i % sizeof special];
            if (first + 3 < len) from[first + 3] = '"';
            CHECK_EQ_INT(pl_json_plain_end(from, from + len) - from, (int64_t)first);
            if (first + 3 < len) from[first + 3] = 'x';
            from[first] = kept;
        }
        free(from);
    }
}

TEST(plain_bytes_are_copied_up_to_the_first_that_is_not)
{
    for (size_t len = 0; len <= LONGEST; len++) {
        char *from = plain_bytes(len), *to = malloc(len ? len : 1);
        CHECK_EQ_INT(pl_json_copy_plain(to, from, len), (int64_t)len);
        CHECK(memcmp(to, from, len) == 0);
        for (size_t i = 0; i < len * sizeof special; i++) {
            size_t first = i / sizeof special;
            char kept = from[first];
            from[first] = (char)special[i % sizeof special];
            if (first + 3 < len) from[first + 3] = '"';
            memset(to, 0, len);
            CHECK_EQ_INT(pl_json_copy_plain(to, from, len), (int64_t)first);
            CHECK(memcmp(to, from, first) == 0);
            if (first + 3 < len) from[first + 3] = 'x';
            from[first] = kept;
        }
        free(from);
        free(to);
    }
}

int main(void)
{
    return RUN(CASE(bytes_are_plain_up_to_the_first_that_is_not),
               CASE(plain_bytes_are_copied_up_to_the_first_that_is_not));
}
