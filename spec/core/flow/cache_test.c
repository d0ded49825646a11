/* SPDX-License-Identifier: MIT */
#include "flow/cache.h"

#include "base/err.h"
#include "base/id.h"
#include "test.h"

#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>

static pl_mailbox box;
static pl_cache *cache;

/* What the last fetches were told, in order. */
static struct told {
    int number;
    pl_cache_answer answer;
} told[16];
static int told_count;

static void no_wake(void *owner)
{
    (void)owner;
}

static void on_told(void *owner, const pl_cache_answer *answer)
{
    told[told_count++] = (struct told){*(int *)owner, *answer};
}

static void start(size_t bytes, size_t entry_bytes)
{
    pl_cache_config config = {.bytes = bytes, .entry_bytes = entry_bytes, .seed = 7};
    told_count = 0;
    pl_mailbox_init(&box, no_wake, NULL);
    cache = pl_cache_new(&config);
}

static void stop(void)
{
    CHECK_EQ_INT(pl_mailbox_drain(&box), 0);
    CHECK(pl_cache_check(cache) == NULL);
    pl_cache_free(cache);
    pl_mailbox_fini(&box);
}

static int set(const char *key, const char *text, uint64_t expires_ms)
{
    pl_cache_value *v = pl_cache_value_new(pl_slice_of(text), false);
    int code = pl_cache_set(cache, pl_slice_of(key), v, 0, expires_ms);
    pl_cache_value_unref(v);
    return code;
}

/* The text of a value whose reference it takes; "-" for none. Lives until the next. */
static const char *text_of(pl_cache_value *v)
{
    static char text[64];
    snprintf(text, sizeof text, "%.*s", v ? (int)v->len : 1, v ? v->bytes : "-");
    pl_cache_value_unref(v);
    return text;
}

static const char *get(const char *key, uint64_t now_ms)
{
    return text_of(pl_cache_get(cache, pl_slice_of(key), now_ms));
}

#define LEASE_MS 100

static int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7};

/* Asks as number `who` for the key "k". */
static pl_cache_answer fetch(int who, uint64_t now_ms)
{
    pl_cache_terms terms = {.now_ms = now_ms, .early_ms = 10, .lease_ms = LEASE_MS};
    pl_cache_asker asker = {&box, on_told, &numbers[who]};
    pl_cache_answer answer;
    pl_cache_fetch(cache, PL_SLICE("k"), &terms, &asker, &answer);
    CHECK(pl_cache_check(cache) == NULL);
    return answer;
}

static int put(const pl_cache_claim *claim, const char *text, uint64_t expires_ms)
{
    pl_cache_value *v = pl_cache_value_new(pl_slice_of(text), true);
    int code = pl_cache_put(cache, claim, v, 0, expires_ms);
    pl_cache_value_unref(v);
    CHECK(pl_cache_check(cache) == NULL);
    return code;
}

static void fail(const pl_cache_claim *claim, const char *text, uint64_t now_ms)
{
    pl_cache_value *v = pl_cache_value_new(pl_slice_of(text), false);
    pl_cache_fail(cache, claim, v, now_ms);
    pl_cache_value_unref(v);
    CHECK(pl_cache_check(cache) == NULL);
}

/* -- values -- */

TEST(a_value_holds_until_its_time)
{
    start(1 << 20, 1 << 10);
    CHECK_EQ_STR(get("a", 0), "-");
    CHECK_EQ_INT(set("a", "one", 1000), 0);
    CHECK_EQ_INT(set("", "", 1000), 0);
    CHECK_EQ_STR(get("a", 999), "one");
    CHECK_EQ_STR(get("", 999), "");
    CHECK_EQ_INT(set("a", "two", 2000), 0);
    CHECK_EQ_STR(get("a", 1999), "two");
    CHECK_EQ_STR(get("a", 2000), "-");
    CHECK_EQ_STR(get("a", 0), "-");
    pl_cache_metrics m = pl_cache_metrics_of(cache);
    CHECK_EQ_INT(m.hits, 3);
    CHECK_EQ_INT(m.misses, 3);
    CHECK_EQ_INT(m.entries, 1);
    stop();
}

