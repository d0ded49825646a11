/* SPDX-License-Identifier: MIT
 *
 * Links that are kept, those that end, and which requests may go by them. */
#include "net/client.h"

#include "net/pair.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>

/* -- time, which can be made to pass -- */

static int clock_shift_s;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    now->tv_sec += clock_shift_s;
    return result;
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

TEST(link_that_has_more_to_say_is_not_used_again)
{
    for (int is_tls = 0; is_tls < 2; is_tls++) {
        for (size_t i = 0; i < sizeof unclean / sizeof *unclean; i++)
            say_more(pl_slice_of(unclean[i].answer), pl_slice_of(unclean[i].more), is_tls);
    }
}

/* The answer fills what is received at once to the last byte, so more is still in the socket when
 * the next request looks for a link. */
TEST(link_that_was_kept_just_now_is_looked_at)
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

TEST(link_that_ended_is_not_used_again)
{
    for (int is_tls = 0; is_tls < 2; is_tls++) {
        end_while_idle(peer_hang_up, is_tls);
        end_while_idle(peer_cut, is_tls);
        end_while_idle(peer_reset, is_tls);
    }
}

TEST(link_leaves_session_tickets_to_openssl)
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

static void repeat(bool is_read, bool is_tls)
{
    open_with_peer(is_tls);
    exchange x;
    ask_again(&x, is_read);
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

TEST(link_that_ends_meanwhile_has_the_request_go_again)
{
    for (int is_tls = 0; is_tls < 2; is_tls++) {
        repeat(true, is_tls);
        repeat(false, is_tls);
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

TEST(link_has_no_request_go_a_third_time)
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

TEST(link_has_no_request_go_again_that_is_answered)
{
    in_both(do_not_repeat);
}

TEST(link_lets_time_count_from_the_first_attempt)
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

TEST(link_has_a_request_know_that_it_was_sent_before)
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
TEST(link_is_not_disturbed_by_others_that_are_opened)
{
    in_both(open_beside_an_old_one);
    in_both(open_beside_an_ending_one);
}

/* Written to when the handshake of the peer is over, and looked at before all else. */
static ev_io first;

static void cut_after_handshake(struct ev_loop *ev, ev_prepare *w, int events)
{
    (void)events;
    uint64_t one = 1;
    if (p.ssl == NULL || !SSL_is_init_finished(p.ssl)) return;
    ev_prepare_stop(ev, w);
    peer_cut(&p);
    CHECK_EQ_INT(write(first.fd, &one, sizeof one), sizeof one);
    usleep(1000); /* for the client to have the end, too, by the time it looks */
}

static void open_another(struct ev_loop *ev, ev_io *io, int events)
{
    (void)events;
    ev_io_stop(ev, io);
    clock_shift_s += 2;
    start(&beside);
}

/* In one round of the loop a handshake is over, its connection ends, and another is to be opened, for
 * which libcurl looks after those that it has. Should they come in two rounds after all, the request
 * was sent in vain. */
TEST(link_that_ends_before_it_is_known_is_opened_again)
{
    open_with_peer(true);
    exchange x;
    ev_prepare after;
    SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION); /* where the server has the last word */
    ev_prepare_init(&after, cut_after_handshake);
    ev_io_init(&first, open_another, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), EV_READ);
    ev_set_priority(&first, EV_MAXPRI);
    ev_prepare_start(pl_loop_ev(loop), &after);
    ev_io_start(pl_loop_ev(loop), &first);
    prepare(&beside, "GET", 1, "/"); /* where nobody is */
    prepare_for(&x, "GET", &p, "/");
    start(&x);
    DRIVE_UNTIL(x.done || peer_has(&p, "\r\n\r\n"));
    if (!x.done) peer_say(&p, OK_ANSWER);
    finish(&x);
    finish(&beside);
    CHECK_EQ_INT(x.code, p.accepted == 2 ? 0 : PL_E_RESET);
    CHECK_EQ_INT(beside.code, PL_E_CONNECT);
    SSL_CTX_set_max_proto_version(tls, 0);
    close(first.fd);
    end(&x);
    end(&beside);
    close_with_peer();
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

TEST(link_shares_nothing_with_what_libcurl_carries)
{
    in_both(carry_beside);
}

/* -- cases: ways -- */

/* The certificate of the peer, which signed itself, and its key. */
static pl_slice credentials_text(pl_arena *arena)
{
    char text[4096];
    FILE *f = fopen(ca_file, "r");
    size_t len = f ? fread(text, 1, sizeof text, f) : 0;
    if (f) fclose(f);
    return pl_arena_dup(arena, (pl_slice){text, len});
}

enum { CERTIFICATE = 1, OTHER_KEY = 2, PASSPHRASE = 4, CA = 8, OTHER_CA = 16 };

/* To OpenSSL a line between the blocks is a comment. */
static void set_tls(exchange *x, int with)
{
    pl_slice text = credentials_text(&x->arena),
             other = pl_arena_join(&x->arena, text, PL_SLICE("\nanother\n"), PL_NO_SLICE);
    if (with & CERTIFICATE) x->request.tls.certificate = x->request.tls.key = text;
    if (with & OTHER_KEY) x->request.tls.key = other;
    if (with & PASSPHRASE) x->request.tls.passphrase = PL_SLICE("secret");
    if (with & CA) x->request.tls.ca = text;
    if (with & OTHER_CA) x->request.tls.ca = other;
}

static void go_with(int with, bool is_reused)
{
    exchange x;
    prepare_for(&x, "GET", &p, "/");
    set_tls(&x, with);
    pl_buf_clear(&p.got);
    start(&x);
    DRIVE_UNTIL(peer_has(&p, "\r\n\r\n"));
    peer_say(&p, OK_ANSWER);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_INT(x.response.connection_reused, is_reused);
    end(&x);
}

TEST(link_serves_who_has_the_same_credentials_and_authorities)
{
    static const int all[] = {0,
                              CA,
                              OTHER_CA,
                              CERTIFICATE,
                              CERTIFICATE | CA,
                              CERTIFICATE | OTHER_KEY,
                              CERTIFICATE | PASSPHRASE,
                              CERTIFICATE | PASSPHRASE | CA};
    enum { MANY = sizeof all / sizeof *all };
    open_with_peer(true);
    for (int i = 0; i < MANY; i++) {
        go_with(all[i], false);
        go_with(all[i], true);
        CHECK_EQ_INT(p.accepted, i + 1);
    }
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

TEST(link_keeps_tunnels_and_never_those_of_others)
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

TEST(link_keeps_tunnels_of_socks)
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

TEST(link_serves_redirects)
{
    in_both(redirect);
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

TEST(link_lets_done_do_what_it_likes)
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

static int run(void)
{
    return RUN(
        CASE(link_that_has_more_to_say_is_not_used_again),
        CASE(link_that_was_kept_just_now_is_looked_at), CASE(link_that_ended_is_not_used_again),
        CASE(link_leaves_session_tickets_to_openssl),
        CASE(link_that_ends_meanwhile_has_the_request_go_again),
        CASE(link_has_no_request_go_a_third_time),
        CASE(link_has_no_request_go_again_that_is_answered),
        CASE(link_lets_time_count_from_the_first_attempt),
        CASE(link_has_a_request_know_that_it_was_sent_before),
        CASE(link_is_not_disturbed_by_others_that_are_opened),
        CASE(link_that_ends_before_it_is_known_is_opened_again),
        CASE(link_shares_nothing_with_what_libcurl_carries),
        CASE(link_serves_who_has_the_same_credentials_and_authorities),
        CASE(link_keeps_tunnels_and_never_those_of_others), CASE(link_keeps_tunnels_of_socks),
        CASE(link_serves_redirects), CASE(link_lets_done_do_what_it_likes));
}

int main(void)
{
    return pair_main(run);
}
