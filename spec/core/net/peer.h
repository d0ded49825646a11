/* SPDX-License-Identifier: MIT
 *
 * The other side of a connection, for tests of the client: one connection at a time, plain or in
 * TLS, on the loop of world.h. It follows a script of its own (`answer` and what then), or says what
 * the test has it say. */
#ifndef PL_SPEC_PEER_H
#define PL_SPEC_PEER_H

#include "net/world.h"

#include <linux/sockios.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/ioctl.h>

typedef struct peer {
    /* Set before it is opened. */
    pl_slice answer; /* sent when the first bytes have come */
    bool then_close, then_reset;
    SSL_CTX *tls; /* NULL: plain */
    bool is_deaf; /* reads nothing while it is set */

    int listener, fd, accepted;
    SSL *ssl;
    pl_buf got, out; /* of `out`, so much has gone */
    size_t gone;
    ev_io acceptable, ready;
    bool is_answered, is_over; /* over: the client has ended its side, or all */
} peer;

/* -- bytes -- */

static inline void peer_watch(peer *p, int events)
{
    struct ev_loop *ev = pl_loop_ev(tick_loop);
    ev_io_stop(ev, &p->ready);
    if (p->fd < 0 || events == 0) return;
    ev_io_set(&p->ready, p->fd, events);
    ev_io_start(ev, &p->ready);
}

static inline void peer_flush(peer *p)
{
    while (p->gone < p->out.len && p->fd >= 0) {
        const char *bytes = p->out.ptr + p->gone;
        size_t len = p->out.len - p->gone;
        ssize_t n =
            p->ssl ? SSL_write(p->ssl, bytes, (int)len) : send(p->fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0) break;
        p->gone += (size_t)n;
    }
    bool is_out = p->gone == p->out.len;
    peer_watch(p, (p->is_deaf || p->is_over ? 0 : EV_READ) | (is_out ? 0 : EV_WRITE));
}

/* As a piece (and a record of TLS) of its own, as far as the socket takes it now. */
static inline void peer_say(peer *p, pl_slice bytes)
{
    pl_buf_put_slice(&p->out, bytes);
    peer_flush(p);
}

/* Waits, without the loop, until what was said stands in the client's socket. */
static inline void peer_wait_for_delivery(const peer *p)
{
    int left = 0;
    for (int i = 0; i < 10000 && p->fd >= 0 && ioctl(p->fd, SIOCOUTQ, &left) == 0 && left; i++)
        usleep(100);
    CHECK_EQ_INT(left, 0);
}

static inline bool peer_read_tls(peer *p)
{
    int n;
    while ((n = SSL_read(p->ssl, pl_buf_reserve(&p->got, 16385), 16384)) > 0)
        p->got.len += (size_t)n;
    *pl_buf_reserve(&p->got, 1) = '\0';
    int what = SSL_get_error(p->ssl, n);
    return what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE;
}

static inline bool peer_has(const peer *p, const char *text)
{
    return p->got.len && memmem(p->got.ptr, p->got.len, text, strlen(text)) != NULL;
}

/* -- its ends -- */

/* Closes the connection, in TLS without a word. */
static inline void peer_cut(peer *p)
{
    peer_watch(p, 0);
    SSL_free(p->ssl);
    p->ssl = NULL;
    if (p->fd >= 0) close(p->fd);
    p->fd = -1;
    p->gone = p->out.len;
}

static inline void peer_hang_up(peer *p)
{
    if (p->ssl) SSL_shutdown(p->ssl);
    peer_cut(p);
}

static inline void peer_reset(peer *p)
{
    int fd = p->fd;
    p->fd = -1;
    peer_cut(p);
    world_reset(fd);
}

/* -- on the loop -- */

static inline void peer_follow_script(peer *p)
{
    if (p->is_answered || p->got.len == 0) return;
    p->is_answered = true;
    peer_say(p, p->answer);
    if (p->then_reset)
        peer_reset(p);
    else if (p->then_close)
        peer_hang_up(p);
}

static inline void peer_on_ready(struct ev_loop *ev, ev_io *io, int events)
{
    (void)ev, (void)events;
    peer *p = io->data;
    if (!p->is_deaf) p->is_over = p->ssl ? peer_read_tls(p) : world_read(p->fd, &p->got);
    peer_flush(p);
    peer_follow_script(p);
}

static inline void peer_on_acceptable(struct ev_loop *ev, ev_io *io, int events)
{
    (void)ev, (void)events;
    peer *p = io->data;
    int fd = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    peer_cut(p); /* a client that tries again on a fresh connection gets the same treatment */
    p->fd = fd;
    p->accepted++;
    p->is_answered = p->is_over = false;
    if (p->tls) {
        p->ssl = SSL_new(p->tls);
        SSL_set_fd(p->ssl, fd);
        SSL_set_accept_state(p->ssl);
    }
    peer_flush(p);
}

static inline int peer_port(const peer *p)
{
    return world_port(p->listener);
}

static inline void peer_open(peer *p)
{
    p->fd = -1;
    p->accepted = 0;
    p->ssl = NULL;
    p->listener = world_listen();
    int room = 65536; /* or several megabytes go out to a peer that reads nothing */
    setsockopt(p->listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    pl_buf_init(&p->got);
    pl_buf_init(&p->out);
    p->gone = 0;
    ev_io_init(&p->acceptable, peer_on_acceptable, p->listener, EV_READ);
    ev_io_init(&p->ready, peer_on_ready, 0, 0);
    p->acceptable.data = p->ready.data = p;
    ev_io_start(pl_loop_ev(tick_loop), &p->acceptable);
}

static inline void peer_close(peer *p)
{
    peer_cut(p);
    ev_io_stop(pl_loop_ev(tick_loop), &p->acceptable);
    close(p->listener);
    pl_buf_fini(&p->got);
    pl_buf_fini(&p->out);
}

/* -- a certificate -- */

static inline void peer_add_extension(X509 *certificate, int what, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, what, value);
    X509_add_ext(certificate, e, -1);
    X509_EXTENSION_free(e);
}

/* Of 127.0.0.1 and here.test, signed by itself. */
static inline X509 *peer_certificate(EVP_PKEY *key)
{
    X509 *c = X509_new();
    X509_NAME *name = X509_get_subject_name(c);
    X509_set_version(c, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
    X509_gmtime_adj(X509_getm_notBefore(c), -3600);
    X509_gmtime_adj(X509_getm_notAfter(c), 86400);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"peer", -1, -1, 0);
    X509_set_issuer_name(c, name);
    X509_set_pubkey(c, key);
    peer_add_extension(c, NID_basic_constraints, "critical,CA:TRUE");
    peer_add_extension(c, NID_subject_alt_name, "IP:127.0.0.1,DNS:here.test");
    X509_sign(c, key, EVP_sha256());
    return c;
}

/* What a peer in TLS has; certificate and key are written to `ca_file`, for whoever shall trust the
 * one or show both. */
static inline SSL_CTX *peer_tls(const char *ca_file)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = peer_certificate(key);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    CHECK_EQ_INT(SSL_CTX_use_certificate(tls, certificate), 1);
    CHECK_EQ_INT(SSL_CTX_use_PrivateKey(tls, key), 1);
    FILE *f = fopen(ca_file, "w");
    CHECK(f && PEM_write_X509(f, certificate) == 1);
    CHECK(f && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
    if (f) fclose(f);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return tls;
}

#endif
