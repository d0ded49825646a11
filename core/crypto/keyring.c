/* SPDX-License-Identifier: MIT */
#include "crypto/keyring.h"

void pl_keyring_init(pl_keyring *ring)
{
    *ring = (pl_keyring){0};
}

void pl_keyring_fini(pl_keyring *ring)
{
    for (size_t i = 0; i < PL_KEYRING_SIZE; i++)
        pl_key_free(ring->entries[i].key);
    pl_keyring_init(ring);
}

static bool is_of(const struct pl_keyring_entry *e, const pl_hash *source, enum pl_key_use use)
{
    return e->key && e->use == use && memcmp(e->source.bytes, source->bytes, source->len) == 0;
}

/* The entry of the source, or the one that gives way to it: `asked` of a free one is 0. */
static struct pl_keyring_entry *find(pl_keyring *ring, const pl_hash *source, enum pl_key_use use)
{
    struct pl_keyring_entry *oldest = ring->entries;
    for (size_t i = 0; i < PL_KEYRING_SIZE; i++) {
        struct pl_keyring_entry *e = &ring->entries[i];
        if (is_of(e, source, use)) return e;
        if (e->asked < oldest->asked) oldest = e;
    }
    return oldest;
}

const pl_key *pl_keyring_read(pl_keyring *ring, pl_slice bytes, enum pl_key_use use, pl_buf *wrong)
{
    pl_hash source;
    pl_hash_of(PL_SLICE("sha256"), bytes, &source);
    struct pl_keyring_entry *e = find(ring, &source, use);
    if (!is_of(e, &source, use)) {
        pl_key *key = pl_key_read(bytes, use, wrong);
        if (key == NULL) return NULL;
        pl_key_free(e->key);
        *e = (struct pl_keyring_entry){source, use, key, 0};
    }
    e->asked = ++ring->clock;
    return e->key;
}
