/* SPDX-License-Identifier: MIT
 *
 * Arguments of all subcommands: long options through getopt_long,
 * the settings as further options, one form of help. */
#include "cmd/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define HELP_OPTION    1000
#define SETTING_OPTION 2000 /* and up, by position */

static size_t count_options(const pl_command_line *c)
{
    size_t n = 0;
    while (c->options && c->options[n].name)
        n++;
    return n;
}

static char *setting_flag(const pl_setting *s)
{
    pl_buf name;
    pl_buf_init(&name);
    pl_setting_flag(s, &name);
    pl_buf_put_char(&name, '\0');
    return pl_buf_take(&name, NULL);
}

/* -- help -- */

static void print_option(const char *name, const char *argument, const char *help)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", name, argument ? " " : "", argument ? argument : "");
    if (strlen(left) > 28)
        printf("  %s\n  %28s  %s\n", left, "", help);
    else
        printf("  %-28s  %s\n", left, help);
}

static bool is_flag(const pl_command_line *c, const pl_setting *s)
{
    return c->settings && strncmp(s->name, c->settings, strlen(c->settings)) == 0;
}

static void print_settings(const pl_command_line *c)
{
    static const char *const words[] = {
        [PL_SETTING_TEXT] = "TEXT",    [PL_SETTING_FILE] = "FILE",       [PL_SETTING_COUNT] = "N",
        [PL_SETTING_BYTES] = "BYTES",  [PL_SETTING_SECONDS] = "SECONDS", [PL_SETTING_LIST] = "LIST",
        [PL_SETTING_SECRETS] = "LIST",
    };
    printf("\nSettings (each is a key of gateway.lua and an environment variable as well:\n"
           "--limits-body is limits = { body = ... } and PERILUNE_LIMITS_BODY):\n");
    for (size_t i = 0; i < pl_setting_count; i++) {
        const pl_setting *s = &pl_setting_list[i];
        if (!is_flag(c, s)) continue;
        char *name = setting_flag(s), help[256];
        snprintf(help, sizeof help, "%s%s%s%s%s%s", s->help, s->initial[0] ? " [" : "", s->initial,
                 s->allowed[0] ? "; " : "", s->allowed, s->initial[0] ? "]" : "");
        print_option(name, words[s->kind], help);
        free(name);
    }
}

static void print_help(const pl_command_line *c)
{
    printf("Usage: %s\n\n%s\n\nOptions:\n", c->usage, c->about);
    for (const pl_option *o = c->options; o && o->name; o++)
        print_option(o->name, o->argument, o->help);
    print_option("help", NULL, "this text");
    if (c->settings) print_settings(c);
    if (c->examples) printf("\nExamples:\n%s", c->examples);
}

/* -- parse -- */

static struct option *make_table(const pl_command_line *c, size_t own)
{
    size_t next = own + 1;
    struct option *table = pl_alloc_zero((own + 2 + pl_setting_count) * sizeof *table);
    for (size_t i = 0; i < own; i++)
        table[i] = (struct option){c->options[i].name,
                                   c->options[i].argument ? required_argument : no_argument, NULL,
                                   (int)i + 1};
    table[own] = (struct option){"help", no_argument, NULL, HELP_OPTION};
    for (size_t i = 0; i < pl_setting_count; i++)
        if (is_flag(c, &pl_setting_list[i]))
            table[next++] = (struct option){setting_flag(&pl_setting_list[i]), required_argument,
                                            NULL, SETTING_OPTION + (int)i};
    return table;
}

static void free_table(struct option *table)
{
    for (struct option *o = table; o->name; o++)
        if (o->val >= SETTING_OPTION) free((char *)(uintptr_t)o->name);
    free(table);
}

static bool usage_mistake(const pl_command_line *c, int *exit_code)
{
    fprintf(stderr, "Usage: %s\n(--help says more)\n", c->usage);
    *exit_code = PL_EXIT_USAGE;
    return false;
}

static bool is_path(const pl_option *o)
{
    return o->argument && strcmp(o->argument, "PATH") == 0;
}

static void add_to_path(pl_arguments *a, int option, const char *value)
{
    pl_buf path;
    pl_buf_init(&path);
    if (a->paths[option]) pl_buf_printf(&path, "%s:", a->paths[option]);
    pl_buf_printf(&path, "%s", value);
    pl_buf_put_char(&path, '\0');
    free(a->paths[option]);
    a->values[option] = a->paths[option] = pl_buf_take(&path, NULL);
}

