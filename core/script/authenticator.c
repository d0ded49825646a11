/* SPDX-License-Identifier: MIT
 *
 * A list of credentials is carried out on copies of the request's fields, so that one that cannot be set
 * leaves nothing behind; what is set is seen by those after it, as a header that is signed. */
#include "script/authenticator_impl.h"

#include "base/base64.h"
#include "base/secret.h"
#include "crypto/sign.h"
#include "http/message.h"
#include "http/url.h"
#include "script/request_write.h"

static const pl_slice MASK = PL_SLICE_INIT("***");

/* -- parts -- */

/* What several parts come to, each with its text as `shown` where there is no secret in it. */
typedef struct pieces {
    pl_part_value *values;
    size_t count;
    bool is_secret;
} pieces;

static bool evaluate_all(pl_setting_up *s, const pl_parts *parts, pieces *p)
{
    *p = (pieces){.count = parts->count};
    p->values = pl_arena_alloc(s->arena, p->count * sizeof *p->values);
    for (size_t i = 0; i < p->count; i++) {
        const pl_part *part = &parts->items[i];
        pl_part_value *v = &p->values[i];
        *v = (pl_part_value){PL_NO_SLICE, PL_NO_SLICE};
        if (!part->evaluate(s, part, v)) return false;
        p->is_secret |= v->shown.ptr != NULL;
        if (v->shown.ptr == NULL) v->shown = v->text;
    }
    return true;
}

static pl_slice text_of(const pl_part_value *v)
{
    return v->text;
}

static pl_slice shown_of(const pl_part_value *v)
{
    return v->shown;
}

static pl_slice join(pl_arena *arena, const pieces *p, pl_slice (*slice_of)(const pl_part_value *))
{
    size_t len = 0;
    if (p->count == 1) return slice_of(p->values);
    for (size_t i = 0; i < p->count; i++)
        len += slice_of(&p->values[i]).len;
    char *joined = pl_arena_alloc(arena, len + 1), *end = joined;
    for (size_t i = 0; i < p->count; i++) {
        pl_slice piece = slice_of(&p->values[i]);
        if (piece.len) memcpy(end, piece.ptr, piece.len);
        end += piece.len;
    }
    return (pl_slice){joined, len};
}

/* What is made of a text with a secret in it is secret as a whole. */
static bool evaluate(pl_setting_up *s, const pl_parts *parts, pl_part_value *v)
{
    pieces p;
    if (!evaluate_all(s, parts, &p)) return false;
    *v = (pl_part_value){join(s->arena, &p, text_of), p.is_secret ? MASK : PL_NO_SLICE};
    return true;
}

bool pl_part_text(pl_setting_up *s, const pl_part *p, pl_part_value *v)
{
    (void)s;
    v->text = p->argument;
    return true;
}

/* A copy: the value of a handle is good until the handle is used again. */
bool pl_part_secret(pl_setting_up *s, const pl_part *p, pl_part_value *v)
{
    v->shown = MASK;
    if (!pl_secret_handle_value(p->secret, &v->text)) return false;
    v->text = pl_arena_dup(s->arena, v->text);
    return true;
}

/* -- operations: of the request -- */

static bool path_or_query(pl_slice url, bool is_path, pl_slice *part)
{
    pl_url parts;
    const char *reason;
    if (pl_url_parse(url, &parts, &reason) != 0) return false;
    *part = is_path ? parts.path : parts.query;
    if (is_path && part->len == 0) *part = PL_SLICE("/");
    return true;
}

static bool of_request(pl_setting_up *s, const pl_part *p, pl_part_value *v)
{
    const pl_request *r = s->request;
    if (pl_slice_eq(p->argument, PL_SLICE("body"))) {
        v->text = r->has_body ? r->body : PL_NO_SLICE;
        return true;
    }
    v->text = pl_slice_eq(p->argument, PL_SLICE("method")) ? r->method : r->url;
    if (pl_slice_eq(p->argument, PL_SLICE("path"))) return path_or_query(r->url, true, &v->text);
    if (pl_slice_eq(p->argument, PL_SLICE("query"))) return path_or_query(r->url, false, &v->text);
    return true;
}

