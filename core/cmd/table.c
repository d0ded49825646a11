/* SPDX-License-Identifier: MIT */
#include "cmd/table.h"

#include "base/json.h"
#include "net/fetch.h"

#include <stdio.h>
#include <stdlib.h>

void pl_remote_put_url(const pl_arguments *a, pl_buf *url)
{
    const char *base = a->values[PL_OPTION_URL];
    if (base == NULL) base = "http://127.0.0.1:8080";
    size_t len = strlen(base);
    while (len && base[len - 1] == '/')
        len--;
    pl_buf_printf(url, "%.*s", (int)len, base);
}

const char *pl_remote_filter(const pl_option *option)
{
    return strcmp(option->name, PL_OPTION_BY) == 0 ? "token" : option->name;
}

const char *pl_remote_token(const pl_arguments *a)
{
    return a->values[PL_OPTION_TOKEN] ? a->values[PL_OPTION_TOKEN] : getenv("PERILUNE_TOKEN");
}

/* A member as text; "-" for null or none. */
static char *member(pl_slice row, const char *name)
{
    pl_buf text;
    pl_buf_init(&text);
    pl_slice raw = pl_json_find(row, pl_slice_of(name));
    if (!pl_json_unescape(raw, &text)) {
        bool is_null = raw.len == 0 || pl_slice_eq(raw, PL_SLICE("null"));
        pl_buf_put_slice(&text, is_null ? PL_SLICE("-") : raw);
    }
    pl_buf_put_char(&text, '\0');
    return pl_buf_take(&text, NULL);
}

void pl_remote_complain(const char *url, int status, pl_slice answer)
{
    char *detail = member(answer, "detail");
    fprintf(stderr, "%s: %d, %s\n", url, status, detail);
    free(detail);
}

static bool on_piece(void *arg, int status, pl_slice piece)
{
    (void)status;
    pl_buf_put_slice(arg, piece);
    return true;
}

int pl_remote_ask(const pl_arguments *a, const char *url, const char *body, pl_buf *answer)
{
    char error[256] = "";
    int status = pl_fetch(url, pl_remote_token(a), body, on_piece, answer, error);
    if (status < 0)
        fprintf(stderr, "%s: %s\n", url, error);
    else if (status >= 300)
        pl_remote_complain(url, status, pl_buf_slice(answer));
    return status >= 200 && status < 300 ? PL_EXIT_OK : PL_EXIT_FAILED;
}

static void print_line(const pl_table *t, const char *const cells[PL_TABLE_CELLS])
{
    for (size_t i = 0; i < t->count; i++)
        printf("%-*s%s", i + 1 < t->count ? t->widths[i] : 0, cells[i],
               i + 1 < t->count ? "  " : "\n");
}

void pl_table_head(const pl_table *t)
{
    print_line(t, t->titles);
}

void pl_table_row(const pl_table *t, pl_slice row)
{
    char *cells[PL_TABLE_CELLS];
    for (size_t i = 0; i < t->count; i++)
        cells[i] = member(row, t->names[i]);
    print_line(t, (const char *const *)cells);
    for (size_t i = 0; i < t->count; i++)
        free(cells[i]);
}
