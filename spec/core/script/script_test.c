/* SPDX-License-Identifier: MIT
 *
 * A small gateway folder through the functions of a generation,
 * with the engine's part played here. */
#include "base/err.h"
#include "script/script.h"

#include "folder.h"
#include "test.h"

static int resumed, resumed_code;

/* Instead of the engine's. */
void pl_engine_resume(pl_exchange *x, int code)
{
    (void)x;
    resumed++;
    resumed_code = code;
}

static const char gateway[] =
    "return { listen = '127.0.0.1:9000', limits = { body = 2048 },\n"
    "  timeouts = { call = 2.5 }, tokens = { ingest = { 'token-a,b' } } }\n";
static const char connector[] =
    "return {\n"
    "  base_url = 'https://acme.example/api',\n"
    "  authenticator = { type = 'bearer', token = secret 'script_test' },\n"
    "  retry = { schedule = { 1, 2.5 }, jitter = 0.5 },\n"
    "  timeout = 7,\n"
    "  webhooks = {\n"
    "    { on = 'order', url = '/orders/{{ data.id }}', headers = { ['X-Id'] = '{{ data.id }}' },\n"
    "      response = { type = 'json', variables = { erp = 'response.id' } } },\n"
    "    { id = 'broken', url = '/x', body = function(_, context)\n"
    "        return context.nothing.here end },\n"
    "  },\n"
    "}\n";

static pl_generation *load(const char *connector_text, pl_faults *faults)
{
    folder f = folder_new();
    folder_write(&f, "gateway.lua", gateway);
    folder_write(&f, "connectors/acme.lua", connector_text);
    pl_bundle *bundle = NULL;
    CHECK_EQ_INT(pl_bundle_read(f.path, NULL, &bundle, faults), 0);
    pl_generation *g = pl_script_load(bundle, &(pl_script_config){.json_depth = 64}, 3, faults);
    for (size_t i = 0; i < faults->count; i++)
        printf("    %s:%d: %s\n", faults->items[i].file, faults->items[i].line,
               faults->items[i].message);
    pl_bundle_free(bundle);
    folder_remove(&f);
    return g;
}

static pl_event *event_of(const char *json)
{
    pl_rng rng;
    pl_rng_init(&rng, (const uint8_t[32]){1});
    pl_event *e = NULL;
    pl_event_fault fault;
    pl_event_rules rules = {.json_depth = 64, .type = PL_TYPE_NEEDED};
    CHECK_EQ_INT(pl_event_parse(pl_slice_of(json), &rules, &rng, 1700000000000, &e, &fault), 0);
    return e;
}

static void exchange_init(pl_exchange *x, pl_generation *g, pl_event *e, uint32_t webhook)
{
    *x = (pl_exchange){.generation = g,
                       .webhook = webhook,
                       .id = {{0x01, 0xa2, 0x1e, 0x3c, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 7}},
                       .number = 1,
                       .started_ms = 1700000000750,
                       .event = e,
                       .ok = false};
    pl_arena_init(&x->arena);
    x->policy = &g->policies[webhook];
    x->stage = PL_STAGE_RENDER;
}

static void exchange_fini(pl_exchange *x)
{
    x->generation->release(x->generation, x);
    x->generation->release(x->generation, x); /* twice is nothing */
    CHECK_EQ_INT(x->script_ref, 0);
    pl_arena_fini(&x->arena);
}

