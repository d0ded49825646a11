/* SPDX-License-Identifier: MIT
 *
 * Calls with a key, in the world of world.h, which checks by itself that a request is sent only
 * while its key is on disk as under way, and that a key whose call was acted on is not given free. */
#include "world.h"

static struct told {
    int finished, known, code, status;
    char answer[40];
} told;

static void on_finished(pl_exchange *x)
{
    told.finished++;
    told.code = x->error;
    told.status = x->response.status;
}

static int write_answer(const pl_exchange *x, pl_buf *out)
{
    pl_buf_printf(out, "answer %d", x->response.status);
    return x->error ? 502 : 200;
}

static void on_known(void *owner, const pl_key *key)
{
    CHECK(owner == &told);
    told.known++;
    told.code = key->op.result;
    told.status = key->status;
    snprintf(told.answer, sizeof told.answer, "%s", key->answer ? key->answer : "");
}

/* Fresh slices each time: the engine keeps none of them. */
static int call(const char *key, const char *digest)
{
    char own_key[20], own_digest[20];
    snprintf(own_key, sizeof own_key, "%s", key);
    snprintf(own_digest, sizeof own_digest, "%s", digest);
    told = (struct told){0};
    pl_call c = {.kind = PL_KIND_CALL,
                 .event = event_of("call", "x"),
                 .finished = on_finished,
                 .owner = &told,
                 .key = pl_slice_of(own_key),
                 .digest = pl_slice_of(own_digest),
                 .answer = write_answer,
                 .known = on_known};
    int code = pl_engine_call(w.engine, &c);
    if (code != 0) pl_event_unref(c.event);
    memset(own_key, 'x', sizeof own_key - 1);
    return code;
}

static scripts *open_world(void)
{
    scripts *s = scripts_new(NULL, 0);
    world_open(s);
    w.op_delay_ms = 10;
    return s;
}

static void answer_with(int code, int status)
{
    w.reply = (reply){.delay_ms = 20, .code = code, .status = status};
}

TEST(nothing_is_sent_before_the_key_is_on_disk_nor_told_before_the_answer_is)
{
    open_world();
    CHECK_EQ_INT(call("k", "d"), 0);
    run_for(9);
    CHECK_EQ_INT(w.sends, 0);
    run_for(1);
    CHECK_EQ_INT(w.sends, 1);
    run_for(29);
    CHECK_EQ_INT(told.finished, 0);
    CHECK_EQ_INT(key_row_of(PL_SLICE("k"))->status, UNDER_WAY);
    run_for(1);
    CHECK_EQ_INT(told.finished, 1);
    CHECK_EQ_INT(key_row_of(PL_SLICE("k"))->status, 200);
    CHECK_EQ_INT(model.calls_recorded, 1);
    CHECK_EQ_INT(METRIC(in_flight), 0);
    world_close();
}

TEST(the_answer_is_told_again)
{
    open_world();
    call("k", "d");
    run_for(100);
    CHECK_EQ_INT(call("k", "d"), 0);
    run_for(100);
    CHECK_EQ_INT(told.finished, 0);
    CHECK_EQ_INT(told.known, 1);
    CHECK_EQ_INT(told.code, 0);
    CHECK_EQ_INT(told.status, 200);
    CHECK_EQ_STR(told.answer, "answer 200");
    call("k", "another");
    run_for(100);
    CHECK_EQ_INT(told.known, 1);
    CHECK_EQ_INT(told.code, PL_E_KEY_REUSED);
    CHECK_EQ_INT(w.sends, 1);
    CHECK_EQ_INT(METRIC(calls), 1);
    CHECK_EQ_INT(METRIC(calls_replayed), 1);
    CHECK_EQ_INT(METRIC(in_flight), 0);
    CHECK(pl_engine_is_idle(w.engine));
    world_close();
}

TEST(of_two_at_once_one_is_made)
{
    open_world();
    call("k", "d");
    run_for(5);
    call("k", "d"); /* `told` is the second's and then the first's */
    run_for(15);
    CHECK_EQ_INT(told.known, 1);
    CHECK_EQ_INT(told.code, PL_E_KEY_IN_USE);
    run_for(100);
    CHECK_EQ_INT(told.finished, 1);
    CHECK_EQ_INT(told.code, 0);
    CHECK_EQ_INT(w.sends, 1);
    world_close();
}

/* After this outcome, is the key free? */
static void check_outcome(int code, int status, bool is_free)
{
    open_world();
    answer_with(code, status);
    call("k", "d");
    run_for(100);
    CHECK_EQ_INT(told.finished, 1);
    answer_with(0, 200);
    call("k", "d");
    run_for(100);
    CHECK_EQ_INT(told.finished, is_free);
    CHECK_EQ_INT(told.known, !is_free);
    CHECK_EQ_INT(w.sends, is_free ? 2 : 1);
    CHECK_EQ_INT(model.calls_recorded, is_free ? 2 : 1);
    world_close();
}