TEST(a_value_outlives_its_entry_for_who_has_it)
{
    start(1 << 20, 1 << 10);
    set("a", "one", 1000);
    pl_cache_value *v = pl_cache_get(cache, PL_SLICE("a"), 0);
    set("a", "two", 1000);
    pl_cache_delete(cache, PL_SLICE("a"), NULL);
    CHECK_EQ_INT(pl_cache_metrics_of(cache).bytes, 0);
    CHECK_EQ_STR(text_of(v), "one");
    CHECK_EQ_STR(get("a", 0), "-");
    stop();
}

TEST(a_value_can_be_deleted_only_if_it_is_still_that_one)
{
    start(1 << 20, 1 << 10);
    set("a", "new", 1000);
    pl_slice old = PL_SLICE("old"), new = PL_SLICE("new");
    pl_cache_delete(cache, PL_SLICE("a"), &old);
    CHECK_EQ_STR(get("a", 0), "new");
    pl_cache_delete(cache, PL_SLICE("a"), &new);
    CHECK_EQ_STR(get("a", 0), "-");
    pl_cache_delete(cache, PL_SLICE("a"), &new);
    stop();
}

TEST(what_is_too_large_changes_nothing)
{
    start(1 << 20, 8);
    CHECK_EQ_INT(set("key", "12345", 1000), 0);
    CHECK_EQ_INT(set("key", "123456", 1000), PL_E_TOO_LARGE);
    CHECK_EQ_STR(get("key", 0), "12345");
    pl_cache_answer a = fetch(0, 0);
    CHECK_EQ_INT(put(&a.claim, "12345678", 1000), PL_E_TOO_LARGE);
    CHECK_EQ_INT(fetch(1, 0).outcome, PL_CACHE_WAIT); /* the claim goes on */
    CHECK_EQ_INT(put(&a.claim, "1234567", 1000), 0);
    CHECK_EQ_INT(pl_mailbox_drain(&box), 1);
    CHECK_EQ_STR(text_of(told[0].answer.value), "1234567");
    stop();
}

/* -- fills -- */

TEST(one_fills_and_the_others_wait_for_it)
{
    start(1 << 20, 1 << 10);
    pl_cache_answer a = fetch(0, 0);
    CHECK_EQ_INT(a.outcome, PL_CACHE_FILL);
    CHECK_EQ_INT(fetch(1, 1).outcome, PL_CACHE_WAIT);
    CHECK_EQ_INT(fetch(2, 2).outcome, PL_CACHE_WAIT);
    CHECK_EQ_STR(get("k", 3), "-"); /* who only looks does not wait */
    CHECK_EQ_INT(told_count, 0);
    CHECK_EQ_INT(put(&a.claim, "token", 1000), 0);
    CHECK_EQ_INT(pl_mailbox_drain(&box), 2);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ_INT(told[i].number, i + 1);
        CHECK_EQ_INT(told[i].answer.outcome, PL_CACHE_HIT);
        CHECK_EQ_STR(text_of(told[i].answer.value), "token");
    }
    a = fetch(3, 4);
    CHECK_EQ_INT(a.outcome, PL_CACHE_HIT);
    CHECK(a.value->is_secret);
    CHECK_EQ_STR(text_of(a.value), "token");
    CHECK_EQ_INT(pl_cache_metrics_of(cache).fills, 1);
    stop();
}

TEST(a_failure_is_told_to_those_who_wait_and_the_next_tries_again)
{
    start(1 << 20, 1 << 10);
    pl_cache_answer a = fetch(0, 0);
    fetch(1, 0);
    fail(&a.claim, "no such host", 5);
    CHECK_EQ_INT(pl_mailbox_drain(&box), 1);
    CHECK_EQ_INT(told[0].answer.outcome, PL_CACHE_FAILED);
    CHECK_EQ_STR(text_of(told[0].answer.value), "no such host");
    CHECK_EQ_INT(pl_cache_metrics_of(cache).bytes, 0);
    a = fetch(2, 5);
    CHECK_EQ_INT(a.outcome, PL_CACHE_FILL);
    pl_cache_drop(cache, &a.claim);
    CHECK_EQ_INT(pl_cache_metrics_of(cache).failures, 1);
    stop();
}