TEST(a_folder_becomes_policies_and_settings)
{
    pl_faults faults = {0};
    pl_generation *g = load(connector, &faults);
    CHECK(g != NULL);
    if (g == NULL) return;
    CHECK_EQ_INT(g->policy_count, 2);
    CHECK_EQ_SLICE(g->policies[0].connector, PL_SLICE("acme"));
    CHECK_EQ_SLICE(g->policies[0].webhook, PL_SLICE("order"));
    CHECK_EQ_INT(g->policies[0].timeout_ms, 7000);
    CHECK_EQ_INT(g->policies[0].delay_count, 2);
    CHECK_EQ_INT(g->policies[0].delays_ms[1], 2500);
    CHECK(g->policies[0].jitter == 0.5);
    CHECK_EQ_INT(g->find(g, PL_SLICE("acme"), PL_SLICE("broken")), 1);
    CHECK_EQ_INT(g->find(g, PL_SLICE("acme"), PL_NO_SLICE), 0);
    CHECK_EQ_INT(g->find(g, PL_SLICE("acme"), PL_SLICE("none")), -1);
    CHECK_EQ_INT(g->find(g, PL_SLICE("none"), PL_NO_SLICE), -1);
    pl_settings settings;
    pl_settings_init(&settings);
    pl_script_settings(g, &settings);
    CHECK_EQ_STR(settings.listen, "127.0.0.1:9000");
    CHECK_EQ_INT(settings.limit_body, 2048);
    CHECK_EQ_INT(settings.timeout_call, 2500);
    CHECK_EQ_INT(settings.tokens_ingest.count, 1);
    CHECK_EQ_STR(settings.tokens_ingest.items[0], "token-a,b");
    pl_settings_fini(&settings);
    pl_buf out;
    pl_buf_init(&out);
    CHECK_EQ_INT(g->describe(g, PL_SLICE("none"), &out), PL_E_UNKNOWN_CONNECTOR);
    CHECK_EQ_INT(g->describe(g, PL_SLICE("acme"), &out), 0);
    CHECK(out.len > 2 && out.ptr[0] == '{');
    pl_buf_fini(&out);
    pl_generation_unref(g);
    pl_faults_fini(&faults);
}

static void check_request(pl_exchange *x)
{
    CHECK_EQ_SLICE(x->request.url, PL_SLICE("https://acme.example/api/orders/77"));
    CHECK_EQ_SLICE(x->request.method, PL_SLICE("POST"));
    CHECK(x->request.body_is_event);
    CHECK_EQ_SLICE(x->request.body, x->event->document);
    pl_field *f = pl_fields_find(x->request.fields, PL_SLICE("x-id"));
    CHECK(f != NULL);
    if (f) CHECK_EQ_SLICE(f->value, PL_SLICE("77"));
    pl_field *auth = pl_fields_find(x->request.fields, PL_SLICE("authorization"));
    CHECK(auth != NULL);
    if (auth) CHECK_EQ_SLICE(auth->value, PL_SLICE("Bearer s3cret-token"));
    if (auth) CHECK_EQ_SLICE(auth->shown, PL_SLICE("Bearer ***"));
    pl_field *id = pl_fields_find(x->request.fields, PL_SLICE("webhook-id"));
    CHECK(id != NULL);
    if (id) CHECK_EQ_SLICE(id->value, PL_SLICE("01a21e3c-0000-7000-8000-000000000007"));
    pl_field *second = pl_fields_find(x->request.fields, PL_SLICE("webhook-timestamp"));
    CHECK(second != NULL);
    if (second) CHECK_EQ_SLICE(second->value, PL_SLICE("1700000000"));
}

