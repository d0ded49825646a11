/* SPDX-License-Identifier: MIT */
#include "store/sqlite_event.h"

#define COLUMNS(X)             \
    X(SEQ, "seq")              \
    X(ID, "id")                \
    X(TYPE, "type")            \
    X(RECEIVED, "received_ms") \
    X(FIRST, "first_id")       \
    X(LAST, "last_id")         \
    X(DOCUMENT, "document")    \
    X(SUBJECT, "subject")      \
    X(SOURCE, "source")

enum column {
#define X(code, ...) code,
    COLUMNS(X)
#undef X
        TOKEN
};

#define X(code, name) name ", "
const char pl_sqlite_events_declaration[] = "CREATE TABLE x(" COLUMNS(X) "token)";
const char pl_sqlite_events_insert[] = "INSERT OR FAIL INTO events(" COLUMNS(
    X) "token) SELECT " COLUMNS(X) "token FROM " PL_SQLITE_NEW_EVENTS;
#undef X

void pl_sqlite_events_column(const void *event, int column, sqlite3_context *to)
{
    const pl_sqlite_event *e = event;
    switch ((enum column)column) {
    case SEQ:
        sqlite3_result_int64(to, e->seq);
        break;
    case ID:
        pl_sqlite_give_text(to, e->id);
        break;
    case TYPE:
        pl_sqlite_give_text(to, e->event->type);
        break;
    case RECEIVED:
        sqlite3_result_int64(to, e->event->received_ms);
        break;
    case FIRST:
        pl_sqlite_give_id(to, e->first);
        break;
    case LAST:
        pl_sqlite_give_id(to, e->last);
        break;
    case DOCUMENT:
        pl_sqlite_give_blob(to, e->event->document);
        break;
    case SUBJECT:
        pl_sqlite_give_text(to, e->event->subject);
        break;
    case SOURCE:
        pl_sqlite_give_text(to, e->event->source);
        break;
    case TOKEN:
        pl_sqlite_give_text(to, e->token);
        break;
    }
}
