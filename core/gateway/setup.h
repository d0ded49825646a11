/* SPDX-License-Identifier: MIT
 *
 * What settings come to: guard, client, cache, certificates; what is wrong with them, and which a
 * reload cannot change. Mistakes go to `faults`, as of `file`. */
#ifndef PL_GATEWAY_SETUP_H
#define PL_GATEWAY_SETUP_H

#include "base/log.h"
#include "flow/cache.h"
#include "flow/settings.h"
#include "net/client.h"
#include "net/tls.h"
#include "script/script.h"

/* What a folder's own settings would keep pl_gateway_run from, or should not be: to `faults`, as of
 * its gateway.lua. Files that they name are looked into. */
void pl_setup_check(const pl_settings *s, pl_generation *g, const char *dir, pl_faults *faults);
/* Of that, what they say that comes to nothing which is kept. */
void pl_setup_check_words(const pl_settings *s, const char *file, pl_faults *faults);

/* The guard of egress.allow; NULL with its mistake in `faults`. */
pl_egress *pl_setup_egress(const pl_settings *s, const char *file, pl_faults *faults);
/* The certificates of the listeners; NULL when there are none, or after a mistake. */
pl_tls *pl_setup_tls(const pl_settings *s, const char *file, pl_faults *faults);
/* The client that the settings describe; texts are the settings'. */
pl_client_config pl_setup_client(const pl_settings *s, const pl_egress *egress);
/* A cache as large as the settings say. */
pl_cache *pl_setup_cache(const pl_settings *s);
enum pl_log_form pl_setup_log_form(const char *name);
/* What the proxy is told is masked. */
void pl_setup_proxy_auth(const pl_settings *s);

/* Settings hold for the life of the process, but for egress.allow and tokens: of what a reload
 * brings, the log says which wait for a restart. */
void pl_setup_warn_of_changes(const pl_settings *now, const pl_settings *fresh);

#endif
