/* SPDX-License-Identifier: MIT
 *
 * A notice is a commit of one event whose deliveries are parked from the beginning: nothing of it
 * is in the engine but the commit, until that is written. */
#include "flow/notice.h"

#include "base/log.h"
#include "flow/engine_impl.h"

#include <stdlib.h>

#define AGAIN_MS 500 /* when the store could not take it */

struct pl_notice {
    pl_commit commit; /* of this one event */
    pl_commit_event event;
    pl_engine *engine;
    pl_arena arena;
    pl_timer timer;
    pl_notice *next, **link; /* the engine's list */
};

/* -- the event -- */

bool pl_notice_begin(pl_engine *e, enum pl_notice_kind kind, pl_buf *data, pl_json_writer *w)
{
    if (!(e->generation->notices >> kind & 1)) return false;
    pl_buf_init(data);
    pl_jw_init(w, data);
    pl_jw_object(w);
    pl_jw_key(w, "type");
    pl_jw_text(w, pl_notice_type(kind));
    pl_jw_key(w, "source");
    pl_jw_text(w, "perilune");
    pl_jw_key(w, "data");
    pl_jw_object(w);
    return true;
}

static void notice_free(pl_notice *n)
{
    pl_wheel_stop(n->engine->ports.wheel, &n->timer);
    *n->link = n->next;
    if (n->next) n->next->link = n->link;
    pl_event_unref(n->event.event);
    pl_arena_fini(&n->arena);
    free(n);
}

static void on_timer(pl_timer *t)
{
    pl_notice_post((pl_notice *)((char *)t - offsetof(pl_notice, timer)));
}

/* Takes the event. */
static pl_notice *notice_new(pl_engine *e, pl_event *event)
{
    pl_notice *n = pl_alloc_zero(sizeof *n);
    n->engine = e;
    pl_arena_init(&n->arena);
    pl_timer_init(&n->timer, on_timer);
    n->next = e->notices;
    n->link = &e->notices;
    if (n->next) n->next->link = &n->next;
    e->notices = n;
    n->event.event = event;
    n->commit = (pl_commit){.events = &n->event, .count = 1, .now_ms = event->received_ms};
    return n;
}

static bool route(pl_notice *n)
{
    pl_routes routes = {0};
    pl_generation *g = n->engine->generation;
    g->route(g, n->event.event, &n->arena, &routes);
    n->event.count = routes.count;
    n->event.deliveries = pl_arena_zero(&n->arena, routes.count * sizeof *n->event.deliveries);
    for (uint32_t i = 0; i < routes.count; i++)
        n->event.deliveries[i] =
            pl_intake_row(n->engine, &n->arena, n->commit.now_ms, &routes.items[i]);
    return routes.count > 0;
}

pl_notice *pl_notice_end(pl_engine *e, enum pl_notice_kind kind, pl_buf *data, pl_json_writer *w)
{
    pl_event *event = NULL;
    pl_event_fault fault;
    pl_event_rules rules = {.json_depth = PL_JSON_MAX_DEPTH, .type = PL_TYPE_OPTIONAL};
    pl_jw_object_end(w);
    pl_jw_object_end(w);
    int code =
        pl_event_parse(pl_buf_slice(data), &rules, &e->rng, e->ports.wall_ms(), &event, &fault);
    pl_buf_fini(data);
    if (code != 0) {
        pl_log(PL_LOG_ERROR, "an operator event could not be made",
               PL_LOG_STR("type", pl_notice_type(kind)), PL_LOG_STR("error", fault.message));
        return NULL;
    }
    pl_notice *n = notice_new(e, event);
    if (route(n)) return n;
    notice_free(n);
    return NULL;
}

/* -- to disk -- */

pl_commit *pl_notice_commit(pl_notice *n)
{
    return n ? &n->commit : NULL;
}

void pl_notice_done(pl_notice *n, bool is_kept)
{
    if (n == NULL) return;
    pl_engine *e = n->engine;
    if (is_kept) {
        pl_counter_add(&e->metrics.events, 1);
        pl_counter_add(&e->metrics.deliveries, n->event.count);
    }
    for (uint32_t i = 0; is_kept && i < n->event.count; i++)
        pl_engine_waits(e, &n->event.deliveries[i], n->commit.now_ms);
    notice_free(n);
    if (is_kept) pl_engine_pump(e);
}

static void on_committed(pl_message *m)
{
    pl_notice *n = (pl_notice *)((char *)m - offsetof(pl_notice, commit.op.message));
    n->engine->commits--;
    if (n->commit.op.result == 0)
        pl_notice_done(n, true);
    else
        pl_wheel_start(n->engine->ports.wheel, &n->timer, AGAIN_MS);
}

void pl_notice_post(pl_notice *n)
{
    if (n == NULL) return;
    pl_engine *e = n->engine;
    n->commit.op = (pl_op){.message.fn = on_committed,
                           .reply_to = e->ports.mailbox,
                           .kind = PL_OP_COMMIT,
                           .bytes = sizeof *n + n->event.event->document.len};
    if (e->ports.submit(e->ports.world, &n->commit.op) == 0)
        e->commits++;
    else
        pl_wheel_start(e->ports.wheel, &n->timer, AGAIN_MS);
}

void pl_notices_free(pl_engine *e)
{
    while (e->notices)
        notice_free(e->notices);
}