static bool of_header(pl_setting_up *s, const pl_part *p, pl_part_value *v)
{
    const pl_field *f = pl_fields_find(s->request->fields, p->argument);
    if (f == NULL) return false;
    v->text = f->value;
    bool can_have = p->without.len > 0 && f->value.len > 0;
    return !can_have || !memmem(f->value.ptr, f->value.len, p->without.ptr, p->without.len);
}

static bool of_time(pl_setting_up *s, const pl_part *p, pl_part_value *v)
{
    bool is_seconds = pl_slice_eq(p->argument, PL_SLICE("seconds"));
    pl_buf_clear(s->scratch);
    pl_buf_put_int(s->scratch, is_seconds ? s->started_ms / 1000 : s->started_ms);
    v->text = pl_arena_dup(s->arena, pl_buf_slice(s->scratch));
    return true;
}

/* -- operations: of what they are given -- */

/* A key as it is handed out. */
static bool evaluate_key(pl_setting_up *s, const pl_part *p, pl_macs_key *key)
{
    pl_part_value v;
    if (!evaluate(s, &p->key, &v)) return false;
    *key = (pl_macs_key){p->form, v.text};
    return key->text.len > 0;
}

/* The bytes of the key that is used. */
static bool read_key(pl_setting_up *s, const pl_macs_key *key, pl_slice *bytes)
{
    *bytes = key->text;
    if (key->form == NULL) return true;
    pl_buf_clear(s->scratch);
    if (!pl_key_form_put(s->scratch, key->form, key->text, PL_NO_SLICE)) return false;
    pl_secret_register_passing(pl_buf_slice(s->scratch));
    *bytes = pl_arena_dup(s->arena, pl_buf_slice(s->scratch));
    return true;
}

static bool give_hash(pl_setting_up *s, bool is_known, const pl_hash *hash, pl_part_value *v)
{
    v->text = pl_arena_dup(s->arena, (pl_slice){hash->bytes, hash->len});
    return is_known;
}

static bool hash(pl_setting_up *s, const pl_part *p, pl_part_value *v)
{
    pl_hash hash = {0};
    pl_part_value data;
    if (!evaluate(s, &p->of, &data)) return false;
    return give_hash(s, pl_hash_of(p->argument, data.text, &hash), &hash, v);
}

static bool hmac(pl_setting_up *s, const pl_part *p, pl_part_value *v)
{
    pl_hash mac = {0};
    pl_macs_key key;
    pieces data;
    if (!evaluate_key(s, p, &key) || !evaluate_all(s, &p->of, &data)) return false;
    pl_slice *texts = pl_arena_alloc(s->arena, data.count * sizeof *texts);
    for (size_t i = 0; i < data.count; i++)
        texts[i] = data.values[i].text;
    bool is_known = pl_macs_hmac(&s->keys->macs, p->argument, &key, texts, data.count, &mac);
    return give_hash(s, is_known, &mac, v);
}

static bool put_signature(pl_setting_up *s, const pl_algorithm *a, pl_slice bytes, pl_slice data)
{
    pl_buf_clear(s->scratch);
    if (pl_algorithm_is_shared(a)) return pl_sign_shared(s->scratch, a, bytes, data);
    const pl_key *key = pl_keyring_read(&s->keys->ring, bytes, PL_KEY_SIGNS, s->scratch);
    return key && pl_sign(s->scratch, a, key, data, PL_SIGNATURE_JOSE);
}

static bool sign(pl_setting_up *s, const pl_part *p, pl_part_value *v)
{
    const pl_algorithm *a = pl_algorithm_of(p->argument);
    pl_macs_key key;
    pl_slice bytes;
    pl_part_value data;
    if (!a || !evaluate_key(s, p, &key) || !read_key(s, &key, &bytes)) return false;
    if (!evaluate(s, &p->of, &data) || !put_signature(s, a, bytes, data.text)) return false;
    v->text = pl_arena_dup(s->arena, pl_buf_slice(s->scratch));
    return true;
}

/* A secret stays one, and is masked in this form as well. */
static bool encode(pl_setting_up *s, const pl_part *p, pl_part_value *v,
                   void (*put)(pl_buf *out, pl_slice bytes))
{
    if (!evaluate(s, &p->of, v)) return false;
    pl_buf_clear(s->scratch);
    put(s->scratch, v->text);
    if (v->shown.ptr) pl_secret_register_passing(pl_buf_slice(s->scratch));
    v->text = pl_arena_dup(s->arena, pl_buf_slice(s->scratch));
    return true;
}

