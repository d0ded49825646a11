/* SPDX-License-Identifier: MIT
 *
 *      look: JOBS? ---> a course for each that is running
 *
 *   .-> timer --> IDS? --> step (commands and progress, one transaction) --> nudge the workers -.
 *   '-------------------------------------------------------------------------------------------'
 *
 * All that matters is in the store: a step that meets a job which was paused, cancelled or is over
 * is refused, and its course ends. So nobody needs to tell the driver of anything but new work. */
#include "gateway/replay.h"

#include "base/err.h"
#include "gateway/filter.h"

#include <stdlib.h>

#define STEPS_A_SECOND 10
#define RETRY_MS       1000 /* after a question or a step that the store could not take */
#define MAX_RUNS       100  /* jobs at a time; others wait for the next look */

typedef struct course {
    struct course *next;
    pl_replay *replay;
    pl_arena arena; /* of the filter's texts */
    int64_t job;
    enum pl_command_kind kind;
    uint32_t rate;
    pl_query query;
    pl_job_op step;
    pl_timer timer;
} course;

struct pl_replay {
    pl_worker *worker;
    course *courses;
    pl_query look;
    bool is_looking, looks_again, is_stopping;
};

static void look(pl_replay *r);

/* -- the course of a job -- */

static void end(course *c)
{
    course **link = &c->replay->courses;
    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    pl_wheel_stop(pl_loop_wheel(c->replay->worker->loop), &c->timer);
    pl_buf_fini(&c->query.answer);
    pl_arena_fini(&c->arena);
    free(c);
}

static void wait_ms(course *c, uint64_t ms)
{
    pl_wheel_start(pl_loop_wheel(c->replay->worker->loop), &c->timer, ms);
}

static void on_stepped(pl_message *m)
{
    course *c = (course *)((char *)m - offsetof(course, step.op.message));
    pl_replay *r = c->replay;
    pl_job_op *step = &c->step;
    if (r->is_stopping) return;
    if (step->op.result == PL_E_CONFLICT || step->op.result == PL_E_UNKNOWN_JOB) {
        end(c);
        look(r); /* it may have been resumed meanwhile */
        return;
    }
    if (step->op.result != 0) {
        wait_ms(c, RETRY_MS);
        return;
    }
    for (uint32_t i = 0; i < step->count; i++)
        pl_worker_nudge_all(r->worker, step->ids[i], c->kind, step->op.seq);
    if (step->count) c->query.filter.after = step->ids[step->count - 1];
    if (step->count) c->query.filter.has_after = true;
    if (!step->is_last) {
        wait_ms(c, (uint64_t)step->count * 1000 / c->rate);
        return;
    }
    end(c);
    look(r); /* for one that had no place */
}

static void on_ids(pl_message *m)
{
    course *c = (course *)((char *)m - offsetof(course, query.message));
    pl_replay *r = c->replay;
    if (r->is_stopping) return;
    uint32_t count = (uint32_t)(c->query.answer.len / sizeof(pl_uuid));
    c->step = (pl_job_op){
        .op = {.message.fn = on_stepped,
               .reply_to = pl_loop_mailbox(r->worker->loop),
               .kind = PL_OP_JOB,
               .bytes = sizeof c->step + c->query.answer.len},
        .order = PL_JOB_STEP,
        .job = c->job,
        .now_ms = pl_wall_ms(),
        .ids = (const pl_uuid *)(const void *)c->query.answer.ptr,
        .count = count,
        .is_last = count < c->query.filter.limit,
    };
    if (c->query.result != 0 || pl_store_submit(r->worker->gateway->store, &c->step.op) != 0)
        wait_ms(c, RETRY_MS);
}

static void on_time(pl_timer *t)
{
    course *c = (course *)((char *)t - offsetof(course, timer));
    pl_buf_clear(&c->query.answer);
    if (pl_store_ask(c->replay->worker->gateway->store, &c->query) != 0) wait_ms(c, RETRY_MS);
}

/* -- look -- */

static int64_t number(pl_slice job, const char *name)
{
    char text[24] = "";
    pl_slice raw = pl_json_find(job, pl_slice_of(name));
    if (raw.len < sizeof text) memcpy(text, raw.ptr, raw.len);
    return strtoll(text, NULL, 10);
}

