#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A receiver that misbehaves, each path in its own way, for the specs of faults.

It listens on a free port of 127.0.0.1, says so on standard error as `perilune sink` does, and
prints the path of each request on standard output. One thread and (but for /reused) one request a
connection; a client that goes away ends the misbehaviour.

    faulty_peer.py                  plain HTTP
    faulty_peer.py --tls CERT KEY   the same behind TLS
    faulty_peer.py --show           prints whole requests on standard error
    faulty_peer.py --deaf           never takes a connection, nor lets the system take one for it
"""
import argparse
import base64
import gzip
import json
import socket
import ssl
import struct
import sys
import threading
import time
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
OK = HEAD + b'Content-Length: 11\r\n\r\n{"ok":true}'
FOREVER_S = 3600

barriers = {}
turns_taken = {}
barriers_lock = threading.Lock()


class Request:
    """One request, read to its end."""

    def __init__(self, connection):
        self.bytes = b""
        while b"\r\n\r\n" not in self.bytes:
            self._receive(connection)
        head, _, self.body = self.bytes.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.method, target, _ = lines[0].split(" ", 2)
        self.headers = [line.split(": ", 1) for line in lines[1:]]
        parts = urlsplit(target)
        self.path = parts.path
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        length = next((int(v) for n, v in self.headers if n.lower() == "content-length"), 0)
        while len(self.body) < length:
            self.body += self._receive(connection)

    def _receive(self, connection):
        piece = connection.recv(65536)
        if not piece:
            raise EOFError
        self.bytes += piece
        return piece


def wait_for_end(connection):
    """Says nothing until the other side has had enough."""
    connection.settimeout(FOREVER_S)
    while connection.recv(65536):
        pass


def reset(connection):
    """The next close sends RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(connection, data):
    for i in range(len(data)):
        connection.sendall(data[i : i + 1])
        time.sleep(1)


# -- the modes: each is the function of its name, with "-" for "_" --


def ok(connection, request):
    connection.sendall(OK)


def echo_authorization(connection, request):
    """Behind some padding, so that a cap can be made to strike within it."""
    value = next((value for name, value in request.headers if name == "Authorization"), "")
    body = b"x" * int(request.query.get("pad", "0")) + value.encode()
    head = b"HTTP/1.1 200 OK\r\nX-Echo: %s\r\nContent-Length: %d\r\n\r\n"
    connection.sendall(head % (value.encode(), len(body)) + body)


def echo_encoded(connection, request):
    """All of the request in every encoding that comes to mind, as the one who debugs a receiver does."""
    text = request.bytes.decode("latin-1")
    body = json.dumps({
        "raw": text,
        "url": quote(request.bytes, safe=""),
        "form": quote_plus(request.bytes),
        "base64": base64.b64encode(request.bytes).decode(),
        "base64url": base64.urlsafe_b64encode(request.bytes).decode(),
        "hex": request.bytes.hex(),
        "HEX": request.bytes.hex().upper(),
        "json": json.dumps(text).replace("/", "\\/"),
    }).encode()
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def reset_connection(connection, request):
    reset(connection)


def reset_in_body(connection, request):
    connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n" + b"x" * 10)
    time.sleep(0.05)  # what was sent is on its way before the RST overtakes it
    reset(connection)


def close(connection, request):
    """Not a byte."""


