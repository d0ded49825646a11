/* SPDX-License-Identifier: MIT
 *
 * A destination has an entry from its first fault to its next answer. Invariants: an entry has
 * failed at least once; one that is closed has failed less often than it takes; there is a probe
 * under way if and only if the state is PROBING. */
#include "flow/breaker.h"

#include "base/buf.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define CHAINS 1024
/* Who finds a probe under way comes back after this part of the cool-down, but not too soon. */
#define PROBE_PART     4
#define PROBE_LEAST_MS 100

typedef struct entry {
    struct entry *chain;
    enum pl_breaker_state state;
    uint64_t failures;
    int64_t cooldown_ms;
    uint64_t open_until_us;
    uint64_t probe;                /* PROBING: the number of the one that is under way */
    bool is_told;                  /* that it is open */
    char *destination, *connector; /* NUL-terminated */
} entry;

struct pl_breakers {
    pthread_mutex_t lock;
    entry *table[CHAINS];
    _Atomic uint64_t count; /* written with the lock held */
    uint64_t open, probes;
};

pl_breakers *pl_breakers_new(void)
{
    pl_breakers *all = pl_alloc_zero(sizeof *all);
    pthread_mutex_init(&all->lock, NULL);
    return all;
}

static void entry_free(entry *e)
{
    free(e->destination);
    free(e->connector);
    free(e);
}

void pl_breakers_free(pl_breakers *all)
{
    if (all == NULL) return;
    for (size_t i = 0; i < CHAINS; i++) {
        for (entry *e = all->table[i], *next; e; e = next) {
            next = e->chain;
            entry_free(e);
        }
    }
    pthread_mutex_destroy(&all->lock);
    free(all);
}

/* Asked without the lock, as mostly nothing fails: who finds no entry comes before who adds one. */
static bool is_empty(pl_breakers *all)
{
    return atomic_load(&all->count) == 0;
}

static entry **chain_of(pl_breakers *all, pl_slice destination)
{
    return &all->table[pl_slice_hash(destination) % CHAINS];
}

static entry *find(pl_breakers *all, pl_slice destination)
{
    for (entry *e = *chain_of(all, destination); e; e = e->chain)
        if (pl_slice_eq(pl_slice_of(e->destination), destination)) return e;
    return NULL;
}

static entry *add(pl_breakers *all, pl_slice destination)
{
    entry **chain = chain_of(all, destination);
    entry *e = pl_alloc_zero(sizeof *e);
    e->destination = pl_alloc_text(destination);
    e->chain = *chain;
    all->count++;
    return *chain = e;
}

static void drop(pl_breakers *all, entry *e)
{
    entry **link = chain_of(all, pl_slice_of(e->destination));
    while (*link != e)
        link = &(*link)->chain;
    *link = e->chain;
    all->count--;
    entry_free(e);
}

/* -- the state machine -- */

static void open_for(pl_breakers *all, entry *e, uint64_t now_us, int64_t cooldown_ms)
{
    if (e->state == PL_BREAKER_CLOSED) all->open++;
    e->state = PL_BREAKER_OPEN;
    e->cooldown_ms = cooldown_ms;
    e->open_until_us = now_us + (uint64_t)cooldown_ms * 1000;
}

static int64_t left_ms(const entry *e, uint64_t now_us)
{
    return e->open_until_us > now_us ? (int64_t)((e->open_until_us - now_us + 999) / 1000) : 0;
}

static int64_t ask(pl_breakers *all, entry *e, uint64_t now_us, pl_breaker_pass *pass)
{
    if (e->state == PL_BREAKER_PROBING) {
        int64_t wait_ms = e->cooldown_ms / PROBE_PART;
        return wait_ms > PROBE_LEAST_MS ? wait_ms : PROBE_LEAST_MS;
    }
    if (e->state == PL_BREAKER_OPEN) {
        int64_t wait_ms = left_ms(e, now_us);
        if (wait_ms) return wait_ms;
        e->state = PL_BREAKER_PROBING;
        pass->probe = e->probe = ++all->probes;
    }
    return 0;
}

static const pl_breaker_turn no_turn = {.state = -1};

/* It opens, or stays open for longer. One that opened quietly is told of as soon as anybody else
 * finds it so. */
static pl_breaker_turn opens(entry *e, bool is_quiet)
{
    bool is_news = !is_quiet && !e->is_told;
    if (is_news) e->is_told = true;
    return (pl_breaker_turn){PL_BREAKER_OPEN, is_news, e->failures};
}

static pl_breaker_turn fault(pl_breakers *all, const pl_breaker_terms *terms, entry *e,
                             uint64_t now_us, const pl_breaker_pass *pass, bool is_probe)
{
    e->failures++;
    if (is_probe) {
        int64_t twice = e->cooldown_ms * 2;
        open_for(all, e, now_us, twice < terms->max_ms ? twice : terms->max_ms);
        return opens(e, pass->is_quiet);
    }
    if (e->state != PL_BREAKER_CLOSED || e->failures < (uint64_t)terms->failures) return no_turn;
    open_for(all, e, now_us, terms->cooldown_ms);
    return opens(e, pass->is_quiet);
}

