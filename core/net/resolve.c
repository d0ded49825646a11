/* SPDX-License-Identifier: MIT
 *
 *    loop:    start ----------------.                    .--> on_wake: callback, free
 *    thread:         '--> getaddrinfo (as long as it likes) --'
 *
 * The resolver outlives its loop while threads are under way: each holds a reference. Under the
 * lock stand what both sides write: the list of what is done, the loop (NULL: closed), the callback
 * of a lookup (NULL: cancelled) and the references. */
#include "net/resolve.h"

#include "base/buf.h"

#include <ev.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct pl_lookup {
    pl_lookup *next;
    pl_resolver *resolver;
    pl_lookup_fn *done;
    void *arg;
    struct addrinfo *addresses;
    int error; /* of getaddrinfo */
    char port[8];
    char host[];
};

struct pl_resolver {
    pthread_mutex_t lock;
    struct ev_loop *ev;
    ev_async wake;
    pl_lookup *finished;
    int refs;
};

static void free_lookup(pl_lookup *l)
{
    if (l->addresses) freeaddrinfo(l->addresses);
    free(l);
}

/* Gives the lock back. */
static void release(pl_resolver *r)
{
    bool is_last = --r->refs == 0;
    pthread_mutex_unlock(&r->lock);
    if (!is_last) return;
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static void *look_up(void *arg)
{
    pl_lookup *l = arg;
    pl_resolver *r = l->resolver;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    pthread_setname_np(pthread_self(), "resolver");
    l->error = getaddrinfo(l->host, l->port, &hints, &l->addresses);
    if (l->error) l->addresses = NULL;
    pthread_mutex_lock(&r->lock);
    if (r->ev && l->done) {
        l->next = r->finished;
        r->finished = l;
        ev_async_send(r->ev, &r->wake);
    } else {
        free_lookup(l);
    }
    release(r);
    return NULL;
}

static pl_lookup *take_finished(pl_resolver *r)
{
    pthread_mutex_lock(&r->lock);
    pl_lookup *l = r->finished;
    if (l) r->finished = l->next;
    pthread_mutex_unlock(&r->lock);
    return l;
}

static void on_wake(struct ev_loop *ev, ev_async *w, int events)
{
    (void)ev, (void)events;
    pl_resolver *r = w->data;
    for (pl_lookup *l; (l = take_finished(r)) != NULL;) {
        const char *error = l->error        ? gai_strerror(l->error)
                            : !l->addresses ? "it has no address"
                                            : NULL;
        if (l->done) l->done(l->arg, l->addresses, error);
        free_lookup(l);
    }
}

pl_resolver *pl_resolver_new(pl_loop *loop)
{
    pl_resolver *r = pl_alloc_zero(sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    r->ev = pl_loop_ev(loop);
    r->refs = 1;
    ev_async_init(&r->wake, on_wake);
    r->wake.data = r;
    ev_async_start(r->ev, &r->wake);
    return r;
}

void pl_resolver_free(pl_resolver *r)
{
    if (r == NULL) return;
    pthread_mutex_lock(&r->lock);
    struct ev_loop *ev = r->ev;
    r->ev = NULL; /* from here on nothing is added to the list */
    pthread_mutex_unlock(&r->lock);
    ev_async_stop(ev, &r->wake);
    for (pl_lookup *l; (l = take_finished(r)) != NULL;)
        free_lookup(l);
    pthread_mutex_lock(&r->lock);
    release(r);
}

static bool run_thread(pl_lookup *l)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool is_running = pthread_create(&thread, &attributes, look_up, l) == 0;
    pthread_attr_destroy(&attributes);
    return is_running;
}

pl_lookup *pl_resolver_start(pl_resolver *r, pl_slice host, uint16_t port, pl_lookup_fn *done,
                             void *arg)
{
    pl_lookup *l = pl_alloc_zero(sizeof *l + host.len + 1);
    l->resolver = r;
    l->done = done;
    l->arg = arg;
    memcpy(l->host, host.ptr, host.len);
    snprintf(l->port, sizeof l->port, "%u", port);
    pthread_mutex_lock(&r->lock);
    r->refs++;
    pthread_mutex_unlock(&r->lock);
    if (run_thread(l)) return l;
    pthread_mutex_lock(&r->lock);
    release(r);
    free(l);
    return NULL;
}

void pl_lookup_cancel(pl_lookup *l)
{
    pl_resolver *r = l->resolver;
    pthread_mutex_lock(&r->lock);
    l->done = NULL;
    pthread_mutex_unlock(&r->lock);
}
