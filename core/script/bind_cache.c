/* SPDX-License-Identifier: MIT
 *
 * core.cache: what scripts keep between exchanges, on all workers (flow/cache.h). A value goes in as
 * bytes and comes out as a copy of its own, so that no state shares tables with another:
 *
 *     length of the text | JSON, null where a secret stands | the secrets, as the codec notes them
 *
 * fetch gives a ticket, at once or when it has waited: with a value, with why there is none, or with
 * a claim. A ticket is held by its run, so that a run that ends in the middle of a fill, in whatever
 * way, leaves the claim to the next one. Fills are in the trace of their run. */
#include "script/bind.h"

#include "base/err.h"
#include "flow/cache.h"
#include "flow/trace.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#define TYPE "perilune.cache_ticket"
/* A fill that takes longer does not keep others from filling. Runs have time-outs of their own,
 * which are shorter unless a connector has it otherwise. */
#define LEASE_MS  60000
#define MAX_TTL_S (366 * 86400.0)

typedef struct ticket {
    pl_holding holding; /* first: while it has a claim */
    pl_cache *cache;
    pl_cache_answer answer;
    uint64_t began_us; /* the fill, on the clock of the run's trace */
} ticket;

typedef struct fetching {
    pl_vm *vm;
    pl_slot *slot;
    uint64_t handle;
    pl_cache_waiter *waiter;
    ticket *ticket;
    int ref; /* registry: keeps the ticket */
} fetching;

/* -- check -- */

static pl_vm *check_cache(lua_State *L, const char *what)
{
    pl_vm *vm = pl_vm_of(L);
    if (vm->cache == NULL)
        luaL_error(L,
                   "%s works only while a request is rendered, authenticated, mapped or received",
                   what);
    return vm;
}

static uint64_t check_ms(lua_State *L, int index)
{
    double seconds = luaL_checknumber(L, index);
    luaL_argcheck(L, seconds >= 0 && seconds <= MAX_TTL_S, index, "expected 0 to 31622400 seconds");
    return (uint64_t)ceil(seconds * 1000);
}

static ticket *check_ticket(lua_State *L)
{
    return luaL_checkudata(L, 1, TYPE);
}

/* One that has the claim still. */
static ticket *check_claim(lua_State *L)
{
    ticket *t = check_ticket(L);
    luaL_argcheck(L, t->answer.claim.node, 1, "it has no claim");
    return t;
}

/* -- values as bytes -- */

/* Into the codec's `out`; raises what cannot be kept. */
static bool put_value(lua_State *L, pl_vm *vm, int index)
{
    pl_buf *out = &vm->codec.out, *secrets = &vm->scratch;
    pl_encode_options options = {.max_bytes = (size_t)vm->limits.cache_entry_bytes,
                                 .secrets = secrets};
    size_t text_len = 0;
    pl_buf_clear(out);
    pl_buf_clear(secrets);
    pl_buf_put(out, &text_len, sizeof text_len);
    if (pl_codec_encode(&vm->codec, L, index, &options, out) != 0)
        pl_lua_fail(L, "script", "the cache cannot keep this: %.*s",
                    PL_FMT(pl_buf_slice(&vm->codec.text)));
    text_len = out->len - sizeof text_len;
    memcpy(out->ptr, &text_len, sizeof text_len);
    pl_buf_put_slice(out, pl_buf_slice(secrets));
    return secrets->len > 0;
}

static pl_cache_value *value_new(lua_State *L, pl_vm *vm, int index)
{
    bool is_secret = put_value(L, vm, index);
    pl_cache_value *v = pl_cache_value_new(pl_buf_slice(&vm->codec.out), is_secret);
    if (!is_secret) return v;
    explicit_bzero(vm->codec.out.ptr, vm->codec.out.len);
    explicit_bzero(vm->scratch.ptr, vm->scratch.len);
    return v;
}

static void push_value(lua_State *L, pl_vm *vm, const pl_cache_value *v)
{
    size_t text_len;
    pl_decode_fault fault;
    memcpy(&text_len, v->bytes, sizeof text_len);
    pl_slice text = {v->bytes + sizeof text_len, text_len};
    pl_decode_options options = {
        .max_depth = PL_JSON_MAX_DEPTH,
        .secrets = pl_slice_from((pl_slice){v->bytes, v->len}, sizeof text_len + text_len)};
    if (pl_codec_decode(&vm->codec, L, text, &options, &fault) != 0)
        luaL_error(L, "what was kept cannot be read: %s", fault.message);
}

/* Takes the reference to a value that may be too large for the cache, which `code` says. */
static void check_kept(lua_State *L, const pl_vm *vm, pl_cache_value *v, int code)
{
    pl_cache_value_unref(v);
    if (code)
        pl_lua_fail(L, "script",
                    "the cache takes keys and values of %.0f bytes (limits.cache_entry)",
                    (double)vm->limits.cache_entry_bytes);
}

