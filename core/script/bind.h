/* SPDX-License-Identifier: MIT
 *
 * The Lua types and functions that C makes. A bind file holds one type, in the order check, push,
 * callbacks, methods, luaL_Reg, luaopen. A userdata of an exchange knows when that is over: C
 * clears its pointer, and whoever uses it later is told. */
#ifndef PL_SCRIPT_BIND_H
#define PL_SCRIPT_BIND_H

#include "crypto/keyring.h"
#include "crypto/macs.h"
#include "flow/exchange.h"
#include "flow/reception.h"
#include "script/vm.h"

#include <lauxlib.h>
#include <lua.h>

/* -- events, requests, responses: pushed for one exchange, cleared when it is over -- */

void pl_bind_event_push(lua_State *L, const pl_event *event);
/* The event of the exchange that the run under way is a stage of: one for all, whose methods want the
 * exchange's ticket as their last argument. What has another one is told that it is over. */
void pl_bind_event_push_of_run(lua_State *L);
void pl_bind_event_clear(lua_State *L, int index);
void pl_bind_request_push(lua_State *L, pl_exchange *x);
/* The request of whatever exchange the run under way is a stage of: one for all, so no script may be
 * given it. */
void pl_bind_request_push_of_run(lua_State *L);
void pl_bind_request_clear(lua_State *L, int index);
void pl_bind_response_push(lua_State *L, pl_exchange *x);
void pl_bind_response_clear(lua_State *L, int index);

/* -- documents -- */

/* Pushes a document: a copy of the text and of its nodes. */
void pl_bind_document_push(lua_State *L, pl_slice text, const pl_json_node *nodes);
/* The methods value(), read(path) and json(path) of what has a text and its nodes. */
int pl_bind_nodes_value(lua_State *L, pl_slice text, const pl_json_node *nodes);
int pl_bind_nodes_read(lua_State *L, pl_slice text, const pl_json_node *nodes);
int pl_bind_nodes_json(lua_State *L, pl_slice text, const pl_json_node *nodes);

/* -- outlines -- */

int pl_bind_outline(lua_State *L); /* core.outline(operations) */

/* -- inbound requests: until they are answered -- */

void pl_bind_inbound_push(lua_State *L, const pl_reception *r);
void pl_bind_inbound_clear(lua_State *L, int index);

/* -- secrets -- */

#define PL_SECRET "perilune.secret"
typedef struct pl_secret_handle pl_secret_handle;
/* The handle at an index, or NULL. It stays where it is while something in Lua leads to it. */
pl_secret_handle *pl_bind_secret_handle(lua_State *L, int index);
/* As pl_bind_secret_at, without raising: false when the secret has lost its value. */
bool pl_secret_handle_value(pl_secret_handle *s, pl_slice *value);
void pl_bind_secret_type(lua_State *L); /* once for a state, before the first handle */
bool pl_bind_is_secret_at(lua_State *L, int index);
/* The value of a handle, until it has changed twice or the handle is collected; false when it is
 * none. Raises, of class auth, when the secret has lost its value: nothing is sent with an empty
 * one. */
bool pl_bind_secret_at(lua_State *L, int index, pl_slice *value);
bool pl_bind_secret_peek(lua_State *L, int index, pl_slice *value); /* without raising: may be "" */
/* A handle of a text that was made of secrets: they are masked in it, as a whole it is not. */
void pl_bind_secret_compose(lua_State *L, pl_slice value);
void pl_bind_secret_push(lua_State *L, pl_slice value); /* a handle of a value that passes */
int pl_bind_secret_of_name(lua_State *L); /* core.secret(name): a handle, or nil and why */
int pl_bind_secret_to_be(lua_State *L);   /* core.secret_to_be(name): not found yet, maybe never */
int pl_bind_secret_of_text(lua_State *L); /* core.secret_of(text): of a value that passes */
int pl_bind_secret_of_config(lua_State *L); /* core.secret_kept(text): of one that is configured */
int pl_bind_secrets_dir(lua_State *L);      /* core.secrets_dir(path): "" for none */
int pl_bind_is_secret(lua_State *L);        /* core.is_secret(value) */

/* -- what they share -- */

pl_slice pl_check_slice(lua_State *L, int index); /* of a string argument; no numbers, no nil */
pl_slice pl_opt_slice(lua_State *L, int index, const char *fallback); /* for nil and nothing */
void pl_push_slice(lua_State *L, pl_slice s);
void pl_push_lower(lua_State *L, pl_slice name); /* ASCII case folded */
/* The scratch of the state, emptied: what is put there has to be pushed before Lua runs again. */
pl_buf *pl_scratch(lua_State *L);
int pl_push_buf(lua_State *L, const pl_buf *b);           /* returns 1, the number of results */
int pl_push_wrong(lua_State *L, const char *message);     /* nil and the message; returns 2 */
int pl_push_functions(lua_State *L, const luaL_Reg *all); /* in a new table; returns 1 */
/* A function of Lua, text -> text, by one that puts into a buffer. */
int pl_bind_converted(lua_State *L, void (*put)(pl_buf *out, pl_slice text));
/* Makes a type: metatable `name` with the methods as __index, or, when `index` is given, that
 * function with the table of methods as its upvalue. */
