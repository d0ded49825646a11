/* SPDX-License-Identifier: MIT */
#include "flow/settings.h"

#include "test.h"

#include <stdlib.h>

static const pl_setting *named(const char *name)
{
    for (size_t i = 0; i < pl_setting_count; i++)
        if (strcmp(pl_setting_list[i].name, name) == 0) return &pl_setting_list[i];
    return NULL;
}

static const char *set(pl_settings *s, const char *name, const char *text)
{
    return pl_settings_set(s, named(name), pl_slice_of(text));
}

TEST(defaults_are_those_of_the_list)
{
    pl_settings s;
    pl_settings_init(&s);
    CHECK_EQ_STR(s.listen, "127.0.0.1:8080");
    CHECK_EQ_INT(s.workers, 0);
    CHECK_EQ_INT(s.limit_body, 1048576);
    CHECK_EQ_INT(s.limit_header_bytes, 16384);
    CHECK_EQ_INT(s.timeout_call, 5000);
    CHECK_EQ_INT(s.tokens_admin.count, 0);
    pl_settings_fini(&s);
}

TEST(values_outside_of_what_is_allowed_are_refused_and_change_nothing)
{
    pl_settings s;
    pl_settings_init(&s);
    CHECK_EQ_STR(set(&s, "limits.headers", "129"), "1..128");
    CHECK_EQ_STR(set(&s, "limits.headers", "0"), "1..128");
    CHECK(set(&s, "limits.headers", "128") == NULL);
    CHECK_EQ_INT(s.limit_headers, 128);
    CHECK_EQ_STR(set(&s, "timeouts.call", "0"), "0.01..3600");
    CHECK_EQ_INT(s.timeout_call, 5000);
    CHECK(set(&s, "timeouts.call", "0.01") == NULL);
    CHECK_EQ_STR(set(&s, "limits.feed_backlog", "4095"), "4k..1G");
    CHECK(set(&s, "limits.feed_backlog", "4k") == NULL);
    CHECK_EQ_STR(set(&s, "log.level", "loud"), "debug|info|warn|error|off");
    CHECK_EQ_STR(set(&s, "log.level", ""), "debug|info|warn|error|off");
    CHECK_EQ_STR(s.log_level, "info");
    CHECK(set(&s, "log.level", "off") == NULL);
    CHECK_EQ_STR(s.log_level, "off");
    pl_settings_fini(&s);
}

TEST(every_range_can_be_read)
{
    for (size_t i = 0; i < pl_setting_count; i++) {
        int64_t min = 1, max = 0;
        const pl_setting *s = &pl_setting_list[i];
        if (strstr(s->allowed, "..") == NULL) continue;
        CHECK(pl_setting_range(s, &min, &max));
        CHECK(min < max);
    }
}

TEST(every_default_is_valid)
{
    pl_settings s;
    pl_settings_init(&s);
    for (size_t i = 0; i < pl_setting_count; i++)
        CHECK(pl_settings_set(&s, &pl_setting_list[i], pl_slice_of(pl_setting_list[i].initial)) ==
              NULL);
    pl_settings_fini(&s);
}

