/* SPDX-License-Identifier: MIT
 *
 * Templates without a gateway: one state with the template engine in it, for `perilune render`.
 * What it does is lua/perilune/batch.lua's. One thread. */
#ifndef PL_SCRIPT_RENDERER_H
#define PL_SCRIPT_RENDERER_H

#include "flow/settings.h"
#include "script/script.h"

typedef struct pl_renderer pl_renderer;

/* `templates`: the folder whose files templates may include, or NULL; names are relative to it.
 * NULL with *faults filled when it cannot be read. The settings stay the caller's, and there. */
pl_renderer *pl_renderer_new(const char *lua_path, const char *templates,
                             const pl_settings *settings, pl_faults *faults);
void pl_renderer_free(pl_renderer *r);

typedef struct pl_render_job {
    pl_slice name, template;        /* of the template: its name in messages, and its text */
    pl_slice context_name, context; /* JSON */
    pl_slice mode;                  /* how values are escaped: "text", "json", "url", ... */
} pl_render_job;

enum pl_rendered { PL_RENDERED, PL_RENDER_FAILED, PL_RENDER_BAD_CONTEXT };

/* Renders one template: the output, or the message, is appended. */
enum pl_rendered pl_renderer_run(pl_renderer *r, const pl_render_job *job, pl_buf *out);
/* Appends the answer to one line of a batch, without a line end. Whatever the line holds, there is
 * one. */
void pl_renderer_line(pl_renderer *r, pl_slice line, pl_buf *out);
/* Appends the answer that says no more than `message`. */
void pl_renderer_refuse(pl_slice message, pl_buf *out);

#endif
