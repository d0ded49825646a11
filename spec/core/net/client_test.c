/* SPDX-License-Identifier: MIT
 *
 * The client against a real server in the same loop, and against raw sockets that misbehave in one
 * way each. getaddrinfo is replaced by one that can be made to hang, so that a resolver that does
 * not answer is a test and not an outage. */
#include "net/client.h"

#include "base/err.h"
#include "net/exchange.h"
#include "net/peer.h"
#include "net/server.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

static pl_loop *loop;
static pl_server *server;
static pl_egress *egress;
static int port, descriptors_before;

/* -- the resolver -- */

static pthread_mutex_t resolver_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t resolver_goes_on = PTHREAD_COND_INITIALIZER;
static bool resolver_hangs;
static int resolving;
static atomic_int turns; /* how often turns.test was asked for; the second time it is elsewhere */

/* Which addresses a name has; any other has 127.0.0.1. */
static const struct {
    const char *host;
    uint32_t addresses[2];
} names[] = {
    {"elsewhere.test", {0x0a000001}},             /* 10.0.0.1 */
    {"second.test", {0x7f000002, 0x7f000001}},    /* nothing listens on 127.0.0.2 */
    {"half.test", {0x0a000001, 0x7f000001}},      /* the guard refuses the first */
    {"half-dead.test", {0x0a000001, 0x7f000002}}, /* and nobody is at the second */
};

typedef struct known_address {
    struct addrinfo info;
    struct sockaddr_in address;
} known_address;

static struct addrinfo *address_info(uint32_t ip, const char *service, struct addrinfo *next)
{
    known_address *a = calloc(1, sizeof *a);
    a->address = world_address(atoi(service));
    a->address.sin_addr.s_addr = htonl(ip);
    a->info = (struct addrinfo){.ai_family = AF_INET,
                                .ai_socktype = SOCK_STREAM,
                                .ai_addrlen = sizeof a->address,
                                .ai_addr = (struct sockaddr *)&a->address,
                                .ai_next = next};
    return &a->info;
}

int getaddrinfo(const char *restrict host, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict result)
{
    (void)hints;
    pthread_mutex_lock(&resolver_lock);
    resolving++;
    while (resolver_hangs)
        pthread_cond_wait(&resolver_goes_on, &resolver_lock);
    resolving--;
    pthread_mutex_unlock(&resolver_lock);
    if (strcmp(host, "unknown.test") == 0) return EAI_NONAME;
    uint32_t first = INADDR_LOOPBACK, second = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(host, names[i].host) != 0) continue;
        first = names[i].addresses[0];
        second = names[i].addresses[1];
    }
    if (strcmp(host, "turns.test") == 0 && atomic_fetch_add(&turns, 1) > 0) first = 0x0a000001;
    *result = address_info(first, service, second ? address_info(second, service, NULL) : NULL);
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    for (struct addrinfo *next; list; list = next) {
        next = list->ai_next;
        free(list);
    }
}

static int resolving_now(void)
{
    pthread_mutex_lock(&resolver_lock);
    int n = resolving;
    pthread_mutex_unlock(&resolver_lock);
    return n;
}

static void let_resolver(bool hang)
{
    pthread_mutex_lock(&resolver_lock);
    resolver_hangs = hang;
    pthread_cond_broadcast(&resolver_goes_on);
    pthread_mutex_unlock(&resolver_lock);
}

/* -- the good server -- */

static int requests_held;
static pl_inbound *held[4200];
static char last_head[4096];

static void remember_head(const pl_http_request *r)
{
    int at =
        snprintf(last_head, sizeof last_head, "%.*s %.*s\n", PL_FMT(r->method), PL_FMT(r->target));
    for (uint32_t i = 0; i < r->header_count && at < (int)sizeof last_head - 300; i++)
        at += snprintf(last_head + at, 300, "%.*s: %.*s\n", PL_FMT(r->headers[i].name),
                       PL_FMT(r->headers[i].value));
}

/* /redirect/STATUS?LOCATION */
static void redirect(pl_inbound *in)
{
    char text[600];
    pl_slice target = in->request.target;
    const char *mark = memchr(target.ptr, '?', target.len);
    pl_slice location = mark ? pl_slice_from(target, (size_t)(mark - target.ptr) + 1) : target;
    snprintf(text, sizeof text, "Location: %.*s\r\n", PL_FMT(location));
    pl_inbound_reply(in, atoi(in->request.path.ptr + strlen("/redirect/")), PL_NO_SLICE,
                     pl_slice_of(text), PL_SLICE("moved"));
}

static void handle(pl_inbound *in, void *arg)
{
    (void)arg;
    remember_head(&in->request);
    if (pl_slice_starts(in->request.path, PL_SLICE("/redirect/"))) {
        redirect(in);
        return;
    }
    if (pl_slice_eq(in->request.path, PL_SLICE("/hold"))) {
        held[requests_held++] = in;
        return;
    }
    pl_inbound_reply(in, 200, PL_SLICE("text/plain"),
                     PL_SLICE("X-A: one\r\nX-A: two\r\nX-Empty:\r\n"),
                     in->body.len ? in->body : PL_SLICE("hello"));
}

static void answer_held(void)
{
    for (int i = 0; i < requests_held; i++)
        pl_inbound_reply(held[i], 200, PL_NO_SLICE, PL_NO_SLICE, PL_SLICE("held"));
    requests_held = 0;
}

static void open_with_egress(const char *allowed)
{
    char text[128];
    descriptors_before = world_descriptors();
    loop = world_open();
    int fd = pl_listen(PL_SLICE("127.0.0.1:0"), text);
    port = world_port(fd);
    pl_server_config sc = {.http = {4000, 16000, 100, 10 << 20},
                           .max_connections = 5000,
                           .header_timeout_ms = 20000,
                           .body_timeout_ms = 20000,
                           .idle_timeout_ms = 200000,
                           .write_timeout_ms = 20000,
                           .handle = handle};
    server = pl_server_new(loop, fd, &sc);
    egress = guard(&allowed, 1);
    pl_client_config cc = {.egress = egress,
                           .max_response_bytes = 100000,
                           .max_response_header_bytes = 5000,
                           .user_agent = "test/1"};
    client = pl_client_new(loop, &cc);
    requests_held = 0;
}

static void open_world(void)
{
    open_with_egress("127.0.0.1");
}

static void close_world(void)
{
    pl_client_free(client);
    answer_held();
    pl_server_free(server);
    pl_egress_free(egress);
    world_close();
    CHECK_EQ_INT(world_descriptors(), descriptors_before);
}

/* -- cases: what is sent and what comes back -- */