TEST(an_event_is_routed_rendered_authenticated_and_mapped)
{
    pl_faults faults = {0};
    pl_generation *g = load(connector, &faults);
    CHECK(g != NULL);
    if (g == NULL) return;
    pl_event *e = event_of("{\"id\":\"e1\",\"type\":\"order\",\"data\":{\"id\":77}}");
    pl_event *other = event_of("{\"id\":\"e2\",\"type\":\"other\",\"data\":{}}");
    pl_exchange x;
    exchange_init(&x, g, e, 0);
    pl_routes routes;
    g->route(g, other, &x.arena, &routes);
    CHECK_EQ_INT(routes.count, 0);
    CHECK(routes.reason.len > 0);
    g->route(g, e, &x.arena, &routes);
    CHECK_EQ_INT(routes.count, 1);
    CHECK_EQ_INT(routes.items[0].webhook, 0);
    CHECK(!routes.items[0].undecided);
    CHECK_EQ_INT(g->render(g, &x), 0);
    x.stage = PL_STAGE_AUTHENTICATE;
    CHECK_EQ_INT(g->authenticate(g, &x), 0);
    check_request(&x);
    pl_field type = {PL_SLICE("Content-Type"), PL_SLICE("application/json"), PL_NO_SLICE, NULL};
    x.response = (pl_response){.status = 201, .fields = &type, .body = PL_SLICE("{\"id\":1.0}")};
    x.stage = PL_STAGE_MAP;
    CHECK_EQ_INT(g->map(g, &x), 0);
    CHECK(x.ok);
    CHECK_EQ_SLICE(x.variables, PL_SLICE("{\"erp\":1.0}"));
    exchange_fini(&x);
    pl_event_unref(e);
    pl_event_unref(other);
    pl_generation_unref(g);
    pl_faults_fini(&faults);
}

TEST(a_script_that_fails_names_its_file_and_line)
{
    pl_faults faults = {0};
    pl_generation *g = load(connector, &faults);
    CHECK(g != NULL);
    if (g == NULL) return;
    pl_event *e = event_of("{\"id\":\"e1\",\"type\":\"order\",\"data\":{\"id\":77}}");
    pl_exchange x;
    exchange_init(&x, g, e, 1);
    CHECK_EQ_INT(g->render(g, &x), PL_E_SCRIPT);
    CHECK(x.error_text && strstr(x.error_text, "connectors/acme.lua:10: attempt to index"));
    CHECK(x.error_text && strstr(x.error_text, "traceback") == NULL);
    exchange_fini(&x);
    pl_event_unref(e);
    pl_generation_unref(g);
    pl_faults_fini(&faults);
}

TEST(all_mistakes_of_a_folder_come_back)
{
    pl_faults faults = {0};
    pl_generation *g = load("return {\n  webhookz = {},\n}\n", &faults);
    CHECK(g == NULL);
    CHECK(faults.count >= 1);
    for (size_t i = 0; i < faults.count; i++)
        CHECK(strstr(faults.items[i].file, "connectors/acme.lua") != NULL);
    pl_faults_fini(&faults);
}

/* -- with a Lua half of our own, through config.lua_path: what the real one does not show -- */

static const char odd_half[] =
    "local core = require 'perilune.core'\n"
    "local kept = {}\n"
    "local p = {}\n"
    "function p.load() return { settings = {}, connectors = {}, policies = {\n"
    "  { connector = 'a', webhook = 'w', retry = {}, jitter = 0 } } } end\n"
    "function p.route() error('lost') end\n"
    "function p.unauthorized() end\n"
    "function p.frame() return {} end\n"
    "function p.recipe() error('none today') end\n"
    "function p.failed() end\n"
    "function p.receive() end\n"
    "function p.describe() return { f = print } end\n"
    "function p.render(_, _, event, ticket, attempt, _, _, request)\n"
    "  local type = event:read('type', ticket)\n"
    "  if type == 'no' then return nil end\n"
    "  if type == 'dead' then\n"
    "    local ok, why = pcall(event.read, event, 'id', kept.ticket)\n"
    "    assert(not ok and why:find('the event of an exchange that is over', 1, true))\n"
    "    return {} end\n"
    "  kept.ticket = ticket\n"
    "  request:set_method('PUT') request:set_url('http://h/p?a=1#f')\n"
    "  request:add_query('q q', 'x&', 7) request:add_query('k', core.secret_of('p/ss!word'))\n"
    "  request:set_basic('user', core.secret_of('open sesame'))\n"
    "  local ok, why = pcall(request.set_body, request, { a = { print } })\n"
    "  assert(not ok and why:find('a function cannot be written as JSON at \"/a/0\"', 1, true))\n"
    "  request:set_body { b = { 1 }, a = 'x' } assert(request:body() == "
    "'{\"a\":\"x\",\"b\":[1]}')\n"
    "  request:set_timeout(1.5) request:set_body('body')\n"
    "  core.sleep(2)\n"
    "  request:set_header('X-Late', event:get('data.n', ticket), '-', event:value(ticket).data.s)\n"
    "  return { attempt = attempt }\n"
    "end\n"
    "function p.authenticate(_, index, request)\n"
    "  kept.request = request\n"
    "  request:set_header('X', index == 1 and 'a\\r\\nb' or 'good')\n"
    "end\n"
    "function p.map(_, _, response, context)\n"
    "  return response.status == 200, core.json.encode { set = response:header('SET'),\n"
    "    all = response:headers(), body = response.body, attempt = context.attempt,\n"
    "    kept = pcall(kept.request.method, kept.request) }, 'said'\n"
    "end\n"
    "return p\n";

