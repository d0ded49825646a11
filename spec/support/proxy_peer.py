# SPDX-License-Identifier: MIT
"""An egress proxy for specs, on a free port of 127.0.0.1: HTTP CONNECT (RFC 9110 section 9.3.6) or SOCKS5 (RFC 1928,
RFC 1929). Prints a line for each tunnel it is asked for: "HOST:PORT", or "USER:PASSWORD HOST:PORT" with credentials.

    proxy_peer.py http|socks [--user USER:PASSWORD]   opens tunnels; to those who show these credentials
                  [--port N]                          on this port
                  [--answer N]                        answers each with this status (HTTP) or reply (SOCKS) instead
                  [--close | --hang]                  closes, or says nothing, when it is asked
"""
import argparse
import base64
import socket
import sys
import threading


def pump(source, sink):
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def exactly(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise OSError("closed")
        data += piece
    return data


def tunnel(connection, host, port, opened):
    target = socket.create_connection((host, port))
    connection.sendall(opened)
    back = threading.Thread(target=pump, args=(target, connection), daemon=True)
    back.start()
    pump(connection, target)
    back.join()
    target.close()


def note(host, port, credentials):
    print(*([credentials] if credentials else []), "%s:%d" % (host, port), flush=True)


def serve_http(connection, options):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += exactly(connection, 1)
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    given = fields.get("proxy-authorization", "").removeprefix("Basic ")
    credentials = base64.b64decode(given).decode() if given else ""
    host, port = target.rsplit(":", 1)
    assert method == "CONNECT", method
    note(host, int(port), credentials)
    if options.close:
        return
    if options.hang:
        connection.recv(1)
        return
    if options.answer or options.user and credentials != options.user:
        status = options.answer or 407
        connection.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
        return
    tunnel(connection, host.strip("[]"), int(port), b"HTTP/1.1 200 Tunnel\r\n\r\n")


def socks_credentials(connection, options):
    exactly(connection, 1)
    methods = exactly(connection, exactly(connection, 1)[0])
    wanted = 2 if options.user else 0
    if wanted not in methods:
        connection.sendall(b"\x05\xff")
        raise OSError("no common method")
    connection.sendall(bytes([5, wanted]))
    if not options.user:
        return ""
    exactly(connection, 1)
    user = exactly(connection, exactly(connection, 1)[0]).decode()
    password = exactly(connection, exactly(connection, 1)[0]).decode()
    is_good = options.user == user + ":" + password
    connection.sendall(b"\x01\x00" if is_good else b"\x01\x01")
    if not is_good:
        raise OSError("wrong credentials")
    return user + ":" + password


def serve_socks(connection, options):
    credentials = socks_credentials(connection, options)
    _, _, _, kind = exactly(connection, 4)
    if kind == 3:
        host = exactly(connection, exactly(connection, 1)[0]).decode()
    else:
        family, size = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
        host = socket.inet_ntop(family, exactly(connection, size))
    port = int.from_bytes(exactly(connection, 2), "big")
    note(host, port, credentials)
    if options.close:
        return
    if options.hang:
        connection.recv(1)
        return
    if options.answer:
        connection.sendall(bytes([5, options.answer, 0, 1]) + bytes(6))
        return
    tunnel(connection, host, port, bytes([5, 0, 0, 1]) + bytes(6))


def serve(connection, options):
    try:
        (serve_http if options.kind == "http" else serve_socks)(connection, options)
    except OSError:
        pass
    finally:
        connection.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["http", "socks"])
    parser.add_argument("--user")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--answer", type=int)
    parser.add_argument("--close", action="store_true")
    parser.add_argument("--hang", action="store_true")
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", options.port), backlog=128)
    print("listening on 127.0.0.1:%d" % listener.getsockname()[1], file=sys.stderr, flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, options), daemon=True).start()


main()
