/* SPDX-License-Identifier: MIT */
#include "gateway/health.h"

#include "net/loop.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Chains beyond that: a gateway has tens of connectors, seldom hundreds. */
#define TABLE_SLOTS 1024
#define ERROR_BYTES 200

typedef struct entry {
    struct entry *chain;
    uint64_t attempts, failures;
    int64_t last_ms, last_success_ms, last_failure_ms;
    char outcome[32], error[ERROR_BYTES];
    size_t name_len;
    char name[];
} entry;

struct pl_health {
    pthread_mutex_t lock;
    entry *slots[TABLE_SLOTS];
};

static entry **slot_of(pl_health *h, pl_slice name)
{
    return &h->slots[pl_slice_hash(name) % TABLE_SLOTS];
}

static entry *find(pl_health *h, pl_slice name)
{
    for (entry *e = *slot_of(h, name); e; e = e->chain)
        if (pl_slice_eq(name, (pl_slice){e->name, e->name_len})) return e;
    return NULL;
}

static entry *add(pl_health *h, pl_slice name)
{
    entry **slot = slot_of(h, name);
    entry *e = pl_alloc_zero(sizeof *e + name.len);
    memcpy(e->name, name.ptr, name.len);
    e->name_len = name.len;
    e->chain = *slot;
    return *slot = e;
}

pl_health *pl_health_new(void)
{
    pl_health *h = pl_alloc_zero(sizeof *h);
    pthread_mutex_init(&h->lock, NULL);
    return h;
}

void pl_health_free(pl_health *h)
{
    if (h == NULL) return;
    for (size_t i = 0; i < TABLE_SLOTS; i++) {
        for (entry *e = h->slots[i], *next; e; e = next) {
            next = e->chain;
            free(e);
        }
    }
    pthread_mutex_destroy(&h->lock);
    free(h);
}

void pl_health_note(pl_health *h, const pl_record *record)
{
    const pl_attempt *a = record->attempt;
    pthread_mutex_lock(&h->lock);
    entry *e = find(h, record->connector);
    if (e == NULL) e = add(h, record->connector);
    e->attempts++;
    e->last_ms = record->now_ms;
    if (a->stage == NULL) {
        e->last_success_ms = record->now_ms;
    } else {
        e->failures++;
        e->last_failure_ms = record->now_ms;
        snprintf(e->outcome, sizeof e->outcome, "%s", a->outcome);
        snprintf(e->error, sizeof e->error, "%.*s", PL_FMT(a->error));
    }
    pthread_mutex_unlock(&h->lock);
}

static void write_quota(pl_quotas *quotas, pl_slice connector, pl_json_writer *w)
{
    pl_quota_state s = pl_quota_state_of(quotas, connector, pl_monotonic_us());
    pl_jw_key(w, "in_flight");
    pl_jw_int(w, s.in_flight);
    pl_jw_member_time(w, "paused_until", s.pause_ms ? pl_wall_ms() + s.pause_ms : 0);
}

static void write_breaker(void *arg, const pl_breaker_view *view)
{
    pl_json_writer *w = arg;
    pl_jw_object(w);
    pl_jw_key(w, "destination");
    pl_jw_string(w, view->destination);
    pl_jw_key(w, "state");
    pl_jw_text(w, pl_breaker_state_name(view->state));
    pl_jw_key(w, "failures");
    pl_jw_int(w, (int64_t)view->failures);
    pl_jw_member_time(w, "until", pl_wall_ms() + view->left_ms);
    pl_jw_object_end(w);
}

static void write_breakers(pl_breakers *breakers, pl_slice connector, pl_json_writer *w)
{
    pl_jw_key(w, "breakers");
    pl_jw_array(w);
    pl_breakers_show(breakers, connector, pl_monotonic_us(), write_breaker, w);
    pl_jw_array_end(w);
}

void pl_health_write_switch(pl_json_writer *w, const pl_switch *s)
{
    pl_jw_object(w);
    pl_jw_key(w, "connector");
    pl_jw_string(w, s->connector);
    pl_jw_key(w, "webhook");
    pl_jw_string(w, s->webhook);
    pl_jw_member_time(w, "since", s->since_ms);
    pl_jw_key(w, "by");
    pl_jw_string(w, s->by);
    pl_jw_member_text(w, "reason", s->reason);
    pl_jw_object_end(w);
}

static void write_switch(void *arg, const pl_switch *s)
{
    pl_health_write_switch(arg, s);
}

void pl_health_write_switches(pl_switches *switches, pl_slice connector, pl_json_writer *w)
{
    pl_jw_array(w);
    pl_switches_show(switches, connector, PL_NO_SLICE, write_switch, w);
    pl_jw_array_end(w);
}

void pl_health_write(pl_health *h, pl_quotas *quotas, pl_breakers *breakers, pl_switches *switches,
                     pl_slice connector, pl_json_writer *w)
{
    static const entry nothing;
    pthread_mutex_lock(&h->lock);
    const entry *e = find(h, connector);
    if (e == NULL) e = &nothing;
    pl_jw_object(w);
    pl_jw_key(w, "attempts");
    pl_jw_int(w, (int64_t)e->attempts);
    pl_jw_key(w, "failures");
    pl_jw_int(w, (int64_t)e->failures);
    pl_jw_member_time(w, "last_attempt", e->last_ms);
    pl_jw_member_time(w, "last_success", e->last_success_ms);
    pl_jw_key(w, "last_failure");
    if (e->last_failure_ms) {
        pl_jw_object(w);
        pl_jw_member_time(w, "time", e->last_failure_ms);
        pl_jw_key(w, "outcome");
        pl_jw_text(w, e->outcome);
        pl_jw_key(w, "error");
        pl_jw_text(w, e->error);
        pl_jw_object_end(w);
    } else {
        pl_jw_null(w);
    }
    write_quota(quotas, connector, w);
    write_breakers(breakers, connector, w);
    pl_jw_key(w, "disabled");
    pl_health_write_switches(switches, connector, w);
    pl_jw_object_end(w);
    pthread_mutex_unlock(&h->lock);
}
