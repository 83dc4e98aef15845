"""python3-websockets with permessage-deflate exchanges messages with a server that echoes.

Prints one JSON line: what was agreed on, and what was exchanged. Arguments: URL, options of
ClientPerMessageDeflateFactory as JSON (null for none), seed. Works from version 10 of the library on.
"""

import asyncio
import hashlib
import json
import random
import sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

url, options, seed = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
patience_seconds = 60
ahead = 8
chance = random.Random(seed)


def rows(at_least):
    symbols = ["AAPL", "MSFT", "TSM", "台积电"]
    return json.dumps(
        [
            {
                "id": chance.randrange(1_000_000),
                "symbol": chance.choice(symbols),
                "price": chance.randrange(100_000) / 100,
            }
            for _ in range(at_least // 60 + 1)
        ],
        ensure_ascii=False,
    )


def ticks(length):
    """ASCII, cut off at so many bytes."""
    lines = (f'{{"id":{n},"price":{chance.randrange(100_000) / 100}}}' for n in range(length // 10))
    return "".join(lines)[:length]


def chinese(characters):
    return "".join(chr(0x4E00 + chance.randrange(400)) for _ in range(characters))


def noise(length):
    return chance.getrandbits(8 * length).to_bytes(length, "big") if length else b""


def messages():
    """200 messages: str is text, bytes binary."""
    found = ["", b"", ticks(1 << 20), noise(1 << 20), rows(300_000)]
    for length in [1, 125, 126, 127, 128, 65_535, 65_536]:
        found += ["x" * length, noise(length)]
    while len(found) < 200:
        make = chance.choice([rows, rows, chinese, noise])
        found.append(make(int(2 ** (chance.random() * 13))))
    return found


def bytes_of(message):
    return message.encode() if isinstance(message, str) else message


def digest(found):
    whole = hashlib.sha256()
    for message in found:
        whole.update(b"T" if isinstance(message, str) else b"B")
        whole.update(bytes_of(message))
    return whole.hexdigest()


def fragments(message):
    third = len(message) // 3
    return [message[:third], message[third : 2 * third], message[2 * third :]]


async def exchange(ws):
    found = messages()
    room = asyncio.Semaphore(ahead)

    async def send():
        for number, message in enumerate(found):
            await room.acquire()
            await ws.send(fragments(message) if number % 5 == 0 else message)

    sending = asyncio.ensure_future(send())
    for number, message in enumerate(found):
        if await ws.recv() != message:
            raise AssertionError(f"message {number} came back otherwise")
        room.release()
    await sending
    await ws.send("digest?")
    if await ws.recv() != digest(found):
        raise AssertionError("the server received something else")
    return {
        "messages": len(found),
        "bytes": sum(len(bytes_of(each)) for each in found),
        "textBytes": sum(len(bytes_of(each)) for each in found if isinstance(each, str)),
    }


async def main():
    extensions = None if options is None else [ClientPerMessageDeflateFactory(**options)]
    async with websockets.connect(
        url, compression=None, extensions=extensions, max_size=2 << 20
    ) as ws:
        agreed = ws.response_headers.get("Sec-WebSocket-Extensions", "")
        print(json.dumps({"agreed": agreed, **await exchange(ws)}), flush=True)


asyncio.run(asyncio.wait_for(main(), patience_seconds))
