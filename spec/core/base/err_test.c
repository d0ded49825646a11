/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include "test.h"

#include <ctype.h>

TEST(a_code_has_the_row_of_the_list)
{
    CHECK_EQ_STR(pl_err_name(PL_E_BAD_JSON), "bad_json");
    CHECK_EQ_STR(pl_err_text(PL_E_BAD_JSON), "the body is not valid JSON");
    CHECK_EQ_INT(pl_err_status(PL_E_BAD_JSON), 400);
    CHECK(!pl_err_retryable(PL_E_BAD_JSON));
    CHECK_EQ_STR(pl_err_name(PL_E_TIMEOUT), "timeout");
    CHECK_EQ_INT(pl_err_status(PL_E_TIMEOUT), 504);
    CHECK(pl_err_retryable(PL_E_TIMEOUT));
    CHECK_EQ_STR(pl_err_name(PL_E_BAD_REQUEST), "bad_request"); /* the first */
    CHECK_EQ_STR(pl_err_name(PL_E_CANCELLED), "cancelled");
}

TEST(zero_is_ok_and_unknown_codes_are_internal)
{
    CHECK_EQ_STR(pl_err_name(0), "ok");
    CHECK_EQ_INT(pl_err_status(0), 200);
    CHECK_EQ_STR(pl_err_name(-PL_ERR_COUNT - 1), "internal");
    CHECK_EQ_STR(pl_err_name(PL_WAIT), "internal");
    CHECK_EQ_INT(pl_err_status(INT32_MIN), 500);
}

TEST(names_are_unique_stable_words_that_lead_back)
{
    for (int code = -1; code >= -PL_ERR_COUNT; code--) {
        const char *name = pl_err_name(code);
        CHECK_EQ_INT(pl_err_of_name(name), code);
        for (const char *c = name; *c; c++)
            CHECK(islower((unsigned char)*c) || *c == '_');
        CHECK(pl_err_status(code) >= 400 && pl_err_status(code) <= 599);
        CHECK(pl_err_text(code)[0] != '\0');
    }
    CHECK_EQ_INT(pl_err_of_name("ok"), 0);
    CHECK_EQ_INT(pl_err_of_name("no such name"), PL_E_INTERNAL);
    CHECK_EQ_INT(pl_err_of_name(""), PL_E_INTERNAL);
}

int main(void)
{
    return RUN(CASE(a_code_has_the_row_of_the_list),
               CASE(zero_is_ok_and_unknown_codes_are_internal),
               CASE(names_are_unique_stable_words_that_lead_back));
}
