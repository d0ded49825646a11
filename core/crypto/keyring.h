/* SPDX-License-Identifier: MIT
 *
 * Keys that were read, by the SHA-256 of what they were read from, so that an attempt does not read
 * its key again. Bounded: the one that was not asked for the longest gives way. Of one thread. */
#ifndef PL_CRYPTO_KEYRING_H
#define PL_CRYPTO_KEYRING_H

#include "crypto/hash.h"
#include "crypto/key.h"

#include <stdint.h>

/* Of the keys that a worker's connectors use in turn; more are read again, which takes 0.4 ms. */
#define PL_KEYRING_SIZE 64

typedef struct pl_keyring {
    struct pl_keyring_entry {
        pl_hash source;
        enum pl_key_use use;
        pl_key *key; /* NULL: free */
        uint64_t asked;
    } entries[PL_KEYRING_SIZE];
    uint64_t clock; /* counts questions */
} pl_keyring;

void pl_keyring_init(pl_keyring *ring);
void pl_keyring_fini(pl_keyring *ring);
/* As pl_key_read; the key stays the ring's, and there until the next question. */
const pl_key *pl_keyring_read(pl_keyring *ring, pl_slice bytes, enum pl_key_use use, pl_buf *wrong);

#endif
