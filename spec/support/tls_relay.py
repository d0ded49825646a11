# SPDX-License-Identifier: MIT
"""tls_relay.py PORT CA: plain connections are carried to 127.0.0.1:PORT in TLS, certificates verified.

So that specs which speak on plain sockets can be run against a TLS listener, with Python's ssl as the client.
"""
import asyncio
import ssl
import sys


async def carry(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (OSError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def main():
    port, authority = int(sys.argv[1]), sys.argv[2]
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols(["http/1.1"])

    async def accept(reader, writer):
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        except (OSError, ssl.SSLError):
            writer.close()
            return
        assert up_writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        await asyncio.gather(carry(reader, up_writer), carry(up_reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    print("listening on 127.0.0.1:%d" % server.sockets[0].getsockname()[1], file=sys.stderr, flush=True)
    await server.serve_forever()


asyncio.run(main())
