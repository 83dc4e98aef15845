"""python3-websockets serves the client: over ws, over wss, and over wss with a certificate for
another host. Says on which ports, then how each connection was closed by its client; ends with its
input. Works from version 10 of the library on.

Arguments: certificate and key, the other certificate and its key, as PEM files.
"""

import asyncio
import http
import ssl
import sys

import websockets


async def echo(ws, message):
    await ws.send(message)


async def fragments(ws, message):
    async def parts():
        for at in range(len(message)):
            yield message[at : at + 1]
            if at == 1:
                await ws.ping(b"between")
        yield message[:0]

    await ws.send(parts())


async def ping(ws, message):
    pong = await ws.ping(b"are you there")
    await pong
    await ws.send("answered are you there")


async def close(ws, message):
    await ws.close(4001, "再见")


async def gone(ws, message):
    ws.transport.abort()


TALKS = {"/echo": echo, "/fragments": fragments, "/ping": ping, "/close": close, "/gone": gone}


async def judge(path, headers):
    if path == "/refused":
        return http.HTTPStatus.FORBIDDEN, [("X-Why", "members only")], b"members only"
    if path not in TALKS:
        return http.HTTPStatus.NOT_FOUND, [], b""
    return None


async def converse(ws):
    try:
        async for message in ws:
            # Not awaited: a pong is read only while this loop goes on.
            asyncio.ensure_future(TALKS[ws.path](ws, message))
    finally:
        print("closed", ws.close_code, ws.close_reason, flush=True)


async def serve(name, context):
    server = await websockets.serve(
        converse,
        "127.0.0.1",
        0,
        ssl=context,
        process_request=judge,
        subprotocols=["v2.chat"],
    )
    print(name, server.sockets[0].getsockname()[1], flush=True)


def pem(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def main():
    certificate, key, other_certificate, other_key = sys.argv[1:]
    await serve("ws", None)
    await serve("wss", pem(certificate, key))
    await serve("other", pem(other_certificate, other_key))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
