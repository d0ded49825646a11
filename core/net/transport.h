/* SPDX-License-Identifier: MIT
 *
 * How the bytes of one connection travel: as they are, or in TLS. Private to net/. Nothing blocks.
 *
 * TLS may hold bytes that it has read and decrypted already, for which the socket does not become
 * readable again: whoever waits for input asks pl_transport_has_input first. */
#ifndef PL_NET_TRANSPORT_H
#define PL_NET_TRANSPORT_H

#include "base/slice.h"
#include "net/tls.h"

#include <errno.h>
#include <sys/types.h>

typedef struct pl_transport {
    int fd;
    struct ssl_st *ssl; /* NULL: plain */
    bool wants_write;   /* the last read or handshake waits until the socket takes something */
    bool is_broken;     /* TLS failed, or the answer was cut: no farewell */
} pl_transport;

/* Did a system call on a socket fail (errno) only for the moment? */
static inline bool pl_transport_must_wait(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Takes the descriptor; `tls` NULL for plain. False when there is no memory for a session. */
bool pl_transport_open(pl_transport *t, int fd, pl_tls *tls);
/* Once `true` was told, the connection can be used. */
enum pl_handshake { PL_HANDSHAKE_DONE, PL_HANDSHAKE_GOES_ON, PL_HANDSHAKE_FAILED };
/* Who speaks plain HTTP is told so in plain HTTP. When it failed `*reason` says why (static text). */
enum pl_handshake pl_transport_handshake(pl_transport *t, const char **reason);
/* As recv(2), with EAGAIN; `peek` leaves the bytes where they are. */
ssize_t pl_transport_read(pl_transport *t, void *bytes, size_t room, bool peek);
/* Bytes, or the end of them, that no event of the socket will tell of. */
bool pl_transport_has_input(const pl_transport *t);
/* How many bytes were taken, perhaps none for now; -1: it is broken. Of what was not taken, the
 * next write begins with the first byte. */
ssize_t pl_transport_write(pl_transport *t, const pl_slice *parts, int count);
/* Says farewell; raw bytes may still be read from the socket, to throw them away. */
void pl_transport_shut(pl_transport *t);
void pl_transport_close(pl_transport *t);

#endif
