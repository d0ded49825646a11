/* SPDX-License-Identifier: MIT
 *
 * Webhooks by recipe and by Lua, side by side: what one makes is what the other makes. "By Lua" is
 * the same generation with its recipes taken away. */
#include "script/recipe.h"

#include "base/err.h"
#include "flow/retry.h"
#include "script/script.h"
#include "script/script_impl.h"

#include "folder.h"
#include "test.h"

/* Instead of the engine's: nothing here waits. */
void pl_engine_resume(pl_exchange *x, int code)
{
    (void)x, (void)code;
    abort();
}

static pl_rng rng;

static size_t pick(size_t count)
{
    return (size_t)(pl_rng_next(&rng) % count);
}
#define COUNT(list) (sizeof(list) / sizeof *(list))
#define PICK(list)  (list[pick(COUNT(list))])
/* What is plain stands in the first half of its list: else few webhooks would be plain in all. */
#define PICK_FROM(list, is_plain) (list[pick(is_plain ? COUNT(list) / 2 : COUNT(list))])

#define WEBHOOKS 160 /* of a connector, at most */

/* -- folders, events, exchanges -- */

/* However slow the machine is: that a script's time was over is no difference between the two ways. */
static void give_time(pl_generation *g)
{
    pl_settings settings;
    pl_settings_init(&settings);
    settings.limit_script_time = 600000;
    pl_script_attach(g, &settings, &(pl_script_host){0});
    pl_settings_fini(&settings);
}

static pl_generation *load(const char *connector)
{
    folder f = folder_new();
    pl_faults faults = {0};
    pl_bundle *bundle = NULL;
    folder_write(&f, "gateway.lua", "return { limits = { script_load_time = 600 } }");
    folder_write(&f, "connectors/acme.lua", connector);
    CHECK_EQ_INT(pl_bundle_read(f.path, NULL, &bundle, &faults), 0);
    pl_generation *g = pl_script_load(bundle, &(pl_script_config){.json_depth = 64}, 1, &faults);
    for (size_t i = 0; i < faults.count; i++)
        printf("    %s:%d: %s\n", faults.items[i].file, faults.items[i].line,
               faults.items[i].message);
    pl_bundle_free(bundle);
    pl_faults_fini(&faults);
    folder_remove(&f);
    if (g == NULL) printf("%s\n", connector), abort();
    give_time(g);
    return g;
}

static pl_event *event_of(const char *json)
{
    pl_event *e = NULL;
    pl_event_fault fault;
    pl_event_rules rules = {.json_depth = 64, .type = PL_TYPE_OPTIONAL};
    CHECK_EQ_INT(pl_event_parse(pl_slice_of(json), &rules, &rng, 1700000000000, &e, &fault), 0);
    return e;
}

static void exchange_init(pl_exchange *x, pl_generation *g, pl_event *e, uint32_t webhook)
{
    *x = (pl_exchange){.generation = g,
                       .webhook = webhook,
                       .number = 1,
                       .started_ms = 1700000000750,
                       .deadline_ms = 1700000010750,
                       .event = e,
                       .policy = &g->policies[webhook],
                       .stage = PL_STAGE_RENDER};
    pl_arena_init(&x->arena);
}

static void exchange_fini(pl_exchange *x)
{
    x->generation->release(x->generation, x);
    pl_event_drop_nodes(x->event);
    pl_arena_fini(&x->arena);
}

/* -- what is compared: all that is sent, recorded or told -- */

static void put(pl_buf *out, const char *what, pl_slice s)
{
    pl_buf_printf(out, "%s=%s'%.*s'\n", what, s.ptr ? "" : "(none)", PL_FMT(s));
}

static void put_request(pl_buf *out, const pl_request *r)
{
    put(out, "method", r->method);
    put(out, "url", r->url);
    const pl_field *last = NULL;
    for (const pl_field *f = r->fields; f; last = f, f = f->next) {
        put(out, "name", f->name);
        put(out, "value", f->value);
        put(out, "shown", f->shown);
    }
    pl_buf_printf(out, "last=%d body=%d,%d proxy=%d timeout=%lld\n", last == r->last, r->has_body,
                  r->body_is_event, r->has_proxy, (long long)r->timeout_ms);
    if (r->has_body) put(out, "body", r->body);
    if (r->has_proxy) pl_buf_printf(out, "%.*s|", PL_FMT(r->proxy.url));
    if (r->has_proxy)
        pl_buf_printf(out, "%.*s|%.*s\n", PL_FMT(r->proxy.user), PL_FMT(r->proxy.password));
}

