/* SPDX-License-Identifier: MIT
 *
 * Requests that post events, and what their clients are told. */
#ifndef PL_SPEC_FLOW_CLIENTS_H
#define PL_SPEC_FLOW_CLIENTS_H

#include "model.h"

static inline void on_committed(pl_intake *in, int code)
{
    post *p = in->owner;
    p->answers++;
    p->code = code;
    for (uint32_t n = 0; n < in->count && !in->commit.is_duplicate; n++) {
        const pl_commit_event *e = &in->commit.events[n];
        for (uint32_t i = 0; i < e->count && !e->is_duplicate; i++)
            RULE("what is accepted, and nothing else, is in the store",
                 (code == 0) == (row_of(e->deliveries[i].id) != NULL));
    }
    if (!p->frees_itself) return;
    p->in = NULL;
    pl_intake_free(in);
}

static inline void on_settled(pl_intake *in)
{
    ((post *)in->owner)->settled++;
}

static inline void put_answer(const pl_commit *c, pl_buf *out)
{
    pl_buf_printf(out, "{\"events\":%u}", c->count);
}

static inline pl_event *event_of(const char *id, const char *type)
{
    char json[200];
    pl_event *event = NULL;
    pl_event_fault fault;
    pl_event_rules rules = {.json_depth = 16, .type = PL_TYPE_NEEDED};
    snprintf(json, sizeof json, "{\"id\":\"%s\",\"type\":\"%s\",\"data\":{\"n\":1.0}}", id, type);
    CHECK_EQ_INT(pl_event_parse(pl_slice_of(json), &rules, pl_engine_rng(w.engine), world_wall_ms(),
                                &event, &fault),
                 0);
    return event;
}

static inline post *post_new(uint32_t count)
{
    post *p = pl_alloc_zero(sizeof *p);
    p->in = pl_intake_new();
    p->in->events = pl_arena_alloc(&p->in->arena, count * sizeof(pl_event *));
    p->in->owner = p;
    p->in->committed = on_committed;
    p->in->settled = on_settled;
    p->in->answer = put_answer;
    p->in->received_us = world_monotonic_us();
    p->next = w.posts;
    w.posts = p;
    return p;
}

static inline void post_add(post *p, const char *id, const char *type)
{
    char own[16];
    snprintf(own, sizeof own, "e%d", w.event_number++);
    p->in->events[p->in->count++] = event_of(id ? id : own, type);
}

/* Posts one event; nobody waits. */
static inline post *post_event(const char *id, const char *type)
{
    post *p = post_new(1);
    post_add(p, id, type);
    p->frees_itself = true;
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
    return p;
}

static inline post *post_waiting(const char *type)
{
    post *p = post_new(1);
    post_add(p, NULL, type);
    p->in->waits = true;
    CHECK_EQ_INT(pl_engine_take(w.engine, p->in), 0);
    return p;
}

static inline void post_free(post *p)
{
    if (p->in) pl_intake_free(p->in);
    p->in = NULL;
}

#endif
