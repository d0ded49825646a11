/* SPDX-License-Identifier: MIT
 *
 * The promise of the product, tried with many seeds: once an event is accepted, each of its
 * deliveries is attempted until it succeeds, is cancelled, or runs out of attempts, whatever
 * happens in between; and nobody is asked more than he is willing to bear.
 *
 * The engines are those of the product, several of them as workers of one process; the clock, the
 * store and the network are those of world.h. What happens is random and follows from the seed
 * alone:
 *
 *    simulation/dice.h        which deeds and troubles there are, and how often
 *    simulation/folder.h      connectors, webhooks, policies, reloads
 *    simulation/faults.h      receivers, scripts and a store that fail
 *    simulation/limits.h      accounts of what receivers are asked to bear
 *    simulation/verdicts.h    what has to become of a delivery after an attempt
 *    simulation/invariants.h  what has to hold after each step, and in the end
 *
 * In the end all troubles cease, and each delivery has to come to its end.
 *
 *    flow_simulation_test               a few seeds
 *    flow_simulation_test FIRST LAST    these; the first that breaks a rule ends the run
 *    flow_simulation_test SEED          one, with all that happens in it */
#include "simulation/invariants.h"

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void); /* its header is not always there */
#define allocated_bytes() __sanitizer_get_current_allocated_bytes()
#else
#define allocated_bytes() ((size_t)0) /* nobody counts */
#endif

#define SEEDS     40
#define STEPS     250
#define ROWS_MOST 500 /* a run does not get longer than that */
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   INT64_C(3600000)

static uint64_t seed;
static int step;

static void on_broken(void)
{
    printf("    seed %" PRIu64 ", step %d; what led to it: flow_simulation_test %" PRIu64 "\n",
           seed, step, seed);
    exit(1);
}

/* One that answers at the moment. */
static worker *some_worker(void)
{
    worker *me = &w.workers[below(w.worker_count)];
    for (int i = 0; i < w.worker_count && !is_awake(me); i++)
        me = &w.workers[i];
    if (!is_awake(me)) me->stalled_until_ms = w.now_ms;
    return me;
}

/* -- what clients do -- */

static void put_types(char *text)
{
    for (int64_t n = between(1, 3); n > 0; n--) {
        *text++ = webhook_names[below(SITES)];
        if (chance(10)) *text++ = '?';
    }
    *text = 0;
}

static void take(post *p)
{
    p->frees_itself = !p->in->waits;
    p->is_taken = pl_engine_take(some_worker()->engine, p->in) == 0;
    if (!p->is_taken) post_free(p);
}

static void post_some(void)
{
    char id[16], type[16];
    post *p = post_new(3);
    if (model.row_count > ROWS_MOST) return;
    for (int64_t n = below(3); n >= 0; n--) {
        snprintf(id, sizeof id, "d%d", (int)below(50));
        put_types(type);
        post_add(p, chance(10) ? id : NULL, chance(3) ? "-" : type);
    }
    if (chance(10)) {
        snprintf(id, sizeof id, "k%d", (int)below(20));
        p->in->idempotency_key = pl_arena_dup(&p->in->arena, pl_slice_of(id));
    }
    p->in->waits = chance(30);
    take(p);
}

/* More than there may be in memory, for one webhook. */
static void flood_some(void)
{
    uint32_t count = (uint32_t)between(20, 120);
    int i = (int)below(SITES);
    char type[] = {webhook_names[i], 0};
    if (model.row_count > ROWS_MOST || (has_healthy && newest->sites[i].connector == 0)) return;
    post *p = post_new(count);
    while (p->in->count < count)
        post_add(p, NULL, type);
    take(p);
}

static void leave_some(void)
{
    for (post *p = w.posts; p; p = p->next) {
        if (p->in == NULL || p->answers == 0 || !chance(50)) continue;
        post_free(p);
        return;
    }
}

static void on_finished(pl_exchange *x)
{
    ((call *)x->owner)->is_over = true;
}

static int write_answer(const pl_exchange *x, pl_buf *out)
{
    pl_buf_printf(out, "{\"error\":%d}", x->error);
    return x->error ? 502 : 200;
}