def close_early(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: applic")


def hang(connection, request):
    wait_for_end(connection)


def hang_after_head(connection, request):
    connection.sendall(HEAD + b"Content-Length: 11\r\n\r\n")
    wait_for_end(connection)


def drip_head(connection, request):
    drip(connection, OK)


def drip_body(connection, request):
    connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
    drip(connection, b"x" * 1000)


def garbage(connection, request):
    connection.sendall(b"\x16\x03\x01 this is not HTTP at all\r\n\r\n" * 10)


def bad_status(connection, request):
    connection.sendall(b"HTTP/1.1 abc Strange\r\nContent-Length: 0\r\n\r\n")


def endless(connection, request):
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def endless_chunks(connection, request):
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def endless_head(connection, request):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")


def endless_continue(connection, request):
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def big_headers(connection, request):
    fields = b"".join(b"X-Field-%d: %s\r\n" % (i, b"x" * 1000) for i in range(100))
    connection.sendall(HEAD + fields + b"Content-Length: 0\r\n\r\n")


def short(connection, request):
    connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\nonly this")


def long(connection, request):
    """More than it says, in one piece: what is behind must not be taken for the next answer."""
    body = b'{"ok":true}'
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
    if connection.recv(65536):
        connection.sendall(b"HTTP/1.1 500 Reused\r\nContent-Length: 0\r\n\r\n")


def bad_length(connection, request):
    connection.sendall(HEAD + b"Content-Length: eleven\r\n\r\n" + b'{"ok":true}')


def two_lengths(connection, request):
    connection.sendall(HEAD + b'Content-Length: 11\r\nContent-Length: 5\r\n\r\n{"ok":true}')


def length_and_chunks(connection, request):
    connection.sendall(HEAD + b'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"ok":true}\r\n0\r\n\r\n')


def switch(connection, request):
    """To a protocol that nobody has asked for."""
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other/1\r\n\r\n")
    wait_for_end(connection)


def no_head(connection, request):
    """A body alone, as of HTTP/0.9."""
    connection.sendall(b'{"ok":true}')


def short_chunks(connection, request):
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")


def bad_chunk(connection, request):
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n")


def http10(connection, request):
    connection.sendall(b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"ok":true}')


def interim(connection, request):
    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
    connection.sendall(OK)


def gzip_body(connection, request):
    body = gzip.compress(b'{"ok":true}')
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    connection.sendall(head + body)


def gzip_bomb(connection, request):
    body = gzip.compress(b"x" * 8 * 1024 * 1024, compresslevel=1)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    connection.sendall(head + body)


def bad_gzip(connection, request):
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"
    connection.sendall(head + b"this is no gzip data")


def redirect(connection, request):
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /redirected\r\nContent-Length: 0\r\n\r\n")


def slow(connection, request):
    time.sleep(float(request.query.get("seconds", "1")))
    connection.sendall(OK)


def status(connection, request):
    code = int(request.query.get("code", "200"))
    connection.sendall(b"HTTP/1.1 %d Chosen\r\nContent-Length: 0\r\n\r\n" % code)


def reused(connection, request):
    """Keeps the connection, and resets it when a second request comes on it."""
    connection.sendall(OK)
    if connection.recv(65536):
        reset(connection)


def barrier(connection, request):
    """Answers when n requests are here at once: a client that sends one after another hangs."""
    key = (request.query.get("name", ""), int(request.query.get("n", "2")))
    with barriers_lock:
        meeting = barriers.setdefault(key, threading.Barrier(key[1]))
    meeting.wait(60)
    connection.sendall(OK)


def turns(connection, request):
    """The n-th request of a name gets the n-th status of `say`, later ones the last; but for 2xx with `after` as
    Retry-After and `body` as their body."""
    statuses = request.query["say"].split(",")
    with barriers_lock:
        n = turns_taken[request.query["name"]] = turns_taken.get(request.query["name"], 0) + 1
    code = statuses[min(n, len(statuses)) - 1]
    fields = "Retry-After: %s\r\n" % request.query["after"] if "after" in request.query and code[0] != "2" else ""
    body = request.query.get("body", "") if code[0] != "2" else ""
    connection.sendall(("HTTP/1.1 %s Turn\r\n%sContent-Length: %d\r\n\r\n%s" % (code, fields, len(body), body)).encode())


modes = [
    ok, echo_authorization, echo_encoded, reset_connection, reset_in_body, close, close_early, hang, hang_after_head,
    drip_head, drip_body, garbage, bad_status, endless, endless_chunks, endless_head,
    endless_continue, big_headers, short, long, bad_length, two_lengths, length_and_chunks, switch, no_head, short_chunks, bad_chunk, http10, interim, gzip_body,
    gzip_bomb, bad_gzip, redirect, slow, status, reused, barrier, turns,
]
by_path = {"/" + mode.__name__.replace("_", "-"): mode for mode in modes}


def serve(connection, context, show):
    try:
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        request = Request(connection)
        sys.stdout.write(request.path + "\n")  # one write: lines of two threads do not mix
        sys.stdout.flush()
        if show:
            sys.stderr.write(request.bytes.decode("latin-1") + "\n")
            sys.stderr.flush()
        by_path.get(request.path, ok)(connection, request)
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)[:4] == b"\0\0\0\0":
            connection.shutdown(socket.SHUT_RDWR)
    except (OSError, EOFError, ValueError, threading.BrokenBarrierError):
        pass  # the client has had enough
    finally:
        connection.close()


def fill_queue(address):
    """Connections until none is made any more: from then on a handshake of TCP is not answered."""
    made = []
    while True:
        connection = socket.socket()
        connection.settimeout(0.5)
        made.append(connection)
        try:
            connection.connect(address)
        except TimeoutError:
            return made


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--deaf", action="store_true")
    arguments = parser.parse_args()
    context = None
    if arguments.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*arguments.tls)
    listener = socket.create_server(("127.0.0.1", 0), backlog=0 if arguments.deaf else 128)
    full = fill_queue(listener.getsockname()) if arguments.deaf else None
    print("listening on 127.0.0.1:%d" % listener.getsockname()[1], file=sys.stderr, flush=True)
    if full:
        threading.Event().wait()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context, arguments.show), daemon=True).start()


if __name__ == "__main__":
    main()
