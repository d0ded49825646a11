/* SPDX-License-Identifier: MIT
 *
 * The feed is pending and deliveries merged, newest first. Both are trees ordered by time-ordered
 * ids, so SQLite walks both from their right-hand ends and merges as it goes: nothing is sorted,
 * and a page costs what it shows (plus what its filter skips).
 *
 * All that narrows the walk is turned into one range of ids, low <= id < high: the cursor, the
 * times (an id carries the time at which it was made), the span of one event's rows. The exact
 * conditions stand beside it. SQL is put together from the parts that a filter needs; every value
 * is bound by name, and binding a name that the SQL does not have is skipped. */
#include "store/sqlite_feed.h"

#include "base/err.h"
#include "flow/exchange.h"
#include "store/sqlite_attempt.h"
#include "store/sqlite_bind.h"
#include "store/sqlite_job.h"
#include "store/sqlite_json.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_undelivered.h"

/* A generator of ids never goes back when the clock does:
 * an id may be that much ahead of its row's creation time... */
#define ID_AHEAD_MS (24 * 3600 * 1000ll)
/* ...and behind it by the time that passes between the making of both. */
#define ID_BEHIND_MS (60 * 1000ll)

#define SHELVED "r.held = " PL_SQLITE_SHELVED
/* What goes before a pending row of an order: the one in motion, or the one that stops the key. */
#define OF_SAME_KEY \
    "o.order_key = r.order_key AND o.connector = r.connector AND o.order_scope = r.order_scope"
#define WAITS_FOR                                                                               \
    "coalesce((SELECT o.id FROM pending o WHERE " OF_SAME_KEY " AND o.held < " PL_SQLITE_BEHIND \
    "),"                                                                                        \
    " (SELECT o.id FROM deliveries o WHERE " OF_SAME_KEY " AND o.blocks > 0 LIMIT 1))"

/* One row for both tables: see enum column. */
#define PENDING_COLUMNS                                                                        \
    "SELECT r.id, 0, 0, r.connector, r.webhook, e.id, e.type, r.attempts, r.created_ms, NULL," \
    " iif(r.held > 1, NULL, r.due_ms), r.outcome, r.status,"                                   \
    " iif(" SHELVED ", 'its webhook is disabled', r.reason), e.source, e.token, r.event,"      \
    " r.order_key, iif(r.held = " PL_SQLITE_BEHIND ", " WAITS_FOR ", NULL)"
#define ENDED_COLUMNS                                                                        \
    "SELECT r.id, r.kind, r.state, r.connector, r.webhook, e.id, e.type, r.attempts,"        \
    " r.created_ms, r.finished_ms, NULL, r.outcome, r.status, r.reason, e.source, e.token, " \
    "r.event, r.order_key, NULL"
#define WITH_EVENT     " CROSS JOIN events e ON e.seq = r.event "
#define SELECT_PENDING PENDING_COLUMNS " FROM pending r" WITH_EVENT
#define SELECT_ENDED   ENDED_COLUMNS " FROM deliveries r" WITH_EVENT

enum column {
    COLUMN_ID,
    COLUMN_KIND,
    COLUMN_STATE,
    COLUMN_CONNECTOR,
    COLUMN_WEBHOOK,
    COLUMN_EVENT_ID,
    COLUMN_EVENT_TYPE,
    COLUMN_ATTEMPTS,
    COLUMN_CREATED,
    COLUMN_FINISHED,
    COLUMN_DUE,
    COLUMN_OUTCOME,
    COLUMN_STATUS,
    COLUMN_REASON,
    COLUMN_SOURCE,
    COLUMN_TOKEN,
    COLUMN_EVENT,
    COLUMN_ORDER_KEY,
    COLUMN_WAITS_FOR
};

typedef struct walk {
    pl_uuid low, high; /* low <= id < high */
    int64_t event;     /* with event_id: the event's seq */
} walk;

/* -- one row -- */

static const char *kind_name(int kind)
{
    switch (kind) {
    case PL_KIND_DELIVERY:
        return "delivery";
    case PL_KIND_CALL:
        return "call";
    case PL_KIND_TRY:
        return "try";
    default:
        return "event";
    }
}

