/* SPDX-License-Identifier: MIT
 *
 * What the subcommands that ask a running gateway share: its address, one request, rows as a table
 * or as JSON lines. */
#ifndef PL_CMD_TABLE_H
#define PL_CMD_TABLE_H

#include "cmd/cmd.h"

/* The first two options of such a subcommand. */
#define PL_OPTIONS_REMOTE                                                               \
    {"url", "URL", "of the gateway [http://127.0.0.1:8080]"},                           \
    {                                                                                   \
        "token", "TOKEN", "an admin token; better in the environment as PERILUNE_TOKEN" \
    }
enum { PL_OPTION_URL, PL_OPTION_TOKEN, PL_OPTION_AFTER_REMOTE };

/* The filter `token`: as an option, that is the token to ask with. */
#define PL_OPTION_BY "by"

#define PL_TABLE_CELLS 9

/* What a row has, and how it is shown. */
typedef struct pl_table {
    const char *const titles[PL_TABLE_CELLS];
    const char *const names[PL_TABLE_CELLS]; /* members of its JSON */
    int widths[PL_TABLE_CELLS];
    size_t count;
} pl_table;

/* The gateway's address without a slash at its end. */
void pl_remote_put_url(const pl_arguments *a, pl_buf *url);
const char *pl_remote_token(const pl_arguments *a);
/* The filter's name that an option stands for. */
const char *pl_remote_filter(const pl_option *option);
/* GETs, or POSTs a body that is not NULL: an exit code, and what is wrong is said. */
int pl_remote_ask(const pl_arguments *a, const char *url, const char *body, pl_buf *answer);
/* Says what the answer of a request that failed says. */
void pl_remote_complain(const char *url, int status, pl_slice answer);

void pl_table_head(const pl_table *t);
void pl_table_row(const pl_table *t, pl_slice row);

#endif
