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
#include "base/percent.h"
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

static char lower(char c)
{
    return c >= 'A' && c <= 'F' ? (char)(c + ('a' - 'A')) : c;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'f' ? (char)(c - ('a' - 'A')) : c;
}

/* What is percent-encoded, with digits in lower case. */
static void put_lower_escapes(pl_buf *out, pl_slice encoded)
{
    for (size_t i = 0; i < encoded.len; i++) {
        bool is_digit =
            (i >= 1 && encoded.ptr[i - 1] == '%') || (i >= 2 && encoded.ptr[i - 2] == '%');
        pl_buf_put_char(out, is_digit ? lower(encoded.ptr[i]) : encoded.ptr[i]);
    }
}

static void add_escaped(pl_secret_forms *f, pl_slice encoded)
{
    pl_buf_put_slice(&f->bytes, encoded);
    end_form(f);
    put_lower_escapes(&f->bytes, encoded);
    end_form(f);
}

static void add_hex(pl_secret_forms *f, pl_slice s)
{
    pl_hex_encode(&f->bytes, s);
    end_form(f);
    size_t start = f->bytes.len;
    pl_hex_encode(&f->bytes, s);
    for (size_t i = start; i < f->bytes.len; i++)
        f->bytes.ptr[i] = upper(f->bytes.ptr[i]);
    end_form(f);
}

/* The characters of base64 that are made of bits of `s` alone, when `before` bytes stand in front:
 * those from bit 8 * before on, which is where `s` begins. */
static void add_base64(pl_secret_forms *f, pl_slice s, size_t before)
{
    pl_buf bytes, text, escaped;
    pl_buf_init(&bytes);
    pl_buf_init(&text);
    pl_buf_init(&escaped);
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
        pl_percent_encode(&escaped, inner);
        add_escaped(f, pl_buf_slice(&escaped));
        pl_buf_clear(&text);
        pl_base64url_encode(&text, pl_buf_slice(&bytes));
        pl_buf_put(&f->bytes, text.ptr + from, to - from);
        end_form(f);
    }
    pl_buf_fini(&bytes);
    pl_buf_fini(&text);
    pl_buf_fini(&escaped);
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
    pl_percent_encode(&url, value);
    pl_percent_encode_form(&form, value);

    pl_buf_put_slice(&f->bytes, value);
    end_form(f);
    pl_buf_put_slice(&f->bytes, pl_buf_slice(&json));
    end_form(f);
    put_slashes_escaped(&f->bytes, pl_buf_slice(&json));
    end_form(f);
    add_escaped(f, pl_buf_slice(&url));
    add_escaped(f, pl_buf_slice(&form));
    add_hex(f, value);
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
