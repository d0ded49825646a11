/* SPDX-License-Identifier: MIT
 *
 * A world for the engine, in which nothing happens by itself: a clock that the test moves, a store
 * that keeps a model of the tables, a network and scripts that answer when and what the test says.
 *
 *    engine --submit--> [op, at] --execute on the model--> mailbox --drain--> engine
 *           --send----> [transfer, at] ----------------------------sent-----> engine
 *           --render--> [script, at] ------------------------------resume---> engine
 *
 * The model checks on its own, whatever the test: what is sent was committed before and is pending
 * and due, no delivery is under way twice, attempts are numbered one by one, and no limit is passed
 * at any step. */
#ifndef PL_SPEC_FLOW_WORLD_H
#define PL_SPEC_FLOW_WORLD_H

#include "flow/engine.h"
#include "model.h"

#define EPOCH_MS INT64_C(1795248930123)
#define FOREVER  INT64_MAX
#define WEBHOOKS 4

/* -- what the world is made of -- */

/* Something that comes at a time: an operation of the store, a transfer, a waiting script. */
typedef struct coming {
    int64_t at_ms;
    pl_op *op;
    pl_exchange *x;
    int code, status, retry_after_s;
    const char *body;
    struct coming *next;
} coming;

/* A request that posted events. */
typedef struct post {
    pl_intake *in; /* NULL once it is freed */
    int answers, code, settled;
    bool frees_itself; /* at the answer, as the interface does when nobody waits */
    struct post *next;
} post;

typedef struct reply {
    int64_t delay_ms;
    int code, status;
    const char *body;  /* NULL: empty */
    int retry_after_s; /* 0: it says nothing of it */
} reply;

/* What a script stage does: its code, at once (-1) or after a while. */
typedef struct plan {
    int code;
    int64_t wait_ms;
} plan;

/* A generation whose webhook i has the ids "c", "0123"[i]. An event of type "02?" goes to the
 * webhooks 0 and 2, the second undecided; one of type "-" to none. */
typedef struct scripts {
    pl_generation base;
    pl_policy policies[WEBHOOKS];
    plan plans[PL_STAGE_COUNT];
    bool when_says_no;
    int rendered, asked, heard; /* of each stage */
    int heard_error;            /* of the failure that was heard of last */
    char heard_text[100];
    bool heard_will_retry;
} scripts;

static struct world {
    int64_t now_ms; /* monotonic; the wall shows EPOCH_MS more */
    pl_wheel wheel;
    pl_mailbox box;
    pl_settings settings;
    pl_quotas *quotas;
    pl_breakers *breakers;
    pl_engine *engine;
    int generations; /* alive */

    coming *ops, **ops_end;
    int64_t op_delay_ms;
    int op_result;                    /* of each operation */
    bool op_refused;                  /* the queue is full */
    int (*op_fault)(const pl_op *op); /* NULL: as above */
    bool (*op_refuse)(const pl_op *op);
    int op_counts[PL_OP_KINDS]; /* submitted */
    pl_claim *claim_unread;

    coming *transfers, *waits;
    reply reply;
    reply (*reply_of)(const pl_exchange *x); /* NULL: the same for all */
    plan (*plan_of)(pl_exchange *x);         /* NULL: as the generation says */
    int sends, unsends, under_way, most_under_way, most_resident;
    int recorded;                           /* told by the engine */
    void (*watch)(const pl_record *record); /* NULL: nobody looks */

    post *posts;
    int event_number;
} w;

/* -- clocks -- */

static inline int64_t world_wall_ms(void)
{
    return EPOCH_MS + w.now_ms;
}

static inline uint64_t world_monotonic_us(void)
{
    return (uint64_t)w.now_ms * 1000;
}

/* -- lists of what comes -- */

static inline coming *come(coming **list, int64_t delay_ms)
{
    coming *c = pl_alloc_zero(sizeof *c);
    c->at_ms = delay_ms == FOREVER ? FOREVER : w.now_ms + delay_ms;
    c->next = *list;
    *list = c;
    return c;
}

static inline coming *take_due(coming **list)
{
    for (coming **link = list; *link; link = &(*link)->next) {
        coming *c = *link;
        if (c->at_ms > w.now_ms) continue;
        *link = c->next;
        return c;
    }
    return NULL;
}

