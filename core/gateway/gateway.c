/* SPDX-License-Identifier: MIT
 *
 * The life of the process. Start: read the folder, load it once for each worker, settle the
 * settings, open store and sockets, start the workers. Then the main thread waits for signals; a
 * message from a worker arrives as one, too (SIGUSR1), so that there is one place to wait.
 *
 *    SIGTERM, SIGINT   stop: workers finish what is in flight; a second one ends it at once
 *    SIGHUP            reload
 *    SIGUSR1           look into the mailbox
 *
 * All signals are blocked in all threads and taken by sigtimedwait. */
#include "gateway/gateway.h"

#include "base/err.h"
#include "base/log.h"
#include "gateway/pages.h"
#include "gateway/setup.h"
#include "gateway/worker.h"
#include "script/secrets.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_S 1 /* at the files of certificates */

#define DAY_MS (24 * 3600 * 1000ll)

/* -- scripts -- */

/* Where it was at the start, as with all settings. */
static const char *secrets_dir(const pl_gateway *g)
{
    return g->settings.secrets_dir ? g->settings.secrets_dir : g->config->secrets_dir;
}

/* What environment and flags say, before there is a gateway.lua. A mistake in them is said when they
 * are merged. */
static void outside_settings(const pl_gateway *g, pl_settings *s)
{
    pl_settings_init(s);
    if (g->config->override) free(g->config->override(s, g->config->arg));
}

static void unref_all(pl_generation **all, int count)
{
    for (int i = 0; i < count; i++)
        if (all[i]) pl_generation_unref(all[i]);
    free(all);
}

/* all[from] to all[count - 1]; on a mistake those before it go as well, and the array. */
static pl_generation **load_rest(const pl_gateway *g, const pl_bundle *bundle, pl_generation **all,
                                 int from, int count, pl_faults *faults)
{
    pl_settings outside;
    outside_settings(g, &outside);
    pl_script_config config = {.lua_path = g->config->lua_path,
                               .json_depth = PL_JSON_MAX_DEPTH,
                               .secrets_dir = secrets_dir(g),
                               .outside = &outside};
    bool is_loaded = true;
    for (int i = from; i < count && is_loaded; i++) {
        all[i] = pl_script_load(bundle, &config, g->generation, faults);
        is_loaded = all[i] != NULL;
    }
    pl_settings_fini(&outside);
    if (is_loaded) return all;
    unref_all(all, count);
    return NULL;
}

static pl_generation **generations_new(int count)
{
    return pl_alloc_zero((size_t)count * sizeof(pl_generation *));
}

static pl_generation **load_all(pl_gateway *g, pl_faults *faults)
{
    pl_bundle *bundle = NULL;
    if (pl_bundle_read(g->config->dir, g->config->plugin_path, &bundle, faults) != 0) return NULL;
    g->generation++;
    int count = g->worker_count;
    pl_generation **all = load_rest(g, bundle, generations_new(count), 0, count, faults);
    if (all == NULL) g->generation--;
    pl_bundle_free(bundle);
    return all;
}

/* -- settings -- */

static bool merge_settings(pl_gateway *g, pl_generation *generation, pl_settings *s)
{
    pl_settings_init(s);
    pl_script_settings(generation, s);
    char *mistake = g->config->override ? g->config->override(s, g->config->arg) : NULL;
    if (mistake) fprintf(stderr, "%s\n", mistake);
    free(mistake);
    pl_settings_place(s, g->config->dir);
    return mistake == NULL;
}

/* What a reload brings of settings. */
typedef struct fresh_settings {
    pl_egress *egress;
    pl_tokens *tokens;
} fresh_settings;

