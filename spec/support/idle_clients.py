# SPDX-License-Identifier: MIT
"""idle_clients.py PORT COUNT [CA]: opens COUNT connections (in TLS, with a CA), has each answer one request, and holds them.

Prints "open N" when all are, or when no more can be, and "alive N" on SIGTERM: how many the other side has not closed.
"""
import resource
import signal
import socket
import ssl
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
context = ssl.create_default_context(cafile=sys.argv[3]) if len(sys.argv) > 3 else None
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
connections = []
for _ in range(count):
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        if context:
            connection = context.wrap_socket(connection, server_hostname="localhost")
        connection.sendall(REQUEST)
        answer = b""
        while b"\r\n\r\n" not in answer or not answer.endswith(b"}\n") and not answer.endswith(b"}"):
            answer += connection.recv(4096)
    except OSError as fault:
        print(fault, file=sys.stderr)
        break
    connections.append(connection)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("open %d" % len(connections), flush=True)
signal.sigwait([signal.SIGTERM])

closed = 0
for connection in connections:
    connection.setblocking(False)
    try:
        closed += connection.recv(1) == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        pass
print("alive %d" % (len(connections) - closed), flush=True)