static void on_known(void *owner, const pl_key *key)
{
    const key_row *k = key->status ? key_row_of(key->key) : NULL;
    RULE("a key that comes again is told its answer", !k || strcmp(key->answer, k->answer) == 0);
    RULE("a key comes with what it came with before", key->op.result != PL_E_KEY_REUSED);
    ((call *)owner)->is_over = true;
}

/* It waits for the store, however long that takes; for a delivery it does not. */
static void add_key(pl_call *made, char id[16])
{
    snprintf(id, 16, "c%d", (int)below(30));
    made->kind = PL_KIND_CALL;
    made->dry_run = false;
    made->key = pl_slice_of(id);
    made->digest = PL_SLICE("digest");
    made->answer = write_answer;
    made->known = on_known;
    ((call *)made->owner)->late_ms = FOREVER / 2;
}

static void call_some(void)
{
    char id[16];
    worker *me = some_worker();
    const scripts *s = (const scripts *)pl_engine_generation(me->engine);
    if (s->base.policy_count == 0) return;
    call *c = pl_alloc_zero(sizeof *c);
    int64_t timeout_ms = between(10, 5000);
    c->late_ms = w.now_ms + 2 * timeout_ms;
    c->at = me;
    c->next = calls;
    calls = c;
    pl_call made = {.kind = chance(70) ? PL_KIND_CALL : PL_KIND_TRY,
                    .dry_run = chance(20),
                    .event = event_of("call", "x"),
                    .webhook = (uint32_t)below(s->base.policy_count),
                    .timeout_ms = timeout_ms,
                    .finished = on_finished,
                    .owner = c};
    if (chance(40)) add_key(&made, id);
    const pl_policy *p = &s->policies[made.webhook];
    bool is_refused = made.kind == PL_KIND_CALL && is_disabled(p->connector, p->webhook);
    int rendered = s->rendered + !(is_refused || made.key.len);
    if (pl_engine_call(me->engine, &made) == 0) {
        RULE("a call waits for no delivery", s->rendered == rendered);
        return;
    }
    pl_event_unref(made.event);
    c->is_over = true;
    RULE("a call is refused only where there are too many", made.key.len || is_busy_with_calls(me));
}

/* -- what administrators do -- */

/* Mostly of what is young enough to be in memory. */
static pl_uuid some_delivery(void)
{
    int64_t count = (int64_t)model.row_count, young = sooner(count, 10);
    return model.rows[chance(70) ? count - 1 - below(young) : below(count)]->id;
}

/* Often they change their mind at once. */
static void order_some(void)
{
    if (model.row_count == 0) return;
    pl_uuid id = some_delivery();
    enum pl_command_kind kind = chance(50) ? PL_COMMAND_CANCEL : PL_COMMAND_RETRY;
    order_all(some_worker(), &id, 1, kind);
    if (kind == PL_COMMAND_CANCEL && chance(50)) order_all(some_worker(), &id, 1, PL_COMMAND_RETRY);
}

static void bulk_some(void)
{
    pl_uuid ids[40];
    uint32_t count = (uint32_t)sooner(between(2, 40), (int64_t)model.row_count);
    if (count < 2) return;
    int64_t first = below((int64_t)model.row_count - count + 1);
    for (uint32_t i = 0; i < count; i++)
        ids[i] = model.rows[first + i]->id;
    order_all(some_worker(), ids, count, chance(30) ? PL_COMMAND_CANCEL : PL_COMMAND_RETRY);
}

/* Disables a webhook, or enables it. */
static void throw_switch(int i, bool on)
{
    pl_slice connector = pl_slice_of(connector_names[newest->sites[i].connector]);
    pl_slice webhook = {webhook_names + i, 1};
    TRACE("%.*s/%.*s is %s", PL_FMT(connector), PL_FMT(webhook), on ? "enabled" : "disabled");
    if (on)
        store_enable(connector, webhook, world_wall_ms());
    else
        pl_switches_off(model.switches, &(pl_switch){.connector = connector, .webhook = webhook});
    if (on) pl_engine_claim_now(some_worker()->engine);
}

