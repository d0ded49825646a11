/* SPDX-License-Identifier: MIT
 *
 * Any bytes as what proves who has sent a request, to each of the verifiers that come with the
 * gateway. An input is
 *
 *     byte: which source    header 1 NUL header 2 NUL header 3 NUL query NUL body
 *
 * where byte 1 stands for the time and, in header 1, byte 2 for the proof that the holder of the key
 * would give, and 3 for a token that says what the headers 2 and 3 say (JWT: header and claims).
 * Nobody else has the keys: what is let in has one of the two in it. What is refused is refused in words: no verifier
 * stumbles. */
#include "base/base64.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "script/bind.h"
#include "script/script.h"
#include "script/script_impl.h"

#include "lua.h"

#include <time.h>

enum mark { NOW = 1, PROOF, TOKEN };

#define HEADERS  3
#define LIFE_S   60 /* of a token */
#define KEY      "a-key-of-sixty-four-bytes-and-more-that-only-these-two-files-know-of"
#define STANDARD "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" /* this and the next: vectors of Svix */
#define PAIR \
    "6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="

typedef struct input {
    time_t now;
    pl_buf headers[HEADERS], query, body;
    bool is_proven;
} input;

typedef void encoder(pl_buf *out, pl_slice bytes);

/* A source of signature/gateway.lua, and how to write to it. */
typedef struct source {
    const char *name, *headers[HEADERS];
    /* What is proven: %b body, %n time, %q query with its "?", %2 and %3 the other headers. */
    const char *content;
    const char *hash; /* of a MAC with the key; NULL: the content as it is */
    encoder *encode;
    void (*prove)(pl_buf *out, pl_slice content); /* instead of the two */
} source;

static pl_buf decoded(const char *base64)
{
    pl_buf bytes = {0};
    MUST(pl_base64_decode(&bytes, pl_slice_of(base64)) == -1);
    return bytes;
}

static void put_ed25519(pl_buf *out, pl_slice content)
{
    pl_buf pair = decoded(PAIR), wrong = {0};
    pl_key *key = pl_key_read(pl_buf_slice(&pair), PL_KEY_SIGNS, &wrong);
    MUST(key);
    MUST(pl_sign(out, pl_algorithm_of(PL_SLICE("EdDSA")), key, content, PL_SIGNATURE_JOSE));
    pl_key_free(key);
    pl_buf_fini(&pair);
}

static void put_standard(pl_buf *out, pl_slice content)
{
    pl_buf key = decoded(STANDARD);
    pl_hash mac;
    MUST(pl_hash_hmac(PL_SLICE("sha256"), pl_buf_slice(&key), content, &mac));
    pl_base64_encode(out, (pl_slice){mac.bytes, mac.len});
    pl_buf_fini(&key);
}

static void put_public(pl_buf *out, pl_slice content)
{
    pl_buf signature = {0};
    put_ed25519(&signature, content);
    pl_base64_encode(out, pl_buf_slice(&signature));
    pl_buf_fini(&signature);
}

/* The content is header and claims, with a line end between. */
static void put_token(pl_buf *out, pl_slice content, bool is_shared)
{
    const char *end = memchr(content.ptr, '\n', content.len);
    size_t start = out->len, cut = (size_t)(end - content.ptr);
    pl_buf signature = {0};
    pl_base64url_encode(out, (pl_slice){content.ptr, cut});
    pl_buf_put_char(out, '.');
    pl_base64url_encode(out, pl_slice_from(content, cut + 1));
    pl_slice signed_text = pl_slice_from(pl_buf_slice(out), start);
    if (is_shared)
        MUST(pl_sign_shared(&signature, pl_algorithm_of(PL_SLICE("HS256")), PL_SLICE(KEY),
                            signed_text));
    else
        put_ed25519(&signature, signed_text);
    pl_buf_put_char(out, '.');
    pl_base64url_encode(out, pl_buf_slice(&signature));
    pl_buf_fini(&signature);
}

static void put_shared_token(pl_buf *out, pl_slice content)
{
    put_token(out, content, true);
}

static void put_pair_token(pl_buf *out, pl_slice content)
{
    put_token(out, content, false);
}

