/* SPDX-License-Identifier: MIT
 *
 * A real server and raw client sockets in one loop. The handler echoes what it was given, unless
 * the path asks for something else. */
#include "net/server.h"

#include "base/err.h"
#include "net/world.h"

#include <stdlib.h>
#include <sys/resource.h>

#define MAX_HANDLED 64

static pl_loop *loop;
static pl_server *server;
static int port, handled, gone_told, admitted;
static pl_inbound *held; /* by /hold: answered by the test */
static char handled_paths[MAX_HANDLED][32];

/* -- the handler -- */

static void on_gone(pl_inbound *in)
{
    (void)in;
    gone_told++;
}

/* "METHOD target|body" */
static void echo(pl_inbound *in)
{
    char *text = pl_arena_printf(&in->arena, "%.*s %.*s|%.*s", PL_FMT(in->request.method),
                                 PL_FMT(in->request.target), PL_FMT(in->body));
    pl_inbound_reply(in, 200, PL_SLICE("text/plain"), PL_SLICE("X-Extra: yes\r\n"),
                     pl_slice_of(text));
}

static pl_timer later;
static void reply_later(pl_timer *t)
{
    (void)t;
    echo(held);
    held = NULL;
}

static pl_slice big_body(pl_arena *arena, size_t len)
{
    char *bytes = pl_arena_alloc(arena, len);
    memset(bytes, 'b', len);
    return (pl_slice){bytes, len};
}

static void handle(pl_inbound *in, void *arg)
{
    CHECK(arg == &port);
    pl_slice path = in->request.path;
    snprintf(handled_paths[handled++ % MAX_HANDLED], 32, "%.*s", PL_FMT(path));
    if (pl_slice_eq(path, PL_SLICE("/hold"))) {
        in->gone = on_gone;
        held = in;
    } else if (pl_slice_eq(path, PL_SLICE("/later"))) {
        held = in;
        pl_timer_init(&later, reply_later);
        pl_wheel_start(pl_loop_wheel(loop), &later, 20);
    } else if (pl_slice_eq(path, PL_SLICE("/stream"))) {
        in->gone = on_gone;
        held = in;
        pl_inbound_stream(in, 200, PL_SLICE("text/event-stream"), 100000);
    } else if (pl_slice_eq(path, PL_SLICE("/big"))) {
        pl_inbound_reply(in, 200, PL_SLICE("text/plain"), PL_NO_SLICE,
                         big_body(&in->arena, 8 << 20));
    } else if (pl_slice_eq(path, PL_SLICE("/none"))) {
        pl_inbound_reply(in, 204, PL_NO_SLICE, PL_NO_SLICE, PL_NO_SLICE);
    } else if (pl_slice_eq(path, PL_SLICE("/problem"))) {
        pl_inbound_problem(in, PL_E_METHOD, "say \"please\"\n", PL_SLICE("Allow: POST\r\n"),
                           PL_SLICE(", \"line\": 7"));
    } else if (pl_slice_eq(in->request.path, PL_SLICE("/secret"))) {
        CHECK_EQ_INT(in->body.len, 0);
        pl_inbound_problem(in, PL_E_UNAUTHORIZED, "who?", PL_SLICE("WWW-Authenticate: Bearer\r\n"),
                           PL_NO_SLICE);
    } else {
        echo(in);
    }
}

static int admit(pl_inbound *in, void *arg)
{
    (void)arg;
    admitted++;
    return pl_slice_eq(in->request.path, PL_SLICE("/secret")) ? PL_E_UNAUTHORIZED : 0;
}

static pl_server_config standard(void)
{
    return (pl_server_config){
        .http = {.target_bytes = 200, .header_bytes = 1000, .header_count = 10, .body_bytes = 5000},
        .max_connections = 100,
        .header_timeout_ms = 20000,
        .body_timeout_ms = 20000,
        .idle_timeout_ms = 20000,
        .write_timeout_ms = 20000,
        .admit = admit,
        .handle = handle,
        .arg = &port,
    };
}

static int descriptors_before;

static void open_with(pl_server_config config)
{
    char text[128];
    descriptors_before = world_descriptors();
    loop = world_open();
    int fd = pl_listen(PL_SLICE("127.0.0.1:0"), text);
    CHECK(fd >= 0);
    port = world_port(fd);
    server = pl_server_new(loop, fd, &config);
    handled = gone_told = admitted = 0;
    held = NULL;
}

