/* SPDX-License-Identifier: MIT
 *
 * What key.c and sign.c share. */
#ifndef PL_CRYPTO_KEY_IMPL_H
#define PL_CRYPTO_KEY_IMPL_H

#include "crypto/key.h"

#include <openssl/evp.h>

struct pl_key {
    EVP_PKEY *pkey;
    enum pl_key_kind kind;
    bool is_private;
};

#endif
