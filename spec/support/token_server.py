#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A token endpoint and a resource behind it, for the spec of the authenticator oauth2.

It judges by what RFC 6749, 7521, 7523 and 8707 say, with python3-jwt. It listens on a free port of 127.0.0.1, says so on
standard error as `perilune sink` does, and prints each request as a line of JSON on standard output.

    token_server.py CLIENT_ID CLIENT_SECRET PUBLIC_KEY_FOLDER

    POST /token/NAME[?MODE]   one endpoint for each NAME: what it has granted, and its refresh tokens, are its own. MODE:
        expires=N             `expires_in` of its tokens; none: not said; default 3600
        rotate                grants by a refresh token bring a new one, and the old one holds no more
        type=T                the token_type
        answer=N              answers the status N, with the body that `body=` is; the first `times=` of them
        echo                  refuses, and says in the description what it was sent
        hang                  does not answer before GET /release
    POST /resource/NAME       200 to whom shows the latest token that NAME has granted, else 401
    POST /refuses/NAME        401 to everybody
    GET /release              whoever hangs goes on, and nobody hangs any more

An endpoint's clients: client_secret_basic, client_secret_post and none (with the id `public`) for all grants; assertions
of private_key_jwt, whose `kid` names the file KID.pem of the folder, and whose `aud` is the endpoint or `urn:spec`.
"""
import base64
import collections
import itertools
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import jwt

CLIENT_ID, CLIENT_SECRET, KEYS = sys.argv[1:4]
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FIRST_REFRESH_TOKEN = "r3fresh-token-0"
LONGEST_ASSERTION_S = 300

lock = threading.Lock()
released = threading.Event()
numbers = itertools.count(1)
seen_ids = set()


class Endpoint:
    def __init__(self, name):
        self.latest = None
        self.asked = 0
        self.refresh = FIRST_REFRESH_TOKEN
        self.name = name

    def token(self):
        self.latest = f"acc3ss-token-{self.name}-{next(numbers)}"
        return self.latest


class Endpoints(dict):
    def __missing__(self, name):
        self[name] = Endpoint(name)
        return self[name]


endpoints = Endpoints()


class Refused(Exception):
    """RFC 6749 section 5.2: a code, a description, the status."""


def invalid_client(why):
    return Refused("invalid_client", why, 401)


def basic_client(header):
    scheme, _, credentials = header.partition(" ")
    if scheme != "Basic":
        raise invalid_client("another scheme")
    name, colon, password = base64.b64decode(credentials, validate=True).decode("ascii").partition(":")
    if not colon:
        raise invalid_client("no colon")
    return unquote_plus(name, errors="strict"), unquote_plus(password, errors="strict")


def check_assertion(form, url):
    """RFC 7523 section 3."""
    if form.get("client_assertion_type") != ASSERTION:
        raise invalid_client("another type of assertion")
    assertion = form["client_assertion"]
    header = jwt.get_unverified_header(assertion)
    if header.get("typ") != "JWT":
        raise invalid_client("no JWT")
    with open(f"{KEYS}/{header['kid']}.pem", encoding="ascii") as file:
        key = file.read()
    try:
        claims = jwt.decode(assertion, key, algorithms=[header["kid"]], audience=[url, "urn:spec"], issuer=CLIENT_ID,
                            options={"require": ["exp", "iat", "aud", "iss", "sub", "jti"]})
    except jwt.PyJWTError as error:
        raise invalid_client(f"{type(error).__name__}: {error}") from error
    if claims["sub"] != CLIENT_ID or form.get("client_id", CLIENT_ID) != CLIENT_ID:
        raise invalid_client("another subject")
    if claims["exp"] - time.time() > LONGEST_ASSERTION_S:
        raise invalid_client("it holds for too long")
    with lock:
        if claims["jti"] in seen_ids:
            raise invalid_client("it was there before")
        seen_ids.add(claims["jti"])


def check_client(authorization, form, url):
    """The client's method; exactly one."""
    methods = []
    if authorization:
        if basic_client(authorization) != (CLIENT_ID, CLIENT_SECRET):
            raise invalid_client("wrong id or secret")
        methods.append("basic")
    if "client_secret" in form:
        if (form.get("client_id"), form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            raise invalid_client("wrong id or secret in the form")
        methods.append("post")
    if "client_assertion" in form:
        check_assertion(form, url)
        methods.append("jwt")
    if form.get("client_id") == "public":
        methods.append("none")
    if len(methods) != 1:
        raise invalid_client(f"{len(methods)} methods")
    return methods[0]


def grant(endpoint, form, mode):
    answer = {"access_token": None, "token_type": mode.get("type", "Bearer")}
    kind = form.get("grant_type")
    if kind == "refresh_token":
        if form.get("refresh_token") != endpoint.refresh:
            raise Refused("invalid_grant", "the refresh token is not known", 400)
        if "rotate" in mode:
            endpoint.refresh = answer["refresh_token"] = f"r3fresh-token-{next(numbers)}"
    elif kind != "client_credentials":
        raise Refused("unsupported_grant_type", "", 400)
    answer["access_token"] = endpoint.token()
    expires = mode.get("expires", "3600")
    if expires != "none":
        answer["expires_in"] = int(expires)
    return answer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body, record):
        with lock:
            print(json.dumps({"path": self.path, "status": status, **record}), flush=True)
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        released.set()
        self.answer(200, "{}", {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        parts = urlsplit(self.path)
        _, kind, name = parts.path.split("/")
        mode = dict(parse_qsl(parts.query, keep_blank_values=True))
        authorization = self.headers.get("Authorization")
        if kind == "token":
            self.token(endpoints[name], body, mode, authorization)
            return
        token = endpoints[name].latest
        shown = authorization or self.headers.get("X-Token")
        is_welcome = kind == "resource" and token and shown in (f"Bearer {token}", f"t={token}")
        self.answer(200 if is_welcome else 401, "{}", {"shown": shown})

    def token(self, endpoint, body, mode, authorization):
        pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=True)
        counts = collections.Counter(name for name, _ in pairs)
        form = dict(pairs)
        with lock:
            endpoint.asked += 1
            asked = endpoint.asked
        if "hang" in mode:
            released.wait(60)
        record = {"form": pairs, "asked": asked}
        if "answer" in mode and asked <= int(mode.get("times", "1000")):
            self.answer(int(mode["answer"]), mode.get("body", ""), record)
            return
        try:
            if self.headers.get("Content-Type") != "application/x-www-form-urlencoded":
                raise Refused("invalid_request", "no form", 400)
            if "echo" in mode:
                raise Refused("invalid_request", f"{form['client_secret']} in {body}", 400)
            if any(n > 1 and name != "resource" for name, n in counts.items()):
                raise Refused("invalid_request", "a parameter is there twice", 400)
            record["client"] = check_client(authorization, form, f"http://{self.headers['Host']}{self.path}")
            with lock:
                granted = grant(endpoint, form, mode)
        except Refused as refused:
            code, description, status = refused.args
            self.answer(status, json.dumps({"error": code, "error_description": description}), record)
            return
        self.answer(200, json.dumps(granted), record)


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
print(f"listening on 127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
server.serve_forever()
