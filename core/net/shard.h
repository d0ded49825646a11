/* SPDX-License-Identifier: MIT
 *
 * Easy handles on several multi handles on the worker's loop.
 *
 *   pl_shards
 *       |--- shards: a CURLM each, of at most 256 transfers (the cost of each grows with them)
 *       |       '--- timers on the wheel: libcurl's own, and the end of an empty shard
 *       '--- sockets[fd]: an ev_io each
 *
 * Private to net/. */
#ifndef PL_NET_SHARD_H
#define PL_NET_SHARD_H

#include "net/loop.h"

#include <curl/curl.h>

typedef struct pl_shards pl_shards;
typedef struct pl_shard pl_shard;

/* Of a handle that is done: it may be detached, and others attached, from within. */
typedef void pl_shard_finished_fn(CURL *easy, CURLcode result);
/* The connection of a handle is there. Called for handles of libcurl's own, too. */
typedef void pl_shard_connected_fn(CURL *easy);

pl_shards *pl_shards_new(pl_loop *loop, pl_shard_finished_fn *finished,
                         pl_shard_connected_fn *connected);
/* When no handle is attached. Connections that are kept open are closed. */
void pl_shards_free(pl_shards *all);
/* Into libcurl's hands; `finished` never comes from within. NULL: it does not take it. */
pl_shard *pl_shards_attach(pl_shards *all, CURL *easy);
void pl_shard_detach(pl_shard *s, CURL *easy);
/* The same, but the connection of the handle stays open: it is the caller's now. */
void pl_shard_take(pl_shard *s, CURL *easy, int fd);
/* CURLOPT_OPENSOCKETFUNCTION has opened a connection for a handle of this shard. */
void pl_shard_opened(pl_shard *s, int fd);
/* libcurl waits for nothing on this connection any more; somebody else does. */
void pl_shard_release(pl_shard *s, int fd);
/* CURLOPT_CLOSESOCKETFUNCTION, with the shards for its data: a connection outlives its transfer. */
int pl_shards_close_socket(void *all, curl_socket_t fd);

#endif
