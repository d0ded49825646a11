/* SPDX-License-Identifier: MIT
 *
 * `batch.new` gives the renderer's value, which `batch.one` and `batch.line` get back each time.
 * They catch what templates raise.
 *
 * The limits of templates bound what one of them makes, but not what the context of a line holds: 50
 * MB of "[[],[]," are a gigabyte of tables. So the state has a limit of its own. From half of it on
 * templates may make no large values any more, which is an error like any other. Beyond the whole,
 * what runs fails with "not enough memory", and the state is replaced by a new one, since nobody
 * knows in what it was interrupted. */
#include "script/renderer.h"

#include "base/err.h"
#include "base/json.h"
#include "script/bind.h"
#include "script/bundle.h"

#include <errno.h>
#include <stdlib.h>

/* The functions of lua/perilune/batch.lua. */
enum function { NEW, ONE, LINE, FUNCTION_COUNT };
static const char *const function_names[] = {[NEW] = "new", [ONE] = "one", [LINE] = "line"};

#define MAX_STATE_BYTES (1u << 30)

struct pl_renderer {
    char *lua_path, *templates; /* NULL: none */
    const pl_settings *settings;
    bool is_open; /* it has a state, which functions and self belong to */
    pl_vm vm;
    int functions[FUNCTION_COUNT]; /* registry */
    int self;                      /* registry: what `new` returned */
};

static void close_state(pl_renderer *r)
{
    if (r->is_open) pl_vm_close(&r->vm);
    r->is_open = false;
}

/* -- making one -- */

typedef struct reading {
    lua_State *L; /* the table of texts is on the top */
    const char *dir;
    pl_faults *faults;
} reading;

static void take_template(void *ud, const char *path)
{
    reading *r = ud;
    const char *name = path + 2; /* behind "./" */
    size_t len;
    pl_buf full;
    pl_buf_init(&full);
    pl_buf_printf(&full, "%s/%s", r->dir, name);
    pl_buf_put_char(&full, 0);
    char *text = pl_file_read(full.ptr, PL_BUNDLE_FILE_BYTES, &len);
    if (text == NULL) {
        pl_faults_add(r->faults, full.ptr, 0,
                      errno == EFBIG ? "the file is larger than 1 MB" : strerror(errno));
    } else {
        lua_pushlstring(r->L, text, len);
        lua_setfield(r->L, -2, name);
    }
    free(text);
    pl_buf_fini(&full);
}

/* Pushes a table of the texts of a folder's files by name. */
static void push_templates(lua_State *L, const char *dir, pl_faults *faults)
{
    reading r = {L, dir, faults};
    lua_newtable(L);
    if (dir == NULL) return;
    int code = pl_files_walk(dir, ".", PL_BUNDLE_DEPTH, take_template, &r);
    if (code) pl_faults_add(faults, dir, 0, strerror(code));
}

static int take_functions(lua_State *L)
{
    pl_renderer *r = lua_touserdata(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "perilune.batch");
    lua_call(L, 1, 1);
    for (int f = 0; f < FUNCTION_COUNT; f++) {
        lua_getfield(L, 2, function_names[f]);
        luaL_checktype(L, -1, LUA_TFUNCTION);
        r->functions[f] = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    return 0;
}

static int start(pl_renderer *r, pl_faults *faults)
{
    lua_State *L = r->vm.L;
    pl_vm_begin_load(&r->vm);
    lua_pushcfunction(L, take_functions);
    lua_pushlightuserdata(L, r);
    int code = pl_gate_call(&r->vm, 1, 0);
    pl_vm_end_load(&r->vm);
    if (code == 0) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, r->functions[NEW]);
        push_templates(L, r->templates, faults);
        code = pl_gate_call(&r->vm, 1, 1);
    }
    if (code == 0) {
        r->self = luaL_ref(L, LUA_REGISTRYINDEX);
        return faults->count ? PL_E_BAD_CONFIG : 0;
    }
    pl_buf_put_char(&r->vm.failure, 0);
    pl_faults_add(faults, "render", 0, r->vm.failure.ptr);
    return code;
}

static void limit_memory(pl_vm *vm)
{
    vm->budget.heap_bytes = MAX_STATE_BYTES;
    vm->limits.memory_bytes = MAX_STATE_BYTES / 2;
    pl_core_show_limits(vm->L, &vm->limits);
}