/* -- tickets -- */

static void end_ticket(ticket *t)
{
    pl_gate_let_go(&t->holding);
    if (t->answer.claim.node) pl_cache_drop(t->cache, &t->answer.claim);
    pl_cache_value_unref(t->answer.value);
    t->answer = (pl_cache_answer){.outcome = PL_CACHE_FILL};
}

static void on_run_over(pl_holding *h)
{
    end_ticket((ticket *)h);
}

static int ticket_gc(lua_State *L)
{
    end_ticket(check_ticket(L));
    return 0;
}

/* Dead: with neither value nor claim. */
static ticket *push_ticket(lua_State *L, pl_cache *cache)
{
    ticket *t = lua_newuserdata(L, sizeof *t);
    *t = (ticket){.holding.release = on_run_over, .cache = cache, .answer.outcome = PL_CACHE_FILL};
    luaL_getmetatable(L, TYPE);
    lua_setmetatable(L, -2);
    return t;
}

static void take_answer(ticket *t, pl_slot *slot, const pl_cache_answer *answer)
{
    t->answer = *answer;
    if (slot->trace) t->began_us = slot->trace->monotonic_us();
    if (answer->claim.node) pl_gate_hold(slot, &t->holding);
}

static bool has_claim_of(const pl_slot *slot, pl_slice key)
{
    for (const pl_holding *h = slot->holdings; h; h = h->next)
        if (h->release == on_run_over &&
            pl_slice_eq(pl_cache_claim_key(&((const ticket *)h)->answer.claim), key))
            return true;
    return false;
}

/* -- waiting -- */

static void fetching_free(fetching *f)
{
    luaL_unref(f->vm->L, LUA_REGISTRYINDEX, f->ref);
    free(f);
}

static void give_up(void *op)
{
    fetching *f = op;
    pl_cache_cancel(f->waiter);
    fetching_free(f);
}

static int push_fetched(lua_State *co, void *op)
{
    fetching *f = op;
    lua_rawgeti(co, LUA_REGISTRYINDEX, f->ref);
    fetching_free(f);
    return 1;
}

static void on_told(void *owner, const pl_cache_answer *answer)
{
    fetching *f = owner;
    take_answer(f->ticket, f->slot, answer);
    pl_gate_resume(f->vm, f->handle, push_fetched, f);
}

/* fetch(key, early): a ticket. With a claim: who has it fills the key. */
static int cache_fetch(lua_State *L)
{
    pl_slice key = pl_check_slice(L, 1);
    pl_vm *vm = check_cache(L, "ctx.cache.fetch");
    pl_cache_terms terms = {.early_ms = check_ms(L, 2), .lease_ms = LEASE_MS};
    pl_slot *slot = pl_gate_waiter(L, "ctx.cache.fetch");
    if (has_claim_of(slot, key))
        return pl_lua_fail(L, "script", "the fill of a key fetches the key itself");
    ticket *t = push_ticket(L, vm->cache);
    lua_pushvalue(L, -1);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    fetching *f = pl_alloc(sizeof *f);
    *f =
        (fetching){.vm = vm, .slot = slot, .handle = pl_gate_handle(slot), .ticket = t, .ref = ref};
    pl_cache_asker asker = {vm->mailbox, on_told, f};
    pl_cache_answer answer;
    terms.now_ms = vm->wheel->now_ms;
    pl_cache_fetch(vm->cache, key, &terms, &asker, &answer);
    if (answer.outcome == PL_CACHE_WAIT) {
        f->waiter = answer.waiter;
        return pl_gate_wait(slot, give_up, f);
    }
    take_answer(t, slot, &answer);
    fetching_free(f);
    return 1;
}

/* -- methods of tickets -- */

/* value(): a copy of the value, or nil; raises what a fill has failed with. */
static int ticket_value(lua_State *L)
{
    const ticket *t = check_ticket(L);
    const pl_cache_value *v = t->answer.value;
    int code;
    if (v == NULL) {
        lua_pushnil(L);
        return 1;
    }
    if (t->answer.outcome != PL_CACHE_FAILED) {
        push_value(L, pl_vm_of(L), v);
        return 1;
    }
    memcpy(&code, v->bytes, sizeof code);
    lua_pushlstring(L, v->bytes + sizeof code, v->len - sizeof code);
    pl_gate_push_failure(L, pl_err_name(code));
    return lua_error(L);
}

static int ticket_has_claim(lua_State *L)
{
    lua_pushboolean(L, check_ticket(L)->answer.claim.node != NULL);
    return 1;
}

/* Of the fill, as the script has it: without the name of its connector. In the scratch buffer, since
 * the claim is to end. */