static void write_id(pl_json_writer *w, const char *key, pl_uuid id)
{
    char text[PL_UUID_TEXT + 1];
    pl_uuid_format(id, text);
    pl_jw_key(w, key);
    pl_jw_text(w, text);
}

/* The members of a ROW, inside an object that is the caller's. */
static void write_row(pl_json_writer *w, sqlite3_stmt *row)
{
    write_id(w, "id", pl_sqlite_id(row, COLUMN_ID));
    pl_jw_key(w, "kind");
    pl_jw_text(w, kind_name(sqlite3_column_int(row, COLUMN_KIND)));
    pl_jw_key(w, "state");
    pl_jw_text(w, pl_state_name((enum pl_state)sqlite3_column_int(row, COLUMN_STATE)));
    pl_sqlite_json_text(w, "connector", row, COLUMN_CONNECTOR);
    pl_sqlite_json_text(w, "webhook", row, COLUMN_WEBHOOK);
    pl_sqlite_json_text(w, "event_id", row, COLUMN_EVENT_ID);
    pl_sqlite_json_text(w, "event_type", row, COLUMN_EVENT_TYPE);
    pl_sqlite_json_text(w, "event_source", row, COLUMN_SOURCE);
    pl_sqlite_json_text(w, "token", row, COLUMN_TOKEN);
    pl_sqlite_json_number(w, "attempts", row, COLUMN_ATTEMPTS);
    pl_sqlite_json_time(w, "created", row, COLUMN_CREATED);
    pl_sqlite_json_time(w, "finished", row, COLUMN_FINISHED);
    pl_sqlite_json_time(w, "due", row, COLUMN_DUE);
    pl_sqlite_json_text(w, "outcome", row, COLUMN_OUTCOME);
    pl_sqlite_json_number(w, "status", row, COLUMN_STATUS);
    pl_sqlite_json_text(w, "reason", row, COLUMN_REASON);
    pl_sqlite_json_text(w, "order_key", row, COLUMN_ORDER_KEY);
    if (sqlite3_column_type(row, COLUMN_WAITS_FOR) == SQLITE_NULL) {
        pl_jw_key(w, "waits_for");
        pl_jw_null(w);
    } else {
        write_id(w, "waits_for", pl_sqlite_id(row, COLUMN_WAITS_FOR));
    }
}

/* -- the range of ids -- */

static int compare(const pl_uuid *a, const pl_uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

/* The first id that a time can have. */
static pl_uuid id_at(int64_t wall_ms)
{
    pl_uuid id = {{0}};
    uint64_t ms = wall_ms > 0 ? (uint64_t)wall_ms : 0;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    return id;
}

static pl_uuid id_after(pl_uuid id)
{
    for (int i = 15; i >= 0 && ++id.bytes[i] == 0; i--) {}
    return id;
}

static void raise_low(walk *k, pl_uuid id)
{
    if (compare(&id, &k->low) > 0) k->low = id;
}

static void lower_high(walk *k, pl_uuid id)
{
    if (compare(&id, &k->high) < 0) k->high = id;
}

static void range_of_filter(const pl_feed_filter *f, walk *k)
{
    *k = (walk){.event = 0};
    memset(k->high.bytes, 0xff, sizeof k->high.bytes);
    if (f->has_before) lower_high(k, f->before);
    if (f->has_after) raise_low(k, id_after(f->after));
    if (f->has_last) lower_high(k, id_after(f->last));
    if (f->from_ms) raise_low(k, id_at(f->from_ms - ID_BEHIND_MS));
    if (f->to_ms) lower_high(k, id_at(f->to_ms + ID_AHEAD_MS));
}

/* Narrows the walk to the rows of one event; *found says whether there is such an event. */
static int range_of_event(sqlite3 *db, pl_slice id, walk *k, bool *found)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT seq, first_id, last_id FROM events WHERE id = ?1", -1,
                                &q, NULL);
    if (rc) return rc;
    pl_sqlite_bind_text(q, 1, id);
    *found = sqlite3_step(q) == SQLITE_ROW;
    if (*found) {
        k->event = sqlite3_column_int64(q, 0);
        raise_low(k, pl_sqlite_id(q, 1));
        lower_high(k, id_after(pl_sqlite_id(q, 2)));
    }
    return sqlite3_finalize(q);
}

/* -- the list -- */

