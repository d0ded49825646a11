/* SPDX-License-Identifier: MIT
 *
 * The registry lives as long as the process, so the first test is the one that needs it empty. */
#include "base/secret.h"

#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static void check_mask(const char *file, int line, pl_slice text, pl_slice wanted)
{
    pl_buf out;
    test_guarded g = test_guard(text);
    pl_buf_init(&out);
    PL_BUF_PUT(&out, "<");
    pl_secret_mask(&out, g.bytes);
    pl_slice got = pl_slice_from(pl_buf_slice(&out), 1);
    test_checks++;
    if (!pl_slice_eq(got, wanted)) {
        test_report(file, line, "masked otherwise");
        printf("    got    '%.*s'\n    wanted '%.*s'\n", PL_FMT(got), PL_FMT(wanted));
    }
    CHECK_EQ_INT(pl_secret_is_in(g.bytes), !pl_slice_eq(text, wanted));
    pl_buf_fini(&out);
    test_unguard(&g);
}

#define CHECK_MASK(text, wanted) check_mask(__FILE__, __LINE__, PL_SLICE(text), PL_SLICE(wanted))

static void add(const char *value)
{
    pl_secret_register(pl_slice_of(value));
}

TEST(nothing_is_masked_when_nothing_is_registered)
{
    CHECK_MASK("s3cr3t", "s3cr3t");
    CHECK_MASK("", "");
}

static void check_everywhere(const char *secret)
{
    for (size_t before = 0; before < 24; before++) {
        for (size_t behind = 0; behind < 12; behind++) {
            pl_buf text = {0}, wanted = {0};
            pl_buf_printf(&text, "%.*s%s%.*s", (int)before, "........................", secret,
                          (int)behind, "............");
            pl_buf_printf(&wanted, "%.*s***%.*s", (int)before, "........................",
                          (int)behind, "............");
            check_mask(__FILE__, __LINE__, pl_buf_slice(&text), pl_buf_slice(&wanted));
            pl_buf_fini(&text);
            pl_buf_fini(&wanted);
        }
    }
}

/* How a text is looked through depends on the shortest of all. */
TEST(a_value_is_found_wherever_it_begins)
{
    static const char *const values[] = {"<a value longer than any>",
                                         "<sixteen bytes >",
                                         "<15 bytes of it>",
                                         "<long value>",
                                         "<eight8>",
                                         "<seven>",
                                         "<six6>",
                                         "<five"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        add(values[i]);
        for (size_t k = 0; k <= i; k++)
            check_everywhere(values[k]);
        CHECK(pl_secret_check());
    }
}

TEST(every_occurrence_is_masked)
{
    add("s3cr3t");
    add("s3cr3t");
    CHECK_MASK("s3cr3t", "***");
    CHECK_MASK("a s3cr3t b s3cr3t c", "a *** b *** c");
    CHECK_MASK("s3cr3ts3cr3t", "******");
    CHECK_MASK("s3cr3 s3cr3", "s3cr3 s3cr3");
    CHECK_MASK("s3cs3cr3t", "s3c***");
}

TEST(short_values_are_left_alone)
{
    add("abc");
    add("");
    CHECK_MASK("abc", "abc");
    add("abcd");
    CHECK_MASK("abc abcd", "abc ***");
}

TEST(the_longest_value_wins_whatever_the_order_of_registration)
{
    add("key-12");
    add("key-123456");
    add("key-1234");
    CHECK_MASK("key-123456!", "***!");
    CHECK_MASK("key-12345", "***5");
    CHECK_MASK("key-1", "key-1");
}

TEST(of_overlapping_values_no_rest_remains)
{
    add("wxyz");
    add("yzabcdefgh");
    add("cdefghij");
    CHECK_MASK("-wxyzabcdefghij-", "-***-");
    CHECK_MASK("wxyza", "***a");
}

TEST(other_spellings_are_masked_too)
{
    add("p\"w\\d\n1");
    CHECK_MASK("{\"k\":\"p\\\"w\\\\d\\n1\"}", "{\"k\":\"***\"}");
    CHECK_MASK("p\"w\\d\n1", "***");
    add("ab/cd+ef==");
    CHECK_MASK("\"ab\\/cd+ef==\"", "\"***\"");
    CHECK_MASK("?key=ab%2Fcd%2Bef%3D%3D&x", "?key=***&x");
}

/* Examples of application/x-www-form-urlencoded as the WHATWG URL standard serialises it. */
TEST(values_in_forms_are_masked_too)
{
    add("two words~*+");
    CHECK_MASK("a=two+words%7E*%2B&b=1", "a=***&b=1");
    CHECK_MASK("/two%20words~%2A%2B/", "/***/");
    CHECK_MASK("two words~*+", "***");
}

/* base64 as Python's writes it, at each alignment; of the edges, what depends on
 * the neighbours as well is left. */
