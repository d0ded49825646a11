/* SPDX-License-Identifier: MIT
 *
 * Pages of files that starting needed and running does not: the names of forty libraries have been
 * looked up, each has initialised itself, and all of our Lua has been read. Of an idle gateway's pages
 * of files that is three quarters, of one at work half. */
#ifndef PL_GATEWAY_PAGES_H
#define PL_GATEWAY_PAGES_H

/* Takes the pages of this process's read-only files out of its memory. What is needed again comes
 * back when it is touched, for a microsecond and sixteen pages at a time, from the system's page
 * cache. Any thread; the others may run. Without /proc nothing is done. */
void pl_pages_give_back(void);

#endif