TEST(a_filler_that_goes_makes_the_first_who_waits_the_filler)
{
    start(1 << 20, 1 << 10);
    pl_cache_answer a = fetch(0, 0);
    fetch(1, 0);
    fetch(2, 0);
    pl_cache_drop(cache, &a.claim);
    CHECK_EQ_INT(pl_mailbox_drain(&box), 1);
    CHECK_EQ_INT(told[0].number, 1);
    CHECK_EQ_INT(told[0].answer.outcome, PL_CACHE_FILL);
    CHECK_EQ_INT(fetch(3, 500).outcome, PL_CACHE_WAIT); /* its lease begins now */
    put(&told[0].answer.claim, "token", 1000);
    CHECK_EQ_INT(pl_mailbox_drain(&box), 2);
    CHECK_EQ_INT(told[1].number, 2);
    CHECK_EQ_STR(text_of(told[1].answer.value), "token");
    CHECK_EQ_STR(text_of(told[2].answer.value), "token");
    stop();
}

TEST(a_claim_is_lost_when_its_lease_is_over)
{
    start(1 << 20, 1 << 10);
    pl_cache_answer late = fetch(0, 0);
    fetch(1, LEASE_MS - 1);
    pl_cache_answer a = fetch(2, LEASE_MS);
    CHECK_EQ_INT(a.outcome, PL_CACHE_FILL);
    CHECK_EQ_INT(put(&late.claim, "late", 1000), 0);
    CHECK_EQ_INT(pl_mailbox_drain(&box), 0);
    CHECK_EQ_STR(get("k", LEASE_MS), "-");
    put(&a.claim, "token", 1000);
    CHECK_EQ_INT(pl_mailbox_drain(&box),
                 1); /* who waited for the first has the value of the second */
    CHECK_EQ_STR(text_of(told[0].answer.value), "token");
    stop();
}

TEST(a_lost_claim_may_end_when_its_entry_is_long_gone)
{
    start(1 << 20, 1 << 10);
    pl_cache_answer one = fetch(0, 0), two = fetch(0, LEASE_MS), three = fetch(0, 2 * LEASE_MS);
    put(&three.claim, "token", 1000);
    pl_cache_delete(cache, PL_SLICE("k"), NULL);
    CHECK(pl_cache_metrics_of(cache).bytes > 0);
    fail(&one.claim, "late", 500);
    pl_cache_drop(cache, &two.claim);
    CHECK_EQ_INT(pl_cache_metrics_of(cache).bytes, 0);
    stop();
}

/* -- refreshing ahead -- */

TEST(near_its_end_a_value_is_refreshed_by_one_and_used_by_all)
{
    start(1 << 20, 1 << 10);
    set("k", "old", 1000);
    pl_cache_answer a = fetch(0, 989);
    CHECK_EQ_INT(a.outcome, PL_CACHE_HIT);
    CHECK_EQ_STR(text_of(a.value), "old");
    a = fetch(1, 990);
    CHECK_EQ_INT(a.outcome, PL_CACHE_REFRESH);
    CHECK_EQ_STR(text_of(a.value), "old");
    pl_cache_answer b = fetch(2, 991);
    CHECK_EQ_INT(b.outcome, PL_CACHE_HIT);
    CHECK_EQ_STR(text_of(b.value), "old");
    CHECK_EQ_INT(fetch(3, 1000).outcome, PL_CACHE_WAIT); /* it has ended meanwhile */
    put(&a.claim, "new", 2000);
    CHECK_EQ_INT(pl_mailbox_drain(&box), 1);
    CHECK_EQ_STR(text_of(told[0].answer.value), "new");
    CHECK_EQ_STR(get("k", 1000), "new");
    stop();
}

TEST(a_short_time_to_live_is_not_all_refreshing)
{
    start(1 << 20, 1 << 10);
    set("k", "brief", 8);
    pl_cache_answer a = fetch(0, 3);
    CHECK_EQ_INT(a.outcome, PL_CACHE_HIT);
    pl_cache_value_unref(a.value);
    a = fetch(0, 4);
    CHECK_EQ_INT(a.outcome, PL_CACHE_REFRESH);
    pl_cache_value_unref(a.value);
    pl_cache_drop(cache, &a.claim);
    stop();
}