#define TEXT_CONDITION                                                   \
    " AND (instr(e.document, CAST(:text AS BLOB)) OR instr(e.id, :text)" \
    " OR instr(r.connector, :text) OR instr(r.webhook, :text)"           \
    " OR EXISTS (SELECT 1 FROM attempts a WHERE a.delivery = r.id AND (" \
    "instr(a.url, :text) OR instr(a.error, :text)"                       \
    " OR instr(a.request_body, CAST(:text AS BLOB))"                     \
    " OR instr(a.response_body, CAST(:text AS BLOB)))))"

static void put_conditions(pl_buf *sql, const pl_feed_filter *f)
{
    PL_BUF_PUT(sql, "WHERE r.id >= :low AND r.id < :high");
    if (f->connector.len) PL_BUF_PUT(sql, " AND r.connector = :connector");
    if (f->webhook.len) PL_BUF_PUT(sql, " AND r.webhook = :webhook");
    if (f->event_id.len) PL_BUF_PUT(sql, " AND r.event = :event");
    if (f->type.len) PL_BUF_PUT(sql, " AND e.type = :type");
    if (f->source.len) PL_BUF_PUT(sql, " AND e.source = :source");
    if (f->token.len) PL_BUF_PUT(sql, " AND e.token = :token");
    if (f->status_class) PL_BUF_PUT(sql, " AND r.status / 100 = :class");
    if (f->from_ms) PL_BUF_PUT(sql, " AND r.created_ms >= :from");
    if (f->to_ms) PL_BUF_PUT(sql, " AND r.created_ms < :to");
    if (f->text.len) PL_BUF_PUT(sql, TEXT_CONDITION);
}

static bool asks_of_events(const pl_feed_filter *f)
{
    return f->type.len || f->source.len || f->token.len || f->text.len;
}

/* What a statement selects: whole rows, or only their ids; then only what the filter asks of their
 * events needs these to be looked up. */
static void put_select(pl_buf *sql, const pl_feed_filter *f, bool ids_only, bool pending)
{
    if (!ids_only) {
        pl_buf_printf(sql, "%s", pending ? SELECT_PENDING : SELECT_ENDED);
    } else {
        pl_buf_printf(sql, "SELECT r.id AS id FROM %s r%s", pending ? "pending" : "deliveries",
                      asks_of_events(f) ? WITH_EVENT : " ");
    }
    put_conditions(sql, f);
}

/* Empty when no row can match. */
static void put_selects(pl_buf *sql, const pl_feed_filter *f, bool ids_only)
{
    bool pending = (f->state < 0 || f->state == PL_STATE_PENDING) &&
                   (f->kind < 0 || f->kind == PL_KIND_DELIVERY);
    bool ended = f->state != PL_STATE_PENDING;
    if (pending) put_select(sql, f, ids_only, true);
    if (pending && ended) PL_BUF_PUT(sql, " UNION ALL ");
    if (ended) {
        put_select(sql, f, ids_only, false);
        /* Not bound: the index of the failed ones is only used when the planner sees the number. */
        if (f->state >= 0) pl_buf_printf(sql, " AND r.state = %d", f->state);
        if (f->kind >= 0) PL_BUF_PUT(sql, " AND r.kind = :kind");
    }
}

void pl_sqlite_feed_sql(const pl_feed_filter *f, pl_buf *sql)
{
    put_selects(sql, f, false);
    if (sql->len) PL_BUF_PUT(sql, " ORDER BY 1 DESC LIMIT :limit");
    pl_buf_put_char(sql, '\0');
}

/* 0, which binds nothing, when the SQL has no such name. */
static int at(sqlite3_stmt *q, const char *name)
{
    return sqlite3_bind_parameter_index(q, name);
}

static void bind_filter(sqlite3_stmt *q, const pl_feed_filter *f, const walk *k)
{
    pl_sqlite_bind_id(q, at(q, ":low"), &k->low);
    pl_sqlite_bind_id(q, at(q, ":high"), &k->high);
    pl_sqlite_bind_text(q, at(q, ":connector"), f->connector);
    pl_sqlite_bind_text(q, at(q, ":webhook"), f->webhook);
    pl_sqlite_bind_text(q, at(q, ":type"), f->type);
    pl_sqlite_bind_text(q, at(q, ":source"), f->source);
    pl_sqlite_bind_text(q, at(q, ":token"), f->token);
    pl_sqlite_bind_text(q, at(q, ":text"), f->text);
    sqlite3_bind_int64(q, at(q, ":event"), k->event);
    sqlite3_bind_int64(q, at(q, ":class"), f->status_class);
    sqlite3_bind_int64(q, at(q, ":from"), f->from_ms);
    sqlite3_bind_int64(q, at(q, ":to"), f->to_ms);
    sqlite3_bind_int64(q, at(q, ":kind"), f->kind);
    /* One more tells whether there is more. */
    sqlite3_bind_int64(q, at(q, ":limit"), (int64_t)f->limit + 1);
}

