/* SPDX-License-Identifier: MIT
 *
 * `perilune webhook`: disables or enables a webhook of a running gateway, and shows those that are
 * disabled. */
#include "base/json.h"
#include "base/percent.h"
#include "cmd/table.h"

#include <stdio.h>

enum { REASON = PL_OPTION_AFTER_REMOTE, JSON };

static const pl_option options[] = {
    PL_OPTIONS_REMOTE,
    {"reason", "TEXT", "why it is disabled, for those who look at it later"},
    {"json", NULL, "one JSON object a line"},
    {0},
};

static const pl_command_line line = {
    .usage = "perilune webhook [OPTIONS] [disable CONNECTOR WEBHOOK | enable CONNECTOR WEBHOOK]",
    .about = "Disables a webhook of a running gateway, or enables one that was disabled: by hand, "
             "or by a\n"
             "receiver that answered 410 (Gone). While it is disabled its deliveries wait and its "
             "calls\n"
             "fail; enabled, it gets what waited. Without words: the webhooks that are disabled.",
    .options = options,
    .max_words = 3,
    .examples = "  perilune webhook\n"
                "  perilune webhook disable acme order.created --reason moving\n"
                "  perilune webhook enable acme order.created\n",
};

static const pl_table table = {{"CONNECTOR", "WEBHOOK", "DISABLED", "BY", "REASON"},
                               {"connector", "webhook", "since", "by", "reason"},
                               {16, 24, 24, 45, 0},
                               5};

/* -- the request -- */

/* False when there are no such words. */
static bool put_path(const pl_arguments *a, pl_buf *url)
{
    PL_BUF_PUT(url, "/v1/connectors");
    if (a->word_count == 0) return true;
    bool is_known = strcmp(a->words[0], "disable") == 0 || strcmp(a->words[0], "enable") == 0;
    if (!is_known || a->word_count != 3) return false;
    pl_buf_put_char(url, '/');
    pl_percent_encode(url, pl_slice_of(a->words[1]));
    PL_BUF_PUT(url, "/webhooks/");
    pl_percent_encode(url, pl_slice_of(a->words[2]));
    pl_buf_printf(url, "/%s", a->words[0]);
    return true;
}

static void put_body(const pl_arguments *a, pl_buf *body)
{
    pl_json_writer w;
    if (a->values[REASON] == NULL) return;
    pl_jw_init(&w, body);
    pl_jw_object(&w);
    pl_jw_key(&w, "reason");
    pl_jw_text(&w, a->values[REASON]);
    pl_jw_object_end(&w);
}

/* -- the answer -- */

static void print_list(const pl_arguments *a, pl_slice list)
{
    pl_json_reader reader;
    pl_json_token token;
    pl_slice row;
    if (!a->values[JSON]) pl_table_head(&table);
    pl_json_open(&reader, list, PL_JSON_MAX_DEPTH);
    if (pl_json_next(&reader, &token) != 0 || token.kind != PL_JSON_ARRAY) return;
    while (pl_json_value(&reader, &token, &row) == 0 && token.kind != PL_JSON_ARRAY_END) {
        if (a->values[JSON])
            printf("%.*s\n", PL_FMT(row));
        else
            pl_table_row(&table, row);
    }
}

static void print_answer(const pl_arguments *a, pl_slice answer)
{
    if (a->word_count == 0) {
        print_list(a, pl_json_find(answer, PL_SLICE("disabled")));
        return;
    }
    pl_slice released = pl_json_find(answer, PL_SLICE("released"));
    if (a->values[JSON])
        printf("%.*s\n", PL_FMT(answer));
    else if (released.len)
        printf("%s %s is enabled; %.*s deliveries waited for it\n", a->words[1], a->words[2],
               PL_FMT(released));
    else
        printf("%s %s is disabled\n", a->words[1], a->words[2]);
}

int pl_cmd_webhook(int argc, char **argv)
{
    pl_arguments a;
    pl_buf url, body, answer;
    int code = PL_EXIT_USAGE;
    if (!pl_arguments_parse(&line, argc, argv, &a, &code)) return code;
    pl_buf_init(&url);
    pl_buf_init(&body);
    pl_buf_init(&answer);
    pl_remote_put_url(&a, &url);
    code = PL_EXIT_USAGE;
    if (!put_path(&a, &url)) {
        fprintf(stderr, "Usage: %s\n(--help says more)\n", line.usage);
    } else {
        put_body(&a, &body);
        pl_buf_put_char(&url, '\0');
        pl_buf_put_char(&body, '\0');
        code = pl_remote_ask(&a, url.ptr, a.word_count ? body.ptr : NULL, &answer);
        if (code == PL_EXIT_OK) print_answer(&a, pl_buf_slice(&answer));
    }
    pl_buf_fini(&url);
    pl_buf_fini(&body);
    pl_buf_fini(&answer);
    pl_arguments_free(&a);
    return code;
}
