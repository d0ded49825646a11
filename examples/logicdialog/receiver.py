#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTTP API behind the bots: an https server that registers one function for each handler-name.

usage: receiver.py CERTIFICATE KEY PORT

Prints each request as a JSON line. WEBHOOK_KEY is what the tokens of requests are signed with.
"""
import base64
import hashlib
import hmac
import http.server
import json
import os
import ssl
import sys
import time

HANDLERS = {}


def handler(name):
    def register(function):
        HANDLERS[name] = function
        return function

    return register


@handler("submit-feature-request")
def submit_feature_request(values):
    return 201, {"information": {"reference": "FR-17", "title": values["title"]}}


@handler("request-status")
def request_status(values):
    if values["reference"] != "FR-17":
        return 404, {"information": {"message": "There is no request " + values["reference"]}}
    return 200, {"information": {"status": "planned", "votes": 12}}


@handler("forgetful")
def forgetful(_):
    return 200, {"status": "planned"}  # not what the bot asked for: an answer without "information"


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_from_bot(authorization, body):
    """Is there a token (RFC 7519) that is signed with our key, holds still, and is of this body?"""
    try:
        scheme, token = authorization.split(" ")
        signed, signature = token.rsplit(".", 1)
        header, claims = (json.loads(decode(part)) for part in signed.split("."))
        expected = hmac.new(os.environ["WEBHOOK_KEY"].encode(), signed.encode(), hashlib.sha256).digest()
        return (
            (scheme, header["alg"]) == ("Bearer", "HS256")
            and hmac.compare_digest(expected, decode(signature))
            and claims["exp"] > time.time()
            and claims["body_sha256"] == hashlib.sha256(body).hexdigest()
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        print(json.dumps({"path": self.path, "headers": dict(self.headers.items()), "body": body.decode()}), flush=True)
        status, answer = self.decide(body)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def decide(self, body):
        if not is_from_bot(self.headers["Authorization"], body):
            return 401, {"information": {"message": "This request is not from the bot"}}
        request = json.loads(body)
        function = HANDLERS.get(request["handler-name"])
        if function is None:
            return 404, {"information": {"message": "No handler " + str(request["handler-name"])}}
        return function(request["values"])

    def log_message(self, *_):
        pass


def main():
    certificate, key, port = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Receiver)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print("listening on port %d" % server.server_port, file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
