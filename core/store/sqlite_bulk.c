/* SPDX-License-Identifier: MIT
 *
 * One delivery that two records of a group end (of workers that had it one after the other) makes the
 * second fail: then the group is done over, one by one (sqlite_group.h).
 *
 * The statements fail at the first row that cannot be inserted (OR FAIL) and leave those before it: the
 * transaction is rolled back in any case, and so SQLite needs no copies of the pages that they change. */
#include "store/sqlite_bulk.h"

#include "store/sqlite_attempt.h"
#include "store/sqlite_bind.h"

enum statement {
    ADD_BEGINS,
    ADD_EVENTS,
    ADD_CALLS,
    IS_PENDING,
    ADD_ENDS,
    DROP_ENDS,
    ADD_ATTEMPTS,
    STATEMENT_COUNT
};

_Static_assert(STATEMENT_COUNT == PL_SQLITE_BULK_STATEMENTS, "one slot a statement");

/* A record, as tables want it. */
#define RECORD_COLUMNS(X)      \
    X(EVENT, "event")          \
    X(KIND, "kind")            \
    X(CONNECTOR, "connector")  \
    X(WEBHOOK, "webhook")      \
    X(STATE, "state")          \
    X(CREATED, "created_ms")   \
    X(FINISHED, "finished_ms") \
    X(ATTEMPTS, "attempts")    \
    X(OUTCOME, "outcome")      \
    X(STATUS, "status")        \
    X(REASON, "reason")        \
    X(TYPE, "type")            \
    X(RECEIVED, "received_ms") \
    X(DOCUMENT, "document")    \
    X(SUBJECT, "subject")      \
    X(SOURCE, "source")        \
    X(TOKEN, "token")

enum record_column {
#define X(code, ...) RECORD_##code,
    RECORD_COLUMNS(X)
#undef X
        RECORD_ID
};

#define X(code, name) name ", "
static const char declaration[] = "CREATE TABLE x(" RECORD_COLUMNS(X) "id)";
#undef X

/* A delivery that begins. */
#define BEGIN_COLUMNS(X)      \
    X(EVENT, "event")         \
    X(CONNECTOR, "connector") \
    X(WEBHOOK, "webhook")     \
    X(CREATED, "created_ms")  \
    X(PLACE, "held")          \
    X(UNDECIDED, "undecided")

enum begin_column {
#define X(code, ...) BEGIN_##code,
    BEGIN_COLUMNS(X)
#undef X
        BEGIN_ID
};

#define X(code, name) name ", "
static const char begins_declaration[] = "CREATE TABLE x(" BEGIN_COLUMNS(X) "id)";
#undef X

static const char add_begins[] =
    "INSERT OR FAIL INTO pending(id, event, connector, webhook, created_ms, due_ms, held,"
    " undecided, attempts, first) SELECT id, event, connector, webhook, created_ms, created_ms,"
    " held, undecided, 0, 0 FROM new_begins";

static void give_begin(void *arg, const void *row, uint32_t number, int column, sqlite3_context *to)
{
    (void)arg, (void)number;
    const pl_sqlite_begin *r = row;
    switch ((enum begin_column)column) {
    case BEGIN_EVENT:
        sqlite3_result_int64(to, r->event);
        break;
    case BEGIN_CONNECTOR:
        pl_sqlite_give_text(to, r->delivery->connector);
        break;
    case BEGIN_WEBHOOK:
        pl_sqlite_give_text(to, r->delivery->webhook);
        break;
    case BEGIN_CREATED:
        sqlite3_result_int64(to, r->now_ms);
        break;
    case BEGIN_PLACE:
        sqlite3_result_int(to, r->place);
        break;
    case BEGIN_UNDECIDED:
        sqlite3_result_int(to, r->delivery->undecided);
        break;
    case BEGIN_ID:
        pl_sqlite_give_id(to, &r->delivery->id);
        break;
    }
}

/* Its event has no id here, so that it is never a duplicate. */
static const char add_events[] =
    "INSERT OR FAIL INTO events(type, received_ms, first_id, last_id, document, subject, source,"
    " token) SELECT type, received_ms, id, id, document, subject, source, token FROM new_calls";