static pl_slice key_of_fill(pl_vm *vm, const ticket *t)
{
    pl_slice key = pl_cache_claim_key(&t->answer.claim);
    const char *end = memchr(key.ptr, '\0', key.len);
    pl_buf_clear(&vm->scratch);
    pl_buf_put_slice(&vm->scratch, end ? pl_slice_from(key, (size_t)(end - key.ptr) + 1) : key);
    return pl_buf_slice(&vm->scratch);
}

static void trace_fill(const pl_vm *vm, const ticket *t, pl_slice key, pl_slice error)
{
    pl_trace *trace = pl_gate_trace(vm);
    if (trace) pl_trace_cache(trace, key, error, (int64_t)(trace->monotonic_us() - t->began_us));
}

/* put(value, ttl): ends the claim; value() gives a copy from then on. Raises what cannot be kept,
 * and the claim goes on. */
static int ticket_put(lua_State *L)
{
    ticket *t = check_claim(L);
    pl_vm *vm = pl_vm_of(L);
    uint64_t ttl_ms = check_ms(L, 3);
    luaL_checkany(L, 2);
    pl_cache_value *v = value_new(L, vm, 2);
    pl_slice key = key_of_fill(vm, t);
    int code = pl_cache_put(t->cache, &t->answer.claim, v, vm->wheel->now_ms, ttl_ms);
    if (code == 0) {
        trace_fill(vm, t, key, PL_NO_SLICE);
        t->answer.claim.node = NULL;
        end_ticket(t);
        t->answer = (pl_cache_answer){PL_CACHE_HIT, .value = pl_cache_value_ref(v)};
    }
    check_kept(L, vm, v, code);
    return 0;
}

/* fail(error): ends the claim; those who wait have the error. Its text. */
static int ticket_fail(lua_State *L)
{
    ticket *t = check_claim(L);
    pl_vm *vm = pl_vm_of(L);
    pl_buf *out = &vm->scratch;
    lua_settop(L, 2);
    int code = pl_gate_explain(vm, L);
    trace_fill(vm, t, key_of_fill(vm, t), pl_buf_slice(&vm->failure));
    pl_buf_clear(out);
    pl_buf_put(out, &code, sizeof code);
    pl_buf_put_slice(out, pl_buf_slice(&vm->failure));
    pl_cache_value *why = pl_cache_value_new(pl_buf_slice(out), false);
    pl_cache_fail(t->cache, &t->answer.claim, why, vm->wheel->now_ms);
    pl_cache_value_unref(why);
    t->answer.claim.node = NULL;
    pl_gate_let_go(&t->holding);
    return pl_push_buf(L, &vm->failure);
}

static const luaL_Reg ticket_methods[] = {
    {"value", ticket_value},
    {"has_claim", ticket_has_claim},
    {"put", ticket_put},
    {"fail", ticket_fail},
    {NULL, NULL},
};

/* -- functions -- */

/* get(key): a copy of the value, or nil. */
static int cache_get(lua_State *L)
{
    pl_slice key = pl_check_slice(L, 1);
    pl_vm *vm = check_cache(L, "ctx.cache.get");
    ticket *t = push_ticket(L, vm->cache);
    t->answer.value = pl_cache_get(vm->cache, key, vm->wheel->now_ms);
    if (t->answer.value)
        push_value(L, vm, t->answer.value);
    else
        lua_pushnil(L);
    end_ticket(t);
    return 1;
}

/* set(key, value, ttl) */
static int cache_set(lua_State *L)
{
    pl_slice key = pl_check_slice(L, 1);
    pl_vm *vm = check_cache(L, "ctx.cache.set");
    uint64_t ttl_ms = check_ms(L, 3);
    pl_cache_value *v = value_new(L, vm, 2);
    check_kept(L, vm, v, pl_cache_set(vm->cache, key, v, vm->wheel->now_ms, ttl_ms));
    return 0;
}

/* delete(key, value?): with a value, only if it is still that one. */
static int cache_delete(lua_State *L)
{
    pl_slice key = pl_check_slice(L, 1);
    pl_vm *vm = check_cache(L, "ctx.cache.delete");
    if (lua_isnoneornil(L, 2)) {
        pl_cache_delete(vm->cache, key, NULL);
        return 0;
    }
    pl_cache_value *v = value_new(L, vm, 2);
    pl_slice only = {v->bytes, v->len};
    pl_cache_delete(vm->cache, key, &only);
    pl_cache_value_unref(v);
    return 0;
}

static const luaL_Reg cache_functions[] = {
    {"get", cache_get},     {"set", cache_set}, {"delete", cache_delete},
    {"fetch", cache_fetch}, {NULL, NULL},
};

int pl_open_cache(lua_State *L)
{
    pl_bind_type(L, TYPE, ticket_methods, NULL);
    lua_pushcfunction(L, ticket_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    pl_push_functions(L, cache_functions);
    lua_pushnumber(L, MAX_TTL_S);
    lua_setfield(L, -2, "max_seconds");
    return 1;
}
