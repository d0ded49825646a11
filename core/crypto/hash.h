/* SPDX-License-Identifier: MIT
 *
 * Hashes, HMAC (RFC 2104) and what is made of them. */
#ifndef PL_CRYPTO_HASH_H
#define PL_CRYPTO_HASH_H

#include "base/buf.h"
#include "base/id.h"

#define PL_HASH_MAX_BYTES 64
/* By the names that Python's hashlib has for them; for messages. */
#define PL_HASH_NAMES \
    "md5, sha1, sha224, sha256, sha384, sha512, sha3_224, sha3_256, sha3_384, sha3_512"

typedef struct pl_hash {
    size_t len;
    char bytes[PL_HASH_MAX_BYTES];
} pl_hash;

/* The EVP_MD of a name, or NULL. */
const void *pl_hash_algorithm(pl_slice name);
/* False: there is no such algorithm. A key has at most INT_MAX bytes. */
bool pl_hash_of(pl_slice algorithm, pl_slice data, pl_hash *hash);
bool pl_hash_hmac(pl_slice algorithm, pl_slice key, pl_slice data, pl_hash *hash);
/* A UUID version 5 (RFC 9562 section 5.5). */
pl_uuid pl_hash_uuid(pl_uuid space, pl_slice name);

#endif
