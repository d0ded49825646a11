/* SPDX-License-Identifier: MIT
 *
 * `perilune sink`: a receiver. It prints each request that it gets and answers as told, so that a
 * connector can be tried, shown and tested without the real system. It is our own server with a
 * handler of thirty lines. */
#include "base/json.h"
#include "cmd/cmd.h"
#include "http/message.h"
#include "net/server.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LISTEN,
    JSON,
    QUIET,
    STATUS,
    BODY,
    TYPE,
    DELAY,
    FAIL_FIRST,
    FAIL_EVERY,
    FAIL_STATUS,
    ECHO,
    COUNT
};

static const pl_option options[] = {
    {"listen", "ADDRESS", "address and port [127.0.0.1:9090]; port 0 takes a free one"},
    {"json", NULL, "one JSON object a line instead of text"},
    {"quiet", NULL, "print no requests"},
    {"status", "N", "answer with this status [200]"},
    {"body", "TEXT", "answer with this body, or with that of a file as @FILE [{\"ok\":true}]"},
    {"content-type", "TYPE", "of the answer [application/json]"},
    {"delay", "SECONDS", "wait before each answer"},
    {"fail-first", "N", "answer the first N requests with the fail status"},
    {"fail-every", "N", "answer every Nth request with the fail status"},
    {"fail-status", "N", "what that is [503]"},
    {"echo", NULL, "answer with the body of the request"},
    {"count", "N", "stop after so many requests"},
    {0},
};

static const pl_command_line line = {
    .usage = "perilune sink [OPTIONS]",
    .about =
        "Receives HTTP requests of any method, prints them on standard output and answers as "
        "told.\n"
        "GET /-/count answers {\"count\": N} and is not counted. The count is printed at the end.",
    .options = options,
    .examples = "  perilune sink\n  perilune sink --listen 127.0.0.1:9091 --json --fail-first 3\n",
};

typedef struct sink {
    pl_loop *loop;
    const pl_arguments *arguments;
    int status, fail_status;
    int64_t delay_ms;
    uint64_t count, fail_first, fail_every, last;
    pl_buf body;
    pl_slice content_type;
} sink;

typedef struct delayed {
    pl_timer timer;
    sink *sink;
    pl_inbound *in;
    int status;
} delayed;

/* -- print -- */

static void write_json(const sink *s, const pl_inbound *in, pl_buf *out)
{
    pl_json_writer w;
    const pl_http_request *q = &in->request;
    pl_jw_init(&w, out);
    pl_jw_object(&w);
    pl_jw_key(&w, "n");
    pl_jw_int(&w, (int64_t)s->count);
    pl_jw_key(&w, "method");
    pl_jw_string(&w, q->method);
    pl_jw_key(&w, "path");
    pl_jw_string(&w, q->path);
    pl_jw_key(&w, "query");
    pl_jw_string(&w, q->query);
    pl_jw_key(&w, "headers");
    pl_jw_array(&w);
    for (uint32_t i = 0; i < q->header_count; i++) {
        pl_jw_array(&w);
        pl_jw_string(&w, q->headers[i].name);
        pl_jw_string(&w, q->headers[i].value);
        pl_jw_array_end(&w);
    }
    pl_jw_array_end(&w);
    pl_jw_key(&w, "body");
    pl_jw_string(&w, in->body);
    pl_jw_object_end(&w);
    pl_buf_put_char(out, '\n');
}

static void write_text(const sink *s, const pl_inbound *in, int status, pl_buf *out)
{
    const pl_http_request *q = &in->request;
    pl_buf_printf(out, "#%llu %.*s %.*s\n", (unsigned long long)s->count, PL_FMT(q->method),
                  PL_FMT(q->target));
    for (uint32_t i = 0; i < q->header_count; i++)
        pl_buf_printf(out, "   %.*s: %.*s\n", PL_FMT(q->headers[i].name),
                      PL_FMT(q->headers[i].value));
    if (in->body.len) {
        PL_BUF_PUT(out, "\n   ");
        pl_buf_put_slice(out, in->body);
        pl_buf_put_char(out, '\n');
    }
    pl_buf_printf(out, "-> %d\n\n", status);
}

static void print(const sink *s, const pl_inbound *in, int status)
{
    pl_buf out;
    if (s->arguments->values[QUIET]) return;
    pl_buf_init(&out);
    if (s->arguments->values[JSON])
        write_json(s, in, &out);
    else
        write_text(s, in, status, &out);
    fwrite(out.ptr, 1, out.len, stdout);
    fflush(stdout);
    pl_buf_fini(&out);
}

/* -- answer -- */

static void reply(sink *s, pl_inbound *in, int status)
{
    pl_slice body = s->arguments->values[ECHO] ? in->body : pl_buf_slice(&s->body);
    pl_inbound_reply(in, status, s->content_type, PL_NO_SLICE, body);
    if (s->last && s->count >= s->last) pl_loop_stop(s->loop);
}

static void on_delay(pl_timer *t)
{
    delayed *d = (delayed *)t;
    reply(d->sink, d->in, d->status);
}

