/* SPDX-License-Identifier: MIT
 *
 * Traps of libcurl 7.88 that shape this file:
 *   - A connection is reused for a request whose certificate, but not whose key, is that of the one
 *     before. So certificate and key are one blob, and the passphrase, encoded, stands below them:
 *     PEM takes text outside of its blocks for a comment.
 *   - Without a passphrase an encrypted key ends the process: there is always one, if an empty one.
 *   - Authorities of a blob replace CAINFO, but those of CAPATH count as well.
 *   - A receiver that answers 200 without asking gets the request again, now with the body, and
 *     without authentication. client.c ends such a transfer (pl_credentials_see).
 *   - A receiver that calls every nonce stale is answered for ever: MAXREDIRS counts that too.
 *   - An NTLM connection is kept for the same user and password; libcurl sees to that itself. */
#include "net/credentials.h"

#include "base/base64.h"

/* NTLM takes two; Digest one, and one for each nonce that is stale by the time it is used. */
#define MAX_CHALLENGES 4

static bool has_text(pl_slice s)
{
    return s.len > 0;
}

static bool has_zero(pl_slice s)
{
    return s.len > 0 && memchr(s.ptr, '\0', s.len) != NULL;
}

static const char *tls_refusal(const pl_tls *tls, bool is_https)
{
    if (!has_text(tls->certificate) && !has_text(tls->ca)) return NULL;
    if (!is_https) return "a client certificate and authorities of its own want an https URL";
    if (has_text(tls->certificate) && !has_text(tls->key))
        return "the client certificate has no key";
    if (has_zero(tls->passphrase)) return "the passphrase of the key has a zero byte";
    return NULL;
}

const char *pl_credentials_refusal(const pl_request *r, bool is_https)
{
    if (r->auth.kind != PL_AUTH_NONE) {
        const char *fault = pl_auth_fault(&r->auth);
        if (fault) return fault;
        if (pl_fields_find(r->fields, PL_SLICE("Authorization")))
            return "there is a header Authorization beside digest or NTLM authentication";
    }
    return tls_refusal(&r->tls, is_https);
}

static void set_blob(CURL *easy, CURLoption option, pl_slice bytes)
{
    struct curl_blob blob = {
        .data = (void *)(uintptr_t)bytes.ptr, .len = bytes.len, .flags = CURL_BLOB_COPY};
    curl_easy_setopt(easy, option, &blob);
}

static void set_certificate(CURL *easy, const pl_tls *tls)
{
    pl_buf pem;
    pl_buf_init(&pem);
    pl_buf_put_slice(&pem, tls->certificate);
    pl_buf_put_char(&pem, '\n');
    pl_buf_put_slice(&pem, tls->key);
    pl_buf_put_char(&pem, '\n');
    pl_base64_encode(&pem, tls->passphrase);
    pl_buf_put_char(&pem, '\n');
    set_blob(easy, CURLOPT_SSLCERT_BLOB, pl_buf_slice(&pem));
    set_blob(easy, CURLOPT_SSLKEY_BLOB, pl_buf_slice(&pem));
    curl_easy_setopt(easy, CURLOPT_KEYPASSWD, tls->passphrase.len ? tls->passphrase.ptr : "");
    pl_buf_fini(&pem);
}

static void set_auth(CURL *easy, const pl_auth *auth)
{
    long how = auth->kind == PL_AUTH_NTLM ? CURLAUTH_NTLM : CURLAUTH_DIGEST;
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, how);
    curl_easy_setopt(easy, CURLOPT_USERNAME, auth->user.ptr);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, auth->password.len ? auth->password.ptr : "");
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)MAX_CHALLENGES);
}

void pl_credentials_set(CURL *easy, const pl_request *r)
{
    if (r->auth.kind != PL_AUTH_NONE) set_auth(easy, &r->auth);
    if (has_text(r->tls.certificate)) set_certificate(easy, &r->tls);
    if (has_text(r->tls.ca)) {
        set_blob(easy, CURLOPT_CAINFO_BLOB, r->tls.ca);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
}

static bool has(pl_slice piece, const char *line)
{
    return memmem(piece.ptr, piece.len, line, strlen(line)) != NULL;
}

bool pl_credentials_see(const pl_request *r, pl_slice piece, bool *is_proven)
{
    bool begins = pl_slice_starts(piece, r->method) && piece.len > r->method.len &&
                  piece.ptr[r->method.len] == ' ';
    bool is_ntlm = r->auth.kind == PL_AUTH_NTLM;
    if (begins) *is_proven = is_ntlm; /* an NTLM connection that is through says no more */
    if (is_ntlm) {                    /* "NTLMSSP", 0, 1: the opening message */
        if (has(piece, "\r\nAuthorization: NTLM TlRMTVNTUAAB")) *is_proven = false;
    } else {
        if (has(piece, "\r\nAuthorization: Digest ")) *is_proven = true;
    }
    return begins;
}
