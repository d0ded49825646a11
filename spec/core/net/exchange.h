/* SPDX-License-Identifier: MIT
 *
 * A request of a test and what becomes of it, for tests of the client. */
#ifndef PL_SPEC_EXCHANGE_H
#define PL_SPEC_EXCHANGE_H

#include "net/client.h"
#include "net/world.h"

static pl_client *client;

typedef struct exchange {
    pl_arena arena;
    pl_request request;
    pl_response response;
    pl_transfer *transfer;
    int done, code;
} exchange;

static inline void on_done(void *arg, int code)
{
    exchange *x = arg;
    x->done++;
    x->code = code;
}

static inline void prepare(exchange *x, const char *method, int at_port, const char *path)
{
    *x = (exchange){0};
    pl_arena_init(&x->arena);
    x->request.method = pl_slice_of(method);
    x->request.url =
        pl_slice_of(pl_arena_printf(&x->arena, "http://127.0.0.1:%d%s", at_port, path));
    x->request.timeout_ms = 8000;
}

static inline void start(exchange *x)
{
    x->transfer = pl_client_send(client, &x->request, &x->response, &x->arena, on_done, x);
    CHECK_EQ_INT(x->done, 0); /* never from within send */
}

static inline void set_field(exchange *x, const char *name, const char *value)
{
    pl_request_set_field(&x->request, &x->arena, pl_slice_of(name), pl_slice_of(value));
}

static inline void set_body(exchange *x, pl_slice body)
{
    x->request.has_body = true;
    x->request.body = body;
}

static inline void finish(exchange *x)
{
    DRIVE_UNTIL(x->done);
    CHECK_EQ_INT(x->done, 1);
}

static inline void end(exchange *x)
{
    pl_arena_fini(&x->arena);
}

static inline void check_text(const char *text, const char *part, int line)
{
    bool has = text && strstr(text, part);
    if (!has) printf("    line %d: no '%s' in '%s'\n", line, part, text ? text : "(null)");
    CHECK(has);
}
#define CHECK_TEXT(text, part) check_text(text, part, __LINE__)

static inline pl_egress *guard(const char *const *allow, size_t count)
{
    pl_egress_fault fault;
    pl_egress *e = pl_egress_new(allow, count, &fault);
    CHECK(e != NULL);
    return e;
}

#endif
