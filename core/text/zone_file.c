/* SPDX-License-Identifier: MIT
 *
 *   header  data with 4-byte times   header  data with 8-byte times   "\n" rule "\n"
 *   \____ version 1, skipped ____/   \_______ what is read _______/   what holds behind the last
 *                                                                     change
 *
 * Data: times of changes, the type that each leads to, types, names, leap seconds, and two lists
 * of flags that only matter for rules of version 1. */
#include "text/zone_file.h"

#define HEADER_BYTES 44
#define TYPE_BYTES   6
#define MAX_COUNT    65536 /* of anything; a real zone has a few hundred changes */

struct header {
    uint32_t universal, standard, leaps, changes, types, name_bytes;
};

static uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t read_i64(const uint8_t *p)
{
    return (int64_t)((uint64_t)read_u32(p) << 32 | read_u32(p + 4));
}

static bool read_header(pl_slice bytes, struct header *h)
{
    if (!pl_slice_starts(bytes, PL_SLICE("TZif")) || bytes.len < HEADER_BYTES) return false;
    uint32_t *const counts[] = {&h->universal, &h->standard, &h->leaps,
                                &h->changes,   &h->types,    &h->name_bytes};
    const uint8_t *p = (const uint8_t *)bytes.ptr + 20;
    for (int i = 0; i < 6; i++) {
        *counts[i] = read_u32(p + 4 * i);
        if (*counts[i] > MAX_COUNT) return false;
    }
    return bytes.ptr[4] >= '2' && h->types > 0;
}

static size_t data_bytes(const struct header *h, size_t time_bytes)
{
    return h->changes * (time_bytes + 1) + h->types * (size_t)TYPE_BYTES + h->name_bytes +
           h->leaps * (time_bytes + 4) + h->standard + h->universal;
}

/* Every type that is led to is there, and every name ends within the names. */
static bool is_sound(const pl_zone_file *f)
{
    for (uint32_t i = 0; i < f->change_count; i++)
        if (f->kinds[i] >= f->type_count) return false;
    for (uint32_t i = 0; i < f->type_count; i++) {
        uint32_t at = f->types[i * TYPE_BYTES + 5];
        if (at >= f->name_bytes) return false;
        size_t room = f->name_bytes - at, max = PL_ZONE_NAME + 1;
        if (memchr(f->names + at, 0, room < max ? room : max) == NULL) return false;
        int32_t offset = (int32_t)read_u32(f->types + i * TYPE_BYTES);
        if (offset < -86400 || offset > 86400) return false;
    }
    return true;
}

static bool read_rule(pl_slice footer, pl_zone_file *f)
{
    if (footer.len < 2 || *footer.ptr != '\n') return false;
    const char *start = footer.ptr + 1, *end = memchr(start, '\n', footer.len - 1);
    if (end == NULL) return false;
    f->has_rule = end > start;
    return !f->has_rule || pl_zone_rule_read((pl_slice){start, (size_t)(end - start)}, &f->rule);
}

bool pl_zone_file_read(pl_slice bytes, pl_zone_file *f)
{
    struct header h;
    if (!read_header(bytes, &h)) return false;
    bytes = pl_slice_from(bytes, HEADER_BYTES + data_bytes(&h, 4));
    /* With leap seconds times would not be those of POSIX. */
    if (!read_header(bytes, &h) || h.leaps > 0) return false;
    bytes = pl_slice_from(bytes, HEADER_BYTES);
    if (bytes.len < data_bytes(&h, 8)) return false;
    const uint8_t *p = (const uint8_t *)bytes.ptr;
    *f = (pl_zone_file){
        .change_count = h.changes, .type_count = h.types, .name_bytes = h.name_bytes};
    f->changes = p;
    f->kinds = f->changes + h.changes * 8;
    f->types = f->kinds + h.changes;
    f->names = (const char *)f->types + h.types * TYPE_BYTES;
    return is_sound(f) && read_rule(pl_slice_from(bytes, data_bytes(&h, 8)), f);
}

/* How many changes are at or before a time. */
static uint32_t changes_until(const pl_zone_file *f, int64_t seconds)
{
    uint32_t low = 0, high = f->change_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (read_i64(f->changes + middle * 8) <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

pl_zone_time pl_zone_file_at(const pl_zone_file *f, int64_t seconds)
{
    pl_zone_time time = {0};
    uint32_t passed = changes_until(f, seconds);
    if (passed == f->change_count && f->has_rule) return pl_zone_rule_at(&f->rule, seconds);
    const uint8_t *type = f->types + (passed ? f->kinds[passed - 1] : 0) * TYPE_BYTES;
    time.offset_s = (int32_t)read_u32(type);
    const char *name = f->names + type[5];
    memcpy(time.name, name, strlen(name) + 1);
    return time;
}
