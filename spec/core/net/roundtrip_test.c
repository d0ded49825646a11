/* SPDX-License-Identifier: MIT
 *
 * Requests and answers on links, those that are kept and those that end, against peers that say
 * exactly what a test has them say, plain and in TLS. */
#include "net/client.h"

#include "base/err.h"
#include "net/exchange.h"
#include "net/peer.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#define MB (1 << 20)

static pl_loop *loop;
static pl_egress *egress;
static peer p; /* of most tests */
static char ca_file[] = "/tmp/perilune-roundtrip-XXXXXX";
static SSL_CTX *tls;
static int descriptors_before;

/* -- time, which can be made to pass -- */

static int clock_shift_s;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    now->tv_sec += clock_shift_s;
    return result;
}

/* -- the world -- */

static void open_client(void)
{
    client = pl_client_new(loop, &(pl_client_config){.egress = egress,
                                                     .max_response_bytes = 20 * MB,
                                                     .max_response_header_bytes = 5000,
                                                     .ca_file = ca_file});
}

static void open_world(void)
{
    descriptors_before = world_descriptors();
    loop = world_open();
    egress = guard((const char *[]){"127.0.0.1"}, 1);
    open_client();
}

static void close_world(void)
{
    pl_client_free(client);
    pl_egress_free(egress);
    world_close();
    CHECK_EQ_INT(world_descriptors(), descriptors_before);
}

static void open_with_peer(bool is_tls)
{
    open_world();
    p = (peer){.tls = is_tls ? tls : NULL};
    peer_open(&p);
}

static void close_with_peer(void)
{
    peer_close(&p);
    close_world();
}

static void prepare_for(exchange *x, const char *method, const peer *to, const char *path)
{
    prepare(x, method, peer_port(to), path);
    if (to->tls)
        x->request.url =
            pl_slice_of(pl_arena_printf(&x->arena, "https://127.0.0.1:%d%s", peer_port(to), path));
}

/* Time for what is on its way; no test is wrong when it needs more. */
static void settle(void)
{
    for (int i = 0; i < 20; i++)
        ev_run(pl_loop_ev(loop), EVRUN_NOWAIT);
}

static void wait_ms(uint64_t ms)
{
    uint64_t until = pl_monotonic_us() + ms * 1000;
    DRIVE_UNTIL(pl_monotonic_us() >= until);
}

#define OK_ANSWER PL_SLICE("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

/* Sends a request, and gives when the peer has it. */
static void ask(exchange *x, const char *path)
{
    pl_buf_clear(&p.got);
    prepare_for(x, "GET", &p, path);
    start(x);
    DRIVE_UNTIL(peer_has(&p, "\r\n\r\n"));
}

static void exchange_ok(const char *path, bool is_reused)
{
    exchange x;
    ask(&x, path);
    peer_say(&p, OK_ANSWER);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_SLICE(x.response.body, PL_SLICE("ok"));
    CHECK_EQ_INT(x.response.connection_reused, is_reused);
    end(&x);
}

/* Bytes of which none can be taken for another. */
static pl_slice large(pl_arena *arena, size_t len)
{
    char *bytes = pl_arena_alloc(arena, len);
    uint32_t state = 1;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)((state = state * 1664525 + 1013904223) >> 24);
    return (pl_slice){bytes, len};
}

static void in_both(void (*test)(bool is_tls))
{
    test(false);
    test(true);
}

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
    x.request.timeout_ms = 400;
    start(&x);
    DRIVE_UNTIL(p.got.len > 0);
    p.is_deaf = true;
    peer_flush(&p);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_TIMEOUT);
    CHECK(x.response.was_sent);
    CHECK_EQ_STR(x.response.error_text,
                 "the time-out of 400 ms reached while waiting for the answer");
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

/* -- cases: links that are not used again -- */

static void say_more(pl_slice answer, pl_slice more, bool is_tls)
{
    open_with_peer(is_tls);
    exchange x;
    ask(&x, "/");
    peer_say(&p, answer);
    peer_say(&p, more);
    peer_wait_for_delivery(&p);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    end(&x);
    exchange_ok("/next", false); /* at once: the loop did not wait meanwhile */
    CHECK_EQ_INT(p.accepted, 2);
    close_with_peer();
}

static const struct {
    const char *answer, *more;
} unclean[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\n"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "!"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!", ""},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "\r\n"},
    {"HTTP/1.1 204 No Content\r\n\r\n", "body"},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n", ""},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", ""},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", ""},
};