static void put_outcome(pl_buf *out, const pl_exchange *x, int code)
{
    pl_buf_printf(out, "%s: ok=%d verdict=%d\n", pl_err_name(code), x->ok, x->verdict);
    put(out, "variables", x->variables);
    put(out, "error", pl_slice_of(x->error_text));
}

/* -- one exchange, both ways -- */

static size_t rendered_by_recipe, mapped_by_recipe;

/* On a copy; what is allocated is the exchange's. */
static bool can_map(pl_exchange *x)
{
    pl_script *s = pl_script_of(x->generation);
    const pl_recipe_map *map = s->recipes[x->webhook].map;
    pl_exchange probe = *x;
    bool can = map && pl_recipe_judge(map, &probe, &s->vm);
    x->arena = probe.arena;
    return can;
}

/* All its stages; what becomes of it is appended to `out`. */
static void run(pl_generation *g, uint32_t webhook, pl_event *e, const pl_response *response,
                pl_buf *out)
{
    pl_exchange x;
    exchange_init(&x, g, e, webhook);
    int code = g->render(g, &x);
    rendered_by_recipe += code == 0 && x.script_ref == 0;
    put_request(out, &x.request);
    x.stage = PL_STAGE_AUTHENTICATE;
    if (code == 0) code = g->authenticate(g, &x);
    put_request(out, &x.request);
    x.stage = PL_STAGE_MAP;
    x.response = *response;
    x.response.fields = pl_arena_zero(&x.arena, sizeof *x.response.fields);
    *x.response.fields = *response->fields;
    if (code == 0) mapped_by_recipe += can_map(&x);
    if (code == 0) code = g->map(g, &x);
    put_outcome(out, &x, code);
    exchange_fini(&x);
}

static void compare(pl_generation *g, uint32_t webhook, pl_event *e, const pl_response *response)
{
    pl_script *s = pl_script_of(g);
    pl_recipe *recipes = s->recipes, none[WEBHOOKS];
    for (size_t i = 0; i < WEBHOOKS; i++)
        none[i] = (pl_recipe){.is_known = true};
    pl_buf by_recipe = {0}, by_lua = {0};
    run(g, webhook, e, response, &by_recipe);
    s->recipes = none;
    run(g, webhook, e, response, &by_lua);
    s->recipes = recipes;
    CHECK_EQ_SLICE(pl_buf_slice(&by_recipe), pl_buf_slice(&by_lua));
    pl_buf_fini(&by_recipe);
    pl_buf_fini(&by_lua);
}

/* -- random webhooks -- */

/* "" leaves the key to its default, or to the connector. */
static const char *const methods[] = {"",
                                      "",
                                      "method = 'GET',",
                                      "method = 'PUT',",
                                      "method = 'DELETE',",
                                      "method = function() return 'PATCH' end,",
                                      "method = '{{ data.verb }}',"};
static const char *const urls[] = {
    "'/orders'",
    "'orders?a=1#gone'",
    "'?q=x'",
    "''",
    "'http://other.example:8080/p?x=1&'",
    "'/orders/{{ data.id }}'",
    "'/o/{{ data.text }}?q={{ data.n }}'",
    "'{{ data.url }}'",
    "'/{{ data.missing.deep }}'",
    "function(ctx) return '/f/' .. tostring(ctx.data.n) end",
};
static const char *const params[] = {
    "",
    "",
    "params = { a = '1', ['b c'] = 'x&y=z', empty = '' },",
    "params = { a = { '1', '', '\xc3\xa9 2' } },",
    "params = { a = '{{ data.text }}', b = { '{{ data.n }}', 'c' } },",
    "params = { token = secret 'RECIPE_TEST' },",
};
static const char *const headers[] = {
    "",
    "",
    "headers = { ['X-B'] = '2', ['x-a'] = '1', ['Content-Type'] = 'text/own' },",
    "headers = { ['Webhook-Id'] = 'mine', ['X-Empty'] = '' },",
    "headers = { ['X-T'] = 'id {{ data.id }}', ['X-C'] = '{{ webhook.id }}' },",
    "headers = { ['X-T'] = '{{ data.lines }}' },",
    "headers = { ['X-K'] = secret 'RECIPE_TEST' },",
};
static const char *const bodies[] = {
    "",
    "",
    "content_type = 'application/vnd.acme+json',",
    "body = { id = '{{ data.id }}', fixed = { 1, 'two', true }, text = 'n {{ data.n }}' },",
    "body = [[{\"t\": \"{{ data.text }}\", \"n\": {{ data.n }}, \"l\": {{ data.list }}}]],",
    "body = [[{\"l\": [{% for v in data.list %}{{ v }}{% if not loop.last %},{% endif %}"
    "{% endfor %}]}]],",
    "content_type = 'text/plain', body = 'plain {{ data.text }} {{ data.n }}',",
    "content_type = 'text/plain', body = 'nothing to do',",
    "content_type = 'form', body = { a = '{{ data.text }}', b = 'x' },",
    "body = function(ctx) return { n = ctx.data.n } end,",
};
static const char *const successes[] = {"", "", "success = { 200, '4xx' },", "success = '201-299',",
                                        "success = function(ctx, r) return r.status < 300 end,"};
