/* SPDX-License-Identifier: MIT
 *
 * The log writes into a pipe, or into a terminal (a pty) where colour is expected. */
#include "base/log.h"

#include "base/json.h"
#include "base/secret.h"
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

static int read_end, write_end;
static char got[1 << 16];

static int64_t the_time(void)
{
    return 1795248930123; /* 2026-11-21T08:15:30.123Z */
}

static void open_log(enum pl_log_level level, enum pl_log_form form)
{
    int ends[2];
    if (pipe(ends) != 0) abort();
    read_end = ends[0];
    write_end = ends[1];
    fcntl(write_end, F_SETPIPE_SZ, (int)sizeof got);
    fcntl(read_end, F_SETFL, O_NONBLOCK);
    pl_log_init(the_time, write_end, level, form);
}

/* What one read gives: of a pipe all that was written. */
static pl_slice written(void)
{
    ssize_t len = read(read_end, got, sizeof got);
    return (pl_slice){got, len > 0 ? (size_t)len : 0};
}

static void close_log(void)
{
    pl_log_set_level(PL_LOG_OFF);
    close(read_end);
    close(write_end);
}

/* Runs first: what is logged before the log is set up goes nowhere, and does not crash. */
TEST(nothing_is_written_before_init)
{
    CHECK(!pl_log_wants(PL_LOG_ERROR));
    pl_log(PL_LOG_ERROR, "lost");
}

TEST(json_lines_carry_time_level_message_and_fields)
{
    open_log(PL_LOG_INFO, PL_LOG_JSON);
    pl_log(PL_LOG_INFO, "listening", PL_LOG_STR("address", "127.0.0.1:8080"),
           PL_LOG_INT("workers", -2), PL_LOG_STR("none", NULL));
    CHECK_EQ_SLICE(written(),
                   PL_SLICE("{\"time\":\"2026-11-21T08:15:30.123Z\",\"level\":\"info\",\"msg\":"
                            "\"listening\",\"address\":\"127.0.0.1:8080\",\"workers\":-2,"
                            "\"none\":\"\"}\n"));
    pl_log(PL_LOG_ERROR, "no fields");
    CHECK_EQ_SLICE(written(), PL_SLICE("{\"time\":\"2026-11-21T08:15:30.123Z\",\"level\":\"error\","
                                       "\"msg\":\"no fields\"}\n"));
    close_log();
}

TEST(the_human_form_is_one_line_without_colour_in_a_pipe)
{
    open_log(PL_LOG_DEBUG, PL_LOG_HUMAN);
    pl_log(PL_LOG_INFO, "listening", PL_LOG_STR("address", "127.0.0.1:8080"),
           PL_LOG_INT("workers", 4));
    CHECK_EQ_SLICE(written(),
                   PL_SLICE("08:15:30.123 INFO  listening address=127.0.0.1:8080 workers=4\n"));
    pl_log(PL_LOG_ERROR, "a\nb\x1b[31m", PL_LOG_STR("text", "two words"), PL_LOG_STR("empty", ""),
           PL_LOG_STR("evil", "\x1b[2J\n"), PL_LOG_STR("fake", "x=1"));
    CHECK_EQ_SLICE(written(),
                   PL_SLICE("08:15:30.123 ERROR a\\x0ab\\x1b[31m text=\"two words\" empty=\"\" "
                            "evil=\"\\u001b[2J\\n\" fake=\"x=1\"\n"));
    close_log();
}

/* U+009B begins a control sequence as ESC [ does. */
TEST(del_and_c1_controls_do_not_reach_a_terminal)
{
    open_log(PL_LOG_DEBUG, PL_LOG_HUMAN);
    pl_log(PL_LOG_INFO,
           "a\xC2\x9B"
           "2J\x7F",
           PL_LOG_STR("b", "\xC2\x9B"
                           "2J\x7F"),
           PL_LOG_STR("c", "\xC2\xA0\xC3\xA9\xC2"), PL_LOG_STR("d", "\x9B"));
    CHECK_EQ_SLICE(written(),
                   PL_SLICE("08:15:30.123 INFO  a\\xc2\\x9b2J\\x7f b=\"\\u009b2J\\u007f\" "
                            "c=\"\xC2\xA0\xC3\xA9\xEF\xBF\xBD\" d=\"\xEF\xBF\xBD\"\n"));
    close_log();
}

TEST(auto_is_json_in_a_pipe)
{
    open_log(PL_LOG_INFO, PL_LOG_AUTO);
    pl_log(PL_LOG_WARN, "x");
    CHECK_EQ_INT(written().ptr[0], '{');
    close_log();
}