TEST(roundtrip_does_not_use_a_link_again_that_has_more_to_say)
{
    for (int is_tls = 0; is_tls < 2; is_tls++) {
        for (size_t i = 0; i < sizeof unclean / sizeof *unclean; i++)
            say_more(pl_slice_of(unclean[i].answer), pl_slice_of(unclean[i].more), is_tls);
    }
}

/* The answer fills what is received at once to the last byte, so more is still in the socket when
 * the next request looks for a link. */
TEST(roundtrip_looks_at_a_link_that_was_kept_just_now)
{
    pl_arena arena;
    pl_arena_init(&arena);
    char *answer = pl_arena_alloc(&arena, 65536);
    memset(answer, 'b', 65536);
    pl_slice head = PL_SLICE("HTTP/1.1 200 OK\r\nContent-Length: 65494\r\n\r\n");
    CHECK_EQ_INT(head.len + 65494, 65536);
    memcpy(answer, head.ptr, head.len);
    say_more((pl_slice){answer, 65536}, PL_SLICE("HTTP/1.1 200 Wrong\r\n"), false);
    pl_arena_fini(&arena);
}

/* The client closes its side, too, before a request is sent on it: one that goes once is better than
 * one that goes again. */
static void end_while_idle(void (*how)(peer *p), bool is_tls)
{
    open_with_peer(is_tls);
    exchange_ok("/", false);
    int open = world_descriptors();
    how(&p);
    DRIVE_UNTIL(world_descriptors() == open - 2);
    exchange_ok("/next", false);
    CHECK_EQ_INT(p.accepted, 2);
    CHECK_EQ_INT(pl_counter_get(&pl_client_metrics_of(client)->connections_reused), 0);
    close_with_peer();
}

TEST(roundtrip_sees_that_a_kept_link_has_ended)
{
    for (int is_tls = 0; is_tls < 2; is_tls++) {
        end_while_idle(peer_hang_up, is_tls);
        end_while_idle(peer_cut, is_tls);
        end_while_idle(peer_reset, is_tls);
    }
}

TEST(roundtrip_leaves_session_tickets_to_openssl)
{
    open_with_peer(true);
    exchange_ok("/", false);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ_INT(SSL_new_session_ticket(p.ssl), 1);
        CHECK_EQ_INT(SSL_do_handshake(p.ssl), 1);
        if (i > 0) settle();
        exchange_ok("/with-tickets", true);
    }
    CHECK_EQ_INT(p.accepted, 1);
    SSL_shutdown(p.ssl); /* a farewell, and the connection stays */
    DRIVE_UNTIL(p.is_over);
    exchange_ok("/after-the-farewell", false);
    close_with_peer();
}

/* -- cases: a kept link that ends while a request goes out on it -- */

/* The second request has been sent, on the link of the first one. */
static void ask_again(exchange *x, bool is_read)
{
    exchange_ok("/first", false);
    pl_buf_clear(&p.got);
    prepare_for(x, "POST", &p, "/second");
    set_body(x, PL_SLICE("the body"));
    start(x);
    if (is_read) DRIVE_UNTIL(peer_has(&p, "the body"));
}

static void repeat(int how, bool is_tls)
{
    open_with_peer(is_tls);
    exchange x;
    ask_again(&x, how == HANGS_UP);
    peer_cut(&p); /* with the request in its socket, it is a reset */
    pl_buf_clear(&p.got);
    DRIVE_UNTIL(peer_has(&p, "the body"));
    peer_say(&p, OK_ANSWER);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK(!x.response.connection_reused);
    CHECK(x.response.was_sent);
    const pl_timings *t = &x.response.timings;
    CHECK(t->connect_us > 0 && t->first_byte_us >= t->connect_us &&
          t->total_us >= t->first_byte_us);
    CHECK_EQ_INT(t->tls_us > 0, is_tls);
    CHECK_EQ_INT(p.accepted, 2);
    end(&x);
    close_with_peer();
}

TEST(roundtrip_goes_again_where_a_kept_link_ended)
{
    for (int is_tls = 0; is_tls < 2; is_tls++) {
        repeat(HANGS_UP, is_tls);
        repeat(RESETS, is_tls);
    }
}

static void repeat_once(bool is_tls)
{
    open_with_peer(is_tls);
    exchange x;
    ask_again(&x, true);
    peer_cut(&p);
    pl_buf_clear(&p.got);
    DRIVE_UNTIL(peer_has(&p, "the body"));
    peer_cut(&p);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_RESET);
    CHECK(x.response.was_sent);
    CHECK_EQ_INT(p.accepted, 2);
    end(&x);
    close_with_peer();
}

TEST(roundtrip_does_not_go_a_third_time)
{
    in_both(repeat_once);
}

