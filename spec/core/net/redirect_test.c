/* SPDX-License-Identifier: MIT
 *
 * Which request comes after a redirect. Methods and bodies as RFC 9110 section 15.4 and the Fetch
 * standard (HTTP-redirect fetch) have them. */
#include "net/redirect.h"

#include "base/err.h"

#include "test.h"

static pl_arena arena;
static pl_request request, next;
static const char *text;

static void prepare(const char *method, const char *url, bool has_body)
{
    pl_arena_init(&arena);
    request = next = (pl_request){0};
    request.method = pl_slice_of(method);
    request.url = pl_slice_of(url);
    request.redirects.most = 3;
    request.has_body = has_body;
    if (!has_body) return;
    request.body = PL_SLICE("{}");
    pl_request_set_field(&request, &arena, PL_SLICE("Content-Type"), PL_SLICE("text/plain"));
}

static int go(int status, const char *location)
{
    pl_response response = {.status = status};
    text = NULL;
    return pl_redirect_next(&request, &response, pl_slice_of(location), 0, &next, &arena, &text);
}

TEST(redirect_is_one_with_a_status_and_a_place)
{
    static const struct {
        int status;
        bool is_one;
    } cases[] = {{200, false}, {300, false}, {301, true}, {302, true}, {303, true},  {304, false},
                 {305, false}, {306, false}, {307, true}, {308, true}, {309, false}, {401, false}};
    prepare("GET", "http://a.example/", false);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pl_response response = {.status = cases[i].status};
        CHECK_EQ_INT(pl_redirect_is_one(&request, &response, PL_SLICE("http://b.example/")),
                     cases[i].is_one);
        CHECK(!pl_redirect_is_one(&request, &response, PL_NO_SLICE));
    }
    request.redirects.most = 0;
    CHECK(!pl_redirect_is_one(&request, &(pl_response){.status = 302},
                              PL_SLICE("http://b.example/")));
    pl_arena_fini(&arena);
}

TEST(redirect_keeps_or_changes_the_method)
{
    static const struct {
        const char *method;
        int status;
        const char *then;
    } cases[] = {
        {"POST", 301, "GET"},   {"POST", 302, "GET"},      {"POST", 303, "GET"},
        {"POST", 307, "POST"},  {"POST", 308, "POST"},     {"PUT", 301, "PUT"},
        {"PUT", 302, "PUT"},    {"PUT", 303, "GET"},       {"PUT", 307, "PUT"},
        {"DELETE", 303, "GET"}, {"DELETE", 302, "DELETE"}, {"HEAD", 303, "HEAD"},
        {"HEAD", 302, "HEAD"},  {"GET", 301, "GET"},       {"GET", 303, "GET"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool has_body = cases[i].method[0] == 'P';
        prepare(cases[i].method, "http://a.example/x", has_body);
        CHECK_EQ_INT(go(cases[i].status, "http://a.example/y"), 0);
        CHECK_EQ_STR(pl_arena_dup(&arena, next.method).ptr, cases[i].then);
        bool keeps = has_body && strcmp(cases[i].method, cases[i].then) == 0;
        CHECK_EQ_INT(next.has_body, keeps);
        CHECK_EQ_INT(next.body.len, keeps ? 2 : 0);
        CHECK_EQ_INT(pl_fields_find(next.fields, PL_SLICE("content-type")) != NULL, keeps);
        CHECK_EQ_SLICE(next.url, PL_SLICE("http://a.example/y"));
        pl_arena_fini(&arena);
    }
}

static void set(const char *name, const char *value)
{
    pl_request_set_field(&request, &arena, pl_slice_of(name), pl_slice_of(value));
}

/* What is left of the fields, by the first letters of their names. */
static const char *left(char out[32])
{
    size_t n = 0;
    for (const pl_field *f = next.fields; f; f = f->next)
        out[n++] = f->name.ptr[0];
    out[n] = '\0';
    CHECK(n == 0 ? next.last == NULL : next.last && next.last->next == NULL);
    return out;
}

TEST(redirect_takes_credentials_to_the_same_origin_only)
{
    static const struct {
        const char *to;
        bool is_same;
    } cases[] = {{"https://a.example/y", true},      {"https://A.Example:443/", true},
                 {"https://a.example:8443/", false}, {"https://b.example/", false},
                 {"https://a.example.evil/", false}, {"https://x.a.example/", false},
                 {"http://a.example:443/", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[32];
        prepare("GET", "https://a.example/x", false);
        request.redirects.may_downgrade = true;
        set("authorization", "Bearer b");
        set("cookie", "c");
        set("plain", "p");
        set("x-key", "k");
        request.last->shown = PL_SLICE("***");
        set("webhook-signature", "v1,s");
        set("host", "a.example");
        set("zone", "z");
        request.auth = (pl_auth){PL_AUTH_DIGEST, PL_SLICE("u"), PL_SLICE("p")};
        request.tls =
            (pl_tls){.certificate = PL_SLICE("c"), .key = PL_SLICE("k"), .ca = PL_SLICE("ca")};
        CHECK_EQ_INT(go(302, cases[i].to), 0);
        CHECK_EQ_STR(left(out), cases[i].is_same ? "acpxwhz" : "pz");
        CHECK_EQ_INT(next.auth.kind, cases[i].is_same ? PL_AUTH_DIGEST : PL_AUTH_NONE);
        CHECK_EQ_INT(next.tls.certificate.len > 0, cases[i].is_same);
        CHECK_EQ_INT(next.tls.key.len > 0, cases[i].is_same);
        CHECK_EQ_SLICE(next.tls.ca, PL_SLICE("ca"));
        pl_arena_fini(&arena);
    }
}

TEST(redirect_from_https_to_http_only_where_said)
{
    prepare("GET", "https://a.example/x", false);
    CHECK_EQ_INT(go(302, "http://a.example/x"), PL_E_REDIRECT);
    CHECK_EQ_STR(
        text, "the redirect to 'http://a.example/x' is not followed: it leads from https to http");
    request.redirects.may_downgrade = true;
    CHECK_EQ_INT(go(302, "http://a.example/x"), 0);
    pl_arena_fini(&arena);
    prepare("GET", "http://a.example/x", false);
    CHECK_EQ_INT(go(302, "https://a.example/x"), 0);
    CHECK_EQ_INT(go(302, "http://b.example/x"), 0);
    pl_arena_fini(&arena);
}

int main(void)
{
    return RUN(CASE(redirect_is_one_with_a_status_and_a_place),
               CASE(redirect_keeps_or_changes_the_method),
               CASE(redirect_takes_credentials_to_the_same_origin_only),
               CASE(redirect_from_https_to_http_only_where_said));
}
