/* SPDX-License-Identifier: MIT
 *
 * libcurl has a hundred results; an attempt has a dozen outcome classes. The table says which is
 * which. Three cases need more than the result:
 *   - our own refusals (egress guard, size limits) reach libcurl as a socket that would not open or
 *     a write that failed, so what the client noted comes first;
 *   - a time-out is one class; its text says what was being waited for and which limit struck;
 *   - a broken chunked body, and with TLS 1.3 a client certificate that was refused, are
 *     CURLE_RECV_ERROR like a broken connection: only the text differs. */
#include "net/outcome.h"

#include "base/err.h"
#include "net/proxy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    CURLcode result;
    int code;
} outcomes[] = {
    {CURLE_COULDNT_RESOLVE_HOST, PL_E_DNS},
    {CURLE_COULDNT_RESOLVE_PROXY, PL_E_PROXY},
    {CURLE_PROXY, PL_E_PROXY},
    {CURLE_COULDNT_CONNECT, PL_E_CONNECT},
    {CURLE_INTERFACE_FAILED, PL_E_CONNECT},
    {CURLE_OPERATION_TIMEDOUT, PL_E_TIMEOUT},
    {CURLE_URL_MALFORMAT, PL_E_URL},

    {CURLE_SSL_CONNECT_ERROR, PL_E_TLS},        /* no TLS there, or no common version or cipher */
    {CURLE_PEER_FAILED_VERIFICATION, PL_E_TLS}, /* certificate or its name not good */
    {CURLE_SSL_CERTPROBLEM, PL_E_AUTH}, /* our own: not readable, or the key is not its key */
    {CURLE_SSL_CIPHER, PL_E_TLS},
    {CURLE_SSL_CACERT_BADFILE, PL_E_TLS}, /* ca_file cannot be read */
    {CURLE_SSL_CRL_BADFILE, PL_E_TLS},
    {CURLE_SSL_ISSUER_ERROR, PL_E_TLS},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, PL_E_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, PL_E_TLS},
    {CURLE_SSL_CLIENTCERT, PL_E_TLS}, /* the receiver wants one */
    {CURLE_SSL_ENGINE_NOTFOUND, PL_E_TLS},
    {CURLE_SSL_ENGINE_SETFAILED, PL_E_TLS},
    {CURLE_SSL_ENGINE_INITFAILED, PL_E_TLS},
    {CURLE_SSL_SHUTDOWN_FAILED, PL_E_TLS},
    {CURLE_USE_SSL_FAILED, PL_E_TLS},

    {CURLE_GOT_NOTHING, PL_E_RESET},  /* closed before the first byte */
    {CURLE_PARTIAL_FILE, PL_E_RESET}, /* before Content-Length or the last chunk was reached */
    {CURLE_RECV_ERROR, PL_E_RESET},
    {CURLE_SEND_ERROR, PL_E_RESET},
    {CURLE_SEND_FAIL_REWIND, PL_E_RESET},

    {CURLE_TOO_MANY_REDIRECTS, PL_E_AUTH}, /* MAXREDIRS, and redirects are not followed */

    {CURLE_WEIRD_SERVER_REPLY, PL_E_PROTOCOL},
    {CURLE_UNSUPPORTED_PROTOCOL, PL_E_PROTOCOL}, /* no status line: HTTP/0.9 */
    {CURLE_BAD_CONTENT_ENCODING, PL_E_PROTOCOL},
    {CURLE_HTTP2, PL_E_PROTOCOL},
    {CURLE_HTTP2_STREAM, PL_E_PROTOCOL},
    {CURLE_HTTP_RETURNED_ERROR, PL_E_PROTOCOL},
    {CURLE_REMOTE_FILE_NOT_FOUND, PL_E_PROTOCOL},

    /* libcurl holds one header line in at most 100 kB and reports a longer one as out of memory. */
    {CURLE_OUT_OF_MEMORY, PL_E_TOO_LARGE},
    {CURLE_FILESIZE_EXCEEDED, PL_E_TOO_LARGE},
};