TEST(the_key_is_free_again_when_the_receiver_cannot_have_acted)
{
    check_outcome(PL_E_CONNECT, 0, true);
    check_outcome(0, 425, true);
    check_outcome(0, 429, true);
    check_outcome(PL_E_TIMEOUT, 0, false);
    check_outcome(PL_E_RESET, 0, false);
    check_outcome(0, 500, false);
    check_outcome(0, 503, false);
    check_outcome(0, 404, false);
}

TEST(the_key_is_free_again_when_a_script_fails_before_anything_is_sent)
{
    scripts *s = open_world();
    s->plans[PL_STAGE_RENDER].code = PL_E_SCRIPT;
    call("k", "d");
    run_for(100);
    CHECK_EQ_INT(told.code, PL_E_SCRIPT);
    s->plans[PL_STAGE_RENDER].code = 0;
    s->plans[PL_STAGE_MAP].code = PL_E_SCRIPT; /* not when it fails behind */
    call("k", "d");
    run_for(100);
    CHECK_EQ_INT(told.finished, 1);
    CHECK_EQ_INT(told.code, PL_E_MAP);
    call("k", "d");
    run_for(100);
    CHECK_EQ_INT(told.known, 1);
    CHECK_EQ_INT(told.status, 502);
    CHECK_EQ_INT(w.sends, 1);
    world_close();
}

TEST(what_a_dead_process_left_under_way_is_unknown)
{
    for (int ms = 0; ms < 40; ms += 5) {
        open_world();
        call("k", "d");
        run_for(ms);
        int sent = w.sends, kept = key_rows != NULL;
        engine_kill();
        engine_open(scripts_new(NULL, 0));
        call("k", "d");
        run_for(100);
        CHECK_EQ_INT(told.known, kept);
        CHECK_EQ_INT(told.code, kept ? PL_E_KEY_UNKNOWN : 0);
        CHECK_EQ_INT(w.sends, kept ? sent : 1);
        world_close();
    }
}

static int fault;

static int fault_of_records(const pl_op *op)
{
    return op->kind == PL_OP_RECORD ? fault : 0;
}

/* The caller learns what became of it though it cannot be kept yet; and it is kept in the end. */
TEST(the_answer_is_kept_when_the_store_recovers)
{
    open_world();
    w.op_fault = fault_of_records;
    fault = PL_E_STORE_FULL;
    call("k", "d");
    run_for(60);
    CHECK_EQ_INT(told.finished, 1);
    call("k", "d");
    run_for(60000);
    CHECK_EQ_INT(told.code, PL_E_KEY_IN_USE);
    fault = 0;
    run_for(1000);
    call("k", "d");
    run_for(100);
    CHECK_EQ_INT(told.status, 200);
    CHECK_EQ_INT(w.sends, 1);
    CHECK_EQ_INT(METRIC(records_lost), 0);
    world_close();
}

TEST(nothing_is_sent_when_the_key_cannot_be_kept)
{
    open_world();
    w.op_result = PL_E_STORE;
    CHECK_EQ_INT(call("k", "d"), 0);
    run_for(100);
    CHECK_EQ_INT(told.known, 1);
    CHECK_EQ_INT(told.code, PL_E_STORE);
    w.op_refused = true;
    CHECK_EQ_INT(call("k", "d"), PL_E_BUSY);
    w.op_refused = false;
    w.op_result = 0;
    CHECK_EQ_INT(w.sends, 0);
    CHECK_EQ_INT(METRIC(in_flight), 0);
    call("k", "d");
    run_for(100);
    CHECK_EQ_INT(told.finished, 1);
    world_close();
}

/* Whoever waits is told before the process ends, wherever its call is. */
TEST(who_waits_is_told_when_the_engine_stops)
{
    for (int ms = 0; ms <= 40; ms += 5) {
        open_world();
        call("k", "d");
        run_for(ms);
        pl_engine_stop(w.engine);
        pl_engine_abandon(w.engine);
        CHECK_EQ_INT(told.finished + told.known, 1);
        bool is_done = ms >= 30;
        CHECK_EQ_INT(told.code, is_done ? 0 : PL_E_STOPPING);
        run_for(100);
        CHECK(pl_engine_is_idle(w.engine));
        CHECK_EQ_INT(told.finished + told.known, 1);
        world_close();
    }
}

int main(void)
{
    return RUN(CASE(nothing_is_sent_before_the_key_is_on_disk_nor_told_before_the_answer_is),
               CASE(the_answer_is_told_again), CASE(of_two_at_once_one_is_made),
               CASE(the_key_is_free_again_when_the_receiver_cannot_have_acted),
               CASE(the_key_is_free_again_when_a_script_fails_before_anything_is_sent),
               CASE(what_a_dead_process_left_under_way_is_unknown),
               CASE(the_answer_is_kept_when_the_store_recovers),
               CASE(nothing_is_sent_when_the_key_cannot_be_kept),
               CASE(who_waits_is_told_when_the_engine_stops));
}
