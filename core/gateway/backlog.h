/* SPDX-License-Identifier: MIT
 *
 * Watches what is pending of each connector, and makes the operator events perilune.backlog and
 * perilune.backlog.cleared of it. One worker does it for all, every backlog.every, and only while a
 * webhook wants to know. */
#ifndef PL_GATEWAY_BACKLOG_H
#define PL_GATEWAY_BACKLOG_H

#include "gateway/worker.h"

pl_backlog *pl_backlog_new(pl_worker *w);
/* The worker stops: it looks no more. */
void pl_backlog_stop(pl_backlog *b);
/* After the store has answered all. */
void pl_backlog_free(pl_backlog *b);

#endif
