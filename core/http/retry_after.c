/* SPDX-License-Identifier: MIT
 *
 *     IMF-fixdate   Sun, 06 Nov 1994 08:49:37 GMT
 *     RFC 850       Sunday, 06-Nov-94 08:49:37 GMT
 *     asctime       Sun Nov  6 08:49:37 1994
 *
 * Each is read by a pattern, one letter for each place: D, M, Y, h, m, s are digits (D also a
 * blank in front), N the name of a month, and everything else stands for itself. */
#include "http/retry_after.h"

#include "base/time.h"
#include "http/syntax.h"

static const char *const day_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const long_day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                             "Thursday", "Friday", "Saturday"};
static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

typedef struct fields {
    int day, month, year, hour, minute, second;
} fields;

/* Cuts one of the names off the front; its index, or -1. */
static int cut_name(pl_slice *rest, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        size_t len = strlen(names[i]);
        if (rest->len < len || memcmp(rest->ptr, names[i], len) != 0) continue;
        *rest = pl_slice_from(*rest, len);
        return i;
    }
    return -1;
}

static int *place_of(fields *f, char letter)
{
    return letter == 'D'   ? &f->day
           : letter == 'Y' ? &f->year
           : letter == 'h' ? &f->hour
           : letter == 'm' ? &f->minute
           : letter == 's' ? &f->second
                           : NULL;
}

static bool take_digit(int *place, char c, char letter)
{
    if (letter == 'D' && *place == 0 && c == ' ') return true;
    if (c < '0' || c > '9') return false;
    *place = *place * 10 + c - '0';
    return true;
}

static bool read_pattern(const char *pattern, pl_slice rest, fields *f)
{
    for (; *pattern; pattern++) {
        if (*pattern == 'N') {
            f->month = cut_name(&rest, month_names, 12) + 1;
            if (f->month == 0) return false;
            continue;
        }
        if (rest.len == 0) return false;
        int *place = place_of(f, *pattern);
        if (place ? !take_digit(place, *rest.ptr, *pattern) : *rest.ptr != *pattern) return false;
        rest = pl_slice_from(rest, 1);
    }
    return rest.len == 0;
}

static int year_of(int64_t wall_s)
{
    int64_t day = wall_s / 86400 - (wall_s % 86400 < 0);
    return pl_date_of_day(day).year;
}

/* The year of two digits that is not more than 50 ahead. */
static int full_year(int two_digits, int now)
{
    int year = now / 100 * 100 + two_digits;
    if (year > now + 50) return year - 100;
    return year + 100 <= now + 50 ? year + 100 : year;
}

static bool to_seconds(const fields *f, int64_t *wall_s)
{
    pl_date first = {f->year, f->month, 1}, date = {f->year, f->month, f->day};
    /* A leap second is the one that follows it. */
    if (f->day < 1 || f->day > pl_days_in_month(first)) return false;
    if (f->hour > 23 || f->minute > 59 || f->second > 60) return false;
    *wall_s = pl_day_of_date(date) * 86400 + f->hour * 3600 + f->minute * 60 + f->second;
    return true;
}

bool pl_http_date_read(pl_slice text, int64_t now_s, int64_t *wall_s)
{
    fields f = {0};
    if (cut_name(&text, long_day_names, 7) >= 0) {
        if (!read_pattern(", DD-N-YY hh:mm:ss GMT", text, &f)) return false;
        f.year = full_year(f.year, year_of(now_s));
        return to_seconds(&f, wall_s);
    }
    if (cut_name(&text, day_names, 7) < 0) return false;
    bool is_fixdate = text.len > 0 && *text.ptr == ',';
    const char *pattern = is_fixdate ? ", DD N YYYY hh:mm:ss GMT" : " N DD hh:mm:ss YYYY";
    return read_pattern(pattern, text, &f) && to_seconds(&f, wall_s);
}

/* Digits only; what is beyond all measure stays so. */
static bool read_seconds(pl_slice value, int64_t *seconds)
{
    const int64_t most = INT64_C(1000000000000);
    *seconds = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9') return false;
        *seconds = *seconds * 10 + value.ptr[i] - '0';
        if (*seconds > most) *seconds = most;
    }
    return value.len > 0;
}

int64_t pl_http_retry_after_ms(pl_slice value, int64_t now_ms)
{
    int64_t seconds, at_s;
    value = pl_trim(value);
    if (read_seconds(value, &seconds)) return seconds * 1000;
    if (!pl_http_date_read(value, now_ms / 1000, &at_s)) return -1;
    return at_s * 1000 > now_ms ? at_s * 1000 - now_ms : 0;
}