static inline bool remove_of(coming **list, const pl_exchange *x)
{
    for (coming **link = list; *link; link = &(*link)->next) {
        coming *c = *link;
        if (c->x != x) continue;
        *link = c->next;
        free(c);
        return true;
    }
    return false;
}

static inline int64_t first_of(const coming *list, int64_t at_ms)
{
    for (; list; list = list->next)
        if (list->at_ms < at_ms) at_ms = list->at_ms;
    return at_ms;
}

static inline void drop_list(coming **list)
{
    for (coming *c; (c = *list) != NULL;) {
        *list = c->next;
        free(c);
    }
}

/* -- the store -- */

static inline void store_execute(pl_op *op)
{
    op->result = w.op_fault ? w.op_fault(op) : w.op_result;
    if (op->result != 0) {
        if (op->kind == PL_OP_CLAIM) ((pl_claim *)op)->count = 0;
    } else if (op->kind == PL_OP_COMMIT) {
        store_commit((pl_commit *)op);
    } else if (op->kind == PL_OP_RECORD) {
        store_record((pl_record *)op);
    } else {
        w.claim_unread = (pl_claim *)op;
        store_claim(w.claim_unread);
    }
    pl_mailbox_post(op->reply_to, &op->message);
}

/* In order: an operation is not carried out before those that came before it. */
static inline bool store_run(void)
{
    bool any = false;
    while (w.ops && w.ops->at_ms <= w.now_ms) {
        coming *c = w.ops;
        w.ops = c->next;
        if (w.ops == NULL) w.ops_end = &w.ops;
        store_execute(c->op);
        free(c);
        any = true;
    }
    return any;
}

static inline int port_submit(void *world, pl_op *op)
{
    (void)world;
    w.op_counts[op->kind]++;
    if (w.op_refuse ? w.op_refuse(op) : w.op_refused) return PL_E_BUSY;
    coming *c = pl_alloc_zero(sizeof *c);
    *c = (coming){.at_ms = w.now_ms + w.op_delay_ms, .op = op};
    *w.ops_end = c;
    w.ops_end = &c->next;
    return 0;
}

/* An administrator's command, carried out and told as the interface does it. */
static inline void command(pl_uuid id, enum pl_command_kind kind)
{
    store_command(id, kind, world_wall_ms());
    pl_engine_nudge(w.engine, id, kind);
    if (kind == PL_COMMAND_RETRY) pl_engine_claim_now(w.engine);
}

/* -- the network -- */

static inline void port_send(void *world, pl_exchange *x)
{
    (void)world;
    reply answer = w.reply_of ? w.reply_of(x) : w.reply;
    coming *c = come(&w.transfers, answer.delay_ms);
    c->x = x;
    c->code = answer.code;
    c->status = answer.status;
    c->body = answer.body;
    c->retry_after_s = answer.retry_after_s;
    x->transfer = c;
    w.sends++;
    if (x->delivery == NULL) return;
    row *r = row_of(x->id);
    CHECK(r != NULL); /* it was committed */
    if (r == NULL) return;
    CHECK(!r->is_under_way);
    CHECK(r->state == PL_STATE_PENDING || r->was_cancelled); /* perhaps while a script waited */
    CHECK(world_wall_ms() >= r->not_before_ms);
    CHECK(world_wall_ms() >= r->asked_until_ms);
    r->is_under_way = true;
    if ((size_t)r->sends < sizeof r->sent_at_ms / sizeof *r->sent_at_ms)
        r->sent_at_ms[r->sends] = w.now_ms;
    r->sends++;
    if (++w.under_way > w.most_under_way) w.most_under_way = w.under_way;
}

static inline void transfer_over(const pl_exchange *x)
{
    row *r = x->delivery ? row_of(x->id) : NULL;
    if (r == NULL) return;
    r->is_under_way = false;
    w.under_way--;
}

static inline void port_unsend(void *world, pl_exchange *x)
{
    (void)world;
    CHECK(remove_of(&w.transfers, x));
    x->transfer = NULL;
    transfer_over(x);
    w.unsends++;
}

static inline void port_recorded(void *world, const pl_record *record)
{
    (void)world;
    w.recorded++;
    if (w.watch) w.watch(record);
}

