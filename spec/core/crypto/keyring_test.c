/* SPDX-License-Identifier: MIT */
#include "crypto/keyring.h"

#include "keys.h"
#include "test.h"

/* 32 bytes: a seed. */
static pl_slice seed(char bytes[PL_KEY_ED25519_SEED_BYTES], int n)
{
    memset(bytes, n, PL_KEY_ED25519_SEED_BYTES);
    return (pl_slice){bytes, PL_KEY_ED25519_SEED_BYTES};
}

TEST(a_key_is_read_once)
{
    pl_keyring ring;
    pl_buf wrong = {0};
    pl_keyring_init(&ring);
    const pl_key *key = pl_keyring_read(&ring, PL_SLICE(P256_PUBLIC), PL_KEY_VERIFIES, &wrong);
    const pl_key *other = pl_keyring_read(&ring, PL_SLICE(RSA_PUBLIC), PL_KEY_VERIFIES, &wrong);
    CHECK(key && other && key != other);
    CHECK(key == pl_keyring_read(&ring, PL_SLICE(P256_PUBLIC), PL_KEY_VERIFIES, &wrong));
    pl_keyring_fini(&ring);
}

TEST(a_seed_is_not_the_public_key_of_the_same_bytes)
{
    pl_keyring ring;
    pl_buf wrong = {0};
    char bytes[PL_KEY_ED25519_SEED_BYTES];
    pl_keyring_init(&ring);
    CHECK(pl_key_is_private(pl_keyring_read(&ring, seed(bytes, 7), PL_KEY_SIGNS, &wrong)));
    CHECK(!pl_key_is_private(pl_keyring_read(&ring, seed(bytes, 7), PL_KEY_VERIFIES, &wrong)));
    pl_keyring_fini(&ring);
}

TEST(what_cannot_be_read_takes_no_room)
{
    pl_keyring ring;
    pl_buf wrong = {0};
    pl_keyring_init(&ring);
    CHECK(pl_keyring_read(&ring, PL_SLICE("x"), PL_KEY_SIGNS, &wrong) == NULL);
    CHECK(wrong.len > 0);
    for (size_t i = 0; i < PL_KEYRING_SIZE; i++)
        CHECK(ring.entries[i].key == NULL);
    pl_buf_fini(&wrong);
    pl_keyring_fini(&ring);
}

TEST(the_key_that_nobody_asked_for_gives_way)
{
    pl_keyring ring;
    pl_buf wrong = {0};
    char bytes[PL_KEY_ED25519_SEED_BYTES];
    pl_keyring_init(&ring);
    const pl_key *first = pl_keyring_read(&ring, seed(bytes, 0), PL_KEY_SIGNS, &wrong);
    const pl_key *second = pl_keyring_read(&ring, seed(bytes, 1), PL_KEY_SIGNS, &wrong);
    for (int n = 2; n <= PL_KEYRING_SIZE; n++) {
        CHECK(pl_keyring_read(&ring, seed(bytes, n), PL_KEY_SIGNS, &wrong) != NULL);
        CHECK(first == pl_keyring_read(&ring, seed(bytes, 0), PL_KEY_SIGNS, &wrong));
    }
    bool is_there = false;
    for (size_t i = 0; i < PL_KEYRING_SIZE; i++) {
        CHECK(ring.entries[i].key != NULL);
        is_there = is_there || (ring.entries[i].key == second && ring.entries[i].asked == 2);
    }
    CHECK(!is_there);
    pl_keyring_fini(&ring);
}

int main(void)
{
    return RUN(CASE(a_key_is_read_once), CASE(a_seed_is_not_the_public_key_of_the_same_bytes),
               CASE(what_cannot_be_read_takes_no_room),
               CASE(the_key_that_nobody_asked_for_gives_way));
}
