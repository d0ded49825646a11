/* SPDX-License-Identifier: MIT */
#include "flow/trace.h"

#include "base/err.h"
#include "base/json.h"
#include "base/secret.h"
#include "test.h"

static uint64_t now_us;
static enum pl_stage stage;
static pl_arena arena;
static pl_trace t;

static uint64_t clock_us(void)
{
    return now_us;
}

static void open_trace(size_t limit_bytes)
{
    stage = PL_STAGE_RENDER;
    now_us = 5000250;
    pl_arena_init(&arena);
    t = (pl_trace){.arena = &arena,
                   .stage = &stage,
                   .monotonic_us = clock_us,
                   .began_us = 5000000,
                   .limit_bytes = limit_bytes};
}

static pl_slice json(void)
{
    pl_slice text = pl_trace_json(&t);
    CHECK_EQ_INT(pl_json_check(text, 8, NULL), 0);
    return text;
}

static const pl_log_field no_fields[] = {{0}};

TEST(a_run_that_does_nothing_has_an_empty_trace_and_takes_no_memory)
{
    open_trace(1000);
    CHECK_EQ_INT(pl_trace_json(&t).len, 0);
    CHECK_EQ_INT(arena.used_bytes, 0);
    pl_arena_fini(&arena);
}

TEST(entries_stand_in_the_order_in_which_they_happened)
{
    open_trace(10000);
    pl_trace_log(&t, PL_LOG_WARN, PL_SLICE("odd"),
                 (const pl_log_field[]){PL_LOG_STR("a", "x\n"), PL_LOG_INT("n", -3), {0}});
    now_us += 1000;
    stage = PL_STAGE_AUTHENTICATE;
    pl_trace_note(&t, PL_SLICE("signed"), PL_SLICE("{\"n\":1.0}"));
    pl_trace_note(&t, PL_SLICE("plain"), PL_NO_SLICE);
    pl_trace_cache(&t, PL_SLICE("token"), PL_NO_SLICE, 20);
    pl_trace_cache(&t, PL_SLICE("token"), PL_SLICE("no answer"), 2000000);
    CHECK_EQ_SLICE(
        json(), PL_SLICE("[{\"at_ms\":0.250,\"stage\":\"render\",\"kind\":\"log\","
                         "\"level\":\"warn\",\"message\":\"odd\","
                         "\"fields\":{\"a\":\"x\\n\",\"n\":-3}},"
                         "{\"at_ms\":1.250,\"stage\":\"authenticate\",\"kind\":\"trace\","
                         "\"message\":\"signed\",\"fields\":{\"n\":1.0}},"
                         "{\"at_ms\":1.250,\"stage\":\"authenticate\",\"kind\":\"trace\","
                         "\"message\":\"plain\"},"
                         "{\"at_ms\":1.250,\"stage\":\"authenticate\",\"kind\":\"cache\","
                         "\"key\":\"token\",\"error\":null,\"duration_ms\":0.020},"
                         "{\"at_ms\":1.250,\"stage\":\"authenticate\",\"kind\":\"cache\","
                         "\"key\":\"token\",\"error\":\"no answer\",\"duration_ms\":2000.000}]"));
    pl_arena_fini(&arena);
}

TEST(a_request_shows_its_answer_or_why_there_is_none)
{
    open_trace(10000);
    pl_request request = {.method = PL_SLICE("POST"),
                          .url = PL_SLICE("https://id.example/token"),
                          .body = PL_SLICE("a=1")};
    pl_response response = {.status = 200, .body = PL_SLICE("{}"), .connection_reused = true};
    pl_trace_http(&t, &(pl_trace_request){&request, &response, 0, 12345});
    response = (pl_response){.error_text = "nothing listens there"};
    pl_trace_http(&t, &(pl_trace_request){&request, &response, PL_E_CONNECT, 1});
    CHECK_EQ_SLICE(json(), PL_SLICE("[{\"at_ms\":0.250,\"stage\":\"render\",\"kind\":\"http\","
                                    "\"method\":\"POST\",\"url\":\"https://id.example/token\","
                                    "\"status\":200,\"error\":null,\"error_text\":null,"
                                    "\"duration_ms\":12.345,\"connection_reused\":true,"
                                    "\"sent_bytes\":3,\"received_bytes\":2},"
                                    "{\"at_ms\":0.250,\"stage\":\"render\",\"kind\":\"http\","
                                    "\"method\":\"POST\",\"url\":\"https://id.example/token\","
                                    "\"status\":null,\"error\":\"connect\","
                                    "\"error_text\":\"nothing listens there\","
                                    "\"duration_ms\":0.001,\"connection_reused\":false,"
                                    "\"sent_bytes\":3,\"received_bytes\":0}]"));
    pl_arena_fini(&arena);
}

TEST(what_does_not_fit_is_counted_and_nothing_comes_after_it)
{
    open_trace(200);
    pl_trace_note(&t, PL_SLICE("first"), PL_NO_SLICE); /* 66 bytes and a comma */
    pl_trace_note(&t,
                  PL_SLICE("second, which is so long that there is no place left for it, "
                           "though there would be for a shorter one, if it were let in"),
                  PL_NO_SLICE);
    pl_trace_note(&t, PL_SLICE("third"), PL_NO_SLICE);
    pl_trace_log(&t, PL_LOG_INFO, PL_SLICE("fourth"), no_fields);
    size_t used = arena.used_bytes;
    pl_trace_cache(&t, PL_SLICE("k"), PL_NO_SLICE, 1);
    CHECK_EQ_INT(arena.used_bytes, used);
    CHECK_EQ_SLICE(json(), PL_SLICE("[{\"at_ms\":0.250,\"stage\":\"render\",\"kind\":\"trace\","
                                    "\"message\":\"first\"},"
                                    "{\"kind\":\"left_out\",\"entries\":4}]"));
    pl_arena_fini(&arena);
}

