/* SPDX-License-Identifier: MIT
 *
 * A group is first written as if each event were new and each delivery that a record ends pending, as
 * they nearly always are: to look each up would cost as much as to write it. SQLite says at the end
 * whether that was so: an event that is there refuses its row, and of deliveries fewer go than should.
 * Then the group is done over carefully (sqlite_group.h).
 *
 * One delivery that two records of a group end (of workers that had it one after the other) makes the
 * second fail in any case: then the group is done over one by one.
 *
 * The statements fail at the first row that cannot be inserted (OR FAIL) and leave those before it: the
 * transaction is rolled back in any case, and so SQLite needs no copies of the pages that they change. */
#include "store/sqlite_bulk.h"

#include "store/sqlite_attempt.h"
#include "store/sqlite_bind.h"

enum statement {
    ADD_EVENTS,
    ADD_BEGINS,
    ADD_CLOSED,
    IS_PENDING,
    DROP_ENDS,
    ADD_ATTEMPTS,
    STATEMENT_COUNT
};

_Static_assert(STATEMENT_COUNT == PL_SQLITE_BULK_STATEMENTS, "one slot a statement");

/* A delivery, call or try that is over. Here and below in the order of the table: SQLite then takes
 * what a SELECT gives as the row, and copies no column. */
#define RECORD_COLUMNS(X)      \
    X(EVENT, "event")          \
    X(KIND, "kind")            \
    X(CONNECTOR, "connector")  \
    X(WEBHOOK, "webhook")      \
    X(STATE, "state")          \
    X(ATTEMPTS, "attempts")    \
    X(UNDECIDED, "undecided")  \
    X(CREATED, "created_ms")   \
    X(FINISHED, "finished_ms") \
    X(OUTCOME, "outcome")      \
    X(STATUS, "status")        \
    X(REASON, "reason")

enum record_column {
#define X(code, ...) RECORD_##code,
    RECORD_COLUMNS(X)
#undef X
        RECORD_ID
};

#define X(code, name) name ", "
static const char closed_declaration[] = "CREATE TABLE x(" RECORD_COLUMNS(X) "id)";
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
    "INSERT OR FAIL INTO pending(id, event, connector, webhook, created_ms, attempts, first, "
    "due_ms,"
    " held, undecided) SELECT id, event, connector, webhook, created_ms, 0, 0, created_ms, held,"
    " undecided FROM new_begins";

static void give_begin(const void *row, int column, sqlite3_context *to)
{
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

#define X(code, name) ", " name
static const char add_closed[] = "INSERT OR FAIL INTO deliveries(id" RECORD_COLUMNS(
    X) ") SELECT id" RECORD_COLUMNS(X) " FROM new_closed";
#undef X

/* Of the deliveries among them. */
static const char is_pending[] = "SELECT 1 FROM pending WHERE id = ?1";
static const char drop_ends[] = "DELETE FROM pending WHERE id IN (SELECT id FROM new_ends)";

static void give_end(const void *record, int column, sqlite3_context *to)
{
    (void)column;
    pl_sqlite_give_id(to, &((const pl_record *)record)->id);
}

/* Of the last attempt, if one was made. */
static void give_last(const pl_attempt *a, enum record_column column, sqlite3_context *to)
{
    if (column == RECORD_ATTEMPTS)
        sqlite3_result_int64(to, a ? a->number : 0);
    else if (column == RECORD_OUTCOME)
        pl_sqlite_give_text(to, a ? pl_slice_of(a->outcome) : PL_NO_SLICE);
    else if (column == RECORD_STATUS)
        pl_sqlite_give_some(to, a ? a->status : 0);
    else
        pl_sqlite_give_text(to, a ? a->error : PL_NO_SLICE);
}

static void give_closed(const void *closed, int column, sqlite3_context *to)
{
    const pl_record *r = ((const pl_sqlite_closed *)closed)->record;
    switch ((enum record_column)column) {
    case RECORD_EVENT:
        sqlite3_result_int64(to, ((const pl_sqlite_closed *)closed)->event);
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
    case RECORD_UNDECIDED:
        sqlite3_result_int(to, r->undecided);
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
    case RECORD_ID:
        pl_sqlite_give_id(to, &r->id);
        break;
    }
}

int pl_sqlite_bulk_open(pl_sqlite_bulk *b, sqlite3 *db)
{
    static const char *const sql[] = {
        [ADD_EVENTS] = pl_sqlite_events_insert,
        [ADD_BEGINS] = add_begins,
        [ADD_CLOSED] = add_closed,
        [IS_PENDING] = is_pending,
        [DROP_ENDS] = drop_ends,
        [ADD_ATTEMPTS] = pl_sqlite_attempts_insert,
    };
    *b = (pl_sqlite_bulk){
        .db = db,
        .attempts = {pl_sqlite_attempts_declaration, pl_sqlite_attempts_column},
        .events = {pl_sqlite_events_declaration, pl_sqlite_events_column},
        .begins = {begins_declaration, give_begin},
        .closed = {closed_declaration, give_closed},
        .ends = {"CREATE TABLE x(id)", give_end},
    };
    int rc = pl_sqlite_rows_open(&b->attempts, db, PL_SQLITE_NEW_ATTEMPTS);
    if (!rc) rc = pl_sqlite_rows_open(&b->events, db, PL_SQLITE_NEW_EVENTS);
    if (!rc) rc = pl_sqlite_rows_open(&b->begins, db, "new_begins");
    if (!rc) rc = pl_sqlite_rows_open(&b->closed, db, "new_closed");
    if (!rc) rc = pl_sqlite_rows_open(&b->ends, db, "new_ends");
    return rc ? rc : pl_sqlite_prepare_all(db, sql, STATEMENT_COUNT, b->statements);
}

void pl_sqlite_bulk_fini(pl_sqlite_bulk *b)
{
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(b->statements[i]);
        b->statements[i] = NULL;
    }
}

