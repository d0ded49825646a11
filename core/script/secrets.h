/* SPDX-License-Identifier: MIT
 *
 * Secrets by name: where they come from, and that they change.
 *
 * A name is looked for, in this order, in
 *
 *     the environment variable PERILUNE_SECRET_NAME
 *     the file that the environment variable PERILUNE_SECRET_NAME_FILE names
 *     the folder of secrets: its file NAME, else the name in lower, else in upper case
 *
 * Where it is found it stays. In names of variables letters are upper-case, and "-" and "." are
 * "_". Of what a file holds one line break at its end is dropped; a file that is empty or cannot be
 * read is an error, not a reason to look elsewhere.
 *
 * A name has one cell in the process, for ever; handles of all Lua states lead to it. A file is
 * looked at every second by a thread of its own, so that a worker never waits for a disk. One that
 * has changed, and was still for one look, gives the cell a new value: within two seconds, and also
 * when a symbolic link on the way leads elsewhere, as containers do it. A file that has vanished
 * leaves the value as it was. */
#ifndef PL_SCRIPT_SECRETS_H
#define PL_SCRIPT_SECRETS_H

#include "base/buf.h"

#include <stdatomic.h>

/* Bytes, counted. Empty: the secret must not be used. */
typedef struct pl_secret_value {
    atomic_uint refs;
    size_t len;
    char bytes[];
} pl_secret_value;

pl_secret_value *pl_secret_value_new(pl_slice bytes);
void pl_secret_value_unref(pl_secret_value *v); /* or NULL */

typedef struct pl_secret_cell pl_secret_cell;

/* The folder of secrets, "" for none. Control thread. */
void pl_secrets_set_dir(const char *dir);
/* The cell of a name, or NULL with what is wrong put into `reason`. A secret
 * that was found once is found without a look at a file. Any thread. */
pl_secret_cell *pl_secrets_find(pl_slice name, pl_buf *reason);
/* The same, but a secret that is not set has a cell as well, without a value until it is found. NULL
 * for what cannot be a name. */
pl_secret_cell *pl_secrets_cell(pl_slice name);
const char *pl_secret_cell_name(const pl_secret_cell *cell);
/* The present value, with a reference for the caller, or NULL: it was never found. */
pl_secret_value *pl_secret_cell_value(pl_secret_cell *cell);
/* Is that still the value? Asked of one that the caller has a reference to, or of NULL. */
bool pl_secret_cell_has(pl_secret_cell *cell, const pl_secret_value *v);

/* Looks at all files once. */
void pl_secrets_look(void);
/* Starts the thread that does so every second, and stops it. */
void pl_secrets_watch(void);
void pl_secrets_unwatch(void);

#endif
