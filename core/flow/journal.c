/* SPDX-License-Identifier: MIT */
#include "flow/journal.h"

static const char *const state_names[] = {
#define X(code, name) name,
    PL_STATES(X)
#undef X
};

const char *pl_state_name(enum pl_state state)
{
    return state < PL_STATE_COUNT ? state_names[state] : "";
}

int pl_state_of_name(pl_slice name)
{
    for (int i = 0; i < PL_STATE_COUNT; i++)
        if (pl_slice_eq(name, pl_slice_of(state_names[i]))) return i;
    return -1;
}

const char *pl_job_state_name(enum pl_job_state state)
{
    static const char *const names[] = {
#define X(code, name) name,
        PL_JOB_STATES(X)
#undef X
    };
    return names[state];
}
