/* SPDX-License-Identifier: MIT
 *
 * How keys are handed out: as they are, as text, behind a prefix that says what they are. */
#ifndef PL_CRYPTO_KEY_FORM_H
#define PL_CRYPTO_KEY_FORM_H

#include "base/buf.h"

/* whsec, whsk and whpk are of Standard Webhooks: a shared key, and the two of Ed25519. */
#define PL_KEY_FORM_NAMES "raw, base64, hex, whsec, whsk, whpk, pem"

typedef struct pl_key_form pl_key_form;

/* NULL: there is no such form. */
const pl_key_form *pl_key_form_of(pl_slice name);
/* Can a key of this form be under a passphrase? */
bool pl_key_form_has_passphrase(const pl_key_form *form);
/* Appends the bytes of the key that is used; or, with false, what is wrong and nothing of the key. */
bool pl_key_form_put(pl_buf *out, const pl_key_form *form, pl_slice text, pl_slice passphrase);

#endif
