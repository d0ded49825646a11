/* SPDX-License-Identifier: MIT */
#include "text/zone.h"

#include "text/zone_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FOLDER         "/usr/share/zoneinfo/"
#define MAX_NAME_BYTES 64
#define MAX_FILE_BYTES (256 << 10)

/* A zone that was read. It is never changed and never freed, so a pointer to it may be used without
 * the lock. */
typedef struct zone {
    struct zone *next;
    char name[MAX_NAME_BYTES + 1];
    pl_zone_file file;
    char *bytes;
} zone;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static zone *zones;

/* -- offsets -- */

static bool take_two_digits(pl_slice *s, int max, int *value)
{
    if (s->len < 2) return false;
    int high = s->ptr[0] - '0', low = s->ptr[1] - '0';
    if (high < 0 || high > 9 || low < 0 || low > 9) return false;
    *value = high * 10 + low;
    *s = pl_slice_from(*s, 2);
    return *value <= max;
}

/* "+02", "+0200", "+02:00" */
static bool read_offset(pl_slice text, pl_zone_time *time)
{
    int hours, minutes = 0;
    char sign = *text.ptr;
    pl_slice s = pl_slice_from(text, 1);
    if (!take_two_digits(&s, 23, &hours)) return false;
    if (s.len == 3 && *s.ptr == ':') s = pl_slice_from(s, 1);
    if (s.len > 0 && !take_two_digits(&s, 59, &minutes)) return false;
    if (s.len > 0) return false;
    time->offset_s = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    if (time->offset_s == 0)
        strcpy(time->name, "UTC");
    else
        snprintf(time->name, sizeof time->name, "UTC%c%02d:%02d", sign, hours, minutes);
    return true;
}

/* -- files -- */

/* Names are paths below the folder. They cannot lead out of it, as no dot is allowed, and a file has
 * one name only, as no second slash is: so there are never more zones than files. */
static bool is_name(pl_slice name)
{
    if (name.len == 0 || name.len > MAX_NAME_BYTES) return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i], lower = (char)(c | 0x20);
        bool is_letter = lower >= 'a' && lower <= 'z';
        bool is_other = (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '/';
        if (!is_letter && (i == 0 || !is_other)) return false;
        if (c == '/' && name.ptr[i - 1] == '/') return false;
    }
    return true;
}

static bool read_file(const char *path, pl_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    ssize_t count;
    do {
        count = read(fd, pl_buf_reserve(out, 16 << 10), 16 << 10);
        if (count > 0) out->len += (size_t)count;
    } while (count > 0 && out->len <= MAX_FILE_BYTES);
    close(fd);
    return count == 0;
}

static zone *load(pl_slice name)
{
    char path[sizeof FOLDER + MAX_NAME_BYTES];
    pl_buf bytes = {0};
    pl_zone_file file;
    snprintf(path, sizeof path, FOLDER "%.*s", PL_FMT(name));
    if (!read_file(path, &bytes) || !pl_zone_file_read(pl_buf_slice(&bytes), &file)) {
        pl_buf_fini(&bytes);
        return NULL;
    }
    zone *z = pl_alloc_zero(sizeof *z);
    memcpy(z->name, name.ptr, name.len);
    z->file = file;
    z->bytes = pl_buf_take(&bytes, NULL);
    return z;
}

static const zone *find(pl_slice name)
{
    pthread_mutex_lock(&lock);
    zone *z = zones;
    while (z && !pl_slice_eq(name, pl_slice_of(z->name)))
        z = z->next;
    if (z == NULL && (z = load(name)) != NULL) {
        z->next = zones;
        zones = z;
    }
    pthread_mutex_unlock(&lock);
    return z;
}

bool pl_zone_at(pl_slice name, int64_t seconds, pl_zone_time *time)
{
    static const pl_zone_time utc = {0, "UTC"};
    *time = utc;
    if (pl_slice_eq(name, PL_SLICE("UTC")) || pl_slice_eq(name, PL_SLICE("Z"))) return true;
    if (name.len > 0 && (*name.ptr == '+' || *name.ptr == '-')) return read_offset(name, time);
    const zone *z = is_name(name) ? find(name) : NULL;
    if (z) *time = pl_zone_file_at(&z->file, seconds);
    return z != NULL;
}
