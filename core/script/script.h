/* SPDX-License-Identifier: MIT
 *
 * The Lua half seen from C: a gateway folder read into memory (bundle), and a generation, which is
 * one LuaJIT state with the folder loaded, validated and ready to route, render, authenticate and
 * map (flow/generation.h).
 *
 * A generation is made on the control thread, so that no worker stalls while scripts load, and
 * handed to one worker, which is from then on the only thread to touch it. All workers' generations
 * of one load come from the same bundle. */
#ifndef PL_SCRIPT_SCRIPT_H
#define PL_SCRIPT_SCRIPT_H

#include "base/buf.h"
#include "base/mailbox.h"
#include "base/wheel.h"
#include "flow/cache.h"
#include "flow/engine.h"
#include "flow/generation.h"
#include "flow/passage.h"
#include "flow/settings.h"
#include "net/client.h"

#include <stdio.h>

/* A mistake in a gateway folder. line 0: the file as a whole; column 0: the line as a whole. */
typedef struct pl_fault {
    char *file;
    int line, column;
    char *message;   /* may go on with lines that show the place */
    bool is_warning; /* the folder can be used all the same */
} pl_fault;

typedef struct pl_faults {
    pl_fault *items;
    size_t count;
} pl_faults;

void pl_faults_add(pl_faults *f, const char *file, int line, const char *message);
/* The same with a column, counted in characters. */
void pl_faults_add_at(pl_faults *f, const char *file, int line, int column, const char *message);
/* A warning, of the file as a whole. */
void pl_faults_warn(pl_faults *f, const char *file, const char *message);
/* How many of them are warnings. */
size_t pl_faults_warnings(const pl_faults *f);
/* "file:line:column: message" each, without what is 0; "warning: " before the message of one. */
void pl_faults_print(const pl_faults *f, FILE *out);
void pl_faults_fini(pl_faults *f);

/* The files of a gateway folder that matter (gateway.lua, connectors/, lib/, authenticators/,
 * mappers/, plugins/, templates/) and the plugins of the plugin path, as they were at one moment.
 * Immutable. */
typedef struct pl_bundle pl_bundle;

/* Reads a folder: 0, or PL_E_BAD_CONFIG with the reason in *faults (no such folder, no gateway.lua,
 * a file that cannot be read or is too large). `plugin_path` are folders with folders of plugins,
 * with ':' between them; NULL: there are none. Blocking; control thread. */
int pl_bundle_read(const char *dir, const char *plugin_path, pl_bundle **out, pl_faults *faults);
void pl_bundle_free(pl_bundle *b);

typedef struct pl_script_config {
    /* A source tree with lua/ and plugins/ to use instead of the embedded ones, or NULL. */
    const char *lua_path;
    int json_depth;
    bool warns; /* a folder without mistakes is looked through for what it does not use */
    const char *secrets_dir;    /* instead of gateway.lua's secrets.dir, or NULL */
    const pl_settings *outside; /* environment and flags, for what limits the files as they load */
} pl_script_config;

/* A new generation with one reference, *faults having its warnings; or NULL with *faults filled: every
 * mistake of the folder, in order of file and line. The secrets that it names are found by then. */
pl_generation *pl_script_load(const pl_bundle *bundle, const pl_script_config *config,
                              uint64_t number, pl_faults *faults);
/* What gateway.lua sets, put over *settings. Values were checked at load. */
void pl_script_settings(pl_generation *g, pl_settings *settings);
/* What scripts reach through the thread that runs them. */
typedef struct pl_script_host {
    pl_wheel *wheel;        /* `sleep` and time-outs run here */
    pl_client *client;      /* ctx.http; lives longer than the generation's work */
    pl_tolls tolls;         /* what the requests of ctx.http pass, with a client */
    pl_cache *cache;        /* ctx.cache; lives longer than the generation */
    pl_mailbox *mailbox;    /* of the worker: there it is told what other workers have filled */
    pl_mailbox *undertaker; /* of the thread that closes the state in the end; NULL: this one */
} pl_script_host;

/* Hands it to its worker: from now on scripts can wait, and what the settings say of templates and
 * of JSON holds. */
void pl_script_attach(pl_generation *g, const pl_settings *settings, const pl_script_host *host);

#endif
