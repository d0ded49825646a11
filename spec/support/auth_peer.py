#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A receiver that asks who is there, for the specs of authenticators.

It listens on a free port of 127.0.0.1, says so on standard error as `perilune sink` does, and
prints each request as a line of JSON on standard output: method, path, headers, body, the status of
the answer, `connection` (a number) and `user` (who was recognised, or null).

    auth_peer.py digest USER PASSWORD       RFC 7616, by paths:
        /ALGORITHM          MD5, SHA-256, and those with -sess
        /ALGORITHM/stale    the first nonce of each connection is stale
        /ALGORITHM/always   every nonce is
        /ALGORITHM/closing  as the first, but the connection ends with the question
        /open               does not ask
        /basic              asks for something else
    auth_peer.py ntlm USER_FILE             by Debian's gss-ntlmssp; a line DOMAIN:USER:PASSWORD each
        /open               does not ask
    auth_peer.py tls CERTIFICATE KEY CA     wants a client certificate of that authority
"""
import base64
import hashlib
import itertools
import json
import os
import re
import secrets
import socket
import ssl
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NTLM_MECHANISM = "1.3.6.1.4.1.311.2.2.10"
REALM = 'spec "realm"'

connections = itertools.count(1)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.number = next(connections)
        self.start()

    def start(self):
        pass

    def log_message(self, *_):
        pass

    def answer(self, status, user=None, fields=()):
        record = {
            "method": self.command, "path": self.path, "headers": dict(self.headers.items()),
            "body": self.body.decode(), "status": status, "connection": self.number, "user": user,
        }
        print(json.dumps(record), flush=True)
        body = json.dumps({"ok": status == 200, "user": user}).encode()
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/open":
            self.answer(200)
        else:
            self.judge()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


class Digest(Handler):
    def judge(self):
        _, algorithm, *mode = self.path.split("/")
        mode = mode[0] if mode else ""
        if algorithm == "basic":
            self.answer(401, fields=[("WWW-Authenticate", 'Basic realm="spec"')])
            return
        given = self.headers.get("Authorization", "")
        user, stale = None, False
        if given.startswith("Digest "):
            user, stale = self.verify(given[len("Digest "):], algorithm, mode)
        if user:
            self.answer(200, user)
        else:
            self.ask(algorithm, mode, stale)

    def ask(self, algorithm, mode, stale):
        nonce = secrets.token_hex(16)
        self.server.nonces[nonce] = set()
        text = REALM.replace('"', '\\"')
        challenge = f'Digest realm="{text}", qop="auth", algorithm={algorithm}, nonce="{nonce}", opaque="o"'
        if stale:
            challenge += ", stale=true"
        fields = [("WWW-Authenticate", challenge), ("X-Challenge", "yes")]
        if mode == "closing":
            fields.append(("Connection", "close"))
        self.answer(401, fields=fields)

    def verify(self, text, algorithm, mode):
        """The user, or whether the nonce was stale."""
        hashing = hashlib.sha256 if algorithm.startswith("SHA-256") else hashlib.md5

        def h(data):
            return hashing(data.encode()).hexdigest()

        given = {}
        for name, quoted, plain in re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))', text):
            given[name] = re.sub(r"\\(.)", r"\1", quoted) or plain
        seen = self.server.nonces.get(given["nonce"])
        if seen is None or given["uri"] != self.path or given["realm"] != REALM or given["opaque"] != "o":
            return None, False
        if given["nc"] in seen or given["qop"] != "auth" or given["algorithm"] != algorithm:
            return None, False
        seen.add(given["nc"])
        secret = h(f"{self.server.user}:{REALM}:{self.server.password}")
        if algorithm.endswith("-sess"):
            secret = h(f"{secret}:{given['nonce']}:{given['cnonce']}")
        content = f"{given['nonce']}:{given['nc']}:{given['cnonce']}:auth:" + h(f"{self.command}:{self.path}")
        if given["username"] != self.server.user or given["response"] != h(f"{secret}:{content}"):
            return None, False
        if mode == "always" or (mode == "stale" and not self.server.was_stale):
            self.server.was_stale = True
            return None, True
        return given["username"], False


def linger(connection):
    """Leaves the other side the time to read what was said: a close with unread bytes is a reset."""
    with socket.socket(fileno=os.dup(connection.fileno())) as raw:
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):
            pass


def with_version(message):
    """The same with the field Version of MS-NLMP 2.2.1.1 and 2.2.1.3, which gss-ntlmssp takes for
    granted, and which libcurl leaves out as it may."""
    room = bytes(8)
    if message[8] == 1:
        return message.ljust(40, b"\0")
    head = bytearray(message[:64])
    for at in range(12, 60, 8):  # length, room, offset of each field
        (offset,) = struct.unpack_from("<I", head, at + 4)
        struct.pack_into("<I", head, at + 4, offset + len(room))
    return bytes(head) + room + message[64:]


class Ntlm(Handler):
    def start(self):
        self.context = self.user = None

    def judge(self):
        import gssapi

        given = self.headers.get("Authorization", "")
        if not given.startswith("NTLM "):
            if self.user:
                self.answer(200, self.user)
            else:
                self.answer(401, fields=[("WWW-Authenticate", "NTLM")])
            return
        message = base64.b64decode(given[len("NTLM "):])
        if message[8] == 1:
            mechanism = gssapi.OID.from_int_seq(NTLM_MECHANISM)
            mine = gssapi.Credentials(usage="accept", mechs=[mechanism])
            self.context, self.user = gssapi.SecurityContext(creds=mine, usage="accept"), None
        try:
            token = self.context.step(with_version(message))
        except gssapi.exceptions.GSSError:
            self.answer(401, fields=[("WWW-Authenticate", "NTLM")])
            return
        if self.context.complete:
            self.user = str(self.context.initiator_name).rstrip("\0")
            self.answer(200, self.user)
        else:
            text = base64.b64encode(token).decode()
            self.answer(401, fields=[("WWW-Authenticate", "NTLM " + text), ("X-Challenge", "yes")])


class Tls(Handler):
    def setup(self):
        try:
            self.request.do_handshake()
        except ssl.SSLError:
            linger(self.request)
            raise
        super().setup()

    def judge(self):
        names = {name: value for ((name, value),) in self.connection.getpeercert()["subject"]}
        self.answer(200, names["commonName"])


def serve(handler, prepare):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # handshakes fail here on purpose
    prepare(server)
    print(f"listening on 127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
    server.serve_forever()


def main(kind, *arguments):
    def digest(server):
        server.user, server.password = arguments
        server.nonces, server.was_stale = {}, False

    def ntlm(_):
        os.environ["NTLM_USER_FILE"] = arguments[0]

    def tls(server):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments[0], arguments[1])
        context.load_verify_locations(arguments[2])
        context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)

    handler, prepare = {"digest": (Digest, digest), "ntlm": (Ntlm, ntlm), "tls": (Tls, tls)}[kind]
    serve(handler, prepare)


main(*sys.argv[1:])