static int code_of(CURLcode result, const char *detail)
{
    if (result == CURLE_RECV_ERROR && strstr(detail, "chunked-encoding")) return PL_E_PROTOCOL;
    if (result == CURLE_RECV_ERROR && strstr(detail, " alert ")) return PL_E_TLS;
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        if (outcomes[i].result == result) return outcomes[i].code;
    }
    return PL_E_INTERNAL; /* a misuse of libcurl: this file's or client.c's fault */
}

/* What OpenSSL and libcurl say of a handshake that failed, and what it means to whoever reads the
 * feed. The first that is found counts; theirs stands behind ours. */
static const struct {
    const char *part, *meaning;
} tls_texts[] = {
    {"certificate has expired", "the receiver's certificate has expired"},
    {"certificate is not yet valid", "the receiver's certificate is not valid yet"},
    {"subject name", "the receiver's certificate is for another host"},
    {"self-signed certificate in certificate chain",
     "the receiver's certificate is of an authority that is not trusted here"},
    {"self-signed certificate", "the receiver's certificate is self-signed"},
    {"unable to get", "the receiver's certificate is of an authority that is not trusted here"},
    {"unable to verify", "the receiver's certificate is of an authority that is not trusted here"},
    {"certificate signature failure",
     "the receiver's certificate is of an authority that is not trusted here"},
    {"alert protocol version",
     "the receiver speaks no version of TLS that is spoken here (1.2 and 1.3)"},
    {"unsupported protocol",
     "the receiver speaks no version of TLS that is spoken here (1.2 and 1.3)"},
    {"alert handshake failure", "the receiver ended the handshake: it has no cipher in common with "
                                "us, or wants a client certificate"},
    {"no cipher match", "the receiver has no cipher in common with us"},
    {"alert certificate required", "the receiver wants a client certificate"},
    {"wrong version number", "the receiver does not speak TLS at this port"},
    {"packet length too long", "the receiver does not speak TLS at this port"},
    {" alert ", "the receiver ended the handshake"},
};

static const char *tls_text(const char *text, pl_arena *arena)
{
    for (size_t i = 0; i < sizeof tls_texts / sizeof tls_texts[0]; i++) {
        if (strstr(text, tls_texts[i].part))
            return pl_arena_printf(arena, "%s (%s)", tls_texts[i].meaning, text);
    }
    return pl_arena_dup(arena, pl_slice_of(text)).ptr;
}

static int64_t time_of(CURL *easy, CURLINFO info)
{
    curl_off_t us = 0;
    curl_easy_getinfo(easy, info, &us);
    return us;
}

static const char *timeout_text(CURL *easy, const pl_outcome_notes *notes,
                                const pl_request *request, pl_arena *arena)
{
    long request_bytes = 0;
    if (!notes->is_open) curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    bool was_sent = notes->is_open ? notes->was_sent : request_bytes > 0,
         is_in_tls = notes->is_connected && !notes->is_proxied;
    const char *phase = notes->has_answer   ? "receiving the answer"
                        : was_sent          ? "waiting for the answer"
                        : is_in_tls         ? "agreeing on TLS"
                        : notes->was_opened ? "connecting"
                                            : "resolving the host name";
    int64_t limit_ms = request->timeout_ms, connect_ms = request->connect_timeout_ms;
    bool by_connect = !was_sent && connect_ms > 0 && (limit_ms <= 0 || connect_ms < limit_ms);
    return pl_arena_printf(arena, "%s of %" PRId64 " ms reached while %s",
                           by_connect ? "the connect time-out" : "the time-out",
                           by_connect ? connect_ms : limit_ms, phase);
}