/* The client went away, or the sink stops:
 * the answer reaches nobody, but gives the request back. */
static void on_gone(pl_inbound *in)
{
    delayed *d = in->owner;
    pl_wheel_stop(pl_loop_wheel(d->sink->loop), &d->timer);
    reply(d->sink, in, d->status);
}

static void answer_count(const sink *s, pl_inbound *in)
{
    char body[48];
    snprintf(body, sizeof body, "{\"count\":%llu}", (unsigned long long)s->count);
    pl_inbound_reply(in, 200, PL_SLICE("application/json"), PL_NO_SLICE, pl_slice_of(body));
}

static void on_request(pl_inbound *in, void *arg)
{
    sink *s = arg;
    if (pl_slice_eq(in->request.path, PL_SLICE("/-/count"))) {
        answer_count(s, in);
        return;
    }
    s->count++;
    bool fails = s->count <= s->fail_first || (s->fail_every && s->count % s->fail_every == 0);
    int status = fails ? s->fail_status : s->status;
    print(s, in, status);
    if (s->delay_ms == 0) {
        reply(s, in, status);
        return;
    }
    delayed *d = pl_arena_zero(&in->arena, sizeof *d);
    *d = (delayed){.sink = s, .in = in, .status = status};
    pl_timer_init(&d->timer, on_delay);
    in->owner = d;
    in->gone = on_gone;
    pl_wheel_start(pl_loop_wheel(s->loop), &d->timer, (uint64_t)s->delay_ms);
}

/* -- life -- */

static void *wait_for_signal(void *loop)
{
    sigset_t signals;
    int signal;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigwait(&signals, &signal);
    pl_loop_stop(loop);
    return NULL;
}

static bool read_numbers(const pl_arguments *a, sink *s)
{
    double status, delay, first, every, fail_status, last;
    if (!pl_argument_number(&line, a, "status", 200, &status) ||
        !pl_argument_number(&line, a, "delay", 0, &delay) ||
        !pl_argument_number(&line, a, "fail-first", 0, &first) ||
        !pl_argument_number(&line, a, "fail-every", 0, &every) ||
        !pl_argument_number(&line, a, "fail-status", 503, &fail_status) ||
        !pl_argument_number(&line, a, "count", 0, &last))
        return false;
    s->status = (int)status;
    s->delay_ms = (int64_t)(delay * 1000);
    s->fail_first = (uint64_t)first;
    s->fail_every = (uint64_t)every;
    s->fail_status = (int)fail_status;
    s->last = (uint64_t)last;
    if (s->status >= 200 && s->status <= 599 && s->fail_status >= 200 && s->fail_status <= 599)
        return true;
    fprintf(stderr, "--status, --fail-status: expected 200 to 599\n");
    return false;
}

static bool read_body(const pl_arguments *a, sink *s)
{
    const char *body = a->values[BODY] ? a->values[BODY] : "{\"ok\":true}";
    if (body[0] == '@') return pl_read_file(body + 1, &s->body) == 0;
    pl_buf_put_slice(&s->body, pl_slice_of(body));
    return true;
}

static int serve(sink *s, int fd)
{
    char address[128];
    pthread_t waiter;
    sigset_t signals;
    pl_server_config config = {
        .http = {.target_bytes = 65536,
                 .header_bytes = 262144,
                 .header_count = PL_HTTP_MAX_HEADERS,
                 .body_bytes = 1u << 30},
        .max_connections = 20000,
        .header_timeout_ms = 60000,
        .body_timeout_ms = 60000,
        .idle_timeout_ms = 600000,
        .write_timeout_ms = 60000,
        .handle = on_request,
        .arg = s,
    };
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    pl_server *server = pl_server_new(s->loop, fd, &config);
    pl_listen_address(fd, address);
    fprintf(stderr, "sink: listening on %s\n", address);
    pthread_create(&waiter, NULL, wait_for_signal, s->loop);
    pl_loop_run(s->loop);
    pthread_cancel(waiter);
    pthread_join(waiter, NULL);
    pl_server_free(server);
    fprintf(stderr, "sink: %llu requests\n", (unsigned long long)s->count);
    return PL_EXIT_OK;
}

int pl_cmd_sink(int argc, char **argv)
{
    pl_arguments a;
    char reason[128];
    int code = PL_EXIT_USAGE;
    if (!pl_arguments_parse(&line, argc, argv, &a, &code)) return code;
    sink s = {.arguments = &a,
              .content_type = pl_slice_of(a.values[TYPE] ? a.values[TYPE] : "application/json")};
    if (read_numbers(&a, &s) && read_body(&a, &s)) {
        const char *address = a.values[LISTEN] ? a.values[LISTEN] : "127.0.0.1:9090";
        int fd = pl_listen(pl_slice_of(address), reason);
        s.loop = pl_loop_new();
        if (fd >= 0) {
            code = serve(&s, fd);
        } else {
            fprintf(stderr, "cannot listen on %s: %s\n", address, reason);
            code = PL_EXIT_FAILED;
        }
        pl_loop_free(s.loop);
    }
    pl_buf_fini(&s.body);
    pl_arguments_free(&a);
    return code;
}
