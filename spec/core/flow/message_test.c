/* SPDX-License-Identifier: MIT */
#include "flow/message.h"

#include "base/arena.h"
#include "test.h"

/* The fields as "name=value;" text. */
static pl_slice listed(pl_arena *arena, const pl_request *r)
{
    char *text = pl_arena_printf(arena, "%s", "");
    for (const pl_field *f = r->fields; f; f = f->next)
        text = pl_arena_printf(arena, "%s%.*s=%.*s;", text, PL_FMT(f->name), PL_FMT(f->value));
    return pl_slice_of(text);
}

TEST(fields_keep_the_order_in_which_they_were_set)
{
    pl_arena arena;
    pl_request r = {0};
    pl_arena_init(&arena);
    pl_request_set_field(&r, &arena, PL_SLICE("Accept"), PL_SLICE("a"));
    pl_request_set_field(&r, &arena, PL_SLICE("X-Tenant"), PL_SLICE("t"));
    pl_field *last = pl_request_set_field(&r, &arena, PL_SLICE("Empty"), PL_NO_SLICE);
    CHECK_EQ_SLICE(listed(&arena, &r), PL_SLICE("Accept=a;X-Tenant=t;Empty=;"));
    CHECK(r.last == last && last->next == NULL);
    pl_arena_fini(&arena);
}

TEST(setting_again_replaces_in_place_whatever_the_case)
{
    pl_arena arena;
    pl_request r = {0};
    pl_arena_init(&arena);
    pl_request_set_field(&r, &arena, PL_SLICE("A"), PL_SLICE("1"));
    pl_field *b = pl_request_set_field(&r, &arena, PL_SLICE("B"), PL_SLICE("2"));
    b->shown = PL_SLICE("***");
    pl_request_set_field(&r, &arena, PL_SLICE("C"), PL_SLICE("3"));
    CHECK(pl_request_set_field(&r, &arena, PL_SLICE("b"), PL_SLICE("4")) == b);
    CHECK_EQ_SLICE(listed(&arena, &r), PL_SLICE("A=1;b=4;C=3;"));
    CHECK(b->shown.ptr == NULL); /* the mask belonged to the old value */
    pl_arena_fini(&arena);
}

/* Nothing in C makes a repeated field, but scripts may link one. */
TEST(setting_again_drops_the_repeats)
{
    pl_arena arena;
    pl_request r = {0};
    pl_arena_init(&arena);
    pl_request_set_field(&r, &arena, PL_SLICE("A"), PL_SLICE("1"));
    pl_request_set_field(&r, &arena, PL_SLICE("B"), PL_SLICE("2"));
    pl_request_set_field(&r, &arena, PL_SLICE("C"), PL_SLICE("3"));
    r.fields->next->name = PL_SLICE("a");
    r.last->name = PL_SLICE("a");
    pl_field *a = pl_request_set_field(&r, &arena, PL_SLICE("A"), PL_SLICE("4"));
    CHECK_EQ_SLICE(listed(&arena, &r), PL_SLICE("A=4;"));
    CHECK(r.last == a);
    pl_request_set_field(&r, &arena, PL_SLICE("D"), PL_SLICE("5"));
    CHECK_EQ_SLICE(listed(&arena, &r), PL_SLICE("A=4;D=5;"));
    pl_arena_fini(&arena);
}

TEST(names_and_values_are_copied)
{
    pl_arena arena;
    pl_request r = {0};
    char name[] = "Name", value[] = "value";
    pl_arena_init(&arena);
    pl_request_set_field(&r, &arena, pl_slice_of(name), pl_slice_of(value));
    name[0] = value[0] = '!';
    CHECK_EQ_SLICE(listed(&arena, &r), PL_SLICE("Name=value;"));
    pl_arena_fini(&arena);
}

TEST(names_and_values_that_live_as_long_are_not_copied)
{
    pl_arena arena;
    pl_request r = {0};
    pl_slice name = PL_SLICE("a"), value = PL_SLICE("2");
    pl_arena_init(&arena);
    pl_request_set_field(&r, &arena, PL_SLICE("A"), PL_SLICE("1"))->shown = PL_SLICE("*");
    const pl_field *f = pl_request_put_field(&r, &arena, name, value);
    CHECK(f->name.ptr == name.ptr && f->value.ptr == value.ptr && f->shown.ptr == NULL);
    CHECK_EQ_SLICE(listed(&arena, &r), PL_SLICE("a=2;"));
    pl_arena_fini(&arena);
}

TEST(find_folds_case_and_takes_the_first)
{
    pl_field second = {.name = PL_SLICE("x-a"), .value = PL_SLICE("2")};
    pl_field first = {.name = PL_SLICE("X-A"), .value = PL_SLICE("1"), .next = &second};
    CHECK(pl_fields_find(&first, PL_SLICE("x-A")) == &first);
    CHECK(pl_fields_find(&first, PL_SLICE("x")) == NULL);
    CHECK(pl_fields_find(NULL, PL_SLICE("x-a")) == NULL);
}

