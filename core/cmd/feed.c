/* SPDX-License-Identifier: MIT
 *
 * `perilune feed`: what a running gateway has delivered, as a table or as JSON lines; with --follow
 * what it delivers from now on. */
#include "base/json.h"
#include "base/percent.h"
#include "cmd/table.h"
#include "net/fetch.h"

#include <stdio.h>

enum { FOLLOW = PL_OPTION_AFTER_REMOTE, UNDELIVERED, JSON, FIRST_FILTER };

static const pl_option options[] = {
    PL_OPTIONS_REMOTE,
    {"follow", NULL,
     "show attempts as they are made, until interrupted; filters are connector and webhook"},
    {"undelivered", NULL,
     "count what is pending or failed, by connector and reason; the filter is connector"},
    {"json", NULL, "one JSON object a line"},
    {"connector", "ID", "only of this connector"},
    {"webhook", "ID", "only of this webhook"},
    {"type", "TYPE", "only of this event type"},
    {"event", "ID", "only of this event"},
    {"source", "TEXT", "only of events from this source"},
    {PL_OPTION_BY, "NAME", "only of what came with the token of this name"},
    {"state", "STATE", "pending, delivered, failed, cancelled or unmatched"},
    {"kind", "KIND", "delivery, call or try"},
    {"status", "CLASS", "2xx, 4xx, ...: class of the last answer's status"},
    {"text", "TEXT", "found in the event, a URL, a body or an error"},
    {"from", "TIME", "made at this RFC 3339 time or later"},
    {"to", "TIME", "made before this time"},
    {"limit", "N", "at most so many rows [50]"},
    {0},
};

static const pl_command_line line = {
    .usage = "perilune feed [OPTIONS]",
    .about = "Shows the newest deliveries and calls of a running gateway, newest first.",
    .options = options,
    .examples = "  perilune feed\n  perilune feed --state failed --connector acme --json\n"
                "  perilune feed --undelivered\n",
};

static void build_url(const pl_arguments *a, pl_buf *url)
{
    char mark = '?';
    pl_remote_put_url(a, url);
    pl_buf_printf(url, "%s",
                  a->values[FOLLOW]        ? "/v1/feed"
                  : a->values[UNDELIVERED] ? "/v1/undelivered"
                                           : "/v1/deliveries");
    for (size_t i = FIRST_FILTER; options[i].name; i++) {
        if (a->values[i] == NULL) continue;
        pl_buf_printf(url, "%c%s=", mark, pl_remote_filter(&options[i]));
        pl_percent_encode(url, pl_slice_of(a->values[i]));
        mark = '&';
    }
    pl_buf_put_char(url, '\0');
}

/* -- rows -- */

#define FEED_TITLES                                                                        \
    {                                                                                      \
        "TIME", "STATE", "CONNECTOR", "WEBHOOK", "EVENT", "TRY", "STATUS", "OUTCOME", "ID" \
    }
#define FEED_WIDTHS                     \
    {                                   \
        24, 9, 16, 24, 20, 3, 6, 12, 36 \
    }

static const pl_table page_table = {FEED_TITLES,
                                    {"created", "state", "connector", "webhook", "event_type",
                                     "attempts", "status", "outcome", "id"},
                                    FEED_WIDTHS,
                                    9};
static const pl_table live_table = {FEED_TITLES,
                                    {"started", "state", "connector", "webhook", "event_type",
                                     "attempt", "status", "outcome", "id"},
                                    FEED_WIDTHS,
                                    9};
static const pl_table group_table = {
    {"CONNECTOR", "STATE", "OUTCOME", "STATUS", "COUNT", "OLDEST", "NEXT"},
    {"connector", "state", "outcome", "status", "count", "oldest", "next_due"},
    {24, 9, 12, 6, 8, 24, 24},
    7};

static void print_head(const pl_arguments *a, const pl_table *t)
{
    if (a->values[JSON]) return;
    pl_table_head(t);
    fflush(stdout);
}

static void print_row(const pl_arguments *a, pl_slice row, const pl_table *t)
{
    if (a->values[JSON])
        printf("%.*s\n", PL_FMT(row));
    else
        pl_table_row(t, row);
    fflush(stdout);
}

/* -- one page, or following -- */

typedef struct reading {
    const pl_arguments *arguments;
    pl_buf bytes;
    bool follows, has_head;
} reading;

/* Server-sent events: of each, the line that begins with "data: ". */
static void take_lines(reading *r)
{
    char *end;
    while (r->bytes.len && (end = memchr(r->bytes.ptr, '\n', r->bytes.len)) != NULL) {
        pl_slice text = {r->bytes.ptr, (size_t)(end - r->bytes.ptr)};
        if (pl_slice_starts(text, PL_SLICE("data: ")))
            print_row(r->arguments, pl_slice_from(text, 6), &live_table);
        pl_buf_consume(&r->bytes, text.len + 1);
    }
}

static bool on_piece(void *arg, int status, pl_slice piece)
{
    reading *r = arg;
    pl_buf_put_slice(&r->bytes, piece);
    if (!r->follows || status != 200) return true;
    if (!r->has_head) print_head(r->arguments, &live_table);
    r->has_head = true;
    take_lines(r);
    return true;
}

static void print_page(const pl_arguments *a, pl_slice page)
{
    pl_json_reader reader;
    pl_json_token token;
    pl_slice row;
    const pl_table *t = a->values[UNDELIVERED] ? &group_table : &page_table;
    const char *list = a->values[UNDELIVERED] ? "groups" : "deliveries";
    print_head(a, t);
    pl_json_open(&reader, pl_json_find(page, pl_slice_of(list)), PL_JSON_MAX_DEPTH);
    if (pl_json_next(&reader, &token) != 0 || token.kind != PL_JSON_ARRAY) return;
    while (pl_json_value(&reader, &token, &row) == 0 && token.kind != PL_JSON_ARRAY_END)
        print_row(a, row, t);
}

static int show(const pl_arguments *a, const char *url, reading *r)
{
    char error[256] = "";
    int status = pl_fetch(url, pl_remote_token(a), NULL, on_piece, r, error);
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", url, error);
        return PL_EXIT_FAILED;
    }
    if (status != 200) {
        pl_remote_complain(url, status, pl_buf_slice(&r->bytes));
        return PL_EXIT_FAILED;
    }
    if (!r->follows) print_page(a, pl_buf_slice(&r->bytes));
    return PL_EXIT_OK;
}

int pl_cmd_feed(int argc, char **argv)
{
    pl_arguments a;
    pl_buf url;
    int code = PL_EXIT_USAGE;
    if (!pl_arguments_parse(&line, argc, argv, &a, &code)) return code;
    reading r = {.arguments = &a, .follows = a.values[FOLLOW] != NULL};
    pl_buf_init(&url);
    build_url(&a, &url);
    code = show(&a, url.ptr, &r);
    pl_buf_fini(&url);
    pl_buf_fini(&r.bytes);
    pl_arguments_free(&a);
    return code;
}
