/* SPDX-License-Identifier: MIT
 *
 * TLS of the listeners: certificate, key and the authorities of clients, read from PEM files and
 * read again when these change. Connections that there are keep what they were made with; new ones
 * get what the files hold now. Several threads make sessions; one thread looks at the files. */
#ifndef PL_NET_TLS_H
#define PL_NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct pl_tls pl_tls;
struct ssl_st;

typedef struct pl_tls_config { /* paths; copied */
    const char *certificate;   /* the listener's own first, then those between it and the root */
    const char *key;           /* not encrypted: there is nobody to ask for a passphrase */
    const char *client_ca; /* who may have signed a client's certificate; NULL: none is asked for */
    bool is_client_optional; /* a client without a certificate is taken as well */
} pl_tls_config;

#define PL_TLS_TEXT 512

/* NULL with the reason, for people, in `text`. */
pl_tls *pl_tls_new(const pl_tls_config *config, char text[PL_TLS_TEXT]);
/* Sessions may outlive it. */
void pl_tls_free(pl_tls *t);
/* Looks at the files, as often as one likes: 0 when nothing is new, 1 when new connections get what
 * the files hold now; -1, once for each state of the files, when they changed and what they hold
 * cannot be used: what there was stays. Files that are being written are left until they are
 * still for one look. */
int pl_tls_look(pl_tls *t, char text[PL_TLS_TEXT]);
/* When the certificate in use expires, in seconds since 1970. Any thread. */
int64_t pl_tls_expires(const pl_tls *t);
/* A session of the server's side on a non-blocking socket; NULL when there is no memory. Any
 * thread. */
struct ssl_st *pl_tls_session(pl_tls *t, int fd);

#endif