static void do_not_repeat(bool is_tls)
{
    open_with_peer(is_tls);
    exchange x;
    ask_again(&x, true);
    peer_say(&p, PL_SLICE("H"));
    peer_cut(&p);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_RESET);
    CHECK_EQ_INT(p.accepted, 1);
    end(&x);
    close_with_peer();
}

TEST(roundtrip_does_not_go_again_once_there_is_an_answer)
{
    in_both(do_not_repeat);
}

TEST(roundtrip_counts_time_from_the_first_attempt)
{
    open_with_peer(false);
    exchange x;
    exchange_ok("/first", false);
    prepare_for(&x, "GET", &p, "/second");
    x.request.timeout_ms = 700;
    start(&x);
    wait_ms(500);
    peer_cut(&p);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_TIMEOUT);
    CHECK_EQ_STR(x.response.error_text,
                 "the time-out of 700 ms reached while waiting for the answer");
    CHECK(x.response.timings.connect_us >= 490000);
    CHECK(x.response.timings.total_us >= 690000 && x.response.timings.total_us < 1200000);
    CHECK_EQ_INT(p.accepted, 2);
    end(&x);
    close_with_peer();
}

TEST(roundtrip_remembers_that_it_was_sent_before)
{
    open_with_peer(false);
    exchange x;
    ask_again(&x, true);
    shutdown(p.listener, SHUT_RDWR);
    peer_cut(&p);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_CONNECT);
    CHECK(x.response.was_sent);
    end(&x);
    close_with_peer();
}

/* -- cases: libcurl beside it -- */

/* Two minutes pass while an answer is awaited. */
static void open_beside_an_old_one(bool is_tls)
{
    open_with_peer(is_tls);
    exchange x, y;
    prepare_for(&x, "GET", &p, "/");
    x.request.timeout_ms = 0;
    start(&x);
    DRIVE_UNTIL(peer_has(&p, "\r\n\r\n"));
    clock_shift_s += 120;
    prepare(&y, "GET", 1, "/"); /* where nobody is */
    start(&y);
    finish(&y);
    CHECK_EQ_INT(y.code, PL_E_CONNECT);
    peer_say(&p, OK_ANSWER);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_SLICE(x.response.body, PL_SLICE("ok"));
    end(&x);
    end(&y);
    exchange_ok("/next", true);
    close_with_peer();
}

static exchange beside;

static void open_another_and_hang_up(void *arg, int code)
{
    on_done(arg, code);
    start(&beside);
    peer_hang_up(&p);
}

/* An answer ends with its connection just when another is opened. */
static void open_beside_an_ending_one(bool is_tls)
{
    open_with_peer(is_tls);
    peer other = {0};
    peer_open(&other);
    exchange x, y;
    ask(&x, "/");
    peer_say(&p, PL_SLICE("HTTP/1.1 200 OK\r\n\r\nall"));
    prepare_for(&y, "GET", &other, "/");
    pl_client_send(client, &y.request, &y.response, &y.arena, open_another_and_hang_up, &y);
    DRIVE_UNTIL(peer_has(&other, "\r\n\r\n"));
    clock_shift_s += 2;
    prepare(&beside, "GET", 1, "/");
    peer_say(&other, OK_ANSWER);
    finish(&y);
    finish(&beside);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_SLICE(x.response.body, PL_SLICE("all"));
    end(&x);
    end(&y);
    end(&beside);
    peer_close(&other);
    close_with_peer();
}

/* libcurl looks after its connections when it opens another and a second has passed. */
TEST(roundtrip_is_not_disturbed_by_others_that_are_opened)
{
    in_both(open_beside_an_old_one);
    in_both(open_beside_an_ending_one);
}

/* What libcurl carries has connections of its own. */
static void carry_beside(bool is_tls)
{
    open_with_peer(is_tls);
    exchange x;
    exchange_ok("/plain", false);
    pl_buf_clear(&p.got);
    prepare_for(&x, "GET", &p, "/carried");
    pl_request_set_auth(&x.request, &x.arena,
                        (pl_auth){PL_AUTH_DIGEST, PL_SLICE("u"), PL_SLICE("p")});
    start(&x);
    DRIVE_UNTIL(peer_has(&p, "\r\n\r\n"));
    peer_say(&p, PL_SLICE("HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Digest "
                          "realm=\"r\", qop=\"auth\", nonce=\"n\"\r\n\r\n"));
    DRIVE_UNTIL(peer_has(&p, "Authorization: Digest "));
    peer_say(&p, OK_ANSWER);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_INT(p.accepted, 2);
    end(&x);
    exchange_ok("/plain", false); /* the peer has let the first one go */
    CHECK(!peer_has(&p, "Authorization"));
    CHECK_EQ_INT(p.accepted, 3);
    prepare_for(&x, "GET", &p, "/coded");
    set_field(&x, "Accept-Encoding", "br");
    pl_buf_clear(&p.got);
    start(&x);
    DRIVE_UNTIL(peer_has(&p, "Accept-Encoding: br\r\n"));
    peer_say(&p, OK_ANSWER);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_INT(p.accepted, 4);
    end(&x);
    close_with_peer();
}

