/* SPDX-License-Identifier: MIT
 *
 * UUIDv7 that never go back (RFC 9562 section 6.2, method 1). The 12 bits of rand_a count the ids
 * of one millisecond, from a random start in the lower half, so that there is always room for 2048.
 * When they run out, the id takes its time from the next millisecond; the same rule carries on the
 * order when the clock is set back: the time of an id is that of its predecessor until the clock
 * has caught up.
 *
 *     0                                 48  52           64 66                               128
 *     | unix_ts_ms                      | 7 | counter    |10| random                           |
 */
#include "base/id.h"

#include "base/json_bytes.h"

#include <string.h>

#define COUNTER_MAX  0xFFF
#define COUNTER_SEED 0x7FF /* the bits of the counter that start at random */

static uint64_t rotate_left(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

void pl_rng_init(pl_rng *r, const uint8_t seed[32])
{
    *r = (pl_rng){0};
    uint64_t any = 0;
    for (int i = 0; i < 32; i++)
        r->s[i / 8] |= (uint64_t)seed[i] << i % 8 * 8;
    for (int i = 0; i < 4; i++)
        any |= r->s[i];
    if (any == 0) r->s[0] = 1; /* the one state that xoshiro never leaves */
}

/* xoshiro256** 1.0 by Blackman and Vigna,
 * "Scrambled Linear Pseudorandom Number Generators" (2018). */
uint64_t pl_rng_next(pl_rng *r)
{
    uint64_t *s = r->s, result = rotate_left(s[1] * 5, 7) * 9, shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double pl_rng_unit(pl_rng *r)
{
    return (double)(pl_rng_next(r) >> 11) * 0x1p-53;
}

/* In one piece: whoever reads it whole right behind would wait for eight. */
static void put_big_endian(uint8_t *bytes, uint64_t value)
{
    if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) value = __builtin_bswap64(value);
    memcpy(bytes, &value, sizeof value);
}

pl_uuid pl_uuid_new(pl_rng *r, uint64_t wall_ms)
{
    pl_uuid id;
    if (wall_ms <= r->last_ms && r->counter < COUNTER_MAX) {
        r->counter++;
    } else {
        r->last_ms = wall_ms > r->last_ms ? wall_ms : r->last_ms + 1;
        r->counter = (uint16_t)(pl_rng_next(r) & COUNTER_SEED);
    }
    put_big_endian(id.bytes, r->last_ms << 16 | 0x7000 | r->counter);
    put_big_endian(id.bytes + 8, 1ULL << 63 | pl_rng_next(r) >> 2);
    return id;
}

pl_uuid pl_uuid_random(const uint8_t bytes[16])
{
    pl_uuid id;
    memcpy(id.bytes, bytes, sizeof id.bytes);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x40);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

static bool is_dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

/* Writes the eight digits of four bytes, all at once: the bytes are moved apart until each half of one
 * has a byte of a word to itself, in the order of memory, and what is above 9 goes on with 'a'. */
static void put_digits(char *text, const uint8_t *bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const bool is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    uint32_t four;
    memcpy(&four, bytes, sizeof four);
    uint64_t x = is_little ? four : __builtin_bswap32(four);
    x = (x | x << 16) & UINT64_C(0x0000FFFF0000FFFF);
    x = (x | x << 8) & UINT64_C(0x00FF00FF00FF00FF);
    x = (x >> 4 | x << 8) & ones * 0xF;
    x += ones * '0' + ((x + ones * 6) >> 4 & ones) * ('a' - '0' - 10);
    if (!is_little) x = __builtin_bswap64(x);
    memcpy(text, &x, sizeof x);
}

/* 8-4-4-4-12 */
void pl_uuid_format(pl_uuid id, char text[PL_UUID_TEXT + 1])
{
    char digits[32];
    for (int i = 0; i < 4; i++)
        put_digits(digits + 8 * i, id.bytes + 4 * i);
    memcpy(text, digits, 8);
    memcpy(text + 9, digits + 8, 4);
    memcpy(text + 14, digits + 12, 4);
    memcpy(text + 19, digits + 16, 4);
    memcpy(text + 24, digits + 20, 12);
    text[8] = text[13] = text[18] = text[23] = '-';
    text[PL_UUID_TEXT] = '\0';
}

bool pl_uuid_parse(pl_slice text, pl_uuid *id)
{
    size_t digits = 0;
    pl_uuid parsed = {{0}};
    if (text.len != PL_UUID_TEXT) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (is_dash_at(i)) {
            if (text.ptr[i] != '-') return false;
            continue;
        }
        int d = pl_hex_digit(text.ptr[i]);
        if (d < 0) return false;
        uint8_t *byte = &parsed.bytes[digits++ / 2];
        *byte = (uint8_t)(*byte << 4 | d);
    }
    *id = parsed;
    return true;
}
