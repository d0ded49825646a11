/* SPDX-License-Identifier: MIT
 *
 * The promise of the product, tried with many seeds: once an event is accepted, each of its
 * deliveries is attempted until it succeeds, is cancelled, or runs out of attempts, whatever
 * happens in between. What happens is random and follows from the seed alone: events, duplicates,
 * waiting clients, calls, commands, reloads, a store that fails and refuses, a network and scripts
 * that fail and hang, and kills between any two steps of the world. In the end all troubles cease,
 * and the model must hold nothing that still waits. Run one seed: simulation_test SEED. */
#include "world.h"

#define SEEDS  300
#define STEPS  600
#define DELAYS 3

static const int64_t delays[DELAYS] = {1000, 3000, 30000};

static pl_rng dice;
static bool is_calm;
static int calls_open, accepted_posts;

/* The generator wants a seed of good randomness: one number is spread out (splitmix64). */
static void throw_dice_of(uint64_t seed)
{
    uint8_t bytes[32];
    for (size_t i = 0; i < sizeof bytes; i += sizeof seed) {
        uint64_t z = seed += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        z ^= z >> 31;
        memcpy(bytes + i, &z, sizeof z);
    }
    pl_rng_init(&dice, bytes);
}

static int64_t below(int64_t n)
{
    return (int64_t)(pl_rng_next(&dice) % (uint64_t)n);
}

static bool chance(int percent)
{
    return below(100) < percent;
}

/* -- troubles -- */

static int trouble_of_store(const pl_op *op)
{
    (void)op;
    return is_calm || !chance(10) ? 0 : chance(50) ? PL_E_STORE : PL_E_STORE_FULL;
}

static bool refusal_of_store(const pl_op *op)
{
    (void)op;
    return !is_calm && chance(5);
}

static reply reply_of_network(const pl_exchange *x)
{
    static const int codes[] = {0, 0, 0, 0, PL_E_CONNECT, PL_E_TIMEOUT, PL_E_RESET, PL_E_PROXY};
    static const int statuses[] = {200, 503, 404, 401, 0, 0, 200, 0};
    (void)x;
    int64_t i = is_calm || chance(50) ? 0 : below(sizeof codes / sizeof *codes);
    reply r = {.delay_ms = below(is_calm ? 50 : 2000), .code = codes[i], .status = statuses[i]};
    if (r.status == 503 && chance(50)) r.retry_after_s = 1 + (int)below(20);
    return r;
}

static plan plan_of_script(pl_exchange *x)
{
    if (x->stage == PL_STAGE_REAUTHORIZE && chance(50))
        return (plan){PL_AGAIN, chance(50) ? -1 : below(500)};
    if (is_calm || chance(80)) return (plan){0, -1};
    if (chance(5)) return (plan){0, FOREVER};
    return (plan){chance(30) ? PL_E_SCRIPT : 0, chance(50) ? -1 : below(500)};
}

static const pl_limit limit = {
    .host = {"limited.example", 15},
    .rate = {.per_second = 20, .burst = 2, .concurrency = 3},
};
static const pl_limits limits = {&limit, 1};
static bool has_limits;

static scripts *some_scripts(void)
{
    scripts *s = scripts_new(delays, DELAYS);
    for (uint32_t i = 0; i < WEBHOOKS; i++) {
        s->policies[i].has_on_unauthorized = i % 2;
        s->policies[i].has_on_failed = i / 2;
        if (i < 2) continue;
        s->policies[i].connector = PL_SLICE("d");
        s->policies[i].rate = (pl_rate){.per_second = 20, .burst = 3, .concurrency = 4};
    }
    if (has_limits) {
        s->urls[0] = s->urls[2] = "http://limited.example/";
        s->base.limits = limits;
        s->policies[1].rate = (pl_rate){.per_second = 30, .burst = 2, .concurrency = 3};
        s->policies[1].own_quota = PL_SLICE("c/1");
    }
    return s;
}

static void kill_and_restart(void)
{
    if (chance(50)) { /* what the store has done since then is not known to the engine */
        pl_wheel_advance(&w.workers[0].wheel, (uint64_t)w.now_ms);
        store_run();
    } else if (chance(30)) {
        pl_engine_stop(w.engine);
        run_for(below(100));
        pl_engine_abandon(w.engine);
    }
    engine_kill();
    calls_open = 0;
    engine_open(some_scripts());
}

/* -- what clients and administrators do -- */

static void on_finished(pl_exchange *x)
{
    (void)x;
    calls_open--;
}

static void post_some(void)
{
    static const char *const types[] = {"0", "1", "01", "-", "0123", "2?", "3"};
    char id[16];
    post *p = post_new(3);
    for (int64_t n = below(3); n >= 0; n--) {
        snprintf(id, sizeof id, "d%d", (int)below(50));
        post_add(p, chance(10) ? id : NULL, types[below(sizeof types / sizeof *types)]);
    }
    if (chance(10)) {
        snprintf(id, sizeof id, "k%d", (int)below(20));
        p->in->idempotency_key = pl_arena_dup(&p->in->arena, pl_slice_of(id));
    }
    p->in->waits = chance(30);
    p->frees_itself = !p->in->waits;
    if (pl_engine_take(w.engine, p->in) != 0)
        post_free(p);
    else
        accepted_posts++;
}

static void leave_one(void)
{
    for (post *p = w.posts; p; p = p->next) {
        if (p->in == NULL || p->answers == 0 || !chance(50)) continue;
        post_free(p);
        return;
    }
}

static int write_answer(const pl_exchange *x, pl_buf *out)
{
    pl_buf_printf(out, "{\"error\":%d}", x->error);
    return x->error ? 502 : 200;
}

