/* SPDX-License-Identifier: MIT
 *
 * `perilune try`: one webhook of a gateway folder, rendered and sent from here,
 * without a running gateway and without a store. The engine is the real one;
 * its store port answers at once and keeps nothing. */
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "gateway/api.h"
#include "gateway/setup.h"
#include "net/client.h"
#include "script/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EVENT, DRY_RUN };

static const pl_option options[] = {
    {"event", "FILE", "the event as JSON, - for standard input [{}]"},
    {"dry-run", NULL, "render and authenticate, but do not send"},
    PL_OPTION_PLUGIN_PATH,
    PL_OPTION_LUA_PATH,
    {0},
};

static const pl_command_line line = {
    .usage = "perilune try [OPTIONS] DIR CONNECTOR WEBHOOK",
    .about = "Renders one webhook of the folder DIR with an event, sends it, and prints the "
             "request, the response and the\n"
             "variables as JSON. Credentials are masked. Nothing is stored or queued. Exit code 1 "
             "when the attempt failed.",
    .options = options,
    .settings = "",
    .min_words = 3,
    .max_words = 3,
    .examples = "  perilune try --dry-run --event examples/quickstart/events/shipped.json "
                "examples/quickstart shop order.shipped\n",
};

typedef struct attempt {
    pl_settings settings;
    pl_loop *loop;
    pl_client *client;
    pl_quotas *quotas;
    pl_breakers *breakers;
    pl_engine *engine;
    pl_egress *egress;
    pl_cache *cache;
    pl_generation *generation;
    int code;
} attempt;

/* -- ports -- */

static int port_submit(void *world, pl_op *op)
{
    (void)world;
    if (op->kind == PL_OP_CLAIM) return PL_E_BUSY;
    op->result = 0;
    pl_mailbox_post(op->reply_to, &op->message);
    return 0;
}

static void on_sent(void *arg, int code)
{
    pl_engine_sent(arg, code);
}

static void port_send(void *world, pl_exchange *x)
{
    x->transfer = pl_client_send(((attempt *)world)->client, &x->request, &x->response, &x->arena,
                                 on_sent, x);
}

static void port_unsend(void *world, pl_exchange *x)
{
    (void)world;
    pl_transfer_cancel(x->transfer);
}

static void on_finished(pl_exchange *x)
{
    attempt *t = x->owner;
    pl_buf out;
    pl_buf_init(&out);
    pl_api_write_try(x, &out);
    printf("%.*s\n", PL_FMT(pl_buf_slice(&out)));
    pl_buf_fini(&out);
    t->code = x->error == 0 ? PL_EXIT_OK : PL_EXIT_FAILED;
    pl_loop_stop(t->loop);
}

/* -- set up -- */

static int load(attempt *t, const pl_arguments *a)
{
    pl_faults faults = {0};
    pl_bundle *bundle = NULL;
    pl_settings outside;
    pl_arguments_settings(a, &outside);
    pl_script_config config = {.lua_path = pl_argument_lua_path(&line, a),
                               .json_depth = PL_JSON_MAX_DEPTH,
                               .secrets_dir = pl_argument_secrets_dir(a),
                               .outside = &outside};
    if (pl_bundle_read(a->words[0], pl_argument_plugin_path(&line, a), &bundle, &faults) == 0)
        t->generation = pl_script_load(bundle, &config, 1, &faults);
    pl_faults_print(&faults, stderr);
    pl_faults_fini(&faults);
    pl_bundle_free(bundle);
    pl_settings_fini(&outside);
    if (t->generation == NULL) return PL_EXIT_CONFIG;
    pl_settings_init(&t->settings);
    pl_script_settings(t->generation, &t->settings);
    char *mistake = pl_arguments_override(&t->settings, (void *)(uintptr_t)a);
    if (mistake) fprintf(stderr, "%s\n", mistake);
    free(mistake);
    pl_settings_place(&t->settings, a->words[0]);
    return mistake ? PL_EXIT_CONFIG : PL_EXIT_OK;
}

static int find_webhook(const attempt *t, const pl_arguments *a, uint32_t *webhook)
{
    pl_slice connector = pl_slice_of(a->words[1]), name = pl_slice_of(a->words[2]);
    int64_t index = t->generation->find(t->generation, connector, name);
    if (index >= 0) {
        *webhook = (uint32_t)index;
        return PL_EXIT_OK;
    }
    bool is_known = t->generation->find(t->generation, connector, PL_NO_SLICE) >= 0;
    fprintf(stderr,
            is_known ? "connector '%s' has no webhook '%s'; there are:"
                     : "no connector '%s' is loaded; there are:",
            a->words[1], a->words[2]);
    for (uint32_t i = 0; i < t->generation->policy_count; i++) {
        const pl_policy *p = &t->generation->policies[i];
        if (!is_known || pl_slice_eq(p->connector, connector))
            fprintf(stderr, " %.*s/%.*s", PL_FMT(p->connector), PL_FMT(p->webhook));
    }
    fprintf(stderr, "\n");
    return PL_EXIT_USAGE;
}

