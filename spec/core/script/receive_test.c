/* SPDX-License-Identifier: MIT
 *
 * Receptions: what scripts say of an inbound request, waiting, and being given up. */
#include "script/receive.h"

#include "base/err.h"
#include "script/script.h"

#include "folder.h"
#include "test.h"

/* Instead of the engine's. */
void pl_engine_resume(pl_exchange *x, int code)
{
    (void)x, (void)code;
}

static const char gateway[] =
    "local kept\n"
    "return { ingress = function(_, inbound) return inbound:header 'X-Pass' == '1' end, sources = "
    "{\n"
    "  all = { methods = { 'GET', 'POST' }, source = function(_, inbound)\n"
    "    return { { type = inbound:method(), data = inbound:body(), id = inbound:client() } },\n"
    "      { status = 299, body = 'own', headers = { ['X-A'] = 'b' } } end },\n"
    "  bad = { verify = function() return false, 'no' end, source = function() end },\n"
    "  slow = { verify = function() return true end, source = function() sleep(2)\n"
    "    return { type = 'late' } end },\n"
    "  wrong = { source = function() error 'it says no' end },\n"
    "  keeps = { source = function(ctx, inbound)\n"
    "    local first = kept == nil\n"
    "    if first then kept = inbound return nil end\n"
    "    return { type = select(2, pcall(kept.body, kept)) } end },\n"
    "} }\n";

static pl_generation *load(pl_wheel *wheel)
{
    pl_faults faults = {0};
    pl_settings settings;
    folder f = folder_new();
    folder_write(&f, "gateway.lua", gateway);
    pl_bundle *bundle = NULL;
    CHECK_EQ_INT(pl_bundle_read(f.path, NULL, &bundle, &faults), 0);
    pl_generation *g = pl_script_load(bundle, &(pl_script_config){.json_depth = 64}, 1, &faults);
    pl_faults_print(&faults, stdout);
    CHECK(g != NULL);
    pl_wheel_init(wheel, 0);
    pl_settings_init(&settings);
    if (g) pl_script_attach(g, &settings, &(pl_script_host){.wheel = wheel});
    pl_settings_fini(&settings);
    pl_bundle_free(bundle);
    pl_faults_fini(&faults);
    folder_remove(&f);
    return g;
}

static int received, received_code;

static void on_received(pl_reception *r, int code)
{
    (void)r;
    received++;
    received_code = code;
}

typedef struct fixture {
    pl_http_request request;
    pl_arena arena;
    pl_reception r;
} fixture;

static void fixture_init(fixture *f, pl_generation *g, int64_t source)
{
    *f = (fixture){.request = {.method = PL_SLICE("POST"), .target = PL_SLICE("/v1/sources/x")}};
    pl_arena_init(&f->arena);
    f->r = (pl_reception){.generation = g,
                          .source = source,
                          .request = &f->request,
                          .body = PL_SLICE("b\n"),
                          .client = "192.0.2.1",
                          .arena = &f->arena,
                          .received = on_received};
}

static void fixture_fini(fixture *f)
{
    f->r.generation->dismiss(f->r.generation, &f->r);
    f->r.generation->dismiss(f->r.generation, &f->r); /* twice is nothing */
    CHECK_EQ_INT(f->r.script_ref, 0);
    pl_arena_fini(&f->arena);
}

static int64_t named(const pl_generation *g, const char *name)
{
    for (uint32_t i = 0; i < g->source_count; i++)
        if (pl_slice_eq(g->sources[i].name, pl_slice_of(name))) return i;
    return -1;
}

TEST(sources_are_known_by_name_with_what_they_take)
{
    pl_wheel wheel;
    pl_generation *g = load(&wheel);
    if (g == NULL) return;
    CHECK_EQ_INT(g->source_count, 5);
    CHECK(g->has_ingress);
    const pl_source *all = &g->sources[named(g, "all")], *bad = &g->sources[named(g, "bad")];
    CHECK(all->takes_get && all->takes_post && !all->verifies);
    CHECK(!bad->takes_get && bad->takes_post && bad->verifies);
    CHECK(strstr(bad->place.ptr, "gateway.lua:6") != NULL);
    pl_generation_unref(g);
}