/* False for null. */
static bool id_of(pl_slice job, const char *name, pl_uuid *id)
{
    pl_slice raw = pl_json_find(job, pl_slice_of(name));
    return raw.len > 2 && pl_uuid_parse((pl_slice){raw.ptr + 1, raw.len - 2}, id);
}

static bool is_running_here(const pl_replay *r, int64_t job)
{
    for (const course *c = r->courses; c; c = c->next)
        if (c->job == job) return true;
    return false;
}

static void begin(pl_replay *r, pl_slice job)
{
    char error[256];
    course *c = pl_alloc_zero(sizeof *c);
    pl_feed_filter *f = &c->query.filter;
    c->replay = r;
    c->job = number(job, "id");
    c->rate = (uint32_t)number(job, "rate");
    c->kind = pl_slice_eq(pl_json_find(job, PL_SLICE("kind")), PL_SLICE("\"cancel\""))
                  ? PL_COMMAND_CANCEL
                  : PL_COMMAND_RETRY;
    c->query.kind = PL_QUERY_IDS;
    c->query.message.fn = on_ids;
    c->query.reply_to = pl_loop_mailbox(r->worker->loop);
    pl_buf_init(&c->query.answer);
    pl_arena_init(&c->arena);
    pl_timer_init(&c->timer, on_time);
    c->next = r->courses;
    r->courses = c;
    if (c->rate == 0 || pl_filter_of_json(pl_json_find(job, PL_SLICE("filter")), c->kind, &c->arena,
                                          f, error) != 0) {
        end(c); /* another version's: it stays as it is */
        return;
    }
    f->has_last = id_of(job, "last", &f->last);
    f->has_after = id_of(job, "cursor", &f->after);
    f->limit = c->rate > STEPS_A_SECOND ? c->rate / STEPS_A_SECOND : 1;
    wait_ms(c, 0);
}

static void on_jobs(pl_message *m)
{
    pl_replay *r = (pl_replay *)((char *)m - offsetof(pl_replay, look.message));
    pl_json_reader reader;
    pl_json_token token;
    pl_slice job;
    r->is_looking = false;
    pl_slice jobs = pl_json_find(pl_buf_slice(&r->look.answer), PL_SLICE("jobs"));
    pl_json_open(&reader, jobs, PL_JSON_MAX_DEPTH);
    if (!r->is_stopping && r->look.result == 0 && pl_json_next(&reader, &token) == 0)
        while (pl_json_value(&reader, &token, &job) == 0 && token.kind != PL_JSON_ARRAY_END)
            if (!is_running_here(r, number(job, "id"))) begin(r, job);
    pl_buf_fini(&r->look.answer);
    if (r->looks_again) look(r);
}

static void look(pl_replay *r)
{
    r->looks_again = r->is_looking;
    if (r->is_looking || r->is_stopping) return;
    r->look = (pl_query){.message.fn = on_jobs,
                         .reply_to = pl_loop_mailbox(r->worker->loop),
                         .kind = PL_QUERY_JOBS,
                         .filter = {.state = PL_JOB_RUNNING, .limit = MAX_RUNS}};
    pl_buf_init(&r->look.answer);
    r->is_looking = pl_store_ask(r->worker->gateway->store, &r->look) == 0;
}

/* -- public -- */

typedef struct look_message {
    pl_message message;
    pl_replay *replay;
} look_message;

static void on_look(pl_message *m)
{
    look_message *l = (look_message *)m;
    look(l->replay);
    free(l);
}

void pl_replay_look(pl_replay *r)
{
    look_message *l = pl_alloc(sizeof *l);
    *l = (look_message){.message.fn = on_look, .replay = r};
    pl_mailbox_post(pl_loop_mailbox(r->worker->loop), &l->message);
}

pl_replay *pl_replay_new(pl_worker *w)
{
    pl_replay *r = pl_alloc_zero(sizeof *r);
    r->worker = w;
    pl_replay_look(r);
    return r;
}

void pl_replay_stop(pl_replay *r)
{
    r->is_stopping = true;
    for (course *c = r->courses; c; c = c->next)
        pl_wheel_stop(pl_loop_wheel(r->worker->loop), &c->timer);
}

void pl_replay_free(pl_replay *r)
{
    while (r->courses)
        end(r->courses);
    free(r);
}
