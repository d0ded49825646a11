/* SPDX-License-Identifier: MIT
 *
 * Lua's patterns (Lua 5.1 reference manual, section 5.4.1, with LuaJIT's %g and %f), in steps that
 * are counted. A pattern is the integrator's, a text is a stranger's, and Lua's own matcher cannot
 * be stopped while it tries: this one asks `is_over` now and then, and gives up.
 *
 * It says what LuaJIT says of a malformed pattern, and at the same moment: when a match gets there.
 * One difference: a NUL in a pattern is a character as others, and not the end of the pattern. */
#ifndef PL_TEXT_PATTERN_H
#define PL_TEXT_PATTERN_H

#include "base/slice.h"

#include <stdint.h>

#define PL_PATTERN_MAX_CAPTURES 32   /* Lua's */
#define PL_PATTERN_MAX_DEPTH    200  /* captures and quantifiers within each other; LuaJIT's */
#define PL_PATTERN_POLL_STEPS   1000 /* from one `is_over` to the next */

enum pl_pattern_result {
    PL_PATTERN_NONE,  /* no match */
    PL_PATTERN_FOUND, /* `start`, `end` and the captures say what */
    PL_PATTERN_WRONG, /* the pattern is malformed: `wrong` says how */
    PL_PATTERN_OVER,  /* given up, since `is_over` said so */
};

/* Length of a capture that is a position, (). */
#define PL_CAPTURE_POSITION (-2)

typedef struct pl_capture {
    const char *start;
    ptrdiff_t len;
} pl_capture;

/* One pattern on one text: the caller's, who sets what `init` takes and reads the rest. */
typedef struct pl_pattern {
    pl_slice text, pattern; /* without the ^ of an anchored one */
    bool is_anchored;
    bool (*is_over)(void *ud);
    void *ud;
    const char *start, *end; /* of the match */
    int capture_count;
    pl_capture captures[PL_PATTERN_MAX_CAPTURES];
    const char *wrong;

    enum pl_pattern_result stopped; /* WRONG or OVER, from then on */
    int64_t steps_left;             /* until `is_over` is asked */
    int depth;
} pl_pattern;

/* `may_be_anchored`: a ^ at the beginning is an anchor. In gmatch of Lua 5.1 it is a character. */
void pl_pattern_init(pl_pattern *m, pl_slice text, pl_slice pattern, bool may_be_anchored,
                     bool (*is_over)(void *ud), void *ud);
/* The first match that begins at byte `from` or behind; of an anchored pattern, at `from`. */
enum pl_pattern_result pl_pattern_find(pl_pattern *m, size_t from);
/* Capture `index`, from 0; the whole match is capture 0 of a pattern without captures. False when
 * there is none such, with `wrong`. */
bool pl_pattern_capture(pl_pattern *m, int index, pl_capture *capture);
/* Counts work that the caller does for a match; false when it is over. */
bool pl_pattern_spend(pl_pattern *m, size_t steps);

/* No character of it is magic. */
bool pl_pattern_is_plain(pl_slice pattern);
/* Where `wanted` first is in the text, or NULL; in a time that grows with the text and no faster. */
const char *pl_plain_find(pl_slice text, pl_slice wanted);

#endif
