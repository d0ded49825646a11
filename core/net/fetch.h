/* SPDX-License-Identifier: MIT
 *
 * One HTTP request that blocks, for the command line:
 * asking a running gateway. Never on a worker. */
#ifndef PL_NET_FETCH_H
#define PL_NET_FETCH_H

#include "base/slice.h"

/* Called with each piece of the answer's body as it comes; false ends the transfer. */
typedef bool pl_fetch_fn(void *arg, int status, pl_slice piece);

/* GETs `url`, or POSTs it a JSON body (may be empty) that is not NULL, with an optional bearer token:
 * the status, or -1 with the reason in `error`. A transfer
 * that the callback ends counts as done. The environment variable SSL_CERT_FILE
 * names other authorities than the system's. */
int pl_fetch(const char *url, const char *token, const char *body, pl_fetch_fn *on_piece, void *arg,
             char error[256]);

#endif