TEST(roundtrip_shares_nothing_with_what_libcurl_carries)
{
    in_both(carry_beside);
}

/* -- cases: ways -- */

static char *certificate_text(pl_arena *arena)
{
    char text[4096];
    FILE *f = fopen(ca_file, "r");
    size_t len = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f) fclose(f);
    text[len] = '\0';
    return pl_arena_printf(arena, "%s", text);
}

TEST(roundtrip_keeps_links_of_other_authorities_apart)
{
    open_with_peer(true);
    exchange_ok("/", false);
    for (int i = 0; i < 3; i++) {
        exchange x;
        prepare_for(&x, "GET", &p, "/");
        const char *text = certificate_text(&x.arena);
        x.request.tls.ca =
            pl_slice_of(i == 0 ? text : pl_arena_printf(&x.arena, "%s\nanother\n", text));
        pl_buf_clear(&p.got);
        start(&x);
        DRIVE_UNTIL(peer_has(&p, "\r\n\r\n"));
        peer_say(&p, OK_ANSWER);
        finish(&x);
        CHECK_EQ_INT(x.code, 0);
        CHECK_EQ_INT(x.response.connection_reused, i == 2);
        end(&x);
    }
    CHECK_EQ_INT(p.accepted, 3);
    close_with_peer();
}

static void prepare_proxied(exchange *x, const char *user, const char *password, bool is_socks)
{
    prepare(x, "GET", 1, "/in-a-tunnel");
    x->request.has_proxy = true;
    x->request.proxy =
        (pl_proxy){pl_slice_of(pl_arena_printf(&x->arena, "%s://127.0.0.1:%d",
                                               is_socks ? "socks5h" : "http", peer_port(&p))),
                   pl_slice_of(user), pl_slice_of(password)};
    pl_buf_clear(&p.got);
    start(x);
}

static void end_proxied(exchange *x, bool is_reused)
{
    DRIVE_UNTIL(peer_has(&p, "GET /in-a-tunnel HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"));
    DRIVE_UNTIL(peer_has(&p, "\r\n\r\n"));
    CHECK(!peer_has(&p, "Proxy-Authorization"));
    peer_say(&p, OK_ANSWER);
    finish(x);
    CHECK_EQ_INT(x->code, 0);
    CHECK_EQ_INT(x->response.connection_reused, is_reused);
    end(x);
}

static void go_by_proxy(const char *user, const char *password, bool is_reused)
{
    exchange x;
    prepare_proxied(&x, user, password, false);
    if (!is_reused) {
        DRIVE_UNTIL(peer_has(&p, "\r\n\r\n"));
        CHECK(peer_has(&p, "CONNECT 127.0.0.1:1 HTTP/1.1\r\n"));
        pl_buf_clear(&p.got);
        peer_say(&p, PL_SLICE("HTTP/1.1 200 Connected\r\n\r\n"));
    }
    end_proxied(&x, is_reused);
}

TEST(roundtrip_keeps_tunnels_and_never_those_of_others)
{
    open_with_peer(false);
    go_by_proxy("", "", false);
    go_by_proxy("", "", true);
    go_by_proxy("a", "b c", false);
    go_by_proxy("a", "b c", true);
    go_by_proxy("a b", "c", false);
    CHECK_EQ_INT(p.accepted, 3);
    exchange x;
    prepare_for(&x, "GET", &p, "/straight");
    pl_buf_clear(&p.got);
    start(&x);
    DRIVE_UNTIL(peer_has(&p, "GET /straight "));
    CHECK_EQ_INT(p.accepted, 4);
    pl_transfer_cancel(x.transfer);
    end(&x);
    close_with_peer();
}

TEST(roundtrip_keeps_tunnels_of_socks)
{
    open_with_peer(false);
    for (int i = 0; i < 2; i++) {
        exchange x;
        prepare_proxied(&x, "", "", true);
        if (i == 0) { /* RFC 1928 */
            DRIVE_UNTIL(p.got.len >= 3);
            pl_buf_clear(&p.got);
            peer_say(&p, PL_SLICE("\5\0"));
            DRIVE_UNTIL(p.got.len >= 10);
            pl_buf_clear(&p.got);
            peer_say(&p, PL_SLICE("\5\0\0\1\0\0\0\0\0\0"));
        }
        end_proxied(&x, i > 0);
    }
    CHECK_EQ_INT(p.accepted, 1);
    close_with_peer();
}