static int read_event(attempt *t, const pl_arguments *a, pl_event **event)
{
    pl_buf json;
    pl_event_fault fault;
    pl_event_rules rules = {.json_depth = (int)t->settings.limit_json_depth,
                            .last_wins = pl_api_last_wins(&t->settings),
                            .type = PL_TYPE_OPTIONAL};
    pl_buf_init(&json);
    if (a->values[EVENT] == NULL)
        PL_BUF_PUT(&json, "{}");
    else if (pl_read_file(a->values[EVENT], &json) != 0)
        return PL_EXIT_USAGE;
    int code = pl_event_parse(pl_buf_slice(&json), &rules, pl_engine_rng(t->engine), pl_wall_ms(),
                              event, &fault);
    if (code != 0 && fault.line)
        fprintf(stderr, "%s:%d:%d: %s\n", a->values[EVENT], fault.line, fault.column,
                fault.message);
    else if (code != 0)
        fprintf(stderr, "%s: %s: %s\n", a->values[EVENT], fault.pointer, fault.message);
    pl_buf_fini(&json);
    return code == 0 ? PL_EXIT_OK : PL_EXIT_USAGE;
}

static int open_parts(attempt *t)
{
    uint8_t seed[32];
    pl_faults faults = {0};
    t->egress = pl_setup_egress(&t->settings, "settings", &faults);
    pl_faults_print(&faults, stderr);
    pl_faults_fini(&faults);
    if (t->egress == NULL) return PL_EXIT_CONFIG;
    pl_client_config config = pl_setup_client(&t->settings, t->egress);
    t->client = pl_client_new(t->loop, &config);
    t->quotas = pl_quotas_new();
    t->breakers = pl_breakers_new();
    pl_ports ports = {
        .world = t,
        .wheel = pl_loop_wheel(t->loop),
        .mailbox = pl_loop_mailbox(t->loop),
        .quotas = t->quotas,
        .breakers = t->breakers,
        .wall_ms = pl_wall_ms,
        .monotonic_us = pl_monotonic_us,
        .submit = port_submit,
        .send = port_send,
        .unsend = port_unsend,
    };
    pl_random_seed(seed);
    t->engine = pl_engine_new(&ports, &t->settings, seed);
    t->cache = pl_setup_cache(&t->settings);
    pl_script_host host = {
        .wheel = ports.wheel,
        .client = t->client,
        .tolls = {.quotas = t->quotas, .breakers = t->breakers, .settings = &t->settings},
        .cache = t->cache,
        .mailbox = ports.mailbox};
    pl_script_attach(t->generation, &t->settings, &host);
    pl_engine_use(t->engine, pl_generation_ref(t->generation));
    return PL_EXIT_OK;
}

static int run(attempt *t, const pl_arguments *a)
{
    pl_event *event = NULL;
    pl_call call = {.kind = PL_KIND_TRY,
                    .dry_run = a->values[DRY_RUN] != NULL,
                    .finished = on_finished,
                    .owner = t};
    int code = find_webhook(t, a, &call.webhook);
    if (code == PL_EXIT_OK) code = open_parts(t);
    if (code == PL_EXIT_OK) code = read_event(t, a, &event);
    if (code != PL_EXIT_OK) return code;
    call.event = event;
    t->code = -1;
    pl_engine_call(t->engine, &call);
    if (t->code < 0) pl_loop_run(t->loop);
    return t->code;
}

int pl_cmd_try(int argc, char **argv)
{
    pl_arguments a;
    attempt t = {0};
    int code = PL_EXIT_USAGE;
    if (!pl_arguments_parse(&line, argc, argv, &a, &code)) return code;
    pl_log_init(pl_wall_ms, STDERR_FILENO, PL_LOG_ERROR, PL_LOG_AUTO);
    pl_client_global_init();
    t.loop = pl_loop_new();
    code = load(&t, &a);
    if (code == PL_EXIT_OK) code = run(&t, &a);
    pl_mailbox_drain(pl_loop_mailbox(t.loop));
    if (t.engine) pl_engine_free(t.engine);
    if (t.client) pl_client_free(t.client);
    pl_generation_unref(t.generation);
    pl_egress_free(t.egress);
    pl_cache_free(t.cache);
    pl_quotas_free(t.quotas);
    pl_breakers_free(t.breakers);
    pl_loop_free(t.loop);
    pl_settings_fini(&t.settings);
    pl_arguments_free(&a);
    return code;
}