static void open_state(pl_renderer *r, pl_faults *faults)
{
    if (pl_vm_open(&r->vm, r->lua_path, PL_JSON_MAX_DEPTH) != 0) {
        pl_faults_add(faults, "render", 0, "no Lua state could be made");
        return;
    }
    r->is_open = true;
    pl_vm_use(&r->vm, r->settings);
    r->vm.budget.kind = PL_BUDGET_NONE;
    limit_memory(&r->vm);
    if (start(r, faults) != 0) close_state(r);
}

pl_renderer *pl_renderer_new(const char *lua_path, const char *templates,
                             const pl_settings *settings, pl_faults *faults)
{
    pl_renderer *r = pl_alloc_zero(sizeof *r);
    if (lua_path) r->lua_path = strdup(lua_path);
    if (templates) r->templates = strdup(templates);
    r->settings = settings;
    open_state(r, faults);
    if (r->is_open) return r;
    pl_renderer_free(r);
    return NULL;
}

void pl_renderer_free(pl_renderer *r)
{
    if (r == NULL) return;
    close_state(r);
    free(r->lua_path);
    free(r->templates);
    free(r);
}

/* -- rendering -- */

static void set_text(lua_State *L, const char *name, pl_slice text)
{
    pl_push_slice(L, text);
    lua_setfield(L, -2, name);
}

static void put_text(lua_State *L, int index, pl_buf *out)
{
    size_t len;
    const char *text = lua_tolstring(L, index, &len);
    if (text) pl_buf_put(out, text, len);
}

static int call_one(lua_State *L)
{
    const pl_renderer *r = lua_touserdata(L, 1);
    const pl_render_job *job = lua_touserdata(L, 2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->functions[ONE]);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->self);
    lua_createtable(L, 0, 5);
    set_text(L, "name", job->name);
    set_text(L, "template", job->template);
    set_text(L, "context_name", job->context_name);
    set_text(L, "context", job->context);
    set_text(L, "mode", job->mode);
    lua_call(L, 2, 3);
    return 3;
}

static int call_line(lua_State *L)
{
    const pl_renderer *r = lua_touserdata(L, 1);
    const pl_slice *line = lua_touserdata(L, 2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->functions[LINE]);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->self);
    pl_push_slice(L, *line);
    lua_call(L, 2, 1);
    return 1;
}

/* Calls one of them with what it takes: also the copies of texts are made behind the gate, since
 * there may be no memory for them. */
static int call(pl_renderer *r, lua_CFunction function, const void *input, int results)
{
    lua_State *L = r->vm.L;
    lua_pushcfunction(L, function);
    lua_pushlightuserdata(L, r);
    lua_pushlightuserdata(L, (void *)(uintptr_t)input);
    return pl_gate_call(&r->vm, 2, results);
}

enum pl_rendered pl_renderer_run(pl_renderer *r, const pl_render_job *job, pl_buf *out)
{
    lua_State *L = r->vm.L;
    if (call(r, call_one, job, 3) != 0) {
        pl_buf_put_slice(out, pl_buf_slice(&r->vm.failure));
        return PL_RENDER_FAILED;
    }
    /* stack: output or nil, message, whether the context is at fault (top) */
    bool is_rendered = lua_type(L, -3) == LUA_TSTRING, is_bad_context = lua_toboolean(L, -1);
    put_text(L, is_rendered ? -3 : -2, out);
    lua_pop(L, 3);
    return is_rendered ? PL_RENDERED : is_bad_context ? PL_RENDER_BAD_CONTEXT : PL_RENDER_FAILED;
}

void pl_renderer_refuse(pl_slice message, pl_buf *out)
{
    pl_json_writer w;
    pl_jw_init(&w, out);
    pl_jw_object(&w);
    pl_jw_key(&w, "ok");
    pl_jw_bool(&w, false);
    pl_jw_key(&w, "error");
    pl_jw_string(&w, message);
    pl_jw_object_end(&w);
}

/* Appends the answer to a line while there is a state. */
static void answer(pl_renderer *r, pl_slice line, pl_buf *out)
{
    lua_State *L = r->vm.L;
    if (call(r, call_line, &line, 1) != 0) {
        pl_renderer_refuse(pl_buf_slice(&r->vm.failure), out);
        return;
    }
    put_text(L, -1, out);
    lua_pop(L, 1);
}

void pl_renderer_line(pl_renderer *r, pl_slice line, pl_buf *out)
{
    pl_faults faults = {0};
    if (!r->is_open) open_state(r, &faults);
    if (r->is_open)
        answer(r, line, out);
    else
        pl_renderer_refuse(pl_slice_of(faults.items[0].message), out);
    if (r->vm.budget.end == PL_OVER_HEAP) close_state(r);
    pl_faults_fini(&faults);
}