static const source sources[] = {
    {"github", {"X-One"}, "%b", "sha256", pl_hex_encode, NULL},
    {"stripe", {"X-One"}, "%n.%b", "sha256", pl_hex_encode, NULL},
    {"slack", {"X-One", "X-Two"}, "v0:%n:%b", "sha256", pl_hex_encode, NULL},
    {"shopify", {"X-One"}, "%b", "sha256", pl_base64_encode, NULL},
    {"twilio",
     {"X-One", "Content-Type"},
     "https://hooks.example.com/x%q", /* and the fields, if the body is a form */
     "sha1",
     pl_base64_encode,
     NULL},
    {"parts", {"X-One", "X-Two"}, "POST/x%2%n000", "sha256", pl_base64url_encode, NULL},
    {"basic", {"Authorization"}, "user:" KEY, NULL, pl_base64_encode, NULL},
    {"bearer", {"Authorization"}, KEY, NULL, pl_buf_put_slice, NULL},
    {"token", {"Authorization"}, "{\"alg\":\"HS256\"}\n{}", NULL, NULL, put_shared_token},
    {"pair",
     {"Authorization"},
     "{\"alg\":\"EdDSA\"}\n{\"iss\":\"me\",\"aud\":[\"you\"],\"exp\":%e}",
     NULL,
     NULL,
     put_pair_token},
    {"standard",
     {"webhook-signature", "webhook-timestamp", "webhook-id"},
     "%3.%n.%b",
     NULL,
     NULL,
     put_standard},
    {"public", {"svix-signature", "svix-timestamp", "svix-id"}, "%3.%n.%b", NULL, NULL, put_public},
};
#define SOURCES (sizeof sources / sizeof *sources)

static void put_content(pl_buf *out, const input *in, const char *format)
{
    for (; *format; format++) {
        if (*format != '%') {
            pl_buf_put_char(out, *format);
            continue;
        }
        switch (*++format) {
        case 'b':
            pl_buf_put_slice(out, pl_buf_slice(&in->body));
            break;
        case 'n':
            pl_buf_printf(out, "%lld", (long long)in->now);
            break;
        case 'e':
            pl_buf_printf(out, "%lld", (long long)in->now + LIFE_S);
            break;
        case 'q':
            if (in->query.len) pl_buf_put_char(out, '?');
            pl_buf_put_slice(out, pl_buf_slice(&in->query));
            break;
        default:
            pl_buf_put_slice(out, pl_buf_slice(&in->headers[*format - '1']));
            break;
        }
    }
}

static void put_proof(pl_buf *out, const input *in, const source *s, const char *format)
{
    pl_buf content = {0};
    pl_hash mac;
    put_content(&content, in, format);
    pl_slice bytes = pl_buf_slice(&content);
    if (s->prove) {
        s->prove(out, bytes);
    } else if (s->hash) {
        MUST(pl_hash_hmac(pl_slice_of(s->hash), PL_SLICE(KEY), bytes, &mac));
        s->encode(out, (pl_slice){mac.bytes, mac.len});
    } else {
        s->encode(out, bytes);
    }
    pl_buf_fini(&content);
}

/* -- reading an input -- */

static pl_slice cut(pl_slice *rest)
{
    const char *nul = rest->len ? memchr(rest->ptr, 0, rest->len) : NULL;
    pl_slice part = {rest->ptr, nul ? (size_t)(nul - rest->ptr) : rest->len};
    *rest = pl_slice_from(*rest, part.len + (nul != NULL));
    return part;
}

/* Without what the parser of HTTP lets into no header. */
static void put_expanded(pl_buf *out, const input *in, const source *s, pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        if (c == NOW) pl_buf_printf(out, "%lld", (long long)in->now);
        if (c == PROOF && s) put_proof(out, in, s, s->content);
        if (c == TOKEN && s && s->prove) put_proof(out, in, s, "%2\n%3");
        if (c >= ' ' && c != 127) pl_buf_put_char(out, (char)c);
    }
}

