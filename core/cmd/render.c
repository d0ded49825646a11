/* SPDX-License-Identifier: MIT
 *
 * `perilune render`: a template against a JSON context, or a batch of them, one a line. */
#include "base/log.h"
#include "cmd/cmd.h"
#include "net/loop.h"
#include "script/renderer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_LINE_BYTES  (50u << 20)
#define KEPT_LINE_BYTES (1u << 20) /* room that is kept from one line to the next */
#define READ_BYTES      65536

enum { TEMPLATE, CONTEXT, MODE, BATCH, TEMPLATES };

static const pl_option options[] = {
    {"template", "FILE", "the template, - for standard input"},
    {"context", "FILE", "its context as JSON, - for standard input [{}]"},
    {"mode", "MODE", "how values are escaped: text, json, url, xml, header, form [text]"},
    {"batch", NULL, "render what standard input asks for, a JSON object a line"},
    {"templates", "DIR", "what include, import and extends find, by its name in this folder"},
    PL_OPTION_LUA_PATH,
    {0},
};

static const pl_command_line line = {
    .usage = "perilune render [OPTIONS] --template FILE | --batch",
    .about =
        "Renders a Jinja2 template and prints the text as it is. In the mode text it is what "
        "Python's Jinja2 makes of it;\n"
        "in the others values are escaped by their position, as in a webhook. Exit code 1 when the "
        "template fails: the\n"
        "mistake is on standard error, with its line and column.\n\n"
        "A line of a batch is {\"template\": TEXT, \"context\": {...}}, with \"mode\", "
        "\"templates\" ({NAME: TEXT}) and \"id\" as\n"
        "you like; its answer, on a line of its own, {\"ok\": true, \"output\": TEXT} or "
        "{\"ok\": false, \"error\": TEXT, \"line\": N,\n"
        "\"column\": N}, and the \"id\". No line ends the batch, which goes on to the end of its "
        "input.",
    .options = options,
    .settings = "limits.template",
    .examples = "  perilune render --template spec/bench/template/body.json.j2 --context "
                "spec/bench/template/context.json --mode json\n"
                "  echo '{\"template\": \"Dear {{ name }}\", \"context\": {\"name\": \"Ada\"}}' | "
                "perilune render --batch\n",
};

static int mistake(const char *text)
{
    fprintf(stderr, "render: %s\nUsage: %s\n(--help says more)\n", text, line.usage);
    return PL_EXIT_USAGE;
}

/* -- output -- */

/* 0, or the exit code: whoever has read enough closes the pipe, which is no failure of ours. */
static int write_all(pl_slice text, int *exit_code)
{
    while (text.len) {
        ssize_t written = write(STDOUT_FILENO, text.ptr, text.len);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            *exit_code = errno == EPIPE ? PL_EXIT_OK : PL_EXIT_FAILED;
            if (errno != EPIPE) perror("standard output");
            return -1;
        }
        text = pl_slice_from(text, (size_t)written);
    }
    return 0;
}

/* -- one template -- */

static const char *name_of(const char *path)
{
    return strcmp(path, "-") == 0 ? "<stdin>" : path;
}

static int run_job(pl_renderer *r, const pl_render_job *job)
{
    pl_buf out;
    int code = PL_EXIT_OK;
    pl_buf_init(&out);
    switch (pl_renderer_run(r, job, &out)) {
    case PL_RENDERED:
        (void)write_all(pl_buf_slice(&out), &code);
        break;
    case PL_RENDER_FAILED:
        code = PL_EXIT_FAILED;
        break;
    case PL_RENDER_BAD_CONTEXT:
        code = PL_EXIT_USAGE;
    }
    if (code != PL_EXIT_OK && out.len) fprintf(stderr, "%.*s\n", PL_FMT(pl_buf_slice(&out)));
    pl_buf_fini(&out);
    return code;
}

static int render_file(pl_renderer *r, const pl_arguments *a)
{
    const char *context_path = a->values[CONTEXT] ? a->values[CONTEXT] : "{}";
    pl_buf template, context;
    int code = PL_EXIT_USAGE;
    pl_buf_init(&template);
    pl_buf_init(&context);
    if (a->values[CONTEXT] == NULL) PL_BUF_PUT(&context, "{}");
    if (pl_read_file(a->values[TEMPLATE], &template) == 0 &&
        (a->values[CONTEXT] == NULL || pl_read_file(context_path, &context) == 0)) {
        pl_render_job job = {
            .name = pl_slice_of(name_of(a->values[TEMPLATE])),
            .template = pl_buf_slice(&template),
            .context_name = pl_slice_of(name_of(context_path)),
            .context = pl_buf_slice(&context),
            .mode = pl_slice_of(a->values[MODE] ? a->values[MODE] : "text"),
        };
        code = run_job(r, &job);
    }
    pl_buf_fini(&template);
    pl_buf_fini(&context);
    return code;
}

/* -- a batch -- */

