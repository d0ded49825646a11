/* SPDX-License-Identifier: MIT
 *
 * Seven tables. The shape serves the hot path (an event comes in, goes out, is done), which touches
 * the right-hand end of each tree only, because every key is time-ordered:
 *
 *   events      what arrived, byte for byte, until retention drops the document. first_id..last_id
 *               is the span of ids of its rows in the feed
 *   pending     small: deliveries that are still owed. held: in a worker's memory, and then
 *               in no index of times; or shelved: its webhook is disabled; or behind another of its
 *               order_key
 *   deliveries  written once, when a delivery ends; calls, tries and unmatched events too.
 *               The feed is pending and deliveries merged by id, newest first. bare: retention
 *               has dropped the payload, so that it cannot be sent again. blocks: 1 the failed one
 *               that its order_key waits for, 2 cancelled while a worker held it
 *   attempts    one row an HTTP exchange
 *   idempotency the answer given under a client's key; of a call its key before the answer is known
 *   jobs        commands to all that a filter selects, and how far they are
 *   disabled    webhooks that are, until an administrator enables them
 *
 * A row is in pending or in deliveries, never in both:
 * the move is one transaction. Each entry of `versions` takes the schema
 * one version up (PRAGMA user_version) and is never changed once released. */
#include "store/sqlite_schema.h"

#include "base/buf.h"

#include <stdlib.h>

static const char *const versions[] = {
    "CREATE TABLE events("
    "  seq INTEGER PRIMARY KEY,"
    "  id TEXT UNIQUE," /* NULL: of a call or a try, which are never duplicates */
    "  type TEXT,"
    "  received_ms INTEGER NOT NULL,"
    "  first_id BLOB,"
    "  last_id BLOB,"
    "  document BLOB"
    ") STRICT;"

    "CREATE TABLE pending("
    "  id BLOB PRIMARY KEY,"
    "  event INTEGER NOT NULL,"
    "  connector TEXT,"
    "  webhook TEXT,"
    "  created_ms INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL,"
    "  first INTEGER NOT NULL," /* attempts made before the present run of the retry schedule */
    "  due_ms INTEGER NOT NULL,"
    "  held INTEGER NOT NULL,"
    "  undecided INTEGER NOT NULL,"
    "  outcome TEXT," /* outcome, status, reason: of the last attempt */
    "  status INTEGER,"
    "  reason TEXT"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX pending_due ON pending(due_ms) WHERE held = 0;"

    "CREATE TABLE deliveries("
    "  id BLOB PRIMARY KEY,"
    "  event INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL,"
    "  connector TEXT,"
    "  webhook TEXT,"
    "  state INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL,"
    "  undecided INTEGER NOT NULL,"
    "  created_ms INTEGER NOT NULL,"
    "  finished_ms INTEGER NOT NULL,"
    "  outcome TEXT,"
    "  status INTEGER,"
    "  reason TEXT"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX deliveries_failed ON deliveries(state) WHERE state = 2;"

    "CREATE TABLE attempts("
    "  seq INTEGER PRIMARY KEY,"
    "  delivery BLOB NOT NULL,"
    "  number INTEGER NOT NULL,"
    "  started_ms INTEGER NOT NULL,"
    "  outcome TEXT,"
    "  stage TEXT,"
    "  error TEXT,"
    "  method TEXT,"
    "  url TEXT,"
    "  request_fields BLOB,"
    "  request_body BLOB,"
    "  request_body_bytes INTEGER NOT NULL,"
    "  body_is_event INTEGER NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  response_fields BLOB,"
    "  response_body BLOB,"
    "  response_body_bytes INTEGER NOT NULL,"
    "  variables BLOB,"
    "  dns_us INTEGER NOT NULL,"
    "  connect_us INTEGER NOT NULL,"
    "  tls_us INTEGER NOT NULL,"
    "  first_byte_us INTEGER NOT NULL,"
    "  total_us INTEGER NOT NULL,"
    "  peer TEXT,"
    "  connection_reused INTEGER NOT NULL,"
    "  generation INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX attempts_delivery ON attempts(delivery, number);"

    "CREATE TABLE idempotency("
    "  key TEXT PRIMARY KEY,"
    "  answer TEXT,"
    "  created_ms INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;",

    "ALTER TABLE attempts ADD COLUMN trace BLOB;" /* JSON */
    "ALTER TABLE attempts ADD COLUMN traceback TEXT;",

    /* All that is asked of it, so that the rows need not be looked up. */
    "CREATE INDEX deliveries_undelivered ON deliveries(connector, outcome, status, created_ms,"
    " state, kind) WHERE state = 2 AND kind = 0;",

    "CREATE TABLE jobs("
    "  id INTEGER PRIMARY KEY,"
    "  kind INTEGER NOT NULL," /* enum pl_command_kind */
    "  state INTEGER NOT NULL,"
    "  filter TEXT," /* JSON */
    "  rate INTEGER NOT NULL,"
    "  total INTEGER NOT NULL,"
    "  done INTEGER NOT NULL,"
    "  failed INTEGER NOT NULL,"
    "  cursor BLOB," /* the last delivery taken */
    "  last BLOB,"   /* the newest that it is about */
    "  created_ms INTEGER NOT NULL,"
    "  finished_ms INTEGER"
    ") STRICT;",

    "ALTER TABLE events ADD COLUMN subject TEXT;"
    "UPDATE events SET subject = json_extract(CAST(document AS TEXT), '$.subject')"
    " WHERE instr(document, CAST('\"subject\"' AS BLOB));"
    "CREATE INDEX events_subject ON events(subject) WHERE subject NOTNULL;"
    "ALTER TABLE deliveries ADD COLUMN bare INTEGER NOT NULL DEFAULT 0;", /* its payload has gone */

    "ALTER TABLE attempts ADD COLUMN queue_us INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE attempts ADD COLUMN script_us INTEGER NOT NULL DEFAULT 0;",

    "CREATE INDEX idempotency_created ON idempotency(created_ms);",

    "CREATE INDEX pending_connector ON pending(connector, due_ms) WHERE held = 0;",

    "ALTER TABLE idempotency ADD COLUMN digest BLOB;", /* NULL: of an earlier version */

    /* Of the present run of the schedule: attempts that use up nothing of it. */
    "ALTER TABLE pending ADD COLUMN uncounted INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE attempts ADD COLUMN uncounted INTEGER NOT NULL DEFAULT 0;",

    "CREATE TABLE disabled("
    "  connector TEXT,"
    "  webhook TEXT,"
    "  since_ms INTEGER NOT NULL,"
    "  by TEXT NOT NULL,"
    "  reason TEXT,"
    "  PRIMARY KEY(connector, webhook)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX pending_shelved ON pending(connector, webhook) WHERE held = " PL_SQLITE_SHELVED
    ";",

    "ALTER TABLE idempotency ADD COLUMN call BLOB;" /* its id; NULL: the key is one of events */
    "ALTER TABLE idempotency ADD COLUMN status INTEGER;" /* see sqlite_keys.c */
    "ALTER TABLE idempotency ADD COLUMN subject TEXT;"
    "CREATE INDEX idempotency_under_way ON idempotency(call) WHERE call NOTNULL AND status IS NULL;"
    "CREATE INDEX idempotency_subject ON idempotency(subject) WHERE subject NOTNULL;",

    "ALTER TABLE events ADD COLUMN source TEXT;"
    "ALTER TABLE events ADD COLUMN token TEXT;" /* the name of whose it is; of jobs, too */
    "UPDATE events SET source = json_extract(CAST(document AS TEXT), '$.source')"
    " WHERE instr(document, CAST('\"source\"' AS BLOB));"
    "ALTER TABLE jobs ADD COLUMN token TEXT;",

    "CREATE TABLE paused(connector TEXT PRIMARY KEY, until_ms INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;",

    "ALTER TABLE pending ADD COLUMN order_key TEXT;"
    "ALTER TABLE pending ADD COLUMN order_scope TEXT;" /* the webhook, or '' */
    "ALTER TABLE deliveries ADD COLUMN order_key TEXT;"
    "ALTER TABLE deliveries ADD COLUMN order_scope TEXT;"
    "ALTER TABLE deliveries ADD COLUMN blocks INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX pending_order ON pending(order_key, connector, order_scope, held, event)"
    " WHERE order_key NOTNULL;"
    "CREATE INDEX deliveries_order ON deliveries(order_key, connector, order_scope, event, blocks)"
    " WHERE blocks > 0;"
    "DROP INDEX deliveries_undelivered;"
    "CREATE INDEX deliveries_undelivered ON deliveries(connector, outcome, status, created_ms,"
    " state, kind, blocks) WHERE state = 2 AND kind = 0;",
};

