/* SPDX-License-Identifier: MIT
 *
 * What became of the requests of each source, counted for the metrics. Shared by the workers: a
 * mutex, taken once for a request that a script has worked on. */
#ifndef PL_GATEWAY_TALLY_H
#define PL_GATEWAY_TALLY_H

#include "base/buf.h"
#include "base/slice.h"

/*   X(code, name)   the name is the label `outcome` */
#define PL_TALLY_OUTCOMES(X)                                                                       \
    X(PL_TALLY_ACCEPTED, "accepted")     /* its events go to disk; or, of the ingress, verified */ \
    X(PL_TALLY_IGNORED, "ignored")       /* no event came out of it */                             \
    X(PL_TALLY_UNVERIFIED, "unverified") /* it was refused */                                      \
    X(PL_TALLY_FAILED, "failed")         /* the script failed, or what it gave is no event */      \
    X(PL_TALLY_TIMEOUT, "timeout")                                                                 \
    X(PL_TALLY_GONE, "gone") /* the client did not wait for the script */

enum pl_tally_outcome {
#define X(code, ...) code,
    PL_TALLY_OUTCOMES(X)
#undef X
        PL_TALLY_OUTCOME_COUNT
};

typedef struct pl_tally pl_tally;

pl_tally *pl_tally_new(void);
void pl_tally_free(pl_tally *t);
/* Names are those of sources that were loaded, so that there are few of them. */
void pl_tally_count(pl_tally *t, pl_slice source, enum pl_tally_outcome outcome);
/* A line `name{source="...",outcome="..."} n` for each that was counted. */
void pl_tally_write(pl_tally *t, const char *name, pl_buf *out);

#endif