/* The first header holds proofs of the others. */
static void read_input(input *in, const source *s, pl_slice rest)
{
    pl_slice proof = cut(&rest);
    *in = (input){.now = time(NULL)};
    put_expanded(&in->headers[1], in, NULL, cut(&rest));
    put_expanded(&in->headers[2], in, NULL, cut(&rest));
    pl_slice query = cut(&rest);
    for (size_t i = 0; i < query.len; i++)
        if (query.ptr[i] > ' ' && query.ptr[i] != '#') pl_buf_put_char(&in->query, query.ptr[i]);
    pl_buf_put_slice(&in->body, rest);
    if (proof.len) in->is_proven = memchr(proof.ptr, PROOF, proof.len) != NULL;
    if (proof.len && s->prove) in->is_proven |= memchr(proof.ptr, TOKEN, proof.len) != NULL;
    put_expanded(&in->headers[0], in, s, proof);
}

static void free_input(input *in)
{
    for (int i = 0; i < HEADERS; i++)
        pl_buf_fini(&in->headers[i]);
    pl_buf_fini(&in->query);
    pl_buf_fini(&in->body);
}

/* -- the gateway's side -- */

static pl_generation *generation;
static pl_wheel wheel;

static void load_once(void)
{
    pl_faults faults = {0};
    pl_bundle *bundle = NULL;
    pl_settings settings;
    if (generation) return;
    pl_wheel_init(&wheel, 0);
    int code = pl_bundle_read(PL_FUZZ_LUA "/signature", NULL, &bundle, &faults);
    if (code == 0)
        generation = pl_script_load(bundle, &(pl_script_config){.json_depth = 64}, 1, &faults);
    pl_faults_print(&faults, stderr);
    MUST(generation && generation->source_count == SOURCES);
    pl_settings_init(&settings);
    pl_script_attach(generation, &settings, &(pl_script_host){.wheel = &wheel});
    pl_settings_fini(&settings);
    pl_bundle_free(bundle);
}

static int64_t index_of(const char *name)
{
    for (uint32_t i = 0; i < generation->source_count; i++)
        if (pl_slice_eq(generation->sources[i].name, pl_slice_of(name))) return i;
    return -1;
}

static pl_http_request request_of(const input *in, const source *s)
{
    pl_http_request q = {
        .method = PL_SLICE("POST"), .target = PL_SLICE("/x"), .path = PL_SLICE("/x")};
    if (in->query.len) q.query = pl_buf_slice(&in->query);
    for (int i = 0; i < HEADERS; i++)
        if (s->headers[i] && in->headers[i].len)
            q.headers[q.header_count++] =
                (pl_header){pl_slice_of(s->headers[i]), pl_buf_slice(&in->headers[i])};
    return q;
}

static void on_received(pl_reception *r, int code)
{
    (void)r, (void)code;
    MUST(!"a verifier that waits");
}

static void must_be_right(const input *in, const pl_reception *r, int code)
{
    char text[512];
    snprintf(text, sizeof text, "%.*s", PL_FMT(r->text));
    if (code == PL_E_UNVERIFIED ? fuzz_lua_is_stumble(text) : code != 0 || !in->is_proven)
        fprintf(stderr, "%d: %s\n", code, text);
    MUST(code == 0 || code == PL_E_UNVERIFIED);
    MUST(code != 0 || in->is_proven);
    MUST(code == 0 || !fuzz_lua_is_stumble(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in;
    pl_arena arena;
    if (size == 0) return 0;
    load_once();
    fuzz_lua_begin(pl_script_of(generation)->vm.L);
    const source *s = &sources[data[0] % SOURCES];
    read_input(&in, s, (pl_slice){(const char *)data + 1, size - 1});
    pl_http_request q = request_of(&in, s);
    pl_arena_init(&arena);
    pl_reception r = {.generation = generation,
                      .source = index_of(s->name),
                      .request = &q,
                      .body = pl_buf_slice(&in.body),
                      .client = "192.0.2.1",
                      .now_ms = in.now * 1000,
                      .arena = &arena,
                      .received = on_received};
    int code = generation->receive(generation, &r);
    must_be_right(&in, &r, code);
    generation->dismiss(generation, &r);
    pl_arena_fini(&arena);
    free_input(&in);
    return 0;
}
