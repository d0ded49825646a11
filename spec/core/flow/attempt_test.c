/* SPDX-License-Identifier: MIT */
#include "flow/attempt.h"

#include "test.h"

static const pl_slice event = {"{\"id\":\"e\"}", 10};

/* Everything that an attempt can have. */
static pl_attempt whole(void)
{
    return (pl_attempt){
        .number = 2,
        .started_ms = 1795248930123,
        .outcome = "http_status",
        .stage = "map",
        .error = PL_SLICE("status 503 is not a success"),
        .traceback = PL_SLICE("connectors/a.lua:3: in function 'f'\nconnectors/a.lua:9: in main"),
        .method = PL_SLICE("POST"),
        .url = PL_SLICE("https://a.example/b?c=1"),
        .request_fields = PL_SLICE("Authorization: ***\r\nX-Odd:no space\r\n"),
        .request_body = PL_SLICE("a=1"),
        .request_body_bytes = 3,
        .status = 503,
        .response_fields = PL_SLICE("Link: <a>; rel=\"b\"\r\nEmpty: \r\nUrl: http://c:1/\r\n"),
        .response_body = PL_SLICE("sor"),
        .response_body_bytes = 5,
        .variables = PL_SLICE("{\"n\":1.0}"),
        .trace = PL_SLICE("[{\"kind\":\"log\"}]"),
        .timings = {.dns_us = 1,
                    .connect_us = 1999,
                    .first_byte_us = 20050,
                    .total_us = 3000000,
                    .queue_us = 5500,
                    .script_us = 120},
        .peer = PL_SLICE("192.0.2.1:443"),
        .connection_reused = true,
        .generation = 7,
    };
}

static void check_written(int line, const pl_attempt *a, const char *path, const char *wanted)
{
    pl_buf out;
    pl_json_writer w;
    pl_buf_init(&out);
    pl_jw_init(&w, &out);
    pl_jw_object(&w);
    pl_attempt_write(&w, a, event);
    pl_jw_object_end(&w);
    CHECK_EQ_INT(pl_json_check(pl_buf_slice(&out), 8, NULL), 0);
    pl_slice got = pl_json_find(pl_buf_slice(&out), pl_slice_of(path));
    test_checks++;
    if (!pl_slice_eq(got, pl_slice_of(wanted))) {
        test_report(__FILE__, line, path);
        printf("    got    '%.*s'\n    wanted '%s'\n", PL_FMT(got), wanted);
    }
    pl_buf_fini(&out);
}

#define CHECK_WRITTEN(a, path, wanted) check_written(__LINE__, a, path, wanted)

TEST(the_members_are_those_of_the_contract)
{
    pl_attempt a = whole();
    CHECK_WRITTEN(&a, "",
                  "{\"number\":2,\"counted\":true,\"started\":\"2026-11-21T08:15:30.123Z\","
                  "\"outcome\":\"http_status\",\"stage\":\"map\","
                  "\"error\":\"status 503 is not a success\","
                  "\"traceback\":[\"connectors/a.lua:3: in function 'f'\","
                  "\"connectors/a.lua:9: in main\"],"
                  "\"request\":{\"method\":\"POST\",\"url\":\"https://a.example/b?c=1\","
                  "\"headers\":[[\"Authorization\",\"***\"],[\"X-Odd\",\"no space\"]],"
                  "\"body\":\"a=1\",\"body_bytes\":3,\"truncated\":false},"
                  "\"response\":{\"status\":503,\"headers\":[[\"Link\",\"<a>; rel=\\\"b\\\"\"],"
                  "[\"Empty\",\"\"],[\"Url\",\"http://c:1/\"]],"
                  "\"body\":\"sor\",\"body_bytes\":5,\"truncated\":true,"
                  "\"peer\":\"192.0.2.1:443\"},"
                  "\"variables\":{\"n\":1.0},"
                  "\"timings\":{\"queue_ms\":5.500,\"script_ms\":0.120,\"dns_ms\":0.001,\"connect_"
                  "ms\":1.999,\"tls_ms\":0.000,"
                  "\"first_byte_ms\":20.050,\"total_ms\":3000.000},"
                  "\"connection_reused\":true,\"generation\":7,\"trace\":[{\"kind\":\"log\"}]}");
}

TEST(what_there_was_not_is_null)
{
    pl_attempt a = {.number = 1, .outcome = "ok"};
    static const char *const nulls[] = {"stage",   "error",    "traceback",
                                        "request", "response", "variables"};
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        CHECK_WRITTEN(&a, nulls[i], "null");
    CHECK_WRITTEN(&a, "trace", "[]");
    a.status = 204;
    CHECK_WRITTEN(&a, "response.peer", "null");
    CHECK_WRITTEN(&a, "response.headers", "[]");
    CHECK_WRITTEN(&a, "response.body", "\"\"");
    CHECK_WRITTEN(&a, "response.truncated", "false");
}

TEST(one_that_uses_up_nothing_of_the_schedule_says_so)
{
    pl_attempt a = whole();
    a.is_uncounted = true;
    CHECK_WRITTEN(&a, "counted", "false");
}

TEST(the_event_stands_in_for_its_own_body)
{
    pl_attempt a = whole();
    a.body_is_event = true;
    a.request_body = PL_NO_SLICE;
    a.request_body_bytes = event.len;
    CHECK_WRITTEN(&a, "request.body", "\"{\\\"id\\\":\\\"e\\\"}\"");
    CHECK_WRITTEN(&a, "request.body_bytes", "10");
    CHECK_WRITTEN(&a, "request.truncated", "false");
}

/* Encoded by base64(1). */
TEST(a_body_that_is_no_text_is_base64)
{
    pl_attempt a = whole();
    a.response_body = PL_SLICE("\x89PNG\r\n\x1a\n");
    CHECK_WRITTEN(&a, "response.body", "{\"base64\":\"iVBORw0KGgo=\"}");
    a.response_body = PL_SLICE("caf\xe9");
    CHECK_WRITTEN(&a, "response.body", "{\"base64\":\"Y2Fm6Q==\"}");
    a.response_body = PL_SLICE("caf\xc3\xa9\0\x7f");
    CHECK_WRITTEN(&a, "response.body", "\"caf\xc3\xa9\\u0000\x7f\"");
}

int main(void)
{
    return RUN(CASE(the_members_are_those_of_the_contract), CASE(what_there_was_not_is_null),
               CASE(one_that_uses_up_nothing_of_the_schedule_says_so),
               CASE(the_event_stands_in_for_its_own_body), CASE(a_body_that_is_no_text_is_base64));
}