static pl_breaker_turn answer(pl_breakers *all, entry *e)
{
    pl_breaker_turn turn = {PL_BREAKER_CLOSED, e->is_told, e->failures};
    bool was_open = e->state != PL_BREAKER_CLOSED;
    if (was_open) all->open--;
    drop(all, e);
    return was_open ? turn : no_turn;
}

/* -- public -- */

int64_t pl_breaker_ask(pl_breakers *all, const pl_breaker_terms *terms, pl_slice destination,
                       uint64_t now_us, pl_breaker_pass *pass)
{
    *pass = (pl_breaker_pass){0};
    if (terms->failures == 0) return 0;
    pass->is_given = true;
    if (is_empty(all)) return 0;
    pthread_mutex_lock(&all->lock);
    entry *e = find(all, destination);
    int64_t wait_ms = e ? ask(all, e, now_us, pass) : 0;
    pthread_mutex_unlock(&all->lock);
    pass->is_given = wait_ms == 0;
    return wait_ms;
}

static pl_breaker_turn tell(pl_breakers *all, const pl_breaker_terms *terms, pl_slice destination,
                            pl_slice connector, uint64_t now_us, const pl_breaker_pass *pass,
                            enum pl_breaker_news news)
{
    entry *e = find(all, destination);
    /* A probe whose destination has answered meanwhile is as any other request; there may be another
     * by now. */
    bool is_probe = e && e->state == PL_BREAKER_PROBING && e->probe == pass->probe;
    if (news == PL_BREAKER_ANSWER) return e ? answer(all, e) : no_turn;
    if (news == PL_BREAKER_NOTHING) {
        if (is_probe) e->state = PL_BREAKER_OPEN;
        return no_turn;
    }
    if (e == NULL && all->count >= PL_BREAKER_MOST) return no_turn;
    if (e == NULL) e = add(all, destination);
    if (e->connector == NULL || !pl_slice_eq(pl_slice_of(e->connector), connector)) {
        free(e->connector);
        e->connector = pl_alloc_text(connector);
    }
    return fault(all, terms, e, now_us, pass, is_probe);
}

pl_breaker_turn pl_breaker_tell(pl_breakers *all, const pl_breaker_terms *terms,
                                pl_slice destination, pl_slice connector, uint64_t now_us,
                                pl_breaker_pass *pass, enum pl_breaker_news news)
{
    pl_breaker_turn turn = no_turn;
    if (!pass->is_given) return turn;
    if (news == PL_BREAKER_FAULT || !is_empty(all)) {
        pthread_mutex_lock(&all->lock);
        turn = tell(all, terms, destination, connector, now_us, pass, news);
        pthread_mutex_unlock(&all->lock);
    }
    *pass = (pl_breaker_pass){0};
    return turn;
}

void pl_breakers_show(pl_breakers *all, pl_slice connector, uint64_t now_us,
                      void (*show)(void *arg, const pl_breaker_view *view), void *arg)
{
    pthread_mutex_lock(&all->lock);
    for (size_t i = 0; i < CHAINS && all->open > 0; i++) {
        for (const entry *e = all->table[i]; e; e = e->chain) {
            if (e->state == PL_BREAKER_CLOSED) continue;
            if (!pl_slice_eq(pl_slice_of(e->connector), connector)) continue;
            show(arg, &(pl_breaker_view){.destination = pl_slice_of(e->destination),
                                         .state = e->state,
                                         .failures = e->failures,
                                         .left_ms = left_ms(e, now_us)});
        }
    }
    pthread_mutex_unlock(&all->lock);
}

uint64_t pl_breakers_open(pl_breakers *all)
{
    pthread_mutex_lock(&all->lock);
    uint64_t open = all->open;
    pthread_mutex_unlock(&all->lock);
    return open;
}

const char *pl_breaker_state_name(enum pl_breaker_state state)
{
    return state == PL_BREAKER_OPEN ? "open" : state == PL_BREAKER_PROBING ? "probing" : "closed";
}

const char *pl_breakers_check(pl_breakers *all)
{
    uint64_t count = 0, open = 0;
    for (size_t i = 0; i < CHAINS; i++) {
        for (entry *e = all->table[i]; e; e = e->chain) {
            if (chain_of(all, pl_slice_of(e->destination)) != &all->table[i])
                return "in a foreign chain";
            if (e->failures == 0) return "an entry without a fault";
            if (e->state != PL_BREAKER_CLOSED && e->open_until_us == 0)
                return "open without an end";
            count++;
            open += e->state != PL_BREAKER_CLOSED;
        }
    }
    if (count != all->count) return "the entries are not as many as counted";
    return open == all->open ? NULL : "those that are open are not as many as counted";
}
