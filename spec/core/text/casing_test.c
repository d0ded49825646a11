/* SPDX-License-Identifier: MIT
 *
 * The results are those of Python's str methods. */
#include "text/casing.h"
#include "text/class.h"

#include "test.h"

static void check(enum pl_casing casing, pl_slice text, pl_slice wanted)
{
    pl_buf out = {0};
    test_guarded g = test_guard(text);
    pl_casing_put(&out, g.bytes, casing);
    CHECK_EQ_SLICE(pl_buf_slice(&out), wanted);
    test_unguard(&g);
    pl_buf_fini(&out);
}

TEST(cases_change_by_full_mappings)
{
    check(PL_CASING_UPPER, PL_SLICE("straße ﬁ ŉ"), PL_SLICE("STRASSE FI ʼN"));
    check(PL_CASING_LOWER, PL_SLICE("ÀÉ İ"), PL_SLICE("àé i̇"));
    check(PL_CASING_FOLD, PL_SLICE("Straße ΣΣ"), PL_SLICE("strasse σσ"));
    check(PL_CASING_CAPITALIZE, PL_SLICE("ǆABC dEF"), PL_SLICE("ǅabc def"));
    check(PL_CASING_TITLE, PL_SLICE("they're HERE 1st ßa"), PL_SLICE("They'Re Here 1St Ssa"));
    check(PL_CASING_SWAP, PL_SLICE("aBß ǅ"), PL_SLICE("AbSS ǅ"));
    check(PL_CASING_UPPER, PL_NO_SLICE, PL_SLICE(""));
}

TEST(a_sigma_at_the_end_of_a_word_is_final)
{
    check(PL_CASING_LOWER, PL_SLICE("ΑΣ ΑΣΑ Σ ΑΣ."), PL_SLICE("ας ασα σ ας."));
    check(PL_CASING_LOWER, PL_SLICE("Α'Σ Σ'Α"), PL_SLICE("α'ς σ'α"));
    check(PL_CASING_LOWER, PL_SLICE("Α\xffΣ"), PL_SLICE("α\xffσ"));
}

TEST(bytes_that_are_not_utf8_are_passed_on)
{
    check(PL_CASING_UPPER, PL_SLICE("a\xff\xc3"), PL_SLICE("A\xff\xc3"));
    check(PL_CASING_TITLE, PL_SLICE("\xe2\x82zz"), PL_SLICE("\xe2\x82Zz"));
}

TEST(classes_need_something_and_all_of_it)
{
    static const struct {
        const char *text;
        enum pl_text_class class;
        bool is;
    } cases[] = {
        {"", PL_TEXT_ALPHA, false},        {"", PL_TEXT_PRINTABLE, true},
        {"", PL_TEXT_ASCII, true},         {"aé日", PL_TEXT_ALPHA, true},
        {"a1", PL_TEXT_ALPHA, false},      {"٣4", PL_TEXT_DECIMAL, true},
        {"²", PL_TEXT_DECIMAL, false},     {"²", PL_TEXT_DIGIT, true},
        {"½", PL_TEXT_DIGIT, false},       {"½Ⅷ一", PL_TEXT_NUMERIC, true},
        {"a½", PL_TEXT_ALNUM, true},       {"\x1c \xe3\x80\x80", PL_TEXT_SPACE, true},
        {"a1", PL_TEXT_LOWER, true},       {"1", PL_TEXT_LOWER, false},
        {"aǅ", PL_TEXT_LOWER, false},      {"ÀB!", PL_TEXT_UPPER, true},
        {"A Bc", PL_TEXT_TITLE, true},     {"A bc", PL_TEXT_TITLE, false},
        {"a\n", PL_TEXT_PRINTABLE, false}, {"\xff", PL_TEXT_PRINTABLE, false},
        {"_é1", PL_TEXT_IDENTIFIER, true}, {"1a", PL_TEXT_IDENTIFIER, false},
        {"é", PL_TEXT_ASCII, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is = pl_text_is(pl_slice_of(cases[i].text), cases[i].class);
        if (is != cases[i].is) printf("'%s'\n", cases[i].text);
        CHECK_EQ_INT(is, cases[i].is);
    }
}

TEST(classes_have_names)
{
    CHECK_EQ_INT(pl_text_class_of(PL_SLICE("title")), PL_TEXT_TITLE);
    CHECK_EQ_INT(pl_text_class_of(PL_SLICE("ascii")), PL_TEXT_ASCII);
    CHECK_EQ_INT(pl_text_class_of(PL_SLICE("")), PL_TEXT_CLASS_COUNT);
}

TEST(numbers_of_any_script_become_ascii)
{
    pl_buf out = {0};
    pl_text_put_plain_number(&out, PL_SLICE("\xe3\x80\x80-٣४.5é"));
    CHECK_EQ_SLICE(pl_buf_slice(&out), PL_SLICE(" -34.5é"));
    pl_buf_fini(&out);
}

int main(void)
{
    return RUN(CASE(cases_change_by_full_mappings), CASE(a_sigma_at_the_end_of_a_word_is_final),
               CASE(bytes_that_are_not_utf8_are_passed_on),
               CASE(classes_need_something_and_all_of_it), CASE(classes_have_names),
               CASE(numbers_of_any_script_become_ascii));
}