static const char *text_of(CURLcode result, int code, const char *detail, pl_arena *arena)
{
    const char *text = detail[0] ? detail : curl_easy_strerror(result);
    if (result == CURLE_TOO_MANY_REDIRECTS)
        return "the receiver asks for authentication over and over";
    if (result == CURLE_SSL_CERTPROBLEM)
        return pl_arena_printf(arena, "the client certificate or its key cannot be used: %s", text);
    if (code == PL_E_TLS) return tls_text(text, arena);
    return pl_arena_dup(arena, pl_slice_of(text)).ptr;
}

int pl_outcome_of(CURL *easy, CURLcode result, const pl_outcome_notes *notes,
                  const pl_request *request, pl_response *response, pl_arena *arena)
{
    if (result == CURLE_OK && notes->head_is_over) return 0;
    if (result == CURLE_OK) { /* RFC 9112 section 8: incomplete; libcurl takes what there is */
        response->error_text = "the connection ended within the header section";
        return PL_E_RESET;
    }
    /* Other addresses of the host may have been tried: then what became of those counts. */
    bool is_ours = notes->refusal_code == PL_E_TOO_LARGE || notes->refusal_code == PL_E_AUTH ||
                   notes->refusal_code == PL_E_PROTOCOL || notes->refusal_code == PL_E_MEMORY ||
                   (notes->refusal && result == CURLE_COULDNT_CONNECT && !notes->was_opened) ||
                   (notes->refusal && result == CURLE_ABORTED_BY_CALLBACK);
    if (is_ours) {
        response->error_text = notes->refusal;
        return notes->refusal_code;
    }
    int code = code_of(result, notes->detail);
    response->error_text = code == PL_E_TIMEOUT ? timeout_text(easy, notes, request, arena)
                                                : text_of(result, code, notes->detail, arena);
    if (!notes->is_proxied || notes->is_open) return code;
    int blamed = pl_proxy_blame(easy, result, code, notes->is_connected);
    if (blamed != code || code == PL_E_PROXY)
        response->error_text =
            pl_arena_printf(arena,
                            blamed == PL_E_PROXY ? "the egress proxy: %s"
                                                 : "the egress proxy cannot reach the receiver: %s",
                            response->error_text);
    return blamed;
}

static void format_peer(CURL *easy, char *peer, size_t room)
{
    char *ip = NULL;
    long port = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &port);
    if (ip == NULL || ip[0] == '\0') {
        peer[0] = '\0';
        return;
    }
    snprintf(peer, room, strchr(ip, ':') ? "[%s]:%ld" : "%s:%ld", ip, port);
}

static void set_timings(CURL *easy, pl_timings *t)
{
    *t = (pl_timings){.dns_us = time_of(easy, CURLINFO_NAMELOOKUP_TIME_T),
                      .connect_us = time_of(easy, CURLINFO_CONNECT_TIME_T),
                      .tls_us = time_of(easy, CURLINFO_APPCONNECT_TIME_T),
                      .total_us = time_of(easy, CURLINFO_TOTAL_TIME_T)};
}

bool pl_outcome_opened(CURL *easy, pl_response *response)
{
    long connects = 0;
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    set_timings(easy, &response->timings);
    format_peer(easy, response->peer, sizeof response->peer);
    return connects > 0;
}

bool pl_outcome_measure(CURL *easy, const pl_outcome_notes *notes, pl_response *response)
{
    long status = 0, connects = 0, request_bytes = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    response->status = (int)status;
    response->connection_reused = connects == 0 && request_bytes > 0;
    set_timings(easy, &response->timings);
    if (response->connection_reused)
        response->timings.dns_us = response->timings.connect_us = response->timings.tls_us = 0;
    response->timings.first_byte_us = time_of(easy, CURLINFO_STARTTRANSFER_TIME_T);
    if (request_bytes > 0 && (!notes->is_proxied || pl_proxy_is_open(easy)))
        response->was_sent = true;
    format_peer(easy, response->peer, sizeof response->peer);
    return connects > 0;
}
