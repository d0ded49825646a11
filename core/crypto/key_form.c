/* SPDX-License-Identifier: MIT */
#include "crypto/key_form.h"

#include "base/base64.h"
#include "crypto/key.h"

/* What a key is written in. `make` puts the key that is used in place of the bytes that were
 * decoded, or why it cannot. */
struct pl_key_form {
    const char *name, *prefix;
    int64_t (*decode)(pl_buf *out, pl_slice text);
    bool (*make)(pl_buf *out, pl_slice bytes, pl_slice passphrase);
};

/* Takes the key, which may be NULL: then the reason is in `out` already. */
static bool put_key(pl_buf *out, pl_key *key, bool (*put)(pl_buf *out, const pl_key *key))
{
    bool done = key && put(out, key);
    if (key && !done) PL_BUF_PUT(out, "the key cannot be written as PEM");
    pl_key_free(key);
    return done;
}

static bool put_pair(pl_buf *out, const pl_key *key)
{
    pl_key_put_pair(out, key);
    return true;
}

static bool has_length(pl_buf *out, pl_slice bytes, size_t len, size_t other)
{
    if (bytes.len == len || bytes.len == other) return true;
    pl_buf_printf(out, "the key has %zu bytes; expected %zu", bytes.len, len);
    if (other != len) pl_buf_printf(out, " or %zu", other);
    return false;
}

/* Seed and public key, whether it was that or a seed. */
static bool make_pair(pl_buf *out, pl_slice bytes, pl_slice passphrase)
{
    (void)passphrase;
    if (!has_length(out, bytes, PL_KEY_ED25519_SEED_BYTES, PL_KEY_ED25519_PAIR_BYTES)) return false;
    return put_key(out, pl_key_read(bytes, PL_KEY_SIGNS, out), put_pair);
}

/* PEM, so that it is not taken for a seed. */
static bool make_public(pl_buf *out, pl_slice bytes, pl_slice passphrase)
{
    (void)passphrase;
    if (!has_length(out, bytes, PL_KEY_ED25519_SEED_BYTES, PL_KEY_ED25519_SEED_BYTES)) return false;
    return put_key(out, pl_key_read(bytes, PL_KEY_VERIFIES, out), pl_key_put_pem);
}

static bool make_pem(pl_buf *out, pl_slice bytes, pl_slice passphrase)
{
    return put_key(out, pl_key_read_pem(bytes, passphrase, out), pl_key_put_pem);
}

static const pl_key_form forms[] = {
    {"raw", NULL, NULL, NULL},
    {"base64", NULL, pl_base64_decode, NULL},
    {"hex", NULL, pl_hex_decode, NULL},
    {"whsec", "whsec_", pl_base64_decode, NULL},
    {"whsk", "whsk_", pl_base64_decode, make_pair},
    {"whpk", "whpk_", pl_base64_decode, make_public},
    {"pem", NULL, NULL, make_pem},
};

/* Drops the prefix. Another form's would be decoded along with the key: "_" is base64, too. */
static bool drop_prefix(pl_slice *text, const pl_key_form *form, pl_buf *wrong)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const pl_key_form *f = &forms[i];
        if (!f->prefix || !pl_slice_starts(*text, pl_slice_of(f->prefix))) continue;
        if (f != form) {
            pl_buf_printf(wrong, "the key begins with %s; its form is \"%s\"", f->prefix, f->name);
            return false;
        }
        *text = pl_slice_from(*text, strlen(f->prefix));
        break;
    }
    return true;
}

/* Appends the bytes that the text stands for; or, with false, what is wrong. */
static bool put_decoded(pl_buf *out, const pl_key_form *form, pl_slice text)
{
    if (form->decode == NULL) {
        pl_buf_put_slice(out, text);
        return true;
    }
    if (!drop_prefix(&text, form, out)) return false;
    bool done = form->decode(out, text) < 0;
    if (done && out->len > 0) return true;
    pl_buf_printf(out, "the key is %s",
                  done                            ? "empty"
                  : form->decode == pl_hex_decode ? "not hexadecimal"
                                                  : "not base64");
    return false;
}

const pl_key_form *pl_key_form_of(pl_slice name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (pl_slice_eq(name, pl_slice_of(forms[i].name))) return &forms[i];
    return NULL;
}

bool pl_key_form_has_passphrase(const pl_key_form *form)
{
    return form->make == make_pem;
}

bool pl_key_form_put(pl_buf *out, const pl_key_form *form, pl_slice text, pl_slice passphrase)
{
    pl_buf decoded = {0};
    if (form->make == NULL) return put_decoded(out, form, text);
    bool done =
        put_decoded(&decoded, form, text) && form->make(out, pl_buf_slice(&decoded), passphrase);
    if (!done && out->len == 0) pl_buf_put_slice(out, pl_buf_slice(&decoded));
    pl_buf_fini(&decoded);
    return done;
}
