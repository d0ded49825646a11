/* SPDX-License-Identifier: MIT
 *
 * Keys that sign or verify: RSA, elliptic curves of NIST, Ed25519. They are read from PEM texts
 * (RFC 7468: PKCS#8 plain or encrypted, PKCS#1, SEC 1, SubjectPublicKeyInfo, a certificate for its
 * public key) or, for Ed25519, from plain bytes (RFC 8032). A key belongs to one thread. */
#ifndef PL_CRYPTO_KEY_H
#define PL_CRYPTO_KEY_H

#include "base/buf.h"

/* A chain of certificates with its key has some 10 KiB. */
#define PL_KEY_MAX_PEM_BYTES (64 * 1024)
/* RFC 7518 section 3.3 asks for 2048 at least; one of 8192 signs in 25 ms. */
#define PL_KEY_RSA_MIN_BITS       2048
#define PL_KEY_RSA_MAX_BITS       8192
#define PL_KEY_ED25519_SEED_BYTES 32
#define PL_KEY_ED25519_PAIR_BYTES 64 /* seed and public key, as libsodium and Svix write them */

typedef struct pl_key pl_key;

enum pl_key_kind { PL_KEY_RSA, PL_KEY_P256, PL_KEY_P384, PL_KEY_P521, PL_KEY_ED25519 };
/* What 32 plain bytes are: a seed where one signs, a public key where one verifies. */
enum pl_key_use { PL_KEY_SIGNS, PL_KEY_VERIFIES };

bool pl_key_is_pem(pl_slice text);
/* Reads a PEM text, or 32 or 64 plain bytes of Ed25519. Of a PEM text the first key or certificate
 * counts; "\n" written as two characters, as variables of the environment have it, is a line break.
 * NULL: `wrong` says why, and nothing of the key. */
pl_key *pl_key_read(pl_slice bytes, enum pl_key_use use, pl_buf *wrong);
/* The same for PEM only, with the passphrase of an encrypted one. */
pl_key *pl_key_read_pem(pl_slice pem, pl_slice passphrase, pl_buf *wrong);
void pl_key_free(pl_key *key);

enum pl_key_kind pl_key_kind_of(const pl_key *key);
bool pl_key_is_private(const pl_key *key);
/* "an RSA key" and the like, for messages. */
const char *pl_key_kind_name(enum pl_key_kind kind);
/* Appends the key as PEM without encryption, PKCS#8 or SubjectPublicKeyInfo; false and nothing when
 * its numbers cannot be written. */
bool pl_key_put_pem(pl_buf *out, const pl_key *key);
/* Appends seed and public key of a private Ed25519 key, 64 bytes. */
void pl_key_put_pair(pl_buf *out, const pl_key *key);

#endif
