/* SPDX-License-Identifier: MIT */
#include "flow/stage.h"

const char *pl_stage_name(enum pl_stage stage)
{
    static const char *const names[] = {
#define X(code, name, what) name,
        PL_STAGES(X)
#undef X
    };
    return stage < PL_STAGE_COUNT ? names[stage] : "";
}