static pl_generation *load_odd(pl_wheel *wheel)
{
    folder f = folder_new();
    pl_faults faults = {0};
    folder_write(&f, "gateway.lua", "");
    folder_write(&f, "lua/perilune/init.lua", odd_half);
    pl_bundle *bundle = NULL;
    CHECK_EQ_INT(pl_bundle_read(f.path, NULL, &bundle, &faults), 0);
    pl_generation *g = pl_script_load(bundle, &(pl_script_config){.lua_path = f.path}, 1, &faults);
    CHECK(g != NULL);
    if (g == NULL) abort();
    pl_wheel_init(wheel, 0);
    pl_settings settings;
    pl_settings_init(&settings);
    pl_script_attach(g, &settings, &(pl_script_host){.wheel = wheel});
    pl_settings_fini(&settings);
    pl_bundle_free(bundle);
    pl_faults_fini(&faults);
    folder_remove(&f);
    return g;
}

static void check_odd_request(pl_exchange *x)
{
    CHECK_EQ_SLICE(x->request.method, PL_SLICE("PUT"));
    CHECK_EQ_SLICE(x->request.url, PL_SLICE("http://h/p?a=1&q%20q=x%267&k=p%2Fss%21word#f"));
    CHECK_EQ_INT(x->request.timeout_ms, 1500);
    CHECK_EQ_SLICE(x->request.body, PL_SLICE("body"));
    /* base64 of "user:open sesame", from coreutils' base64 */
    pl_field *f = pl_fields_find(x->request.fields, PL_SLICE("Authorization"));
    CHECK(f && pl_slice_eq(f->value, PL_SLICE("Basic dXNlcjpvcGVuIHNlc2FtZQ==")));
    CHECK(f && pl_slice_eq(f->shown, PL_SLICE("Basic ***")));
    f = pl_fields_find(x->request.fields, PL_SLICE("X-Late"));
    CHECK(f && pl_slice_eq(f->value, PL_SLICE("12345678901234567890-\xc3\xa9")));
    CHECK(f && f->shown.ptr == NULL);
}

