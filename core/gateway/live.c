/* SPDX-License-Identifier: MIT */
#include "gateway/live.h"

#include "base/err.h"
#include "base/json.h"
#include "gateway/worker.h"

#include <stdlib.h>

#define HEARTBEAT_MS 15000 /* a comment line, so that proxies and clients know the stream lives */

typedef struct pl_watcher {
    struct pl_watcher *next, **link;
    pl_worker *worker;
    pl_inbound *in;
    pl_slice connector, webhook;
} pl_watcher;

/* One told attempt on its way to one worker. */
typedef struct notice {
    pl_message message;
    pl_worker *worker;
    pl_slice connector, webhook;
    pl_buf event;
} notice;

static void drop(pl_watcher *v)
{
    pl_inbound *in = v->in;
    *v->link = v->next;
    if (v->next) v->next->link = v->link;
    atomic_fetch_sub(&v->worker->gateway->watchers, 1);
    free(v);
    pl_inbound_stream_end(in);
}

static void on_gone(pl_inbound *in)
{
    drop(in->owner);
}

static bool wants(const pl_watcher *v, pl_slice connector, pl_slice webhook)
{
    return (v->connector.len == 0 || pl_slice_eq(v->connector, connector)) &&
           (v->webhook.len == 0 || pl_slice_eq(v->webhook, webhook));
}

static void send_to(pl_watcher *v, pl_slice bytes)
{
    if (pl_inbound_stream_write(v->in, bytes) != 0) drop(v);
}

static void on_heartbeat(pl_timer *t)
{
    pl_worker *w = (pl_worker *)((char *)t - offsetof(pl_worker, live.heartbeat));
    for (pl_watcher *v = w->live.watchers, *next; v; v = next) {
        next = v->next;
        send_to(v, PL_SLICE(": still here\n\n"));
    }
    if (w->live.watchers) pl_wheel_start(pl_loop_wheel(w->loop), t, HEARTBEAT_MS);
}

void pl_live_init(pl_worker *w)
{
    w->live = (pl_live){0};
    pl_timer_init(&w->live.heartbeat, on_heartbeat);
}

void pl_live_watch(pl_worker *w, pl_inbound *in, pl_slice connector, pl_slice webhook)
{
    pl_watcher *v = pl_alloc(sizeof *v);
    *v = (pl_watcher){.worker = w, .in = in, .connector = connector, .webhook = webhook};
    v->next = w->live.watchers;
    v->link = &w->live.watchers;
    if (v->next) v->next->link = &v->next;
    w->live.watchers = v;
    atomic_fetch_add(&w->gateway->watchers, 1);
    in->owner = v;
    in->gone = on_gone;
    pl_inbound_stream(in, 200, PL_SLICE("text/event-stream"),
                      (size_t)w->gateway->settings.limit_feed_backlog);
    send_to(v, PL_SLICE(": perilune feed\n\n"));
    if (w->live.watchers) pl_wheel_start(pl_loop_wheel(w->loop), &w->live.heartbeat, HEARTBEAT_MS);
}

/* -- telling -- */

static void on_notice(pl_message *m)
{
    notice *n = (notice *)m;
    for (pl_watcher *v = n->worker->live.watchers, *next; v; v = next) {
        next = v->next;
        if (wants(v, n->connector, n->webhook)) send_to(v, pl_buf_slice(&n->event));
    }
    pl_buf_fini(&n->event);
    free(n);
}

static void write_attempt(pl_json_writer *w, const pl_record *r, const char *id)
{
    const pl_attempt *a = r->attempt;
    static const char *const kinds[] = {"delivery", "call", "try"};
    pl_jw_object(w);
    pl_jw_member_text(w, "id", pl_slice_of(id));
    pl_jw_member_text(w, "kind", pl_slice_of(kinds[r->kind]));
    pl_jw_member_text(w, "connector", r->connector);
    pl_jw_member_text(w, "webhook", r->webhook);
    pl_jw_member_text(w, "event_id", r->event->id);
    pl_jw_member_text(w, "event_type", r->event->type);
    pl_jw_key(w, "attempt");
    pl_jw_int(w, a->number);
    pl_jw_member_time(w, "started", a->started_ms);
    pl_jw_member_text(w, "state", pl_slice_of(pl_state_name(r->state)));
    pl_jw_member_text(w, "outcome", pl_slice_of(a->outcome));
    pl_jw_member_text(w, "error", a->error);
    pl_jw_member_text(w, "method", a->method);
    pl_jw_member_text(w, "url", a->url);
    pl_jw_member_int(w, "status", a->status);
    pl_jw_key(w, "total_ms");
    pl_jw_int(w, a->timings.total_us / 1000);
    if (r->state == PL_STATE_PENDING) pl_jw_member_time(w, "due", r->due_ms);
    pl_jw_object_end(w);
}

static void write_event(pl_buf *out, const pl_record *r)
{
    pl_json_writer w;
    char id[PL_UUID_TEXT + 1];
    pl_uuid_format(r->id, id);
    pl_buf_printf(out, "event: attempt\nid: %s.%u\ndata: ", id, r->attempt->number);
    pl_jw_init(&w, out);
    write_attempt(&w, r, id);
    PL_BUF_PUT(out, "\n\n");
}

void pl_live_tell(pl_worker *w, const pl_record *record)
{
    pl_buf event;
    pl_buf_init(&event);
    write_event(&event, record);
    for (int i = 0; i < w->gateway->worker_count; i++) {
        notice *n = pl_alloc(sizeof *n + record->connector.len + record->webhook.len);
        char *names = (char *)(n + 1);
        *n = (notice){.message.fn = on_notice, .worker = w->gateway->workers[i]};
        memcpy(names, record->connector.ptr, record->connector.len);
        memcpy(names + record->connector.len, record->webhook.ptr, record->webhook.len);
        n->connector = (pl_slice){names, record->connector.len};
        n->webhook = (pl_slice){names + record->connector.len, record->webhook.len};
        pl_buf_put_slice(&n->event, pl_buf_slice(&event));
        pl_mailbox_post(pl_loop_mailbox(n->worker->loop), &n->message);
    }
    pl_buf_fini(&event);
}

void pl_live_stop(pl_worker *w)
{
    while (w->live.watchers)
        drop(w->live.watchers);
    pl_wheel_stop(pl_loop_wheel(w->loop), &w->live.heartbeat);
}
