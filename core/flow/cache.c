/* SPDX-License-Identifier: MIT
 *
 * A node for each key, in a table of chains that is made once: what may be kept is bounded in bytes,
 * so it never has to grow. Those with a value are also in a list by when they were last asked for,
 * and the oldest of it goes when there is too much:
 *
 *     buckets   [ ]-> node -> node          newest <-> .. <-> oldest
 *               [ ]                          (nodes with a value)
 *               [ ]-> node
 *
 * A node without a value is there because of a claim. Every claim that was given pins its node
 * until it ends, so that a claim that was lost (its lease was over) leads to a node all the same;
 * the one with the node's own ticket is the one that counts.
 *
 * One lock for all: what is done under it takes no longer than a lookup, and bytes are copied
 * outside of it, since values are shared by reference. Those who wait are taken off their node under
 * the lock and told by mailbox behind it. A waiter belongs to the cache; who waits may cancel it on
 * the thread that would be told, so either it is still on its node and goes at once, or its message
 * is on the way and finds the mark.
 *
 * Invariants (pl_cache_check):
 *   - a node is in the bucket of its hash, once; in the list exactly when it has a value;
 *   - a node without a value is pinned; one on which somebody waits has a ticket, and then is pinned;
 *   - `bytes` is the sum over all nodes, and beyond the limit only while no node has a value. */
#include "flow/cache.h"

#include "base/buf.h"
#include "base/err.h"

#include <pthread.h>
#include <stdlib.h>

#define BYTES_A_BUCKET 512 /* of the limit: chains stay short even if entries are tiny */
#define MIN_BUCKETS    64

struct pl_cache_node {
    pl_cache_node *chain;
    pl_cache_node *newer, *older;
    pl_cache_value *value; /* NULL: it is being filled */
    uint64_t hash;
    uint64_t expires_ms, ttl_ms;
    uint64_t paused_until_ms; /* no refresh before */
    uint64_t ticket;          /* of the claim that counts; 0: none */
    uint64_t lease_ms;
    uint64_t lost_ms; /* when the lease is over; 0: it begins when somebody next looks */
    pl_cache_waiter *waiters, **last_waiter;
    uint32_t pins; /* claims that lead here */
    size_t key_len;
    char key[];
};

struct pl_cache_waiter {
    pl_message message;
    pl_cache *cache;
    pl_cache_node *node;
    pl_cache_waiter *next, **link; /* link is NULL when it was taken off its node */
    pl_cache_asker asker;
    pl_cache_answer answer;
    bool is_cancelled; /* the asker's thread */
};

struct pl_cache {
    pthread_mutex_t lock;
    pl_cache_config config;
    pl_cache_node **buckets;
    size_t bucket_count; /* a power of two */
    pl_cache_node *newest, *oldest;
    uint64_t tickets;
    pl_cache_metrics metrics;
};

/* -- values -- */

pl_cache_value *pl_cache_value_new(pl_slice bytes, bool is_secret)
{
    pl_cache_value *v = pl_alloc(sizeof *v + bytes.len);
    atomic_init(&v->refs, 1);
    v->is_secret = is_secret;
    v->len = bytes.len;
    if (bytes.len) memcpy(v->bytes, bytes.ptr, bytes.len);
    return v;
}

