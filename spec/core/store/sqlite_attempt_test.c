/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "store_harness.h"

/* The first attempt of a delivery of which this attempt was recorded. */
static pl_slice shown(bench *b, const pl_attempt *a, pl_query *q)
{
    bench_init(b);
    bench_open(b);
    CHECK_EQ_INT(commit_one(b, "e1", id_of(T0, 1), true), 0);
    pl_record r = record_of(id_of(T0, 1), a, PL_STATE_DELIVERED);
    CHECK_EQ_INT(run_op(b, &r.op, PL_OP_RECORD), 0);
    *q = (pl_query){.kind = PL_QUERY_DELIVERY, .id = id_of(T0, 1)};
    CHECK_EQ_INT(ask(b, q), 0);
    CHECK_EQ_INT(pl_json_check(pl_buf_slice(&q->answer), 16, NULL), 0);
    return pl_json_find(pl_buf_slice(&q->answer), PL_SLICE("attempts.0"));
}

static void done(bench *b, pl_query *q)
{
    pl_buf_fini(&q->answer);
    bench_fini(b);
}

TEST(an_attempt_comes_out_as_it_went_in)
{
    bench b;
    pl_query q;
    pl_attempt a = {.number = 1,
                    .is_uncounted = true,
                    .started_ms = T0 + 1,
                    .outcome = "map",
                    .stage = "map",
                    .error = PL_SLICE("no member \"id\""),
                    .method = PL_SLICE("PATCH"),
                    .url = PL_SLICE("https://erp.example/a?b=c"),
                    .request_fields = PL_SLICE("A: 1\r\nB: x: y\r\nEmpty:\r\n"),
                    .request_body = PL_SLICE("caf\xc3\xa9"),
                    .request_body_bytes = 100,
                    .status = 201,
                    .response_fields = PL_SLICE("C: 2\r\n"),
                    .response_body = PL_SLICE("\"\x01"),
                    .response_body_bytes = 2,
                    .variables = PL_SLICE("{\"n\":1.0}"),
                    .timings = {1, 1500, 0, 2000000, 2000001, 30, 40000},
                    .peer = PL_SLICE("192.0.2.1:443"),
                    .connection_reused = true,
                    .generation = 7,
                    .trace = PL_SLICE("[{\"at_ms\":1.250,\"kind\":\"log\"}]"),
                    .traceback = PL_SLICE("b.lua:2: in f\na.lua:1: in g")};
    CHECK_EQ_SLICE(
        shown(&b, &a, &q),
        PL_SLICE("{\"number\":1,\"counted\":false,\"started\":\"2026-01-01T00:00:00.001Z\","
                 "\"outcome\":\"map\","
                 "\"stage\":\"map\",\"error\":\"no member \\\"id\\\"\","
                 "\"traceback\":[\"b.lua:2: in f\",\"a.lua:1: in g\"],"
                 "\"request\":{\"method\":\"PATCH\",\"url\":\"https://erp.example/a?b=c\","
                 "\"headers\":[[\"A\",\"1\"],[\"B\",\"x: y\"],[\"Empty\",\"\"]],"
                 "\"body\":\"caf\xc3\xa9\",\"body_bytes\":100,\"truncated\":true},"
                 "\"response\":{\"status\":201,\"headers\":[[\"C\",\"2\"]],"
                 "\"body\":\"\\\"\\u0001\",\"body_bytes\":2,\"truncated\":false,"
                 "\"peer\":\"192.0.2.1:443\"},\"variables\":{\"n\":1.0},"
                 "\"timings\":{\"queue_ms\":0.030,\"script_ms\":40.000,\"dns_ms\":0.001,\"connect_"
                 "ms\":1.500,\"tls_ms\":0.000,"
                 "\"first_byte_ms\":2000.000,\"total_ms\":2000.001},"
                 "\"connection_reused\":true,\"generation\":7,"
                 "\"trace\":[{\"at_ms\":1.250,\"kind\":\"log\"}]}"));
    done(&b, &q);
}

TEST(an_attempt_without_an_answer_has_no_response)
{
    bench b;
    pl_query q;
    pl_attempt a = {.number = 1, .outcome = "dns", .stage = "send", .url = PL_SLICE("http://h/")};
    pl_slice got = shown(&b, &a, &q);
    CHECK_EQ_SLICE(pl_json_find(got, PL_SLICE("response")), PL_SLICE("null"));
    CHECK_EQ_SLICE(pl_json_find(got, PL_SLICE("variables")), PL_SLICE("null"));
    CHECK_EQ_SLICE(pl_json_find(got, PL_SLICE("error")), PL_SLICE("null"));
    CHECK_EQ_SLICE(pl_json_find(got, PL_SLICE("request.body")), PL_SLICE("\"\""));
    CHECK_EQ_SLICE(pl_json_find(got, PL_SLICE("request.headers")), PL_SLICE("[]"));
    done(&b, &q);
}

TEST(an_attempt_that_was_not_rendered_has_no_request)
{
    bench b;
    pl_query q;
    pl_attempt a = {.number = 1, .outcome = "script", .stage = "render"};
    CHECK_EQ_SLICE(pl_json_find(shown(&b, &a, &q), PL_SLICE("request")), PL_SLICE("null"));
    done(&b, &q);
}

/* Expected texts: coreutils' base64. */
TEST(a_body_that_is_not_utf8_is_shown_in_base64)
{
    static const struct {
        pl_slice body;
        const char *wanted;
    } cases[] = {
        {{"\xff", 1}, "{\"base64\":\"/w==\"}"},
        {{"\xff\x00", 2}, "{\"base64\":\"/wA=\"}"},
        {{"\x00\xff\x10", 3}, "{\"base64\":\"AP8Q\"}"},
        {{"ab\xc3", 3}, "{\"base64\":\"YWLD\"}"},             /* cut in a character */
        {{"ab\xed\xa0\x80", 5}, "{\"base64\":\"YWLtoIA=\"}"}, /* a surrogate */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b;
        pl_query q;
        pl_attempt a = attempt_of(1, "ok", 200);
        a.response_body = cases[i].body;
        a.response_body_bytes = cases[i].body.len;
        CHECK_EQ_SLICE(pl_json_find(shown(&b, &a, &q), PL_SLICE("response.body")),
                       pl_slice_of(cases[i].wanted));
        done(&b, &q);
    }
}

int main(void)
{
    return RUN(CASE(an_attempt_comes_out_as_it_went_in),
               CASE(an_attempt_without_an_answer_has_no_response),
               CASE(an_attempt_that_was_not_rendered_has_no_request),
               CASE(a_body_that_is_not_utf8_is_shown_in_base64));
}