static void toggle_some(void)
{
    throw_switch((int)below(SITES), chance(60));
}

static void reload_some(void)
{
    accounts_widen(folder_new());
}

/* Each worker gets to it in its own time. */
static void use_newest(bool all)
{
    for (int i = 0; i < w.worker_count; i++) {
        worker *me = &w.workers[i];
        const pl_generation *g = pl_engine_generation(me->engine);
        if (g && g->number == newest->number) continue;
        if (!all && (!is_awake(me) || chance(50))) continue;
        use_folder(me, newest);
        accounts_count_anew();
    }
}

/* -- the process -- */

static void draw_settings(void)
{
    pl_settings *s = &w.settings;
    s->limit_horizon = ONE_OF(1000, 5000, 60000);
    s->limit_resident = chance(60) ? between(8, 60) : 1000; /* under pressure, or not */
    s->limit_in_flight = has_healthy ? between(8, 16) : between(1, 12);
    s->limit_calls = between(1, 20);
    s->limit_retry_after = ONE_OF(0, 5000, 86400000);
    s->breaker_failures = chance(50) ? between(1, 5) : 0;
    s->breaker_cooldown = between(100, 3000);
    s->breaker_max = between(3000, 12000); /* beyond the horizon as well */
    s->timeout_delivery = between(500, 5000);
    s->timeout_hook = between(100, 2000);
}

static void begin_process(void)
{
    draw_settings();
    accounts_reset();
    engines_open((int)between(1, WORKERS - 1));
    use_newest(true);
    TRACE("%d workers begin; %" PRId64 " resident, %" PRId64 " in flight", w.worker_count,
          w.settings.limit_resident, w.settings.limit_in_flight);
}

static void end_process(void)
{
    engine_kill();
    calls_sweep(true);
    for (post *p = w.posts; p; p = p->next)
        p->is_taken = false; /* nobody is there any more who could answer */
}

static void crash_some(void)
{
    TRACE("the process dies");
    end_process();
    begin_process();
}

static bool are_idle(void)
{
    for (int i = 0; i < w.worker_count; i++)
        if (!pl_engine_is_idle(w.workers[i].engine)) return false;
    return true;
}

static void stop_some(void)
{
    TRACE("the process stops");
    for (int i = 0; i < w.worker_count; i++)
        pl_engine_stop(w.workers[i].engine);
    for (int64_t ends_ms = w.now_ms + below(3000); !w.is_dead && w.now_ms < ends_ms && !are_idle();)
        run_for(50);
    if (are_idle()) check_stopped();
    for (int i = 0; i < w.worker_count; i++)
        pl_engine_abandon(w.workers[i].engine);
    crash_some();
}

/* In the middle of what comes. */
static void fuse_some(void)
{
    w.fuse = between(1, 40);
}

static void stall_some(void)
{
    worker *me = some_worker();
    me->stalled_until_ms = w.now_ms + below(3000);
    for (call *c = calls; c; c = c->next)
        c->late_ms += 3000;
}

static void leap_some(void)
{
    int64_t by_ms = chance(50) ? below(2000) : below(300000);
    if (chance(50)) by_ms = -by_ms;
    w.wall_ahead_ms += by_ms;
    if (by_ms > 0) w.leapt_ms += by_ms;
    TRACE("the clock is set by %" PRId64 " ms", by_ms);
}

static void mood_some(void)
{
    int host = (int)below(HOSTS);
    if (host == 0 && has_healthy) return;
    moods[host] = chance(40) ? FINE : (enum mood)below(MOODS);
    TRACE("%s is in mood %d", host_urls[host], moods[host]);
}

static void pass_some(void)
{
    run_for(below(chance(3) ? 30000 : 400));
}

static void disk_some(void)
{
    w.op_delay_ms = ONE_OF(0, 1, 5, 20, 100, 700);
    model.claim_most = chance(20) ? (uint32_t)between(1, 5) : 0;
}

/* -- a run -- */

static void do_something(void)
{
    int64_t sum = 0;
#define X(deed, ...) sum += chances.deed;
    DEEDS(X)
#undef X
    int64_t face = below(sum);
#define X(deed, ...)                         \
    if (face >= 0 && face < chances.deed) {  \
        deed##_some();                       \
        face = -1;                           \
    } else {                                 \
        face -= face < 0 ? 0 : chances.deed; \
    }
    DEEDS(X)
#undef X
}