/* As at the start: where others can connect, somebody has to show a token. */
static void check_still_guarded(const pl_gateway *g, const pl_tokens *tokens, pl_faults *faults)
{
    bool is_loopback = true;
    for (int i = 0; i < PL_LISTENERS; i++)
        if (g->listeners[i].is_used) is_loopback = is_loopback && g->listeners[i].is_loopback;
    if (!pl_tokens_any(tokens) && !is_loopback)
        pl_faults_add(faults, "settings", 0,
                      "tokens: none is left, and without any the gateway listens on loopback only");
}

/* False with the mistakes in `faults`. */
static bool reload_settings(pl_gateway *g, pl_generation *generation, fresh_settings *out,
                            pl_faults *faults)
{
    pl_settings fresh;
    *out = (fresh_settings){0};
    if (merge_settings(g, generation, &fresh)) {
        out->egress = pl_setup_egress(&fresh, "settings", faults);
        out->tokens = pl_tokens_new(&fresh, generation, "settings", faults);
        if (out->tokens) check_still_guarded(g, out->tokens, faults);
        if (faults->count == 0) pl_setup_warn_of_changes(&g->settings, &fresh);
    }
    pl_tokens_forget(&fresh);
    pl_settings_fini(&fresh);
    if (out->egress && out->tokens && faults->count == 0) return true;
    pl_egress_free(out->egress);
    pl_tokens_unref(out->tokens);
    return false;
}

/* -- start -- */

/* On the store's thread, and while it is opened. */
static void on_switched(void *arg, const pl_switch *s, bool is_off)
{
    pl_gateway *g = arg;
    if (is_off) {
        pl_switches_off(g->switches, s);
        pl_log(PL_LOG_WARN, "a webhook is disabled until it is enabled",
               PL_LOG_SLICE("connector", s->connector), PL_LOG_SLICE("webhook", s->webhook),
               PL_LOG_SLICE("by", s->by), PL_LOG_SLICE("reason", s->reason));
    } else {
        pl_switches_on(g->switches, s->connector, s->webhook);
        pl_log(PL_LOG_INFO, "a webhook is enabled", PL_LOG_SLICE("connector", s->connector),
               PL_LOG_SLICE("webhook", s->webhook), PL_LOG_SLICE("by", s->by));
    }
}

/* No longer than the settings grant it by now: the clock may have been set while it was not looked
 * at. */
static void on_paused(void *arg, pl_slice connector, int64_t until_ms)
{
    pl_gateway *g = arg;
    int64_t left_ms = until_ms - pl_wall_ms(), most_ms = g->settings.limit_retry_after;
    if (left_ms > most_ms) left_ms = most_ms;
    if (left_ms > 0) pl_quota_pause(g->quotas, connector, pl_monotonic_us(), left_ms);
}

static int open_store(pl_gateway *g)
{
    char *reason = NULL;
    pl_store_config config = {
        .path = g->settings.store,
        .synchronous_full = strcmp(g->settings.store_sync, "full") == 0,
        .check_bytes = g->settings.store_check,
        .queue_bytes = (size_t)g->settings.limit_store_queue,
        .linger_ms = g->settings.store_linger,
        .query_timeout_ms = g->settings.timeout_query,
        .retention = {.age_ms = g->settings.retention_days * DAY_MS,
                      .payload_ms = g->settings.retention_payload_days * DAY_MS,
                      .key_ms = g->settings.retention_key_days * DAY_MS,
                      .events = g->settings.retention_events,
                      .bytes = g->settings.retention_bytes},
        .wall_ms = pl_wall_ms,
        .switched = on_switched,
        .paused = on_paused,
        .arg = g,
    };
    int code = pl_store_open(&g->store, &config, &reason);
    if (code != 0) fprintf(stderr, "%s\n", reason);
    free(reason);
    return code == 0 ? 0 : 1;
}

static void open_rate(pl_gateway *g)
{
    uint8_t random[32];
    uint64_t seed;
    if (g->settings.limit_client_rate == 0) return;
    pl_random_seed(random);
    memcpy(&seed, random, sizeof seed);
    g->rate = pl_rate_new((uint32_t)g->settings.limit_client_rate,
                          (uint32_t)g->settings.limit_client_burst, seed);
}