/* The receiver wants to be left alone by this delivery, and says so. */
static inline void ask_to_wait(pl_exchange *x, int seconds)
{
    pl_field *f = pl_arena_zero(&x->arena, sizeof *f);
    f->name = PL_SLICE("Retry-After");
    f->value = pl_slice_of(pl_arena_printf(&x->arena, "%d", seconds));
    x->response.fields = f;
    if (x->delivery) row_of(x->id)->asked_until_ms = world_wall_ms() + seconds * INT64_C(1000);
}

static inline void transfer_answer(coming *c)
{
    pl_exchange *x = c->x;
    int code = c->code;
    transfer_over(x);
    x->response.status = c->status;
    x->response.body = pl_slice_of(c->body);
    if (c->retry_after_s) ask_to_wait(x, c->retry_after_s);
    if (code != 0) x->response.error_text = "the test's network says so";
    if (x->delivery && code == 0 && c->status >= 200 && c->status < 300) row_of(x->id)->successes++;
    free(c);
    pl_engine_sent(x, code);
}

/* -- scripts -- */

static inline void scripts_route(pl_generation *g, const pl_event *event, pl_arena *arena,
                                 pl_routes *routes)
{
    (void)g;
    routes->items = pl_arena_zero(arena, event->type.len * sizeof *routes->items);
    for (size_t i = 0; i < event->type.len; i++) {
        char c = event->type.ptr[i];
        if (c >= '0' && c < '0' + WEBHOOKS)
            routes->items[routes->count++].webhook = (uint32_t)(c - '0');
        else if (c == '?')
            routes->items[routes->count - 1].undecided = true;
    }
    if (routes->count == 0) routes->reason = PL_SLICE("no webhook wants it");
}

static inline int64_t scripts_find(pl_generation *g, pl_slice connector, pl_slice webhook)
{
    for (uint32_t i = 0; i < g->policy_count; i++)
        if (pl_slice_eq(g->policies[i].connector, connector) &&
            pl_slice_eq(g->policies[i].webhook, webhook))
            return i;
    return -1;
}

static inline int scripts_stage(pl_generation *g, pl_exchange *x)
{
    scripts *s = (scripts *)g;
    plan p = w.plan_of ? w.plan_of(x) : s->plans[x->stage];
    if (p.code < 0) x->error_text = "the test's script says so";
    if (p.wait_ms < 0) return p.code;
    coming *c = come(&w.waits, p.wait_ms);
    c->x = x;
    c->code = p.code;
    return PL_WAIT;
}

static inline int scripts_render(pl_generation *g, pl_exchange *x)
{
    scripts *s = (scripts *)g;
    s->rendered++;
    CHECK_EQ_INT(x->stage, PL_STAGE_RENDER);
    if (x->undecided && s->when_says_no) {
        x->error_text = "`when` is false";
        return PL_E_CANCELLED;
    }
    x->request.method = PL_SLICE("POST");
    x->request.url = PL_SLICE("https://receiver.example/hook");
    x->request.body = x->event->document;
    x->request.has_body = x->request.body_is_event = true;
    return scripts_stage(g, x);
}

static inline int scripts_authenticate(pl_generation *g, pl_exchange *x)
{
    CHECK_EQ_INT(x->stage, PL_STAGE_AUTHENTICATE);
    pl_request_set_field(&x->request, &x->arena, PL_SLICE("Authorization"), PL_SLICE("Bearer abc"));
    return scripts_stage(g, x);
}

static inline int scripts_map(pl_generation *g, pl_exchange *x)
{
    CHECK_EQ_INT(x->stage, PL_STAGE_MAP);
    x->ok = x->response.status >= 200 && x->response.status < 300;
    x->variables = pl_slice_of(pl_arena_printf(&x->arena, "{\"s\":%d}", x->response.status));
    return scripts_stage(g, x);
}

static inline int scripts_unauthorized(pl_generation *g, pl_exchange *x)
{
    ((scripts *)g)->asked++;
    CHECK_EQ_INT(x->stage, PL_STAGE_REAUTHORIZE);
    CHECK_EQ_INT(x->response.status, 401);
    return scripts_stage(g, x);
}

static inline int scripts_failed(pl_generation *g, pl_exchange *x)
{
    scripts *s = (scripts *)g;
    s->heard++;
    CHECK_EQ_INT(x->stage, PL_STAGE_FAILED);
    s->heard_error = x->error;
    s->heard_will_retry = pl_exchange_will_retry(x);
    snprintf(s->heard_text, sizeof s->heard_text, "%s", x->error_text);
    return scripts_stage(g, x);
}

