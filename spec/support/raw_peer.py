#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A receiver that answers with the bytes that the path of a request says in hexadecimal: `/WHO/48545450...`.

It answers as many requests on a connection as come, and with `?close` one. It listens on a free port of 127.0.0.1,
says so on standard error as `perilune sink` does, and prints WHO and the number of the connection for each request.
"""
import socketserver
import sys


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        number = self.server.count = self.server.count + 1
        while line := self.rfile.readline():
            _, who, rest = line.decode().split(" ")[1].split("/", 2)
            length = 0
            while (field := self.rfile.readline().strip()):
                name, _, value = field.decode().partition(":")
                length = int(value) if name.lower() == "content-length" else length
            self.rfile.read(length)
            print(who, number, flush=True)
            digits, _, query = rest.partition("?")
            self.wfile.write(bytes.fromhex(digits))
            if query == "close":
                return


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    count = 0

    def handle_error(self, request, client_address):
        pass  # the client has had enough


server = Server(("127.0.0.1", 0), Handler)
sys.stderr.write("listening on 127.0.0.1:%d\n" % server.server_address[1])
sys.stderr.flush()
server.serve_forever()
