#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A receiver that answers what it is asked for: `/?body=PERCENT-ENCODED&type=CONTENT-TYPE`.

Without `type` there is no Content-Type, and with `status` another one than 200. It listens on a free
port of 127.0.0.1 and says so on standard error as `perilune sink` does.
"""
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_to_bytes, urlsplit


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        pairs = (pair.partition("=") for pair in urlsplit(self.path).query.split("&"))
        wanted = {name: unquote_to_bytes(value) for name, _, value in pairs}
        body = wanted.get("body", b"")
        self.send_response(int(wanted.get("status", b"200")))
        if "type" in wanted:
            self.send_header("Content-Type", wanted["type"].decode())
        self.send_header("ETag", "v1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *arguments):
        """The spec reads standard error."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("listening on 127.0.0.1:%d" % server.server_address[1], file=sys.stderr, flush=True)
server.serve_forever()
