/* SPDX-License-Identifier: MIT */
#include "script/request_write.h"

#include "base/base64.h"
#include "base/percent.h"
#include "base/secret.h"
#include "http/message.h"

const char *pl_request_name_fault(pl_slice name)
{
    if (!pl_http_is_token(name)) return "this cannot be the name of a header";
    return pl_http_is_hop_by_hop(name) ? "this header is set by the gateway itself" : NULL;
}

const char *pl_request_write_header(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value,
                                    pl_slice shown)
{
    const char *fault = pl_request_name_fault(name);
    if (fault) return fault;
    if (!pl_http_is_field_value(value))
        return "line breaks and control characters cannot stand in the header";
    pl_request_set_field(r, arena, name, value)->shown = shown;
    return NULL;
}

/* RFC 6265 section 4.1.1. */
static bool is_cookie_value(pl_slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c <= 0x20 || c >= 0x7F || strchr("\",;\\", c)) return false;
    }
    return true;
}

static pl_slice with_cookie(pl_arena *arena, pl_slice before, pl_slice name, pl_slice value)
{
    return pl_slice_of(pl_arena_printf(arena, "%.*s%s%.*s=%.*s", PL_FMT(before),
                                       before.len ? "; " : "", PL_FMT(name), PL_FMT(value)));
}

const char *pl_request_write_cookie(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value,
                                    pl_slice shown)
{
    if (!pl_http_is_token(name)) return "this cannot be the name of a cookie";
    if (!is_cookie_value(value))
        return "blanks, quotes, commas, semicolons, backslashes, control characters and what is "
               "not ASCII cannot stand in the cookie";
    pl_field *old = pl_fields_find(r->fields, PL_SLICE("Cookie"));
    pl_slice before = old ? old->value : PL_NO_SLICE, before_shown = before;
    if (old && old->shown.ptr) before_shown = old->shown;
    if (shown.ptr == NULL) shown = value;
    pl_slice all = with_cookie(arena, before, name, value);
    pl_slice all_shown = with_cookie(arena, before_shown, name, shown);
    pl_request_set_field(r, arena, PL_SLICE("Cookie"), all)->shown = all_shown;
    return NULL;
}

/* A secret goes on the list of what is masked in its encoded form too:
 * in a URL it does not look like itself. */
static void register_encoded(pl_slice secret)
{
    pl_buf encoded;
    pl_buf_init(&encoded);
    pl_percent_encode(&encoded, secret);
    pl_secret_register_passing(pl_buf_slice(&encoded));
    pl_buf_fini(&encoded);
}

void pl_request_write_query(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value,
                            pl_slice shown)
{
    pl_request_add_query(r, arena, name, value);
    if (shown.ptr) register_encoded(value);
}

const char *pl_request_write_basic(pl_request *r, pl_arena *arena, pl_slice user, pl_slice password)
{
    if (user.len && memchr(user.ptr, ':', user.len))
        return "the user name of basic authentication cannot hold";
    pl_buf value;
    pl_buf_init(&value);
    PL_BUF_PUT(&value, "Basic ");
    pl_base64_encode(&value, pl_arena_join(arena, user, PL_SLICE(":"), password));
    pl_secret_register_passing(pl_slice_from(pl_buf_slice(&value), strlen("Basic ")));
    pl_request_set_field(r, arena, PL_SLICE("Authorization"), pl_buf_slice(&value))->shown =
        PL_SLICE("Basic ***");
    pl_buf_fini(&value);
    return NULL;
}