static const char *const answers[] = {
    "response = { variables = { i = 'response.order.x[1]', j = 'response.order[\"total\"]' } },",
    "response = { variables = { t = '{{ response.id }}/{{ response.s }}', l = 'response.list' } },",
    "response = { variables = { c = 'response.id if response.gone else response.s' } },",
    "response = { variables = { j = 'response.order|tojson', u = 'response.s|upper' } },",
    "response = { variables = { m = '{% if response.order.x is defined %}y{% endif %}' } },",
    "",
    "response = { type = 'text' },",
    "response = { variables = { a = 'response.id', b = 'order.total', ['\xc3\xbc'] = 'response.s' "
    "} },",
    "response = { variables = { id = { 'response.id', required = true } } },",
    "response = { variables = { x = { 'response.gone', default = 7 }, id = 'response.id' } },",
    "response = { variables = { n = 'data.n', id = 'event.id' } },",
    "response = { variables = { d = 'data.id', h = 'headers.location', s = 'status.code' } },",
    "response = { type = 'auto', variables = { o = 'response.order', l = 'response.list' } },",
    "response = { type = 'form', variables = { id = 'response.id' } },",
    "response = { variables = { t = '{{ status }} {{ response.id }}', whole = 'response' } },",
    "response = { mapper = function(ctx, r) return { status = r.status, n = ctx.data.n } end },",
};
static const char *const extras[] = {
    "",
    "",
    "",
    "hooks = { { before_send = function(ctx, request)\n"
    "  request:set_header('X-Hook', tostring(ctx.data.id) .. request:method())\n"
    "  ctx.data.n = 'written' end } },",
    "hooks = { { after_receive = function(ctx, response) return response.status end } },",
    "context = { id = 'of the webhook', list = { 1 } },",
};
static const char *const connectors[] = {
    "base_url = 'https://acme.example/api/',",
    "base_url = 'http://acme.example',\n  params = { key = 'k' }, headers = { ['X-All'] = 'all' },",
    "base_url = 'https://acme.example', proxy = 'http://proxy.example:3128',",
    "base_url = 'https://acme.example', proxy = { url = 'socks5h://p.example:1080', user = 'u' },",
    "base_url = 'https://acme.example', proxy = false,",
    "base_url = 'https://{{ data.host }}.example/v1', method = 'PUT',",
    "base_url = 'https://acme.example', authenticator = { type = 'bearer', token = secret "
    "'RECIPE_TEST' },",
};
static const char *const events[] = {
    "{\"id\":\"e1\",\"data\":{\"id\":77,\"n\":1.0,\"text\":\"a \\\"b\\\" "
    "\\u00e9/\xc3\xa9\",\"host\":\"h\","
    "\"list\":[1,2.50,null],\"url\":\"https://x.example/y\",\"verb\":\"GET\","
    "\"headers\":{\"location\":\"no\"},\"status\":{\"code\":5}}}",
    "{\"id\":\"e2\",\"data\":{\"id\":\"7 "
    "8\",\"n\":12345678901234567890,\"text\":\"x\\r\\ny\",\"list\":[],"
    "\"host\":\"\",\"verb\":\"a b\",\"url\":\"ftp://x\"}}",
    "{\"id\":\"e3\",\"data\":{\"id\":null,\"text\":\"<&>\\u2028\",\"list\":[{\"a\" : [ ] }]}}",
    "{\"id\":\"e4\",\"data\":[1]}",
    "{\"id\":\"e5\"}",
};
static const char *const answer_bodies[] = {
    "{\"id\": 1.0, \"order\":{\"total\":120.50, \"x\" : [1, 2]},\"s\":\"\\u00e9\\/ "
    "\\n\",\"list\":[]}",
    "\xEF\xBB\xBF{\"id\":null,\"s\":\"\",\"order\":{\"total\":1e400},\"gone\":true}",
    "{\"id\":1,\"id\":2,\"order\":{\"total\":1}}",
    "{\"id\":1,\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,"
    "\"k\":1,"
    "\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"s\":2}",
    "",
    "not JSON",
    "{\"id\":\"\xff\"}",
    "id=5&order=1",
    "[]",
};
static const char *const content_types[] = {"application/json",
                                            "application/json; charset=utf-8",
                                            "application/problem+json",
                                            "text/html",
                                            " ",
                                            "x,+json",
                                            "Text/JSON"};
