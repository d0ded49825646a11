# SPDX-License-Identifier: MIT
"""tls_load.py PORT CA: asks for /healthz until SIGTERM: one thread on one connection, two on a new one each time.

Prints "ready" once each has had an answer, and at the end "requests N failures N".
"""
import http.client
import signal
import ssl
import sys
import threading

port, authority = int(sys.argv[1]), sys.argv[2]
over, lock = threading.Event(), threading.Lock()
requests, failures, waiting = 0, 0, 3


def ask(connection):
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    return answer.status == 200


def run(is_kept):
    global requests, failures, waiting
    connection, is_first = None, True
    while not over.is_set():
        try:
            if connection is None:
                context = ssl.create_default_context(cafile=authority)
                connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
            is_good = ask(connection)
        except Exception as fault:  # whatever it is, it is a failure of the gateway
            print(fault, file=sys.stderr)
            is_good = False
        with lock:
            requests += 1
            failures += not is_good
            waiting -= is_first
            if is_first and waiting == 0:
                print("ready", flush=True)
        is_first = False
        if not is_kept:
            connection.close()
            connection = None


threads = [threading.Thread(target=run, args=(n == 0,)) for n in range(3)]
for thread in threads:
    thread.start()
signal.signal(signal.SIGTERM, lambda *_: over.set())
for thread in threads:
    while thread.is_alive():
        thread.join(0.2)
print("requests %d failures %d" % (requests, failures), flush=True)
