// Messages of many kinds and sizes, and the exchange of them with a server that echoes. For Node and
// for browsers.

/// A small generator of seeded numbers (mulberry32): each call gives one from 0 up to, not including, 1.
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function json(next, atLeast) {
  const rows = [];
  for (let length = 0; length < atLeast; length += 70) {
    rows.push({
      id: Math.floor(next() * 1e6),
      symbol: ['AAPL', 'MSFT', 'TSM', '台积电'][Math.floor(next() * 4)],
      price: Math.floor(next() * 1e5) / 100,
      open: next() < 0.5,
    });
  }
  return JSON.stringify({ rows });
}

/// ASCII, cut off at so many bytes.
function ticks(next, bytes) {
  let text = '';
  while (text.length < bytes) {
    const price = Math.floor(next() * 1e5) / 100;
    text += JSON.stringify({ id: text.length, price, side: next() < 0.5 ? 'buy' : 'sell' });
  }
  return text.slice(0, bytes);
}

function chinese(next, characters) {
  let text = '';
  while (text.length < characters) text += String.fromCodePoint(0x4e00 + Math.floor(next() * 400));
  return text;
}

function noise(next, bytes) {
  return Uint8Array.from({ length: bytes }, () => next() * 256);
}

/// 200 messages: strings are text, arrays of bytes binary.
export function messages(seed) {
  const next = random(seed);
  const all = ['', new Uint8Array(0), ticks(next, 1 << 20), noise(next, 1 << 20)];
  for (const length of [1, 125, 126, 127, 128, 65_535, 65_536]) {
    all.push('x'.repeat(length), noise(next, length));
  }
  all.push(json(next, 300_000), chinese(next, 100_000));
  while (all.length < 200) {
    const size = Math.floor(2 ** (next() * 13));
    const make = [json, json, chinese, noise][Math.floor(next() * 4)];
    all.push(make(next, size));
  }
  return all;
}

function bytesOf(message) {
  return typeof message === 'string' ? new TextEncoder().encode(message) : message;
}

function isSame(one, other) {
  return typeof one === 'string' || typeof other === 'string'
    ? one === other
    : one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/// What the server should make of all messages: SHA-256 over T or B, and the bytes, of each.
async function digest(all) {
  const parts = all.flatMap((each) => [
    Uint8Array.of(typeof each === 'string' ? 0x54 : 0x42),
    bytesOf(each),
  ]);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/// Sends all over an open WebSocket, a few ahead of their echoes, asks the server what it has
/// received, and closes.
export async function exchange(socket, seed, send = (message) => socket.send(message)) {
  const all = messages(seed);
  const expected = [...all, await digest(all)];
  const ahead = 8;
  let sent = 0;
  let received = 0;
  const goOn = () => {
    while (sent < expected.length && sent < received + ahead) {
      if (sent < all.length) send(all[sent], sent);
      else if (received === all.length) socket.send('digest?');
      else return;
      sent++;
    }
  };
  await new Promise((resolve, reject) => {
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      const message = typeof data === 'string' ? data : new Uint8Array(data);
      if (!isSame(message, expected[received])) {
        reject(new Error(`message ${received} came back otherwise`));
        socket.close();
      } else if (++received === expected.length) {
        socket.close(1000);
      } else {
        goOn();
      }
    });
    socket.addEventListener('close', ({ code }) => {
      if (code === 1000 && received === expected.length) resolve();
      else reject(new Error(`closed with ${code} after ${received} of ${expected.length}`));
    });
    goOn();
  });
  const count = (some) => some.reduce((sum, each) => sum + bytesOf(each).length, 0);
  return {
    messages: all.length,
    bytes: count(all),
    textBytes: count(all.filter((each) => typeof each === 'string')),
  };
}
