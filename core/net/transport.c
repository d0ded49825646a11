/* SPDX-License-Identifier: MIT
 *
 * Plain sockets are system calls; TLS is OpenSSL on the same descriptor. What is written in parts
 * (a head, a body) is put together into records of full size, so that an answer of usual length is
 * one record and one packet. */
#include "net/transport.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECORD_BYTES 16384 /* the most that one record of TLS holds (RFC 8446 section 5.1) */
#define MAX_PARTS    4

bool pl_transport_open(pl_transport *t, int fd, pl_tls *tls)
{
    *t = (pl_transport){.fd = fd};
    if (tls) t->ssl = pl_tls_session(tls, fd);
    return tls == NULL || t->ssl != NULL;
}

/* What became of a call of OpenSSL that did not succeed: as recv(2) would say it. */
static ssize_t outcome(pl_transport *t)
{
    switch (SSL_get_error(t->ssl, 0)) {
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_WANT_WRITE:
        t->wants_write = true;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_WANT_READ:
        errno = EAGAIN;
        return -1;
    default:
        t->is_broken = true;
        errno = ECONNRESET;
        return -1;
    }
}

static void begin(pl_transport *t)
{
    t->wants_write = false;
    ERR_clear_error(); /* of another connection: SSL_get_error would take it for this one's */
}

/* -- the handshake -- */

/* Not in TLS, which is what it says. */
static void answer_plainly(pl_transport *t)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n"
                                 "Content-Type: text/plain\r\n"
                                 "Content-Length: 27\r\n"
                                 "Connection: close\r\n"
                                 "\r\n"
                                 "only https is spoken here.\n";
    (void)!send(t->fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
}

enum pl_handshake pl_transport_handshake(pl_transport *t, const char **reason)
{
    begin(t);
    if (SSL_do_handshake(t->ssl) == 1) return PL_HANDSHAKE_DONE;
    if (outcome(t) < 0 && errno == EAGAIN) return PL_HANDSHAKE_GOES_ON;
    unsigned long error = ERR_peek_last_error();
    *reason = ERR_reason_error_string(error);
    if (*reason == NULL) *reason = "the client went away";
    t->is_broken = true;
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST)
        answer_plainly(t);
    ERR_clear_error();
    return PL_HANDSHAKE_FAILED;
}

/* -- reading -- */

ssize_t pl_transport_read(pl_transport *t, void *bytes, size_t room, bool peek)
{
    if (t->ssl == NULL) return recv(t->fd, bytes, room, peek ? MSG_PEEK : 0);
    size_t n = 0;
    begin(t);
    int is_read =
        peek ? SSL_peek_ex(t->ssl, bytes, room, &n) : SSL_read_ex(t->ssl, bytes, room, &n);
    return is_read ? (ssize_t)n : outcome(t);
}

bool pl_transport_has_input(const pl_transport *t)
{
    if (t->ssl == NULL) return false;
    return SSL_pending(t->ssl) > 0 || (SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN);
}

/* -- writing -- */

static ssize_t write_plain(pl_transport *t, const pl_slice *parts, int count)
{
    struct iovec iov[MAX_PARTS];
    for (int i = 0; i < count; i++)
        iov[i] = (struct iovec){(void *)(uintptr_t)parts[i].ptr, parts[i].len};
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)count};
    ssize_t n = sendmsg(t->fd, &message, MSG_NOSIGNAL);
    return n < 0 && pl_transport_must_wait() ? 0 : n;
}

/* What stands behind the first `skip` bytes of the parts, at most a record of it: one part where it
 * lies, several in `record`. */
static pl_slice next_record(const pl_slice *parts, int count, size_t skip, char *record)
{
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        if (skip >= parts[i].len) {
            skip -= parts[i].len;
            continue;
        }
        size_t n = parts[i].len - skip;
        if (n > RECORD_BYTES - len) n = RECORD_BYTES - len;
        bool is_alone = len == 0 && (i == count - 1 || n == RECORD_BYTES);
        if (is_alone) return (pl_slice){parts[i].ptr + skip, n};
        memcpy(record + len, parts[i].ptr + skip, n);
        len += n;
        skip = 0;
    }
    return (pl_slice){record, len};
}

static ssize_t write_tls(pl_transport *t, const pl_slice *parts, int count)
{
    char record[RECORD_BYTES];
    size_t sent = 0;
    for (;;) {
        pl_slice next = next_record(parts, count, sent, record);
        size_t n = 0;
        if (next.len == 0) return (ssize_t)sent;
        begin(t);
        if (SSL_write_ex(t->ssl, next.ptr, next.len, &n) != 1) break;
        sent += n;
    }
    ssize_t result = outcome(t);
    t->wants_write = false; /* whoever has bytes left waits for that anyhow */
    return result < 0 && errno == EAGAIN ? (ssize_t)sent : -1;
}

ssize_t pl_transport_write(pl_transport *t, const pl_slice *parts, int count)
{
    return t->ssl ? write_tls(t, parts, count) : write_plain(t, parts, count);
}

/* -- the end -- */

static void say_farewell(pl_transport *t)
{
    if (t->ssl == NULL || t->is_broken || !SSL_is_init_finished(t->ssl)) return;
    begin(t);
    SSL_shutdown(t->ssl); /* its close_notify; the peer's is not waited for */
    t->is_broken = true;
}

void pl_transport_shut(pl_transport *t)
{
    say_farewell(t);
    shutdown(t->fd, SHUT_WR);
}

void pl_transport_close(pl_transport *t)
{
    say_farewell(t);
    SSL_free(t->ssl);
    t->ssl = NULL;
    close(t->fd);
}