/* The store keeps what connectors want; the policies of one stand side by side. */
static void retain(pl_gateway *g, const pl_generation *generation)
{
    uint32_t count = 0;
    pl_retention_of *own = pl_alloc((generation->policy_count + 1) * sizeof *own);
    for (uint32_t i = 0; i < generation->policy_count; i++) {
        const pl_policy *p = &generation->policies[i];
        const pl_keep *k = &p->keep;
        bool is_known = count && pl_slice_eq(own[count - 1].connector, p->connector);
        bool is_own = k->age_ms || k->payload_ms || k->deliveries || k->bytes;
        if (is_own && !is_known) own[count++] = (pl_retention_of){p->connector, *k};
    }
    pl_store_retain(g->store, own, count);
    free(own);
}

static void start_workers(pl_gateway *g, pl_generation **generations)
{
    retain(g, generations[0]);
    for (int i = 0; i < g->worker_count; i++)
        g->workers[i] = pl_worker_new(g, i, generations[i]);
    for (int i = 0; i < g->worker_count; i++)
        pl_worker_start(g->workers[i]);
    g->running = g->worker_count;
    atomic_store(&g->published, g->generation);
}

/* -- control -- */

static void wake_control(void *thread)
{
    pthread_kill(*(pthread_t *)thread, SIGUSR1);
}

static void publish(pl_gateway *g, pl_generation **all, const fresh_settings *fresh,
                    pl_reload *reload)
{
    pl_publication *p = pl_alloc_zero(sizeof *p);
    *p = (pl_publication){.reload = reload,
                          .gateway = g,
                          .number = g->generation,
                          .egress = fresh->egress,
                          .old_egress = g->egress,
                          .tokens = pl_tokens_ref(fresh->tokens)};
    g->egress = fresh->egress;
    pl_tokens_unref(g->tokens);
    g->tokens = fresh->tokens;
    retain(g, all[0]);
    atomic_store(&p->remaining, g->worker_count);
    for (int i = 0; i < g->worker_count; i++)
        pl_worker_publish(g->workers[i], all[i], p);
}

static void answer_reload(pl_reload *reload, int result)
{
    if (reload == NULL) return;
    reload->result = result;
    pl_mailbox_post(reload->reply_to, &reload->done);
}

static void reload_scripts(pl_gateway *g, pl_reload *reload)
{
    pl_faults faults = {0};
    if (atomic_load(&g->is_stopping)) {
        answer_reload(reload, PL_E_STOPPING);
        return;
    }
    fresh_settings fresh;
    pl_generation **all = load_all(g, &faults);
    if (all && !reload_settings(g, all[0], &fresh, &faults)) {
        unref_all(all, g->worker_count);
        all = NULL;
        g->generation--;
    }
    if (all) {
        pl_log(PL_LOG_INFO, "reloaded", PL_LOG_INT("generation", g->generation),
               PL_LOG_INT("webhooks", all[0]->policy_count));
        if (reload) reload->generation = g->generation;
        publish(g, all, &fresh, reload);
        free(all);
        pl_faults_fini(&faults);
        return;
    }
    pl_log(PL_LOG_ERROR, "reload failed; the scripts that were loaded stay",
           PL_LOG_INT("mistakes", faults.count));
    for (size_t i = 0; i < faults.count; i++)
        pl_log(PL_LOG_ERROR, faults.items[i].message, PL_LOG_STR("file", faults.items[i].file),
               PL_LOG_INT("line", faults.items[i].line));
    if (reload)
        reload->faults = faults;
    else
        pl_faults_fini(&faults);
    answer_reload(reload, PL_E_BAD_CONFIG);
}

typedef struct reload_request {
    pl_message message;
    pl_gateway *gateway;
    pl_reload *reload;
} reload_request;

