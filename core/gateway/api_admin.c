/* SPDX-License-Identifier: MIT
 *
 * What is loaded and how it is: connectors with their health, reload, liveness and readiness. */
#include "gateway/api.h"

#include "base/err.h"

#include <stdlib.h>

/* -- connectors -- */

/* A connector's description is a JSON object; its health goes in as a last member. */
static void add_health(pl_worker *w, pl_slice description, pl_buf *out)
{
    pl_json_writer jw;
    pl_buf name;
    pl_buf_init(&name);
    pl_json_unescape(pl_json_find(description, PL_SLICE("id")), &name);
    pl_buf_put(out, description.ptr, description.len - 1);
    PL_BUF_PUT(out, ",\"health\":");
    pl_jw_init(&jw, out);
    pl_gateway *g = w->gateway;
    pl_health_write(g->health, g->quotas, g->breakers, g->switches, pl_buf_slice(&name), &jw);
    pl_buf_put_char(out, '}');
    pl_buf_fini(&name);
}

static void add_each_health(pl_worker *w, pl_slice list, pl_buf *out)
{
    pl_json_reader r;
    pl_json_token token;
    pl_slice raw;
    bool is_first = true;
    pl_json_open(&r, list, PL_JSON_MAX_DEPTH);
    pl_json_next(&r, &token);
    while (pl_json_value(&r, &token, &raw) == 0 && token.kind != PL_JSON_ARRAY_END) {
        if (!is_first) pl_buf_put_char(out, ',');
        is_first = false;
        add_health(w, raw, out);
    }
}

/* All webhooks that are: also those that are not loaded any more. */
static void put_disabled(pl_switches *switches, pl_buf *out)
{
    pl_json_writer jw;
    PL_BUF_PUT(out, ",\"disabled\":");
    pl_jw_init(&jw, out);
    pl_health_write_switches(switches, PL_NO_SLICE, &jw);
}

void pl_api_connectors(pl_api_request *r)
{
    pl_generation *g = pl_engine_generation(r->worker->engine);
    pl_buf loaded, body;
    pl_buf_init(&loaded);
    pl_buf_init(&body);
    int code = g->describe(g, PL_NO_SLICE, &loaded);
    if (code == 0) {
        pl_buf_printf(&body, "{\"generation\":%llu,\"connectors\":[",
                      (unsigned long long)g->number);
        add_each_health(r->worker, pl_json_find(pl_buf_slice(&loaded), PL_SLICE("connectors")),
                        &body);
        PL_BUF_PUT(&body, "],\"sources\":");
        pl_buf_put_slice(&body, pl_json_find(pl_buf_slice(&loaded), PL_SLICE("sources")));
        put_disabled(r->worker->gateway->switches, &body);
        pl_buf_put_char(&body, '}');
        pl_api_json(r->in, 200, PL_NO_SLICE, &body);
    } else {
        pl_api_problem(r->in, code, "%s", pl_err_text(code));
    }
    pl_buf_fini(&loaded);
    pl_buf_fini(&body);
}

void pl_api_connector(pl_api_request *r)
{
    pl_generation *g = pl_engine_generation(r->worker->engine);
    pl_buf loaded, body;
    pl_buf_init(&loaded);
    pl_buf_init(&body);
    int code = g->describe(g, r->parts[0], &loaded);
    if (code == 0) {
        add_health(r->worker, pl_buf_slice(&loaded), &body);
        pl_api_json(r->in, 200, PL_NO_SLICE, &body);
    } else {
        pl_api_problem(r->in, code, "no connector '%.*s' is loaded", PL_FMT(r->parts[0]));
    }
    pl_buf_fini(&loaded);
    pl_buf_fini(&body);
}

/* -- reload -- */

typedef struct reload {
    pl_reload reload;
    pl_inbound *in;
} reload;

static void write_faults(pl_json_writer *w, const pl_faults *faults)
{
    pl_jw_array(w);
    for (size_t i = 0; i < faults->count; i++) {
        const pl_fault *f = &faults->items[i];
        pl_jw_object(w);
        pl_jw_key(w, "file");
        pl_jw_text(w, f->file);
        pl_jw_key(w, "line");
        pl_jw_int(w, f->line);
        if (f->column) {
            pl_jw_key(w, "column");
            pl_jw_int(w, f->column);
        }
        pl_jw_key(w, "message");
        pl_jw_text(w, f->message);
        pl_jw_object_end(w);
    }
    pl_jw_array_end(w);
}

static void on_reloaded(pl_message *m)
{
    reload *r = (reload *)((char *)m - offsetof(reload, reload.done));
    pl_buf body;
    pl_json_writer w;
    pl_buf_init(&body);
    pl_jw_init(&w, &body);
    if (r->reload.result == 0) {
        pl_buf_printf(&body, "{\"generation\":%llu}", (unsigned long long)r->reload.generation);
        pl_api_json(r->in, 200, PL_NO_SLICE, &body);
    } else if (r->reload.result != PL_E_BAD_CONFIG) {
        pl_api_problem(r->in, r->reload.result, "%s", pl_err_text(r->reload.result));
    } else {
        PL_BUF_PUT(&body, ",\"errors\":");
        write_faults(&w, &r->reload.faults);
        pl_inbound_problem(r->in, r->reload.result,
                           "the gateway folder has mistakes; the scripts that were loaded stay",
                           PL_NO_SLICE, pl_buf_slice(&body));
    }
    pl_buf_fini(&body);
    pl_faults_fini(&r->reload.faults);
    free(r);
}

void pl_api_reload(pl_api_request *r)
{
    reload *asked = pl_alloc_zero(sizeof *asked);
    asked->in = r->in;
    asked->reload.done.fn = on_reloaded;
    asked->reload.reply_to = pl_loop_mailbox(r->worker->loop);
    pl_gateway_reload(r->worker->gateway, &asked->reload);
}

/* -- liveness and readiness -- */

void pl_api_healthz(pl_api_request *r)
{
    pl_inbound_reply(r->in, 200, PL_SLICE("application/json"), PL_NO_SLICE,
                     PL_SLICE("{\"status\":\"ok\"}"));
}

/* Ready: it takes events. Not while it stops, and not while the store cannot write. */
void pl_api_readyz(pl_api_request *r)
{
    pl_gateway *g = r->worker->gateway;
    if (atomic_load(&g->is_stopping))
        pl_api_problem(r->in, PL_E_STOPPING, "%s", pl_err_text(PL_E_STOPPING));
    else if (pl_counter_get(&pl_store_metrics_of(g->store)->is_failing))
        pl_api_problem(r->in, PL_E_STORE, "%s", pl_err_text(PL_E_STORE));
    else
        pl_inbound_reply(r->in, 200, PL_SLICE("application/json"), PL_NO_SLICE,
                         PL_SLICE("{\"status\":\"ready\"}"));
}