#define VERSION_COUNT ((int64_t)(sizeof versions / sizeof *versions))

static int fail(char **reason, const char *text)
{
    *reason = strdup(text);
    return -1;
}

/* The one number that a query gives. */
static int ask(sqlite3 *db, const char *sql, int64_t *answer, char **reason)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
    if (rc == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW) *answer = sqlite3_column_int64(q, 0);
    rc = q ? sqlite3_finalize(q) : rc;
    return rc == SQLITE_OK ? 0 : fail(reason, sqlite3_errmsg(db));
}

/* All versions in one transaction: on a slow disk each one is a second. */
static int upgrade(sqlite3 *db, int64_t version, char **reason)
{
    pl_buf sql;
    pl_buf_init(&sql);
    PL_BUF_PUT(&sql, "BEGIN IMMEDIATE;");
    for (; version < VERSION_COUNT; version++)
        pl_buf_printf(&sql, "%s", versions[version]);
    pl_buf_printf(&sql, "PRAGMA application_id = %s; PRAGMA user_version = %d; COMMIT%c",
                  PL_SQLITE_APPLICATION_ID, (int)VERSION_COUNT, '\0');
    int result = 0;
    if (sqlite3_exec(db, sql.ptr, NULL, NULL, NULL) != SQLITE_OK) {
        result = fail(reason, sqlite3_errmsg(db));
        if (!sqlite3_get_autocommit(db)) sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    pl_buf_fini(&sql);
    return result;
}

int pl_sqlite_migrate(sqlite3 *db, char **reason)
{
    int64_t version = 0, application = 0, objects = 0;
    if (ask(db, "PRAGMA user_version", &version, reason)) return -1;
    if (ask(db, "PRAGMA application_id", &application, reason)) return -1;
    if (ask(db, "SELECT count(*) FROM sqlite_schema", &objects, reason)) return -1;
    bool is_ours = application == atoi(PL_SQLITE_APPLICATION_ID) && version > 0;
    bool is_empty = application == 0 && version == 0 && objects == 0;
    if (!is_ours && !is_empty) return fail(reason, "it is the database of another program");
    if (version > VERSION_COUNT)
        return fail(reason,
                    "it was written by a newer version of perilune, which must be used to open it");
    return version < VERSION_COUNT ? upgrade(db, version, reason) : 0;
}
