/* SPDX-License-Identifier: MIT
 *
 * The load of the bench: one thread that posts the same body over keep-alive connections, each of
 * which sends its next request when the answer has come.
 *
 *   bench_load [OPTIONS] PORT PATH BODY_FILE
 *
 *   -c N       connections (1)
 *   -d S       for so many seconds (1)
 *   -r N       so many requests a second, all connections together, not as many as there can be
 *   -b N       durable events: no more than N may be accepted and not be answered by the sink
 *   -f FILE    the sink's counter, for -b
 *   -v N       the zeros of "00000" in the body become a number that cycles through N values, spread
 *   -s N       evenly over 0 .. N-1 (of -v: the whole)
 *   -i         idle: each connection gets one answer, and all are held until SIGTERM
 *
 * Prints the line of JSON that samples.h describes, and the first answer that is no 2xx on stderr. */
#include "wire.h"

#include "samples.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>

#define MARK "00000"

typedef struct connection {
    int fd;
    uint64_t sent_ns;
    size_t length;
    struct connection *next_ready;
    char bytes[16384];
} connection;

static struct {
    int connections;
    double seconds;
    uint64_t rate, backlog, varied, spread;
    const char *counter;
    bool is_idle;
} options = {.connections = 1, .seconds = 1};

static int epoll_fd;
static char *request, *mark;
static size_t request_length;
static connection *ready; /* those that wait until they may send */
static samples answers;
static uint64_t sent;
static volatile uint64_t *delivered;
static uint64_t delivered_before, start_ns, end_ns;
static volatile sig_atomic_t is_stopped;

static void on_term(int signal)
{
    (void)signal;
    is_stopped = 1;
}

static void read_body(int port, const char *path, const char *file)
{
    FILE *f = fopen(file, "rb");
    if (!f) die(file);
    char *body = NULL;
    size_t room = 0;
    ssize_t length = getdelim(&body, &room, -1, f);
    fclose(f);
    if (length < 0) die(file);
    request = malloc((size_t)length + strlen(path) + 256);
    int head = sprintf(request,
                       "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zd\r\n\r\n",
                       path, port, length);
    memcpy(request + head, body, (size_t)length);
    request_length = (size_t)head + (size_t)length;
    free(body);
    if (options.varied) mark = memmem(request, request_length, MARK, sizeof MARK - 1);
}

/* The next of the values that the body cycles through. */
static void vary(void)
{
    if (!mark) return;
    uint64_t number = sent % options.varied * options.spread / options.varied;
    for (size_t i = sizeof MARK - 1; i-- > 0; number /= 10)
        mark[i] = (char)('0' + number % 10);
}

static void connect_all(int port)
{
    struct sockaddr_in address = loopback(port);
    for (int i = 0; i < options.connections; i++) {
        connection *c = calloc(1, sizeof *c);
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address))
            die("connect");
        no_delay(c->fd);
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
        c->next_ready = ready;
        ready = c;
    }
}

/* -- when the next request may go -- */

static uint64_t next_due_ns(void)
{
    return options.rate ? start_ns + sent * 1000000000u / options.rate : 0;
}

static bool may_send(uint64_t now)
{
    if (now >= end_ns || now < next_due_ns()) return false;
    if (!options.backlog) return true;
    return sent < *delivered - delivered_before + options.backlog;
}

static void send_ready(void)
{
    uint64_t now = now_ns();
    while (ready && may_send(now)) {
        connection *c = ready;
        ready = c->next_ready;
        vary();
        c->sent_ns = now;
        if (send(c->fd, request, request_length, MSG_NOSIGNAL) != (ssize_t)request_length)
            die("send");
        sent++;
        now = now_ns();
    }
}

/* -- answers -- */

static void on_readable(connection *c)
{
    ssize_t n = recv(c->fd, c->bytes + c->length, sizeof c->bytes - c->length, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        fprintf(stderr, "a connection was closed\n");
        exit(1);
    }
    c->length += (size_t)n;
    if (!message_length(c->bytes, c->length)) return;
    bool is_good = c->bytes[9] == '2';
    if (!is_good && !answers.bad) fprintf(stderr, "%.*s\n", (int)c->length, c->bytes);
    samples_add(&answers, now_ns() - c->sent_ns, is_good);
    c->length = 0;
    if (options.is_idle) return;
    c->next_ready = ready;
    ready = c;
}

static bool is_over(void)
{
    return sent == answers.count && (now_ns() >= end_ns || !ready);
}

/* Nothing may be sent for as long, unless an answer comes. */
static struct timespec pause_before_sending(void)
{
    uint64_t now = now_ns(), until = end_ns;
    if (now >= end_ns) {
        until = now + 100000000;
    } else if (options.backlog) {
        until = now + 200000; /* a look at the sink's counter */
    } else if (ready && options.rate && next_due_ns() < until) {
        until = next_due_ns();
    }
    uint64_t ns = until > now ? until - now : 0;
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u),
                             .tv_nsec = (long)(ns % 1000000000u)};
}

static void run(void)
{
    struct epoll_event events[256];
    start_ns = now_ns();
    end_ns = start_ns + (uint64_t)(options.seconds * 1e9);
    if (delivered) delivered_before = *delivered;
    while (!is_over()) {
        send_ready();
        struct timespec pause = pause_before_sending();
        int n = epoll_pwait2(epoll_fd, events, 256, &pause, NULL);
        for (int i = 0; i < n; i++)
            on_readable(events[i].data.ptr);
    }
}

int main(int argc, char **argv)
{
    for (int o; (o = getopt(argc, argv, "c:d:r:b:f:v:s:i")) != -1;) {
        switch (o) {
        case 'c':
            options.connections = atoi(optarg);
            break;
        case 'd':
            options.seconds = atof(optarg);
            break;
        case 'r':
            options.rate = strtoull(optarg, NULL, 10);
            break;
        case 'b':
            options.backlog = strtoull(optarg, NULL, 10);
            break;
        case 'f':
            options.counter = optarg;
            break;
        case 'v':
            options.varied = strtoull(optarg, NULL, 10);
            break;
        case 's':
            options.spread = strtoull(optarg, NULL, 10);
            break;
        case 'i':
            options.is_idle = true;
            break;
        default:
            return 2;
        }
    }
    if (argc - optind != 3 || (options.backlog && !options.counter)) {
        fprintf(stderr, "usage: bench_load [OPTIONS] PORT PATH BODY_FILE\n");
        return 2;
    }
    if (!options.spread) options.spread = options.varied;
    if (options.counter) delivered = shared_counter(options.counter);
    signal(SIGTERM, on_term);
    allow_descriptors();
    int port = atoi(argv[optind]);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    read_body(port, argv[optind + 1], argv[optind + 2]);
    connect_all(port);
    run();
    samples_print(&answers, (double)(now_ns() - start_ns) / 1e9);
    while (options.is_idle && !is_stopped)
        pause();
    return 0;
}
