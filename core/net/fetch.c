/* SPDX-License-Identifier: MIT */
#include "net/fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECT_TIMEOUT_S 10L

typedef struct fetch {
    CURL *easy;
    pl_fetch_fn *on_piece;
    void *arg;
    bool was_ended;
} fetch;

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    fetch *f = arg;
    long status = 0;
    curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    if (f->on_piece(f->arg, (int)status, (pl_slice){bytes, size * count})) return size * count;
    f->was_ended = true;
    return CURL_WRITEFUNC_ERROR;
}

static void set_options(fetch *f, const char *url, const char *token, char *error)
{
    curl_easy_setopt(f->easy, CURLOPT_URL, url);
    curl_easy_setopt(f->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(f->easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(f->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(f->easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    /* As the openssl command has it: authorities to trust instead of the system's. */
    const char *authorities = getenv("SSL_CERT_FILE");
    if (authorities) curl_easy_setopt(f->easy, CURLOPT_CAINFO, authorities);
    curl_easy_setopt(f->easy, CURLOPT_USERAGENT, "perilune/" PL_VERSION);
    curl_easy_setopt(f->easy, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f);
    if (token == NULL) return;
    curl_easy_setopt(f->easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(f->easy, CURLOPT_XOAUTH2_BEARER, token);
}

int pl_fetch(const char *url, const char *token, const char *body, pl_fetch_fn *on_piece, void *arg,
             char error[256])
{
    char text[CURL_ERROR_SIZE] = "";
    long status = 0;
    fetch f = {.easy = curl_easy_init(), .on_piece = on_piece, .arg = arg};
    if (f.easy == NULL) {
        snprintf(error, 256, "libcurl could not be initialised");
        return -1;
    }
    struct curl_slist *headers =
        body ? curl_slist_append(NULL, "Content-Type: application/json") : NULL;
    set_options(&f, url, token, text);
    if (body) {
        curl_easy_setopt(f.easy, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(f.easy, CURLOPT_HTTPHEADER, headers);
    }
    CURLcode code = curl_easy_perform(f.easy);
    curl_easy_getinfo(f.easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(f.easy);
    curl_slist_free_all(headers);
    if (code == CURLE_OK || f.was_ended) return (int)status;
    snprintf(error, 256, "%s", text[0] ? text : curl_easy_strerror(code));
    return -1;
}
