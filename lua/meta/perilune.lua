-- SPDX-License-Identifier: MIT

--- Written by lua/meta/generate.lua.

---@meta perilune

---@class perilune.secret   what `secret` gives: it can be handed on, not read
---@class perilune.file   what `file` gives
---@alias perilune.data string|perilune.secret
---@alias perilune.part string|number|perilune.secret
---@alias perilune.parts perilune.part|perilune.part[]

---@class perilune.credential   one of what an authenticator's `credentials` lists: header, query or cookie and a value, or basic
---@field header? string
---@field query? string
---@field cookie? string
---@field value? perilune.credential_text
---@field basic? perilune.credential_text[]   user and password

---@alias perilune.credential_text perilune.credential_part|perilune.credential_part[]
---@alias perilune.credential_part perilune.part|perilune.credential_operation|(fun(ctx: perilune.ctx, request: perilune.request): perilune.part)

---@class perilune.credential_operation
---@field request? "method"|"url"|"path"|"query"|"body"
---@field header? string   which has to be there
---@field without? string   must not be in the header
---@field now? "seconds"|"milliseconds"   when the attempt began
---@field hash? string   its name
---@field hmac? string   the hash of one
---@field sign? string   the algorithm of a signature
---@field prefix? string   that stands in front unless it does already
---@field of? perilune.credential_text   what that is made of
---@field key? perilune.credential_text
---@field key_form? string   as hash.key has it
---@field base64? perilune.credential_text
---@field base64url? perilune.credential_text
---@field hex? perilune.credential_text

---@class perilune.certificate
---@field subject string   as in RFC 4514: CN=shop,O=Acme
---@field issuer string
---@field serial string   hexadecimal, capital letters
---@field sha256 string   of the certificate: hexadecimal, small letters
---@field san string[]   "DNS:...", "IP:...", "email:...", "URI:..."

---@class perilune.http_request
---@field method? string
---@field url perilune.parts
---@field params? table<string, perilune.parts>
---@field headers? table<string, perilune.parts>
---@field body? perilune.parts
---@field json? any
---@field form? table<string, perilune.parts>
---@field timeout? number
---@field basic? perilune.part[]   user and password
---@field bearer? perilune.part

---@class perilune.http_answer
---@field status integer
---@field ok boolean   2xx
---@field headers table<string, string>   names in any case
---@field body string
---@field json fun(self: perilune.http_answer): any, perilune.json_fault?

---@class perilune.http_failure
---@field class string   dns, connect, tls, timeout, egress, breaker and others
---@field message string
---@field ok false

---@class perilune.url
---@field scheme "http"|"https"
---@field host string
---@field port integer
---@field path string
---@field query? string
---@field fragment? string

---@class perilune.xml_options
---@field lists? string[]     names of elements that are lists, even of one
---@field prefixes? boolean   keep the prefixes of names, and the declarations of namespaces
---@field encoding? string    of the text, if the transport names one

---@class perilune.cache_options
---@field ttl? number    seconds that a value holds, where the fill says no other
---@field early? number  seconds before its end at which one exchange renews it ahead

---@class perilune.decode_options
---@field duplicates? "error"|"last"
---@field max_depth? integer
---@field numbers? "exact"|"double"

---@class perilune.encode_options
---@field sorted? boolean
---@field indent? integer|string
---@field html? boolean
---@field max_bytes? integer

---@class perilune.json_fault
---@field message string
---@field line integer
---@field column integer
---@field offset integer
---@field pointer string

log = {}

--- `log.warn(message, { field = value })`: a line of the gateway's log
---@param message string
---@param fields? table
function log.debug(message, fields) end

--- `log.warn(message, { field = value })`: a line of the gateway's log
---@param message string
---@param fields? table
function log.info(message, fields) end

--- `log.warn(message, { field = value })`: a line of the gateway's log
---@param message string
---@param fields? table
function log.warn(message, fields) end

--- `log.warn(message, { field = value })`: a line of the gateway's log
---@param message string
---@param fields? table
function log.error(message, fields) end

