/* SPDX-License-Identifier: MIT
 *
 * Deliveries that have the same key (`order_by`) go one after another, in the order in which their
 * events were committed: those of one webhook, or of all webhooks of a connector that say nothing of
 * their own. The store sees to it: of a key only one delivery at a time
 * can be held or claimed, the others wait behind it, and with the end of the one the next may go.
 * Here: what becomes of a key whose delivery fails. */
#ifndef PL_FLOW_ORDER_H
#define PL_FLOW_ORDER_H

#include "base/slice.h"

/* While a delivery waits for its next attempt, block and skip let its key wait.
 *
 *   block   one that has failed for good stops its key until it is retried or cancelled
 *   skip    after one that has failed for good the next one goes
 *   newest  after each failure the newest goes, and what is older is superseded: cancelled */
#define PL_ORDER_RULES(X)      \
    X(PL_ORDER_BLOCK, "block") \
    X(PL_ORDER_SKIP, "skip")   \
    X(PL_ORDER_NEWEST, "newest")

enum pl_order_rule {
#define X(code, ...) code,
    PL_ORDER_RULES(X)
#undef X
};

/* PL_ORDER_SKIP for a name that is none: a webhook without an order stops no key. */
static inline enum pl_order_rule pl_order_rule_of_name(pl_slice name)
{
#define X(code, text) \
    if (pl_slice_eq(name, PL_SLICE(text))) return code;
    PL_ORDER_RULES(X)
#undef X
    return PL_ORDER_SKIP;
}

#endif