TEST(client_brings_the_answer)
{
    open_world();
    exchange x;
    prepare(&x, "GET", port, "/a/../b?x=y");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_INT(x.response.status, 200);
    CHECK_EQ_SLICE(x.response.body, PL_SLICE("hello"));
    CHECK(x.response.error_text == NULL);
    CHECK_EQ_SLICE(pl_fields_find(x.response.fields, PL_SLICE("content-type"))->value,
                   PL_SLICE("text/plain"));
    pl_field *a = pl_fields_find(x.response.fields, PL_SLICE("X-A"));
    CHECK(a && pl_slice_eq(a->value, PL_SLICE("one")));
    CHECK(a && a->next && pl_slice_eq(a->next->value, PL_SLICE("two")));
    CHECK_EQ_INT(pl_fields_find(x.response.fields, PL_SLICE("X-Empty"))->value.len, 0);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "127.0.0.1:%d", port);
    CHECK_EQ_STR(x.response.peer, wanted);
    const pl_timings *t = &x.response.timings;
    CHECK(t->connect_us > 0 && t->first_byte_us >= t->connect_us &&
          t->total_us >= t->first_byte_us);
    CHECK_EQ_INT(t->tls_us, 0);
    CHECK(!x.response.connection_reused);
    CHECK_TEXT(last_head, "GET /a/../b?x=y\n");
    CHECK_TEXT(last_head, "User-Agent: test/1\n");
    CHECK_TEXT(last_head, "Accept-Encoding: gzip\n");
    CHECK(strstr(last_head, "Accept: ") == NULL);
    CHECK(strstr(last_head, "Content-") == NULL);
    end(&x);
    close_world();
}

static const struct method_case {
    const char *method;
    bool has_body;
    const char *length;
} method_cases[] = {{"POST", true, "Content-Length: 4\n"},
                    {"POST", false, "Content-Length: 0\n"},
                    {"PUT", false, "Content-Length: 0\n"},
                    {"PATCH", true, "Content-Length: 4\n"},
                    {"DELETE", false, NULL},
                    {"DELETE", true, "Content-Length: 4\n"},
                    {"GET", false, NULL},
                    {"GET", true, "Content-Length: 4\n"},
                    {"OPTIONS", false, NULL},
                    {"PURGE-IT", false, NULL},
                    {"get", false, NULL},
                    {"HEAD", false, NULL}};

#define METHOD_CASES (sizeof method_cases / sizeof method_cases[0])

static void check_method(const struct method_case *c)
{
    exchange x;
    bool is_head = strcmp(c->method, "HEAD") == 0;
    prepare(&x, c->method, port, "/m");
    if (c->has_body) set_body(&x, PL_SLICE("b\0dy"));
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_SLICE(x.response.body, is_head       ? PL_SLICE("")
                                    : c->has_body ? PL_SLICE("b\0dy")
                                                  : PL_SLICE("hello"));
    char line[64];
    snprintf(line, sizeof line, "%s /m\n", c->method);
    CHECK(strncmp(last_head, line, strlen(line)) == 0);
    if (c->length)
        CHECK_TEXT(last_head, c->length);
    else
        CHECK(strstr(last_head, "Content-Length") == NULL);
    CHECK(strstr(last_head, "Content-Type") == NULL);
    if (is_head)
        CHECK_EQ_SLICE(pl_fields_find(x.response.fields, PL_SLICE("Content-Length"))->value,
                       PL_SLICE("5"));
    end(&x);
}

/* Each behind each other one, on the handle that the other has left. */
TEST(client_sends_any_method_with_and_without_body)
{
    open_world();
    for (size_t i = 0; i < METHOD_CASES; i++) {
        for (size_t k = 0; k < METHOD_CASES; k++) {
            check_method(&method_cases[i]);
            check_method(&method_cases[k]);
        }
    }
    close_world();
}

TEST(client_sends_fields_as_given)
{
    open_world();
    exchange x;
    prepare(&x, "POST", port, "/f");
    set_body(&x, PL_SLICE("{}"));
    set_field(&x, "Content-Type", "application/json");
    set_field(&x, "X-Empty", "");
    set_field(&x, "X-Blank", "  ");
    set_field(&x, "accept-encoding", "br");
    set_field(&x, "User-Agent", "own");
    set_field(&x, "Accept", "text/html");
    start(&x);
    finish(&x);
    CHECK_TEXT(last_head, "\nContent-Type: application/json\n");
    CHECK_TEXT(last_head, "\nX-Empty: \n");
    CHECK_TEXT(last_head, "\nX-Blank: \n");
    CHECK_TEXT(last_head, "\nUser-Agent: own\n");
    CHECK_TEXT(last_head, "\nAccept: text/html\n");
    CHECK(strstr(last_head, "test/1") == NULL);
    CHECK(strstr(last_head, "Expect") == NULL);
    end(&x);
    close_world();
}

TEST(client_puts_nothing_on_the_wire_that_is_not_http)
{
    static const char *bad[][2] = {{"X-A", "b\r\nX-Evil: 1"},       {"X A", "b"},  {"X-A:", "b"},
                                   {"Content-Length", "5"},         {"Host", "h"}, {"", "b"},
                                   {"Transfer-Encoding", "chunked"}};
    open_world();
    last_head[0] = '\0';
    exchange x;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        prepare(&x, "POST", port, "/");
        set_field(&x, bad[i][0], bad[i][1]);
        start(&x);
        finish(&x);
        CHECK_EQ_INT(x.code, PL_E_SCRIPT);
        CHECK(x.response.error_text != NULL);
        end(&x);
    }
    prepare(&x, "GE T", port, "/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_SCRIPT);
    end(&x);
    static const char *urls[] = {"ftp://127.0.0.1/",
                                 "127.0.0.1",
                                 "http://",
                                 "http://a b/",
                                 "file:///etc/passwd",
                                 "http://u:p@127.0.0.1/",
                                 "http://127.0.0.1:99999/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        prepare(&x, "GET", port, "/");
        x.request.url = pl_slice_of(urls[i]);
        start(&x);
        finish(&x);
        CHECK_EQ_INT(x.code, PL_E_URL);
        CHECK(x.response.error_text != NULL);
        end(&x);
    }
    CHECK_EQ_STR(last_head, "");
    close_world();
}

TEST(client_reuses_connections)
{
    open_world();
    for (int i = 0; i < 5; i++) {
        exchange x;
        prepare(&x, "GET", port, "/r");
        start(&x);
        finish(&x);
        CHECK_EQ_INT(x.response.connection_reused, i > 0);
        if (i > 0) CHECK_EQ_INT(x.response.timings.connect_us, 0);
        CHECK(x.response.timings.total_us > 0);
        CHECK(x.response.peer[0] != '\0');
        end(&x);
    }
    const pl_client_metrics *m = pl_client_metrics_of(client);
    CHECK_EQ_INT(pl_counter_get(&m->transfers), 5);
    CHECK_EQ_INT(pl_counter_get(&m->in_flight), 0);
    CHECK_EQ_INT(pl_counter_get(&m->connections_opened), 1);
    CHECK_EQ_INT(pl_counter_get(&m->connections_reused), 4);
    CHECK_EQ_INT(pl_counter_get(&pl_server_metrics_of(server)->connections_total), 1);
    close_world();
}