static void open_server(void)
{
    open_with(standard());
}

static void close_server(void)
{
    pl_server_free(server);
    world_close();
    CHECK_EQ_INT(world_descriptors(), descriptors_before);
}

static uint64_t counter(const pl_counter *c)
{
    return pl_counter_get(c);
}

/* -- the client -- */

static void say(int fd, const char *text)
{
    CHECK_EQ_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), (int64_t)strlen(text));
}

/* Sends more of `all`, as much as the socket takes. */
static void say_more(int fd, pl_slice all, size_t *sent)
{
    if (*sent == all.len) return;
    ssize_t n = send(fd, all.ptr + *sent, all.len - *sent, MSG_NOSIGNAL);
    if (n > 0) *sent += (size_t)n;
}

/* Sends, reads to the end of the connection (the requests ask for close,
 * or are refused), gives the text. */
static pl_buf talk(const char *text)
{
    pl_buf got;
    pl_buf_init(&got);
    int fd = world_connect(port);
    say(fd, text);
    bool over = false;
    DRIVE_UNTIL((over = over || world_read(fd, &got)));
    close(fd);
    return got;
}

static void check_has(const pl_buf *got, const char *what, int line)
{
    bool has = got->ptr && strstr(got->ptr, what);
    if (!has) printf("    line %d: no '%s' in:\n%s\n", line, what, got->ptr ? got->ptr : "");
    CHECK(has);
}
#define CHECK_HAS(got, what) check_has(&(got), what, __LINE__)

static void check_talk(const char *request, const char *status, const char *what, int line)
{
    pl_buf got = talk(request);
    check_has(&got, status, line);
    if (what) check_has(&got, what, line);
    pl_buf_fini(&got);
}
#define CHECK_TALK(request, status, what) check_talk(request, status, what, __LINE__)

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

/* -- cases -- */

