/* SPDX-License-Identifier: MIT
 *
 * How fast the store carries a delivery through its whole life (commit of an event with one
 * delivery, record of its success), with so many in flight that groups form by themselves; beside
 * it, in the same run and on the same disk, the appended file with one fdatasync a group that it
 * cannot beat. Then the same once more beside walks that remove all that the first run left: what
 * retention costs the commits, by a bound for all and by one of the connector, which counts and weighs.
 *
 *   store_bench FOLDER [IN_FLIGHT [SECONDS]] */
#include "store/store.h"

#include "flow/exchange.h"

#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const char document[] = "{\"id\":\"01234567-89ab-7def-8123-456789abcdef\",\"time\":\"2026-"
                               "01-01T00:00:00Z\",\"type\":\"order\","
                               "\"data\":{\"order\":{\"id\":\"4711\",\"total\":119.5,\"lines\":[{"
                               "\"sku\":\"A-1\",\"n\":2},{\"sku\":\"B-2\",\"n\":1}]}}}";

typedef struct chain { /* one delivery after the other */
    pl_event *event;
    pl_commit commit;
    pl_commit_event commit_event;
    pl_commit_delivery delivery;
    pl_attempt attempt;
    pl_record record;
} chain;

static pl_store *store;
static pl_mailbox mailbox;
static sem_t arrived;
static pl_rng rng;
static uint64_t cycles;
static bool is_over;
static int busy;

static double now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wake(void *owner)
{
    (void)owner;
    sem_post(&arrived);
}

static void submit(pl_op *op)
{
    op->reply_to = &mailbox;
    if (op->result || pl_store_submit(store, op)) {
        fprintf(stderr, "the store failed\n");
        exit(1);
    }
}

static void committed(pl_message *m)
{
    chain *c = (chain *)((char *)m - offsetof(chain, commit));
    submit(&c->record.op);
}

static void begin(chain *c)
{
    pl_uuid id = pl_uuid_new(&rng, (uint64_t)(now_s(CLOCK_REALTIME) * 1000));
    char text[PL_UUID_TEXT + 1];
    pl_uuid_format(id, text);
    memcpy(c->event->bytes, text, PL_UUID_TEXT);
    c->delivery.id = c->record.id = id;
    submit(&c->commit.op);
}

static void recorded(pl_message *m)
{
    chain *c = (chain *)((char *)m - offsetof(chain, record));
    cycles++;
    if (is_over) {
        busy--;
    } else {
        begin(c);
    }
}

static void chain_init(chain *c)
{
    c->event = calloc(1, sizeof *c->event + 64);
    *c->event = (pl_event){.refs = 1,
                           .document = {document, sizeof document - 1},
                           .type = PL_SLICE("order"),
                           .id = {c->event->bytes, PL_UUID_TEXT}};
    c->delivery = (pl_commit_delivery){
        .connector = PL_SLICE("acme-erp"), .webhook = PL_SLICE("order"), .held = true};
    c->commit_event = (pl_commit_event){.event = c->event, .deliveries = &c->delivery, .count = 1};
    c->commit = (pl_commit){.op = {.message.fn = committed, .kind = PL_OP_COMMIT, .bytes = 500},
                            .events = &c->commit_event,
                            .count = 1};
    c->attempt = (pl_attempt){
        .number = 1,
        .outcome = "ok",
        .method = PL_SLICE("POST"),
        .url = PL_SLICE("https://eu1.erp.acme.example/hooks/confirmation"),
        .request_fields = PL_SLICE("Content-Type: application/json\r\nwebhook-id: 0123456789\r\n"),
        .body_is_event = true,
        .status = 200,
        .response_fields = PL_SLICE("Content-Type: application/json\r\n"),
        .response_body = PL_SLICE("{\"ok\":true}"),
        .response_body_bytes = 11};
    c->record = (pl_record){.op = {.message.fn = recorded, .kind = PL_OP_RECORD, .bytes = 500},
                            .connector = c->delivery.connector,
                            .webhook = c->delivery.webhook,
                            .event = c->event,
                            .attempt = &c->attempt,
                            .state = PL_STATE_DELIVERED};
}

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* The least time that `share` of all took at most, from a histogram's bounds. */
static double quantile_ms(const pl_histogram *h, double share)
{
    uint64_t total = 0, seen = 0;
    for (int i = 0; i < PL_HISTOGRAM_BUCKETS; i++)
        total += atomic_load(&h->buckets[i]);
    for (int i = 0; i < PL_HISTOGRAM_BUCKETS; i++)
        if ((seen += atomic_load(&h->buckets[i])) >= (uint64_t)((double)total * share))
            return (double)pl_histogram_bound_us(i) / 1000;
    return 0;
}

static void print_times(const char *what, const pl_histogram *h)
{
    printf("   %s: p50 <= %.2f ms, p99 <= %.2f ms, p99.9 <= %.2f ms\n", what, quantile_ms(h, 0.5),
           quantile_ms(h, 0.99), quantile_ms(h, 0.999));
}

