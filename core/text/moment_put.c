/* SPDX-License-Identifier: MIT */
#include "text/moment.h"

#include "base/time.h"
#include "text/zone.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_S    86400
#define THURSDAY 4                     /* 1970-01-01 */
#define FIRST_S  INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST_S   INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define FAR_AWAY "the time is outside of the years 1 to 9999"

#define SHOWN_BYTES 3 /* of a directive that does not exist: it may be a longer one */

/* A moment taken apart, as clocks and calendars of a zone show it. */
typedef struct shown {
    pl_moment moment;
    pl_date date;
    int hour, minute, second;
    int weekday; /* from Sunday, 0 */
    int yearday; /* from 0 */
    pl_zone_time zone;
} shown;

pl_moment pl_moment_of(double seconds)
{
    double whole, fraction = modf(seconds, &whole);
    if (!(fabs(seconds) < 1e15)) return (pl_moment){INT64_MAX, 0};
    double micros = nearbyint(fraction * 1e6);
    pl_moment m = {(int64_t)whole, (int32_t)micros};
    if (m.microseconds < 0) {
        m.seconds--;
        m.microseconds += 1000000;
    }
    if (m.microseconds == 1000000) {
        m.seconds++;
        m.microseconds = 0;
    }
    return m;
}

double pl_moment_seconds(pl_moment m)
{
    return (double)m.seconds + m.microseconds / 1e6;
}

static bool take_apart(shown *s, pl_moment m)
{
    int64_t local = m.seconds + s->zone.offset_s;
    int64_t day = local / DAY_S - (local % DAY_S < 0);
    int second = (int)(local - day * DAY_S);
    s->moment = m;
    s->date = pl_date_of_day(day);
    s->hour = second / 3600;
    s->minute = second / 60 % 60;
    s->second = second % 60;
    s->weekday = (int)((day % 7 + 7 + THURSDAY) % 7);
    s->yearday = (int)(day - pl_day_of_date((pl_date){s->date.year, 1, 1}));
    return s->date.year >= 1 && s->date.year <= 9999;
}

/* -- weeks -- */

static bool is_leap(int year)
{
    return pl_days_in_month((pl_date){year, 2, 1}) == 29;
}

/* The week and its year of ISO 8601: weeks begin on Monday and belong to the year of their
 * Thursday. */
static int iso_week(const shown *s, int *year)
{
    int monday_based = (s->weekday + 6) % 7;
    int thursday = s->yearday - monday_based + 3; /* as a day of this year */
    *year = s->date.year;
    if (thursday < 0) {
        --*year;
        thursday += 365 + is_leap(*year);
    } else if (thursday >= 365 + is_leap(*year)) {
        thursday -= 365 + is_leap(*year);
        ++*year;
    }
    return thursday / 7 + 1;
}

/* Weeks begin on the `first` weekday; what is in front of the year's first such day is week 0. */
static int week_from(const shown *s, int first)
{
    return (s->yearday + 7 - (s->weekday + 7 - first) % 7) / 7;
}

/* -- directives -- */

typedef struct writer {
    pl_buf *out;
    const shown *s;
    bool is_bare; /* "-": no padding */
} writer;

static bool put_number(const writer *w, int value, int width, char padding)
{
    char digits[12];
    int len = snprintf(digits, sizeof digits, "%d", value);
    for (int i = len; i < width && !w->is_bare; i++)
        pl_buf_put_char(w->out, padding);
    pl_buf_put(w->out, digits, (size_t)len);
    return true;
}

static bool put_text(const writer *w, const char *text, size_t len)
{
    pl_buf_put(w->out, text, len);
    return true;
}

static bool put_name(const writer *w, const char *const *names, int index, bool is_short)
{
    return put_text(w, names[index], is_short ? 3 : strlen(names[index]));
}

static bool put_weekday(const writer *w, bool is_short)
{
    static const char *const names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
    return put_name(w, names, w->s->weekday, is_short);
}

static bool put_month(const writer *w, bool is_short)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
    return put_name(w, names, w->s->date.month - 1, is_short);
}

static bool put_offset(const writer *w, const char *separator)
{
    int offset = abs(w->s->zone.offset_s);
    pl_buf_printf(w->out, "%c%02d%s%02d", w->s->zone.offset_s < 0 ? '-' : '+', offset / 3600,
                  separator, offset / 60 % 60);
    if (offset % 60) pl_buf_printf(w->out, "%s%02d", separator, offset % 60);
    return true;
}

static bool put_iso(const writer *w, char directive)
{
    int year, week = iso_week(w->s, &year);
    if (directive == 'V') return put_number(w, week, 2, '0');
    if (directive == 'g') return put_number(w, year % 100, 2, '0');
    return put_number(w, year, 4, '0');
}

static int hour_of_12(const shown *s)
{
    return s->hour % 12 ? s->hour % 12 : 12;
}

