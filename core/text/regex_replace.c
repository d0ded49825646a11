/* SPDX-License-Identifier: MIT
 *
 * The rules are those of Python's re module ("re.sub"): \g<...> is a group by number or name, one
 * or two digits are a group by number, three octal digits or a leading 0 are a character, ASCII
 * letters are escapes or mistakes, and any other character behind a backslash stands with it. */
#include "text/regex_replace.h"

#include "text/chars.h"

#include <stdlib.h>

typedef struct expansion {
    pl_buf *out;
    const pl_regex_groups *groups;
    const char *at, *end; /* at: behind the backslash */
    pl_buf *message;
} expansion;

static const char *complain(expansion *e, const char *what, pl_slice name)
{
    pl_buf_clear(e->message);
    pl_buf_printf(e->message, "%s%.*s in the replacement", what, PL_FMT(name));
    pl_buf_put_char(e->message, '\0');
    return e->message->ptr;
}

static const char *put_group(expansion *e, size_t group, pl_slice name)
{
    if (group > e->groups->count) return complain(e, "invalid group reference ", name);
    if (e->groups->text_of) pl_buf_put_slice(e->out, e->groups->text_of(e->groups->ud, group));
    return NULL;
}

static bool is_digit(const char *p, const char *end, char last)
{
    return p < end && *p >= '0' && *p <= last;
}

/* "<name>" behind \g */
static const char *put_named(expansion *e)
{
    const char *start = ++e->at;
    if (start == e->end || *start != '<') return complain(e, "missing < behind \\g", PL_SLICE(""));
    const char *close = memchr(start, '>', (size_t)(e->end - start));
    if (close == NULL) return complain(e, "missing >, unterminated name", PL_SLICE(""));
    pl_slice name = {start + 1, (size_t)(close - start) - 1};
    if (name.len == 0) return complain(e, "missing group name", PL_SLICE(""));
    e->at = close + 1;
    size_t number = 0, i = 0;
    for (; i < name.len && i < 5 && is_digit(name.ptr + i, close, '9'); i++)
        number = number * 10 + (size_t)(name.ptr[i] - '0');
    if (i == name.len) return put_group(e, number, name);
    int named = e->groups->number_of(e->groups->ud, name);
    if (named < 0) return complain(e, "unknown group name ", name);
    return put_group(e, (size_t)named, name);
}

static const char *put_octal(expansion *e, int digits)
{
    uint32_t c = 0;
    const char *start = e->at;
    for (int i = 0; i < digits && is_digit(e->at, e->end, '7'); i++)
        c = c * 8 + (uint32_t)(*e->at++ - '0');
    if (c > 0377)
        return complain(e, "octal escape value above 0o377: \\",
                        (pl_slice){start, (size_t)(e->at - start)});
    pl_char_put(e->out, c);
    return NULL;
}

static const char *put_numbered(expansion *e)
{
    const char *start = e->at, *end = e->end;
    bool has_second = is_digit(start + 1, end, '9');
    if (*start == '0') return put_octal(e, 3);
    if (is_digit(start, end, '7') && is_digit(start + 1, end, '7') && is_digit(start + 2, end, '7'))
        return put_octal(e, 3);
    size_t group = (size_t)(*start - '0');
    if (has_second) group = group * 10 + (size_t)(start[1] - '0');
    e->at += 1 + has_second;
    return put_group(e, group, (pl_slice){start, (size_t)(e->at - start)});
}

static const char *put_escape(expansion *e)
{
    static const char letters[] = "abfnrtv\\", values[] = "\a\b\f\n\r\t\v\\";
    if (e->at == e->end) return complain(e, "bad escape (end of pattern)", PL_SLICE(""));
    if (*e->at == 'g') return put_named(e);
    if (is_digit(e->at, e->end, '9')) return put_numbered(e);
    const char *letter = *e->at ? strchr(letters, *e->at) : NULL;
    char lower = (char)(*e->at | 0x20);
    if (letter == NULL && lower >= 'a' && lower <= 'z')
        return complain(e, "bad escape \\", (pl_slice){e->at, 1});
    if (letter)
        pl_buf_put_char(e->out, values[letter - letters]);
    else
        pl_buf_put(e->out, e->at - 1, 2);
    e->at++;
    return NULL;
}

const char *pl_regex_expand(pl_buf *out, pl_slice template, const pl_regex_groups *groups,
                            pl_buf *message)
{
    expansion e = {out, groups, template.ptr, template.ptr + template.len, message};
    const char *wrong = NULL;
    while (e.at < e.end && wrong == NULL) {
        const char *backslash = memchr(e.at, '\\', (size_t)(e.end - e.at));
        const char *stop = backslash ? backslash : e.end;
        pl_buf_put(out, e.at, (size_t)(stop - e.at));
        e.at = stop;
        if (backslash == NULL) break;
        e.at++;
        wrong = put_escape(&e);
    }
    return wrong;
}