TEST(server_answers_and_keeps_the_connection)
{
    open_server();
    pl_buf got;
    pl_buf_init(&got);
    int fd = world_connect(port);
    say(fd, GET("/one"));
    DRIVE_UNTIL((world_read(fd, &got), strstr(got.ptr, "GET /one|")));
    CHECK_HAS(got, "HTTP/1.1 200 OK\r\n");
    CHECK_HAS(got, "Content-Length: 9\r\n");
    CHECK_HAS(got, "Content-Type: text/plain\r\n");
    CHECK_HAS(got, "X-Extra: yes\r\n");
    CHECK_HAS(got, "\r\nDate: ");
    CHECK_HAS(got, " GMT\r\n");
    CHECK_EQ_INT(world_count(&got, "Connection:"), 0);
    say(fd, "POST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    DRIVE_UNTIL((world_read(fd, &got), strstr(got.ptr, "POST /two|abc")));
    CHECK_EQ_INT(counter(&pl_server_metrics_of(server)->connections_total), 1);
    CHECK_EQ_INT(counter(&pl_server_metrics_of(server)->connections), 1);
    CHECK_EQ_INT(counter(&pl_server_metrics_of(server)->requests), 2);
    CHECK_EQ_INT(counter(&pl_server_metrics_of(server)->responses[2]), 2);
    close(fd);
    DRIVE_UNTIL(counter(&pl_server_metrics_of(server)->connections) == 0);
    pl_buf_fini(&got);
    close_server();
}

TEST(server_pipelined_requests_are_answered_in_order)
{
    open_server();
    pl_buf got =
        talk(GET("/later") "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "3\r\nxyz\r\n0\r\n\r\n"
                           "GET /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const char *a = strstr(got.ptr, "GET /later|"), *b = strstr(got.ptr, "POST /b|xyz"),
               *c = strstr(got.ptr, "GET /c|");
    CHECK(a && b && c && a < b && b < c);
    CHECK_EQ_INT(world_count(&got, "HTTP/1.1 200"), 3);
    CHECK_EQ_INT(world_count(&got, "Connection: close"), 1);
    pl_buf_fini(&got);
    close_server();
}

TEST(server_handles_the_next_request_only_after_the_answer)
{
    open_server();
    pl_buf got;
    pl_buf_init(&got);
    int fd = world_connect(port);
    say(fd, GET("/hold") GET("/next"));
    DRIVE_UNTIL(held);
    for (int i = 0; i < 5; i++)
        ev_run(pl_loop_ev(loop), EVRUN_ONCE);
    CHECK_EQ_INT(handled, 1);
    echo(held);
    DRIVE_UNTIL((world_read(fd, &got), strstr(got.ptr, "GET /next|")));
    CHECK_EQ_INT(gone_told, 0);
    close(fd);
    pl_buf_fini(&got);
    close_server();
}

TEST(server_takes_requests_byte_by_byte)
{
    static const char *requests[] = {
        "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Y: z\r\nContent-Length: 5\r\nConnection: "
        "close\r\n\r\nhello",
        "POST /a?b=c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: t\r\n\r\n"};
    open_server();
    for (int r = 0; r < 2; r++) {
        pl_buf got;
        pl_buf_init(&got);
        int fd = world_connect(port), one = 1;
        setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof one);
        for (const char *at = requests[r]; *at; at++) {
            send(fd, at, 1, MSG_NOSIGNAL);
            ev_run(pl_loop_ev(loop), EVRUN_ONCE);
        }
        bool over = false;
        DRIVE_UNTIL((over = over || world_read(fd, &got)));
        CHECK_HAS(got, "POST /a?b=c|hello");
        close(fd);
        pl_buf_fini(&got);
    }
    close_server();
}

/* The body makes the buffer move; the spans of the head must follow it. */
TEST(server_bodies_larger_than_a_read_keep_the_head_intact)
{
    pl_server_config config = standard();
    config.http.body_bytes = 3 << 20;
    open_with(config);
    size_t len = 3 << 20;
    char *request = malloc(len + 200);
    for (int chunked = 0; chunked < 2; chunked++) {
        int at = sprintf(request, "PUT /moved HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");
        if (chunked)
            at += sprintf(request + at, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", len);
        else
            at += sprintf(request + at, "Content-Length: %zu\r\n\r\n", len);
        for (size_t i = 0; i < len; i++)
            request[(size_t)at + i] = (char)('a' + i % 23);
        size_t total = (size_t)at + len;
        if (chunked) total += (size_t)sprintf(request + total, "\r\n0\r\n\r\n");

        pl_buf got;
        pl_buf_init(&got);
        int fd = world_connect(port);
        bool over = false;
        size_t sent = 0;
        DRIVE_UNTIL(
            (say_more(fd, (pl_slice){request, total}, &sent), over = over || world_read(fd, &got)));
        const char *body = strstr(got.ptr, "PUT /moved|");
        CHECK(body != NULL);
        if (body) CHECK(memcmp(body + 11, request + at, len) == 0);
        close(fd);
        pl_buf_fini(&got);
    }
    free(request);
    close_server();
}

TEST(server_sends_100_continue_when_the_body_is_awaited)
{
    open_server();
    pl_buf got;
    pl_buf_init(&got);
    int fd = world_connect(port);
    say(fd, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    DRIVE_UNTIL((world_read(fd, &got), strstr(got.ptr, "HTTP/1.1 100 Continue\r\n\r\n")));
    say(fd, "o");
    for (int i = 0; i < 3; i++)
        ev_run(pl_loop_ev(loop), EVRUN_ONCE);
    say(fd, "k");
    DRIVE_UNTIL((world_read(fd, &got), strstr(got.ptr, "POST /x|ok")));
    CHECK_EQ_INT(world_count(&got, "100 Continue"), 1);
    close(fd);
    pl_buf_fini(&got);
    /* not when the body is there already, and not when the request is refused */
    got = talk("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
               "Connection: close\r\n\r\nok");
    CHECK_EQ_INT(world_count(&got, "100 Continue"), 0);
    CHECK_HAS(got, "POST /x|ok");
    pl_buf_fini(&got);
    got = talk(
        "POST /secret HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    CHECK_EQ_INT(world_count(&got, "100 Continue"), 0);
    CHECK_HAS(got, "HTTP/1.1 401 ");
    pl_buf_fini(&got);
    close_server();
}

TEST(server_head_and_204_have_no_body)
{
    open_server();
    pl_buf got = talk("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n"
                      "GET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK_HAS(got, "Content-Length: 8\r\n"); /* what GET would have sent */
    CHECK_EQ_INT(world_count(&got, "HEAD /x|"), 0);
    CHECK_HAS(got, "\r\n\r\nHTTP/1.1 204 No Content\r\n");
    CHECK_EQ_INT(world_count(&got, "Content-Length"), 1);
    pl_buf_fini(&got);
    close_server();
}

TEST(server_http_1_0_closes_unless_asked_to_keep)
{
    open_server();
    pl_buf got = talk("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n");
    CHECK_EQ_INT(world_count(&got, "Connection: keep-alive"), 1);
    CHECK_EQ_INT(world_count(&got, "Connection: close"), 1);
    CHECK_HAS(got, "GET /b|");
    pl_buf_fini(&got);
    close_server();
}

TEST(server_names_the_limit_that_was_passed)
{
    open_server();
    char long_target[400] = "GET /", many[600] = "GET / HTTP/1.1\r\nHost: h\r\n", large[1400];
    memset(long_target + 5, 'x', 300);
    strcat(long_target, " HTTP/1.1\r\nHost: h\r\n\r\n");
    for (int i = 0; i < 20; i++)
        strcat(many, "A: b\r\n");
    strcat(many, "\r\n");
    memset(large, 'x', sizeof large);
    memcpy(large, "GET / HTTP/1.1\r\nA: ", 19);
    strcpy(large + 1300, "\r\n\r\n");
    CHECK_TALK(long_target, "HTTP/1.1 414 URI Too Long\r\n", "limits.target");
    CHECK_TALK(many, "HTTP/1.1 431 ", "limits.headers");
    CHECK_TALK(large, "HTTP/1.1 431 ", "limits.");
    CHECK_TALK("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5001\r\n\r\n", "HTTP/1.1 413 ",
               "limits.body");
    CHECK_EQ_INT(handled, 0);
    CHECK_EQ_INT(counter(&pl_server_metrics_of(server)->bad_requests), 4);
    CHECK_EQ_INT(counter(&pl_server_metrics_of(server)->responses[4]), 4);
    close_server();
}

TEST(server_counts_a_chunked_body_against_the_limit)
{
    open_server();
    char body[6100] = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1389\r\n";
    memset(body + strlen(body), 'x', 5001);
    CHECK_TALK(body, "HTTP/1.1 413 ", "limits.body");
    char *size = strstr(body, "1389");
    memcpy(size, "1388", 4); /* 5000: the limit itself is allowed */
    strcpy(size + 6 + 5000, "\r\n0\r\n\r\n");
    pl_buf got;
    pl_buf_init(&got);
    int fd = world_connect(port);
    say(fd, body);
    DRIVE_UNTIL((world_read(fd, &got), strstr(got.ptr, "\r\n\r\nPOST /|x")));
    close(fd);
    pl_buf_fini(&got);
    CHECK_TALK("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
               "HTTP/1.1 400 ", "urn:perilune:bad_request");
    close_server();
}

/* What the client still sends must not turn the answer into a reset. */
TEST(server_refusal_reaches_a_client_that_is_still_sending)
{
    open_server();
    int fd = world_connect(port);
    pl_buf got;
    pl_buf_init(&got);
    static char junk[200000];
    say(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n");
    size_t sent = 0;
    bool over = false;
    DRIVE_UNTIL((say_more(fd, (pl_slice){junk, sizeof junk}, &sent),
                 over = over || world_read(fd, &got), over && sent == sizeof junk));
    int ended_by = read_error;
    shutdown(fd, SHUT_WR);
    CHECK_HAS(got, "HTTP/1.1 413 ");
    CHECK_HAS(got, "Connection: close\r\n");
    CHECK_EQ_INT(ended_by, 0); /* an orderly end, not a reset */
    DRIVE_UNTIL(counter(&pl_server_metrics_of(server)->connections) == 0);
    close(fd);
    pl_buf_fini(&got);
    close_server();
}

TEST(server_stops_draining_a_client_that_never_ends)
{
    open_server();
    int fd = world_connect(port);
    say(fd, "NONSENSE\r\n\r\n");
    char junk[4096];
    memset(junk, 'j', sizeof junk);
    DRIVE_UNTIL((send(fd, junk, sizeof junk, MSG_NOSIGNAL | MSG_DONTWAIT),
                 counter(&pl_server_metrics_of(server)->connections_total) == 1 &&
                     counter(&pl_server_metrics_of(server)->connections) == 0));
    close(fd);
    close_server();
}

TEST(server_problem_documents_are_json)
{
    open_server();
    pl_buf got = talk("GET /problem HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK_HAS(got, "HTTP/1.1 405 Method Not Allowed\r\n");
    CHECK_HAS(got, "Content-Type: application/problem+json\r\n");
    CHECK_HAS(got, "Allow: POST\r\n");
    CHECK_HAS(got, "{\"type\": \"urn:perilune:method_not_allowed\", \"title\": "
                   "\"this path does not take this method\", \"status\": 405, \"detail\": "
                   "\"say \\\"please\\\"\\n\", \"line\": 7}");
    pl_buf_fini(&got);
    /* Refused at its head: no 100 Continue, no body, and the connection ends. */
    got = talk(
        "POST /secret HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
    CHECK_EQ_INT(admitted, 2);
    CHECK_EQ_INT(handled, 2);
    CHECK(memcmp(got.ptr, "HTTP/1.1 401 Unauthorized\r\n", 27) == 0);
    CHECK_HAS(got, "Connection: close\r\n");
    pl_buf_fini(&got);
    close_server();
}

TEST(server_times_out_slow_heads_and_bodies_and_idle_connections)
{
    pl_server_config config = standard();
    config.header_timeout_ms = config.body_timeout_ms = 30;
    config.idle_timeout_ms = 60;
    open_with(config);
    CHECK_TALK("GET / HTT", "HTTP/1.1 408 Request Timeout\r\n", "header section");
    CHECK_TALK("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 408 ",
               "body");
    pl_buf got = talk(""); /* not a byte: closed without a word */
    CHECK_EQ_INT(got.len, 0);
    pl_buf_fini(&got);
    got = talk(GET("/x")); /* keep-alive that is not used */
    CHECK_HAS(got, "GET /x|");
    CHECK_EQ_INT(world_count(&got, "HTTP/1.1"), 1);
    pl_buf_fini(&got);
    close_server();
}

TEST(server_closes_when_the_client_does_not_read_its_answer)
{
    pl_server_config config = standard();
    config.write_timeout_ms = 50;
    open_with(config);
    int fd = world_connect(port);
    say(fd, GET("/big"));
    DRIVE_UNTIL(handled == 1 && counter(&pl_server_metrics_of(server)->connections) == 0);
    close(fd);
    close_server();
}

TEST(server_large_answers_arrive_whole_at_a_slow_reader)
{
    open_server();
    pl_buf got;
    pl_buf_init(&got);
    int fd = world_connect(port);
    say(fd, GET("/big") "GET /z HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    bool over = false;
    DRIVE_UNTIL((over = over || world_read(fd, &got)));
    CHECK_HAS(got, "Content-Length: 8388608\r\n");
    CHECK_HAS(got, "bHTTP/1.1 200 OK\r\n"); /* the next answer right behind it */
    const char *body = strstr(got.ptr, "\r\n\r\n");
    CHECK(body && strspn(body + 4, "b") == 8388608);
    close(fd);
    pl_buf_fini(&got);
    close_server();
}

TEST(server_reset_while_handling_is_told_and_the_answer_dropped)
{
    open_server();
    int fd = world_connect(port);
    say(fd, GET("/hold"));
    DRIVE_UNTIL(held);
    world_reset(fd);
    DRIVE_UNTIL(gone_told == 1);
    CHECK_EQ_INT(counter(&pl_server_metrics_of(server)->connections), 0);
    CHECK_EQ_INT(pl_server_busy(server), 1);
    CHECK_EQ_SLICE(held->request.path, PL_SLICE("/hold")); /* the spans live as long as the duty */
    echo(held);
    CHECK_EQ_INT(pl_server_busy(server), 0);
    CHECK_EQ_INT(gone_told, 1);
    close_server();
}

static void answer_in_gone(pl_inbound *in)
{
    gone_told++;
    echo(in);
}

TEST(server_answer_from_within_gone_is_fine)
{
    open_server();
    int fd = world_connect(port);
    say(fd, GET("/hold"));
    DRIVE_UNTIL(held);
    held->gone = answer_in_gone;
    world_reset(fd);
    DRIVE_UNTIL(gone_told == 1);
    CHECK_EQ_INT(pl_server_busy(server), 0);
    close_server();
}

TEST(server_half_closed_client_gets_its_answer)
{
    open_server();
    pl_buf got;
    pl_buf_init(&got);
    int fd = world_connect(port);
    say(fd, GET("/hold"));
    shutdown(fd, SHUT_WR);
    DRIVE_UNTIL(held);
    for (int i = 0; i < 5; i++)
        ev_run(pl_loop_ev(loop), EVRUN_ONCE);
    CHECK_EQ_INT(gone_told, 0);
    echo(held);
    bool over = false;
    DRIVE_UNTIL((over = over || world_read(fd, &got)));
    CHECK_HAS(got, "GET /hold|");
    close(fd);
    pl_buf_fini(&got);
    close_server();
}

TEST(server_streams_chunks_until_the_end)
{
    open_server();
    pl_buf got;
    pl_buf_init(&got);
    int fd = world_connect(port);
    say(fd, GET("/stream"));
    DRIVE_UNTIL(held);
    CHECK_EQ_INT(pl_inbound_stream_write(held, PL_SLICE("data: 1\n\n")), 0);
    /* No chunk of 0: that would end it. */
    CHECK_EQ_INT(pl_inbound_stream_write(held, PL_NO_SLICE), 0);
    DRIVE_UNTIL((world_read(fd, &got), strstr(got.ptr, "9\r\ndata: 1\n\n\r\n")));
    CHECK_HAS(got, "Transfer-Encoding: chunked\r\n");
    CHECK_EQ_INT(world_count(&got, "Content-Length"), 0);
    pl_inbound_stream_end(held);
    say(fd, GET("/after"));
    DRIVE_UNTIL((world_read(fd, &got), strstr(got.ptr, "GET /after|")));
    CHECK_HAS(got, "data: 1\n\n\r\n0\r\n\r\nHTTP/1.1 200 OK");
    close(fd);
    pl_buf_fini(&got);
    close_server();
}

TEST(server_stream_to_http_1_0_ends_with_the_connection)
{
    open_server();
    pl_buf got;
    pl_buf_init(&got);
    int fd = world_connect(port);
    say(fd, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    DRIVE_UNTIL(held);
    CHECK_EQ_INT(pl_inbound_stream_write(held, PL_SLICE("raw")), 0);
    pl_inbound_stream_end(held);
    bool over = false;
    DRIVE_UNTIL((over = over || world_read(fd, &got)));
    CHECK_EQ_INT(world_count(&got, "chunked"), 0);
    CHECK_HAS(got, "\r\n\r\nraw");
    CHECK_EQ_INT((int)(strstr(got.ptr, "\r\n\r\nraw") + 7 - got.ptr), (int)got.len);
    close(fd);
    pl_buf_fini(&got);
    close_server();
}

TEST(server_stream_reader_that_does_not_read_is_given_up)
{
    open_server();
    int fd = world_connect(port);
    say(fd, GET("/stream"));
    DRIVE_UNTIL(held);
    static char piece[50000];
    int result = 0, writes = 0;
    while ((result = pl_inbound_stream_write(held, (pl_slice){piece, sizeof piece})) == 0 &&
           writes < 2000)
        writes++;
    CHECK_EQ_INT(result, PL_E_RESET);
    CHECK_EQ_INT(pl_inbound_stream_write(held, PL_SLICE("x")), PL_E_RESET);
    pl_inbound_stream_end(held);
    CHECK_EQ_INT(pl_server_busy(server), 0);
    for (int i = 0; i < 5; i++)
        ev_run(pl_loop_ev(loop), EVRUN_ONCE);
    CHECK_EQ_INT(gone_told, 0); /* the write said it */
    close(fd);
    close_server();
}

TEST(server_stream_client_that_goes_away_is_told)
{
    open_server();
    int fd = world_connect(port);
    say(fd, GET("/stream"));
    DRIVE_UNTIL(held);
    close(fd);
    DRIVE_UNTIL(gone_told == 1);
    CHECK_EQ_INT(pl_inbound_stream_write(held, PL_SLICE("x")), PL_E_RESET);
    pl_inbound_stream_end(held);
    CHECK_EQ_INT(pl_server_busy(server), 0);
    close_server();
}

TEST(server_stop_closes_idle_ones_and_lets_busy_ones_finish)
{
    open_server();
    int idle = world_connect(port), busy = world_connect(port);
    pl_buf got, nothing;
    pl_buf_init(&got);
    pl_buf_init(&nothing);
    say(idle, GET("/x"));
    DRIVE_UNTIL((world_read(idle, &got), strstr(got.ptr, "GET /x|")));
    pl_buf_clear(&got);
    say(busy, GET("/hold"));
    DRIVE_UNTIL(held);
    CHECK_EQ_INT(pl_server_busy(server), 1);
    pl_server_stop(server);
    bool over = false;
    DRIVE_UNTIL((over = over || world_read(idle, &nothing)));
    CHECK_EQ_INT(nothing.len, 0);
    struct sockaddr_in a = world_address(port);
    int refused = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(refused, (struct sockaddr *)&a, sizeof a) < 0);
    echo(held);
    over = false;
    DRIVE_UNTIL((over = over || world_read(busy, &got)));
    CHECK_HAS(got, "Connection: close\r\n");
    CHECK_HAS(got, "GET /hold|");
    CHECK_EQ_INT(pl_server_busy(server), 0);
    close(idle);
    close(busy);
    close(refused);
    pl_buf_fini(&got);
    pl_buf_fini(&nothing);
    close_server();
}

TEST(server_freed_while_an_answer_is_owed)
{
    open_server();
    int fd = world_connect(port);
    say(fd, GET("/hold"));
    DRIVE_UNTIL(held);
    close(fd); /* the server does not get to see it */
    close_server();
    CHECK_EQ_INT(gone_told, 1);
    CHECK_EQ_SLICE(held->request.path, PL_SLICE("/hold"));
    echo(held); /* dropped, and all is freed: the leak checker looks */
}

TEST(server_refuses_connections_beyond_the_limit)
{
    pl_server_config config = standard();
    config.max_connections = 2;
    open_with(config);
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = world_connect(port);
    const pl_server_metrics *m = pl_server_metrics_of(server);
    DRIVE_UNTIL(counter(&m->connections_refused) == 1);
    CHECK_EQ_INT(counter(&m->connections), 2);
    pl_buf got;
    pl_buf_init(&got);
    CHECK(world_read(fds[2], &got));
    CHECK_EQ_INT(got.len, 0);
    close(fds[0]); /* makes room */
    DRIVE_UNTIL(counter(&m->connections) == 1);
    int again = world_connect(port);
    say(again, GET("/again"));
    DRIVE_UNTIL((world_read(again, &got), strstr(got.ptr, "GET /again|")));
    close(fds[1]);
    close(fds[2]);
    close(again);
    pl_buf_fini(&got);
    close_server();
}

TEST(server_without_descriptors_waits_and_does_not_spin)
{
    open_server();
    struct rlimit old, tight;
    getrlimit(RLIMIT_NOFILE, &old);
    int fd = world_connect(port); /* waits in the backlog: the loop has not run */
    tight = (struct rlimit){(rlim_t)fd + 1, old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &tight);
    uint64_t started = pl_monotonic_us();
    int rounds = 0;
    while (pl_monotonic_us() - started < 60000) {
        ev_run(pl_loop_ev(loop), EVRUN_ONCE);
        rounds++;
    }
    setrlimit(RLIMIT_NOFILE, &old);
    CHECK(rounds < 200); /* the tick of the tests alone makes some 30 */
    CHECK_EQ_INT(counter(&pl_server_metrics_of(server)->connections_total), 0);
    pl_buf got;
    pl_buf_init(&got);
    say(fd, GET("/x"));
    DRIVE_UNTIL((world_read(fd, &got), strstr(got.ptr, "GET /x|")));
    close(fd);
    pl_buf_fini(&got);
    close_server();
}

TEST(server_survives_a_thousand_pipelined_requests)
{
    pl_server_config config = standard();
    open_with(config);
    pl_buf all, got;
    pl_buf_init(&all);
    pl_buf_init(&got);
    for (int i = 0; i < 1000; i++)
        pl_buf_printf(&all, "GET /%d HTTP/1.1\r\nHost: h\r\n%s\r\n", i,
                      i == 999 ? "Connection: close\r\n" : "");
    int fd = world_connect(port);
    size_t sent = 0;
    bool over = false;
    DRIVE_UNTIL((say_more(fd, pl_buf_slice(&all), &sent), over = over || world_read(fd, &got)));
    CHECK_EQ_INT(world_count(&got, "HTTP/1.1 200 OK"), 1000);
    CHECK_HAS(got, "GET /999|");
    close(fd);
    pl_buf_fini(&all);
    pl_buf_fini(&got);
    close_server();
}

/* Asked without what is tested: many containers have no IPv6. */
static bool has_ipv6(void)
{
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd < 0) return false;
    bool is_bound = bind(fd, (struct sockaddr *)&loopback, sizeof loopback) == 0;
    close(fd);
    return is_bound;
}

TEST(listen_takes_and_refuses_addresses)
{
    char text[128];
    int fd = pl_listen(PL_SLICE("[::1]:0"), text);
    CHECK_EQ_INT(fd >= 0, has_ipv6());
    if (fd >= 0) {
        CHECK(pl_listen_is_loopback(fd));
        pl_listen_address(fd, text);
        CHECK(strncmp(text, "[::1]:", 6) == 0 && strcmp(text, "[::1]:0") != 0);
        close(fd);
    }
    fd = pl_listen(PL_SLICE("0.0.0.0:0"), text);
    CHECK(fd >= 0 && !pl_listen_is_loopback(fd));
    close(fd);
    fd = pl_listen(PL_SLICE("127.0.0.1:0"), text);
    CHECK(pl_listen_is_loopback(fd));
    pl_listen_address(fd, text);
    int second = pl_listen_too(fd, text), third = pl_listen_too(fd, text); /* one a worker */
    CHECK(second >= 0 && third >= 0);
    char same[128];
    pl_listen_address(fd, text);
    pl_listen_address(third, same);
    CHECK(strcmp(text, same) == 0);
    CHECK(pl_listen(pl_slice_of(same), text) < 0); /* but nobody joins unasked */
    CHECK(strstr(text, "in use") != NULL);
    close(third);
    close(second);
    close(fd);
    const char *bad[] = {"",
                         "8080",
                         "127.0.0.1",
                         "127.0.0.1:",
                         "127.0.0.1:x",
                         "::1:80",
                         "127.0.0.1:65536",
                         "300.0.0.1:80",
                         "203.0.113.1:80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        text[0] = '\0';
        fd = pl_listen(pl_slice_of(bad[i]), text);
        if (fd >= 0) printf("    taken: %s\n", bad[i]);
        CHECK(fd < 0 && text[0] != '\0');
    }
    char long_one[65] = "";
    memset(long_one, 'x', 64);
    CHECK(pl_listen(pl_slice_of(long_one), text) < 0);
    CHECK(strncmp(text, "'xxxx", 5) == 0 && strstr(text, "HOST:PORT") != NULL);
}

int main(void)
{
    return RUN(
        CASE(server_answers_and_keeps_the_connection),
        CASE(server_pipelined_requests_are_answered_in_order),
        CASE(server_handles_the_next_request_only_after_the_answer),
        CASE(server_takes_requests_byte_by_byte),
        CASE(server_bodies_larger_than_a_read_keep_the_head_intact),
        CASE(server_sends_100_continue_when_the_body_is_awaited),
        CASE(server_head_and_204_have_no_body), CASE(server_http_1_0_closes_unless_asked_to_keep),
        CASE(server_names_the_limit_that_was_passed),
        CASE(server_counts_a_chunked_body_against_the_limit),
        CASE(server_refusal_reaches_a_client_that_is_still_sending),
        CASE(server_stops_draining_a_client_that_never_ends),
        CASE(server_problem_documents_are_json),
        CASE(server_times_out_slow_heads_and_bodies_and_idle_connections),
        CASE(server_closes_when_the_client_does_not_read_its_answer),
        CASE(server_large_answers_arrive_whole_at_a_slow_reader),
        CASE(server_reset_while_handling_is_told_and_the_answer_dropped),
        CASE(server_answer_from_within_gone_is_fine),
        CASE(server_half_closed_client_gets_its_answer), CASE(server_streams_chunks_until_the_end),
        CASE(server_stream_to_http_1_0_ends_with_the_connection),
        CASE(server_stream_reader_that_does_not_read_is_given_up),
        CASE(server_stream_client_that_goes_away_is_told),
        CASE(server_stop_closes_idle_ones_and_lets_busy_ones_finish),
        CASE(server_freed_while_an_answer_is_owed),
        CASE(server_refuses_connections_beyond_the_limit),
        CASE(server_without_descriptors_waits_and_does_not_spin),
        CASE(server_survives_a_thousand_pipelined_requests),
        CASE(listen_takes_and_refuses_addresses));
}
