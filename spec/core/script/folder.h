/* SPDX-License-Identifier: MIT
 *
 * A gateway folder for a test, in a temporary place. */
#ifndef PL_SPEC_SCRIPT_FOLDER_H
#define PL_SPEC_SCRIPT_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct folder {
    char path[64];
} folder;

static inline folder folder_new(void)
{
    folder f = {"/tmp/perilune-spec-XXXXXX"};
    if (mkdtemp(f.path) == NULL) abort();
    return f;
}

/* Makes the folders on the way. */
static inline void folder_write(const folder *f, const char *name, const char *text)
{
    char path[256];
    int len = snprintf(path, sizeof path, "%s/", f->path);
    snprintf(path + len, sizeof path - (size_t)len, "%s", name);
    for (char *slash = path + len; *slash; slash++)
        if (*slash == '/') {
            *slash = 0;
            mkdir(path, 0700);
            *slash = '/';
        }
    FILE *out = fopen(path, "wb");
    if (out == NULL || fputs(text, out) < 0 || fclose(out) != 0) abort();
}

static inline int folder_remove_entry(const char *path, const struct stat *st, int flag,
                                      struct FTW *at)
{
    (void)st, (void)flag, (void)at;
    return remove(path);
}

static inline void folder_remove(const folder *f)
{
    nftw(f->path, folder_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
