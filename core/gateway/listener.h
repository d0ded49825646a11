/* SPDX-License-Identifier: MIT
 *
 * The addresses that the gateway answers on: for everybody, and, when admin.listen is set, one that
 * alone takes what needs the admin scope. Each worker has a socket of its own on each. */
#ifndef PL_GATEWAY_LISTENER_H
#define PL_GATEWAY_LISTENER_H

#include "flow/settings.h"
#include "net/tls.h"
#include "script/script.h"

enum pl_listener_kind { PL_LISTENER_MAIN, PL_LISTENER_ADMIN, PL_LISTENERS };

#define PL_LISTENER_SOCKETS 256 /* as many as there can be workers */

typedef struct pl_listener {
    bool is_used;
    bool takes_admin; /* what needs the admin scope is answered here */
    bool is_loopback;
    char address[128]; /* as it is bound: "127.0.0.1:8080" */
    int fds[PL_LISTENER_SOCKETS];
} pl_listener;

/* Opens the sockets of all workers: 0, or the exit code, with the reason on stderr. What is not
 * loopback wants tokens. */
int pl_listeners_open(pl_listener all[PL_LISTENERS], const pl_settings *s, int workers);

/* What can be said of the addresses without opening them, as of `file`. */
void pl_listeners_check(const pl_settings *s, const char *file, pl_faults *faults);

/* TLS as the settings say: NULL in `*tls` when they do not ask for it. False with the reason in
 * `text`. */
bool pl_listeners_open_tls(const pl_settings *s, pl_tls **tls, char text[PL_TLS_TEXT]);
/* Looks at the files of certificates, and says what has changed. */
void pl_listeners_look(pl_tls *tls);

#endif
