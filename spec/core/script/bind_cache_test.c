/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include "flow/cache.h"
#include "script/bind.h"
#include "script/vm.h"

#include "test.h"

#include <lauxlib.h>

/* Two workers on one thread, each with a state, a wheel and a mailbox. */
typedef struct worker {
    pl_vm vm;
    pl_wheel wheel;
    pl_mailbox box;
} worker;

static worker one, two;
static pl_cache *cache;

typedef struct run {
    int finished, code;
    uint64_t handle;
    char text[256];
} run;

static int on_finish(void *owner, lua_State *co, int code, pl_slice text)
{
    run *r = owner;
    if (code == 0 && lua_gettop(co)) text.ptr = lua_tolstring(co, 1, &text.len);
    snprintf(r->text, sizeof r->text, "%.*s", PL_FMT(text));
    r->finished++;
    return r->code = code;
}

static void on_resumed(void *owner, int code)
{
    ((run *)owner)->code = code;
}

static void no_wake(void *owner)
{
    (void)owner;
}

static void open_worker(worker *w)
{
    pl_wheel_init(&w->wheel, 1000);
    pl_mailbox_init(&w->box, no_wake, NULL);
    CHECK_EQ_INT(pl_vm_open(&w->vm, NULL, 0), 0);
    w->vm.wheel = &w->wheel;
    w->vm.cache = cache;
    w->vm.mailbox = &w->box;
}

static void start(void)
{
    pl_cache_config config = {.bytes = 1 << 20, .entry_bytes = 256 << 10, .seed = 3};
    cache = pl_cache_new(&config);
    open_worker(&one);
    open_worker(&two);
}

static void close_worker(worker *w)
{
    pl_vm_close(&w->vm);
    pl_mailbox_drain(&w->box);
    pl_mailbox_fini(&w->box);
}

static void stop(void)
{
    close_worker(&one);
    close_worker(&two);
    CHECK(pl_cache_check(cache) == NULL);
    pl_cache_free(cache);
}

#define HEAD                                 \
    "local core = require 'perilune.core'\n" \
    "local cache = require('perilune.cache').new('acme')\n"

static int begin(worker *w, run *r, const char *source)
{
    pl_slot *slot = pl_gate_begin(&w->vm, on_finish, on_resumed, r);
    char text[1024];
    int len = snprintf(text, sizeof text, HEAD "%s", source);
    CHECK_EQ_INT(luaL_loadbuffer(slot->co, text, (size_t)len, "@connectors/acme.lua"), 0);
    return pl_gate_run(slot, 0, &r->handle);
}

/* Of a source that does not wait. */
static const char *result(worker *w, const char *source)
{
    static run r;
    r = (run){0};
    CHECK(begin(w, &r, source) != PL_WAIT);
    return r.text;
}

/* A fill that takes a second. */
#define SLOW_FETCH(value)                                                      \
    "local v = cache.fetch('k', 60, function() core.sleep(1) " value " end)\n" \
    "return core.json.encode(v)"

#define FETCH "return core.json.encode(cache.fetch('k', 60, function() return 'own' end))"

TEST(values_come_out_as_they_went_in)
{
    static const char *const documents[] = {
        "null",
        "true",
        "0",
        "\"text\"",
        "12345678901234567890",
        "1.0",
        "[]",
        "{}",
        "[[],{}]",
        "{\"z\":1,\"a\":null,\"m\":[1,2]}",
        "false",
        "[null,[null]]",
        "\"\"",
    };
    char source[256];
    start();
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        snprintf(source, sizeof source, "cache.set('k', core.json.decode('%s'), 10) return 'kept'",
                 documents[i]);
        CHECK_EQ_STR(result(&one, source), "kept");
        CHECK_EQ_STR(result(&two, "return core.json.encode(cache.get('k'))"), documents[i]);
    }
    stop();
}