static int64_t wall_ms(void)
{
    return (int64_t)(now_s(CLOCK_REALTIME) * 1000);
}

static void forget(const char *path)
{
    for (const char *const *s = (const char *const[]){"", ".lock", "-wal", "-shm", NULL}; *s; s++) {
        char name[600];
        snprintf(name, sizeof name, "%s%s", path, *s);
        unlink(name);
    }
}

/* What of the file that is there already stays: all, and the file too; one event; one delivery. */
enum kept { KEPT_ALL, KEPT_ONE, KEPT_ONE_OF_CONNECTOR };

static double run_store(const char *folder, bool full, int in_flight, double seconds,
                        enum kept kept)
{
    char path[512], *reason = NULL;
    snprintf(path, sizeof path, "%s/bench-%d-%ld.db", folder, full, (long)getpid());
    pl_store_config config = {.path = path,
                              .synchronous_full = full,
                              .queue_bytes = 64u << 20,
                              .query_timeout_ms = 5000,
                              .retention.events = kept == KEPT_ONE,
                              .wall_ms = wall_ms};
    if (pl_store_open(&store, &config, &reason)) {
        fprintf(stderr, "%s\n", reason);
        exit(1);
    }
    pl_retention_of own = {PL_SLICE("acme-erp"), {.deliveries = 1, .bytes = 1000}};
    if (kept == KEPT_ONE_OF_CONNECTOR) pl_store_retain(store, &own, 1);
    chain *chains = calloc((size_t)in_flight, sizeof *chains);
    double start = now_s(CLOCK_MONOTONIC), cpu = cpu_s();
    cycles = 0;
    busy = in_flight;
    is_over = false;
    for (int i = 0; i < in_flight; i++) {
        chain_init(&chains[i]);
        begin(&chains[i]);
    }
    pl_store_wake(store);
    while (busy) {
        sem_wait(&arrived);
        pl_mailbox_drain(&mailbox);
        pl_store_wake(store);
        is_over = now_s(CLOCK_MONOTONIC) - start > seconds;
    }
    double took = now_s(CLOCK_MONOTONIC) - start;
    const pl_store_metrics *m = pl_store_metrics_of(store);
    double group = (double)pl_counter_get(&m->operations) / (double)pl_counter_get(&m->commits);
    printf("store, %-6s %9.0f cycles/s   %6.1f operations a commit, %5.1f us CPU a cycle\n",
           full ? "FULL" : "NORMAL", (double)cycles / took, group,
           (cpu_s() - cpu) * 1e6 / (double)cycles);
    print_times("a commit", &m->commit_us);
    if (kept) {
        print_times(kept == KEPT_ONE ? "a step of retention" : "a step of a connector's retention",
                    &m->keep_us);
        printf("   removed %llu deliveries\n", (unsigned long long)pl_counter_get(&m->removed));
    }
    pl_store_close(store);
    for (int i = 0; i < in_flight; i++)
        free(chains[i].event);
    free(chains);
    if (kept) forget(path);
    return group;
}

/* A group of cycles is so many bytes; each appended with one write and made durable. */
static void run_file(const char *folder, int group, double seconds)
{
    enum { CYCLE_BYTES = 800 };
    char path[512], *bytes = calloc((size_t)group, CYCLE_BYTES);
    snprintf(path, sizeof path, "%s/bench-%ld.log", folder, (long)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    uint64_t syncs = 0;
    double start = now_s(CLOCK_MONOTONIC), took;
    do {
        if (write(fd, bytes, (size_t)group * CYCLE_BYTES) < 0 || fdatasync(fd)) exit(1);
        syncs++;
        took = now_s(CLOCK_MONOTONIC) - start;
    } while (took < seconds);
    printf("file, fdatasync %6.0f cycles/s   %6d cycles a write, %.0f us a sync\n",
           (double)syncs * group / took, group, took * 1e6 / (double)syncs);
    close(fd);
    unlink(path);
    free(bytes);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: store_bench FOLDER [IN_FLIGHT [SECONDS]]\n");
        return 2;
    }
    int in_flight = argc > 2 ? atoi(argv[2]) : 200;
    double seconds = argc > 3 ? atof(argv[3]) : 3;
    uint8_t seed[32] = {1};
    pl_rng_init(&rng, seed);
    pl_mailbox_init(&mailbox, wake, NULL);
    sem_init(&arrived, 0, 0);
    double group = run_store(argv[1], true, in_flight, seconds, KEPT_ALL);
    run_store(argv[1], true, in_flight, seconds, KEPT_ONE);
    run_store(argv[1], true, in_flight, seconds, KEPT_ALL);
    run_store(argv[1], true, in_flight, seconds, KEPT_ONE_OF_CONNECTOR);
    run_file(argv[1], group < 2 ? 1 : (int)(group / 2), seconds);
    run_store(argv[1], false, in_flight, seconds, KEPT_ALL);
    run_store(argv[1], false, in_flight, seconds, KEPT_ONE);
    pl_mailbox_fini(&mailbox);
    return 0;
}
