/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "store_harness.h"

enum { COUNT = 7 };

/* Deliveries 0 to 6 of connector "erp": even ones failed, odd ones pending. */
static void fill(bench *b)
{
    bench_init(b);
    bench_open(b);
    for (uint32_t i = 0; i < COUNT; i++) {
        char id[8];
        snprintf(id, sizeof id, "e%u", i);
        CHECK_EQ_INT(commit_one(b, id, id_of(T0 + i, i), i % 2 == 0), 0);
        if (i % 2 == 0) CHECK_EQ_INT(record_one(b, id_of(T0 + i, i), 1, PL_STATE_FAILED), 0);
    }
}

static pl_query question(enum pl_query_kind kind, int state)
{
    pl_query q = {.kind = kind, .filter = filter_any(100)};
    q.filter.state = state;
    q.filter.kind = PL_KIND_DELIVERY;
    return q;
}

static int order(bench *b, pl_job_op *j, enum pl_job_order what)
{
    j->order = what;
    j->now_ms = T0 + 1000;
    return run_op(b, &j->op, PL_OP_JOB);
}

static int64_t make(bench *b, enum pl_command_kind kind)
{
    pl_job_op j = {.kind = kind,
                   .filter = PL_SLICE("{\"state\":\"failed\"}"),
                   .rate = 5,
                   .total = 4,
                   .last = id_of(T0 + 6, 6)};
    CHECK_EQ_INT(order(b, &j, PL_JOB_MAKE), 0);
    return j.job;
}

static int step(bench *b, int64_t job, const pl_uuid *ids, uint32_t count, bool is_last)
{
    pl_job_op j = {.job = job, .ids = ids, .count = count, .is_last = is_last};
    return order(b, &j, PL_JOB_STEP);
}

static int set(bench *b, int64_t job, enum pl_job_state state)
{
    pl_job_op j = {.job = job, .state = state};
    return order(b, &j, PL_JOB_SET);
}

static void check_job(bench *b, int64_t job, const char *member, pl_slice wanted)
{
    pl_query q = {.kind = PL_QUERY_JOB, .job = job};
    CHECK_EQ_INT(ask(b, &q), 0);
    CHECK_EQ_SLICE(pl_json_find(pl_buf_slice(&q.answer), pl_slice_of(member)), wanted);
    pl_buf_fini(&q.answer);
}

TEST(what_a_filter_selects_is_counted_and_listed_oldest_first)
{
    bench b;
    fill(&b);
    pl_query q = question(PL_QUERY_COUNT, PL_STATE_FAILED);
    CHECK_EQ_INT(ask(&b, &q), 0);
    CHECK_EQ_SLICE(pl_buf_slice(&q.answer),
                   PL_SLICE("{\"total\":4,\"last\":\"019b76da-a806-7000-8000-000000000006\"}"));
    pl_buf_fini(&q.answer);
    q = question(PL_QUERY_IDS, PL_STATE_FAILED);
    q.filter.after = id_of(T0, 0);
    q.filter.last = id_of(T0 + 5, 5);
    q.filter.has_after = q.filter.has_last = true;
    CHECK_EQ_INT(ask(&b, &q), 0);
    pl_uuid wanted[] = {id_of(T0 + 2, 2), id_of(T0 + 4, 4)};
    CHECK_EQ_SLICE(pl_buf_slice(&q.answer), ((pl_slice){(const char *)wanted, sizeof wanted}));
    pl_buf_fini(&q.answer);
    q = question(PL_QUERY_IDS, -1);
    q.filter.limit = 3;
    q.filter.type = PL_SLICE("order");
    CHECK_EQ_INT(ask(&b, &q), 0);
    CHECK_EQ_INT(q.answer.len, 3 * sizeof(pl_uuid));
    pl_buf_fini(&q.answer);
    q = question(PL_QUERY_COUNT, -1);
    q.filter.event_id = PL_SLICE("nowhere");
    CHECK_EQ_INT(ask(&b, &q), 0);
    CHECK_EQ_SLICE(pl_buf_slice(&q.answer), PL_SLICE("{\"total\":0,\"last\":null}"));
    pl_buf_fini(&q.answer);
    bench_fini(&b);
}

