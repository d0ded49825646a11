/* SPDX-License-Identifier: MIT
 *
 * A record is built in a buffer of its own and leaves in one write, so threads need no lock.
 * Secrets are masked in each text before it is quoted, not in the finished line: what masking
 * leaves is then valid whatever the secret looks like. Control characters are escaped, in the human
 * form DEL and C1 as well, so what a stranger sends can neither begin a line of the log nor steer a
 * terminal. */
#include "base/log.h"

#include "base/json.h"
#include "base/secret.h"
#include "base/time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <unistd.h>

static const struct level_row {
    const char *name, *label, *colour;
} levels[] = {
    [PL_LOG_DEBUG] = {"debug", "DEBUG", "\x1b[2m"},  /* dim */
    [PL_LOG_INFO] = {"info", "INFO ", "\x1b[32m"},   /* green */
    [PL_LOG_WARN] = {"warn", "WARN ", "\x1b[33m"},   /* yellow */
    [PL_LOG_ERROR] = {"error", "ERROR", "\x1b[31m"}, /* red */
    [PL_LOG_OFF] = {"off", "OFF  ", ""},
};

/* Set once by pl_log_init, but for the level. Nothing is written before. */
static struct {
    int64_t (*wall_ms)(void);
    int fd;
    bool is_human, has_colour;
    _Atomic int level;
} the_log = {.level = PL_LOG_OFF};

/* The text of a field without secrets; `scratch` holds it where that changes something. */
static pl_slice masked(pl_buf *scratch, pl_slice text)
{
    if (!pl_secret_is_in(text)) return text;
    pl_buf_clear(scratch);
    pl_secret_mask(scratch, text);
    return pl_buf_slice(scratch);
}

static void put_json(pl_buf *line, pl_buf *scratch, const char *time, enum pl_log_level level,
                     pl_slice message, const pl_log_field *fields)
{
    pl_json_writer w;
    pl_jw_init(&w, line);
    pl_jw_object(&w);
    pl_jw_key(&w, "time");
    pl_jw_text(&w, time);
    pl_jw_key(&w, "level");
    pl_jw_text(&w, levels[level].name);
    pl_jw_key(&w, "msg");
    pl_jw_string(&w, masked(scratch, message));
    for (const pl_log_field *f = fields; f->key; f++) {
        pl_jw_key_slice(&w, pl_slice_of(f->key));
        if (f->kind == PL_LOG_FIELD_INT)
            pl_jw_int(&w, f->number);
        else
            pl_jw_string(&w, masked(scratch, f->text));
    }
    pl_jw_object_end(&w);
}

/* Reads as one word, and contains nothing that could be taken for more. */
static bool is_word(pl_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c <= ' ' || c >= 0x7F || c == '"' || c == '\\' || c == '=') return false;
    }
    return s.len > 0;
}

/* DEL and the C1 controls (U+0080 to U+009F) are plain text to JSON and orders to some terminals:
 * how many bytes such a one takes at the front of `s`, 0 when there is none. */
static size_t order_bytes(pl_slice s)
{
    unsigned char c = (unsigned char)s.ptr[0], next = s.len > 1 ? (unsigned char)s.ptr[1] : 0;
    if (c == 0x7F) return 1;
    return c == 0xC2 && next >= 0x80 && next < 0xA0 ? 2 : 0;
}

static void put_quoted(pl_buf *line, pl_slice s)
{
    pl_buf_put_char(line, '"');
    while (s.len > 0) {
        size_t text = 0, order = 0;
        while (text < s.len && (order = order_bytes(pl_slice_from(s, text))) == 0)
            text++;
        pl_json_escape(line, (pl_slice){s.ptr, text});
        s = pl_slice_from(s, text);
        if (order) pl_buf_printf(line, "\\u%04x", (unsigned char)s.ptr[order - 1]);
        s = pl_slice_from(s, order);
    }
    pl_buf_put_char(line, '"');
}

static void put_value(pl_buf *line, pl_slice s)
{
    if (is_word(s))
        pl_buf_put_slice(line, s);
    else
        put_quoted(line, s);
}

static void put_message(pl_buf *line, pl_slice s)
{
    while (s.len > 0) {
        size_t len = (unsigned char)s.ptr[0] < ' ' ? 1 : order_bytes(s);
        if (len == 0) pl_buf_put_char(line, s.ptr[0]);
        for (size_t i = 0; i < len; i++)
            pl_buf_printf(line, "\\x%02x", (unsigned char)s.ptr[i]);
        s = pl_slice_from(s, len ? len : 1);
    }
}

static void put_human(pl_buf *line, pl_buf *scratch, const char *time, enum pl_log_level level,
                      pl_slice message, const pl_log_field *fields)
{
    const char *on = the_log.has_colour ? levels[level].colour : "";
    const char *off = the_log.has_colour ? "\x1b[0m" : "";
    /* Of "2026-11-21T08:15:30.123Z" the twelve bytes of the time of day. */
    pl_buf_printf(line, "%.12s %s%s%s ", time + 11, on, levels[level].label, off);
    put_message(line, masked(scratch, message));
    for (const pl_log_field *f = fields; f->key; f++) {
        pl_buf_printf(line, " %s=", f->key);
        if (f->kind == PL_LOG_FIELD_INT)
            pl_buf_printf(line, "%" PRId64, f->number);
        else
            put_value(line, masked(scratch, f->text));
    }
}

/* One write as a rule; a rest only when the reader of a pipe is slow.
 * A log that cannot be written is given up. */
static void write_line(pl_slice line)
{
    while (line.len > 0) {
        ssize_t written = write(the_log.fd, line.ptr, line.len);
        if (written < 0 && errno != EINTR) return;
        if (written > 0) line = pl_slice_from(line, (size_t)written);
    }
}

void pl_log_init(int64_t (*wall_ms)(void), int fd, enum pl_log_level level, enum pl_log_form form)
{
    bool is_terminal = isatty(fd);
    the_log.wall_ms = wall_ms;
    the_log.fd = fd;
    the_log.is_human = form == PL_LOG_HUMAN || (form == PL_LOG_AUTO && is_terminal);
    the_log.has_colour = the_log.is_human && is_terminal;
    pl_log_set_level(level);
}

void pl_log_set_level(enum pl_log_level level)
{
    atomic_store_explicit(&the_log.level, (int)level, memory_order_relaxed);
}

int pl_log_level_of(pl_slice name)
{
    for (int i = PL_LOG_DEBUG; i <= PL_LOG_OFF; i++)
        if (pl_slice_eq(name, pl_slice_of(levels[i].name))) return i;
    return -1;
}

const char *pl_log_level_name(enum pl_log_level level)
{
    return levels[level].name;
}

bool pl_log_wants(enum pl_log_level level)
{
    return level < PL_LOG_OFF &&
           (int)level >= atomic_load_explicit(&the_log.level, memory_order_relaxed);
}

void pl_log_fields(enum pl_log_level level, const char *message, const pl_log_field *fields)
{
    if (!pl_log_wants(level) || the_log.wall_ms == NULL) return;
    pl_buf line, scratch;
    char time[PL_TIME_TEXT + 1];
    pl_buf_init(&line);
    pl_buf_init(&scratch);
    pl_time_format(the_log.wall_ms(), time);
    if (the_log.is_human)
        put_human(&line, &scratch, time, level, pl_slice_of(message), fields);
    else
        put_json(&line, &scratch, time, level, pl_slice_of(message), fields);
    pl_buf_put_char(&line, '\n');
    write_line(pl_buf_slice(&line));
    pl_buf_fini(&scratch);
    pl_buf_fini(&line);
}