TEST(a_refresh_that_failed_pauses_while_the_value_holds)
{
    start(1 << 20, 1 << 10);
    set("k", "old", 10000);
    pl_cache_answer a = fetch(0, 9990);
    CHECK_EQ_INT(a.outcome, PL_CACHE_REFRESH);
    pl_cache_value_unref(a.value);
    fail(&a.claim, "no", 9990);
    a = fetch(0, 9995);
    CHECK_EQ_INT(a.outcome, PL_CACHE_HIT);
    pl_cache_value_unref(a.value);
    a = fetch(0, 10000); /* no pause without a value */
    CHECK_EQ_INT(a.outcome, PL_CACHE_FILL);
    pl_cache_drop(cache, &a.claim);
    set("k", "old", 10000 + PL_CACHE_PAUSE_MS);
    a = fetch(0, 9990 + PL_CACHE_PAUSE_MS);
    CHECK_EQ_INT(a.outcome, PL_CACHE_REFRESH);
    pl_cache_value_unref(a.value);
    pl_cache_drop(cache, &a.claim);
    stop();
}

/* -- cancelled waiting -- */

TEST(who_cancels_is_told_nothing)
{
    start(1 << 20, 1 << 10);
    pl_cache_answer a = fetch(0, 0), first = fetch(1, 0), middle = fetch(2, 0), last = fetch(3, 0);
    pl_cache_cancel(middle.waiter);
    CHECK(pl_cache_check(cache) == NULL);
    pl_cache_cancel(last.waiter);
    fetch(4, 0);
    CHECK(pl_cache_check(cache) == NULL);
    put(&a.claim, "token", 1000);
    pl_cache_cancel(first.waiter); /* its message is on the way */
    CHECK_EQ_INT(pl_mailbox_drain(&box), 2);
    CHECK_EQ_INT(told_count, 1);
    CHECK_EQ_INT(told[0].number, 4);
    CHECK_EQ_STR(text_of(told[0].answer.value), "token");
    stop();
}

TEST(a_claim_on_its_way_to_one_who_cancelled_goes_on_to_the_next)
{
    start(1 << 20, 1 << 10);
    pl_cache_answer a = fetch(0, 0), first = fetch(1, 0);
    fetch(2, 0);
    pl_cache_drop(cache, &a.claim);
    pl_cache_cancel(first.waiter);
    CHECK_EQ_INT(pl_mailbox_drain(&box), 1);
    CHECK_EQ_INT(told_count, 0);
    CHECK_EQ_INT(pl_mailbox_drain(&box), 1);
    CHECK_EQ_INT(told[0].number, 2);
    CHECK_EQ_INT(told[0].answer.outcome, PL_CACHE_FILL);
    pl_cache_drop(cache, &told[0].answer.claim);
    CHECK_EQ_INT(pl_cache_metrics_of(cache).bytes, 0);
    stop();
}

TEST(a_delete_does_not_end_a_fill)
{
    start(1 << 20, 1 << 10);
    pl_cache_answer a = fetch(0, 0);
    fetch(1, 0);
    pl_cache_delete(cache, PL_SLICE("k"), NULL);
    set("k", "other", 1000);
    pl_cache_delete(cache, PL_SLICE("k"), NULL);
    CHECK_EQ_INT(fetch(2, 0).outcome, PL_CACHE_WAIT);
    put(&a.claim, "token", 1000);
    CHECK_EQ_INT(pl_mailbox_drain(&box), 2);
    CHECK_EQ_STR(text_of(told[0].answer.value), "token");
    CHECK_EQ_STR(text_of(told[1].answer.value), "token");
    stop();
}

/* -- against an oracle: an array, the entry that was asked for last in front -- */

enum { KEYS = 40, STEPS = 60000, ROOM = 12 };

typedef struct entry {
    int key;
    uint64_t expires_ms;
    size_t len;
} entry;

static entry model[KEYS];
static int model_count;

static void model_remove(int at)
{
    memmove(&model[at], &model[at + 1], (size_t)(--model_count - at) * sizeof *model);
}

static int model_find(int key)
{
    for (int i = 0; i < model_count; i++)
        if (model[i].key == key) return i;
    return -1;
}

static void model_front(entry e)
{
    memmove(&model[1], &model[0], (size_t)model_count++ * sizeof *model);
    model[0] = e;
}

static size_t key_text(int key, char text[8])
{
    return (size_t)snprintf(text, 8, "key-%d", key);
}

static size_t model_bytes(size_t overhead)
{
    size_t bytes = 0;
    char text[8];
    for (int i = 0; i < model_count; i++)
        bytes += overhead + key_text(model[i].key, text) + model[i].len;
    return bytes;
}

