/* SPDX-License-Identifier: MIT
 *
 * The list of err.h as a table. */
#include "base/err.h"

#include <string.h>

static const struct err_row {
    const char *name, *text;
    int status;
    bool retryable;
} rows[PL_ERR_COUNT] = {
#define X(code, name, status, retryable, text) {name, text, status, retryable},
    PL_ERRORS(X)
#undef X
};

static const struct err_row ok_row = {"ok", "ok", 200, false};

static const struct err_row *row_of(int code)
{
    if (code == PL_OK) return &ok_row;
    if (code > 0 || code < -PL_ERR_COUNT) code = PL_E_INTERNAL;
    return &rows[-(code + 1)];
}

const char *pl_err_name(int code)
{
    return row_of(code)->name;
}

const char *pl_err_text(int code)
{
    return row_of(code)->text;
}

int pl_err_status(int code)
{
    return row_of(code)->status;
}

bool pl_err_retryable(int code)
{
    return row_of(code)->retryable;
}

int pl_err_of_name(const char *name)
{
    if (strcmp(name, ok_row.name) == 0) return PL_OK;
    for (int i = 0; i < PL_ERR_COUNT; i++)
        if (strcmp(name, rows[i].name) == 0) return -i - 1;
    return PL_E_INTERNAL;
}
