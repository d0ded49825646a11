/* SPDX-License-Identifier: MIT */
#include "flow/message.h"

pl_field *pl_fields_find(pl_field *fields, pl_slice name)
{
    for (pl_field *f = fields; f; f = f->next)
        if (pl_slice_eq_nocase(f->name, name)) return f;
    return NULL;
}

static void append(pl_request *r, pl_field *f)
{
    if (r->last)
        r->last->next = f;
    else
        r->fields = f;
    r->last = f;
}

/* Those behind `keep` that have the same name go. */
static void drop_repeats(pl_request *r, pl_field *keep)
{
    pl_field *before = keep;
    while (before->next) {
        if (pl_slice_eq_nocase(before->next->name, keep->name))
            before->next = before->next->next;
        else
            before = before->next;
    }
    r->last = before;
}

pl_field *pl_request_set_field(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value)
{
    pl_field *f = pl_fields_find(r->fields, name);
    if (f == NULL) {
        f = pl_arena_zero(arena, sizeof *f);
        append(r, f);
    } else {
        drop_repeats(r, f);
    }
    f->name = pl_arena_dup(arena, name);
    f->value = pl_arena_dup(arena, value);
    f->shown = PL_NO_SLICE;
    return f;
}
