/* SPDX-License-Identifier: MIT
 *
 * Where libcurl and zlib have their memory:
 * what they take and give for each transfer stays with the thread. */
#ifndef PL_NET_MEMORY_H
#define PL_NET_MEMORY_H

#include <stddef.h>

/* As malloc, free, realloc, strdup and calloc, for curl_global_init_mem. Any thread may free what
 * another has taken. */
void *pl_net_malloc(size_t size);
void pl_net_free(void *memory);
void *pl_net_realloc(void *memory, size_t size);
char *pl_net_strdup(const char *text);
void *pl_net_calloc(size_t count, size_t size);

#endif
