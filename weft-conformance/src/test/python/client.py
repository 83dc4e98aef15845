"""python3-websockets talks to the server. One JSON line per check: {"check", "ok", "seen"}.

Argument: the server's URL without a path. Works from version 10 of the library on.
"""

import asyncio
import json
import os
import sys

import websockets

server = sys.argv[1]
patience_seconds = 20


def connect(path, **options):
    return websockets.connect(server + path, compression=None, **options)


async def echo(message):
    async with connect("/echo") as ws:
        await ws.send(message)
        return await ws.recv()


async def text():
    return await echo("Hello world")


async def chinese():
    return await echo("你好啊")


async def binary():
    large = os.urandom(128 * 1024)
    return await echo(large) == large


async def fragments():
    async with connect("/echo") as ws:
        await ws.send(["你", "", "好", "啊"])
        return await ws.recv()


async def ping():
    async with connect("/echo") as ws:
        pong = await ws.ping(b"are you there")
        await pong
        return True


async def server_ping():
    async with connect("/ping") as ws:
        await ws.send("ping me")
        return await ws.recv()


async def client_close():
    async with connect("/echo") as ws:
        await ws.close(4001, "再见 from websockets")
        return [ws.close_code, ws.close_reason]


async def server_close():
    async with connect("/close") as ws:
        await ws.send("close me")
        try:
            return await ws.recv()
        except websockets.ConnectionClosed as closed:
            return [closed.rcvd.code, closed.rcvd.reason]


async def subprotocol():
    async with connect("/echo", subprotocols=["v0.chat", "v1.chat", "v2.chat"]) as ws:
        return ws.subprotocol


async def refusal(path):
    try:
        async with connect(path):
            return "the handshake was accepted"
    except websockets.InvalidStatusCode as refused:
        return [refused.status_code, refused.headers.get("X-Why")]


async def refused():
    return await refusal("/refused")


async def unknown():
    return await refusal("/nobody/here")


CHECKS = [
    ("text", text, "Hello world"),
    ("chinese", chinese, "你好啊"),
    ("binary", binary, True),
    ("fragments", fragments, "你好啊"),
    ("ping", ping, True),
    ("server-ping", server_ping, "answered"),
    ("client-close", client_close, [4001, "再见 from websockets"]),
    ("server-close", server_close, [4001, "再见"]),
    ("subprotocol", subprotocol, "v2.chat"),
    ("refused", refused, [403, "members only"]),
    ("unknown", unknown, [404, None]),
]


async def main():
    for name, run, expected in CHECKS:
        try:
            seen = await asyncio.wait_for(run(), patience_seconds)
        except Exception as failure:  # whatever goes wrong is the answer of this check
            seen = repr(failure)
        line = {"check": name, "ok": seen == expected, "seen": seen}
        print(json.dumps(line, default=repr), flush=True)


asyncio.run(main())
