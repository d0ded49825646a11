/* SPDX-License-Identifier: MIT */
#include "gateway/tally.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct row {
    struct row *next;
    uint64_t counts[PL_TALLY_OUTCOME_COUNT];
    size_t name_len;
    char name[];
} row;

struct pl_tally {
    pthread_mutex_t lock;
    row *rows;
};

static const char *const outcome_names[] = {
#define X(code, name) name,
    PL_TALLY_OUTCOMES(X)
#undef X
};

pl_tally *pl_tally_new(void)
{
    pl_tally *t = pl_alloc_zero(sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void pl_tally_free(pl_tally *t)
{
    if (t == NULL) return;
    for (row *r = t->rows, *next; r; r = next) {
        next = r->next;
        free(r);
    }
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static row *find(pl_tally *t, pl_slice source)
{
    for (row *r = t->rows; r; r = r->next)
        if (pl_slice_eq(source, (pl_slice){r->name, r->name_len})) return r;
    return NULL;
}

static row *add(pl_tally *t, pl_slice source)
{
    row *r = pl_alloc_zero(sizeof *r + source.len);
    memcpy(r->name, source.ptr, source.len);
    r->name_len = source.len;
    r->next = t->rows;
    return t->rows = r;
}

void pl_tally_count(pl_tally *t, pl_slice source, enum pl_tally_outcome outcome)
{
    pthread_mutex_lock(&t->lock);
    row *r = find(t, source);
    if (r == NULL) r = add(t, source);
    r->counts[outcome]++;
    pthread_mutex_unlock(&t->lock);
}

/* A label's value in the text format of Prometheus. */
static void put_label(pl_buf *out, const row *r)
{
    for (size_t i = 0; i < r->name_len; i++) {
        if (r->name[i] == '"' || r->name[i] == '\\') pl_buf_put_char(out, '\\');
        pl_buf_put_char(out, r->name[i]);
    }
}

void pl_tally_write(pl_tally *t, const char *name, pl_buf *out)
{
    pthread_mutex_lock(&t->lock);
    for (const row *r = t->rows; r; r = r->next) {
        for (int i = 0; i < PL_TALLY_OUTCOME_COUNT; i++) {
            if (r->counts[i] == 0) continue;
            pl_buf_printf(out, "%s{source=\"", name);
            put_label(out, r);
            pl_buf_printf(out, "\",outcome=\"%s\"} %llu\n", outcome_names[i],
                          (unsigned long long)r->counts[i]);
        }
    }
    pthread_mutex_unlock(&t->lock);
}
