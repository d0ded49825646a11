/* SPDX-License-Identifier: MIT
 *
 * Operator events: what the gateway itself has to tell. They are events as any other, kept, routed,
 * delivered and tried again, but made only when a webhook wants them. Their deliveries wait in the
 * store until they are claimed, so that a storm of them fills no memory.
 *
 * What becomes of the delivery of an operator event is nobody's news: a webhook for them that fails
 * does not feed itself. */
#ifndef PL_FLOW_NOTICE_H
#define PL_FLOW_NOTICE_H

#include "base/json.h"
#include "flow/journal.h"
#include "flow/notice_kind.h"

typedef struct pl_engine pl_engine;
typedef struct pl_notice pl_notice;

/* Begins one; the caller writes the members of its data to the writer, then ends it. False: no
 * webhook has this trigger, and nothing was begun. */
bool pl_notice_begin(pl_engine *e, enum pl_notice_kind kind, pl_buf *data, pl_json_writer *w);
/* The event, routed; NULL when no webhook wants just this one. Frees the data. */
pl_notice *pl_notice_end(pl_engine *e, enum pl_notice_kind kind, pl_buf *data, pl_json_writer *w);

/* It goes to disk by itself, as soon as the store can; then it is gone. NULL is none. */
void pl_notice_post(pl_notice *n);
/* Or as part of an operation, which takes its commit along; after that one is carried out the notice is
 * gone. `is_kept`: it was written. NULL is none. */
pl_commit *pl_notice_commit(pl_notice *n);
void pl_notice_done(pl_notice *n, bool is_kept);

/* Of a webhook that is disabled or enabled. */
pl_notice *pl_notice_of_switch(pl_engine *e, const pl_switch *s, bool is_off);

#endif
