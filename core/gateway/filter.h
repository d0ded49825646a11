/* SPDX-License-Identifier: MIT
 *
 * Which deliveries a request is about: its words, of the query of GET /v1/deliveries and of the
 * "filter" of a job, one list for both. */
#ifndef PL_GATEWAY_FILTER_H
#define PL_GATEWAY_FILTER_H

#include "base/arena.h"
#include "store/store.h"

#define PL_FILTER_NAMES                                                                            \
    "connector, webhook, type, event, source, token, text, state, kind, status, from, to, cursor " \
    "and limit"

void pl_filter_init(pl_feed_filter *f);
/* Sets one by its name: NULL, or what was expected of the value; *known is false when there is no
 * such name. `value` must live as long as the filter. */
const char *pl_filter_set(pl_feed_filter *f, pl_slice name, pl_slice value, bool *known);
/* The filter of a job as a valid JSON object: 0, or -1 with what is wrong in `error`. Texts are put
 * into the arena. One that cancels is about pending deliveries only. */
int pl_filter_of_json(pl_slice json, enum pl_command_kind kind, pl_arena *arena, pl_feed_filter *f,
                      char error[256]);

#endif
