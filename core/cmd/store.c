/* SPDX-License-Identifier: MIT
 *
 * `perilune store`: looks into the database of a gateway, and saves what is left of a damaged one. */
#include "cmd/cmd.h"
#include "store/repair.h"

#include <stdio.h>
#include <sys/stat.h>

static const pl_option options[] = {{0}};

static const pl_command_line line = {
    .usage = "perilune store check FILE|DIR | perilune store salvage FILE NEW",
    .about =
        "check: what is in a database file, and what is wrong with it; of a gateway folder DIR "
        "its\n"
        "perilune.db. Exit code 1 when it is damaged. A gateway may be running on it.\n\n"
        "salvage: puts what can still be read of FILE into the file NEW, and tells what was lost.\n"
        "FILE is only read. Exit code 1 when something was lost. Then, with the gateway stopped, "
        "move\n"
        "FILE, FILE-wal and FILE-shm away, and NEW in place.",
    .options = options,
    .min_words = 2,
    .max_words = 3,
    .examples = "  perilune store check perilune.db\n"
                "  perilune store salvage perilune.db saved.db\n",
};

static void put_path(const char *word, pl_buf *path)
{
    struct stat st;
    bool is_folder = stat(word, &st) == 0 && S_ISDIR(st.st_mode);
    pl_buf_printf(path, "%s%s%c", word, is_folder ? "/perilune.db" : "", '\0');
}

/* The code of the store, or 2 when the words are not those of the usage. */
static int carry_out(const pl_arguments *a, pl_buf *report)
{
    pl_buf path;
    int code = 2;
    pl_buf_init(&path);
    put_path(a->words[1], &path);
    if (strcmp(a->words[0], "check") == 0 && a->word_count == 2)
        code = pl_store_check(path.ptr, report);
    else if (strcmp(a->words[0], "salvage") == 0 && a->word_count == 3)
        code = pl_store_salvage(path.ptr, a->words[2], report);
    pl_buf_fini(&path);
    return code;
}

int pl_cmd_store(int argc, char **argv)
{
    pl_arguments a;
    pl_buf report;
    int code = PL_EXIT_USAGE;
    if (!pl_arguments_parse(&line, argc, argv, &a, &code)) return code;
    pl_buf_init(&report);
    code = carry_out(&a, &report);
    if (code == 2) fprintf(stderr, "Usage: %s\n(--help says more)\n", line.usage);
    fwrite(report.ptr, 1, report.len, code < 0 ? stderr : stdout);
    pl_buf_fini(&report);
    pl_arguments_free(&a);
    return code == 2 ? PL_EXIT_USAGE : code == 0 ? PL_EXIT_OK : PL_EXIT_FAILED;
}