/* Writes the rows of the page; *next is the cursor when there are more. */
static int write_page(sqlite3 *db, const pl_feed_filter *f, const walk *k, pl_json_writer *w,
                      pl_uuid *next, bool *has_next)
{
    pl_buf sql;
    pl_buf_init(&sql);
    pl_sqlite_feed_sql(f, &sql);
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql.ptr, -1, &q, NULL);
    pl_buf_fini(&sql);
    if (rc || !q) return rc;
    bind_filter(q, f, k);
    uint32_t rows = 0;
    while (!*has_next && sqlite3_step(q) == SQLITE_ROW) {
        *has_next = rows++ == f->limit;
        if (*has_next) break;
        *next = pl_sqlite_id(q, COLUMN_ID);
        pl_jw_object(w);
        write_row(w, q);
        pl_jw_object_end(w);
    }
    return sqlite3_finalize(q);
}

static int answer_feed(sqlite3 *db, pl_query *query)
{
    const pl_feed_filter *f = &query->filter;
    walk k;
    pl_json_writer w;
    pl_uuid next = {{0}};
    bool is_possible = f->limit > 0, has_next = false;
    int rc = SQLITE_OK;
    range_of_filter(f, &k);
    if (f->event_id.len) rc = range_of_event(db, f->event_id, &k, &is_possible);
    pl_jw_init(&w, &query->answer);
    pl_jw_object(&w);
    pl_jw_key(&w, "deliveries");
    pl_jw_array(&w);
    if (!rc && is_possible) rc = write_page(db, f, &k, &w, &next, &has_next);
    pl_jw_array_end(&w);
    if (has_next) {
        write_id(&w, "next", next);
    } else {
        pl_jw_key(&w, "next");
        pl_jw_null(&w);
    }
    pl_jw_object_end(&w);
    return rc;
}

/* -- what a job is about -- */

/* Prepares and binds `before`, the ids, `after`; *q NULL when no row can match. What is bound lies in
 * *k. */
static int prepare_ids(sqlite3 *db, const pl_feed_filter *f, const char *before, const char *after,
                       walk *k, sqlite3_stmt **q)
{
    pl_buf sql;
    bool is_possible = true;
    *q = NULL;
    range_of_filter(f, k);
    int rc = f->event_id.len ? range_of_event(db, f->event_id, k, &is_possible) : SQLITE_OK;
    if (rc || !is_possible) return rc;
    pl_buf_init(&sql);
    pl_buf_printf(&sql, "%s", before);
    put_selects(&sql, f, true);
    pl_buf_printf(&sql, "%s%c", after, '\0');
    rc = sqlite3_prepare_v2(db, sql.ptr, -1, q, NULL);
    pl_buf_fini(&sql);
    if (rc == SQLITE_OK) bind_filter(*q, f, k);
    return rc;
}

static int answer_count(sqlite3 *db, pl_query *query)
{
    walk k;
    sqlite3_stmt *q;
    pl_json_writer w;
    int64_t total = 0;
    pl_uuid last = {{0}};
    int rc = prepare_ids(db, &query->filter, "SELECT count(*), max(id) FROM (", ")", &k, &q);
    if (rc) return rc;
    if (q && sqlite3_step(q) == SQLITE_ROW) {
        total = sqlite3_column_int64(q, 0);
        last = pl_sqlite_id(q, 1);
    }
    pl_jw_init(&w, &query->answer);
    pl_jw_object(&w);
    pl_jw_key(&w, "total");
    pl_jw_int(&w, total);
    if (total) {
        write_id(&w, "last", last);
    } else {
        pl_jw_key(&w, "last");
        pl_jw_null(&w);
    }
    pl_jw_object_end(&w);
    return sqlite3_finalize(q);
}

