/* SPDX-License-Identifier: MIT
 *
 * What the tests of net/ share: driving a loop until something holds (or a generous deadline says
 * that it never will), raw sockets on loopback, and a count of open descriptors. */
#ifndef PL_SPEC_WORLD_H
#define PL_SPEC_WORLD_H

#include "base/buf.h"
#include "net/loop.h"
#include "test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define DEADLINE_US 10000000

/* Ends every wait of the loop soon, so that conditions outside the loop are looked at again. */
static pl_loop *tick_loop;
static pl_timer tick_timer;
static inline void tick(pl_timer *t)
{
    pl_wheel_start(pl_loop_wheel(tick_loop), t, 2);
}

static inline pl_loop *world_open(void)
{
    tick_loop = pl_loop_new();
    pl_timer_init(&tick_timer, tick);
    tick(&tick_timer);
    return tick_loop;
}

static inline void world_close(void)
{
    pl_wheel_stop(pl_loop_wheel(tick_loop), &tick_timer);
    pl_loop_free(tick_loop);
}

/* Rounds of the loop until `condition` holds; CHECKs that it came to hold. */
#define DRIVE_UNTIL(condition)                                             \
    do {                                                                   \
        uint64_t started_ = pl_monotonic_us();                             \
        while (!(condition) && pl_monotonic_us() - started_ < DEADLINE_US) \
            ev_run(pl_loop_ev(tick_loop), EVRUN_ONCE);                     \
        CHECK(condition);                                                  \
    } while (0)

static inline struct sockaddr_in world_address(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static inline int world_port(int fd)
{
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    getsockname(fd, (struct sockaddr *)&a, &len);
    return ntohs(a.sin_port);
}

/* A plain listening socket of the test's own. */
static inline int world_listen(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = world_address(0);
    bind(fd, (struct sockaddr *)&a, sizeof a);
    listen(fd, 64);
    return fd;
}

static inline int world_connect(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = world_address(port);
    CHECK_EQ_INT(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* Closes so that the other side sees a reset. */
static inline void world_reset(int fd)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
}

/* Reads what is there into `b`, with a NUL behind it.
 * True at end of file, or at an error, which it notes. */
static int read_error;
static inline bool world_read(int fd, pl_buf *b)
{
    ssize_t n;
    while ((n = recv(fd, pl_buf_reserve(b, 65537), 65536, 0)) > 0)
        b->len += (size_t)n;
    *pl_buf_reserve(b, 1) = '\0';
    read_error = n == 0 || errno == EAGAIN || errno == EINTR ? 0 : errno;
    return n == 0 || read_error;
}

static inline int world_count(const pl_buf *b, const char *what)
{
    int count = 0;
    for (const char *at = b->ptr; at && (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

static inline int world_descriptors(void)
{
    int count = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d))
        count++;
    closedir(d);
    return count;
}

#endif
