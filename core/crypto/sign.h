/* SPDX-License-Identifier: MIT
 *
 * Signatures by the names that JOSE has for them (RFC 7518 section 3.1, RFC 8037): HMAC, RSA with
 * PKCS#1 v1.5 or PSS, ECDSA, Ed25519. */
#ifndef PL_CRYPTO_SIGN_H
#define PL_CRYPTO_SIGN_H

#include "crypto/key.h"

#define PL_SIGN_NAMES \
    "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA"

typedef struct pl_algorithm pl_algorithm;

/* NULL: there is no such algorithm. */
const pl_algorithm *pl_algorithm_of(pl_slice name);
/* Does its key consist of any bytes that both sides know? Then pl_sign_shared and
 * pl_verify_shared, otherwise pl_sign and pl_verify. */
bool pl_algorithm_is_shared(const pl_algorithm *a);
/* Has it the two forms below? */
bool pl_algorithm_is_ecdsa(const pl_algorithm *a);

/* Of an ECDSA signature: two numbers of fixed length one after the other (RFC 7518 section 3.4), or
 * the DER of X.509 and TLS. */
enum pl_signature_form { PL_SIGNATURE_JOSE, PL_SIGNATURE_DER };

/* Appends the signature; or, with false, why there is none. */
bool pl_sign(pl_buf *out, const pl_algorithm *a, const pl_key *key, pl_slice data,
             enum pl_signature_form form);
/* Whether it is genuine is in `genuine`. False: this key cannot tell, `wrong` says why, and
 * `genuine` is false. */
bool pl_verify(bool *genuine, const pl_algorithm *a, const pl_key *key, pl_slice data,
               pl_slice signature, enum pl_signature_form form, pl_buf *wrong);

/* The same for HMAC. A PEM text is no shared key: who signs with what everybody may read signs
 * nothing (RFC 8725 section 2.1). */
bool pl_sign_shared(pl_buf *out, const pl_algorithm *a, pl_slice key, pl_slice data);
bool pl_verify_shared(bool *genuine, const pl_algorithm *a, pl_slice key, pl_slice data,
                      pl_slice signature, pl_buf *wrong);

#endif