static inline void scripts_release(pl_generation *g, pl_exchange *x)
{
    (void)g;
    remove_of(&w.waits, x);
}

static inline void scripts_free(pl_generation *g)
{
    w.generations--;
    free(g);
}

static inline scripts *scripts_new(const int64_t *delays_ms, uint32_t delay_count)
{
    static const char names[] = "0123";
    static uint64_t number;
    scripts *s = pl_alloc_zero(sizeof *s);
    for (uint32_t i = 0; i < WEBHOOKS; i++)
        s->policies[i] = (pl_policy){.connector = PL_SLICE("c"),
                                     .webhook = {names + i, 1},
                                     .delays_ms = delays_ms,
                                     .delay_count = delay_count};
    for (int i = 0; i < PL_STAGE_COUNT; i++)
        s->plans[i].wait_ms = -1;
    s->base = (pl_generation){.refs = 1,
                              .number = ++number,
                              .policies = s->policies,
                              .policy_count = WEBHOOKS,
                              .free = scripts_free,
                              .route = scripts_route,
                              .find = scripts_find,
                              .render = scripts_render,
                              .authenticate = scripts_authenticate,
                              .map = scripts_map,
                              .unauthorized = scripts_unauthorized,
                              .failed = scripts_failed,
                              .release = scripts_release};
    w.generations++;
    return s;
}

/* -- requests -- */

static inline void on_committed(pl_intake *in, int code)
{
    post *p = in->owner;
    p->answers++;
    p->code = code;
    for (uint32_t n = 0; code == 0 && !in->commit.is_duplicate && n < in->count; n++)
        for (uint32_t i = 0; !in->commit.events[n].is_duplicate && i < in->commit.events[n].count;
             i++)
            CHECK(row_of(in->commit.events[n].deliveries[i].id) != NULL);
    if (!p->frees_itself) return;
    p->in = NULL;
    pl_intake_free(in);
}

static inline void on_settled(pl_intake *in)
{
    ((post *)in->owner)->settled++;
}

static inline void put_answer(const pl_commit *c, pl_buf *out)
{
    pl_buf_printf(out, "{\"events\":%u}", c->count);
}

static inline pl_event *event_of(const char *id, const char *type)
{
    char json[200];
    pl_event *event = NULL;
    pl_event_fault fault;
    pl_event_rules rules = {.json_depth = 16, .type = PL_TYPE_NEEDED};
    snprintf(json, sizeof json, "{\"id\":\"%s\",\"type\":\"%s\",\"data\":{\"n\":1.0}}", id, type);
    CHECK_EQ_INT(pl_event_parse(pl_slice_of(json), &rules, pl_engine_rng(w.engine), world_wall_ms(),
                                &event, &fault),
                 0);
    return event;
}

static inline post *post_new(uint32_t count)
{
    post *p = pl_alloc_zero(sizeof *p);
    p->in = pl_intake_new();
    p->in->events = pl_arena_alloc(&p->in->arena, count * sizeof(pl_event *));
    p->in->owner = p;
    p->in->committed = on_committed;
    p->in->settled = on_settled;
    p->in->answer = put_answer;
    p->in->received_us = world_monotonic_us();
    p->next = w.posts;
    w.posts = p;
    return p;
}

static inline void post_add(post *p, const char *id, const char *type)
{
    char own[16];
    snprintf(own, sizeof own, "e%d", w.event_number++);
    p->in->events[p->in->count++] = event_of(id ? id : own, type);
}

/* Posts one event; nobody waits. */
static inline post *post_event(const char *id, const char *type)
{
    post *p = post_new(1);
    post_add(p, id, type);
    p->frees_itself = true;
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
    return p;
}

static inline post *post_waiting(const char *type)
{
    post *p = post_new(1);
    post_add(p, NULL, type);
    p->in->waits = true;
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
    return p;
}

static inline void post_free(post *p)
{
    if (p->in) pl_intake_free(p->in);
    p->in = NULL;
}

/* -- time goes on -- */

#define METRIC(name) ((int64_t)pl_counter_get(&pl_engine_metrics_of(w.engine)->name))

static inline void check_limits(void)
{
    int resident = (int)METRIC(resident);
    if (resident > w.most_resident) w.most_resident = resident;
    CHECK(resident <= w.settings.limit_resident);
    CHECK(w.under_way <= w.settings.limit_in_flight);
}

