/* SPDX-License-Identifier: MIT
 *
 * The subcommands of `perilune`. Each is a function of its arguments that gives the exit code,
 * and a page of help. */
#ifndef PL_CMD_CMD_H
#define PL_CMD_CMD_H

#include "base/buf.h"
#include "flow/settings.h"

enum pl_exit { PL_EXIT_OK = 0, PL_EXIT_FAILED = 1, PL_EXIT_USAGE = 2, PL_EXIT_CONFIG = 3 };

typedef struct pl_option {
    const char *name; /* without "--" */
    /* What its value is called in the help; NULL: it takes none. "PATH": it may be there several
     * times, and is one value with ':' between them. */
    const char *argument;
    const char *help;
} pl_option;

typedef struct pl_command_line {
    const char *usage;        /* "perilune check [OPTIONS] DIR" */
    const char *about;        /* paragraphs */
    const pl_option *options; /* ends with a NULL name */
    const char *settings;     /* those whose name begins so are flags, too; NULL: none are */
    const char *examples;     /* whole lines, each begins with "perilune " */
    int min_words, max_words; /* other arguments */
} pl_command_line;

typedef struct pl_arguments {
    /* By position in `options`: the value, "" for a flag that is there, or NULL. */
    const char *values[32];
    char *paths[32]; /* what `values` points to for each that is a PATH */
    char *words[8];
    int word_count;
    const char **setting_values; /* by position in pl_setting_list */
} pl_arguments;

/* Reads the arguments: true; or false when *exit_code is to be
 * returned (help was printed, or a mistake explained). */
bool pl_arguments_parse(const pl_command_line *c, int argc, char **argv, pl_arguments *a,
                        int *exit_code);
void pl_arguments_free(pl_arguments *a);
/* The value of an option by name, or NULL. */
const char *pl_argument(const pl_command_line *c, const pl_arguments *a, const char *name);
/* The option of whoever loads a gateway folder, and its value: the flag, else PERILUNE_LUA_PATH, else
 * NULL. */
#define PL_OPTION_LUA_PATH                                                                   \
    {                                                                                        \
        "lua-path", "DIR",                                                                   \
            "take lua/ and plugins/ from this source tree instead of the built-in ones (or " \
            "PERILUNE_LUA_PATH)"                                                             \
    }
const char *pl_argument_lua_path(const pl_command_line *c, const pl_arguments *a);
/* The same of --plugin-path and PERILUNE_PLUGIN_PATH. */
#define PL_OPTION_PLUGIN_PATH                                                       \
    {                                                                               \
        "plugin-path", "PATH",                                                      \
            "a folder of plugins; several: as often, or with ':' between them (or " \
            "PERILUNE_PLUGIN_PATH)"                                                 \
    }
const char *pl_argument_plugin_path(const pl_command_line *c, const pl_arguments *a);
/* The setting secrets.dir of flag or environment, or NULL. */
const char *pl_argument_secrets_dir(const pl_arguments *a);
/* A number of an option: false, with the mistake explained, when it is none.
 * `missing` when it is not there. */
bool pl_argument_number(const pl_command_line *c, const pl_arguments *a, const char *name,
                        double missing, double *value);
/* Environment, then flags, over *s: NULL, or what is wrong (malloc'ed). */
char *pl_arguments_override(pl_settings *s, void *arguments);
/* The defaults with that over them, before there is a gateway.lua. What is wrong in them is left out,
 * and said by pl_arguments_override later. */
void pl_arguments_settings(const pl_arguments *a, pl_settings *s);

/* Reads a whole file, "-" for standard input: 0, or -1 after having said why. */
int pl_read_file(const char *path, pl_buf *out);

int pl_cmd_run(int argc, char **argv);
int pl_cmd_check(int argc, char **argv);
int pl_cmd_try(int argc, char **argv);
int pl_cmd_render(int argc, char **argv);
int pl_cmd_feed(int argc, char **argv);
int pl_cmd_replay(int argc, char **argv);
int pl_cmd_webhook(int argc, char **argv);
int pl_cmd_sink(int argc, char **argv);
int pl_cmd_store(int argc, char **argv);
int pl_cmd_version(int argc, char **argv);

#endif
