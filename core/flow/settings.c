/* SPDX-License-Identifier: MIT
 *
 * Everything here follows from the list in the header: a setting is its row and the offset of its
 * member, so that defaults, setting from text and freeing are one switch over the kind each. */
#include "flow/settings.h"

#include "http/syntax.h"

#include <stdlib.h>

const pl_setting pl_setting_list[] = {
#define X(kind, member, name, initial, allowed, help) \
    {PL_SETTING_##kind, name, initial, allowed, help, offsetof(pl_settings, member)},
    PL_SETTINGS(X)
#undef X
};

const size_t pl_setting_count = sizeof pl_setting_list / sizeof *pl_setting_list;

static void *member_of(pl_settings *s, const pl_setting *setting)
{
    return (char *)s + setting->offset;
}

/* Digits that fit 53 bits: what a number of gateway.lua can hold as well. */
static bool read_count(pl_slice s, int64_t *n)
{
    *n = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
        *n = *n * 10 + (s.ptr[i] - '0');
        if (*n >> 53) return false;
    }
    return s.len > 0;
}

static bool read_bytes(pl_slice s, int64_t *n)
{
    int shift = 0;
    switch (s.len ? s.ptr[s.len - 1] : 0) {
    case 'k':
    case 'K':
        shift = 10;
        break;
    case 'm':
    case 'M':
        shift = 20;
        break;
    case 'g':
    case 'G':
        shift = 30;
    }
    if (shift) s.len--;
    if (!read_count(s, n) || *n >> (53 - shift)) return false;
    *n <<= shift;
    return true;
}

/* Digits with at most one point, as milliseconds; what is finer is rounded. */
static bool read_seconds(pl_slice s, int64_t *ms)
{
    double value = 0, unit = 1;
    bool has_digit = false, has_point = false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
        has_digit = true;
        value = value * 10 + (s.ptr[i] - '0');
        if (has_point) unit *= 10;
    }
    value = value / unit * 1000;
    if (!has_digit || !(value < 0x1p53)) return false;
    *ms = (int64_t)(value + 0.5);
    return true;
}

static void set_list(pl_settings *s, const pl_setting *setting, pl_slice text)
{
    pl_settings_clear(s, setting);
    while (text.len) {
        pl_slice item;
        pl_cut(&text, ',', &item);
        item = pl_trim(item);
        if (item.len) pl_settings_add(s, setting, item);
    }
}

void pl_settings_init(pl_settings *s)
{
    *s = (pl_settings){0};
    for (size_t i = 0; i < pl_setting_count; i++)
        pl_settings_set(s, &pl_setting_list[i], pl_slice_of(pl_setting_list[i].initial));
}

void pl_settings_fini(pl_settings *s)
{
    for (size_t i = 0; i < pl_setting_count; i++) {
        const pl_setting *setting = &pl_setting_list[i];
        if (setting->kind == PL_SETTING_TEXT || setting->kind == PL_SETTING_FILE)
            free(*(char **)member_of(s, setting));
        else if (setting->kind == PL_SETTING_LIST || setting->kind == PL_SETTING_SECRETS)
            pl_settings_clear(s, setting);
    }
    *s = (pl_settings){0};
}

static bool read_number(enum pl_setting_kind kind, pl_slice text, int64_t *n)
{
    if (kind == PL_SETTING_COUNT) return read_count(text, n);
    return kind == PL_SETTING_BYTES ? read_bytes(text, n) : read_seconds(text, n);
}

bool pl_setting_range(const pl_setting *setting, int64_t *min, int64_t *max)
{
    const char *dots = strstr(setting->allowed, "..");
    if (dots == NULL) return false;
    return read_number(setting->kind,
                       (pl_slice){setting->allowed, (size_t)(dots - setting->allowed)}, min) &&
           read_number(setting->kind, pl_slice_of(dots + 2), max);
}

