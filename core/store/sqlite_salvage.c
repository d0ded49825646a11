/* SPDX-License-Identifier: MIT
 *
 * A damaged tree can be walked from its left end up to the damage, and from its right end down to
 * it. What lies between two damages is looked up key by key, where the keys are known: those of a
 * rowid are numbers, those of deliveries lie in the span that their event names. So what is lost is
 * little more than what stood on the damaged pages.
 *
 * Then the tables are made to agree with each other again. Where two of them contradict, what is
 * owed wins: a delivery may be sent twice, not never. */
#include "store/repair.h"
#include "store/sqlite_file.h"
#include "store/sqlite_schema.h"

#include "base/err.h"

#include <stdlib.h>
#include <unistd.h>

/* Rows of a transaction: what the WAL of the new file grows to is bounded by it. */
#define BATCH_ROWS 4096
/* Rowids to look up one by one: some microseconds each. */
#define MAX_GAP (1ll << 26)

typedef struct salvage {
    sqlite3 *db;  /* the new file */
    sqlite3 *old; /* only reads */
    pl_buf *report;
    int64_t in_batch;
    bool has_loss, has_failed; /* failed: the new file cannot be written */
} salvage;

typedef struct table {
    char *name, *columns, *key, *key_down; /* columns: those that both files know */
    char *rowid;                           /* the column that is the rowid, or NULL */
    int64_t read, refused;                 /* rows in the new file; rows that it would not take */
    int64_t low, high; /* of rowids: the last read from the left, the last from the right */
} table;

/* -- statements -- */

/* Of the new database: an error of it is the end. `sql` is freed. */
static sqlite3_stmt *prepare(salvage *s, char *sql)
{
    sqlite3_stmt *q = NULL;
    if (sql == NULL || sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK) {
        pl_buf_printf(s->report, "%s\n", sql ? sqlite3_errmsg(s->db) : "no memory");
        s->has_failed = true;
    }
    sqlite3_free(sql);
    return q;
}

/* Of the old database: one that cannot be prepared gives no rows, and an error when finalized. */
static sqlite3_stmt *prepare_old(salvage *s, char *sql)
{
    sqlite3_stmt *q = NULL;
    if (sql) sqlite3_prepare_v2(s->old, sql, -1, &q, NULL);
    sqlite3_free(sql);
    return q;
}

