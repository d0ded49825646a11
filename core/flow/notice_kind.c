/* SPDX-License-Identifier: MIT */
#include "flow/notice_kind.h"

static const char *const types[PL_NOTICE_KINDS] = {
#define X(kind, type) [kind] = type,
    PL_NOTICES(X)
#undef X
};

const char *pl_notice_type(enum pl_notice_kind kind)
{
    return types[kind];
}

int pl_notice_kind_of(pl_slice type)
{
    for (int i = 0; i < PL_NOTICE_KINDS; i++)
        if (pl_slice_eq(type, pl_slice_of(types[i]))) return i;
    return -1;
}
