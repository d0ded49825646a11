/* SPDX-License-Identifier: MIT
 *
 * The names are what the feed shows and what users filter by: they are spelled out here. */
#include "flow/journal.h"

#include "flow/stage.h"
#include "test.h"

TEST(states_have_the_names_of_the_feed)
{
    CHECK_EQ_STR(pl_state_name(PL_STATE_PENDING), "pending");
    CHECK_EQ_STR(pl_state_name(PL_STATE_DELIVERED), "delivered");
    CHECK_EQ_STR(pl_state_name(PL_STATE_FAILED), "failed");
    CHECK_EQ_STR(pl_state_name(PL_STATE_CANCELLED), "cancelled");
    CHECK_EQ_STR(pl_state_name(PL_STATE_UNMATCHED), "unmatched");
    CHECK_EQ_STR(pl_state_name(PL_STATE_COUNT), "");
}

/* The store keeps them as numbers. */
TEST(the_numbers_of_states_stay)
{
    CHECK_EQ_INT(PL_STATE_PENDING, 0);
    CHECK_EQ_INT(PL_STATE_DELIVERED, 1);
    CHECK_EQ_INT(PL_STATE_FAILED, 2);
    CHECK_EQ_INT(PL_STATE_CANCELLED, 3);
    CHECK_EQ_INT(PL_STATE_UNMATCHED, 4);
}

TEST(a_name_finds_its_state)
{
    CHECK_EQ_INT(pl_state_of_name(PL_SLICE("pending")), PL_STATE_PENDING);
    CHECK_EQ_INT(pl_state_of_name(PL_SLICE("unmatched")), PL_STATE_UNMATCHED);
    CHECK_EQ_INT(pl_state_of_name(PL_SLICE("Pending")), -1);
    CHECK_EQ_INT(pl_state_of_name(PL_SLICE("pendin")), -1);
    CHECK_EQ_INT(pl_state_of_name(PL_NO_SLICE), -1);
}

TEST(stages_have_the_names_of_the_way_in_its_order)
{
    static const char *const way[] = {"accept", "parse",        "route", "commit",
                                      "render", "authenticate", "send",  "reauthorize",
                                      "map",    "failed",       "record"};
    CHECK_EQ_INT(PL_STAGE_COUNT, sizeof way / sizeof *way);
    for (int i = 0; i < PL_STAGE_COUNT; i++)
        CHECK_EQ_STR(pl_stage_name((enum pl_stage)i), way[i]);
    CHECK_EQ_STR(pl_stage_name(PL_STAGE_COUNT), "");
}

int main(void)
{
    return RUN(CASE(states_have_the_names_of_the_feed), CASE(the_numbers_of_states_stay),
               CASE(a_name_finds_its_state), CASE(stages_have_the_names_of_the_way_in_its_order));
}
