/* SPDX-License-Identifier: MIT */
#include "base/percent.h"

#include "test.h"

/* The second and third columns: RFC 3986 section 2.3, and the WHATWG URL standard's serialiser. */
TEST(text_is_encoded)
{
    static const struct {
        pl_slice text;
        const char *url, *form;
    } rows[] = {
        {{"", 0}, "", ""},
        {{"AZaz09", 6}, "AZaz09", "AZaz09"},
        {{"-._~*", 5}, "-._~%2A", "-._%7E*"},
        {{"a b+c", 5}, "a%20b%2Bc", "a+b%2Bc"},
        {{"a/b?c#d&e=f%", 12}, "a%2Fb%3Fc%23d%26e%3Df%25", "a%2Fb%3Fc%23d%26e%3Df%25"},
        {{"\xc3\xb8\0\r\n", 5}, "%C3%B8%00%0D%0A", "%C3%B8%00%0D%0A"},
        {{"!'()@:", 6}, "%21%27%28%29%40%3A", "%21%27%28%29%40%3A"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pl_buf url = {0}, form = {0};
        pl_percent_encode(&url, rows[i].text);
        pl_percent_encode_form(&form, rows[i].text);
        CHECK_EQ_SLICE(pl_buf_slice(&url), pl_slice_of(rows[i].url));
        CHECK_EQ_SLICE(pl_buf_slice(&form), pl_slice_of(rows[i].form));
        pl_buf_fini(&url);
        pl_buf_fini(&form);
    }
}

int main(void)
{
    return RUN(CASE(text_is_encoded));
}
