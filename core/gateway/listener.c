/* SPDX-License-Identifier: MIT */
#include "gateway/listener.h"

#include "base/buf.h"
#include "base/log.h"
#include "net/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* -- sockets -- */

static bool has_tokens(const pl_settings *s)
{
    return s->tokens_ingest.count + s->tokens_admin.count + s->tokens_named.count > 0;
}

static int cannot_listen(const char *address, const char *reason)
{
    fprintf(stderr, "cannot listen on %s: %s\n", address, reason);
    return 1;
}

/* All workers' sockets on one address; the others' port is that of the first, which may have been
 * asked for as 0. */
static int open_all(pl_listener *l, const char *address, int workers)
{
    char text[128];
    l->is_used = true;
    l->fds[0] = pl_listen(pl_slice_of(address), text);
    if (l->fds[0] < 0) return cannot_listen(address, text);
    pl_listen_address(l->fds[0], l->address);
    l->is_loopback = pl_listen_is_loopback(l->fds[0]);
    for (int i = 1; i < workers; i++) {
        l->fds[i] = pl_listen_too(l->fds[0], text);
        if (l->fds[i] < 0) return cannot_listen(l->address, text);
    }
    return 0;
}

static int check_guarded(const pl_listener *l, const pl_settings *s)
{
    if (has_tokens(s) || l->is_loopback) return 0;
    fprintf(stderr,
            "without tokens the gateway listens on loopback only, not on %s: set tokens.ingest "
            "and tokens.admin, or listen = \"127.0.0.1:8080\"\n",
            l->address);
    return 3;
}

void pl_listeners_check(const pl_settings *s, const char *file, pl_faults *faults)
{
    const struct {
        const char *name, *address;
    } all[PL_LISTENERS] = {{"listen", s->listen}, {"admin.listen", s->admin_listen}};
    for (int i = 0; i < PL_LISTENERS; i++) {
        char reason[128], text[256];
        bool is_loopback = false;
        if (all[i].address[0] == '\0') continue;
        bool is_good = pl_listen_check(pl_slice_of(all[i].address), &is_loopback, reason);
        if (!is_good) {
            snprintf(text, sizeof text, "%s: %s", all[i].name, reason);
            pl_faults_add(faults, file, 0, text);
        } else if (!is_loopback && !has_tokens(s)) {
            snprintf(text, sizeof text,
                     "%s: without tokens the gateway listens on loopback only: it starts if flags "
                     "or the environment set some",
                     all[i].name);
            pl_faults_warn(faults, file, text);
        }
    }
}

int pl_listeners_open(pl_listener all[PL_LISTENERS], const pl_settings *s, int workers)
{
    const char *addresses[PL_LISTENERS] = {s->listen, s->admin_listen};
    int code = 0;
    for (int i = 0; i < PL_LISTENERS && code == 0; i++) {
        if (addresses[i][0] == '\0') continue;
        code = open_all(&all[i], addresses[i], workers);
        if (code == 0) code = check_guarded(&all[i], s);
    }
    all[PL_LISTENER_MAIN].takes_admin = !all[PL_LISTENER_ADMIN].is_used;
    all[PL_LISTENER_ADMIN].takes_admin = true;
    return code;
}

/* -- TLS -- */

static void log_certificate(const pl_tls *tls, const char *message)
{
    char until[32];
    time_t expires = pl_tls_expires(tls);
    struct tm tm;
    strftime(until, sizeof until, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&expires, &tm));
    bool is_over = expires <= time(NULL);
    pl_log(is_over ? PL_LOG_WARN : PL_LOG_INFO, message, PL_LOG_STR("expires", until));
}

bool pl_listeners_open_tls(const pl_settings *s, pl_tls **tls, char text[PL_TLS_TEXT])
{
    const char *missing = NULL;
    *tls = NULL;
    if (s->tls_certificate[0] && s->tls_key[0] == '\0')
        missing = "tls.certificate is set without tls.key";
    else if (s->tls_certificate[0] == '\0' && s->tls_key[0])
        missing = "tls.key is set without tls.certificate";
    else if (s->tls_certificate[0] == '\0' && s->tls_client_ca[0])
        missing = "tls.client_ca is set without tls.certificate and tls.key";
    if (missing) snprintf(text, PL_TLS_TEXT, "%s", missing);
    if (missing || s->tls_certificate[0] == '\0') return missing == NULL;
    pl_tls_config config = {.certificate = s->tls_certificate,
                            .key = s->tls_key,
                            .client_ca = s->tls_client_ca[0] ? s->tls_client_ca : NULL,
                            .is_client_optional = strcmp(s->tls_client, "optional") == 0};
    *tls = pl_tls_new(&config, text);
    return *tls != NULL;
}

void pl_listeners_look(pl_tls *tls)
{
    char text[PL_TLS_TEXT];
    int result = pl_tls_look(tls, text);
    if (result > 0) log_certificate(tls, "new connections get the certificate that was read anew");
    if (result < 0)
        pl_log(PL_LOG_ERROR, "the certificate cannot be read anew; the one that was stays",
               PL_LOG_STR("reason", text));
}
