/* SPDX-License-Identifier: MIT
 *
 * Files as SQLite sees them, of which the WAL is written in fewer and larger pieces: see
 * sqlite_vfs.c. */
#ifndef PL_STORE_SQLITE_VFS_H
#define PL_STORE_SQLITE_VFS_H

/* The name of the VFS, which lies over what is the process's default one at the first call. Any
 * thread. */
const char *pl_sqlite_vfs(void);

#endif