static bool base64(pl_setting_up *s, const pl_part *p, pl_part_value *v)
{
    return encode(s, p, v, pl_base64_encode);
}

static bool base64url(pl_setting_up *s, const pl_part *p, pl_part_value *v)
{
    return encode(s, p, v, pl_base64url_encode);
}

static bool hex(pl_setting_up *s, const pl_part *p, pl_part_value *v)
{
    return encode(s, p, v, pl_hex_encode);
}

/* The prefix may be seen. */
static bool prefix(pl_setting_up *s, const pl_part *p, pl_part_value *v)
{
    if (!evaluate(s, &p->of, v)) return false;
    if (pl_slice_starts_nocase(v->text, p->argument)) return true;
    v->text = pl_arena_join(s->arena, p->argument, v->text, PL_SLICE(""));
    if (v->shown.ptr) v->shown = pl_arena_join(s->arena, p->argument, v->shown, PL_SLICE(""));
    return true;
}

static const struct {
    pl_slice kind;
    pl_operation_fn *evaluate;
} operations[] = {
    {PL_SLICE_INIT("request"), of_request},
    {PL_SLICE_INIT("header"), of_header},
    {PL_SLICE_INIT("now"), of_time},
    {PL_SLICE_INIT("hash"), hash},
    {PL_SLICE_INIT("hmac"), hmac},
    {PL_SLICE_INIT("sign"), sign},
    {PL_SLICE_INIT("base64"), base64},
    {PL_SLICE_INIT("base64url"), base64url},
    {PL_SLICE_INIT("hex"), hex},
    {PL_SLICE_INIT("prefix"), prefix},
};

pl_operation_fn *pl_operation_of(pl_slice kind)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (pl_slice_eq(operations[i].kind, kind)) return operations[i].evaluate;
    return NULL;
}

/* -- setting -- */

static bool set_basic(pl_setting_up *s, const pl_credential *c)
{
    pl_part_value user, password;
    return evaluate(s, &c->value, &user) && evaluate(s, &c->password, &password) &&
           pl_request_write_basic(s->request, s->arena, user.text, password.text) == NULL;
}

/* Its name was looked at when it was read; its texts live as long as the request. */
static bool set_header(pl_setting_up *s, pl_slice name, pl_slice value, pl_slice shown)
{
    if (!pl_http_is_field_value(value)) return false;
    pl_request_put_field(s->request, s->arena, name, value)->shown = shown;
    return true;
}

static bool set_value(pl_setting_up *s, const pl_credential *c)
{
    pieces p;
    if (!evaluate_all(s, &c->value, &p)) return false;
    pl_request *r = s->request;
    pl_slice value = join(s->arena, &p, text_of);
    pl_slice shown = p.is_secret ? join(s->arena, &p, shown_of) : PL_NO_SLICE;
    if (c->kind == PL_CREDENTIAL_HEADER) return set_header(s, c->name, value, shown);
    if (c->kind == PL_CREDENTIAL_COOKIE)
        return pl_request_write_cookie(r, s->arena, c->name, value, shown) == NULL;
    pl_request_write_query(r, s->arena, c->name, value, shown);
    return true;
}

/* Puts copies in the place of the fields. */
static void copy_fields(pl_request *r, pl_arena *arena)
{
    const pl_field *f = r->fields;
    for (r->fields = r->last = NULL; f; f = f->next) {
        pl_field *field = pl_arena_alloc(arena, sizeof *field);
        *field = *f;
        field->next = NULL;
        if (r->last)
            r->last->next = field;
        else
            r->fields = field;
        r->last = field;
    }
}

bool pl_authenticator_set(const pl_authenticator *a, pl_exchange *x, pl_keys *keys, pl_buf *scratch)
{
    if (a->count == 0) return true;
    pl_request before = x->request;
    pl_setting_up s = {&x->request, &x->arena, x->started_ms, keys, scratch};
    copy_fields(&x->request, &x->arena);
    for (size_t i = 0; i < a->count; i++) {
        const pl_credential *item = &a->items[i];
        bool is_basic = item->kind == PL_CREDENTIAL_BASIC;
        if (is_basic ? set_basic(&s, item) : set_value(&s, item)) continue;
        x->request = before;
        return false;
    }
    return true;
}