static int answer_ids(sqlite3 *db, pl_query *query)
{
    walk k;
    sqlite3_stmt *q;
    int rc = prepare_ids(db, &query->filter, "", " ORDER BY 1 LIMIT :limit", &k, &q);
    if (rc) return rc;
    uint32_t count = 0;
    while (count < query->filter.limit && q && sqlite3_step(q) == SQLITE_ROW) {
        pl_uuid id = pl_sqlite_id(q, 0);
        pl_buf_put(&query->answer, &id, sizeof id);
        count++;
    }
    return sqlite3_finalize(q);
}

/* -- one delivery -- */

static int write_attempts(sqlite3 *db, const pl_uuid *id, pl_slice document, pl_json_writer *w)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, pl_sqlite_attempt_select, -1, &q, NULL);
    if (rc) return rc;
    pl_sqlite_bind_id(q, 1, id);
    pl_jw_key(w, "attempts");
    pl_jw_array(w);
    while (sqlite3_step(q) == SQLITE_ROW) {
        pl_attempt attempt;
        pl_sqlite_attempt_read(q, &attempt);
        pl_jw_object(w);
        pl_attempt_write(w, &attempt, document);
        pl_jw_object_end(w);
    }
    pl_jw_array_end(w);
    return sqlite3_finalize(q);
}

static int write_event_and_attempts(sqlite3 *db, const pl_uuid *id, int64_t event,
                                    pl_json_writer *w)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT document FROM events WHERE seq = ?1", -1, &q, NULL);
    if (rc) return rc;
    sqlite3_bind_int64(q, 1, event);
    pl_slice document = PL_NO_SLICE; /* the statement's, until it is finalized */
    if (sqlite3_step(q) == SQLITE_ROW) document = pl_sqlite_slice(q, 0);
    pl_jw_key(w, "event");
    pl_jw_raw(w, document);
    rc = write_attempts(db, id, document, w);
    int rc_event = sqlite3_finalize(q);
    return rc ? rc : rc_event;
}

static int answer_delivery(sqlite3 *db, pl_query *query, bool *found)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(
        db, SELECT_PENDING "WHERE r.id = ?1 UNION ALL " SELECT_ENDED "WHERE r.id = ?1", -1, &q,
        NULL);
    if (rc) return rc;
    pl_sqlite_bind_id(q, 1, &query->id);
    *found = sqlite3_step(q) == SQLITE_ROW;
    if (*found) {
        pl_json_writer w;
        pl_jw_init(&w, &query->answer);
        pl_jw_object(&w);
        write_row(&w, q);
        rc = write_event_and_attempts(db, &query->id, sqlite3_column_int64(q, COLUMN_EVENT), &w);
        pl_jw_object_end(&w);
    }
    int rc_row = sqlite3_finalize(q);
    return rc ? rc : rc_row;
}

/* -- the question -- */

static int answer(sqlite3 *db, pl_query *q, bool *found)
{
    switch (q->kind) {
    case PL_QUERY_FEED:
        return answer_feed(db, q);
    case PL_QUERY_DELIVERY:
        return answer_delivery(db, q, found);
    case PL_QUERY_UNDELIVERED:
        return pl_sqlite_undelivered_answer(db, q);
    case PL_QUERY_BACKLOG:
        return pl_sqlite_backlog_answer(db, q);
    case PL_QUERY_COUNT:
        return answer_count(db, q);
    case PL_QUERY_IDS:
        return answer_ids(db, q);
    case PL_QUERY_JOBS:
    case PL_QUERY_JOB:
        return pl_sqlite_job_answer(db, q, found);
    }
    return SQLITE_MISUSE;
}

int pl_sqlite_feed_answer(sqlite3 *db, pl_query *q)
{
    bool found = true;
    int rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    if (!rc) rc = answer(db, q, &found);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    if (rc || !found) pl_buf_clear(&q->answer);
    if ((rc & 0xff) == SQLITE_INTERRUPT) return PL_E_QUERY_TIMEOUT;
    if (rc) return PL_E_STORE;
    if (found) return 0;
    return q->kind == PL_QUERY_JOB ? PL_E_UNKNOWN_JOB : PL_E_UNKNOWN_DELIVERY;
}