TEST(the_limit_is_of_the_entries_with_their_commas)
{
    for (size_t limit = 120; limit < 140; limit++) {
        open_trace(limit);
        for (int i = 0; i < 2; i++)
            pl_trace_note(&t, PL_SLICE("first"), PL_NO_SLICE);
        size_t entry = sizeof "{\"at_ms\":0.250,\"stage\":\"render\",\"kind\":\"trace\","
                              "\"message\":\"first\"}," -
                       1;
        CHECK_EQ_INT(t.left_out, limit < 2 * entry);
        pl_arena_fini(&arena);
    }
}

TEST(a_first_round_is_never_left_out)
{
    open_trace(1);
    pl_trace_note(&t, PL_SLICE("left out"), PL_NO_SLICE);
    stage = PL_STAGE_SEND;
    pl_response first = {.status = 401,
                         .timings = {.total_us = 1500},
                         .connection_reused = true,
                         .peer = "192.0.2.1:443"};
    pl_trace_round(&t, &first);
    CHECK_EQ_SLICE(json(), PL_SLICE("[{\"at_ms\":0.250,\"stage\":\"send\",\"kind\":\"round\","
                                    "\"status\":401,\"duration_ms\":1.500,"
                                    "\"connection_reused\":true,\"peer\":\"192.0.2.1:443\"},"
                                    "{\"kind\":\"left_out\",\"entries\":1}]"));
    pl_arena_fini(&arena);
}

TEST(a_limit_of_nothing_and_no_trace_at_all_keep_nothing)
{
    open_trace(0);
    pl_trace_note(&t, PL_SLICE("x"), PL_NO_SLICE);
    pl_trace_note(NULL, PL_SLICE("x"), PL_NO_SLICE);
    pl_trace_log(NULL, PL_LOG_INFO, PL_SLICE("x"), no_fields);
    pl_trace_cache(NULL, PL_SLICE("x"), PL_NO_SLICE, 1);
    pl_trace_http(NULL, NULL);
    CHECK_EQ_INT(pl_trace_json(&t).len, 0);
    pl_arena_fini(&arena);
}

TEST(secrets_are_masked_wherever_they_stand)
{
    open_trace(10000);
    pl_secret_register(PL_SLICE("hunter2\"x"));
    pl_secret_register(PL_SLICE("123456"));
    const pl_log_field fields[] = {PL_LOG_STR("key", "is hunter2\"x!"), {0}};
    pl_trace_log(&t, PL_LOG_INFO, PL_SLICE("hunter2\"x"), fields);
    pl_trace_note(&t, PL_SLICE("hunter2\"x"), PL_SLICE("{\"n\":123456,\"s\":\"hunter2\\\"x\"}"));
    pl_trace_cache(&t, PL_SLICE("hunter2\"x"), PL_SLICE("hunter2\"x"), 1);
    pl_request request = {.method = PL_SLICE("GET"), .url = PL_SLICE("http://h/?k=hunter2%22x")};
    pl_response response = {.error_text = "hunter2\"x"};
    pl_trace_http(&t, &(pl_trace_request){&request, &response, PL_E_DNS, 1});
    pl_slice text = json();
    CHECK(memmem(text.ptr, text.len, "hunter2", 7) == NULL);
    CHECK_EQ_SLICE(pl_json_find(text, PL_SLICE("0.fields")), PL_SLICE("{\"key\":\"is ***!\"}"));
    CHECK_EQ_SLICE(pl_json_find(text, PL_SLICE("1.fields")),
                   PL_SLICE("{\"n\":\"***\",\"s\":\"***\"}"));
    CHECK_EQ_SLICE(pl_json_find(text, PL_SLICE("3.url")), PL_SLICE("\"http://h/?k=***\""));
    pl_arena_fini(&arena);
}

TEST(a_log_line_says_whose_run_it_is)
{
    char id[PL_UUID_TEXT + 1];
    pl_log_field fields[PL_TRACE_ABOUT];
    open_trace(100);
    CHECK_EQ_INT(pl_trace_about(&t, id, fields), 0);
    t.subject = (pl_trace_subject){.connector = PL_SLICE("shop"),
                                   .webhook = PL_SLICE("paid"),
                                   .kind = "delivery",
                                   .id = {{1, 2}},
                                   .attempt = 3};
    CHECK_EQ_INT(pl_trace_about(&t, id, fields), 4);
    CHECK_EQ_STR(fields[0].key, "delivery");
    CHECK_EQ_SLICE(fields[0].text, PL_SLICE("01020000-0000-0000-0000-000000000000"));
    CHECK_EQ_SLICE(fields[1].text, PL_SLICE("shop"));
    CHECK_EQ_SLICE(fields[2].text, PL_SLICE("paid"));
    CHECK_EQ_STR(fields[3].key, "attempt");
    CHECK_EQ_INT(fields[3].number, 3);
    pl_arena_fini(&arena);
}

int main(void)
{
    return RUN(CASE(a_run_that_does_nothing_has_an_empty_trace_and_takes_no_memory),
               CASE(entries_stand_in_the_order_in_which_they_happened),
               CASE(a_request_shows_its_answer_or_why_there_is_none),
               CASE(what_does_not_fit_is_counted_and_nothing_comes_after_it),
               CASE(the_limit_is_of_the_entries_with_their_commas),
               CASE(a_first_round_is_never_left_out),
               CASE(a_limit_of_nothing_and_no_trace_at_all_keep_nothing),
               CASE(secrets_are_masked_wherever_they_stand), CASE(a_log_line_says_whose_run_it_is));
}
