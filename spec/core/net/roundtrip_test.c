/* SPDX-License-Identifier: MIT
 *
 * Requests and answers on a link, against a peer that says exactly what a test has it say. */
#include "net/client.h"

#include "net/pair.h"

/* -- cases: what goes out -- */

static void send_large(bool is_tls)
{
    open_with_peer(is_tls);
    exchange x;
    prepare_for(&x, "POST", &p, "/");
    set_body(&x, large(&x.arena, 10 * MB));
    start(&x);
    DRIVE_UNTIL(p.got.len > 0);
    p.is_deaf = true; /* until the client can send no more */
    peer_flush(&p);
    settle();
    CHECK(p.got.len < 10 * MB);
    p.is_deaf = false;
    peer_flush(&p);
    DRIVE_UNTIL(p.got.len > 10 * MB);
    pl_slice body = {p.got.ptr + p.got.len - 10 * MB, 10 * MB};
    CHECK(pl_slice_eq(body, x.request.body));
    peer_say(&p, OK_ANSWER);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    end(&x);
    exchange_ok("/next", true);
    CHECK_EQ_INT(p.accepted, 1);
    close_with_peer();
}

TEST(roundtrip_sends_large_bodies_to_slow_readers)
{
    in_both(send_large);
}

/* In TLS bytes go out before OpenSSL says that it took any. */
static void send_large_head(bool is_tls)
{
    open_with_peer(is_tls);
    exchange x;
    prepare_for(&x, "GET", &p, "/");
    char *value = pl_arena_alloc(&x.arena, 8 * MB + 1);
    memset(value, 'v', 8 * MB);
    value[8 * MB] = '\0';
    set_field(&x, "X-Large", value);
    x.request.timeout_ms = 2000;
    start(&x);
    DRIVE_UNTIL(p.got.len > 0);
    p.is_deaf = true;
    peer_flush(&p);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_TIMEOUT);
    CHECK(x.response.was_sent);
    CHECK_EQ_STR(x.response.error_text,
                 "the time-out of 2000 ms reached while waiting for the answer");
    end(&x);
    close_with_peer();
}

TEST(roundtrip_knows_that_something_was_sent)
{
    in_both(send_large_head);
}

/* -- cases: what comes back -- */

static void receive_large(const char *head, bool is_chunked, bool is_tls)
{
    open_with_peer(is_tls);
    exchange x;
    ask(&x, "/");
    pl_slice body = large(&x.arena, 10 * MB);
    peer_say(&p, pl_slice_of(head));
    if (is_chunked) peer_say(&p, PL_SLICE("a00000\r\n"));
    peer_say(&p, body);
    if (is_chunked) peer_say(&p, PL_SLICE("\r\n0\r\n\r\n"));
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK(pl_slice_eq(x.response.body, body));
    end(&x);
    exchange_ok("/next", true);
    close_with_peer();
}