TEST(auto_is_human_and_coloured_on_a_terminal)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    const char *terminal = ptsname(master);
    CHECK(terminal != NULL); /* needs /dev/pts */
    if (terminal == NULL) return;
    read_end = master;
    write_end = open(terminal, O_RDWR | O_NOCTTY);
    CHECK(write_end >= 0);
    pl_log_init(the_time, write_end, PL_LOG_INFO, PL_LOG_AUTO);
    pl_log(PL_LOG_WARN, "careful");
    /* The terminal turns the line feed into CR LF. */
    CHECK_EQ_SLICE(written(), PL_SLICE("08:15:30.123 \x1b[33mWARN \x1b[0m careful\r\n"));
    close_log();
}

TEST(levels_select_and_have_names)
{
    open_log(PL_LOG_WARN, PL_LOG_HUMAN);
    CHECK(!pl_log_wants(PL_LOG_INFO) && pl_log_wants(PL_LOG_WARN) && pl_log_wants(PL_LOG_ERROR));
    pl_log(PL_LOG_INFO, "no");
    CHECK_EQ_INT(written().len, 0);
    pl_log_set_level(PL_LOG_DEBUG);
    pl_log(PL_LOG_DEBUG, "yes");
    CHECK_EQ_SLICE(written(), PL_SLICE("08:15:30.123 DEBUG yes\n"));
    pl_log_set_level(PL_LOG_OFF);
    CHECK(!pl_log_wants(PL_LOG_ERROR) && !pl_log_wants(PL_LOG_OFF));
    close_log();
    CHECK_EQ_INT(pl_log_level_of(PL_SLICE("debug")), PL_LOG_DEBUG);
    CHECK_EQ_INT(pl_log_level_of(PL_SLICE("off")), PL_LOG_OFF);
    CHECK_EQ_INT(pl_log_level_of(PL_SLICE("loud")), -1);
    CHECK_EQ_INT(pl_log_level_of(PL_NO_SLICE), -1);
}

TEST(secrets_are_masked_and_the_line_stays_json)
{
    pl_secret_register(PL_SLICE("hunter22"));
    pl_secret_register(PL_SLICE("\",\"a\":\"")); /* looks like the line itself */
    open_log(PL_LOG_INFO, PL_LOG_JSON);
    pl_log(PL_LOG_INFO, "with hunter22", PL_LOG_STR("a", "hunter22!"),
           PL_LOG_STR("b", "\",\"a\":\""));
    pl_slice line = written();
    CHECK_EQ_INT(pl_json_check(line, 4, NULL), 0);
    CHECK_EQ_SLICE(pl_json_find(line, PL_SLICE("msg")), PL_SLICE("\"with ***\""));
    CHECK_EQ_SLICE(pl_json_find(line, PL_SLICE("a")), PL_SLICE("\"***!\""));
    CHECK_EQ_SLICE(pl_json_find(line, PL_SLICE("b")), PL_SLICE("\"***\""));
    close_log();
}

TEST(bytes_that_are_not_utf8_leave_a_valid_line)
{
    open_log(PL_LOG_INFO, PL_LOG_JSON);
    pl_log(PL_LOG_INFO, "\xFF", PL_LOG_SLICE("b", PL_SLICE("\0\xC0\x80")));
    CHECK_EQ_INT(pl_json_check(written(), 4, NULL), 0);
    close_log();
}

static void *log_many(void *arg)
{
    for (int i = 0; i < 50; i++)
        pl_log(PL_LOG_INFO, arg, PL_LOG_INT("i", i));
    return NULL;
}

TEST(lines_of_threads_do_not_mix)
{
    static char names[4][100];
    pthread_t threads[4];
    open_log(PL_LOG_INFO, PL_LOG_JSON);
    for (int i = 0; i < 4; i++) {
        memset(names[i], 'a' + i, sizeof names[i] - 1);
        pthread_create(&threads[i], NULL, log_many, names[i]);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    pl_slice lines = written();
    int count = 0, bad = 0;
    while (lines.len > 0) {
        const char *end = memchr(lines.ptr, '\n', lines.len);
        size_t len = end ? (size_t)(end - lines.ptr) : lines.len;
        bad += end == NULL || pl_json_check((pl_slice){lines.ptr, len}, 4, NULL) != 0;
        count++;
        lines = pl_slice_from(lines, len + 1);
    }
    CHECK_EQ_INT(count, 200);
    CHECK_EQ_INT(bad, 0);
    close_log();
}

int main(void)
{
    return RUN(CASE(nothing_is_written_before_init),
               CASE(json_lines_carry_time_level_message_and_fields),
               CASE(the_human_form_is_one_line_without_colour_in_a_pipe),
               CASE(del_and_c1_controls_do_not_reach_a_terminal), CASE(auto_is_json_in_a_pipe),
               CASE(auto_is_human_and_coloured_on_a_terminal), CASE(levels_select_and_have_names),
               CASE(secrets_are_masked_and_the_line_stays_json),
               CASE(bytes_that_are_not_utf8_leave_a_valid_line), CASE(lines_of_threads_do_not_mix));
}
