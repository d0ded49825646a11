/* SPDX-License-Identifier: MIT */
#include "gateway/filter.h"

#include "base/json.h"
#include "flow/exchange.h"

#include <stdio.h>
#include <stdlib.h>

static bool set_text(pl_slice *member, pl_slice value)
{
    *member = value;
    return true;
}

static bool set_connector(pl_feed_filter *f, pl_slice v)
{
    return set_text(&f->connector, v);
}

static bool set_webhook(pl_feed_filter *f, pl_slice v)
{
    return set_text(&f->webhook, v);
}

static bool set_type(pl_feed_filter *f, pl_slice v)
{
    return set_text(&f->type, v);
}

static bool set_event(pl_feed_filter *f, pl_slice v)
{
    return set_text(&f->event_id, v);
}

static bool set_source(pl_feed_filter *f, pl_slice v)
{
    return set_text(&f->source, v);
}

static bool set_token(pl_feed_filter *f, pl_slice v)
{
    return set_text(&f->token, v);
}

static bool set_search(pl_feed_filter *f, pl_slice v)
{
    return set_text(&f->text, v);
}

static bool set_state(pl_feed_filter *f, pl_slice v)
{
    f->state = pl_state_of_name(v);
    return f->state >= 0;
}

static bool set_kind(pl_feed_filter *f, pl_slice v)
{
    static const char *const names[] = {"delivery", "call", "try"};
    for (int i = 0; i < 3; i++)
        if (pl_slice_eq(v, pl_slice_of(names[i]))) f->kind = i;
    return f->kind >= 0;
}

static bool set_status(pl_feed_filter *f, pl_slice v)
{
    f->status_class = v.len == 3 && v.ptr[1] == 'x' && v.ptr[2] == 'x' ? v.ptr[0] - '0' : 0;
    return f->status_class >= 1 && f->status_class <= 5;
}

static bool set_from(pl_feed_filter *f, pl_slice v)
{
    return pl_time_parse(v, &f->from_ms);
}

static bool set_to(pl_feed_filter *f, pl_slice v)
{
    return pl_time_parse(v, &f->to_ms);
}

static bool set_cursor(pl_feed_filter *f, pl_slice v)
{
    return f->has_before = pl_uuid_parse(v, &f->before);
}

static bool set_limit(pl_feed_filter *f, pl_slice v)
{
    char text[12] = "", *end;
    if (v.len == 0 || v.len >= sizeof text) return false;
    memcpy(text, v.ptr, v.len);
    long n = strtol(text, &end, 10);
    if (*end || n < 1) return false;
    f->limit = (uint32_t)n;
    return true;
}

static const struct param {
    const char *name;
    bool (*set)(pl_feed_filter *f, pl_slice value);
    const char *expected;
} params[] = {
    {"connector", set_connector, ""},
    {"webhook", set_webhook, ""},
    {"type", set_type, ""},
    {"event", set_event, ""},
    {"source", set_source, ""},
    {"token", set_token, ""},
    {"text", set_search, ""},
    {"state", set_state, "pending, delivered, failed, cancelled or unmatched"},
    {"kind", set_kind, "delivery, call or try"},
    {"status", set_status, "a class of status codes: 1xx, 2xx, 3xx, 4xx or 5xx"},
    {"from", set_from, "an RFC 3339 time, as 2026-11-21T08:15:30Z"},
    {"to", set_to, "an RFC 3339 time, as 2026-11-21T08:15:30Z"},
    {"cursor", set_cursor, "the \"next\" of an earlier page"},
    {"limit", set_limit, "a whole number from 1 on"},
};

#define PARAMS (sizeof params / sizeof *params)

void pl_filter_init(pl_feed_filter *f)
{
    *f = (pl_feed_filter){.state = -1, .kind = -1, .limit = 50};
}

const char *pl_filter_set(pl_feed_filter *f, pl_slice name, pl_slice value, bool *known)
{
    *known = false;
    for (size_t i = 0; i < PARAMS && !*known; i++) {
        if (!pl_slice_eq(name, pl_slice_of(params[i].name))) continue;
        *known = true;
        if (!params[i].set(f, value)) return params[i].expected;
    }
    return NULL;
}

/* Only what selects deliveries: a job has no pages, and calls and tries are over when they end. */
static bool is_of_jobs(pl_slice name)
{
    return !pl_slice_eq(name, PL_SLICE("kind")) && !pl_slice_eq(name, PL_SLICE("cursor")) &&
           !pl_slice_eq(name, PL_SLICE("limit"));
}

static int set_member(pl_slice name, pl_slice raw, pl_arena *arena, pl_feed_filter *f,
                      char error[256])
{
    bool known = false;
    const char *expected = NULL;
    pl_buf text;
    pl_buf_init(&text);
    bool is_text = pl_json_unescape(raw, &text);
    if (is_text && is_of_jobs(name))
        expected = pl_filter_set(f, name, pl_arena_dup(arena, pl_buf_slice(&text)), &known);
    pl_buf_fini(&text);
    if (!is_text)
        snprintf(error, 256, "filter.%.*s: expected a string", PL_FMT(name));
    else if (!known)
        snprintf(
            error, 256,
            "filter: unknown member '%.*s'; there are connector, webhook, type, event, source, "
            "token, text, state, status, from and to",
            PL_FMT(name));
    else if (expected)
        snprintf(error, 256, "filter.%.*s: expected %s", PL_FMT(name), expected);
    return is_text && known && !expected ? 0 : -1;
}

int pl_filter_of_json(pl_slice json, enum pl_command_kind kind, pl_arena *arena, pl_feed_filter *f,
                      char error[256])
{
    pl_json_reader reader;
    pl_json_token token;
    pl_slice raw;
    pl_filter_init(f);
    pl_json_open(&reader, json, PL_JSON_MAX_DEPTH);
    pl_json_next(&reader, &token);
    while (pl_json_value(&reader, &token, &raw) == 0 && token.kind != PL_JSON_OBJECT_END)
        if (set_member(token.key, raw, arena, f, error)) return -1;
    f->kind = PL_KIND_DELIVERY;
    if (kind != PL_COMMAND_CANCEL) return 0;
    if (f->state < 0) f->state = PL_STATE_PENDING;
    if (f->state != PL_STATE_PENDING && f->state != PL_STATE_FAILED) {
        snprintf(error, 256,
                 "filter.state: only what is pending can be cancelled, and what has failed and "
                 "stops the others of its key");
        return -1;
    }
    return 0;
}
