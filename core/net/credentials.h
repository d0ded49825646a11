/* SPDX-License-Identifier: MIT
 *
 * What a request proves who sends it with, as far as libcurl applies it: Digest, NTLM, the client
 * certificate; and the authorities by which the receiver is judged. Private to net/. */
#ifndef PL_NET_CREDENTIALS_H
#define PL_NET_CREDENTIALS_H

#include "base/arena.h"
#include "flow/message.h"

#include <curl/curl.h>

/* Why the credentials cannot be applied to this request, or NULL: then it must not go out. */
const char *pl_credentials_refusal(const pl_request *r, bool is_https);
void pl_credentials_set(CURL *easy, const pl_request *r);

/* Looks at a request as it goes out, which a long one does in pieces. True when `piece` begins one.
 * Keeps in *is_proven whether that request proves who sends it: libcurl first sends one that does
 * not, without the body, to be asked. */
bool pl_credentials_see(const pl_request *r, pl_slice piece, bool *is_proven);

#endif
