/* SPDX-License-Identifier: MIT */
#include "http/host.h"

#include "test.h"

TEST(local_names_and_addresses)
{
    static const char *const local[] = {"localhost",   "LocalHost",        "localhost.",
                                        "a.localhost", "127.0.0.1",        "127.9.8.7",
                                        "::1",         "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"};
    static const char *const others[] = {"",           "localhost.example.com", "alocalhost",
                                         ".localhost", "example.com",           "128.0.0.1",
                                         "127.1",      "127.0.0.1.example.com", "0.0.0.0",
                                         "::",         "::ffff:10.0.0.1",       "2130706433"};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        CHECK(pl_host_is_local(pl_slice_of(local[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!pl_host_is_local(pl_slice_of(others[i])));
}

static bool matches(const char *pattern, const char *host)
{
    return pl_host_matches(pl_slice_of(pattern), pl_slice_of(host));
}

TEST(patterns_name_hosts)
{
    CHECK(matches("a.example", "A.Example"));
    CHECK(matches("a.example", "a.example."));
    CHECK(matches("a.example.", "a.example"));
    CHECK(!matches("a.example", "b.a.example"));
    CHECK(!matches("a.example", "a.example.org"));
    CHECK(matches("*.a.example", "b.a.example"));
    CHECK(matches("*.a.example", "c.b.A.example."));
    CHECK(!matches("*.a.example", "a.example"));
    CHECK(!matches("*.a.example", "ba.example"));
    CHECK(!matches("*.a.example", ".a.example"));
    CHECK(matches("*", "whatever"));
    CHECK(matches("[::1]", "::1"));
    CHECK(matches("192.0.2.1", "192.0.2.1"));
    CHECK(!matches("", "a"));
}

TEST(what_can_be_a_pattern)
{
    static const char *const good[] = {"*", "a", "a.example", "*.a.example", "192.0.2.1", "[::1]"};
    static const char *const bad[] = {"",   "a.example:80", "http://a", "a/b", "*a.example",
                                      "*.", "a.*",          "a b",      "::1", "**"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(pl_host_is_pattern(pl_slice_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!pl_host_is_pattern(pl_slice_of(bad[i])));
}

int main(void)
{
    return RUN(CASE(local_names_and_addresses), CASE(patterns_name_hosts),
               CASE(what_can_be_a_pattern));
}