static void hurry_beyond(int64_t most_ms)
{
    pl_uuid ids[ROWS_MOST * 2];
    uint32_t count = 0;
    for (size_t i = 0; i < model.waiting.count; i++) {
        const row *r = model.waiting.items[i];
        if (r->due_ms > world_wall_ms() + most_ms) ids[count++] = r->id;
    }
    if (count) order_all(w.workers, ids, count, PL_COMMAND_RETRY);
}

/* An administrator looks after the keys that are stopped; how many. */
static uint32_t start_keys(void)
{
    uint32_t count = 0;
    for (size_t i = 0; i < model.row_count; i++) {
        if (!model.rows[i]->stops) continue;
        order_all(w.workers, &model.rows[i]->id, 1, PL_COMMAND_RETRY);
        count++;
    }
    return count;
}

/* All troubles cease. What the usual schedule, of webhooks that were not loaded, has put off for
 * hours is hurried. */
static void calm_down(void)
{
    is_calm = true;
    w.op_delay_ms = model.claim_most = 0;
    w.fuse = 0;
    folder *f = folder_new();
    for (int i = 0; i < SITES; i++)
        f->sites[i].is_loaded = true;
    accounts_widen(f);
    use_newest(true);
    run_for(10000);
    for (int i = 0; i < SITES; i++)
        throw_switch(i, true);
    run_for(1000);
    hurry_beyond(chance(3) ? HOUR_MS : MINUTE_MS);
    for (int64_t ends_ms = w.now_ms + 2 * HOUR_MS;
         w.now_ms < ends_ms && start_keys() + model.held.count + model.waiting.count;) {
        run_for(2000);
        check_step();
    }
    run_for(20000);
    check_step();
}

/* So that the connector that is well can be delayed by its neighbours only. */
static void calm_all_but_receivers(void)
{
    chances.crash = chances.fuse = chances.stop = chances.stall = chances.leap = 0;
    chances.refusals = chances.store_faults = chances.disk = 0;
    chances.order = chances.bulk = chances.toggle = chances.reload = 0;
}

static void begin(void)
{
    dice = seed;
    draw_chances();
    is_calm = false;
    has_healthy = chance(20);
    worst_wait_ms = 0;
    if (has_healthy) calm_all_but_receivers();
    group_ms = -1;
    memset(moods, 0, sizeof moods);
    world_begin();
    w.engine_seed = throw();
    set_spies();
    w.spy.broken = on_broken;
    w.op_fault = fault_of_store;
    w.op_refuse = refusal_of_store;
    w.reply_of = reply_of_network;
    w.plan_of = plan_of_script;
    folder_new();
    begin_process();
}

static void end(void)
{
    check_end();
    end_process();
    accounts_reset();
    world_close();
    folders_fini();
}

static void simulate(bool is_traced)
{
    begin();
    w.is_traced = is_traced;
    for (step = 0; step < STEPS; step++) {
        do_something();
        use_newest(false);
        run_now();
        if (w.is_dead)
            crash_some();
        else
            check_step();
        if (step % 8 == 0) check_places();
    }
    calm_down();
    end();
}

static uint64_t first_seed = 1, last_seed = SEEDS;

TEST(every_accepted_delivery_comes_to_its_end)
{
    for (seed = first_seed; seed <= last_seed; seed++) {
        size_t before = allocated_bytes();
        simulate(first_seed == last_seed);
        if (seed == first_seed) continue; /* what the library keeps for itself */
        w.spy.broken = on_broken;
        RULE("in the end all memory is given back", allocated_bytes() == before);
    }
}

int main(int argc, char **argv)
{
    tzset(); /* what dates need is read now, and kept */
    if (argc > 1) first_seed = last_seed = strtoull(argv[1], NULL, 10);
    if (argc > 2) last_seed = strtoull(argv[2], NULL, 10);
    return RUN(CASE(every_accepted_delivery_comes_to_its_end));
}
