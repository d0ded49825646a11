/* SPDX-License-Identifier: MIT
 *
 * Bearer tokens: who may do what. What is kept of a token is its SHA-256. Once made they do not
 * change; a reload makes others. Counted references; any thread. */
#ifndef PL_GATEWAY_TOKENS_H
#define PL_GATEWAY_TOKENS_H

#include "flow/certificate.h"
#include "flow/settings.h"
#include "script/script.h"

typedef struct pl_tokens pl_tokens;

typedef struct pl_token {
    pl_slice name; /* "tokens.ingest" or "tokens.admin" where the setting has no names */
    bool is_admin; /* else it may post events and calls */
    /* The client certificate that it counts beside: the subject, or its SHA-256 in hexadecimal; or
     * empty */
    pl_slice certificate;
    pl_list only; /* ids of the connectors that these may reach; none: all */
    char sha256[32];
} pl_token;

/* Those of the settings: NULL with the mistakes in `faults`, as of `file`. Connectors that are not
 * loaded are mistakes when there is a generation to ask (else NULL). */
pl_tokens *pl_tokens_new(const pl_settings *s, pl_generation *g, const char *file,
                         pl_faults *faults);
pl_tokens *pl_tokens_ref(pl_tokens *t);
void pl_tokens_unref(pl_tokens *t); /* or NULL */
/* Is there any? Without, everything is open to who can connect. */
bool pl_tokens_any(const pl_tokens *t);
/* The one that was given, or NULL. The time it takes tells nothing of the others. */
const pl_token *pl_tokens_find(const pl_tokens *t, pl_slice given);
/* Does it count beside this certificate (NULL: none)? */
bool pl_token_takes(const pl_token *t, const pl_certificate *certificate);
/* Wipes what settings hold of tokens. */
void pl_tokens_forget(pl_settings *s);

#endif