TEST(remove_takes_all_of_the_name_and_keeps_the_last)
{
    pl_arena arena;
    pl_request r = {0};
    pl_arena_init(&arena);
    pl_request_set_field(&r, &arena, PL_SLICE("A"), PL_SLICE("1"));
    pl_request_set_field(&r, &arena, PL_SLICE("B"), PL_SLICE("2"));
    pl_request_set_field(&r, &arena, PL_SLICE("C"), PL_SLICE("3"));
    r.last->name = PL_SLICE("a");
    pl_request_remove_field(&r, PL_SLICE("a"));
    pl_request_remove_field(&r, PL_SLICE("none"));
    CHECK_EQ_SLICE(listed(&arena, &r), PL_SLICE("B=2;"));
    pl_request_set_field(&r, &arena, PL_SLICE("D"), PL_SLICE("4"));
    CHECK_EQ_SLICE(listed(&arena, &r), PL_SLICE("B=2;D=4;"));
    pl_request_remove_field(&r, PL_SLICE("b"));
    pl_request_remove_field(&r, PL_SLICE("d"));
    CHECK(r.fields == NULL && r.last == NULL);
    pl_arena_fini(&arena);
}

TEST(a_request_has_the_authorization_that_was_set_last)
{
    pl_arena arena;
    pl_request r = {0};
    pl_auth digest = {PL_AUTH_DIGEST, PL_SLICE("u"), PL_SLICE("p")};
    pl_arena_init(&arena);
    pl_request_set_field(&r, &arena, PL_SLICE("authorization"), PL_SLICE("Bearer x"));
    pl_request_set_auth(&r, &arena, digest);
    CHECK(r.fields == NULL);
    CHECK_EQ_INT(r.auth.kind, PL_AUTH_DIGEST);
    CHECK_EQ_SLICE(r.auth.password, PL_SLICE("p"));
    pl_request_set_field(&r, &arena, PL_SLICE("AUTHORIZATION"), PL_SLICE("Bearer x"));
    CHECK_EQ_INT(r.auth.kind, PL_AUTH_NONE);
    pl_request_set_auth(&r, &arena, digest);
    pl_request_remove_field(&r, PL_SLICE("Authorization"));
    CHECK_EQ_INT(r.auth.kind, PL_AUTH_NONE);
    pl_arena_fini(&arena);
}

TEST(credentials_that_cannot_be_put_on_the_wire_have_a_fault)
{
    static const struct {
        pl_auth auth;
        bool is_good;
    } cases[] = {
        {{PL_AUTH_DIGEST, PL_SLICE_INIT("j\xc3\xb6rg"), PL_SLICE_INIT("\xc3\xa4")}, true},
        {{PL_AUTH_DIGEST, PL_SLICE_INIT("u"), PL_SLICE_INIT("")}, true},
        {{PL_AUTH_DIGEST, PL_SLICE_INIT(""), PL_SLICE_INIT("p")}, false},
        {{PL_AUTH_DIGEST, PL_SLICE_INIT("a:b"), PL_SLICE_INIT("p")}, false},
        {{PL_AUTH_DIGEST, PL_SLICE_INIT("a\r\nb"), PL_SLICE_INIT("p")}, false},
        {{PL_AUTH_DIGEST, PL_SLICE_INIT("a"), PL_SLICE_INIT("p\0q")}, false},
        {{PL_AUTH_NTLM, PL_SLICE_INIT("D\\u"), PL_SLICE_INIT("p:q")}, true},
        {{PL_AUTH_NTLM, PL_SLICE_INIT("j\xc3\xb6rg"), PL_SLICE_INIT("p")}, false},
        {{PL_AUTH_NTLM, PL_SLICE_INIT("u"), PL_SLICE_INIT("\xc3\xa4")}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_EQ_INT(pl_auth_fault(&cases[i].auth) == NULL, cases[i].is_good);
}

/* What a URL becomes with a=b put behind it. */
static pl_slice with_query(pl_arena *arena, pl_slice url, pl_slice name, pl_slice value)
{
    pl_request r = {.url = url};
    pl_request_add_query(&r, arena, name, value);
    return r.url;
}

TEST(a_param_goes_behind_the_query_and_before_the_fragment)
{
    pl_arena arena;
    pl_arena_init(&arena);
    pl_slice a = PL_SLICE("a b"), b = PL_SLICE("c&d=\xc3\xa9");
#define ADDED "a%20b=c%26d%3D%C3%A9"
    CHECK_EQ_SLICE(with_query(&arena, PL_SLICE("http://h"), a, b), PL_SLICE("http://h?" ADDED));
    CHECK_EQ_SLICE(with_query(&arena, PL_SLICE("http://h/?"), a, b), PL_SLICE("http://h/?" ADDED));
    CHECK_EQ_SLICE(with_query(&arena, PL_SLICE("http://h/?x=1"), a, b),
                   PL_SLICE("http://h/?x=1&" ADDED));
    CHECK_EQ_SLICE(with_query(&arena, PL_SLICE("http://h/?x=1&"), a, b),
                   PL_SLICE("http://h/?x=1&" ADDED));
    CHECK_EQ_SLICE(with_query(&arena, PL_SLICE("http://h/p#f?g"), a, b),
                   PL_SLICE("http://h/p?" ADDED "#f?g"));
    CHECK_EQ_SLICE(with_query(&arena, PL_NO_SLICE, a, b), PL_SLICE("?" ADDED));
    pl_arena_fini(&arena);
}

int main(void)
{
    return RUN(CASE(fields_keep_the_order_in_which_they_were_set),
               CASE(setting_again_replaces_in_place_whatever_the_case),
               CASE(setting_again_drops_the_repeats), CASE(names_and_values_are_copied),
               CASE(names_and_values_that_live_as_long_are_not_copied),
               CASE(find_folds_case_and_takes_the_first),
               CASE(remove_takes_all_of_the_name_and_keeps_the_last),
               CASE(a_request_has_the_authorization_that_was_set_last),
               CASE(credentials_that_cannot_be_put_on_the_wire_have_a_fault),
               CASE(a_param_goes_behind_the_query_and_before_the_fragment));
}