TEST(a_stage_waits_and_the_engine_is_told)
{
    pl_wheel wheel;
    pl_generation *g = load_odd(&wheel);
    pl_event *e = event_of(
        "{\"id\":\"e\",\"type\":\"t\",\"data\":{\"n\":12345678901234567890,\"s\":\"\\u00e9\"}}");
    pl_exchange x;
    exchange_init(&x, g, e, 0);
    resumed = 0;
    CHECK_EQ_INT(g->render(g, &x), PL_WAIT);
    CHECK(x.script_slot != 0);
    pl_wheel_advance(&wheel, 1999);
    CHECK_EQ_INT(resumed, 0);
    pl_wheel_advance(&wheel, 2000);
    CHECK_EQ_INT(resumed, 1);
    CHECK_EQ_INT(resumed_code, 0);
    CHECK_EQ_INT(x.script_slot, 0);
    check_odd_request(&x);
    x.stage = PL_STAGE_AUTHENTICATE;
    CHECK_EQ_INT(g->authenticate(g, &x), PL_E_AUTH);
    CHECK_EQ_STR(x.error_text,
                 "line breaks and control characters cannot stand in the header: \"X\"");
    x.webhook = 1;
    CHECK_EQ_INT(g->authenticate(g, &x), 0);
    x.webhook = 0;
    pl_field second = {PL_SLICE("set"), PL_SLICE("b"), PL_NO_SLICE, NULL};
    pl_field first = {PL_SLICE("Set"), PL_SLICE("a"), PL_NO_SLICE, &second};
    x.response = (pl_response){.status = 404, .fields = &first, .body = PL_SLICE("gone")};
    CHECK_EQ_INT(g->map(g, &x), 0);
    CHECK(!x.ok);
    CHECK_EQ_STR(x.error_text, "said");
    CHECK_EQ_SLICE(x.variables,
                   PL_SLICE("{\"all\":{\"set\":\"a, b\"},\"attempt\":1,\"body\":\"gone\","
                            "\"kept\":false,\"set\":\"a, b\"}"));
    exchange_fini(&x);
    pl_event_unref(e);
    pl_generation_unref(g);
}

TEST(release_while_a_script_sleeps_ends_it)
{
    pl_wheel wheel;
    pl_generation *g = load_odd(&wheel);
    pl_event *e = event_of("{\"id\":\"e\",\"type\":\"t\"}");
    pl_exchange x;
    exchange_init(&x, g, e, 0);
    resumed = 0;
    CHECK_EQ_INT(g->render(g, &x), PL_WAIT);
    exchange_fini(&x);
    CHECK_EQ_INT(wheel.count, 0);
    pl_wheel_advance(&wheel, 10000);
    CHECK_EQ_INT(resumed, 0);
    pl_event_unref(e);
    /* What the script kept of it is dead, and says so. */
    pl_event *dead = event_of("{\"id\":\"e\",\"type\":\"dead\"}");
    exchange_init(&x, g, dead, 0);
    CHECK_EQ_INT(g->render(g, &x), 0);
    exchange_fini(&x);
    pl_event_unref(dead);
    pl_generation_unref(g);
}

TEST(what_the_lua_half_gets_wrong_is_contained)
{
    pl_wheel wheel;
    pl_generation *g = load_odd(&wheel);
    pl_event *no = event_of("{\"id\":\"e\",\"type\":\"no\"}");
    pl_exchange x;
    exchange_init(&x, g, no, 0);
    pl_routes routes;
    g->route(g, no, &x.arena, &routes);
    CHECK_EQ_INT(routes.count, 0);
    CHECK_EQ_SLICE(routes.reason, PL_SLICE("perilune/init.lua:6: lost"));
    CHECK_EQ_INT(g->find(g, PL_SLICE("a"), PL_SLICE("lost")), -1);
    pl_buf out;
    pl_buf_init(&out);
    CHECK_EQ_INT(g->describe(g, PL_NO_SLICE, &out), PL_E_INTERNAL);
    pl_buf_fini(&out);
    CHECK_EQ_INT(g->render(g, &x), PL_E_CANCELLED);
    exchange_fini(&x);
    pl_event_unref(no);
    pl_generation_unref(g);
}

int main(void)
{
    setenv("PERILUNE_SECRET_SCRIPT_TEST", "s3cret-token", 1);
    return RUN(CASE(a_folder_becomes_policies_and_settings),
               CASE(an_event_is_routed_rendered_authenticated_and_mapped),
               CASE(a_script_that_fails_names_its_file_and_line),
               CASE(all_mistakes_of_a_folder_come_back), CASE(a_stage_waits_and_the_engine_is_told),
               CASE(release_while_a_script_sleeps_ends_it),
               CASE(what_the_lua_half_gets_wrong_is_contained));
}
