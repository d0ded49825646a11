/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "cmd/cmd.h"
#include "gateway/gateway.h"
#include "script/script.h"

#include <stdio.h>

static const pl_option options[] = {
    PL_OPTION_LUA_PATH,
    {0},
};

static const pl_command_line line = {
    .usage = "perilune check [OPTIONS] DIR",
    .about = "Loads the gateway folder DIR and prints every mistake in it as file:line: message.\n"
             "Exit code 0 when there is none, 3 otherwise. Nothing is sent and nothing is opened.",
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .examples = "  perilune check examples/quickstart\n",
};

static size_t count_connectors(const pl_generation *g)
{
    size_t count = 0;
    for (uint32_t i = 0; i < g->policy_count; i++)
        if (i == 0 || !pl_slice_eq(g->policies[i].connector, g->policies[i - 1].connector)) count++;
    return count;
}

static void check_settings(const char *dir, pl_generation *g, pl_faults *faults)
{
    pl_settings settings;
    pl_buf file;
    pl_buf_init(&file);
    pl_buf_printf(&file, "%s/gateway.lua", dir);
    pl_buf_put_char(&file, '\0');
    pl_settings_init(&settings);
    pl_script_settings(g, &settings);
    pl_gateway_check(&settings, file.ptr, faults);
    pl_settings_fini(&settings);
    pl_buf_fini(&file);
}

static int report(const char *dir, pl_generation *g, const pl_faults *faults)
{
    pl_faults_print(faults, stdout);
    if (faults->count) return PL_EXIT_CONFIG;
    printf("%s: no mistakes (connectors: %zu, webhooks: %u)\n", dir, count_connectors(g),
           g->policy_count);
    return PL_EXIT_OK;
}

int pl_cmd_check(int argc, char **argv)
{
    pl_arguments a;
    int code = PL_EXIT_USAGE;
    pl_faults faults = {0};
    pl_bundle *bundle = NULL;
    pl_generation *g = NULL;
    if (!pl_arguments_parse(&line, argc, argv, &a, &code)) return code;
    pl_script_config config = {.lua_path = pl_argument_lua_path(&line, &a),
                               .json_depth = PL_JSON_MAX_DEPTH};
    if (pl_bundle_read(a.words[0], &bundle, &faults) == 0)
        g = pl_script_load(bundle, &config, 1, &faults);
    if (g) check_settings(a.words[0], g, &faults);
    code = report(a.words[0], g, &faults);
    pl_generation_unref(g);
    pl_bundle_free(bundle);
    pl_faults_fini(&faults);
    pl_arguments_free(&a);
    return code;
}
