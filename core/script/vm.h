/* SPDX-License-Identifier: MIT
 *
 * One Lua state and what C keeps beside it. Made with the libraries that our own Lua needs and no
 * others; what the integrator's files see of them is decided in lua/perilune/sandbox.lua. */
#ifndef PL_SCRIPT_VM_H
#define PL_SCRIPT_VM_H

#include "base/id.h"
#include "base/wheel.h"
#include "flow/cache.h"
#include "flow/message.h"
#include "flow/settings.h"
#include "script/budget.h"
#include "script/codec.h"
#include "script/gate.h"

/* Of one state. */
typedef struct pl_vm_limits {
    int64_t template_output_bytes; /* text that one rendering may make */
    int64_t template_loops;        /* turns of all loops of one rendering */
    int64_t template_depth;        /* macros, includes and recursive loops within each other */
    int64_t memory_bytes;          /* of the state, when templates make large values; 0: any */
    int64_t requests;              /* that one run may send */
    int64_t request_timeout_ms;    /* of each, where the script says none */
    int64_t cache_entry_bytes;     /* of one key of the cache and its value */
    int64_t order_key_bytes;       /* of a key of order_by as it is */
} pl_vm_limits;

/* Sends the requests of scripts: as pl_client_send and pl_transfer_cancel. */
typedef struct pl_sender {
    void *world;
    void *(*send)(void *world, const pl_request *request, pl_response *response, pl_arena *arena,
                  void (*done)(void *arg, int code), void *arg);
    void (*cancel)(void *transfer);
} pl_sender;

/* Types of userdata that every exchange makes and asks for (pl_known_type). */
enum pl_type {
    PL_TYPE_EVENT,
    PL_TYPE_EVENT_OF_RUN,
    PL_TYPE_REQUEST,
    PL_TYPE_RESPONSE,
    PL_TYPE_DOCUMENT,
    PL_TYPES
};

struct pl_vm {
    lua_State *L;
    int types[PL_TYPES];              /* registry: their metatables; 0: not made yet */
    int event_of_run, request_of_run; /* registry: bind_event.c, bind_request.c; 0: not made yet */
    uint64_t tickets;                 /* that exchanges got */
    pl_codec codec;
    pl_gate gate;
    pl_budget budget;
    pl_wheel *wheel;     /* NULL until it has a worker: nothing can wait */
    pl_sender sender;    /* send NULL: there is no network here */
    pl_cache *cache;     /* or NULL: nothing is kept here */
    pl_mailbox *mailbox; /* of the worker: what other threads have for its runs; with a cache */
    char *lua_path;      /* NULL: modules are the embedded ones */
    int json_depth;
    pl_vm_limits limits;
    bool https_only; /* requests of scripts */
    bool last_wins;  /* json.duplicates: of a name that is there twice */
    pl_rng rng;
    pl_buf failure;   /* text of the last failure */
    pl_buf traceback; /* and the calls that led to it, innermost first, as lines */
    pl_buf scratch;   /* of one binding at a time */
};

/* Puts what bindings need beside an existing state. */
void pl_vm_init(pl_vm *vm, lua_State *L, const char *lua_path, int json_depth);
void pl_vm_fini(pl_vm *vm);
/* A state of its own, with `require` for our modules: 0, or PL_E_INTERNAL. */
int pl_vm_open(pl_vm *vm, const char *lua_path, int json_depth);
void pl_vm_close(pl_vm *vm);
/* What is loaded between the two runs once, and leaves more garbage than it keeps: it is interpreted
 * unless it takes long, and collected early. Then what is not needed any more is given back. */
void pl_vm_begin_load(pl_vm *vm);
void pl_vm_end_load(pl_vm *vm);
/* What the settings say of its limits and of JSON. Until then it has the defaults. */
void pl_vm_use(pl_vm *vm, const pl_settings *settings);
pl_vm *pl_vm_of(lua_State *L);

/* Pushes the chunk of a file of the source tree ("lua/perilune/init.lua"): 1; 0 and nothing when
 * there is none; or -1 and a message when it does not compile. */
int pl_module_push(pl_vm *vm, lua_State *L, const char *path);
/* Calls `each` with every Lua file whose path starts so, sorted. */
void pl_module_names(pl_vm *vm, const char *prefix, void (*each)(void *ud, const char *path),
                     void *ud);

#endif
