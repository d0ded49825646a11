/* SPDX-License-Identifier: MIT */
#include "text/zone_rule.h"

#include "base/time.h"

#define DAY_S     86400
#define MAX_HOURS 167 /* of a change's time: RFC 8536 allows a week before and after */
#define DEFAULT_S 7200
#define THURSDAY  4 /* 1970-01-01 */

/* -- reading -- */

struct scan {
    const char *at, *end;
    bool failed;
};

static char peek(const struct scan *s)
{
    return s->at < s->end ? *s->at : '\0';
}

static bool take(struct scan *s, char c)
{
    if (peek(s) != c) return false;
    s->at++;
    return true;
}

static void expect(struct scan *s, char c)
{
    if (!take(s, c)) s->failed = true;
}

static int take_number(struct scan *s, int min, int max)
{
    int value = 0;
    const char *start = s->at;
    while (peek(s) >= '0' && peek(s) <= '9' && value <= max)
        value = value * 10 + (*s->at++ - '0');
    s->failed |= s->at == start || value < min || value > max;
    return value;
}

/* hh[:mm[:ss]] with a sign. */
static int take_time(struct scan *s, int max_hours)
{
    bool is_negative = take(s, '-');
    if (!is_negative) take(s, '+');
    int seconds = 3600 * take_number(s, 0, max_hours);
    if (take(s, ':')) seconds += 60 * take_number(s, 0, 59);
    if (take(s, ':')) seconds += take_number(s, 0, 59);
    return is_negative ? -seconds : seconds;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Letters, or anything in "<...>". */
static void take_name(struct scan *s, char *name)
{
    bool is_quoted = take(s, '<');
    const char *start = s->at;
    while (is_quoted ? s->at < s->end && *s->at != '>' : is_letter(peek(s)))
        s->at++;
    size_t len = (size_t)(s->at - start);
    if (is_quoted) expect(s, '>');
    s->failed |= len == 0 || len > PL_ZONE_NAME;
    if (s->failed) return;
    memcpy(name, start, len);
    name[len] = '\0';
}

static pl_zone_change take_change(struct scan *s)
{
    pl_zone_change c = {.kind = PL_ZONE_DAY_FROM_0, .time_s = DEFAULT_S};
    expect(s, ',');
    if (take(s, 'M')) {
        c.kind = PL_ZONE_WEEKDAY;
        c.month = take_number(s, 1, 12);
        expect(s, '.');
        c.week = take_number(s, 1, 5);
        expect(s, '.');
        c.day = take_number(s, 0, 6);
    } else if (take(s, 'J')) {
        c.kind = PL_ZONE_DAY_WITHOUT_LEAP;
        c.day = take_number(s, 1, 365);
    } else {
        c.day = take_number(s, 0, 365);
    }
    if (take(s, '/')) c.time_s = take_time(s, MAX_HOURS);
    return c;
}

/* POSIX counts offsets to the west. */
bool pl_zone_rule_read(pl_slice text, pl_zone_rule *rule)
{
    struct scan s = {text.ptr, text.ptr + text.len, false};
    *rule = (pl_zone_rule){0};
    take_name(&s, rule->standard.name);
    rule->standard.offset_s = -take_time(&s, 24);
    if (s.failed || s.at == s.end) return !s.failed;
    rule->has_summer = true;
    take_name(&s, rule->summer.name);
    rule->summer.offset_s = rule->standard.offset_s + 3600;
    if (peek(&s) != ',') rule->summer.offset_s = -take_time(&s, 24);
    rule->begin = take_change(&s);
    rule->end = take_change(&s);
    return !s.failed && s.at == s.end;
}

/* -- asking -- */

static int64_t day_of_weekday(const pl_zone_change *c, int year)
{
    pl_date first = {year, c->month, 1};
    int64_t day = pl_day_of_date(first);
    int weekday = (int)((day % 7 + 7 + THURSDAY) % 7);
    int in_month = (c->day - weekday + 7) % 7 + 7 * (c->week - 1);
    if (in_month >= pl_days_in_month(first)) in_month -= 7;
    return day + in_month;
}

static int64_t change_in(const pl_zone_change *c, int year, int offset_s)
{
    int64_t day = pl_day_of_date((pl_date){year, 1, 1});
    if (c->kind == PL_ZONE_WEEKDAY)
        day = day_of_weekday(c, year);
    else if (c->kind == PL_ZONE_DAY_FROM_0)
        day += c->day;
    else
        day += c->day - 1 + (c->day >= 60 && pl_days_in_month((pl_date){year, 2, 1}) == 29);
    return day * DAY_S + c->time_s - offset_s;
}

static int year_of(int64_t seconds)
{
    int64_t day = seconds / DAY_S - (seconds % DAY_S < 0);
    return pl_date_of_day(day).year;
}

pl_zone_time pl_zone_rule_at(const pl_zone_rule *rule, int64_t seconds)
{
    if (!rule->has_summer) return rule->standard;
    int year = year_of(seconds + rule->standard.offset_s);
    int64_t begin = change_in(&rule->begin, year, rule->standard.offset_s);
    int64_t end = change_in(&rule->end, year, rule->summer.offset_s);
    bool is_summer =
        begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;
    return is_summer ? rule->summer : rule->standard;
}