static const int statuses[] = {200, 200, 200, 201, 204, 299, 302, 401, 404, 500, 600};

static void write_connector(pl_buf *out)
{
    pl_buf_printf(out, "return {\n  %s\n  webhooks = {\n", PICK(connectors));
    for (int i = 0; i < WEBHOOKS; i++) {
        bool is_plain = pick(2);
        pl_buf_printf(out, "    { id = 'w%d', url = %s, %s %s %s %s %s %s %s },\n", i,
                      PICK_FROM(urls, is_plain), PICK_FROM(methods, is_plain),
                      PICK_FROM(params, is_plain), PICK_FROM(headers, is_plain),
                      PICK_FROM(bodies, is_plain), PICK_FROM(successes, is_plain),
                      PICK_FROM(answers, is_plain), PICK_FROM(extras, is_plain));
    }
    pl_buf_printf(out, "  },\n}\n");
    pl_buf_put_char(out, 0);
}

static void compare_some(pl_generation *g)
{
    for (uint32_t webhook = 0; webhook < g->policy_count; webhook++)
        for (int i = 0; i < 12; i++) {
            pl_event *e = event_of(PICK(events));
            pl_field type = {PL_SLICE("Content-Type"), pl_slice_of(PICK(content_types)),
                             PL_NO_SLICE, NULL};
            pl_response response = {.status = PICK(statuses),
                                    .fields = &type,
                                    .body = pl_slice_of(PICK(answer_bodies))};
            compare(g, webhook, e, &response);
            pl_event_unref(e);
        }
}

TEST(what_a_recipe_makes_is_what_lua_makes)
{
    for (int folders = 0; folders < 6; folders++) {
        pl_buf connector = {0};
        write_connector(&connector);
        pl_generation *g = load(connector.ptr);
        compare_some(g);
        pl_generation_unref(g);
        pl_buf_fini(&connector);
    }
    printf("    rendered %zu, mapped %zu\n", rendered_by_recipe, mapped_by_recipe);
    CHECK(rendered_by_recipe > 1000);
    CHECK(mapped_by_recipe > 1000);
}

/* -- what is plain -- */

/* Which stages of a webhook have a recipe, found out as it is used. */
static pl_recipe recipe_of(const char *lines)
{
    char text[1024];
    snprintf(text, sizeof text,
             "return { base_url = 'https://a.example', webhooks = { { id = 'w', %s } } }", lines);
    pl_generation *g = load(text);
    pl_event *e = event_of("{\"data\":{}}");
    pl_exchange x;
    exchange_init(&x, g, e, 0);
    CHECK(!pl_script_of(g)->recipes[0].is_known);
    g->render(g, &x);
    pl_recipe r = pl_script_of(g)->recipes[0];
    exchange_fini(&x);
    pl_event_unref(e);
    pl_generation_unref(g);
    CHECK(r.is_known);
    return r;
}

static void check_recipe(const char *lines, bool renders, bool maps)
{
    pl_recipe r = recipe_of(lines); /* what it leads to is gone */
    if ((r.render != NULL) != renders || (r.map != NULL) != maps) printf("    %s\n", lines);
    CHECK_EQ_INT(r.render != NULL, renders);
    CHECK_EQ_INT(r.map != NULL, maps);
}