/* The one text that a statement gives, malloc'ed; NULL when it gives none. */
static char *text_of(sqlite3_stmt *q)
{
    char *text = NULL;
    if (q && sqlite3_step(q) == SQLITE_ROW && sqlite3_column_text(q, 0))
        text = strdup((const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    return text;
}

static bool execute(salvage *s, const char *sql)
{
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK) return true;
    pl_buf_printf(s->report, "%s\n", sqlite3_errmsg(s->db));
    s->has_failed = true;
    return false;
}

/* -- one table -- */

/* The columns of the key, each with `suffix`, ", " between them. */
static char *key_of(salvage *s, const char *name, const char *suffix)
{
    return text_of(
        prepare(s, sqlite3_mprintf("SELECT group_concat(name || %Q, ', ') FROM (SELECT name FROM"
                                   " pragma_table_info(%Q) WHERE pk ORDER BY pk)",
                                   suffix, name)));
}

/* Key first. False: the old file has no such table, or its schema cannot be read. */
static bool describe(salvage *s, const char *name, table *t)
{
    *t = (table){.name = strdup(name), .low = INT64_MIN, .high = INT64_MAX};
    char *known = text_of(prepare_old(
        s, sqlite3_mprintf("SELECT group_concat(quote(name)) FROM pragma_table_info(%Q)", name)));
    if (known == NULL) return false;
    t->columns = text_of(prepare(
        s, sqlite3_mprintf("SELECT group_concat(name, ', ') FROM (SELECT name FROM"
                           " pragma_table_info(%Q) WHERE name IN (%s) ORDER BY pk = 0, cid)",
                           name, known)));
    free(known);
    t->key = key_of(s, name, "");
    t->key_down = key_of(s, name, " DESC");
    t->rowid = text_of(
        prepare(s, sqlite3_mprintf("SELECT name FROM pragma_table_info(%Q) WHERE pk"
                                   " GROUP BY 1 = 1 HAVING count(*) = 1 AND type = 'INTEGER'",
                                   name)));
    return t->columns && t->key && t->key_down;
}

static void table_fini(table *t)
{
    free(t->name);
    free(t->columns);
    free(t->key);
    free(t->key_down);
    free(t->rowid);
}

/* `?, ?, ?` for the columns of a statement. */
static sqlite3_stmt *prepare_insert(salvage *s, const table *t, int columns)
{
    pl_buf marks;
    pl_buf_init(&marks);
    for (int i = 0; i < columns; i++)
        pl_buf_printf(&marks, "%s?", i ? ", " : "");
    sqlite3_stmt *q =
        prepare(s, sqlite3_mprintf("INSERT INTO %s(%s) VALUES(%.*s) ON CONFLICT DO NOTHING",
                                   t->name, t->columns, (int)marks.len, marks.ptr));
    pl_buf_fini(&marks);
    return q;
}

/* Damage may have made values that no gateway wrote: the new table refuses their types. */
static void put(salvage *s, table *t, sqlite3_stmt *from, sqlite3_stmt *into)
{
    for (int i = 0; i < sqlite3_column_count(from); i++)
        sqlite3_bind_value(into, i + 1, sqlite3_column_value(from, i));
    sqlite3_step(into);
    int rc = sqlite3_reset(into);
    if (rc == SQLITE_OK) {
        t->read += sqlite3_changes(s->db);
    } else if ((rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_MISMATCH) {
        t->refused++;
    } else {
        pl_buf_printf(s->report, "the new file cannot be written: %s\n", sqlite3_errmsg(s->db));
        s->has_failed = true;
    }
    if (++s->in_batch % BATCH_ROWS == 0) execute(s, "COMMIT; BEGIN");
}

/* Puts what `from` gives until it ends or meets damage; a SQLite code. `from` is finalized. */
static int put_all(salvage *s, table *t, sqlite3_stmt *from, int64_t *last)
{
    sqlite3_stmt *into = from ? prepare_insert(s, t, sqlite3_column_count(from)) : NULL;
    while (into && !s->has_failed && sqlite3_step(from) == SQLITE_ROW) {
        if (last) *last = sqlite3_column_int64(from, 0);
        put(s, t, from, into);
    }
    sqlite3_finalize(into);
    return from ? sqlite3_finalize(from) : SQLITE_CORRUPT;
}

static int walk(salvage *s, table *t, const char *order, int64_t *last)
{
    /* The key comes first where it is a number: put_all notes it. */
    return put_all(s, t,
                   prepare_old(s, sqlite3_mprintf("SELECT %s FROM %s NOT INDEXED ORDER BY %s",
                                                  t->columns, t->name, order)),
                   t->rowid ? last : NULL);
}

/* -- between two damages -- */

/* Row by row; how many could not be read. */
static int64_t look_up_rowids(salvage *s, table *t)
{
    sqlite3_stmt *from =
        prepare_old(s, sqlite3_mprintf("SELECT %s FROM %s NOT INDEXED WHERE %s = ?", t->columns,
                                       t->name, t->rowid));
    sqlite3_stmt *into = from ? prepare_insert(s, t, sqlite3_column_count(from)) : NULL;
    int64_t lost = 0;
    for (int64_t n = t->low + 1; into && n < t->high && !s->has_failed; n++) {
        sqlite3_bind_int64(from, 1, n);
        if (sqlite3_step(from) == SQLITE_ROW) put(s, t, from, into);
        if (sqlite3_reset(from) != SQLITE_OK) lost++;
    }
    sqlite3_finalize(into);
    sqlite3_finalize(from);
    return lost;
}

/* The rows of each event that was saved. */
static void look_up_spans(salvage *s, table *t)
{
    sqlite3_stmt *events =
        prepare(s, sqlite3_mprintf("SELECT first_id, last_id FROM events WHERE first_id NOTNULL"));
    sqlite3_stmt *from = prepare_old(
        s, sqlite3_mprintf("SELECT %s FROM %s WHERE id BETWEEN ? AND ?", t->columns, t->name));
    sqlite3_stmt *into = from ? prepare_insert(s, t, sqlite3_column_count(from)) : NULL;
    while (into && !s->has_failed && sqlite3_step(events) == SQLITE_ROW) {
        sqlite3_bind_value(from, 1, sqlite3_column_value(events, 0));
        sqlite3_bind_value(from, 2, sqlite3_column_value(events, 1));
        while (sqlite3_step(from) == SQLITE_ROW)
            put(s, t, from, into);
        sqlite3_reset(from);
    }
    sqlite3_finalize(into);
    sqlite3_finalize(from);
    sqlite3_finalize(events);
}

static bool has_spans(const table *t)
{
    return strcmp(t->name, "pending") == 0 || strcmp(t->name, "deliveries") == 0;
}

static void copy_damaged(salvage *s, table *t)
{
    s->has_loss = true;
    walk(s, t, t->key_down, &t->high);
    int64_t lost = -1;
    if (t->rowid && t->low > 0 && t->high - t->low < MAX_GAP) lost = look_up_rowids(s, t);
    if (has_spans(t)) look_up_spans(s, t);
    pl_buf_printf(s->report, "  %-12s %lld rows saved; ", t->name, (long long)t->read);
    if (lost >= 0)
        pl_buf_printf(s->report, "%lld could not be read\n", (long long)lost);
    else
        PL_BUF_PUT(s->report, "others could not be read\n");
}

static void copy_table(salvage *s, const char *name)
{
    table t;
    if (!describe(s, name, &t)) {
        if (!s->has_failed) pl_buf_printf(s->report, "  %-12s is not in the old file\n", name);
    } else if (walk(s, &t, t.key, &t.low) != SQLITE_OK && !s->has_failed) {
        copy_damaged(s, &t);
    } else {
        pl_buf_printf(s->report, "  %-12s %lld rows saved\n", name, (long long)t.read);
    }
    if (t.refused) {
        s->has_loss = true;
        pl_buf_printf(s->report, "  %-12s %lld rows were not as a gateway writes them\n", name,
                      (long long)t.refused);
    }
    table_fini(&t);
}

/* Events first: look_up_spans needs them. */
static void copy_tables(salvage *s)
{
    sqlite3_stmt *q = prepare(
        s, sqlite3_mprintf("SELECT name FROM sqlite_schema WHERE type = 'table'"
                           " AND name NOT LIKE 'sqlite%%' ORDER BY name != 'events', rowid"));
    pl_buf names;
    pl_buf_init(&names);
    while (q && sqlite3_step(q) == SQLITE_ROW)
        pl_buf_printf(&names, "%s%c", (const char *)sqlite3_column_text(q, 0), '\0');
    sqlite3_finalize(q);
    if (!execute(s, "BEGIN")) names.len = 0;
    for (size_t at = 0; at < names.len && !s->has_failed; at += strlen(names.ptr + at) + 1)
        copy_table(s, names.ptr + at);
    if (!s->has_failed) execute(s, "COMMIT");
    pl_buf_fini(&names);
}

/* -- agreement -- */

#define LOST_DELIVERIES "its deliveries were lost when a damaged store was salvaged"

/* Of an inner table: of the same order as the pending row p. */
#define OF_KEY \
    " order_key = p.order_key AND connector = p.connector AND order_scope = p.order_scope "

static const struct repair {
    const char *sql, *done;
} repairs[] = {
    {"DELETE FROM deliveries WHERE id IN (SELECT id FROM pending)",
     "deliveries were pending and ended at once, and are pending now"},
    {"DELETE FROM pending WHERE event NOT IN (SELECT seq FROM events)",
     "pending deliveries are lost with their events"},
    {"DELETE FROM deliveries WHERE event NOT IN (SELECT seq FROM events)",
     "ended deliveries are lost with their events"},
    {"DELETE FROM attempts WHERE delivery NOT IN (SELECT id FROM pending)"
     " AND delivery NOT IN (SELECT id FROM deliveries)",
     "attempts are lost with their deliveries"},
    {"INSERT INTO deliveries(id, event, kind, state, attempts, undecided, created_ms, finished_ms,"
     " reason) SELECT first_id, seq, 3, 4, 0, 0, received_ms, received_ms, '" LOST_DELIVERIES "'"
     " FROM events e WHERE first_id NOTNULL"
     " AND NOT EXISTS (SELECT 1 FROM pending p"
     " WHERE p.id BETWEEN e.first_id AND e.last_id AND p.event = e.seq)"
     " AND NOT EXISTS (SELECT 1 FROM deliveries d"
     " WHERE d.id BETWEEN e.first_id AND e.last_id AND d.event = e.seq)",
     "events are without their deliveries, and in the feed as unmatched: what was owed for them is "
     "not known"},
    {"UPDATE pending AS p SET held = " PL_SQLITE_BEHIND " WHERE held < " PL_SQLITE_BEHIND
     " AND EXISTS (SELECT 1 FROM pending o"
     " WHERE" OF_KEY "AND o.held < " PL_SQLITE_BEHIND " AND (o.event, o.id) < (p.event, p.id))",
     "deliveries were on their way before others of their key, and wait again"},
    {"UPDATE pending AS p SET held = 0 WHERE held = " PL_SQLITE_BEHIND
     " AND NOT EXISTS (SELECT 1 FROM pending o"
     " WHERE" OF_KEY "AND (o.held < " PL_SQLITE_BEHIND
     " OR (o.event, o.id) < (p.event, p.id))) AND NOT EXISTS"
     " (SELECT 1 FROM deliveries d WHERE" OF_KEY "AND blocks > 0 AND (blocks = 2"
     " OR d.event <= p.event))",
     "deliveries waited for others of their key that are lost, and wait no longer"},
};

static void make_agree(salvage *s)
{
    for (size_t i = 0; i < sizeof repairs / sizeof *repairs && !s->has_failed; i++) {
        if (!execute(s, repairs[i].sql)) return;
        int rows = sqlite3_changes(s->db);
        if (rows == 0) continue;
        s->has_loss = true;
        pl_buf_printf(s->report, "  %d %s\n", rows, repairs[i].done);
    }
}

/* -- the files -- */

/* The first page must be readable: it says where the tables are. */
static bool open_old(salvage *s, const char *path)
{
    char *reason = NULL;
    if (pl_sqlite_open_reader(path, &s->old, &reason) == 0) {
        /* A damaged schema, or a file that is shorter than it should be, is no reason to give up. */
        sqlite3_exec(s->old, "PRAGMA writable_schema = ON", NULL, NULL, NULL);
        if (sqlite3_exec(s->old, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) == 0)
            return true;
        pl_buf_printf(s->report, "nothing can be read from %s: %s; restore a backup\n", path,
                      sqlite3_errmsg(s->old));
    } else {
        pl_buf_printf(s->report, "%s\n", reason);
    }
    free(reason);
    return false;
}

static void forget(const char *to)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        pl_buf name;
        pl_buf_init(&name);
        pl_buf_printf(&name, "%s%s%c", to, suffixes[i], '\0');
        unlink(name.ptr);
        pl_buf_fini(&name);
    }
}