typedef struct batch {
    pl_renderer *renderer;
    pl_buf in;       /* what was read and not answered */
    size_t searched; /* of `in`, without a line end */
    bool is_skipped; /* the line under way is too long; its bytes are thrown away */
    pl_buf out;
    int exit_code;
} batch;

static void shrink(pl_buf *b)
{
    pl_buf_clear(b);
    if (b->cap > KEPT_LINE_BYTES) pl_buf_fini(b);
}

/* Answers one line: 0, or -1 when nobody reads on. */
static int answer(batch *b, pl_slice text)
{
    if (b->is_skipped || text.len > MAX_LINE_BYTES)
        pl_renderer_refuse(PL_SLICE("the line is longer than 50 MB"), &b->out);
    else
        pl_renderer_line(b->renderer, text, &b->out);
    pl_buf_put_char(&b->out, '\n');
    b->is_skipped = false;
    int result = write_all(pl_buf_slice(&b->out), &b->exit_code);
    shrink(&b->out);
    return result;
}

/* Answers all lines that are whole. */
static int answer_lines(batch *b)
{
    size_t start = 0;
    const char *end;
    while (b->searched < b->in.len &&
           (end = memchr(b->in.ptr + b->searched, '\n', b->in.len - b->searched)) != NULL) {
        size_t stop = (size_t)(end - b->in.ptr);
        if (answer(b, (pl_slice){b->in.ptr + start, stop - start}) != 0) return -1;
        start = b->searched = stop + 1;
    }
    if (b->in.len - start > MAX_LINE_BYTES) {
        b->is_skipped = true;
        start = b->in.len;
    }
    if (start == b->in.len)
        shrink(&b->in);
    else
        pl_buf_consume(&b->in, start);
    b->searched = b->in.len;
    return 0;
}

static int read_more(batch *b)
{
    ssize_t got;
    do
        got = read(STDIN_FILENO, pl_buf_reserve(&b->in, READ_BYTES), READ_BYTES);
    while (got < 0 && errno == EINTR);
    if (got > 0) b->in.len += (size_t)got;
    if (got >= 0) return got > 0;
    perror("standard input");
    b->exit_code = PL_EXIT_FAILED;
    return 0;
}

static int render_batch(pl_renderer *r)
{
    batch b = {.renderer = r, .exit_code = PL_EXIT_OK};
    int result = 0;
    pl_buf_init(&b.in);
    pl_buf_init(&b.out);
    while (result == 0 && read_more(&b))
        result = answer_lines(&b);
    if (result == 0 && (b.in.len || b.is_skipped)) (void)answer(&b, pl_buf_slice(&b.in));
    pl_buf_fini(&b.in);
    pl_buf_fini(&b.out);
    return b.exit_code;
}

/* -- the command -- */

static bool is_mode(const char *mode)
{
    static const char *const modes[] = {"text", "json", "url", "xml", "header", "form"};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(mode, modes[i]) == 0) return true;
    return false;
}

static const char *usage_mistake(const pl_arguments *a)
{
    bool is_batch = a->values[BATCH] != NULL;
    if (is_batch == (a->values[TEMPLATE] != NULL)) return "expected --template FILE or --batch";
    if (is_batch && (a->values[CONTEXT] || a->values[MODE]))
        return "a batch has the context and the mode in its lines";
    if (a->values[MODE] && !is_mode(a->values[MODE]))
        return "--mode: expected text, json, url, xml, header or form";
    if (a->values[CONTEXT] && strcmp(a->values[CONTEXT], "-") == 0 &&
        strcmp(a->values[TEMPLATE], "-") == 0)
        return "template and context cannot both be standard input";
    return NULL;
}

static int run(const pl_arguments *a, const pl_settings *settings)
{
    pl_faults faults = {0};
    int code = PL_EXIT_USAGE;
    pl_renderer *r =
        pl_renderer_new(pl_argument_lua_path(&line, a), a->values[TEMPLATES], settings, &faults);
    if (r) code = a->values[BATCH] ? render_batch(r) : render_file(r, a);
    pl_faults_print(&faults, stderr);
    pl_faults_fini(&faults);
    pl_renderer_free(r);
    return code;
}

int pl_cmd_render(int argc, char **argv)
{
    pl_arguments a;
    pl_settings settings;
    int code = PL_EXIT_USAGE;
    if (!pl_arguments_parse(&line, argc, argv, &a, &code)) return code;
    pl_log_init(pl_wall_ms, STDERR_FILENO, PL_LOG_ERROR, PL_LOG_AUTO);
    signal(SIGPIPE, SIG_IGN);
    pl_settings_init(&settings);
    char *wrong = pl_arguments_override(&settings, &a);
    const char *misuse = usage_mistake(&a);
    if (misuse)
        code = mistake(misuse);
    else if (wrong)
        fprintf(stderr, "%s\n", wrong);
    else
        code = run(&a, &settings);
    free(wrong);
    pl_settings_fini(&settings);
    pl_arguments_free(&a);
    return wrong && !misuse ? PL_EXIT_CONFIG : code;
}
