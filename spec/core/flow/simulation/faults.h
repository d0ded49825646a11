/* SPDX-License-Identifier: MIT
 *
 * What goes wrong around the engines: receivers with moods, scripts that fail and hang, a store that
 * fails and refuses. In calm times nothing does. */
#ifndef PL_SPEC_FLOW_FAULTS_H
#define PL_SPEC_FLOW_FAULTS_H

#include "base/time.h"
#include "folder.h"

#include <time.h>

enum mood { FINE, SLOW, FLAKY, REFUSING, HANGING, RESETTING, BUSY, BROKEN, GONE, LOCKED, MOODS };

static enum mood moods[HOSTS];
static bool is_calm;

/* -- receivers -- */

static inline reply status_after(int64_t delay_ms, int status)
{
    return (reply){.delay_ms = delay_ms, .status = status};
}

static inline reply fault_after(int64_t delay_ms, int code)
{
    return (reply){.delay_ms = delay_ms, .code = code};
}

static inline void put_date(reply *r)
{
    time_t at = (time_t)(world_wall_ms() / 1000 + r->retry_after_s);
    struct tm parts;
    r->retry_at_ms = at * INT64_C(1000);
    strftime(r->retry_after, sizeof r->retry_after, "%a, %d %b %Y %H:%M:%S GMT",
             gmtime_r(&at, &parts));
}

/* A date means another wait when the clock is set between the answer and who reads it. */
static inline void want_a_rest(reply *r)
{
    static const char *const nonsense[] = {"soon", "-5", "1e3", "Mon, 99 Foo 2020 00:00:00 GMT"};
    if (chance(30)) return;
    if (chance(20)) {
        snprintf(r->retry_after, sizeof r->retry_after, "%s", nonsense[below(4)]);
        return;
    }
    r->retry_after_s = (int)between(1, 20);
    if (chances.leap == 0 && chance(30)) put_date(r);
}

static inline reply reply_in(enum mood mood, int64_t timeout_ms)
{
    int64_t soon_ms = between(1, 60);
    reply r;
    switch (mood) {
    case SLOW:
        return status_after(below(timeout_ms * 3 / 2 + 1), 200);
    case FLAKY:
        return reply_in(chance(50) ? FINE : (enum mood)below(MOODS), timeout_ms);
    case REFUSING:
        return fault_after(soon_ms, (int)ONE_OF(PL_E_CONNECT, PL_E_DNS, PL_E_TLS, PL_E_PROXY,
                                                PL_E_EGRESS, PL_E_CONNECT));
    case HANGING:
        return fault_after(chance(30) ? below(timeout_ms) : timeout_ms, PL_E_TIMEOUT);
    case RESETTING:
        r = fault_after(below(timeout_ms),
                        (int)ONE_OF(PL_E_RESET, PL_E_PROTOCOL, PL_E_TOO_LARGE, PL_E_REDIRECT));
        r.status = chance(50) ? 200 : 0; /* it may end in the middle of an answer */
        return r;
    case BUSY:
        r = status_after(soon_ms, chance(50) ? 429 : 503);
        want_a_rest(&r);
        return r;
    case BROKEN:
        return status_after(soon_ms, (int)ONE_OF(500, 502, 504, 507, 408, 425, 599));
    case GONE:
        return status_after(soon_ms, (int)ONE_OF(410, 404, 400, 302));
    case LOCKED:
        return status_after(soon_ms, (int)ONE_OF(401, 401, 403));
    default:
        return status_after(soon_ms, (int)ONE_OF(200, 201, 204));
    }
}

static inline int host_number(const pl_exchange *x)
{
    for (int i = 0; i < HOSTS; i++)
        if (pl_slice_eq(x->request.url, pl_slice_of(host_urls[i]))) return i;
    return -1;
}

static inline reply reply_of_network(const pl_exchange *x)
{
    int64_t timeout_ms = x->request.timeout_ms;
    reply r = reply_in(is_calm ? FINE : moods[host_number(x)], timeout_ms);
    bool is_late = r.delay_ms >= timeout_ms && r.code != PL_E_TIMEOUT;
    if (is_late && !chance(chances.late_answers)) return fault_after(timeout_ms, PL_E_TIMEOUT);
    return r;
}

static inline bool is_healthy(const pl_exchange *x)
{
    return has_healthy && x->policy->connector.ptr[0] == 'a';
}

/* -- scripts -- */

static inline plan plan_of_script(pl_exchange *x)
{
    if (is_calm || is_healthy(x)) return (plan){0, -1};
    if (x->stage == PL_STAGE_MAP && !x->ok && chance(chances.verdicts))
        x->verdict = chance(50) ? PL_VERDICT_RETRY : PL_VERDICT_FINAL;
    if (chance(chances.script_hangs)) return (plan){0, FOREVER};
    int64_t wait_ms = chance(chances.script_waits) ? below(1500) : -1;
    if (chance(chances.script_faults))
        return (plan){x->stage == PL_STAGE_AUTHENTICATE ? PL_E_AUTH : PL_E_SCRIPT, wait_ms};
    return (plan){x->stage == PL_STAGE_REAUTHORIZE && chance(50) ? PL_AGAIN : 0, wait_ms};
}

/* -- the store -- */

static int64_t group_ms;
static int group_fault;

/* Of a whole group mostly: what fails is the commit. */
static inline int fault_of_store(const pl_op *op)
{
    (void)op;
    if (is_calm) return 0;
    if (group_ms != w.now_ms || chance(20)) {
        group_ms = w.now_ms;
        group_fault = !chance(chances.store_faults) ? 0 : chance(50) ? PL_E_STORE : PL_E_STORE_FULL;
    }
    return group_fault;
}

static inline bool refusal_of_store(const pl_op *op)
{
    (void)op;
    return !is_calm && chance(chances.refusals);
}

#endif