static bool put_day(const writer *w, char directive)
{
    const shown *s = w->s;
    switch (directive) {
    case 'a':
    case 'A':
        return put_weekday(w, directive == 'a');
    case 'b':
    case 'B':
    case 'h':
        return put_month(w, directive != 'B');
    case 'C':
        return put_number(w, s->date.year / 100, 2, '0');
    case 'd':
        return put_number(w, s->date.day, 2, '0');
    case 'e':
        return put_number(w, s->date.day, 2, ' ');
    case 'g':
    case 'G':
    case 'V':
        return put_iso(w, directive);
    case 'j':
        return put_number(w, s->yearday + 1, 3, '0');
    case 'm':
        return put_number(w, s->date.month, 2, '0');
    case 'u':
        return put_number(w, s->weekday ? s->weekday : 7, 1, '0');
    case 'U':
        return put_number(w, week_from(s, 0), 2, '0');
    case 'w':
        return put_number(w, s->weekday, 1, '0');
    case 'W':
        return put_number(w, week_from(s, 1), 2, '0');
    case 'y':
        return put_number(w, s->date.year % 100, 2, '0');
    case 'Y':
        return put_number(w, s->date.year, 4, '0');
    }
    return false;
}

static bool put_clock(const writer *w, char directive)
{
    const shown *s = w->s;
    switch (directive) {
    case 'f':
        return put_number(w, s->moment.microseconds, 6, '0');
    case 'H':
        return put_number(w, s->hour, 2, '0');
    case 'I':
        return put_number(w, hour_of_12(s), 2, '0');
    case 'k':
        return put_number(w, s->hour, 2, ' ');
    case 'l':
        return put_number(w, hour_of_12(s), 2, ' ');
    case 'M':
        return put_number(w, s->minute, 2, '0');
    case 'p':
        return put_text(w, s->hour < 12 ? "AM" : "PM", 2);
    case 'P':
        return put_text(w, s->hour < 12 ? "am" : "pm", 2);
    case 's':
        pl_buf_printf(w->out, "%lld", (long long)s->moment.seconds);
        return true;
    case 'S':
        return put_number(w, s->second, 2, '0');
    case 'z':
        return put_offset(w, "");
    case 'Z':
        return put_text(w, s->zone.name, strlen(s->zone.name));
    case 'n':
        return put_text(w, "\n", 1);
    case 't':
        return put_text(w, "\t", 1);
    case '%':
        return put_text(w, "%", 1);
    }
    return false;
}

/* What stands for a few others. */
static const char *expansion_of(char directive)
{
    switch (directive) {
    case 'c':
        return "%a %b %e %H:%M:%S %Y";
    case 'D':
    case 'x':
        return "%m/%d/%y";
    case 'F':
        return "%Y-%m-%d";
    case 'r':
        return "%I:%M:%S %p";
    case 'R':
        return "%H:%M";
    case 'T':
    case 'X':
        return "%H:%M:%S";
    }
    return NULL;
}

static const char *put_all(pl_buf *out, const shown *s, pl_slice format);

/* One directive, from behind its "%" on; where it ends, or NULL when there is none such. */
static const char *put_directive(pl_buf *out, const shown *s, const char *p, const char *end)
{
    writer w = {out, s, p < end && *p == '-'};
    p += w.is_bare;
    if (p == end) return NULL;
    if (end - p >= 2 && p[0] == ':' && p[1] == 'z') return put_offset(&w, ":") ? p + 2 : NULL;
    const char *expansion = expansion_of(*p);
    if (expansion) return put_all(out, s, pl_slice_of(expansion)) ? NULL : p + 1;
    return put_day(&w, *p) || put_clock(&w, *p) ? p + 1 : NULL;
}

/* NULL, or the "%" of a directive that does not exist. */
static const char *put_all(pl_buf *out, const shown *s, pl_slice format)
{
    const char *p = format.ptr, *end = p + format.len;
    while (p < end) {
        const char *percent = memchr(p, '%', (size_t)(end - p));
        pl_buf_put(out, p, (size_t)((percent ? percent : end) - p));
        if (percent == NULL) break;
        if ((p = put_directive(out, s, percent + 1, end)) == NULL) return percent;
    }
    return NULL;
}

__attribute__((format(printf, 3, 4))) static bool refuse(pl_buf *out, size_t start,
                                                         const char *reason, ...)
{
    va_list args;
    out->len = start;
    va_start(args, reason);
    pl_buf_vprintf(out, reason, args);
    va_end(args);
    return false;
}

bool pl_moment_put(pl_buf *out, pl_moment m, pl_slice format, pl_slice zone)
{
    shown s = {0};
    size_t start = out->len;
    if (format.len == 0) return true;
    if (m.seconds < FIRST_S - DAY_S || m.seconds > LAST_S + DAY_S)
        return refuse(out, start, FAR_AWAY);
    if (!pl_zone_at(zone, m.seconds, &s.zone))
        return refuse(out, start,
                      "there is no time zone '%.*s'; expected one such as Europe/Berlin, UTC or "
                      "+02:00",
                      PL_FMT(zone));
    if (!take_apart(&s, m)) return refuse(out, start, FAR_AWAY);
    const char *unknown = put_all(out, &s, format);
    if (unknown == NULL) return true;
    pl_slice rest = pl_slice_from(format, (size_t)(unknown - format.ptr));
    if (rest.len > SHOWN_BYTES) rest.len = SHOWN_BYTES;
    return refuse(out, start, "there is no directive '%.*s' of times", PL_FMT(rest));
}
