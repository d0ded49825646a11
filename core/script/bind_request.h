/* SPDX-License-Identifier: MIT
 *
 * The methods of a request are in two files, and this is what they share: bind_request.c has the
 * type and the message itself, bind_credentials.c what proves who sends it. Private to the two. */
#ifndef PL_SCRIPT_BIND_REQUEST_H
#define PL_SCRIPT_BIND_REQUEST_H

#include "script/bind.h"

/* The exchange of argument 1; raises when it is over. */
pl_exchange *pl_bind_request_check(lua_State *L);
/* Raises in the class of the stage that the mistake was made in. */
int pl_bind_request_refuse(lua_State *L, const pl_exchange *x, const char *what, pl_slice about);
const char *pl_bind_request_class(const pl_exchange *x);

/* -- methods of bind_credentials.c -- */

int pl_bind_request_set_basic(lua_State *L);
int pl_bind_request_set_digest(lua_State *L);
int pl_bind_request_set_ntlm(lua_State *L);
int pl_bind_request_add_cookie(lua_State *L);
int pl_bind_request_set_client_certificate(lua_State *L);
int pl_bind_request_set_ca(lua_State *L);
int pl_bind_request_set_proxy(lua_State *L);

#endif