static void on_reload(pl_message *m)
{
    reload_request *r = (reload_request *)m;
    reload_scripts(r->gateway, r->reload);
    free(r);
}

void pl_gateway_reload(pl_gateway *g, pl_reload *reload)
{
    reload_request *r = pl_alloc(sizeof *r);
    *r = (reload_request){.message.fn = on_reload, .gateway = g, .reload = reload};
    pl_mailbox_post(&g->mailbox, &r->message);
}

static void on_worker_stopped(pl_message *m)
{
    pl_worker *w = (pl_worker *)((char *)m - offsetof(pl_worker, stopped));
    w->gateway->running--;
}

void pl_gateway_worker_stopped(pl_gateway *g, pl_message *m)
{
    m->fn = on_worker_stopped;
    pl_mailbox_post(&g->mailbox, m);
}

static void stop(pl_gateway *g, int signal)
{
    if (atomic_exchange(&g->is_stopping, true)) {
        pl_log(PL_LOG_WARN, "second signal: stopping at once");
        _exit(1);
    }
    pl_log(PL_LOG_INFO, "stopping", PL_LOG_STR("signal", strsignal(signal)));
    for (int i = 0; i < g->worker_count; i++)
        pl_worker_stop(g->workers[i]);
}

/* The next signal, or 0 when it is time to look at the files of certificates. */
static int next_signal(const pl_gateway *g, const sigset_t *signals)
{
    struct timespec look = {.tv_sec = LOOK_EVERY_S};
    int signal = g->tls ? sigtimedwait(signals, NULL, &look) : sigwaitinfo(signals, NULL);
    return signal < 0 ? 0 : signal;
}

static void control(pl_gateway *g, const sigset_t *signals)
{
    while (g->running > 0) {
        int signal = next_signal(g, signals);
        if (signal == 0) {
            if (g->tls) pl_listeners_look(g->tls);
        } else if (signal == SIGHUP)
            reload_scripts(g, NULL);
        else if (signal == SIGUSR1)
            pl_mailbox_drain(&g->mailbox);
        else
            stop(g, signal);
    }
}

/* -- run -- */

static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    sigaddset(signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* The store's last answers, and what they make the workers tell each other. */
static void drain_all(pl_gateway *g)
{
    int taken;
    do {
        taken = 0;
        for (int i = 0; i < g->worker_count; i++)
            taken += pl_mailbox_drain(pl_loop_mailbox(g->workers[i]->loop));
    } while (taken > 0);
}

static void close_all(pl_gateway *g)
{
    pl_store *store = g->store;
    for (int i = 0; i < g->worker_count; i++)
        pthread_join(g->workers[i]->thread, NULL);
    pl_store_close(store);
    g->store = NULL;
    drain_all(g);
    for (int i = 0; i < g->worker_count; i++)
        pl_worker_free(g->workers[i]);
    pl_mailbox_drain(&g->mailbox); /* the last generations */
}

static int start(pl_gateway *g, pl_generation **generations)
{
    const pl_listener *main = &g->listeners[PL_LISTENER_MAIN],
                      *admin = &g->listeners[PL_LISTENER_ADMIN];
    int code = pl_listeners_open(g->listeners, &g->settings, g->worker_count);
    if (code == 0) code = open_store(g);
    if (code != 0) return code;
    open_rate(g);
    pl_pages_give_back();
    start_workers(g, generations);
    pl_log(PL_LOG_INFO, "listening", PL_LOG_STR("address", main->address),
           PL_LOG_STR("scheme", g->tls ? "https" : "http"), PL_LOG_INT("workers", g->worker_count),
           PL_LOG_INT("webhooks", generations[0]->policy_count),
           PL_LOG_STR("store", g->settings.store));
    if (admin->is_used)
        pl_log(PL_LOG_INFO, "listening for admins", PL_LOG_STR("address", admin->address));
    pl_tokens_forget(&g->settings);
    if (!pl_tokens_any(g->tokens))
        pl_log(PL_LOG_WARN, "no tokens are set: everybody on this machine may do everything");
    return 0;
}

static int worker_count(const pl_settings *s)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return s->workers ? (int)s->workers : cores > 0 && cores <= 256 ? (int)cores : 1;
}