TEST(events_and_an_answer_come_out)
{
    pl_wheel wheel;
    pl_generation *g = load(&wheel);
    if (g == NULL) return;
    fixture f;
    fixture_init(&f, g, named(g, "all"));
    CHECK_EQ_INT(g->receive(g, &f.r), 0);
    CHECK(f.r.is_list);
    CHECK_EQ_SLICE(pl_json_find(pl_slice_from(f.r.events, 1), PL_SLICE("type")),
                   PL_SLICE("\"POST\""));
    CHECK_EQ_SLICE(pl_json_find(pl_slice_from(f.r.events, 1), PL_SLICE("data")),
                   PL_SLICE("\"b\\n\""));
    CHECK_EQ_SLICE(pl_json_find(pl_slice_from(f.r.events, 1), PL_SLICE("source")),
                   PL_SLICE("\"all\""));
    CHECK_EQ_INT(f.r.status, 299);
    CHECK_EQ_SLICE(f.r.answer, PL_SLICE("own"));
    CHECK_EQ_SLICE(f.r.fields->value, PL_SLICE("b"));
    CHECK_EQ_SLICE(f.r.fields->next->name, PL_SLICE("Content-Type"));
    CHECK(f.r.fields->next->next == NULL);
    fixture_fini(&f);
    pl_generation_unref(g);
}

TEST(refusals_and_failures_have_a_code_and_a_text)
{
    pl_wheel wheel;
    pl_generation *g = load(&wheel);
    if (g == NULL) return;
    fixture f;
    fixture_init(&f, g, named(g, "bad"));
    CHECK_EQ_INT(g->receive(g, &f.r), PL_E_UNVERIFIED);
    CHECK_EQ_SLICE(f.r.text, PL_SLICE("custom: no"));
    fixture_fini(&f);
    fixture_init(&f, g, named(g, "wrong"));
    CHECK_EQ_INT(g->receive(g, &f.r), PL_E_SOURCE);
    CHECK(f.r.text.len && strstr(f.r.text.ptr, "gateway.lua:9: it says no"));
    CHECK(f.r.traceback.len && strstr(f.r.traceback.ptr, "gateway.lua:9: in"));
    fixture_fini(&f);
    pl_generation_unref(g);
}

TEST(the_ingress_verifies_and_no_more)
{
    pl_wheel wheel;
    pl_generation *g = load(&wheel);
    if (g == NULL) return;
    fixture f;
    fixture_init(&f, g, -1);
    CHECK_EQ_INT(g->receive(g, &f.r), PL_E_UNVERIFIED);
    fixture_fini(&f);
    fixture_init(&f, g, -1);
    f.request.headers[0] = (pl_header){PL_SLICE("x-pass"), PL_SLICE("1")};
    f.request.header_count = 1;
    CHECK_EQ_INT(g->receive(g, &f.r), 0);
    CHECK_EQ_INT(f.r.events.len, 0);
    CHECK_EQ_INT(f.r.status, 0);
    fixture_fini(&f);
    pl_generation_unref(g);
}

TEST(one_that_waits_is_told_of_later_or_given_up)
{
    pl_wheel wheel;
    pl_generation *g = load(&wheel);
    if (g == NULL) return;
    fixture f;
    received = 0;
    fixture_init(&f, g, named(g, "slow"));
    CHECK_EQ_INT(g->receive(g, &f.r), PL_WAIT);
    pl_wheel_advance(&wheel, 2000);
    CHECK_EQ_INT(received, 1);
    CHECK_EQ_INT(received_code, 0);
    CHECK(f.r.events.len > 0 && !f.r.is_list);
    fixture_fini(&f);
    fixture_init(&f, g, named(g, "slow"));
    CHECK_EQ_INT(g->receive(g, &f.r), PL_WAIT);
    fixture_fini(&f);
    CHECK_EQ_INT(wheel.count, 0);
    pl_wheel_advance(&wheel, 10000);
    CHECK_EQ_INT(received, 1);
    pl_generation_unref(g);
}

TEST(a_request_that_was_answered_is_dead)
{
    pl_wheel wheel;
    pl_generation *g = load(&wheel);
    if (g == NULL) return;
    fixture f;
    fixture_init(&f, g, named(g, "keeps"));
    CHECK_EQ_INT(g->receive(g, &f.r), 0);
    fixture_fini(&f);
    fixture_init(&f, g, named(g, "keeps"));
    CHECK_EQ_INT(g->receive(g, &f.r), 0);
    CHECK(f.r.events.len && strstr(f.r.events.ptr, "an inbound request that was answered"));
    fixture_fini(&f);
    pl_generation_unref(g);
}

int main(void)
{
    return RUN(
        CASE(sources_are_known_by_name_with_what_they_take), CASE(events_and_an_answer_come_out),
        CASE(refusals_and_failures_have_a_code_and_a_text), CASE(the_ingress_verifies_and_no_more),
        CASE(one_that_waits_is_told_of_later_or_given_up),
        CASE(a_request_that_was_answered_is_dead));
}