TEST(a_step_commands_and_notes_how_far_it_is)
{
    bench b;
    fill(&b);
    int64_t job = make(&b, PL_COMMAND_RETRY);
    pl_uuid ids[] = {id_of(T0, 0), id_of(T0 + 2, 2), id_of(T0 + 3, 999)};
    CHECK_EQ_INT(step(&b, job, ids, 3, false), 0);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM pending"), 5);
    check_job(&b, job, "done", PL_SLICE("2"));
    check_job(&b, job, "failed", PL_SLICE("1")); /* there is no such delivery */
    check_job(&b, job, "state", PL_SLICE("\"running\""));
    check_job(&b, job, "filter.state", PL_SLICE("\"failed\""));
    check_job(&b, job, "cursor", PL_SLICE("\"019b76da-a803-7000-8000-0000000003e7\""));
    bench_reopen(&b);
    CHECK_EQ_INT(step(&b, job, ids, 0, true), 0);
    check_job(&b, job, "state", PL_SLICE("\"done\""));
    check_job(&b, job, "cursor", PL_SLICE("\"019b76da-a803-7000-8000-0000000003e7\""));
    check_job(&b, job, "finished", PL_SLICE("\"2026-01-01T00:00:01.000Z\""));
    CHECK_EQ_INT(step(&b, job, ids, 3, false), PL_E_CONFLICT);
    CHECK_EQ_INT(set(&b, job, PL_JOB_RUNNING), PL_E_CONFLICT);
    bench_fini(&b);
}

TEST(a_job_that_cancels_takes_what_is_pending)
{
    bench b;
    fill(&b);
    int64_t job = make(&b, PL_COMMAND_CANCEL);
    pl_uuid ids[] = {id_of(T0 + 1, 1), id_of(T0 + 2, 2)}; /* pending, failed */
    CHECK_EQ_INT(step(&b, job, ids, 2, false), 0);
    check_job(&b, job, "kind", PL_SLICE("\"cancel\""));
    check_job(&b, job, "done", PL_SLICE("1"));
    check_job(&b, job, "failed", PL_SLICE("1"));
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM deliveries WHERE state = 3"), 1);
    bench_fini(&b);
}

TEST(a_job_that_is_paused_takes_no_step)
{
    bench b;
    fill(&b);
    int64_t job = make(&b, PL_COMMAND_RETRY);
    pl_uuid id = id_of(T0, 0);
    CHECK_EQ_INT(set(&b, job, PL_JOB_PAUSED), 0);
    CHECK_EQ_INT(step(&b, job, &id, 1, false), PL_E_CONFLICT);
    check_job(&b, job, "done", PL_SLICE("0"));
    CHECK_EQ_INT(set(&b, job, PL_JOB_RUNNING), 0);
    CHECK_EQ_INT(step(&b, job, &id, 1, false), 0);
    CHECK_EQ_INT(set(&b, job, PL_JOB_CANCELLED), 0);
    CHECK_EQ_INT(step(&b, job, &id, 1, false), PL_E_CONFLICT);
    CHECK_EQ_INT(set(&b, 99, PL_JOB_PAUSED), PL_E_UNKNOWN_JOB);
    pl_query q = {.kind = PL_QUERY_JOB, .job = 99};
    CHECK_EQ_INT(ask(&b, &q), PL_E_UNKNOWN_JOB);
    pl_buf_fini(&q.answer);
    bench_fini(&b);
}

TEST(jobs_are_listed_newest_first_and_by_state)
{
    bench b;
    fill(&b);
    int64_t first = make(&b, PL_COMMAND_RETRY), second = make(&b, PL_COMMAND_CANCEL);
    CHECK_EQ_INT(set(&b, second, PL_JOB_PAUSED), 0);
    pl_query q = {.kind = PL_QUERY_JOBS, .filter = filter_any(10)};
    CHECK_EQ_INT(ask(&b, &q), 0);
    CHECK_EQ_SLICE(pl_json_find(pl_buf_slice(&q.answer), PL_SLICE("jobs.0.id")), PL_SLICE("2"));
    CHECK_EQ_SLICE(pl_json_find(pl_buf_slice(&q.answer), PL_SLICE("jobs.1.id")), PL_SLICE("1"));
    pl_buf_fini(&q.answer);
    q.filter.state = PL_JOB_RUNNING;
    CHECK_EQ_INT(ask(&b, &q), 0);
    CHECK_EQ_SLICE(pl_json_find(pl_buf_slice(&q.answer), PL_SLICE("jobs.0.id")), PL_SLICE("1"));
    CHECK_EQ_SLICE(pl_json_find(pl_buf_slice(&q.answer), PL_SLICE("jobs.1")), PL_SLICE(""));
    CHECK_EQ_INT(first, 1);
    pl_buf_fini(&q.answer);
    bench_fini(&b);
}

int main(void)
{
    return RUN(CASE(what_a_filter_selects_is_counted_and_listed_oldest_first),
               CASE(a_step_commands_and_notes_how_far_it_is),
               CASE(a_job_that_cancels_takes_what_is_pending),
               CASE(a_job_that_is_paused_takes_no_step),
               CASE(jobs_are_listed_newest_first_and_by_state));
}