static void model_set(entry e, size_t overhead, size_t limit)
{
    int at = model_find(e.key);
    if (at >= 0) model_remove(at);
    model_front(e);
    while (model_bytes(overhead) > limit)
        model_count--;
}

/* The length of the value, -1 without one. */
static int model_get(int key, uint64_t now_ms)
{
    int at = model_find(key);
    if (at < 0) return -1;
    entry e = model[at];
    model_remove(at);
    if (now_ms >= e.expires_ms) return -1;
    model_front(e);
    return (int)e.len;
}

static size_t overhead_of_an_entry(void)
{
    start(1 << 20, 1 << 10);
    set("key", "value", 1000);
    size_t bytes = pl_cache_metrics_of(cache).bytes - strlen("key") - strlen("value");
    stop();
    return bytes;
}

TEST(it_keeps_what_a_simple_model_keeps)
{
    size_t overhead = overhead_of_an_entry(), limit = ROOM * (overhead + 20);
    uint8_t seed[32] = {42};
    char text[8];
    pl_rng rng;
    pl_rng_init(&rng, seed);
    start(limit, 1 << 10);
    model_count = 0;
    for (uint64_t step = 0; step < STEPS && test_failures == 0; step++) {
        int key = (int)(pl_rng_next(&rng) % KEYS), action = (int)(pl_rng_next(&rng) % 8);
        pl_slice name = {text, key_text(key, text)};
        if (action < 3) {
            entry e = {key, step + pl_rng_next(&rng) % 100, pl_rng_next(&rng) % 30};
            pl_cache_value *v =
                pl_cache_value_new((pl_slice){"------------------------------", e.len}, step % 2);
            pl_cache_set(cache, name, v, step, e.expires_ms - step);
            pl_cache_value_unref(v);
            model_set(e, overhead, limit);
        } else if (action < 7) {
            pl_cache_value *v = pl_cache_get(cache, name, step);
            CHECK_EQ_INT(v ? (int)v->len : -1, model_get(key, step));
            pl_cache_value_unref(v);
        } else {
            int at = model_find(key);
            pl_cache_delete(cache, name, NULL);
            if (at >= 0) model_remove(at);
        }
        CHECK_EQ_INT(pl_cache_metrics_of(cache).bytes, model_bytes(overhead));
        CHECK(pl_cache_check(cache) == NULL);
    }
    CHECK(pl_cache_metrics_of(cache).evictions > STEPS / 20);
    stop();
}

/* -- threads: each has a mailbox, asks, fills, fails, drops and cancels -- */

enum { THREADS = 4, ROUNDS = 4000, SHARED_KEYS = 5 };

typedef struct thread {
    pthread_t id;
    pl_mailbox box;
    sem_t woken;
    pl_rng rng;
    pl_cache_answer answer;
    bool is_told;
    uint64_t fills, told;
} thread;

static _Atomic int fillers[SHARED_KEYS]; /* never more than one */
static _Atomic int wrong, through;

static void wake_thread(void *owner)
{
    sem_post(&((thread *)owner)->woken);
}

static void on_thread_told(void *owner, const pl_cache_answer *answer)
{
    thread *t = owner;
    t->answer = *answer;
    t->is_told = true;
    t->told++;
}

/* A thread that drops at times, and one that cancels and is handed the claim, leave it to others. */
static void end_fill(thread *t, int key, const pl_cache_claim *claim)
{
    unsigned how = (unsigned)(pl_rng_next(&t->rng) % 4);
    pl_cache_value *v = pl_cache_value_new(PL_SLICE("value"), true);
    t->fills++;
    if (atomic_fetch_add(&fillers[key], 1) != 0) atomic_fetch_add(&wrong, 1);
    sched_yield();
    atomic_fetch_sub(&fillers[key], 1);
    if (how == 0)
        pl_cache_drop(cache, claim);
    else if (how == 1)
        pl_cache_fail(cache, claim, v, 0);
    else
        pl_cache_put(cache, claim, v, 0, 1000);
    pl_cache_value_unref(v);
}

static void wait_or_cancel(thread *t, pl_cache_waiter *waiter)
{
    if (pl_rng_next(&t->rng) % 3 == 0) {
        pl_cache_cancel(waiter);
        t->answer = (pl_cache_answer){.outcome = PL_CACHE_HIT};
        return;
    }
    while (!t->is_told) {
        sem_wait(&t->woken);
        pl_mailbox_drain(&t->box);
    }
}

