/* SPDX-License-Identifier: MIT */
#include "script/directory.h"

#include <stdlib.h>

static int compare_texts(pl_slice a, pl_slice b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared ? memcmp(a.ptr, b.ptr, shared) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_names(const pl_policy *p, pl_slice connector, pl_slice webhook)
{
    int order = compare_texts(p->connector, connector);
    return order ? order : compare_texts(p->webhook, webhook);
}

static int compare(const void *a, const void *b, void *policies)
{
    const pl_policy *all = policies, *y = &all[*(const uint32_t *)b];
    return compare_names(&all[*(const uint32_t *)a], y->connector, y->webhook);
}

void pl_directory_init(pl_directory *d, const pl_policy *policies, uint32_t count, pl_arena *arena)
{
    uint32_t *sorted = pl_arena_alloc(arena, count * sizeof *sorted);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = i;
    qsort_r(sorted, count, sizeof *sorted, compare, (void *)(uintptr_t)policies);
    *d = (pl_directory){sorted, policies, count};
}

/* The first policy that does not stand before the names, or NULL. */
static const pl_policy *first_from(const pl_directory *d, pl_slice connector, pl_slice webhook)
{
    uint32_t from = 0, to = d->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (compare_names(&d->policies[d->sorted[middle]], connector, webhook) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from < d->count ? &d->policies[d->sorted[from]] : NULL;
}

int64_t pl_directory_find(const pl_directory *d, pl_slice connector, pl_slice webhook)
{
    const pl_policy *p = first_from(d, connector, webhook);
    if (p == NULL || !pl_slice_eq(p->connector, connector)) return -1;
    if (webhook.len == 0) return 0;
    return pl_slice_eq(p->webhook, webhook) ? p - d->policies : -1;
}
