/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include "test.h"

/* RFC 4648 section 10. */
TEST(base64_vectors_of_the_rfc)
{
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        pl_buf out;
        pl_buf_init(&out);
        pl_base64_encode(&out, pl_slice_of(vectors[i][0]));
        CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(vectors[i][1]));
        pl_buf_fini(&out);
    }
}

TEST(base64_of_high_bytes)
{
    pl_buf out;
    pl_buf_init(&out);
    pl_base64_encode(&out, PL_SLICE("\xfb\xff\xfe"));
    CHECK_EQ_SLICE(pl_buf_slice(&out), PL_SLICE("+//+"));
    pl_buf_fini(&out);
}

int main(void)
{
    return RUN(CASE(base64_vectors_of_the_rfc), CASE(base64_of_high_bytes));
}
