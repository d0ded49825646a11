/* SPDX-License-Identifier: MIT
 *
 * Switches: which webhooks are disabled, since when, by what and why. A webhook that is in the table
 * is off: its deliveries wait in the store and its calls fail, until an administrator enables it.
 *
 * The table mirrors what the store keeps: the store tells it at start and after each commit, in
 * order, and nobody else does. A webhook need not be loaded to be in it.
 *
 * Shared by all workers, one table with a lock; to ask it costs nothing while all webhooks are on.
 * Any thread. */
#ifndef PL_FLOW_SWITCHES_H
#define PL_FLOW_SWITCHES_H

#include "base/arena.h"
#include "base/slice.h"

#include <stdint.h>

typedef struct pl_switch {
    pl_slice connector, webhook;
    int64_t since_ms; /* wall clock */
    pl_slice by;      /* "delivery ID", whose answer did it; "token NAME"; "an administrator" */
    pl_slice reason;  /* for people; may be empty */
} pl_switch;

typedef struct pl_switches pl_switches;

pl_switches *pl_switches_new(void);
void pl_switches_free(pl_switches *all);

/* Disables a webhook; one that is disabled already stays as it is. Copies the texts. */
void pl_switches_off(pl_switches *all, const pl_switch *s);
void pl_switches_on(pl_switches *all, pl_slice connector, pl_slice webhook);

bool pl_switches_is_off(pl_switches *all, pl_slice connector, pl_slice webhook);
/* The same: NULL when it is on; otherwise what there is to say, for people, in the arena. */
const char *pl_switches_text(pl_switches *all, pl_slice connector, pl_slice webhook,
                             pl_arena *arena);
/* Shows those of a connector and a webhook, by name; an empty name is any. `show` must be quick. */
void pl_switches_show(pl_switches *all, pl_slice connector, pl_slice webhook,
                      void (*show)(void *arg, const pl_switch *s), void *arg);
uint64_t pl_switches_count(pl_switches *all);

#endif
