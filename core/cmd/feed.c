/* SPDX-License-Identifier: MIT
 *
 * `perilune feed`: what a running gateway has delivered, as a table or as JSON lines; with --follow
 * what it delivers from now on. */
#include "base/json.h"
#include "cmd/cmd.h"
#include "http/url.h"
#include "net/fetch.h"

#include <stdio.h>
#include <stdlib.h>

enum { URL, TOKEN, FOLLOW, UNDELIVERED, JSON, FIRST_FILTER };

static const pl_option options[] = {
    {"url", "URL", "of the gateway [http://127.0.0.1:8080]"},
    {"token", "TOKEN", "an admin token; better in the environment as PERILUNE_TOKEN"},
    {"follow", NULL,
     "show attempts as they are made, until interrupted; filters are connector and webhook"},
    {"undelivered", NULL,
     "count what is pending or failed, by connector and reason; the filter is connector"},
    {"json", NULL, "one JSON object a line"},
    {"connector", "ID", "only of this connector"},
    {"webhook", "ID", "only of this webhook"},
    {"type", "TYPE", "only of this event type"},
    {"event", "ID", "only of this event"},
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
    const char *base = a->values[URL] ? a->values[URL] : "http://127.0.0.1:8080";
    size_t len = strlen(base);
    char mark = '?';
    while (len && base[len - 1] == '/')
        len--;
    pl_buf_printf(url, "%.*s%s", (int)len, base,
                  a->values[FOLLOW]        ? "/v1/feed"
                  : a->values[UNDELIVERED] ? "/v1/undelivered"
                                           : "/v1/deliveries");
    for (size_t i = FIRST_FILTER; options[i].name; i++) {
        if (a->values[i] == NULL) continue;
        pl_buf_printf(url, "%c%s=", mark, options[i].name);
        pl_url_encode(url, pl_slice_of(a->values[i]));
        mark = '&';
    }
    pl_buf_put_char(url, '\0');
}

/* -- rows -- */

/* A member as text; "-" for null or none. */
static char *member(pl_slice row, const char *name)
{
    pl_buf text;
    pl_buf_init(&text);
    pl_slice raw = pl_json_find(row, pl_slice_of(name));
    if (!pl_json_unescape(raw, &text)) {
        bool is_null = raw.len == 0 || pl_slice_eq(raw, PL_SLICE("null"));
        pl_buf_put_slice(&text, is_null ? PL_SLICE("-") : raw);
    }
    pl_buf_put_char(&text, '\0');
    return pl_buf_take(&text, NULL);
}

#define MAX_CELLS 9

/* What a row has, and how it is shown. */
typedef struct columns {
    const char *const titles[MAX_CELLS], *const names[MAX_CELLS]; /* names: members of its JSON */
    int widths[MAX_CELLS];
    size_t count;
} columns;

static void print_line(const columns *c, const char *const cells[MAX_CELLS])
{
    for (size_t i = 0; i < c->count; i++)
        printf("%-*s%s", i + 1 < c->count ? c->widths[i] : 0, cells[i],
               i + 1 < c->count ? "  " : "\n");
}

static void print_cells(pl_slice row, const columns *c)
{
    char *cells[MAX_CELLS];
    for (size_t i = 0; i < c->count; i++)
        cells[i] = member(row, c->names[i]);
    print_line(c, (const char *const *)cells);
    for (size_t i = 0; i < c->count; i++)
        free(cells[i]);
}

#define FEED_TITLES                                                                        \
    {                                                                                      \
        "TIME", "STATE", "CONNECTOR", "WEBHOOK", "EVENT", "TRY", "STATUS", "OUTCOME", "ID" \
    }
#define FEED_WIDTHS                     \
    {                                   \
        24, 9, 16, 24, 20, 3, 6, 12, 36 \
    }

static const columns page_columns = {FEED_TITLES,
                                     {"created", "state", "connector", "webhook", "event_type",
                                      "attempts", "status", "outcome", "id"},
                                     FEED_WIDTHS,
                                     9};
static const columns live_columns = {FEED_TITLES,
                                     {"started", "state", "connector", "webhook", "event_type",
                                      "attempt", "status", "outcome", "id"},
                                     FEED_WIDTHS,
                                     9};
static const columns group_columns = {
    {"CONNECTOR", "STATE", "OUTCOME", "STATUS", "COUNT", "OLDEST", "NEXT"},
    {"connector", "state", "outcome", "status", "count", "oldest", "next_due"},
    {24, 9, 12, 6, 8, 24, 24},
    7};

static void print_head(const pl_arguments *a, const columns *c)
{
    if (a->values[JSON]) return;
    print_line(c, c->titles);
    fflush(stdout);
}

static void print_row(const pl_arguments *a, pl_slice row, const columns *c)
{
    if (a->values[JSON])
        printf("%.*s\n", PL_FMT(row));
    else
        print_cells(row, c);
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
            print_row(r->arguments, pl_slice_from(text, 6), &live_columns);
        pl_buf_consume(&r->bytes, text.len + 1);
    }
}

static bool on_piece(void *arg, int status, pl_slice piece)
{
    reading *r = arg;
    pl_buf_put_slice(&r->bytes, piece);
    if (!r->follows || status != 200) return true;
    if (!r->has_head) print_head(r->arguments, &live_columns);
    r->has_head = true;
    take_lines(r);
    return true;
}

static void print_page(const pl_arguments *a, pl_slice page)
{
    pl_json_reader reader;
    pl_json_token token;
    pl_slice row;
    const columns *c = a->values[UNDELIVERED] ? &group_columns : &page_columns;
    const char *list = a->values[UNDELIVERED] ? "groups" : "deliveries";
    print_head(a, c);
    pl_json_open(&reader, pl_json_find(page, pl_slice_of(list)), PL_JSON_MAX_DEPTH);
    if (pl_json_next(&reader, &token) != 0 || token.kind != PL_JSON_ARRAY) return;
    while (pl_json_value(&reader, &token, &row) == 0 && token.kind != PL_JSON_ARRAY_END)
        print_row(a, row, c);
}

static int show(const pl_arguments *a, const char *url, reading *r)
{
    char error[256] = "";
    const char *token = a->values[TOKEN] ? a->values[TOKEN] : getenv("PERILUNE_TOKEN");
    int status = pl_fetch(url, token, on_piece, r, error);
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", url, error);
        return PL_EXIT_FAILED;
    }
    if (status != 200) {
        char *detail = member(pl_buf_slice(&r->bytes), "detail");
        fprintf(stderr, "%s: %d, %s\n", url, status, detail);
        free(detail);
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
