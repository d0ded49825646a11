/* SPDX-License-Identifier: MIT
 *
 * What a statement costs to begin and to end, and to find the place of its row in each tree from the
 * root, is as much as inserting the row. One that inserts many rows does that once; SQL has no words for
 * a number of rows that is not known, but SQLite reads them from a virtual table. This is one of
 * the simplest kind: no hidden state, no writes, each scan gives all rows in order. It exists by its
 * name alone (it is "eponymous": there is nothing to create, and nothing of it in the file). */
#include "store/sqlite_rows.h"

#include <stdlib.h>

typedef struct table {
    sqlite3_vtab base;
    const pl_sqlite_rows *rows;
} table;

typedef struct cursor {
    sqlite3_vtab_cursor base;
    uint32_t at;
} cursor;

static const pl_sqlite_rows *rows_of(const sqlite3_vtab_cursor *c)
{
    return ((const table *)c->pVtab)->rows;
}

static int on_connect(sqlite3 *db, void *rows, int argc, const char *const *argv,
                      sqlite3_vtab **out, char **error)
{
    (void)argc, (void)argv, (void)error;
    int rc = sqlite3_declare_vtab(db, ((const pl_sqlite_rows *)rows)->declaration);
    table *t = rc ? NULL : sqlite3_malloc(sizeof *t);
    if (t == NULL) return rc ? rc : SQLITE_NOMEM;
    *t = (table){.rows = rows};
    *out = &t->base;
    return SQLITE_OK;
}

static int on_disconnect(sqlite3_vtab *t)
{
    sqlite3_free(t);
    return SQLITE_OK;
}

static int on_plan(sqlite3_vtab *t, sqlite3_index_info *plan)
{
    (void)t;
    plan->estimatedCost = PL_SQLITE_ROWS;
    return SQLITE_OK;
}

static int on_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
    (void)t;
    cursor *c = sqlite3_malloc(sizeof *c);
    if (c == NULL) return SQLITE_NOMEM;
    *c = (cursor){.at = 0};
    *out = &c->base;
    return SQLITE_OK;
}

static int on_close(sqlite3_vtab_cursor *c)
{
    sqlite3_free(c);
    return SQLITE_OK;
}

static int on_filter(sqlite3_vtab_cursor *c, int plan, const char *text, int argc,
                     sqlite3_value **argv)
{
    (void)plan, (void)text, (void)argc, (void)argv;
    ((cursor *)c)->at = 0;
    return SQLITE_OK;
}

static int on_next(sqlite3_vtab_cursor *c)
{
    ((cursor *)c)->at++;
    return SQLITE_OK;
}

static int on_eof(sqlite3_vtab_cursor *c)
{
    return ((cursor *)c)->at >= rows_of(c)->count;
}

static int on_column(sqlite3_vtab_cursor *c, sqlite3_context *to, int column)
{
    const pl_sqlite_rows *r = rows_of(c);
    r->column(r->rows[((cursor *)c)->at], column, to);
    return SQLITE_OK;
}

static int on_rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *rowid)
{
    *rowid = ((cursor *)c)->at;
    return SQLITE_OK;
}

/* Without xCreate, which makes it eponymous. */
static const sqlite3_module module = {
    .xConnect = on_connect,
    .xDisconnect = on_disconnect,
    .xBestIndex = on_plan,
    .xOpen = on_open,
    .xClose = on_close,
    .xFilter = on_filter,
    .xNext = on_next,
    .xEof = on_eof,
    .xColumn = on_column,
    .xRowid = on_rowid,
};

int pl_sqlite_rows_open(pl_sqlite_rows *r, sqlite3 *db, const char *name)
{
    return sqlite3_create_module_v2(db, name, &module, r, NULL);
}