TEST(each_gets_a_copy)
{
    start();
    CHECK_EQ_STR(result(&one, "local t = { n = 1 } cache.set('k', t, 10) t.n = 2\n"
                              "local a, b = cache.get('k'), cache.get('k') a.n = 3\n"
                              "return b.n .. cache.get('k').n"),
                 "11");
    CHECK_EQ_STR(result(&one, "return tostring(cache.get('none'))"), "nil");
    CHECK_EQ_STR(result(&two, "return tostring(require('perilune.cache').new('other').get('k'))"),
                 "nil");
    CHECK_EQ_STR(result(&one, "cache.delete('k', { n = 2 }) return tostring(cache.get('k').n)"),
                 "1");
    CHECK_EQ_STR(result(&one, "cache.delete('k', { n = 1 }) return tostring(cache.get('k'))"),
                 "nil");
    stop();
}

TEST(secrets_stay_secrets)
{
    start();
    CHECK_EQ_STR(
        result(&one,
               "local s = core.secret_of('t0k3n-of-acme')\n"
               "cache.set('whole', s, 10)\n"
               "cache.set('parts', { a = core.json.null, list = { 1, s, s }, type = 'Bearer',\n"
               "  token = s, z = core.json.null }, 10)\n"
               "local scattered = {} for i = 3, 1, -1 do scattered[i] = s end\n"
               "cache.set('scattered', scattered, 10)\n"
               "return 'kept'"),
        "kept");
    CHECK_EQ_STR(
        result(&two,
               "local s, p, l = cache.get('whole'), cache.get('parts'), cache.get('scattered')\n"
               "assert(core.is_secret(s) and tostring(s) == '***')\n"
               "assert(core.is_secret(p.token) and p.type == 'Bearer' and p.list[1] == 1)\n"
               "assert(core.is_secret(p.list[2]) and core.is_secret(p.list[3]))\n"
               "assert(p.a == core.json.null and p.z == core.json.null)\n"
               "assert(core.is_secret(l[1]) and core.is_secret(l[2]) and #l == 3)\n"
               "return core.hmac('sha256', p.token, 'x') ==\n"
               "  core.hmac('sha256', 't0k3n-of-acme', 'x') and 'same' or 'other'"),
        "same");
    stop();
}

TEST(the_state_that_did_not_fill_waits_and_has_the_value)
{
    start();
    run a = {0}, b = {0}, c = {0};
    CHECK_EQ_INT(begin(&one, &a, SLOW_FETCH("return { token = 'abc' }")), PL_WAIT);
    CHECK_EQ_INT(begin(&two, &b, FETCH), PL_WAIT);
    CHECK_EQ_INT(begin(&one, &c, FETCH), PL_WAIT);
    CHECK_EQ_INT(pl_mailbox_drain(&two.box), 0);
    pl_wheel_advance(&one.wheel, 2000);
    CHECK_EQ_STR(a.text, "{\"token\":\"abc\"}");
    CHECK_EQ_INT(b.finished, 0);
    CHECK_EQ_INT(pl_mailbox_drain(&two.box), 1);
    CHECK_EQ_INT(pl_mailbox_drain(&one.box), 1);
    CHECK_EQ_STR(b.text, "{\"token\":\"abc\"}");
    CHECK_EQ_STR(c.text, "{\"token\":\"abc\"}");
    CHECK_EQ_STR(result(&two, FETCH), "{\"token\":\"abc\"}");
    stop();
}

TEST(an_error_of_a_fill_is_raised_by_all_and_the_next_fills_again)
{
    start();
    run a = {0}, b = {0}, c = {0};
    CHECK_EQ_INT(begin(&one, &a, SLOW_FETCH("core.fail('auth', 'no token')")), PL_WAIT);
    CHECK_EQ_INT(begin(&two, &b, FETCH), PL_WAIT);
    CHECK_EQ_INT(begin(&two, &c,
                       "local ok, e = pcall(cache.fetch, 'k', 60, function() end)\n"
                       "return tostring(ok) .. ' ' .. tostring(e)"),
                 PL_WAIT);
    pl_wheel_advance(&one.wheel, 2000);
    pl_mailbox_drain(&two.box);
    CHECK_EQ_INT(a.code, PL_E_AUTH);
    CHECK_EQ_INT(b.code, PL_E_AUTH);
    CHECK_EQ_STR(a.text, "connectors/acme.lua:3: no token");
    CHECK_EQ_STR(b.text, a.text);
    CHECK_EQ_STR(c.text, "false connectors/acme.lua:3: no token");
    CHECK_EQ_STR(result(&two, FETCH), "\"own\"");
    CHECK_EQ_STR(result(&two, "cache.fetch('x', 9, function() error('plain') end)"),
                 "connectors/acme.lua:3: plain");
    CHECK_EQ_STR(result(&two, "cache.fetch('x', 9, function() error({}) end)"),
                 "connectors/acme.lua:3: a script raised a table instead of a message");
    stop();
}

