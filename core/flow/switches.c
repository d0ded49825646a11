/* SPDX-License-Identifier: MIT
 *
 * A list sorted by name: seldom is any webhook disabled, and never are many. */
#include "flow/switches.h"

#include "base/buf.h"
#include "base/time.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct entry {
    struct entry *next;
    pl_switch what; /* its texts are in `bytes` */
    char bytes[];
} entry;

struct pl_switches {
    pthread_mutex_t lock;
    entry *first;
    _Atomic uint64_t count;
};

pl_switches *pl_switches_new(void)
{
    pl_switches *all = pl_alloc_zero(sizeof *all);
    pthread_mutex_init(&all->lock, NULL);
    return all;
}

void pl_switches_free(pl_switches *all)
{
    if (all == NULL) return;
    for (entry *e = all->first, *next; e; e = next) {
        next = e->next;
        free(e);
    }
    pthread_mutex_destroy(&all->lock);
    free(all);
}

static int compare(pl_slice a, pl_slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Where the entry of this name is or would be; *found says which. */
static entry **find(pl_switches *all, pl_slice connector, pl_slice webhook, bool *found)
{
    entry **link = &all->first;
    int order = -1;
    for (; *link; link = &(*link)->next) {
        order = compare((*link)->what.connector, connector);
        if (order == 0) order = compare((*link)->what.webhook, webhook);
        if (order >= 0) break;
    }
    *found = *link && order == 0;
    return link;
}

static pl_slice put(char **at, pl_slice s)
{
    pl_slice copy = {*at, s.len};
    if (s.len) memcpy(*at, s.ptr, s.len);
    *at += s.len;
    return copy;
}

static entry *entry_new(const pl_switch *s)
{
    entry *e = pl_alloc(sizeof *e + s->connector.len + s->webhook.len + s->by.len + s->reason.len);
    char *at = e->bytes;
    e->what = (pl_switch){.connector = put(&at, s->connector),
                          .webhook = put(&at, s->webhook),
                          .since_ms = s->since_ms,
                          .by = put(&at, s->by),
                          .reason = put(&at, s->reason)};
    return e;
}

void pl_switches_off(pl_switches *all, const pl_switch *s)
{
    bool found;
    pthread_mutex_lock(&all->lock);
    entry **link = find(all, s->connector, s->webhook, &found);
    if (!found) {
        entry *e = entry_new(s);
        e->next = *link;
        *link = e;
        all->count++;
    }
    pthread_mutex_unlock(&all->lock);
}

void pl_switches_on(pl_switches *all, pl_slice connector, pl_slice webhook)
{
    bool found;
    pthread_mutex_lock(&all->lock);
    entry **link = find(all, connector, webhook, &found), *e = *link;
    if (found) {
        *link = e->next;
        free(e);
        all->count--;
    }
    pthread_mutex_unlock(&all->lock);
}

bool pl_switches_is_off(pl_switches *all, pl_slice connector, pl_slice webhook)
{
    bool found;
    if (pl_switches_count(all) == 0) return false;
    pthread_mutex_lock(&all->lock);
    find(all, connector, webhook, &found);
    pthread_mutex_unlock(&all->lock);
    return found;
}

const char *pl_switches_text(pl_switches *all, pl_slice connector, pl_slice webhook,
                             pl_arena *arena)
{
    bool found;
    const char *text = NULL;
    char since[PL_TIME_TEXT + 1];
    if (pl_switches_count(all) == 0) return NULL;
    pthread_mutex_lock(&all->lock);
    entry *e = *find(all, connector, webhook, &found);
    if (found) {
        pl_time_format(e->what.since_ms, since);
        text = pl_arena_printf(arena, "the webhook is disabled since %s by %.*s%s%.*s", since,
                               PL_FMT(e->what.by), e->what.reason.len ? ": " : "",
                               PL_FMT(e->what.reason));
    }
    pthread_mutex_unlock(&all->lock);
    return text;
}

static bool is_any_or(pl_slice wanted, pl_slice name)
{
    return wanted.len == 0 || pl_slice_eq(wanted, name);
}

void pl_switches_show(pl_switches *all, pl_slice connector, pl_slice webhook,
                      void (*show)(void *arg, const pl_switch *s), void *arg)
{
    pthread_mutex_lock(&all->lock);
    for (const entry *e = all->first; e; e = e->next)
        if (is_any_or(connector, e->what.connector) && is_any_or(webhook, e->what.webhook))
            show(arg, &e->what);
    pthread_mutex_unlock(&all->lock);
}

uint64_t pl_switches_count(pl_switches *all)
{
    return atomic_load_explicit(&all->count, memory_order_acquire);
}
