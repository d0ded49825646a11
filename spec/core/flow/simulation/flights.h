/* SPDX-License-Identifier: MIT
 *
 * The attempts that are under way, as the world sees them: from the first render to the row in the
 * store, or to nothing. */
#ifndef PL_SPEC_FLOW_FLIGHTS_H
#define PL_SPEC_FLOW_FLIGHTS_H

#include "faults.h"

typedef struct flight {
    pl_exchange *x;
    worker *at;
    bool is_call;
    int connector, site, host; /* host: -1 before it is sent */
    bool has_own_rate;
    uint32_t life; /* of its delivery when it began */
    int64_t started_ms;
    bool is_sent, in_the_air, is_put_off, is_over;
    bool has_pass, is_probe; /* of the breaker */
    int64_t answered_ms;
    int64_t asked_ms; /* by the answer: so long is nothing to be sent */
    bool is_date;     /* and it named the time */
    int status;
    struct flight *next;
} flight;

static flight *flights;

/* -- for traces -- */

static inline int number_of(const worker *me)
{
    return (int)(me - w.workers);
}

static inline const char *name_of(const pl_exchange *x)
{
    return x->delivery ? id_name(x->id) : "a call";
}

/* -- begin and end -- */

static inline flight *flight_of(const pl_exchange *x)
{
    for (flight *f = flights; f; f = f->next)
        if (f->x == x && !f->is_over) return f;
    return NULL;
}

static inline flight *flight_begin(worker *me, pl_exchange *x)
{
    flight *before = flight_of(x);
    if (before) before->is_over = true; /* abandoned */
    flight *f = pl_alloc_zero(sizeof *f);
    *f = (flight){.x = x,
                  .at = me,
                  .is_call = x->delivery == NULL,
                  .connector = x->policy->connector.ptr[0] - 'a',
                  .site = site_number(x->policy->webhook),
                  .has_own_rate = x->policy->own_quota.len > 0,
                  .host = -1,
                  .started_ms = w.now_ms,
                  .next = flights};
    return flights = f;
}

static inline void flights_sweep(bool all)
{
    for (flight **link = &flights; *link;) {
        flight *f = *link;
        if (!all && !f->is_over) {
            link = &f->next;
            continue;
        }
        *link = f->next;
        free(f);
    }
}

#endif