TEST(data_has_a_recipe_and_what_runs_scripts_has_none)
{
    check_recipe("url = '/x'", true, true);
    check_recipe("url = '/x', params = { a = { '1', '2' } }, headers = { ['X-A'] = 'b' }", true,
                 true);
    check_recipe("url = '/x', method = 'GET', response = { variables = { a = 'response.b' } }",
                 true, true);
    check_recipe("url = '/x', response = { type = 'xml' }", true, true);
    check_recipe("url = function() return '/x' end", false, true);
    check_recipe("url = '/x', method = function() return 'GET' end", false, true);
    check_recipe("url = '/x', params = { a = secret 'RECIPE_TEST' }", false, true);
    check_recipe("url = '/x', headers = { ['X-A'] = secret 'RECIPE_TEST' }", false, true);
    check_recipe("url = '/x', body = function() return { a = 1 } end", false, true);
    check_recipe("url = '/x', success = function() return true end", true, false);
    check_recipe("url = '/x', hooks = { { after_receive = function() end } }", true, false);
    check_recipe("url = '/x', response = { mapper = function() end }", true, false);
    check_recipe("url = '/x', response = { variables = { a = 'response.b[0].c' } }", true, true);
    check_recipe("url = '/x', response = { variables = { a = '{{ response.b }}!' } }", true, true);
    check_recipe("url = '/x', response = { variables = { a = 'response.b|upper' } }", true, false);
    check_recipe("url = '/x', response = { variables = { a = 'b[0]' } }", true, false);
    check_recipe("url = '/x', response = { variables = { a = 'status + 1' } }", true, false);
    check_recipe("url = '/x', response = { variables = { a = 'headers.location' } }", true, false);
    check_recipe("url = '/x', response = { type = 'xml', variables = { a = 'response.b' } }", true,
                 false);
}

/* The variables of an answer to a webhook with these, as C alone reads them. */
static void check_variables(const char *declared, const char *body, const char *wanted)
{
    char text[1024];
    snprintf(text, sizeof text,
             "return { webhooks = { { id = 'w', url = 'http://a.example', response = { "
             "variables = { %s } } } } }",
             declared);
    pl_generation *g = load(text);
    pl_event *e = event_of("{\"data\":{}}");
    pl_exchange x;
    exchange_init(&x, g, e, 0);
    x.response = (pl_response){.status = 200, .body = pl_slice_of(body)};
    const pl_recipe_map *map = pl_script_recipe(pl_script_of(g), 0)->map;
    CHECK_EQ_INT(map && pl_recipe_judge(map, &x, &pl_script_of(g)->vm), wanted != NULL);
    CHECK_EQ_SLICE(x.variables, pl_slice_of(wanted));
    exchange_fini(&x);
    pl_event_unref(e);
    pl_generation_unref(g);
}

TEST(variables_are_read_by_path_index_and_template)
{
    const char *all =
        "a = 'response.l[1].n', b = 'response.s', c = '{{ response.s }} {{ response.l[0] }}'";
    check_variables(all, "{\"l\":[ 1.0, {\"n\" : [ 2.50 ]}],\"s\":\"\\u00e9\\\"\"}",
                    "{\"a\":[2.50],\"b\":\"\xc3\xa9\\\"\",\"c\":\"\xc3\xa9\\\" 1.0\"}");
    check_variables(all, "{\"l\":[1],\"s\":\"\"}", NULL); /* Lua knows what to say of it */
    check_variables("a = 'response.b[0]'", "{\"b\":[null]}", "{\"a\":null}");
    check_variables("a = 'response.b[0]'", "{\"b\":[]}", NULL);
}

/* -- giving up -- */

static void check_unchanged(const pl_exchange *x, const char *before)
{
    pl_buf after = {0};
    put_request(&after, &x->request);
    put_outcome(&after, x, 0);
    CHECK_EQ_SLICE(pl_buf_slice(&after), pl_slice_of(before));
    pl_buf_fini(&after);
}

/* A request with fields that the recipe's would replace. */
static void fill(pl_exchange *x, pl_buf *state)
{
    pl_request_set_field(&x->request, &x->arena, PL_SLICE("Webhook-Id"), PL_SLICE("kept"));
    pl_request_set_field(&x->request, &x->arena, PL_SLICE("X-A"), PL_SLICE("kept"));
    x->request.url = PL_SLICE("kept");
    x->variables = PL_SLICE("kept");
    put_request(state, &x->request);
    put_outcome(state, x, 0);
    pl_buf_put_char(state, 0);
}

