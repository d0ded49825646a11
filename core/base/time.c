/* SPDX-License-Identifier: MIT
 *
 * Times as text (RFC 3339), in the Gregorian calendar carried back to the year 0. Years are counted
 * from March, so that the leap day is the last of its year and the length of the months before it
 * follows one formula; 400 years are 146097 days. Nothing here reads a clock or a time zone. */
#include "base/time.h"

#define SECOND_MS     1000
#define MINUTE_MS     (60 * SECOND_MS)
#define DAY_MS        (24 * 60 * MINUTE_MS)
#define ERA_DAYS      146097
#define EPOCH_DAY     719468                   /* from 0000-03-01 to 1970-01-01 */
#define FIRST_TIME_MS INT64_C(-62167219200000) /* 0000-01-01T00:00:00.000Z */
#define LAST_TIME_MS  INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/* Days from 1 March to the first of a month, both counted from March = 0. */
static int days_before(int months_from_march)
{
    return (153 * months_from_march + 2) / 5;
}

static int days_before_year(int years)
{
    return years * 365 + years / 4 - years / 100 + years / 400;
}

/* Days since the epoch. One era more keeps all divisions on positive numbers. */
int64_t pl_day_of_date(pl_date d)
{
    int year = d.year + 400 - (d.month <= 2);
    int month = (d.month + 9) % 12;
    return days_before_year(year) + days_before(month) + d.day - 1 - ERA_DAYS - EPOCH_DAY;
}

pl_date pl_date_of_day(int64_t day)
{
    int days = (int)(day + EPOCH_DAY + ERA_DAYS), of_era = days % ERA_DAYS;
    /* Without the leap days: one in four years of 1461 days, but in the last of a hundred of 36524,
     * and again in the last of an era. */
    int plain = of_era - of_era / 1460 + of_era / 36524 - of_era / (ERA_DAYS - 1);
    int year = days / ERA_DAYS * 400 + plain / 365;
    int rest = days - days_before_year(year);
    int month = (5 * rest + 2) / 153;
    pl_date d = {year - 400 + (month >= 10), (month + 2) % 12 + 1, rest - days_before(month) + 1};
    return d;
}

int pl_days_in_month(pl_date d)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (d.year % 4 == 0 && d.year % 100 != 0) || d.year % 400 == 0;
    return days[d.month - 1] + (d.month == 2 && is_leap);
}

static char *put_digits(char *at, int value, int width, char behind)
{
    for (int i = width - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    at[width] = behind;
    return at + width + 1;
}

void pl_time_format(int64_t wall_ms, char text[PL_TIME_TEXT + 1])
{
    if (wall_ms < FIRST_TIME_MS) wall_ms = FIRST_TIME_MS;
    if (wall_ms > LAST_TIME_MS) wall_ms = LAST_TIME_MS;
    int64_t day = (wall_ms - FIRST_TIME_MS) / DAY_MS + FIRST_TIME_MS / DAY_MS; /* rounded down */
    int ms = (int)(wall_ms - day * DAY_MS);
    pl_date d = pl_date_of_day(day);
    char *at = text;
    at = put_digits(at, d.year, 4, '-');
    at = put_digits(at, d.month, 2, '-');
    at = put_digits(at, d.day, 2, 'T');
    at = put_digits(at, ms / (60 * MINUTE_MS), 2, ':');
    at = put_digits(at, ms / MINUTE_MS % 60, 2, ':');
    at = put_digits(at, ms / SECOND_MS % 60, 2, '.');
    at = put_digits(at, ms % SECOND_MS, 3, 'Z');
    *at = '\0';
}

/* What is left to read; `failed` once something did not fit. */
struct scan {
    const char *at, *end;
    bool failed;
};

static bool is_digit_at(const struct scan *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static int scan_digits(struct scan *s, int width, int max)
{
    int value = 0;
    for (int i = 0; i < width; i++, s->at++) {
        if (!is_digit_at(s)) {
            s->failed = true;
            return 0;
        }
        value = value * 10 + (*s->at - '0');
    }
    s->failed |= value > max;
    return value;
}

/* Takes one byte out of `allowed` and returns it. */
static char scan_one_of(struct scan *s, const char *allowed)
{
    if (s->at == s->end || *s->at == '\0' || strchr(allowed, *s->at) == NULL) {
        s->failed = true;
        return '\0';
    }
    return *s->at++;
}

/* ".123456" as milliseconds; nothing there is 0. */
static int scan_fraction_ms(struct scan *s)
{
    int ms = 0, worth = 100;
    if (s->at == s->end || *s->at != '.') return 0;
    s->at++;
    s->failed |= !is_digit_at(s);
    for (; is_digit_at(s); s->at++, worth /= 10)
        ms += (*s->at - '0') * worth;
    return ms;
}

static int scan_offset_minutes(struct scan *s)
{
    char sign = scan_one_of(s, "Zz+-");
    if (s->failed || sign == 'Z' || sign == 'z') return 0;
    int hours = scan_digits(s, 2, 23);
    scan_one_of(s, ":");
    int minutes = hours * 60 + scan_digits(s, 2, 59);
    return sign == '-' ? -minutes : minutes;
}

/* RFC 3339 section 5.6, with the space for "T" that its note allows. A leap second may stand only
 * where they are put in, in the last minute of a day in UTC, and reads as the second behind it. */
static bool parse_rfc3339(pl_slice text, int64_t *wall_ms)
{
    struct scan s = {.at = text.ptr, .end = text.ptr + text.len};
    pl_date d;
    d.year = scan_digits(&s, 4, 9999);
    scan_one_of(&s, "-");
    d.month = scan_digits(&s, 2, 12);
    scan_one_of(&s, "-");
    d.day = scan_digits(&s, 2, 31);
    scan_one_of(&s, "Tt ");
    int minutes = 60 * scan_digits(&s, 2, 23);
    scan_one_of(&s, ":");
    minutes += scan_digits(&s, 2, 59);
    scan_one_of(&s, ":");
    int seconds = scan_digits(&s, 2, 60);
    int ms = scan_fraction_ms(&s);
    minutes -= scan_offset_minutes(&s);
    if (s.failed || s.at < s.end || d.month < 1 || d.day < 1 || d.day > pl_days_in_month(d))
        return false;
    if (seconds == 60 && (minutes + 24 * 60) % (24 * 60) != 24 * 60 - 1) return false;
    *wall_ms = pl_day_of_date(d) * DAY_MS + minutes * (int64_t)MINUTE_MS + seconds * SECOND_MS + ms;
    return true;
}

static bool parse_integer(pl_slice text, int64_t *wall_ms)
{
    bool is_negative = text.ptr[0] == '-';
    int64_t value = 0;
    if (text.len == (size_t)is_negative) return false;
    for (size_t i = is_negative; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
        if (__builtin_mul_overflow(value, 10, &value)) return false;
        if (__builtin_add_overflow(value, text.ptr[i] - '0', &value)) return false;
    }
    *wall_ms = is_negative ? -value : value;
    return true;
}

bool pl_time_parse(pl_slice text, int64_t *wall_ms)
{
    if (text.len == 0) return false;
    return parse_integer(text, wall_ms) || parse_rfc3339(text, wall_ms);
}
