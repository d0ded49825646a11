/* SPDX-License-Identifier: MIT
 *
 * An SSL_CTX is never changed once it is in use: other files make another one, which takes the
 * place of the last; OpenSSL counts who still needs that. Its keys for session tickets go with it,
 * so that nobody resumes a session past certificates that are not valid any more.
 *
 * TLS 1.2 and 1.3; in 1.2 only suites with forward secrecy and authenticated encryption. No
 * renegotiation, no compression, no early data. */
#include "net/tls.h"

#include "base/buf.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SUITES_OF_TLS12 "ECDHE+AESGCM:ECDHE+CHACHA20"

struct pl_tls {
    char *certificate, *key, *client_ca;
    bool is_client_optional;
    uint64_t taken, seen; /* the state of the files as it was read; at the last look */
    pthread_mutex_t lock; /* between reading the pointer and counting the reference */
    SSL_CTX *context;
    _Atomic int64_t expires_s;
};

/* -- faults -- */

static int fault(char text[PL_TLS_TEXT], const char *setting, const char *path, const char *what)
{
    snprintf(text, PL_TLS_TEXT, "%s: %s: %s", setting, path, what);
    ERR_clear_error();
    return -1;
}

/* What OpenSSL says, where it has words for it. */
static int openssl_fault(char text[PL_TLS_TEXT], const char *setting, const char *path)
{
    unsigned long first = ERR_peek_error(); /* later ones say where it came to light */
    const char *reason = ERR_reason_error_string(first);
    if (ERR_GET_LIB(first) == ERR_LIB_PEM && ERR_GET_REASON(first) == PEM_R_NO_START_LINE)
        reason = "there is nothing of the kind in it, in PEM form";
    return fault(text, setting, path, reason ? reason : "it cannot be used");
}

static int check_readable(const char *setting, const char *path, char text[PL_TLS_TEXT])
{
    FILE *file = fopen(path, "re");
    if (file == NULL) return fault(text, setting, path, strerror(errno));
    fclose(file);
    return 0;
}

/* -- a context -- */

/* Nobody sits at a terminal to be asked. */
static int no_passphrase(char *bytes, int size, int is_writing, void *arg)
{
    (void)bytes, (void)size, (void)is_writing;
    *(bool *)arg = true;
    return 0;
}

/* RFC 7301 section 3.2: who offers protocols, but not ours, is refused. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;
    (void)ssl, (void)arg;
    int found =
        SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, offered, offered_len);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void set_protocol(SSL_CTX *c)
{
    static const unsigned char own[] = "perilune";
    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(c, SUITES_OF_TLS12);
    /* Where a request ends is said by HTTP, so an end of file without a farewell cuts nothing. */
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* An idle connection holds no buffers; what a socket did not take is sent from elsewhere. */
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Tickets only: what a session was is kept by the client. */
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(c, own, sizeof own - 1);
    SSL_CTX_set_num_tickets(c, 1);
    SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
}

static int use_pair(const pl_tls *t, SSL_CTX *c, char text[PL_TLS_TEXT])
{
    bool is_encrypted = false;
    SSL_CTX_set_default_passwd_cb(c, no_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(c, &is_encrypted);
    if (check_readable("tls.certificate", t->certificate, text) != 0) return -1;
    if (SSL_CTX_use_certificate_chain_file(c, t->certificate) != 1)
        return openssl_fault(text, "tls.certificate", t->certificate);
    if (check_readable("tls.key", t->key, text) != 0) return -1;
    int is_used = SSL_CTX_use_PrivateKey_file(c, t->key, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(c, NULL);
    if (is_encrypted) return fault(text, "tls.key", t->key, "it is encrypted");
    unsigned long error = ERR_peek_last_error();
    if (is_used != 1 && ERR_GET_LIB(error) == ERR_LIB_X509)
        return fault(text, "tls.key", t->key, "it is not the key of tls.certificate");
    if (is_used != 1) return openssl_fault(text, "tls.key", t->key);
    if (SSL_CTX_check_private_key(c) != 1)
        return fault(text, "tls.key", t->key, "it is not the key of tls.certificate");
    return 0;
}

static int use_client_ca(const pl_tls *t, SSL_CTX *c, char text[PL_TLS_TEXT])
{
    if (t->client_ca == NULL) return 0;
    if (check_readable("tls.client_ca", t->client_ca, text) != 0) return -1;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(t->client_ca);
    if (names == NULL || SSL_CTX_load_verify_file(c, t->client_ca) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return openssl_fault(text, "tls.client_ca", t->client_ca);
    }
    SSL_CTX_set_client_CA_list(c, names);
    int mode = t->is_client_optional ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | mode, NULL);
    return 0;
}

static SSL_CTX *build(const pl_tls *t, char text[PL_TLS_TEXT])
{
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    if (c == NULL) abort(); /* no memory */
    set_protocol(c);
    if (use_pair(t, c, text) == 0 && use_client_ca(t, c, text) == 0) return c;
    SSL_CTX_free(c);
    return NULL;
}

static int64_t expiry_of(const SSL_CTX *c)
{
    struct tm tm;
    const X509 *certificate = SSL_CTX_get0_certificate(c);
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1) return 0;
    return timegm(&tm);
}