TEST(values_in_base64_are_masked_wherever_they_begin)
{
    add("hunter2-hunter2?");
    CHECK_MASK("aHVudGVyMi1odW50ZXIyPyEhIQ==", "***yEhIQ==");
    CHECK_MASK("YWh1bnRlcjItaHVudGVyMj8hISE=", "YW***8hISE=");
    CHECK_MASK("YWJodW50ZXIyLWh1bnRlcjI/ISEh", "YWJ***ISEh");
    CHECK_MASK("Basic dXNlcjpodW50ZXIyLWh1bnRlcjI/ISEh", "Basic dXNlcjp***ISEh");
    add("\xFB\xEF\xBE\xFF\xFF\xFE?>");
    CHECK_MASK("eHn7777///4/Pno=", "eHn***no=");
    CHECK_MASK("eHn7777___4_Pno", "eHn***no");
    CHECK_MASK("?t=eHn7777%2F%2F%2F4%2FPno%3D", "?t=eHn***no%3D");
    CHECK_MASK("\"eHn7777\\/\\/\\/4\\/Pno=\"", "\"eHn***no=\"");
}

/* The payload of a JWT is JSON: here {"k":"p\"q\\rstu"}. */
TEST(encodings_within_base64_are_masked)
{
    add("p\"q\\rstu");
    CHECK_MASK("eyJrIjoicFwicVxccnN0dSJ9", "eyJrIjoi***SJ9");
}

TEST(values_in_hexadecimal_are_masked)
{
    add("hunter2-hunter2?");
    CHECK_MASK("x68756e746572322d68756e746572323fx", "x***x");
    CHECK_MASK("68756E746572322D68756E746572323F", "***");
}

/* base64 of four bytes may be four characters, which stand anywhere. */
TEST(short_encodings_are_left_alone)
{
    add("dogs");
    CHECK_MASK("dogs ZG9n ZG9ncw 2RvZ", "*** ZG9n ZG9ncw 2RvZ");
}

TEST(json_stays_json)
{
    static const char *const rows[][2] = {
        {"{\"n\":20481024,\"s\":\"20481024\"}", "{\"n\":\"***\",\"s\":\"***\"}"},
        {"[-1.20481024e5,true,null,1]", "[\"***\",true,null,1]"},
        {"{\"20481024\":{\"a\":[]}}", "{\"***\":{\"a\":[]}}"},
        {"[\"x q\\\",\\\"w y\",\"q\",\"w\"]", "[\"x *** y\",\"q\",\"w\"]"},
        {"\"q\\u0022,\\\"w\"", "\"***\""},
    };
    add("20481024");
    add("q\",\"w"); /* looks like JSON itself */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pl_buf out;
        pl_buf_init(&out);
        pl_secret_mask_json(&out, pl_slice_of(rows[i][0]));
        CHECK_EQ_SLICE(pl_buf_slice(&out), pl_slice_of(rows[i][1]));
        pl_buf_fini(&out);
    }
}

TEST(values_with_nul_and_high_bytes_are_masked)
{
    pl_secret_register(PL_SLICE("\0\xFF\0\xFE"));
    CHECK_MASK("a\0\xFF\0\xFE", "a***");
}

TEST(eq_compares_whole_values)
{
    CHECK(pl_secret_eq(PL_SLICE("token"), PL_SLICE("token")));
    CHECK(!pl_secret_eq(PL_SLICE("token"), PL_SLICE("tokem")));
    CHECK(!pl_secret_eq(PL_SLICE("token"), PL_SLICE("xoken")));
    CHECK(!pl_secret_eq(PL_SLICE("token"), PL_SLICE("toke")));
    CHECK(!pl_secret_eq(PL_SLICE("token"), PL_SLICE("tokenn")));
    CHECK(!pl_secret_eq(PL_SLICE("token"), PL_NO_SLICE));
    CHECK(!pl_secret_eq(PL_NO_SLICE, PL_SLICE("token")));
    CHECK(!pl_secret_eq(PL_NO_SLICE, PL_SLICE("\0")));
    CHECK(pl_secret_eq(PL_NO_SLICE, PL_SLICE("")));
    test_guarded secret = test_guard(PL_SLICE("ab")), given = test_guard(PL_SLICE("abababab"));
    CHECK(!pl_secret_eq(secret.bytes, given.bytes));
    CHECK(!pl_secret_eq(given.bytes, secret.bytes));
    test_unguard(&secret);
    test_unguard(&given);
}

static bool is_masked(const char *value)
{
    return pl_secret_is_in(pl_slice_of(value));
}

static void add_passing(const char *name, int i)
{
    char text[64];
    int len = snprintf(text, sizeof text, "%s%05d", name, i);
    pl_secret_register_passing((pl_slice){text, (size_t)len});
}

TEST(passing_values_are_forgotten_one_day)
{
    add_passing("passing-", 0);
    CHECK(is_masked("passing-00000"));
    for (int i = 1; i < PL_SECRET_PASSING_MAX; i++)
        add_passing("passing-", i);
    CHECK(is_masked("passing-00000"));
    CHECK(pl_secret_check());
    for (int i = 0; i < PL_SECRET_PASSING_MAX; i++)
        add_passing("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.", i);
    CHECK(!is_masked("passing-00000"));
    CHECK(!is_masked("passing-04095"));
    CHECK(!is_masked("cGFzc2luZy0wNDA5NQ==")); /* its base64 */
    CHECK(is_masked("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.00000"));
    CHECK(!is_masked("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.9"));
    CHECK(pl_secret_check());
}

