/* SPDX-License-Identifier: MIT
 *
 * Credentials as they are kept: authenticator_read.c makes them, authenticator.c carries them out.
 * Private to the two. All of it is in the arena of the generation. */
#ifndef PL_SCRIPT_AUTHENTICATOR_IMPL_H
#define PL_SCRIPT_AUTHENTICATOR_IMPL_H

#include "crypto/key_form.h"
#include "script/authenticator.h"

/* One attempt at setting them. */
typedef struct pl_setting_up {
    pl_request *request; /* the exchange's, with fields that may be changed */
    pl_arena *arena;     /* the exchange's */
    int64_t started_ms;  /* wall clock */
    pl_keys *keys;
    pl_buf *scratch; /* of one operation, once what it is made of is known */
} pl_setting_up;

/* What a part comes to, in the exchange's arena or its request. */
typedef struct pl_part_value {
    pl_slice text;
    pl_slice shown; /* the same as it may be seen; ptr NULL: there is no secret in it */
} pl_part_value;

typedef struct pl_part pl_part;

/* Texts that are joined. */
typedef struct pl_parts {
    const pl_part *items;
    size_t count;
} pl_parts;

/* False: there is no value. */
typedef bool pl_operation_fn(pl_setting_up *s, const pl_part *p, pl_part_value *v);

struct pl_part {
    pl_operation_fn *evaluate;
    pl_slice argument;        /* the text itself, or what the operation is told */
    pl_slice without;         /* of a header: what must not be in it; or empty */
    pl_secret_handle *secret; /* of a part that is one */
    pl_parts of, key;
    const pl_key_form *form; /* of the key; NULL: it is as it is */
};

enum pl_credential_kind {
    PL_CREDENTIAL_HEADER,
    PL_CREDENTIAL_QUERY,
    PL_CREDENTIAL_COOKIE,
    PL_CREDENTIAL_BASIC, /* `value` is the user */
    PL_CREDENTIAL_KINDS
};

typedef struct pl_credential {
    enum pl_credential_kind kind;
    pl_slice name;
    pl_parts value, password;
} pl_credential;

struct pl_authenticator {
    const pl_credential *items;
    size_t count;
};

pl_operation_fn pl_part_text, pl_part_secret;
/* By the `kind` of lua/perilune/credentials.lua; NULL: there is none. */
pl_operation_fn *pl_operation_of(pl_slice kind);

#endif