pl_cache_value *pl_cache_value_ref(pl_cache_value *v)
{
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

void pl_cache_value_unref(pl_cache_value *v)
{
    if (v == NULL || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1) return;
    if (v->is_secret) explicit_bzero(v->bytes, v->len);
    free(v);
}

/* -- nodes -- */

static uint64_t hash_of(const pl_cache *c, pl_slice key)
{
    uint64_t hash = c->config.seed ^ key.len;
    for (size_t i = 0; i < key.len; i += 8) {
        uint64_t word = 0;
        memcpy(&word, key.ptr + i, key.len - i < 8 ? key.len - i : 8);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15;
        hash ^= hash >> 32;
    }
    return hash;
}

static pl_cache_node **bucket_of(const pl_cache *c, uint64_t hash)
{
    return &c->buckets[hash & (c->bucket_count - 1)];
}

static size_t value_bytes(const pl_cache_value *v)
{
    return v ? sizeof *v + v->len : 0;
}

static size_t node_bytes(const pl_cache_node *n)
{
    return sizeof *n + n->key_len + value_bytes(n->value);
}

static pl_cache_node *find(const pl_cache *c, pl_slice key, uint64_t hash)
{
    pl_cache_node *n = *bucket_of(c, hash);
    while (n && !(n->hash == hash && pl_slice_eq(key, (pl_slice){n->key, n->key_len})))
        n = n->chain;
    return n;
}

static pl_cache_node *find_or_add(pl_cache *c, pl_slice key)
{
    uint64_t hash = hash_of(c, key);
    pl_cache_node *n = find(c, key, hash), **bucket = bucket_of(c, hash);
    if (n) return n;
    n = pl_alloc_zero(sizeof *n + key.len);
    n->hash = hash;
    n->last_waiter = &n->waiters;
    n->key_len = key.len;
    if (key.len) memcpy(n->key, key.ptr, key.len);
    n->chain = *bucket;
    c->metrics.bytes += node_bytes(n);
    return *bucket = n;
}

static void list_remove(pl_cache *c, pl_cache_node *n)
{
    *(n->newer ? &n->newer->older : &c->newest) = n->older;
    *(n->older ? &n->older->newer : &c->oldest) = n->newer;
    n->newer = n->older = NULL;
}

static void list_add(pl_cache *c, pl_cache_node *n)
{
    n->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = n;
    c->newest = n;
}

static void drop_value(pl_cache *c, pl_cache_node *n)
{
    if (n->value == NULL) return;
    list_remove(c, n);
    c->metrics.entries--;
    c->metrics.bytes -= value_bytes(n->value);
    pl_cache_value_unref(n->value);
    n->value = NULL;
}

/* The node goes when nothing keeps it. */
static void tidy(pl_cache *c, pl_cache_node *n)
{
    if (n->value || n->pins) return;
    pl_cache_node **link = bucket_of(c, n->hash);
    while (*link != n)
        link = &(*link)->chain;
    *link = n->chain;
    c->metrics.bytes -= node_bytes(n);
    free(n);
}

static void make_room(pl_cache *c)
{
    while (c->metrics.bytes > c->config.bytes && c->oldest) {
        pl_cache_node *n = c->oldest;
        drop_value(c, n);
        tidy(c, n);
        c->metrics.evictions++;
    }
}

static void store(pl_cache *c, pl_cache_node *n, pl_cache_value *v, uint64_t now_ms,
                  uint64_t ttl_ms)
{
    drop_value(c, n);
    n->value = pl_cache_value_ref(v);
    n->expires_ms = now_ms + ttl_ms;
    n->ttl_ms = ttl_ms;
    n->paused_until_ms = 0;
    c->metrics.entries++;
    c->metrics.bytes += value_bytes(v);
    list_add(c, n);
}

/* Has the node a value that holds? It has been asked for, then. */
static bool is_fresh(pl_cache *c, pl_cache_node *n, uint64_t now_ms)
{
    if (n->value == NULL) return false;
    if (now_ms >= n->expires_ms) {
        drop_value(c, n);
        return false;
    }
    list_remove(c, n);
    list_add(c, n);
    return true;
}

static bool is_too_large(const pl_cache *c, size_t key_len, const pl_cache_value *v)
{
    return key_len + v->len > c->config.entry_bytes;
}

/* -- waiting -- */

static void add_waiter(pl_cache *c, pl_cache_node *n, const pl_cache_asker *asker,
                       pl_cache_answer *answer)
{
    pl_cache_waiter *w = pl_alloc(sizeof *w);
    *w = (pl_cache_waiter){.cache = c, .node = n, .link = n->last_waiter, .asker = *asker};
    *n->last_waiter = w;
    n->last_waiter = &w->next;
    c->metrics.waiting++;
    *answer = (pl_cache_answer){.outcome = PL_CACHE_WAIT, .waiter = w};
}

static void remove_waiter(pl_cache_waiter *w)
{
    w->cache->metrics.waiting--;
    *w->link = w->next;
    *(w->next ? &w->next->link : &w->node->last_waiter) = w->link;
    w->next = NULL;
    w->link = NULL;
}

/* Takes all off the node; they are told behind the lock. */
static pl_cache_waiter *take_waiters(pl_cache_node *n, enum pl_cache_outcome outcome,
                                     pl_cache_value *v)
{
    pl_cache_waiter *all = n->waiters;
    for (pl_cache_waiter *w = all; w; w = w->next) {
        w->link = NULL;
        w->cache->metrics.waiting--;
        w->answer = (pl_cache_answer){.outcome = outcome, .value = pl_cache_value_ref(v)};
    }
    n->waiters = NULL;
    n->last_waiter = &n->waiters;
    return all;
}

static void on_told(pl_message *m)
{
    pl_cache_waiter *w = (pl_cache_waiter *)m;
    if (!w->is_cancelled) {
        w->asker.told(w->asker.owner, &w->answer);
    } else {
        pl_cache_value_unref(w->answer.value);
        if (w->answer.claim.node) pl_cache_drop(w->cache, &w->answer.claim);
    }
    free(w);
}

static void tell(pl_cache_waiter *all)
{
    for (pl_cache_waiter *w = all, *next; w; w = next) {
        next = w->next; /* once it is posted it may be gone */
        w->message.fn = on_told;
        pl_mailbox_post(w->asker.mailbox, &w->message);
    }
}

void pl_cache_cancel(pl_cache_waiter *w)
{
    pl_cache *c = w->cache;
    pthread_mutex_lock(&c->lock);
    bool waits = w->link != NULL;
    if (waits) remove_waiter(w);
    pthread_mutex_unlock(&c->lock);
    if (waits)
        free(w);
    else
        w->is_cancelled = true;
}

/* -- get, set, delete -- */

pl_cache_value *pl_cache_get(pl_cache *c, pl_slice key, uint64_t now_ms)
{
    pl_cache_value *v = NULL;
    uint64_t hash = hash_of(c, key);
    pthread_mutex_lock(&c->lock);
    pl_cache_node *n = find(c, key, hash);
    if (n && is_fresh(c, n, now_ms))
        v = pl_cache_value_ref(n->value);
    else if (n)
        tidy(c, n);
    *(v ? &c->metrics.hits : &c->metrics.misses) += 1;
    pthread_mutex_unlock(&c->lock);
    return v;
}

int pl_cache_set(pl_cache *c, pl_slice key, pl_cache_value *v, uint64_t now_ms, uint64_t ttl_ms)
{
    if (is_too_large(c, key.len, v)) return PL_E_TOO_LARGE;
    pthread_mutex_lock(&c->lock);
    store(c, find_or_add(c, key), v, now_ms, ttl_ms);
    make_room(c);
    pthread_mutex_unlock(&c->lock);
    return 0;
}

void pl_cache_delete(pl_cache *c, pl_slice key, const pl_slice *only)
{
    uint64_t hash = hash_of(c, key);
    pthread_mutex_lock(&c->lock);
    pl_cache_node *n = find(c, key, hash);
    if (n && n->value &&
        (only == NULL || pl_slice_eq(*only, (pl_slice){n->value->bytes, n->value->len}))) {
        drop_value(c, n);
        tidy(c, n);
    }
    pthread_mutex_unlock(&c->lock);
}

/* -- fills -- */

static pl_cache_claim claim(pl_cache *c, pl_cache_node *n, const pl_cache_terms *terms)
{
    n->ticket = ++c->tickets;
    n->lease_ms = terms->lease_ms;
    n->lost_ms = terms->now_ms + terms->lease_ms;
    n->pins++;
    c->metrics.fills++;
    return (pl_cache_claim){n, n->ticket};
}

/* Does somebody have a claim that is not lost yet? */
static bool is_claimed(pl_cache_node *n, uint64_t now_ms)
{
    if (n->ticket == 0) return false;
    if (n->lost_ms == 0) n->lost_ms = now_ms + n->lease_ms;
    return now_ms < n->lost_ms;
}

static void answer_fresh(pl_cache *c, pl_cache_node *n, const pl_cache_terms *terms,
                         pl_cache_answer *answer)
{
    uint64_t early_ms = terms->early_ms < n->ttl_ms / 2 ? terms->early_ms : n->ttl_ms / 2;
    bool is_early = terms->now_ms + early_ms >= n->expires_ms &&
                    terms->now_ms >= n->paused_until_ms && !is_claimed(n, terms->now_ms);
    *answer = (pl_cache_answer){.value = pl_cache_value_ref(n->value)};
    c->metrics.hits++;
    if (!is_early) return;
    answer->outcome = PL_CACHE_REFRESH;
    answer->claim = claim(c, n, terms);
}

void pl_cache_fetch(pl_cache *c, pl_slice key, const pl_cache_terms *terms,
                    const pl_cache_asker *asker, pl_cache_answer *answer)
{
    pthread_mutex_lock(&c->lock);
    pl_cache_node *n = find_or_add(c, key);
    if (is_fresh(c, n, terms->now_ms)) {
        answer_fresh(c, n, terms, answer);
    } else {
        c->metrics.misses++;
        if (is_claimed(n, terms->now_ms))
            add_waiter(c, n, asker, answer);
        else
            *answer = (pl_cache_answer){.outcome = PL_CACHE_FILL, .claim = claim(c, n, terms)};
        make_room(c);
    }
    pthread_mutex_unlock(&c->lock);
}

/* With the lock: the claim leads nowhere from here on. Was it the one that counts? */
static bool end_claim(const pl_cache_claim *claim)
{
    pl_cache_node *n = claim->node;
    n->pins--;
    if (n->ticket != claim->ticket) return false;
    n->ticket = 0;
    return true;
}

int pl_cache_put(pl_cache *c, const pl_cache_claim *claim, pl_cache_value *v, uint64_t now_ms,
                 uint64_t ttl_ms)
{
    pl_cache_node *n = claim->node;
    pl_cache_waiter *waiters = NULL;
    if (is_too_large(c, n->key_len, v)) return PL_E_TOO_LARGE;
    pthread_mutex_lock(&c->lock);
    if (end_claim(claim)) {
        store(c, n, v, now_ms, ttl_ms);
        waiters = take_waiters(n, PL_CACHE_HIT, v);
    }
    tidy(c, n);
    make_room(c);
    pthread_mutex_unlock(&c->lock);
    tell(waiters);
    return 0;
}

void pl_cache_fail(pl_cache *c, const pl_cache_claim *claim, pl_cache_value *why, uint64_t now_ms)
{
    pl_cache_node *n = claim->node;
    pl_cache_waiter *waiters = NULL;
    pthread_mutex_lock(&c->lock);
    c->metrics.failures++;
    if (end_claim(claim)) {
        n->paused_until_ms = now_ms + PL_CACHE_PAUSE_MS;
        waiters = take_waiters(n, PL_CACHE_FAILED, why);
    }
    tidy(c, n);
    pthread_mutex_unlock(&c->lock);
    tell(waiters);
}

/* The first who waits gets a claim of its own, whose lease begins when somebody next looks: there is
 * no time here, since this is also what becomes of a claim whose new holder has gone meanwhile. */
static pl_cache_waiter *hand_over(pl_cache *c, pl_cache_node *n)
{
    pl_cache_waiter *w = n->waiters;
    if (w == NULL) return NULL;
    remove_waiter(w);
    pl_cache_terms terms = {.lease_ms = n->lease_ms};
    w->answer = (pl_cache_answer){.outcome = PL_CACHE_FILL, .claim = claim(c, n, &terms)};
    n->lost_ms = 0;
    return w;
}

void pl_cache_drop(pl_cache *c, const pl_cache_claim *claim)
{
    pl_cache_node *n = claim->node;
    pl_cache_waiter *next = NULL;
    pthread_mutex_lock(&c->lock);
    if (end_claim(claim)) next = hand_over(c, n);
    tidy(c, n);
    pthread_mutex_unlock(&c->lock);
    tell(next);
}

pl_slice pl_cache_claim_key(const pl_cache_claim *claim)
{
    return (pl_slice){claim->node->key, claim->node->key_len};
}

/* -- life -- */

pl_cache *pl_cache_new(const pl_cache_config *config)
{
    pl_cache *c = pl_alloc_zero(sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    c->config = *config;
    if (c->config.entry_bytes > config->bytes) c->config.entry_bytes = config->bytes;
    c->bucket_count = MIN_BUCKETS;
    while (c->bucket_count < config->bytes / BYTES_A_BUCKET)
        c->bucket_count *= 2;
    c->buckets = pl_alloc_zero(c->bucket_count * sizeof *c->buckets);
    return c;
}

void pl_cache_free(pl_cache *c)
{
    if (c == NULL) return;
    while (c->oldest) {
        pl_cache_node *n = c->oldest;
        drop_value(c, n);
        tidy(c, n);
    }
    pthread_mutex_destroy(&c->lock);
    free(c->buckets);
    free(c);
}

pl_cache_metrics pl_cache_metrics_of(pl_cache *c)
{
    pthread_mutex_lock(&c->lock);
    pl_cache_metrics metrics = c->metrics;
    pthread_mutex_unlock(&c->lock);
    return metrics;
}

/* -- check -- */

static const char *check_waiters(const pl_cache_node *n, uint64_t *waiting)
{
    pl_cache_waiter *const *link = &n->waiters;
    for (const pl_cache_waiter *w = n->waiters; w; link = &w->next, w = w->next, ++*waiting) {
        if (w->link != link) return "a waiter does not know where it is";
        if (w->node != n) return "a waiter is on another's node";
    }
    if (n->last_waiter != link) return "the end of the waiters is elsewhere";
    return n->waiters && n->ticket == 0 ? "somebody waits for nobody" : NULL;
}

static const char *check_node(const pl_cache *c, const pl_cache_node *n, uint64_t *waiting)
{
    pl_slice key = {n->key, n->key_len};
    if (n->hash != hash_of(c, key)) return "a node has the hash of another key";
    if (find(c, key, n->hash) != n) return "a key is there twice, or in a bucket of others";
    if (n->value == NULL && n->pins == 0) return "nothing keeps a node";
    if (n->ticket && n->pins == 0) return "a claim does not pin its node";
    if (n->ticket > c->tickets) return "a ticket that was never given";
    return check_waiters(n, waiting);
}

static const char *check_list(const pl_cache *c)
{
    uint64_t entries = 0;
    const pl_cache_node *newer = NULL;
    for (const pl_cache_node *n = c->newest; n; newer = n, n = n->older, entries++) {
        if (n->value == NULL) return "a node without a value is in the list";
        if (n->newer != newer) return "the list does not lead back";
    }
    if (c->oldest != newer) return "the list ends elsewhere";
    return entries != c->metrics.entries ? "the list has another length" : NULL;
}

static const char *check_all(const pl_cache *c)
{
    uint64_t entries = 0, bytes = 0, waiting = 0;
    for (size_t i = 0; i < c->bucket_count; i++) {
        for (const pl_cache_node *n = c->buckets[i]; n; n = n->chain) {
            const char *wrong = check_node(c, n, &waiting);
            if (wrong) return wrong;
            entries += n->value != NULL;
            bytes += node_bytes(n);
        }
    }
    if (entries != c->metrics.entries) return "entries are miscounted";
    if (waiting != c->metrics.waiting) return "who waits is miscounted";
    if (bytes != c->metrics.bytes) return "bytes are miscounted";
    if (bytes > c->config.bytes && c->oldest) return "there is more than may be";
    return check_list(c);
}

const char *pl_cache_check(pl_cache *c)
{
    pthread_mutex_lock(&c->lock);
    const char *wrong = check_all(c);
    pthread_mutex_unlock(&c->lock);
    return wrong;
}