TEST(a_run_that_is_cancelled_while_it_fills_leaves_the_fill_to_the_next)
{
    start();
    run a = {0}, b = {0}, c = {0};
    CHECK_EQ_INT(begin(&one, &a, SLOW_FETCH("return 'never'")), PL_WAIT);
    CHECK_EQ_INT(begin(&two, &b, SLOW_FETCH("return 'second'")), PL_WAIT);
    CHECK_EQ_INT(begin(&one, &c, FETCH), PL_WAIT);
    pl_gate_cancel(&one.vm, a.handle);
    CHECK_EQ_INT(pl_mailbox_drain(&two.box), 1);
    CHECK_EQ_INT(b.finished, 0);
    pl_wheel_advance(&two.wheel, 2000);
    CHECK_EQ_STR(b.text, "\"second\"");
    pl_mailbox_drain(&one.box);
    CHECK_EQ_STR(c.text, "\"second\"");
    CHECK_EQ_INT(a.finished, 0);
    stop();
}

TEST(a_run_that_is_cancelled_while_it_waits_is_told_nothing)
{
    start();
    run a = {0}, b = {0}, c = {0};
    CHECK_EQ_INT(begin(&one, &a, SLOW_FETCH("return 1")), PL_WAIT);
    CHECK_EQ_INT(begin(&two, &b, FETCH), PL_WAIT);
    CHECK_EQ_INT(begin(&two, &c, FETCH), PL_WAIT);
    pl_gate_cancel(&two.vm, b.handle);
    pl_wheel_advance(&one.wheel, 2000);
    pl_gate_cancel(&two.vm, c.handle); /* told already, not drained yet */
    CHECK_EQ_INT(pl_mailbox_drain(&two.box), 1);
    CHECK_EQ_INT(b.finished + c.finished, 0);
    CHECK_EQ_INT(two.vm.gate.in_use, 0);
    stop();
}

TEST(closing_a_state_that_fills_leaves_the_fill_to_another)
{
    start();
    run a = {0}, b = {0};
    CHECK_EQ_INT(begin(&one, &a, SLOW_FETCH("return 1")), PL_WAIT);
    CHECK_EQ_INT(begin(&two, &b, FETCH), PL_WAIT);
    pl_vm_close(&one.vm);
    CHECK_EQ_INT(pl_mailbox_drain(&two.box), 1);
    CHECK_EQ_STR(b.text, "\"own\"");
    CHECK_EQ_INT(pl_vm_open(&one.vm, NULL, 0), 0);
    stop();
}

TEST(closing_a_state_that_waits_ends_its_waiting)
{
    start();
    run a = {0}, b = {0};
    CHECK_EQ_INT(begin(&one, &a, SLOW_FETCH("return 1")), PL_WAIT);
    CHECK_EQ_INT(begin(&two, &b, FETCH), PL_WAIT);
    pl_vm_close(&two.vm);
    pl_wheel_advance(&one.wheel, 2000);
    CHECK_EQ_STR(a.text, "1");
    CHECK_EQ_INT(b.finished, 0);
    CHECK_EQ_INT(pl_vm_open(&two.vm, NULL, 0), 0);
    stop();
}