/* One of "a|b|c"; anything when the list is empty. */
static bool is_choice(const char *choices, pl_slice text)
{
    pl_slice rest = pl_slice_of(choices);
    if (rest.len == 0) return true;
    while (rest.len) {
        const char *bar = memchr(rest.ptr, '|', rest.len);
        pl_slice choice = {rest.ptr, bar ? (size_t)(bar - rest.ptr) : rest.len};
        if (pl_slice_eq(choice, text)) return true;
        rest = pl_slice_from(rest, choice.len + 1);
    }
    return false;
}

static const char *set_text(char **member, const pl_setting *setting, pl_slice text)
{
    if (!is_choice(setting->allowed, text)) return setting->allowed;
    free(*member);
    *member = pl_alloc_text(text);
    return NULL;
}

static const char *set_number(int64_t *member, const pl_setting *setting, pl_slice text)
{
    static const char *const expected[] = {
        [PL_SETTING_COUNT] = "a whole number",
        [PL_SETTING_BYTES] = "a number of bytes, such as 65536, 64k, 1M or 1G",
        [PL_SETTING_SECONDS] = "a number of seconds, such as 5 or 0.5",
    };
    int64_t n, min, max;
    if (!read_number(setting->kind, text, &n)) return expected[setting->kind];
    if (pl_setting_range(setting, &min, &max) && (n < min || n > max)) return setting->allowed;
    *member = n;
    return NULL;
}

const char *pl_settings_set(pl_settings *s, const pl_setting *setting, pl_slice text)
{
    void *member = member_of(s, setting);
    switch (setting->kind) {
    case PL_SETTING_TEXT:
    case PL_SETTING_FILE:
        return set_text(member, setting, text);
    case PL_SETTING_LIST:
    case PL_SETTING_SECRETS:
        set_list(s, setting, text);
        return NULL;
    default:
        return set_number(member, setting, text);
    }
}

static void place_file(char **path, const char *folder)
{
    pl_buf placed;
    if (**path == '\0' || **path == '/') return;
    pl_buf_init(&placed);
    pl_buf_printf(&placed, "%s/%s", folder, *path);
    free(*path);
    *path = pl_alloc_text(pl_buf_slice(&placed));
    pl_buf_fini(&placed);
}

void pl_settings_place(pl_settings *s, const char *folder)
{
    for (size_t i = 0; i < pl_setting_count; i++)
        if (pl_setting_list[i].kind == PL_SETTING_FILE)
            place_file(member_of(s, &pl_setting_list[i]), folder);
}

void pl_settings_clear(pl_settings *s, const pl_setting *setting)
{
    pl_list *list = member_of(s, setting);
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (pl_list){0};
}

void pl_settings_add(pl_settings *s, const pl_setting *setting, pl_slice text)
{
    pl_list *list = member_of(s, setting);
    list->items = pl_realloc(list->items, (list->count + 1) * sizeof *list->items);
    list->items[list->count++] = pl_alloc_text(text);
}

void pl_setting_flag(const pl_setting *setting, pl_buf *out)
{
    for (const char *c = setting->name; *c; c++)
        pl_buf_put_char(out, *c == '.' || *c == '_' ? '-' : *c);
}

void pl_setting_variable(const pl_setting *setting, pl_buf *out)
{
    PL_BUF_PUT(out, "PERILUNE_");
    for (const char *c = setting->name; *c; c++)
        pl_buf_put_char(out, *c == '.' ? '_' : *c >= 'a' && *c <= 'z' ? (char)(*c - 0x20) : *c);
}

const char *pl_setting_kind_name(enum pl_setting_kind kind)
{
    static const char *const names[] = {
        [PL_SETTING_TEXT] = "text",       [PL_SETTING_FILE] = "file",
        [PL_SETTING_COUNT] = "count",     [PL_SETTING_BYTES] = "bytes",
        [PL_SETTING_SECONDS] = "seconds", [PL_SETTING_LIST] = "list",
        [PL_SETTING_SECRETS] = "secrets",
    };
    return names[kind];
}
