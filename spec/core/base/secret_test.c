/* SPDX-License-Identifier: MIT
 *
 * The registry lives as long as the process, so the first test is the one that needs it empty. */
#include "base/secret.h"

#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

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
    for (int i = 0; i < THREADS * 200; i++) {
        char text[64];
        name_secret(text, sizeof text, i % THREADS, i / THREADS);
        CHECK(pl_secret_is_in(pl_slice_of(text)));
    }
}

int main(void)
{
    return RUN(CASE(nothing_is_masked_when_nothing_is_registered), CASE(every_occurrence_is_masked),
               CASE(short_values_are_left_alone),
               CASE(the_longest_value_wins_whatever_the_order_of_registration),
               CASE(of_overlapping_values_no_rest_remains), CASE(other_spellings_are_masked_too),
               CASE(values_in_forms_are_masked_too), CASE(json_stays_json),
               CASE(values_with_nul_and_high_bytes_are_masked), CASE(eq_compares_whole_values),
               CASE(threads_register_and_mask_at_the_same_time));
}
