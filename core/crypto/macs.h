/* SPDX-License-Identifier: MIT
 *
 * HMAC (RFC 2104) with keys that come again and again: what the key alone decides is computed once
 * and kept, what its form makes of it included. Bounded: the key that was not asked for the longest
 * gives way. Of one thread.
 *
 * What a form makes of a secret does not look like the secret, so somebody is told of it: when it is
 * made, and when it is no longer kept. */
#ifndef PL_CRYPTO_MACS_H
#define PL_CRYPTO_MACS_H

#include "crypto/hash.h"
#include "crypto/key_form.h"

#include <stdint.h>

#define PL_MACS_SIZE      16  /* keys that are kept */
#define PL_MACS_KEY_BYTES 128 /* longer ones are not */

/* A key as it is handed out. */
typedef struct pl_macs_key {
    const pl_key_form *form; /* NULL: the text is the key */
    pl_slice text;
} pl_macs_key;

/* Of a key that a form has made. */
typedef void pl_macs_key_fn(pl_slice made);

typedef struct pl_macs {
    struct pl_macs_entry {
        void *context; /* EVP_MAC_CTX; NULL: free */
        const void *algorithm;
        const pl_key_form *form;
        size_t text_len;
        char text[PL_MACS_KEY_BYTES];
        pl_buf made; /* empty without a form */
        uint64_t asked;
    } entries[PL_MACS_SIZE];
    uint64_t clock; /* counts questions */
    pl_macs_key_fn *on_made, *on_dropped;
} pl_macs;

void pl_macs_init(pl_macs *m, pl_macs_key_fn *on_made, pl_macs_key_fn *on_dropped);
void pl_macs_fini(pl_macs *m);
/* As pl_hash_hmac, of the pieces one behind the other. False, too: the key is not of its form. */
bool pl_macs_hmac(pl_macs *m, pl_slice algorithm, const pl_macs_key *key, const pl_slice *pieces,
                  size_t count, pl_hash *hash);

#endif
