/* SPDX-License-Identifier: MIT
 *
 * /proc/self/smaps tells of each mapping what it is and, in the lines that follow, how much of it is
 * not the file's any more: relocations of the linker, a debugger's breakpoints. Such a mapping is left
 * alone, since what was written there would be lost. */
#include "gateway/pages.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_LINE_BYTES 4400 /* with the path of a file */

typedef struct mapping {
    uintptr_t first, end;
    bool is_of_file; /* private, and not to be written to */
    bool is_changed;
} mapping;

/* "7f5c0c1bc000-7f5c0c1f0000 r-xp 00002000 fe:00 247278   /usr/lib/libm.so.6" */
static bool read_head(const char *line, mapping *m)
{
    uintptr_t first, end;
    unsigned long inode;
    char rights[5];
    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %lu", &first, &end, rights, &inode) !=
        4)
        return false;
    *m = (mapping){first, end, inode && rights[1] == '-' && rights[3] == 'p', false};
    return true;
}

/* "Anonymous:            8 kB" */
static void read_size(const char *line, mapping *m)
{
    unsigned long size;
    if (sscanf(line, "Anonymous: %lu", &size) == 1 || sscanf(line, "Swap: %lu", &size) == 1)
        m->is_changed = m->is_changed || size > 0;
}

static void give_back(const mapping *m)
{
    /* The address is one of text of /proc. */
    void *first = (void *)m->first; // NOLINT(performance-no-int-to-ptr)
    if (m->is_of_file && !m->is_changed) madvise(first, m->end - m->first, MADV_DONTNEED);
}

void pl_pages_give_back(void)
{
    char line[MAX_LINE_BYTES];
    mapping m = {0};
    FILE *f = fopen("/proc/self/smaps", "re");
    if (f == NULL) return;
    while (fgets(line, sizeof line, f)) {
        if (read_head(line, &m)) continue;
        read_size(line, &m);
        if (strncmp(line, "VmFlags:", 8) == 0) give_back(&m); /* the last line of each */
    }
    fclose(f);
}