static void one_round(thread *t)
{
    static const pl_slice names[SHARED_KEYS] = {PL_SLICE_INIT("a"), PL_SLICE_INIT("b"),
                                                PL_SLICE_INIT("c"), PL_SLICE_INIT("d"),
                                                PL_SLICE_INIT("e")};
    int key = (int)(pl_rng_next(&t->rng) % SHARED_KEYS);
    pl_cache_terms terms = {.lease_ms = 1000};
    pl_cache_asker asker = {&t->box, on_thread_told, t};
    t->is_told = false;
    pl_cache_fetch(cache, names[key], &terms, &asker, &t->answer);
    if (t->answer.outcome == PL_CACHE_WAIT) wait_or_cancel(t, t->answer.waiter);
    pl_cache_value_unref(t->answer.value);
    if (t->answer.outcome == PL_CACHE_FILL) end_fill(t, key, &t->answer.claim);
    if (pl_rng_next(&t->rng) % 2) pl_cache_delete(cache, names[key], NULL);
    if (pl_rng_next(&t->rng) % 64 == 0 && pl_cache_check(cache)) atomic_fetch_add(&wrong, 1);
    pl_mailbox_drain(&t->box);
}

/* One that is through still takes its messages, as a worker does: a claim may be among them. */
static void *thread_main(void *arg)
{
    thread *t = arg;
    for (int i = 0; i < ROUNDS; i++)
        one_round(t);
    atomic_fetch_add(&through, 1);
    while (atomic_load(&through) < THREADS) {
        pl_mailbox_drain(&t->box);
        sched_yield();
    }
    return NULL;
}

/* Claims that went to who had cancelled go on from box to box until nobody waits. */
static void drain_all(thread *all)
{
    int drained;
    do {
        drained = 0;
        for (int i = 0; i < THREADS; i++)
            drained += pl_mailbox_drain(&all[i].box);
    } while (drained);
}

TEST(between_threads_nobody_waits_for_ever_and_one_fills_at_a_time)
{
    static thread all[THREADS];
    uint64_t fills = 0, was_told = 0;
    start(1 << 20, 1 << 10);
    for (int i = 0; i < THREADS; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        pl_rng_init(&all[i].rng, seed);
        sem_init(&all[i].woken, 0, 0);
        pl_mailbox_init(&all[i].box, wake_thread, &all[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_create(&all[i].id, NULL, thread_main, &all[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(all[i].id, NULL);
    drain_all(all);
    for (int i = 0; i < THREADS; i++) {
        fills += all[i].fills;
        was_told += all[i].told;
        pl_mailbox_fini(&all[i].box);
        sem_destroy(&all[i].woken);
    }
    CHECK_EQ_INT(atomic_load(&wrong), 0);
    CHECK(fills > 0 && fills <= pl_cache_metrics_of(cache).fills);
    CHECK(was_told > 0);
    stop();
}

int main(void)
{
    return RUN(CASE(a_value_holds_until_its_time), CASE(a_value_outlives_its_entry_for_who_has_it),
               CASE(a_value_can_be_deleted_only_if_it_is_still_that_one),
               CASE(what_is_too_large_changes_nothing), CASE(one_fills_and_the_others_wait_for_it),
               CASE(a_failure_is_told_to_those_who_wait_and_the_next_tries_again),
               CASE(a_filler_that_goes_makes_the_first_who_waits_the_filler),
               CASE(a_claim_is_lost_when_its_lease_is_over),
               CASE(a_lost_claim_may_end_when_its_entry_is_long_gone),
               CASE(near_its_end_a_value_is_refreshed_by_one_and_used_by_all),
               CASE(a_short_time_to_live_is_not_all_refreshing),
               CASE(a_refresh_that_failed_pauses_while_the_value_holds),
               CASE(who_cancels_is_told_nothing),
               CASE(a_claim_on_its_way_to_one_who_cancelled_goes_on_to_the_next),
               CASE(a_delete_does_not_end_a_fill), CASE(it_keeps_what_a_simple_model_keeps),
               CASE(between_threads_nobody_waits_for_ever_and_one_fills_at_a_time));
}
