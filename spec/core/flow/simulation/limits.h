/* SPDX-License-Identifier: MIT
 *
 * What receivers are asked to bear, counted from outside: starts by connector against its rate, its
 * concurrency and the pauses it asked for; requests by host against the breaker. Each account is
 * as plain as it gets, and knows nothing of how the engine does it. */
#ifndef PL_SPEC_FLOW_SIMULATION_LIMITS_H
#define PL_SPEC_FLOW_SIMULATION_LIMITS_H

#include "flights.h"

/* -- rates -- */

/* Of a connector, of a webhook with a rate of its own, or of a host. */
typedef struct account {
    pl_rate rate;
    double level; /* of a bucket that leaks at the rate and overflows at the burst */
    int64_t level_ms, paused_until_ms;
    uint32_t concurrency; /* the widest that any version allowed; 0: any */
    int under_way;        /* attempts at deliveries */
} account;

#define ACCOUNTS (CONNECTORS + SITES + HOSTS)

static account accounts[ACCOUNTS];

static inline account *account_of_connector(const flight *f)
{
    return &accounts[f->connector];
}

/* Whose rate counts for this webhook. */
static inline account *account_of_webhook(const flight *f)
{
    return f->has_own_rate ? &accounts[CONNECTORS + f->site] : account_of_connector(f);
}

static inline account *account_of_host(const flight *f)
{
    return &accounts[CONNECTORS + SITES + f->host];
}

static inline pl_rate rate_of_account(const folder *f, int i)
{
    if (i < CONNECTORS) return f->rates[i];
    if (i < CONNECTORS + SITES) return f->sites[i - CONNECTORS].own_rate;
    int limit = f->limit_of[i - CONNECTORS - SITES];
    return limit < 0 ? (pl_rate){0} : f->limits[limit].rate;
}

static inline void account_leak(account *a)
{
    a->level -= (double)(w.now_ms - a->level_ms) / 1000 * a->rate.per_second;
    if (a->level < 0) a->level = 0;
    a->level_ms = w.now_ms;
}

/* A rate that has changed counts from when all workers have it: until then they fill the same bucket
 * by two. */
static inline void account_take(account *a, const pl_rate *rate)
{
    if (!are_up_to_date() || rate->per_second != a->rate.per_second || rate->burst != a->rate.burst)
        a->rate = *rate, a->level = 0;
    if (rate->per_second <= 0) return;
    account_leak(a);
    a->level += 1;
    RULE("never more than burst + rate * t begin within t", a->level <= a->rate.burst + 1e-3);
}

static inline void account_start(const flight *f, const pl_rate *rate)
{
    RULE("nothing begins while the receiver wants a pause",
         w.now_ms >= account_of_connector(f)->paused_until_ms);
    account_take(account_of_webhook(f), rate);
}

/* One that was put off has not been sent: another may go in its place. */
static inline void account_put_off(flight *f)
{
    account *a = account_of_webhook(f);
    f->is_put_off = true;
    account_leak(a);
    a->level = a->level > 1 ? a->level - 1 : 0;
}

/* -- concurrency -- */

static inline void account_go(account *a)
{
    a->under_way++;
    RULE("no more are sent at once than the receiver bears",
         a->concurrency == 0 || a->under_way <= (int)a->concurrency);
}

static inline void account_send(flight *f)
{
    f->in_the_air = true;
    if (f->is_call) return;
    account_go(account_of_webhook(f));
    account_go(account_of_host(f));
}

static inline void account_landed(flight *f)
{
    if (f->in_the_air && !f->is_call) {
        account_of_webhook(f)->under_way--;
        account_of_host(f)->under_way--;
    }
    f->in_the_air = false;
}

/* A host's place is taken when it is sent, unless it had to queue for it: then there may be scripts
 * in between that wait. */
static inline void account_at_host(const flight *f, const folder *loaded)
{
    bool is_at_once = chances.script_waits + chances.script_hangs + chances.stall == 0;
    pl_rate rate = rate_of_account(loaded, CONNECTORS + SITES + f->host);
    if (is_at_once && !f->is_call) account_take(account_of_host(f), &rate);
}

/* -- reloads -- */

static inline void accounts_count_anew(void)
{
    for (int i = 0; i < ACCOUNTS; i++)
        accounts[i].level = 0;
}

static inline void accounts_widen(const folder *f)
{
    for (int i = 0; i < ACCOUNTS; i++) {
        uint32_t *widest = &accounts[i].concurrency, now = rate_of_account(f, i).concurrency;
        *widest = *widest && now ? (now > *widest ? now : *widest) : 0;
    }
}

/* -- breakers -- */

static struct ledger {
    int64_t faults;
    bool is_open;
    int64_t cooldown_ms, open_until_ms;
    const flight *probe;
} ledgers[HOSTS];

static inline void ledger_send(flight *f)
{
    struct ledger *l = &ledgers[f->host];
    f->has_pass = true;
    if (f->x->kind == PL_KIND_TRY || !l->is_open) return;
    RULE("a receiver that is left alone is not asked", w.now_ms >= l->open_until_ms);
    RULE("one probe at a time", l->probe == NULL);
    l->probe = f;
    f->is_probe = true;
}

static inline void ledger_open(struct ledger *l, int64_t cooldown_ms)
{
    l->is_open = true;
    l->cooldown_ms = sooner(cooldown_ms, w.settings.breaker_max);
    l->open_until_ms = w.now_ms + l->cooldown_ms;
}

static inline bool is_receiver_gone(int code, int status)
{
    switch (code) {
    case 0:
        return status == 502 || status == 503 || status == 504;
    case PL_E_DNS:
    case PL_E_CONNECT:
    case PL_E_TLS:
    case PL_E_TIMEOUT:
    case PL_E_RESET:
    case PL_E_PROTOCOL:
        return true;
    default:
        return false;
    }
}

/* What says nothing of the receiver: the gateway's own troubles, and its proxy's. */
static inline bool says_nothing(int code)
{
    return code == PL_E_PROXY || code == PL_E_EGRESS || code == PL_E_REDIRECT;
}

static inline void ledger_answer(flight *f, int code, int status)
{
    struct ledger *l = &ledgers[f->host];
    if (!f->has_pass) return; /* a second round */
    f->has_pass = false;
    bool was_probe = l->probe == f;
    if (was_probe) l->probe = NULL;
    if (says_nothing(code)) return;
    if (!is_receiver_gone(code, status)) {
        *l = (struct ledger){0};
        return;
    }
    l->faults++;
    if (was_probe)
        ledger_open(l, l->cooldown_ms * 2);
    else if (!l->is_open && l->faults >= w.settings.breaker_failures)
        ledger_open(l, w.settings.breaker_cooldown);
}

static inline void ledger_drop(flight *f)
{
    if (!f->has_pass) return;
    f->has_pass = false;
    if (ledgers[f->host].probe == f) ledgers[f->host].probe = NULL;
}

/* -- a new process -- */

static inline void accounts_reset(void)
{
    memset(accounts, 0, sizeof accounts);
    for (int i = 0; i < ACCOUNTS && newest; i++)
        accounts[i].concurrency = rate_of_account(newest, i).concurrency;
    memset(ledgers, 0, sizeof ledgers);
    flights_sweep(true);
}

#endif