/* The kept watcher of a connection that the other side closed must stop by itself, and the next
 * transfer must not be harmed. */
TEST(client_survives_connections_closed_while_idle)
{
    open_world();
    peer p = {.answer = PL_SLICE("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")};
    peer_open(&p);
    for (int i = 0; i < 3; i++) {
        exchange x;
        prepare(&x, "POST", world_port(p.listener), "/");
        start(&x);
        finish(&x);
        CHECK_EQ_INT(x.code, 0);
        CHECK(!x.response.connection_reused);
        end(&x);
        peer_cut(&p);
        uint64_t busy_rounds = 0;
        for (uint64_t at = pl_monotonic_us(); pl_monotonic_us() - at < 20000; busy_rounds++)
            ev_run(pl_loop_ev(loop), EVRUN_ONCE);
        CHECK(busy_rounds < 100); /* the tick makes some ten */
    }
    peer_close(&p);
    close_world();
}

TEST(client_carries_600_transfers_at_once)
{
    enum { MANY = 600 };
    open_world();
    static exchange xs[MANY];
    for (int i = 0; i < MANY; i++) {
        prepare(&xs[i], "POST", port, "/hold");
        start(&xs[i]);
    }
    DRIVE_UNTIL(requests_held == MANY);
    CHECK_EQ_INT(pl_counter_get(&pl_client_metrics_of(client)->in_flight), MANY);
    answer_held();
    for (int i = 0; i < MANY; i++) {
        finish(&xs[i]);
        CHECK_EQ_INT(xs[i].code, 0);
        CHECK_EQ_SLICE(xs[i].response.body, PL_SLICE("held"));
        end(&xs[i]);
    }
    CHECK_EQ_INT(pl_counter_get(&pl_client_metrics_of(client)->in_flight), 0);
    /* and again over the same connections */
    for (int i = 0; i < MANY; i++) {
        prepare(&xs[i], "GET", port, "/again");
        start(&xs[i]);
    }
    for (int i = 0; i < MANY; i++) {
        finish(&xs[i]);
        CHECK_EQ_INT(xs[i].code, 0);
        end(&xs[i]);
    }
    CHECK_EQ_INT(pl_counter_get(&pl_server_metrics_of(server)->connections_total), MANY);
    close_world();
}

TEST(client_closes_connections_that_stay_idle)
{
    enum { MANY = 600, KEPT_MS = 118000 };
    open_world();
    static exchange xs[MANY];
    for (int i = 0; i < MANY; i++) {
        prepare(&xs[i], "POST", port, "/hold");
        start(&xs[i]);
    }
    DRIVE_UNTIL(requests_held == MANY);
    answer_held();
    for (int i = 0; i < MANY; i++) {
        finish(&xs[i]);
        end(&xs[i]);
    }
    const pl_counter *open = &pl_server_metrics_of(server)->connections;
    pl_wheel *wheel = pl_loop_wheel(loop);
    CHECK_EQ_INT(pl_counter_get(open), MANY);
    pl_wheel_advance(wheel, wheel->now_ms + KEPT_MS - 1000);
    ev_run(pl_loop_ev(loop), EVRUN_NOWAIT);
    CHECK_EQ_INT(pl_counter_get(open), MANY);
    pl_wheel_advance(wheel, wheel->now_ms + 1001);
    DRIVE_UNTIL(pl_counter_get(open) == 0);
    close_world();
}

/* More than it keeps (KEPT_LINKS of link.c). */
TEST(client_keeps_so_many_connections)
{
    enum { MANY = 4110, KEPT = 4096 };
    open_world();
    static exchange xs[MANY];
    for (int i = 0; i < MANY; i++) {
        prepare(&xs[i], "POST", port, "/hold");
        xs[i].request.timeout_ms = 60000;
        start(&xs[i]);
        if (i % 100 == 99 || i + 1 == MANY) DRIVE_UNTIL(requests_held == i + 1);
    }
    answer_held();
    for (int i = 0; i < MANY; i++) {
        finish(&xs[i]);
        CHECK_EQ_INT(xs[i].code, 0);
        end(&xs[i]);
    }
    DRIVE_UNTIL(pl_counter_get(&pl_server_metrics_of(server)->connections) == KEPT);
    close_world();
}

static void limit_descriptors(rlim_t most)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = most;
    setrlimit(RLIMIT_NOFILE, &limit);
}

