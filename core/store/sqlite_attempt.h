/* SPDX-License-Identifier: MIT
 *
 * The row of an attempt, in and out. */
#ifndef PL_STORE_SQLITE_ATTEMPT_H
#define PL_STORE_SQLITE_ATTEMPT_H

#include "base/json.h"
#include "flow/journal.h"

#include <sqlite3.h>

/* SQL, for pl_sqlite_attempt_bind. */
extern const char pl_sqlite_attempt_insert[];
/* SQL: the attempts of delivery ?1 in order, for pl_sqlite_attempt_write. */
extern const char pl_sqlite_attempt_select[];

/* Nothing is copied: `delivery` and `attempt` must live until the statement is reset. */
void pl_sqlite_attempt_bind(sqlite3_stmt *q, const pl_uuid *delivery, const pl_attempt *attempt);

/* Writes the current row as
 *   {"number", "started", "outcome", "stage": or null, "error": or null,
 *    "request": {"method", "url", "headers": [[name, value]...],
 *                "body", "body_bytes", "truncated"},
 *    "response": null or {"status", "headers", "body", "body_bytes", "truncated", "peer"},
 *    "variables": object or null,
 *    "timings": {"dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms"},
 *    "connection_reused", "generation"}
 *
 * A body is a string when it is UTF-8, else {"base64": "..."}; `body_bytes` is its size before the
 * cap. `document` is the event's, which stands in for a request body that is the event. */
void pl_sqlite_attempt_write(sqlite3_stmt *q, pl_slice document, pl_json_writer *w);

#endif