static const char add_calls[] =
    "INSERT OR FAIL INTO deliveries(id, event, kind, connector, webhook, state, attempts,"
    " undecided, created_ms, finished_ms, outcome, status, reason)"
    " SELECT id, event, kind, connector, webhook, state, coalesce(attempts, 0), 0, created_ms,"
    " finished_ms, outcome, status, reason FROM new_calls";

/* From pending to deliveries. Without an attempt, what the last one left stays. */
static const char is_pending[] = "SELECT 1 FROM pending WHERE id = ?1";
static const char add_ends[] =
    "INSERT OR FAIL INTO deliveries(id, event, kind, connector, webhook, state, attempts,"
    " undecided, created_ms, finished_ms, outcome, status, reason)"
    " SELECT p.id, p.event, 0, p.connector, p.webhook, n.state, coalesce(n.attempts, p.attempts),"
    " p.undecided, p.created_ms, n.finished_ms, iif(n.attempts IS NULL, p.outcome, n.outcome),"
    " iif(n.attempts IS NULL, p.status, n.status), iif(n.attempts IS NULL, p.reason, n.reason)"
    " FROM new_ends n CROSS JOIN pending p ON p.id = n.id";
static const char drop_ends[] = "DELETE FROM pending WHERE id IN (SELECT id FROM new_ends)";

/* Of the last attempt, if one was made. */
static void give_last(const pl_attempt *a, enum record_column column, sqlite3_context *to)
{
    if (column == RECORD_ATTEMPTS)
        pl_sqlite_give_some(to, a ? a->number : 0);
    else if (column == RECORD_OUTCOME)
        pl_sqlite_give_text(to, a ? pl_slice_of(a->outcome) : PL_NO_SLICE);
    else if (column == RECORD_STATUS)
        pl_sqlite_give_some(to, a ? a->status : 0);
    else
        pl_sqlite_give_text(to, a ? a->error : PL_NO_SLICE);
}

static void give(void *bulk, const void *record, uint32_t number, int column, sqlite3_context *to)
{
    const pl_record *r = record;
    switch ((enum record_column)column) {
    case RECORD_EVENT:
        sqlite3_result_int64(to, ((const pl_sqlite_bulk *)bulk)->first_event + number);
        break;
    case RECORD_KIND:
        sqlite3_result_int(to, r->kind);
        break;
    case RECORD_CONNECTOR:
        pl_sqlite_give_text(to, r->connector);
        break;
    case RECORD_WEBHOOK:
        pl_sqlite_give_text(to, r->webhook);
        break;
    case RECORD_STATE:
        sqlite3_result_int(to, r->state);
        break;
    case RECORD_CREATED:
        sqlite3_result_int64(to, r->created_ms);
        break;
    case RECORD_FINISHED:
        sqlite3_result_int64(to, r->now_ms);
        break;
    case RECORD_ATTEMPTS:
    case RECORD_OUTCOME:
    case RECORD_STATUS:
    case RECORD_REASON:
        give_last(r->attempt, (enum record_column)column, to);
        break;
    case RECORD_TYPE:
        pl_sqlite_give_text(to, r->event->type);
        break;
    case RECORD_RECEIVED:
        sqlite3_result_int64(to, r->event->received_ms);
        break;
    case RECORD_DOCUMENT:
        pl_sqlite_give_blob(to, r->event->document);
        break;
    case RECORD_SUBJECT:
        pl_sqlite_give_text(to, r->event->subject);
        break;
    case RECORD_SOURCE:
        pl_sqlite_give_text(to, r->event->source);
        break;
    case RECORD_TOKEN:
        pl_sqlite_give_text(to, r->token);
        break;
    case RECORD_ID:
        pl_sqlite_give_id(to, &r->id);
        break;
    }
}

