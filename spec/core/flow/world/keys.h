/* SPDX-License-Identifier: MIT
 *
 * The idempotency keys of calls as the store has them, and what the receiver did under each. */
#ifndef PL_SPEC_FLOW_KEYS_H
#define PL_SPEC_FLOW_KEYS_H

#include "flow/journal.h"
#include "state.h"

enum { UNDER_WAY = -1, UNKNOWN = 0 };

typedef struct key_row {
    char *key, *digest, *answer;
    pl_uuid call;
    int status;   /* UNDER_WAY, UNKNOWN, or that of the answer */
    bool is_free; /* there is no such row any more */
    int acted;    /* the receiver has, so many times */
    struct key_row *next;
} key_row;

static key_row *key_rows;

static inline key_row *key_row_of(pl_slice key)
{
    for (key_row *k = key_rows; k; k = k->next)
        if (pl_slice_eq(pl_slice_of(k->key), key)) return k;
    return NULL;
}

static inline key_row *key_row_new(pl_slice key)
{
    key_row *k = pl_alloc_zero(sizeof *k);
    *k = (key_row){.key = pl_alloc_text(key), .is_free = true, .next = key_rows};
    return key_rows = k;
}

static inline int store_key(pl_key *key)
{
    key_row *k = key_row_of(key->key);
    if (k == NULL) k = key_row_new(key->key);
    key->status = 0;
    key->answer = NULL;
    if (k->is_free) {
        free(k->digest);
        k->digest = pl_alloc_text(key->digest);
        k->call = key->call;
        k->status = UNDER_WAY;
        k->is_free = false;
        return 0;
    }
    if (!pl_slice_eq(pl_slice_of(k->digest), key->digest)) return PL_E_KEY_REUSED;
    if (k->status == UNDER_WAY) return PL_E_KEY_IN_USE;
    if (k->status == UNKNOWN) return PL_E_KEY_UNKNOWN;
    key->status = k->status;
    key->answer = pl_alloc_text(pl_slice_of(k->answer));
    return 0;
}

static inline bool key_is_of(const key_row *k, pl_uuid call)
{
    return k && !k->is_free && k->status == UNDER_WAY && pl_uuid_eq(k->call, call);
}

/* The receiver gets the request of a call with a key. */
static inline void key_is_sent(const pl_exchange *x, bool acts)
{
    key_row *k = key_row_of(x->key->key);
    RULE("a call with a key is sent while that is taken for it", key_is_of(k, x->id));
    if (k == NULL) return;
    RULE("a receiver acts on a key once", k->acted == 0);
    k->acted += acts;
}

static inline void store_key_end(const pl_record *r)
{
    key_row *k = key_row_of(r->key);
    RULE("the key of a call that ends is taken for it", key_is_of(k, r->id));
    if (k == NULL) return;
    RULE("a key that was acted on is not given free", r->answer.len || k->acted == 0);
    k->is_free = r->answer.len == 0;
    k->status = r->answer_status;
    free(k->answer);
    k->answer = pl_alloc_text(r->answer);
}

static inline void keys_reopen(void)
{
    for (key_row *k = key_rows; k; k = k->next)
        if (k->status == UNDER_WAY) k->status = UNKNOWN;
}

static inline void keys_fini(void)
{
    for (key_row *k; (k = key_rows) != NULL;) {
        key_rows = k->next;
        free(k->key);
        free(k->digest);
        free(k->answer);
        free(k);
    }
}

#endif
