/* SPDX-License-Identifier: MIT */
#include "script/directory.h"

#include "test.h"

#define NAMES(c, w)                                                \
    {                                                              \
        .connector = PL_SLICE_INIT(c), .webhook = PL_SLICE_INIT(w) \
    }

static const pl_policy policies[] = {
    NAMES("shop", "order"), NAMES("shop", "order.paid"), NAMES("acme", "x"),    NAMES("shop2", "a"),
    NAMES("sho", "p"),      NAMES("acme", "order"),      NAMES("zoo", "order"),
};

#define COUNT (sizeof policies / sizeof *policies)

static int64_t find(const char *connector, const char *webhook, uint32_t count)
{
    pl_directory d;
    pl_arena arena;
    pl_arena_init(&arena);
    pl_directory_init(&d, policies, count, &arena);
    int64_t index = pl_directory_find(&d, pl_slice_of(connector), pl_slice_of(webhook));
    pl_arena_fini(&arena);
    return index;
}

TEST(each_webhook_is_found_by_its_names)
{
    for (uint32_t count = 0; count <= COUNT; count++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            const pl_policy *p = &policies[i];
            CHECK_EQ_INT(find(p->connector.ptr, p->webhook.ptr, count),
                         i < count ? (int64_t)i : -1);
        }
    }
}

TEST(what_is_not_there_is_not_found)
{
    static const char *const rows[][2] = {
        {"shop", "orde"},  {"shop", "order."}, {"shop", "x"},    {"sh", "op"},  {"acme", "p"},
        {"aaaa", "order"}, {"zoo", "z"},       {"zzz", "order"}, {"", "order"}, {"SHOP", "order"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_EQ_INT(find(rows[i][0], rows[i][1], COUNT), -1);
}

TEST(a_connector_is_known_by_its_webhooks)
{
    static const char *const known[] = {"shop", "acme", "shop2", "sho", "zoo"};
    static const char *const unknown[] = {"sh", "shop3", "a", "zoo2", ""};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        CHECK_EQ_INT(find(known[i], "", COUNT), 0);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        CHECK_EQ_INT(find(unknown[i], "", COUNT), -1);
    CHECK_EQ_INT(find("shop", "", 0), -1);
}

int main(void)
{
    return RUN(CASE(each_webhook_is_found_by_its_names), CASE(what_is_not_there_is_not_found),
               CASE(a_connector_is_known_by_its_webhooks));
}
