/* SPDX-License-Identifier: MIT
 *
 * What scripts, and credentials that are data, write on a request: what cannot stand there, and what
 * is masked from then on. A value comes with what may be shown of it; `shown` has no pointer when
 * that is all of it.
 *
 * Each copies into the arena. What gives a text has written nothing when it is not NULL: it says
 * what is wrong with the name, which stands behind it in messages. */
#ifndef PL_SCRIPT_REQUEST_WRITE_H
#define PL_SCRIPT_REQUEST_WRITE_H

#include "base/arena.h"
#include "flow/message.h"

/* Why a header cannot have the name, or NULL. */
const char *pl_request_name_fault(pl_slice name);
/* In the place of all fields of the name. */
const char *pl_request_write_header(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value,
                                    pl_slice shown);
/* Behind the cookies that are there. */
const char *pl_request_write_cookie(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value,
                                    pl_slice shown);
/* Behind the parameters that the URL has, encoded. */
void pl_request_write_query(pl_request *r, pl_arena *arena, pl_slice name, pl_slice value,
                            pl_slice shown);
/* HTTP Basic (RFC 7617). A user's name with a colon in it is the only one that cannot be. */
const char *pl_request_write_basic(pl_request *r, pl_arena *arena, pl_slice user,
                                   pl_slice password);

#endif