static const pl_recipe_field own_fields[] = {
    {PL_SLICE_INIT("webhook-id"), {PL_SLICE_INIT("new"), NULL}},
    {PL_SLICE_INIT("x-a"), {PL_SLICE_INIT("new"), NULL}}};

TEST(a_request_that_cannot_be_made_is_left_as_it_was)
{
    pl_generation *g = load("return { webhooks = { { id = 'w', url = 'http://a.example' } } }");
    pl_event *e = event_of("{\"data\":{}}");
    static const char *const bad[] = {"/a/../b", "/a b", "ftp://x/", "//", "/%zz"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        pl_recipe_body body = {.is_event = true, .media = PL_SLICE("text/plain")};
        pl_recipe_render r = {.method = PL_SLICE("PUT"),
                              .base.known = i % 2 ? PL_SLICE("https://a.example") : PL_NO_SLICE,
                              .path.known = pl_slice_of(bad[i]),
                              .headers = {own_fields, COUNT(own_fields)},
                              .body = &body};
        pl_exchange x;
        pl_buf before = {0};
        exchange_init(&x, g, e, 0);
        fill(&x, &before);
        if (bad[i][0] == '/' && bad[i][1] == '/') x.undecided = true;
        CHECK(!pl_recipe_make_request(&r, &x, &pl_script_of(g)->vm));
        check_unchanged(&x, before.ptr);
        exchange_fini(&x);
        pl_buf_fini(&before);
    }
    pl_event_unref(e);
    pl_generation_unref(g);
}

static const pl_recipe_variable wanted[] = {
    {PL_SLICE_INIT("\"a\":"), NULL, PL_SLICE_INIT("id"), false},
    {PL_SLICE_INIT("\"n\":"), NULL, PL_SLICE_INIT("data.n"), true},
};

/* With 200 a success. */
static bool judge(pl_generation *g, pl_event *e, int status, const char *body, bool last_wins,
                  int script_ref, pl_buf *variables)
{
    pl_recipe_map r = {.variables = wanted, .count = COUNT(wanted)};
    pl_exchange x;
    pl_buf before = {0};
    pl_vm *vm = &pl_script_of(g)->vm;
    pl_statuses_add(&r.success, 200, 200);
    exchange_init(&x, g, e, 0);
    fill(&x, &before);
    x.response = (pl_response){.status = status, .body = pl_slice_of(body)};
    x.script_ref = script_ref;
    vm->last_wins = last_wins;
    bool is_judged = pl_recipe_judge(&r, &x, vm);
    vm->last_wins = false;
    x.script_ref = 0;
    if (is_judged)
        pl_buf_put_slice(variables, x.variables);
    else
        check_unchanged(&x, before.ptr);
    CHECK_EQ_INT(x.ok, is_judged);
    exchange_fini(&x);
    pl_buf_fini(&before);
    return is_judged;
}

TEST(an_answer_that_is_not_plain_is_left_to_lua)
{
    pl_generation *g = load("return { webhooks = { { id = 'w', url = 'http://a.example' } } }");
    pl_event *e = event_of("{\"data\":{\"n\": 2.0}}"), *bare = event_of("{\"data\":{}}");
    pl_buf out = {0};
    CHECK(judge(g, e, 200, "{\"b\":{}, \"id\": [ 1.50, \"\\u00e9\" ]}", false, 0, &out));
    CHECK_EQ_SLICE(pl_buf_slice(&out), PL_SLICE("{\"a\":[1.50,\"\xc3\xa9\"],\"n\":2.0}"));
    CHECK(!judge(g, e, 201, "{\"id\":1}", false, 0, &out));          /* no success */
    CHECK(!judge(g, e, 200, "{\"id\":1}", true, 0, &out));           /* names may repeat */
    CHECK(!judge(g, e, 200, "{\"id\":1}", false, 1, &out));          /* scripts know the event */
    CHECK(!judge(g, e, 200, "{\"id\":1,\"id\":2}", false, 0, &out)); /* a name that repeats */
    CHECK(!judge(g, e, 200, "{\"id\":1", false, 0, &out));
    CHECK(!judge(g, e, 200, "{\"id\":\"\xff\"}", false, 0, &out));
    CHECK(!judge(g, e, 200, "", false, 0, &out));
    CHECK(!judge(g, e, 200, "{\"b\":1}", false, 0, &out)); /* not there */
    CHECK(!judge(g, bare, 200, "{\"id\":1}", false, 0, &out));
    pl_buf_fini(&out);
    pl_event_unref(e);
    pl_event_unref(bare);
    pl_generation_unref(g);
}

