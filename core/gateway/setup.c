/* SPDX-License-Identifier: MIT */
#include "gateway/setup.h"

#include "base/secret.h"
#include "gateway/listener.h"
#include "gateway/tokens.h"
#include "http/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

pl_egress *pl_setup_egress(const pl_settings *s, const char *file, pl_faults *faults)
{
    char text[512];
    pl_egress_fault fault;
    const pl_list *allow = &s->egress_allow;
    pl_egress *e = pl_egress_new((const char *const *)allow->items, allow->count, &fault);
    if (e) return e;
    snprintf(text, sizeof text, "egress.allow: '%s' %s", allow->items[fault.index], fault.text);
    pl_faults_add(faults, file, 0, text);
    return NULL;
}

static void check_proxy(const pl_settings *s, const char *file, pl_faults *faults)
{
    char text[512];
    const char *fault = s->egress_proxy[0] ? pl_proxy_fault(pl_slice_of(s->egress_proxy)) : NULL;
    snprintf(text, sizeof text, "egress.proxy: '%s': %s", s->egress_proxy, fault ? fault : "");
    if (fault) pl_faults_add(faults, file, 0, text);
    if (s->egress_proxy_auth.count > 1)
        pl_faults_add(faults, file, 0, "egress.proxy_auth: expected one user:password");
}

static void check_hosts(const pl_list *hosts, const char *file, pl_faults *faults)
{
    char text[256];
    for (size_t i = 0; i < hosts->count; i++) {
        if (pl_host_is_pattern(pl_slice_of(hosts->items[i]))) continue;
        snprintf(text, sizeof text,
                 "hosts: '%s' is not a host name without a port, *.NAME or an address",
                 hosts->items[i]);
        pl_faults_add(faults, file, 0, text);
    }
}

/* Without it no https would work, which is better said before the first delivery. */
static void check_ca_file(const pl_settings *s, const char *file, pl_faults *faults)
{
    char text[512];
    if (s->egress_ca_file[0] == '\0' || access(s->egress_ca_file, R_OK) == 0) return;
    snprintf(text, sizeof text, "egress.ca_file: %s: %s", s->egress_ca_file, strerror(errno));
    pl_faults_add(faults, file, 0, text);
}

void pl_setup_check_words(const pl_settings *s, const char *file, pl_faults *faults)
{
    check_hosts(&s->hosts, file, faults);
    check_proxy(s, file, faults);
    check_ca_file(s, file, faults);
}

pl_tls *pl_setup_tls(const pl_settings *s, const char *file, pl_faults *faults)
{
    char text[PL_TLS_TEXT];
    pl_tls *tls = NULL;
    if (!pl_listeners_open_tls(s, &tls, text)) pl_faults_add(faults, file, 0, text);
    return tls;
}

static void check_tls(const pl_settings *s, const char *file, pl_faults *faults)
{
    char text[PL_TLS_TEXT];
    pl_tls *tls = pl_setup_tls(s, file, faults);
    if (tls && pl_tls_expires(tls) <= pl_wall_ms() / 1000) {
        snprintf(text, sizeof text, "tls.certificate: %s: it has expired", s->tls_certificate);
        pl_faults_warn(faults, file, text);
    }
    pl_tls_free(tls);
}

void pl_setup_check(const pl_settings *s, pl_generation *g, const char *dir, pl_faults *faults)
{
    pl_buf file;
    pl_buf_init(&file);
    pl_buf_printf(&file, "%s/gateway.lua%c", dir, '\0');
    pl_tokens_unref(pl_tokens_new(s, g, file.ptr, faults));
    pl_egress_free(pl_setup_egress(s, file.ptr, faults));
    pl_setup_check_words(s, file.ptr, faults);
    check_tls(s, file.ptr, faults);
    pl_listeners_check(s, file.ptr, faults);
    pl_buf_fini(&file);
}

static bool list_differs(const pl_list *a, const pl_list *b)
{
    if (a->count != b->count) return true;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0) return true;
    return false;
}

static bool setting_differs(const pl_setting *s, const pl_settings *a, const pl_settings *b)
{
    const void *x = (const char *)a + s->offset, *y = (const char *)b + s->offset;
    switch (s->kind) {
    case PL_SETTING_TEXT:
    case PL_SETTING_FILE:
        return strcmp(*(char *const *)x, *(char *const *)y) != 0;
    case PL_SETTING_LIST:
    case PL_SETTING_SECRETS:
        return list_differs(x, y);
    default:
        return *(const int64_t *)x != *(const int64_t *)y;
    }
}

/* Settings hold for the life of the process, but for egress.allow and tokens: a reload that brings
 * others says which wait for a restart. */
static bool is_reloaded(const pl_setting *s)
{
    return strncmp(s->name, "tokens.", strlen("tokens.")) == 0 ||
           s->offset == offsetof(pl_settings, egress_allow);
}

void pl_setup_warn_of_changes(const pl_settings *now, const pl_settings *fresh)
{
    for (size_t i = 0; i < pl_setting_count; i++) {
        const pl_setting *s = &pl_setting_list[i];
        if (!is_reloaded(s) && setting_differs(s, now, fresh))
            pl_log(PL_LOG_WARN, "a changed setting takes effect at the next start",
                   PL_LOG_STR("setting", s->name));
    }
}

void pl_setup_proxy_auth(const pl_settings *s)
{
    for (size_t i = 0; i < s->egress_proxy_auth.count; i++)
        pl_secret_register(pl_slice_of(s->egress_proxy_auth.items[i]));
}

enum pl_log_form pl_setup_log_form(const char *name)
{
    return strcmp(name, "json") == 0    ? PL_LOG_JSON
           : strcmp(name, "human") == 0 ? PL_LOG_HUMAN
                                        : PL_LOG_AUTO;
}

/* "user:password", in two. */
static pl_proxy usual_proxy(const pl_settings *s)
{
    pl_proxy p = {.url = pl_slice_of(s->egress_proxy)};
    if (s->egress_proxy_auth.count == 0) return p;
    pl_slice auth = pl_slice_of(s->egress_proxy_auth.items[0]);
    const char *colon = memchr(auth.ptr, ':', auth.len);
    p.user = (pl_slice){auth.ptr, colon ? (size_t)(colon - auth.ptr) : auth.len};
    p.password = colon ? pl_slice_from(auth, p.user.len + 1) : PL_NO_SLICE;
    return p;
}

pl_client_config pl_setup_client(const pl_settings *s, const pl_egress *egress)
{
    return (pl_client_config){
        .egress = egress,
        .max_response_bytes = (size_t)s->limit_response,
        .max_response_header_bytes = (size_t)s->limit_response_header_bytes,
        .names_ms = s->timeout_names,
        .ca_file = s->egress_ca_file[0] ? s->egress_ca_file : NULL,
        .user_agent = "Perilune/" PL_VERSION,
        .proxy = usual_proxy(s),
        .proxy_is_trusted = strcmp(s->egress_proxy_names, "trust") == 0,
    };
}

pl_cache *pl_setup_cache(const pl_settings *s)
{
    uint8_t seed[32];
    pl_cache_config config = {.bytes = (size_t)s->limit_cache,
                              .entry_bytes = (size_t)s->limit_cache_entry};
    pl_random_seed(seed);
    memcpy(&config.seed, seed, sizeof config.seed);
    return pl_cache_new(&config);
}
