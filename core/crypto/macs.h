/* SPDX-License-Identifier: MIT
 *
 * HMAC (RFC 2104) with keys that come again and again: what the key alone decides is computed once
 * and kept. Bounded: the key that was not asked for the longest gives way. Of one thread. */
#ifndef PL_CRYPTO_MACS_H
#define PL_CRYPTO_MACS_H

#include "crypto/hash.h"

#include <stdint.h>

#define PL_MACS_SIZE      16  /* keys that are kept */
#define PL_MACS_KEY_BYTES 128 /* longer ones are not */

typedef struct pl_macs {
    struct pl_macs_entry {
        void *context; /* EVP_MAC_CTX; NULL: free */
        const void *algorithm;
        size_t key_len;
        char key[PL_MACS_KEY_BYTES];
        uint64_t asked;
    } entries[PL_MACS_SIZE];
    uint64_t clock; /* counts questions */
} pl_macs;

void pl_macs_init(pl_macs *m);
void pl_macs_fini(pl_macs *m);
/* As pl_hash_hmac, of the pieces one behind the other. */
bool pl_macs_hmac(pl_macs *m, pl_slice algorithm, pl_slice key, const pl_slice *pieces,
                  size_t count, pl_hash *hash);

#endif