void pl_bind_type(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction index);

/* What is made once for a state: pushes it; false, and nothing is pushed, when `ref` is 0. */
bool pl_bind_push_kept(lua_State *L, int ref);
/* Keeps what is on the top of the stack, which stays there, in the registry. */
void pl_bind_keep(lua_State *L, int *ref);

/* A type of userdata that is asked for often. Each begins with the address of its type, a static one,
 * by which it is told: looking metatables up by their names takes longer. No other userdata begins
 * with such an address: none has at its beginning what a script chose. */
typedef struct pl_known_type {
    enum pl_type type;
    const char *name;
} pl_known_type;
typedef struct pl_known {
    const pl_known_type *type;
} pl_known;

/* Pushes a userdata of a known type, whose struct begins with a pl_known; the rest is not set. The
 * other arguments are those of pl_bind_type. */
void *pl_bind_known_new(lua_State *L, const pl_known_type *type, size_t size,
                        const luaL_Reg *methods, lua_CFunction index);
/* The userdata of a known type at an index, or NULL; `check` raises instead. */
void *pl_bind_known_at(lua_State *L, int index, const pl_known_type *type);
void *pl_bind_known_check(lua_State *L, int index, const pl_known_type *type);

/* -- numbers as text -- */

int pl_bind_number_text(lua_State *L);   /* core.number_text(n): as Python's repr() of a float */
int pl_bind_format_double(lua_State *L); /* core.format_double(n, precision, letter): as printf */
int pl_bind_round(lua_State *L);         /* core.round(n, digits): as Python's round() */

/* { name in lower case = value }, values of a name that is there twice joined. */
void pl_bind_fields_push(lua_State *L, pl_field *fields);
int pl_bind_fetch(lua_State *L); /* core.fetch(requests) -> answers; waits */
/* -- parts: texts, numbers and secrets that are joined -- */

bool pl_bind_text_at(lua_State *L, int index, pl_slice *text); /* a text or an exact number */
/* Raises unless all arguments from `from` on are parts; so before anything is allocated. */
void pl_bind_parts_check(lua_State *L, int from);
/* Appends one to `value`, and to `shown` what may be seen of it: true when that is not the same. */
bool pl_bind_part_put(lua_State *L, int index, pl_buf *value, pl_buf *shown);
/* Arguments from `from` on, joined, in the arena; one text is its own bytes, as long as it is an
 * argument. `shown` has no pointer when all of it may be seen, else it is in the arena. */
pl_slice pl_bind_parts_join(lua_State *L, int from, pl_arena *arena, pl_slice *shown);
int pl_bind_join(lua_State *L); /* core.join(part...): a text, or a secret if a part is one */
/* core.encoded(text or secret, "form", "url", "base64", "base64url" or "hex"): a text, or a secret */
int pl_bind_encoded(lua_State *L);
/* core.begins(text or secret, prefix): in upper or in lower case? Not for scripts. */
int pl_bind_begins(lua_State *L);

int pl_bind_log(lua_State *L);   /* core.log(level, message, fields?) */
int pl_bind_trace(lua_State *L); /* core.trace(message, json?) */

/* -- hashes -- */

int pl_bind_hash(lua_State *L);    /* core.hash(algorithm, data) -> bytes */
int pl_bind_hmac(lua_State *L);    /* core.hmac(algorithm, text or secret, data) -> bytes */
int pl_bind_uuid_of(lua_State *L); /* core.uuid_of(namespace, name): version 5 */

/* What is kept of keys that were used, of one state. */
typedef struct pl_keys {
    pl_keyring ring;
    pl_macs macs;
} pl_keys;
pl_keys *pl_bind_keys_of(lua_State *L); /* as long as the state */

/* Each leaves its value, mostly a table, on the stack. */
int pl_open_base64(lua_State *L);
int pl_open_cache(lua_State *L);
int pl_open_egress(lua_State *L);
int pl_open_hex(lua_State *L);
int pl_open_crypto(lua_State *L);
int pl_open_random(lua_State *L);
int pl_open_span(lua_State *L);
int pl_open_text(lua_State *L);
int pl_open_string(lua_State *L);
int pl_open_table(lua_State *L);
int pl_open_integer(lua_State *L);
int pl_open_regex(lua_State *L);
int pl_open_time(lua_State *L);
int pl_open_json(lua_State *L);
int pl_open_xml(lua_State *L);
int pl_open_charset(lua_State *L);
int pl_open_url(lua_State *L);
int pl_open_http(lua_State *L);
int pl_open_core(lua_State *L);
/* Makes core.string the methods of strings. Empties the stack. */
void pl_bind_string_methods(lua_State *L);
/* Writes other limits into core.limits. */
void pl_core_show_limits(lua_State *L, const pl_vm_limits *limits);

#endif
