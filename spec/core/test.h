/* SPDX-License-Identifier: MIT
 *
 * The whole harness of the C unit tests: a test is a function, CHECK counts and reports, main lists
 * them.
 *
 *   TEST(wheel_fires_in_order) { ... CHECK_EQ_INT(fired, 3); ... }
 *   int main(void) { return RUN(CASE(wheel_fires_in_order), ...); }
 *
 * A test binary prints one line a test and ends with "N passed, N failed";
 * a test without a check fails. */
#ifndef PL_SPEC_TEST_H
#define PL_SPEC_TEST_H

#include "base/slice.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int test_checks, test_failures;

struct test_case {
    const char *name;
    void (*fn)(void);
};

#define TEST(name) static void test_##name(void)

static inline void test_report(const char *file, int line, const char *what)
{
    test_failures++;
    printf("%s:%d: %s\n", file, line, what);
}

#define CHECK(condition)                                                            \
    do {                                                                            \
        test_checks++;                                                              \
        if (!(condition)) test_report(__FILE__, __LINE__, "not true: " #condition); \
    } while (0)

#define CHECK_EQ_INT(got, wanted)                                               \
    do {                                                                        \
        int64_t got_ = (int64_t)(got), wanted_ = (int64_t)(wanted);             \
        test_checks++;                                                          \
        if (got_ != wanted_) {                                                  \
            test_report(__FILE__, __LINE__, #got " is not " #wanted);           \
            printf("    got %" PRId64 ", wanted %" PRId64 "\n", got_, wanted_); \
        }                                                                       \
    } while (0)

#define CHECK_EQ_SLICE(got, wanted)                                                          \
    do {                                                                                     \
        pl_slice got_ = (got), wanted_ = (wanted);                                           \
        test_checks++;                                                                       \
        if (!pl_slice_eq(got_, wanted_)) {                                                   \
            test_report(__FILE__, __LINE__, #got " is not " #wanted);                        \
            printf("    got    '%.*s'\n    wanted '%.*s'\n", PL_FMT(got_), PL_FMT(wanted_)); \
        }                                                                                    \
    } while (0)

#define CHECK_EQ_STR(got, wanted) CHECK_EQ_SLICE(pl_slice_of(got), pl_slice_of(wanted))

/* A copy of `s` whose last byte is the last before a page that faults:
 * reading one byte too many crashes. */
typedef struct test_guarded {
    pl_slice bytes;
    void *map;
    size_t map_bytes;
} test_guarded;

static inline test_guarded test_guard(pl_slice s)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (s.len + page - 1) / page * page;
    test_guarded g = {.map_bytes = body + page};
    g.map = mmap(NULL, g.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *end = (char *)g.map + body;
    mprotect(end, page, PROT_NONE);
    if (s.len) memcpy(end - s.len, s.ptr, s.len);
    g.bytes = (pl_slice){end - s.len, s.len};
    return g;
}

static inline void test_unguard(test_guarded *g)
{
    munmap(g->map, g->map_bytes);
}

static inline int test_run(const struct test_case *cases, size_t count)
{
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        int checks = test_checks, failures = test_failures;
        cases[i].fn();
        if (test_checks == checks) test_report(cases[i].name, 0, "this test checks nothing");
        if (test_failures > failures) failed++;
        printf("%s %s\n", test_failures > failures ? "FAIL" : "ok  ", cases[i].name);
        fflush(stdout);
    }
    printf("%zu passed, %d failed\n", count - (size_t)failed, failed);
    return failed ? 1 : 0;
}

#define RUN(...)                                      \
    test_run((const struct test_case[]){__VA_ARGS__}, \
             sizeof((const struct test_case[]){__VA_ARGS__}) / sizeof(struct test_case))
#define CASE(name)         \
    {                      \
#name, test_##name \
    }

#endif
