/* SPDX-License-Identifier: MIT
 *
 * C routes what needs no script, Lua the rest, and nobody can tell which of them it was: random
 * folders and events, each event routed by both. */
#include "base/err.h"
#include "base/id.h"
#include "script/script.h"
#include "script/script_impl.h"

#include "folder.h"
#include "test.h"

#define FOLDERS    30
#define CONNECTORS 5
#define WEBHOOKS   3
#define TYPES      7 /* one more than triggers name */
#define KEYED      1 /* of these, the first */
#define VALUES     4

static pl_rng rng;
static int by_c, by_scripts, to_none;

/* Nothing waits here. */
void pl_engine_resume(pl_exchange *x, int code)
{
    (void)x, (void)code;
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)(pl_rng_next(&rng) % n);
}

/* What a webhook asks of an event beside its type and key: mostly nothing. */
static const char *condition(void)
{
    static const char *const conditions[] = {
        "when = 'data.n > 1',",
        "when = function(_, values) return values.data.n == 2 end,",
        "when = function() error 'cannot say' end,",
        "order_by = '{{ data.n }}',",
        "order_by = function() error 'cannot say' end,",
    };
    return below(5) ? "" : conditions[below(sizeof conditions / sizeof *conditions)];
}

static void put_webhook(pl_buf *out, uint32_t type)
{
    pl_buf_printf(out, "  { on = 't%u', %s url = 'https://a.example/', ", type, condition());
    if (type < KEYED) pl_buf_printf(out, "n = %u ", below(VALUES));
    PL_BUF_PUT(out, "},\n");
}

/* Of one connector, triggers differ. */
static void put_connector(pl_buf *out)
{
    pl_buf_printf(out, "return { %s%swebhooks = {\n",
                  below(8) ? "" : "applies_to = { n = { 1, 2 } }, ",
                  below(12) ? "" : "order_by = '{{ data.n }}', ");
    for (uint32_t i = 0, first = below(TYPES - 1); i < WEBHOOKS; i++)
        put_webhook(out, (first + i) % (TYPES - 1));
    PL_BUF_PUT(out, "} }\n");
    pl_buf_put_char(out, '\0');
}

static pl_generation *load_random(void)
{
    pl_faults faults = {0};
    pl_bundle *bundle = NULL;
    folder f = folder_new();
    folder_write(&f, "gateway.lua",
                 "return { events = { t0 = { key = 'n' }, 't1', 't2', 't3', 't4', 't5' } }\n");
    for (int i = 0; i < CONNECTORS; i++) {
        char name[32];
        pl_buf text = {0};
        put_connector(&text);
        snprintf(name, sizeof name, "connectors/c%d.lua", i);
        folder_write(&f, name, text.ptr);
        pl_buf_fini(&text);
    }
    CHECK_EQ_INT(pl_bundle_read(f.path, NULL, &bundle, &faults), 0);
    pl_generation *g = pl_script_load(bundle, &(pl_script_config){.json_depth = 64}, 1, &faults);
    for (size_t i = 0; i < faults.count; i++)
        printf("    %s:%d: %s\n", faults.items[i].file, faults.items[i].line,
               faults.items[i].message);
    pl_faults_fini(&faults);
    pl_bundle_free(bundle);
    folder_remove(&f);
    return g;
}

static pl_event *random_event(uint32_t type, uint32_t n)
{
    char json[96];
    pl_event *e = NULL;
    pl_event_fault fault;
    pl_event_rules rules = {.json_depth = 64, .type = PL_TYPE_NEEDED};
    int len =
        snprintf(json, sizeof json, "{\"id\":\"e\",\"type\":\"t%u\",\"data\":{\"n\":%u}}", type, n);
    CHECK_EQ_INT(pl_event_parse((pl_slice){json, (size_t)len}, &rules, &rng, 0, &e, &fault), 0);
    return e;
}

static void check_same(const pl_routes *a, const pl_routes *b)
{
    CHECK_EQ_INT(a->count, b->count);
    CHECK_EQ_SLICE(a->reason, b->reason);
    for (uint32_t i = 0; i < a->count && i < b->count; i++) {
        CHECK_EQ_INT(a->items[i].webhook, b->items[i].webhook);
        CHECK_EQ_INT(a->items[i].undecided, b->items[i].undecided);
        CHECK_EQ_SLICE(a->items[i].order_key, b->items[i].order_key);
    }
}

/* Without its router a generation asks its scripts about everything. */
static void route_both_ways(pl_generation *g, const pl_event *e)
{
    pl_script *s = pl_script_of(g);
    const pl_router router = s->router;
    pl_routes usual, scripts;
    pl_arena arena;
    pl_arena_init(&arena);
    g->route(g, e, &arena, &usual);
    s->router = (pl_router){0};
    g->route(g, e, &arena, &scripts);
    s->router = router;
    check_same(&usual, &scripts);
    *(pl_router_find(&router, e->type) ? &by_c : &by_scripts) += 1;
    to_none += usual.count == 0;
    pl_arena_fini(&arena);
}

TEST(c_routes_as_scripts_do)
{
    pl_rng_init(&rng, (const uint8_t[32]){7});
    for (int i = 0; i < FOLDERS; i++) {
        pl_generation *g = load_random();
        CHECK(g != NULL);
        if (g == NULL) return;
        for (uint32_t j = 0; j < TYPES * VALUES; j++) {
            pl_event *e = random_event(j % TYPES, j / TYPES);
            route_both_ways(g, e);
            pl_event_unref(e);
        }
        pl_generation_unref(g);
    }
    CHECK(by_c > 100 && by_scripts > 100 && to_none > 100); /* or it says little */
}

int main(void)
{
    return RUN(CASE(c_routes_as_scripts_do));
}