int pl_sqlite_bulk_open(pl_sqlite_bulk *b, sqlite3 *db)
{
    static const char *const sql[] = {
        [ADD_BEGINS] = add_begins,
        [ADD_EVENTS] = add_events,
        [ADD_CALLS] = add_calls,
        [IS_PENDING] = is_pending,
        [ADD_ENDS] = add_ends,
        [DROP_ENDS] = drop_ends,
        [ADD_ATTEMPTS] = pl_sqlite_attempts_insert,
    };
    *b = (pl_sqlite_bulk){
        .db = db,
        .attempts = {pl_sqlite_attempts_declaration, pl_sqlite_attempts_column},
        .calls = {declaration, give, b},
        .ends = {declaration, give, b},
        .begins = {begins_declaration, give_begin},
    };
    int rc = pl_sqlite_rows_open(&b->attempts, db, PL_SQLITE_NEW_ATTEMPTS);
    if (!rc) rc = pl_sqlite_rows_open(&b->calls, db, "new_calls");
    if (!rc) rc = pl_sqlite_rows_open(&b->ends, db, "new_ends");
    if (!rc) rc = pl_sqlite_rows_open(&b->begins, db, "new_begins");
    return rc ? rc : pl_sqlite_prepare_all(db, sql, STATEMENT_COUNT, b->statements);
}

void pl_sqlite_bulk_fini(pl_sqlite_bulk *b)
{
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(b->statements[i]);
        b->statements[i] = NULL;
    }
}

static int put(pl_sqlite_bulk *b, pl_sqlite_rows *to, const void *row)
{
    int rc = to->count == PL_SQLITE_ROWS ? pl_sqlite_bulk_write(b) : SQLITE_OK;
    to->rows[to->count++] = row;
    return rc;
}

int pl_sqlite_bulk_begin(pl_sqlite_bulk *b, const pl_sqlite_begin *row)
{
    pl_sqlite_begin *item = &b->items[b->begins.count % PL_SQLITE_ROWS];
    int rc = put(b, &b->begins, item);
    *item = *row; /* now that those before it are written, if there was no room */
    return rc;
}

int pl_sqlite_bulk_call(pl_sqlite_bulk *b, const pl_record *r)
{
    return put(b, &b->calls, r);
}

int pl_sqlite_bulk_end(pl_sqlite_bulk *b, const pl_record *r, bool *found)
{
    pl_sqlite_bind_id(b->statements[IS_PENDING], 1, &r->id);
    *found = sqlite3_step(b->statements[IS_PENDING]) == SQLITE_ROW;
    int rc = sqlite3_reset(b->statements[IS_PENDING]);
    return rc || !*found ? rc : put(b, &b->ends, r);
}

int pl_sqlite_bulk_attempt(pl_sqlite_bulk *b, const pl_record *r)
{
    return put(b, &b->attempts, r);
}

/* Rows of one statement that name none get numbers one after another. */
static int write_calls(pl_sqlite_bulk *b)
{
    int rc = pl_sqlite_run(b->statements[ADD_EVENTS]);
    if (rc) return rc;
    b->first_event = sqlite3_last_insert_rowid(b->db) - b->calls.count + 1;
    return pl_sqlite_run(b->statements[ADD_CALLS]);
}

static int write_ends(pl_sqlite_bulk *b)
{
    int rc = pl_sqlite_run(b->statements[ADD_ENDS]);
    return rc ? rc : pl_sqlite_run(b->statements[DROP_ENDS]);
}

int pl_sqlite_bulk_write(pl_sqlite_bulk *b)
{
    int rc = b->begins.count ? pl_sqlite_run(b->statements[ADD_BEGINS]) : SQLITE_OK;
    if (!rc && b->calls.count) rc = write_calls(b);
    if (!rc && b->ends.count) rc = write_ends(b);
    if (!rc && b->attempts.count) rc = pl_sqlite_run(b->statements[ADD_ATTEMPTS]);
    pl_sqlite_bulk_forget(b);
    return rc;
}

void pl_sqlite_bulk_forget(pl_sqlite_bulk *b)
{
    b->begins.count = b->calls.count = b->ends.count = b->attempts.count = 0;
}
