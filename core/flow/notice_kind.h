/* SPDX-License-Identifier: MIT
 *
 * The kinds of operator events, which are what the gateway itself has to tell (notice.h).
 *
 *   X(kind, type of the event)      members of its data */
#ifndef PL_FLOW_NOTICE_KIND_H
#define PL_FLOW_NOTICE_KIND_H

#include "base/slice.h"

/* clang-format off */
#define PL_NOTICES(X)                                                                             \
    /* connector, webhook, since, by, reason */                                                   \
    X(PL_NOTICE_DISABLED, "perilune.endpoint.disabled")                                           \
    /* connector, webhook, by */                                                                  \
    X(PL_NOTICE_ENABLED, "perilune.endpoint.enabled")                                             \
    /* destination, connector (that found out), failures (in a row), outcome (of the last) */     \
    X(PL_NOTICE_DOWN, "perilune.endpoint.down")                                                   \
    /* destination, connector */                                                                  \
    X(PL_NOTICE_RECOVERED, "perilune.endpoint.recovered")                                         \
    /* connector, webhook, delivery, event_id, event_type, created, attempts, outcome, status,    \
       error: of the last attempt */                                                              \
    X(PL_NOTICE_FAILED, "perilune.delivery.failed")                                               \
    /* connector, pending, disabled (of these: wait for their webhook), oldest,                   \
       oldest_age_seconds */                                                                      \
    X(PL_NOTICE_BACKLOG, "perilune.backlog")                                                      \
    /* the same */                                                                                \
    X(PL_NOTICE_CLEARED, "perilune.backlog.cleared")
/* clang-format on */

enum pl_notice_kind {
#define X(code, ...) code,
    PL_NOTICES(X)
#undef X
        PL_NOTICE_KINDS
};

const char *pl_notice_type(enum pl_notice_kind kind);
/* The kind of a type, or -1. */
int pl_notice_kind_of(pl_slice type);

#endif