TEST(passing_values_in_use_stay)
{
    add_passing("in-use-", 1);
    for (int i = 0; i < 2 * PL_SECRET_PASSING_MAX; i++) {
        add_passing("other-", i);
        if (i % 1000 == 0) add_passing("in-use-", 1);
    }
    CHECK(is_masked("in-use-00001"));
    CHECK(!is_masked("other-00000"));
    CHECK(pl_secret_check());
}

TEST(passing_values_take_only_so_many_bytes)
{
    char *large = pl_alloc(PL_SECRET_MAX_BYTES);
    add_passing("before-the-large-", 1);
    for (int i = 0; i < PL_SECRET_PASSING_BYTES / PL_SECRET_MAX_BYTES + 1; i++) {
        memset(large, 'A' + i % 26, PL_SECRET_MAX_BYTES);
        large[0] = (char)i;
        pl_secret_register_passing((pl_slice){large, PL_SECRET_MAX_BYTES});
    }
    CHECK(!is_masked("before-the-large-00001"));
    CHECK(pl_secret_is_in((pl_slice){large, PL_SECRET_MAX_BYTES}));
    CHECK(pl_secret_check());
    free(large);
}

TEST(kept_values_are_passing_once_they_are_retired)
{
    add("kept twice");
    add("kept twice");
    pl_secret_retire(PL_SLICE("kept twice"));
    for (int i = 0; i < PL_SECRET_PASSING_MAX; i++)
        add_passing("first-", i);
    CHECK(is_masked("kept twice"));
    pl_secret_retire(PL_SLICE("kept twice"));
    CHECK(is_masked("kept twice"));
    pl_secret_retire(PL_SLICE("kept twice"));
    pl_secret_retire(PL_SLICE("never heard of"));
    for (int i = 0; i < PL_SECRET_PASSING_MAX; i++)
        add_passing("second-", i);
    CHECK(!is_masked("kept twice"));
    CHECK(pl_secret_check());
}

TEST(values_share_forms)
{
    add_passing("shared/", 7);
    add_passing("shared%2F", 7); /* the URL form of the other */
    for (int i = 0; i < PL_SECRET_PASSING_MAX - 1; i++)
        add_passing("sharing-", i);
    CHECK(!is_masked("shared/00007"));
    CHECK(is_masked("shared%2F00007"));
    add_passing("sharing-", PL_SECRET_PASSING_MAX);
    CHECK(!is_masked("shared%2F00007"));
    CHECK(pl_secret_check());
}

static atomic_int not_masked;

static void name_secret(char *text, size_t room, int thread, int i)
{
    snprintf(text, room, "thread-%d-secret-%d.", thread, i);
}

static void *register_and_mask(void *arg)
{
    int thread = *(int *)arg;
    for (int i = 0; i < 200; i++) {
        char text[64];
        pl_buf out;
        name_secret(text, sizeof text, thread, i);
        add(text);
        add_passing("thread-passing-", thread * 2000 + i);
        pl_buf_init(&out);
        pl_secret_mask(&out, pl_slice_of(text));
        if (!pl_slice_eq(pl_buf_slice(&out), PL_SLICE("***"))) atomic_fetch_add(&not_masked, 1);
        pl_buf_fini(&out);
    }
    return NULL;
}

TEST(threads_register_and_mask_at_the_same_time)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, register_and_mask, &numbers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ_INT(not_masked, 0);
    CHECK(pl_secret_check());
    for (int i = 0; i < THREADS * 200; i++) {
        char text[64];
        name_secret(text, sizeof text, i % THREADS, i / THREADS);
        CHECK(pl_secret_is_in(pl_slice_of(text)));
    }
}

int main(void)
{
    return RUN(CASE(nothing_is_masked_when_nothing_is_registered),
               CASE(a_value_is_found_wherever_it_begins), CASE(every_occurrence_is_masked),
               CASE(short_values_are_left_alone),
               CASE(the_longest_value_wins_whatever_the_order_of_registration),
               CASE(of_overlapping_values_no_rest_remains), CASE(other_spellings_are_masked_too),
               CASE(values_in_forms_are_masked_too),
               CASE(values_in_base64_are_masked_wherever_they_begin),
               CASE(encodings_within_base64_are_masked), CASE(values_in_hexadecimal_are_masked),
               CASE(short_encodings_are_left_alone), CASE(json_stays_json),
               CASE(values_with_nul_and_high_bytes_are_masked), CASE(eq_compares_whole_values),
               CASE(passing_values_are_forgotten_one_day), CASE(passing_values_in_use_stay),
               CASE(passing_values_take_only_so_many_bytes),
               CASE(kept_values_are_passing_once_they_are_retired), CASE(values_share_forms),
               CASE(threads_register_and_mask_at_the_same_time));
}
