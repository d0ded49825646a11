/* SPDX-License-Identifier: MIT */
#include "text/moment.h"

#include "base/time.h"

#define DAY_S 86400

/* What is left to read; `failed` once something did not fit. */
struct scan {
    const char *at, *end;
    bool failed;
};

static bool take(struct scan *s, char c)
{
    if (s->at == s->end || *s->at != c) return false;
    s->at++;
    return true;
}

static bool is_digit_at(const struct scan *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static int take_number(struct scan *s, int width, int min, int max)
{
    int value = 0;
    for (int i = 0; i < width; i++) {
        if (!is_digit_at(s)) {
            s->failed = true;
            return 0;
        }
        value = value * 10 + (*s->at++ - '0');
    }
    s->failed |= value < min || value > max;
    return value;
}

static pl_date take_date(struct scan *s)
{
    pl_date d;
    d.year = take_number(s, 4, 1, 9999);
    bool is_extended = take(s, '-');
    d.month = take_number(s, 2, 1, 12);
    s->failed |= take(s, '-') != is_extended;
    d.day = take_number(s, 2, 1, 31);
    if (!s->failed) s->failed = d.day > pl_days_in_month(d);
    return d;
}

/* Digits behind a point or comma; those behind the sixth are cut off. */
static int take_fraction(struct scan *s)
{
    int micros = 0, worth = 100000;
    if (!take(s, '.') && !take(s, ',')) return 0;
    s->failed |= !is_digit_at(s);
    for (; is_digit_at(s); s->at++, worth /= 10)
        micros += (*s->at - '0') * worth;
    return micros;
}

/* hh[:mm[:ss]], with a colon between each two or none; seconds of it. */
static int take_clock(struct scan *s, int max_hours, int max_seconds)
{
    int time = 3600 * take_number(s, 2, 0, max_hours);
    bool is_extended = take(s, ':');
    if (!is_extended && !is_digit_at(s)) return time;
    time += 60 * take_number(s, 2, 0, 59);
    if (is_extended ? take(s, ':') : is_digit_at(s)) time += take_number(s, 2, 0, max_seconds);
    return time;
}

static int take_offset(struct scan *s)
{
    if (take(s, 'Z') || take(s, 'z')) return 0;
    bool is_west = take(s, '-');
    if (!is_west && !take(s, '+')) return 0;
    int offset = take_clock(s, 23, 59);
    return is_west ? -offset : offset;
}

/* A leap second may stand only where they are put in, at the end of a day in UTC, and reads as the
 * second behind it. */
bool pl_moment_read(pl_slice text, pl_moment *m)
{
    struct scan s = {text.ptr, text.ptr + text.len, false};
    pl_date date = take_date(&s);
    *m = (pl_moment){0};
    if (s.failed) return false;
    m->seconds = pl_day_of_date(date) * DAY_S;
    if (s.at == s.end) return true;
    if (!take(&s, 'T') && !take(&s, 't') && !take(&s, ' ')) return false;
    m->seconds += take_clock(&s, 23, 60);
    bool is_leap = s.at - text.ptr >= 2 && memcmp(s.at - 2, "60", 2) == 0;
    m->microseconds = take_fraction(&s);
    m->seconds -= take_offset(&s);
    if (is_leap && m->seconds % DAY_S != 0) return false;
    return !s.failed && s.at == s.end;
}