/* The place of one more in one of the arrays behind `rows`, which are as long as that. What it holds is
 * written by then. */
static int next_place(pl_sqlite_bulk *b, const pl_sqlite_rows *rows, uint32_t *place)
{
    int rc = rows->count == PL_SQLITE_ROWS ? pl_sqlite_bulk_write(b) : SQLITE_OK;
    *place = rows->count;
    return rc;
}

static void put(pl_sqlite_rows *rows, const void *row)
{
    rows->rows[rows->count++] = row;
}

int pl_sqlite_bulk_event(pl_sqlite_bulk *b, pl_sqlite_event *row)
{
    uint32_t place;
    int rc = next_place(b, &b->events, &place);
    if (rc) return rc;
    row->seq = ++b->last_event;
    b->event_items[place] = *row;
    put(&b->events, &b->event_items[place]);
    return SQLITE_OK;
}

bool pl_sqlite_bulk_has_event(const pl_sqlite_bulk *b, pl_slice id)
{
    for (uint32_t i = 0; i < b->events.count; i++)
        if (pl_slice_eq(b->event_items[i].id, id)) return true;
    return false;
}

int pl_sqlite_bulk_begin(pl_sqlite_bulk *b, const pl_sqlite_begin *row)
{
    uint32_t place;
    int rc = next_place(b, &b->begins, &place);
    if (rc) return rc;
    b->begin_items[place] = *row;
    put(&b->begins, &b->begin_items[place]);
    return SQLITE_OK;
}

static int put_closed(pl_sqlite_bulk *b, const pl_record *r, int64_t event)
{
    uint32_t place;
    int rc = next_place(b, &b->closed, &place);
    if (rc) return rc;
    b->closed_items[place] = (pl_sqlite_closed){r, event};
    put(&b->closed, &b->closed_items[place]);
    return SQLITE_OK;
}

int pl_sqlite_bulk_call(pl_sqlite_bulk *b, const pl_record *r)
{
    pl_sqlite_event event = {.event = r->event, .token = r->token, .first = &r->id, .last = &r->id};
    int rc = pl_sqlite_bulk_event(b, &event);
    return rc ? rc : put_closed(b, r, event.seq);
}

static int look_up(pl_sqlite_bulk *b, const pl_uuid *id, bool *found)
{
    sqlite3_stmt *q = b->statements[IS_PENDING];
    pl_sqlite_bind_id(q, 1, id);
    *found = sqlite3_step(q) == SQLITE_ROW;
    return sqlite3_reset(q);
}

int pl_sqlite_bulk_end(pl_sqlite_bulk *b, const pl_record *r, bool *found)
{
    int rc = SQLITE_OK;
    *found = true;
    if (b->is_careful) rc = look_up(b, &r->id, found);
    if (rc || !*found) return rc;
    rc = put_closed(b, r, r->event->seq);
    if (!rc) put(&b->ends, r); /* of which there are no more than of those */
    return rc;
}

int pl_sqlite_bulk_attempt(pl_sqlite_bulk *b, const pl_record *r)
{
    uint32_t place;
    int rc = next_place(b, &b->attempts, &place);
    if (!rc) put(&b->attempts, r);
    return rc;
}

static int write_rows(pl_sqlite_bulk *b, pl_sqlite_rows *rows, enum statement insert)
{
    int rc = rows->count ? pl_sqlite_run(b->statements[insert]) : SQLITE_OK;
    rows->count = 0;
    return rc;
}

int pl_sqlite_bulk_write_events(pl_sqlite_bulk *b)
{
    return write_rows(b, &b->events, ADD_EVENTS);
}

/* That one is not pending is seen only here. */
static int drop_those_that_end(pl_sqlite_bulk *b)
{
    int count = (int)b->ends.count, rc = write_rows(b, &b->ends, DROP_ENDS);
    return rc || count == 0 || sqlite3_changes(b->db) == count ? rc : SQLITE_CONSTRAINT;
}

int pl_sqlite_bulk_write(pl_sqlite_bulk *b)
{
    int rc = pl_sqlite_bulk_write_events(b);
    if (!rc) rc = write_rows(b, &b->begins, ADD_BEGINS);
    if (!rc) rc = write_rows(b, &b->closed, ADD_CLOSED);
    if (!rc) rc = drop_those_that_end(b);
    return rc ? rc : write_rows(b, &b->attempts, ADD_ATTEMPTS);
}

void pl_sqlite_bulk_forget(pl_sqlite_bulk *b)
{
    b->events.count = b->begins.count = b->closed.count = b->ends.count = b->attempts.count = 0;
}
