/* SPDX-License-Identifier: MIT */
#include "base/id.h"

#include "test.h"

static pl_rng seeded(uint8_t seed)
{
    pl_rng r;
    uint8_t bytes[32] = {seed};
    pl_rng_init(&r, bytes);
    return r;
}

/* The vector that implementations of xoshiro256** publish:
 * the state 1, 2, 3, 4 run through the authors' C. */
TEST(rng_gives_the_published_sequence)
{
    static const uint64_t wanted[] = {11520U,
                                      0U,
                                      1509978240U,
                                      1215971899390074240U,
                                      1216172134540287360U,
                                      607988272756665600U,
                                      16172922978634559625U,
                                      8476171486693032832U,
                                      10595114339597558777U,
                                      2904607092377533576U};
    const uint8_t seed[32] = {[0] = 1, [8] = 2, [16] = 3, [24] = 4};
    pl_rng r;
    pl_rng_init(&r, seed);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        CHECK(pl_rng_next(&r) == wanted[i]);
}

TEST(rng_does_not_stay_at_zero)
{
    const uint8_t seed[32] = {0};
    pl_rng r;
    uint64_t any = 0;
    pl_rng_init(&r, seed);
    for (int i = 0; i < 10; i++)
        any |= pl_rng_next(&r);
    CHECK(any != 0);
}

TEST(unit_is_in_its_range_and_even)
{
    pl_rng r = seeded(7);
    int tenths[10] = {0};
    for (int i = 0; i < 100000; i++) {
        double u = pl_rng_unit(&r);
        if (u < 0 || u >= 1)
            test_report(__FILE__, __LINE__, "outside of [0, 1)");
        else
            tenths[(int)(u * 10)]++;
    }
    for (int i = 0; i < 10; i++)
        CHECK(tenths[i] > 9500 && tenths[i] < 10500);
}

/* RFC 9562 appendix A.6. */
TEST(the_rfc_example_is_read_and_written)
{
    static const uint8_t bytes[16] = {0x01, 0x7F, 0x22, 0xE2, 0x79, 0xB0, 0x7C, 0xC3,
                                      0x98, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F};
    pl_uuid id;
    char text[PL_UUID_TEXT + 1];
    CHECK(pl_uuid_parse(PL_SLICE("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), &id));
    CHECK(memcmp(id.bytes, bytes, 16) == 0);
    pl_uuid_format(id, text);
    CHECK_EQ_STR(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

/* The same example: 2022-02-22T19:22:22Z. */
TEST(an_id_carries_time_version_and_variant)
{
    pl_rng r = seeded(1);
    pl_uuid id = pl_uuid_new(&r, 1645557742000);
    static const uint8_t time[6] = {0x01, 0x7F, 0x22, 0xE2, 0x79, 0xB0};
    CHECK(memcmp(id.bytes, time, 6) == 0);
    CHECK_EQ_INT(id.bytes[6] >> 4, 7);
    CHECK_EQ_INT(id.bytes[8] >> 6, 2);
}

static uint64_t ms_of(pl_uuid id)
{
    uint64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id.bytes[i];
    return ms;
}

TEST(ids_sort_as_made_even_when_the_clock_is_set_back)
{
    pl_rng r = seeded(3);
    pl_uuid last = pl_uuid_new(&r, 1000000);
    int wrong = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t wall_ms = 1000000 + i / 100 - (i % 1000 == 999 ? 500 : 0);
        pl_uuid id = pl_uuid_new(&r, wall_ms);
        wrong += memcmp(last.bytes, id.bytes, 16) >= 0;
        wrong += id.bytes[6] >> 4 != 7 || id.bytes[8] >> 6 != 2;
        last = id;
    }
    CHECK_EQ_INT(wrong, 0);
}

TEST(a_full_counter_borrows_from_the_next_millisecond)
{
    pl_rng r = seeded(4);
    pl_uuid last = pl_uuid_new(&r, 5000);
    int wrong = 0, in_first = 1;
    for (int i = 1; i < 10000; i++) {
        pl_uuid id = pl_uuid_new(&r, 5000);
        wrong += memcmp(last.bytes, id.bytes, 16) >= 0;
        in_first += ms_of(id) == 5000;
        last = id;
    }
    CHECK_EQ_INT(wrong, 0);
    CHECK(in_first >= 2048 && in_first <= 4096);
    CHECK(ms_of(last) >= 5002 && ms_of(last) <= 5004);
    CHECK_EQ_INT(ms_of(pl_uuid_new(&r, 6000)), 6000);
}

/* The bytes of RFC 9562, appendix A.3, before version and variant are set. */
TEST(random_bytes_make_a_version_4)
{
    const uint8_t bytes[16] = {0x91, 0x91, 0x08, 0xf7, 0x52, 0xd1, 0xf3, 0x20,
                               0x1b, 0xac, 0xf8, 0x47, 0xdb, 0x41, 0x48, 0xa8};
    char text[PL_UUID_TEXT + 1];
    pl_uuid_format(pl_uuid_random(bytes), text);
    CHECK_EQ_STR(text, "919108f7-52d1-4320-9bac-f847db4148a8");
}

TEST(what_is_not_a_uuid_is_refused)
{
    static const char *const bad[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e279b0-7cc3-98c4-dc0c0c07398f-",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398 ",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pl_uuid id = {{9}};
        CHECK(!pl_uuid_parse(pl_slice_of(bad[i]), &id));
        CHECK_EQ_INT(id.bytes[0], 9);
    }
}

int main(void)
{
    return RUN(CASE(rng_gives_the_published_sequence), CASE(rng_does_not_stay_at_zero),
               CASE(unit_is_in_its_range_and_even), CASE(the_rfc_example_is_read_and_written),
               CASE(an_id_carries_time_version_and_variant),
               CASE(ids_sort_as_made_even_when_the_clock_is_set_back),
               CASE(a_full_counter_borrows_from_the_next_millisecond),
               CASE(random_bytes_make_a_version_4), CASE(what_is_not_a_uuid_is_refused));
}
