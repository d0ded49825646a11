/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "gateway/gateway.h"

#include <stdio.h>

static const pl_option options[] = {
    PL_OPTION_PLUGIN_PATH,
    PL_OPTION_LUA_PATH,
    {0},
};

static const pl_command_line line = {
    .usage = "perilune run [OPTIONS] DIR",
    .about = "Runs the gateway of the folder DIR until SIGTERM or SIGINT. SIGHUP loads its scripts "
             "anew.",
    .options = options,
    .settings = "",
    .min_words = 1,
    .max_words = 1,
    .examples = "  perilune run examples/quickstart\n"
                "  perilune run --listen 127.0.0.1:9000 --store /tmp/perilune.db --workers 2 "
                "examples/quickstart\n",
};

int pl_cmd_run(int argc, char **argv)
{
    pl_arguments a;
    int code = PL_EXIT_USAGE;
    if (!pl_arguments_parse(&line, argc, argv, &a, &code)) return code;
    pl_gateway_config config = {
        .dir = a.words[0],
        .lua_path = pl_argument_lua_path(&line, &a),
        .plugin_path = pl_argument_plugin_path(&line, &a),
        .secrets_dir = pl_argument_secrets_dir(&a),
        .override = pl_arguments_override,
        .arg = &a,
    };
    code = pl_gateway_run(&config);
    pl_arguments_free(&a);
    return code;
}
