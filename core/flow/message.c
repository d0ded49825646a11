/* SPDX-License-Identifier: MIT */
#include "flow/message.h"

#include "base/percent.h"
#include "http/url.h"

pl_field *pl_fields_find(pl_field *fields, pl_slice name)
{
    for (pl_field *f = fields; f; f = f->next)
        if (pl_slice_eq_nocase(f->name, name)) return f;
    return NULL;
}

static void append(pl_request *r, pl_field *f)
{
    if (r->last)
        r->last->next = f;
    else
        r->fields = f;
    r->last = f;
}

/* Those behind `keep` that have the same name go. */
static void drop_repeats(pl_request *r, pl_field *keep)
{
    pl_field *before = keep;
    while (before->next) {
        if (pl_slice_eq_nocase(before->next->name, keep->name))
            before->next = before->next->next;
        else
            before = before->next;
    }
    r->last = before;
}

/* A request has one authorization: what was set last. */
static bool is_authorization(pl_slice name)
{
    return pl_slice_eq_nocase(name, PL_SLICE("Authorization"));
}

pl_field *pl_request_put_field(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value)
{
    if (is_authorization(name)) r->auth = (pl_auth){0};
    pl_field *f = pl_fields_find(r->fields, name);
    if (f == NULL) {
        f = pl_arena_alloc(arena, sizeof *f);
        f->next = NULL;
        append(r, f);
    } else {
        drop_repeats(r, f);
    }
    f->name = name;
    f->value = value;
    f->shown = PL_NO_SLICE;
    return f;
}

pl_field *pl_request_set_field(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value)
{
    return pl_request_put_field(r, arena, pl_arena_dup(arena, name), pl_arena_dup(arena, value));
}

/* What goes between a query, or a URL without one, and the next pair. */
static pl_slice separator_behind(pl_slice front)
{
    const char *mark = front.len ? memchr(front.ptr, '?', front.len) : NULL;
    if (mark == NULL) return PL_SLICE("?");
    char last = front.ptr[front.len - 1];
    return mark + 1 == front.ptr + front.len || last == '&' ? PL_NO_SLICE : PL_SLICE("&");
}

void pl_request_add_query(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value)
{
    const char *hash = r->url.len ? memchr(r->url.ptr, '#', r->url.len) : NULL;
    pl_slice front = {r->url.ptr, hash ? (size_t)(hash - r->url.ptr) : r->url.len};
    pl_buf out;
    pl_buf_init(&out);
    pl_buf_put_slice(&out, front);
    pl_buf_put_slice(&out, separator_behind(front));
    pl_percent_encode(&out, name);
    pl_buf_put_char(&out, '=');
    pl_percent_encode(&out, value);
    pl_buf_put_slice(&out, pl_slice_from(r->url, front.len));
    r->url = pl_arena_dup(arena, pl_buf_slice(&out));
    pl_buf_fini(&out);
}

void pl_request_remove_field(pl_request *r, pl_slice name)
{
    if (is_authorization(name)) r->auth = (pl_auth){0};
    pl_field **link = &r->fields;
    r->last = NULL;
    while (*link) {
        if (pl_slice_eq_nocase((*link)->name, name)) {
            *link = (*link)->next;
        } else {
            r->last = *link;
            link = &(*link)->next;
        }
    }
}

void pl_request_set_auth(pl_request *r, pl_arena *arena, pl_auth auth)
{
    pl_request_remove_field(r, PL_SLICE("Authorization"));
    r->auth = (pl_auth){.kind = auth.kind,
                        .user = pl_arena_dup(arena, auth.user),
                        .password = pl_arena_dup(arena, auth.password)};
}

static bool has_control(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7F) return true;
    }
    return false;
}

static bool is_ascii(pl_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] >= 0x80) return false;
    }
    return true;
}

const char *pl_auth_fault(const pl_auth *auth)
{
    if (auth->user.len == 0) return "the user name is empty";
    if (has_control(auth->user)) return "the user name has a control character";
    if (has_control(auth->password)) return "the password has a control character";
    /* It would end the name in what is hashed (RFC 7616 section 3.4.2). */
    if (auth->kind == PL_AUTH_DIGEST && memchr(auth->user.ptr, ':', auth->user.len))
        return "the user name of digest authentication cannot hold a colon";
    /* libcurl makes UTF-16 of bytes and not of characters. */
    if (auth->kind == PL_AUTH_NTLM && !(is_ascii(auth->user) && is_ascii(auth->password)))
        return "user name and password of NTLM can be of ASCII only";
    return NULL;
}

const char *pl_proxy_fault(pl_slice url)
{
    static const char expected[] = "expected http://host:port or socks5h://host:port";
    pl_url parts;
    const char *reason;
    const char *end = url.len ? memmem(url.ptr, url.len, "://", 3) : NULL;
    if (end == NULL) return expected;
    pl_slice scheme = {url.ptr, (size_t)(end - url.ptr)};
    if (!pl_slice_eq(scheme, PL_SLICE("http")) && !pl_slice_eq(scheme, PL_SLICE("socks5h")))
        return expected;
    pl_slice authority = pl_slice_from(url, scheme.len + 3);
    if (pl_url_authority(authority, &parts, &reason) != 0 || !parts.has_port) return expected;
    return NULL;
}