TEST(client_says_when_there_is_no_descriptor_left)
{
    open_world();
    peer p = {.answer = PL_SLICE("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")};
    peer_open(&p);
    exchange x;
    prepare(&x, "GET", port, "/"); /* now the client has all that it needs but the socket */
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    end(&x);
    int next = dup(0);
    close(next);
    limit_descriptors((rlim_t)next);
    prepare(&x, "GET", world_port(p.listener), "/");
    start(&x);
    finish(&x);
    pl_client_global_init(); /* raises the limit again */
    CHECK_EQ_INT(x.code, PL_E_BUSY);
    CHECK_EQ_STR(x.response.error_text, "cannot open a socket: Too many open files");
    end(&x);
    prepare(&x, "GET", world_port(p.listener), "/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    end(&x);
    peer_close(&p);
    close_world();
}

/* -- cases: cancelling -- */

static exchange chain[3];

static void cancel_second_start_third(void *arg, int code)
{
    on_done(arg, code);
    pl_transfer_cancel(chain[1].transfer);
    start(&chain[2]);
}

TEST(client_cancel_and_send_from_within_done)
{
    open_world();
    prepare(&chain[0], "GET", port, "/one");
    prepare(&chain[1], "GET", port, "/hold");
    prepare(&chain[2], "GET", port, "/three");
    start(&chain[1]);
    DRIVE_UNTIL(requests_held == 1);
    pl_client_send(client, &chain[0].request, &chain[0].response, &chain[0].arena,
                   cancel_second_start_third, &chain[0]);
    finish(&chain[2]);
    CHECK_EQ_INT(chain[0].done, 1);
    CHECK_EQ_INT(chain[1].done, 0);
    CHECK_EQ_INT(chain[2].code, 0);
    CHECK_EQ_INT(pl_counter_get(&pl_client_metrics_of(client)->in_flight), 0);
    for (int i = 0; i < 3; i++)
        end(&chain[i]);
    close_world();
}

TEST(client_cancel_at_once_and_free_with_transfers_under_way)
{
    open_world();
    exchange x, y, z;
    prepare(&x, "GET", port, "/x");
    start(&x);
    pl_transfer_cancel(x.transfer);
    prepare(&y, "GET", port, "/y");
    y.request.url = PL_SLICE("nonsense");
    start(&y);
    pl_transfer_cancel(y.transfer);
    prepare(&z, "GET", port, "/hold");
    start(&z);
    DRIVE_UNTIL(requests_held == 1);
    close_world();
    CHECK_EQ_INT(x.done + y.done + z.done, 0);
    end(&x);
    end(&y);
    end(&z);
}

/* -- cases: what goes wrong -- */

/* One exchange with a peer that answers so; the class and a part of the text. */
static void check_fault(peer p, const char *method, int code, const char *text, int line)
{
    exchange x;
    peer_open(&p);
    prepare(&x, method, world_port(p.listener), "/");
    if (code == PL_E_TIMEOUT) x.request.timeout_ms = 80;
    start(&x);
    finish(&x);
    if (x.code != code)
        printf("    line %d: got %s (%s), wanted %s\n", line, pl_err_name(x.code),
               x.response.error_text ? x.response.error_text : "", pl_err_name(code));
    CHECK_EQ_INT(x.code, code);
    if (text) check_text(x.response.error_text, text, line);
    CHECK(x.response.error_text != NULL && x.response.error_text[0] != '\0');
    end(&x);
    peer_close(&p);
}
#define CHECK_FAULT(code, text, ...) check_fault((peer){__VA_ARGS__}, "GET", code, text, __LINE__)

TEST(client_names_what_went_wrong_with_the_answer)
{
    open_world();
    CHECK_FAULT(PL_E_RESET, NULL, .then_close = true);
    CHECK_FAULT(PL_E_RESET, NULL, .then_reset = true);
    CHECK_FAULT(PL_E_RESET, NULL,
                .answer = PL_SLICE("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"),
                .then_close = true);
    CHECK_FAULT(PL_E_RESET, NULL,
                .answer = PL_SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
                .then_close = true);
    CHECK_FAULT(PL_E_PROTOCOL, NULL, .answer = PL_SLICE("SSH-2.0-OpenSSH_9.2\r\n"),
                .then_close = true);
    CHECK_FAULT(PL_E_PROTOCOL, NULL,
                .answer = PL_SLICE("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"));
    CHECK_FAULT(PL_E_PROTOCOL, "chunked",
                .answer = PL_SLICE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"));
    CHECK_FAULT(PL_E_PROTOCOL, NULL,
                .answer = PL_SLICE(
                    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"));
    close_world();
}

TEST(client_names_the_phase_and_the_limit_of_a_time_out)
{
    open_world();
    CHECK_FAULT(PL_E_TIMEOUT, "the time-out of 80 ms reached while waiting for the answer",
                .fd = 0);
    CHECK_FAULT(PL_E_TIMEOUT, "while receiving the answer",
                .answer = PL_SLICE("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"));
    close_world();
}

/* A listener whose backlog is full answers no more SYN: connecting hangs. */
TEST(client_connect_time_out_is_its_own_limit)
{
    open_world();
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = world_address(0);
    bind(listener, (struct sockaddr *)&a, sizeof a);
    listen(listener, 0);
    int fillers[8];
    a = world_address(world_port(listener));
    for (int i = 0; i < 8; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        CHECK(connect(fillers[i], (struct sockaddr *)&a, sizeof a) == 0 || errno == EINPROGRESS);
    }
    exchange x;
    prepare(&x, "GET", world_port(listener), "/");
    x.request.connect_timeout_ms = 60;
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_TIMEOUT);
    CHECK_EQ_STR(x.response.error_text, "the connect time-out of 60 ms reached while connecting");
    end(&x);
    exchange cancelled, left; /* when the client goes */
    prepare(&cancelled, "GET", world_port(listener), "/");
    start(&cancelled);
    prepare(&left, "GET", world_port(listener), "/");
    start(&left);
    for (int i = 0; i < 20; i++)
        ev_run(pl_loop_ev(loop), EVRUN_NOWAIT);
    pl_transfer_cancel(cancelled.transfer);
    for (int i = 0; i < 8; i++)
        close(fillers[i]);
    close(listener);
    close_world();
    CHECK_EQ_INT(cancelled.done + left.done, 0);
    end(&cancelled);
    end(&left);
}

static peer dripper;
static pl_timer drip_timer;

static void drip(pl_timer *t)
{
    if (dripper.is_answered && dripper.fd >= 0) send(dripper.fd, "x", 1, MSG_NOSIGNAL);
    pl_wheel_start(pl_loop_wheel(loop), t, 10);
}

TEST(client_total_time_out_ends_a_dripping_answer)
{
    open_world();
    dripper = (peer){.answer = PL_SLICE("HTTP/1.1 200 OK\r\n\r\n")};
    peer_open(&dripper);
    pl_timer_init(&drip_timer, drip);
    drip(&drip_timer);
    exchange x;
    prepare(&x, "GET", world_port(dripper.listener), "/");
    x.request.timeout_ms = 150;
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_TIMEOUT);
    CHECK_TEXT(x.response.error_text, "150 ms reached while receiving");
    CHECK_EQ_INT(x.response.status, 200);
    CHECK(x.response.body.len > 0); /* what had come */
    CHECK(x.response.timings.total_us >= 149000 && x.response.timings.total_us < DEADLINE_US);
    end(&x);
    pl_wheel_stop(pl_loop_wheel(loop), &drip_timer);
    peer_close(&dripper);
    close_world();
}

TEST(client_refuses_answers_beyond_its_limits)
{
    open_world();
    static char large[300000];
    pl_slice head = PL_SLICE("HTTP/1.1 200 OK\r\n\r\n");
    memset(large, 'x', sizeof large);
    memcpy(large, head.ptr, head.len);
    peer p = {.answer = {large, head.len + 100001}};
    peer_open(&p);
    exchange x;
    prepare(&x, "GET", world_port(p.listener), "/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_TOO_LARGE);
    CHECK_EQ_INT(x.response.body.len, 100000);
    CHECK_TEXT(x.response.error_text, "body is larger than the limit of 100000 bytes");
    end(&x);
    peer_close(&p);

    p = (peer){.answer = {large, head.len + 100000}, .then_close = true}; /* the limit itself */
    peer_open(&p);
    prepare(&x, "GET", world_port(p.listener), "/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_INT(x.response.body.len, 100000);
    end(&x);
    peer_close(&p);

    memcpy(large, "HTTP/1.1 200 OK\r\nX: xxx", 23);
    CHECK_FAULT(PL_E_TOO_LARGE, NULL, .answer = {large, 200000}); /* one line without end */
    char *many = large;
    for (int i = 0; i < 1000; i++)
        memcpy(many + 17 + (ptrdiff_t)i * 10, "X-A: abc\r\n", 10);
    CHECK_FAULT(PL_E_TOO_LARGE, "header section is larger than the limit of 5000 bytes",
                .answer = {large, 10017});
    close_world();
}

/* 1 MB of zeros, as Python's gzip.compress(bytes(1 << 20), mtime=0) packs it: these bytes, 1016
 * zeros, these bytes. The limit counts what comes out. */
TEST(client_counts_the_body_after_decoding)
{
    static const char front[25] =
        "\x1f\x8b\x08\0\0\0\0\0\x02\x03\xed\xc1\x31\x01\0\0\0\xc2\xa0\xf5\x4f"
        "\x6d\x08\x5f\xa0",
                      back[10] = "\x3e\x03\x1c\xea\x38\xa7\0\0\x10";
    static char answer[2000];
    open_world();
    size_t at = (size_t)sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                                        "Content-Length: 1051\r\n\r\n");
    memcpy(answer + at, front, sizeof front);
    memcpy(answer + at + 25 + 1016, back, sizeof back);
    CHECK_FAULT(PL_E_TOO_LARGE, "body", .answer = {answer, at + 1051});
    close_world();
}

TEST(client_takes_interim_answers_folded_fields_and_trailers_as_they_are_meant)
{
    open_world();
    peer p = {.answer = PL_SLICE(
                  "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
                  "HTTP/1.1 201 Created\r\nX-Late: a\r\n  b\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "2\r\nok\r\n0\r\nX-Trailer: t\r\n\r\n")};
    peer_open(&p);
    exchange x;
    prepare(&x, "GET", world_port(p.listener), "/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_INT(x.response.status, 201);
    CHECK_EQ_SLICE(x.response.body, PL_SLICE("ok"));
    CHECK(pl_fields_find(x.response.fields, PL_SLICE("X-Early")) == NULL);
    CHECK(pl_fields_find(x.response.fields, PL_SLICE("X-Trailer")) == NULL);
    CHECK_EQ_SLICE(pl_fields_find(x.response.fields, PL_SLICE("X-Late"))->value, PL_SLICE("a b"));
    end(&x);
    peer_close(&p);
    close_world();
}

TEST(client_names_connect_and_tls_failures)
{
    open_world();
    int listener = world_listen(), dead = world_port(listener);
    close(listener);
    exchange x;
    prepare(&x, "GET", dead, "/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_CONNECT);
    CHECK(x.response.error_text && x.response.error_text[0]);
    CHECK_EQ_INT(x.response.status, 0);
    CHECK(!x.response.connection_reused);
    end(&x);
    /* plain HTTP where TLS is spoken to */
    prepare(&x, "GET", port, "/");
    x.request.url = pl_slice_of(pl_arena_printf(&x.arena, "https://127.0.0.1:%d/", port));
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_TLS);
    CHECK_TEXT(x.response.error_text, "SSL");
    end(&x);
    close_world();
}

TEST(client_does_not_follow_redirects)
{
    open_world();
    last_head[0] = '\0';
    char answer[200];
    snprintf(answer, sizeof answer,
             "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n",
             port);
    peer p = {.answer = pl_slice_of(answer)};
    peer_open(&p);
    exchange x;
    prepare(&x, "GET", world_port(p.listener), "/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_INT(x.response.status, 302);
    CHECK_EQ_STR(last_head, "");
    end(&x);
    peer_close(&p);
    close_world();
}

TEST(client_ignores_proxies_of_the_environment)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    open_world();
    exchange x;
    prepare(&x, "GET", port, "/direct");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_TEXT(last_head, "GET /direct\n");
    end(&x);
    close_world();
    unsetenv("http_proxy");
}

TEST(client_sends_nothing_that_is_not_https_where_that_is_wanted)
{
    open_world();
    exchange x;
    prepare(&x, "GET", port, "/");
    x.request.https_only = true;
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_URL);
    CHECK_EQ_STR(x.response.error_text,
                 "the URL is not https, which gateway.lua requires (require_https)");
    end(&x);
    CHECK_EQ_INT(pl_counter_get(&pl_server_metrics_of(server)->connections_total), 0);
    close_world();
}

TEST(client_egress_guard_refuses_the_resolved_address)
{
    open_with_egress("192.0.2.1");
    exchange x;
    prepare(&x, "GET", port, "/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_EGRESS);
    CHECK_EQ_STR(x.response.error_text,
                 "loopback address 127.0.0.1 refused by the egress guard (egress.allow)");
    end(&x);
    prepare(&x, "GET", port, "/");
    x.request.url = PL_SLICE("http://elsewhere.test/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_EGRESS);
    CHECK_EQ_STR(x.response.error_text,
                 "private network address 10.0.0.1 refused by the egress guard (egress.allow)");
    end(&x);
    CHECK_EQ_INT(pl_counter_get(&pl_server_metrics_of(server)->connections_total), 0);
    close_world();
}

TEST(client_asks_the_guard_again_before_each_request)
{
    open_world();
    exchange x;
    prepare(&x, "GET", port, "/first");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    end(&x);
    pl_egress *strict = guard(NULL, 0);
    pl_client_use(client, strict);
    prepare(&x, "GET", port, "/second");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_EGRESS);
    CHECK_EQ_STR(x.response.error_text,
                 "loopback address 127.0.0.1 refused by the egress guard (egress.allow)");
    CHECK_TEXT(last_head, "GET /first\n");
    end(&x);
    CHECK_EQ_INT(pl_counter_get(&pl_server_metrics_of(server)->requests), 1);
    CHECK_EQ_INT(pl_counter_get(&pl_server_metrics_of(server)->connections_total), 1);
    pl_client_use(client, egress);
    pl_egress_free(strict);
    close_world();
}

/* -- cases: redirects (which request comes next is for redirect_test) -- */

static void prepare_redirect(exchange *x, const char *method, const char *path, uint32_t most)
{
    prepare(x, method, port, path);
    x->request.redirects.most = most;
}

/* A handle that is told the origin and the target, and one that is told the URL. */
static void check_target(const char *path, const char *target, uint32_t most_redirects)
{
    exchange x;
    char line[80];
    prepare_redirect(&x, "GET", path, most_redirects);
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    snprintf(line, sizeof line, "GET %s\n", target);
    CHECK_TEXT(last_head, line);
    end(&x);
}

TEST(client_sends_the_target_as_it_is_written)
{
    static const char *const cases[][2] = {
        {"/", "/"},
        {"", "/"},
        {"?a=b", "/?a=b"},
        {"#f", "/"},
        {"/p#f", "/p"},
        {"/p?q#f?g", "/p?q"},
        {"//a//", "//a//"},
        {"/%2F%c3%A4/./../b;c=d", "/%2F%c3%A4/./../b;c=d"},
        {"/a?b?%2f", "/a?b?%2f"},
    };
    open_world();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_target(cases[i][0], cases[i][1], 0);
        check_target(cases[i][0], cases[i][1], 1);
        check_target(cases[i][0], cases[i][1], 0);
    }
    close_world();
}

TEST(client_resolves_redirects_on_a_handle_that_went_straight)
{
    open_world();
    check_target("/first", "/first", 0);
    check_target("/redirect/302?../end?x", "/end?x", 1);
    check_target("/last", "/last", 0);
    close_world();
}

static void check_origin(const char *host)
{
    exchange x;
    char line[80];
    prepare(&x, "GET", port, "/");
    x.request.url = pl_slice_of(pl_arena_printf(&x.arena, "http://%s:%d/o", host, port));
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    snprintf(line, sizeof line, "Host: %s:%d\n", host, port);
    CHECK_TEXT(last_head, line);
    end(&x);
}

TEST(client_goes_to_one_origin_and_then_to_another)
{
    open_world();
    check_origin("127.0.0.1");
    check_origin("here.test");
    check_origin("here.test");
    check_origin("127.0.0.1");
    close_world();
}

TEST(client_follows_redirects_where_asked)
{
    open_world();
    exchange x;
    prepare_redirect(&x, "POST", "/redirect/307?/redirect/302?/end", 2);
    set_body(&x, PL_SLICE("the body"));
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_INT(x.response.status, 200);
    CHECK_EQ_SLICE(x.response.body, PL_SLICE("hello"));
    CHECK_TEXT(last_head, "GET /end\n");
    const pl_hop *hop = x.response.hops;
    CHECK(hop && hop->next && hop->next->next == NULL);
    if (hop && hop->next) {
        CHECK_EQ_INT(hop->status, 307);
        CHECK_EQ_INT(hop->next->status, 302);
        CHECK_EQ_STR(hop->next->url.ptr,
                     pl_arena_printf(&x.arena, "http://127.0.0.1:%d/end", port));
    }
    end(&x);
    prepare_redirect(&x, "GET", "/redirect/302?/end", 0);
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_INT(x.response.status, 302);
    CHECK(x.response.hops == NULL);
    CHECK_EQ_SLICE(x.response.body, PL_SLICE("moved"));
    end(&x);
    close_world();
}

TEST(client_judges_each_redirect)
{
    open_world();
    static const struct {
        const char *path;
        int code, status;
        const char *text;
    } cases[] = {
        {"/redirect/302?http://elsewhere.test/x", PL_E_EGRESS, 0,
         "redirected to 'http://elsewhere.test/x': private network address 10.0.0.1 refused"},
        {"/redirect/302?http://127.0.0.2/", PL_E_EGRESS, 0, "loopback address 127.0.0.2 refused"},
        {"/redirect/302?file:///etc/passwd", PL_E_REDIRECT, 302, "the redirect to 'file:///etc/"},
        {"/redirect/302?ftp://here.test/", PL_E_REDIRECT, 302,
         "'ftp://here.test/' is not followed"},
        {"/redirect/302?http://u:p@here.test/", PL_E_REDIRECT, 302, "is not followed"},
        {"/redirect/301?/redirect/301?/redirect/301?/x", PL_E_REDIRECT, 301,
         "/x' is not followed: 2 were followed already"},
        {"/redirect/302?http://unknown.test/", PL_E_DNS, 0, "redirected to 'http://unknown.test/'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        exchange x;
        prepare_redirect(&x, "GET", cases[i].path, 2);
        start(&x);
        finish(&x);
        CHECK_EQ_INT(x.code, cases[i].code);
        CHECK_EQ_INT(x.response.status, cases[i].status);
        CHECK_TEXT(x.response.error_text, cases[i].text);
        end(&x);
    }
    close_world();
}

TEST(client_keeps_one_time_out_for_all_redirects)
{
    open_world();
    exchange x;
    prepare_redirect(&x, "GET", "/redirect/302?/hold", 5);
    x.request.timeout_ms = 100;
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_TIMEOUT);
    CHECK_TEXT(x.response.error_text, "redirected to 'http://127.0.0.1:");
    CHECK(x.response.timings.total_us >= 90000);
    end(&x);
    prepare_redirect(&x, "GET", "/redirect/302?/hold", 5);
    start(&x);
    DRIVE_UNTIL(requests_held == 2);
    pl_transfer_cancel(x.transfer);
    end(&x);
    close_world();
}

TEST(client_takes_no_credentials_to_another_host)
{
    open_world();
    exchange x;
    prepare_redirect(&x, "GET", "", 1);
    x.request.url = pl_slice_of(pl_arena_printf(
        &x.arena, "http://127.0.0.1:%d/redirect/302?http://here.test:%d/end", port, port));
    set_field(&x, "Authorization", "Bearer b");
    set_field(&x, "Cookie", "c=1");
    set_field(&x, "X-Api-Key", "k");
    x.request.last->shown = PL_SLICE("***");
    set_field(&x, "X-Plain", "p");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_TEXT(last_head, "GET /end\n");
    CHECK_TEXT(last_head, "X-Plain: p\n");
    CHECK(strstr(last_head, "Authorization") == NULL);
    CHECK(strstr(last_head, "Cookie") == NULL);
    CHECK(strstr(last_head, "X-Api-Key") == NULL);
    end(&x);
    close_world();
}

/* -- cases: proxies (real tunnels are for spec/gateway/egress_spec) -- */

static void prepare_proxied(exchange *x, const peer *proxy, const char *url)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    getsockname(proxy->listener, (struct sockaddr *)&address, &len);
    prepare(x, "GET", port, "/");
    x->request.url = pl_slice_of(url);
    x->request.has_proxy = true;
    x->request.proxy.url =
        pl_slice_of(pl_arena_printf(&x->arena, "http://127.0.0.1:%d", ntohs(address.sin_port)));
}

TEST(client_judges_names_before_a_proxy_hears_of_them)
{
    open_with_egress("192.0.2.1"); /* the proxy's own address is allowed by being the proxy's */
    peer proxy = {.answer = PL_SLICE("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")};
    peer_open(&proxy);
    static const struct {
        const char *url;
        int code;
        const char *text;
    } cases[] = {
        {"http://elsewhere.test/", PL_E_EGRESS, "private network address 10.0.0.1 refused"},
        {"http://half.test/", PL_E_EGRESS, "private network address 10.0.0.1 refused"},
        {"https://169.254.169.254/", PL_E_EGRESS, "cloud metadata address 169.254.169.254 refused"},
        {"http://[::1]/", PL_E_EGRESS, "loopback address ::1 refused"},
        {"http://0x7f.1/", PL_E_EGRESS, "loopback address 127.0.0.1 refused"},
        {"http://unknown.test/", PL_E_DNS, "Could not resolve host: unknown.test"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        exchange x;
        prepare_proxied(&x, &proxy, cases[i].url);
        start(&x);
        finish(&x);
        CHECK_EQ_INT(x.code, cases[i].code);
        CHECK_TEXT(x.response.error_text, cases[i].text);
        CHECK_EQ_INT(proxy.got.len, 0);
        end(&x);
    }
    exchange x;
    prepare_proxied(&x, &proxy, "http://8.8.8.8/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_PROXY);
    CHECK_TEXT(x.response.error_text, "the egress proxy: ");
    pl_buf_put_char(&proxy.got, '\0');
    CHECK_TEXT(proxy.got.ptr, "CONNECT 8.8.8.8:80 HTTP/1.1\r\n");
    end(&x);
    peer_close(&proxy);
    close_world();
}

TEST(client_leaves_names_to_a_proxy_that_is_trusted)
{
    open_with_egress("192.0.2.1");
    pl_client_free(client);
    client = pl_client_new(loop, &(pl_client_config){.egress = egress,
                                                     .max_response_bytes = 1000,
                                                     .max_response_header_bytes = 1000,
                                                     .proxy_is_trusted = true});
    peer proxy = {.answer = PL_SLICE("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")};
    peer_open(&proxy);
    exchange x;
    prepare_proxied(&x, &proxy, "http://10.0.0.1/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_EGRESS);
    CHECK_EQ_INT(proxy.got.len, 0);
    end(&x);
    prepare_proxied(&x, &proxy, "https://unknown.test/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_CONNECT);
    CHECK_TEXT(x.response.error_text, "the egress proxy cannot reach the receiver: ");
    pl_buf_put_char(&proxy.got, '\0');
    CHECK_TEXT(proxy.got.ptr, "CONNECT unknown.test:443 HTTP/1.1\r\n");
    end(&x);
    peer_close(&proxy);
    close_world();
}

TEST(client_is_not_held_up_by_a_resolver_that_hangs_before_a_proxy)
{
    open_world();
    let_resolver(true);
    exchange slow, cancelled, left;
    peer proxy = {0};
    peer_open(&proxy);
    prepare_proxied(&slow, &proxy, "http://slow.test/");
    slow.request.timeout_ms = 100;
    start(&slow);
    prepare_proxied(&cancelled, &proxy, "http://slower.test/");
    start(&cancelled);
    prepare_proxied(&left, &proxy, "http://slowest.test/");
    start(&left); /* still under way when the client goes */
    DRIVE_UNTIL(resolving_now() == 3);
    pl_transfer_cancel(cancelled.transfer);
    finish(&slow);
    CHECK_EQ_INT(slow.code, PL_E_TIMEOUT);
    CHECK_TEXT(slow.response.error_text, "100 ms reached while resolving the host name");
    peer_close(&proxy);
    close_world();
    let_resolver(false);
    while (resolving_now() > 0)
        usleep(1000);
    end(&slow);
    end(&cancelled);
    end(&left);
}

/* -- cases: credentials (whether they are right ones is for spec/gateway/outgoing_auth_spec) -- */

static void set_auth(exchange *x, pl_auth_kind kind)
{
    pl_request_set_auth(&x->request, &x->arena, (pl_auth){kind, PL_SLICE("u"), PL_SLICE("p")});
}

TEST(client_does_not_send_to_who_asks_for_no_authentication)
{
    open_world();
    static const pl_auth_kind kinds[] = {PL_AUTH_DIGEST, PL_AUTH_NTLM};
    for (int i = 0; i < 4; i++) {
        exchange x;
        prepare(&x, i < 2 ? "POST" : "GET", port, "/open");
        if (i < 2) set_body(&x, PL_SLICE("the body"));
        set_auth(&x, kinds[i % 2]);
        uint64_t before = pl_counter_get(&pl_server_metrics_of(server)->requests);
        start(&x);
        finish(&x);
        CHECK_EQ_INT(x.code, PL_E_AUTH);
        CHECK_TEXT(x.response.error_text, "did not ask for the authentication");
        CHECK_EQ_INT(x.response.status, 200);
        CHECK_EQ_INT(pl_counter_get(&pl_server_metrics_of(server)->requests), before + 1);
        if (i < 2) CHECK_TEXT(last_head, "Content-Length: 0\n");
        end(&x);
    }
    close_world();
}

TEST(client_leaves_no_credentials_on_a_handle)
{
    open_world();
    exchange x;
    prepare(&x, "POST", port, "/");
    set_auth(&x, PL_AUTH_NTLM);
    start(&x);
    finish(&x);
    CHECK_TEXT(last_head, "Authorization: NTLM ");
    end(&x);
    prepare(&x, "POST", port, "/");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK(strstr(last_head, "Authorization") == NULL);
    end(&x);
    close_world();
}

TEST(client_takes_the_answer_of_who_refuses_before_asking)
{
    open_world();
    peer p = {.answer = PL_SLICE("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nX-A: 1\r\n\r\nbusy")};
    peer_open(&p);
    exchange x;
    prepare(&x, "POST", world_port(p.listener), "/");
    set_body(&x, PL_SLICE("the body"));
    set_auth(&x, PL_AUTH_DIGEST);
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_INT(x.response.status, 503);
    CHECK_EQ_SLICE(x.response.body, PL_SLICE("busy"));
    CHECK(pl_fields_find(x.response.fields, PL_SLICE("X-A")) != NULL);
    CHECK(memmem(p.got.ptr, p.got.len, "the body", 8) == NULL);
    end(&x);
    peer_close(&p);
    close_world();
}

TEST(client_does_not_answer_for_ever)
{
    open_world();
    peer p = {.answer = PL_SLICE("HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n"
                                 "WWW-Authenticate: Digest realm=\"r\", qop=\"auth\", "
                                 "nonce=\"n\", stale=true\r\n\r\n"),
              .then_close = true};
    peer_open(&p);
    exchange x;
    prepare(&x, "POST", world_port(p.listener), "/");
    set_auth(&x, PL_AUTH_DIGEST);
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_AUTH);
    CHECK_TEXT(x.response.error_text, "over and over");
    CHECK_EQ_INT(x.response.status, 401);
    end(&x);
    peer_close(&p);
    close_world();
}

#define PEM "-----BEGIN X-----\n"

TEST(client_does_not_send_without_credentials_that_cannot_be_applied)
{
    static const struct {
        const char *scheme;
        pl_auth auth;
        pl_tls tls;
        const char *text;
    } cases[] = {
        {"http", {PL_AUTH_DIGEST, PL_SLICE_INIT("a:b"), {0}}, {{0}, {0}, {0}, {0}}, "colon"},
        {"http", {0}, {PL_SLICE_INIT(PEM), PL_SLICE_INIT(PEM), {0}, {0}}, "want an https URL"},
        {"http", {0}, {.ca = PL_SLICE_INIT(PEM)}, "want an https URL"},
        {"https", {0}, {.certificate = PL_SLICE_INIT(PEM)}, "has no key"},
        {"https",
         {0},
         {PL_SLICE_INIT(PEM), PL_SLICE_INIT(PEM), PL_SLICE_INIT("a\0b"), {0}},
         "zero"},
        {"https", {0}, {PL_SLICE_INIT(PEM), PL_SLICE_INIT(PEM), {0}, {0}}, "cannot be used: "},
    };
    open_world();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        exchange x;
        prepare(&x, "GET", port, "/");
        x.request.url =
            pl_slice_of(pl_arena_printf(&x.arena, "%s://127.0.0.1:%d/", cases[i].scheme, port));
        x.request.auth = cases[i].auth;
        x.request.tls = cases[i].tls;
        start(&x);
        finish(&x);
        CHECK_EQ_INT(x.code, PL_E_AUTH);
        CHECK_TEXT(x.response.error_text, cases[i].text);
        end(&x);
    }
    CHECK_EQ_INT(pl_counter_get(&pl_server_metrics_of(server)->requests), 0);
    close_world();
}

/* -- cases: the resolver -- */

static void prepare_host(exchange *x, const char *host)
{
    prepare(x, "GET", port, "/");
    x->request.url = pl_slice_of(pl_arena_printf(&x->arena, "http://%s:%d/", host, port));
}

TEST(client_resolves_names)
{
    open_world();
    exchange x;
    prepare_host(&x, "here.test");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    end(&x);
    prepare_host(&x, "unknown.test");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_DNS);
    CHECK_TEXT(x.response.error_text, "unknown.test");
    end(&x);
    close_world();
}

/* The second client has no connection to it and no memory of its address. */
TEST(client_judges_a_name_that_changes_its_address)
{
    open_world();
    atomic_store(&turns, 0);
    exchange x;
    prepare_host(&x, "turns.test");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    end(&x);
    pl_client_free(client);
    client = pl_client_new(loop, &(pl_client_config){.egress = egress,
                                                     .max_response_bytes = 1000,
                                                     .max_response_header_bytes = 1000});
    prepare_host(&x, "turns.test");
    start(&x);
    finish(&x);
    CHECK_EQ_INT(x.code, PL_E_EGRESS);
    CHECK_TEXT(x.response.error_text, "private network address 10.0.0.1 refused");
    end(&x);
    CHECK_EQ_INT(atomic_load(&turns), 2);
    close_world();
}

/* Each attempt closes the descriptor of the one before,
 * and the next gets its number: the watcher must go along. */
TEST(client_tries_each_address_of_a_name)
{
    open_world();
    pl_egress_free(egress);
    pl_client_free(client);
    egress = guard((const char *[]){"127.0.0.1", "127.0.0.2"}, 2);
    client = pl_client_new(loop, &(pl_client_config){.egress = egress,
                                                     .max_response_bytes = 1000,
                                                     .max_response_header_bytes = 1000});
    static const struct {
        const char *host;
        int code;
    } cases[] = {{"second.test", 0}, {"half.test", 0}, {"half-dead.test", PL_E_CONNECT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        exchange x;
        prepare_host(&x, cases[i].host);
        start(&x);
        finish(&x);
        CHECK_EQ_INT(x.code, cases[i].code);
        end(&x);
    }
    close_world();
}

TEST(client_is_not_held_up_by_a_resolver_that_hangs)
{
    open_world();
    let_resolver(true);
    exchange slow, cancelled, fast;
    prepare_host(&slow, "slow.test");
    slow.request.timeout_ms = 100;
    start(&slow);
    prepare_host(&cancelled, "slower.test");
    start(&cancelled);
    DRIVE_UNTIL(resolving_now() == 2);
    prepare(&fast, "GET", port, "/fast");
    start(&fast);
    finish(&fast);
    CHECK_EQ_INT(fast.code, 0);
    uint64_t at = pl_monotonic_us();
    pl_transfer_cancel(cancelled.transfer);
    CHECK(pl_monotonic_us() - at < 1000000);
    finish(&slow);
    CHECK_EQ_INT(slow.code, PL_E_TIMEOUT);
    CHECK_EQ_STR(slow.response.error_text,
                 "the time-out of 100 ms reached while resolving the host name");
    CHECK(pl_loop_longest_stall_us(loop) < 1000000);
    let_resolver(false);
    DRIVE_UNTIL(resolving_now() == 0);
    end(&slow);
    end(&cancelled);
    end(&fast);
    close_world();
}

int main(void)
{
    pl_client_global_init();
    return RUN(
        CASE(client_brings_the_answer), CASE(client_sends_any_method_with_and_without_body),
        CASE(client_sends_fields_as_given), CASE(client_puts_nothing_on_the_wire_that_is_not_http),
        CASE(client_reuses_connections), CASE(client_survives_connections_closed_while_idle),
        CASE(client_carries_600_transfers_at_once), CASE(client_closes_connections_that_stay_idle),
        CASE(client_keeps_so_many_connections), CASE(client_says_when_there_is_no_descriptor_left),
        CASE(client_cancel_and_send_from_within_done),
        CASE(client_cancel_at_once_and_free_with_transfers_under_way),
        CASE(client_names_what_went_wrong_with_the_answer),
        CASE(client_names_the_phase_and_the_limit_of_a_time_out),
        CASE(client_connect_time_out_is_its_own_limit),
        CASE(client_total_time_out_ends_a_dripping_answer),
        CASE(client_refuses_answers_beyond_its_limits), CASE(client_counts_the_body_after_decoding),
        CASE(client_takes_interim_answers_folded_fields_and_trailers_as_they_are_meant),
        CASE(client_names_connect_and_tls_failures), CASE(client_does_not_follow_redirects),
        CASE(client_ignores_proxies_of_the_environment),
        CASE(client_egress_guard_refuses_the_resolved_address),
        CASE(client_asks_the_guard_again_before_each_request),
        CASE(client_sends_the_target_as_it_is_written),
        CASE(client_resolves_redirects_on_a_handle_that_went_straight),
        CASE(client_goes_to_one_origin_and_then_to_another),
        CASE(client_follows_redirects_where_asked), CASE(client_judges_each_redirect),
        CASE(client_keeps_one_time_out_for_all_redirects),
        CASE(client_takes_no_credentials_to_another_host),
        CASE(client_judges_names_before_a_proxy_hears_of_them),
        CASE(client_leaves_names_to_a_proxy_that_is_trusted),
        CASE(client_is_not_held_up_by_a_resolver_that_hangs_before_a_proxy),
        CASE(client_sends_nothing_that_is_not_https_where_that_is_wanted),
        CASE(client_does_not_send_to_who_asks_for_no_authentication),
        CASE(client_leaves_no_credentials_on_a_handle),
        CASE(client_takes_the_answer_of_who_refuses_before_asking),
        CASE(client_does_not_answer_for_ever),
        CASE(client_does_not_send_without_credentials_that_cannot_be_applied),
        CASE(client_resolves_names), CASE(client_judges_a_name_that_changes_its_address),
        CASE(client_tries_each_address_of_a_name),
        CASE(client_is_not_held_up_by_a_resolver_that_hangs));
}
