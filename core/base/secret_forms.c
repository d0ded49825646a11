/* SPDX-License-Identifier: MIT
 *
 * A value is looked for in every form in which the gateway or the other side may print it: as it
 * is; inside a JSON string, with and without an escaped slash, as encoders differ; percent-encoded
 * in a path, and as a form in a query or body, in hexadecimal digits of either case; in base16; and
 * in base64, where what it looks like depends on what stands before it:
 *
 *      bytes   |  u  |  :  |  s  |  e  |  c  |  r  |  e  |  t  |
 *      base64  |  d |  T |  p |  z |  Z |  W |  N |  y |  Z |  X |  Q |  =
 *                          \_____________________________________/
 *                            the same whatever two bytes go before
 *
 * So there are three such forms, for none, one and two bytes (modulo 3) before the value, each
 * without the characters that other bytes have a share in. Those at the edges remain when it is
 * masked: at most four bits of the first and of the last byte. base64 often holds an encoding (a
 * JWT holds JSON; RFC 6749 encodes as a form before base64), and is often encoded itself. */
#include "base/secret_forms.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/secret.h"

pl_slice pl_secret_form(const pl_secret_forms *f, size_t index)
{
    size_t start = index ? f->ends[index - 1] : 0;
    return (pl_slice){f->bytes.ptr + start, f->ends[index] - start};
}

/* What was put behind the last form is one, too, when it is new. */
static void end_form(pl_secret_forms *f)
{
    size_t start = f->count ? f->ends[f->count - 1] : 0;
    pl_slice form = pl_slice_from(pl_buf_slice(&f->bytes), start);
    bool is_listed = f->count > 0 && form.len < PL_SECRET_MIN_ENCODED;
    for (size_t i = 0; i < f->count && !is_listed; i++)
        is_listed = pl_slice_eq(pl_secret_form(f, i), form);
    if (is_listed)
        f->bytes.len = start;
    else
        f->ends[f->count++] = f->bytes.len;
}

static void put_slashes_escaped(pl_buf *out, pl_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '/') pl_buf_put_char(out, '\\');
        pl_buf_put_char(out, s.ptr[i]);
    }
}

static const char upper[] = "0123456789ABCDEF", lower[] = "0123456789abcdef";

static void put_hex(pl_buf *out, char c, const char *digits)
{
    pl_buf_put_char(out, digits[(uint8_t)c >> 4]);
    pl_buf_put_char(out, digits[(uint8_t)c & 15]);
}

/* Letters, digits and what `others` names stay; the rest is written in hex. */
static void put_percent_encoded(pl_buf *out, pl_slice s, const char *others, const char *digits)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool stays = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     (c && strchr(others, c));
        pl_buf_put_char(out, stays ? c : '%');
        if (!stays) put_hex(out, c, digits);
    }
}

static void put_url_encoded(pl_buf *out, pl_slice s, const char *digits)
{
    put_percent_encoded(out, s, "-._~", digits); /* RFC 3986 section 2.3 */
}

/* As pl_url_encode_form writes it. A plus in the value itself is hex by then. */
static void put_form_encoded(pl_buf *out, pl_slice s, const char *digits)
{
    size_t start = out->len;
    put_percent_encoded(out, s, "-._* ", digits);
    for (size_t i = start; i < out->len; i++)
        if (out->ptr[i] == ' ') out->ptr[i] = '+';
}

static void add_url_forms(pl_secret_forms *f, pl_slice s)
{
    put_url_encoded(&f->bytes, s, upper);
    end_form(f);
    put_url_encoded(&f->bytes, s, lower);
    end_form(f);
}

static void add_hex(pl_secret_forms *f, pl_slice s, const char *digits)
{
    for (size_t i = 0; i < s.len; i++)
        put_hex(&f->bytes, s.ptr[i], digits);
    end_form(f);
}

/* The characters of base64 that are made of bits of `s` alone, when `before` bytes stand in front:
 * those from bit 8 * before on, which is where `s` begins. */
static void add_base64(pl_secret_forms *f, pl_slice s, size_t before)
{
    pl_buf bytes, text;
    pl_buf_init(&bytes);
    pl_buf_init(&text);
    pl_buf_put(&bytes, "\0\0", before);
    pl_buf_put_slice(&bytes, s);
    size_t from = (8 * before + 5) / 6, to = 8 * bytes.len / 6;

    pl_base64_encode(&text, pl_buf_slice(&bytes));
    pl_slice inner = {text.ptr + from, to - from};
    pl_buf_put_slice(&f->bytes, inner);
    end_form(f);
    if (memchr(inner.ptr, '/', inner.len) || memchr(inner.ptr, '+', inner.len)) {
        put_slashes_escaped(&f->bytes, inner);
        end_form(f);
        add_url_forms(f, inner);
        pl_buf_clear(&text);
        pl_base64url_encode(&text, pl_buf_slice(&bytes));
        pl_buf_put(&f->bytes, text.ptr + from, to - from);
        end_form(f);
    }
    pl_buf_fini(&bytes);
    pl_buf_fini(&text);
}

static void add_all_base64(pl_secret_forms *f, pl_slice s)
{
    for (size_t before = 0; before < 3; before++)
        add_base64(f, s, before);
}

void pl_secret_forms_init(pl_secret_forms *f, pl_slice value)
{
    pl_buf json, url, form;
    f->count = 0;
    pl_buf_init(&f->bytes);
    if (value.len < PL_SECRET_MIN_BYTES) return;
    pl_buf_init(&json);
    pl_buf_init(&url);
    pl_buf_init(&form);
    pl_json_escape(&json, value);
    put_url_encoded(&url, value, upper);
    put_form_encoded(&form, value, upper);

    pl_buf_put_slice(&f->bytes, value);
    end_form(f);
    pl_buf_put_slice(&f->bytes, pl_buf_slice(&json));
    end_form(f);
    put_slashes_escaped(&f->bytes, pl_buf_slice(&json));
    end_form(f);
    add_url_forms(f, value);
    pl_buf_put_slice(&f->bytes, pl_buf_slice(&form));
    end_form(f);
    put_form_encoded(&f->bytes, value, lower);
    end_form(f);
    add_hex(f, value, lower);
    add_hex(f, value, upper);
    add_all_base64(f, value);
    pl_slice encoded[] = {pl_buf_slice(&json), pl_buf_slice(&url), pl_buf_slice(&form)};
    for (size_t i = 0; i < sizeof encoded / sizeof *encoded; i++)
        if (!pl_slice_eq(encoded[i], value)) add_all_base64(f, encoded[i]);

    pl_buf_fini(&json);
    pl_buf_fini(&url);
    pl_buf_fini(&form);
}

void pl_secret_forms_fini(pl_secret_forms *f)
{
    pl_buf_fini(&f->bytes);
}