TEST(numbers_are_read_strictly)
{
    pl_settings s;
    pl_settings_init(&s);
    static const char *const bad[][2] = {
        {"workers", ""},
        {"workers", "-1"},
        {"workers", "1.5"},
        {"workers", "4k"},
        {"workers", " 4"},
        {"workers", "9007199254740992"},
        {"limits.body", "k"},
        {"limits.body", "1T"},
        {"limits.body", "1.5M"},
        {"limits.body", "9007199254740991G"},
        {"timeouts.call", ""},
        {"timeouts.call", "."},
        {"timeouts.call", "1.2.3"},
        {"timeouts.call", "-1"},
        {"timeouts.call", "1e3"},
        {"timeouts.call", "5s"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(set(&s, bad[i][0], bad[i][1]) != NULL);
    CHECK_EQ_INT(s.workers, 0);
    CHECK_EQ_INT(s.limit_body, 1048576);
    CHECK(set(&s, "workers", "4") == NULL);
    CHECK_EQ_INT(s.workers, 4);
    CHECK(set(&s, "limits.body", "64k") == NULL);
    CHECK_EQ_INT(s.limit_body, 65536);
    CHECK(set(&s, "limits.store_queue", "2G") == NULL);
    CHECK_EQ_INT(s.limit_store_queue, 2147483648);
    CHECK(set(&s, "timeouts.call", "2.5") == NULL);
    CHECK_EQ_INT(s.timeout_call, 2500);
    CHECK(set(&s, "timeouts.grace", ".0004") == NULL);
    CHECK_EQ_INT(s.timeout_grace, 0);
    pl_settings_fini(&s);
}

TEST(lists_come_from_commas_or_one_by_one)
{
    pl_settings s;
    pl_settings_init(&s);
    CHECK(set(&s, "egress.allow", "127.0.0.1, 10.0.0.0/8,,") == NULL);
    CHECK_EQ_INT(s.egress_allow.count, 2);
    CHECK_EQ_STR(s.egress_allow.items[0], "127.0.0.1");
    CHECK_EQ_STR(s.egress_allow.items[1], "10.0.0.0/8");
    pl_settings_clear(&s, named("tokens.admin"));
    pl_settings_add(&s, named("tokens.admin"), PL_SLICE("a,b"));
    CHECK_EQ_INT(s.tokens_admin.count, 1);
    CHECK_EQ_STR(s.tokens_admin.items[0], "a,b");
    CHECK(set(&s, "tokens.admin", "") == NULL);
    CHECK_EQ_INT(s.tokens_admin.count, 0);
    pl_settings_fini(&s);
}

TEST(a_setting_has_one_name_in_three_spellings)
{
    pl_buf b;
    pl_buf_init(&b);
    pl_setting_flag(named("limits.header_bytes"), &b);
    CHECK_EQ_SLICE(pl_buf_slice(&b), PL_SLICE("limits-header-bytes"));
    pl_buf_clear(&b);
    pl_setting_variable(named("limits.header_bytes"), &b);
    CHECK_EQ_SLICE(pl_buf_slice(&b), PL_SLICE("PERILUNE_LIMITS_HEADER_BYTES"));
    pl_buf_fini(&b);
    CHECK(named("limits.none") == NULL);
    CHECK_EQ_STR(pl_setting_kind_name(named("tokens.admin")->kind), "secrets");
    CHECK_EQ_STR(pl_setting_kind_name(named("listen")->kind), "text");
}

TEST(files_are_in_the_gateway_folder_unless_they_say_where)
{
    pl_settings s;
    pl_settings_init(&s);
    CHECK(set(&s, "tls.key", "pairs/a.key") == NULL);
    CHECK(set(&s, "egress.ca_file", "/etc/ca.pem") == NULL);
    pl_settings_place(&s, "/srv/gateway");
    CHECK_EQ_STR(s.store, "/srv/gateway/perilune.db");
    CHECK_EQ_STR(s.tls_key, "/srv/gateway/pairs/a.key");
    CHECK_EQ_STR(s.egress_ca_file, "/etc/ca.pem");
    CHECK_EQ_STR(s.tls_certificate, "");
    CHECK_EQ_STR(s.log_level, "info");
    pl_settings_fini(&s);
}

int main(void)
{
    return RUN(CASE(defaults_are_those_of_the_list),
               CASE(values_outside_of_what_is_allowed_are_refused_and_change_nothing),
               CASE(every_range_can_be_read), CASE(every_default_is_valid),
               CASE(numbers_are_read_strictly), CASE(lists_come_from_commas_or_one_by_one),
               CASE(a_setting_has_one_name_in_three_spellings),
               CASE(files_are_in_the_gateway_folder_unless_they_say_where));
}
