/* SPDX-License-Identifier: MIT */
#include "store_harness.h"

static int take(bench *b, pl_key *out, const char *key, const char *digest, uint32_t call)
{
    *out = (pl_key){.key = pl_slice_of(key),
                    .digest = pl_slice_of(digest),
                    .subject = PL_SLICE("customer-1"),
                    .call = id_of(T0, call),
                    .now_ms = T0};
    return run_op(b, &out->op, PL_OP_KEY);
}

static void check_take(bench *b, const char *key, const char *digest, int result, int status,
                       const char *answer)
{
    pl_key k;
    CHECK_EQ_INT(take(b, &k, key, digest, 9), result);
    CHECK_EQ_INT(k.status, status);
    CHECK_EQ_STR(k.answer ? k.answer : "", answer);
    free(k.answer);
}

/* The record of a call that is over. */
static void end(bench *b, const char *key, uint32_t call, const char *answer)
{
    pl_attempt a = attempt_of(1, "ok", 200);
    pl_event *e = event_new("", "", "{\"subject\":\"customer-1\"}");
    e->subject = PL_SLICE("customer-1");
    pl_record r = record_of(id_of(T0, call), &a, PL_STATE_DELIVERED);
    r.kind = PL_KIND_CALL;
    r.event = e;
    r.key = pl_slice_of(key);
    r.answer = pl_slice_of(answer);
    r.answer_status = 200;
    CHECK_EQ_INT(run_op(b, &r.op, PL_OP_RECORD), 0);
    free(e);
}

TEST(a_key_is_taken_once_and_then_has_an_answer)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    pl_key k;
    CHECK_EQ_INT(take(&b, &k, "c\nw\nk", "d", 1), 0);
    CHECK_EQ_INT(k.status, 0);
    check_take(&b, "c\nw\nk", "d", PL_E_KEY_IN_USE, 0, "");
    check_take(&b, "c\nw\nk", "other", PL_E_KEY_REUSED, 0, "");
    end(&b, "c\nw\nk", 1, "{\"ok\":true}");
    check_take(&b, "c\nw\nk", "d", 0, 200, "{\"ok\":true}");
    check_take(&b, "c\nw\nk", "other", PL_E_KEY_REUSED, 0, "");
    bench_reopen(&b);
    check_take(&b, "c\nw\nk", "d", 0, 200, "{\"ok\":true}");
    check_take(&b, "c\nw\nnew", "d", 0, 0, "");
    bench_fini(&b);
}

TEST(a_key_without_an_answer_is_free_again)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    check_take(&b, "k", "d", 0, 0, "");
    end(&b, "k", 8, ""); /* of another call: none of its business */
    check_take(&b, "k", "d", PL_E_KEY_IN_USE, 0, "");
    end(&b, "k", 9, "");
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM idempotency"), 0);
    check_take(&b, "k", "other", 0, 0, "");
    bench_fini(&b);
}

TEST(what_was_under_way_when_the_store_closed_is_unknown)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    check_take(&b, "k", "d", 0, 0, "");
    check_take(&b, "done", "d", 0, 0, "");
    end(&b, "done", 9, "answer");
    bench_reopen(&b);
    for (int i = 0; i < 2; i++) { /* for good */
        check_take(&b, "k", "d", PL_E_KEY_UNKNOWN, 0, "");
        check_take(&b, "k", "other", PL_E_KEY_REUSED, 0, "");
        check_take(&b, "done", "d", 0, 200, "answer");
        bench_reopen(&b);
    }
    bench_fini(&b);
}

TEST(an_erased_subject_takes_the_answers_along)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    char key[16];
    for (int i = 0; i < 100; i++) {
        pl_key k;
        snprintf(key, sizeof key, "k%d", i);
        CHECK_EQ_INT(take(&b, &k, key, "d", (uint32_t)i), 0);
        end(&b, key, (uint32_t)i, "answer");
    }
    bench_exec(&b, "DELETE FROM attempts; DELETE FROM deliveries; DELETE FROM events"); /* of age */
    pl_erase e;
    int rounds = 0;
    do {
        e = (pl_erase){.subject = PL_SLICE("customer-1")};
        CHECK_EQ_INT(run_op(&b, &e.op, PL_OP_ERASE), 0);
        pl_arena_fini(&e.memory);
        rounds++;
    } while (e.has_more);
    CHECK_EQ_INT(rounds, 2);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM idempotency"), 0);
    bench_fini(&b);
}

int main(void)
{
    return RUN(CASE(a_key_is_taken_once_and_then_has_an_answer),
               CASE(a_key_without_an_answer_is_free_again),
               CASE(what_was_under_way_when_the_store_closed_is_unknown),
               CASE(an_erased_subject_takes_the_answers_along));
}
