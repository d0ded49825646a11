/* SPDX-License-Identifier: MIT
 *
 * The receiver that all peers of the bench send to: one thread, answers each request with the same
 * JSON, at once or DELAY_MS later.
 *
 *   bench_sink COUNTER_FILE [DELAY_MS]
 *
 * Says "listening on 127.0.0.1:PORT" on stderr. COUNTER_FILE holds how many have been answered. */
#include "wire.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>

#define ANSWER "{\"id\":\"r-918273645\",\"status\":\"accepted\",\"eta\":\"2026-12-01T10:00:00Z\"}"

static char answer[256];
static size_t answer_length;

/* Of one client, which waits for an answer before it sends the next request. */
typedef struct connection {
    int fd;
    size_t length;
    uint64_t due_ns; /* of the answer, 0: none is owed */
    struct connection *next;
    char bytes[8192];
} connection;

static int epoll_fd;
static uint64_t delay_ns;
static volatile uint64_t *count;
static connection *first_due,
    **last_due = &first_due; /* all wait as long: the order is that of coming */

static int listen_on_loopback(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) || listen(fd, 4096) ||
        getsockname(fd, (struct sockaddr *)&address, &length))
        die("listen");
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    return fd;
}

static void accept_all(int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        no_delay(fd);
        connection *c = calloc(1, sizeof *c);
        c->fd = fd;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

/* One that is owed an answer is freed when that is due. */
static void hang_up(connection *c)
{
    close(c->fd);
    c->fd = -1;
    if (!c->due_ns) free(c);
}

static void send_answer(connection *c)
{
    ++*count;
    if (send(c->fd, answer, answer_length, MSG_NOSIGNAL) < 0) hang_up(c);
}

static void owe_answer(connection *c)
{
    c->due_ns = now_ns() + delay_ns;
    c->next = NULL;
    *last_due = c;
    last_due = &c->next;
}

static void on_readable(connection *c)
{
    ssize_t n = recv(c->fd, c->bytes + c->length, sizeof c->bytes - c->length, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        hang_up(c);
        return;
    }
    c->length += (size_t)n;
    size_t whole = message_length(c->bytes, c->length);
    if (!whole) return;
    c->length = 0;
    if (delay_ns) {
        owe_answer(c);
    } else {
        send_answer(c);
    }
}

static void send_due(void)
{
    uint64_t now = now_ns();
    while (first_due && first_due->due_ns <= now) {
        connection *c = first_due;
        first_due = c->next;
        if (!first_due) last_due = &first_due;
        c->due_ns = 0;
        if (c->fd < 0) {
            free(c);
        } else {
            send_answer(c);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_sink COUNTER_FILE [DELAY_MS]\n");
        return 2;
    }
    count = shared_counter(argv[1]);
    delay_ns = argc > 2 ? strtoul(argv[2], NULL, 10) * 1000000u : 0;
    answer_length = (size_t)sprintf(answer,
                                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                    "Content-Length: %zu\r\n\r\n%s",
                                    sizeof ANSWER - 1, ANSWER);
    allow_descriptors();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on_loopback();
    struct epoll_event event = {.events = EPOLLIN}, events[256];
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = epoll_wait(epoll_fd, events, 256, first_due ? 1 : -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) {
                on_readable(events[i].data.ptr);
            } else {
                accept_all(listener);
            }
        }
        send_due();
    }
}
