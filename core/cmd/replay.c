/* SPDX-License-Identifier: MIT
 *
 * `perilune replay`: makes a job of a running gateway that sends again, or cancels, all deliveries
 * that a filter selects; shows jobs, and pauses, resumes or cancels one. */
#include "base/json.h"
#include "cmd/table.h"

#include <stdio.h>

enum { PREVIEW = PL_OPTION_AFTER_REMOTE, CANCEL, RATE, JSON, FIRST_FILTER };

static const pl_option options[] = {
    PL_OPTIONS_REMOTE,
    {"preview", NULL, "only count what it would be about"},
    {"cancel", NULL, "cancel what is pending instead of sending it again"},
    {"rate", "N", "deliveries a second [50]"},
    {"json", NULL, "one JSON object a line"},
    {"connector", "ID", "only of this connector"},
    {"webhook", "ID", "only of this webhook"},
    {"type", "TYPE", "only of this event type"},
    {"event", "ID", "only of this event"},
    {"source", "TEXT", "only of events from this source"},
    {PL_OPTION_BY, "NAME", "only of what came with the token of this name"},
    {"state", "STATE", "pending, delivered, failed or cancelled"},
    {"status", "CLASS", "2xx, 4xx, ...: class of the last answer's status"},
    {"text", "TEXT", "found in the event, a URL, a body or an error"},
    {"from", "TIME", "made at this RFC 3339 time or later"},
    {"to", "TIME", "made before this time"},
    {0},
};

static const pl_command_line line = {
    .usage = "perilune replay [OPTIONS] [jobs | show ID | pause ID | resume ID | cancel ID]",
    .about =
        "Sends again what a running gateway has kept, by today's scripts: all deliveries that the\n"
        "filters select, as a job of the gateway that goes on by itself. At least one filter is\n"
        "needed. With words: its jobs, newest first, or one of them, which can be paused.",
    .options = options,
    .max_words = 2,
    .examples = "  perilune replay --state failed --connector acme --preview\n"
                "  perilune replay --state failed --connector acme --rate 10\n"
                "  perilune replay jobs\n",
};

static const pl_table job_table = {
    {"ID", "KIND", "STATE", "TOTAL", "DONE", "FAILED", "RATE", "CREATED", "FINISHED"},
    {"id", "kind", "state", "total", "done", "failed", "rate", "created", "finished"},
    {6, 6, 9, 8, 8, 8, 6, 24, 24},
    9};

/* -- the request -- */

/* One of the words: the path, and whether it is asked for or ordered; false when there is no such. */
static bool put_path(const pl_arguments *a, pl_buf *url, bool *orders)
{
    static const char *const actions[] = {"show", "pause", "resume", "cancel"};
    const char *word = a->word_count ? a->words[0] : "";
    *orders = a->word_count == 0;
    if (*orders) {
        pl_buf_printf(url, "/v1/%s", a->values[CANCEL] ? "cancel" : "replay");
        return true;
    }
    PL_BUF_PUT(url, "/v1/replay");
    if (strcmp(word, "jobs") == 0) return a->word_count == 1;
    for (int i = 0; i < 4 && a->word_count == 2; i++) {
        if (strcmp(word, actions[i]) != 0) continue;
        pl_buf_printf(url, "/%s%s%s", a->words[1], i ? "/" : "", i ? word : "");
        *orders = i > 0;
        return true;
    }
    return false;
}

static bool put_body(const pl_arguments *a, pl_buf *body)
{
    pl_json_writer w;
    bool has_filter = false;
    pl_jw_init(&w, body);
    pl_jw_object(&w);
    pl_jw_key(&w, "preview");
    pl_jw_bool(&w, a->values[PREVIEW] != NULL);
    if (a->values[RATE]) {
        double rate;
        if (!pl_argument_number(&line, a, "rate", 0, &rate)) return false;
        pl_jw_key(&w, "rate");
        pl_jw_int(&w, (int64_t)rate);
    }
    pl_jw_key(&w, "filter");
    pl_jw_object(&w);
    for (size_t i = FIRST_FILTER; options[i].name; i++) {
        if (a->values[i] == NULL) continue;
        has_filter = true;
        pl_jw_key(&w, pl_remote_filter(&options[i]));
        pl_jw_text(&w, a->values[i]);
    }
    pl_jw_object_end(&w);
    pl_jw_object_end(&w);
    if (!has_filter) fprintf(stderr, "which deliveries? name a filter, such as --state failed\n");
    return has_filter;
}

/* -- the answer -- */

static void print_job(const pl_arguments *a, pl_slice job)
{
    if (a->values[JSON])
        printf("%.*s\n", PL_FMT(job));
    else
        pl_table_row(&job_table, job);
}

static void print_answer(const pl_arguments *a, pl_slice answer)
{
    pl_json_reader reader;
    pl_json_token token;
    pl_slice job, jobs = pl_json_find(answer, PL_SLICE("jobs"));
    if (pl_json_find(answer, PL_SLICE("id")).len == 0 && jobs.len == 0) { /* a preview */
        if (a->values[JSON])
            printf("%.*s\n", PL_FMT(answer));
        else
            printf("%.*s deliveries\n", PL_FMT(pl_json_find(answer, PL_SLICE("total"))));
        return;
    }
    if (!a->values[JSON]) pl_table_head(&job_table);
    if (jobs.len == 0) {
        print_job(a, answer);
        return;
    }
    pl_json_open(&reader, jobs, PL_JSON_MAX_DEPTH);
    pl_json_next(&reader, &token);
    while (pl_json_value(&reader, &token, &job) == 0 && token.kind != PL_JSON_ARRAY_END)
        print_job(a, job);
}

static int carry_out(const pl_arguments *a, const char *url, const char *body)
{
    pl_buf answer;
    pl_buf_init(&answer);
    int code = pl_remote_ask(a, url, body, &answer);
    if (code == PL_EXIT_OK) print_answer(a, pl_buf_slice(&answer));
    pl_buf_fini(&answer);
    return code;
}

int pl_cmd_replay(int argc, char **argv)
{
    pl_arguments a;
    pl_buf url, body;
    bool orders;
    int code = PL_EXIT_USAGE;
    if (!pl_arguments_parse(&line, argc, argv, &a, &code)) return code;
    pl_buf_init(&url);
    pl_buf_init(&body);
    pl_remote_put_url(&a, &url);
    code = PL_EXIT_USAGE;
    if (!put_path(&a, &url, &orders)) {
        fprintf(stderr, "Usage: %s\n(--help says more)\n", line.usage);
    } else if (a.word_count || put_body(&a, &body)) {
        pl_buf_put_char(&url, '\0');
        pl_buf_put_char(&body, '\0');
        code = carry_out(&a, url.ptr, orders ? body.ptr : NULL);
    }
    pl_buf_fini(&url);
    pl_buf_fini(&body);
    pl_arguments_free(&a);
    return code;
}
