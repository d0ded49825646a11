/* SPDX-License-Identifier: MIT
 *
 * What an operator does with a database file that a gateway refuses to open, or that he does not
 * trust. Both only read the file; `report` gets lines for people. */
#ifndef PL_STORE_REPAIR_H
#define PL_STORE_REPAIR_H

#include "base/buf.h"

/* Its size, its rows, and what is wrong with it. Also beside a gateway that runs on it.
 * 0: sound; 1: damaged; PL_E_STORE: it could not even be opened. */
int pl_store_check(const char *path, pl_buf *report);

/* Puts into the new file `to` all that can still be read from `from`, which no gateway may have
 * open: 0: all of it; 1: something was lost; PL_E_STORE: there is no new file. */
int pl_store_salvage(const char *from, const char *to, pl_buf *report);

#endif