/* The first generation tells the settings, which tell how many more of the same files there are to
 * be. */
static pl_generation **load_others(pl_gateway *g, const pl_bundle *bundle, pl_generation *first,
                                   pl_faults *faults)
{
    if (merge_settings(g, first, &g->settings)) {
        g->tokens = pl_tokens_new(&g->settings, first, "settings", faults);
        g->egress = pl_setup_egress(&g->settings, "settings", faults);
        pl_setup_check_words(&g->settings, "settings", faults);
        g->tls = pl_setup_tls(&g->settings, "settings", faults);
        g->worker_count = worker_count(&g->settings);
        if (faults->count == 0) {
            pl_generation **all = generations_new(g->worker_count);
            all[0] = first;
            return load_rest(g, bundle, all, 1, g->worker_count, faults);
        }
    }
    pl_generation_unref(first);
    return NULL;
}

static pl_generation **load_first(pl_gateway *g)
{
    pl_faults faults = {0};
    pl_bundle *bundle = NULL;
    pl_generation **one = NULL, **all = NULL;
    g->generation = 1;
    if (pl_bundle_read(g->config->dir, g->config->plugin_path, &bundle, &faults) == 0)
        one = load_rest(g, bundle, generations_new(1), 0, 1, &faults);
    if (one) all = load_others(g, bundle, one[0], &faults);
    free(one);
    pl_bundle_free(bundle);
    pl_faults_print(&faults, stderr);
    pl_faults_fini(&faults);
    return all;
}

int pl_gateway_run(const pl_gateway_config *config)
{
    pl_gateway g = {.config = config};
    sigset_t signals;
    pthread_t self = pthread_self();
    block_signals(&signals);
    pl_client_global_init();
    pl_generation **generations = load_first(&g);
    if (generations == NULL) {
        pl_tls_free(g.tls);
        pl_tokens_unref(g.tokens);
        pl_egress_free(g.egress);
        pl_settings_fini(&g.settings);
        return 3;
    }
    pl_log_init(pl_wall_ms, STDERR_FILENO,
                (enum pl_log_level)pl_log_level_of(pl_slice_of(g.settings.log_level)),
                pl_setup_log_form(g.settings.log_format));
    pl_setup_proxy_auth(&g.settings);
    pl_mailbox_init(&g.mailbox, wake_control, &self);
    g.health = pl_health_new();
    g.quotas = pl_quotas_new();
    g.breakers = pl_breakers_new();
    g.switches = pl_switches_new();
    g.tally = pl_tally_new();
    g.cache = pl_setup_cache(&g.settings);
    g.workers = pl_alloc_zero((size_t)g.worker_count * sizeof *g.workers);
    int code = start(&g, generations);
    if (code == 0) {
        pl_secrets_watch();
        control(&g, &signals);
        pl_secrets_unwatch();
        close_all(&g);
        pl_log(PL_LOG_INFO, "stopped");
    } else {
        for (int i = 0; i < g.worker_count; i++)
            pl_generation_unref(generations[i]);
    }
    free(generations);
    free(g.workers);
    pl_health_free(g.health);
    pl_quotas_free(g.quotas);
    pl_breakers_free(g.breakers);
    pl_switches_free(g.switches);
    pl_tally_free(g.tally);
    pl_cache_free(g.cache);
    pl_egress_free(g.egress);
    pl_tls_free(g.tls);
    pl_rate_free(g.rate);
    pl_tokens_unref(g.tokens);
    pl_mailbox_fini(&g.mailbox);
    pl_settings_fini(&g.settings);
    return code;
}
