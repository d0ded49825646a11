/* SPDX-License-Identifier: MIT
 *
 * Python's replacement templates (re.sub): inner to core/text. */
#ifndef PL_TEXT_REGEX_REPLACE_H
#define PL_TEXT_REGEX_REPLACE_H

#include "base/buf.h"

/* The groups of a pattern, and of a match of it. */
typedef struct pl_regex_groups {
    void *ud;
    size_t count; /* without group 0 */
    /* The number of a named group, or -1. */
    int (*number_of)(void *ud, pl_slice name);
    /* The text of a group; NULL for all: there is no match yet. */
    pl_slice (*text_of)(void *ud, size_t group);
} pl_regex_groups;

/* Appends the template with the groups put in. Without `text_of` it only looks for mistakes. NULL,
 * or what is wrong, written into `message`. */
const char *pl_regex_expand(pl_buf *out, pl_slice template, const pl_regex_groups *groups,
                            pl_buf *message);

#endif