static bool parse(const pl_command_line *c, int argc, char **argv, const struct option *table,
                  pl_arguments *a, int *exit_code)
{
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (option == HELP_OPTION) {
            print_help(c);
            *exit_code = PL_EXIT_OK;
            return false;
        }
        if (option == '?') return usage_mistake(c, exit_code);
        if (option >= SETTING_OPTION)
            a->setting_values[option - SETTING_OPTION] = optarg;
        else if (is_path(&c->options[option - 1]))
            add_to_path(a, option - 1, optarg);
        else
            a->values[option - 1] = optarg ? optarg : "";
    }
    for (int i = optind; i < argc && a->word_count < 8; i++)
        a->words[a->word_count++] = argv[i];
    if (a->word_count >= c->min_words && argc - optind <= c->max_words) return true;
    fprintf(stderr, "%s: %s\n", argv[0],
            a->word_count < c->min_words ? "an argument is missing"
                                         : "there are too many arguments");
    return usage_mistake(c, exit_code);
}

bool pl_arguments_parse(const pl_command_line *c, int argc, char **argv, pl_arguments *a,
                        int *exit_code)
{
    *a = (pl_arguments){.setting_values = pl_alloc_zero(pl_setting_count * sizeof(char *))};
    struct option *table = make_table(c, count_options(c));
    bool is_good = parse(c, argc, argv, table, a, exit_code);
    free_table(table);
    if (!is_good) pl_arguments_free(a);
    return is_good;
}

void pl_arguments_free(pl_arguments *a)
{
    free(a->setting_values);
    a->setting_values = NULL;
    for (size_t i = 0; i < sizeof a->paths / sizeof *a->paths; i++)
        free(a->paths[i]);
}

const char *pl_argument(const pl_command_line *c, const pl_arguments *a, const char *name)
{
    for (size_t i = 0; c->options[i].name; i++)
        if (strcmp(c->options[i].name, name) == 0) return a->values[i];
    return NULL;
}

const char *pl_argument_lua_path(const pl_command_line *c, const pl_arguments *a)
{
    const char *given = pl_argument(c, a, "lua-path");
    return given ? given : getenv("PERILUNE_LUA_PATH");
}

const char *pl_argument_plugin_path(const pl_command_line *c, const pl_arguments *a)
{
    const char *given = pl_argument(c, a, "plugin-path");
    return given ? given : getenv("PERILUNE_PLUGIN_PATH");
}

const char *pl_argument_secrets_dir(const pl_arguments *a)
{
    for (size_t i = 0; i < pl_setting_count; i++)
        if (pl_setting_list[i].offset == offsetof(pl_settings, secrets_dir) && a->setting_values[i])
            return a->setting_values[i];
    return getenv("PERILUNE_SECRETS_DIR");
}

bool pl_argument_number(const pl_command_line *c, const pl_arguments *a, const char *name,
                        double missing, double *value)
{
    const char *text = pl_argument(c, a, name);
    char *end;
    *value = missing;
    if (text == NULL) return true;
    *value = strtod(text, &end);
    if (text[0] && *end == '\0' && *value >= 0 && *value < 1e15) return true;
    fprintf(stderr, "--%s '%s': expected a number from 0 on\n", name, text);
    return false;
}

/* -- settings -- */

static char *mistake(const char *where, const char *value, const char *expected)
{
    pl_buf text;
    pl_buf_init(&text);
    pl_buf_printf(&text, "%s '%s': expected %s", where, value, expected);
    pl_buf_put_char(&text, '\0');
    return pl_buf_take(&text, NULL);
}

static char *override_one(pl_settings *s, const pl_setting *setting, const char *where,
                          const char *value)
{
    const char *shown = setting->kind == PL_SETTING_SECRETS ? "***" : value;
    const char *expected = pl_settings_set(s, setting, pl_slice_of(value));
    return expected ? mistake(where, shown, expected) : NULL;
}

char *pl_arguments_override(pl_settings *s, void *arguments)
{
    const pl_arguments *a = arguments;
    char *wrong = NULL;
    for (size_t i = 0; i < pl_setting_count && wrong == NULL; i++) {
        const pl_setting *setting = &pl_setting_list[i];
        pl_buf name;
        pl_buf_init(&name);
        pl_setting_variable(setting, &name);
        pl_buf_put_char(&name, '\0');
        const char *variable = getenv(name.ptr);
        if (variable) wrong = override_one(s, setting, name.ptr, variable);
        pl_buf_clear(&name);
        PL_BUF_PUT(&name, "--");
        pl_setting_flag(setting, &name);
        pl_buf_put_char(&name, '\0');
        if (wrong == NULL && a->setting_values[i])
            wrong = override_one(s, setting, name.ptr, a->setting_values[i]);
        pl_buf_fini(&name);
    }
    return wrong;
}

void pl_arguments_settings(const pl_arguments *a, pl_settings *s)
{
    pl_settings_init(s);
    free(pl_arguments_override(s, (void *)(uintptr_t)a));
}

/* -- files -- */

int pl_read_file(const char *path, pl_buf *out)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    size_t got;
    if (f == NULL) {
        perror(path);
        return -1;
    }
    while ((got = fread(pl_buf_reserve(out, 65536), 1, 65536, f)) > 0)
        out->len += got;
    int rc = ferror(f) ? -1 : 0;
    if (rc != 0) perror(path);
    if (f != stdin) fclose(f);
    return rc;
}
