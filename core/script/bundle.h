/* SPDX-License-Identifier: MIT
 *
 * The inside of a bundle (script.h), for those of this folder that hand it to Lua. */
#ifndef PL_SCRIPT_BUNDLE_H
#define PL_SCRIPT_BUNDLE_H

#include "script/script.h"

/* No file of a gateway folder is larger, nor all of them together. */
#define PL_BUNDLE_FILE_BYTES  (1u << 20)
#define PL_BUNDLE_TOTAL_BYTES (64u << 20)
#define PL_BUNDLE_DEPTH       8 /* folders within folders */

typedef struct pl_bundle_file {
    char *path;  /* relative to the folder, "connectors/acme.lua" */
    char *shown; /* in messages, where that is not root and path; or NULL */
    char *text;
    size_t len;
} pl_bundle_file;

struct pl_bundle {
    char *root;            /* what messages put in front of a path: "" or "examples/quickstart/" */
    pl_bundle_file *files; /* sorted by path */
    size_t count, bytes;
};

/* A whole file: its bytes (to free) with a NUL behind them,
 * or NULL with errno (EFBIG: more than `max`). */
char *pl_file_read(const char *path, size_t max, size_t *len);

/* Calls `each` with the path, relative to `root`, of every regular file under root/under; hidden
 * ones are not looked at. 0, or errno of a folder that could not be read. */
int pl_files_walk(const char *root, const char *under, int depth,
                  void (*each)(void *ud, const char *path), void *ud);

#endif