static inline bool answer_due(void)
{
    bool any = false;
    for (coming *c; (c = take_due(&w.transfers)) != NULL; any = true)
        transfer_answer(c);
    for (coming *c; (c = take_due(&w.waits)) != NULL; any = true) {
        pl_exchange *x = c->x;
        int code = c->code;
        free(c);
        pl_engine_resume(x, code);
    }
    return any;
}

static inline bool drain(void)
{
    w.claim_unread = NULL;
    return pl_mailbox_drain(&w.box) > 0;
}

/* All that is to happen at this moment. */
static inline void run_now(void)
{
    bool any = true;
    for (int rounds = 0; any; rounds++) {
        any = pl_wheel_advance(&w.wheel, (uint64_t)w.now_ms) > 0;
        any |= store_run();
        any |= drain();
        any |= answer_due();
        check_limits();
        if (rounds < 20000) continue;
        CHECK(!"time stands still: the engine goes in a circle");
        return;
    }
}

static inline int64_t next_moment(void)
{
    uint64_t wait_ms = pl_wheel_wait_ms(&w.wheel);
    int64_t at_ms = wait_ms == PL_NEVER ? FOREVER : w.now_ms + (int64_t)wait_ms;
    at_ms = first_of(w.transfers, at_ms);
    at_ms = first_of(w.waits, at_ms);
    return w.ops && w.ops->at_ms < at_ms ? w.ops->at_ms : at_ms;
}

static inline void run_until(int64_t until_ms)
{
    run_now();
    for (int64_t at_ms; (at_ms = next_moment()) <= until_ms;) {
        w.now_ms = at_ms > w.now_ms ? at_ms : w.now_ms + 1;
        run_now();
    }
    w.now_ms = until_ms;
    run_now();
}

static inline void run_for(int64_t ms)
{
    run_until(w.now_ms + ms);
}

/* -- begin and end -- */

static inline void engine_open(scripts *s)
{
    static uint8_t seed[32];
    w.quotas = pl_quotas_new();
    w.breakers = pl_breakers_new();
    pl_ports ports = {.world = &w,
                      .wheel = &w.wheel,
                      .mailbox = &w.box,
                      .quotas = w.quotas,
                      .breakers = w.breakers,
                      .wall_ms = world_wall_ms,
                      .monotonic_us = world_monotonic_us,
                      .submit = port_submit,
                      .send = port_send,
                      .unsend = port_unsend,
                      .recorded = port_recorded};
    seed[0]++, seed[1] += seed[0] == 0; /* no two engines make the same ids */
    w.engine = pl_engine_new(&ports, &w.settings, seed);
    pl_engine_use(w.engine, &s->base);
}

static inline void no_wake(void *owner)
{
    (void)owner;
}

static inline void world_open(scripts *s)
{
    pl_wheel_init(&w.wheel, 0);
    pl_mailbox_init(&w.box, no_wake, NULL);
    pl_settings_init(&w.settings);
    w.settings.breaker_failures = 0; /* but where a test is about them */
    w.ops_end = &w.ops;
    w.reply = (reply){.delay_ms = 20, .status = 200};
    engine_open(s);
}

/* The process dies: what the store has done stays, all else is gone. */
static inline void engine_kill(void)
{
    drop_list(&w.ops);
    w.ops_end = &w.ops;
    pl_mailbox_fini(&w.box);
    pl_mailbox_init(&w.box, no_wake, NULL);
    if (w.claim_unread) pl_arena_fini(&w.claim_unread->memory);
    w.claim_unread = NULL;
    for (post *p = w.posts; p; p = p->next)
        post_free(p);
    pl_engine_free(w.engine);
    pl_quotas_free(w.quotas);
    pl_breakers_free(w.breakers);
    w.quotas = NULL;
    w.breakers = NULL;
    CHECK(w.transfers == NULL && w.waits == NULL && w.under_way == 0);
    CHECK_EQ_INT(w.wheel.count, 0);
    CHECK_EQ_INT(w.generations, 0);
    model_reopen();
}

static inline void world_close(void)
{
    engine_kill();
    for (post *p; (p = w.posts) != NULL;) {
        w.posts = p->next;
        free(p);
    }
    model_fini();
    pl_mailbox_fini(&w.box);
    pl_settings_fini(&w.settings);
    w = (struct world){0};
}

#endif
