/* SPDX-License-Identifier: MIT
 *
 *                 backlog.deliveries are pending, or the oldest for backlog.age
 *    connector is fine ---------------------------------------------------------> has a backlog
 *            ^                                                                         |
 *            '---- fewer than half of them are, and the oldest for less than half -----'
 *
 * What has a backlog is known to this process only: after a restart it is told again. A connector
 * all whose webhooks are for operator events is not watched: it would be told of its own news. */
#include "gateway/backlog.h"

#include "flow/notice.h"

#include <stdlib.h>

typedef struct connector {
    struct connector *next;
    bool is_seen; /* in the answer that is being read */
    char name[];  /* NUL-terminated */
} connector;

struct pl_backlog {
    pl_worker *worker;
    connector *over; /* those that have a backlog */
    pl_query query;
    pl_timer timer;
    bool is_stopping;
};

/* What is pending of a connector. */
typedef struct pending {
    pl_slice name;
    int64_t count, disabled, oldest_ms; /* 0: none */
} pending;

static void tell(pl_backlog *b, enum pl_notice_kind kind, const pending *p)
{
    pl_buf data;
    pl_json_writer w;
    char oldest[PL_TIME_TEXT + 1];
    pl_engine *e = b->worker->engine;
    if (!pl_notice_begin(e, kind, &data, &w)) return;
    pl_time_format(p->oldest_ms, oldest);
    pl_jw_key(&w, "connector");
    pl_jw_string(&w, p->name);
    pl_jw_key(&w, "pending");
    pl_jw_int(&w, p->count);
    pl_jw_key(&w, "disabled");
    pl_jw_int(&w, p->disabled);
    pl_jw_key(&w, "oldest");
    pl_jw_text(&w, p->oldest_ms ? oldest : NULL);
    pl_jw_key(&w, "oldest_age_seconds");
    pl_jw_int(&w, p->oldest_ms ? (pl_wall_ms() - p->oldest_ms) / 1000 : 0);
    pl_notice_post(pl_notice_end(e, kind, &data, &w));
}

/* -- who has one -- */

/* So many, or for so long? Of a limit that is 0 there is never too much. */
static bool is_beyond(const pl_backlog *b, const pending *p, int64_t divisor)
{
    const pl_settings *s = &b->worker->gateway->settings;
    int64_t age_ms = p->oldest_ms ? pl_wall_ms() - p->oldest_ms : 0;
    return (s->backlog_deliveries && p->count * divisor >= s->backlog_deliveries) ||
           (s->backlog_age && age_ms * divisor >= s->backlog_age);
}

static connector **find(pl_backlog *b, pl_slice name)
{
    connector **link = &b->over;
    while (*link && !pl_slice_eq(pl_slice_of((*link)->name), name))
        link = &(*link)->next;
    return link;
}

static void add(pl_backlog *b, pl_slice name)
{
    connector *c = pl_alloc_zero(sizeof *c + name.len + 1);
    memcpy(c->name, name.ptr, name.len);
    c->is_seen = true;
    c->next = b->over;
    b->over = c;
}

static void clear(pl_backlog *b, connector **link, const pending *p)
{
    connector *c = *link;
    tell(b, PL_NOTICE_CLEARED, p);
    *link = c->next;
    free(c);
}

static bool is_watched(const pl_backlog *b, pl_slice name)
{
    const pl_generation *g = pl_engine_generation(b->worker->engine);
    bool is_loaded = false;
    for (uint32_t i = 0; i < g->policy_count; i++) {
        if (!pl_slice_eq(g->policies[i].connector, name)) continue;
        if (!g->policies[i].is_for_operators) return true;
        is_loaded = true;
    }
    return !is_loaded;
}

static void judge(pl_backlog *b, const pending *p)
{
    connector **link = find(b, p->name);
    if (*link == NULL) {
        if (!is_beyond(b, p, 1) || !is_watched(b, p->name)) return;
        add(b, p->name);
        tell(b, PL_NOTICE_BACKLOG, p);
    } else if (is_beyond(b, p, 2)) {
        (*link)->is_seen = true;
    } else {
        clear(b, link, p);
    }
}

/* -- the question -- */

static int64_t number(pl_slice row, const char *name)
{
    char text[24] = "";
    pl_slice raw = pl_json_find(row, pl_slice_of(name));
    if (raw.len < sizeof text) memcpy(text, raw.ptr, raw.len);
    return strtoll(text, NULL, 10);
}

static void judge_row(pl_backlog *b, pl_slice row)
{
    pl_buf name;
    pl_buf_init(&name);
    pl_json_unescape(pl_json_find(row, PL_SLICE("connector")), &name);
    judge(b, &(pending){.name = pl_buf_slice(&name),
                        .count = number(row, "pending"),
                        .disabled = number(row, "disabled"),
                        .oldest_ms = number(row, "oldest_ms")});
    pl_buf_fini(&name);
}

static void judge_all(pl_backlog *b, pl_slice rows)
{
    pl_json_reader reader;
    pl_json_token token;
    pl_slice row;
    for (connector *c = b->over; c; c = c->next)
        c->is_seen = false;
    pl_json_open(&reader, rows, PL_JSON_MAX_DEPTH);
    pl_json_next(&reader, &token);
    while (pl_json_value(&reader, &token, &row) == 0 && token.kind != PL_JSON_ARRAY_END)
        judge_row(b, row);
    for (connector **link = &b->over; *link;) { /* of the others nothing is pending */
        if ((*link)->is_seen)
            link = &(*link)->next;
        else
            clear(b, link, &(pending){.name = pl_slice_of((*link)->name)});
    }
}

static void wait(pl_backlog *b)
{
    pl_wheel_start(pl_loop_wheel(b->worker->loop), &b->timer,
                   (uint64_t)b->worker->gateway->settings.backlog_every);
}

static void on_answer(pl_message *m)
{
    pl_backlog *b = (pl_backlog *)((char *)m - offsetof(pl_backlog, query.message));
    if (!b->is_stopping && b->query.result == 0)
        judge_all(b, pl_json_find(pl_buf_slice(&b->query.answer), PL_SLICE("connectors")));
    pl_buf_fini(&b->query.answer);
    if (!b->is_stopping) wait(b);
}

static bool is_wanted(const pl_backlog *b)
{
    uint32_t kinds = pl_engine_generation(b->worker->engine)->notices;
    return kinds & (1u << PL_NOTICE_BACKLOG | 1u << PL_NOTICE_CLEARED);
}

static void on_time(pl_timer *t)
{
    pl_backlog *b = (pl_backlog *)((char *)t - offsetof(pl_backlog, timer));
    b->query = (pl_query){.message.fn = on_answer,
                          .reply_to = pl_loop_mailbox(b->worker->loop),
                          .kind = PL_QUERY_BACKLOG};
    pl_buf_init(&b->query.answer);
    if (!is_wanted(b) || pl_store_ask(b->worker->gateway->store, &b->query) != 0) wait(b);
}

/* -- public -- */

pl_backlog *pl_backlog_new(pl_worker *w)
{
    pl_backlog *b = pl_alloc_zero(sizeof *b);
    b->worker = w;
    pl_timer_init(&b->timer, on_time);
    wait(b);
    return b;
}

void pl_backlog_stop(pl_backlog *b)
{
    b->is_stopping = true;
    pl_wheel_stop(pl_loop_wheel(b->worker->loop), &b->timer);
}

void pl_backlog_free(pl_backlog *b)
{
    for (connector *c = b->over, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(b);
}