static int save(const char *from, const char *to, pl_buf *report)
{
    salvage s = {.report = report};
    char *reason = NULL;
    s.has_failed = !open_old(&s, from);
    if (!s.has_failed && pl_sqlite_open_writer(to, true, 0, &s.db, &reason)) {
        pl_buf_printf(report, "%s\n", reason);
        free(reason);
        s.has_failed = true;
    }
    if (!s.has_failed) copy_tables(&s);
    if (!s.has_failed) make_agree(&s);
    sqlite3_close(s.old);
    sqlite3_close(s.db);
    if (s.has_failed) forget(to);
    return s.has_failed ? PL_E_STORE : s.has_loss ? 1 : 0;
}

int pl_store_salvage(const char *from, const char *to, pl_buf *report)
{
    char *reason = NULL;
    if (access(from, R_OK) != 0 || access(to, F_OK) == 0) {
        bool is_there = access(from, R_OK) == 0;
        pl_buf_printf(report, "%s: %s\n", is_there ? to : from,
                      is_there ? "it is there already; name a new file" : "it cannot be read");
        return PL_E_STORE;
    }
    int lock = pl_sqlite_lock(from, &reason);
    if (lock < 0) {
        pl_buf_printf(report, "%s\n", reason);
        free(reason);
        return PL_E_STORE;
    }
    int code = save(from, to, report);
    close(lock);
    if (code == 0) pl_buf_printf(report, "everything was saved to %s\n", to);
    if (code == 1) pl_buf_printf(report, "what could be read was saved to %s\n", to);
    return code;
}