static void on_known(void *owner, const pl_key *key)
{
    (void)owner;
    const key_row *k = key->status ? key_row_of(key->key) : NULL;
    if (k) CHECK_EQ_STR(key->answer, k->answer);
    CHECK(key->op.result != PL_E_KEY_REUSED);
    calls_open--;
}

static void add_key(pl_call *c, char id[16])
{
    snprintf(id, 16, "c%d", (int)below(30));
    c->kind = PL_KIND_CALL;
    c->dry_run = false;
    c->key = pl_slice_of(id);
    c->digest = PL_SLICE("digest");
    c->answer = write_answer;
    c->known = on_known;
}

static void call_one(void)
{
    char id[16];
    pl_call c = {.kind = chance(50) ? PL_KIND_CALL : PL_KIND_TRY,
                 .dry_run = chance(20),
                 .event = event_of("call", "x"),
                 .webhook = (uint32_t)below(WEBHOOKS),
                 .finished = on_finished};
    if (chance(50)) add_key(&c, id);
    calls_open++;
    if (pl_engine_call(w.engine, &c) == 0) return;
    pl_event_unref(c.event);
    calls_open--;
}

/* Mostly of what is young enough to be in memory, and often changing their mind at once. */
static void command_one(void)
{
    int64_t count = (int64_t)model.row_count, young = count < 10 ? count : 10;
    if (count == 0) return;
    pl_uuid id = model.rows[chance(70) ? count - 1 - below(young) : below(count)]->id;
    enum pl_command_kind kind = chance(50) ? PL_COMMAND_CANCEL : PL_COMMAND_RETRY;
    command(id, kind);
    if (kind == PL_COMMAND_CANCEL && chance(50)) command(id, PL_COMMAND_RETRY);
}

static void step(void)
{
    int64_t face = below(100);
    if (face < 30)
        post_some();
    else if (face < 35)
        leave_one();
    else if (face < 42)
        call_one();
    else if (face < 54)
        command_one();
    else if (face < 56)
        pl_engine_use(w.engine, &some_scripts()->base);
    else if (face < 57)
        kill_and_restart();
    else if (face < 60)
        w.op_delay_ms = below(100);
    else
        run_for(below(chance(3) ? 20000 : 400));
    run_now();
}

/* -- what must hold in the end -- */

static bool is_hopeless(const row *r)
{
    if (strcmp(r->outcome, "map") == 0) return true;
    return strcmp(r->outcome, "http_status") == 0 && (r->status == 404 || r->status == 401);
}

static void check_row(const row *r)
{
    CHECK(r->state != PL_STATE_PENDING);
    if (r->state == PL_STATE_DELIVERED) {
        CHECK(r->successes > 0);
        CHECK_EQ_STR(r->outcome, "ok");
    }
    uint32_t counted = r->attempts - r->first - r->uncounted;
    if (r->state == PL_STATE_FAILED) CHECK(is_hopeless(r) || counted == DELAYS + 1);
    if (r->state == PL_STATE_CANCELLED) CHECK(r->was_cancelled);
    CHECK(counted <= DELAYS + 1);
    CHECK_EQ_INT(r->attempts, r->recorded);
}

static void check_concurrency(void)
{
    int under_way = 0;
    for (size_t i = 0; i < model.row_count; i++)
        under_way += model.rows[i]->under_way && model.rows[i]->connector[0] == 'd';
    CHECK(under_way <= 4);
}

static void simulate(uint64_t seed)
{
    throw_dice_of(seed);
    is_calm = false;
    has_limits = chance(50);
    calls_open = 0;
    world_open(some_scripts());
    w.op_fault = trouble_of_store;
    w.op_refuse = refusal_of_store;
    w.reply_of = reply_of_network;
    w.plan_of = plan_of_script;
    w.settings.limit_horizon = 5000;
    w.settings.breaker_failures = chance(50) ? 1 + below(5) : 0;
    w.settings.breaker_cooldown = 1000;
    w.settings.breaker_max = 8000;                                 /* beyond the horizon as well */
    w.settings.limit_resident = chance(50) ? 1 + below(40) : 1000; /* under pressure, or not */
    w.settings.limit_in_flight = 1 + below(10);
    for (int i = 0; i < STEPS; i++) {
        step();
        const char *wrong = i % 16 ? NULL : pl_wheel_check(&w.workers[0].wheel);
        if (wrong == NULL) wrong = pl_engine_check(w.engine);
        if (wrong == NULL) wrong = pl_breakers_check(w.breakers);
        CHECK_EQ_STR(wrong ? wrong : "", "");
        check_concurrency();
    }

    is_calm = true;
    w.op_delay_ms = 0;
    run_for(120000);
    for (size_t i = 0; i < model.row_count; i++)
        check_row(model.rows[i]);
    CHECK_EQ_INT(METRIC(resident), 0);
    CHECK_EQ_INT(METRIC(in_flight), 0);
    CHECK_EQ_INT(calls_open, 0);
    CHECK(pl_engine_is_idle(w.engine));
    CHECK(model.row_count > 100);
    world_close();
}

static uint64_t only_seed;

TEST(every_accepted_delivery_comes_to_its_end)
{
    uint64_t seed = only_seed ? only_seed : 1, last = only_seed ? only_seed : SEEDS;
    for (; seed <= last; seed++) {
        int failures = test_failures;
        simulate(seed);
        if (test_failures == failures) continue;
        printf("    with seed %" PRIu64 "\n", seed);
        return;
    }
    CHECK(accepted_posts > 0);
}

int main(int argc, char **argv)
{
    if (argc > 1) only_seed = strtoull(argv[1], NULL, 10);
    return RUN(CASE(every_accepted_delivery_comes_to_its_end));
}
