/* SPDX-License-Identifier: MIT
 *
 * Regular expressions (PCRE2), as close to Python's `re` as its syntax allows: texts are Unicode,
 * as are \w, \d and \s; replacements are written as Python's. A pattern is the integrator's, a text
 * is a stranger's: what a pattern may cost on a text is bounded.
 *
 * Compiled patterns are kept in a cache of their user, one thread's. Texts that are not UTF-8 are
 * repaired first (text/chars.h). */
#ifndef PL_TEXT_REGEX_H
#define PL_TEXT_REGEX_H

#include "base/buf.h"

#define PL_REGEX_MAX_PATTERN 4096   /* bytes */
#define PL_REGEX_MAX_STEPS   100000 /* of backtracking, from one place of the text */
#define PL_REGEX_MAX_HEAP_KB 32768  /* for what is to be tried yet */
#define PL_REGEX_MAX_MS      1000   /* of processor time, for one text */
#define PL_REGEX_CACHED      64     /* compiled patterns */

typedef struct pl_regex_cache pl_regex_cache;

typedef struct pl_regex_request {
    pl_slice text, pattern;
    pl_slice flags;   /* letters: i without case, m ^ and $ at lines, s dot is any, x spaced */
    bool is_anchored; /* at the beginning of the text only */
} pl_regex_request;

/* One group of a match; ptr NULL: it took no part. */
typedef void pl_regex_group_fn(void *ud, pl_slice group);

pl_regex_cache *pl_regex_cache_new(void);
void pl_regex_cache_free(pl_regex_cache *cache);

/* Appends the text with up to `limit` matches (0: all) replaced. In the replacement \1 and \g<1>
 * are groups, \g<name> too, \g<0> all of it; \n, \t and the like are what they are in Python. NULL,
 * or what is wrong: static or the cache's until its next use, with `out` undefined. */
const char *pl_regex_replace(pl_regex_cache *cache, const pl_regex_request *request,
                             pl_slice replacement, size_t limit, pl_buf *out);
/* Calls `each` with the whole first match and every group, which live until the next use of the
 * cache; not at all when there is none. NULL, or what is wrong. */
const char *pl_regex_match(pl_regex_cache *cache, const pl_regex_request *request,
                           pl_regex_group_fn *each, void *ud);

#endif