/* -- scripts behind a recipe -- */

static const char mixed[] =
    "return { base_url = 'https://a.example', authenticator = {\n"
    "    apply = function(ctx, request)\n"
    "      request:set_header('X-Sign', ctx.data.id .. request:body())\n"
    "      ctx.values.seen = (ctx.values.seen or 0) + 1 end,\n"
    "    on_unauthorized = function(ctx, response) return response.status == 401 end },\n"
    "  hooks = { { on_failed = function(ctx, failure)\n"
    "    ctx.trace('failed', { ctx.data.id, ctx.attempt, failure.class, ctx.values.seen }) end } "
    "},\n"
    "  webhooks = { { id = 'w', url = '/x',\n"
    "    response = { variables = { seen = function(ctx) return ctx.values.seen end } } } } }";

/* Its stages up to the 401 and back, as the engine has them go. */
static void go_round(pl_generation *g, pl_exchange *x)
{
    CHECK_EQ_INT(g->render(g, x), 0);
    CHECK_EQ_INT(x->script_ref, 0); /* so far nothing of it is in Lua */
    x->stage = PL_STAGE_AUTHENTICATE;
    CHECK_EQ_INT(g->authenticate(g, x), 0);
    pl_field *f = pl_fields_find(x->request.fields, PL_SLICE("x-sign"));
    CHECK(f && pl_slice_eq(f->value, PL_SLICE("7{\"id\":\"e\",\"time\":\"2026-01-01T00:00:00Z\","
                                              "\"data\":{\"id\":7}}")));
}

TEST(scripts_behind_a_recipe_see_what_they_always_see)
{
    pl_generation *g = load(mixed);
    pl_event *e = event_of("{\"id\":\"e\",\"time\":\"2026-01-01T00:00:00Z\",\"data\":{\"id\":7}}");
    pl_exchange x;
    exchange_init(&x, g, e, 0);
    go_round(g, &x);
    x.response = (pl_response){.status = 401};
    CHECK_EQ_INT(g->unauthorized(g, &x), PL_AGAIN);
    g->release(g, &x);
    x.request = (pl_request){0};
    go_round(g, &x);
    x.response = (pl_response){.status = 200};
    x.stage = PL_STAGE_MAP;
    CHECK_EQ_INT(g->map(g, &x), 0);
    CHECK(x.ok);
    CHECK_EQ_SLICE(x.variables, PL_SLICE("{\"seen\":1}"));
    exchange_fini(&x);
    pl_event_unref(e);
    pl_generation_unref(g);
}

static uint64_t no_time(void)
{
    return 0;
}

TEST(a_hook_hears_of_a_failure_before_any_script_has_run)
{
    pl_generation *g = load(mixed);
    pl_event *e = event_of("{\"data\":{\"id\":7}}");
    pl_exchange x;
    exchange_init(&x, g, e, 0);
    x.trace = (pl_trace){
        .arena = &x.arena, .stage = &x.stage, .monotonic_us = no_time, .limit_bytes = 1000};
    CHECK_EQ_INT(g->render(g, &x), 0);
    CHECK_EQ_INT(x.script_ref, 0);
    x.error = PL_E_TIMEOUT;
    x.error_text = "too late";
    x.failed_stage = PL_STAGE_SEND;
    x.stage = PL_STAGE_FAILED;
    CHECK_EQ_INT(g->failed(g, &x), 0);
    pl_slice trace = pl_trace_json(&x.trace);
    CHECK(trace.len && memmem(trace.ptr, trace.len, "[7,1,\"timeout\"", 14));
    exchange_fini(&x);
    pl_event_unref(e);
    pl_generation_unref(g);
}

int main(void)
{
    setenv("PERILUNE_SECRET_RECIPE_TEST", "s3cret-token", 1);
    pl_rng_init(&rng, (const uint8_t[32]){7});
    return RUN(CASE(what_a_recipe_makes_is_what_lua_makes),
               CASE(data_has_a_recipe_and_what_runs_scripts_has_none),
               CASE(variables_are_read_by_path_index_and_template),
               CASE(a_request_that_cannot_be_made_is_left_as_it_was),
               CASE(an_answer_that_is_not_plain_is_left_to_lua),
               CASE(scripts_behind_a_recipe_see_what_they_always_see),
               CASE(a_hook_hears_of_a_failure_before_any_script_has_run));
}
