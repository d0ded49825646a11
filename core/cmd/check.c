/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "cmd/cmd.h"
#include "gateway/gateway.h"
#include "gateway/setup.h"
#include "script/script.h"

#include <stdio.h>

static const pl_option options[] = {
    {"strict", NULL, "warnings are mistakes"},
    {"format", "FORMAT", "text (as it is without this), or json: an object in each line"},
    PL_OPTION_PLUGIN_PATH,
    PL_OPTION_LUA_PATH,
    {0},
};

static const pl_command_line line = {
    .usage = "perilune check [OPTIONS] DIR",
    .about =
        "Loads the gateway folder DIR and prints every mistake in it as file:line: message; in a\n"
        "folder without mistakes, what it has and does not use, as file:line: warning: message.\n"
        "Of what gateway.lua names, certificates and keys are looked into; what flags and "
        "environment\n"
        "say is not known here, but for secrets.\n"
        "Exit code 0 when there is no mistake, 3 otherwise. Nothing is sent, no socket is opened.",
    .options = options,
    .settings = "secrets.",
    .min_words = 1,
    .max_words = 1,
    .examples = "  perilune check examples/quickstart\n"
                "  perilune check --strict --format json examples/quickstart\n",
};

typedef struct checked {
    const char *dir;
    pl_generation *generation; /* NULL: it did not load */
    pl_faults faults;
    bool as_json, is_strict;
} checked;

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
    pl_settings_init(&settings);
    pl_script_settings(g, &settings);
    pl_settings_place(&settings, dir);
    pl_setup_check(&settings, g, dir, faults);
    pl_settings_fini(&settings);
}

static void print_json(const pl_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const pl_fault *f = &faults->items[i];
        pl_buf out;
        pl_json_writer w;
        pl_buf_init(&out);
        pl_jw_init(&w, &out);
        pl_jw_object(&w);
        pl_jw_key(&w, "file");
        pl_jw_text(&w, f->file);
        pl_jw_key(&w, "line");
        pl_jw_int(&w, f->line);
        pl_jw_key(&w, "column");
        pl_jw_int(&w, f->column);
        pl_jw_key(&w, "level");
        pl_jw_text(&w, f->is_warning ? "warning" : "error");
        pl_jw_key(&w, "message");
        pl_jw_text(&w, f->message);
        pl_jw_object_end(&w);
        printf("%.*s\n", PL_FMT(pl_buf_slice(&out)));
        pl_buf_fini(&out);
    }
}

static void print_summary(const checked *c, size_t warnings)
{
    printf("%s: no mistakes (connectors: %zu, webhooks: %u", c->dir,
           count_connectors(c->generation), c->generation->policy_count);
    if (warnings) printf(", warnings: %zu", warnings);
    printf(")\n");
}

static int report(const checked *c)
{
    size_t warnings = pl_faults_warnings(&c->faults);
    bool is_good = c->faults.count == warnings;
    if (c->as_json)
        print_json(&c->faults);
    else
        pl_faults_print(&c->faults, stdout);
    if (is_good && !c->as_json) print_summary(c, warnings);
    return is_good && !(c->is_strict && warnings) ? PL_EXIT_OK : PL_EXIT_CONFIG;
}

static int check(checked *c, const pl_arguments *a)
{
    pl_bundle *bundle = NULL;
    pl_settings outside;
    pl_arguments_settings(a, &outside);
    pl_script_config config = {.lua_path = pl_argument_lua_path(&line, a),
                               .json_depth = PL_JSON_MAX_DEPTH,
                               .warns = true,
                               .secrets_dir = pl_argument_secrets_dir(a),
                               .outside = &outside};
    if (pl_bundle_read(c->dir, pl_argument_plugin_path(&line, a), &bundle, &c->faults) == 0)
        c->generation = pl_script_load(bundle, &config, 1, &c->faults);
    if (c->generation) check_settings(c->dir, c->generation, &c->faults);
    int code = report(c);
    pl_generation_unref(c->generation);
    pl_bundle_free(bundle);
    pl_settings_fini(&outside);
    pl_faults_fini(&c->faults);
    return code;
}

/* text, json: false with the mistake explained when it is neither. */
static bool read_format(const pl_arguments *a, bool *as_json)
{
    const char *format = pl_argument(&line, a, "format");
    *as_json = format && strcmp(format, "json") == 0;
    if (format == NULL || *as_json || strcmp(format, "text") == 0) return true;
    fprintf(stderr, "--format '%s': expected text or json\n", format);
    return false;
}

int pl_cmd_check(int argc, char **argv)
{
    pl_arguments a;
    int code = PL_EXIT_USAGE;
    if (!pl_arguments_parse(&line, argc, argv, &a, &code)) return code;
    checked c = {.dir = a.words[0], .is_strict = pl_argument(&line, &a, "strict") != NULL};
    code = PL_EXIT_USAGE;
    if (read_format(&a, &c.as_json)) code = check(&c, &a);
    pl_arguments_free(&a);
    return code;
}