TEST(roundtrip_receives_large_bodies)
{
    for (int is_tls = 0; is_tls < 2; is_tls++) {
        receive_large("HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n", false, is_tls);
        receive_large("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true, is_tls);
    }
}

static void receive_bytes(bool is_tls)
{
    static const char answer[] =
        "HTTP/1.1 100 Continue\r\n\r\n"
        "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
        "HTTP/1.1 201 Created\r\nX-Late: a\r\n  b\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nok\r\n6;x=y\r\n, too.\r\n0\r\nX-Trailer: t\r\n\r\n";
    open_with_peer(is_tls);
    exchange x;
    ask(&x, "/");
    for (size_t i = 0; i < sizeof answer - 1; i++) {
        CHECK_EQ_INT(x.done, 0);
        peer_say(&p, (pl_slice){answer + i, 1});
        settle();
    }
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_INT(x.response.status, 201);
    CHECK_EQ_SLICE(x.response.body, PL_SLICE("ok, too."));
    CHECK(x.response.fields && x.response.fields->next && x.response.fields->next->next == NULL);
    CHECK_EQ_SLICE(pl_fields_find(x.response.fields, PL_SLICE("X-Late"))->value, PL_SLICE("a b"));
    end(&x);
    exchange_ok("/next", true);
    close_with_peer();
}

TEST(roundtrip_takes_an_answer_byte_by_byte)
{
    in_both(receive_bytes);
}

static void receive_without_body(bool is_tls)
{
    static const struct {
        const char *method, *answer;
    } cases[] = {
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"},
        {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"},
        {"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
        {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Encoding: gzip\r\n\r\n"},
    };
    open_with_peer(is_tls);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        exchange x;
        pl_buf_clear(&p.got);
        prepare_for(&x, cases[i].method, &p, "/");
        start(&x);
        DRIVE_UNTIL(peer_has(&p, "\r\n\r\n"));
        peer_say(&p, pl_slice_of(cases[i].answer));
        finish(&x);
        CHECK_EQ_INT(x.code, 0);
        CHECK_EQ_INT(x.response.body.len, 0);
        CHECK_EQ_INT(x.response.connection_reused, i > 0);
        end(&x);
    }
    CHECK_EQ_INT(p.accepted, 1);
    close_with_peer();
}

TEST(roundtrip_knows_answers_without_a_body)
{
    in_both(receive_without_body);
}

/* -- cases: an answer before all was sent -- */

enum { STAYS, HANGS_UP, RESETS };

static void refuse_early(int and_then, bool is_tls)
{
    open_with_peer(is_tls);
    exchange x;
    prepare_for(&x, "POST", &p, "/");
    set_body(&x, large(&x.arena, 10 * MB));
    start(&x);
    DRIVE_UNTIL(p.got.len > 0);
    p.is_deaf = true;
    peer_flush(&p);
    settle();
    peer_say(&p, PL_SLICE("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"));
    if (and_then == HANGS_UP) peer_hang_up(&p);
    if (and_then == RESETS) peer_reset(&p);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_INT(x.response.status, 413);
    CHECK_EQ_SLICE(x.response.body, PL_SLICE("no"));
    CHECK(x.response.was_sent);
    end(&x);
    p.is_deaf = false;
    exchange_ok("/next", false);
    CHECK_EQ_INT(p.accepted, 2);
    close_with_peer();
}

TEST(roundtrip_takes_a_final_answer_while_it_sends)
{
    for (int is_tls = 0; is_tls < 2; is_tls++) {
        refuse_early(STAYS, is_tls);
        refuse_early(HANGS_UP, is_tls);
        refuse_early(RESETS, is_tls);
    }
}

/* -- cases: ends in every state -- */

/* Brings a transfer there; what a time-out says then. */
typedef struct state {
    void (*enter)(exchange *x);
    const char *said;
    bool needs_tls;
} state;

static void enter_start(exchange *x)
{
    start(x);
}

static void enter_handshake(exchange *x)
{
    p.is_deaf = true;
    start(x);
    DRIVE_UNTIL(p.accepted == 1);
    settle();
}

static void enter_sending(exchange *x)
{
    set_body(x, large(&x->arena, 10 * MB));
    start(x);
    DRIVE_UNTIL(p.got.len > 0);
    p.is_deaf = true;
    peer_flush(&p);
    settle();
}

static void enter_waiting(exchange *x)
{
    start(x);
    DRIVE_UNTIL(peer_has(&p, "\r\n\r\n"));
}

static void say_part(exchange *x, pl_slice part)
{
    enter_waiting(x);
    peer_say(&p, part);
    settle();
}

static void enter_head(exchange *x)
{
    say_part(x, PL_SLICE("HTTP/1.1 200 OK\r\nContent-Le"));
}

static void enter_body(exchange *x)
{
    say_part(x, PL_SLICE("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbo"));
}

/* A member that has begun. */
static void enter_coding(exchange *x)
{
    say_part(x, PL_SLICE("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
                         "\x1f\x8b\x08\0\0\0\0\0\x02\x03\xed"));
}

static const state states[] = {
    {enter_start, NULL, false},
    {enter_handshake, "agreeing on TLS", true},
    {enter_sending, "waiting for the answer", false},
    {enter_waiting, "waiting for the answer", false},
    {enter_head, "receiving the answer", false},
    {enter_body, "receiving the answer", false},
    {enter_coding, "receiving the answer", false},
};

static void cancel_transfer(exchange *x)
{
    pl_transfer_cancel(x->transfer);
    CHECK_EQ_INT(pl_counter_get(&pl_client_metrics_of(client)->in_flight), 0);
    p.is_deaf = false;
    peer_flush(&p);
    exchange_ok("/next", false);
    CHECK_EQ_INT(x->done, 0);
}

static void free_client(exchange *x)
{
    pl_client_free(client);
    settle();
    CHECK_EQ_INT(x->done, 0);
    open_client();
}

static const char *said;

static void time_out(exchange *x)
{
    char text[100];
    finish(x);
    CHECK_EQ_INT(x->code, PL_E_TIMEOUT);
    snprintf(text, sizeof text, "the time-out of 300 ms reached while %s", said);
    CHECK_EQ_STR(x->response.error_text, text);
    p.is_deaf = false;
    peer_flush(&p);
    exchange_ok("/next", false);
}

static void end_in_every_state(void (*how)(exchange *x), int64_t timeout_ms, bool is_tls)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (states[i].needs_tls && !is_tls) continue;
        if (states[i].said == NULL && how == time_out) continue;
        open_with_peer(is_tls);
        exchange x;
        prepare_for(&x, "POST", &p, "/");
        x.request.timeout_ms = timeout_ms;
        states[i].enter(&x);
        said = states[i].said;
        how(&x);
        end(&x);
        close_with_peer();
    }
}

TEST(roundtrip_is_cancelled_in_every_state)
{
    end_in_every_state(cancel_transfer, 8000, false);
    end_in_every_state(cancel_transfer, 8000, true);
}

TEST(roundtrip_goes_with_its_client_in_every_state)
{
    end_in_every_state(free_client, 8000, false);
    end_in_every_state(free_client, 8000, true);
}

TEST(roundtrip_times_out_in_every_state)
{
    end_in_every_state(time_out, 300, false);
    end_in_every_state(time_out, 300, true);
}

static int run(void)
{
    return RUN(CASE(roundtrip_sends_large_bodies_to_slow_readers),
               CASE(roundtrip_knows_that_something_was_sent), CASE(roundtrip_receives_large_bodies),
               CASE(roundtrip_takes_an_answer_byte_by_byte),
               CASE(roundtrip_knows_answers_without_a_body),
               CASE(roundtrip_takes_a_final_answer_while_it_sends),
               CASE(roundtrip_is_cancelled_in_every_state),
               CASE(roundtrip_goes_with_its_client_in_every_state),
               CASE(roundtrip_times_out_in_every_state));
}

int main(void)
{
    return pair_main(run);
}