static void redirect(bool is_tls)
{
    open_with_peer(is_tls);
    exchange x;
    pl_buf_clear(&p.got);
    prepare_for(&x, "GET", &p, "/a/b");
    x.request.redirects.most = 3;
    start(&x);
    static const char *const hops[][2] = {
        {"GET /a/b ", "../c?d"}, {"GET /c?d ", "/e"}, {"GET /e ", "?f"}};
    for (size_t i = 0; i < 3; i++) {
        char answer[100];
        DRIVE_UNTIL(peer_has(&p, hops[i][0]));
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 4\r\n\r\nbody", hops[i][1]);
        peer_say(&p, pl_slice_of(answer));
    }
    DRIVE_UNTIL(peer_has(&p, "GET /e?f "));
    peer_say(&p, OK_ANSWER);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_SLICE(x.response.body, PL_SLICE("ok"));
    CHECK(x.response.connection_reused);
    CHECK_EQ_INT(p.accepted, 1);
    end(&x);
    close_with_peer();
}

TEST(roundtrip_follows_redirects_on_one_link)
{
    in_both(redirect);
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

static exchange next;

static void cancel_next_and_start_again(void *arg, int code)
{
    on_done(arg, code);
    pl_transfer_cancel(next.transfer);
    end(&next);
    prepare_for(&next, "GET", &p, "/again");
    start(&next);
}

TEST(roundtrip_lets_done_do_what_it_likes)
{
    open_with_peer(false);
    exchange x;
    peer other = {.tls = tls};
    peer_open(&other);
    prepare_for(&next, "GET", &other, "/");
    start(&next);
    DRIVE_UNTIL(peer_has(&other, "\r\n\r\n"));
    prepare_for(&x, "GET", &p, "/");
    pl_client_send(client, &x.request, &x.response, &x.arena, cancel_next_and_start_again, &x);
    DRIVE_UNTIL(peer_has(&p, "\r\n\r\n"));
    peer_say(&p, OK_ANSWER);
    finish(&x);
    DRIVE_UNTIL(peer_has(&p, "/again "));
    peer_say(&p, OK_ANSWER);
    finish(&next);
    CHECK_EQ_INT(next.code, 0);
    CHECK(next.response.connection_reused);
    end(&next);
    end(&x);
    peer_close(&other);
    close_with_peer();
}

int main(void)
{
    pl_client_global_init();
    int fd = mkstemp(ca_file);
    if (fd >= 0) close(fd);
    tls = peer_tls(ca_file);
    int result = RUN(
        CASE(roundtrip_sends_large_bodies_to_slow_readers),
        CASE(roundtrip_knows_that_something_was_sent), CASE(roundtrip_receives_large_bodies),
        CASE(roundtrip_takes_an_answer_byte_by_byte), CASE(roundtrip_knows_answers_without_a_body),
        CASE(roundtrip_takes_a_final_answer_while_it_sends),
        CASE(roundtrip_does_not_use_a_link_again_that_has_more_to_say),
        CASE(roundtrip_looks_at_a_link_that_was_kept_just_now),
        CASE(roundtrip_sees_that_a_kept_link_has_ended),
        CASE(roundtrip_leaves_session_tickets_to_openssl),
        CASE(roundtrip_goes_again_where_a_kept_link_ended),
        CASE(roundtrip_does_not_go_a_third_time),
        CASE(roundtrip_does_not_go_again_once_there_is_an_answer),
        CASE(roundtrip_counts_time_from_the_first_attempt),
        CASE(roundtrip_remembers_that_it_was_sent_before),
        CASE(roundtrip_is_not_disturbed_by_others_that_are_opened),
        CASE(roundtrip_shares_nothing_with_what_libcurl_carries),
        CASE(roundtrip_keeps_links_of_other_authorities_apart),
        CASE(roundtrip_keeps_tunnels_and_never_those_of_others),
        CASE(roundtrip_keeps_tunnels_of_socks), CASE(roundtrip_follows_redirects_on_one_link),
        CASE(roundtrip_is_cancelled_in_every_state),
        CASE(roundtrip_goes_with_its_client_in_every_state),
        CASE(roundtrip_times_out_in_every_state), CASE(roundtrip_lets_done_do_what_it_likes));
    SSL_CTX_free(tls);
    unlink(ca_file);
    return result;
}