--- a secret of the environment or of a file, [below](#secrets)
---@param name string
---@return perilune.secret
function secret(name) end

--- the same of a text that came at run time, such as an access token; parts are joined
---@param ... perilune.part
---@return perilune.secret
function conceal(...) end

--- the text of `PERILUNE_VAR_NAME`; without a default it has to be set
---@param name string
---@param default? string
---@return string
function env(name, default) end

--- a body: the template of this name in `templates/`
---@param name string
---@return perilune.file
function file(name) end

--- a connector: the one that the plugin of this name makes of the table
---@param name string
---@return fun(given: table): perilune.preset
function use(name) end

--- seconds since 1970, with a fraction
---@return number
function now() end

--- a new UUID: version 7, later ones sort behind; version 4, random
---@return string
function uuid() end

--- a new UUID: version 7, later ones sort behind; version 4, random
---@return string
function uuid4() end

--- waits, and holds nobody up
---@param seconds number
function sleep(seconds) end

json = {}

--- the value of a document; nil and a [fault](#faults)
---@param text string
---@param options? perilune.decode_options
---@return any
---@return perilune.json_fault?
function json.decode(text, options) end

--- the text; nil and a message
---@param value any
---@param options? perilune.encode_options
---@return string?
---@return string?
function json.encode(value, options) end

--- what a JSON pointer (RFC 6901) leads to; the default for what is missing or null
---@param document any
---@param pointer string
---@param default? any
---@return any
function json.get(document, pointer, default) end

--- JSON's `null`; nil is no member at all
---@type userdata
json.null = nil

--- marks a table, also an empty one, and gives it; without an argument a new one
---@param table? table
---@return table
function json.array(table) end

--- marks a table, also an empty one, and gives it; without an argument a new one
---@param table? table
---@return table
function json.object(table) end

--- an object whose members stay in this order
---@param members table[]
---@return table
function json.ordered(members) end

--- what `encode` will make of a table
---@param value any
---@return boolean
function json.is_array(value) end

--- what `encode` will make of a table
---@param value any
---@return boolean
function json.is_object(value) end

--- its names, in order
---@param object table
---@return string[]
function json.keys(object) end

hash = {}

--- the hash
---@param data perilune.data
---@return string
function hash.md5(data) end

--- the hash
---@param data perilune.data
---@return string
function hash.sha1(data) end

--- the hash
---@param data perilune.data
---@return string
function hash.sha256(data) end

--- the hash
---@param data perilune.data
---@return string
function hash.sha384(data) end

--- the hash
---@param data perilune.data
---@return string
function hash.sha512(data) end

--- the same by name; there are also `sha224` and `sha3_224` to `sha3_512`
---@param algorithm string
---@param data perilune.data
---@return string
function hash.of(algorithm, data) end

--- HMAC with a hash of these names
---@param algorithm string
---@param key perilune.data
---@param data perilune.data
---@return string
function hash.hmac(algorithm, key, data) end

--- a [signature](#signatures)
---@param algorithm string
---@param key perilune.data
---@param data perilune.data
---@param options? { form?: 'der' }
---@return string
function hash.sign(algorithm, key, data, options) end

--- whether it is genuine
---@param algorithm string
---@param key perilune.data
---@param data perilune.data
---@param signature string
---@param options? { form?: 'der' }
---@return boolean
function hash.verify(algorithm, key, data, signature, options) end

--- the [key](#keys) that a text or secret stands for
---@param key perilune.data
---@param form string
---@param passphrase? perilune.data
---@return perilune.secret
function hash.key(key, form, passphrase) end

--- whether two texts or secrets are the same, in a time that does not say where they differ
---@param a perilune.data
---@param b perilune.data
---@return boolean
function hash.equal(a, b) end

base64 = {}

--- base64; decoded is either alphabet, padded or not
---@param bytes perilune.data
---@return string
function base64.encode(bytes) end

--- base64; decoded is either alphabet, padded or not
---@param text string
---@return string?
---@return string?
function base64.decode(text) end

--- the alphabet of URLs and tokens, without padding
---@param bytes perilune.data
---@return string
function base64.url_encode(bytes) end

--- the alphabet of URLs and tokens, without padding
---@param text string
---@return string?
---@return string?
function base64.url_decode(text) end

hex = {}

--- base16; encoded in lower case, decoded in either
---@param bytes perilune.data
---@return string
function hex.encode(bytes) end

--- base16; encoded in lower case, decoded in either
---@param text string
---@return string?
---@return string?
function hex.decode(text) end

random = {}

--- random bytes, up to 65536
---@param n integer
---@return string
function random.bytes(n) end

--- the same as text of 2 * n characters
---@param n integer
---@return string
function random.hex(n) end

url = {}

--- percent-encoding, for all that is not `A-Z a-z 0-9 - . _ ~`
---@param text perilune.data
---@return perilune.data
function url.encode(text) end

--- percent-encoding, for all that is not `A-Z a-z 0-9 - . _ ~`
---@param text string
---@return string?
---@return string?
function url.decode(text) end

--- the same for forms: a blank is `+`
---@param text perilune.data
---@return perilune.data
function url.encode_form(text) end

--- the same for forms: a blank is `+`
---@param text string
---@return string?
---@return string?
function url.decode_form(text) end

--- `a=1&b=2` of fields by name, or of a list of `{ name, value }`
---@param fields table
---@return perilune.data
function url.query(fields) end

--- the fields by name, and all of them in order as `{ name, value }`; nil and a message
---@param text string
---@return table<string, string>?
---@return string[][]|string
function url.parse_query(text) end

--- the parts of an http or https URL; nil and a message
---@param text string
---@return perilune.url?
---@return string?
function url.parse(text) end

--- a path behind a base URL; whether a URL has a scheme
---@param base string
---@param path string
---@return string
function url.join(base, path) end

--- a path behind a base URL; whether a URL has a scheme
---@param text string
---@return boolean
function url.is_absolute(text) end

xml = {}

--- the table of a document; nil and a message. Options: `lists`, `prefixes`, `encoding`
---@param text string
---@param options? perilune.xml_options
---@return table?
---@return string?
function xml.decode(text, options) end

--- the document of a table with one name; nil and a message
---@param value table
---@param options? { declaration?: boolean }
---@return string?
---@return string?
function xml.encode(value, options) end

time = {}

--- the text of a time; without a format as RFC 3339 has it
---@param seconds number
---@param format? string
---@param zone? string
---@return string?
---@return string?
function time.format(seconds, format, zone) end

--- as `Date` and `Last-Modified` have it
---@param seconds number
---@return string?
---@return string?
function time.http(seconds) end

--- the seconds since 1970 of an RFC 3339 text, of a date, of an HTTP date
---@param text string
---@return number?
---@return string?
function time.parse(text) end

template = {}

--- the text as a function of the names that stand in it
---@param text string
---@return fun(values: table): string
function template.compile(text) end

---@class perilune.ctx
---@field config table   the fields of the plugin or authenticator, checked; a copy of its own
---@field values table   the names that templates see
---@field event table   the event, and its `data`
---@field data table   the event, and its `data`
---@field connector { id: string, name: string }   which of them this is
---@field webhook { id: string }   which of them this is
---@field attempt integer   from 1
---@field verified table?   of a source: what its verifier says of the sender, such as a token's claims
---@field now number   seconds since 1970, at which the attempt, or the reception, began
---@field deadline number   seconds since 1970, at which it is over
---@field http perilune.http   requests of scripts, [below](#ctxhttp)
---@field cache perilune.cache   values that outlive the exchange, [below](#ctxcache)
---@field trace fun(message: string, value?: any)   a line in the trace of the attempt
---@field log perilune.log   as the global `log`
---@field uuid fun(): string   as the global `uuid`

---@class perilune.log
---@field debug fun(message: string, fields?: table)   a line of the gateway's log
---@field info fun(message: string, fields?: table)   a line of the gateway's log
---@field warn fun(message: string, fields?: table)   a line of the gateway's log
---@field error fun(message: string, fields?: table)   a line of the gateway's log

---@class perilune.http
---@field request fun(request: perilune.http_request): perilune.http_answer?, perilune.http_failure?   the answer; nil and a failure where none came
---@field get fun(request: perilune.http_request): perilune.http_answer?, perilune.http_failure?   the answer; nil and a failure where none came
---@field post fun(request: perilune.http_request): perilune.http_answer?, perilune.http_failure?   the answer; nil and a failure where none came
---@field all fun(requests: perilune.http_request[]): (perilune.http_answer|perilune.http_failure)[]   sends all at once and waits for all: answers and failures, in the order of the requests

---@class perilune.cache
---@field get fun(key: string): any   the value, nil when there is none
---@field set fun(key: string, value: any, ttl: number)   keeps it for `ttl` seconds
---@field delete fun(key: string, value?: any)   forgets it; with a value only while that is the one that is kept
---@field fetch fun(key: string, options: number|perilune.cache_options, fill: (fun(): any, number?)): any   the value, or what `fill` gives, which is kept; one exchange fills, the others wait for it. `options`: seconds, or `{ ttl = 300, early = 30 }`

---@class perilune.request
---@field method fun(self: perilune.request): string   GET, POST and so on
---@field set_method fun(self: perilune.request, method: string)   GET, POST and so on
---@field url fun(self: perilune.request): string   the URL; with a path, what that is with the URL as its `base_url`, a text or a secret
---@field set_url fun(self: perilune.request, url: perilune.data?, path?: string)   the URL; with a path, what that is with the URL as its `base_url`, a text or a secret
---@field header fun(self: perilune.request, name: string): string?   a field, nil when there is none; all by lower-case name. `***` where a secret stands
---@field headers fun(self: perilune.request): table<string, string>   a field, nil when there is none; all by lower-case name. `***` where a secret stands
---@field set_header fun(self: perilune.request, name: string, ...: perilune.part)   sets a field, in the place of all of its name; the parts are joined: texts, numbers, secrets
---@field remove_header fun(self: perilune.request, name: string)   takes all fields of the name away
---@field add_query fun(self: perilune.request, name: string, ...: perilune.part)   adds a parameter to the URL, encoded
---@field add_cookie fun(self: perilune.request, name: string, ...: perilune.part)   adds a cookie
---@field body fun(self: perilune.request): string?   the body, a table as JSON; the event itself as the body; and its Content-Type
---@field set_body fun(self: perilune.request, body: string|table, content_type?: string)   the body, a table as JSON; the event itself as the body; and its Content-Type
---@field set_body_event fun(self: perilune.request, content_type?: string)   the body, a table as JSON; the event itself as the body; and its Content-Type
---@field set_basic fun(self: perilune.request, user: perilune.data, password: perilune.data)   user name and password
---@field set_digest fun(self: perilune.request, user: perilune.data, password: perilune.data)   user name and password
---@field set_ntlm fun(self: perilune.request, user: perilune.data, password: perilune.data)   user name and password
---@field set_client_certificate fun(self: perilune.request, certificate: perilune.data, key?: perilune.data, passphrase?: perilune.data)   a client certificate, its key: PEM
---@field set_ca fun(self: perilune.request, authorities: perilune.data)   the authorities that the receiver's certificate is checked with: PEM
---@field set_proxy fun(self: perilune.request, url: perilune.data|false, user?: perilune.data, password?: perilune.data)   a proxy of its own; false: none
---@field set_timeout fun(self: perilune.request, seconds: number)   how long the request may take, up to 3600

---@class perilune.response
---@field status integer   200 and so on
---@field body string   the bytes of the body
---@field header fun(self: perilune.response, name: string): string?   a field, nil when there is none; all by lower-case name. Fields of one name are joined
---@field headers fun(self: perilune.response): table<string, string>   a field, nil when there is none; all by lower-case name. Fields of one name are joined

---@class perilune.inbound
---@field method fun(self: perilune.inbound): string   GET or POST
---@field target fun(self: perilune.inbound): string   path and query, and the path, both as they were written
---@field path fun(self: perilune.inbound): string   path and query, and the path, both as they were written
---@field query fun(self: perilune.inbound, name?: string): string?   a parameter of the query, or of a body that is a form, decoded; the first of its name. Without a name the query as it was written
---@field form fun(self: perilune.inbound, name: string): string?   a parameter of the query, or of a body that is a form, decoded; the first of its name. Without a name the query as it was written
---@field header fun(self: perilune.inbound, name: string): string?   a field, nil when there is none; all by lower-case name. Fields of one name are joined
---@field headers fun(self: perilune.inbound): table<string, string>   a field, nil when there is none; all by lower-case name. Fields of one name are joined
---@field body fun(self: perilune.inbound): string   the bytes of the body, as they came
---@field client fun(self: perilune.inbound): string   the address that it came from
---@field certificate fun(self: perilune.inbound): perilune.certificate?   the certificate that the client has shown (`tls.client_ca`), which was verified: `{ subject, issuer, serial, sha256, san }`

---@class perilune.webhook
---@field body? string|(fun(ctx: perilune.ctx, value: any): any)|table
---@field connect_timeout? number
---@field content_type? string
---@field context? table<string, string|number|boolean|table>
---@field disable_on? false|(number|string)[]
---@field headers? table<string, string|number|(fun(ctx: perilune.ctx, values: table): any)|perilune.secret>
---@field hooks? table[]
---@field id? string
---@field method? string|(fun(ctx: perilune.ctx, value: any): any)
---@field on? string
---@field order_by? false|string|number|(fun(ctx: perilune.ctx, values: table): any)|{ key: string|number|(fun(ctx: perilune.ctx, values: table): any), on_failure?: "block"|"skip"|"newest" }
---@field params? table<string, string|number|(fun(ctx: perilune.ctx, values: table): any)|perilune.secret|(string|number|(fun(ctx: perilune.ctx, values: table): any))[]>
---@field rate? { burst?: number, concurrency?: integer, per_second?: number }
---@field redirects? integer|{ max: integer, to_http?: boolean }
---@field response? { lists?: string[], mapper?: string|(fun(ctx: perilune.ctx, value: any): any)|table, prefixes?: boolean, type?: "json"|"xml"|"form"|"text"|"auto", variables?: table<string, string|(fun(ctx: perilune.ctx, value: any): any)|{ [1]: string|(fun(ctx: perilune.ctx, value: any): any), default?: any, required?: boolean }> }
---@field retry? false|{ attempts?: integer, base?: number, factor?: number, jitter?: number, max?: number, max_age?: number, on?: (fun(ctx: perilune.ctx, value: any): any)|(number|string)[], schedule?: number[] }
---@field success? number|string|(fun(ctx: perilune.ctx, value: any): any)|(number|string)[]
---@field timeout? number
---@field url string|number|(fun(ctx: perilune.ctx, values: table): any)|perilune.secret
---@field when? string|(fun(ctx: perilune.ctx, value: any): any)

---@class perilune.connector
---@field applies_to? table<string, (string|number|boolean)[]>
---@field authenticator? string|table
---@field base_url? string|number|(fun(ctx: perilune.ctx, values: table): any)|perilune.secret
---@field connect_timeout? number
---@field content_type? string
---@field context? table<string, string|number|boolean|table>
---@field disable_on? false|(number|string)[]
---@field enabled? boolean
---@field headers? table<string, string|number|(fun(ctx: perilune.ctx, values: table): any)|perilune.secret>
---@field hooks? table[]
---@field ingress? { methods?: ("GET"|"POST")[], source: string|(fun(ctx: perilune.ctx, value: any): any)|table, verify?: (fun(ctx: perilune.ctx, value: any): any)|table }
---@field method? string|(fun(ctx: perilune.ctx, value: any): any)
---@field name? string
---@field order_by? false|string|number|(fun(ctx: perilune.ctx, values: table): any)|{ key: string|number|(fun(ctx: perilune.ctx, values: table): any), on_failure?: "block"|"skip"|"newest" }
---@field params? table<string, string|number|(fun(ctx: perilune.ctx, values: table): any)|perilune.secret|(string|number|(fun(ctx: perilune.ctx, values: table): any))[]>
---@field proxy? false|string|{ password?: string|perilune.secret, url: string, user?: string|perilune.secret }
---@field rate? { burst?: number, concurrency?: integer, per_second?: number }
---@field redirects? integer|{ max: integer, to_http?: boolean }
---@field retention? { bytes?: number|string, days?: integer, deliveries?: integer, payload_days?: integer }
---@field retry? false|{ attempts?: integer, base?: number, factor?: number, jitter?: number, max?: number, max_age?: number, on?: (fun(ctx: perilune.ctx, value: any): any)|(number|string)[], schedule?: number[] }
---@field timeout? number
---@field webhooks perilune.webhook[]

---@class perilune.gateway_file
---@field admin? { listen?: string }
---@field backlog? { age?: number, deliveries?: integer, every?: number }
---@field breaker? { cooldown?: number, failures?: integer, max?: number }
---@field destinations? table<string, { burst?: number, concurrency?: integer, per_second?: number }>
---@field egress? { allow?: string|string[], ca_file?: string, proxy?: string, proxy_auth?: string|perilune.secret|(string|perilune.secret)[], proxy_names?: "judge"|"trust" }
---@field events? table
---@field hosts? string|string[]
---@field ingress? (fun(ctx: perilune.ctx, value: any): any)|table
---@field json? { duplicates?: "error"|"last" }
---@field limits? { batch?: integer, body?: number|string, cache?: number|string, cache_entry?: number|string, calls?: integer, client_burst?: integer, client_rate?: integer, connections?: integer, feed_backlog?: number|string, feed_page?: integer, header_bytes?: number|string, headers?: integer, horizon?: number, in_flight?: integer, json_depth?: integer, order_key?: number|string, receptions?: integer, recorded_body?: number|string, resident?: integer, response?: number|string, response_header_bytes?: number|string, retry_after?: number, script_heap?: number|string, script_load_time?: number, script_memory?: number|string, script_requests?: integer, script_time?: number, store_queue?: number|string, target?: number|string, template_depth?: integer, template_loops?: integer, template_output?: number|string, trace?: number|string }
---@field listen? string
---@field log? { format?: "auto"|"human"|"json", level?: "debug"|"info"|"warn"|"error"|"off" }
---@field name? string
---@field require_authenticator? boolean
---@field require_https? boolean
---@field retention? { bytes?: number|string, days?: integer, events?: integer, key_days?: integer, payload_days?: integer }
---@field secrets? { dir?: string }
---@field sources? table<string, { methods?: ("GET"|"POST")[], source: string|(fun(ctx: perilune.ctx, value: any): any)|table, verify?: (fun(ctx: perilune.ctx, value: any): any)|table }>
---@field store? string
---@field store_check? number|string
---@field store_linger? number
---@field store_sync? "full"|"normal"
---@field timeouts? { body?: number, call?: number, connect?: number, delivery?: number, grace?: number, header?: number, hook?: number, idle?: number, names?: number, query?: number, source?: number, wait?: number, write?: number }
---@field tls? { certificate?: string, client?: "required"|"optional", client_ca?: string, key?: string }
---@field tokens? { admin?: string|perilune.secret|(string|perilune.secret)[], ingest?: string|perilune.secret|(string|perilune.secret)[], named?: string|perilune.secret|(string|perilune.secret)[], [integer]: perilune.token }
---@field workers? integer

---@class perilune.token
---@field certificate? string   it counts beside this client certificate only: its subject (CN=shop,O=Acme), or its SHA-256
---@field connectors? string[]   those that it may reach; without this, all
---@field name string   what the log calls it
---@field scope "ingest"|"admin"   what may be done with it: events and calls, or everything
---@field sha256? string   of the token, as 64 hexadecimal digits: what is kept here is no secret
---@field token? string|perilune.secret   the token itself, instead of `sha256`

---@class perilune.plugin.api_key
---@field in? "header"|"query"|"cookie"   where it goes; in a query it is part of the URL, which others log
---@field key string|perilune.secret   the key
---@field name? string   of the header, parameter or cookie
---@field prefix? string   stands before the key
---@field type "api-key"

---@class perilune.plugin.aws_sigv4
---@field access_key string|perilune.secret   the access key id
---@field double_encode? boolean   encodes the path once more for the signature and tidies it up; default: for all but S3
---@field payload_header? boolean   sends the hash of the body as `x-amz-content-sha256`; default: for S3, and without a signed body
---@field region string   where the service is
---@field secret_key string|perilune.secret   the secret access key
---@field service string   as in the credential scope: `execute-api`, `lambda`, `s3`, `sqs`
---@field session_token? string|perilune.secret   of temporary credentials
---@field type "aws-sigv4"
---@field unsigned_payload? boolean   leaves the body out of the signature, where the service allows it (S3 over https)

---@class perilune.plugin.basic
---@field password string|perilune.secret   the password
---@field type "basic"
---@field username string|perilune.secret   the user's name, without a colon

---@class perilune.plugin.bearer
---@field token string|perilune.secret   the token, with or without "Bearer " in front
---@field type "bearer"

---@class perilune.plugin.digest
---@field password string|perilune.secret   the password
---@field type "digest"
---@field username string|perilune.secret   the user's name, without a colon

---@class perilune.plugin.discord
---@field avatar_url? string|number|(fun(ctx: perilune.ctx, values: table): any)   the picture beside them
---@field mentions? ("everyone"|"roles"|"users")[]   whom a message may call; default: nobody, whatever its text says
---@field messages ({ avatar_url?: string|number|(fun(ctx: perilune.ctx, values: table): any), content?: string|number|(fun(ctx: perilune.ctx, values: table): any), embeds?: table, id?: string, on?: string, thread_id?: string|number|(fun(ctx: perilune.ctx, values: table): any), username?: string|number|(fun(ctx: perilune.ctx, values: table): any), webhook?: table, when?: string|(fun(ctx: perilune.ctx, value: any): any) })[]   what is sent, and when; one webhook each
---@field username? string|number|(fun(ctx: perilune.ctx, values: table): any)   who the messages are from, instead of the webhook's name
---@field webhook_url string|perilune.secret   the webhook's URL, as the channel's settings give it

---@class perilune.plugin.hmac
---@field algorithm? "md5"|"sha1"|"sha224"|"sha256"|"sha384"|"sha512"|"sha3_224"|"sha3_256"|"sha3_384"|"sha3_512"   the hash
---@field base_url? string   what stands before the path in the {url} that a sender has signed; for verifying
---@field content? string   what is signed
---@field encoding? "hex"|"base64"|"base64url"   what the signature is written in
---@field format? string   what stands there: elements, each with a {signature} or a {timestamp}
---@field header string   where the signature stands
---@field headers? table<string, string>   other headers, set by name before the content is put together
---@field key string|perilune.secret|(string|perilune.secret)[]   the key, or several: the first signs, any of them verifies
---@field key_form? "raw"|"base64"|"hex"   what the key is written in; raw: it is the text itself
---@field separator? string   between the elements of the format
---@field sign_with? "first"|"all"   of several keys; with all, the element of the format with {signature} is there once for each
---@field timestamp_header? string   where the timestamp stands, unless the format has it
---@field timestamp_unit? "seconds"|"milliseconds"   since 1970
---@field tolerance? integer   seconds by which a timestamp that is verified may be off, in both directions
---@field type "hmac"

---@class perilune.plugin.hubspot
---@field contacts? ({ email: string|number|(fun(ctx: perilune.ctx, values: table): any), id?: string, on?: string, properties?: table, webhook?: table, when?: string|(fun(ctx: perilune.ctx, value: any): any) })[]   contacts that are made, or changed when there is one with the address
---@field deals? ({ contact_id?: string|number|(fun(ctx: perilune.ctx, values: table): any), id?: string, on?: string, properties: table, unique?: { property: string, value: string|number|(fun(ctx: perilune.ctx, values: table): any) }, webhook?: table, when?: string|(fun(ctx: perilune.ctx, value: any): any) })[]   deals that are made
---@field tickets? ({ contact_id?: string|number|(fun(ctx: perilune.ctx, values: table): any), id?: string, on?: string, properties: table, unique?: { property: string, value: string|number|(fun(ctx: perilune.ctx, values: table): any) }, webhook?: table, when?: string|(fun(ctx: perilune.ctx, value: any): any) })[]   tickets that are made, with the same keys
---@field token string|perilune.secret   the access token of a private app

---@class perilune.plugin.jwt
---@field algorithm "HS256"|"HS384"|"HS512"|"RS256"|"RS384"|"RS512"|"PS256"|"PS384"|"PS512"|"ES256"|"ES384"|"ES512"|"EdDSA"   signs, and is the only one that is verified, unless there are `algorithms`
---@field algorithms? ("HS256"|"HS384"|"HS512"|"RS256"|"RS384"|"RS512"|"PS256"|"PS384"|"PS512"|"ES256"|"ES384"|"ES512"|"EdDSA")[]   those that are taken when a token is verified; of one kind, with shared keys or with pairs
---@field audience? string   the claim `aud`; must be or hold this when a token is verified
---@field body_claim? string   the claim with the SHA-256 of the body, by which a receiver sees that nobody has changed it
---@field body_encoding? "hex"|"base64url"   what the SHA-256 is written in
---@field claims? table<string, any>   claims, in which texts are templates; they go before those that are made here
---@field header_fields? table<string, any>   other fields of the header of the token
---@field issuer? string   the claim `iss`; must be this when a token is verified
---@field key string|perilune.secret|(string|perilune.secret)[]   shared, or PEM: private to sign, that or public or a certificate to verify; of several, the first signs and any verifies
---@field key_form? "raw"|"base64"|"hex"   what the key is written in; raw: it is the text itself, or PEM
---@field kid? string   which key this is, in the header of the token
---@field leeway? integer   seconds by which the clock of a sender may be off
---@field lifetime? integer   seconds from `iat` to `exp`
---@field name? string   of the header
---@field not_before? integer   seconds from `nbf` to `iat`, for clocks that differ; without it there is no `nbf`
---@field passphrase? string|perilune.secret   of a PEM key that is encrypted
---@field prefix? string   stands before the token
---@field required? string[]   claims that a token must have to be verified
---@field typ? string   the type, in the header of the token
---@field type "jwt"

---@class perilune.plugin.mtls
---@field ca? string|perilune.secret   PEM: the authorities that the receiver's certificate is checked with, instead of the gateway's
---@field certificate string|perilune.secret   PEM, with the certificates between it and its authority behind it
---@field key? string|perilune.secret   PEM; may stand beside the certificate instead
---@field passphrase? string|perilune.secret   of an encrypted key
---@field type "mtls"

---@class perilune.plugin.none
---@field type "none"

---@class perilune.plugin.ntlm
---@field password string|perilune.secret   the password, ASCII
---@field type "ntlm"
---@field username string|perilune.secret   `user` or `DOMAIN\user`, ASCII

---@class perilune.plugin.oauth2
---@field algorithm? "RS256"|"RS384"|"RS512"|"PS256"|"PS384"|"PS512"|"ES256"|"ES384"|"ES512"|"EdDSA"   of the signature, for `private_key_jwt`
---@field assertion_audience? string   `aud` of the assertion, instead of `token_url`
---@field audience? string|string[]   whom the token is for, one or several
---@field client_auth? "client_secret_basic"|"client_secret_post"|"private_key_jwt"|"none"   how the client shows that it is the client
---@field client_id string|perilune.secret   who asks
---@field client_secret? string|perilune.secret   for `client_secret_basic` and `client_secret_post`
---@field default_ttl? number   seconds that a token holds whose answer does not say it
---@field early? number   seconds before its end at which a token is renewed, half its life at most
---@field grant? "client_credentials"|"refresh_token"   what the token is asked for with
---@field header? string   that the token is sent in
---@field key_id? string   `kid` of the assertion
---@field parameters? table<string, string|perilune.secret>   further parameters of the request, by name
---@field passphrase? string|perilune.secret   of an encrypted key
---@field prefix? string   in front of the token, its blank included
---@field private_key? string|perilune.secret   PEM, for `private_key_jwt`
---@field refresh_token? string|perilune.secret   for the grant `refresh_token`
---@field resource? string|string[]   the same as URLs, one or several (RFC 8707)
---@field scope? string|string[]   what the token is to allow: a text, or a list of scopes
---@field timeout? number   seconds that the token endpoint may take
---@field token_url string   the token endpoint
---@field type "oauth2"

---@class perilune.plugin.salesforce
---@field api_version? string   of the REST API
---@field client_id? string|perilune.secret   of a connected app with the client credentials flow; or give an `authenticator`
---@field client_secret? string|perilune.secret   the same app's
---@field creates? ({ fields: table, id?: string, object: string, on?: string, webhook?: table, when?: string|(fun(ctx: perilune.ctx, value: any): any) })[]   records that are made
---@field instance string   the address of the organisation (My Domain)
---@field upserts? ({ external_id: { field: string, value: string }, fields: table, id?: string, object: string, on?: string, webhook?: table, when?: string|(fun(ctx: perilune.ctx, value: any): any) })[]   records that are made, or changed when there is one with the external id

---@class perilune.plugin.slack
---@field channel? string|number|(fun(ctx: perilune.ctx, values: table): any)   where messages go that name no channel of their own; with a token only
---@field messages ({ blocks?: table, channel?: string|number|(fun(ctx: perilune.ctx, values: table): any), id?: string, on?: string, text?: string|number|(fun(ctx: perilune.ctx, values: table): any), thread_ts?: string|number|(fun(ctx: perilune.ctx, values: table): any), webhook?: table, when?: string|(fun(ctx: perilune.ctx, value: any): any) })[]   what is sent, and when; one webhook each
---@field token? string|perilune.secret   a bot token (`xoxb-...`) with the scope `chat:write`; else give `webhook_url`
---@field webhook_url? string|perilune.secret   the URL of an incoming webhook, which leads to one channel; else give `token`

---@class perilune.plugin.standard_webhooks
---@field headers? "webhook"|"svix"   what the names of the headers begin with: `webhook-id` or `svix-id`
---@field key? string|perilune.secret|(string|perilune.secret)[]   shared, `whsec_...`: signs and verifies v1; of several, all sign and any verifies
---@field private_key? string|perilune.secret|(string|perilune.secret)[]   of Ed25519, `whsk_...`: signs v1a
---@field public_key? string|perilune.secret|(string|perilune.secret)[]   of Ed25519, `whpk_...`: verifies v1a
---@field tolerance? integer   seconds by which a timestamp that is verified may be off, in both directions
---@field type "standard-webhooks"

---@class perilune.plugin.teams
---@field messages ({ card?: table, facts?: ({ title: string|number|(fun(ctx: perilune.ctx, values: table): any), value: string|number|(fun(ctx: perilune.ctx, values: table): any) })[], id?: string, link?: { title: string|number|(fun(ctx: perilune.ctx, values: table): any), url: string|number|(fun(ctx: perilune.ctx, values: table): any) }, on?: string, text?: string|number|(fun(ctx: perilune.ctx, values: table): any), title?: string|number|(fun(ctx: perilune.ctx, values: table): any), webhook?: table, when?: string|(fun(ctx: perilune.ctx, value: any): any) })[]   what is sent, and when; one webhook each
---@field webhook_url string|perilune.secret   the URL of a workflow that posts what a webhook sends, or of an incoming webhook

---@class perilune.plugin.zendesk
---@field api_token? string|perilune.secret   an API token, with `email`
---@field comments? ({ comment: string|number|(fun(ctx: perilune.ctx, values: table): any), id?: string, on?: string, public?: boolean|string, status?: string|number|(fun(ctx: perilune.ctx, values: table): any), ticket_id: string, webhook?: table, when?: string|(fun(ctx: perilune.ctx, value: any): any) })[]   comments on tickets that are there
---@field email? string   of the agent whose `api_token` it is
---@field oauth_token? string|perilune.secret   an OAuth access token, instead of `email` and `api_token`
---@field subdomain string   of `SUBDOMAIN.zendesk.com`
---@field tickets? ({ comment: string|number|(fun(ctx: perilune.ctx, values: table): any), external_id?: string|number|(fun(ctx: perilune.ctx, values: table): any), fields?: table, id?: string, on?: string, priority?: string|number|(fun(ctx: perilune.ctx, values: table): any), public?: boolean|string, requester?: { email: string|number|(fun(ctx: perilune.ctx, values: table): any), name?: string|number|(fun(ctx: perilune.ctx, values: table): any) }, status?: string|number|(fun(ctx: perilune.ctx, values: table): any), subject?: string|number|(fun(ctx: perilune.ctx, values: table): any), tags?: table, webhook?: table, when?: string|(fun(ctx: perilune.ctx, value: any): any) })[]   tickets that are made
