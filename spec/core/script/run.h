/* SPDX-License-Identifier: MIT
 *
 * Runs in the gate of one state, and what has become of each. */
#ifndef PL_SPEC_SCRIPT_RUN_H
#define PL_SPEC_SCRIPT_RUN_H

#include "script/vm.h"

#include <stdio.h>

static pl_vm vm;
static pl_wheel wheel;

typedef struct run {
    int finished, resumed, code;
    char text[256];
} run;

static int on_finish(void *owner, lua_State *co, int code, pl_slice text)
{
    run *r = owner;
    if (code == 0) text.ptr = lua_tolstring(co, 1, &text.len);
    snprintf(r->text, sizeof r->text, "%.*s", PL_FMT(text));
    r->finished++;
    return r->code = code;
}

static void on_resumed(void *owner, int code)
{
    run *r = owner;
    r->resumed++;
    r->code = code;
}

#endif