/* -- files -- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    return (h ^ v) * 0x9e3779b97f4a7c15ull + (h >> 29);
}

/* What tells one state of a file from another, symbolic links followed. */
static uint64_t mix_file(uint64_t h, const char *path)
{
    struct stat st;
    if (path == NULL || stat(path, &st) != 0) return mix(h, 0);
    h = mix(mix(mix(h, st.st_dev), st.st_ino), (uint64_t)st.st_size);
    h = mix(mix(h, (uint64_t)st.st_mtim.tv_sec), (uint64_t)st.st_mtim.tv_nsec);
    return mix(mix(h, (uint64_t)st.st_ctim.tv_sec), (uint64_t)st.st_ctim.tv_nsec);
}

static uint64_t state_of(const pl_tls *t)
{
    return mix_file(mix_file(mix_file(1, t->certificate), t->key), t->client_ca);
}

static int take_files(pl_tls *t, char text[PL_TLS_TEXT])
{
    t->taken = t->seen = state_of(t); /* of before: what is written meanwhile is another state */
    SSL_CTX *fresh = build(t, text);
    if (fresh == NULL) return -1;
    atomic_store(&t->expires_s, expiry_of(fresh));
    pthread_mutex_lock(&t->lock);
    SSL_CTX *last = t->context;
    t->context = fresh;
    pthread_mutex_unlock(&t->lock);
    SSL_CTX_free(last);
    return 1;
}

int pl_tls_look(pl_tls *t, char text[PL_TLS_TEXT])
{
    uint64_t now = state_of(t);
    bool is_still = now == t->seen;
    t->seen = now;
    return is_still && now != t->taken ? take_files(t, text) : 0;
}

/* -- life -- */

static char *copy(const char *text)
{
    char *own = text ? strdup(text) : NULL;
    if (text && own == NULL) abort();
    return own;
}

pl_tls *pl_tls_new(const pl_tls_config *config, char text[PL_TLS_TEXT])
{
    pl_tls *t = pl_alloc_zero(sizeof *t);
    t->certificate = copy(config->certificate);
    t->key = copy(config->key);
    t->client_ca = copy(config->client_ca);
    t->is_client_optional = config->is_client_optional;
    pthread_mutex_init(&t->lock, NULL);
    if (take_files(t, text) == 1) return t;
    pl_tls_free(t);
    return NULL;
}

void pl_tls_free(pl_tls *t)
{
    if (t == NULL) return;
    SSL_CTX_free(t->context);
    pthread_mutex_destroy(&t->lock);
    free(t->certificate);
    free(t->key);
    free(t->client_ca);
    free(t);
}

int64_t pl_tls_expires(const pl_tls *t)
{
    return atomic_load(&t->expires_s);
}

struct ssl_st *pl_tls_session(pl_tls *t, int fd)
{
    pthread_mutex_lock(&t->lock);
    SSL *ssl = SSL_new(t->context);
    pthread_mutex_unlock(&t->lock);
    if (ssl && SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        ssl = NULL;
    }
    if (ssl) SSL_set_accept_state(ssl);
    return ssl;
}
