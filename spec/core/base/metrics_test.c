/* SPDX-License-Identifier: MIT */
#include "base/metrics.h"

#include "test.h"

TEST(a_counter_counts)
{
    pl_counter c = {0};
    pl_counter_add(&c, 2);
    pl_counter_add(&c, 3);
    CHECK_EQ_INT(pl_counter_get(&c), 5);
    pl_counter_set(&c, 1);
    CHECK_EQ_INT(pl_counter_get(&c), 1);
}

TEST(bounds_rise_and_the_last_is_open)
{
    for (int i = 1; i < PL_HISTOGRAM_BUCKETS; i++)
        CHECK(pl_histogram_bound_us(i) > pl_histogram_bound_us(i - 1));
    CHECK_EQ_INT(pl_histogram_bound_us(0), 50);
    CHECK_EQ_INT(pl_histogram_bound_us(16), 10000000);
    CHECK(pl_histogram_bound_us(17) == UINT64_MAX);
}

/* As Prometheus counts them: a bucket's bound belongs to it. */
TEST(a_value_falls_into_the_first_bucket_whose_bound_is_not_below_it)
{
    static const struct {
        uint64_t us;
        int bucket;
    } cases[] = {{0, 0}, {50, 0}, {51, 1}, {100, 1}, {1000, 4}, {10000000, 16}, {10000001, 17}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pl_histogram h = {0};
        pl_histogram_add(&h, cases[i].us);
        for (int b = 0; b < PL_HISTOGRAM_BUCKETS; b++)
            CHECK_EQ_INT(h.buckets[b], b == cases[i].bucket);
        CHECK_EQ_INT(h.sum_us, cases[i].us);
    }
}

int main(void)
{
    return RUN(CASE(a_counter_counts), CASE(bounds_rise_and_the_last_is_open),
               CASE(a_value_falls_into_the_first_bucket_whose_bound_is_not_below_it));
}
