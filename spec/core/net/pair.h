/* SPDX-License-Identifier: MIT
 *
 * A client and a peer, and exchanges between them, plain and in TLS. */
#ifndef PL_SPEC_PAIR_H
#define PL_SPEC_PAIR_H

#include "net/exchange.h"
#include "net/peer.h"

#include "base/err.h"

#include <stdlib.h>

#define MB (1 << 20)

static pl_loop *loop;
static pl_egress *egress;
static peer p; /* of most tests */
static char ca_file[] = "/tmp/perilune-roundtrip-XXXXXX";
static SSL_CTX *tls;
static int descriptors_before;

/* -- the world -- */

static inline void open_client(void)
{
    client = pl_client_new(loop, &(pl_client_config){.egress = egress,
                                                     .max_response_bytes = 20 * MB,
                                                     .max_response_header_bytes = 5000,
                                                     .ca_file = ca_file});
}

static inline void open_world(void)
{
    descriptors_before = world_descriptors();
    loop = world_open();
    egress = guard((const char *[]){"127.0.0.1"}, 1);
    open_client();
}

static inline void close_world(void)
{
    pl_client_free(client);
    pl_egress_free(egress);
    world_close();
    CHECK_EQ_INT(world_descriptors(), descriptors_before);
}

static inline void open_with_peer(bool is_tls)
{
    open_world();
    p = (peer){.tls = is_tls ? tls : NULL};
    peer_open(&p);
}

static inline void close_with_peer(void)
{
    peer_close(&p);
    close_world();
}

static inline void prepare_for(exchange *x, const char *method, const peer *to, const char *path)
{
    prepare(x, method, peer_port(to), path);
    if (to->tls)
        x->request.url =
            pl_slice_of(pl_arena_printf(&x->arena, "https://127.0.0.1:%d%s", peer_port(to), path));
}

/* Time for what is on its way; no test is wrong when it needs more. */
static inline void settle(void)
{
    for (int i = 0; i < 20; i++)
        ev_run(pl_loop_ev(loop), EVRUN_NOWAIT);
}

static inline void wait_ms(uint64_t ms)
{
    uint64_t until = pl_monotonic_us() + ms * 1000;
    DRIVE_UNTIL(pl_monotonic_us() >= until);
}

#define OK_ANSWER PL_SLICE("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

/* Sends a request, and gives when the peer has it. */
static inline void ask(exchange *x, const char *path)
{
    pl_buf_clear(&p.got);
    prepare_for(x, "GET", &p, path);
    start(x);
    DRIVE_UNTIL(peer_has(&p, "\r\n\r\n"));
}

static inline void exchange_ok(const char *path, bool is_reused)
{
    exchange x;
    ask(&x, path);
    peer_say(&p, OK_ANSWER);
    finish(&x);
    CHECK_EQ_INT(x.code, 0);
    CHECK_EQ_SLICE(x.response.body, PL_SLICE("ok"));
    CHECK_EQ_INT(x.response.connection_reused, is_reused);
    end(&x);
}

/* Bytes of which none can be taken for another. */
static inline pl_slice large(pl_arena *arena, size_t len)
{
    char *bytes = pl_arena_alloc(arena, len);
    uint32_t state = 1;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)((state = state * 1664525 + 1013904223) >> 24);
    return (pl_slice){bytes, len};
}

static inline void in_both(void (*test)(bool is_tls))
{
    test(false);
    test(true);
}

/* All of a test binary, whose cases `run` runs. */
static inline int pair_main(int (*run)(void))
{
    pl_client_global_init();
    int fd = mkstemp(ca_file);
    if (fd >= 0) close(fd);
    tls = peer_tls(ca_file);
    int result = run();
    SSL_CTX_free(tls);
    unlink(ca_file);
    return result;
}

#endif