TEST(a_renewal_ahead_that_fails_leaves_the_value)
{
    start();
    CHECK_EQ_STR(result(&one, "cache.set('k', 'old', 10) return ''"), "");
    pl_wheel_advance(&one.wheel, 1000 + 7000);
    CHECK_EQ_STR(result(&one, "return cache.fetch('k', { ttl = 10, early = 5 }, function()\n"
                              "  core.fail('connect', 'down') end)"),
                 "old");
    pl_wheel_advance(&one.wheel, 1000 + 7000 + PL_CACHE_PAUSE_MS);
    CHECK_EQ_STR(result(&one, "return cache.fetch('k', { ttl = 10, early = 5 }, function()\n"
                              "  return 'new', 20 end)"),
                 "new");
    pl_wheel_advance(&one.wheel, 1000 + 7000 + 20000);
    CHECK_EQ_STR(result(&one, "return cache.get('k')"), "new");
    stop();
}

TEST(what_is_wrong_is_said)
{
    static const struct {
        const char *source, *text;
    } cases[] = {
        {"cache.get(1)", "ctx.cache.get: the key must be a text"},
        {"cache.get('')", "ctx.cache.get: the key must be a text"},
        {"cache.set('k', nil, 1)", "ctx.cache.set: a value is missing; delete(key) forgets one"},
        {"cache.set('k', 1)", "ctx.cache.set: ttl must be 0 to 31622400 seconds"},
        {"cache.set('k', 1, -1)", "ctx.cache.set: ttl must be 0 to 31622400 seconds"},
        {"cache.set('k', 1, 0/0)", "ctx.cache.set: ttl must be 0 to 31622400 seconds"},
        {"cache.set('k', { f = print }, 1)",
         "the cache cannot keep this: a function cannot be written as JSON at \"/f\""},
        {"cache.set('k', ('x'):rep(256 * 1024), 1)",
         "the cache takes keys and values of 262144 bytes (limits.cache_entry)"},
        {"cache.fetch('k', 'x', print)",
         "ctx.cache.fetch: the options must be seconds, or a table as { ttl = 300, early = 30 }"},
        {"cache.fetch('k', { tll = 1 }, print)",
         "ctx.cache.fetch: there is no option 'tll'; there are early, ttl"},
        {"cache.fetch('k', 1)", "ctx.cache.fetch: the third argument must be a function"},
        {"cache.fetch('k', 1, function() end)", "ctx.cache.fetch: the fill returned no value"},
        {"cache.fetch('k', {}, function() return 1 end)",
         "ctx.cache.fetch: neither the options nor the fill say a ttl"},
        {"cache.fetch('k', 1, function() return ('x'):rep(256 * 1024) end)",
         "the cache takes keys and values of 262144 bytes (limits.cache_entry)"},
        {"local function fill() return cache.fetch('k', 1, fill) end\n"
         "cache.fetch('k', 1, function() return cache.fetch('k', 1, fill) end)",
         "the fill of a key fetches the key itself"},
        {"cache.get = print", "'ctx.cache' cannot be changed"},
    };
    start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = result(&one, cases[i].source);
        const char *message = strstr(text, ": ");
        CHECK_EQ_STR(message ? message + 2 : text, cases[i].text);
        CHECK(strncmp(text, "connectors/acme.lua:", 20) == 0);
        CHECK(pl_cache_check(cache) == NULL);
    }
    CHECK_EQ_INT(pl_cache_metrics_of(cache).bytes, 0);
    one.vm.cache = NULL;
    CHECK(strstr(result(&one, "cache.get('k')"), "works only while") != NULL);
    one.vm.cache = cache;
    stop();
}

int main(void)
{
    return RUN(CASE(values_come_out_as_they_went_in), CASE(each_gets_a_copy),
               CASE(secrets_stay_secrets),
               CASE(the_state_that_did_not_fill_waits_and_has_the_value),
               CASE(an_error_of_a_fill_is_raised_by_all_and_the_next_fills_again),
               CASE(a_run_that_is_cancelled_while_it_fills_leaves_the_fill_to_the_next),
               CASE(a_run_that_is_cancelled_while_it_waits_is_told_nothing),
               CASE(closing_a_state_that_fills_leaves_the_fill_to_another),
               CASE(closing_a_state_that_waits_ends_its_waiting),
               CASE(a_renewal_ahead_that_fails_leaves_the_value), CASE(what_is_wrong_is_said));
}
