/* SPDX-License-Identifier: MIT
 *
 * The statements fail at the first row that cannot be inserted (OR FAIL) and leave those before it: the
 * transaction is rolled back in any case, and so SQLite needs no copies of the pages that they change. */
#include "store/sqlite_bulk.h"

#include "store/sqlite_attempt.h"
#include "store/sqlite_bind.h"

/* A call, as two tables want it. */
#define CALL_COLUMNS(X)        \
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

enum call_column {
#define X(code, ...) CALL_##code,
    CALL_COLUMNS(X)
#undef X
        CALL_ID
};

#define X(code, name) name ", "
static const char calls_declaration[] = "CREATE TABLE x(" CALL_COLUMNS(X) "id)";
#undef X

/* Its event has no id here, so that it is never a duplicate. */
static const char add_events[] =
    "INSERT OR FAIL INTO events(type, received_ms, first_id, last_id, document, subject, source, "
    "token)"
    " SELECT type, received_ms, id, id, document, subject, source, token FROM new_calls";
static const char add_calls[] =
    "INSERT OR FAIL INTO deliveries(id, event, kind, connector, webhook, state, attempts, "
    "undecided,"
    " created_ms, finished_ms, outcome, status, reason) SELECT id, event, kind, connector, webhook,"
    " state, attempts, 0, created_ms, finished_ms, outcome, status, reason FROM new_calls";

/* Of the last attempt, if one was made. */
static void give_last(const pl_attempt *a, enum call_column column, sqlite3_context *to)
{
    if (column == CALL_ATTEMPTS)
        sqlite3_result_int64(to, a ? a->number : 0);
    else if (column == CALL_OUTCOME)
        pl_sqlite_give_text(to, a ? pl_slice_of(a->outcome) : PL_NO_SLICE);
    else if (column == CALL_STATUS)
        pl_sqlite_give_some(to, a ? a->status : 0);
    else
        pl_sqlite_give_text(to, a ? a->error : PL_NO_SLICE);
}

static void give_call(void *bulk, const void *record, uint32_t number, int column,
                      sqlite3_context *to)
{
    const pl_record *r = record;
    switch ((enum call_column)column) {
    case CALL_EVENT:
        sqlite3_result_int64(to, ((const pl_sqlite_bulk *)bulk)->first_event + number);
        break;
    case CALL_KIND:
        sqlite3_result_int(to, r->kind);
        break;
    case CALL_CONNECTOR:
        pl_sqlite_give_text(to, r->connector);
        break;
    case CALL_WEBHOOK:
        pl_sqlite_give_text(to, r->webhook);
        break;
    case CALL_STATE:
        sqlite3_result_int(to, r->state);
        break;
    case CALL_CREATED:
        sqlite3_result_int64(to, r->created_ms);
        break;
    case CALL_FINISHED:
        sqlite3_result_int64(to, r->now_ms);
        break;
    case CALL_ATTEMPTS:
    case CALL_OUTCOME:
    case CALL_STATUS:
    case CALL_REASON:
        give_last(r->attempt, (enum call_column)column, to);
        break;
    case CALL_TYPE:
        pl_sqlite_give_text(to, r->event->type);
        break;
    case CALL_RECEIVED:
        sqlite3_result_int64(to, r->event->received_ms);
        break;
    case CALL_DOCUMENT:
        pl_sqlite_give_blob(to, r->event->document);
        break;
    case CALL_SUBJECT:
        pl_sqlite_give_text(to, r->event->subject);
        break;
    case CALL_SOURCE:
        pl_sqlite_give_text(to, r->event->source);
        break;
    case CALL_TOKEN:
        pl_sqlite_give_text(to, r->token);
        break;
    case CALL_ID:
        pl_sqlite_give_id(to, &r->id);
        break;
    }
}

int pl_sqlite_bulk_open(pl_sqlite_bulk *b, sqlite3 *db)
{
    *b = (pl_sqlite_bulk){
        .db = db,
        .attempts = {pl_sqlite_attempts_declaration, pl_sqlite_attempts_column},
        .calls = {calls_declaration, give_call, b},
    };
    int rc = pl_sqlite_rows_open(&b->attempts, db, PL_SQLITE_NEW_ATTEMPTS);
    if (!rc) rc = pl_sqlite_rows_open(&b->calls, db, "new_calls");
    if (!rc) rc = pl_sqlite_prepare(db, pl_sqlite_attempts_insert, &b->add_attempts);
    if (!rc) rc = pl_sqlite_prepare(db, add_events, &b->add_events);
    return rc ? rc : pl_sqlite_prepare(db, add_calls, &b->add_calls);
}

void pl_sqlite_bulk_fini(pl_sqlite_bulk *b)
{
    sqlite3_finalize(b->add_attempts);
    sqlite3_finalize(b->add_events);
    sqlite3_finalize(b->add_calls);
    b->add_attempts = b->add_events = b->add_calls = NULL;
}

static int put(pl_sqlite_bulk *b, pl_sqlite_rows *to, const pl_record *r)
{
    int rc = to->count == PL_SQLITE_ROWS ? pl_sqlite_bulk_write(b) : SQLITE_OK;
    to->rows[to->count++] = r;
    return rc;
}

int pl_sqlite_bulk_call(pl_sqlite_bulk *b, const pl_record *r)
{
    return put(b, &b->calls, r);
}

int pl_sqlite_bulk_attempt(pl_sqlite_bulk *b, const pl_record *r)
{
    return put(b, &b->attempts, r);
}

/* Rows of one statement that name none get numbers one after another. */
static int write_calls(pl_sqlite_bulk *b)
{
    int rc = pl_sqlite_run(b->add_events);
    if (rc) return rc;
    b->first_event = sqlite3_last_insert_rowid(b->db) - b->calls.count + 1;
    return pl_sqlite_run(b->add_calls);
}

int pl_sqlite_bulk_write(pl_sqlite_bulk *b)
{
    int rc = b->calls.count ? write_calls(b) : SQLITE_OK;
    if (!rc && b->attempts.count) rc = pl_sqlite_run(b->add_attempts);
    pl_sqlite_bulk_forget(b);
    return rc;
}

void pl_sqlite_bulk_forget(pl_sqlite_bulk *b)
{
    b->attempts.count = b->calls.count = 0;
}
