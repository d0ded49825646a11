/* SPDX-License-Identifier: MIT
 *
 * The command line: `perilune SUBCOMMAND ...`. Exit codes:
 * 0 ok, 1 the job failed, 2 bad usage, 3 bad configuration. */
#include "cmd/cmd.h"

#include <stdio.h>

static const struct command {
    const char *name, *about;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", "run the gateway of a folder", pl_cmd_run},
    {"check", "print every mistake of a gateway folder", pl_cmd_check},
    {"try", "render and send one webhook, and show what came of it", pl_cmd_try},
    {"render", "render a template, or a batch of them", pl_cmd_render},
    {"feed", "show what a running gateway has delivered", pl_cmd_feed},
    {"replay", "send again, or cancel, what a filter selects", pl_cmd_replay},
    {"webhook", "disable or enable a webhook of a running gateway", pl_cmd_webhook},
    {"sink", "a receiver for demos and tests", pl_cmd_sink},
    {"store", "check the database of a gateway, or save what is left of it", pl_cmd_store},
    {"version", "print the version", pl_cmd_version},
};

#define COMMANDS (sizeof commands / sizeof *commands)

int pl_cmd_version(int argc, char **argv)
{
    static const pl_option options[] = {{0}};
    static const pl_command_line line = {
        .usage = "perilune version", .about = "Prints the version.", .options = options};
    pl_arguments a;
    int code = PL_EXIT_USAGE;
    if (!pl_arguments_parse(&line, argc, argv, &a, &code)) return code;
    printf("perilune %s\n", PL_VERSION);
    pl_arguments_free(&a);
    return PL_EXIT_OK;
}

static void print_help(FILE *out)
{
    fprintf(out, "Usage: perilune SUBCOMMAND ...\n\nA Lua-scriptable integration gateway: events "
                 "in, HTTP calls to other systems out.\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].about);
    fprintf(out, "\nperilune SUBCOMMAND --help says more.\n");
}

int main(int argc, char **argv)
{
    pl_slice name = pl_slice_of(argc > 1 ? argv[1] : "");
    for (size_t i = 0; i < COMMANDS; i++)
        if (pl_slice_eq(name, pl_slice_of(commands[i].name)))
            return commands[i].run(argc - 1, argv + 1);
    bool wants_help = pl_slice_eq(name, PL_SLICE("--help")) || pl_slice_eq(name, PL_SLICE("help"));
    if (pl_slice_eq(name, PL_SLICE("--version"))) return pl_cmd_version(1, argv);
    if (name.len && !wants_help)
        fprintf(stderr, "perilune: there is no subcommand '%s'\n\n", argv[1]);
    print_help(wants_help ? stdout : stderr);
    return wants_help ? PL_EXIT_OK : PL_EXIT_USAGE;
}
